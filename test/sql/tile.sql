-- The public map as vector tiles: what public_map() shows, where it is, and nothing else
BEGIN;
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET LOCAL client_min_messages = warning;
\pset footer off
\pset format unaligned
\set VERBOSITY terse
UPDATE passport.sensor SET state = 'retired';
DELETE FROM passport.shelter_opening;
DELETE FROM passport.shelter;
DELETE FROM passport.municipality_area;
UPDATE passport.alert SET mode = 'drill';
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES ('m1', '公民館', passport.point(138.47, 35.95), '{flood}');
SELECT passport.define_sensor('tile-1', '{"name": "橋", "lon": 138.455, "lat": 35.955}');
SELECT verdict FROM passport.record_readings('tile-1', '{2026-07-01 04:40+09}', '{2.5}');
SELECT imported FROM passport.import_residents('[{"resident_number": "m1", "name": "秘密一郎", "address": "秘密の住所", "lon": 138.451, "lat": 35.951}]');

-- the tile of the village at zoom 10 and its layers' names, which stand in it as text
SELECT (floor((138.46 + 180) / 360 * 1024))::int AS x, (floor((1 - ln(tan(radians(35.95)) + 1 / cos(radians(35.95))) / pi()) / 2 * 1024))::int AS y \gset
SELECT w.word, position(convert_to(w.word, 'UTF8') IN passport.public_map_mvt(10, :x, :y)) > 0 AS there
  FROM unnest('{sensor,shelter,boundary,alert,橋,公民館,秘密}'::text[]) AS w(word);
-- a tile elsewhere is empty
SELECT length(passport.public_map_mvt(10, 0, 0)) AS elsewhere, length(passport.public_map_mvt(0, 0, 0)) > 100 AS world;
-- a shelter that opens is open on the map, and once
SELECT passport.open_shelter('m1');
SELECT passport.open_shelter('m1') AS again;
SELECT position(convert_to('open_since', 'UTF8') IN passport.public_map_mvt(10, :x, :y)) > 0 AS open;
SELECT f #>> '{properties,open_since}' AS open_since FROM jsonb_array_elements(passport.public_map() -> 'features') AS f WHERE f #>> '{properties,kind}' = 'shelter';
SELECT passport.close_shelter('m1');
SELECT f #>> '{properties,open_since}' IS NULL AS closed FROM jsonb_array_elements(passport.public_map() -> 'features') AS f WHERE f #>> '{properties,kind}' = 'shelter';
SAVEPOINT wrong;
SELECT passport.close_shelter('m1');
ROLLBACK TO wrong;
SELECT passport.open_shelter('nowhere');
ROLLBACK TO wrong;
SELECT passport.public_map_mvt(3, 8, 0);
ROLLBACK TO wrong;
SELECT passport.public_map_mvt(23, 0, 0);
ROLLBACK TO wrong;

-- charts: of each quarter of an hour the highest, of two days, accepted ones only
SELECT passport.define_sensor('tile-1', '{"stages": [{"stage": 1, "name": "注意", "up": 3}]}');
SELECT count(*) FROM passport.record_readings('tile-1', '{2026-06-29 04:00+09,2026-07-01 04:46+09,2026-07-01 04:50+09,2026-07-01 04:55+09}', '{9,2.5,2.9,2.6}');
SELECT passport.public_map() -> 'charts' AS charts;
ROLLBACK;
