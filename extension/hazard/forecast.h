/*
 * When a rising level will reach a threshold, if it goes on as it did: a line
 * through its last readings, and the interval in which such a line crosses nine
 * times out of ten.  Pure C.
 */
#ifndef PASSPORT_HAZARD_FORECAST_H
#define PASSPORT_HAZARD_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

/* Times are microseconds on one scale, ascending. */
typedef struct ForecastReading
{
	int64_t at;
	double value;
} ForecastReading;

typedef struct Forecast
{
	bool known;  /* it rises for certain, and reaches the level soon enough to say so */
	double rate; /* per hour */
	int64_t expected;
	int64_t earliest;
	int64_t latest;
} Forecast;

extern Forecast ForecastCrossing(const ForecastReading *readings, int count, double noise,
                                 double level);

#endif
