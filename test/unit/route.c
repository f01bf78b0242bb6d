/*
 * The order of a walk by itself, without a database: each stop once, leg by leg,
 * and no longer than it must be.  Prints TAP; test/t/unit.pl builds it with
 * the sanitizers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hazard/route.h"

#define STOPS 300
#define WALKS 200

static int pauses;

static void
Pause(void)
{
	pauses++;
}

static double
Chance(void)
{
	return rand() / (RAND_MAX + 1.0);
}

static double
Length(const Stop *stops, const int *order, int count)
{
	double length = 0;

	for (int i = 1; i < count; i++)
		length += hypot(stops[order[i]].east - stops[order[i - 1]].east,
		                stops[order[i]].north - stops[order[i - 1]].north);
	return length;
}

/* A street of doors told in no order is walked from one end to the other. */
static void
TestStreet(void)
{
	Stop stops[STOPS];
	int order[STOPS];
	int good = 1;

	for (int i = 0; i < STOPS; i++)
		stops[i] = (Stop){.placed = true, .east = (i * 7) % STOPS * 10.0};
	OrderStops(stops, STOPS, order, Pause);
	for (int i = 0; i < STOPS; i++)
		good &= stops[order[i]].east == i * 10.0;
	Check(good, "a street is walked from one end to the other");
}

static void
TestAnyWalk(void)
{
	int each_once = 1, by_leg = 1, placeless_last = 1, shorter = 1;

	for (int walk = 0; walk < WALKS; walk++)
	{
		Stop stops[STOPS];
		int order[STOPS], seen[STOPS] = {0}, told[STOPS];
		int count = walk == 0 ? 0 : 1 + rand() % STOPS;
		int leg = -5;

		for (int i = 0; i < count; i++)
		{
			leg += Chance() < 0.05;
			stops[i] = (Stop){.leg = leg,
			                  .placed = Chance() < 0.9,
			                  .east = Chance() * 1000,
			                  .north = Chance() * 1000};
			told[i] = i;
		}
		OrderStops(stops, count, order, Pause);
		for (int i = 0; i < count; i++)
		{
			if (order[i] < 0 || order[i] >= count || seen[order[i]]++)
				each_once = 0;
			else if (stops[order[i]].leg != stops[i].leg)
				by_leg = 0;
			else if (i > 0 && stops[order[i]].leg == stops[order[i - 1]].leg &&
			         stops[order[i]].placed > stops[order[i - 1]].placed)
				placeless_last = 0;
		}
		if (count > 50 && each_once && Length(stops, order, count) > Length(stops, told, count))
			shorter = 0;
	}
	Check(each_once, "each stop comes once");
	Check(by_leg, "the legs keep their order");
	Check(placeless_last, "who has no place comes last in a leg");
	Check(shorter, "the walk is shorter than by the list");
}

/* A thousand doors at random, where the nearest next alone crosses its own way: a walk is 0.7124 *
 * sqrt(n * area) at the best. */
static void
TestLength(void)
{
	static Stop stops[1000];
	static int order[1000];
	double best = 0.7124 * sqrt(1000.0 * 1000 * 1000);

	for (int i = 0; i < 1000; i++)
		stops[i] = (Stop){.placed = true, .east = Chance() * 1000, .north = Chance() * 1000};
	pauses = 0;
	OrderStops(stops, 1000, order, Pause);
	printf("# walk of 1,000 doors: %.2f times the best\n", Length(stops, order, 1000) / best);
	Check(Length(stops, order, 1000) < 1.15 * best, "a thousand doors within 15 % of the best");
	Check(pauses >= 1000, "which can be left at each of them");
}

int
main(void)
{
	srand(20260701);
	TestStreet();
	TestAnyWalk();
	TestLength();
	return FinishChecks();
}
