/*
 * A deck of cards: keys and certificates for many people at once.
 */
#ifndef DECK_H
#define DECK_H

#include "authority.h"
#include "index.h"
#include "people.h"

/* What the certificates of a run have in common. */
typedef struct Terms
{
	Authority authorities[PURPOSES][GENERATIONS_MAX];
	int generations;
	time_t issued;
	/* Fixed times instead of the rule's; 0: by the rule */
	time_t not_before[PURPOSES], not_after[PURPOSES];
	size_t key_pool; /* 0: every certificate has a key of its own */
} Terms;

/*
 * Makes a card for each person in directory/cards, or, when sheet is not NULL,
 * no card but two rows there for COPY, with a signed message each, and adds
 * them to the index.
 */
extern bool make_deck(const Terms *terms, const People *people, const char *directory, FILE *sheet,
                      Index *index, char *problem, size_t problem_size);

#endif
