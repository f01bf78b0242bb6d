/*
 * The gate, the stages and the batch by themselves, without a database: what
 * must hold for any series of readings.  Prints TAP; test/t/unit.pl
 * builds it with the sanitizers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hazard/batch.h"

#define LENGTH 60
#define SERIES 3000
#define NOW (INT64_C(1000) * 60 * GATE_MINUTE)

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
	                            .steps = {2, 3, 4},
	                            .step_count = 3,
	                            .grave = 4,
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
		for (int i = 0; i < LENGTH && n % 2 == 0; i++)
			once[i].witness = parts[i].witness =
			    (GateWitness){rand() % 3, rand() % 2 == 0 ? 0 : Chance() * 4};
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

/* Deny lets every witness see nothing. */
static void
Deny(Reading *readings, int count)
{
	for (int i = 0; i < count; i++)
		readings[i].witness.sight = GATE_DENIED;
}

static void
DeniedRisesAreNotGrave(void)
{
	int wrong = 0, reached = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading readings[LENGTH];
		Sensor sensor = MakeSensor();

		Wander(levels, LENGTH);
		if (n % 2 == 0)
			Garble(levels, LENGTH);
		Fill(readings, levels, LENGTH);
		Deny(readings, LENGTH);
		JudgeBatch(&sensor, readings, LENGTH, NOW);
		for (int i = 0; i < LENGTH; i++)
		{
			wrong += readings[i].stage > 3;
			wrong += readings[i].verdict == GATE_ACCEPTED && readings[i].value >= 4;
			reached += readings[i].stage == 3;
		}
	}
	Check(wrong == 0 && reached > SERIES, "what all witnesses deny goes to stage 3 and no further");
}

static void
SilentWitnessesDenyNothing(void)
{
	int wrong = 0;

	for (int n = 0; n < SERIES; n++)
	{
		double levels[LENGTH];
		Reading alone[LENGTH], seen[LENGTH];
		Sensor one = MakeSensor(), other = MakeSensor();

		Wander(levels, LENGTH);
		Garble(levels, LENGTH);
		Fill(alone, levels, LENGTH);
		Fill(seen, levels, LENGTH);
		for (int i = 0; i < LENGTH; i++)
			seen[i].witness.sight = GATE_MOVED;
		JudgeBatch(&one, alone, LENGTH, NOW);
		JudgeBatch(&other, seen, LENGTH, NOW);
		for (int i = 0; i < LENGTH; i++)
			wrong += alone[i].verdict != seen[i].verdict || alone[i].stage != seen[i].stage;
	}
	Check(wrong == 0, "witnesses that are silent or saw it move leave the gate as it is");
}

/* A wave that comes down from a gauge upstream is no spike: it does not wait for its second. */
static void
GaugesCorroborateAJump(void)
{
	double levels[] = {1, 3.2, 3.3}, grave[] = {1, 4.8, 4.9}, spike[] = {1, 3.2, 1};
	Reading readings[3];
	Sensor sensor = MakeSensor();

	Fill(readings, levels, 3);
	readings[1].witness = (GateWitness){GATE_MOVED, 1.2};
	JudgeBatch(&sensor, readings, 3, NOW);
	Check(readings[1].verdict == GATE_ACCEPTED && readings[1].stage == 3 &&
	          readings[1].reasons == (GATE_RISE_TOO_FAST | GATE_CORROBORATED) &&
	          readings[2].verdict == GATE_ACCEPTED && readings[2].reasons == 0,
	      "a jump that another gauge made half as high passes at once");

	sensor = MakeSensor();
	Fill(readings, grave, 3);
	readings[1].witness = (GateWitness){GATE_MOVED, 2.5};
	JudgeBatch(&sensor, readings, 3, NOW);
	Check(readings[1].stage == 3 && readings[1].verdict == GATE_ACCEPTED &&
	          readings[2].stage == 4 &&
	          (readings[1].reasons & (GATE_CORROBORATED | GATE_CONFIRMED)) ==
	              (GATE_CORROBORATED | GATE_CONFIRMED),
	      "to stage 4 it brings stage 3 at once, and waits for its second");

	sensor = MakeSensor();
	Fill(readings, spike, 3);
	readings[1].witness = (GateWitness){GATE_MOVED, 0.3};
	JudgeBatch(&sensor, readings, 3, NOW);
	Check(readings[1].verdict == GATE_HELD && sensor.stage.stage == 0,
	      "rain, or a river that rose by a hand, passes no spike");

	/* one that is corroborated after it is its second as well */
	sensor = MakeSensor();
	Fill(readings, levels, 3);
	readings[2].witness = (GateWitness){GATE_MOVED, 2};
	JudgeBatch(&sensor, readings, 3, NOW);
	Check(readings[1].verdict == GATE_ACCEPTED && readings[2].reasons & GATE_CONFIRMED,
	      "and a second that is corroborated confirms the first");
}

/* Whoever must look at a gauge is told once, and of nothing that moves no grave stage. */
static void
APersonIsAwaited(void)
{
	double levels[] = {1, 1.5, 4.5, 4.6, 1.2};
	Reading readings[5];
	Sensor sensor = MakeSensor();
	bool awaited[5];

	Fill(readings, levels, 5);
	Deny(readings, 5);
	for (int i = 0; i < 5; i++)
	{
		JudgeBatch(&sensor, &readings[i], 1, NOW);
		awaited[i] = AwaitsPerson(&sensor, NOW);
	}
	Check(!awaited[1] && awaited[2] && awaited[3] && !awaited[4],
	      "a person is awaited while a grave reading is held");
	sensor.history.held = (GateReading){true, NOW - 25 * 60 * GATE_MINUTE, 4.5};
	Check(!AwaitsPerson(&sensor, NOW), "but for none that is stale");
	sensor.history.held = (GateReading){true, NOW, 4.5};
	sensor.limits.service = GATE_MAINTENANCE;
	Check(!AwaitsPerson(&sensor, NOW), "nor of a gauge in maintenance");
}

/*
 * What comes late tells of a time that is over: whether its second comes in the
 * same batch or the next, the stage stays with the later water.
 */
static void
LateNeverMovesTheStage(void)
{
	double levels[] = {1, 3.4, 3.6, 1.2};
	Reading readings[4];
	Sensor sensor = MakeSensor();

	Fill(readings, levels, 4);
	JudgeBatch(&sensor, &readings[0], 1, NOW);
	readings[3].value = 1.2;
	JudgeBatch(&sensor, &readings[3], 1, NOW);
	readings[1].before = readings[2].before = (GateReading){true, readings[0].at, 1};
	JudgeBatch(&sensor, &readings[1], 1, NOW);
	JudgeBatch(&sensor, &readings[2], 1, NOW);
	Check(readings[1].reasons & GATE_LATE && readings[2].reasons & GATE_LATE &&
	          sensor.stage.stage == 0 && sensor.history.last.value == 1.2,
	      "late readings are a record and move no stage");
	/* the water of a live candidate is not late: a backlog behind it is judged live */
	sensor = MakeSensor();
	Fill(readings, (double[]){1, 3.4, 3.6, 3.9}, 4);
	JudgeBatch(&sensor, &readings[0], 1, NOW);
	JudgeBatch(&sensor, &readings[3], 1, NOW);
	JudgeBatch(&sensor, &readings[1], 1, NOW);
	JudgeBatch(&sensor, &readings[2], 1, NOW);
	Check(sensor.stage.stage == 3, "and a flood whose backlog comes one by one is not lost");
}

/* A real flood that reaches the grave threshold passes with the first that a witness sees. */
static void
OneWitnessIsEnough(void)
{
	double levels[] = {1, 1.5, 2.1, 2.6, 3.1, 3.6, 4.1, 4.6, 5.1, 5.6};
	Reading readings[10];
	Sensor sensor = MakeSensor();

	Fill(readings, levels, 10);
	Deny(readings, 10);
	readings[8].witness.sight = GATE_MOVED;
	JudgeBatch(&sensor, readings, 10, NOW);
	Check(readings[2].verdict == GATE_ACCEPTED && readings[2].stage == 2 &&
	          readings[2].reasons == (GATE_UNCORROBORATED | GATE_CONFIRMED) &&
	          readings[7].verdict == GATE_HELD && readings[7].stage == 3 &&
	          readings[8].verdict == GATE_ACCEPTED && readings[8].stage == 4 &&
	          readings[9].reasons == 0,
	      "above stage 3 the first reading that a witness sees passes");
}

static void
APersonIsEnough(void)
{
	double levels[] = {1, 1.5, 4.5, 4.6, 4.7};
	Reading readings[5], later;
	Sensor sensor = MakeSensor();
	Confirmation with;
	GateReading held;

	Fill(readings, levels, 5);
	Deny(readings, 5);
	JudgeBatch(&sensor, readings, 5, NOW);
	held = (GateReading){true, readings[2].at, 4.5};
	Check(sensor.stage.stage == 3 && sensor.history.held.at == readings[4].at &&
	          sensor.history.last.value == 1.5,
	      "seconds of a grave rise that is denied are held, at stage 3");
	with = ConfirmHeld(&sensor, held);
	Check(sensor.stage.stage == 4 && with.known && with.at == readings[4].at &&
	          sensor.history.last.value == 4.7 && !sensor.history.held.known,
	      "a person confirms one, and what goes on from it follows");
	later = (Reading){.at = NOW, .value = 4.9, .witness = {GATE_DENIED, 0}};
	JudgeBatch(&sensor, &later, 1, NOW);
	Check(later.verdict == GATE_ACCEPTED && later.reasons == 0, "and nobody is asked again");
}

static void
StuckIsNoLevel(void)
{
	double low[LENGTH], high[LENGTH];
	Reading readings[LENGTH];
	Sensor sensor = MakeSensor();
	int stuck = 0;

	for (int i = 0; i < LENGTH; i++)
	{
		low[i] = 1;
		high[i] = i < 30 ? 2.2 : 1.9;
	}
	sensor.limits.stuck_after = 120 * GATE_MINUTE;
	Fill(readings, low, LENGTH);
	JudgeBatch(&sensor, readings, LENGTH, NOW);
	for (int i = 0; i < LENGTH; i++)
		stuck += readings[i].verdict != GATE_ACCEPTED;
	Check(stuck == 0, "low water may stay the same for as long as it likes");

	sensor = MakeSensor();
	sensor.limits.stuck_after = 120 * GATE_MINUTE;
	Fill(readings, low, LENGTH);
	for (int i = 40; i < LENGTH; i++)
		readings[i].witness.sight = GATE_MOVED;
	JudgeBatch(&sensor, readings, LENGTH, NOW);
	Check(readings[39].verdict == GATE_ACCEPTED && readings[40].verdict == GATE_REJECTED &&
	          readings[40].reasons == GATE_STUCK && readings[59].reasons == GATE_STUCK,
	      "but not while others see it move");

	sensor = MakeSensor();
	sensor.limits.stuck_after = 120 * GATE_MINUTE;
	Fill(readings, high, LENGTH);
	JudgeBatch(&sensor, readings, LENGTH, NOW);
	/* the first waits for its second, so the count begins with that */
	Check(readings[13].verdict == GATE_ACCEPTED && readings[14].reasons == GATE_STUCK &&
	          readings[29].reasons == GATE_STUCK && readings[29].stage == 2 &&
	          readings[30].verdict == GATE_ACCEPTED,
	      "above a threshold it is stuck, keeps its stage, and is believed when it moves");
}

/* A level that nobody saw for hours may have moved and come back. */
static void
SilenceIsNotStuck(void)
{
	double levels[] = {1, 1.9, 2.3, 2.3, 2.3};
	Reading readings[5];
	Sensor sensor = MakeSensor();

	sensor.limits.stuck_after = 180 * GATE_MINUTE;
	Fill(readings, levels, 5);
	for (int i = 0; i < 3; i++)
		readings[i].at -= 200 * GATE_MINUTE;
	JudgeBatch(&sensor, readings, 5, NOW);
	Check(readings[3].verdict == GATE_ACCEPTED && readings[4].verdict == GATE_ACCEPTED,
	      "the same value after a silence is not stuck");
}

/* A backlog explains a candidate as a jump, and is no witness of a grave one. */
static void
BacklogIsNoWitness(void)
{
	double levels[] = {3.4, 3.8, 4.2};
	Reading readings[3];
	Sensor sensor = MakeSensor();

	Fill(readings, levels, 3);
	Deny(readings, 3);
	sensor.history = (GateHistory){.last = {true, readings[0].at - GATE_MINUTE, 3.4}};
	sensor.stage = (StageState){.stage = 3, .since = 1};
	JudgeBatch(&sensor, &readings[2], 1, NOW);
	JudgeBatch(&sensor, &readings[1], 1, NOW);
	Check(sensor.stage.stage == 3 && sensor.history.last.value == 3.8 && sensor.history.held.known,
	      "a backlog behind a denied grave reading leaves it held");
}

static void
GapsGiveWay(void)
{
	Reading readings[5] = {{.at = NOW - 30 * GATE_MINUTE, .value = 1, .order = 0},
	                       {.at = NOW - 20 * GATE_MINUTE, .value = 0, .order = 1},
	                       {.at = NOW - 20 * GATE_MINUTE, .value = NAN, .order = 2},
	                       {.at = NOW - 20 * GATE_MINUTE, .value = 1.1, .order = 3},
	                       {.at = NOW - 20 * GATE_MINUTE, .value = 1.2, .order = 4}};
	Reading late = {.at = NOW - 20 * GATE_MINUTE,
	                .value = 1.1,
	                .stored = true,
	                .stored_value = 0,
	                .stored_gap = true};
	Sensor sensor = MakeSensor();

	JudgeBatch(&sensor, readings, 5, NOW);
	Check(!readings[1].keep && !readings[2].keep && readings[3].keep && !readings[3].corrects &&
	          readings[3].verdict == GATE_ACCEPTED && readings[3].reasons == GATE_CORRECTED &&
	          readings[4].reasons == GATE_CONFLICT,
	      "a value takes the place of what was none, and stays");
	sensor = MakeSensor();
	JudgeBatch(&sensor, readings, 1, NOW);
	JudgeBatch(&sensor, &late, 1, NOW);
	Check(late.keep && late.corrects && late.verdict == GATE_ACCEPTED,
	      "also where it is stored already");
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
	DeniedRisesAreNotGrave();
	SilentWitnessesDenyNothing();
	GaugesCorroborateAJump();
	APersonIsAwaited();
	LateNeverMovesTheStage();
	OneWitnessIsEnough();
	APersonIsEnough();
	StuckIsNoLevel();
	SilenceIsNotStuck();
	BacklogIsNoWitness();
	GapsGiveWay();
	return FinishChecks();
}
