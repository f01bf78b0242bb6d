-- An alert from reading to door, with times: psql -X -v alert=NUMBER -f sql/reports/replay.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 経過 / Replay ==
SELECT passport.local_time(at, 'MM-DD HH24:MI:SS') AS "時刻 time", step AS "段 step", who AS "誰 who", what AS "内容 what"
  FROM passport.replay_alert(:alert);
