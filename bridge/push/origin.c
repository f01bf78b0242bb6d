/*
 * An endpoint comes from a browser, so that anybody can have us send to a server
 * of theirs.  What one of them can hold up is bounded:
 *
 *   - one that answers may have no more under way than are free, but for an eighth
 *     of all that is kept for those with none: when it hangs, there are as many for
 *     the next, and when that hangs, half as many;
 *   - one that has not answered yet, or not since its last rest, is sent one
 *     request at a time, and all of them together count as one that answers; of
 *     those that we have just begun to wait for there are an eighth at most, so
 *     that many who hang do not keep out one who is new;
 *   - of one that does not answer for a moment nothing waits here, where it would
 *     be in others' way, and one that hangs or fails again and again is given a
 *     rest: what is meant for it goes back to the database so long.
 */
#include "origin.h"

#include "lib/log.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES 10    /* so many in a row, and one that has answered is given a rest */
#define URGENT 4       /* the part of all requests that is kept for what is urgent */
#define APART 8        /* the part that is kept for those with none under way */
#define STALLED 300    /* milliseconds without an answer after which nothing waits for it here */
#define STALLED_WAIT 1 /* seconds */
#define CROWDED_WAIT 2 /* seconds until there may be room for one more that has not answered */

static bool has_room(const struct origins *origins);
static bool is_silent(const struct origin *origin, long long milliseconds);
static void begin_rest(struct origin *origin, const char *reason);

/*
 * origin_write writes the origin of a URL as VAPID and the RFC of origins (6454)
 * have it: in lower case, without the port that https has anyway.  false: too long.
 */
bool
origin_write(const char *url, char text[ORIGIN_BYTES])
{
	/* of "https://host:port/..." what stands before the path */
	size_t length = 8 + strcspn(url + 8, "/?#");

	if (length >= ORIGIN_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		text[i] = (char) tolower((unsigned char) url[i]);
	text[length] = '\0';
	if (length > 12 && strcmp(text + length - 4, ":443") == 0)
		text[length - 4] = '\0';
	return true;
}

/* origin_name makes the number by which an origin is known here, and in the log. */
unsigned long long
origin_name(const char *text)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned long long name = 0;

	SHA256((const unsigned char *) text, strlen(text), digest);
	for (size_t i = 0; i < sizeof(name); i++)
		name = name << 8 | digest[i];
	return name != 0 ? name : 1;
}

/*
 * origins_find returns an origin, in the place of one that is not in use where it
 * is new; NULL: there is no such place.
 */
struct origin *
origins_find(struct origins *origins, unsigned long long name)
{
	struct origin *origin = &origins->list[name % ORIGINS], *place = NULL;

	if (origin->name == name)
		return origin;
	for (int i = 0; i < ORIGINS; i++)
	{
		origin = &origins->list[(name + i) % ORIGINS];
		if (origin->name == name)
			return origin;
		/* an empty one, else one that neither is in use nor rests */
		if (origin->name == 0
		        ? place == NULL || place->name != 0
		        : place == NULL && origin->under_way == 0 && patience_over(&origin->patience))
			place = origin;
	}
	if (place == NULL)
		return NULL;
	free(place->token);
	*place = (struct origin){.name = name, .patience = {.first = 1000, .longest = 60000}};
	return place;
}

/* origins_admit tells whether an origin may be sent one more request now. */
bool
origins_admit(struct origins *origins, const struct origin *origin, bool urgent)
{
	int kept = origins->in_flight / APART + (urgent ? 0 : origins->in_flight / URGENT);

	if (!origin->answers)
		return origin->under_way == 0 && has_room(origins);
	if (origin->serial && origin->under_way >= origins->connections)
		return false;
	return origin->under_way == 0 ||
	       origin->under_way < origins->in_flight - origins->under_way - kept;
}

/* has_room tells whether one more may be asked that has not answered. */
static bool
has_room(const struct origins *origins)
{
	int kept = origins->in_flight / APART, all = 0, fresh = 0;

	for (int i = 0; i < ORIGINS; i++)
	{
		const struct origin *origin = &origins->list[i];

		if (origin->answers || origin->under_way == 0)
			continue;
		all += origin->under_way;
		if (!is_silent(origin, origins->hanging))
			fresh += origin->under_way;
	}
	return fresh <= kept && (all == 0 || all < origins->in_flight - origins->under_way - kept);
}

/* is_silent tells whether an answer is awaited for so long. */
static bool
is_silent(const struct origin *origin, long long milliseconds)
{
	return origin->under_way > 0 && loop_now() >= origin->heard_at + milliseconds;
}

/* origins_rest returns for how many seconds nothing for an origin is to wait here, 0: it may. */
int
origins_rest(const struct origins *origins, struct origin *origin)
{
	long long now = loop_now(), until;

	if (is_silent(origin, origins->hanging) && patience_over(&origin->patience))
		begin_rest(origin, "hangs");
	until =
	    origin->patience.until > origin->asked_until ? origin->patience.until : origin->asked_until;
	if (until > now)
		return (int) ((until - now) / 1000) + 1;
	if (is_silent(origin, STALLED))
		return STALLED_WAIT;
	return !origin->answers && origin->under_way == 0 && !has_room(origins) ? CROWDED_WAIT : 0;
}

static void
begin_rest(struct origin *origin, const char *reason)
{
	char name[20];

	origin->failures = 0;
	origin->answers = false;
	patience_failed(&origin->patience);
	/* not what it is called: that could be a resident's own server */
	snprintf(name, sizeof(name), "%016llx", origin->name);
	log_warning("a push service is given a rest", "{s:s, s:s, s:i}", "origin", name, "reason",
	            reason, "seconds", (int) (origin->patience.wait / 1000));
}

void
origins_begin(struct origins *origins, struct origin *origin)
{
	if (origin->under_way++ == 0)
		origin->heard_at = loop_now();
	origins->under_way++;
}

/* origins_hear takes what an answer, or that there is none, says of an origin. */
void
origins_hear(struct origin *origin, const struct http_answer *answer)
{
	bool answered = answer->error == CURLE_OK;

	if (answered)
	{
		origin->heard_at = loop_now();
		origin->serial = answer->serial;
	}
	if (answered && (answer->status == 429 || answer->status == 503) && answer->retry_after > 0)
		origin->asked_until = loop_now() + answer->retry_after * 1000LL;
	if (answered && answer->status < 500)
	{
		origin->failures = 0;
		origin->answers = true;
		patience_succeeded(&origin->patience);
	}
	else if (answer->error != CURLE_ABORTED_BY_CALLBACK &&
	         ++origin->failures >= (origin->answers ? FAILURES : 1) &&
	         patience_over(&origin->patience))
		begin_rest(origin, "fails");
}

void
origins_end(struct origins *origins, struct origin *origin)
{
	origins->under_way--;
	origin->under_way--;
}

void
origins_close(struct origins *origins)
{
	for (int i = 0; i < ORIGINS; i++)
		free(origins->list[i].token);
}
