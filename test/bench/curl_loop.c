/*
 * curl_loop: what a bare libcurl multi loop reaches against the stand-in
 * gateway: the same messages over as many connections, handles used again, no
 * database and no decision.  The reference of the figure "push".
 *
 * curl_loop URL CA_FILE ACCESS_TOKEN REQUESTS IN_FLIGHT CONNECTIONS
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const body =
    "{\"message\":{\"token\":\"fcm-benchmark-token-of-usual-length-0123456789012345678901234567890"
    "123456789012345678901234567890123456789012345678901234567890123456789\",\"notification\":"
    "{\"title\":\"避難指示\",\"body\":"
    "\"警戒レベル4。千曲川の水位が上がっています。今すぐ避難してください。\"},"
    "\"data\":{\"alert_id\":\"1\",\"notification_id\":\"1\"},\"android\":{\"priority\":\"high\","
    "\"ttl\":\"86400s\",\"notification\":{\"tag\":\"n1\"}}}}";

static size_t
discard(char *data, size_t size, size_t count, void *context)
{
	(void) data;
	(void) context;
	return size * count;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static CURL *
make_handle(char **argv, struct curl_slist *headers)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
	curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	return easy;
}

/* run sends so many requests, and returns how many were not answered with 200. */
static long
run(char **argv, long requests, long in_flight, long connections)
{
	struct curl_slist *headers = NULL;
	char authorization[300];
	CURLM *multi = curl_multi_init();
	CURLMsg *message;
	long begun, ended = 0, failed = 0, status;
	int running, left;

	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", argv[3]);
	headers = curl_slist_append(headers, authorization);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Expect:");
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
	for (begun = 0; begun < in_flight && begun < requests; begun++)
		curl_multi_add_handle(multi, make_handle(argv, headers));
	while (ended < requests && curl_multi_perform(multi, &running) == CURLM_OK)
	{
		while ((message = curl_multi_info_read(multi, &left)) != NULL)
		{
			CURL *easy = message->easy_handle;

			curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
			failed += message->data.result != CURLE_OK || status != 200;
			ended++;
			curl_multi_remove_handle(multi, easy);
			if (begun < requests)
			{
				begun++;
				curl_multi_add_handle(multi, easy);
			}
			else
				curl_easy_cleanup(easy);
		}
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	return failed;
}

int
main(int argc, char **argv)
{
	double begin;
	long failed, requests;

	if (argc != 7)
	{
		fprintf(stderr,
		        "usage: curl_loop URL CA_FILE ACCESS_TOKEN REQUESTS IN_FLIGHT CONNECTIONS\n");
		return 2;
	}
	requests = atol(argv[4]);
	begin = seconds();
	failed = run(argv, requests, atol(argv[5]), atol(argv[6]));
	printf("%.0f\n", requests / (seconds() - begin));
	if (failed > 0)
		fprintf(stderr, "curl_loop: %ld of %ld requests failed\n", failed, requests);
	return failed > 0;
}
