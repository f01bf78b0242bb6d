/* A record's canonical bytes and its hash: see chain.h.  Pure C. */
#include "audit/chain.h"

#include <openssl/evp.h>

static bool add_number(EVP_MD_CTX *digest, int64_t value);
static bool add_optional(EVP_MD_CTX *digest, AuditNumber number);
static bool add_text(EVP_MD_CTX *digest, AuditText text);
static bool add_list(EVP_MD_CTX *digest, const AuditText *elements, int count);
static bool add_head(EVP_MD_CTX *digest, size_t size);
static size_t encoded_size(AuditText text);

/*
 * HashAuditRecord writes the hash of a record that comes after another; before
 * a chain's first record stand 32 zero bytes.  False only when OpenSSL fails.
 */
bool
HashAuditRecord(const uint8_t before[AUDIT_HASH_SIZE], const AuditRecord *record,
                uint8_t hash[AUDIT_HASH_SIZE])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool good;

	good = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(digest, before, AUDIT_HASH_SIZE) == 1 &&
	       add_number(digest, record->chain) && add_number(digest, record->seq) &&
	       add_number(digest, record->resident_id) && add_text(digest, record->kind) &&
	       add_text(digest, record->who) && add_optional(digest, record->holder_id) &&
	       add_text(digest, record->session_id) && add_text(digest, record->purpose) &&
	       add_text(digest, record->source) &&
	       add_list(digest, record->columns, record->column_count) &&
	       add_optional(digest, record->amount) && add_number(digest, record->happened_at) &&
	       add_number(digest, record->recorded_at) && EVP_DigestFinal_ex(digest, hash, NULL) == 1;
	EVP_MD_CTX_free(digest);
	return good;
}

static bool
add_number(EVP_MD_CTX *digest, int64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t) ((uint64_t) value >> (56 - 8 * i));
	return add_head(digest, sizeof(bytes)) && EVP_DigestUpdate(digest, bytes, sizeof(bytes)) == 1;
}

static bool
add_optional(EVP_MD_CTX *digest, AuditNumber number)
{
	return number.is_null ? add_text(digest, (AuditText){NULL, 0})
	                      : add_number(digest, number.value);
}

static bool
add_text(EVP_MD_CTX *digest, AuditText text)
{
	static const uint8_t none = 0;

	if (text.data == NULL)
		return EVP_DigestUpdate(digest, &none, 1) == 1;
	return add_head(digest, text.size) && EVP_DigestUpdate(digest, text.data, text.size) == 1;
}

static bool
add_list(EVP_MD_CTX *digest, const AuditText *elements, int count)
{
	size_t size = 0;

	if (elements == NULL)
		return add_text(digest, (AuditText){NULL, 0});
	for (int i = 0; i < count; i++)
		size += encoded_size(elements[i]);
	if (!add_head(digest, size))
		return false;
	for (int i = 0; i < count; i++)
		if (!add_text(digest, elements[i]))
			return false;
	return true;
}

/* add_head begins a field that has a value; a gigabyte is the most that one can be. */
static bool
add_head(EVP_MD_CTX *digest, size_t size)
{
	uint8_t head[5] = {1, (uint8_t) (size >> 24), (uint8_t) (size >> 16), (uint8_t) (size >> 8),
	                   (uint8_t) size};

	return EVP_DigestUpdate(digest, head, sizeof(head)) == 1;
}

static size_t
encoded_size(AuditText text)
{
	return text.data == NULL ? 1 : 5 + text.size;
}
