/* Checks of single values for entry points in C.  Include it after postgres.h. */
#ifndef PASSPORT_RESIDENT_H
#define PASSPORT_RESIDENT_H

extern void RefuseIndividualNumber(const char *pointer, const text *value);

#endif
