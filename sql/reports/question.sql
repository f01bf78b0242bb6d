-- What is known of a question to an area, where, and where it is contradictory: psql -X -v question=NUMBER -f sql/reports/question.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 質問 / The question ==
SELECT question ->> 'ja' AS "質問 question", passport.local_time(asked_at) AS "時刻 asked", concat(answered, ' / ', asked, ' (', round(100 * rate), ' %)') AS "回答 answered",
       yes AS "はい yes", no AS "いいえ no", unsure AS "不明 unsure",
       CASE WHEN conflicting THEN '食い違い' ELSE '' END AS "!"
  FROM passport.question_result WHERE question_id = :question;

\echo == 場所ごと（3人以上） / By place (three or more) ==
SELECT coalesce(to_char(lat, 'FM990.0000') || ', ' || to_char(lon, 'FM990.0000'), 'ほか elsewhere') AS "緯度, 経度 place",
       yes AS "はい yes", no AS "いいえ no", unsure AS "不明 unsure", CASE WHEN conflicting THEN '食い違い' ELSE '' END AS "!"
  FROM passport.question_map(:question) ORDER BY lat IS NULL, yes + no + unsure DESC;

\echo == 回答（新しい順、名前なし） / Answers, the latest first, without names ==
SELECT passport.local_time(answered_at) AS "時刻 time",
       CASE answer WHEN 'yes' THEN 'はい yes' WHEN 'no' THEN 'いいえ no' ELSE '不明 unsure' END AS "回答 answer", note AS "書かれたこと note",
       to_char(lat, 'FM990.0000') || ', ' || to_char(lon, 'FM990.0000') AS "緯度, 経度 place"
  FROM passport.question_answers(:question);
