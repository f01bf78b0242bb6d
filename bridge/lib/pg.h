/* The connection to the database, and whether its passport is our age. */
#ifndef BRIDGE_PG_H
#define BRIDGE_PG_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Why there is no connection. */
enum pg_trouble
{
	PG_UNREACHABLE, /* worth another try later */
	PG_STALE,       /* library, script or program is of another version */
	PG_ABSENT       /* no passport there that we may use */
};
extern enum pg_trouble pg_trouble;

extern const char pg_version_query[];

extern PGconn *pg_connect(const char *conninfo, const char *program);
extern PGconn *pg_begin(const char *conninfo, const char *program);
extern bool pg_agrees(PGconn *db, const PGresult *result);
extern void pg_log_unreachable(const PGconn *db, const char *reason);
extern bool pg_can_read(const char *conninfo);
extern bool pg_holds_password(const char *conninfo);

#endif
