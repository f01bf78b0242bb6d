/* Of which collapse keys new messages have come. */
#ifndef PUSH_NEWS_H
#define PUSH_NEWS_H

#include <stdbool.h>

#define NEWS 32 /* keys that are remembered one by one */

/* Zeros: nothing new. */
struct news
{
	unsigned long long keys[NEWS]; /* their digests, as far as the database tells them */
	int count;
	bool any; /* there may have been messages of any key */
};

extern void news_hear(void *news, const char *word);

#endif
