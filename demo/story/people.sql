-- The people who work in the story, and the story's own helpers.
-- Logins belong to the cluster, which may have them from the last time.
\set ON_ERROR_STOP 1
SELECT format('CREATE ROLE %I LOGIN', login) FROM unnest('{tanaka,suzuki,app,push,public_map}'::text[]) AS login
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) \gexec
SELECT format('GRANT %I TO %I', role, login)
  FROM (VALUES ('tanaka', 'passport_staff'), ('tanaka', 'passport_approver'), ('suzuki', 'passport_approver'), ('app', 'passport_app'),
               ('push', 'passport_bridge'), ('public_map', 'passport_public')) AS l(login, role) \gexec

CREATE SCHEMA demo;
CREATE TABLE demo.reading (sensor text, observed_at timestamptz, value float8, replayed boolean DEFAULT false);
CREATE TABLE demo.token (resident_number text, token text);
CREATE TABLE demo.device (resident_number text, channel text, token text);

-- Gives record_readings the readings one by one, each at its own time and with
-- what the sensor's witnesses saw until then, until the stage or the time is
-- reached; says what was not simply accepted.
CREATE FUNCTION demo.replay(of_sensor text, until_stage int, until_time timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line demo.reading;
  answer record;
  given int := 0;
BEGIN
  FOR line IN SELECT * FROM demo.reading WHERE sensor = of_sensor AND NOT replayed AND observed_at <= until_time ORDER BY observed_at LOOP
    PERFORM set_config('passport.clock', (line.observed_at + interval '30 seconds')::text, false);
    UPDATE demo.reading SET replayed = true WHERE sensor = line.sensor AND observed_at = line.observed_at;
    given := given + 1;
    PERFORM passport.record_readings(w.witness, w.times, w.levels)
       FROM (SELECT r.sensor AS witness, array_agg(r.observed_at ORDER BY r.observed_at) AS times, array_agg(r.value ORDER BY r.observed_at) AS levels
               FROM passport.sensor_witness AS s JOIN demo.reading AS r ON r.sensor = s.witness
              WHERE s.sensor = of_sensor AND NOT r.replayed AND r.observed_at <= line.observed_at GROUP BY r.sensor) AS w;
    UPDATE demo.reading AS r SET replayed = true FROM passport.sensor_witness AS s
     WHERE s.sensor = of_sensor AND r.sensor = s.witness AND NOT r.replayed AND r.observed_at <= line.observed_at;
    FOR answer IN SELECT * FROM passport.record_readings(line.sensor, ARRAY[line.observed_at], ARRAY[line.value]) LOOP
      IF answer.verdict <> 'accepted' OR answer.stage_changed THEN
        RETURN NEXT format('   %s  %s m  %s%s%s', to_char(answer.observed_at, 'MM-DD HH24:MI'),
                           to_char(answer.value, 'FM990.00'), answer.verdict,
                           coalesce(' (' || nullif(array_to_string(answer.reasons, ', '), '') || ')', ''),
                           CASE WHEN answer.stage_changed THEN '  -> stage ' || answer.stage ELSE '' END);
      END IF;
    END LOOP;
    EXIT WHEN (SELECT stage FROM passport.sensor_state WHERE sensor = of_sensor) >= until_stage;
  END LOOP;
  RETURN NEXT format('   %s readings given, until %s', given, to_char(line.observed_at, 'YYYY-MM-DD HH24:MI'));
END $$;
