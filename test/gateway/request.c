/* Requests of a session, as nghttp2 hands them over, and their answers. */
#include "request.h"

#include "connection.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static nghttp2_session_callbacks *callbacks;
static request_handler handle;
static struct request *later;

static int
begin_request(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct connection *c = context;
	struct request *request = calloc(1, sizeof(*request));

	request->connection = c;
	request->headers = json_object();
	request->stream = frame->hd.stream_id;
	request->next = c->requests;
	if (c->requests != NULL)
		c->requests->previous = request;
	c->requests = request;
	return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, request);
}

static int
take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
            size_t name_length, const uint8_t *value, size_t length, uint8_t flags, void *context)
{
	struct request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	const struct
	{
		const char *name;
		char *place;
		size_t room;
	} known[] = {{":method", request->method, sizeof(request->method)},
	             {":path", request->path, sizeof(request->path)},
	             {"authorization", request->authorization, sizeof(request->authorization)}};
	char *key = strndup((const char *) name, name_length);

	(void) flags;
	(void) context;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == name_length && memcmp(known[i].name, name, name_length) == 0 &&
		    length < known[i].room)
			memcpy(known[i].place, value, length);
	/* a header that comes twice is one that its receiver may refuse */
	if (json_object_get(request->headers, key) != NULL)
		json_object_set_new(request->headers, key, json_string("(twice)"));
	else
		json_object_set_new(request->headers, key, json_stringn((const char *) value, length));
	free(key);
	return 0;
}

static int
take_body(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
          size_t length, void *context)
{
	struct request *request = nghttp2_session_get_stream_user_data(session, stream);

	(void) flags;
	(void) context;
	if (request == NULL || request->length + length > REQUEST_BODY)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (request->length + length + 1 > request->room)
	{
		request->room = request->length + length + 1024;
		request->body = realloc(request->body, request->room);
	}
	memcpy(request->body + request->length, data, length);
	request->length += length;
	request->body[request->length] = '\0';
	return 0;
}

static int
end_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct request *request;

	(void) context;
	if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (request != NULL)
		handle(request);
	return 0;
}

static int
end_stream(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
	struct request *request = nghttp2_session_get_stream_user_data(session, stream);

	(void) context;
	if (request == NULL)
		return 0;
	if (error == NGHTTP2_NO_ERROR)
		request->number = 0;
	request_free(request);
	return 0;
}

/* request_header returns a header's value, or NULL. */
const char *
request_header(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->headers, name));
}

/* request_begin names who answers requests; before any connection. */
void
request_begin(request_handler handler)
{
	handle = handler;
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_request);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_body);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, end_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, end_stream);
}

/* request_callbacks returns what a session calls when a request comes. */
const nghttp2_session_callbacks *
request_callbacks(void)
{
	return callbacks;
}

/* request_free takes a request out of its connection and frees it. */
void
request_free(struct request *request)
{
	if (request->previous != NULL)
		request->previous->next = request->next;
	else
		request->connection->requests = request->next;
	if (request->next != NULL)
		request->next->previous = request->previous;
	for (struct request **r = &later; *r != NULL; r = &(*r)->later)
		if (*r == request)
		{
			*r = request->later;
			break;
		}
	if (request->number > 0)
		record_lost(request);
	json_decref(request->headers);
	free(request->body);
	free(request->answer);
	free(request);
}

static ssize_t
read_answer(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t length,
            uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct request *request = source->ptr;
	size_t left = request->answer_length - request->answer_sent;
	size_t bytes = left < length ? left : length;

	(void) session;
	(void) stream;
	(void) context;
	memcpy(buffer, request->answer + request->answer_sent, bytes);
	request->answer_sent += bytes;
	if (request->cut && request->answer_sent == request->answer_length)
	{
		/* what was promised does not come */
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_INTERNAL_ERROR);
		return NGHTTP2_ERR_DEFERRED;
	}
	if (request->answer_sent == request->answer_length)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return bytes;
}

#define HEADER(name, value)                                                                        \
	(nghttp2_nv)                                                                                   \
	{                                                                                              \
		(uint8_t *) (name), (uint8_t *) (value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE \
	}

/* request_answer sends the answer that stands in the request. */
void
request_answer(struct request *request)
{
	nghttp2_session *session = request->connection->session;
	nghttp2_data_provider provider = {.source.ptr = request, .read_callback = read_answer};
	nghttp2_nv headers[5];
	char status[12], length[24];
	size_t count = 3;

	if (request->go_away == GO_AWAY_INSTEAD)
	{
		nghttp2_session_terminate_session2(session, request->stream - 2, NGHTTP2_ENHANCE_YOUR_CALM);
		return;
	}
	if (request->reset)
	{
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, request->stream,
		                          request->reset_code ? request->reset_code
		                                              : NGHTTP2_INTERNAL_ERROR);
		return;
	}
	snprintf(status, sizeof(status), "%d", request->status);
	headers[0] = HEADER(":status", status);
	headers[1] = HEADER("content-type", "application/json; charset=UTF-8");
	snprintf(length, sizeof(length), "%zu", request->answer_length + (request->cut ? 100 : 0));
	headers[2] = HEADER("content-length", length);
	if (request->retry_after[0])
		headers[count++] = HEADER("retry-after", request->retry_after);
	if (request->extra_name != NULL)
		headers[count++] = HEADER(request->extra_name, request->extra);
	nghttp2_submit_response(session, request->stream, headers, count, &provider);
	if (request->go_away == GO_AWAY_NOW)
		nghttp2_session_terminate_session2(session, request->stream, NGHTTP2_NO_ERROR);
	else if (request->go_away == GO_AWAY_LATER)
		nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
		                      nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR,
		                      NULL, 0);
}

/* request_answer_later answers after a while; it does not hold up others. */
void
request_answer_later(struct request *request, int milliseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	request->due = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + milliseconds;
	request->later = later;
	later = request;
}

/* request_answer_due answers what is due, and returns the milliseconds until the next is, or -1. */
int
request_answer_due(void)
{
	struct timespec now;
	long long time;
	int wait = -1;

	if (later == NULL)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
	for (struct request **r = &later; *r != NULL;)
	{
		struct request *request = *r;

		if (request->due <= time)
		{
			*r = request->later;
			request->later = NULL;
			request_answer(request);
			connection_flush(request->connection);
			continue;
		}
		if (wait < 0 || request->due - time < wait)
			wait = request->due - time;
		r = &request->later;
	}
	return wait;
}
