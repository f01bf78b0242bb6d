/* Written before the answer leaves: after a kill nothing was taken that is not recorded. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static FILE *record;
static long long number; /* of the last request, by all gateways that wrote it */

static void write_line(json_t *line);

/* record_open names the file; without it nothing is recorded. */
bool
record_open(const char *path)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	number = now.tv_sec * 1000000LL;
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
record_write(struct request *request, json_t *fields)
{
	json_t *line = json_pack("{s:s, s:i, s:I}", "path", request->path, "status",
	                         request->reset ? 0 : request->status, "number", (json_int_t) ++number);

	request->number = number;
	json_object_update(line, fields);
	write_line(line);
	json_decref(fields);
}

/* record_lost adds that nobody heard the answer to a request that is in the record. */
void
record_lost(const struct request *request)
{
	write_line(json_pack("{s:I}", "lost", (json_int_t) request->number));
}

static void
write_line(json_t *line)
{
	struct timespec now;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(line, "time", json_real(now.tv_sec + now.tv_nsec / 1e9));
	text = record ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text != NULL)
		fprintf(record, "%s\n", text);
	free(text);
	json_decref(line);
}
