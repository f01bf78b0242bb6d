/*
 * Reads people from a TSV.  The header line names the columns, in any order;
 * columns of other names are passed over.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

#define COLUMNS_MAX 64
#define KEY_MAX 64
#define TEXT_MAX (256u << 20)

typedef struct Column
{
	const char *name;
	size_t offset;
	bool required;
} Column;

#define COLUMN(field, required)                   \
	{                                             \
#field, offsetof(Person, field), required \
	}

static const Column columns[] = {
    COLUMN(key, true),           COLUMN(name, true),
    COLUMN(address, true),       COLUMN(birth, true),
    COLUMN(sex, true),           COLUMN(prefecture, true),
    COLUMN(city, true),          COLUMN(name_substitution, false),
    COLUMN(issued, false),       COLUMN(address_substitution, false),
    COLUMN(card_expires, false), COLUMN(generation, false),
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static char *read_text(FILE *file);
static bool read_header(char *line, const Column *of_field[COLUMNS_MAX], char *problem,
                        size_t size);
static bool read_row(char *line, const Column *const of_field[COLUMNS_MAX], Person *person);
static bool person_is_good(const Person *person);

bool
people_read(const char *path, People *people, char *problem, size_t problem_size)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	const Column *of_field[COLUMNS_MAX] = {NULL};
	size_t lines = 1, number = 1;
	char *line, *rest;

	memset(people, 0, sizeof(*people));
	if (file == NULL || (people->text = read_text(file)) == NULL)
	{
		snprintf(problem, problem_size, "%s cannot be read", path);
		if (file != NULL && file != stdin)
			fclose(file);
		return false;
	}
	if (file != stdin)
		fclose(file);
	for (const char *c = people->text; *c != '\0'; c++)
		lines += *c == '\n';
	people->rows = calloc(lines, sizeof(Person));
	rest = people->text;
	line = strsep(&rest, "\n");
	if (people->rows == NULL || !read_header(line, of_field, problem, problem_size))
	{
		people_free(people);
		return false;
	}
	while ((line = strsep(&rest, "\n")) != NULL)
	{
		number++;
		if (line[0] == '\0')
			continue;
		if (!read_row(line, of_field, &people->rows[people->count++]))
		{
			snprintf(problem, problem_size, "%s: line %zu is not a person", path, number);
			people_free(people);
			return false;
		}
	}
	return true;
}

void
people_free(People *people)
{
	free(people->rows);
	free(people->text);
	memset(people, 0, sizeof(*people));
}

static char *
read_text(FILE *file)
{
	size_t length = 0, size = 1 << 16;
	char *text = malloc(size);

	while (text != NULL)
	{
		char *larger;

		length += fread(text + length, 1, size - 1 - length, file);
		if (length < size - 1)
			break;
		larger = size < TEXT_MAX ? realloc(text, size *= 2) : NULL;
		if (larger == NULL)
			free(text);
		text = larger;
	}
	if (text != NULL)
		text[length] = '\0';
	return text;
}

static bool
read_header(char *line, const Column *of_field[COLUMNS_MAX], char *problem, size_t size)
{
	bool seen[COLUMN_COUNT] = {false};
	char *name;

	for (int field = 0; (name = strsep(&line, "\t")) != NULL && field < COLUMNS_MAX; field++)
		for (size_t i = 0; i < COLUMN_COUNT; i++)
			if (strcmp(name, columns[i].name) == 0)
			{
				of_field[field] = &columns[i];
				seen[i] = true;
			}
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns[i].required && !seen[i])
		{
			snprintf(problem, size, "the header has no column \"%s\"", columns[i].name);
			return false;
		}
	return true;
}

static bool
read_row(char *line, const Column *const of_field[COLUMNS_MAX], Person *person)
{
	char *value;

	for (int field = 0; (value = strsep(&line, "\t")) != NULL && field < COLUMNS_MAX; field++)
		if (of_field[field] != NULL && value[0] != '\0' && strcmp(value, "\\N") != 0)
			*(const char **) ((char *) person + of_field[field]->offset) = value;
	return person_is_good(person);
}

/* person_is_good keeps odd rows from becoming paths or certificates. */
static bool
person_is_good(const Person *person)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns[i].required &&
		    *(const char *const *) ((const char *) person + columns[i].offset) == NULL)
			return false;
	if (strlen(person->key) > KEY_MAX || strlen(person->birth) != 9 || strlen(person->sex) != 1)
		return false;
	for (const char *c = person->key; *c != '\0'; c++)
		if (!isalnum((unsigned char) *c) && *c != '-' && *c != '_')
			return false;
	for (const char *c = person->birth; *c != '\0'; c++)
		if (!isdigit((unsigned char) *c))
			return false;
	for (const char *place = person->prefecture; place != NULL;
	     place = place == person->prefecture ? person->city : NULL)
		for (const char *c = place; *c != '\0'; c++)
			if (!isalnum((unsigned char) *c) && *c != '-')
				return false;
	return person->sex[0] >= '1' && person->sex[0] <= '3';
}
