-- Jobs: what the background worker does, and what became of it

CREATE TABLE passport.job (
  job text PRIMARY KEY,
  every interval NOT NULL CHECK (every >= '1 second'),
  at_time time,
  enabled boolean NOT NULL DEFAULT true,
  next_run timestamptz
);
COMMENT ON TABLE passport.job IS
'When each job runs: once on each civil day from at_time on, or, without at_time, whenever "every" has passed. next_run: when it is due; empty before the first run.';

CREATE TABLE passport.job_run (
  run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL REFERENCES passport.job ON DELETE CASCADE,
  started_at timestamptz NOT NULL,
  duration interval NOT NULL,
  ran_as name NOT NULL,
  result bigint,
  sqlstate text,
  error text,
  CHECK ((result IS NULL) = (sqlstate IS NOT NULL))
);
COMMENT ON TABLE passport.job_run IS
'The last hundred runs of each job: by the clock of passport.now(), how long they really took, as whom, and the number of rows they treated or the error they ended with.';
CREATE INDEX job_run_job ON passport.job_run (job, run_id);

CREATE FUNCTION passport.job_kinds() RETURNS TABLE (job text, every interval, at_time time)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  VALUES ('answer_stages', interval '10 seconds', NULL::time),
         ('audit_digest', interval '1 day', time '00:10'),
         ('expire_drafts', interval '1 minute', NULL),
         ('follow_up', interval '10 seconds', NULL),
         ('make_reading_months', interval '1 hour', NULL),
         ('lapse_alerts', interval '1 minute', NULL),
         ('prove_protection', interval '1 day', time '04:00'),
         ('purge', interval '10 minutes', NULL),
         ('renewal_reminders', interval '1 day', time '09:00'),
         ('review_authorities', interval '1 day', time '07:00'),
         ('review_certificates', interval '15 minutes', NULL),
         ('review_protections', interval '1 day', time '08:00'),
         ('rotate_token_keys', interval '1 hour', NULL),
         ('watch_sensors', interval '1 minute', NULL);
END;
COMMENT ON FUNCTION passport.job_kinds() IS
'The jobs that there are, with the times at which they run unless the table job says otherwise. Rows of job are made by the first run and not by the script, so that a dump keeps what an administrator changed.';

CREATE FUNCTION passport.run_job(job text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  CASE job
    WHEN 'answer_stages' THEN RETURN passport.answer_stages();
    WHEN 'audit_digest' THEN RETURN passport.take_audit_digest();
    WHEN 'expire_drafts' THEN RETURN passport.expire_drafts();
    WHEN 'follow_up' THEN RETURN passport.follow_up();
    WHEN 'make_reading_months' THEN RETURN passport.make_reading_months();
    WHEN 'lapse_alerts' THEN RETURN passport.lapse_alerts();
    WHEN 'purge' THEN RETURN (SELECT sum(p.purged) FROM passport.purge_expired() AS p);
    WHEN 'prove_protection' THEN RETURN passport.prove_protection();
    WHEN 'review_authorities' THEN RETURN passport.review_authorities();
    WHEN 'review_protections' THEN RETURN passport.review_protections();
    WHEN 'review_certificates' THEN RETURN passport.review_certificates();
    WHEN 'renewal_reminders' THEN RETURN passport.send_due_reminders();
    WHEN 'rotate_token_keys' THEN RETURN passport.rotate_token_keys();
    WHEN 'watch_sensors' THEN RETURN passport.watch_sensors();
    ELSE RAISE EXCEPTION 'no such job' USING ERRCODE = 'PT404',
           HINT = 'The jobs are in passport.job_kinds().';
  END CASE;
END $$;
COMMENT ON FUNCTION passport.run_job(text) IS
'Runs a job now, whether it is due or not, in the caller''s transaction, and returns how many rows it treated. Its errors are the caller''s. PT404: no such job.';

CREATE FUNCTION passport.run_next_job() RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone CONSTANT text := current_setting('passport.timezone');
  due passport.job;
  began timestamptz;
  treated bigint;
  failed_with text;
  failure text;
BEGIN
  INSERT INTO passport.job AS j (job, every, at_time)
  SELECT k.job, k.every, k.at_time FROM passport.job_kinds() AS k
  ON CONFLICT ON CONSTRAINT job_pkey DO NOTHING;

  SELECT j.* INTO due FROM passport.job AS j
   WHERE j.enabled
     AND coalesce(j.next_run, (passport.today() + j.at_time) AT TIME ZONE zone, '-infinity') <= passport.now()
   ORDER BY j.next_run NULLS FIRST, j.job
   LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN false;
  END IF;

  began := clock_timestamp();
  BEGIN
    treated := passport.run_job(due.job);
  EXCEPTION WHEN OTHERS THEN
    -- the message says what; details can hold a person's data and are not kept
    failed_with := SQLSTATE;
    failure := SQLERRM;
    PERFORM pg_notify('passport_alarm', due.job);
  END;
  UPDATE passport.job AS j
     SET next_run = CASE WHEN j.at_time IS NULL THEN passport.now() + j.every
                         ELSE (passport.today() + 1 + j.at_time) AT TIME ZONE zone END
   WHERE j.job = due.job;
  INSERT INTO passport.job_run (job, started_at, duration, ran_as, result, sqlstate, error)
  VALUES (due.job, passport.now(), clock_timestamp() - began, session_user,
          treated, failed_with, failure);
  DELETE FROM passport.job_run AS r
   WHERE r.job = due.job
     AND r.run_id <= (SELECT o.run_id FROM passport.job_run AS o
                       WHERE o.job = due.job ORDER BY o.run_id DESC OFFSET 100 LIMIT 1);
  RETURN true;
END $$;
COMMENT ON FUNCTION passport.run_next_job() IS
'Runs the job that has been due the longest, if any is, and writes down what became of it; an error in a job is its result, not the caller''s, and an alarm (NOTIFY passport_alarm with the job''s name). Returns whether there was one. The scheduler calls it until there is none.';

CREATE FUNCTION passport.hasten_job(job text) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- one that has never run has no row and is due already
  UPDATE passport.job AS j SET next_run = least(j.next_run, passport.now()) WHERE j.job = hasten_job.job;
END;
COMMENT ON FUNCTION passport.hasten_job(text) IS
'Makes a job due now, for who has made work for it.';

CREATE FUNCTION passport.set_job(job text, enabled boolean DEFAULT NULL, every interval DEFAULT NULL,
                                 at_time time DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF every < interval '1 second' THEN
    PERFORM passport.refuse('/every', 'range', 'A job runs once a second at the most.');
  END IF;
  INSERT INTO passport.job AS j (job, every, at_time, enabled)
  SELECT k.job, coalesce(set_job.every, k.every),
         coalesce(set_job.at_time, CASE WHEN set_job.every IS NULL THEN k.at_time END),
         coalesce(set_job.enabled, true)
    FROM passport.job_kinds() AS k WHERE k.job = set_job.job
  ON CONFLICT ON CONSTRAINT job_pkey DO UPDATE
     SET every = coalesce(set_job.every, j.every),
         at_time = coalesce(set_job.at_time, CASE WHEN set_job.every IS NULL THEN j.at_time END),
         enabled = coalesce(set_job.enabled, j.enabled),
         next_run = CASE WHEN coalesce(set_job.every::text, set_job.at_time::text) IS NULL THEN j.next_run END;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such job' USING ERRCODE = 'PT404',
      HINT = 'The jobs are in passport.job_kinds().';
  END IF;
END $$;
COMMENT ON FUNCTION passport.set_job(text, boolean, interval, time) IS
'Changes when a job runs: switches it off or on, has it run every so often, or daily from a time of day on; what is left out stays. PT404: no such job. PT422: more often than once a second.';
