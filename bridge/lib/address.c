/*
 * A URL that somebody gave us must not lead into our own network: whoever may
 * set one could ask the machines in it.  Source: IANA's registries of special
 * purpose addresses (RFC 6890 and its successors).  No I/O here: tested alone.
 */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block
{
	uint8_t prefix[16];
	int bits;
};

static const struct block reserved4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* shared by carriers */
    {{127}, 8},           /* this machine */
    {{169, 254}, 16},     /* link-local */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* IETF protocols */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 3},           /* multicast and reserved, to the broadcast address */
};

/* Of IPv6 only 2000::/3 is given to the Internet; of that, these are not. */
static const struct block global6 = {{0x20}, 3};
static const struct block reserved6[] = {
    {{0x20, 0x01}, 23},             /* IETF protocols, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* Blocks that hold an IPv4 address, and at which byte: it is what counts. */
static const struct
{
	struct block block;
	int at;
} translated[] = {
    {{{[10] = 0xff, [11] = 0xff}, 96}, 12}, /* mapped */
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12},   /* NAT64 */
    {{{0x20, 0x02}, 16}, 2},                /* 6to4 */
};

static bool is_public4(const uint8_t *address);
static bool is_public6(const uint8_t *address);
static bool lies_in(const uint8_t *address, const struct block *block);

/* address_is_public tells whether an address is one of the public Internet, of IPv4 or IPv6. */
bool
address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return is_public4((const uint8_t *) &((const struct sockaddr_in *) address)->sin_addr);
	if (address->sa_family == AF_INET6)
		return is_public6((const uint8_t *) &((const struct sockaddr_in6 *) address)->sin6_addr);
	return false;
}

static bool
is_public4(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof(reserved4) / sizeof(*reserved4); i++)
		if (lies_in(address, &reserved4[i]))
			return false;
	return true;
}

static bool
is_public6(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof(translated) / sizeof(*translated); i++)
		if (lies_in(address, &translated[i].block))
			return is_public4(address + translated[i].at);
	for (size_t i = 0; i < sizeof(reserved6) / sizeof(*reserved6); i++)
		if (lies_in(address, &reserved6[i]))
			return false;
	return lies_in(address, &global6);
}

/* lies_in compares as many bits as the block's prefix has. */
static bool
lies_in(const uint8_t *address, const struct block *block)
{
	int whole = block->bits / 8, rest = block->bits % 8;
	uint8_t mask = rest > 0 ? (uint8_t) (0xff << (8 - rest)) : 0;

	return memcmp(address, block->prefix, whole) == 0 &&
	       (rest == 0 || ((address[whole] ^ block->prefix[whole]) & mask) == 0);
}
