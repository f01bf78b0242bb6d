-- Import of hazard zones: what is good comes in, what can be is repaired, the
-- rest is refused one by one, and each is said
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

CREATE FUNCTION pg_temp.feature(geometry jsonb) RETURNS jsonb
BEGIN ATOMIC
  SELECT jsonb_build_object('type', 'Feature', 'properties', '{"name": "z"}'::jsonb, 'geometry', geometry);
END;
CREATE FUNCTION pg_temp.polygon(coordinates jsonb) RETURNS jsonb
BEGIN ATOMIC
  SELECT pg_temp.feature(jsonb_build_object('type', 'Polygon', 'coordinates', coordinates));
END;
CREATE FUNCTION pg_temp.import(VARIADIC features jsonb[])
  RETURNS TABLE (feature int, stored boolean, action text, problem text)
BEGIN ATOMIC
  SELECT feature, zone_id IS NOT NULL, action, problem FROM passport.import_hazard_zones(
    jsonb_build_object('type', 'FeatureCollection', 'features', to_jsonb(features)), 'flood', 'zone test');
END;

-- a square, with heights; a bow tie; a square that is not closed; two squares that overlap
SELECT * FROM pg_temp.import(
  pg_temp.polygon('[[[138, 36, 9], [138.2, 36, 9], [138.2, 36.2, 9], [138, 36.2, 9], [138, 36, 9]]]'),
  pg_temp.polygon('[[[138, 36], [138.2, 36.2], [138.2, 36], [138, 36.2], [138, 36]]]'),
  pg_temp.polygon('[[[138, 36], [138.2, 36], [138.2, 36.2], [138, 36.2]]]'),
  pg_temp.feature('{"type": "MultiPolygon", "coordinates": [
    [[[138, 36], [138.2, 36], [138.2, 36.2], [138, 36.2], [138, 36]]],
    [[[138.1, 36.1], [138.3, 36.1], [138.3, 36.3], [138.1, 36.3], [138.1, 36.1]]]]}'));
SELECT name, GeometryType(area), ST_NDims(area), ST_IsValid(area), round(ST_Area(area)::numeric, 4), problem
  FROM passport.hazard_zone WHERE source = 'zone test' ORDER BY zone_id;
-- hostile ones, with a good one among them
SELECT * FROM pg_temp.import(
  '1', 'null', '{}', '[[]]', '{"type": "Feature"}',
  pg_temp.feature(NULL), pg_temp.feature('{}'),
  pg_temp.feature('{"type": "Point", "coordinates": [138, 36]}'),
  pg_temp.feature('{"type": "GeometryCollection", "geometries": []}'),
  pg_temp.feature('{"type": "Polygon"}'),
  pg_temp.polygon('[]'), pg_temp.polygon('"x"'), pg_temp.polygon('[[["a", "b"]]]'), pg_temp.polygon('[[[138]]]'),
  pg_temp.polygon('[[[138, 36], [138, 36], [138, 36], [138, 36]]]'),
  pg_temp.polygon('[[[36, 138], [36.2, 138], [36.2, 138.2], [36, 138]]]'),
  pg_temp.polygon('[[[1e999, 36], [138, 36], [138, 36.2], [1e999, 36]]]'),
  pg_temp.feature('{"type": "Polygon", "crs": {"type": "name", "properties": {"name": "EPSG:2451"}},
    "coordinates": [[[1, 1], [2, 1], [2, 2], [1, 1]]]}'),
  pg_temp.polygon('[[[138, 37], [138.2, 37], [138.2, 37.2], [138, 37]]]'),
  pg_temp.polygon((SELECT jsonb_build_array(jsonb_agg(jsonb_build_array(138 + i / 1e6, 36))) FROM generate_series(1, 200001) AS i)));
SELECT feature, zone_id IS NOT NULL, action, problem FROM passport.zone_problem
 WHERE source = 'zone test' AND feature IN (2, 3, 8) ORDER BY problem_id;
-- the same feature again is the same zone
SELECT * FROM pg_temp.import(pg_temp.polygon('[[[138, 37], [138.2, 37], [138.2, 37.2], [138, 37]]]'));
SELECT count(*) FROM passport.hazard_zone WHERE source = 'zone test';

SELECT * FROM passport.import_hazard_zones('[]', 'flood', 's');
SELECT * FROM passport.import_hazard_zones('{"type": "FeatureCollection"}', 'flood', 's');
SELECT * FROM passport.import_hazard_zones(NULL, 'flood', 's');
SELECT * FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": []}', NULL, 's');
SELECT * FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": []}', 'flood', '');
SELECT count(*) FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": []}', 'flood', 's');
SELECT * FROM passport.import_hazard_zones(jsonb_build_object('type', 'FeatureCollection',
  'features', array_fill(1, ARRAY[100001])), 'flood', 's');
SELECT * FROM passport.import_hazard_zones(jsonb_build_object('type', 'FeatureCollection',
  'features', '[]'::jsonb, 'more', repeat('x', 64 * 1024 * 1024)), 'flood', 's');
-- truncated
SELECT * FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type"', 'flood', 's');
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM passport.import_hazard_zones('{"type": "Feature"}', 'flood', 's');
\set VERBOSITY terse
-- what the properties say of depth, scale and designation, by the names of their publishers
SELECT p, (passport.zone_attributes(p::jsonb)).* FROM (VALUES ('{"A31a_205": 3}'), ('{"A31a_105": "12"}'), ('{"A33_002": 2, "A33_001": 1}'), ('{"A33_002": 3}'),
  ('{"rankOrg": 4, "scale": "L2"}'), ('{"浸水ランク": 2, "規模": "L1"}'), ('{"gen:区域区分": "1"}'), ('{"areaType": 2}'), ('{"A31a_205": "deep"}'), ('{"A33_002": 9}'), ('{"A31a_205": null}'), ('{}')) AS t(p);
-- editions: a whole one ends what is not in it, an import of more does not; what came again is a version of its own
CREATE FUNCTION pg_temp.edition(features jsonb, whole boolean) RETURNS TABLE (feature int, action text, problem text)
BEGIN ATOMIC
  SELECT feature, action, problem FROM passport.import_hazard_zones(jsonb_build_object('type', 'FeatureCollection', 'features', features), 'flood', 'edition test', whole);
END;
SET passport.clock = '2026-07-01 05:00+09';
\set one '{\"type\": \"Feature\", \"properties\": {\"name\": \"one\"}, \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[[138, 36], [138.1, 36], [138.1, 36.1], [138, 36]]]}}'
\set two '{\"type\": \"Feature\", \"properties\": {\"name\": \"two\"}, \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[[138, 37], [138.1, 37], [138.1, 37.1], [138, 37]]]}}'
SELECT * FROM pg_temp.edition(jsonb_build_array(:'one'::jsonb), true);
SELECT * FROM pg_temp.edition(jsonb_build_array(:'two'::jsonb), false);
SELECT passport.define_sensor('edition', '{}') \g /dev/null
SELECT passport.assign_zones('edition', 3, array_agg(zone_id ORDER BY zone_id)) FROM passport.hazard_zone WHERE source = 'edition test';
SET passport.clock = '2027-07-01 05:00+09';
SELECT * FROM pg_temp.edition(jsonb_build_array(:'two'::jsonb), true);
-- the gauge goes on warning of it until staff decide; assigned anew it cannot be
SELECT ST_NumGeometries(passport.draw_affected_area('edition', 3));
SELECT passport.assign_zones('edition', 3, array_agg(zone_id)) FROM passport.hazard_zone WHERE source = 'edition test';
SET passport.clock = '2028-07-01 05:00+09';
SELECT * FROM pg_temp.edition(jsonb_build_array(:'one'::jsonb, :'two'::jsonb), true);
SELECT name, to_char(valid_from AT TIME ZONE 'Asia/Tokyo', 'YYYY') AS valid_from, to_char(valid_to AT TIME ZONE 'Asia/Tokyo', 'YYYY') AS valid_to FROM passport.hazard_zone WHERE source = 'edition test' ORDER BY zone_id;
-- an edition that came out empty is a mistake, and ends nothing
SELECT * FROM pg_temp.edition('[]', true);
SELECT * FROM pg_temp.edition('[1]', true);
SELECT count(*) FROM passport.hazard_zone WHERE source = 'edition test' AND valid_to IS NULL;
DELETE FROM passport.hazard_zone WHERE source = 'edition test';
RESET passport.clock;
