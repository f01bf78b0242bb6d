/*
 * The endpoint of a Web Push subscription comes from a browser, that is, from
 * anybody: a URL that led into our own network would make the bridge our own
 * attacker.  Push services have names of the public Internet, and nothing else
 * is taken here; to which address a name leads is the bridge's to look at, each
 * time that it connects.  No server header: tested and fuzzed alone.
 */
#include "outbox/endpoint.h"

#include <stdbool.h>
#include <string.h>

#define HOST_LONGEST 253
#define LABEL_LONGEST 63

static bool is_public_name(const char *host, size_t length);
static bool has_suffix(const char *host, size_t length, const char *suffix);
static size_t label_length(const char *host, size_t left);

/*
 * EndpointFault returns what is wrong with a URL: malformed_endpoint,
 * not_https, private_endpoint; NULL if nothing is.
 */
const char *
EndpointFault(const char *url, size_t length)
{
	static const char scheme[] = "https://";
	size_t host = sizeof(scheme) - 1, end;

	for (size_t i = 0; i < length; i++)
		if (url[i] <= ' ' || url[i] > '~' || url[i] == '\\' || url[i] == '#')
			return "malformed_endpoint";
	if (length < host || memcmp(url, scheme, host) != 0)
		return "not_https";
	for (end = host; end < length && url[end] != '/' && url[end] != '?'; end++)
		/* credentials would go out with each request, and hide where it goes */
		if (url[end] == '@' || url[end] == '[')
			return "private_endpoint";
	if (end == length || url[end] != '/' || end + 1 == length)
		return "malformed_endpoint";
	if (end - host > 4 && memcmp(url + end - 4, ":443", 4) == 0)
		return is_public_name(url + host, end - 4 - host) ? NULL : "private_endpoint";
	return is_public_name(url + host, end - host) ? NULL : "private_endpoint";
}

/* is_public_name tells whether a host is a name that only public DNS can know. */
static bool
is_public_name(const char *host, size_t length)
{
	static const char *const local[] = {"localhost", "local", "internal", "intranet", "lan",
	                                    "home",      "corp",  "private",  "arpa",     "onion"};
	size_t label = 0;
	int labels = 0;

	if (length == 0 || length > HOST_LONGEST)
		return false;
	for (size_t at = 0; at < length; at += label + 1)
	{
		label = label_length(host + at, length - at);
		if (label == 0 || (at + label < length && host[at + label] != '.') ||
		    at + label + 1 == length)
			return false;
		labels++;
		/* a last label that begins with a digit ends an address, in whatever notation */
		if (at + label == length && host[at] >= '0' && host[at] <= '9')
			return false;
	}
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (has_suffix(host, length, local[i]))
			return false;
	return labels >= 2;
}

/* label_length returns the length of the label at the start, 0 if it is none. */
static size_t
label_length(const char *host, size_t left)
{
	size_t length = 0;

	while (length < left && ((host[length] >= 'a' && host[length] <= 'z') ||
	                         (host[length] >= 'A' && host[length] <= 'Z') ||
	                         (host[length] >= '0' && host[length] <= '9') || host[length] == '-'))
		length++;
	return length <= LABEL_LONGEST && length > 0 && host[0] != '-' && host[length - 1] != '-'
	           ? length
	           : 0;
}

/* has_suffix tells whether the last label is the one given, whatever its case. */
static bool
has_suffix(const char *host, size_t length, const char *suffix)
{
	size_t size = strlen(suffix);

	if (length < size || (length > size && host[length - size - 1] != '.'))
		return false;
	for (size_t i = 0; i < size; i++)
		if ((host[length - size + i] | 0x20) != suffix[i])
			return false;
	return true;
}
