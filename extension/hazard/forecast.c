/*
 * A line by least squares, and its crossing of a level by inverse prediction
 * (Fieller 1954): the level is crossed where the band in which the next
 * readings are expected meets it.  Nobody knows what the rain will do: a line is
 * followed no farther than twice the time that it was seen for, and the interval
 * is that of a line, not of a flood (test/t/hazard.pl prints how floods kept it).
 */
#include <math.h>

#include "forecast.h"

#define HOUR 3600e6
#define SECOND INT64_C(1000000)
#define LEAST_READINGS 3
#define MOST_EXTRAPOLATION 2

/* A line through readings; times in hours from the middle of them. */
typedef struct Line
{
	int64_t middle;
	double level; /* there */
	double rate;
	double scatter; /* of readings about the line, a standard deviation */
	double spread;  /* of the times, a sum of squares */
} Line;

static Line Fit(const ForecastReading *readings, int count, double noise);
static double Quantile(int freedom);
static int64_t At(const Line *line, double hours);
static int64_t ToSecond(int64_t at);

/* ForecastCrossing says when readings will have reached a level that is above them. */
Forecast
ForecastCrossing(const ForecastReading *readings, int count, double noise, double level)
{
	Forecast forecast = {.known = false};
	double rise, reach, certain, last, width;
	Line line;

	if (count < LEAST_READINGS || readings[count - 1].at <= readings[0].at)
		return forecast;
	line = Fit(readings, count, noise);
	rise = level - line.level;
	reach = Quantile(count - 2) * line.scatter;
	certain = line.rate * line.rate - reach * reach / line.spread;
	last = (double) (readings[count - 1].at - line.middle) / HOUR;
	/* a rate that may as well be none says nothing, and a level passed is no forecast */
	if (!(line.rate > 0 && certain > 0 && rise / line.rate > last &&
	      readings[count - 1].value < level))
		return forecast;
	width = reach * sqrt(rise * rise / line.spread + certain * (1 + 1.0 / count));
	forecast.rate = line.rate;
	forecast.expected = At(&line, rise / line.rate);
	if (forecast.expected - readings[count - 1].at >
	    MOST_EXTRAPOLATION * (readings[count - 1].at - readings[0].at))
		return forecast;
	forecast.known = true;
	forecast.expected = ToSecond(forecast.expected);
	forecast.earliest = ToSecond(At(&line, fmax((line.rate * rise - width) / certain, last)));
	forecast.latest = ToSecond(At(&line, (line.rate * rise + width) / certain));
	return forecast;
}

static Line
Fit(const ForecastReading *readings, int count, double noise)
{
	Line line = {.middle = readings[0].at + (readings[count - 1].at - readings[0].at) / 2};
	double time = 0, value = 0, product = 0, residue = 0;

	for (int i = 0; i < count; i++)
	{
		time += (double) (readings[i].at - line.middle) / HOUR / count;
		value += readings[i].value / count;
	}
	line.middle = At(&line, time);
	line.level = value;
	for (int i = 0; i < count; i++)
	{
		double hours = (double) (readings[i].at - line.middle) / HOUR;

		line.spread += hours * hours;
		product += hours * (readings[i].value - value);
	}
	line.rate = product / line.spread;
	for (int i = 0; i < count; i++)
	{
		double hours = (double) (readings[i].at - line.middle) / HOUR;

		residue += pow(readings[i].value - value - line.rate * hours, 2);
	}
	/* readings that agree by chance are no better than the gauge: noise is a uniform error's width
	 */
	line.scatter = fmax(sqrt(residue / (count - 2)), noise / sqrt(12));
	return line;
}

/* Quantile returns Student's t that is exceeded one time in twenty, by degrees of freedom. */
static double
Quantile(int freedom)
{
	static const double few[] = {6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833};

	if (freedom <= (int) (sizeof(few) / sizeof(few[0])))
		return few[freedom - 1];
	return 1.645 + 1.6 / freedom;
}

/* At turns hours from the line's middle into a time; centuries are far enough. */
static int64_t
At(const Line *line, double hours)
{
	return line->middle + (int64_t) llround(fmin(hours, 1e6) * HOUR);
}

/* ToSecond rounds: no forecast is better than to the second, and processors differ beyond. */
static int64_t
ToSecond(int64_t at)
{
	return llround((double) at / SECOND) * SECOND;
}
