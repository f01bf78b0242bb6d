/*
 * Reads a version 2 CRL (RFC 5280 section 5) whose scope is a directory name:
 * J-LIS parts its lists by municipality, and a list says nothing about
 * certificates of another one.  A list can have millions of entries, so it is
 * read as a stream; no entry is ever held.  Pure C.
 */
#include <string.h>

#include "identity/crl.h"
#include "identity/name.h"

static const char *parse_tbs(DerSlice rest, Crl *crl, DerSlice *algorithm);
static const char *parse_dates(DerSlice *rest, Crl *crl);
static const char *parse_extensions(DerSlice extensions, Crl *crl);
static const char *parse_one(DerSlice oid, bool critical, DerSlice value, Crl *crl);
static const char *parse_base(DerSlice value, bool critical, Crl *crl);
static const char *parse_scope(DerSlice value, Crl *crl);
static const char *parse_entry_extensions(DerSlice extensions, CrlEntry *entry);

const char *
ParseCrl(const uint8_t *der, size_t size, Crl *crl)
{
	DerItem outer, tbs, bits;
	DerSlice inner_algorithm, outer_algorithm, entries;
	CrlEntry entry;
	const char *fault;
	int unused;

	memset(crl, 0, sizeof(*crl));
	crl->reasons = CRL_REASONS_ALL;
	if (!DerOnly((DerSlice){der, size}, DER_SEQUENCE, &outer) ||
	    !DerWellFormed((DerSlice){der, size}) || !DerReadTag(&outer.content, DER_SEQUENCE, &tbs))
		return "der: the bytes are not one CRL.";
	crl->tbs = tbs.whole;
	fault = parse_tbs(tbs.content, crl, &inner_algorithm);
	if (fault != NULL)
		return fault;

	outer_algorithm = outer.content;
	if (!ReadAlgorithm(&outer.content, &crl->algorithm))
		return "algorithm: the signature's is not an algorithm identifier.";
	outer_algorithm.size -= outer.content.size;
	if (!DerEqual(inner_algorithm, outer_algorithm))
		return "algorithm: the two signature algorithms differ.";
	if (!DerReadTag(&outer.content, DER_BIT_STRING, &bits) ||
	    !DerBits(&bits, &crl->signature, &unused) || unused != 0 || outer.content.size != 0)
		return "der: the signature is not a string of whole octets, or something follows it.";

	entries = crl->entries;
	while (entries.size > 0)
	{
		fault = ReadCrlEntry(&entries, &entry);
		if (fault != NULL)
			return fault;
		if (entry.reason == CRL_REMOVE && !crl->is_delta)
			return "entries: a whole list takes one back.";
	}
	return NULL;
}

static const char *
parse_tbs(DerSlice rest, Crl *crl, DerSlice *algorithm)
{
	DerItem version, issuer, entries, extensions;
	const char *fault;

	if (!DerReadTag(&rest, DER_INTEGER, &version) || version.content.size != 1 ||
	    version.content.data[0] != 1)
		return "version: only version 2 has the extensions that are needed.";
	*algorithm = rest;
	if (!ReadAlgorithm(&rest, &crl->algorithm))
		return "algorithm: the signed part's is not an algorithm identifier.";
	algorithm->size -= rest.size;
	if (!DerReadTag(&rest, DER_SEQUENCE, &issuer) || issuer.content.size == 0 ||
	    !NameValid(issuer.whole))
		return "issuer: it is not a name of at most 1 KiB.";
	crl->issuer = issuer.whole;
	fault = parse_dates(&rest, crl);
	if (fault != NULL)
		return fault;

	/* an empty list is left out */
	if (DerNextIs(&rest, DER_SEQUENCE))
	{
		if (!DerRead(&rest, &entries) || entries.content.size == 0)
			return "entries: they are not a sequence.";
		crl->entries = entries.content;
	}
	if (!DerReadTag(&rest, DER_CONTEXT_CONSTRUCTED(0), &extensions) || rest.size != 0)
		return "extensions: they are missing, or something else stands there.";
	return parse_extensions(extensions.content, crl);
}

static const char *
parse_dates(DerSlice *rest, Crl *crl)
{
	DerItem time;

	if (!DerRead(rest, &time) || !DerTime(&time, &crl->this_update))
		return "this_update: it is not a time in Zulu.";
	if (!DerRead(rest, &time) || !DerTime(&time, &crl->next_update))
		return "next_update: it is not a time in Zulu.";
	if (crl->next_update <= crl->this_update)
		return "next_update: it does not come after thisUpdate.";
	return NULL;
}

static const char *
parse_extensions(DerSlice extensions, Crl *crl)
{
	DerItem sequence;
	DerSlice oid, value;
	bool critical;

	if (!DerOnly(extensions, DER_SEQUENCE, &sequence))
		return "extensions: they are not a sequence.";
	while (sequence.content.size > 0)
	{
		const char *fault;

		if (!ReadExtension(&sequence.content, &oid, &critical, &value))
			return "extensions: one is not an extension.";
		fault = parse_one(oid, critical, value, crl);
		if (fault != NULL)
			return fault;
	}
	if (crl->number.data == NULL)
		return "crl_number: it is missing.";
	if (crl->distribution_point.data == NULL)
		return "scope: the issuing distribution point is missing.";
	return NULL;
}

static const char *
parse_one(DerSlice oid, bool critical, DerSlice value, Crl *crl)
{
	DerItem number;

	if (DerEqual(oid, DER_LITERAL("\x55\x1d\x14")))
	{
		if (crl->number.data != NULL || !DerOnly(value, DER_INTEGER, &number) ||
		    !DerUnsigned(&number, &crl->number) || crl->number.size > SERIAL_MAX)
			return "crl_number: it is not one number of at most 20 octets.";
		return NULL;
	}
	if (DerEqual(oid, DER_LITERAL("\x55\x1d\x1c")))
	{
		if (crl->distribution_point.data != NULL || !critical)
			return "scope: the issuing distribution point is not critical, or there are two.";
		return parse_scope(value, crl);
	}
	if (DerEqual(oid, DER_LITERAL("\x55\x1d\x1b")))
		return parse_base(value, critical, crl);
	if (critical)
		return "critical_extension: one is critical and not known.";
	return NULL;
}

/* parse_base takes the mark of a delta (RFC 5280 5.2.4), which whoever does not know it must not
 * pass over. */
static const char *
parse_base(DerSlice value, bool critical, Crl *crl)
{
	DerItem number;

	if (crl->is_delta || !critical || !DerOnly(value, DER_INTEGER, &number) ||
	    !DerUnsigned(&number, &crl->base) || crl->base.size > SERIAL_MAX)
		return "delta: its base is not one critical number of at most 20 octets.";
	crl->is_delta = true;
	return NULL;
}

/* parse_scope takes an issuing distribution point that is a directory name, for certificates of
 * holders: it may say onlyContainsUserCerts and onlySomeReasons, and nothing else. */
static const char *
parse_scope(DerSlice value, Crl *crl)
{
	DerItem sequence, name, flag;

	if (!DerWellFormed(value) || !DerOnly(value, DER_SEQUENCE, &sequence) ||
	    !DerReadTag(&sequence.content, DER_CONTEXT_CONSTRUCTED(0), &name) ||
	    !ReadDirectoryPoint(name.content, &crl->distribution_point))
		return "scope: it is not one directory name.";
	if (DerReadTag(&sequence.content, DER_CONTEXT(1), &flag) &&
	    (flag.content.size != 1 || flag.content.data[0] != 0xff))
		return "scope: a flag is not TRUE.";
	if (DerReadTag(&sequence.content, DER_CONTEXT(3), &flag) &&
	    !ReadReasons(flag.content, &crl->reasons))
		return "scope: the reasons are not a string of nine bits with one of them set.";
	if (sequence.content.size != 0)
		return "scope: it is narrower than its directory name, or indirect.";
	return NULL;
}

/* ReadReasons takes the content of ReasonFlags, whose first bit is not used. */
bool
ReadReasons(DerSlice flags, unsigned *reasons)
{
	DerItem item = {DER_BIT_STRING, flags, flags};
	DerSlice bits;
	int unused;

	if (!DerBits(&item, &bits, &unused) || bits.size == 0 || bits.size > 2)
		return false;
	*reasons = 0;
	for (unsigned i = 0; i < bits.size * 8; i++)
		if (bits.data[i / 8] & (0x80 >> i % 8))
			*reasons |= 1u << i;
	/* a string of named bits ends in its last one (X.690 11.2.2) */
	return *reasons != 0 && (*reasons & ~CRL_REASONS_ALL) == 0 &&
	       (bits.data[bits.size - 1] >> unused & 1) != 0;
}

const char *
ReadCrlEntry(DerSlice *entries, CrlEntry *entry)
{
	DerItem sequence, serial, time, extensions;

	entry->reason = 0;
	if (!DerReadTag(entries, DER_SEQUENCE, &sequence) ||
	    !DerReadTag(&sequence.content, DER_INTEGER, &serial) ||
	    !DerUnsigned(&serial, &entry->serial) || entry->serial.size > SERIAL_MAX)
		return "entries: the serial number of one is not a number of at most 20 octets.";
	if (!DerRead(&sequence.content, &time) || !DerTime(&time, &entry->revoked_at))
		return "entries: the date of one is not a time in Zulu.";
	if (sequence.content.size == 0)
		return NULL;
	if (!DerReadTag(&sequence.content, DER_SEQUENCE, &extensions) || sequence.content.size != 0)
		return "entries: something follows one.";
	return parse_entry_extensions(extensions.content, entry);
}

static const char *
parse_entry_extensions(DerSlice extensions, CrlEntry *entry)
{
	DerSlice oid, value, number;
	DerItem reason;
	bool critical;

	while (extensions.size > 0)
	{
		if (!ReadExtension(&extensions, &oid, &critical, &value))
			return "entries: an extension of one is not an extension.";
		if (DerEqual(oid, DER_LITERAL("\x55\x1d\x15")))
		{
			/* 7 is not used */
			if (!DerOnly(value, DER_ENUMERATED, &reason) || !DerUnsigned(&reason, &number) ||
			    number.size != 1 || number.data[0] == 7 || number.data[0] > 10)
				return "entries: the reason of one is not a reason.";
			entry->reason = number.data[0];
		}
		else if (critical)
			return "critical_extension: one of an entry is critical and not known.";
	}
	return NULL;
}

const char *
CrlReasonName(int reason)
{
	static const char *const names[] = {
	    "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
	    "superseded",    "cessationOfOperation", "certificateHold", "unknown",
	    "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};

	return reason >= 0 && reason <= 10 ? names[reason] : "unknown";
}
