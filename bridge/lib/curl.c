/*
 * A fixed number of handles, each used again and again.  HTTP/2 multiplexes
 * them over few connections: without PIPEWAIT and a limit per host a burst
 * would open a connection for each request, which providers take for an attack.
 */
#include "curl.h"

#include "address.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(LIBCURL_VERSION_NUM >= 0x075500, "libcurl 7.85 or newer is needed");

#define HTTP_CONNECT_TIMEOUT 10000L
#define HTTP_WAIT_FDS 4
#define HTTP_ROOM 1024     /* bytes that a body is given first: most have fewer */
#define HTTP_UPLOAD 16384L /* bytes sent at once: the least, since a thousand handles keep them */

struct slot
{
	CURL *easy;
	void *context;
	struct slot *next;  /* free ones */
	struct slot *other; /* all there are */
	char *body;
	size_t length, room, most;
	bool cut, refused;
	const char *upload; /* of a mail: what is left to send */
	size_t upload_left;
	bool stale; /* the handle has other settings than the usual ones: a mail's, or older ones */
};

struct http
{
	CURLM *multi;
	struct http_options options;
	struct slot *slots, *free, *answered;
	int count, free_count;
};

static bool add_slot(struct http *http);
static bool prepare(struct slot *slot, const struct http_options *options);
static bool set_request(struct http *http, struct slot *slot, const struct http_request *request);
static bool set_method(CURL *easy, const struct http_request *request);
static bool set_mail(struct slot *slot, const struct http_request *request);
static size_t give_mail(char *to, size_t size, size_t count, void *context);
static size_t keep_reply(char *data, size_t size, size_t count, void *context);
static size_t keep_body(char *data, size_t size, size_t count, void *context);
static bool make_room(struct slot *slot, size_t wanted);
static curl_socket_t open_public(void *context, curlsocktype purpose, struct curl_sockaddr *peer);
static const char *header(CURL *easy, const char *name);
static void put_back(struct http *http, struct slot *slot);

/* http_open makes the handles, or returns NULL. */
struct http *
http_open(const struct http_options *options)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
	{
		free(http);
		return NULL;
	}
	http->multi = curl_multi_init();
	if (http->multi != NULL && http_change(http, options))
		return http;
	http_close(http);
	return NULL;
}

/*
 * http_change has all requests that begin from now on made as the options say, as
 * many of them beside those under way.  ca_file has to stay alive.  false: out of
 * memory, and there are fewer.
 */
bool
http_change(struct http *http, const struct http_options *options)
{
	int under_way = http->count - http->free_count;

	http->options = *options;
	curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long) options->connections);
	curl_multi_setopt(http->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
	for (struct slot *slot = http->slots; slot != NULL; slot = slot->other)
		slot->stale = true;
	while (http->count < under_way + options->in_flight)
		if (!add_slot(http))
			return false;
	return true;
}

/* add_slot makes one handle more; false: out of memory. */
static bool
add_slot(struct http *http)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return false;
	slot->easy = curl_easy_init();
	if (!prepare(slot, &http->options))
	{
		curl_easy_cleanup(slot->easy);
		free(slot);
		return false;
	}
	slot->other = http->slots;
	http->slots = slot;
	http->count++;
	put_back(http, slot);
	return true;
}

/* prepare sets all that is the same for each request. */
static bool
prepare(struct slot *slot, const struct http_options *options)
{
	CURL *easy = slot->easy;

	return easy != NULL &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, options->protocols) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS) ==
	           CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	       (options->ca_file == NULL ||
	        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) == CURLE_OK) &&
	       curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, HTTP_UPLOAD) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, options->timeout) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_TIMEOUT) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_body) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PRIVATE, slot) == CURLE_OK;
}

/* http_begin begins a request; false: no handle is free, or libcurl refuses it. */
bool
http_begin(struct http *http, const struct http_request *request)
{
	struct slot *slot = http->free;

	if (slot == NULL || !set_request(http, slot, request) ||
	    curl_multi_add_handle(http->multi, slot->easy) != CURLM_OK)
		return false;
	http->free = slot->next;
	http->free_count--;
	slot->context = request->context;
	slot->most = request->most > 0 ? request->most : HTTP_BODY;
	slot->length = 0;
	slot->cut = slot->refused = false;
	return true;
}

/* set_request sets what differs from one request to the next. */
static bool
set_request(struct http *http, struct slot *slot, const struct http_request *request)
{
	curl_opensocket_callback opener =
	    http->options.public_only || request->public_only ? open_public : NULL;

	if (slot->stale)
	{
		curl_easy_reset(slot->easy);
		slot->stale = false;
		if (!prepare(slot, &http->options))
			return false;
	}
	return (request->mail != NULL ? set_mail(slot, request) : set_method(slot->easy, request)) &&
	       curl_easy_setopt(slot->easy, CURLOPT_URL, request->url) == CURLE_OK &&
	       curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, request->headers) == CURLE_OK &&
	       curl_easy_setopt(slot->easy, CURLOPT_OPENSOCKETFUNCTION, opener) == CURLE_OK;
}

/* set_mail makes it a mail: with TLS, or not at all. */
static bool
set_mail(struct slot *slot, const struct http_request *request)
{
	const struct http_mail *mail = request->mail;
	CURL *easy = slot->easy;

	slot->stale = true;
	slot->upload = request->body;
	slot->upload_left = request->length;
	return curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_mail) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_READDATA, slot) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) request->length) ==
	           CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, keep_reply) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USE_SSL, (long) CURLUSESSL_ALL) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, mail->to) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password) == CURLE_OK;
}

/* give_mail gives libcurl the next piece of a mail. */
static size_t
give_mail(char *to, size_t size, size_t count, void *context)
{
	struct slot *slot = context;
	size_t room = size * count, bytes = slot->upload_left < room ? slot->upload_left : room;

	memcpy(to, slot->upload, bytes);
	slot->upload += bytes;
	slot->upload_left -= bytes;
	return bytes;
}

/* keep_reply keeps the last line in which a mail server refused something: it says good-bye, too.
 */
static size_t
keep_reply(char *data, size_t size, size_t count, void *context)
{
	struct slot *slot = context;

	if (size * count == 0 || (*data != '4' && *data != '5'))
		return size * count;
	slot->length = 0;
	return keep_body(data, size, count, context);
}

/* set_method makes it a POST of a body, or a GET. */
static bool
set_method(CURL *easy, const struct http_request *request)
{
	if (request->body == NULL)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->length) ==
	           CURLE_OK;
}

/* http_turn moves all requests on; false: libcurl is at its end. */
bool
http_turn(struct http *http)
{
	int running;

	return curl_multi_perform(http->multi, &running) == CURLM_OK;
}

/* http_next returns the next request that is over; false: none is. */
bool
http_next(struct http *http, struct http_answer *answer)
{
	CURLMsg *message;
	struct slot *slot;
	int left;
	curl_off_t wait = 0, time;

	if (http->answered != NULL)
		put_back(http, http->answered);
	http->answered = NULL;
	message = curl_multi_info_read(http->multi, &left);
	if (message == NULL || message->msg != CURLMSG_DONE)
		return false;
	answer->error = message->data.result;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &slot);
	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	answer->microseconds = 0;
	if (curl_easy_getinfo(slot->easy, CURLINFO_TOTAL_TIME_T, &time) == CURLE_OK)
		answer->microseconds = time;
	if (answer->status >= 300)
		curl_easy_getinfo(slot->easy, CURLINFO_RETRY_AFTER, &wait);
	/* an oversized body changes nothing about what its status says */
	if (answer->error == CURLE_WRITE_ERROR && slot->cut)
		answer->error = CURLE_OK;
	answer->cut = slot->cut;
	answer->refused = slot->refused && answer->error != CURLE_OK;
	answer->retry_after = wait > 86400 ? 86400 : (long) wait;
	answer->context = slot->context;
	answer->body = slot->body;
	answer->length = slot->length;
	answer->etag = header(slot->easy, "ETag");
	answer->last_modified = header(slot->easy, "Last-Modified");
	curl_multi_remove_handle(http->multi, slot->easy);
	http->answered = slot;
	return true;
}

/* http_take_body gives away the body of the answer that http_next returned last, to be freed. */
char *
http_take_body(struct http *http)
{
	char *body = http->answered->body;

	http->answered->body = NULL;
	http->answered->room = 0;
	return body;
}

/* http_wait sleeps until a connection or one of a few files is ready, or time is up. */
void
http_wait(struct http *http, const struct http_file *files, int count, int milliseconds)
{
	struct curl_waitfd fds[HTTP_WAIT_FDS];
	int used = 0;

	for (int i = 0; i < count && used < HTTP_WAIT_FDS; i++)
		if (files[i].file >= 0)
			fds[used++] =
			    (struct curl_waitfd){.fd = files[i].file,
			                         .events = CURL_WAIT_POLLIN |
			                                   (files[i].writing ? CURL_WAIT_POLLOUT : 0)};
	curl_multi_poll(http->multi, fds, used, milliseconds, NULL);
}

/* http_free_slots returns how many more requests may begin. */
int
http_free_slots(const struct http *http)
{
	return http->free_count;
}

/* http_peer_is_wrong tells errors that only a person can mend from those that pass. */
bool
http_peer_is_wrong(CURLcode error)
{
	return error == CURLE_PEER_FAILED_VERIFICATION || error == CURLE_SSL_CACERT_BADFILE ||
	       error == CURLE_SSL_CERTPROBLEM || error == CURLE_UNSUPPORTED_PROTOCOL;
}

/* http_close ends everything; requests under way are dropped. */
void
http_close(struct http *http)
{
	struct slot *slot;

	while ((slot = http->slots) != NULL)
	{
		http->slots = slot->other;
		curl_multi_remove_handle(http->multi, slot->easy);
		curl_easy_cleanup(slot->easy);
		free(slot->body);
		free(slot);
	}
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	free(http);
}

/* keep_body keeps a body up to what is wanted, and ends a transfer that has more. */
static size_t
keep_body(char *data, size_t size, size_t count, void *context)
{
	struct slot *slot = context;
	size_t bytes = size * count, left = slot->most - slot->length;
	size_t kept = bytes < left ? bytes : left;

	/* out of memory ends it, too, and then it has failed */
	if (!make_room(slot, slot->length + kept))
		return 0;
	memcpy(slot->body + slot->length, data, kept);
	slot->length += kept;
	slot->cut = kept < bytes;
	return kept;
}

/* make_room grows by doubling: a list of a hundred megabytes comes in pieces of sixteen kilobytes.
 */
static bool
make_room(struct slot *slot, size_t wanted)
{
	size_t room = slot->room > 0 ? slot->room : HTTP_ROOM;
	char *body;

	while (room < wanted)
		room *= 2;
	if (room == slot->room)
		return true;
	body = realloc(slot->body, room);
	if (body == NULL)
		return false;
	slot->body = body;
	slot->room = room;
	return true;
}

/*
 * open_public opens a socket to a public address only.  It is asked after the
 * name was resolved, for each address that is tried: a name that points
 * somewhere else the second time gains nothing.
 */
static curl_socket_t
open_public(void *context, curlsocktype purpose, struct curl_sockaddr *peer)
{
	struct slot *slot = context;

	if (purpose != CURLSOCKTYPE_IPCXN || !address_is_public(&peer->addr))
	{
		slot->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

/* header returns the value of a header of the last answer; NULL if it is not there once. */
static const char *
header(CURL *easy, const char *name)
{
	struct curl_header *found;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK ||
	    found->amount != 1)
		return NULL;
	return found->value;
}

static void
put_back(struct http *http, struct slot *slot)
{
	slot->next = http->free;
	http->free = slot;
	http->free_count++;
}
