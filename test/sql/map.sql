-- What everybody may see: CAP messages and the public map
BEGIN;
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET LOCAL passport.least_count = 0;
\pset footer off
\pset format unaligned
UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.shelter;
DELETE FROM passport.municipality_area;
UPDATE passport.sensor SET state = 'retired';
UPDATE passport.alert SET mode = 'drill';
UPDATE passport.hazard_zone SET source = 'not of this test ' || zone_id;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('m1', '公民館 <b>"&', passport.point(138.47, 35.95), '{flood}');
SELECT passport.define_sensor('map-1', '{"name": "橋 <script>", "lon": 138.455, "lat": 35.955,
  "stages": [{"stage": 1, "name": "注意", "up": 3}, {"stage": 2, "name": "危険", "up": 5}]}');
-- rain, water that counts from a zero of its own, and something else that has no thresholds
SELECT passport.define_sensor('map-2', '{"name": "雨", "kind": "rain", "unit": "mm/h", "datum": "local", "lon": 138.456, "lat": 35.956}'),
       passport.define_sensor('map-3', '{"name": "水路", "kind": "channel_level", "zero_elevation": 1040.2, "lon": 138.457, "lat": 35.957, "stages": [{"stage": 1, "up": 1}]}'),
       passport.define_sensor('map-4', '{"name": "風", "kind": "wind_speed", "unit": "m/s", "lon": 138.458, "lat": 35.958}');
SELECT count(r) FROM (VALUES ('map-2', 12.5), ('map-3', 0.35), ('map-4', 7)) AS v(sensor, value),
       passport.record_readings(v.sensor, '{2026-07-01 04:40+09}', ARRAY[v.value]) AS r;
SELECT verdict, stage FROM passport.record_readings('map-1', '{2026-07-01 04:30+09,2026-07-01 04:40+09}', '{2.5,3.2}');
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "m1", "household_number": "H1", "name": "秘密一郎", "address": "秘密の住所", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951}]$$);
CREATE ROLE map_drafter;
GRANT USAGE ON SCHEMA passport TO map_drafter;
GRANT EXECUTE ON FUNCTION passport.draft_alert TO map_drafter;
SET SESSION AUTHORIZATION map_drafter;
-- two polygons, one with a hole
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, 'SRID=4326;MULTIPOLYGON(((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95),(138.454 35.954,138.455 35.954,138.455 35.955,138.454 35.954)),((138.47 35.97,138.48 35.97,138.48 35.98,138.47 35.97)))', 'map-1') \gset
SELECT alert_id AS drill FROM passport.draft_alert('flood', 3, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.95))', mode => 'drill') \gset
SELECT alert_id AS draft FROM passport.draft_alert('flood', 5, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.95))') \gset
RESET SESSION AUTHORIZATION;
SELECT recipients FROM passport.approve_alert(:alert, 1);
SELECT recipients FROM passport.approve_alert(:drill, 1);

-- a draft is not published
SAVEPOINT unpublished;
SELECT passport.alert_cap(:draft);
\echo :SQLSTATE
ROLLBACK TO unpublished;

-- the message: header, one block for each language, latitude before longitude
CREATE FUNCTION pg_temp.cap(alert_id bigint, path text) RETURNS text LANGUAGE sql AS $$
  SELECT array_to_string(xpath(path, passport.alert_cap(alert_id), ARRAY[ARRAY['c', 'urn:oasis:names:tc:emergency:cap:1.2']])::text[], ' ')
$$;
SELECT pg_temp.cap(:alert, '/c:alert/*[position() > 1 and position() < 7]/text()') AS head, pg_temp.cap(:alert, '//c:language/text()') AS languages;
SELECT pg_temp.cap(:alert, '//c:info[c:language="en"]//c:polygon/text()') AS polygons;
SELECT pg_temp.cap(:alert, '//c:info[c:language="en"]/*[not(self::c:area)]/descendant-or-self::*/text()') AS info;
SELECT pg_temp.cap(:alert, '//c:info[c:language="ja"]/c:headline/text()') AS headline, pg_temp.cap(:alert, '//c:info[c:language="ja"]//c:areaDesc/text()') AS area;
SELECT pg_temp.cap(:drill, '/c:alert/c:status/text()') AS status, pg_temp.cap(:drill, '/c:alert/c:note/text()') AS note,
       pg_temp.cap(:drill, '//c:info[c:language="en"]/c:headline/text()') AS headline;
SELECT passport.cap_time('2026-07-01 05:00:00.7+09');
SET LOCAL passport.timezone = 'America/St_Johns';
SELECT passport.cap_time('2026-07-01 05:00+09');
SET LOCAL passport.timezone = 'Asia/Tokyo';

-- the map: no drill, no draft, nothing personal
SELECT f -> 'properties' ->> 'kind' AS kind, f -> 'geometry' ->> 'type' AS type, f -> 'properties' ->> 'name' AS name,
       f -> 'properties' ->> 'level' AS level, f -> 'properties' ->> 'stage' AS stage, f -> 'properties' ->> 'value' AS value
  FROM jsonb_array_elements(passport.public_map() -> 'features') AS f;
SELECT m ->> 'municipality' AS municipality, m -> 'note' AS note, m -> 'published' = jsonb_build_object(:alert, 1) AS published,
       m::text ~ '秘密|map_drafter' AS personal, m ->> 'generated_at' AS generated_at FROM passport.public_map() AS m;
SELECT p ->> 'sensor' AS sensor, p ->> 'measures' AS measures, p ->> 'value' AS value, p ->> 'unit' AS unit, p ->> 'elevation' AS elevation, p -> 'stage' AS stage
  FROM jsonb_path_query(passport.public_map(), '$.features[*].properties ? (@.kind == "sensor")') AS p;
-- the same as a page without a script: every value escaped
SELECT p.place, left(p.html, CASE p.place WHEN 'sensors' THEN 1600 ELSE 400 END) AS html FROM passport.public_map() AS m, passport.public_page(m) AS p ORDER BY p.place;
-- zones of a demonstration are said to be that
SELECT action FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.95]]]}}]}', 'flood', 'Demo drawing');
SELECT passport.public_map() #>> '{note,en}' AS note;

-- a cancel references the alert, and stays published for a week
SET LOCAL passport.clock = '2026-07-01 06:00+09';
SELECT recipients FROM passport.cancel_alert(:alert, 'x');
SELECT pg_temp.cap(:alert, '/c:alert/c:msgType/text()') AS type, replace(pg_temp.cap(:alert, '/c:alert/c:references/text()'), '-' || :alert, '-N') AS refs,
       pg_temp.cap(:alert, '//c:info[c:language="ja"]/c:urgency/text()') AS urgency, pg_temp.cap(:alert, '//c:info[c:language="ja"]/c:headline/text()') AS headline;
SELECT m -> 'published' = jsonb_build_object(:alert, 2) AS published, m -> 'features' @> '[{"properties": {"kind": "alert"}}]' AS shown FROM passport.public_map() AS m;
-- for a day it is said that it is over, without why
SELECT o ->> 'state' AS state, o ->> 'over_at' AS over_at, o ->> 'level' AS level, o #>> '{texts,en,title}' AS title, o ? 'cancel_reason' AS why
  FROM jsonb_array_elements(passport.public_map() -> 'over') AS o;
SELECT html FROM passport.public_map() AS m, passport.public_page(m) AS p WHERE place IN ('alerts', 'banner') ORDER BY place;
SET LOCAL passport.clock = '2026-07-02 06:00+09';
SELECT passport.public_map() -> 'over' AS over;
SET LOCAL passport.clock = '2026-07-08 06:00+09';
SELECT passport.public_map() -> 'published' AS published;
ROLLBACK;
