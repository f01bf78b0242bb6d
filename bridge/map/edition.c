/*
 * An edition is read in one transaction, so that all its files say the same
 * moment, and written into a directory that any web server serves, or a browser
 * opens from the disk: then a script is all that a page may load, so the map
 * comes as map.js, which holds map.geojson in a variable.
 */
#include "map/edition.h"

#include "lib/log.h"
#include "map/file.h"
#include "map/page.h"
#include "map/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static PGresult *ask(PGconn *db, const char *query, const char *argument);
static bool write_script(const char *directory, const char *map);
static bool write_index(const PGresult *page, const char *directory, bool tiles);
static bool write_text(const char *directory, const char *name, const char *text);

/* Background tiles come from here, and from nowhere else; without them the page asks nobody. */
#define TILES "https://cyberjapandata.gsi.go.jp"

/*
 * edition_read reads what is not as it was in the documents before.  Returns
 * false after logging why; edition_clear() is due in any case.
 */
bool
edition_read(PGconn *db, const struct documents *before, struct edition *edition)
{
	PGresult *begun = ask(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL);
	const char *map;

	*edition = (struct edition){0};
	if (begun == NULL)
		return false;
	PQclear(begun);
	edition->map = ask(db, "SELECT passport.public_map()", NULL);
	if (edition->map == NULL)
		return false;
	map = PQgetvalue(edition->map, 0, 0);
	edition->page = ask(db, "SELECT place, html FROM passport.public_page($1)", map);
	if (edition->page == NULL || !documents_read(db, map, before, &edition->documents))
		return false;
	PQclear(PQexec(db, "COMMIT"));
	return true;
}

/*
 * edition_write writes the documents first, since the map links to them, and the
 * page last.  Returns false after logging why; some files may be new and others
 * not then, and each is whole.
 */
bool
edition_write(const struct edition *edition, const char *directory, bool tiles)
{
	const char *map = PQgetvalue(edition->map, 0, 0);

	return documents_write(&edition->documents, directory) &&
	       write_text(directory, "map.geojson", map) && write_script(directory, map) &&
	       write_index(edition->page, directory, tiles);
}

void
edition_clear(struct edition *edition)
{
	PQclear(edition->map);
	PQclear(edition->page);
	documents_clear(&edition->documents);
	*edition = (struct edition){0};
}

/* ask returns the answer to a query, or NULL after logging why there is none. */
static PGresult *
ask(PGconn *db, const char *query, const char *argument)
{
	PGresult *result = PQexecParams(db, query, argument != NULL, NULL, &argument, NULL, NULL, 0);
	const char *state;

	if (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK)
		return result;
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	log_error("could not read the map", "{s:s, s:b}", "sqlstate", state ? state : "", "connected",
	          PQstatus(db) == CONNECTION_OK);
	PQclear(result);
	return NULL;
}

/* write_script adds the time by the wall clock, for the page's watch over its age. */
static bool
write_script(const char *directory, const char *map)
{
	time_t now = time(NULL);
	struct tm utc;
	char stamp[40], *text;
	bool written;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (asprintf(&text, "window.passportMap = %s;\nwindow.passportMapWritten = \"%s\";\n", map,
	             stamp) < 0)
		return false;
	written = write_text(directory, "map.js", text);
	free(text);
	return written;
}

/* write_index puts the parts, and the server of background tiles or nothing, into the page. */
static bool
write_index(const PGresult *page, const char *directory, bool tiles)
{
	int rows = PQntuples(page);
	struct filling *fillings = calloc(rows + 1, sizeof(*fillings));
	char *text = NULL;
	bool written = false;

	if (fillings == NULL)
		return false;
	for (int row = 0; row < rows; row++)
		fillings[row] = (struct filling){PQgetvalue(page, row, 0), PQgetvalue(page, row, 1)};
	fillings[rows] = (struct filling){"tiles", tiles ? TILES : ""};
	text = template_fill(page_template, fillings, rows + 1);
	if (text != NULL)
		written = write_text(directory, "index.html", text);
	free(text);
	free(fillings);
	return written;
}

static bool
write_text(const char *directory, const char *name, const char *text)
{
	return file_write(directory, name, text, strlen(text));
}
