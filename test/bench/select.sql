-- The zone, and n residents spread evenly over it and its surroundings.
\set features `cat :zones`
DROP TABLE IF EXISTS bench_area;
CREATE TABLE bench_area AS
SELECT st_multi(st_collectionextract(st_unaryunion(st_collect(g)), 3))::geometry(MultiPolygon,4326) AS area
  FROM (SELECT st_makevalid(st_setsrid(st_force2d(st_geomfromgeojson(f -> 'geometry')), 4326)) AS g
          FROM jsonb_array_elements((:'features')::jsonb -> 'features') AS f) AS zone;
SELECT count(*) AS already FROM passport.resident WHERE name = 'bench zone' \gset
INSERT INTO passport.resident (resident_number, name, household_number, location, location_precision, updated_at)
SELECT 'Z' || i, 'bench zone', 'H' || i / 3,
       st_setsrid(st_makepoint(west + (east - west) * ((i * 0.6180339887498949) % 1),
                               south + (north - south) * ((i * 0.7548776662466927) % 1)), 4326),
       'parcel', now()
  FROM (SELECT st_xmin(area) AS west, st_xmax(area) AS east, st_ymin(area) AS south, st_ymax(area) AS north
          FROM bench_area OFFSET 0) AS box,
       generate_series(:already + 1, :n) AS i;
VACUUM ANALYZE passport.resident;
