-- From a sensor's stage to the residents of its area
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse
BEGIN;
-- two strips: zone 1 is 138.0-138.1, zone 2 is 138.1-138.2
CREATE FUNCTION pg_temp.strip(west double precision) RETURNS bigint
BEGIN ATOMIC
  SELECT zone_id FROM passport.import_hazard_zones(jsonb_build_object('type', 'FeatureCollection',
    'features', jsonb_build_array(jsonb_build_object('type', 'Feature', 'geometry',
      ST_AsGeoJSON(ST_MakeEnvelope(west, 36, west + 0.1, 36.1))::jsonb))), 'flood', 'area test');
END;
SELECT pg_temp.strip(138) AS zone_1, pg_temp.strip(138.1) AS zone_2 \gset
SELECT passport.define_sensor('area test', '{}') \g /dev/null
SELECT passport.assign_zones('area test', 3, ARRAY[:zone_1, :zone_1]), passport.assign_zones('area test', 4, ARRAY[:zone_2]);

-- a higher stage includes the lower ones
SELECT ST_AsText(passport.draw_affected_area('area test', 3), 2);
SELECT ST_AsText(ST_Normalize(passport.draw_affected_area('area test', 4)), 2);
SELECT stage, GeometryType(area), ST_IsValid(area), ST_SRID(area) FROM passport.affected_area
 WHERE sensor = 'area test' ORDER BY area_id;
SAVEPOINT before;
SELECT passport.draw_affected_area('area test', 2);
ROLLBACK TO before;
SELECT passport.draw_affected_area('nowhere', 2);
ROLLBACK TO before;
SELECT passport.assign_zones('area test', 3, ARRAY[-1]);
ROLLBACK TO before;
SELECT passport.assign_zones('nowhere', 3, '{}');
ROLLBACK TO before;
SELECT passport.assign_zones('area test', 0, '{}');
ROLLBACK TO before;
SELECT passport.assign_zones('area test', 3, NULL);
ROLLBACK TO before;
DELETE FROM passport.affected_area;
ROLLBACK TO before;

INSERT INTO passport.oaza (name, location) VALUES
  ('area: inside', ST_Point(138.05, 36.05, 4326)), ('area: outside', ST_Point(138.5, 36.05, 4326)),
  ('area: far', ST_Point(138.9, 36.05, 4326));
INSERT INTO passport.resident (resident_number, name, oaza, location, location_precision, status, updated_at)
  SELECT 'area-' || row_number() OVER (), p.*, now() FROM (VALUES
  ('in the area', 'area: far', ST_Point(138.02, 36.02, 4326), 'parcel', 'resident'),
  ('on its border', NULL, ST_Point(138.1, 36.02, 4326), 'parcel', 'resident'),
  ('at its corner', NULL, ST_Point(138, 36, 4326), 'parcel', 'resident'),
  ('just outside', 'area: outside', ST_Point(138.1001, 36.02, 4326), 'parcel', 'resident'),
  ('moved out', 'area: outside', ST_Point(138.02, 36.02, 4326), 'parcel', 'moved_out'),
  ('died', 'area: outside', ST_Point(138.02, 36.02, 4326), 'parcel', 'deceased'),
  ('not registered, lives here', NULL, ST_Point(138.02, 36.02, 4326), 'parcel', 'non_resident'),
  ('no point, oaza inside', 'area: inside', NULL, NULL, 'resident'),
  ('point of the oaza, a neighbour inside', 'area: far', ST_Point(138.9, 36.05, 4326), 'oaza', 'resident'),
  ('no point, oaza outside', 'area: outside', NULL, NULL, 'resident'),
  ('no point, died', 'area: inside', NULL, NULL, 'deceased'),
  ('no point, no oaza', NULL, NULL, NULL, 'resident')) AS p;
CREATE FUNCTION pg_temp.who(area geometry) RETURNS SETOF text
BEGIN ATOMIC
  SELECT r.name FROM passport.residents_in(area) AS id JOIN passport.resident AS r ON r.resident_id = id
   WHERE r.resident_number LIKE 'area-%'
   ORDER BY r.resident_id;
END;
SELECT pg_temp.who(passport.draw_affected_area('area test', 3));
-- a bow tie drawn by hand is taken for all that it covers; nothing selects nobody
SELECT pg_temp.who('SRID=4326;POLYGON((138 36, 138.2 36.1, 138.2 36, 138 36.1, 138 36))');
SELECT pg_temp.who('SRID=4326;POLYGON EMPTY'), pg_temp.who(NULL);
-- nobody twice, however many pieces the area is cut into
SELECT count(*), count(DISTINCT id) FROM pg_temp.who(ST_Segmentize(passport.draw_affected_area('area test', 4), 0.0001)) AS id;
ROLLBACK;
