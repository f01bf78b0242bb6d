/* Levels of a login, and whether one suffices for an operation.  Pure C. */
#ifndef PASSPORT_POLICY_H
#define PASSPORT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

typedef enum Level
{
	LEVEL_NONE,
	LEVEL_BASIC,          /* passport.basic: a kiosk, or a login under suspicion */
	LEVEL_AUTHENTICATION, /* jpki.authentication: card and its PIN */
	LEVEL_SIGNATURE       /* jpki.signature: the signature certificate and its password */
} Level;

/* A level that was proven at some time; seconds since 1970 */
typedef struct Proof
{
	Level level;
	int64_t at;
} Proof;

/* What an operation asks for */
typedef struct Demand
{
	Level level;
	int64_t max_age; /* seconds since the proof; negative: as old as the session may be */
} Demand;

/* LevelByName returns LEVEL_NONE for what it does not know. */
extern Level LevelByName(const char *name);

/* Suffices tells whether the login, or a step up that has not grown old, meets the demand. */
extern bool Suffices(Proof login, Proof step, int64_t step_lifetime, Demand demand, int64_t now);

#endif
