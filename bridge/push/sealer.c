/*
 * One pool for the process, however many generations of settings use it: what one
 * began the next can take.  A seal belongs to whoever began it, until it is taken
 * or dropped; one that is dropped while a thread works on it is freed by that thread.
 */
#include "sealer.h"

#include "lib/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_THREADS 4
#define WAITING                                                                      \
	256 /* seals that may wait for a thread: what is dropped meanwhile costs nothing \
	     */

struct seal
{
	struct seal *next;
	struct webpush_receiver receiver;
	atomic_bool done;
	bool dropped;
	char *body; /* NULL once it is done: it could not be encrypted */
	size_t length;
	char text[];
};

static struct
{
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct seal *first, **last;
	int waiting, users, thread_count;
	bool ending;
	pthread_t threads[MOST_THREADS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

static bool start_threads(void);
static void *work(void *unused);
static struct seal *next_seal(void);
static void finish(struct seal *seal, char *body);

/* sealer_open has the pool there for one user more; false: no thread could be started. */
bool
sealer_open(void)
{
	if (pool.users == 0 && !start_threads())
		return false;
	pool.users++;
	return true;
}

/* start_threads starts as many as leave a processor for the loop. */
static bool
start_threads(void)
{
	long wanted = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	sigset_t all, before;

	wanted = wanted < 1 ? 1 : wanted < MOST_THREADS ? wanted : MOST_THREADS;
	pool.last = &pool.first;
	pool.ending = false;
	/* signals are the loop's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool.thread_count < wanted &&
	       pthread_create(&pool.threads[pool.thread_count], NULL, work, NULL) == 0)
		pool.thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pool.thread_count > 0;
}

/* sealer_close ends the threads with the last user. */
void
sealer_close(void)
{
	struct seal *seal;

	if (--pool.users > 0)
		return;
	pthread_mutex_lock(&pool.lock);
	pool.ending = true;
	pthread_cond_broadcast(&pool.work);
	pthread_mutex_unlock(&pool.lock);
	while (pool.thread_count > 0)
		pthread_join(pool.threads[--pool.thread_count], NULL);
	/* all that is left was dropped */
	while ((seal = next_seal()) != NULL)
		finish(seal, NULL);
}

/* seal_begin has a text encrypted; NULL: so many wait that it is to be asked for again later. */
struct seal *
seal_begin(const struct webpush_receiver *receiver, const char *text, size_t length)
{
	struct seal *seal = NULL;

	pthread_mutex_lock(&pool.lock);
	if (pool.waiting < WAITING)
		seal = malloc(sizeof(*seal) + length);
	if (seal != NULL)
	{
		*seal = (struct seal){.receiver = *receiver, .length = length};
		memcpy(seal->text, text, length);
		*pool.last = seal;
		pool.last = &seal->next;
		pool.waiting++;
		pthread_cond_signal(&pool.work);
	}
	pthread_mutex_unlock(&pool.lock);
	return seal;
}

bool
seal_is_done(const struct seal *seal)
{
	return atomic_load(&seal->done);
}

/* seal_take ends a seal that is done, and returns its body, to be freed; NULL: there is none. */
char *
seal_take(struct seal *seal)
{
	char *body = seal->body;

	free(seal);
	return body;
}

/* seal_drop ends a seal, done or not. */
void
seal_drop(struct seal *seal)
{
	bool done;

	if (seal == NULL)
		return;
	pthread_mutex_lock(&pool.lock);
	done = seal->done;
	seal->dropped = true;
	pthread_mutex_unlock(&pool.lock);
	if (done)
		free(seal_take(seal));
}

static void *
work(void *unused)
{
	struct seal *seal;

	(void) unused;
	while (true)
	{
		char *body = NULL;
		bool dropped;

		pthread_mutex_lock(&pool.lock);
		while (pool.first == NULL && !pool.ending)
			pthread_cond_wait(&pool.work, &pool.lock);
		if (pool.ending)
		{
			pthread_mutex_unlock(&pool.lock);
			return NULL;
		}
		seal = next_seal();
		dropped = seal->dropped;
		pthread_mutex_unlock(&pool.lock);
		if (!dropped)
			body = malloc(WEBPUSH_BODY(seal->length));
		if (body != NULL &&
		    !webpush_encrypt(&seal->receiver, seal->text, seal->length, (unsigned char *) body))
		{
			free(body);
			body = NULL;
		}
		finish(seal, body);
	}
}

/* next_seal takes the first that waits, or returns NULL. */
static struct seal *
next_seal(void)
{
	struct seal *seal = pool.first;

	if (seal == NULL)
		return NULL;
	pool.first = seal->next;
	if (pool.first == NULL)
		pool.last = &pool.first;
	pool.waiting--;
	return seal;
}

/* finish gives a seal what it came to, or frees both where nobody waits for it. */
static void
finish(struct seal *seal, char *body)
{
	pthread_mutex_lock(&pool.lock);
	if (seal->dropped)
	{
		free(body);
		free(seal);
	}
	else
	{
		seal->body = body;
		atomic_store(&seal->done, true);
		loop_wake();
	}
	pthread_mutex_unlock(&pool.lock);
}
