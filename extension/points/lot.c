/* Which lots points are taken from: see lot.h. */
#include "points/lot.h"

int
TakeFromLots(const int32_t *held, int lots, int32_t points, int32_t *taken)
{
	for (int i = 0; i < lots; i++)
	{
		taken[i] = held[i] < points ? held[i] : points;
		points -= taken[i];
		if (points == 0)
			return i + 1;
	}
	return 0;
}
