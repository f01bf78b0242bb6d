/*
 * Connects with libpq.  A program, the library that the server loaded and the
 * script that made the objects come from one release or they do not work
 * together: which one is behind is said here, once for all programs.
 */
#include "pg.h"

#include "log.h"

#include <stdio.h>
#include <string.h>

#ifndef PASSPORT_VERSION
#error "PASSPORT_VERSION comes from META.json by way of the Makefile"
#endif

enum pg_trouble pg_trouble;

static const char *grant_hint(PGconn *db);
static bool explain_versions(const char *library, const char *script);
static const char *one_line(const char *message);

/* a server that is gone without a word is noticed in ten seconds, unless conninfo says else */
#define KEYS                                                                                    \
	(const char *[])                                                                            \
	{                                                                                           \
		"tcp_user_timeout", "dbname", "application_name", "connect_timeout", "client_encoding", \
		    NULL                                                                                \
	}
#define VALUES                                         \
	(const char *[])                                   \
	{                                                  \
		"10000", conninfo, program, "10", "UTF8", NULL \
	}

const char pg_version_query[] = "SELECT library, script FROM passport.version()";

/*
 * pg_connect connects, sets application_name and compares versions.  Returns
 * NULL after logging why, with the kind of trouble in pg_trouble.
 */
PGconn *
pg_connect(const char *conninfo, const char *program)
{
	PGconn *db = PQconnectdbParams(KEYS, VALUES, 1);
	PGresult *result;
	bool agrees;

	pg_trouble = PG_UNREACHABLE;
	if (PQstatus(db) == CONNECTION_OK)
	{
		result = PQexec(db, pg_version_query);
		agrees = pg_agrees(db, result);
		PQclear(result);
		if (agrees)
			return db;
	}
	else
		pg_log_unreachable(db, pg_can_read(conninfo) ? NULL : "the connection string is not good");
	PQfinish(db);
	return NULL;
}

/* pg_begin begins to connect, without waiting; NULL after logging why not. */
PGconn *
pg_begin(const char *conninfo, const char *program)
{
	PGconn *db = PQconnectStartParams(KEYS, VALUES, 1);

	pg_trouble = PG_UNREACHABLE;
	if (PQstatus(db) != CONNECTION_BAD)
		return db;
	pg_log_unreachable(db, pg_can_read(conninfo) ? NULL : "the connection string is not good");
	PQfinish(db);
	return NULL;
}

/* pg_log_unreachable logs why there is no connection; NULL: what libpq says. */
void
pg_log_unreachable(const PGconn *db, const char *reason)
{
	log_error("could not connect to the database", "{s:s}", "reason",
	          reason != NULL ? reason : one_line(PQerrorMessage(db)));
}

/* pg_agrees tells whether program, library and script are of one version, by pg_version_query. */
bool
pg_agrees(PGconn *db, const PGresult *result)
{
	bool agree = false;

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
		agree = explain_versions(PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
	else
	{
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

		/* invalid_schema_name, undefined_function, insufficient_privilege */
		if (state != NULL && (strcmp(state, "3F000") == 0 || strcmp(state, "42883") == 0))
		{
			pg_trouble = PG_ABSENT;
			log_error("the extension is not in this database", "{s:s}", "hint",
			          "Connect to the right database, or run CREATE EXTENSION passport CASCADE.");
		}
		else if (state != NULL && strcmp(state, "42501") == 0)
		{
			pg_trouble = PG_ABSENT;
			log_error("this role may not use the extension", "{s:s}", "hint", grant_hint(db));
		}
		else
			log_error("could not read the version", "{s:s}", "reason",
			          one_line(PQerrorMessage(db)));
	}
	return agree;
}

/* grant_hint says which role a program needs: the one that may do its work and no more. */
static const char *
grant_hint(PGconn *db)
{
	const char *program = PQparameterStatus(db, "application_name");

	if (program != NULL && strcmp(program, "passport-map") == 0)
		return "Grant it the role passport_public.";
	if (program != NULL && strcmp(program, "passport-card") == 0)
		return "Grant it the role passport_app, or passport_staff at a shelter.";
	return "Grant it the role passport_bridge.";
}

/* explain_versions logs which of the three is of another version, and what to do. */
static bool
explain_versions(const char *library, const char *script)
{
	bool library_fits = strcmp(library, PASSPORT_VERSION) == 0;
	bool script_fits = strcmp(script, PASSPORT_VERSION) == 0;
	const char *stale, *hint;

	if (library_fits && script_fits)
		return true;
	if (library_fits)
	{
		stale = "script";
		hint = "Run ALTER EXTENSION passport UPDATE in this database.";
	}
	else if (script_fits)
	{
		stale = "library";
		hint = "Restart the PostgreSQL server, so that it loads the library that is installed.";
	}
	else if (strcmp(library, script) == 0)
	{
		stale = "program";
		hint = "Install the program of the extension's version, or upgrade the extension.";
	}
	else
	{
		stale = "script and library";
		hint = "Restart the PostgreSQL server, then run ALTER EXTENSION passport UPDATE.";
	}
	pg_trouble = PG_STALE;
	log_error("versions differ", "{s:s, s:s, s:s, s:s, s:s}", "stale", stale, "program_version",
	          PASSPORT_VERSION, "library_version", library, "script_version", script, "hint", hint);
	return false;
}

/*
 * pg_can_read tells whether libpq can read a connection string: its own words about
 * one that it cannot quote it, with the password that may be in it.
 */
bool
pg_can_read(const char *conninfo)
{
	PQconninfoOption *options;
	bool is_name = strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL;

	if (is_name)
		return true;
	options = PQconninfoParse(conninfo, NULL);
	PQconninfoFree(options);
	return options != NULL;
}

/* pg_holds_password tells whether a connection string has a password in it. */
bool
pg_holds_password(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	bool found = false;

	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "password") == 0 && o->val != NULL)
			found = true;
	PQconninfoFree(options);
	return found;
}

/* one_line returns a libpq message up to its first line feed. */
static const char *
one_line(const char *message)
{
	static char line[300];

	snprintf(line, sizeof(line), "%.*s", (int) strcspn(message, "\n"), message);
	return line;
}
