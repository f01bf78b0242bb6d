/*
 * passport-map publishes the public map, its data and the CAP messages into a
 * directory, whenever the database says that something changed (NOTIFY
 * passport_map), at most once a second, and at least once a minute, so that a
 * page can tell that it is still fed.
 */
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/pg.h"
#include "lib/service.h"
#include "map/edition.h"
#include "map/page.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define AT_MOST_EVERY 1000   /* milliseconds */
#define AT_LEAST_EVERY 60000 /* the page calls itself stale after five minutes */

#define PARTLY 3 /* the exit status when the map is written, but not all that it links to */

#define LEAFLET "/usr/share/javascript/leaflet"

struct options
{
	bool once;
	bool tiles;
	const char *output;
	const char *leaflet;
	const char *conninfo;
};

/* What writes edition after edition. */
struct press
{
	const struct options *options;
	PGconn *db;               /* NULL: to be connected */
	struct patience patience; /* after the database or the directory failed */
	long long last;           /* when an edition was begun, in milliseconds of loop_now() */
	bool due;                 /* something changed since */
	bool page_stands;         /* what was written before is there still */
	struct documents written; /* of the last edition, without their texts */
};

static bool read_options(int argc, char **argv, struct options *options);
static int usage(FILE *stream, int status);
static PGconn *open_session(const char *conninfo);
static int run_once(const struct options *options);
static int run_on(const struct options *options, int signals);
static bool connect_press(struct press *press);
static void disconnect(struct press *press);
static bool edition_due(const struct press *press);
static void publish(struct press *press);
static bool told(PGconn *db);
static void wait_for(PGconn *db, int signals, long long milliseconds);

int
main(int argc, char **argv)
{
	struct options options = {.leaflet = LEAFLET};

	log_open("passport-map");
	if (!read_options(argc, argv, &options))
		return usage(stderr, 2);
	if (!page_write(options.output, options.leaflet))
		return 1;
	return options.once ? run_once(&options) : run_on(&options, loop_begin(false));
}

static bool
read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {{"once", no_argument, NULL, '1'},
	                                      {"output", required_argument, NULL, 'o'},
	                                      {"leaflet", required_argument, NULL, 'l'},
	                                      {"gsi-tiles", no_argument, NULL, 't'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {"version", no_argument, NULL, 'v'},
	                                      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option)
		{
			case '1':
				options->once = true;
				break;
			case 'o':
				options->output = optarg;
				break;
			case 'l':
				options->leaflet = optarg;
				break;
			case 't':
				options->tiles = true;
				break;
			case 'h':
				exit(usage(stdout, 0));
			case 'v':
				puts("passport-map " PASSPORT_VERSION);
				exit(0);
			default:
				return false;
		}
	if (options->output == NULL || optind != argc - 1)
		return false;
	options->conninfo = argv[optind];
	if (pg_holds_password(options->conninfo))
		log_warning("a password on the command line is seen by every user", "{s:s}", "hint",
		            "Put it into ~/.pgpass.");
	return true;
}

static int
usage(FILE *stream, int status)
{
	fputs("usage: passport-map [--once] [--leaflet DIRECTORY] [--gsi-tiles] --output DIRECTORY "
	      "CONNINFO\n",
	      stream);
	return status;
}

/* open_session connects and listens, or returns NULL after logging why. */
static PGconn *
open_session(const char *conninfo)
{
	PGconn *db = pg_connect(conninfo, "passport-map");
	PGresult *result;

	if (db == NULL)
		return NULL;
	result = PQexec(db, "LISTEN passport_map");
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
	{
		log_error("could not listen", NULL);
		PQfinish(db);
		db = NULL;
	}
	PQclear(result);
	return db;
}

static int
run_once(const struct options *options)
{
	PGconn *db = pg_connect(options->conninfo, "passport-map");
	struct documents none = {0};
	struct edition edition = {0};
	int status = 1;

	if (db != NULL && edition_read(db, &none, &edition) &&
	    edition_write(&edition, options->output, options->tiles))
		status = documents_whole(&edition.documents) ? 0 : PARTLY;
	edition_clear(&edition);
	PQfinish(db);
	return status;
}

/*
 * run_on publishes until a signal ends it.  A database that is away and a
 * directory that is full or gone are waited for.
 */
static int
run_on(const struct options *options, int signals)
{
	struct press press = {.options = options,
	                      .patience = {.first = 500, .longest = 10000},
	                      .last = loop_now() - AT_LEAST_EVERY,
	                      .page_stands = true};

	service_begin();
	service_ready();
	while (!loop_ending())
	{
		service_alive();
		if (press.db == NULL && patience_over(&press.patience) && !connect_press(&press))
			return 1;
		if (press.db != NULL && edition_due(&press))
			publish(&press);
		wait_for(press.db, signals, press.due || press.db == NULL ? 200 : AT_MOST_EVERY);
		if (press.db != NULL)
			press.due = told(press.db) || press.due;
		if (PQstatus(press.db) != CONNECTION_OK)
			disconnect(&press);
	}
	PQfinish(press.db);
	documents_clear(&press.written);
	return 0;
}

/* connect_press returns false when it is no use to try again. */
static bool
connect_press(struct press *press)
{
	press->db = open_session(press->options->conninfo);
	if (press->db == NULL)
		patience_failed(&press->patience);
	press->due = true;
	return press->db != NULL || pg_trouble == PG_UNREACHABLE;
}

static void
disconnect(struct press *press)
{
	PQfinish(press->db);
	press->db = NULL;
}

static bool
edition_due(const struct press *press)
{
	long long since = loop_now() - press->last;

	return (press->due || since >= AT_LEAST_EVERY) && since >= AT_MOST_EVERY &&
	       patience_over(&press->patience);
}

/*
 * publish writes what the database says now.  When the directory did not take
 * it, the page's parts and documents may be gone too, and are written again with
 * the next.
 */
static void
publish(struct press *press)
{
	const struct options *options = press->options;
	struct edition edition;

	press->last = loop_now();
	press->due = true;
	if (!edition_read(press->db, &press->written, &edition))
		disconnect(press);
	else
	{
		press->page_stands =
		    (press->page_stands || page_write(options->output, options->leaflet)) &&
		    edition_write(&edition, options->output, options->tiles);
		press->due = !press->page_stands;
		documents_keep(&edition.documents, press->page_stands);
		documents_clear(&press->written);
		press->written = edition.documents;
		edition.documents = (struct documents){0};
	}
	edition_clear(&edition);
	if (press->due)
		patience_failed(&press->patience);
	else
		patience_succeeded(&press->patience);
}

/* told tells whether a notification came; several are one. */
static bool
told(PGconn *db)
{
	PGnotify *notice;
	bool any = false;

	PQconsumeInput(db);
	while ((notice = PQnotifies(db)) != NULL)
	{
		any = true;
		PQfreemem(notice);
	}
	return any;
}

/* wait_for sleeps until the database or a signal speaks, or the time is over. */
static void
wait_for(PGconn *db, int signals, long long milliseconds)
{
	struct pollfd files[] = {{.fd = signals, .events = POLLIN},
	                         {.fd = db ? PQsocket(db) : -1, .events = POLLIN}};

	poll(files, 2, milliseconds);
}
