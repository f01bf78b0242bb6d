/*
 * Challenge, signatures, verdict.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony.h"

#define SQL_BEGIN_CHALLENGE "SELECT challenge_id, message FROM passport.begin_challenge($1, $2)"
#define SQL_REGISTER_ACCOUNT                                                                       \
	"SELECT state, detail ->> 'text', resident_id FROM passport.register_account($1, $2, $3, $4, " \
	"$5)"
#define SQL_LOG_IN "SELECT verdict, detail, id_token FROM passport.log_in($1, $2, $3, $4)"
#define SQL_CHECK_IN "SELECT verdict, resident_id, missing FROM passport.check_in($1, $2)"
#define SQL_CHECK_OUT "SELECT verdict, resident_id, NULL FROM passport.check_out($1, $2)"

#define PARAMETERS_MAX 5

/* Parameters of a call: text, or bytes when length is not 0. */
typedef struct Parameter
{
	const void *value;
	size_t length;
} Parameter;

static PGresult *call(PGconn *connection, const char *sql, const Parameter *parameters, int count,
                      char problem[CEREMONY_PROBLEM_MAX]);
static void describe_error(PGconn *connection, const PGresult *result,
                           char problem[CEREMONY_PROBLEM_MAX]);
static char *copy_field(const PGresult *result, int field);

bool
begin_challenge(PGconn *connection, const char *purpose, const char *audience, Challenge *challenge,
                char problem[CEREMONY_PROBLEM_MAX])
{
	const Parameter parameters[] = {{purpose, 0}, {audience, 0}};
	PGresult *result = call(connection, SQL_BEGIN_CHALLENGE, parameters, 2, problem);
	unsigned char *message;
	size_t length;

	memset(challenge, 0, sizeof(*challenge));
	if (result == NULL)
		return false;
	message = PQunescapeBytea((unsigned char *) PQgetvalue(result, 0, 1), &length);
	if (message != NULL && (challenge->message = malloc(length + 1)) != NULL)
	{
		snprintf(challenge->id, sizeof(challenge->id), "%s", PQgetvalue(result, 0, 0));
		memcpy(challenge->message, message, length);
		challenge->length = length;
	}
	else
		snprintf(problem, CEREMONY_PROBLEM_MAX, "out of memory");
	PQfreemem(message);
	PQclear(result);
	return challenge->message != NULL;
}

bool
register_account(PGconn *connection, const Challenge *challenge, const Proof *signature,
                 const Proof *authentication, Verdict *verdict, char problem[CEREMONY_PROBLEM_MAX])
{
	const Parameter parameters[] = {{challenge->id, 0},
	                                {signature->certificate, signature->certificate_length},
	                                {signature->signature, signature->signature_length},
	                                {authentication->certificate,
	                                 authentication->certificate_length},
	                                {authentication->signature, authentication->signature_length}};
	PGresult *result = call(connection, SQL_REGISTER_ACCOUNT, parameters, 5, problem);

	memset(verdict, 0, sizeof(*verdict));
	if (result == NULL)
		return false;
	verdict->verdict = copy_field(result, 0);
	verdict->detail = copy_field(result, 1);
	verdict->resident_id = copy_field(result, 2);
	PQclear(result);
	return true;
}

bool
log_in(PGconn *connection, const Challenge *challenge, const Proof *authentication,
       const char *audience, Verdict *verdict, char problem[CEREMONY_PROBLEM_MAX])
{
	const Parameter parameters[] = {{challenge->id, 0},
	                                {authentication->certificate,
	                                 authentication->certificate_length},
	                                {authentication->signature, authentication->signature_length},
	                                {audience, 0}};
	PGresult *result = call(connection, SQL_LOG_IN, parameters, 4, problem);

	memset(verdict, 0, sizeof(*verdict));
	if (result == NULL)
		return false;
	verdict->verdict = copy_field(result, 0);
	verdict->detail = copy_field(result, 1);
	verdict->token = copy_field(result, 2);
	PQclear(result);
	return true;
}

bool
tap_at_shelter(PGconn *connection, bool leaving, const char *shelter, const Proof *authentication,
               Verdict *verdict, char problem[CEREMONY_PROBLEM_MAX])
{
	const Parameter parameters[] = {
	    {shelter, 0}, {authentication->certificate, authentication->certificate_length}};
	PGresult *result =
	    call(connection, leaving ? SQL_CHECK_OUT : SQL_CHECK_IN, parameters, 2, problem);

	memset(verdict, 0, sizeof(*verdict));
	if (result == NULL)
		return false;
	verdict->verdict = copy_field(result, 0);
	verdict->resident_id = copy_field(result, 1);
	verdict->missing = copy_field(result, 2);
	PQclear(result);
	return true;
}

JpkiResult
make_proof(Jpki *card, JpkiPurpose purpose, const char *pin, const Challenge *challenge,
           Proof *proof, int *tries)
{
	JpkiResult result = jpki_verify_pin(card, purpose, pin, tries);

	if (result == JPKI_OK)
		result =
		    jpki_read_certificate(card, purpose, proof->certificate, &proof->certificate_length);
	if (result == JPKI_OK)
		result = jpki_sign(card, purpose, challenge->message, challenge->length, proof->signature,
		                   &proof->signature_length);
	return result;
}

void
challenge_free(Challenge *challenge)
{
	free(challenge->message);
	memset(challenge, 0, sizeof(*challenge));
}

void
verdict_free(Verdict *verdict)
{
	if (verdict->token != NULL)
		OPENSSL_cleanse(verdict->token, strlen(verdict->token));
	free(verdict->verdict);
	free(verdict->detail);
	free(verdict->resident_id);
	free(verdict->token);
	free(verdict->missing);
	memset(verdict, 0, sizeof(*verdict));
}

/* call returns a result of exactly one row, or NULL. */
static PGresult *
call(PGconn *connection, const char *sql, const Parameter *parameters, int count,
     char problem[CEREMONY_PROBLEM_MAX])
{
	const char *values[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
	PGresult *result;

	for (int i = 0; i < count; i++)
	{
		values[i] = parameters[i].value;
		lengths[i] = (int) parameters[i].length;
		formats[i] = parameters[i].length > 0;
	}
	result = PQexecParams(connection, sql, count, NULL, values, lengths, formats, 0);
	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
		return result;
	describe_error(connection, result, problem);
	PQclear(result);
	return NULL;
}

static void
describe_error(PGconn *connection, const PGresult *result, char problem[CEREMONY_PROBLEM_MAX])
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	size_t length;

	if (message == NULL)
		snprintf(problem, CEREMONY_PROBLEM_MAX, "%s", PQerrorMessage(connection));
	else
		snprintf(problem, CEREMONY_PROBLEM_MAX, "%s (%s)%s%s", message, state != NULL ? state : "",
		         hint != NULL ? ". " : "", hint != NULL ? hint : "");
	/* libpq's own messages end in a newline */
	for (length = strlen(problem); length > 0 && problem[length - 1] == '\n'; length--)
		problem[length - 1] = '\0';
}

static char *
copy_field(const PGresult *result, int field)
{
	return PQgetisnull(result, 0, field) ? NULL : strdup(PQgetvalue(result, 0, field));
}
