/* The parts of the page that never change, and the page that its parts are put into. */
#ifndef BRIDGE_PAGE_H
#define BRIDGE_PAGE_H

#include <stdbool.h>

extern const char *const page_template;
extern bool page_write(const char *directory, const char *leaflet);

#endif
