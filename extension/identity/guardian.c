/*
 * Acting for somebody else.  Whether a guardian may is act_for's to decide, in
 * SQL; here is only what must not be forged: who acts for whom, and that both
 * names are kept.  The login stays the guardian's own.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "passport.h"
#include "audit/append.h"
#include "identity/session.h"
#include "util/spi.h"

PG_FUNCTION_INFO_V1(passport_acting_holder);
PG_FUNCTION_INFO_V1(passport_begin_acting_for);
PG_FUNCTION_INFO_V1(passport_record_act);

/* The guardianship must count at this moment, not only when acting began. */
static Statement guardianship = {
    .sql = "SELECT FROM passport.current_guardianship AS g"
           " WHERE g.resident_id = $1 AND g.guardian_id = $2 LIMIT 1",
    .arguments = 2,
    .types = {INT8OID, INT8OID},
    .planning = PLAN_BY_INDEX,
};

static void keep_act(const Acting *acting, text *act);

/* passport_acting_holder returns whose login it is, also while they act for somebody else. */
Datum
passport_acting_holder(PG_FUNCTION_ARGS)
{
	const Acting *acting = CurrentActing();

	if (acting->resident_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(acting->guardian_id != 0 ? acting->guardian_id : acting->resident_id);
}

/* passport_begin_acting_for says for whom the holder of the login acts from here on: a ward, or
 * again themself. */
Datum
passport_begin_acting_for(PG_FUNCTION_ARGS)
{
	int64 resident_id = PG_GETARG_INT64(0);
	Acting acting;
	int64 holder;

	ActingResident();
	acting = *CurrentActing();
	holder = acting.guardian_id != 0 ? acting.guardian_id : acting.resident_id;
	acting.resident_id = resident_id;
	acting.guardian_id = resident_id == holder ? 0 : holder;
	BeginActing(&acting);
	PG_RETURN_VOID();
}

/* passport_record_act(act) returns the acting resident; only a guardian's act costs a statement. */
Datum
passport_record_act(PG_FUNCTION_ARGS)
{
	int64 resident_id = ActingResident();
	const Acting *acting = CurrentActing();

	if (acting->guardian_id != 0)
		keep_act(acting, PG_GETARG_TEXT_PP(0));
	PG_RETURN_INT64(resident_id);
}

static void
keep_act(const Acting *acting, text *act)
{
	Datum values[] = {Int64GetDatum(acting->resident_id), Int64GetDatum(acting->guardian_id)};
	AuditEntry entry = {.kind = cstring_to_text("act"), .source = act, .amount.is_null = true};
	bool counts;

	SPI_connect();
	counts = RunStatement(&guardianship, values, NULL) > 0;
	SPI_finish();
	if (!counts)
		ereport(ERROR, (errcode(ERRCODE_PT_FORBIDDEN), errmsg("no guardian of this resident")));
	AppendAudit(values, 1, &entry);
}
