/*
 * The 12-digit individual number (マイナンバー) must never be stored.  This
 * finds one in any text.
 */
#ifndef PASSPORT_INDIVIDUAL_NUMBER_H
#define PASSPORT_INDIVIDUAL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

extern bool HoldsIndividualNumber(const char *text, size_t length);

#endif
