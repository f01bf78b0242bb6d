/* Whether the outbox is where it was filled. */
#ifndef PASSPORT_HOME_H
#define PASSPORT_HOME_H

extern void KeepHome(void);

#endif
