/*
 * require_level: may the acting resident do this operation now?  What it asks
 * for is in the table operation_policy; the answer when it is not met is the
 * one of RFC 9470, from which a client knows which step up to ask for.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "identity/policy.h"
#include "identity/session.h"
#include "util/spi.h"

PG_FUNCTION_INFO_V1(passport_require_level);

static Statement policy_statement = {
    .sql = "SELECT p.acr, floor(pg_catalog.date_part('epoch', p.max_age))::bigint"
           "  FROM passport.operation_policy AS p"
           " WHERE p.operation = $1 AND p.holds_from <= $2"
           " ORDER BY p.holds_from DESC LIMIT 1",
    .arguments = 2,
    .types = {TEXTOID, TIMESTAMPTZOID},
    .planning = PLAN_BY_INDEX,
};

static Demand read_policy(text *operation, char **acr);
static void refuse_level(const char *acr, int64 max_age) pg_attribute_noreturn();

/* passport_require_level(operation) returns the acting resident, or raises PT401. */
Datum
passport_require_level(PG_FUNCTION_ARGS)
{
	int64 resident_id = ActingResident();
	const Acting *acting = CurrentActing();
	Proof login = {LevelByName(acting->acr), timestamptz_to_time_t(acting->auth_time)};
	Proof step = {LevelByName(acting->step_acr), timestamptz_to_time_t(acting->step_time)};
	char *acr;
	Demand demand;

	if (PG_ARGISNULL(0))
		RefuseInput("/operation", "missing", "An operation must be named.");
	demand = read_policy(PG_GETARG_TEXT_PP(0), &acr);
	if (!Suffices(login, step, passport_step_up_lifetime, demand,
	              timestamptz_to_time_t(PassportNow())))
		refuse_level(acr, demand.max_age);
	PG_RETURN_INT64(resident_id);
}

static Demand
read_policy(text *operation, char **acr)
{
	Datum values[] = {PointerGetDatum(operation), TimestampTzGetDatum(PassportNow())};
	MemoryContext caller = CurrentMemoryContext;
	Demand demand = {LEVEL_NONE, -1};
	bool null;
	Datum age;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	/* an operation without a policy is a mistake of ours and allowed to nobody */
	if (RunStatement(&policy_statement, values, NULL) == 0)
		ereport(ERROR, (errcode(ERRCODE_PT_FORBIDDEN), errmsg("the operation has no policy")));
	*acr = MemoryContextStrdup(caller, TextDatumGetCString(StatementValue(0, 1, &null)));
	demand.level = LevelByName(*acr);
	age = StatementValue(0, 2, &null);
	if (!null)
		demand.max_age = DatumGetInt64(age);
	SPI_finish();
	return demand;
}

static void
refuse_level(const char *acr, int64 max_age)
{
	char *age = max_age < 0 ? "" : psprintf(", \"max_age\": " INT64_FORMAT, max_age);

	ereport(ERROR,
	        (errcode(ERRCODE_PT_UNAUTHENTICATED),
	         errmsg("the login is not strong or not fresh enough for this"),
	         errdetail_internal("{\"error\": \"insufficient_user_authentication\", "
	                            "\"acr_values\": \"%s\"%s}",
	                            acr, age),
	         errhint("Begin a challenge of purpose step_up, and give its answer to step_up().")));
}
