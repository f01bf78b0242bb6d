-- Three gauges and a rain gauge, and the zones that belong to the second.  The
-- first stands where the real one does, the others are the demo's own; what they
-- read was drawn for the demo (demo/data/SOURCES.md).
-- Crisis-management gauges (危機管理型) are silent below their start level; the
-- first sends a heartbeat each day all the same.
\pset format unaligned
\pset tuples_only on
SELECT passport.define_sensor('managashi', '{"name": "千曲川 馬流橋（小海町）", "datum": "elevation",
    "lon": 138.48341, "lat": 36.092415, "range_low": 850, "range_high": 862, "max_rise": 0.6, "max_fall": 0.3,
    "sampling_interval": "1 hour", "stale_after": "2 hours", "memory": "2 hours", "start_level": 852.30, "heartbeat": "1 day",
    "stages": [{"stage": 1, "name": "観測開始", "up": 852.30, "down": 852.20},
               {"stage": 3, "name": "避難判断", "up": 854.86, "down": 854.60},
               {"stage": 5, "name": "氾濫開始", "up": 856.80, "down": 856.50}]}'),
       passport.define_sensor('itabashi', '{"name": "板橋川（実演用）", "lon": 138.452, "lat": 35.985, "start_level": 0.80,
    "stages": [{"stage": 1, "name": "観測開始", "up": 0.80}, {"stage": 3, "name": "避難判断", "up": 2.00}]}'),
       passport.define_sensor('nobeyama_rain', '{"name": "野辺山 雨量（実演用）", "kind": "rain", "unit": "mm", "lon": 138.476, "lat": 35.951}'),
       passport.define_sensor('uminokuchi', '{"name": "千曲川 海ノ口（実演用）",
    "lon": 138.4905, "lat": 36.0185, "range_low": 0, "range_high": 15, "max_rise": 0.6, "max_fall": 0.3, "dropout_value": 0,
    "witnesses": [{"witness": "nobeyama_rain", "relation": "rain", "movement": 10, "span": "3 hours"}],
    "stages": [{"stage": 1, "name": "水防団待機", "up": 3.5, "down": 3.3},
               {"stage": 2, "name": "氾濫注意", "up": 4.5, "down": 4.3},
               {"stage": 3, "name": "避難判断", "up": 5.5, "down": 5.3},
               {"stage": 4, "name": "氾濫危険", "up": 6.0, "down": 5.8},
               {"stage": 5, "name": "氾濫発生", "up": 9.0, "down": 8.8}]}') \g /dev/null

\set features `cat demo/data/hazard/demo_zones.geojson`
CREATE TEMP TABLE zone AS
SELECT * FROM passport.import_hazard_zones(:'features', 'flood', 'demo drawing, not an official hazard map');
SELECT format('   hazard zone %s: %s', z.name, concat_ws(', ', zone.action, zone.problem))
  FROM zone LEFT JOIN passport.hazard_zone AS z USING (zone_id) ORDER BY zone_id;
-- the deepest zone is endangered first
SELECT passport.assign_zones('uminokuchi', stage, zone_ids)
  FROM (SELECT (1 + row_number() OVER (ORDER BY zone_id))::int AS stage, ARRAY[zone_id] AS zone_ids FROM zone) AS a \g /dev/null
\echo '   These zones are the demo''s own drawings: no official hazard map of the village is in this data.'

CREATE TEMP TABLE drawn (observed_at timestamptz, value float8);
\copy drawn FROM demo/data/sensors/managashi_2026-05-31.csv (FORMAT csv, HEADER)
INSERT INTO demo.reading SELECT 'managashi', observed_at, value FROM drawn;
TRUNCATE drawn;
\copy drawn FROM demo/data/sensors/uminokuchi_2026-06-30.csv (FORMAT csv, HEADER)
INSERT INTO demo.reading SELECT 'uminokuchi', observed_at, value FROM drawn;
TRUNCATE drawn;
\copy drawn FROM demo/data/sensors/nobeyama_rain_2026-06-30.csv (FORMAT csv, HEADER)
INSERT INTO demo.reading SELECT 'nobeyama_rain', observed_at, value FROM drawn;
INSERT INTO demo.reading VALUES ('itabashi', '2026-06-28 12:00+09', 0.62);
