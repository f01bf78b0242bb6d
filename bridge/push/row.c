/* Its columns become a message, which lasts as long as the result, and a delivery of it. */
#include "row.h"

#include "lanes.h"
#include "lib/loop.h"

#include <stdlib.h>
#include <string.h>

enum column
{
	COLUMN_RESIDENT,
	COLUMN_DELIVERY,
	COLUMN_CHANNEL,
	COLUMN_TOKEN,
	COLUMN_KEYS,
	COLUMN_TITLE,
	COLUMN_BODY,
	COLUMN_DATA,
	COLUMN_COLLAPSE_KEY,
	COLUMN_TTL,
	COLUMN_PRIORITY,
	COLUMN_ATTEMPT,
	COLUMN_NOTIFICATION,
	COLUMN_MESSAGE,
	COLUMN_URGENCY
};

static struct message read_message(const PGresult *result, int row);
static int lane_of(const char *urgency);

/* row_read returns the delivery of a row, and its message; NULL: out of memory. */
struct delivery *
row_read(const PGresult *result, int row, struct message *message)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	*message = read_message(result, row);
	if (delivery == NULL)
		return NULL;
	delivery->resident_id = atoll(PQgetvalue(result, row, COLUMN_RESIDENT));
	delivery->delivery_id = atoll(PQgetvalue(result, row, COLUMN_DELIVERY));
	delivery->notification_id = atoll(message->notification_id);
	delivery->attempt = atoi(PQgetvalue(result, row, COLUMN_ATTEMPT));
	delivery->urgent = strcmp(message->priority, "high") == 0;
	delivery->lane = lane_of(PQgetvalue(result, row, COLUMN_URGENCY));
	delivery->expires_at = loop_now() + message->ttl * 1000LL;
	delivery_set_key(delivery, PQgetvalue(result, row, COLUMN_MESSAGE));
	delivery_set_replace(delivery, message->collapse_key);
	return delivery;
}

static struct message
read_message(const PGresult *result, int row)
{
	struct message message = {.channel = PQgetvalue(result, row, COLUMN_CHANNEL),
	                          .token = PQgetvalue(result, row, COLUMN_TOKEN),
	                          .title = PQgetvalue(result, row, COLUMN_TITLE),
	                          .body = PQgetvalue(result, row, COLUMN_BODY),
	                          .data = PQgetvalue(result, row, COLUMN_DATA),
	                          .priority = PQgetvalue(result, row, COLUMN_PRIORITY),
	                          .notification_id = PQgetvalue(result, row, COLUMN_NOTIFICATION),
	                          .ttl = atoi(PQgetvalue(result, row, COLUMN_TTL))};

	if (!PQgetisnull(result, row, COLUMN_KEYS))
		message.keys = PQgetvalue(result, row, COLUMN_KEYS);
	if (!PQgetisnull(result, row, COLUMN_COLLAPSE_KEY))
		message.collapse_key = PQgetvalue(result, row, COLUMN_COLLAPSE_KEY);
	return message;
}

/* lane_of returns the lane of an urgency: what is not among ours goes last. */
static int
lane_of(const char *urgency)
{
	int lane = atoi(urgency);

	return lane >= 0 && lane < LANES ? lane : LANES - 1;
}
