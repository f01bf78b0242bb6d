/* The database says it with NOTIFY; what it says to nobody is lost. */
#include "news.h"

#include <stddef.h>
#include <stdlib.h>

/* news_hear takes the word of a notification, empty without a key; NULL: some may be lost. */
void
news_hear(void *context, const char *word)
{
	struct news *news = context;

	if (word == NULL || (*word != '\0' && news->count == NEWS))
		news->any = true;
	else if (*word != '\0')
		news->keys[news->count++] = strtoull(word, NULL, 16);
}
