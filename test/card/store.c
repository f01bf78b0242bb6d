/*
 * What an emulated card holds.
 */
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

static const Function blank_functions[2] = {
    {.certificate_file = 0x000A,
     .ca_file = 0x000B,
     .key_file = 0x0017,
     .pin_file = 0x0018,
     .certificate_name = "auth.der",
     .ca_name = "auth-ca.der",
     .key_name = "auth.key",
     .max_tries = 3,
     .pin = "1234"},
    {.certificate_file = 0x0001,
     .ca_file = 0x0002,
     .key_file = 0x001A,
     .pin_file = 0x001B,
     .certificate_name = "sign.der",
     .ca_name = "sign-ca.der",
     .key_name = "sign.key",
     .max_tries = 5,
     .pin = "ABC123"},
};

static bool load_function(const Store *store, Function *function);
static bool load_content(const Store *store, const char *name, Content *content);
static EVP_PKEY *load_key(const Store *store, const char *name);
static void load_pins(Store *store);
static void load_tries(Store *store);
static void make_free_files(Store *store);
static FILE *open_file(const Store *store, const char *name, const char *mode);

bool
store_load(Store *store, const char *directory)
{
	memset(store, 0, sizeof(*store));
	store->directory = strdup(directory);
	memcpy(store->functions, blank_functions, sizeof(blank_functions));
	if (store->directory == NULL || !load_function(store, &store->functions[0]) ||
	    !load_function(store, &store->functions[1]) ||
	    (store->functions[0].key == NULL && store->functions[1].key == NULL))
	{
		store_clear(store);
		return false;
	}
	load_pins(store);
	load_tries(store);
	make_free_files(store);
	return true;
}

void
store_clear(Store *store)
{
	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(store->functions[i].key);
	free(store->directory);
	OPENSSL_cleanse(store, sizeof(*store));
}

void
store_save_tries(const Store *store)
{
	FILE *file = open_file(store, "tries", "w");

	if (file == NULL)
		return;
	fprintf(file, "%d %d\n", store->functions[0].tries, store->functions[1].tries);
	fclose(file);
}

const Content *
store_find(const Store *store, uint16_t file)
{
	const Content *content = NULL;

	if (file == 0x0006)
		content = &store->label;
	else if (file == 0x0008)
		content = &store->list;
	for (int i = 0; i < 2; i++)
	{
		if (file == store->functions[i].certificate_file)
			content = &store->functions[i].certificate;
		else if (file == store->functions[i].ca_file)
			content = &store->functions[i].ca;
	}
	return content == NULL || content->length == 0 ? NULL : content;
}

/*
 * load_function loads key and certificates of one function.  A card without
 * one of the two functions is a card (children have no signature certificate);
 * a certificate without its key is not.
 */
static bool
load_function(const Store *store, Function *function)
{
	function->tries = function->max_tries;
	if (!load_content(store, function->certificate_name, &function->certificate))
		return true;
	load_content(store, function->ca_name, &function->ca);
	function->key = load_key(store, function->key_name);
	return function->key != NULL;
}

/*
 * load_content loads an elementary file.  The filler behind the data is what
 * real cards have: readers must go by the length in the DER header.
 */
static bool
load_content(const Store *store, const char *name, Content *content)
{
	FILE *file = open_file(store, name, "rb");
	size_t length;

	if (file == NULL)
		return false;
	length = fread(content->bytes, 1, FILE_MAX, file);
	fclose(file);
	if (length == 0 || length == FILE_MAX)
		return false;
	content->length = (length + 255) / 256 * 256;
	memset(content->bytes + length, 0xFF, content->length - length);
	return true;
}

static EVP_PKEY *
load_key(const Store *store, const char *name)
{
	FILE *file = open_file(store, name, "rb");
	EVP_PKEY *key;

	if (file == NULL)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

/* load_pins reads other PINs than the usual ones, where the directory has them. */
static void
load_pins(Store *store)
{
	char authentication[PIN_MAX + 1], signature[PIN_MAX + 1];
	FILE *file = open_file(store, "pins", "r");

	if (file == NULL)
		return;
	if (fscanf(file, "%16s %16s", authentication, signature) == 2)
	{
		strcpy(store->functions[0].pin, authentication);
		strcpy(store->functions[1].pin, signature);
	}
	fclose(file);
}

static void
load_tries(Store *store)
{
	int authentication, signature;
	FILE *file = open_file(store, "tries", "r");

	if (file == NULL)
		return;
	if (fscanf(file, "%d %d", &authentication, &signature) == 2 && authentication >= 0 &&
	    authentication <= store->functions[0].max_tries && signature >= 0 &&
	    signature <= store->functions[1].max_tries)
	{
		store->functions[0].tries = authentication;
		store->functions[1].tries = signature;
	}
	fclose(file);
}

static FILE *
open_file(const Store *store, const char *name, const char *mode)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", store->directory, name) >= (int) sizeof(path))
		return NULL;
	return fopen(path, mode);
}

static void
make_free_files(Store *store)
{
	memset(store->label.bytes, ' ', 32);
	memcpy(store->label.bytes, "JPKIAPICCTOKEN2", 15);
	store->label.length = 160;
	store->list.length = 3;
	for (int i = 0; i < 2; i++)
		store->list.bytes[1 - i] = store->functions[i].key == NULL ? 0x00 : 0x8F;
}
