/*
 * The one clock of the house.  Everything that asks for the time asks here, so
 * that a superuser can fix it (passport.clock) and play years in a second.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"

PG_FUNCTION_INFO_V1(passport_now);
PG_FUNCTION_INFO_V1(passport_today);

/* PassportNow returns the transaction's time, or the test clock's. */
TimestampTz
PassportNow(void)
{
	if (passport_clock[0] != '\0')
		return DatumGetTimestampTz(
		    DirectFunctionCall3(timestamptz_in, CStringGetDatum(passport_clock),
		                        ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	return GetCurrentTransactionStartTimestamp();
}

/* PassportCivilDate returns the date on which an instant falls in passport.timezone. */
DateADT
PassportCivilDate(TimestampTz at)
{
	Datum local =
	    DirectFunctionCall2(timestamptz_zone, PointerGetDatum(cstring_to_text(passport_timezone)),
	                        TimestampTzGetDatum(at));

	return DatumGetDateADT(DirectFunctionCall1(timestamp_date, local));
}

/* PassportToday returns the municipality's civil date. */
DateADT
PassportToday(void)
{
	return PassportCivilDate(PassportNow());
}

Datum
passport_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(PassportNow());
}

Datum
passport_today(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(PassportToday());
}
