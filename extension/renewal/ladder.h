/*
 * Which reminder of an expiry is due on which day.  Pure C.
 *
 * A card has up to four dates: its own end, those of its two certificates, and
 * the end of its holder's period of stay, which ends all of them.  They are
 * taken in their order: the ladder of one date is climbed until the date has
 * passed or was renewed, then that of the next.  Dates that fall together are
 * one, named by what has to be done about it.
 *
 * A ladder's steps lie so many months and days before its date.  Whoever comes
 * to a ladder late, because a card was recorded late or nobody ran the job, gets
 * the last step that has passed and none of those before it.
 */
#ifndef PASSPORT_LADDER_H
#define PASSPORT_LADDER_H

#include "util/civil.h"

typedef enum RenewalWhat
{
	RENEW_STAY, /* in the order of precedence where dates fall together */
	RENEW_CARD,
	RENEW_AUTHENTICATION,
	RENEW_SIGNATURE
} RenewalWhat;

#define RENEWAL_DATES 4

/* Last days on which each is good, in the order of RenewalWhat; CIVIL_NONE: there is none. */
typedef struct RenewalDates
{
	CivilDay last[RENEWAL_DATES];
} RenewalDates;

typedef struct LadderStep
{
	int months;        /* before the date */
	int days;          /* and days before that */
	bool opens_window; /* on the day after: renewal is possible from then */
} LadderStep;

#define LADDER_STEPS 32

typedef struct LadderItem
{
	CivilDay due_on;
	RenewalWhat what;
	CivilDay expires_on;
	int step; /* place in the array of steps */
} LadderItem;

#define LADDER_ITEMS (RENEWAL_DATES * LADDER_STEPS)

extern CivilDay StepDay(const LadderStep *step, CivilDay expires_on);
extern int PlanLadder(const RenewalDates *dates, const LadderStep *steps, int count, CivilDay from,
                      LadderItem *items);
extern const char *RenewalReason(const RenewalDates *dates, RenewalWhat what);

#endif
