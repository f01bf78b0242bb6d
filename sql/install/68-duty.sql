-- The duty of protection: what passport_protection alone sees, and what ends when

CREATE FUNCTION passport.true_place(resident_id bigint)
  RETURNS TABLE (address text, oaza text, lon double precision, lat double precision)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.address, r.oaza, ST_X(r.location), ST_Y(r.location)
    FROM passport.resident AS r WHERE r.resident_id = true_place.resident_id;
END;
COMMENT ON FUNCTION passport.true_place(bigint) IS
'Where a resident lives, protected or not: a step of the functions of this file, granted to nobody.';

CREATE FUNCTION passport.true_telephones(resident_id bigint) RETURNS TABLE (numbers text[], contacts text[])
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ARRAY(SELECT passport.telephone_shown(t.number) FROM passport.telephone AS t
                WHERE t.resident_id = true_telephones.resident_id AND t.wrong_at IS NULL
                ORDER BY array_position('{self,guardian,staff,list}'::text[], t.said_by), t.as_of DESC, t.number),
         ARRAY(SELECT concat_ws(' ', e.relation, e.name, passport.telephone_shown(e.number)) FROM passport.emergency_contact AS e
                WHERE e.resident_id = true_telephones.resident_id AND passport.has_consent(e.resident_id, 'emergency_contact') ORDER BY e.rank);
END;
COMMENT ON FUNCTION passport.true_telephones(bigint) IS
'On which numbers a resident is called and whom they named, protected or not, as call_list() shows them of others: a step of the functions of this file, granted to nobody.';

CREATE FUNCTION passport.record_protected_view(residents bigint[], reason text, purpose text, source text, columns text[])
  RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_reason(reason);
  INSERT INTO passport.protection_event (resident_id, event, reason, done_by, happened_at)
  SELECT u, 'viewed', record_protected_view.reason, session_user, passport.now() FROM unnest(residents) AS u;
  PERFORM passport.record_access(residents, purpose, source, columns);
END $$;
COMMENT ON FUNCTION passport.record_protected_view(bigint[], text, text, text, text[]) IS
'Writes down that the duty role looks at protected places and why, for the office and for the residents. PT422 without a reason.';

CREATE FUNCTION passport.view_protected(resident_id bigint, reason text) RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  shown jsonb;
BEGIN
  PERFORM passport.require_reason(reason);
  SELECT to_jsonb(w) || to_jsonb(n) || jsonb_build_object(
           'household_number', r.household_number,
           'protection', (SELECT jsonb_build_object('state', p.state, 'from_date', p.from_date,
                                                    'until_date', p.until_date, 'review_date', p.review_date)
                            FROM passport.address_protection AS p
                           WHERE p.resident_id = r.resident_id AND p.state <> 'ended'),
           -- what the queue of registrations keeps from staff, for who decides whose card it is
           'registrations', (SELECT coalesce(jsonb_agg(jsonb_build_object('registration_id', q.registration_id,
                                      'address', q.address, 'candidates', q.candidates) ORDER BY q.registration_id), '[]')
                               FROM passport.registration AS q
                              WHERE q.state = 'queued'
                                AND q.candidates @> jsonb_build_array(jsonb_build_object('resident_id', r.resident_id))))
    INTO shown
    FROM passport.resident AS r
    JOIN passport.protected_resident AS p USING (resident_id)
   CROSS JOIN LATERAL passport.true_place(r.resident_id) AS w
   CROSS JOIN LATERAL passport.true_telephones(r.resident_id) AS n
   WHERE r.resident_id = view_protected.resident_id;
  IF shown IS NULL THEN
    RAISE EXCEPTION 'no protected resident' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.record_protected_view(ARRAY[view_protected.resident_id], view_protected.reason, 'inquiry',
                                         'view_protected', ARRAY['address', 'oaza', 'location', 'household_number', 'telephone', 'emergency_contact']);
  RETURN shown;
END $$;
COMMENT ON FUNCTION passport.view_protected(bigint, text) IS
'Shows the duty role where a protected resident lives: {"address", "oaza", "lon", "lat", "numbers", "contacts", "household_number", "protection", "registrations"} with their telephones, whom they named to be called, and the waiting registrations that may be theirs. Who looked and why is kept, and the resident sees that somebody did. PT404 for somebody who is not protected (view_resident shows them), PT422 without a reason.';

-- Who was told and who answered: somebody who lives outside the area may have
-- been in it, and whoever asks for help must be on a list.
CREATE FUNCTION passport.protected_persons(alert_id bigint)
  RETURNS TABLE (resident_id bigint, recipient boolean, condition text, answers jsonb, message text)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.resident_id, t.resident_id IS NOT NULL,
         (SELECT a.answer FROM passport.alert_answer AS a
           WHERE a.resident_id = p.resident_id AND a.alert_id = protected_persons.alert_id AND a.answer <> 'damage'
           ORDER BY a.answer_id DESC LIMIT 1),
         n.answers, m.message
    FROM passport.protected_resident AS p
    LEFT JOIN passport.alert_recipient AS t
      ON t.resident_id = p.resident_id AND t.alert_id = protected_persons.alert_id
    LEFT JOIN passport.recipient_message AS m
      ON m.resident_id = p.resident_id AND m.alert_id = protected_persons.alert_id
   CROSS JOIN LATERAL (
         SELECT coalesce(jsonb_agg(jsonb_build_object(
                  'answered_at', a.answered_at, 'answer', a.answer, 'note', a.note,
                  'lon', ST_X(a.location), 'lat', ST_Y(a.location), 'shelter_id', a.shelter_id, 'answered_by', a.answered_by)
                  ORDER BY a.answer_id DESC), '[]') AS answers
           FROM passport.alert_answer AS a
          WHERE a.resident_id = p.resident_id AND a.alert_id = protected_persons.alert_id) AS n
   WHERE t.resident_id IS NOT NULL OR n.answers <> '[]';
END;
COMMENT ON FUNCTION passport.protected_persons(bigint) IS
'Step of protected_recipients(): protected persons whom an alert was sent to or who answered it, their latest condition, all their answers and what became of the message. Granted to nobody.';

CREATE FUNCTION passport.protected_recipients(alert_id bigint, reason text)
  RETURNS TABLE (resident_id bigint, name text, household_number text, address text, oaza text, lon double precision,
                 lat double precision, needs_help boolean, recipient boolean, condition text, answers jsonb, message text,
                 numbers text[], contacts text[])
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_protected_view(
    ARRAY(SELECT p.resident_id FROM passport.protected_persons(protected_recipients.alert_id) AS p),
    protected_recipients.reason, 'disaster', 'protected_recipients',
    ARRAY['name', 'household_number', 'address', 'oaza', 'location', 'needs_help', 'telephone', 'emergency_contact']);
  RETURN QUERY
    SELECT p.resident_id, r.name, r.household_number, w.address, w.oaza, w.lon, w.lat, h.resident_id IS NOT NULL,
           p.recipient, p.condition, p.answers, p.message, n.numbers, n.contacts
      FROM passport.protected_persons(protected_recipients.alert_id) AS p
      JOIN passport.resident AS r USING (resident_id)
      LEFT JOIN passport.resident_needing_help AS h USING (resident_id)
     CROSS JOIN LATERAL passport.true_place(p.resident_id) AS w
     CROSS JOIN LATERAL passport.true_telephones(p.resident_id) AS n
     ORDER BY p.condition IS NOT DISTINCT FROM 'need_help' DESC, h.resident_id IS NULL, p.resident_id;
END $$;
COMMENT ON FUNCTION passport.protected_recipients(bigint, text) IS
'The call and door list of an alert''s protected persons, for the duty role: they are on no list of other staff, nor in their counts. recipient: it was sent to them (others answered it all the same); condition: safe, evacuated, need_help, or NULL while nothing is known; answers: array of {"answered_at", "answer", "note", "lon", "lat", "shelter_id", "answered_by"}, the latest first; message: as of alert_unanswered; numbers, contacts: on which they are called (record_call), and whom they named. Who asks for help comes first. Who looked and why is kept for each of them. PT422 without a reason.';

CREATE VIEW passport.protected_asking WITH (security_barrier) AS
  SELECT p.resident_id
    FROM passport.protected_resident AS p
   CROSS JOIN LATERAL (
         SELECT DISTINCT ON (a.alert_id) a.alert_id, a.answer FROM passport.alert_answer AS a
          WHERE a.resident_id = p.resident_id AND a.answer <> 'damage'
          ORDER BY a.alert_id, a.answer_id DESC) AS c
    JOIN passport.alert AS l USING (alert_id)
   WHERE c.answer = 'need_help'
     AND (l.state = 'approved' OR coalesce(l.cancelled_at, l.ended_at) > passport.now() - interval '24 hours');
COMMENT ON VIEW passport.protected_asking IS
'Protected persons who ask for help in an alert that is in force or was over within a day.';

CREATE FUNCTION passport.protections_ending(within interval DEFAULT '1 month')
  RETURNS TABLE (resident_id bigint, state text, ends_on date, days_left int, noticed_on date)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.resident_id, p.state, coalesce(p.until_date, p.review_date),
         coalesce(p.until_date, p.review_date) - passport.today(), p.noticed_on
    FROM passport.address_protection AS p
   WHERE p.state <> 'ended' AND coalesce(p.until_date, p.review_date) <= passport.today() + within
   ORDER BY 3, 1;
END;
COMMENT ON FUNCTION passport.protections_ending(interval) IS
'Protections whose term ends, and requests whose review is due, within a time from today (overdue ones included), the first first; noticed_on: since when staff have been alarmed. They are asked whether to extend from one month before the end.';

-- Two weeks are the least in which an office can reach somebody whose address
-- few may know.
CREATE FUNCTION passport.review_protections() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  noticed bigint;
  lapsed bigint;
  overdue bigint;
BEGIN
  WITH ending AS (
    UPDATE passport.address_protection AS p SET noticed_on = passport.today()
     WHERE p.state <> 'ended' AND p.noticed_on IS NULL
       AND coalesce(p.until_date, p.review_date) <= passport.today() + interval '1 month'
       AND (p.state = 'decided' OR p.review_date <= passport.today() + 7)
    RETURNING p.resident_id, p.protection_id, p.until_date
  )
  INSERT INTO passport.protection_event (resident_id, protection_id, event, until_date, done_by, happened_at)
  SELECT e.resident_id, e.protection_id, 'noticed', e.until_date, session_user, passport.now() FROM ending AS e;
  GET DIAGNOSTICS noticed = ROW_COUNT;

  WITH over AS (
    UPDATE passport.address_protection AS p SET state = 'ended'
     WHERE p.state = 'decided' AND p.until_date < passport.today() AND p.noticed_on <= passport.today() - 14
    RETURNING p.resident_id, p.protection_id, p.until_date
  )
  INSERT INTO passport.protection_event (resident_id, protection_id, event, until_date, done_by, happened_at)
  SELECT o.resident_id, o.protection_id, 'lapsed', o.until_date, session_user, passport.now() FROM over AS o;
  GET DIAGNOSTICS lapsed = ROW_COUNT;

  SELECT count(*) INTO overdue FROM passport.address_protection AS p
   WHERE p.state = 'provisional' AND p.review_date < passport.today();
  IF noticed + overdue > 0 THEN
    PERFORM pg_notify('passport_alarm', 'protections_ending');
  END IF;
  RETURN noticed + lapsed + overdue;
END $$;
COMMENT ON FUNCTION passport.review_protections() IS
'Daily job: gives notice of protections that end within a month and of requests to be decided within a week, ends those whose term is over and of which staff have had notice for 14 days, and raises the alarm (NOTIFY passport_alarm) for notices and for requests that are overdue. A protection of which nobody had notice does not end: a worker that stood still opens no address. Returns how many it noticed, ended and found overdue.';
