/* The age of provider tokens, second by second through days of all kinds. */
#include "push/token_age.c"

#include "check.h"

#include <stdlib.h>

/* live runs a process from one second to another, and counts what APNs would take ill. */
static void
live(long long from, long long seconds, int doubt_one_in, int *old, int *soon)
{
	struct token_age age = {0};
	long long changed = 0;

	for (long long now = from; now < from + seconds; now++)
	{
		if (doubt_one_in > 0 && age.issued_at != 0 && random() % doubt_one_in == 0)
			age.doubted = true;
		if (token_age_is_due(&age, now))
		{
			struct token_age next = token_age_next(&age, now);

			*soon += changed > 0 && now < changed + 1200;
			*soon += changed > 0 && next.issued_at <= age.issued_at;
			age = next;
			changed = age.changed_at;
		}
		*old += now - age.issued_at >= 3600 || age.issued_at > now;
	}
}

int
main(void)
{
	struct token_age young = {.issued_at = 2400000, .changed_at = 2400000};
	struct token_age future = {.issued_at = 2407200, .changed_at = 2407200};
	int old = 0, soon = 0;

	srandom(1);
	for (int i = 0; i < 200; i++)
		live(1000000000 + random() % 100000, 20000, 0, &old, &soon);
	Check(old == 0, "none is an hour old");
	Check(soon == 0, "nor changed within twenty minutes");
	old = soon = 0;
	for (int i = 0; i < 200; i++)
		live(1000000000 + random() % 100000, 20000, 700, &old, &soon);
	Check(old == 0, "nor where APNs doubts them");
	Check(soon == 0, "however often");
	Check(!token_age_is_due(&young, 2402399), "a token of this span is kept");
	Check(token_age_is_due(&young, 2402400), "until the next begins");
	Check(token_age_next(&(struct token_age){0}, 2400001).issued_at ==
	          token_age_next(&(struct token_age){0}, 2402399).issued_at,
	      "two that start within one claim the same");
	young.doubted = true;
	Check(!token_age_is_due(&young, 2401199), "a young one in doubt is kept");
	Check(token_age_is_due(&young, 2401200), "an older one not");
	Check(token_age_next(&young, 2401200).issued_at == 2401200,
	      "a new one then claims this moment");
	Check(token_age_is_due(&future, 2400100), "one of the future is replaced at once");
	return FinishChecks();
}
