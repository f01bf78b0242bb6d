/* What passport-map writes: the page's parts once, an edition whenever something changes. */
#ifndef BRIDGE_EDITION_H
#define BRIDGE_EDITION_H

#include "map/document.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* What the database says at one moment. */
struct edition
{
	PGresult *map;
	PGresult *page; /* parts of the page by the name of their place */
	struct documents documents;
};

extern bool edition_read(PGconn *db, const struct documents *before, struct edition *edition);
extern bool edition_write(const struct edition *edition, const char *directory, bool tiles);
extern void edition_clear(struct edition *edition);

#endif
