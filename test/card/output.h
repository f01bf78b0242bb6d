/*
 * Files of the hierarchy's directory.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

/*
 * Opens DIRECTORY/name, the name being formatted.  New files whose name ends in
 * ".key" can be read by their owner only.
 */
extern FILE *output_open(const char *directory, const char *mode, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

#endif
