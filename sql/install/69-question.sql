-- Questions to an area: asked of verified residents in it, answered in private

CREATE TABLE passport.area_question (
  question_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  question jsonb NOT NULL,
  area geometry(MultiPolygon,4326) NOT NULL,
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL,
  until_time timestamptz NOT NULL CHECK (until_time > asked_at),
  notification_id bigint,
  summary jsonb,
  closed_by text,
  closed_at timestamptz,
  CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (summary IS NULL))
);
COMMENT ON TABLE passport.area_question IS
'Questions that staff asked the residents of an area (is this road passable?), until when they are answered, and what those asked were told in the end. Texts by language.';
CREATE TRIGGER area_question_stays BEFORE DELETE OR TRUNCATE ON passport.area_question
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.question_recipient (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  question_id bigint NOT NULL REFERENCES passport.area_question,
  answer text CHECK (answer IN ('yes', 'no', 'unsure')),
  answered_at timestamptz,
  location geometry(Point,4326),
  note text CHECK (char_length(note) BETWEEN 1 AND 500 AND NOT passport.holds_individual_number(note)),
  PRIMARY KEY (resident_id, question_id),
  CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NOT NULL OR location IS NULL AND note IS NULL))
);
COMMENT ON TABLE passport.question_recipient IS
'Who was asked each question, and what they answered last: never public, and shown to staff without names.';
CREATE INDEX question_recipient_question ON passport.question_recipient (question_id);

INSERT INTO passport.operation_policy (operation, holds_from, acr, max_age, shipped) VALUES
  ('answer_question', '-infinity', 'passport.basic', NULL, true);

INSERT INTO passport.message_template (kind, level, language, holds_from, title, body, shipped)
SELECT t.kind, 0, t.language, date '2026-04-01', t.title, t.body, true
  FROM (VALUES
  ('question', 'ja', '役場からの質問', '{question} アプリで答えてください。答えは職員だけが見ます。安全な場所から分かることだけで結構です。'),
  ('question', 'ja-easy', '役場(やくば)からの 質問(しつもん)', '{question} アプリで 答(こた)えてください。答(こた)えは 役場(やくば)の 人(ひと)だけが 見(み)ます。あぶない ところへ 見(み)に 行(い)かないでください。'),
  ('question', 'en', 'A question from the village office', '{question} Please answer in the app. Only staff see your answer. Do not go anywhere dangerous to find out.'),
  ('question', 'zh-Hans', '村公所的提问', '{question} 请在应用中回答。只有工作人员能看到您的回答。请不要为了确认而前往危险的地方。'),
  ('question', 'vi', 'Câu hỏi từ văn phòng làng', '{question} Hãy trả lời trong ứng dụng. Chỉ nhân viên xem câu trả lời. Đừng đến nơi nguy hiểm để xem.'),
  ('question', 'id', 'Pertanyaan dari kantor desa', '{question} Jawablah di aplikasi. Hanya petugas yang melihat jawaban Anda. Jangan pergi ke tempat berbahaya untuk memeriksanya.'),
  ('question', 'fil', 'Tanong mula sa tanggapan ng nayon', '{question} Sumagot sa app. Mga kawani lamang ang makakakita ng sagot mo. Huwag pumunta sa mapanganib na lugar para alamin ito.'),
  ('question', 'pt', 'Pergunta da prefeitura', '{question} Responda no aplicativo. Só os funcionários veem a sua resposta. Não vá a lugares perigosos para verificar.'),
  ('question', 'ko', '면사무소의 질문', '{question} 앱에서 답해 주십시오. 답은 직원만 봅니다. 확인하러 위험한 곳에 가지 마십시오.'),
  ('question_closed', 'ja', '質問の結果', '{question} {answered}人が答えました。{summary}'),
  ('question_closed', 'ja-easy', '質問(しつもん)の 結果(けっか)', '{question} {answered}人(にん)が 答(こた)えました。{summary}'),
  ('question_closed', 'en', 'What we learned', '{question} Answers: {answered}. {summary}'),
  ('question_closed', 'zh-Hans', '提问的结果', '{question} 共有{answered}人回答。{summary}'),
  ('question_closed', 'vi', 'Kết quả câu hỏi', '{question} Số người trả lời: {answered}. {summary}'),
  ('question_closed', 'id', 'Hasil pertanyaan', '{question} Jawaban: {answered}. {summary}'),
  ('question_closed', 'fil', 'Resulta ng tanong', '{question} Mga sumagot: {answered}. {summary}'),
  ('question_closed', 'pt', 'Resultado da pergunta', '{question} Respostas: {answered}. {summary}'),
  ('question_closed', 'ko', '질문 결과', '{question} 답변 {answered}명. {summary}'))
  AS t(kind, language, title, body);

CREATE FUNCTION passport.check_words(words jsonb, pointer text) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(words) IS DISTINCT FROM 'object' OR NOT words ? 'ja'
     OR EXISTS (SELECT FROM jsonb_each(words) AS w
                 WHERE jsonb_typeof(w.value) <> 'string' OR char_length(w.value #>> '{}') NOT BETWEEN 1 AND 300
                       OR w.value #>> '{}' ~ '[{}\x01-\x1f\x7f]'
                       OR NOT EXISTS (SELECT FROM passport.message_language AS l WHERE l.language = w.key)) THEN
    PERFORM passport.refuse(pointer, 'words',
      'Words are an object by language, "ja" at least, of 1 to 300 characters without braces or control characters.');
  END IF;
  PERFORM passport.refuse_individual_number(pointer, words::text);
END $$;
COMMENT ON FUNCTION passport.check_words(jsonb, text) IS
'PT422 unless words are texts by language that a message can hold.';

-- Protected persons are asked like everybody, and are in no figure: an area
-- drawn around a house must not tell by its answers who lives there.
CREATE VIEW passport.question_listed WITH (security_barrier) AS
  SELECT q.* FROM passport.question_recipient AS q
   WHERE NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = q.resident_id);
COMMENT ON VIEW passport.question_listed IS
'Those asked, and their answers, as far as staff may know of them.';

CREATE FUNCTION passport.ask_area(question jsonb, area geometry, until_time timestamptz, OUT question_id bigint, OUT asked int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_column
DECLARE
  problem CONSTANT text := passport.alert_area_problem(area);
  residents bigint[];
  sent bigint;
BEGIN
  PERFORM passport.check_words(question, '/question');
  IF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  ELSIF coalesce(until_time <= passport.now() OR until_time > passport.now() + interval '3 days', true) THEN
    PERFORM passport.refuse('/until_time', 'term', 'A question is answered within three days.');
  END IF;
  PERFORM passport.require_operated(area);
  -- one at a time, or two could both be the last that is allowed
  LOCK TABLE passport.area_question IN SHARE ROW EXCLUSIVE MODE;
  IF (SELECT count(*) FROM passport.area_question AS q WHERE q.asked_at > passport.now() - interval '1 day') >= 20 THEN
    RAISE EXCEPTION 'too many questions in a day' USING ERRCODE = 'PT429',
      HINT = 'People who are asked too often do not read the next alert.';
  END IF;
  residents := ARRAY(SELECT i FROM passport.residents_in(area) AS i
                       JOIN passport.account AS a ON a.resident_id = i AND a.state = 'active' ORDER BY i);
  asked := passport.shown_count(cardinality(residents)
             - (SELECT count(*) FROM passport.protected_resident AS p WHERE p.resident_id = ANY (residents)));
  IF asked IS NULL THEN
    PERFORM passport.refuse('/area', 'too_few', 'So few verified residents are in the area that their answers would not be private.');
  END IF;
  INSERT INTO passport.area_question AS q (question, area, asked_by, asked_at, until_time)
  VALUES (question, passport.alert_area(area), session_user, passport.now(), until_time)
  RETURNING q.question_id INTO question_id;
  INSERT INTO passport.question_recipient (resident_id, question_id)
  SELECT u, ask_area.question_id FROM unnest(residents) AS u;
  SELECT n.notification_id INTO sent
    FROM passport.notify(residents, 'question', 'disaster',
           passport.texts_for(passport.message_texts('question', 0, passport.today(), jsonb_build_object('question', question)), residents),
           jsonb_build_object('question_id', question_id::text), until_time, 'question-' || question_id, 'live', 'question:' || question_id) AS n;
  UPDATE passport.area_question AS q SET notification_id = sent WHERE q.question_id = ask_area.question_id;
END $$;
COMMENT ON FUNCTION passport.ask_area(jsonb, geometry, timestamptz) IS
'Asks the verified residents (with an active account) whom an area concerns (residents_in) a question that can be answered with yes or no: {"ja": "市場坂は通れますか。", "en": "..."}, at most 300 characters each, sent on the lane disaster. until_time: within three days. Returns the question and how many were asked, protected persons asked but not counted. One person may ask: nothing is ordered. PT409: another database operates a part of the area now; PT422: words, area or time refused, or so few that answers would not be private (passport.least_count); PT429: 20 questions in a day.';

CREATE FUNCTION passport.answer_question(question_id bigint, answer text, lon double precision DEFAULT NULL,
                                         lat double precision DEFAULT NULL, note text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.require_level('answer_question');
  spot CONSTANT passport.question_recipient.location%TYPE := passport.check_place(lon, lat);
  open boolean;
BEGIN
  PERFORM passport.record_act('answer_question');
  IF coalesce(answer NOT IN ('yes', 'no', 'unsure'), true) THEN
    PERFORM passport.refuse('/answer', 'answer', 'The answer is yes, no or unsure.');
  ELSIF char_length(note) NOT BETWEEN 1 AND 500 OR note ~ '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]' OR passport.holds_individual_number(note) THEN
    PERFORM passport.refuse('/note', 'note', 'A note has 1 to 500 characters, no control characters and no individual number.');
  END IF;
  SELECT q.closed_at IS NULL AND q.until_time > passport.now() INTO open
    FROM passport.question_recipient AS t JOIN passport.area_question AS q USING (question_id)
   WHERE t.resident_id = acting AND t.question_id = answer_question.question_id;
  IF open IS NULL THEN
    RAISE EXCEPTION 'no such question' USING ERRCODE = 'PT404';
  ELSIF NOT open THEN
    RAISE EXCEPTION 'the question is closed' USING ERRCODE = 'PT410';
  END IF;
  UPDATE passport.question_recipient AS t
     SET answer = answer_question.answer, answered_at = passport.now(), location = spot, note = answer_question.note
   WHERE t.resident_id = acting AND t.question_id = answer_question.question_id;
END $$;
COMMENT ON FUNCTION passport.answer_question(bigint, text, double precision, double precision, text) IS
'The acting resident answers a question that they were asked: yes, no or unsure; lon, lat: where they saw it, in degrees, both or neither; note: up to 500 characters. Again replaces the answer: roads open. Staff see it without a name. PT401 nobody acts, PT404 not asked, PT410 closed or over, PT422 what makes no sense.';

CREATE FUNCTION passport.my_questions()
  RETURNS TABLE (question_id bigint, question jsonb, asked_at timestamptz, until_time timestamptz, open boolean, answer text, summary jsonb)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.record_act('my_questions');
BEGIN
  RETURN QUERY
    SELECT q.question_id, q.question, q.asked_at, q.until_time, q.closed_at IS NULL AND q.until_time > passport.now(), t.answer, q.summary
      FROM passport.question_recipient AS t JOIN passport.area_question AS q USING (question_id)
     WHERE t.resident_id = acting ORDER BY q.question_id DESC LIMIT 100;
END $$;
COMMENT ON FUNCTION passport.my_questions() IS
'The questions that the acting resident was asked, the latest 100, with their answer and what those asked were told in the end. PT401 when nobody acts.';

CREATE VIEW passport.question_result WITH (security_barrier) AS
  SELECT q.question_id, q.question, q.asked_by, q.asked_at, q.until_time, q.closed_at, n.asked, n.answered,
         round(n.answered::numeric / nullif(n.asked, 0), 2) AS rate, n.yes, n.no, n.unsure, n.yes > 0 AND n.no > 0 AS conflicting,
         n.latest_at
    FROM passport.area_question AS q
   CROSS JOIN LATERAL (
         SELECT count(*)::int AS asked, count(t.answer)::int AS answered,
                count(*) FILTER (WHERE t.answer = 'yes')::int AS yes, count(*) FILTER (WHERE t.answer = 'no')::int AS no,
                count(*) FILTER (WHERE t.answer = 'unsure')::int AS unsure, max(t.answered_at) AS latest_at
           FROM passport.question_listed AS t WHERE t.question_id = q.question_id) AS n;
COMMENT ON VIEW passport.question_result IS
'Each question with how many were asked, have answered, and what; conflicting: some say yes and some no. Protected persons are in no figure.';

-- A cell is 0.0025 degrees, about 250 metres.
CREATE FUNCTION passport.question_map(question_id bigint)
  RETURNS TABLE (lon double precision, lat double precision, yes int, no int, unsure int, conflicting boolean)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH cell AS (
    SELECT ST_SnapToGrid(t.location, 0.0025) AS place, count(*) AS answers,
           count(*) FILTER (WHERE t.answer = 'yes')::int AS yes, count(*) FILTER (WHERE t.answer = 'no')::int AS no,
           count(*) FILTER (WHERE t.answer = 'unsure')::int AS unsure
      FROM passport.question_listed AS t
     WHERE t.question_id = question_map.question_id AND t.answer IS NOT NULL
     GROUP BY 1
  ), shown AS (
    SELECT CASE WHEN c.answers >= 3 THEN c.place END AS place, c.yes, c.no, c.unsure FROM cell AS c
  )
  SELECT ST_X(s.place), ST_Y(s.place), sum(s.yes)::int, sum(s.no)::int, sum(s.unsure)::int, sum(s.yes) > 0 AND sum(s.no) > 0
    FROM shown AS s GROUP BY s.place ORDER BY s.place;
END;
COMMENT ON FUNCTION passport.question_map(bigint) IS
'Answers to a question on a map of cells of 0.0025 degrees, each by its middle, where three or more were given; those of all other places, and without a place, are the row without one. No answer is taken to be from a home. conflicting: some say yes and some no. Protected persons'' answers are left out.';

CREATE FUNCTION passport.question_answers(question_id bigint, max_rows int DEFAULT 1000)
  RETURNS TABLE (answered_at timestamptz, answer text, note text, lon double precision, lat double precision)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH shown AS MATERIALIZED (
    SELECT t.* FROM passport.question_listed AS t
     WHERE t.question_id = question_answers.question_id AND t.answer IS NOT NULL
     ORDER BY t.answered_at DESC, t.resident_id LIMIT least(max_rows, 10000)
  ), kept AS MATERIALIZED (
    SELECT passport.record_access(array_agg(s.resident_id), 'disaster', 'question_answers', ARRAY['answer', 'note', 'location'])
      FROM shown AS s
  )
  SELECT s.answered_at, s.answer, s.note, ST_X(s.location), ST_Y(s.location)
    FROM kept, shown AS s ORDER BY s.answered_at DESC, s.resident_id;
END;
COMMENT ON FUNCTION passport.question_answers(bigint, int) IS
'Each answer to a question as it was given, with note and place but without a name, the latest first, at most max_rows (10,000); those of protected persons are left out. Of each it is kept who looked.';

CREATE FUNCTION passport.close_question(question_id bigint, summary jsonb) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  q passport.area_question;
  residents bigint[];
  answered int;
BEGIN
  PERFORM passport.check_words(summary, '/summary');
  SELECT * INTO q FROM passport.area_question AS t WHERE t.question_id = close_question.question_id FOR UPDATE;
  IF q.question_id IS NULL THEN
    RAISE EXCEPTION 'no such question' USING ERRCODE = 'PT404';
  ELSIF q.closed_at IS NOT NULL THEN
    RAISE EXCEPTION 'the question is closed' USING ERRCODE = 'PT409';
  END IF;
  UPDATE passport.area_question AS t SET closed_at = passport.now(), closed_by = session_user, summary = close_question.summary
   WHERE t.question_id = q.question_id;
  SELECT r.answered INTO answered FROM passport.question_result AS r WHERE r.question_id = q.question_id;
  residents := ARRAY(SELECT t.resident_id FROM passport.question_recipient AS t WHERE t.question_id = q.question_id ORDER BY 1);
  PERFORM passport.notify(residents, 'question', 'disaster',
    passport.texts_for(passport.message_texts('question_closed', 0, passport.today(),
      jsonb_build_object('question', q.question, 'answered', answered, 'summary', summary)), residents),
    jsonb_build_object('question_id', q.question_id::text), NULL, 'question-' || q.question_id, 'live', 'question:' || q.question_id || ':closed');
  RETURN answered;
END $$;
COMMENT ON FUNCTION passport.close_question(bigint, jsonb) IS
'Closes a question and tells all who were asked what was learned: summary as the words of ask_area(); the number of answers stands beside it, no answer does. Returns that number. PT404 unknown, PT409 closed already, PT422 words refused.';

CREATE FUNCTION passport.forget_questions(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT t.resident_id, t.question_id
      FROM passport.area_question AS q JOIN passport.question_recipient AS t USING (question_id)
     WHERE q.until_time < before LIMIT max_rows FOR UPDATE OF t SKIP LOCKED),
  gone AS (
    DELETE FROM passport.question_recipient AS t USING due
     WHERE t.resident_id = due.resident_id AND t.question_id = due.question_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_questions(timestamptz, int) IS
'Deletes who was asked, and their answers, of questions that were over before a time, max_rows at most, and returns how many. For purge_expired.';
