-- Areas that staff draw: read, counted, and held against the zones
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 05:00+09';
\pset tuples_only on
\pset null -
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT ST_AsText(passport.area_from_geojson(g::jsonb)), ST_SRID(passport.area_from_geojson(g::jsonb)) FROM (VALUES
  ('{"type": "Polygon", "coordinates": [[[138.45, 35.95, 7], [138.46, 35.95, 7], [138.46, 35.96, 7], [138.45, 35.95, 7]]]}'),
  ('{"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": [[[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.95]]]]}}'),
  -- a finger that crossed its own line
  ('{"type": "Polygon", "coordinates": [[[138.4, 35.9], [138.5, 36], [138.5, 35.9], [138.4, 36], [138.4, 35.9]]]}')) AS t(g);
SELECT pg_temp.refusal(format('SELECT passport.area_from_geojson(%L)', g)) FROM (VALUES (NULL), ('1'), ('{}'), ('{"type": "Point", "coordinates": [138, 36]}'),
  ('{"type": "FeatureCollection", "features": []}'), ('{"type": "Polygon", "coordinates": [[[35.9, 138.4], [36, 138.5], [35.9, 138.5], [35.9, 138.4]]]}'),
  ('{"type": "Polygon", "coordinates": [[[138, 36], [138, 36], [138, 36], [138, 36]]]}'), ('{"type": "Polygon", "coordinates": [[["a"]]]}')) AS t(g);

-- a zone of one kilometre; staff draw it half and half beyond
SELECT passport.define_sensor('gauge', '{}') \g /dev/null
SELECT passport.assign_zones('gauge', 3, array_agg(zone_id)) FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.96], [138.45, 35.95]]]}}]}', 'flood', 'outline test');
-- nine in the zone west (of two households, one protected person, one who needs help), six in what is drawn beyond
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'o' || i,
  'household_number', CASE WHEN i = 1 THEN 'O9' ELSE 'O' || i % 2 END, 'name', 'n', 'needs_help', i = 2,
  'lon', CASE WHEN i <= 9 THEN 138.451 WHEN i <= 15 THEN 138.465 ELSE 138.50 END, 'lat', 35.955)) FROM generate_series(1, 18) AS i));
SELECT passport.protect_address(resident_id, '2026-07-01', '2026-12-31', 'x') FROM passport.resident WHERE resident_number = 'o1' \g /dev/null
\set drawn '\'SRID=4326;POLYGON((138.455 35.95,138.47 35.95,138.47 35.96,138.455 35.96,138.455 35.95))\''
SELECT * FROM passport.compare_area(:drawn, 'gauge', 3);
SET LOCAL passport.least_count = 0;
SELECT * FROM passport.compare_area(:drawn, 'gauge', 3);
SELECT * FROM passport.compare_area(:drawn);
SELECT pg_temp.refusal(format('SELECT passport.compare_area(%L, %L, %L)', area, sensor, stage))
  FROM (VALUES (NULL, NULL, NULL::int), ('SRID=4326;POLYGON((0 0,1 0,1 1,0 0))', NULL, NULL), (:drawn, 'gauge', 2), (:drawn, 'nowhere', 3), (:drawn, 'gauge', NULL)) AS t(area, sensor, stage);

-- a gauge speaks for its reach of the river only
SELECT passport.set_reach('gauge', '{"type": "Polygon", "coordinates": [[[138.4, 35.9], [138.455, 35.9], [138.455, 36.0], [138.4, 36.0], [138.4, 35.9]]]}');
SELECT ST_AsText(passport.draw_affected_area('gauge', 4), 3);
SELECT zones = ARRAY(SELECT zone_id FROM passport.sensor_zone WHERE sensor = 'gauge') FROM passport.affected_area;
-- and never for nothing: a reach beside every zone is a mistake
SELECT passport.set_reach('gauge', '{"type": "Polygon", "coordinates": [[[138.3, 35.9], [138.35, 35.9], [138.35, 36.0], [138.3, 35.9]]]}');
SELECT pg_temp.refusal('SELECT passport.draw_affected_area(''gauge'', 4)');
SELECT passport.set_reach('gauge', NULL);
SELECT ST_Area(passport.draw_affected_area('gauge', 4)) BETWEEN 0.0000999 AND 0.0001001;
SELECT pg_temp.refusal('SELECT passport.set_reach(''nowhere'', NULL)');
SELECT pg_temp.refusal('SELECT passport.set_reach(''gauge'', ''{}'')') LIKE 'PT422%';
ROLLBACK;
