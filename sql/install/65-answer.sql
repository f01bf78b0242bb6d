-- What residents answer to an alert, and what is known of each household

CREATE TABLE passport.alert_answer (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  alert_id bigint NOT NULL REFERENCES passport.alert,
  answer_id bigint GENERATED ALWAYS AS IDENTITY,
  answered_at timestamptz NOT NULL,
  answer text NOT NULL CHECK (answer IN ('safe', 'need_help', 'evacuated', 'damage')),
  location geometry(Point,4326),
  note text CHECK (char_length(note) BETWEEN 1 AND 500
                   AND NOT passport.holds_individual_number(note)),
  photo text CHECK (photo ~ '^[A-Za-z0-9][A-Za-z0-9/_.-]{0,199}$' AND NOT passport.holds_individual_number(photo)),
  shelter_id text REFERENCES passport.shelter,
  answered_by text NOT NULL DEFAULT 'self' CHECK (answered_by IN ('self', 'guardian', 'family', 'staff', 'card')),
  answerer_id bigint,
  answerer text NOT NULL DEFAULT session_user,
  PRIMARY KEY (resident_id, alert_id, answer_id),
  CHECK (answerer_id IS NULL OR answered_by IN ('guardian', 'family'))
);
COMMENT ON TABLE passport.alert_answer IS
'Residents'' answers to alerts, all of them: of each person the latest of safe, evacuated and need_help says how they are; damage is an observation beside it. photo: the app''s name for a picture, which is kept elsewhere; answered_by: themself, their guardian or a member of the household (answerer_id; NULL if another database did not say which), staff on the telephone, or a card at a shelter; answerer: the database login.';
CREATE INDEX alert_answer_alert ON passport.alert_answer (alert_id, answered_at);
CREATE TRIGGER alert_answer_stays BEFORE UPDATE OR TRUNCATE ON passport.alert_answer
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.lock_respondent(alert_id bigint, resident_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- A draft is nobody's business yet: it is unknown here.
  PERFORM FROM passport.alert AS a WHERE a.alert_id = lock_respondent.alert_id AND a.approved_at IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
  -- The person's row is the lock that makes limits hold for two at once.
  PERFORM FROM passport.resident AS r
    WHERE r.resident_id = lock_respondent.resident_id AND r.status = 'resident' FOR NO KEY UPDATE;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM passport.alert_recipient AS t
                                WHERE t.resident_id = lock_respondent.resident_id AND t.alert_id = lock_respondent.alert_id) THEN
    RAISE EXCEPTION 'only residents and recipients answer an alert' USING ERRCODE = 'PT403';
  END IF;
END $$;
COMMENT ON FUNCTION passport.lock_respondent(bigint, bigint) IS
'PT404 unless the alert was sent, PT403 unless this person may answer it: a resident, or one of its recipients; locks their row in the register.';

CREATE FUNCTION passport.write_answer(alert_id bigint, resident_id bigint, answer text,
                                      location passport.alert_answer.location%TYPE, note text, photo text, shelter_id text,
                                      answered_by text, answerer_id bigint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  given bigint;
BEGIN
  PERFORM passport.lock_respondent(alert_id, resident_id);
  IF (SELECT count(*) FROM passport.alert_answer AS t
       WHERE t.resident_id = write_answer.resident_id AND t.alert_id = write_answer.alert_id) >= 50 THEN
    RAISE EXCEPTION 'too many answers to this alert' USING ERRCODE = 'PT429', HINT = 'Call 119 if you need help.';
  END IF;

  INSERT INTO passport.alert_answer AS t (resident_id, alert_id, answered_at, answer, location, note, photo, shelter_id,
                                          answered_by, answerer_id, answerer)
  VALUES (resident_id, alert_id, passport.now(), answer, location, note, photo, shelter_id, answered_by, answerer_id, session_user)
  RETURNING t.answer_id INTO given;
  IF answer = 'need_help' THEN
    -- the lists of staff leave a protected person out, so the duty role is called
    PERFORM pg_notify('passport_alarm', CASE WHEN passport.address_protected(resident_id) THEN 'protected_need_help' ELSE 'need_help' END);
  END IF;
  RETURN given;
END $$;
COMMENT ON FUNCTION passport.write_answer(bigint, bigint, text, passport.alert_answer.location%TYPE, text, text, text, text, bigint) IS
'Step of all that answers an alert: keeps the answer of a person and returns its number. Granted to nobody. PT403, PT404 and PT429 as of answer_alert.';

CREATE FUNCTION passport.check_answer(answer text, note text, photo text, shelter_id text) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF answer IS NULL OR answer NOT IN ('safe', 'need_help', 'evacuated', 'damage') THEN
    PERFORM passport.refuse('/answer', 'answer', 'The answer is safe, need_help, evacuated or damage.');
  ELSIF char_length(note) NOT BETWEEN 1 AND 500 OR note ~ '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]' THEN
    PERFORM passport.refuse('/note', 'note', 'A note has 1 to 500 characters and no control characters.');
  ELSIF passport.holds_individual_number(note) THEN
    PERFORM passport.refuse('/note', 'individual_number', 'A note must not hold an individual number.');
  ELSIF photo !~ '^[A-Za-z0-9][A-Za-z0-9/_.-]{0,199}$' OR passport.holds_individual_number(photo) THEN
    PERFORM passport.refuse('/photo', 'photo', 'A photo is named by up to 200 letters, digits and /_.- of ASCII.');
  ELSIF shelter_id IS NOT NULL AND answer <> 'evacuated' THEN
    PERFORM passport.refuse('/shelter_id', 'shelter_id', 'A shelter belongs to evacuated.');
  ELSIF shelter_id IS NOT NULL AND NOT EXISTS (SELECT FROM passport.shelter AS s WHERE s.shelter_id = check_answer.shelter_id) THEN
    RAISE EXCEPTION 'no such shelter' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.check_answer(text, text, text, text) IS
'Step of answer_alert() and record_answer(): refuses what makes no sense (PT422) and an unknown shelter (PT404).';

CREATE FUNCTION passport.answer_alert(alert_id bigint, answer text, lon double precision DEFAULT NULL,
                                      lat double precision DEFAULT NULL, note text DEFAULT NULL, photo text DEFAULT NULL,
                                      shelter_id text DEFAULT NULL, member_id bigint DEFAULT NULL)
  RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  whose record;
  given bigint;
BEGIN
  PERFORM passport.require_level('answer_alert');
  PERFORM passport.record_act('answer_alert');
  PERFORM passport.check_answer(answer, note, photo, shelter_id);
  SELECT * INTO whose FROM passport.spoken_for(member_id);
  given := passport.write_answer(alert_id, whose.resident_id, answer, passport.check_place(lon, lat), note, photo, shelter_id,
                                 whose.said_by, whose.speaker_id);
  IF shelter_id IS NOT NULL THEN
    PERFORM passport.write_whereabouts(whose.resident_id, 'shelter', NULL, shelter_id, NULL, whose.said_by, whose.speaker_id);
  END IF;
  RETURN given;
END $$;
COMMENT ON FUNCTION passport.answer_alert(bigint, text, double precision, double precision, text, text, text, bigint) IS
'Takes an answer to an alert that was sent: safe, evacuated, need_help, or damage (seen); of the acting resident, or of member_id, a member of their household, and then under both names. lon, lat: where, in degrees, both or neither; note: up to 500 characters; photo: the app''s name for a picture, up to 200 characters; shelter_id: where they evacuated to, which then is where they are for a day (report_whereabouts). Recipients answer, and so may every other resident: somebody may have been in the area, or see damage from outside. Also after a cancellation, for who needs help then still does. Returns the answer''s number; each call adds an answer, 50 at most for one person and alert. A protected person who needs help raises the alarm for the duty role (NOTIFY passport_alarm). Errors: PT401 nobody acts, PT403 neither resident nor recipient, or of another household, PT404 no such alert or shelter, PT422 answer, place, note or photo refused (an individual number is never stored), PT429 limit.';

CREATE FUNCTION passport.record_answer(alert_id bigint, resident_id bigint, answer text, lon double precision DEFAULT NULL,
                                       lat double precision DEFAULT NULL, note text DEFAULT NULL, photo text DEFAULT NULL,
                                       shelter_id text DEFAULT NULL)
  RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  given bigint;
BEGIN
  PERFORM passport.check_answer(answer, note, photo, shelter_id);
  given := passport.write_answer(alert_id, resident_id, answer, passport.check_place(lon, lat), note, photo, shelter_id, 'staff', NULL);
  IF shelter_id IS NOT NULL THEN
    PERFORM passport.write_whereabouts(resident_id, 'shelter', NULL, shelter_id, NULL, 'staff', NULL);
  END IF;
  RETURN given;
END $$;
COMMENT ON FUNCTION passport.record_answer(bigint, bigint, text, double precision, double precision, text, text, text) IS
'answer_alert() by staff for a resident whom they called or met: which login it was is kept with the answer. Whether the resident is a recipient is not told. Errors as of answer_alert.';

-- How each one is: the latest answer that says so, and whether they have
-- answered at all.
CREATE VIEW passport.recipient_condition WITH (security_barrier) AS
  SELECT t.alert_id, t.resident_id, t.household_number, t.needs_help,
         s.answer AS condition, s.answered_at AS condition_at,
         EXISTS (SELECT FROM passport.alert_answer AS a
                  WHERE a.resident_id = t.resident_id AND a.alert_id = t.alert_id) AS answered
    FROM passport.alert_recipient AS t
    LEFT JOIN LATERAL (
         SELECT a.answer, a.answered_at
           FROM passport.alert_answer AS a
          WHERE a.resident_id = t.resident_id AND a.alert_id = t.alert_id AND a.answer <> 'damage'
          ORDER BY a.answer_id DESC LIMIT 1) AS s ON true
   -- whoever asks for help stays, wherever the area moves
   WHERE s.answer = 'need_help'
      OR EXISTS (SELECT FROM passport.alert_inside AS i WHERE i.resident_id = t.resident_id AND i.alert_id = t.alert_id)
  UNION ALL
  -- and so does whoever was never told
  SELECT s.alert_id, s.resident_id, coalesce(r.household_number, '-' || r.resident_id),
         EXISTS (SELECT FROM passport.resident_needing_help AS h WHERE h.resident_id = r.resident_id), s.answer, s.answered_at, true
    FROM passport.alert_answer AS s JOIN passport.resident AS r USING (resident_id)
   WHERE s.answer = 'need_help'
     AND NOT EXISTS (SELECT FROM passport.alert_answer AS l
                      WHERE l.resident_id = s.resident_id AND l.alert_id = s.alert_id AND l.answer <> 'damage' AND l.answer_id > s.answer_id)
     AND NOT EXISTS (SELECT FROM passport.alert_recipient AS t WHERE t.resident_id = s.resident_id AND t.alert_id = s.alert_id);
COMMENT ON VIEW passport.recipient_condition IS
'Those inside each alert (alert_inside) and whoever asks for help in it, told or not, protected ones too, with the latest word on how they are (safe, evacuated, need_help; NULL: unknown) and whether they have answered.';

CREATE VIEW passport.recipient_message WITH (security_barrier) AS
  SELECT t.alert_id, t.resident_id,
         CASE WHEN d.active IS NULL THEN 'no_device'
              WHEN o.delivered THEN 'delivered'
              WHEN o.delivered IS FALSE THEN 'failed'
              ELSE 'waiting' END AS message
    FROM passport.alert_inside AS t
    JOIN passport.alert AS a USING (alert_id)
    LEFT JOIN LATERAL (SELECT bool_or(o.outcome = 'delivered') AS delivered
                         FROM passport.delivery_outcome AS o
                        WHERE o.resident_id = t.resident_id
                          AND o.notification_id = a.notification_id) AS o ON true
    LEFT JOIN LATERAL (SELECT true AS active FROM passport.device AS d
                        WHERE d.resident_id = t.resident_id
                          AND (d.state = 'active' OR o.delivered IS NOT NULL) LIMIT 1) AS d ON true;
COMMENT ON VIEW passport.recipient_message IS
'What became of the latest message to each of those inside: no_device, waiting, delivered, failed.';

-- To stand on an alert's list says that one lives in its area, place or no
-- place.  So protected recipients are on none of the lists and in none of the
-- counts below: the duty role has a list of its own, protected_recipients().
CREATE VIEW passport.alert_person WITH (security_barrier) AS
  SELECT c.* FROM passport.recipient_condition AS c
   WHERE NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = c.resident_id);
COMMENT ON VIEW passport.alert_person IS
'Recipients of each alert and whoever else asks for help in it, as far as they may be listed, with how they are and whether they have answered.';

CREATE VIEW passport.alert_household WITH (security_barrier) AS
  SELECT alert_id, household_number, count(*)::int AS members,
         count(*) FILTER (WHERE answered)::int AS answered,
         count(*) FILTER (WHERE condition IN ('safe', 'evacuated'))::int AS safe,
         count(*) FILTER (WHERE condition = 'need_help')::int AS need_help,
         count(*) FILTER (WHERE NOT answered)::int AS unread,
         bool_or(needs_help) AS needs_help
    FROM passport.alert_person
   GROUP BY alert_id, household_number;
COMMENT ON VIEW passport.alert_household IS
'Each alert by household: members it was sent to, how many have answered, are safe (or evacuated), need help, have not answered (unread); needs_help: somebody of them is registered as needing help.';

CREATE VIEW passport.alert_rollup WITH (security_barrier) AS
  WITH household AS (
    SELECT p.alert_id, p.household_number, min(w.oaza) AS oaza, bool_or(p.needs_help) AS needs_help, count(*) AS members,
           count(*) FILTER (WHERE p.condition IN ('safe', 'evacuated')) AS safe, count(*) FILTER (WHERE p.condition = 'need_help') AS need_help
      FROM passport.alert_person AS p JOIN passport.resident_place AS w USING (resident_id)
     GROUP BY p.alert_id, p.household_number
  ), counted AS (
    SELECT h.alert_id, coalesce(h.oaza, '?') AS oaza,
           CASE WHEN h.need_help > 0 THEN 'need_help' WHEN h.safe = h.members THEN 'well' WHEN h.safe > 0 THEN 'partly' ELSE 'unknown' END AS known,
           h.needs_help
      FROM household AS h
  )
  SELECT c.alert_id, c.oaza, count(*)::int AS households, count(*) FILTER (WHERE c.known = 'well')::int AS well,
         count(*) FILTER (WHERE c.known = 'need_help')::int AS need_help, count(*) FILTER (WHERE c.known = 'partly')::int AS partly,
         count(*) FILTER (WHERE c.known = 'unknown')::int AS unknown,
         count(*) FILTER (WHERE c.known IN ('partly', 'unknown') AND c.needs_help)::int AS unknown_needing_help
    FROM counted AS c
   GROUP BY GROUPING SETS ((c.alert_id), (c.alert_id, c.oaza));
COMMENT ON VIEW passport.alert_rollup IS
'Households of each alert by 大字 (?: of whom none is known) and in all (NULL): of how many all are safe or evacuated (well), somebody asks for help, some are safe and others unknown (partly), nobody is known to be safe (unknown); unknown_needing_help: of the last two, with somebody registered as needing help. Protected persons are in no figure.';

CREATE VIEW passport.alert_unanswered WITH (security_barrier) AS
  SELECT p.alert_id, p.resident_id, p.household_number, r.name, w.oaza, w.address, p.needs_help, m.message
    FROM passport.alert_person AS p
    JOIN passport.recipient_message AS m USING (alert_id, resident_id)
    JOIN passport.resident AS r USING (resident_id)
    JOIN passport.resident_place AS w USING (resident_id)
   WHERE NOT p.answered;
COMMENT ON VIEW passport.alert_unanswered IS
'Recipients who have not answered an alert, for the call and door lists; message: what became of theirs (no_device, waiting, delivered, failed). Protected persons are on protected_recipients() instead. Order it by needs_help DESC.';

CREATE VIEW passport.alert_answer_place WITH (security_barrier) AS
  SELECT a.alert_id, a.answer_id, a.resident_id, a.answered_at, a.answer, a.note, a.photo, a.shelter_id, a.answered_by, a.location
    FROM passport.alert_answer AS a
   WHERE NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = a.resident_id);
COMMENT ON VIEW passport.alert_answer_place IS
'Answers with the place that was given with them. Those of protected persons are left out whole: a note can name a place as well.';

CREATE FUNCTION passport.forget_alert_answers(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT a.resident_id, a.alert_id, a.answer_id FROM passport.alert_answer AS a
     WHERE a.answered_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.alert_answer AS a USING due
     WHERE a.resident_id = due.resident_id AND a.alert_id = due.alert_id AND a.answer_id = due.answer_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_alert_answers(timestamptz, int) IS
'Deletes answers given before a time, max_rows at most, and returns how many. For purge_expired.';
