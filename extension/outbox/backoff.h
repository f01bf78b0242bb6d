/* How long a delivery waits for its next try. */
#ifndef PASSPORT_BACKOFF_H
#define PASSPORT_BACKOFF_H

#define BACKOFF_LONGEST 3600        /* seconds that we choose by ourselves */
#define BACKOFF_LONGEST_ASKED 86400 /* seconds that a provider may ask for */

extern double BackoffSeconds(int attempt, int asked, double jitter);

#endif
