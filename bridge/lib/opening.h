/* A connection to the database on its way to be usable, never waited for. */
#ifndef BRIDGE_OPENING_H
#define BRIDGE_OPENING_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Zeros: there is none. */
struct opening
{
	PGconn *db;
	enum
	{
		OPENING_CONNECT,
		OPENING_VERSION, /* whether its passport is of our age */
		OPENING_LISTEN
	} stage;
	bool writing;    /* libpq waits to write, and not to read */
	long long until; /* by loop_now(), it is given up then */
	char listen[64]; /* the statement that listens; empty: nothing is listened to */
};

extern bool opening_begin(struct opening *opening, const char *conninfo, const char *program,
                          const char *channel);
extern bool opening_turn(struct opening *opening, PGconn **db);
extern void opening_end(struct opening *opening);

#endif
