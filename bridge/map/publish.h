/* What passport-map publishes: the page once, the map and CAP messages often. */
#ifndef BRIDGE_PUBLISH_H
#define BRIDGE_PUBLISH_H

#include <libpq-fe.h>
#include <stdbool.h>

extern bool publish_page(const char *directory, const char *leaflet, bool tiles);
extern bool publish_map(PGconn *db, const char *directory);

#endif
