/* The edges of the blocks that are not public, and the addresses within addresses. */
#include "lib/address.c"

#include "check.h"

static const struct
{
	const char *address;
	bool public;
} cases[] = {
    {"1.1.1.1", true},
    {"9.255.255.255", true},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"0.0.0.0", false},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"127.0.0.1", false},
    {"127.255.255.255", false},
    {"128.0.0.0", true},
    {"169.254.169.254", false},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"192.0.0.1", false},
    {"192.0.1.1", true},
    {"192.0.2.1", false},
    {"192.167.255.255", true},
    {"192.168.0.1", false},
    {"192.169.0.0", true},
    {"198.17.255.255", true},
    {"198.18.0.0", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"198.51.100.1", false},
    {"203.0.113.1", false},
    {"223.255.255.255", true},
    {"224.0.0.1", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"2400::1", true},
    {"2606:4700::1111", true},
    {"::", false},
    {"::1", false},
    {"fc00::1", false},
    {"fd00::1", false},
    {"fe80::1", false},
    {"fec0::1", false},
    {"ff02::1", false},
    {"2001:db8::1", false},
    {"2001::1", false},
    {"2001:200::1", true},
    {"3fff::1", false},
    {"3fff:1000::1", true},
    {"4000::1", false},
    {"::ffff:10.0.0.1", false},
    {"::ffff:1.1.1.1", true},
    {"::10.0.0.1", false},
    {"64:ff9b::c0a8:1", false},
    {"64:ff9b::101:101", true},
    {"64:ff9b:1::101:101", false},
    {"2002:7f00:1::", false},
    {"2002:101:101::", true},
};

int
main(void)
{
	struct sockaddr local = {.sa_family = AF_UNIX};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		struct sockaddr_in v4 = {.sin_family = AF_INET};
		char what[80];
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
		bool is6 = inet_pton(AF_INET, cases[i].address, &v4.sin_addr) != 1;
		bool good = (!is6 || inet_pton(AF_INET6, cases[i].address, &v6.sin6_addr) == 1) &&
		            address_is_public(is6 ? (struct sockaddr *) &v6 : (struct sockaddr *) &v4) ==
		                cases[i].public;

		snprintf(what, sizeof(what), "%s is %s", cases[i].address,
		         cases[i].public ? "public" : "not public");
		Check(good, what);
	}
	Check(!address_is_public(&local), "no address of another kind is public");
	return FinishChecks();
}
