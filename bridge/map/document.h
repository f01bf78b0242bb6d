/* Files that say one thing to machines: CAP messages, feeds, the alerts as GeoJSON. */
#ifndef BRIDGE_DOCUMENT_H
#define BRIDGE_DOCUMENT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct document
{
	char name[64];  /* below the directory */
	char state[24]; /* what it says: a message's number; empty: it is read for each edition */
	PGresult *text; /* NULL: it stands there already, or could not be read */
	bool broken;
	long long tried; /* when it was read, in milliseconds of loop_now() */
};

/* Those of one edition, in the order in which they are written. */
struct documents
{
	struct document *list;
	size_t count;
};

extern bool documents_read(PGconn *db, const char *map, const struct documents *before,
                           struct documents *documents);
extern bool documents_write(const struct documents *documents, const char *directory);
extern bool documents_whole(const struct documents *documents);
extern void documents_keep(struct documents *documents, bool written);
extern void documents_clear(struct documents *documents);

#endif
