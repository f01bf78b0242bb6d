/*
 * What award_points() and award_roster() share: their arguments, checked, and
 * the rule of the day as the tables hold it.  Include it after postgres.h.
 */
#ifndef PASSPORT_EVENT_H
#define PASSPORT_EVENT_H

#include "datatype/timestamp.h"
#include "utils/numeric.h"

#include "points/rule.h"

#define POINT_KEY_MOST 200 /* bytes of a caller's key */

typedef struct PointEvent
{
	text *program;
	text *event_key;
	TimestampTz occurred_at;
	CivilDay occurred_on;
	Numeric quantity;
	int64 thousandths;
	TimestampTz now;
	CivilDay today;
} PointEvent;

/*
 * The columns of program_rule r, in the order in which ReadRule() takes them.
 * The factor is RATE_SCALE.
 */
#define RULE_COLUMNS                                                                     \
	" (r.points_per_unit * 1000000)::bigint, r.tier_from, r.tier_points, r.cap_per_day," \
	" r.cap_per_year, r.cap_year = 'fiscal', r.once_per, r.earn_from, r.earn_until, "    \
	"r.accept_until, r.late_days,"                                                       \
	" r.minimum_age, r.lot_months, r.lot_ends_with"
#define RULE_COLUMN_COUNT 14

extern void CheckKey(text *key, const char *pointer);
extern void ReadEvent(PointEvent *event, text *program, text *event_key, Datum occurred_at);
extern void ReadQuantity(PointEvent *event, Numeric quantity);
extern void ReadRule(AwardRule *rule, const Datum *values, const bool *nulls);
extern TimestampTz CivilMidnight(CivilDay day);
extern void RefuseProgram(void) pg_attribute_noreturn();
extern void RefuseOtherContent(void) pg_attribute_noreturn();

#endif
