/* A claimed row, as the database gives it. */
#ifndef PUSH_ROW_H
#define PUSH_ROW_H

#include "delivery.h"

#include <libpq-fe.h>

#define ROW_COLUMNS                                                      \
	"resident_id, delivery_id, channel, token, keys, title, body, data," \
	" collapse_key, ttl, priority, attempt, notification_id, message_id, urgency"

extern struct delivery *row_read(const PGresult *result, int row, struct message *message);

#endif
