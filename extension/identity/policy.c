/*
 * Decides whether a session may do an operation.  A login has its level for as
 * long as the session lasts; a step up has its own for a short time only and
 * falls back by itself, so nothing needs to take it away.  Pure C.
 */
#include <stddef.h>
#include <string.h>

#include "identity/policy.h"

static bool meets(Proof proof, int64_t lifetime, Demand demand, int64_t now);

Level
LevelByName(const char *name)
{
	static const char *const names[] = {"", "passport.basic", "jpki.authentication",
	                                    "jpki.signature"};

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (Level) i;
	return LEVEL_NONE;
}

bool
Suffices(Proof login, Proof step, int64_t step_lifetime, Demand demand, int64_t now)
{
	/* a level that nobody knows is met by nobody */
	if (demand.level == LEVEL_NONE)
		return false;
	return meets(login, -1, demand, now) || meets(step, step_lifetime, demand, now);
}

static bool
meets(Proof proof, int64_t lifetime, Demand demand, int64_t now)
{
	int64_t age = now - proof.at;

	return proof.level >= demand.level && age >= 0 && (lifetime < 0 || age <= lifetime) &&
	       (demand.max_age < 0 || age <= demand.max_age);
}
