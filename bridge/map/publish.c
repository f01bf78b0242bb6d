/*
 * Publishes into a directory that any web server serves, or a browser opens
 * from the disk: then a script is all that a page may load, so the map comes
 * as map.js, which holds map.geojson in a variable.
 */
#include "map/publish.h"

#include "lib/log.h"
#include "map/file.h"
#include "map/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool publish_alerts(PGconn *db, const char *directory, const char *map);
static bool publish_feeds(PGconn *db, const char *directory);
static bool publish_xml(const char *directory, const char *name, const char *xml);
static bool publish_script(const char *directory, const char *map);
static bool publish_index(const char *directory, bool tiles);
static bool write_text(const char *directory, const char *name, const char *text);
static bool complain(PGconn *db, PGresult *result);

/* Background tiles come from here, and from nowhere else; without them the page asks nobody. */
#define TILES "https://cyberjapandata.gsi.go.jp"

/* publish_page writes the page and copies Leaflet, version 1, from its own directory. */
bool
publish_page(const char *directory, const char *leaflet, bool tiles)
{
	static const char *const images[] = {"layers.png", "layers-2x.png", "marker-icon.png",
	                                     "marker-icon-2x.png", "marker-shadow.png"};
	char from[1024], to[1024];

	snprintf(from, sizeof(from), "%s/images", leaflet);
	snprintf(to, sizeof(to), "%s/images", directory);
	if (!directory_make(directory, "") || !directory_make(directory, "alerts") ||
	    !directory_make(directory, "images") || !file_copy(leaflet, directory, "leaflet.js") ||
	    !file_copy(leaflet, directory, "leaflet.css"))
		return false;
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		if (!file_copy(from, to, images[i]))
			return false;
	return write_text(directory, "page.css", page_css) &&
	       write_text(directory, "chart.js", chart_js) &&
	       write_text(directory, "page.js", page_js) &&
	       write_text(directory, "worker.js", worker_js) && publish_index(directory, tiles);
}

/* publish_index puts the server of background tiles, or nothing, in the place of each @TILES@. */
static bool
publish_index(const char *directory, bool tiles)
{
	static const char mark[] = "@TILES@";
	char *text = malloc(sizeof(index_html) * 2);
	char *to = text;
	bool written;

	if (text == NULL)
		return false;
	for (const char *from = index_html; *from != '\0';)
		if (strncmp(from, mark, strlen(mark)) == 0)
		{
			to = stpcpy(to, tiles ? TILES : "");
			from += strlen(mark);
		}
		else
			*to++ = *from++;
	*to = '\0';
	written = write_text(directory, "index.html", text);
	free(text);
	return written;
}

/*
 * publish_map writes the CAP messages first, since the map links to them.
 * Returns false after logging why; some files may be new and others not then.
 */
bool
publish_map(PGconn *db, const char *directory)
{
	PGresult *result = PQexec(db, "SELECT passport.public_map()");
	bool published = false;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return complain(db, result);
	else
	{
		const char *map = PQgetvalue(result, 0, 0);

		published = publish_alerts(db, directory, map) && publish_feeds(db, directory) &&
		            write_text(directory, "map.geojson", map) && publish_script(directory, map);
	}
	PQclear(result);
	return published;
}

/* publish_alerts writes the CAP message of every alert that the map says is published. */
static bool
publish_alerts(PGconn *db, const char *directory, const char *map)
{
	PGresult *result = PQexecParams(
	    db,
	    "SELECT id, passport.alert_cap(id) "
	    "FROM pg_catalog.jsonb_array_elements_text($1::jsonb -> 'published') AS p(value), "
	    "LATERAL (SELECT p.value::bigint AS id) AS i",
	    1, NULL, &map, NULL, NULL, 0);
	bool published = true;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return complain(db, result);
	for (int row = 0; row < PQntuples(result) && published; row++)
	{
		char name[64];

		snprintf(name, sizeof(name), "alerts/%s.cap.xml", PQgetvalue(result, row, 0));
		published = publish_xml(directory, name, PQgetvalue(result, row, 1));
	}
	PQclear(result);
	return published;
}

/* publish_feeds writes the alerts as Atom, in Japanese and English, and as GeoJSON. */
static bool
publish_feeds(PGconn *db, const char *directory)
{
	PGresult *result = PQexec(db, "SELECT passport.alerts_atom('ja'), passport.alerts_atom('en'),"
	                              " passport.alerts_geojson()");
	bool published;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return complain(db, result);
	published = publish_xml(directory, "alerts.atom", PQgetvalue(result, 0, 0)) &&
	            publish_xml(directory, "alerts.en.atom", PQgetvalue(result, 0, 1)) &&
	            write_text(directory, "alerts.geojson", PQgetvalue(result, 0, 2));
	PQclear(result);
	return published;
}

static bool
publish_xml(const char *directory, const char *name, const char *xml)
{
	static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	size_t length = strlen(declaration) + strlen(xml) + 2;
	char *text = malloc(length);
	bool written;

	if (text == NULL)
		return false;
	snprintf(text, length, "%s%s\n", declaration, xml);
	written = write_text(directory, name, text);
	free(text);
	return written;
}

/* publish_script writes the map as a script, with the time by the wall clock for the page's watch.
 */
static bool
publish_script(const char *directory, const char *map)
{
	size_t length = strlen(map) + 200;
	char *text = malloc(length);
	time_t now = time(NULL);
	struct tm utc;
	char stamp[40];
	bool written;

	if (text == NULL)
		return false;
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
	snprintf(text, length, "window.passportMap = %s;\nwindow.passportMapWritten = \"%s\";\n", map,
	         stamp);
	written = write_text(directory, "map.js", text);
	free(text);
	return written;
}

static bool
write_text(const char *directory, const char *name, const char *text)
{
	return file_write(directory, name, text, strlen(text));
}

static bool
complain(PGconn *db, PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	log_error("could not read the map", "{s:s, s:b}", "sqlstate", state ? state : "", "connected",
	          PQstatus(db) == CONNECTION_OK);
	PQclear(result);
	return false;
}
