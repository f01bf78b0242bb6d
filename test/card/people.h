/*
 * The people for whom certificates are made: rows of a TSV with a header line.
 */
#ifndef PEOPLE_H
#define PEOPLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Person
{
	const char *key; /* names the card directory; letters, digits, '-' and '_' */
	const char *name, *name_substitution;
	const char *address, *address_substitution;
	const char *birth; /* EYYYYMMDD: era digit, Gregorian date; parts may be 0 */
	const char *sex;   /* "1" male, "2" female, "3" unknown */
	const char *prefecture, *city;
	/* These columns may be missing; then NULL. */
	const char *issued;       /* YYYY-MM-DD */
	const char *card_expires; /* YYYY-MM-DD */
	const char *generation;   /* of the roots, 1 is the first */
} Person;

typedef struct People
{
	Person *rows;
	size_t count;
	char *text; /* holds what the rows point to */
} People;

/* Reads a TSV, "-" is standard input.  False with a line in problem. */
extern bool people_read(const char *path, People *people, char *problem, size_t problem_size);
extern void people_free(People *people);

#endif
