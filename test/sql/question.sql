-- Questions to an area: who is asked, what staff learn, and what they do not
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 05:00+09';
\pset tuples_only on
\pset null -
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
-- eight in the area with an account, one of them protected; one without an account, one elsewhere
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'q' || i, 'household_number', 'Q' || i, 'name', 'n' || i,
  'lon', CASE WHEN i = 10 THEN 138.52 ELSE 138.451 + i * 0.0001 END, 'lat', 35.951, 'language', CASE i WHEN 2 THEN 'vi' WHEN 3 THEN 'th' ELSE 'ja' END)) FROM generate_series(1, 10) AS i));
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
INSERT INTO passport.account (resident_id, assurance, created_at)
  SELECT pg_temp.id('q' || i), 'card_certain', passport.now() FROM generate_series(1, 10) AS i WHERE i <> 9;
SELECT passport.add_device(pg_temp.id('q' || i), 'fcm', 'token-' || i) > 0 FROM generate_series(1, 10) AS i \g /dev/null
SELECT passport.protect_address(pg_temp.id('q8'), '2026-07-01', '2026-12-31', 'x') \g /dev/null
\set area '\'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))\''
\set house '\'SRID=4326;POLYGON((138.4517 35.9509,138.4519 35.9509,138.4519 35.9511,138.4517 35.9511,138.4517 35.9509))\''
CREATE ROLE question_staff IN ROLE passport_staff;
SET SESSION AUTHORIZATION question_staff;
SELECT pg_temp.refusal(format('SELECT passport.ask_area(%L, %L, %L)', question, area, until_time))
  FROM (VALUES (NULL, :area, '2026-07-01 08:00+09'), ('{"en": "x"}', :area, '2026-07-01 08:00+09'), ('{"ja": ""}', :area, '2026-07-01 08:00+09'),
               ('{"ja": "{x}"}', :area, '2026-07-01 08:00+09'), ('{"ja": "x", "tlh": "x"}', :area, '2026-07-01 08:00+09'), ('{"ja": "123456789018"}', :area, '2026-07-01 08:00+09'),
               ('{"ja": "x"}', NULL, '2026-07-01 08:00+09'), ('{"ja": "x"}', 'SRID=4326;POINT(138.45 35.95)', '2026-07-01 08:00+09'),
               ('{"ja": "x"}', :area, '2026-07-01 05:00+09'), ('{"ja": "x"}', :area, '2026-07-05 05:00+09'), ('{"ja": "x"}', :area, NULL),
               -- a house: its answers would not be private, and whether it is a protected one is not told
               ('{"ja": "x"}', :house, '2026-07-01 08:00+09')) AS t(question, area, until_time);
SELECT question_id AS question, asked FROM passport.ask_area('{"ja": "市場坂は通れますか。", "en": "Is the road over Ichibazaka open?"}', :area, '2026-07-01 08:00+09') \gset
SELECT :asked;
RESET SESSION AUTHORIZATION;
-- all eight are asked, each in their language, with the question in the nearest that there is
SELECT r.resident_number, d.title, d.body, n.kind, n.lane, n.data ->> 'question_id' = :question::text FROM passport.claim_deliveries('w', 100, '1 minute') AS d
  JOIN passport.resident AS r USING (resident_id) JOIN passport.notification AS n USING (notification_id) WHERE r.resident_number IN ('q1', 'q2', 'q3', 'q8') ORDER BY 1;
SELECT count(*) FROM passport.question_recipient;

SELECT pg_temp.act('q1') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.answer_question(%s, %L, %L, %L, %L)', question, answer, lon, lat, note))
  FROM (VALUES (:question, NULL, NULL::float8, NULL::float8, NULL), (:question, 'maybe', NULL, NULL, NULL), (:question, 'yes', 138.45, NULL, NULL),
               (:question, 'yes', 'NaN', 35, NULL), (:question, 'yes', NULL, NULL, ''), (:question, 'yes', NULL, NULL, '123456789018'), (-1, 'yes', NULL, NULL, NULL)) AS t(question, answer, lon, lat, note);
SELECT passport.answer_question(:question, 'yes', 138.4560, 35.9560);
-- the road has broken since
SELECT passport.answer_question(:question, 'no', 138.4561, 35.9561, '路肩が崩れた');
SELECT question ->> 'en', open, answer, summary FROM passport.my_questions();
CREATE FUNCTION pg_temp.answer(number text, question bigint, answer text, lon float8, lat float8, note text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_temp.act(number); PERFORM passport.answer_question(question, answer, lon, lat, note); END $$;
SELECT pg_temp.answer('q2', :question, 'no', 138.4559, 35.9559, NULL), pg_temp.answer('q3', :question, 'yes', 138.4560, 35.9562, NULL),
       pg_temp.answer('q4', :question, 'unsure', NULL, NULL, '家にいる'), pg_temp.answer('q5', :question, 'yes', 138.4590, 35.9590, NULL),
       pg_temp.answer('q8', :question, 'no', 138.4560, 35.9560, '私の家から見える') \g /dev/null
SELECT pg_temp.act('q10') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.answer_question(%s, %L)', :question, 'yes'));
SELECT count(*) FROM passport.my_questions();

-- what staff see: numbers without the protected one, cells of three, answers without names
SET SESSION AUTHORIZATION question_staff;
SELECT asked, answered, rate, yes, no, unsure, conflicting FROM passport.question_result;
SELECT * FROM passport.question_map(:question);
SELECT * FROM passport.question_answers(:question);
SELECT count(*) FROM passport.question_answers(:question, 2);
RESET SESSION AUTHORIZATION;
SELECT source, count(*), count(*) FILTER (WHERE resident_id = pg_temp.id('q8')) AS protected FROM passport.audit_record WHERE source LIKE 'question%' GROUP BY 1;

-- the closing word goes to all who were asked; after it nobody answers
SET SESSION AUTHORIZATION question_staff;
SELECT pg_temp.refusal(format('SELECT passport.close_question(%s, %L)', question, summary))
  FROM (VALUES (-1, '{"ja": "x"}'), (:question, '{}'), (:question, NULL)) AS t(question, summary);
SELECT passport.close_question(:question, '{"ja": "市場坂は通行止めです。"}');
SELECT pg_temp.refusal(format('SELECT passport.close_question(%s, %L)', :question, '{"ja": "x"}'));
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, d.title, d.body FROM passport.claim_deliveries('w', 100, '1 minute') AS d JOIN passport.resident AS r USING (resident_id)
 WHERE r.resident_number IN ('q1', 'q2', 'q8') AND d.body LIKE '%通行止め%' ORDER BY 1;
SELECT pg_temp.act('q6') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.answer_question(%s, %L)', :question, 'yes'));
SELECT open, answer, summary FROM passport.my_questions();
-- over is over, too; and twenty a day are enough
SELECT question_id AS second FROM passport.ask_area('{"ja": "断水していますか。"}', :area, '2026-07-01 06:00+09') \gset
SET LOCAL passport.clock = '2026-07-01 06:00+09';
SELECT pg_temp.act('q6') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.answer_question(%s, %L)', :second, 'yes'));
SELECT count((passport.ask_area('{"ja": "停電していますか。"}', :area, '2026-07-01 09:00+09')).question_id) FROM generate_series(1, 18);
SELECT pg_temp.refusal(format('SELECT passport.ask_area(%L, %L, %L)', '{"ja": "停電していますか。"}', :area, '2026-07-01 09:00+09'));
SELECT passport.forget_questions('2026-07-01 08:00:01+09', 1000);
ROLLBACK;
