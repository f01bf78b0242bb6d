/*
 * APNs takes a token that is an hour old at most, and takes ill who comes with new
 * ones more than once in twenty minutes.  Claims lie on a grid of forty, so that
 * other instances, and a restart, within the same span claim the same.  No clock
 * here: the rule is tested alone.
 */
#include "token_age.h"

#define SPAN 2400  /* seconds of the grid: between 20 and 60 minutes */
#define LEAST 1200 /* seconds before which no other one is made */

/* token_age_may_change tells whether APNs would not take ill another one. */
bool
token_age_may_change(const struct token_age *age, long long now)
{
	/* one of the future was made before somebody put the clock right */
	return age->issued_at == 0 || now >= age->changed_at + LEAST || age->issued_at > now + 60;
}

/* token_age_is_due tells whether another one is to be made now. */
bool
token_age_is_due(const struct token_age *age, long long now)
{
	return token_age_may_change(age, now) &&
	       (age->doubted || now - now % SPAN > age->issued_at || age->issued_at > now + 60);
}

/* token_age_next says what the next one claims; on the grid, unless the one there is in doubt. */
struct token_age
token_age_next(const struct token_age *age, long long now)
{
	long long issued_at = age->doubted ? now : now - now % SPAN;

	/* the first of this process may be another's of the same span */
	return (struct token_age){.issued_at = issued_at,
	                          .changed_at = age->issued_at == 0 ? issued_at : now};
}
