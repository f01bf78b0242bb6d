/*
 * In which order to knock at doors: leg by leg, and within each so that little
 * is walked.  Pure C.
 */
#ifndef PASSPORT_HAZARD_ROUTE_H
#define PASSPORT_HAZARD_ROUTE_H

#include <stdbool.h>

typedef struct Stop
{
	int leg;     /* stops of a leg stand together, the legs in the order of the walk */
	bool placed; /* one without a place comes last in its leg */
	double east; /* metres */
	double north;
} Stop;

/*
 * Writes the indices of the stops in the order of the walk.  pause is called
 * every now and then, as often as a thousand comparisons or so: a walk of ten
 * thousand stops takes a second, and must be left when somebody says so.
 */
extern void OrderStops(const Stop *stops, int count, int *order, void (*pause)(void));

#endif
