-- Whom to call about an alert, group by group, in a terminal or on paper: psql -X -v alert=NUMBER -f sql/reports/call_list.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 電話連絡（班ごと、要支援が先） / Call list by group ==
SELECT group_name AS "班 group", CASE WHEN needs_help THEN '要支援' ELSE '' END AS "支援", name AS "氏名 name",
       household_number AS "世帯 household", oaza AS "大字 area",
       CASE why WHEN 'no_phone' THEN '端末なし' WHEN 'failed' THEN '届かず' WHEN 'waiting' THEN '送信待ち'
                ELSE '未回答' END AS "理由 why", '' AS "連絡 done"
  FROM passport.call_list(:alert);
