/* OrderStops(): the nearest door next, then crossings of the way undone. */
#include <math.h>

#include "hazard/route.h"

/*
 * Comparisons that undoing crossings may cost for a leg: a tenth of a second.  A
 * leg of a thousand doors is finished in a few rounds; of ten thousand nothing is
 * undone, and the walk is a fourth longer.
 */
#define COMPARISONS_MOST 20000000.0

static void OrderLeg(const Stop *stops, int count, Stop *from, int *order, void (*pause)(void));
static Stop Corner(const Stop *stops, int count);
static void TakeNearest(const Stop *stops, Stop from, int *order, int count, void (*pause)(void));
static void UndoCrossings(const Stop *stops, Stop from, int *order, int count, void (*pause)(void));
static bool UndoOnce(const Stop *stops, Stop from, int *order, int count, void (*pause)(void));
static void Reverse(int *order, int first, int last);
static double Distance(Stop a, Stop b);

void
OrderStops(const Stop *stops, int count, int *order, void (*pause)(void))
{
	Stop from = {0};

	for (int begin = 0, end; begin < count; begin = end)
	{
		for (end = begin + 1; end < count && stops[end].leg == stops[begin].leg;)
			end++;
		OrderLeg(stops + begin, end - begin, &from, order + begin, pause);
		for (int i = begin; i < end; i++)
			order[i] += begin;
	}
}

/* OrderLeg walks on from where the leg before ended. */
static void
OrderLeg(const Stop *stops, int count, Stop *from, int *order, void (*pause)(void))
{
	int placed = 0, last = count;

	for (int i = 0; i < count; i++)
		if (stops[i].placed)
			order[placed++] = i;
	for (int i = count - 1; i >= 0; i--)
		if (!stops[i].placed)
			order[--last] = i;
	if (placed == 0)
		return;
	if (!from->placed)
		*from = Corner(stops, count);
	TakeNearest(stops, *from, order, placed, pause);
	UndoCrossings(stops, *from, order, placed, pause);
	*from = stops[order[placed - 1]];
}

/* Corner is where a walk begins that has nowhere to come from: in the north-west. */
static Stop
Corner(const Stop *stops, int count)
{
	Stop corner = {.placed = true, .east = INFINITY, .north = -INFINITY};

	for (int i = 0; i < count; i++)
		if (stops[i].placed)
		{
			corner.east = fmin(corner.east, stops[i].east);
			corner.north = fmax(corner.north, stops[i].north);
		}
	return corner;
}

static void
TakeNearest(const Stop *stops, Stop from, int *order, int count, void (*pause)(void))
{
	for (int i = 0; i < count; i++)
	{
		int nearest = i;
		int taken;

		pause();
		for (int j = i + 1; j < count; j++)
			if (Distance(from, stops[order[j]]) < Distance(from, stops[order[nearest]]))
				nearest = j;
		/* of doors in one place the first that was named is the first */
		taken = order[nearest];
		for (int j = nearest; j > i; j--)
			order[j] = order[j - 1];
		order[i] = taken;
		from = stops[taken];
	}
}

static void
UndoCrossings(const Stop *stops, Stop from, int *order, int count, void (*pause)(void))
{
	double round = 0.5 * count * count;

	for (double spent = round; spent <= COMPARISONS_MOST; spent += round)
		if (!UndoOnce(stops, from, order, count, pause))
			break;
}

/* UndoOnce turns each part of the way around whose turning makes it shorter. */
static bool
UndoOnce(const Stop *stops, Stop from, int *order, int count, void (*pause)(void))
{
	bool turned = false;

	for (int first = 0; first < count - 1; first++)
	{
		Stop before = first == 0 ? from : stops[order[first - 1]];

		pause();
		for (int last = first + 1; last < count; last++)
		{
			Stop begin = stops[order[first]], end = stops[order[last]];
			double now = Distance(before, begin), then = Distance(before, end);

			if (last + 1 < count)
			{
				now += Distance(end, stops[order[last + 1]]);
				then += Distance(begin, stops[order[last + 1]]);
			}
			/* a millimetre, or rounding would turn the same part for ever */
			if (then < now - 0.001)
			{
				Reverse(order, first, last);
				turned = true;
			}
		}
	}
	return turned;
}

static void
Reverse(int *order, int first, int last)
{
	for (; first < last; first++, last--)
	{
		int other = order[first];

		order[first] = order[last];
		order[last] = other;
	}
}

static double
Distance(Stop a, Stop b)
{
	return hypot(a.east - b.east, a.north - b.north);
}
