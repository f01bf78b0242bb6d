-- n residents spread evenly over the zone's surroundings, and the zone
DELETE FROM passport.resident WHERE name = 'bench zone';
DROP TABLE IF EXISTS bench_area;
\set features `cat :zones`
CREATE TABLE bench_area AS
SELECT st_multi(st_collectionextract(st_unaryunion(st_collect(g)), 3))::geometry(MultiPolygon,4326) AS area
  FROM (SELECT st_makevalid(st_setsrid(st_force2d(st_geomfromgeojson(f -> 'geometry')), 4326)) AS g
          FROM jsonb_array_elements((:'features')::jsonb -> 'features') AS f) AS zone;
INSERT INTO passport.resident (resident_number, name, household_number, location, location_precision, updated_at)
SELECT 'B' || i, 'bench zone', 'H' || i / 3,
       st_setsrid(st_makepoint(st_xmin(area) + (st_xmax(area) - st_xmin(area)) * ((i * 0.6180339887498949) % 1),
                               st_ymin(area) + (st_ymax(area) - st_ymin(area)) * ((i * 0.7548776662466927) % 1)), 4326),
       'parcel', now()
  FROM generate_series(1, :n) AS i, bench_area;
VACUUM ANALYZE passport.resident;
