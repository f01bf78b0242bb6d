/* Fills texts with places in them: @name@ stands for what is said of that name. */
#ifndef BRIDGE_TEMPLATE_H
#define BRIDGE_TEMPLATE_H

#include <stddef.h>

struct filling
{
	const char *name;
	const char *text;
};

extern char *template_fill(const char *template, const struct filling *fillings, size_t count);

#endif
