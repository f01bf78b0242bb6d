-- What an alert came to, for the review afterwards: psql -X -v alert=NUMBER -f sql/reports/after_action.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 所要時間 / How long it took ==
SELECT step AS "段 step", took AS "時間 took" FROM passport.alert_timing(:alert);

\echo == 決定、区域と人数 / Decisions, area and people ==
SELECT passport.local_time(at) AS "時刻 time", step AS "段 step", who AS "誰 who", what ->> 'level' AS "警戒レベル",
       what ->> 'km2' AS "km²", coalesce(what ->> 'recipients', what ->> 'headcount') AS "人数 people",
       what ->> 'households' AS "世帯", what ->> 'needing_help' AS "要支援", what ->> 'unreachable' AS "端末なし",
       coalesce(what ->> 'reason', what ->> 'remark', what ->> 'outcome') AS "備考 note"
  FROM passport.replay_alert(:alert)
 WHERE step IN ('authority', 'draft', 'break_glass', 'approval', 'update', 'review', 'cancel', 'end');

\echo == 止めた値 / Readings held back ==
SELECT passport.local_time(at) AS "時刻 time", who AS "水位計 gauge", what ->> 'value' AS "値 value",
       what ->> 'verdict' AS "判定 verdict", what ->> 'reasons' AS "理由 reasons"
  FROM passport.replay_alert(:alert) WHERE step = 'reading' AND what ->> 'verdict' <> 'accepted';

\echo == 通知 / Messages ==
SELECT what ->> 'message' AS "通知 message", what ->> 'outcome' AS "結果 outcome", what ->> 'count' AS "件 count",
       passport.local_time((what ->> 'first_at')::timestamptz, 'MM-DD HH24:MI:SS') AS "最初 first",
       passport.local_time(at, 'MM-DD HH24:MI:SS') AS "最後 last"
  FROM passport.replay_alert(:alert) WHERE step = 'deliveries';

\echo == 回答（誰から） / Answers, and by whom ==
SELECT what ->> 'answer' AS "回答 answer", who AS "誰から by", sum((what ->> 'count')::int) AS "件 count",
       passport.local_time(min((what ->> 'first_at')::timestamptz)) AS "最初 first", passport.local_time(max(at)) AS "最後 last"
  FROM passport.replay_alert(:alert) WHERE step = 'answers' GROUP BY 1, 2 ORDER BY 1, 2;

\echo == 見た名簿 / Lists that were read ==
SELECT passport.local_time(at) AS "時刻 time", who AS "誰 who", what ->> 'list' AS "名簿 list", what ->> 'persons' AS "人数 people"
  FROM passport.replay_alert(:alert) WHERE step = 'list';
