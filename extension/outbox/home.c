/*
 * Where an outbox is at home: in one database of one server.  A dump that is
 * restored, and a database that was copied, is at home elsewhere, and what waited
 * in it may have been sent from where it was.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "outbox/home.h"
#include "passport.h"
#include "util/spi.h"

static Statement keep_home = {.sql = "SELECT passport.keep_home()"};

PG_FUNCTION_INFO_V1(passport_database_identity);

/* passport_database_identity says which database of which server this is, as no other is. */
Datum
passport_database_identity(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(
	    cstring_to_text(psprintf(UINT64_FORMAT "/%u", GetSystemIdentifier(), MyDatabaseId)));
}

/* KeepHome sees that nothing leaves which waited when this database was elsewhere.  Within SPI. */
void
KeepHome(void)
{
	RunStatement(&keep_home, NULL, NULL);
}
