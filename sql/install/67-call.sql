-- Calls: whom staff telephone about an alert, group by group, and what came of it

CREATE TABLE passport.call (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  alert_id bigint NOT NULL REFERENCES passport.alert,
  call_id bigint GENERATED ALWAYS AS IDENTITY,
  result text NOT NULL CHECK (result IN ('reached_safe', 'reached_evacuated', 'reached_needs_help', 'message_left', 'no_answer', 'wrong_number')),
  number text CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
  called_by text NOT NULL,
  called_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, alert_id, call_id)
);
COMMENT ON TABLE passport.call IS
'Calls that staff made about an alert, and what came of each: what a person who was reached said is in alert_answer, too; message_left: somebody else will tell them; number: which one, where it was said.';
CREATE INDEX call_alert ON passport.call (alert_id);
CREATE INDEX call_called ON passport.call (called_at);
CREATE TRIGGER call_stays BEFORE UPDATE OR TRUNCATE ON passport.call
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- Who did not answer, and whom the latest message did not reach, also if they
-- answered an earlier one: they may feel safe from what was said before.
CREATE VIEW passport.alert_callee WITH (security_barrier) AS
  SELECT l.alert_id, l.resident_id, l.household_number, l.name, l.language, l.group_name, l.oaza, l.needs_help,
         CASE WHEN l.message = 'delivered' THEN 'no_answer'
              WHEN u.reason IS NOT NULL THEN u.reason
              WHEN l.message = 'no_device' THEN 'no_channel'
              WHEN l.message = 'failed' THEN 'not_delivered' ELSE 'waiting' END AS why,
         coalesce(k.calls, 0) AS calls, k.result AS last_result, k.called_at AS last_call
    FROM passport.alert_listed AS l
    JOIN passport.alert AS a USING (alert_id)
    LEFT JOIN passport.unreached AS u ON u.resident_id = l.resident_id AND u.notification_id = a.notification_id
    LEFT JOIN LATERAL (SELECT count(*)::int AS calls, (array_agg(c.result ORDER BY c.call_id DESC))[1] AS result, max(c.called_at) AS called_at
                         FROM passport.call AS c
                        WHERE c.resident_id = l.resident_id AND c.alert_id = l.alert_id) AS k ON true
   WHERE l.whereabouts IS DISTINCT FROM 'shelter'
     AND (NOT l.answered
          OR u.reason IS NOT NULL AND l.message <> 'delivered'
             AND NOT EXISTS (SELECT FROM passport.alert_answer AS w
                              WHERE w.resident_id = l.resident_id AND w.alert_id = l.alert_id AND w.answered_at >= u.listed_at));
COMMENT ON VIEW passport.alert_callee IS
'Whom to call about each alert. why: no_channel (no device that the message could go to), not_delivered (it could not be delivered, or was not in time), waiting (it is still being sent), no_answer (it was delivered); calls, last_result, last_call: what was tried.';

CREATE FUNCTION passport.callee_numbers(residents bigint[])
  RETURNS TABLE (resident_id bigint, numbers text[], contacts text[])
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH callee AS (
    SELECT r.resident_id, r.household_number FROM passport.resident AS r WHERE r.resident_id = ANY (residents)
  ), own AS (
    SELECT t.resident_id, array_agg(passport.telephone_shown(t.number) ORDER BY t.place) AS numbers
      FROM passport.callable_telephone AS t WHERE t.resident_id = ANY (residents) GROUP BY 1
  ), home AS (
    -- who has no number of their own is called by those they live with
    SELECT c.resident_id, array_agg(concat_ws(' ', m.name, passport.telephone_shown(t.number)) ORDER BY m.resident_id, t.place) AS numbers
      FROM callee AS c
      JOIN passport.resident AS m ON m.household_number = c.household_number AND m.resident_id <> c.resident_id AND m.status = 'resident'
      JOIN passport.callable_telephone AS t ON t.resident_id = m.resident_id
     WHERE c.resident_id NOT IN (SELECT o.resident_id FROM own AS o)
     GROUP BY 1
  ), named AS (
    SELECT e.resident_id, array_agg(concat_ws(' ', e.relation, e.name, passport.telephone_shown(e.number)) ORDER BY e.rank) AS contacts
      FROM passport.callable_contact AS e WHERE e.resident_id = ANY (residents) GROUP BY 1
  )
  SELECT c.resident_id, coalesce(o.numbers, h.numbers, '{}'), coalesce(n.contacts, '{}')
    FROM callee AS c LEFT JOIN own AS o USING (resident_id) LEFT JOIN home AS h USING (resident_id) LEFT JOIN named AS n USING (resident_id);
END;
COMMENT ON FUNCTION passport.callee_numbers(bigint[]) IS
'Step of call_list(): on which numbers each is called, their own or, without one, those of their household with the name; and whom they named to be called. Granted to nobody.';

-- Numbers are for calling, not for keeping: a list that is over has none.
-- Planned as the other lists of an alert are (67-list.sql).
CREATE FUNCTION passport.call_list(alert_id bigint, max_rows int DEFAULT 1000)
  RETURNS TABLE (group_name text, needs_help boolean, why text, household_number text, resident_id bigint, name text, oaza text,
                 language text, numbers text[], contacts text[], calls int, last_result text, last_call timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  listed bigint[];
  with_numbers boolean;
BEGIN
  PERFORM passport.require_sent(call_list.alert_id);
  listed := ARRAY(SELECT c.resident_id FROM passport.alert_callee AS c
                   WHERE c.alert_id = call_list.alert_id
                   ORDER BY c.group_name, c.needs_help DESC, c.last_call NULLS FIRST, c.household_number, c.resident_id
                   LIMIT least(max_rows, 10000));
  with_numbers := EXISTS (SELECT FROM passport.report_alerts() AS a WHERE a.alert_id = call_list.alert_id);
  PERFORM passport.record_access(listed, 'disaster', 'call_list',
                                 ARRAY['group', 'needs_help', 'answer', 'household_number', 'name', 'oaza', 'language']
                                 || CASE WHEN with_numbers THEN '{telephone,emergency_contact}'::text[] END);
  RETURN QUERY
    SELECT c.group_name, c.needs_help, c.why, c.household_number, c.resident_id, c.name, c.oaza, c.language,
           n.numbers, n.contacts, c.calls, c.last_result, c.last_call
      FROM passport.alert_callee AS c
      LEFT JOIN passport.callee_numbers(CASE WHEN with_numbers THEN listed END) AS n USING (resident_id)
     WHERE c.alert_id = call_list.alert_id AND c.resident_id = ANY (listed)
     ORDER BY c.group_name, c.needs_help DESC, c.last_call NULLS FIRST, c.household_number, c.resident_id;
END $$;
COMMENT ON FUNCTION passport.call_list(bigint, int) IS
'Whom to call about an alert, group by group (班), those who need help first in each, and who was called already last: recipients who have not answered, or whom the latest message did not reach, and who are at no shelter. Who has no channel is on it at once. why: no_channel, not_delivered, waiting (it is still being sent), no_answer; numbers: on which they are called, of their own or, without one, of their household with the name; contacts: whom they named ("relation name number"); both NULL once the alert has been over for a day; calls, last_result, last_call: what record_call() said. Who is reached leaves the list. At most max_rows (10,000); protected persons are on protected_recipients() instead. Of each it is kept who looked. PT404 for an alert that was not sent.';

CREATE FUNCTION passport.record_call(alert_id bigint, resident_id bigint, result text, number text DEFAULT NULL, note text DEFAULT NULL,
                                     shelter_id text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  answer CONSTANT text := CASE result WHEN 'reached_safe' THEN 'safe' WHEN 'reached_evacuated' THEN 'evacuated'
                                      WHEN 'reached_needs_help' THEN 'need_help' END;
  form CONSTANT text := CASE WHEN number IS NOT NULL THEN passport.check_telephone(number, '/number') END;
BEGIN
  IF coalesce(result NOT IN ('reached_safe', 'reached_evacuated', 'reached_needs_help', 'message_left', 'no_answer', 'wrong_number'), true) THEN
    PERFORM passport.refuse('/result', 'result', 'A call comes to reached_safe, reached_evacuated, reached_needs_help, message_left, no_answer or wrong_number.');
  ELSIF result = 'wrong_number' AND form IS NULL THEN
    PERFORM passport.refuse('/number', 'missing', 'Say which number is wrong.');
  ELSIF answer IS NULL AND (note IS NOT NULL OR shelter_id IS NOT NULL) THEN
    PERFORM passport.refuse('/note', 'no_answer', 'A note and a shelter belong to what a person said.');
  END IF;
  PERFORM passport.lock_respondent(alert_id, resident_id);
  IF (SELECT count(*) FROM passport.call AS c
       WHERE c.resident_id = record_call.resident_id AND c.alert_id = record_call.alert_id) >= 50 THEN
    RAISE EXCEPTION 'too many calls about this alert' USING ERRCODE = 'PT429', HINT = 'Somebody has to go there (door_list).';
  END IF;
  INSERT INTO passport.call (resident_id, alert_id, result, number, called_by, called_at)
  VALUES (resident_id, alert_id, result, form, session_user, passport.now());
  IF result = 'wrong_number' THEN
    -- it may be one of the household's
    UPDATE passport.telephone AS t SET wrong_at = passport.now()
     WHERE t.resident_id IN (SELECT h.resident_id FROM passport.household(record_call.resident_id) AS h)
       AND t.number = form AND t.wrong_at IS NULL;
  END IF;
  IF answer IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN passport.record_answer(alert_id, resident_id, answer, NULL, NULL, note, NULL, shelter_id);
END $$;
COMMENT ON FUNCTION passport.record_call(bigint, bigint, text, text, text, text) IS
'What came of a call about an alert. result: reached_safe, reached_evacuated or reached_needs_help, which is the person''s answer by staff (record_answer, with note up to 500 characters and the shelter they are at), and all lists follow; message_left (somebody will tell them), no_answer: they stay on the call list, behind who was not called yet; wrong_number: number, required then, is not shown any more until somebody says it anew. number: which was called, as written. Returns the answer''s number, NULL without one. Whether the resident is a recipient is not told. PT403, PT404 and PT429 as of answer_alert (50 calls), PT422 for what makes no sense.';

CREATE FUNCTION passport.forget_calls(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT c.resident_id, c.alert_id, c.call_id FROM passport.call AS c
     WHERE c.called_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.call AS c USING due
     WHERE c.resident_id = due.resident_id AND c.alert_id = due.alert_id AND c.call_id = due.call_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_calls(timestamptz, int) IS
'Deletes calls made before a time, max_rows at most, and returns how many. For purge_expired.';
