/* The service account that this gateway knows, and the access tokens that it gives out. */
#ifndef GATEWAY_ACCOUNT_H
#define GATEWAY_ACCOUNT_H

#include <stdbool.h>

extern bool account_open(const char *file, const char *project, int port, int lifetime);
extern const char *account_grant(const char *form, char **answer);
extern bool account_knows(const char *authorization);
extern void account_forget(void);
extern void account_trust(const char *token);

#endif
