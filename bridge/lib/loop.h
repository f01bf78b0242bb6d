/* What a loop needs: a clock that never jumps, signals, and patience. */
#ifndef BRIDGE_LOOP_H
#define BRIDGE_LOOP_H

#include <stdbool.h>

extern int loop_begin(bool reloads);
extern bool loop_ending(void);
extern bool loop_reloading(void);
extern long long loop_now(void);

/* A wait that grows with each failure, from first to longest milliseconds. */
struct patience
{
	long long first, longest;
	long long wait, until;
};
extern void patience_failed(struct patience *patience);
extern void patience_succeeded(struct patience *patience);
extern bool patience_over(const struct patience *patience);

#endif
