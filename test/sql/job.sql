-- Jobs: what is due, what became of it, and changing when
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 08:59+09';
CREATE FUNCTION pg_temp.run_all() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  jobs int := 0;
BEGIN
  WHILE passport.run_next_job() LOOP
    jobs := jobs + 1;
  END LOOP;
  RETURN jobs;
END $$;

-- it is tested by itself, and needs a municipality
SELECT passport.set_job('prove_protection', enabled => false);

\echo == at 8:59 the daily job waits, at 9:00 it runs, and not again before the next day
SELECT pg_temp.run_all();
SELECT job, every, at_time, next_run FROM passport.job ORDER BY job;
SET LOCAL passport.clock = '2026-07-01 09:00+09';
SELECT pg_temp.run_all();
SELECT pg_temp.run_all();
SET LOCAL passport.clock = '2026-07-02 08:59:59+09';
SELECT pg_temp.run_all();
SET LOCAL passport.clock = '2027-01-01 12:00+09';
SELECT pg_temp.run_all();
SELECT job, started_at, result, sqlstate FROM passport.job_run WHERE job = 'renewal_reminders' ORDER BY run_id;
SELECT job, next_run FROM passport.job ORDER BY job;

\echo == a job that fails is a result, and is undone alone
CREATE OR REPLACE FUNCTION passport.send_due_reminders(on_date date DEFAULT passport.today()) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO passport.program VALUES ('half', '{"ja": "half done"}', passport.now());
  RETURN 1 / 0;
END $$;
SET LOCAL passport.clock = '2027-01-02 12:00+09';
SELECT pg_temp.run_all();
SELECT job, CASE WHEN job <> 'audit_digest' THEN result END AS result, sqlstate, error FROM passport.job_run WHERE started_at = passport.now() ORDER BY job;
SELECT count(*) FROM passport.program WHERE program = 'half';
SELECT pg_temp.refusal($$SELECT passport.run_job('renewal_reminders')$$);

\echo == changing when
SELECT passport.set_job('renewal_reminders', enabled => false);
SELECT passport.set_job('expire_drafts', every => '1 hour');
SET LOCAL passport.clock = '2027-01-09 12:00+09';
SELECT pg_temp.run_all();
SELECT job, enabled, every, next_run FROM passport.job ORDER BY job;
SELECT what, pg_temp.refusal('SELECT passport.' || what) FROM (VALUES
  ($$run_job('nix')$$), ($$run_job(NULL)$$), ($$set_job('nix', true)$$), ($$set_job('expire_drafts', every => '0')$$),
  ($$set_job('expire_drafts', every => '-1 day')$$)) AS v(what);
ROLLBACK;
