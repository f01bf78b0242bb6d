/* Which addresses belong to the public Internet. */
#ifndef BRIDGE_ADDRESS_H
#define BRIDGE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

extern bool address_is_public(const struct sockaddr *address);

#endif
