/*
 * The reference of the figure "verify": what a plain OpenSSL program does for
 * each signature - parse the certificate, X509_verify_cert against the root and
 * its revocation list, verify the digest.
 *
 *   verify_loop sign CARDS OUT    signs a message with each card, writes
 *                                 "certificate<TAB>message<TAB>signature" in hex
 *                                 for COPY
 *   verify_loop measure ROOT CRL IN   verifies each line of IN, prints verifications/s
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

struct bytes
{
	unsigned char *data;
	long length;
};

struct sample
{
	struct bytes certificate, message, signature;
};

static void
fail(const char *what)
{
	fprintf(stderr, "verify_loop: %s\n", what);
	exit(1);
}

static struct bytes
slurp(const char *path)
{
	struct bytes b = {NULL, 0};
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		fail(path);
	fseek(f, 0, SEEK_END);
	b.length = ftell(f);
	rewind(f);
	b.data = malloc(b.length);
	if (b.data == NULL || fread(b.data, 1, b.length, f) != (size_t) b.length)
		fail(path);
	fclose(f);
	return b;
}

static void
print_hex(FILE *out, const unsigned char *data, size_t length, char end)
{
	fputs("\\\\x", out);
	for (size_t i = 0; i < length; i++)
		fprintf(out, "%02x", data[i]);
	fputc(end, out);
}

/* sign_all signs one message of its own with each card of the folder. */
static int
sign_all(const char *cards, const char *path)
{
	DIR *folder = opendir(cards);
	FILE *out = fopen(path, "w");
	struct dirent *entry;

	if (folder == NULL || out == NULL)
		fail("cannot open the folder or the output");
	while ((entry = readdir(folder)) != NULL)
	{
		char name[4096];
		unsigned char signature[512];
		size_t length = sizeof(signature);
		struct bytes certificate, key;
		const unsigned char *p;
		EVP_PKEY *pkey;
		EVP_MD_CTX *md = EVP_MD_CTX_new();
		char message[300];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s/auth.der", cards, entry->d_name);
		certificate = slurp(name);
		snprintf(name, sizeof(name), "%s/%s/auth.key", cards, entry->d_name);
		key = slurp(name);
		p = key.data;
		pkey = d2i_AutoPrivateKey(NULL, &p, key.length);
		if (pkey == NULL)
			fail("a key does not parse");
		snprintf(message, sizeof(message), "log in to passport, %s", entry->d_name);
		if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey) != 1 ||
		    EVP_DigestSign(md, signature, &length, (unsigned char *) message, strlen(message)) != 1)
			fail("signing failed");
		print_hex(out, certificate.data, certificate.length, '\t');
		print_hex(out, (unsigned char *) message, strlen(message), '\t');
		print_hex(out, signature, length, '\n');
		EVP_MD_CTX_free(md);
		EVP_PKEY_free(pkey);
		free(certificate.data);
		free(key.data);
	}
	closedir(folder);
	return fclose(out);
}

/* from_hex reads "\\x..." up to a tab or a line's end. */
static struct bytes
from_hex(char **at)
{
	struct bytes b = {NULL, 0};
	char *p = *at + 3; /* COPY's backslash is doubled */
	size_t digits = strcspn(p, "\t\n");

	b.data = malloc(digits / 2 + 1);
	for (size_t i = 0; i + 1 < digits; i += 2)
	{
		unsigned int value;

		sscanf(p + i, "%2x", &value);
		b.data[b.length++] = (unsigned char) value;
	}
	*at = p + digits + 1;
	return b;
}

static size_t
read_samples(const char *path, struct sample **samples)
{
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t room = 0, count = 0;

	if (in == NULL)
		fail(path);
	*samples = NULL;
	while (getline(&line, &room, in) > 0)
	{
		char *at = line;

		*samples = realloc(*samples, (count + 1) * sizeof(struct sample));
		(*samples)[count].certificate = from_hex(&at);
		(*samples)[count].message = from_hex(&at);
		(*samples)[count].signature = from_hex(&at);
		count++;
	}
	free(line);
	fclose(in);
	return count;
}

/* verify does for one sample all that the reference does. */
static int
verify(X509_STORE *store, const struct sample *s)
{
	const unsigned char *p = s->certificate.data;
	X509 *certificate = d2i_X509(NULL, &p, s->certificate.length);
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int good =
	    certificate != NULL && X509_STORE_CTX_init(context, store, certificate, NULL) == 1 &&
	    X509_verify_cert(context) == 1 &&
	    EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, X509_get0_pubkey(certificate)) == 1 &&
	    EVP_DigestVerify(md, s->signature.data, s->signature.length, s->message.data,
	                     s->message.length) == 1;

	EVP_MD_CTX_free(md);
	X509_STORE_CTX_free(context);
	X509_free(certificate);
	return good;
}

static int
measure(const char *root, const char *crl, const char *path)
{
	struct bytes r = slurp(root), c = slurp(crl);
	const unsigned char *p = r.data, *q = c.data;
	X509_STORE *store = X509_STORE_new();
	struct sample *samples;
	size_t count = read_samples(path, &samples), good = 0;
	struct timespec begin, end;

	if (X509_STORE_add_cert(store, d2i_X509(NULL, &p, r.length)) != 1 ||
	    X509_STORE_add_crl(store, d2i_X509_CRL(NULL, &q, c.length)) != 1)
		fail("root or list does not parse");
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < count; i++)
		good += verify(store, &samples[i]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (good != count)
		fail("a good signature did not verify");
	printf("%.0f\n", count / ((end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9));
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "sign") == 0)
		return sign_all(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "measure") == 0)
		return measure(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: verify_loop sign CARDS OUT | measure ROOT CRL IN\n");
	return 2;
}
