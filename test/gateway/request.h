/* Requests and their answers. */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include <jansson.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_BODY 65536

/* One request, complete.  The answer is given with request_answer(), now or later. */
struct request
{
	struct connection *connection;
	struct request *next, *previous; /* of its connection */
	struct request *later;           /* of those that are answered later */
	long long due;                   /* when that is, in milliseconds */
	int32_t stream;
	char method[8], path[1024], authorization[4096];
	json_t *headers; /* all, by name */
	char *body;
	size_t length, room;
	/* the answer */
	int status;
	char retry_after[40];
	char *answer;
	size_t answer_length, answer_sent;
	bool reset;
	uint32_t reset_code;
	enum
	{
		GO_AWAY_NOT,
		GO_AWAY_NOW,    /* the connection ends after this answer */
		GO_AWAY_LATER,  /* when all that is under way is answered, too */
		GO_AWAY_INSTEAD /* of an answer */
	} go_away;
	long long number;       /* in the record; 0: it is not there, or was answered */
	bool cut;               /* the body ends before its length says */
	const char *extra_name; /* one more header of the answer */
	char extra[64];
};

typedef void (*request_handler)(struct request *request);

extern const char *request_header(const struct request *request, const char *name);
extern void request_begin(request_handler handler);
extern const nghttp2_session_callbacks *request_callbacks(void);
extern void request_answer(struct request *request);
extern void request_answer_later(struct request *request, int milliseconds);
extern int request_answer_due(void);
extern void request_free(struct request *request);

#endif
