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
#include "map/publish.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define AT_MOST_EVERY 1000   /* milliseconds */
#define AT_LEAST_EVERY 60000 /* the page calls itself stale after five minutes */

#define LEAFLET "/usr/share/javascript/leaflet"

struct options
{
	bool once;
	bool tiles;
	const char *output;
	const char *leaflet;
	const char *conninfo;
};

static bool read_options(int argc, char **argv, struct options *options);
static int usage(FILE *stream, int status);
static PGconn *open_session(const char *conninfo);
static int run_once(const struct options *options);
static int run_on(const struct options *options, int signals);
static bool told(PGconn *db);
static void wait_for(PGconn *db, int signals, long long milliseconds);

int
main(int argc, char **argv)
{
	struct options options = {.leaflet = LEAFLET};

	log_open("passport-map");
	if (!read_options(argc, argv, &options))
		return usage(stderr, 2);
	if (!publish_page(options.output, options.leaflet, options.tiles))
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
	bool published = db != NULL && publish_map(db, options->output);

	PQfinish(db);
	return published ? 0 : 1;
}

/* run_on publishes until a signal ends it; a database that is away is waited for. */
static int
run_on(const struct options *options, int signals)
{
	struct patience patience = {.first = 500, .longest = 30000};
	long long last = loop_now() - AT_LEAST_EVERY;
	bool due = true;
	PGconn *db = NULL;

	service_begin();
	service_ready();
	while (!loop_ending())
	{
		service_alive();
		if (db == NULL && patience_over(&patience))
		{
			db = open_session(options->conninfo);
			if (db == NULL && pg_trouble != PG_UNREACHABLE)
				return 1;
			due = true;
		}
		if (db != NULL && (due || loop_now() - last >= AT_LEAST_EVERY) &&
		    loop_now() - last >= AT_MOST_EVERY)
		{
			last = loop_now();
			if (publish_map(db, options->output))
				patience_succeeded(&patience);
			else
			{
				PQfinish(db);
				db = NULL;
			}
			due = false;
		}
		if (db == NULL && patience_over(&patience))
			patience_failed(&patience);
		wait_for(db, signals, due || db == NULL ? 200 : AT_MOST_EVERY);
		if (db != NULL)
			due = told(db) || due;
		if (db != NULL && PQstatus(db) != CONNECTION_OK)
		{
			PQfinish(db);
			db = NULL;
		}
	}
	PQfinish(db);
	return 0;
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
