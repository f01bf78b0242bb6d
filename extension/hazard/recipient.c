/* add_recipients(): to whom an alert is sent is kept. */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "util/bulk.h"

/*
 * $1 alert, $2 residents, $3 reasons of each.  Columns as those of
 * passport.alert_recipient.  How to join depends on how many there are, and an
 * inner join with the names would make them look few.  Joined in one batch, the
 * rows come as the array has them, and enter the primary key at its end and not
 * all over it.
 */
static Statement select_recipients = {
    .sql =
        "WITH named AS MATERIALIZED ("
        "  SELECT n AS reasons, passport.reason_names(n) AS names FROM generate_series(1, 15) AS n"
        ") SELECT r.resident_id, $1, coalesce(r.household_number, '-' || r.resident_id),"
        "         h.resident_id IS NOT NULL, n.names"
        "    FROM unnest($2, $3) AS i(resident_id, reasons)"
        "    JOIN passport.resident AS r USING (resident_id)"
        "    LEFT JOIN named AS n ON n.reasons = i.reasons"
        "    LEFT JOIN passport.resident_needing_help AS h USING (resident_id)",
    .arguments = 3,
    .types = {INT8OID, INT8ARRAYOID, INT2ARRAYOID},
    .planning = PLAN_ANEW,
};

PG_FUNCTION_INFO_V1(passport_add_recipients);

Datum
passport_add_recipients(PG_FUNCTION_ARGS)
{
	Datum values[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};

	SPI_connect();
	InsertRows(&select_recipients, values, NULL, "alert_recipient");
	SPI_finish();
	PG_RETURN_VOID();
}
