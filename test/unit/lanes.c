/* Lanes: the more urgent first, the older first within one, and whatever is taken from wherever. */
#include "push/lanes.c"

#include "check.h"

#define DELIVERIES 12

static struct delivery deliveries[DELIVERIES];
static struct lanes lanes;

/* fill puts twelve into three lanes, in turns. */
static void
fill(void)
{
	lanes_open(&lanes);
	for (int i = 0; i < DELIVERIES; i++)
	{
		deliveries[i] = (struct delivery){.delivery_id = i, .lane = (i % 3) * 3};
		lanes_put(&lanes, &deliveries[i]);
	}
}

/* leaves takes all whose number is divisible, and tells whether the others are left in order. */
static bool
leaves(int divisor)
{
	struct place place;
	struct delivery *delivery;
	long long last = -1;
	int lane = 0, left = 0;

	fill();
	place = lanes_begin(&lanes);
	while ((delivery = lanes_at(&lanes, &place)) != NULL)
		if (delivery->delivery_id % divisor == 0)
			lanes_take(&lanes, &place);
		else
			lanes_step(&place);
	/* what is put after that stands at its lane's end */
	deliveries[0] = (struct delivery){.delivery_id = 100, .lane = 3};
	lanes_put(&lanes, &deliveries[0]);
	place = lanes_begin(&lanes);
	for (; (delivery = lanes_at(&lanes, &place)) != NULL; lanes_step(&place), left++)
	{
		if (delivery->lane < lane || (delivery->lane == lane && delivery->delivery_id <= last))
			return false;
		lane = delivery->lane;
		last = delivery->delivery_id;
	}
	return left == lanes_queued(&lanes);
}

int
main(void)
{
	struct place place;

	for (int divisor = 1; divisor <= 5; divisor++)
		Check(leaves(divisor), "what is left is in order, and counted");
	fill();
	place = lanes_begin(&lanes);
	lanes_skip(&lanes, &place);
	Check(lanes_at(&lanes, &place)->lane == 3, "the next lane that is not empty");
	while (place.lane + 1 < LANES)
		lanes_skip(&lanes, &place);
	lanes_skip(&lanes, &place);
	Check(lanes_at(&lanes, &place) == NULL, "behind the last lane is nothing");
	lanes_open(&lanes);
	place = lanes_begin(&lanes);
	Check(lanes_at(&lanes, &place) == NULL && lanes_queued(&lanes) == 0, "empty lanes");
	return FinishChecks();
}
