/*
 * The gate, the stages and the batch by themselves, without a database: what
 * must hold for any series of readings.  Prints TAP; test/t/hazard_unit.pl
 * builds it with the sanitizers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hazard/batch.h"

#define LENGTH 60
#define SERIES 3000
#define NOW (INT64_C(1000) * 60 * GATE_MINUTE)

static int tests = 0;

static void
Check(int good, const char *what)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++tests, what);
}

static double
Chance(void)
{
	return rand() / (RAND_MAX + 1.0);
}

static Sensor
MakeSensor(void)
{
	Sensor sensor = {.limits = {.low = -1,
	                            .high = 12,
	                            .max_rise = 0.6,
	                            .max_fall = 0.3,
	                            .noise = 0.05,
	                            .dropout = 0,
	                            .alarm = 2,
	                            .stale_after = 24 * 60 * GATE_MINUTE,
	                            .future_tolerance = 5 * GATE_MINUTE,
	                            .memory = 120 * GATE_MINUTE},
	                 .thresholds = {{2, 2, 1.8, 20 * GATE_MINUTE},
	                                {3, 3, 2.7, 20 * GATE_MINUTE},
	                                {4, 4, 3.5, 20 * GATE_MINUTE}},
	                 .threshold_count = 3};

	return sensor;
}

/* Fill makes readings of ten minutes each from levels. */
static void
Fill(Reading *readings, const double *levels, int count)
{
	memset(readings, 0, sizeof(Reading) * count);
	for (int i = 0; i < count; i++)
	{
		readings[i].at = NOW - (count - i) * 10 * GATE_MINUTE;
		readings[i].value = levels[i];
		readings[i].order = i;
	}
}

/* Wander makes a level that moves within the limits, and stays above 0.1. */
static void
Wander(double *levels, int count)
{
	double level = 1 + Chance();

	for (int i = 0; i < count; i++)
	{
		level = fmin(fmax(level + Chance() * 0.9 - 0.3, 0.1), 9);
		levels[i] = level;
	}
}

/* Garble puts spikes, drop-outs and garbage into a series. */
static void
Garble(double *levels, int count)
{
	static const double garbage[] = {NAN, INFINITY, -INFINITY, 26, 0, 0, 0, 9.9, 11, -0.9};

	for (int i = 0; i < count; i++)
		if (Chance() < 0.3)
			levels[i] = garbage[rand() % 10];
}

static void
PlausiblePasses(void)
{
	int wrong = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading readings[LENGTH];
		Sensor sensor = MakeSensor();

		Wander(levels, LENGTH);
		levels[0] = 1;
		levels[1] = 1.3;
		for (int i = 1; i < LENGTH; i++)
			levels[i] = fmin(fmax(levels[i], levels[i - 1] - 0.3), levels[i - 1] + 0.6);
		Fill(readings, levels, LENGTH);
		JudgeBatch(&sensor, readings, LENGTH, NOW);
		for (int i = 0; i < LENGTH; i++)
			wrong += readings[i].verdict != GATE_ACCEPTED || readings[i].reasons != 0;
	}
	Check(wrong == 0, "what moves within the limits is accepted as it comes");
}

static void
SpikesStayHeld(void)
{
	int wrong = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading readings[LENGTH];
		Sensor sensor = MakeSensor();
		int spike = 1 + rand() % (LENGTH - 2);

		for (int i = 0; i < LENGTH; i++)
			levels[i] = 1 + Chance() * 0.3;
		levels[spike] = 2.5 + Chance() * 9;
		Fill(readings, levels, LENGTH);
		JudgeBatch(&sensor, readings, LENGTH, NOW);
		wrong += readings[spike].verdict != GATE_HELD || sensor.stage.stage != 0 ||
		         readings[spike + 1].verdict != GATE_ACCEPTED;
	}
	Check(wrong == 0, "an isolated spike is held for good and moves no stage");
}

static void
RisesPass(void)
{
	int wrong = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading readings[LENGTH];
		Sensor sensor = MakeSensor();

		/* however steep: the level never falls, and stays in the instrument's range */
		levels[0] = 0.5;
		for (int i = 1; i < LENGTH; i++)
			levels[i] = fmin(levels[i - 1] + (Chance() < 0.1 ? Chance() * 6 : Chance() * 0.1), 12);
		Fill(readings, levels, LENGTH);
		for (int i = 0; i < LENGTH; i++)
		{
			JudgeBatch(&sensor, &readings[i], 1, NOW);
			/* one sample late at most: the one before is always known by now */
			wrong += i > 0 && sensor.history.last.at < readings[i - 1].at;
		}
	}
	Check(wrong == 0, "no real rise is more than one sample late, however steep");
}

static void
BatchesDoNotMatter(void)
{
	int wrong = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading once[LENGTH], parts[LENGTH];
		Sensor whole = MakeSensor(), cut = MakeSensor();

		Wander(levels, LENGTH);
		Garble(levels, LENGTH);
		Fill(once, levels, LENGTH);
		Fill(parts, levels, LENGTH);
		JudgeBatch(&whole, once, LENGTH, NOW);
		for (int i = 0, size; i < LENGTH; i += size)
		{
			Confirmation earlier;

			size = 1 + rand() % 7;
			size = size > LENGTH - i ? LENGTH - i : size;
			earlier = JudgeBatch(&cut, &parts[i], size, NOW);
			for (int k = 0; earlier.known && k < i; k++)
				if (parts[k].at == earlier.at)
				{
					parts[k].verdict = GATE_ACCEPTED;
					parts[k].reasons |= GATE_CONFIRMED;
					parts[k].stage = earlier.stage;
				}
		}
		for (int i = 0; i < LENGTH; i++)
			wrong += once[i].verdict != parts[i].verdict || once[i].reasons != parts[i].reasons ||
			         once[i].stage != parts[i].stage;
		wrong += whole.stage.stage != cut.stage.stage || whole.stage.since != cut.stage.since;
	}
	Check(wrong == 0, "readings mean the same in one batch and in many");
}

static void
StagesFollow(void)
{
	int wrong = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading readings[LENGTH];
		Sensor sensor = MakeSensor();
		int stage = 0;

		Wander(levels, LENGTH);
		if (n % 2 == 0)
			Garble(levels, LENGTH);
		Fill(readings, levels, LENGTH);
		JudgeBatch(&sensor, readings, LENGTH, NOW);
		for (int i = 0; i < LENGTH; i++)
		{
			/* what stands between a candidate and its second shows the stage before both */
			wrong += n % 2 == 1 && readings[i].stage_changed != (readings[i].stage != stage);
			wrong += readings[i].verdict == GATE_REJECTED && readings[i].stage_changed;
			wrong += readings[i].verdict == GATE_ACCEPTED && readings[i].stage < 4 &&
			         readings[i].value >= 4;
			stage = readings[i].stage;
		}
	}
	Check(wrong == 0, "the stage is never under an accepted reading, and moves by none rejected");
}

static void
ExtremesAreSafe(void)
{
	static const double values[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 0, -0.0, 1};
	int64_t oldest = INT64_C(-211813488000000000); /* PostgreSQL's first timestamp */
	int64_t newest = INT64_C(9223371331199999999); /* and last */
	Sensor sensor = MakeSensor();

	for (int n = 0; n < 100 * SERIES; n++)
	{
		Reading reading = {.at = n % 3 == 0   ? oldest + rand()
		                         : n % 3 == 1 ? newest - rand()
		                                      : NOW - rand(),
		                   .value = values[rand() % 8]};

		JudgeBatch(&sensor, &reading, 1, NOW);
	}
	Check(sensor.history.last.value == 1 || sensor.history.last.value == 0,
	      "extreme values and times do no harm");
}

int
main(void)
{
	srand(20305);
	PlausiblePasses();
	SpikesStayHeld();
	RisesPass();
	BatchesDoNotMatter();
	StagesFollow();
	ExtremesAreSafe();
	printf("1..%d\n", tests);
	return 0;
}
