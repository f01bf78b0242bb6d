/*
 * How long a card and its certificates are good, by the rule under which the
 * card was applied for (table renewal_rule).  Pure C.
 */
#ifndef PASSPORT_VALIDITY_H
#define PASSPORT_VALIDITY_H

#include "util/civil.h"

typedef struct CardRule
{
	int adult_age;             /* on the day of application */
	int adult_birthdays;       /* the card ends on this birthday after its issue */
	int minor_birthdays;       /* ... of who was no adult */
	int certificate_birthdays; /* and its certificates on this one */
	int signature_age;         /* from which a signature certificate is issued */
} CardRule;

/* Last days; CIVIL_NONE: there is none. */
typedef struct CardDates
{
	CivilDay card;
	CivilDay authentication;
	CivilDay signature;
} CardDates;

extern CardDates CardValidity(const CardRule *rule, CivilDay birth, CivilDay applied_on,
                              CivilDay issued_on, CivilDay stay_until);

#endif
