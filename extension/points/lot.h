/*
 * Which lots points are taken from.  Pure C.
 */
#ifndef PASSPORT_LOT_H
#define PASSPORT_LOT_H

#include <stdint.h>

/*
 * TakeFromLots spreads points over lots in their order, held points each, the
 * first to expire first, and returns how many of the lots it took from: taken
 * has what of each.  Returns 0 where all of them together do not hold enough.
 */
extern int TakeFromLots(const int32_t *held, int lots, int32_t points, int32_t *taken);

#endif
