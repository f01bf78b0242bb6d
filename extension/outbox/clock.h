/* The machine's clock, by which leases and waits end. */
#ifndef PASSPORT_OUTBOX_CLOCK_H
#define PASSPORT_OUTBOX_CLOCK_H

#include "datatype/timestamp.h"

extern void HeedClock(TimestampTz now, TimestampTz lease_until);

#endif
