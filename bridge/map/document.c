/*
 * Each is read by itself, within the edition's transaction: one that cannot be
 * read is said once and left as it stands, and the map goes on without it.  A CAP
 * message of a wide area in nine languages is long, and never changes: it is read
 * and written once.
 */
#include "map/document.h"

#include "lib/log.h"
#include "lib/loop.h"
#include "map/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_AGAIN 60000 /* milliseconds, after a message could not be read */

struct source
{
	const char *name, *query;
};

/* What is read for each edition. */
static const struct source sources[] = {{"alerts.atom", "SELECT passport.alerts_atom('ja')"},
                                        {"alerts.en.atom", "SELECT passport.alerts_atom('en')"},
                                        {"alerts.geojson", "SELECT passport.alerts_geojson()"}};

static bool add_messages(PGconn *db, const char *map, struct documents *documents);
static bool add(struct documents *documents, const char *name, const char *state);
static const struct document *find(const struct documents *documents, const char *name);
static bool read_document(PGconn *db, const struct document *before, struct document *document);
static PGresult *ask_for(PGconn *db, const struct document *document);
static void report(const struct document *before, const struct document *document,
                   const PGresult *refusal);
static bool write_document(const struct document *document, const char *directory);
static bool is_over(const char *name, const void *documents);

/*
 * documents_read reads what is not as it was before, CAP messages first, since
 * all else links to them.  Returns false after logging why when the connection or
 * the transaction is of no more use; documents_clear() is due in any case.
 */
bool
documents_read(PGconn *db, const char *map, const struct documents *before,
               struct documents *documents)
{
	*documents = (struct documents){0};
	if (!add_messages(db, map, documents))
		return false;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!add(documents, sources[i].name, ""))
			return false;
	for (size_t i = 0; i < documents->count; i++)
		if (!read_document(db, find(before, documents->list[i].name), &documents->list[i]))
			return false;
	return true;
}

/*
 * documents_write writes what was read and removes the CAP messages of alerts
 * that are published no longer.  Returns false after logging why.
 */
bool
documents_write(const struct documents *documents, const char *directory)
{
	for (size_t i = 0; i < documents->count; i++)
		if (documents->list[i].text != NULL && !write_document(&documents->list[i], directory))
			return false;
	return directory_forget(directory, "alerts", is_over, documents);
}

/* documents_whole tells whether each of them could be read. */
bool
documents_whole(const struct documents *documents)
{
	for (size_t i = 0; i < documents->count; i++)
		if (documents->list[i].broken)
			return false;
	return true;
}

/*
 * documents_keep leaves what is to be known for the next edition: of documents
 * that were written what they say, of others nothing but that they are broken.
 */
void
documents_keep(struct documents *documents, bool written)
{
	for (size_t i = 0; i < documents->count; i++)
	{
		struct document *document = &documents->list[i];

		PQclear(document->text);
		document->text = NULL;
		if (!written && !document->broken)
			document->state[0] = '\0';
	}
}

void
documents_clear(struct documents *documents)
{
	for (size_t i = 0; i < documents->count; i++)
		PQclear(documents->list[i].text);
	free(documents->list);
	*documents = (struct documents){0};
}

/* add_messages adds the latest message of each alert that the map says is published. */
static bool
add_messages(PGconn *db, const char *map, struct documents *documents)
{
	PGresult *published =
	    PQexecParams(db,
	                 "SELECT key, value FROM pg_catalog.jsonb_each_text($1::jsonb -> 'published') "
	                 "ORDER BY key::bigint",
	                 1, NULL, &map, NULL, NULL, 0);
	bool added = PQresultStatus(published) == PGRES_TUPLES_OK;

	if (!added)
		log_error("could not read which alerts are published", NULL);
	for (int row = 0; added && row < PQntuples(published); row++)
	{
		char name[sizeof(documents->list->name)];

		snprintf(name, sizeof(name), "alerts/%s.cap.xml", PQgetvalue(published, row, 0));
		added = add(documents, name, PQgetvalue(published, row, 1));
	}
	PQclear(published);
	return added;
}

/* add returns false without memory. */
static bool
add(struct documents *documents, const char *name, const char *state)
{
	struct document *more =
	    realloc(documents->list, (documents->count + 1) * sizeof(struct document));

	if (more == NULL)
		return false;
	documents->list = more;
	more += documents->count++;
	*more = (struct document){.tried = loop_now()};
	snprintf(more->name, sizeof(more->name), "%s", name);
	snprintf(more->state, sizeof(more->state), "%s", state);
	return true;
}

static const struct document *
find(const struct documents *documents, const char *name)
{
	for (size_t i = 0; i < documents->count; i++)
		if (strcmp(documents->list[i].name, name) == 0)
			return &documents->list[i];
	return NULL;
}

/* read_document returns false when the transaction is of no more use. */
static bool
read_document(PGconn *db, const struct document *before, struct document *document)
{
	PGresult *text;
	bool usable = true;

	if (document->state[0] != '\0' && before != NULL &&
	    strcmp(before->state, document->state) == 0 &&
	    (!before->broken || document->tried - before->tried < TRY_AGAIN))
	{
		*document = *before;
		return true;
	}
	PQclear(PQexec(db, "SAVEPOINT document"));
	text = ask_for(db, document);
	document->broken = PQresultStatus(text) != PGRES_TUPLES_OK || PQntuples(text) != 1;
	report(before, document, text);
	if (document->broken)
	{
		PGresult *back = PQexec(db, "ROLLBACK TO SAVEPOINT document");

		usable = PQresultStatus(back) == PGRES_COMMAND_OK;
		PQclear(back);
		PQclear(text);
	}
	else
		document->text = text;
	return usable;
}

static PGresult *
ask_for(PGconn *db, const struct document *document)
{
	const char *values[] = {document->name, document->state};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (strcmp(sources[i].name, document->name) == 0)
			return PQexec(db, sources[i].query);
	return PQexecParams(db,
	                    "SELECT passport.alert_cap("
	                    "pg_catalog.substring($1, '[0-9]+')::bigint, $2::int)",
	                    2, NULL, values, NULL, NULL, 0);
}

/* report logs that a document cannot be read, or can again, once. */
static void
report(const struct document *before, const struct document *document, const PGresult *refusal)
{
	bool was_broken = before != NULL && before->broken;
	const char *state = PQresultErrorField(refusal, PG_DIAG_SQLSTATE);

	if (document->broken && !was_broken)
		log_error("could not read a document; the map goes on without it", "{s:s, s:s}", "name",
		          document->name, "sqlstate", state ? state : "");
	else if (was_broken && !document->broken)
		log_info("could read a document again", "{s:s}", "name", document->name);
}

static bool
write_document(const struct document *document, const char *directory)
{
	const char *text = PQgetvalue(document->text, 0, 0);
	bool is_xml = strstr(document->name, ".geojson") == NULL;
	char *whole;
	bool written;

	if (!is_xml)
		return file_write(directory, document->name, text, strlen(text));
	if (asprintf(&whole, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s\n", text) < 0)
		return false;
	written = file_write(directory, document->name, whole, strlen(whole));
	free(whole);
	return written;
}

/* is_over tells whether a file is the CAP message of an alert that is not among the documents. */
static bool
is_over(const char *name, const void *documents)
{
	size_t digits = strspn(name, "0123456789");
	char path[64];

	if (digits == 0 || strcmp(name + digits, ".cap.xml") != 0)
		return false;
	snprintf(path, sizeof(path), "alerts/%s", name);
	return find(documents, path) == NULL;
}
