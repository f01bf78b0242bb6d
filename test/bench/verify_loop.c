/*
 * The reference of the figure "verify": what a plain OpenSSL program does for
 * each signature - parse the certificate, X509_verify_cert against the roots of
 * its purpose and their revocation list, verify the digest.
 *
 *   verify_loop HIERARCHY SHEET
 *
 * reads roots and lists of the folder HIERARCHY and the samples of SHEET (key,
 * purpose, certificate, message, signature, as test/card/hierarchy --sheet writes
 * them) and prints verifications per second.
 */
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

struct bytes
{
	unsigned char *data;
	long length;
};

struct sample
{
	bool signs; /* purpose: signature, else authentication */
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
		char *at = strchr(line, '\t'); /* behind the key */
		bool signs = at != NULL && strncmp(at + 1, "signature\t", 10) == 0;

		if (at == NULL || (at = strchr(at + 1, '\t')) == NULL)
			fail("the sheet has a line without its fields");
		at++;
		*samples = realloc(*samples, (count + 1) * sizeof(struct sample));
		(*samples)[count].signs = signs;
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

/* make_store trusts one purpose's root and knows its lists. */
static X509_STORE *
make_store(const char *folder, const char *purpose)
{
	X509_STORE *store = X509_STORE_new();
	char pattern[4096];
	struct bytes b;
	const unsigned char *p;
	glob_t lists;

	snprintf(pattern, sizeof(pattern), "%s/%s-root.der", folder, purpose);
	b = slurp(pattern);
	p = b.data;
	if (X509_STORE_add_cert(store, d2i_X509(NULL, &p, b.length)) != 1)
		fail("a root does not parse");
	snprintf(pattern, sizeof(pattern), "%s/crl-%s*.der", folder, purpose);
	if (glob(pattern, 0, NULL, &lists) != 0)
		fail("there is no revocation list");
	for (size_t i = 0; i < lists.gl_pathc; i++)
	{
		b = slurp(lists.gl_pathv[i]);
		p = b.data;
		if (X509_STORE_add_crl(store, d2i_X509_CRL(NULL, &p, b.length)) != 1)
			fail("a revocation list does not parse");
	}
	globfree(&lists);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT);
	return store;
}

int
main(int argc, char **argv)
{
	X509_STORE *signature, *authentication;
	struct sample *samples;
	size_t count, good = 0;
	struct timespec begin, end;

	if (argc != 3)
	{
		fprintf(stderr, "usage: verify_loop HIERARCHY SHEET\n");
		return 2;
	}
	signature = make_store(argv[1], "signature");
	authentication = make_store(argv[1], "authentication");
	count = read_samples(argv[2], &samples);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < count; i++)
		good += verify(samples[i].signs ? signature : authentication, &samples[i]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (good != count)
		fail("a good signature did not verify");
	printf("%.0f\n", count / ((end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9));
	return 0;
}
