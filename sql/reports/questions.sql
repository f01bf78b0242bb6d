-- Questions to areas and what is known: psql -X -f sql/reports/questions.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 住民への質問 / Questions ==
SELECT question_id AS "番号", question ->> 'ja' AS "質問 question", passport.local_time(asked_at) AS "時刻 time",
       answered || ' / ' || asked AS "回答 answered", yes AS "はい", no AS "いいえ", unsure AS "不明",
       CASE WHEN conflicting THEN '食い違い' ELSE '' END AS "!", CASE WHEN closed_at IS NULL THEN '' ELSE '終了' END AS "状態"
  FROM passport.question_result ORDER BY question_id DESC LIMIT 20;
