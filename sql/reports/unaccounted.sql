-- Of whom nothing is known since an alert: psql -X -v alert=NUMBER -f sql/reports/unaccounted.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 安否不明（要支援が先） / Unaccounted for ==
SELECT name AS "氏名 name", resident_id AS "番号", household_number AS "世帯", household_answered AS "答えた家族", group_name AS "班 group",
       coalesce(address, oaza) AS "住所 address",
       concat_ws(E'\n', CASE WHEN needs_help THEN '要支援' END,
         CASE message WHEN 'no_device' THEN '端末なし' WHEN 'failed' THEN '届かず' WHEN 'waiting' THEN '送信待ち'
                      ELSE '届いた' END) AS "状況 why"
  FROM passport.unaccounted(:alert);
