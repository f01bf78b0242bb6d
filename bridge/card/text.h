/*
 * What passport-card says, in the language of the locale.
 */
#ifndef TEXT_H
#define TEXT_H

typedef enum Text
{
	TEXT_NO_SERVICE,
	TEXT_NO_READER,
	TEXT_NO_CARD,
	TEXT_MANY_CARDS,
	TEXT_READER_FAILED,
	TEXT_WAITING,
	TEXT_NOT_JPKI,
	TEXT_NO_CERTIFICATE,
	TEXT_CARD_FAILED,
	TEXT_LABEL,
	TEXT_TRIES_AUTHENTICATION,
	TEXT_TRIES_SIGNATURE,
	TEXT_BLOCKED_AUTHENTICATION,
	TEXT_BLOCKED_SIGNATURE,
	TEXT_LAST_TRY,
	TEXT_ASK_AUTHENTICATION,
	TEXT_ASK_SIGNATURE,
	TEXT_NO_PIN,
	TEXT_ODD_AUTHENTICATION,
	TEXT_ODD_SIGNATURE,
	TEXT_WRONG_PIN,
	TEXT_SIGNING,
	TEXT_NO_DATABASE,
	TEXT_DATABASE,
	TEXT_REGISTERED,
	TEXT_QUEUED,
	TEXT_REFUSED,
	TEXT_LOGGED_IN,
	TEXT_COUNT
} Text;

/* Chooses the language: Japanese when LC_ALL, LC_MESSAGES or LANG says so. */
extern void text_choose_language(void);

/* Returns the text; some are formats, as their English says. */
extern const char *text(Text which);

#endif
