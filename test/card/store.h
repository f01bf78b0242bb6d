/*
 * What an emulated card holds: files, keys, PINs and the tries left, as a card
 * directory has them.
 */
#ifndef STORE_H
#define STORE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_MAX 4096
#define PIN_MAX 16

typedef struct Content
{
	uint8_t bytes[FILE_MAX];
	size_t length; /* 0: the card has no such file */
} Content;

/* One of the two functions of the card: its PIN, its key, its certificates. */
typedef struct Function
{
	uint16_t certificate_file, ca_file, key_file, pin_file;
	const char *certificate_name, *ca_name, *key_name;
	int max_tries;
	Content certificate, ca;
	EVP_PKEY *key;
	char pin[PIN_MAX + 1];
	int tries;
	bool verified;
} Function;

typedef struct Store
{
	char *directory;
	Function functions[2]; /* authentication, signature */
	Content label, list;   /* 0006, and 0008: which certificates exist */
} Store;

/* Loads a card directory; false when it holds no card. */
extern bool store_load(Store *store, const char *directory);
extern void store_clear(Store *store);

/* Writes the tries left: they survive the loss of power. */
extern void store_save_tries(const Store *store);

/* Returns the readable file of that number, NULL when there is none. */
extern const Content *store_find(const Store *store, uint16_t file);

#endif
