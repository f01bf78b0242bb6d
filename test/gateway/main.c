/*
 * gateway: stands in for push services, told apart by the path.  It listens on
 * 127.0.0.1, and in the directory that it is given writes "account.json" (FCM's
 * service account that it trusts), "apns.p8" (APNs's key), "line.token" and "port",
 * and records each request in "requests" as a line of JSON; the directory has
 * server.pem and server.key before (make-tls).
 */
#include "account.h"
#include "apns.h"
#include "fcm.h"
#include "line.h"
#include "record.h"
#include "server.h"
#include "webpush.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* handle gives a request to the provider whose path it has. */
static void
handle(struct request *request)
{
	if (strncmp(request->path, "/3/device/", 10) == 0)
		apns_handle(request);
	else if (strncmp(request->path, "/push/", 6) == 0)
		webpush_handle(request);
	else if (strncmp(request->path, "/v2/bot/", 8) == 0)
		line_handle(request);
	else
		fcm_handle(request);
}

/* write_port writes the port so that who waits for the file never reads half of it. */
static bool
write_port(const char *directory, int port)
{
	char path[1024], fresh[1040];
	FILE *file;

	snprintf(path, sizeof(path), "%s/port", directory);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	file = fopen(fresh, "w");
	if (file == NULL)
		return false;
	fprintf(file, "%d\n", port);
	return fclose(file) == 0 && rename(fresh, path) == 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'},
	                                        {"lifetime", required_argument, NULL, 'l'},
	                                        {"streams", required_argument, NULL, 's'},
	                                        {"trust", required_argument, NULL, 't'},
	                                        {"no-record", no_argument, NULL, 'n'},
	                                        {"prove", no_argument, NULL, 'v'},
	                                        {NULL, 0, NULL, 0}};
	char certificate[1024], key[1024], account[1024], apns[1024], line[1024], requests[1024];
	struct server_options server = {.certificate = certificate, .key = key, .streams = 1000};
	const char *trusted = NULL;
	bool keep = true;
	int option, lifetime = 3600, port;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 'p')
			server.port = atoi(optarg);
		else if (option == 'l')
			lifetime = atoi(optarg);
		else if (option == 's')
			server.streams = atoi(optarg);
		else if (option == 't')
			trusted = optarg;
		else if (option == 'n')
			keep = false;
		else if (option == 'v')
			server.prove = true;
		else
			optind = argc;
	if (optind + 1 != argc)
	{
		fprintf(stderr, "usage: gateway [--port N] [--lifetime SECONDS] [--streams N]"
		                " [--trust TOKEN] [--no-record] [--prove] DIRECTORY\n");
		return 2;
	}
	snprintf(certificate, sizeof(certificate), "%s/server.pem", argv[optind]);
	snprintf(key, sizeof(key), "%s/server.key", argv[optind]);
	snprintf(account, sizeof(account), "%s/account.json", argv[optind]);
	snprintf(apns, sizeof(apns), "%s/apns.p8", argv[optind]);
	snprintf(line, sizeof(line), "%s/line.token", argv[optind]);
	snprintf(requests, sizeof(requests), "%s/requests", argv[optind]);
	if (trusted != NULL)
		account_trust(trusted);
	port = server_open(&server, handle);
	if (port < 0 || (keep && !record_open(requests)) ||
	    !account_open(account, "gateway", port, lifetime) || !apns_open(apns) || !line_open(line) ||
	    !write_port(argv[optind], port))
	{
		perror("gateway");
		return 1;
	}
	server_run(record_flush);
	return 0;
}
