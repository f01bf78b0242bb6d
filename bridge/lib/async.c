/*
 * Connects, and connects again, with patience.  A statement that was under way
 * when the connection broke is over (not busy) without a result: whoever sent
 * it decides whether to send it again.
 */
#include "async.h"

#include "log.h"
#include "pg.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool use(struct async *async, PGconn *db);
static void lose(struct async *async);
static void take_notifications(struct async *async);

/* async_open makes a connection that will connect when it is turned first. */
void
async_open(struct async *async, const char *conninfo, const char *program, const char *channel)
{
	char host[65] = "";
	struct timespec now;

	*async = (struct async){.conninfo = conninfo,
	                        .program = program,
	                        .channel = channel,
	                        .patience = {.first = 500, .longest = 30000}};
	gethostname(host, sizeof(host) - 1);
	clock_gettime(CLOCK_REALTIME, &now);
	/* nor has the next process with our process number */
	snprintf(async->worker, sizeof(async->worker), "%.20s/%.40s/%d/%llx", program, host, getpid(),
	         now.tv_sec * 1000000000LL + now.tv_nsec);
}

/* async_connect connects and listens; pg_trouble says why not. */
bool
async_connect(struct async *async)
{
	if (use(async, pg_connect(async->conninfo, async->program)))
		return true;
	patience_failed(&async->patience);
	return false;
}

/* use makes a connection the one that we listen to and ask; false: it is none. */
static bool
use(struct async *async, PGconn *db)
{
	char listen[64];

	async->db = db;
	if (db == NULL)
		return false;
	if (async->channel != NULL)
	{
		snprintf(listen, sizeof(listen), "LISTEN %s", async->channel);
		PQclear(PQexec(async->db, listen));
	}
	PQsetnonblocking(async->db, 1);
	async->woken = true;
	return true;
}

/*
 * async_move goes on with another connection string.  What is under way ends where
 * it began; false: it leads nowhere, and the one before stays.
 */
bool
async_move(struct async *async, const char *conninfo)
{
	PGconn *db;

	if (strcmp(async->conninfo, conninfo) != 0)
	{
		db = pg_connect(conninfo, async->program);
		if (db == NULL)
		{
			/* what is wrong there ends nobody who works here */
			pg_trouble = PG_UNREACHABLE;
			return false;
		}
		PQfinish(async->next);
		async->next = db;
	}
	async->conninfo = conninfo;
	return true;
}

/* async_allows connects and asks a question of rights; what: what we may not do if they lack. */
bool
async_allows(struct async *async, const char *sql, const char *what)
{
	PGresult *result;
	bool good;

	if (async->db == NULL && !async_connect(async))
		return false;
	result = PQexec(async->db, sql);
	good = PQresultStatus(result) == PGRES_TUPLES_OK && *PQgetvalue(result, 0, 0) == 't';
	if (!good)
		log_error(what, "{s:s}", "hint", "Grant it the role passport_bridge.");
	PQclear(result);
	return good;
}

/* lose forgets a broken connection, and nothing else. */
static void
lose(struct async *async)
{
	log_warning("the connection to the database broke", NULL);
	PQfinish(async->db);
	async->db = NULL;
	async->busy = async->writing = false;
	patience_failed(&async->patience);
}

/* async_turn connects if it is time, and takes what came. */
void
async_turn(struct async *async)
{
	if (async->next != NULL && !async->busy)
	{
		PQfinish(async->db);
		use(async, async->next);
		async->next = NULL;
	}
	if (async->db == NULL && (!patience_over(&async->patience) || !async_connect(async)))
		return;
	if (!PQconsumeInput(async->db))
		lose(async);
	else if (async->busy && PQisBusy(async->db) && loop_now() >= async->sent_at + async->longest)
	{
		log_error("the database does not answer", NULL);
		lose(async);
	}
	else
		take_notifications(async);
}

static void
take_notifications(struct async *async)
{
	PGnotify *note;

	while ((note = PQnotifies(async->db)) != NULL)
	{
		async->woken = true;
		PQfreemem(note);
	}
	if (async->busy)
		async->writing = PQflush(async->db) == 1;
}

/* async_send begins a statement; false: the connection is lost. */
bool
async_send(struct async *async, const struct statement *statement)
{
	if (!PQsendQueryParams(async->db, statement->sql, statement->count, NULL, statement->values,
	                       statement->lengths, statement->formats, 0))
	{
		lose(async);
		return false;
	}
	async->busy = true;
	async->sent_at = loop_now();
	async->writing = PQflush(async->db) == 1;
	return true;
}

/*
 * async_result returns the rows of the statement under way, to be cleared, or
 * NULL: not yet, or it has failed, which loses the connection.
 */
PGresult *
async_result(struct async *async, const char *name)
{
	PGresult *result;
	const char *state;

	if (!async->busy || PQisBusy(async->db))
		return NULL;
	result = PQgetResult(async->db);
	if (result == NULL)
	{
		async->busy = async->writing = false;
		patience_succeeded(&async->patience);
		return NULL;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	/* its message could quote a row: the state alone says enough */
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	log_error("a statement failed", "{s:s, s:s}", "statement", name, "sqlstate",
	          state ? state : "none");
	PQclear(result);
	lose(async);
	return NULL;
}

int
async_socket(const struct async *async)
{
	return async->db ? PQsocket(async->db) : -1;
}

void
async_close(struct async *async)
{
	PQfinish(async->db);
	PQfinish(async->next);
	async->db = async->next = NULL;
}
