/*
 * Acting for somebody else.  Whether a guardian may is act_for's to decide, in
 * SQL; here is only what must not be forged: who acts for whom.  The login
 * stays the guardian's own.
 */
#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "passport.h"
#include "identity/session.h"

PG_FUNCTION_INFO_V1(passport_acting_holder);
PG_FUNCTION_INFO_V1(passport_begin_acting_for);

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
