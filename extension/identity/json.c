/*
 * The JSON of a token: one object, whose members are strings, whole numbers
 * and arrays of strings.  Escapes are refused, for what we sign has none;
 * so are members of the same name, which readers resolve differently.  Pure C.
 */
#include <string.h>

#include "identity/token.h"

#define MEMBERS_MAX 32
#define NUMBER_MAX (INT64_C(1) << 53) /* what every reader of JSON holds exactly */

static bool read_member(DerSlice *rest, JsonMember *member);
static bool read_string(DerSlice *rest, DerSlice *string);
static bool read_number(DerSlice *rest, int64_t *number);
static bool read_strings(DerSlice *rest);
static bool read_mark(DerSlice *rest, char mark);
static void skip_space(DerSlice *rest);

bool
ReadFlatJson(DerSlice text, JsonTake take, void *to)
{
	DerSlice seen[MEMBERS_MAX];
	int count = 0;
	JsonMember member;

	if (!read_mark(&text, '{'))
		return false;
	do
	{
		if (count == MEMBERS_MAX || !read_member(&text, &member))
			return false;
		for (int i = 0; i < count; i++)
			if (DerEqual(seen[i], member.name))
				return false;
		seen[count++] = member.name;
		if (!take(&member, to))
			return false;
	} while (read_mark(&text, ','));
	if (!read_mark(&text, '}'))
		return false;
	skip_space(&text);
	return text.size == 0;
}

static bool
read_member(DerSlice *rest, JsonMember *member)
{
	memset(member, 0, sizeof(*member));
	if (!read_string(rest, &member->name) || !read_mark(rest, ':'))
		return false;
	skip_space(rest);
	if (rest->size == 0)
		return false;
	switch (rest->data[0])
	{
		case '"':
			member->kind = JSON_STRING;
			return read_string(rest, &member->text);
		case '[':
			member->kind = JSON_STRINGS;
			return read_strings(rest);
		default:
			member->kind = JSON_NUMBER;
			return read_number(rest, &member->number);
	}
}

static bool
read_string(DerSlice *rest, DerSlice *string)
{
	size_t size = 0;

	if (!read_mark(rest, '"'))
		return false;
	while (size < rest->size && rest->data[size] != '"')
	{
		if (rest->data[size] < 0x20 || rest->data[size] == '\\')
			return false;
		size++;
	}
	if (size == rest->size)
		return false;
	*string = (DerSlice){rest->data, size};
	rest->data += size + 1;
	rest->size -= size + 1;
	return Utf8Valid(*string);
}

static bool
read_number(DerSlice *rest, int64_t *number)
{
	size_t digits = 0;

	*number = 0;
	while (digits < rest->size && rest->data[digits] >= '0' && rest->data[digits] <= '9')
	{
		*number = *number * 10 + (rest->data[digits++] - '0');
		if (*number > NUMBER_MAX)
			return false;
	}
	if (digits == 0 || (digits > 1 && rest->data[0] == '0'))
		return false;
	rest->data += digits;
	rest->size -= digits;
	return true;
}

static bool
read_strings(DerSlice *rest)
{
	DerSlice string;

	if (!read_mark(rest, '['))
		return false;
	if (read_mark(rest, ']'))
		return true;
	do
	{
		if (!read_string(rest, &string))
			return false;
	} while (read_mark(rest, ','));
	return read_mark(rest, ']');
}

static bool
read_mark(DerSlice *rest, char mark)
{
	skip_space(rest);
	if (rest->size == 0 || rest->data[0] != (uint8_t) mark)
		return false;
	rest->data++;
	rest->size--;
	return true;
}

static void
skip_space(DerSlice *rest)
{
	while (rest->size > 0 && memchr(" \t\r\n", rest->data[0], 4) != NULL)
	{
		rest->data++;
		rest->size--;
	}
}
