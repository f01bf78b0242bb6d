/*
 * How long certificates hold, in Japanese time (UTC+9).
 */
#ifndef VALIDITY_H
#define VALIDITY_H

#include <stdbool.h>
#include <time.h>

/* Second of the day that a date alone means */
#define MORNING (10 * 3600)
#define END_OF_DAY (24 * 3600 - 1)

/* Reads YYYY-MM-DDThh:mm:ss, or YYYY-MM-DD at second_of_day, as Japanese time. */
extern bool parse_time(const char *text, int second_of_day, time_t *at);

/*
 * Last second of a certificate: 23:59:59 of the fifth birthday after issue, or
 * of the card's last day (0: not known) where that is earlier.
 */
extern time_t certificate_end(time_t issued, const char *birth, time_t card_end);

/* Full years at that time; -1 when the year of birth is unknown. */
extern int age_at(time_t at, const char *birth);

#endif
