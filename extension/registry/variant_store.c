/*
 * The loaded variants in the database, and each backend's copy of them.
 *
 * The copy is known by the version row that was read with it, under one
 * snapshot; a query with another snapshot looks at that row again.  So what a
 * query compares is what its own snapshot holds, as are the keys it looks up,
 * and no invalidation can be missed.  One query that makes a million keys
 * looks once.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "passport.h"
#include "registry/normalize.h"
#include "registry/variant.h"
#include "registry/variant_store.h"
#include "util/spi.h"

PG_FUNCTION_INFO_V1(passport_settle_variants);

static Statement read_version = {"SELECT version FROM passport.variant_version", .stable = true};
static Statement read_variants = {"SELECT form, usual FROM passport.variant", .stable = true};

/* what tells one snapshot of this backend from another */
typedef struct SnapshotMark
{
	TransactionId xmin;
	TransactionId xmax;
	uint32 running;
	CommandId command;
	SubTransactionId subtransaction; /* a savepoint that was rolled back took its variants along */
} SnapshotMark;

static SnapshotMark looked_at;
static bool version_known;
static pg_uuid_t version; /* of the copy; all zero: nothing is loaded */
static MemoryContext variant_context;

static SnapshotMark mark_snapshot(void);
static pg_uuid_t stored_version(void);
static void copy_variants(void);
static size_t read_pairs(FunctionCallInfo fcinfo, Variant *pairs, Datum *forms, Datum *usuals,
                         int count);
static void put_row(ReturnSetInfo *result, Datum form, Datum usual, VariantState state);
static Datum characters_text(const uint32 *characters, int count);

void
FollowVariants(void)
{
	SnapshotMark mark = mark_snapshot();
	pg_uuid_t stored;

	if (version_known && memcmp(&mark, &looked_at, sizeof(mark)) == 0)
		return;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	stored = stored_version();
	if (!version_known || memcmp(&stored, &version, sizeof(version)) != 0)
	{
		version_known = false;
		copy_variants();
		version = stored;
		version_known = true;
	}
	looked_at = mark;
	SPI_finish();
}

static SnapshotMark
mark_snapshot(void)
{
	Snapshot snapshot = GetActiveSnapshot();
	SnapshotMark mark;

	memset(&mark, 0, sizeof(mark)); /* it is compared by its bytes */
	mark.xmin = snapshot->xmin;
	mark.xmax = snapshot->xmax;
	mark.running = snapshot->xcnt;
	mark.command = snapshot->curcid;
	mark.subtransaction = GetCurrentSubTransactionId();
	return mark;
}

/* stored_version reads the version row; SPI must be connected. */
static pg_uuid_t
stored_version(void)
{
	pg_uuid_t stored = {{0}};
	bool isnull;

	if (RunStatement(&read_version, NULL, NULL) > 0)
		stored = *DatumGetUUIDP(StatementValue(0, 1, &isnull));
	return stored;
}

/*
 * copy_variants reads the table.  It was settled when it was loaded, but a
 * newer library may ship forms that are at odds with it: it is settled again.
 */
static void
copy_variants(void)
{
	Variant *copy;
	size_t count = 0;

	UseVariants(NULL, 0);
	if (variant_context == NULL)
		variant_context =
		    AllocSetContextCreate(TopMemoryContext, "passport variants", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(variant_context);
	RunStatement(&read_variants, NULL, NULL);
	copy = MemoryContextAllocHuge(variant_context, sizeof(Variant) * (SPI_processed + 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool isnull;
		text *form = DatumGetTextPP(StatementValue(i, 1, &isnull));
		text *usual = DatumGetTextPP(StatementValue(i, 2, &isnull));

		copy[count] = ReadVariant(VARDATA_ANY(form), VARSIZE_ANY_EXHDR(form), VARDATA_ANY(usual),
		                          VARSIZE_ANY_EXHDR(usual));
		if (copy[count].state == VARIANT_PENDING)
			count++;
	}
	SettleVariants(copy, count);
	UseVariants(copy, KeepSettled(copy, count));
}

/*
 * passport_settle_variants(forms, usuals) returns the pairs that settle, with
 * the usual form that each leads to, and those that do not, with the problem.
 */
Datum
passport_settle_variants(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType *form_array = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType *usual_array = PG_GETARG_ARRAYTYPE_P(1);
	Datum *forms, *usuals;
	int form_count, usual_count;
	Variant *pairs;
	size_t count;

	InitMaterializedSRF(fcinfo, 0);
	if (ARR_HASNULL(form_array) || ARR_HASNULL(usual_array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a form is null")));
	deconstruct_array(form_array, TEXTOID, -1, false, TYPALIGN_INT, &forms, NULL, &form_count);
	deconstruct_array(usual_array, TEXTOID, -1, false, TYPALIGN_INT, &usuals, NULL, &usual_count);
	if (form_count != usual_count || form_count > VARIANTS_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("the arrays differ in length, or are too long")));

	pairs = palloc(sizeof(Variant) * (form_count + 1));
	count = read_pairs(fcinfo, pairs, forms, usuals, form_count);
	SettleVariants(pairs, count);
	for (size_t i = 0; i < count; i++)
	{
		uint32 form[2] = {pairs[i].form, pairs[i].selector};

		CHECK_FOR_INTERRUPTS();
		if (pairs[i].state != VARIANT_KNOWN)
			put_row(result, characters_text(form, pairs[i].selector != 0 ? 2 : 1),
			        characters_text(&pairs[i].usual, 1), pairs[i].state);
	}
	return (Datum) 0;
}

/* read_pairs reads the pairs that can be settled, and returns the others as they came. */
static size_t
read_pairs(FunctionCallInfo fcinfo, Variant *pairs, Datum *forms, Datum *usuals, int count)
{
	size_t kept = 0;

	for (int i = 0; i < count; i++)
	{
		text *form = DatumGetTextPP(forms[i]);
		text *usual = DatumGetTextPP(usuals[i]);
		Variant pair = ReadVariant(VARDATA_ANY(form), VARSIZE_ANY_EXHDR(form), VARDATA_ANY(usual),
		                           VARSIZE_ANY_EXHDR(usual));

		if (pair.state == VARIANT_PENDING)
			pairs[kept++] = pair;
		else if (pair.state == VARIANT_UNREADABLE)
			put_row((ReturnSetInfo *) fcinfo->resultinfo, forms[i], usuals[i], pair.state);
	}
	return kept;
}

static void
put_row(ReturnSetInfo *result, Datum form, Datum usual, VariantState state)
{
	static const char *const problems[] = {
	    [VARIANT_AMBIGUOUS] = "ambiguous",
	    [VARIANT_CIRCLE] = "circle",
	    [VARIANT_SHIPPED] = "shipped",
	    [VARIANT_UNREADABLE] = "unreadable",
	};
	Datum values[3] = {form, usual, 0};
	bool nulls[3] = {false, false, state == VARIANT_SETTLED};

	if (!nulls[2])
		values[2] = CStringGetTextDatum(problems[state]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static Datum
characters_text(const uint32 *characters, int count)
{
	char buffer[8];

	return PointerGetDatum(
	    cstring_to_text_with_len(buffer, (int) WriteCharacters(characters, count, buffer)));
}
