/*
 * A machine's clock that is put back.  Leases and waits end at a time of that
 * clock: what was to end in a second would end in an hour and a second, and an
 * evacuation order would lie there as long.  Whoever claims sees it, since its
 * last claim was later than this one, shortens leases to what they would be from
 * now on, and ends waits.  Two who do so at once come to the same.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/timestamp.h"

#include "outbox/clock.h"

/* what a clock is put back by without anybody waiting too long */
#define PUT_BACK (2 * USECS_PER_SEC)

/*
 * $1 the machine's time, $2 end of a lease that begins now.  How long each was to
 * wait nobody knows any more: one try that comes too early is no storm.  What
 * somebody else has locked they claim or complete at this moment; if that is by
 * the old time, their own next claim sees to it.
 */
static const char *const shorten =
    "WITH late AS MATERIALIZED ("
    "  SELECT d.ctid AS place FROM passport.delivery AS d"
    "   WHERE d.lease_until > $2 OR d.not_before > $1 FOR UPDATE SKIP LOCKED)"
    " UPDATE passport.delivery AS d"
    "   SET lease_until = CASE WHEN d.lease_until > $2 THEN $2 ELSE d.lease_until END,"
    "       not_before = CASE WHEN d.not_before > $1 THEN $1 ELSE d.not_before END"
    "  FROM late AS l WHERE d.ctid = l.place";

/* HeedClock looks at the clock before a claim; in SPI. */
void
HeedClock(TimestampTz now, TimestampTz lease_until)
{
	static TimestampTz last = 0;
	Oid types[2] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum values[2] = {TimestampTzGetDatum(now), TimestampTzGetDatum(lease_until)};

	/* a backend's first claim knows at least since when the server runs */
	if (last == 0)
		last = PgStartTime;
	if (now < last - PUT_BACK &&
	    SPI_execute_with_args(shorten, 2, types, values, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not shorten leases and waits");
	last = now;
}
