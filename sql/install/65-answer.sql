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
  PRIMARY KEY (resident_id, alert_id, answer_id)
);
COMMENT ON TABLE passport.alert_answer IS
'Residents'' answers to alerts, all of them: of each person the latest of safe, evacuated and need_help says how they are; damage is an observation beside it.';
CREATE INDEX alert_answer_alert ON passport.alert_answer (alert_id, answered_at);
CREATE TRIGGER alert_answer_stays BEFORE UPDATE OR TRUNCATE ON passport.alert_answer
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.answer_alert(alert_id bigint, answer text, lon double precision DEFAULT NULL,
                                      lat double precision DEFAULT NULL, note text DEFAULT NULL)
  RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.require_level('answer_alert');
  given bigint;
BEGIN
  PERFORM passport.record_act('answer_alert');
  IF answer IS NULL OR answer NOT IN ('safe', 'need_help', 'evacuated', 'damage') THEN
    PERFORM passport.refuse('/answer', 'answer', 'The answer is safe, need_help, evacuated or damage.');
  ELSIF (lon IS NULL) <> (lat IS NULL) THEN
    PERFORM passport.refuse('/lat', 'location', 'Longitude and latitude come together or not at all.');
  -- NaN is greater than every number here, so it is refused as well
  ELSIF lon NOT BETWEEN -180 AND 180 OR lat NOT BETWEEN -90 AND 90 THEN
    PERFORM passport.refuse('/lon', 'location', 'A longitude is -180 to 180, a latitude -90 to 90 degrees.');
  ELSIF char_length(note) NOT BETWEEN 1 AND 500 OR note ~ '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]' THEN
    PERFORM passport.refuse('/note', 'note', 'A note has 1 to 500 characters and no control characters.');
  ELSIF passport.holds_individual_number(note) THEN
    PERFORM passport.refuse('/note', 'individual_number', 'A note must not hold an individual number.');
  END IF;

  -- A draft is nobody's business yet: it is unknown here.
  PERFORM FROM passport.alert AS a WHERE a.alert_id = answer_alert.alert_id AND a.approved_at IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
  -- The person's row is the lock that makes the limit hold for two at once.
  PERFORM FROM passport.resident AS r
    WHERE r.resident_id = acting AND r.status = 'resident' FOR NO KEY UPDATE;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM passport.alert_recipient AS t
                                WHERE t.resident_id = acting AND t.alert_id = answer_alert.alert_id) THEN
    RAISE EXCEPTION 'only residents and recipients answer an alert' USING ERRCODE = 'PT403';
  END IF;
  IF (SELECT count(*) FROM passport.alert_answer AS t
       WHERE t.resident_id = acting AND t.alert_id = answer_alert.alert_id) >= 50 THEN
    RAISE EXCEPTION 'too many answers to this alert' USING ERRCODE = 'PT429', HINT = 'Call 119 if you need help.';
  END IF;

  INSERT INTO passport.alert_answer AS t (resident_id, alert_id, answered_at, answer, location, note)
  VALUES (acting, answer_alert.alert_id, passport.now(), answer, passport.point(lon, lat), note)
  RETURNING t.answer_id INTO given;
  -- the lists of staff leave this one out, so the duty role is called
  IF answer = 'need_help' AND passport.address_protected(acting) THEN
    PERFORM pg_notify('passport_alarm', 'protected_need_help');
  END IF;
  RETURN given;
END $$;
COMMENT ON FUNCTION passport.answer_alert(bigint, text, double precision, double precision, text) IS
'Takes the acting resident''s answer to an alert that was sent: safe, evacuated, need_help, or damage (seen). lon, lat: where, in degrees, both or neither; note: up to 500 characters. Recipients answer, and so may every other resident: somebody may have been in the area, or see damage from outside. Also after a cancellation, for who needs help then still does. Returns the answer''s number; each call adds an answer, 50 at most for one person and alert. A protected person who needs help raises the alarm for the duty role (NOTIFY passport_alarm). Errors: PT401 nobody acts, PT403 neither resident nor recipient, PT404 no such alert, PT422 answer, place or note refused (an individual number is never stored), PT429 limit.';

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
      OR EXISTS (SELECT FROM passport.alert_inside AS i WHERE i.resident_id = t.resident_id AND i.alert_id = t.alert_id);
COMMENT ON VIEW passport.recipient_condition IS
'Those inside each alert (alert_inside) and whoever asks for help in it, protected ones too, with the latest word on how they are (safe, evacuated, need_help; NULL: unknown) and whether they have answered.';

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
'Recipients of each alert who may be listed, with how they are and whether they have answered.';

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
  SELECT a.alert_id, a.answer_id, a.resident_id, a.answered_at, a.answer, a.note, a.location
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
