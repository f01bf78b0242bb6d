/*
 * The index of issued certificates.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "output.h"

#define HEADER "key\tsignature_serial\tauthentication_serial\tgeneration\tprefecture\tcity\n"

bool
index_read(Index *index, const char *directory)
{
	FILE *file = output_open(directory, "r", "people.tsv");
	char line[512];
	bool good = true;

	memset(index, 0, sizeof(*index));
	if (file == NULL)
		return true;
	if (fgets(line, sizeof(line), file) == NULL || strcmp(line, HEADER) != 0)
		good = false;
	while (good && fgets(line, sizeof(line), file) != NULL)
	{
		IndexRow row;

		good = sscanf(line, "%64s %" SCNx64 " %" SCNx64 " %d %63s %63s", row.key,
		              &row.serials[PURPOSE_SIGNATURE], &row.serials[PURPOSE_AUTHENTICATION],
		              &row.generation, row.prefecture, row.city) == 6 &&
		       index_add(index, &row);
	}
	fclose(file);
	return good;
}

bool
index_add(Index *index, const IndexRow *row)
{
	if (index->count == index->size)
	{
		size_t size = index->size == 0 ? 256 : index->size * 2;
		IndexRow *rows = realloc(index->rows, size * sizeof(IndexRow));

		if (rows == NULL)
			return false;
		index->rows = rows;
		index->size = size;
	}
	index->rows[index->count++] = *row;
	return true;
}

bool
index_write(const Index *index, const char *directory)
{
	FILE *file = output_open(directory, "w", "people.tsv");

	if (file == NULL)
		return false;
	fputs(HEADER, file);
	for (size_t i = 0; i < index->count; i++)
	{
		const IndexRow *row = &index->rows[i];

		fprintf(file, "%s\t%08" PRIx64 "\t%08" PRIx64 "\t%d\t%s\t%s\n", row->key,
		        row->serials[PURPOSE_SIGNATURE], row->serials[PURPOSE_AUTHENTICATION],
		        row->generation, row->prefecture, row->city);
	}
	return fclose(file) == 0;
}

/* index_next_serial: the two authorities count alike, so that one number names a card. */
uint64_t
index_next_serial(const Index *index)
{
	uint64_t next = INDEX_FIRST_SERIAL;

	for (size_t i = 0; i < index->count; i++)
		if (index->rows[i].serials[PURPOSE_AUTHENTICATION] >= next)
			next = index->rows[i].serials[PURPOSE_AUTHENTICATION] + 1;
	return next;
}

void
index_free(Index *index)
{
	free(index->rows);
	memset(index, 0, sizeof(*index));
}
