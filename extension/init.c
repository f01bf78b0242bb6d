/* What happens when PostgreSQL loads the library. */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "passport.h"

PASSPORT_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(passport_library_version);

void _PG_init(void);

void
_PG_init(void)
{
	DefinePassportSettings();

	/* pg_upgrade starts servers of its own: no worker may act in them */
	if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
		RegisterPassportWorker();
}

/* passport_library_version returns the version that this library was built as. */
Datum
passport_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(PASSPORT_VERSION));
}
