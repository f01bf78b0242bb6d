/*
 * DIR/people.tsv: which certificates were issued to whom, so that later runs
 * can go on with the serial numbers and revoke.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.h"

#define INDEX_FIRST_SERIAL 0x01000001

typedef struct IndexRow
{
	char key[65];
	uint64_t serials[PURPOSES]; /* 0: none issued */
	int generation;
	char prefecture[64], city[64];
} IndexRow;

typedef struct Index
{
	IndexRow *rows;
	size_t count, size;
} Index;

/* Reads the index; one that is not there is empty. */
extern bool index_read(Index *index, const char *directory);
extern bool index_add(Index *index, const IndexRow *row);
extern bool index_write(const Index *index, const char *directory);
extern uint64_t index_next_serial(const Index *index);
extern void index_free(Index *index);

#endif
