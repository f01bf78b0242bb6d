/*
 * Test Anything Protocol for the unit tests.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts and prints one test. */
extern void check(bool good, const char *name);

/* Prints the plan, and returns the exit status. */
extern int finish_checks(void);

/* Writes the bytes that hex digits stand for, and returns how many. */
extern size_t from_hex(const char *hex, uint8_t *bytes);

#endif
