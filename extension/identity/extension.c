/*
 * The extensions of a certificate that the profile uses.  Each may occur once;
 * one that is not known here is passed over unless it is critical.  Pure C.
 */
#include <string.h>

#include "identity/crl.h"
#include "identity/name.h"

/* Bounds the memory of duplicates that were seen; the profile has eight. */
#define EXTENSIONS_MAX 32

/* 1.2.392.200149.8.5, under which the profile's own identifiers stand */
#define JPKI_ARC "\x2a\x83\x08\x8c\x9b\x55\x08\x05"

static const char *parse_one(DerSlice oid, bool critical, DerSlice value, Certificate *certificate);
static const char *parse_key_usage(DerSlice value, bool critical, Certificate *certificate);
static const char *parse_basic_constraints(DerSlice value, bool critical, Certificate *certificate);
static const char *parse_policies(DerSlice value, bool critical, Certificate *certificate);
static const char *parse_alternative_names(DerSlice value, bool critical, Certificate *certificate);
static const char *parse_other_name(DerSlice other, Certificate *certificate);
static const char *parse_distribution_points(DerSlice value, bool critical,
                                             Certificate *certificate);
static bool keep_point(DerSlice name, unsigned reasons, Certificate *certificate);
static const char *parse_extended_key_usage(DerSlice value, bool critical,
                                            Certificate *certificate);
static const char *parse_no_check(DerSlice value, bool critical, Certificate *certificate);

const char *
ParseExtensions(DerSlice extensions, Certificate *certificate)
{
	DerItem sequence;
	DerSlice oid, value, seen[EXTENSIONS_MAX];
	bool critical;
	int count = 0;

	if (!DerOnly(extensions, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "extensions: they are not a sequence.";
	while (sequence.content.size > 0)
	{
		const char *fault;

		if (count == EXTENSIONS_MAX)
			return "extensions: there are more than 32.";
		if (!ReadExtension(&sequence.content, &oid, &critical, &value))
			return "extensions: one is not an extension.";
		for (int i = 0; i < count; i++)
			if (DerEqual(seen[i], oid))
				return "extensions: one occurs twice.";
		seen[count++] = oid;

		fault = parse_one(oid, critical, value, certificate);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

/* ReadExtension takes an Extension off the slice, false when none is there. */
bool
ReadExtension(DerSlice *rest, DerSlice *oid, bool *critical, DerSlice *value)
{
	DerItem extension, type, flag, content;

	*critical = false;
	if (!DerReadTag(rest, DER_SEQUENCE, &extension) ||
	    !DerReadTag(&extension.content, DER_OID, &type) || !DerOid(&type))
		return false;
	/* FALSE is the default, and DER never writes a default */
	if (DerReadTag(&extension.content, DER_BOOLEAN, &flag) &&
	    (!DerBoolean(&flag, critical) || !*critical))
		return false;
	if (!DerReadTag(&extension.content, DER_OCTET_STRING, &content) || extension.content.size != 0)
		return false;
	*oid = type.content;
	*value = content.content;
	return true;
}

static const char *
parse_one(DerSlice oid, bool critical, DerSlice value, Certificate *certificate)
{
	static const struct
	{
		DerSlice oid;
		const char *(*parse)(DerSlice value, bool critical, Certificate *certificate);
	} known[] = {
	    {DER_LITERAL("\x55\x1d\x0f"), parse_key_usage},
	    {DER_LITERAL("\x55\x1d\x13"), parse_basic_constraints},
	    {DER_LITERAL("\x55\x1d\x20"), parse_policies},
	    {DER_LITERAL("\x55\x1d\x11"), parse_alternative_names},
	    {DER_LITERAL("\x55\x1d\x1f"), parse_distribution_points},
	    {DER_LITERAL("\x55\x1d\x25"), parse_extended_key_usage},
	    {DER_LITERAL("\x2b\x06\x01\x05\x05\x07\x30\x01\x05"), parse_no_check},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (DerEqual(oid, known[i].oid))
		{
			if (!DerWellFormed(value))
				return "extensions: the value of one is not DER.";
			return known[i].parse(value, critical, certificate);
		}
	if (critical)
		certificate->unknown_critical = true;
	return NULL;
}

static const char *
parse_key_usage(DerSlice value, bool critical, Certificate *certificate)
{
	DerItem item;
	DerSlice bits;
	int unused;

	if (!DerOnly(value, DER_BIT_STRING, &item) || !DerBits(&item, &bits, &unused) ||
	    bits.size == 0 || bits.size > 2)
		return "key_usage: it is not a string of nine bits.";
	/* a string of named bits ends in its last one (X.690 11.2.2) */
	if ((bits.data[bits.size - 1] >> unused & 1) == 0)
		return "key_usage: it ends in a zero bit.";
	for (int bit = 0; bit < (int) bits.size * 8; bit++)
		if (bits.data[bit / 8] >> (7 - bit % 8) & 1)
			certificate->key_usage |= 1u << bit;
	certificate->has_key_usage = true;
	return NULL;
}

static const char *
parse_basic_constraints(DerSlice value, bool critical, Certificate *certificate)
{
	DerItem sequence, flag, length;
	DerSlice number;

	if (!DerOnly(value, DER_SEQUENCE, &sequence))
		return "basic_constraints: they are not a sequence.";
	/* some issuers write the default FALSE; it can mislead nobody here */
	if (DerReadTag(&sequence.content, DER_BOOLEAN, &flag) &&
	    !DerBoolean(&flag, &certificate->is_ca))
		return "basic_constraints: cA is neither TRUE nor FALSE.";
	if (DerReadTag(&sequence.content, DER_INTEGER, &length) && !DerUnsigned(&length, &number))
		return "basic_constraints: the path length is negative.";
	if (sequence.content.size != 0)
		return "basic_constraints: something follows them.";
	return NULL;
}

static const char *
parse_policies(DerSlice value, bool critical, Certificate *certificate)
{
	static const struct
	{
		DerSlice oid;
		unsigned policy;
	} known[] = {
	    {DER_LITERAL(JPKI_ARC "\x01\x01\x14"), POLICY_SIGNATURE},
	    {DER_LITERAL(JPKI_ARC "\x01\x00\x14"), POLICY_SIGNATURE_TEST},
	    {DER_LITERAL(JPKI_ARC "\x01\x01\x28"), POLICY_SIGNATURE_MOBILE},
	    {DER_LITERAL(JPKI_ARC "\x01\x03\x1e"), POLICY_AUTHENTICATION},
	};
	DerItem sequence, information, oid;

	if (!DerOnly(value, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "policy: the policies are not a sequence.";
	while (sequence.content.size > 0)
	{
		if (!DerReadTag(&sequence.content, DER_SEQUENCE, &information) ||
		    !DerReadTag(&information.content, DER_OID, &oid) || !DerOid(&oid))
			return "policy: one is not a policy.";
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (DerEqual(oid.content, known[i].oid))
				certificate->policies |= known[i].policy;
	}
	return NULL;
}

static const char *
parse_alternative_names(DerSlice value, bool critical, Certificate *certificate)
{
	DerItem sequence, name;

	if (!DerOnly(value, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "subject_alt_name: it is not a sequence.";
	while (sequence.content.size > 0)
	{
		const char *fault = NULL;

		if (!DerRead(&sequence.content, &name))
			return "subject_alt_name: one is not a name.";
		if (name.tag == DER_CONTEXT_CONSTRUCTED(0))
			fault = parse_other_name(name.content, certificate);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

/* parse_other_name keeps one of the six attributes; a new one (a kana name is expected) is left. */
static const char *
parse_other_name(DerSlice other, Certificate *certificate)
{
	static const DerSlice prefix = {(const uint8_t *) JPKI_ARC "\x05", 9};
	DerItem oid, wrapper, text;
	int number;

	if (!DerReadTag(&other, DER_OID, &oid) || !DerOid(&oid) ||
	    !DerReadTag(&other, DER_CONTEXT_CONSTRUCTED(0), &wrapper) || other.size != 0)
		return "other_name: one is not a type and a value.";
	if (oid.content.size != prefix.size + 1 ||
	    memcmp(oid.content.data, prefix.data, prefix.size) != 0)
		return NULL;
	number = oid.content.data[prefix.size];
	if (number < 1 || number > ATTRIBUTE_COUNT)
		return NULL;

	if (certificate->attribute[number - 1].data != NULL)
		return "other_name: an attribute occurs twice.";
	if (!DerOnly(wrapper.content, DER_UTF8_STRING, &text))
		return "other_name: an attribute is not a UTF8String.";
	if (text.content.size > ATTRIBUTE_MAX)
		return "other_name: an attribute has more than 2 KiB.";
	if (!Utf8Valid(text.content))
		return "other_name: an attribute holds NUL or is not UTF-8.";
	certificate->attribute[number - 1] = text.content;
	return NULL;
}

static const char *
parse_distribution_points(DerSlice value, bool critical, Certificate *certificate)
{
	DerItem sequence, point, name, flags;
	DerSlice directory;
	unsigned reasons;

	if (!DerOnly(value, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "distribution_point: the points are not a sequence.";
	while (sequence.content.size > 0)
	{
		if (!DerReadTag(&sequence.content, DER_SEQUENCE, &point))
			return "distribution_point: one is not a point.";
		/* one without a name here, or with another issuer, says nothing to us */
		if (!DerReadTag(&point.content, DER_CONTEXT_CONSTRUCTED(0), &name))
			continue;
		reasons = CRL_REASONS_ALL;
		if (DerReadTag(&point.content, DER_CONTEXT(1), &flags) &&
		    !ReadReasons(flags.content, &reasons))
			return "distribution_point: its reasons are not nine bits with one of them set.";
		if (point.content.size != 0 || !ReadDirectoryPoint(name.content, &directory))
			continue;
		if (!keep_point(directory, reasons, certificate))
			return "distribution_point: there are more than four.";
	}
	return NULL;
}

/* keep_point adds to the points of a certificate; one that comes again adds its reasons. */
static bool
keep_point(DerSlice name, unsigned reasons, Certificate *certificate)
{
	for (int i = 0; i < certificate->point_count; i++)
		if (DerEqual(certificate->points[i].name, name))
		{
			certificate->points[i].reasons |= reasons;
			return true;
		}
	if (certificate->point_count == POINTS_MAX)
		return false;
	certificate->points[certificate->point_count++] = (DistributionPoint){name, reasons};
	return true;
}

/* parse_extended_key_usage knows one purpose, answering for the issuer; for another a certificate
 * may be good as well, unless it says critically that it is good for nothing else. */
static const char *
parse_extended_key_usage(DerSlice value, bool critical, Certificate *certificate)
{
	DerItem sequence, oid;
	bool others = false;

	if (!DerOnly(value, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "extended_key_usage: it is not a sequence.";
	while (sequence.content.size > 0)
	{
		if (!DerReadTag(&sequence.content, DER_OID, &oid) || !DerOid(&oid))
			return "extended_key_usage: one is not a purpose.";
		if (DerEqual(oid.content, DER_LITERAL("\x2b\x06\x01\x05\x05\x07\x03\x09")))
			certificate->ocsp_signing = true;
		else
			others = true;
	}
	if (critical && others)
		certificate->unknown_critical = true;
	return NULL;
}

static const char *
parse_no_check(DerSlice value, bool critical, Certificate *certificate)
{
	DerItem null;

	if (!DerOnly(value, DER_NULL, &null))
		return "no_check: it is not NULL.";
	certificate->ocsp_no_check = true;
	return NULL;
}

/* ReadDirectoryPoint reads a DistributionPointName that holds one directory name. */
bool
ReadDirectoryPoint(DerSlice point_name, DerSlice *directory)
{
	DerItem full, general, name;

	if (!DerOnly(point_name, DER_CONTEXT_CONSTRUCTED(0), &full) ||
	    !DerOnly(full.content, DER_CONTEXT_CONSTRUCTED(4), &general) ||
	    !DerOnly(general.content, DER_SEQUENCE, &name) || !NameValid(name.whole))
		return false;
	*directory = name.whole;
	return true;
}
