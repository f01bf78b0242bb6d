/* When a provider token of APNs is made, and which moment it claims. */
#ifndef PUSH_TOKEN_AGE_H
#define PUSH_TOKEN_AGE_H

#include <stdbool.h>

/* All in seconds since 1970; zeros: there is no token. */
struct token_age
{
	long long issued_at;  /* what the token claims (iat) */
	long long changed_at; /* when it took the place of another */
	bool doubted;         /* APNs called it expired */
};

extern bool token_age_may_change(const struct token_age *age, long long now);
extern bool token_age_is_due(const struct token_age *age, long long now);
extern struct token_age token_age_next(const struct token_age *age, long long now);

#endif
