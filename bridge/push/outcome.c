/* The list of outcomes, and its columns as the arrays of complete_deliveries(). */
#include "outcome.h"

#include "lib/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum column
{
	COLUMN_RESIDENT,
	COLUMN_DELIVERY,
	COLUMN_VERDICT,
	COLUMN_DETAIL,
	COLUMN_RETRY_SECONDS,
	COLUMN_DEAD_SINCE
};

static int write_time(char *place, size_t left, time_t time);
static char *write_column(const struct outcomes *outcomes, int count, enum column column);

/* outcomes_add remembers one more; false: out of memory. */
bool
outcomes_add(struct outcomes *outcomes, struct outcome outcome)
{
	if (outcomes->count == outcomes->room)
	{
		int room = outcomes->room ? outcomes->room * 2 : 1024;
		struct outcome *more = realloc(outcomes->list, room * sizeof(*more));

		if (more == NULL)
			return false;
		outcomes->list = more;
		outcomes->room = room;
	}
	if (outcomes->count == outcomes->under_way)
		outcomes->oldest = loop_now();
	outcomes->list[outcomes->count++] = outcome;
	return true;
}

/*
 * outcomes_write writes the first outcomes as an array each column, in the
 * order of the parameters, to be freed whatever it returns; false: out of memory.
 */
bool
outcomes_write(const struct outcomes *outcomes, int count, const char *columns[OUTCOME_COLUMNS])
{
	bool whole = true;

	for (int i = 0; i < OUTCOME_COLUMNS; i++)
		whole = (columns[i] = write_column(outcomes, count, i)) != NULL && whole;
	return whole;
}

/* write_column writes one column as an array; all words in it are ours and plain. */
static char *
write_column(const struct outcomes *outcomes, int count, enum column column)
{
	static const char *const verdicts[] = {"delivered", "retired", "failed", "retry"};
	size_t room = (size_t) count * 64 + 3;
	char *text = malloc(room);
	size_t at = 0;

	if (text == NULL)
		return NULL;
	text[at++] = '{';
	for (int i = 0; i < count; i++)
	{
		const struct outcome *o = &outcomes->list[i];
		char *place = text + at;
		size_t left = room - at;

		if (column == COLUMN_RESIDENT)
			at += snprintf(place, left, "%lld,", o->resident_id);
		else if (column == COLUMN_DELIVERY)
			at += snprintf(place, left, "%lld,", o->delivery_id);
		else if (column == COLUMN_VERDICT)
			at += snprintf(place, left, "%s,", o->untried ? "not_begun" : verdicts[o->verdict]);
		else if (column == COLUMN_DETAIL)
			at += snprintf(place, left, "%.50s,", o->detail ? o->detail : "NULL");
		else if (column == COLUMN_RETRY_SECONDS)
			at += snprintf(place, left, "%d,", o->retry_seconds);
		else if (o->dead_since > 0)
			at += write_time(place, left, (time_t) o->dead_since);
		else
			at += snprintf(place, left, "NULL,");
	}
	at -= count > 0;
	text[at++] = '}';
	text[at] = '\0';
	return text;
}

/* write_time writes a time as PostgreSQL reads it in an array, and returns how many characters. */
static int
write_time(char *place, size_t left, time_t time)
{
	struct tm utc;

	gmtime_r(&time, &utc);
	return (int) strftime(place, left, "\"%Y-%m-%dT%H:%M:%SZ\",", &utc);
}

/* outcomes_forget forgets those under way: the database has them now. */
void
outcomes_forget(struct outcomes *outcomes)
{
	int left = outcomes->count - outcomes->under_way;

	memmove(outcomes->list, outcomes->list + outcomes->under_way, left * sizeof(*outcomes->list));
	outcomes->count = left;
	outcomes->under_way = 0;
	outcomes->oldest = loop_now();
}

void
outcomes_free(struct outcomes *outcomes)
{
	free(outcomes->list);
}
