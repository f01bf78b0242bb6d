/* What is filled in is not read again: a gauge called "@alerts@" is a gauge. */
#include "map/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct filling *filling_at(const char *place, const struct filling *fillings,
                                        size_t count);

/*
 * template_fill returns the template with each @name@ replaced, for free(), or
 * NULL without memory.  A name that is not among the fillings stays as it is.
 */
char *
template_fill(const char *template, const struct filling *fillings, size_t count)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return NULL;
	while (*template != '\0')
	{
		size_t plain = strcspn(template, "@");
		const struct filling *filling = filling_at(template + plain, fillings, count);

		fwrite(template, 1, plain, out);
		template += plain;
		if (filling != NULL)
		{
			fputs(filling->text, out);
			template += strlen(filling->name) + 2;
		}
		else if (*template != '\0')
			fputc(*template ++, out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* filling_at returns what stands for the @name@ that begins here, or NULL. */
static const struct filling *
filling_at(const char *place, const struct filling *fillings, size_t count)
{
	if (*place != '@')
		return NULL;
	for (size_t i = 0; i < count; i++)
	{
		size_t length = strlen(fillings[i].name);

		if (strncmp(place + 1, fillings[i].name, length) == 0 && place[1 + length] == '@')
			return &fillings[i];
	}
	return NULL;
}
