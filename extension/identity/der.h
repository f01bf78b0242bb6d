/*
 * Reading DER, strictly.  A slice is a stretch of bytes that somebody else
 * owns; an item is one element of it: tag, content, and the whole of both.
 * Pure C: it knows nothing of PostgreSQL, so that it is fuzzed alone.
 */
#ifndef PASSPORT_DER_H
#define PASSPORT_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DerSlice
{
	const uint8_t *data;
	size_t size;
} DerSlice;

typedef struct DerItem
{
	uint8_t tag;
	DerSlice content;
	DerSlice whole;
} DerItem;

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_UTF8_STRING 0x0c
#define DER_PRINTABLE_STRING 0x13
#define DER_IA5_STRING 0x16
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_UNIVERSAL_STRING 0x1c
#define DER_BMP_STRING 0x1e
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT(n) (0x80 | (n))             /* [n], primitive */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n], holding elements */

/* A literal's bytes as a slice, for comparing object identifiers */
#define DER_LITERAL(s) ((DerSlice){(const uint8_t *) (s), sizeof(s) - 1})

extern bool DerRead(DerSlice *rest, DerItem *item);
extern bool DerReadTag(DerSlice *rest, uint8_t tag, DerItem *item);
extern bool DerNextIs(const DerSlice *rest, uint8_t tag);
extern bool DerOnly(DerSlice bytes, uint8_t tag, DerItem *item);
extern bool DerWellFormed(DerSlice bytes);
extern bool DerEqual(DerSlice a, DerSlice b);

extern bool DerOid(const DerItem *item);
extern bool DerBoolean(const DerItem *item, bool *value);
extern bool DerUnsigned(const DerItem *item, DerSlice *magnitude);
extern bool DerBits(const DerItem *item, DerSlice *bytes, int *unused);
extern bool DerTime(const DerItem *item, int64_t *seconds);
extern int DerBitLength(DerSlice magnitude);

extern bool Utf8Valid(DerSlice text);

#endif
