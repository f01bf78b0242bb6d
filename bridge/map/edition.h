/* What passport-map writes: the page's parts once, an edition whenever something changes. */
#ifndef BRIDGE_EDITION_H
#define BRIDGE_EDITION_H

#include <libpq-fe.h>
#include <stdbool.h>

/* What the database says at one moment. */
struct edition
{
	PGresult *map;      /* the map, the feeds in Japanese and English, the alerts */
	PGresult *messages; /* CAP messages by the number of their alert */
	PGresult *page;     /* parts of the page by the name of their place */
};

extern bool edition_read(PGconn *db, struct edition *edition);
extern bool edition_write(const struct edition *edition, const char *directory, bool tiles);
extern void edition_clear(struct edition *edition);

#endif
