-- Households of an alert by 大字, and how much of each is known: psql -X -v alert=NUMBER -f sql/reports/households.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 世帯の安否（大字ごと） / Households ==
SELECT coalesce(oaza, '合計 all') AS "大字 area", households AS "世帯 households", well AS "全員無事 all safe", need_help AS "助けが必要 need help",
       partly AS "一部不明 partly", unknown AS "不明 unknown", unknown_needing_help AS "要支援で不明"
  FROM passport.alert_rollup WHERE alert_id = :alert ORDER BY oaza NULLS LAST;
