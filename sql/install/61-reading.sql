-- Readings: every one that came is kept, with what was made of it

-- A table for each month, made ahead by the job make_reading_months and
-- dropped by purge, and one for all other times: a reading of years ago is kept like any other, and
-- one that comes while no worker has made its month yet is not lost.
--
-- What is made later is no member of the extension: pg_dump writes it out as it
-- does a table of yours, creates it, attaches it, and fills it.  For that to be
-- restored, the parent has neither a primary nor a foreign key.  A key of the
-- parent is made at every table that is attached, and then the dump's own fails
-- ("multiple primary keys"); a foreign key is checked while the months are
-- filled, before the sensors are.  (Both were tried.)  So each month has a
-- primary key of its own, which is as good, since a time lies in one month
-- only; and record_readings() holds the row of a sensor that exists.
CREATE TABLE passport.reading (
  sensor text NOT NULL,
  observed_at timestamptz NOT NULL,
  value double precision NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('accepted', 'held', 'rejected')),
  reasons text[] NOT NULL,
  stage int NOT NULL,
  recorded_at timestamptz NOT NULL
) PARTITION BY RANGE (observed_at);
COMMENT ON TABLE passport.reading IS
'Readings with the gate''s verdict and reasons, and the stage of the sensor after each; a partition (reading_YYYYMM) for each month of UTC; how long they are kept is in retention.';

CREATE TABLE passport.reading_other PARTITION OF passport.reading
  (CONSTRAINT reading_other_pkey PRIMARY KEY (sensor, observed_at)) DEFAULT;
COMMENT ON TABLE passport.reading_other IS
'Readings of times that have no partition: long ago, or before the worker''s first run, which moves them.';
CREATE INDEX reading_other_doubted ON passport.reading_other (observed_at) WHERE verdict <> 'accepted';

-- What a chart shows: with a reading a minute a map of 200 gauges would read
-- half a million readings each time that somebody's water moves.  No foreign
-- key either, as of the readings themselves.
CREATE TABLE passport.reading_peak (
  sensor text NOT NULL,
  quarter timestamptz NOT NULL,
  observed_at timestamptz NOT NULL,
  value double precision NOT NULL,
  PRIMARY KEY (sensor, quarter)
) WITH (fillfactor = 70); -- the running quarter's row is raised where it lies
COMMENT ON TABLE passport.reading_peak IS
'Of each sensor and quarter of an hour the highest accepted reading, the first of several; record_readings() and confirm_reading() keep it. It goes with the readings.';

CREATE TABLE passport.reading_confirmation (
  confirmation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  observed_at timestamptz NOT NULL,
  confirmed_by name NOT NULL,
  confirmed_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.reading_confirmation IS
'Who believed which held reading, and when. Append-only.';
CREATE TRIGGER reading_confirmation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.reading_confirmation
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.record_readings(
  sensor text, observed_at timestamptz[], value double precision[],
  OUT observed_at timestamptz, OUT value double precision, OUT verdict text, OUT reasons text[],
  OUT stage int, OUT stage_changed boolean) RETURNS SETOF record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'record_readings';
COMMENT ON FUNCTION passport.record_readings(text, timestamptz[], double precision[]) IS
'Records up to 10,000 readings of one sensor, in any order, and returns a row for each in order of time, with the stage after it.
Verdicts: "accepted"; "held" (kept, but the stage does not follow until a second reading agrees; then both are accepted, "confirmed_by_second"); "rejected"; "duplicate" (the same time and value came before: nothing is done).
Reasons: "not_a_number", "infinite", "out_of_range", "future" (answered, but not kept), "maintenance", "retired", "dropout", "rise_too_fast", "fall_too_fast", "no_history" (a first reading that would alarm), "uncorroborated" (a rise to a threshold that none of the sensor''s witnesses saw anything of, though all were looking: waits for a second reading; to a stage above 3, for a witness or confirm_reading(), and until then the stage follows up to 3), "stuck" (above a threshold, or while its witnesses see movement, the same value for longer than stuck_after), "corroborated" (a jump that a gauge upstream or beside it made as well, at least half as high: accepted at once, or, to a stage above 3, held with the stage at 3 until a second reading agrees), "confirmed_by_second", "confirmed_by_person", "stale" (older than stale_after: never moves the stage), "late" (older than the last accepted one: kept for the record, never moves the stage), "conflict" (another value came for that time before, and stays), "corrected" (what came for that time before was no measurement, and gave way).
The stage rises with the first accepted reading at or above "up" and falls after the hold time below "down"; silence changes nothing. Alarms (NOTIFY passport_alarm): stage_rise for a rise, which also sends what was authorised for it (follow_stage); reading_to_confirm when a reading begins to wait for a person. Several sensors in one transaction are recorded in the order of their names, or two such transactions may wait for each other. PT404: unknown sensor. PT422: arrays that are NULL, unequally long, too long, with NULL elements or infinite times.';

CREATE FUNCTION passport.confirm_reading(sensor text, observed_at timestamptz) RETURNS int
  LANGUAGE c STRICT SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'confirm_reading';
COMMENT ON FUNCTION passport.confirm_reading(text, timestamptz) IS
'Believes a held reading because a person has looked (at the river, at a camera, by telephone): it is accepted, "confirmed_by_person", the stage follows it, and what was held after it and goes on from it is accepted as well; a rise is alarmed and sends what was authorised for it, as one of record_readings() does. Who and when is kept (session_user). Returns the stage after it. Errors: PT404 unknown sensor or no reading of that time, PT409 not held, a later reading was accepted, or the sensor is out of service, PT410 older than stale_after.';

CREATE VIEW passport.reading_to_confirm AS
  SELECT s.sensor, n.held_at AS observed_at, n.held_value AS value, n.stage,
         (SELECT max(t.stage) FROM passport.sensor_threshold AS t
           WHERE t.sensor = s.sensor AND t.up <= n.held_value) AS stage_if_true
    FROM passport.sensor AS s JOIN passport.sensor_state AS n USING (sensor)
   WHERE s.state = 'in_service' AND n.held_at >= passport.now() - s.stale_after
     AND EXISTS (SELECT FROM passport.sensor_threshold AS t
                  WHERE t.sensor = s.sensor AND t.stage > 3 AND t.up <= n.held_value);
COMMENT ON VIEW passport.reading_to_confirm IS
'Held readings of now that would raise a stage above 3 if they were true: a person should look, and confirm_reading() or not.';

CREATE FUNCTION passport.make_reading_month(month date) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '5s'
AS $$
DECLARE
  name CONSTANT text := 'reading_' || to_char(month, 'YYYYMM');
  begins CONSTANT timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  ends CONSTANT timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass('passport.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  -- From the top, or a reading that waits below would find itself in the wrong
  -- table, and be refused, once the month is there.
  LOCK TABLE ONLY passport.reading IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('CREATE TABLE passport.%I (LIKE passport.reading INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  EXECUTE format('WITH moved AS (DELETE FROM passport.reading_other WHERE observed_at >= %L AND observed_at < %L RETURNING *)
                  INSERT INTO passport.%I SELECT * FROM moved', begins, ends, name);
  EXECUTE format('ALTER TABLE passport.%I ADD CONSTRAINT %I PRIMARY KEY (sensor, observed_at)', name, name || '_pkey');
  EXECUTE format('CREATE INDEX %I ON passport.%I (observed_at) WHERE verdict <> ''accepted''', name || '_doubted', name);
  EXECUTE format('COMMENT ON TABLE passport.%I IS ''Readings of a month.''', name);
  EXECUTE format('ALTER TABLE passport.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY owner ON passport.%I TO passport_owner USING (true) WITH CHECK (true)', name);
  EXECUTE format('ALTER TABLE passport.reading ATTACH PARTITION passport.%I FOR VALUES FROM (%L) TO (%L)', name, begins, ends);
  RETURN true;
END $$;
COMMENT ON FUNCTION passport.make_reading_month(date) IS
'Step of make_reading_months(): makes the partition of a month, and moves there what came for it before; false when it is there. Names and bounds are made from the date alone. It gives up (55P03) rather than have readings wait for long, and is tried again.';

CREATE FUNCTION passport.make_reading_months() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '5s'
AS $$
DECLARE
  this CONSTANT date := date_trunc('month', passport.now() AT TIME ZONE 'UTC')::date;
  made int := 0;
  month date;
BEGIN
  -- one at a time: two that look at the same table would wait for each other
  LOCK TABLE ONLY passport.reading IN SHARE UPDATE EXCLUSIVE MODE;
  FOR month IN
    SELECT m::date FROM generate_series(this, this + interval '2 months', interval '1 month') AS m
    UNION
    SELECT date_trunc('month', o.observed_at AT TIME ZONE 'UTC')::date FROM passport.reading_other AS o
     WHERE o.observed_at >= passport.kept_since('reading')
     ORDER BY 1
  LOOP
    made := made + passport.make_reading_month(month)::int;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION passport.make_reading_months() IS
'Job: makes the partitions of readings for this month and the next two, and for any month within the retention that readings came for without one. Returns how many.';

CREATE FUNCTION passport.forget_readings(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '5s'
AS $$
DECLARE
  forgotten bigint;
  readings bigint;
  name text;
BEGIN
  DELETE FROM passport.reading_other AS o
   WHERE o.ctid = ANY (ARRAY(SELECT d.ctid FROM passport.reading_other AS d WHERE d.observed_at < before LIMIT max_rows));
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  DELETE FROM passport.reading_peak AS p
   WHERE p.ctid = ANY (ARRAY(SELECT d.ctid FROM passport.reading_peak AS d WHERE d.quarter < before LIMIT max_rows));
  FOR name IN
    SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'passport.reading'::regclass AND c.relname ~ '^reading_[0-9]{6}$'
       AND (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' <= before
     ORDER BY 1
  LOOP
    EXECUTE format('SELECT count(*) FROM passport.%I', name) INTO readings;
    EXECUTE format('DROP TABLE passport.%I', name);
    forgotten := forgotten + readings;
  END LOOP;
  RETURN forgotten;
END $$;
COMMENT ON FUNCTION passport.forget_readings(timestamptz, int) IS
'Step of purge_expired(): drops the months that are over before a time, whole, and deletes up to max_rows readings that have none, and as many peaks. Returns how many readings went.';
