/* A connection that is never waited for: one statement at a time, and notifications. */
#ifndef BRIDGE_ASYNC_H
#define BRIDGE_ASYNC_H

#include "loop.h"

#include <libpq-fe.h>
#include <stdbool.h>

struct async
{
	const char *conninfo, *program;
	const char *channel; /* listened to; NULL: none */
	PGconn *db;          /* NULL: not connected */
	bool busy;           /* a statement is under way */
	bool writing;        /* part of it waits to be written */
	bool woken;          /* a notification came, or the connection is new */
	PGconn *next;        /* takes its place as soon as no statement is under way; NULL: none */
	int longest;         /* milliseconds that a statement may take */
	long long sent_at;
	char worker[100]; /* a name that no other process has */
	struct patience patience;
};

/* A statement with its parameters, as PQsendQueryParams takes them. */
struct statement
{
	const char *sql;
	int count;
	const char *const *values;
	const int *lengths, *formats; /* NULL: all are texts */
};

extern void async_open(struct async *async, const char *conninfo, const char *program,
                       const char *channel);
extern bool async_move(struct async *async, const char *conninfo);
extern bool async_connect(struct async *async);
extern bool async_allows(struct async *async, const char *sql, const char *what);
extern void async_turn(struct async *async);
extern bool async_send(struct async *async, const struct statement *statement);
extern PGresult *async_result(struct async *async, const char *name);
extern int async_socket(const struct async *async);
extern void async_close(struct async *async);

#endif
