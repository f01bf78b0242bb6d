/*
 * The loop.  Nothing in it waits but one poll over the peers' connections, the
 * database's and the signals.  No more is claimed than can begin at once, and
 * nothing is begun whose lease could end before the request does.  What became
 * of an errand is told to the database while its lease lasts; afterwards it is
 * somebody else's, who does it again.
 */
#include "carrier.h"

#include "async.h"
#include "carrier_config.h"
#include "log.h"
#include "loop.h"
#include "pg.h"
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN 500           /* milliseconds a poll may last */
#define REPORT_EVERY 10000 /* milliseconds between reports of progress */
#define STOPPING_TAKES 10  /* seconds beside draining */

struct carrier
{
	const struct trade *trade;
	const char *path; /* of the settings */
	struct carrier_config config;
	struct async async;
	struct http *http;
	enum
	{
		IDLE,
		CLAIMING,
		COMPLETING
	} state;
	struct errand *done, **last_done; /* until the database knows */
	int under_way, unreported;
	char batch[12], lease[24];
	long long claimed_at, drain_until, reported_at;
	bool once, ending, empty;
	long long carried, failed, told;
};

static enum exit_code run(struct carrier *carrier);
static enum exit_code check(struct carrier *carrier);
static bool open_all(struct carrier *carrier);
static struct http_options options_of(const struct carrier *carrier,
                                      const struct carrier_config *config);
static void use(struct carrier *carrier);
static void close_all(struct carrier *carrier);
static bool turn(struct carrier *carrier);
static void end(struct carrier *carrier);
static void reload(struct carrier *carrier);
static bool is_done(const struct carrier *carrier, enum exit_code *code);
static void take_answers(struct carrier *carrier);
static void turn_database(struct carrier *carrier);
static void take_claimed(struct carrier *carrier, PGresult *rows);
static void begin(struct carrier *carrier, struct errand *errand);
static void take_completed(struct carrier *carrier, PGresult *result);
static void finish(struct carrier *carrier, struct errand *errand);
static void drop_first(struct carrier *carrier);
static void begin_claim(struct carrier *carrier, int batch);
static void begin_completion(struct carrier *carrier);
static void report(struct carrier *carrier, const char *event);

/* carrier_main is a whole program of one trade. */
int
carrier_main(const struct trade *trade, int argc, char **argv)
{
	struct carrier carrier = {.trade = trade, .last_done = &carrier.done};
	struct command_line line;
	enum exit_code code;

	if (!command_read(&trade->command, argc, argv, &line, &code))
		return code;
	code = EXIT_CONFIGURATION;
	carrier.once = line.once;
	carrier.path = line.config;
	if (carrier_config_read(&carrier.config, trade, line.config) && open_all(&carrier))
		code = line.check ? check(&carrier) : run(&carrier);
	close_all(&carrier);
	return code;
}

static bool
open_all(struct carrier *carrier)
{
	const struct carrier_config *config = &carrier->config;
	struct http_options options = options_of(carrier, config);

	carrier->reported_at = loop_now();
	carrier->claimed_at = loop_now() - config->poll * 1000LL;
	async_open(&carrier->async, config->database, carrier->trade->command.name, NULL);
	use(carrier);
	carrier->http = http_open(&options);
	if (carrier->http == NULL)
		log_error("libcurl could not be set up", NULL);
	return carrier->http != NULL;
}

static struct http_options
options_of(const struct carrier *carrier, const struct carrier_config *config)
{
	return (struct http_options){.ca_file = config->ca_file,
	                             .protocols = carrier->trade->protocols,
	                             .public_only = !config->allow_private,
	                             .connections = config->in_flight,
	                             .in_flight = config->in_flight,
	                             .timeout = config->timeout * 1000L};
}

/* use has the statements follow the settings. */
static void
use(struct carrier *carrier)
{
	snprintf(carrier->lease, sizeof(carrier->lease), "%d s", carrier->config.lease);
	/* an answer that comes later is about what is somebody else's */
	carrier->async.longest = carrier->config.lease * 1000;
}

static void
close_all(struct carrier *carrier)
{
	if (carrier->http != NULL)
		http_close(carrier->http);
	while (carrier->done != NULL)
		drop_first(carrier);
	async_close(&carrier->async);
	carrier_config_free(&carrier->config, carrier->trade);
}

/* check tells whether all is there that the work needs; it sends nothing. */
static enum exit_code
check(struct carrier *carrier)
{
	const struct carrier_config *config = &carrier->config;

	log_info("would use", "{s:s, s:b, s:i, s:i, s:i}", "ca_file",
	         config->ca_file ? config->ca_file : "the system's", "allow_private",
	         config->allow_private, "in_flight", config->in_flight, "lease", config->lease,
	         "timeout", config->timeout);
	if (async_allows(&carrier->async, carrier->trade->check_sql, carrier->trade->check_failed))
		return EXIT_GOOD;
	return pg_trouble == PG_STALE ? EXIT_VERSION : EXIT_DATABASE;
}

/* run works until it is told to end, or, once, until nothing is claimable. */
static enum exit_code
run(struct carrier *carrier)
{
	enum exit_code code = EXIT_INTERNAL;
	int signals = loop_begin(!carrier->once);

	service_begin();
	log_from(carrier->config.log_level);
	log_info("ready", NULL);
	service_ready();
	while (turn(carrier) && !is_done(carrier, &code))
	{
		struct http_file files[] = {{.file = signals},
		                            {.file = async_socket(&carrier->async),
		                             .writing = carrier->async.writing}};

		http_wait(carrier->http, files, 2, TURN);
	}
	report(carrier, "ended");
	return code;
}

/* turn moves everything on by as much as can be done without waiting. */
static bool
turn(struct carrier *carrier)
{
	if (!carrier->ending && loop_ending())
		end(carrier);
	if (!carrier->ending && loop_reloading())
		reload(carrier);
	if (!http_turn(carrier->http))
	{
		log_error("libcurl cannot go on", NULL);
		return false;
	}
	take_answers(carrier);
	turn_database(carrier);
	if (loop_now() >= carrier->reported_at + REPORT_EVERY)
		report(carrier, "progress");
	service_alive();
	return true;
}

static void
end(struct carrier *carrier)
{
	carrier->ending = true;
	carrier->drain_until = loop_now() + carrier->config.drain * 1000LL;
	log_info("ending", "{s:i}", "unfinished", carrier->under_way + carrier->unreported);
	service_stopping(carrier->config.drain + STOPPING_TAKES);
}

/* reload reads the settings again and goes on with them, or without where they are not good. */
static void
reload(struct carrier *carrier)
{
	struct carrier_config fresh;
	struct http_options options;

	service_reloading();
	if (carrier_config_read(&fresh, carrier->trade, carrier->path) &&
	    async_move(&carrier->async, fresh.database))
	{
		options = options_of(carrier, &fresh);
		/* out of memory: what finds no handle is given up, and claimed again */
		http_change(carrier->http, &options);
		carrier_config_free(&carrier->config, carrier->trade);
		carrier->config = fresh;
		use(carrier);
		log_from(fresh.log_level);
		log_info("reloaded", NULL);
	}
	else
	{
		log_error("the settings before stay in use", NULL);
		carrier_config_free(&fresh, carrier->trade);
	}
	service_ready();
}

/* is_done tells whether the loop ends now, and as what. */
static bool
is_done(const struct carrier *carrier, enum exit_code *code)
{
	bool connected = carrier->async.db != NULL;
	bool idle = carrier->under_way + carrier->unreported == 0;

	if (!connected && pg_trouble == PG_STALE)
		*code = EXIT_VERSION;
	else if (!connected && (pg_trouble == PG_ABSENT || carrier->once))
		*code = EXIT_DATABASE;
	else if (carrier->ending && (idle || loop_now() >= carrier->drain_until))
		*code = EXIT_GOOD;
	else if (carrier->once && idle && carrier->state == IDLE && carrier->empty)
		*code = carrier->failed > 0 ? EXIT_PROVIDER : EXIT_GOOD;
	else
		return false;
	return true;
}

/* take_answers keeps what came until the database knows. */
static void
take_answers(struct carrier *carrier)
{
	struct http_answer answer;

	while (http_next(carrier->http, &answer))
	{
		struct errand *errand = answer.context;

		errand_take_answer(errand, carrier->http, &answer);
		carrier->under_way--;
		finish(carrier, errand);
	}
}

/* finish puts an errand at the end of those that are to be told. */
static void
finish(struct carrier *carrier, struct errand *errand)
{
	*carrier->last_done = errand;
	carrier->last_done = &errand->next;
	carrier->unreported++;
}

/* turn_database takes results, tells what is done, and claims what can begin. */
static void
turn_database(struct carrier *carrier)
{
	const char *name = carrier->state == CLAIMING ? "claim" : "complete";
	PGresult *result;
	int room;

	async_turn(&carrier->async);
	while ((result = async_result(&carrier->async, name)) != NULL)
		if (carrier->state == CLAIMING)
			take_claimed(carrier, result);
		else
			take_completed(carrier, result);
	if (!carrier->async.busy)
		carrier->state = IDLE;
	/* they are somebody else's */
	while (carrier->state == IDLE && carrier->done != NULL &&
	       carrier->done->claim->lease_until <= loop_now())
		drop_first(carrier);
	if (carrier->async.db == NULL || carrier->state != IDLE)
		return;
	room = carrier->config.in_flight - carrier->under_way - carrier->unreported;
	if (carrier->done != NULL)
		begin_completion(carrier);
	else if (!carrier->ending && room > 0 &&
	         (carrier->async.woken || !carrier->empty ||
	          loop_now() >= carrier->claimed_at + carrier->config.poll * 1000LL))
		begin_claim(carrier, room);
}

static void
begin_claim(struct carrier *carrier, int batch)
{
	const char *values[] = {carrier->async.worker, carrier->batch, carrier->lease};

	snprintf(carrier->batch, sizeof(carrier->batch), "%d", batch);
	/* the lease runs from now on, whenever the answer comes */
	carrier->claimed_at = loop_now();
	carrier->async.woken = false;
	if (async_send(&carrier->async,
	               &(struct statement){carrier->trade->claim_sql, 3, values, NULL, NULL}))
		carrier->state = CLAIMING;
}

/* take_claimed begins what was claimed; rows is its own from here on. */
static void
take_claimed(struct carrier *carrier, PGresult *rows)
{
	struct claim *claim = calloc(1, sizeof(*claim));

	carrier->empty = PQntuples(rows) < atoi(carrier->batch);
	/* out of memory, here and below: the lease returns the rows */
	if (claim == NULL)
	{
		PQclear(rows);
		return;
	}
	*claim = (struct claim){.rows = rows,
	                        .users = 1,
	                        .lease_until = carrier->claimed_at + carrier->config.lease * 1000LL};
	for (int row = 0; row < PQntuples(rows); row++)
	{
		struct errand *errand = errand_new(claim, row);

		if (errand != NULL)
			begin(carrier, errand);
	}
	claim_release(claim);
}

/* begin makes the request of an errand and sends it. */
static void
begin(struct carrier *carrier, struct errand *errand)
{
	struct http_request request = {.context = errand};

	if (loop_now() + carrier->config.timeout * 1000LL >= errand->claim->lease_until ||
	    !carrier->trade->prepare(errand, &request))
	{
		errand_free(errand);
		return;
	}
	request.headers = errand->headers;
	if (http_begin(carrier->http, &request))
		carrier->under_way++;
	else
	{
		errand->failure = "not_begun";
		finish(carrier, errand);
	}
}

static void
begin_completion(struct carrier *carrier)
{
	const struct trade *trade = carrier->trade;
	struct completion completion = {.values = {carrier->async.worker}};

	trade->report(carrier->done, &completion);
	if (async_send(&carrier->async,
	               &(struct statement){trade->complete_sql, trade->values, completion.values,
	                                   completion.lengths, completion.formats}))
		carrier->state = COMPLETING;
}

/* take_completed logs what the database made of an errand, and forgets it. */
static void
take_completed(struct carrier *carrier, PGresult *result)
{
	const struct errand *errand = carrier->done;
	/* no row: another worker has claimed it since */
	bool known = PQntuples(result) == 1;
	bool good = known && *PQgetvalue(result, 0, 1) == 't';

	if (good)
		carrier->carried++;
	else
	{
		carrier->failed++;
		log_warning("an errand failed", "{s:s, s:i, s:s?, s:s}", "number", errand_value(errand, 0),
		            "status", (int) errand->status, "failure", errand->failure, "result",
		            known ? PQgetvalue(result, 0, 0) : "too late");
	}
	PQclear(result);
	drop_first(carrier);
	/* what is done can make more due */
	carrier->empty = false;
}

/* drop_first forgets the first errand that is done. */
static void
drop_first(struct carrier *carrier)
{
	struct errand *errand = carrier->done;

	carrier->done = errand->next;
	if (carrier->done == NULL)
		carrier->last_done = &carrier->done;
	carrier->unreported--;
	errand_free(errand);
}

/* report logs what was done, if anything was since the last report. */
static void
report(struct carrier *carrier, const char *event)
{
	long long sum = carrier->carried + carrier->failed;

	carrier->reported_at = loop_now();
	service_status("carried %lld, failed %lld, unfinished %d%s", carrier->carried, carrier->failed,
	               carrier->under_way + carrier->unreported,
	               carrier->async.db ? "" : "; the database is away");
	if (sum == carrier->told && strcmp(event, "progress") == 0)
		return;
	carrier->told = sum;
	log_info(event, "{s:I, s:I, s:i}", "carried", carrier->carried, "failed", carrier->failed,
	         "unfinished", carrier->under_way + carrier->unreported);
}
