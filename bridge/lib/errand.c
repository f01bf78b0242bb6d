/* The life of an errand, from its row to the answer that is kept until the database has it. */
#include "errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *failure_word(const struct http_answer *answer);
static void keep_header(char *place, const char *value);

/* errand_new makes an errand of one row; NULL: out of memory. */
struct errand *
errand_new(struct claim *claim, int row)
{
	struct errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->claim = claim;
	errand->row = row;
	claim->users++;
	return errand;
}

/* errand_value returns a column of the row, NULL where it is empty. */
const char *
errand_value(const struct errand *errand, int column)
{
	PGresult *rows = errand->claim->rows;

	return PQgetisnull(rows, errand->row, column) ? NULL : PQgetvalue(rows, errand->row, column);
}

/* errand_add_header adds a header to the request, none where there is no value; false: no memory.
 */
bool
errand_add_header(struct errand *errand, const char *name, const char *value)
{
	char line[ERRAND_VALIDATOR + 40];
	struct curl_slist *more;

	if (value == NULL)
		return true;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	more = curl_slist_append(errand->headers, line);
	if (more != NULL)
		errand->headers = more;
	return more != NULL;
}

/* errand_take_answer keeps what came. */
void
errand_take_answer(struct errand *errand, struct http *http, const struct http_answer *answer)
{
	errand->failure = failure_word(answer);
	if (errand->failure != NULL)
		return;
	errand->status = answer->status;
	errand->retry_after = answer->retry_after;
	errand->cut = answer->cut;
	keep_header(errand->etag, answer->etag);
	keep_header(errand->last_modified, answer->last_modified);
	errand->length = answer->length;
	errand->answer = http_take_body(http);
}

/* failure_word says why a request got no answer, NULL if it got one. */
static const char *
failure_word(const struct http_answer *answer)
{
	if (answer->refused)
		return "private_address";
	if (answer->error == CURLE_OK)
		return NULL;
	if (http_peer_is_wrong(answer->error))
		return "untrusted_peer";
	return answer->error == CURLE_OPERATION_TIMEDOUT ? "timeout" : "network";
}

/* keep_header keeps a header's value, nothing of one that is longer or no plain ASCII. */
static void
keep_header(char *place, const char *value)
{
	size_t length = value ? strlen(value) : 0;

	if (length >= ERRAND_VALIDATOR)
		return;
	for (size_t i = 0; i < length; i++)
		if (value[i] < ' ' || value[i] > '~')
			return;
	if (length > 0)
		memcpy(place, value, length + 1);
}

void
errand_free(struct errand *errand)
{
	claim_release(errand->claim);
	curl_slist_free_all(errand->headers);
	free(errand->body);
	free(errand->answer);
	free(errand);
}

/* claim_release lets go of a claim; the last who does frees it. */
void
claim_release(struct claim *claim)
{
	if (--claim->users > 0)
		return;
	PQclear(claim->rows);
	free(claim);
}
