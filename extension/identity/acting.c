/*
 * The acting resident, from authenticate to the end of the transaction.  A
 * savepoint that is rolled back takes back what was said after it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "passport.h"
#include "identity/session.h"

PG_FUNCTION_INFO_V1(passport_acting_resident);
PG_FUNCTION_INFO_V1(passport_acting_session);
PG_FUNCTION_INFO_V1(passport_stop_acting);

/* Who acted before a subtransaction changed it */
typedef struct Saved
{
	SubTransactionId subtransaction;
	Acting acting;
	struct Saved *outer;
} Saved;

static Acting current;
static Saved *saved; /* in TopTransactionContext */

static void end_with_transaction(XactEvent event, void *arg);
static void end_with_subtransaction(SubXactEvent event, SubTransactionId subtransaction,
                                    SubTransactionId parent, void *arg);

/* BeginActing says who acts until the transaction ends, or until the subtransaction is undone. */
void
BeginActing(const Acting *acting)
{
	static bool registered = false;
	SubTransactionId subtransaction = GetCurrentSubTransactionId();

	if (!registered)
	{
		RegisterXactCallback(end_with_transaction, NULL);
		RegisterSubXactCallback(end_with_subtransaction, NULL);
		registered = true;
	}
	if (saved == NULL || saved->subtransaction != subtransaction)
	{
		Saved *entry = MemoryContextAlloc(TopTransactionContext, sizeof(Saved));

		entry->subtransaction = subtransaction;
		entry->acting = current;
		entry->outer = saved;
		saved = entry;
	}
	current = *acting;
}

static void
end_with_transaction(XactEvent event, void *arg)
{
	/* the events before the end come while triggers and cursors may still ask who acts */
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE ||
	    event == XACT_EVENT_PARALLEL_PRE_COMMIT)
		return;
	memset(&current, 0, sizeof(current));
	saved = NULL;
}

static void
end_with_subtransaction(SubXactEvent event, SubTransactionId subtransaction,
                        SubTransactionId parent, void *arg)
{
	if (saved == NULL || saved->subtransaction != subtransaction)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		current = saved->acting;
		saved = saved->outer;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		/* the parent now answers for it; its own note of who acted before comes first */
		if (saved->outer != NULL && saved->outer->subtransaction == parent)
			saved = saved->outer;
		else
			saved->subtransaction = parent;
	}
}

const Acting *
CurrentActing(void)
{
	return &current;
}

int64
ActingResidentOrNone(void)
{
	return current.resident_id;
}

int64
ActingResident(void)
{
	if (current.resident_id == 0)
		RefuseUnauthenticated("nobody is authenticated in this transaction");
	return current.resident_id;
}

/* RefuseUnauthenticated raises PT401 with what a client needs to ask for a login (RFC 9470). */
void
RefuseUnauthenticated(const char *reason)
{
	ereport(ERROR, (errcode(ERRCODE_PT_UNAUTHENTICATED), errmsg("%s", reason),
	                errdetail_internal("{\"error\": \"insufficient_user_authentication\", "
	                                   "\"acr_values\": \"jpki.authentication\", \"max_age\": %d}",
	                                   passport_session_lifetime),
	                errhint("Log in, and call authenticate() in the same transaction.")));
}

Datum
passport_acting_resident(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(ActingResident());
}

Datum
passport_acting_session(PG_FUNCTION_ARGS)
{
	pg_uuid_t *session_id = palloc(sizeof(pg_uuid_t));

	ActingResident();
	*session_id = current.session_id;
	PG_RETURN_UUID_P(session_id);
}

/* passport_stop_acting ends the acting at once: after logging out nobody acts. */
Datum
passport_stop_acting(PG_FUNCTION_ARGS)
{
	Acting nobody = {0};

	BeginActing(&nobody);
	PG_RETURN_VOID();
}
