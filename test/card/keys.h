/*
 * RSA-2048 keys, made quickly.
 */
#ifndef KEYS_H
#define KEYS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

/* Makes one key; NULL when memory is short. */
extern EVP_PKEY *make_key(void);

/*
 * Runs work(i, data) for 0 <= i < count on two threads; false when one failed.
 * Says every second how far it is, calling the pieces by their name.
 */
extern bool run_in_threads(const char *name, size_t count, bool (*work)(size_t i, void *data),
                           void *data);

#endif
