/* Endpoints that browsers give, and what somebody else could put in their place. */
#include "outbox/endpoint.c"

#include "check.h"

static const struct
{
	const char *url, *fault;
} cases[] = {
    {"https://fcm.googleapis.com/fcm/send/abc:DEF-_", NULL},
    {"https://updates.push.services.mozilla.com/wpush/v2/gAAAAA", NULL},
    {"https://web.push.apple.com/QGr", NULL},
    {"https://sg2p.notify.windows.com/w/?token=BQYAAAB%2f", NULL},
    {"https://push.example.net:443/a", NULL},
    {"", "not_https"},
    {"http://push.example.net/a", "not_https"},
    {"HTTPS://push.example.net/a", "not_https"},
    {"https://", "malformed_endpoint"},
    {"https://push.example.net", "malformed_endpoint"},
    {"https://push.example.net/", "malformed_endpoint"},
    {"https://push.example.net?a", "malformed_endpoint"},
    {"https://push.example.net/a b", "malformed_endpoint"},
    {"https://push.example.net/a\nb", "malformed_endpoint"},
    {"https://push.example.net/a#b", "malformed_endpoint"},
    {"https://push.example.net\\a/", "malformed_endpoint"},
    {"https:///a", "private_endpoint"},
    {"https://127.0.0.1/a", "private_endpoint"},
    {"https://8.8.8.8/a", "private_endpoint"},
    {"https://2130706433/a", "private_endpoint"},
    {"https://0x7f000001/a", "private_endpoint"},
    {"https://127.1/a", "private_endpoint"},
    {"https://push.0x7f/a", "private_endpoint"},
    {"https://[::1]/a", "private_endpoint"},
    {"https://[::ffff:10.0.0.1]/a", "private_endpoint"},
    {"https://localhost/a", "private_endpoint"},
    {"https://LOCALHOST/a", "private_endpoint"},
    {"https://a.localhost/a", "private_endpoint"},
    {"https://a.Local/a", "private_endpoint"},
    {"https://db.internal/a", "private_endpoint"},
    {"https://router.lan/a", "private_endpoint"},
    {"https://1.0.168.192.in-addr.arpa/a", "private_endpoint"},
    {"https://intranet/a", "private_endpoint"},
    {"https://push.example.net./a", "private_endpoint"},
    {"https://.example.net/a", "private_endpoint"},
    {"https://a..b/a", "private_endpoint"},
    {"https://-a.example.net/a", "private_endpoint"},
    {"https://a_b.example.net/a", "private_endpoint"},
    {"https://user@push.example.net/a", "private_endpoint"},
    {"https://push.example.net@10.0.0.1/a", "private_endpoint"},
    {"https://push.example.net:8443/a", "private_endpoint"},
    {"https://push.example.net:/a", "private_endpoint"},
    {"https://:443/a", "private_endpoint"},
    {"https://push.example.net%2e10/a", "private_endpoint"},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		const char *fault = EndpointFault(cases[i].url, strlen(cases[i].url));
		char what[120];
		bool good = cases[i].fault == NULL ? fault == NULL
		                                   : fault != NULL && strcmp(fault, cases[i].fault) == 0;

		snprintf(what, sizeof(what), "%s: %s", cases[i].url, fault ? fault : "good");
		Check(good, what);
	}
	return FinishChecks();
}
