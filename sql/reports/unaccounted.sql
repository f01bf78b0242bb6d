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
SELECT CASE WHEN needs_help THEN '要支援' ELSE '' END AS "支援", name AS "氏名 name", household_number AS "世帯 household",
       household_answered AS "世帯の回答", group_name AS "班 group", oaza AS "大字 area", address AS "住所 address",
       CASE message WHEN 'no_device' THEN '端末なし' WHEN 'failed' THEN '届かず' WHEN 'waiting' THEN '送信待ち'
                    ELSE '届いた' END AS "通知 message"
  FROM passport.unaccounted(:alert);
