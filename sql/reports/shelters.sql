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
SELECT name AS "避難所 shelter", coalesce(k.title ->> 'ja', '全員 all') AS "対象 need", capacity AS "定員 places",
       present AS "受付済 present", visitors AS "住民以外 visitors", announced AS "予定 to come", free AS "空き free",
       CASE WHEN open THEN '開設' ELSE '' END AS "開設 open"
  FROM passport.shelter_occupancy LEFT JOIN passport.need_words() AS k ON k.kind = need ORDER BY name, need <> 'all', need;
