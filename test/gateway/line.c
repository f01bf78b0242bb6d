/*
 * LINE.  A user id is U and the hex of a name of up to 16 letters, filled up with
 * dots, that says what is to happen (fault.h).  A CODE is a word: "to" (the user
 * id is what is wrong), "month" and "rate" (of 429), "conflict" (of 409).  A name
 * "twice-..." is taken, but answered by a reset: the same request again is a 409.
 * Of a multicast the first name that asks for anything decides.
 */
#include "line.h"

#include "fault.h"
#include "record.h"

#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "line-channel-access-token-of-the-gateway"
#define USERS 500

static void *accepted; /* tree of retry keys */

static int answer_message(struct request *request, json_t *names);
static const char *bad_request(const struct request *request, json_t *root);
static json_t *read_names(json_t *to);
static bool was_accepted(struct request *request);
static void refuse(struct request *request, int status, const char *word);

/* line_open writes the channel access token that this gateway knows. */
bool
line_open(const char *token_file)
{
	int file = open(token_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool good = file >= 0 && write(file, TOKEN "\n", sizeof(TOKEN)) == sizeof(TOKEN);

	if (file >= 0)
		close(file);
	return good;
}

/* line_handle answers one request. */
void
line_handle(struct request *request)
{
	json_t *root = request->body ? json_loadb(request->body, request->length, 0, NULL) : NULL;
	json_t *names = read_names(json_object_get(root, "to"));
	const char *problem = bad_request(request, root);
	int delay = 0;

	request->status = 200;
	if (strcmp(request->authorization, "Bearer " TOKEN) != 0)
		refuse(request, 401, "authentication");
	else if (problem != NULL)
		refuse(request, 400, problem);
	else
		delay = answer_message(request, names);
	record_write(request, json_pack("{s:O*, s:O, s:O*, s:O}", "name", json_array_get(names, 0),
	                                "names", names, "messages", json_object_get(root, "messages"),
	                                "headers", request->headers));
	json_decref(names);
	json_decref(root);
	if (request->answer == NULL)
		request->answer = strdup("{}");
	fault_answer(request, delay);
}

/* answer_message does what the names ask for; returns milliseconds to wait. */
static int
answer_message(struct request *request, json_t *names)
{
	struct scripted fault;
	json_t *name;
	size_t i;
	int delay = 0;
	bool unheard = false;

	json_array_foreach(names, i, name)
	{
		const char *text = json_string_value(name);

		if (fault_scripted(request, text, &fault))
		{
			refuse(request, fault.status, fault.code);
			return 0;
		}
		if (strncmp(text, "twice", 5) == 0)
			unheard = request->reset = fault_count(text) == 1;
		delay = fault_apply(request, text);
		if (delay > 0)
			break;
	}
	/* what is reset before it was taken is not known the next time */
	if ((!request->reset || unheard) && was_accepted(request))
	{
		request->reset = false;
		refuse(request, 409, "accepted");
		request->extra_name = "x-line-accepted-request-id";
		snprintf(request->extra, sizeof(request->extra), "the-first");
	}
	return delay;
}

/* bad_request returns what LINE would name as wrong, or NULL. */
static const char *
bad_request(const struct request *request, json_t *root)
{
	json_t *messages = json_object_get(root, "messages"), *to = json_object_get(root, "to");
	json_t *first = json_array_get(messages, 0);
	const char *key = request_header(request, "x-line-retry-key");
	bool many = strcmp(request->path, "/v2/bot/message/multicast") == 0;

	if (!many && strcmp(request->path, "/v2/bot/message/push") != 0)
		return "path";
	if (key == NULL || strlen(key) != 36)
		return "retry_key";
	if (json_array_size(messages) != 1 || json_string_length(json_object_get(first, "text")) == 0 ||
	    strcmp(json_string_value(json_object_get(first, "type")), "text") != 0)
		return "messages";
	if (many ? json_array_size(to) < 1 || json_array_size(to) > USERS : !json_is_string(to))
		return "to";
	return NULL;
}

/* read_names reads the names of one user id or a list of them. */
static json_t *
read_names(json_t *to)
{
	json_t *names = json_array();

	for (size_t i = 0; i < (json_is_array(to) ? json_array_size(to) : 1); i++)
	{
		const char *id = json_string_value(json_is_array(to) ? json_array_get(to, i) : to);
		char name[17] = "";

		for (int n = 0; id != NULL && strlen(id) == 33 && n < 16; n++)
		{
			unsigned byte = 0;

			sscanf(id + 1 + 2 * n, "%2x", &byte);
			name[n] = (char) byte;
		}
		for (size_t end = strlen(name); end > 0 && name[end - 1] == '.'; end--)
			name[end - 1] = '\0';
		json_array_append_new(names, json_string(name));
	}
	return names;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* was_accepted remembers a retry key, and tells whether it was there. */
static bool
was_accepted(struct request *request)
{
	char *key = strdup(request_header(request, "x-line-retry-key"));
	char *found = *(char **) tsearch(key, &accepted, compare_keys);
	if (found == key)
		return false;
	free(key);
	return true;
}

static void
refuse(struct request *request, int status, const char *word)
{
	const char *message = "The request body has 1 error(s)";
	json_t *root;

	if (strcmp(word, "month") == 0)
		message = "You have reached your monthly limit.";
	else if (strcmp(word, "rate") == 0)
		message = "The API rate limit has been exceeded. Try again later.";
	else if (strcmp(word, "accepted") == 0)
		message = "The retry key is already accepted";
	else if (strcmp(word, "conflict") == 0)
		message = "The retry key conflicts with another request";
	root = json_pack("{s:s}", "message", message);
	if (status == 400)
		json_object_set_new(root, "details",
		                    json_pack("[{s:s, s:s}]", "message", "is invalid", "property", word));
	request->status = status;
	request->answer = json_dumps(root, JSON_COMPACT);
	json_decref(root);
}
