-- How full the shelters are: psql -X -f sql/reports/shelters.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 避難所 / Shelters ==
SELECT name AS "避難所 shelter", CASE need WHEN 'all' THEN '全員 all' ELSE need END AS "対象 need", capacity AS "定員 capacity",
       present AS "受付済 present", announced AS "予定 announced", free AS "空き free",
       CASE WHEN open THEN '開設' ELSE '' END AS "開設 open"
  FROM passport.shelter_occupancy ORDER BY name, need <> 'all', need;
