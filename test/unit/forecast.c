/*
 * The forecast by itself, without a database: of lines it must be right nine
 * times in ten.  Prints TAP; test/t/unit.pl builds it with the
 * sanitizers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "hazard/forecast.h"

#define MINUTE INT64_C(60000000)
#define SERIES 60000

static double
Chance(void)
{
	return rand() / (RAND_MAX + 1.0);
}

static void
LinesAreExact(void)
{
	ForecastReading readings[7];
	Forecast forecast;

	for (int i = 0; i < 7; i++)
		readings[i] = (ForecastReading){i * 10 * MINUTE, 1 + 0.1 * i};
	forecast = ForecastCrossing(readings, 7, 0, 2);
	Check(forecast.known && llabs(forecast.expected - 100 * MINUTE) < 10 &&
	          fabs(forecast.rate - 0.6) < 1e-9 && llabs(forecast.latest - forecast.earliest) < 10,
	      "a straight rise of 0.1 in ten minutes is at 2.0 after 100 minutes");
	readings[6].value = 2.1;
	Check(!ForecastCrossing(readings, 7, 0, 2).known,
	      "nothing is said of a level that the last has passed");
	readings[6].value = 1.6;
	Check(
	    !ForecastCrossing(readings, 7, 0.05, 1.5).known &&
	        !ForecastCrossing(readings, 7, 0.05, 9).known &&
	        !ForecastCrossing(readings, 2, 0.05, 2).known &&
	        !ForecastCrossing(readings, 7, 5, 2).known,
	    "nor of a level that the line has passed, one far off, of two readings, within the noise");
}

/* Lines with scatter, of which the next readings are known: where do they cross? */
static void
LinesAreForeseen(void)
{
	ForecastReading readings[7];
	Forecast forecast;
	int held = 0, known = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double rate = 0.3 + Chance(), crossed = -1;

		for (int i = 0; i < 60 && crossed < 0; i++)
		{
			double scatter = 0.05 * (Chance() + Chance() + Chance() - 1.5);
			double value = rate * i / 6 + scatter;

			if (i < 7)
				readings[i] = (ForecastReading){i * 10 * MINUTE, value};
			else if (value >= rate * 2)
				crossed = i * 10;
		}
		forecast = ForecastCrossing(readings, 7, 0, rate * 2);
		known += forecast.known;
		held += forecast.known && crossed >= (double) forecast.earliest / MINUTE &&
		        crossed - 10 <= (double) forecast.latest / MINUTE;
	}
	printf("# of %d forecasts of lines %.1f %% held\n", known, 100.0 * held / known);
	Check(known > SERIES * 0.95 && held > known * 0.85, "nine of ten lines cross when it says");
}

static void
ExtremesAreSafe(void)
{
	ForecastReading readings[7];
	Forecast forecast;
	int wild = 0;

	for (int i = 0; i < 7; i++)
		readings[i].at = i * 10 * MINUTE;
	for (int n = 0; n < 5 * SERIES; n++)
	{
		static const double values[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 0, 1, 2};

		for (int i = 0; i < 7; i++)
			readings[i].value = values[rand() % 8];
		forecast = ForecastCrossing(readings, 7, values[rand() % 8], values[rand() % 8]);
		wild += forecast.known &&
		        !(forecast.earliest <= forecast.expected && forecast.expected <= forecast.latest);
	}
	Check(wild == 0, "extreme values do no harm");
}

int
main(void)
{
	srand(20305);
	LinesAreExact();
	LinesAreForeseen();
	ExtremesAreSafe();
	return FinishChecks();
}
