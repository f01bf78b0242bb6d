/*
 * A reader for DER (X.690), strict where OpenSSL is generous: one-byte tags,
 * definite lengths in their shortest form, minimal integers, no trailing
 * bytes.  Whatever it accepts re-encodes to the same bytes.  It allocates
 * nothing, and no read leaves the slice that it was given.
 */
#include <string.h>

#include "identity/der.h"

/* Nothing that we read nests deeper than half of this. */
#define DER_MAX_DEPTH 16

static bool well_formed(DerSlice bytes, int depth);
static bool content_valid(const DerItem *item);
static bool integer_minimal(DerSlice number);
static bool read_digits(const uint8_t **at, int count, int *value);
static int64_t days_from_civil(int year, int month, int day);

/* DerRead takes the next element off the slice; false when none is readable. */
bool
DerRead(DerSlice *rest, DerItem *item)
{
	const uint8_t *at = rest->data;
	size_t left = rest->size;
	size_t length;
	size_t header = 2;

	if (left < 2 || (at[0] & 0x1f) == 0x1f)
		return false;
	length = at[1];
	if (length >= 0x80)
	{
		size_t octets = length & 0x7f;

		/* 0x80 would be BER's indefinite length */
		if (octets == 0 || octets > 4 || left < 2 + octets || at[2] == 0)
			return false;
		length = 0;
		for (size_t i = 0; i < octets; i++)
			length = length << 8 | at[2 + i];
		if (length < 0x80)
			return false;
		header += octets;
	}
	if (length > left - header)
		return false;

	item->tag = at[0];
	item->content = (DerSlice){at + header, length};
	item->whole = (DerSlice){at, header + length};
	rest->data += header + length;
	rest->size -= header + length;
	return true;
}

/* DerReadTag takes the next element off the slice if it has this tag. */
bool
DerReadTag(DerSlice *rest, uint8_t tag, DerItem *item)
{
	return DerNextIs(rest, tag) && DerRead(rest, item);
}

/* DerNextIs tells whether an element with this tag comes next. */
bool
DerNextIs(const DerSlice *rest, uint8_t tag)
{
	return rest->size > 0 && rest->data[0] == tag;
}

/* DerOnly reads bytes that must be exactly one element with this tag. */
bool
DerOnly(DerSlice bytes, uint8_t tag, DerItem *item)
{
	return DerReadTag(&bytes, tag, item) && bytes.size == 0;
}

/* DerWellFormed walks all elements to the innermost and checks their framing. */
bool
DerWellFormed(DerSlice bytes)
{
	return well_formed(bytes, 0);
}

static bool
well_formed(DerSlice bytes, int depth)
{
	DerItem item;

	while (bytes.size > 0)
	{
		if (depth == DER_MAX_DEPTH || !DerRead(&bytes, &item) || !content_valid(&item))
			return false;
		if ((item.tag & 0x20) && !well_formed(item.content, depth + 1))
			return false;
	}
	return true;
}

/* content_valid checks what the universal types may hold, also where nobody reads it. */
static bool
content_valid(const DerItem *item)
{
	DerSlice bytes;
	bool truth;
	int unused;

	switch (item->tag)
	{
		case DER_BOOLEAN:
			return DerBoolean(item, &truth);
		case DER_INTEGER:
		case DER_ENUMERATED:
			return integer_minimal(item->content);
		case DER_BIT_STRING:
			return DerBits(item, &bytes, &unused);
		case DER_NULL:
			return item->content.size == 0;
		case DER_OID:
			return DerOid(item);
		case DER_BMP_STRING: /* two octets a character */
			return item->content.size % 2 == 0;
		case DER_UNIVERSAL_STRING: /* four */
			return item->content.size % 4 == 0;
		case 0x00: /* BER's end of contents */
		case 0x10: /* a sequence or a set is constructed in DER ... */
		case 0x11:
			return false;
		default:
			/* ... and nothing else of the universal types is */
			return (item->tag & 0xe0) != 0x20 || item->tag == DER_SEQUENCE || item->tag == DER_SET;
	}
}

/* integer_minimal tells whether the first nine bits of a number differ (X.690 8.3.2). */
static bool
integer_minimal(DerSlice number)
{
	if (number.size < 2)
		return number.size == 1;
	return number.data[0] == 0 ? (number.data[1] & 0x80) != 0
	                           : number.data[0] != 0xff || (number.data[1] & 0x80) == 0;
}

/* DerEqual compares bytes. */
bool
DerEqual(DerSlice a, DerSlice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* DerOid checks an object identifier: whole arcs, none padded. */
bool
DerOid(const DerItem *item)
{
	bool arc_begins = true;

	if (item->tag != DER_OID || item->content.size == 0 || item->content.size > 64)
		return false;
	for (size_t i = 0; i < item->content.size; i++)
	{
		uint8_t octet = item->content.data[i];

		if (arc_begins && octet == 0x80)
			return false;
		arc_begins = (octet & 0x80) == 0;
	}
	return arc_begins;
}

/* DerBoolean reads TRUE (FF) or FALSE (00), nothing between. */
bool
DerBoolean(const DerItem *item, bool *value)
{
	if (item->tag != DER_BOOLEAN || item->content.size != 1)
		return false;
	*value = item->content.data[0] == 0xff;
	return *value || item->content.data[0] == 0;
}

/* DerUnsigned reads an INTEGER that is not negative, without its sign octet. */
bool
DerUnsigned(const DerItem *item, DerSlice *magnitude)
{
	DerSlice number = item->content;

	if ((item->tag != DER_INTEGER && item->tag != DER_ENUMERATED) || !integer_minimal(number) ||
	    (number.data[0] & 0x80))
		return false;
	if (number.size > 1 && number.data[0] == 0)
	{
		number.data++;
		number.size--;
	}
	*magnitude = number;
	return true;
}

/* DerBits reads a BIT STRING whose unused bits are zero. */
bool
DerBits(const DerItem *item, DerSlice *bytes, int *unused)
{
	DerSlice content = item->content;

	if (item->tag != DER_BIT_STRING || content.size == 0 || content.data[0] > 7)
		return false;
	*unused = content.data[0];
	*bytes = (DerSlice){content.data + 1, content.size - 1};
	if (bytes->size == 0)
		return *unused == 0;
	return (bytes->data[bytes->size - 1] & ((1 << *unused) - 1)) == 0;
}

/* DerTime reads a UTCTime or GeneralizedTime, to the second and in Zulu only. */
bool
DerTime(const DerItem *item, int64_t *seconds)
{
	const uint8_t *at = item->content.data;
	int year, month, day, hour, minute, second;
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap;

	if (item->tag == DER_UTC_TIME && item->content.size == 13)
	{
		if (!read_digits(&at, 2, &year))
			return false;
		year += year < 50 ? 2000 : 1900;
	}
	else if (item->tag == DER_GENERALIZED_TIME && item->content.size == 15)
	{
		if (!read_digits(&at, 4, &year))
			return false;
	}
	else
		return false;
	if (!read_digits(&at, 2, &month) || !read_digits(&at, 2, &day) || !read_digits(&at, 2, &hour) ||
	    !read_digits(&at, 2, &minute) || !read_digits(&at, 2, &second) || *at != 'Z')
		return false;

	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month < 1 || month > 12 || day < 1 || day > days[month - 1] + (month == 2 && leap) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

static bool
read_digits(const uint8_t **at, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, (*at)++)
	{
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March here, so that the
 * leap day is a year's last. */
static int64_t
days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

/* DerBitLength counts the bits of an unsigned number without leading zero octets. */
int
DerBitLength(DerSlice magnitude)
{
	int bits = 0;

	if (magnitude.size == 0)
		return 0;
	for (uint8_t top = magnitude.data[0]; top != 0; top >>= 1)
		bits++;
	return bits + 8 * (int) (magnitude.size - 1);
}

/* Utf8Valid accepts well-formed UTF-8 (RFC 3629) without NUL. */
bool
Utf8Valid(DerSlice text)
{
	const uint8_t *at = text.data;
	const uint8_t *end = at + text.size;

	while (at < end)
	{
		uint8_t lead = *at++;
		int follow = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
		uint32_t code = lead & (0x3f >> follow);
		static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

		if (lead == 0 || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
			return false;
		if (lead < 0x80)
			continue;
		if (end - at < follow)
			return false;
		for (int i = 0; i < follow; i++, at++)
		{
			if ((*at & 0xc0) != 0x80)
				return false;
			code = code << 6 | (*at & 0x3f);
		}
		if (code < least[follow] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return false;
	}
	return true;
}
