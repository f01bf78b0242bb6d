-- Jobs that the worker runs
--
-- What there is to run comes with this script (job_definition); when, is the
-- administrators' (job).  The clock is passport.now(): a test clock moves it.

CREATE TABLE passport.job_definition (
  job text PRIMARY KEY CHECK (job ~ '^[a-z0-9_]{1,60}$'),
  function text NOT NULL,
  every interval NOT NULL,
  first_at time NOT NULL,
  shipped boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE passport.job_definition IS
'Jobs as they are shipped: the function in schema passport, how often, and the time of day from which the times are counted.';

CREATE TABLE passport.job (
  job text PRIMARY KEY,
  every interval NOT NULL CHECK (every >= interval '1 second' AND extract(year FROM every) = 0
                                 AND extract(month FROM every) = 0),
  next_run timestamptz NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  last_run timestamptz,
  last_state text,
  last_error text
);
COMMENT ON TABLE passport.job IS
'Jobs as they run here: how often, when next, and what became of the last run. Change it with set_job().';

CREATE TABLE passport.job_run (
  run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
  result bigint,
  sqlstate text,
  error text
);
COMMENT ON TABLE passport.job_run IS
'Log of the jobs, the last 1,000 runs of each: running, done (result: what the function returned), failed, or interrupted by a crash.';
CREATE INDEX job_run_job ON passport.job_run (job, run_id);
CREATE INDEX job_run_running ON passport.job_run (run_id) WHERE state = 'running';

CREATE FUNCTION passport.remind_renewals() RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.send_due_reminders(passport.today())::bigint;
END;
COMMENT ON FUNCTION passport.remind_renewals() IS
'Job: sends today''s renewal reminders. Returns how many residents were reminded.';

INSERT INTO passport.job_definition (job, function, every, first_at)
VALUES ('renewal_reminders', 'remind_renewals', '1 day', '09:00');
INSERT INTO passport.job_definition (job, function, every, first_at)
SELECT 'expired_challenges', 'purge_challenges', '10 minutes', '00:00'
  FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace AND p.proname = 'purge_challenges' AND p.pronargs = 0;

CREATE FUNCTION passport.call_job(function text) RETURNS bigint
  LANGUAGE c STRICT
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_call_job';
COMMENT ON FUNCTION passport.call_job(text) IS
'Calls a function of this extension in schema passport that takes no arguments, is SECURITY DEFINER and returns bigint, int or void: nothing else can be a job. Errors: PT404 not one of this extension''s, PT403 not a job''s.';

-- The times of a job are every so long from one of them on, so that a daily
-- job stays at its hour however late it ran.
CREATE FUNCTION passport.time_of_job(known timestamptz, every interval, after timestamptz) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT date_bin(every, after, known) + every;
END;
COMMENT ON FUNCTION passport.time_of_job(timestamptz, interval, timestamptz) IS
'First time of a job after a given one. known: any of its times.';

CREATE FUNCTION passport.meet_jobs() RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.job (job, every, next_run)
  SELECT d.job, d.every,
         passport.time_of_job((passport.today() + d.first_at) AT TIME ZONE current_setting('passport.timezone'),
                              d.every, passport.now())
    FROM passport.job_definition AS d
   WHERE NOT EXISTS (SELECT FROM passport.job AS j WHERE j.job = d.job)
  ON CONFLICT DO NOTHING;
  -- after a clock was set back no time may lie further off than one interval
  UPDATE passport.job AS j
     SET next_run = passport.time_of_job(j.next_run, j.every, passport.now())
   WHERE j.next_run > passport.now() + j.every;
END;
COMMENT ON FUNCTION passport.meet_jobs() IS
'Part of claim_job() and run_job(): takes up jobs that were shipped since, and puts right times that a changed clock has left too far off.';

CREATE FUNCTION passport.claim_job(OUT run_id bigint, OUT function text) RETURNS record
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  due passport.job;
BEGIN
  PERFORM passport.meet_jobs();
  SELECT j.* INTO due FROM passport.job AS j JOIN passport.job_definition AS d USING (job)
   WHERE j.enabled AND j.next_run <= passport.now()
   ORDER BY j.next_run, j.job LIMIT 1
     FOR NO KEY UPDATE OF j SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE passport.job AS j
     SET next_run = passport.time_of_job(due.next_run, due.every, passport.now()),
         last_run = passport.now(), last_state = 'running', last_error = NULL
   WHERE j.job = due.job;
  INSERT INTO passport.job_run AS r (job, started_at, state)
  VALUES (due.job, passport.now(), 'running')
  RETURNING r.run_id INTO run_id;
  SELECT d.function INTO function FROM passport.job_definition AS d WHERE d.job = due.job;
  DELETE FROM passport.job_run AS r
   WHERE r.job = due.job
     AND r.run_id < (SELECT min(k.run_id)
                       FROM (SELECT o.run_id FROM passport.job_run AS o WHERE o.job = due.job
                              ORDER BY o.run_id DESC LIMIT 1000) AS k);
END $$;
COMMENT ON FUNCTION passport.claim_job() IS
'For the worker: claims the job that has been due longest, and returns its run and function, NULL if none is due. Commit before running it.';

CREATE FUNCTION passport.finish_job(run_id bigint, result bigint) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE passport.job_run AS r
     SET state = 'done', finished_at = passport.now(), result = finish_job.result
   WHERE r.run_id = finish_job.run_id;
  UPDATE passport.job AS j SET last_state = 'done', last_error = NULL
    FROM passport.job_run AS r
   WHERE r.run_id = finish_job.run_id AND j.job = r.job;
END;
COMMENT ON FUNCTION passport.finish_job(bigint, bigint) IS
'For the worker: records that a run is done, in the transaction that did it.';

CREATE FUNCTION passport.fail_job(run_id bigint, sqlstate text, error text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE passport.job_run AS r
     SET state = 'failed', finished_at = passport.now(), sqlstate = fail_job.sqlstate,
         error = left(fail_job.error, 1000)
   WHERE r.run_id = fail_job.run_id;
  UPDATE passport.job AS j
     SET last_state = 'failed', last_error = left(fail_job.error, 1000),
         next_run = least(j.next_run, passport.now() + interval '10 minutes')
    FROM passport.job_run AS r
   WHERE r.run_id = fail_job.run_id AND j.job = r.job;
END;
COMMENT ON FUNCTION passport.fail_job(bigint, text, text) IS
'For the worker: records that a run failed. It is tried again after ten minutes at the latest.';

CREATE FUNCTION passport.recover_jobs() RETURNS bigint
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH cut AS (
    UPDATE passport.job_run AS r SET state = 'interrupted', finished_at = passport.now()
     WHERE r.state = 'running' RETURNING r.job
  ), again AS (
    UPDATE passport.job AS j SET last_state = 'interrupted', next_run = least(j.next_run, passport.now())
      FROM (SELECT DISTINCT c.job FROM cut AS c) AS c WHERE j.job = c.job
  )
  SELECT count(*) FROM cut;
END;
COMMENT ON FUNCTION passport.recover_jobs() IS
'For the worker, when it starts: marks the runs that a crash cut off, and lets their jobs run at once. Returns how many.';

CREATE FUNCTION passport.run_job(job text, OUT state text, OUT result bigint, OUT error text) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  known passport.job_definition;
  run bigint;
  code text;
BEGIN
  SELECT * INTO known FROM passport.job_definition AS d WHERE d.job = run_job.job;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown job' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.meet_jobs();
  UPDATE passport.job AS j SET last_run = passport.now() WHERE j.job = known.job;
  INSERT INTO passport.job_run AS r (job, started_at, state)
  VALUES (known.job, passport.now(), 'running') RETURNING r.run_id INTO run;
  BEGIN
    result := passport.call_job(known.function);
    PERFORM passport.finish_job(run, result);
    state := 'done';
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS error = MESSAGE_TEXT, code = RETURNED_SQLSTATE;
    state := 'failed';
    result := NULL;
    PERFORM passport.fail_job(run, code, error);
  END;
END $$;
COMMENT ON FUNCTION passport.run_job(text) IS
'Runs a job now, in this transaction, whenever it is due, and says what became of it: done with its result, or failed with the error, which is recorded. Its next time stays. Errors: PT404 unknown job.';

CREATE FUNCTION passport.set_job(
  job text, enabled boolean DEFAULT NULL, every interval DEFAULT NULL, next_run timestamptz DEFAULT NULL)
  RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF every < interval '1 second' OR extract(year FROM every) <> 0 OR extract(month FROM every) <> 0 THEN
    PERFORM passport.refuse('/every', 'every', 'A job runs every second at most, and every so many days, hours, minutes or seconds.');
  END IF;
  IF NOT isfinite(next_run) THEN
    PERFORM passport.refuse('/next_run', 'not_finite', 'A job that is not to run is disabled.');
  END IF;
  PERFORM passport.meet_jobs();
  UPDATE passport.job AS j
     SET enabled = coalesce(set_job.enabled, j.enabled), every = coalesce(set_job.every, j.every),
         next_run = coalesce(set_job.next_run, j.next_run)
   WHERE j.job = set_job.job;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown job' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.set_job(text, boolean, interval, timestamptz) IS
'Changes when a job runs; what is NULL stays. Its times are every so long from next_run on. Errors: PT404 unknown job, PT422 an interval under a second or with months, a time that is not finite.';

CREATE VIEW passport.job_status WITH (security_barrier) AS
  SELECT j.job, j.enabled, j.every, j.next_run, j.last_run, j.last_state, j.last_error
    FROM passport.job AS j;
COMMENT ON VIEW passport.job_status IS
'Jobs, when they run next, and what became of their last run, for administrators.';
