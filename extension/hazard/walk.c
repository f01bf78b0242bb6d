/* walk_order(): a door list's stops in the order of the walk. */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "passport.h"
#include "hazard/route.h"

/* as many as a list has rows at most */
#define STOPS_MOST 10000
/* of a degree of latitude, and of one of longitude at the equator */
#define METRES 111320.0

PG_FUNCTION_INFO_V1(passport_walk_order);

static Datum *TakeColumn(FunctionCallInfo fcinfo, int argument, Oid type, bool **nulls, int *count);

static void
Pause(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* passport_walk_order turns the stops' degrees into metres, and orders them. */
Datum
passport_walk_order(PG_FUNCTION_ARGS)
{
	int count, longitudes, latitudes;
	bool *leg_null, *lon_null, *lat_null;
	Datum *legs = TakeColumn(fcinfo, 0, INT4OID, &leg_null, &count);
	Datum *lon = TakeColumn(fcinfo, 1, FLOAT8OID, &lon_null, &longitudes);
	Datum *lat = TakeColumn(fcinfo, 2, FLOAT8OID, &lat_null, &latitudes);
	Stop *stops;
	int *order;
	Datum *places;

	if (longitudes != count || latitudes != count)
		RefuseInput("/legs", "length", "Legs, longitudes and latitudes are arrays of one length.");
	if (count > STOPS_MOST)
		RefuseInput("/legs", "too_many", "A walk has at most 10,000 stops.");
	stops = palloc0(sizeof(Stop) * Max(count, 1));
	order = palloc(sizeof(int) * Max(count, 1));
	places = palloc(sizeof(Datum) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		double east = lon_null[i] ? NAN : DatumGetFloat8(lon[i]);
		double north = lat_null[i] ? NAN : DatumGetFloat8(lat[i]);

		stops[i].leg = leg_null[i] ? 0 : DatumGetInt32(legs[i]);
		stops[i].placed = isfinite(east) && isfinite(north);
		if (stops[i].placed)
		{
			stops[i].east = east * METRES * cos(north * M_PI / 180.0);
			stops[i].north = north * METRES;
		}
	}
	OrderStops(stops, count, order, Pause);
	for (int i = 0; i < count; i++)
		places[i] = Int32GetDatum(order[i] + 1);
	PG_RETURN_ARRAYTYPE_P(
	    construct_array(places, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

static Datum *
TakeColumn(FunctionCallInfo fcinfo, int argument, Oid type, bool **nulls, int *count)
{
	bool wide = type == FLOAT8OID;
	Datum *values;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), type, wide ? sizeof(float8) : sizeof(int32),
	                  wide ? FLOAT8PASSBYVAL : true, wide ? TYPALIGN_DOUBLE : TYPALIGN_INT, &values,
	                  nulls, count);
	return values;
}
