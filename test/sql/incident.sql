-- False alarms that happened, each by its numbers: none of them may become one
-- here.  Limits are those of a small river; what stopped each is in its reasons.
BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
\pset tuples_only on
\pset format unaligned

CREATE FUNCTION pg_temp.gauge(sensor text, more jsonb) RETURNS void
BEGIN ATOMIC
  SELECT passport.define_sensor(sensor, '{"range_low": -1, "range_high": 12, "max_rise": 0.6, "max_fall": 0.3,
    "stale_after": "1 day"}'::jsonb || more);
END;
-- readings that came at times of one day, each at its own time
CREATE FUNCTION pg_temp.come(sensor text, day date, times text, levels double precision[])
  RETURNS TABLE (at time, value double precision, verdict text, reasons text[], stage int)
  LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz;
  i int := 0;
BEGIN
  FOREACH moment IN ARRAY ARRAY(SELECT (day || ' ' || t)::timestamptz FROM unnest(string_to_array(times, ' ')) AS t) LOOP
    i := i + 1;
    PERFORM set_config('passport.clock', moment::text, true);
    RETURN QUERY SELECT r.observed_at::time, r.value, r.verdict, r.reasons, r.stage
                   FROM passport.record_readings(sensor, ARRAY[moment], levels[i:i]) AS r;
  END LOOP;
END $$;

\echo == 鈴鹿 堀切川 2014-11-04: 3.83 m, 1,256 people were mailed 避難判断水位
SELECT pg_temp.gauge('鈴鹿 堀切川', '{"stages": [{"stage": 3, "up": 3.0, "down": 2.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('鈴鹿 堀切川', '2014-11-04', '10:00 10:10 10:20', '{0.5, 3.83, 0.5}');

\echo == 和歌山 報国橋 2013-11-08: 0.88 m at 8:00, 2.58 m at 8:10, threshold 2.2
SELECT pg_temp.gauge('和歌山 報国橋', '{"stages": [{"stage": 3, "up": 2.2, "down": 2.0}]}') \g /dev/null
SELECT * FROM pg_temp.come('和歌山 報国橋', '2013-11-08', '08:00 08:10 08:20', '{0.88, 2.58, 0.88}');

\echo == 和歌山 新広橋 2013-10-27: 4.59 m, danger level 2.6
SELECT pg_temp.gauge('和歌山 新広橋', '{"stages": [{"stage": 4, "up": 2.6, "down": 2.4}]}') \g /dev/null
SELECT * FROM pg_temp.come('和歌山 新広橋', '2013-10-27', '08:00 08:10 08:20', '{0.9, 4.59, 0.9}');

\echo == 徳島 鮎喰川 2016-08-07: 26 m, 0.95 m an hour before, no rain
SELECT passport.define_sensor('徳島 雨量', '{"kind": "rain", "unit": "mm", "sampling_interval": "1 hour"}') \g /dev/null
SELECT pg_temp.gauge('徳島 鮎喰川', '{"witnesses": [{"witness": "徳島 雨量", "relation": "rain", "movement": 10}],
  "stages": [{"stage": 4, "up": 5, "down": 4.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('徳島 雨量', '2016-08-07', '09:50 10:50', '{0, 0}');
SELECT * FROM pg_temp.come('徳島 鮎喰川', '2016-08-07', '10:00 11:00 11:10', '{0.95, 26, 26}');
-- were the range of the gauge not known, the dry rain gauge would hold it
SELECT passport.define_sensor('徳島 鮎喰川', '{"range_high": null}') \g /dev/null
SELECT * FROM pg_temp.come('徳島 鮎喰川', '2016-08-07', '11:20 11:30 11:40', '{26, 26, 0.95}');

\echo == 釧路川 旭橋 2019-08-16: the danger level, without rain and while nothing moved upstream
SELECT passport.define_sensor('釧路 雨量', '{"kind": "rain", "unit": "mm"}'), passport.define_sensor('釧路川 上流', '{"max_rise": 0.6}') \g /dev/null
SELECT pg_temp.gauge('釧路川 旭橋', '{"witnesses": [{"witness": "釧路 雨量", "relation": "rain", "movement": 10},
    {"witness": "釧路川 上流", "relation": "upstream", "movement": 0.3, "travel_time": "30 minutes"}],
  "stages": [{"stage": 2, "up": 2.5, "down": 2.3}, {"stage": 3, "up": 3, "down": 2.8}, {"stage": 4, "up": 3.4, "down": 3.2}]}') \g /dev/null
SELECT * FROM pg_temp.come('釧路 雨量', '2019-08-16', '08:50 09:00 09:10 09:20 09:30', '{0, 0, 0, 0, 0}');
SELECT * FROM pg_temp.come('釧路川 上流', '2019-08-16', '08:50 09:00 09:10 09:20 09:30', '{1.2, 1.21, 1.2, 1.2, 1.21}');
-- the level stays there, reading for reading: no second can tell
SELECT * FROM pg_temp.come('釧路川 旭橋', '2019-08-16', '09:00 09:10 09:20 09:30', '{1.1, 3.5, 3.5, 3.6}');
SELECT sensor, observed_at::time, value, stage, stage_if_true FROM passport.reading_to_confirm;
-- a person looks and sees no flood; the gauge recovers, and stage 3 ends as stages do
SELECT * FROM pg_temp.come('釧路川 旭橋', '2019-08-16', '09:40 09:50 10:20', '{1.1, 1.1, 1.1}');
SELECT count(*) FROM passport.reading_to_confirm;

\echo == 松阪 大堀川新橋 2015-08-18: 7.37 m during maintenance
SELECT pg_temp.gauge('松阪 大堀川新橋', '{"stages": [{"stage": 4, "up": 4, "down": 3.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('松阪 大堀川新橋', '2015-08-18', '09:00', '{0.8}');
SELECT passport.set_sensor_state('松阪 大堀川新橋', 'maintenance', '点検') \g /dev/null
SELECT * FROM pg_temp.come('松阪 大堀川新橋', '2015-08-18', '09:10 09:20 09:30', '{7.37, 7.37, 7.37}');
SELECT passport.set_sensor_state('松阪 大堀川新橋', 'in_service') \g /dev/null
SELECT * FROM pg_temp.come('松阪 大堀川新橋', '2015-08-18', '10:00', '{0.8}');
SELECT since::time, state, changed_by = session_user AS by_me, reason FROM passport.sensor_service WHERE sensor = '松阪 大堀川新橋' ORDER BY change_id;

\echo == 留萌川 KP22.6 2024-09-25: one reading above the flood level, sent again for months
SELECT passport.define_sensor('留萌川 KP22.6', '{"datum": "elevation", "stages": [{"stage": 5, "up": 30, "down": 29}]}') \g /dev/null
SET LOCAL passport.clock = '2024-11-01 12:00+09';
SELECT verdict, reasons, stage FROM passport.record_readings('留萌川 KP22.6', '{2024-09-25 12:00+09}', '{30.5}');
SELECT verdict, reasons, stage FROM passport.record_readings('留萌川 KP22.6', '{2024-09-25 12:00+09}', '{30.5}');
ROLLBACK;
