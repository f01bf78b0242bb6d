/*
 * Distinguished names.  A name is a SEQUENCE of SETs of (type, value); values
 * are PrintableString, UTF8String or IA5String, as in every certificate of
 * this profile.  Two names are the same when their bytes are.  Pure C.
 */
#include <stdio.h>
#include <string.h>

#include "identity/name.h"

typedef struct Writer
{
	char *text;
	size_t used;
} Writer;

static const struct
{
	DerSlice oid;
	const char *label;
} known_types[] = {
    {DER_LITERAL("\x55\x04\x03"), "CN"},     {DER_LITERAL("\x55\x04\x06"), "C"},
    {DER_LITERAL("\x55\x04\x07"), "L"},      {DER_LITERAL("\x55\x04\x08"), "ST"},
    {DER_LITERAL("\x55\x04\x09"), "STREET"}, {DER_LITERAL("\x55\x04\x0a"), "O"},
    {DER_LITERAL("\x55\x04\x0b"), "OU"},
};

static bool read_pair(DerSlice *set, DerItem *type, DerItem *value);
static bool value_valid(const DerItem *value);
static bool ascending(DerSlice before, DerSlice after);
static void write_pair(Writer *out, const DerItem *type, const DerItem *value);
static void write_value(Writer *out, DerSlice value);
static void write_char(Writer *out, char c);
static void write_oid(Writer *out, DerSlice oid);

/* NameValid checks the whole of a name, so that the others need not. */
bool
NameValid(DerSlice name)
{
	DerItem sequence, set, type, value;

	if (name.size > NAME_DER_MAX || !DerOnly(name, DER_SEQUENCE, &sequence))
		return false;
	while (sequence.content.size > 0)
	{
		DerSlice before = {NULL, 0};

		if (!DerReadTag(&sequence.content, DER_SET, &set) || set.content.size == 0)
			return false;
		while (set.content.size > 0)
		{
			DerSlice start = set.content;

			if (!read_pair(&set.content, &type, &value) || !value_valid(&value))
				return false;
			start.size -= set.content.size;
			/* DER sorts the members of a set */
			if (before.data != NULL && !ascending(before, start))
				return false;
			before = start;
		}
	}
	return true;
}

static bool
read_pair(DerSlice *set, DerItem *type, DerItem *value)
{
	DerItem pair;

	return DerReadTag(set, DER_SEQUENCE, &pair) && DerReadTag(&pair.content, DER_OID, type) &&
	       DerOid(type) && DerRead(&pair.content, value) && pair.content.size == 0;
}

static bool
value_valid(const DerItem *value)
{
	if (value->content.size == 0 || (value->tag != DER_PRINTABLE_STRING &&
	                                 value->tag != DER_UTF8_STRING && value->tag != DER_IA5_STRING))
		return false;
	if (value->tag != DER_UTF8_STRING)
		for (size_t i = 0; i < value->content.size; i++)
			if (value->content.data[i] >= 0x80)
				return false;
	return Utf8Valid(value->content);
}

static bool
ascending(DerSlice before, DerSlice after)
{
	size_t common = before.size < after.size ? before.size : after.size;
	int order = memcmp(before.data, after.data, common);

	return order < 0 || (order == 0 && before.size <= after.size);
}

/* NameOrganization finds the one O of a valid name; false when there is none, or several. */
bool
NameOrganization(DerSlice name, DerSlice *organization)
{
	DerItem sequence, set, type, value;
	bool found = false;

	if (!DerOnly(name, DER_SEQUENCE, &sequence))
		return false;
	while (DerReadTag(&sequence.content, DER_SET, &set))
		while (read_pair(&set.content, &type, &value))
			if (DerEqual(type.content, DER_LITERAL("\x55\x04\x0a")))
			{
				if (found)
					return false;
				*organization = value.content;
				found = true;
			}
	return found;
}

/* NameText writes a valid name as RFC 2253 does: the last part first. */
void
NameText(DerSlice name, char text[NAME_TEXT_MAX])
{
	Writer out = {text, 0};
	DerItem sequence, set, type, value;
	DerSlice sets[NAME_DER_MAX / 11]; /* no part is shorter than eleven bytes */
	int count = 0;

	if (NameValid(name) && DerOnly(name, DER_SEQUENCE, &sequence))
		while (count < (int) (sizeof(sets) / sizeof(sets[0])) &&
		       DerReadTag(&sequence.content, DER_SET, &set))
			sets[count++] = set.content;
	for (int i = count - 1; i >= 0; i--)
	{
		bool first = true;

		while (read_pair(&sets[i], &type, &value))
		{
			if (!first)
				write_char(&out, '+');
			first = false;
			write_pair(&out, &type, &value);
		}
		if (i > 0)
			write_char(&out, ',');
	}
	text[out.used] = '\0';
}

static void
write_pair(Writer *out, const DerItem *type, const DerItem *value)
{
	char hex[3];

	for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
		if (DerEqual(type->content, known_types[i].oid))
		{
			for (const char *c = known_types[i].label; *c; c++)
				write_char(out, *c);
			write_char(out, '=');
			write_value(out, value->content);
			return;
		}

	/* what has no name is written as it is encoded */
	write_oid(out, type->content);
	write_char(out, '=');
	write_char(out, '#');
	for (size_t i = 0; i < value->whole.size; i++)
	{
		snprintf(hex, sizeof(hex), "%02X", value->whole.data[i]);
		write_char(out, hex[0]);
		write_char(out, hex[1]);
	}
}

static void
write_value(Writer *out, DerSlice value)
{
	for (size_t i = 0; i < value.size; i++)
	{
		uint8_t c = value.data[i];
		bool edge_space = c == ' ' && (i == 0 || i == value.size - 1);

		if (c < 0x20 || c == 0x7f)
		{
			char hex[4];

			snprintf(hex, sizeof(hex), "\\%02X", c);
			for (int j = 0; j < 3; j++)
				write_char(out, hex[j]);
			continue;
		}
		if (strchr(",+\"\\<>;", c) != NULL || edge_space || (c == '#' && i == 0))
			write_char(out, '\\');
		write_char(out, (char) c);
	}
}

static void
write_oid(Writer *out, DerSlice oid)
{
	uint64_t arc = 0;
	bool first = true;
	char number[48];

	for (size_t i = 0; i < oid.size; i++)
	{
		/* an arc too large to write is cut: it names nothing that we know */
		arc = (arc & (UINT64_MAX >> 8)) << 7 | (oid.data[i] & 0x7f);
		if (oid.data[i] & 0x80)
			continue;
		if (first)
		{
			int root = arc < 80 ? (int) (arc / 40) : 2;

			snprintf(number, sizeof(number), "%d.%llu", root, (unsigned long long) arc - 40 * root);
		}
		else
			snprintf(number, sizeof(number), ".%llu", (unsigned long long) arc);
		for (const char *c = number; *c; c++)
			write_char(out, *c);
		first = false;
		arc = 0;
	}
}

/* One byte always stays free for the terminating NUL. */
static void
write_char(Writer *out, char c)
{
	if (out->used < NAME_TEXT_MAX - 1)
		out->text[out->used++] = c;
}
