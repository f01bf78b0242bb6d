/* Scripted faults, and how often each name was tried. */
#include "fault.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEVER 3600000 /* milliseconds */

static void *tries; /* tree of names, and how often each was tried */

struct name_tries
{
	char *name;
	int count;
};

static void set_retry_after(struct request *request, const char *wait);

/* fault_apply does what a name's first word says, and returns milliseconds to wait. */
int
fault_apply(struct request *request, const char *name)
{
	char word[20] = "";
	int n = 0;

	if (sscanf(name, "%19[a-z]-%d", word, &n) < 1)
		return 0;
	if (strcmp(word, "slow") == 0)
		return n;
	if (strcmp(word, "hang") == 0)
		return NEVER;
	if (strcmp(word, "oversize") == 0)
	{
		request->answer_length = 2 << 20;
		request->answer = malloc(request->answer_length);
		memset(request->answer, ' ', request->answer_length);
	}
	else if (strcmp(word, "reset") == 0)
		request->reset = fault_count(name) <= n;
	else if (strcmp(word, "calm") == 0)
	{
		request->reset = fault_count(name) <= n;
		request->reset_code = NGHTTP2_ENHANCE_YOUR_CALM;
	}
	else if (strcmp(word, "goaway") == 0)
		request->go_away = fault_count(name) <= n ? GO_AWAY_NOW : 0;
	else if (strcmp(word, "lame") == 0)
		request->go_away = fault_count(name) <= n ? GO_AWAY_LATER : 0;
	else if (strcmp(word, "storm") == 0)
		request->reset = (request->go_away = fault_count(name) <= n ? GO_AWAY_INSTEAD : 0) != 0;
	else if (strcmp(word, "cut") == 0)
		request->cut = fault_count(name) <= n;
	return 0;
}

/* fault_scripted tells whether a name asks for a status now, and which. */
bool
fault_scripted(struct request *request, const char *name, struct scripted *fault)
{
	char wait[20] = "";
	int times = 0;

	*fault = (struct scripted){0};
	if (name[0] < '1' || name[0] > '9' ||
	    sscanf(name, "%d.%59[A-Za-z0-9_]%*[.]%d.%19[d0-9]", &fault->status, fault->code, &times,
	           wait) < 2)
		return false;
	if (times > 0 && fault_count(name) > times)
		return false;
	if (wait[0] != '\0')
		set_retry_after(request, wait);
	request->status = fault->status;
	return true;
}

static void
set_retry_after(struct request *request, const char *wait)
{
	time_t then = time(NULL) + atoi(wait + 1);
	struct tm utc;

	if (wait[0] != 'd')
	{
		snprintf(request->retry_after, sizeof(request->retry_after), "%.10s", wait);
		return;
	}
	gmtime_r(&then, &utc);
	strftime(request->retry_after, sizeof(request->retry_after), "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static int
compare_tries(const void *a, const void *b)
{
	return strcmp(((const struct name_tries *) a)->name, ((const struct name_tries *) b)->name);
}

/* fault_count counts this try of a name, and returns the count. */
int
fault_count(const char *name)
{
	struct name_tries *fresh = calloc(1, sizeof(*fresh)), *found;

	fresh->name = strdup(name);
	found = *(struct name_tries **) tsearch(fresh, &tries, compare_tries);
	if (found != fresh)
	{
		free(fresh->name);
		free(fresh);
	}
	return ++found->count;
}

/* fault_answer answers, now or after so many milliseconds. */
void
fault_answer(struct request *request, int delay)
{
	if (request->answer != NULL && request->answer_length == 0)
		request->answer_length = strlen(request->answer);
	if (delay > 0)
		request_answer_later(request, delay);
	else
		request_answer(request);
}
