/* Written at the end of each turn: a kill loses no turn before. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static FILE *record;

/* record_open names the file; without it nothing is recorded. */
bool
record_open(const char *path)
{
	record = fopen(path, "a");
	if (record != NULL)
		setvbuf(record, NULL, _IOFBF, 1 << 20);
	return record != NULL;
}

void
record_flush(void)
{
	if (record != NULL)
		fflush(record);
}

/* record_write adds a request with what its provider read in it; fields is its own from here on. */
void
record_write(const struct request *request, json_t *fields)
{
	struct timespec now;
	json_t *line;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	line = json_pack("{s:f, s:s, s:i}", "time", now.tv_sec + now.tv_nsec / 1e9, "path",
	                 request->path, "status", request->reset ? 0 : request->status);
	json_object_update(line, fields);
	text = record ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text != NULL)
		fprintf(record, "%s\n", text);
	free(text);
	json_decref(line);
	json_decref(fields);
}
