/* Sealing in threads: what is taken is there, what is dropped at any moment is gone. */
#include "push/sealer.c"

#include "check.h"

#include "lib/webpush_crypto.c"

#include <stdlib.h>

#define SEALS 200

static char text[600];
static struct webpush_receiver receiver;

/* wait_for waits until a seal is done. */
static void
wait_for(const struct seal *seal)
{
	while (!seal_is_done(seal))
		usleep(100);
}

/* seal_many begins so many, drops those that are divisible at once or later, and takes the rest. */
static int
seal_many(int divisor, bool later)
{
	struct seal *seals[SEALS];
	int taken = 0;

	for (int i = 0; i < SEALS; i++)
	{
		seals[i] = seal_begin(&receiver, text, sizeof(text));
		if (seals[i] == NULL)
			return -1;
		if (!later && i % divisor == 0)
			seal_drop(seals[i]);
	}
	for (int i = 0; i < SEALS; i++)
		if (i % divisor == 0)
		{
			if (later)
				seal_drop(seals[i]);
		}
		else
		{
			char *body;

			wait_for(seals[i]);
			body = seal_take(seals[i]);
			taken += body != NULL && body[WEBPUSH_SALT + 4] == WEBPUSH_POINT;
			free(body);
		}
	return taken;
}

int
main(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct webpush_receiver none = {.point = {4}};
	struct seal *seal;
	char *body;
	int begun = 0;

	webpush_point(key, receiver.point);
	EVP_PKEY_free(key);
	Check(sealer_open() && sealer_open(), "two users");
	Check(seal_many(3, false) == SEALS - (SEALS + 2) / 3, "what is not dropped is sealed");
	Check(seal_many(2, true) == SEALS - SEALS / 2, "nor is it when others are dropped later");
	seal = seal_begin(&none, text, sizeof(text));
	wait_for(seal);
	body = seal_take(seal);
	Check(body == NULL, "for a receiver whose point is none there is nothing");
	sealer_close();
	seal = seal_begin(&receiver, text, sizeof(text));
	wait_for(seal);
	body = seal_take(seal);
	Check(body != NULL, "the other user still seals");
	free(body);
	/* more than may wait, all dropped: the sanitizer finds what is not freed */
	for (int i = 0; i < 3 * WAITING; i++)
		if ((seal = seal_begin(&receiver, text, sizeof(text))) != NULL)
		{
			begun++;
			seal_drop(seal);
		}
	Check(begun < 3 * WAITING, "so many may wait");
	sealer_close();
	return FinishChecks();
}
