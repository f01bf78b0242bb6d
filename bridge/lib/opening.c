/*
 * Connecting takes as long as servers and networks take; whoever has requests under
 * way turns it on beside them.  Only the names of hosts are resolved where one waits
 * (in libpq): give addresses (hostaddr) where that takes long.
 */
#include "opening.h"

#include "loop.h"
#include "pg.h"

#include <poll.h>
#include <stdio.h>

/* of all hosts together: each has the ten seconds of pg.c's tcp_user_timeout */
#define OPENING_LONGEST 60000

static bool is_ready(const struct opening *opening);
static bool connect_on(struct opening *opening);
static bool take_result(struct opening *opening, PGresult *result);
static bool ask(struct opening *opening, const char *sql);

/* opening_begin begins to connect; false after logging why not. */
bool
opening_begin(struct opening *opening, const char *conninfo, const char *program,
              const char *channel)
{
	*opening = (struct opening){.db = pg_begin(conninfo, program),
	                            .writing = true,
	                            .until = loop_now() + OPENING_LONGEST};
	if (channel != NULL)
		snprintf(opening->listen, sizeof(opening->listen), "LISTEN %s", channel);
	return opening->db != NULL;
}

/*
 * opening_turn moves it on.  false: it has failed, which is logged, and pg_trouble
 * says why; db: the connection, once it is usable.
 */
bool
opening_turn(struct opening *opening, PGconn **db)
{
	PGresult *result;

	*db = NULL;
	if (loop_now() >= opening->until)
	{
		pg_log_unreachable(opening->db, "it does not answer");
		return false;
	}
	if (opening->stage == OPENING_CONNECT)
		return !is_ready(opening) || connect_on(opening);
	if (!PQconsumeInput(opening->db))
	{
		pg_log_unreachable(opening->db, NULL);
		return false;
	}
	while (!PQisBusy(opening->db))
	{
		result = PQgetResult(opening->db);
		if (result != NULL)
		{
			if (!take_result(opening, result))
				return false;
		}
		else if (opening->stage == OPENING_VERSION && opening->listen[0] != '\0')
		{
			opening->stage = OPENING_LISTEN;
			return ask(opening, opening->listen);
		}
		else
		{
			*db = opening->db;
			opening->db = NULL;
			return true;
		}
	}
	return true;
}

/* is_ready tells whether the socket is what libpq waits for: it has to be before libpq is asked. */
static bool
is_ready(const struct opening *opening)
{
	struct pollfd file = {.fd = PQsocket(opening->db),
	                      .events = opening->writing ? POLLOUT : POLLIN};

	return poll(&file, 1, 0) != 0;
}

/* connect_on takes the next step of connecting; false after logging that there is none. */
static bool
connect_on(struct opening *opening)
{
	PostgresPollingStatusType status = PQconnectPoll(opening->db);

	opening->writing = status == PGRES_POLLING_WRITING;
	if (status == PGRES_POLLING_FAILED)
	{
		pg_log_unreachable(opening->db, NULL);
		return false;
	}
	if (status != PGRES_POLLING_OK)
		return true;
	opening->stage = OPENING_VERSION;
	PQsetnonblocking(opening->db, 1);
	return ask(opening, pg_version_query);
}

/* take_result takes what a statement came to; false after logging that it is not good. */
static bool
take_result(struct opening *opening, PGresult *result)
{
	bool good = opening->stage == OPENING_VERSION ? pg_agrees(opening->db, result)
	                                              : PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	if (!good && opening->stage == OPENING_LISTEN)
		pg_log_unreachable(opening->db, NULL);
	return good;
}

static bool
ask(struct opening *opening, const char *sql)
{
	/* so short a text is written at once */
	if (PQsendQuery(opening->db, sql) && PQflush(opening->db) >= 0)
		return true;
	pg_log_unreachable(opening->db, NULL);
	return false;
}

/* opening_end gives it up; one that is usable has been given away before. */
void
opening_end(struct opening *opening)
{
	PQfinish(opening->db);
	*opening = (struct opening){0};
}
