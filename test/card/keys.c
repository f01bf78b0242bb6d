/*
 * Keys from two random numbers of 1024 bits that a few Fermat tests call prime:
 * a composite among so large random numbers passes even one of them with a
 * chance below 2^-80.  EVP_RSA_gen goes by FIPS 186-4, which takes five times as
 * long and would buy nothing for a card of the tests.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "keys.h"

#define THREADS 2
#define PRIME_BITS 1024
#define PUBLIC_EXPONENT 65537
#define TRIAL_DIVISORS_UP_TO 2000

typedef struct Numbers
{
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
} Numbers;

typedef struct Share
{
	const char *name;
	size_t first, count;
	bool (*work)(size_t i, void *data);
	void *data;
	bool good;
} Share;

static bool choose_numbers(Numbers *k, BN_CTX *context);
static bool choose_prime(BIGNUM *prime, const BIGNUM *e, BN_CTX *context);
static bool has_small_divisor(const BIGNUM *number);
static EVP_PKEY *assemble_key(const Numbers *k);
static void *run_share(void *share);

EVP_PKEY *
make_key(void)
{
	BN_CTX *context = BN_CTX_new();
	EVP_PKEY *key = NULL;
	Numbers k;

	if (context == NULL)
		return NULL;
	BN_CTX_start(context);
	k = (Numbers){BN_CTX_get(context), BN_CTX_get(context), BN_CTX_get(context),
	              BN_CTX_get(context), BN_CTX_get(context), BN_CTX_get(context),
	              BN_CTX_get(context), BN_CTX_get(context)};
	if (k.qinv != NULL && choose_numbers(&k, context))
		key = assemble_key(&k);
	BN_CTX_end(context);
	BN_CTX_free(context);
	return key;
}

bool
run_in_threads(const char *name, size_t count, bool (*work)(size_t i, void *data), void *data)
{
	pthread_t threads[THREADS];
	Share shares[THREADS];
	bool started[THREADS], good = true;

	for (size_t i = 0; i < THREADS; i++)
	{
		shares[i] = (Share){name, i, count, work, data, true};
		started[i] = pthread_create(&threads[i], NULL, run_share, &shares[i]) == 0;
		if (!started[i])
			run_share(&shares[i]);
	}
	for (size_t i = 0; i < THREADS; i++)
	{
		if (started[i])
			pthread_join(threads[i], NULL);
		good = good && shares[i].good;
	}
	return good;
}

static void *
run_share(void *data)
{
	Share *share = data;
	time_t said = time(NULL);

	for (size_t i = share->first; i < share->count && share->good; i += THREADS)
	{
		share->good = share->work(i, share->data);
		/* Both shares are as large and go as fast: one may speak for both. */
		if (share->first == 0 && time(NULL) > said + 1)
		{
			said = time(NULL);
			fprintf(stderr, "hierarchy: %zu of %zu %s\n", i + 1, share->count, share->name);
		}
	}
	return NULL;
}

static bool
choose_numbers(Numbers *k, BN_CTX *context)
{
	BIGNUM *p1 = BN_CTX_get(context), *q1 = BN_CTX_get(context), *phi = BN_CTX_get(context);

	return phi != NULL && BN_set_word(k->e, PUBLIC_EXPONENT) && choose_prime(k->p, k->e, context) &&
	       choose_prime(k->q, k->e, context) && BN_cmp(k->p, k->q) != 0 &&
	       BN_mul(k->n, k->p, k->q, context) && BN_sub(p1, k->p, BN_value_one()) &&
	       BN_sub(q1, k->q, BN_value_one()) && BN_mul(phi, p1, q1, context) &&
	       BN_mod_inverse(k->d, k->e, phi, context) != NULL && BN_mod(k->dp, k->d, p1, context) &&
	       BN_mod(k->dq, k->d, q1, context) && BN_mod_inverse(k->qinv, k->q, k->p, context) != NULL;
}

/* choose_prime takes one with both upper bits set, so that the product has 2048. */
static bool
choose_prime(BIGNUM *prime, const BIGNUM *e, BN_CTX *context)
{
	static const BN_ULONG bases[] = {2, 3, 5};
	BIGNUM *power = BN_CTX_get(context), *base = BN_CTX_get(context);
	size_t passed = 0;

	while (base != NULL && passed < sizeof(bases) / sizeof(bases[0]))
	{
		passed = 0;
		if (!BN_rand(prime, PRIME_BITS, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD))
			return false;
		if (BN_mod_word(prime, BN_get_word(e)) == 1 || has_small_divisor(prime))
			continue;
		for (; passed < sizeof(bases) / sizeof(bases[0]); passed++)
			if (!BN_set_word(base, bases[passed]) ||
			    !BN_mod_exp(power, base, prime, prime, context) || BN_cmp(power, base) != 0)
				break;
	}
	return base != NULL;
}

static bool
has_small_divisor(const BIGNUM *number)
{
	for (BN_ULONG divisor = 3; divisor < TRIAL_DIVISORS_UP_TO; divisor += 2)
		if ((divisor % 3 != 0 || divisor == 3) && BN_mod_word(number, divisor) == 0)
			return true;
	return false;
}

static EVP_PKEY *
assemble_key(const Numbers *k)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *parameters = NULL;
	EVP_PKEY *key = NULL;

	if (builder != NULL && context != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, k->n) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, k->e) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, k->d) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_FACTOR1, k->p) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_FACTOR2, k->q) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT1, k->dp) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT2, k->dq) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, k->qinv) &&
	    (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
	    EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return key;
}
