-- Definitions of sensors: what is given is changed, what makes no sense is refused
SET passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

SELECT passport.define_sensor('sensor test', '{"name": "橋", "lon": 138.44, "lat": 36, "range_high": 9,
  "stages": [{"stage": 2, "name": "注意", "up": 2, "down": 1.8, "hold": "20 minutes"}]}') \g /dev/null
SELECT passport.define_sensor('sensor test', '{"state": "maintenance", "range_high": null}') \g /dev/null
SELECT name, state, range_high, noise, stale_after, lon, location IS NOT NULL FROM passport.sensor WHERE sensor = 'sensor test';
SELECT holds_from, stage, name, up, down, hold FROM passport.sensor_stage WHERE sensor = 'sensor test';
-- a second set holds from today, and replaces one of the same day
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3}, {"stage": 3, "up": 4}]}') \g /dev/null
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3.5}]}') \g /dev/null
SELECT holds_from, stage, up, down FROM passport.sensor_stage WHERE sensor = 'sensor test' ORDER BY 1, 2;

SELECT passport.define_sensor('sensor test', '{"colour": "blue"}');
SELECT passport.define_sensor('sensor test', '[]');
SELECT passport.define_sensor(NULL, '{}');
SELECT passport.define_sensor('sensor test', '{"noise": "much"}');
SELECT passport.define_sensor('sensor test', '{"noise": -1}');
SELECT passport.define_sensor('sensor test', '{"state": "broken"}');
SELECT passport.define_sensor('sensor test', '{"name": null}');
SELECT passport.define_sensor('sensor test', '{"range_low": 5, "range_high": 4}');
SELECT passport.define_sensor('sensor test', '{"stages": 3}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3}, {"stage": 3, "up": 2}]}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3, "down": 4}]}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": "infinity"}]}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2}]}');
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT passport.define_sensor('sensor never', '{"stages": [{"stage": 10, "up": 3}]}');
SELECT count(*) FROM passport.sensor WHERE sensor = 'sensor never';
