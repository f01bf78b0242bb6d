/* One place that words a refusal, so that every PT422 has the same DETAIL. */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/json.h"

#include "passport.h"

void
RefuseInput(const char *pointer, const char *code, const char *text)
{
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfoString(&detail, "{\"pointer\": ");
	escape_json(&detail, pointer);
	appendStringInfoString(&detail, ", \"code\": ");
	escape_json(&detail, code);
	appendStringInfoString(&detail, ", \"text\": ");
	escape_json(&detail, text);
	appendStringInfoChar(&detail, '}');
	ereport(ERROR, (errcode(ERRCODE_PT_REFUSED), errmsg("refused: %s", code),
	                errdetail_internal("%s", detail.data)));
}
