-- Silence: who should be heard, who need not be, and that it resolves nothing
BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse
UPDATE passport.sensor SET state = 'retired';
SET LOCAL passport.clock = '2026-07-01 12:00+09';

CREATE FUNCTION pg_temp.at(moment time) RETURNS TABLE (sensor text, condition text, stage int, noticed int)
  LANGUAGE plpgsql AS $$
DECLARE
  n int;
BEGIN
  PERFORM set_config('passport.clock', '2026-07-01 ' || moment || '+09', true);
  n := passport.watch_sensors();
  RETURN QUERY SELECT w.sensor, w.condition, t.stage, n FROM passport.sensor_watch AS w JOIN passport.sensor_state AS t USING (sensor)
                WHERE w.state <> 'retired' ORDER BY w.sensor;
END $$;
-- a crisis-management gauge starts at 2.0, and falls by 0.3 between two readings
SELECT passport.define_sensor('crisis', '{"start_level": 2, "max_fall": 0.3, "stages": [{"stage": 1, "up": 2}, {"stage": 3, "up": 3}]}'),
       passport.define_sensor('crisis beats', '{"start_level": 2, "heartbeat": "3 hours"}'),
       passport.define_sensor('plain', '{"stale_after": "30 minutes", "stages": [{"stage": 3, "up": 3}]}'),
       passport.define_sensor('slow', '{"heartbeat": "3 hours"}'),
       passport.define_sensor('works', '{"state": "maintenance"}'),
       passport.define_sensor('never', '{}') \g /dev/null
SELECT verdict, stage FROM passport.record_readings('crisis', '{2026-07-01 11:40+09, 2026-07-01 11:50+09}', '{3.2, 3.2}');
SELECT verdict, stage FROM passport.record_readings('crisis beats', '{2026-07-01 11:50+09}', '{1.9}');
SELECT verdict, stage FROM passport.record_readings('plain', '{2026-07-01 11:40+09, 2026-07-01 11:50+09}', '{3.2, 3.2}');
SELECT verdict, stage FROM passport.record_readings('slow', '{2026-07-01 11:50+09}', '{1}');

SELECT * FROM pg_temp.at('12:00');
SELECT * FROM pg_temp.at('12:25');
\echo == the crisis gauge fell silent far above its start level, and its stage stays
SELECT * FROM pg_temp.at('13:00');
SELECT passport.watch_sensors();
\echo == both are heard again, the crisis gauge just above its start level; then silence is its design
SELECT verdict, stage FROM passport.record_readings('crisis', '{2026-07-01 13:00+09}', '{2.25}');
SELECT verdict, stage FROM passport.record_readings('plain', '{2026-07-01 13:00+09}', '{1}');
SELECT * FROM pg_temp.at('13:01');
SELECT * FROM pg_temp.at('14:50');
\echo == what is taken out of service is not silent any more
SELECT passport.set_sensor_state('slow', 'maintenance');
SELECT * FROM pg_temp.at('15:00');
\echo == readings that are not believed are no level
SELECT verdict, reasons FROM passport.record_readings('plain', '{2026-07-01 15:00+09, 2026-07-01 15:10+09}', '{NaN, NaN}');
SELECT * FROM pg_temp.at('15:05');
SELECT sensor, last_heard::time, noticed_at::time, ended_at::time FROM passport.sensor_silence ORDER BY silence_id;
SELECT name, last_heard::time, ended_at::time FROM passport.report_silence ORDER BY noticed_at, name;
SELECT sensor, condition, silent, silent_since::time FROM passport.report_sensor ORDER BY sensor;

\echo == a person ends the stage of a gauge that does not report, and of no other
SAVEPOINT report;
SELECT passport.end_stage('plain', 'seen from the bridge');
\echo :SQLSTATE
ROLLBACK TO report;
SELECT passport.end_stage('crisis', '');
\echo :SQLSTATE
ROLLBACK TO report;
SELECT passport.end_stage('crisis', 'seen from the bridge');
SELECT sensor, stage, ended_by = session_user AS by_me, ended_at::time, reason FROM passport.stage_ending;
SELECT stage, since::time FROM passport.sensor_state WHERE sensor = 'crisis';
SAVEPOINT report;
SELECT passport.end_stage('crisis', 'again');
\echo :SQLSTATE
ROLLBACK TO report;
SELECT passport.end_stage('nowhere', 'again');
\echo :SQLSTATE
ROLLBACK TO report;
-- it begins again with the next reading at a threshold
SELECT verdict, stage, stage_changed FROM passport.record_readings('crisis', '{2026-07-01 15:00+09}', '{3.1}');

\echo == states and who set them
SELECT passport.set_sensor_state('works', 'in_service', 'checked');
SELECT passport.set_sensor_state('works', 'in_service', 'again');
SELECT sensor, state, changed_by = session_user AS by_me, reason FROM passport.sensor_service WHERE sensor = 'works' ORDER BY change_id;
SAVEPOINT here;
SELECT passport.set_sensor_state('works', 'broken');
\echo :SQLSTATE
ROLLBACK TO here;
SELECT passport.set_sensor_state('nowhere', 'retired');
\echo :SQLSTATE
ROLLBACK TO here;
SELECT passport.set_sensor_state('works', 'retired', repeat('x', 401));
\echo :SQLSTATE
ROLLBACK TO here;
UPDATE passport.sensor_service SET reason = 'other';
\echo :SQLSTATE
ROLLBACK;
