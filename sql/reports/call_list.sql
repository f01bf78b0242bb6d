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
-- broken here where it may be: psql would break a number in the middle
SELECT group_name AS "班 group", concat_ws(' ', name, '(' || nullif(language, 'ja') || ')') AS "氏名 name", resident_id AS "番号",
       concat_ws(E'\n', CASE WHEN needs_help THEN '要支援' END,
         CASE why WHEN 'no_channel' THEN '端末なし' WHEN 'not_delivered' THEN '届かず' WHEN 'waiting' THEN '送信待ち'
                  ELSE '未回答' END) AS "理由 why",
       coalesce(nullif(regexp_replace(array_to_string(numbers, E'\n'), ' (\S+)$', E'\n\\1', 'gn'), ''), '不明') AS "電話 telephone",
       regexp_replace(array_to_string(contacts, E'\n'), ' (\S+)$', E'\n\\1', 'gn') AS "緊急連絡先 contact",
       CASE WHEN calls > 0 THEN concat_ws(' ', calls || '回', passport.local_time(last_call, 'HH24:MI'),
              CASE last_result WHEN 'message_left' THEN '伝言' WHEN 'no_answer' THEN '応答なし' WHEN 'wrong_number' THEN '番号違い'
                               ELSE '回答あり' END)
            ELSE '' END AS "連絡 called"
  FROM passport.call_list(:alert);
