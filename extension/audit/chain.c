/* A record's canonical bytes and its hash: see chain.h.  Pure C. */
#include "audit/chain.h"

#include <string.h>

#include <openssl/evp.h>

/* Bytes on their way into the digest: most records fit, and are digested at once. */
typedef struct Encoder
{
	EVP_MD_CTX *digest;
	bool good;
	size_t used;
	uint8_t bytes[1024];
} Encoder;

static void add_number(Encoder *encoder, int64_t value);
static void add_optional(Encoder *encoder, AuditNumber number);
static void add_text(Encoder *encoder, AuditText text);
static void add_list(Encoder *encoder, const AuditText *elements, int count);
static void add_head(Encoder *encoder, size_t size);
static void add_bytes(Encoder *encoder, const void *bytes, size_t size);
static void flush(Encoder *encoder);
static size_t encoded_size(AuditText text);

static const AuditText none = {NULL, 0};

/*
 * HashAuditRecord writes the hash of a record that comes after another; before
 * a chain's first record stand 32 zero bytes.  False only when OpenSSL fails.
 */
bool
HashAuditRecord(const uint8_t before[AUDIT_HASH_SIZE], const AuditRecord *record,
                uint8_t hash[AUDIT_HASH_SIZE])
{
	Encoder encoder = {.digest = EVP_MD_CTX_new(), .used = 0};

	encoder.good =
	    encoder.digest != NULL && EVP_DigestInit_ex(encoder.digest, EVP_sha256(), NULL) == 1;
	add_bytes(&encoder, before, AUDIT_HASH_SIZE);
	add_number(&encoder, record->chain);
	add_number(&encoder, record->seq);
	add_number(&encoder, record->resident_id);
	add_text(&encoder, record->kind);
	add_text(&encoder, record->who);
	add_optional(&encoder, record->holder_id);
	add_text(&encoder, record->session_id);
	add_text(&encoder, record->purpose);
	add_text(&encoder, record->source);
	add_list(&encoder, record->columns, record->column_count);
	add_optional(&encoder, record->amount);
	add_number(&encoder, record->happened_at);
	add_number(&encoder, record->recorded_at);
	flush(&encoder);
	encoder.good = encoder.good && EVP_DigestFinal_ex(encoder.digest, hash, NULL) == 1;
	EVP_MD_CTX_free(encoder.digest);
	return encoder.good;
}

static void
add_number(Encoder *encoder, int64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t) ((uint64_t) value >> (56 - 8 * i));
	add_head(encoder, sizeof(bytes));
	add_bytes(encoder, bytes, sizeof(bytes));
}

static void
add_optional(Encoder *encoder, AuditNumber number)
{
	if (number.is_null)
		add_text(encoder, none);
	else
		add_number(encoder, number.value);
}

static void
add_text(Encoder *encoder, AuditText text)
{
	static const uint8_t nothing = 0;

	if (text.data == NULL)
	{
		add_bytes(encoder, &nothing, 1);
		return;
	}
	add_head(encoder, text.size);
	add_bytes(encoder, text.data, text.size);
}

static void
add_list(Encoder *encoder, const AuditText *elements, int count)
{
	size_t size = 0;

	if (elements == NULL)
	{
		add_text(encoder, none);
		return;
	}
	for (int i = 0; i < count; i++)
		size += encoded_size(elements[i]);
	add_head(encoder, size);
	for (int i = 0; i < count; i++)
		add_text(encoder, elements[i]);
}

/* add_head begins a field that has a value; a gigabyte is the most that one can be. */
static void
add_head(Encoder *encoder, size_t size)
{
	uint8_t head[5] = {1, (uint8_t) (size >> 24), (uint8_t) (size >> 16), (uint8_t) (size >> 8),
	                   (uint8_t) size};

	add_bytes(encoder, head, sizeof(head));
}

static void
add_bytes(Encoder *encoder, const void *bytes, size_t size)
{
	if (size > sizeof(encoder->bytes) - encoder->used)
		flush(encoder);
	if (size > sizeof(encoder->bytes))
	{
		encoder->good = encoder->good && EVP_DigestUpdate(encoder->digest, bytes, size) == 1;
		return;
	}
	memcpy(encoder->bytes + encoder->used, bytes, size);
	encoder->used += size;
}

static void
flush(Encoder *encoder)
{
	encoder->good =
	    encoder->good && EVP_DigestUpdate(encoder->digest, encoder->bytes, encoder->used) == 1;
	encoder->used = 0;
}

static size_t
encoded_size(AuditText text)
{
	return text.data == NULL ? 1 : 5 + text.size;
}
