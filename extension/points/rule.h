/*
 * How many points something is worth.  Pure C: a rule and a case in, a decision
 * out, so that it can be tested and fuzzed by itself.
 *
 * rule      what a program grants, from a date on (table program_rule)
 * case      one resident, one event: how much, when, what was awarded before
 * decision  a verdict, the rule that made it, the points, and their last day
 * lot       the points of one award, which are spent or expire together
 */
#ifndef PASSPORT_RULE_H
#define PASSPORT_RULE_H

#include "util/civil.h"

/*
 * Quantities are in thousandths and points per unit in millionths, so that
 * nothing is lost to binary fractions; the largest product fits 63 bits.
 */
#define QUANTITY_SCALE 1000
#define QUANTITY_MOST (INT64_C(1000000) * QUANTITY_SCALE)
#define RATE_SCALE 1000000
#define RATE_MOST (INT64_C(1000) * RATE_SCALE)
#define POINTS_MOST 1000000
#define NO_LIMIT (-1)

typedef enum AwardVerdict
{
	AWARD_AWARDED,
	AWARD_CAPPED,
	AWARD_REFUSED
} AwardVerdict;

typedef enum OncePer
{
	ONCE_PER_EVENT,
	ONCE_PER_DAY,
	ONCE_PER_FISCAL_YEAR,
	ONCE_EVER
} OncePer;

typedef enum LotRounding
{
	LOT_ENDS_BY_DAY,
	LOT_ENDS_WITH_MONTH,
	LOT_ENDS_WITH_FISCAL_YEAR,
	LOT_ENDS_WITH_CALENDAR_YEAR
} LotRounding;

typedef struct AwardRule
{
	bool has_tiers;
	int64_t points_per_unit;    /* millionths, where there are no tiers */
	const int32_t *tier_from;   /* units, ascending */
	const int32_t *tier_points; /* of the highest tier reached */
	int tiers;
	int32_t cap_per_day;     /* NO_LIMIT: none */
	int32_t cap_per_year;    /* NO_LIMIT: none */
	bool cap_by_fiscal_year; /* else by calendar year */
	OncePer once_per;        /* event: the event's key alone decides */
	CivilDay earn_from;      /* first and last day of the window, CIVIL_NONE: open */
	CivilDay earn_until;
	CivilDay accept_until; /* last day on which it may still be recorded */
	int late_days;         /* and at most so long after the event; NO_LIMIT */
	int minimum_age;       /* 0: any */
	int lot_months;        /* how long a lot lives, NO_LIMIT: for ever */
	LotRounding lot_rounding;
} AwardRule;

typedef struct AwardCase
{
	int64_t quantity; /* thousandths */
	CivilDay occurred_on;
	CivilDay today;
	CivilDay birth;           /* CIVIL_NONE: not known */
	bool is_resident;         /* and neither moved out nor dead */
	int64_t points_of_day;    /* of this program, of the event's day */
	int64_t points_of_year;   /* ... and year */
	int64_t awards_of_period; /* of the period that once_per names */
} AwardCase;

typedef struct AwardDecision
{
	AwardVerdict verdict;
	const char *reason; /* code of the rule that refused or capped; "" */
	int32_t points;
	CivilDay ends_on; /* first day on which the lot is gone; CIVIL_NONE: never */
} AwardDecision;

/* A span of days, from the first to before the end. */
typedef struct CivilSpan
{
	CivilDay first;
	CivilDay end;
} CivilSpan;

/* Which earlier awards a rule asks about; a span that it does not ask about is empty. */
typedef struct RuleSpans
{
	CivilSpan day;  /* cap_per_day */
	CivilSpan year; /* cap_per_year */
	CivilSpan caps; /* the longer of the two */
	CivilSpan once; /* once_per */
} RuleSpans;

extern RuleSpans SpansOfRule(const AwardRule *rule, CivilDay occurred_on);
extern AwardDecision DecideAward(const AwardRule *rule, const AwardCase *award);
extern CivilDay LotEnd(const AwardRule *rule, CivilDay occurred_on);

#endif
