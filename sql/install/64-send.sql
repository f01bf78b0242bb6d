-- From a draft to the outbox: approved by another person, sent to everybody in the area

-- The one way from an alert to the outbox: the mode of the messages is the
-- alert's own, so a drill cannot come out live.
CREATE FUNCTION passport.send_alert(a passport.alert, residents bigint[], key text, lane text, texts jsonb,
                                    expires_at timestamptz, OUT notification_id bigint,
                                    OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF cardinality(residents) = 0 THEN
    deliveries := 0;
    unreachable := 0;
    RETURN;
  END IF;
  SELECT n.notification_id, n.deliveries, n.unreachable
    INTO send_alert.notification_id, send_alert.deliveries, send_alert.unreachable
    FROM passport.notify(residents, 'alert', lane,
           passport.texts_for(texts, residents), jsonb_build_object('alert_id', a.alert_id::text,
                                     'message', split_part(key, '-', 1), 'hazard', a.hazard,
                                     'level', a.level::text, 'mode', a.mode),
           send_alert.expires_at, 'alert-' || passport.alert_name(a), a.mode,
           'alert:' || a.alert_id || ':' || key) AS n;
  PERFORM passport.ring_drill_devices(send_alert.notification_id);
END $$;
COMMENT ON FUNCTION passport.send_alert(passport.alert, bigint[], text, text, jsonb, timestamptz) IS
'Enqueues a message of an alert for residents. key: what tells it from the alert''s others, such as update-2; its first word (alert, update, left, elsewhere, cancel, end) is the message for the app. Not granted to anybody.';

CREATE FUNCTION passport.alert_lane(level int) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN level >= 3 THEN 'evacuation' ELSE 'disaster' END;
END;
COMMENT ON FUNCTION passport.alert_lane(int) IS
'Lane of an alert''s messages to those inside: evacuation from level 3, else disaster.';

-- The protected persons among the recipients are few, so that what may be told
-- is all less theirs; and is so anew each time, for whom protection came later.
CREATE FUNCTION passport.alert_withheld(alert_id bigint, notification_id bigint, message_no int DEFAULT NULL,
                                        OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT count(*)::int, coalesce(sum(m.messages), 0)::bigint, count(*) FILTER (WHERE m.messages = 0)
    FROM passport.protected_resident AS p
   -- few, each looked up: all recipients are never read
   CROSS JOIN LATERAL (
         SELECT i.resident_id FROM passport.alert_recipient AS i
          WHERE i.resident_id = p.resident_id AND i.alert_id = alert_withheld.alert_id
            -- who has not moved by then was inside, unless they first came in later
            AND coalesce((SELECT v.inside FROM passport.alert_move AS v
                           WHERE v.resident_id = i.resident_id AND v.alert_id = i.alert_id
                             AND v.message_no <= coalesce(alert_withheld.message_no, v.message_no)
                           ORDER BY v.message_no DESC LIMIT 1),
                         (SELECT NOT v.inside FROM passport.alert_move AS v
                           WHERE v.resident_id = i.resident_id AND v.alert_id = i.alert_id
                           ORDER BY v.message_no LIMIT 1), true) OFFSET 0) AS t
   CROSS JOIN LATERAL (
         SELECT (SELECT count(*) FROM passport.delivery AS d
                  WHERE d.resident_id = t.resident_id AND d.notification_id = alert_withheld.notification_id)
                + (SELECT count(*) FROM passport.delivery_outcome AS o
                    WHERE o.resident_id = t.resident_id AND o.notification_id = alert_withheld.notification_id)
                AS messages) AS m;
END;
COMMENT ON FUNCTION passport.alert_withheld(bigint, bigint, int) IS
'What is left out of the figures of an alert''s message (message_no; NULL: the latest): protected persons who were inside then, their deliveries, and how many of them have no device.';

CREATE FUNCTION passport.shown_figures(said passport.alert_message,
                                       OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- fallbacks add to the deliveries that a message began with, protected persons' too
  SELECT said.recipients - w.recipients, coalesce(n.deliveries, said.deliveries) - w.deliveries, said.unreachable - w.unreachable
    FROM passport.alert_withheld(said.alert_id, said.notification_id, said.message_no) AS w
    LEFT JOIN passport.notification AS n ON n.notification_id = said.notification_id;
END;
COMMENT ON FUNCTION passport.shown_figures(passport.alert_message) IS
'The figures of a message as staff see them, without protected persons.';

CREATE FUNCTION passport.say(a passport.alert, residents bigint[], message text, message_no int, texts jsonb,
                             speaker text, expires_at timestamptz, aside int DEFAULT 0) RETURNS passport.alert_message
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  said passport.alert_message;
  sent record;
BEGIN
  SELECT * INTO sent
    FROM passport.send_alert(a, residents, CASE message WHEN 'update' THEN 'update-' || message_no ELSE message END,
           passport.alert_lane(a.level),
           CASE message WHEN 'update' THEN passport.mark_update(texts, a.mode) ELSE texts END, expires_at);
  INSERT INTO passport.alert_message AS m
         (alert_id, message_no, message, level, area, area_names, texts, sent_by, sent_at, expires_at,
          headcount, households, needing_help, notification_id, recipients, deliveries, unreachable)
  VALUES (a.alert_id, message_no, message, a.level, a.area, a.area_names, texts, speaker, passport.now(), expires_at,
          a.headcount, a.households, a.needing_help, sent.notification_id, cardinality(residents) + aside, sent.deliveries,
          sent.unreachable + aside)
  RETURNING m.* INTO said;
  PERFORM pg_notify('passport_map', '');
  RETURN said;
END $$;
COMMENT ON FUNCTION passport.say(passport.alert, bigint[], text, int, jsonb, text, timestamptz, int) IS
'Sends a message of an alert (alert, update, cancel or end) to those inside and keeps what was said. aside: protected persons inside who are told from another database; they are counted here too, for shown_figures() takes off all of them. Not granted to anybody.';

-- Joined: the planner estimates an "= ANY" with each of a million elements.
CREATE FUNCTION passport.count_unprotected(residents bigint[]) RETURNS int
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT cardinality(residents) - count(*)::int
    FROM passport.protected_resident AS p JOIN unnest(residents) AS i(resident_id) USING (resident_id);
END;
COMMENT ON FUNCTION passport.count_unprotected(bigint[]) IS
'How many of some residents may be counted: all but the protected ones. residents: each once.';

CREATE FUNCTION passport.confirmed_residents(area geometry, drafted int, headcount int,
                                             OUT residents bigint[], OUT reasons smallint[])
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  counted int;
BEGIN
  SELECT s.residents, s.reasons INTO residents, reasons FROM passport.selection(area) AS s;
  counted := passport.count_unprotected(residents);
  IF passport.shown_count(counted) IS DISTINCT FROM headcount THEN
    RAISE EXCEPTION 'the confirmed head-count is not the number of residents in the area'
      USING ERRCODE = 'PT409',
            DETAIL = jsonb_build_object('drafted', passport.shown_count(drafted),
                                        'now', passport.shown_count(counted))::text,
            HINT = 'Look at the area and its head-count again before confirming.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.confirmed_residents(geometry, int, int) IS
'selection() of an area, protected residents too. headcount: what the approver confirms, as shown_count() shows it; drafted: what the draft said. PT409 when it is not the number now (DETAIL: {"drafted", "now"}).';

CREATE FUNCTION passport.add_recipients(alert_id bigint, residents bigint[], reasons smallint[]) RETURNS void
  LANGUAGE c STRICT SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET work_mem = '128MB'
  AS 'MODULE_PATHNAME', 'passport_add_recipients';
COMMENT ON FUNCTION passport.add_recipients(bigint, bigint[], smallint[]) IS
'Keeps to whom an alert is sent, with household and need as they are now. residents, reasons: of a selection().';

CREATE FUNCTION passport.alert_lasts(hazard text, level int) RETURNS timestamptz
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.now() + w.valid FROM passport.alert_words(hazard, level, passport.today()) AS w;
END;
COMMENT ON FUNCTION passport.alert_lasts(text, int) IS
'Until when an alert that is sent now is valid, unless an update follows.';

-- Two drafts of the same, each approved by its own pair, would be two alerts:
-- approvals go one after the other, and the second is asked.
CREATE FUNCTION passport.send_draft(a passport.alert, residents bigint[], reasons smallint[], approver text)
  RETURNS passport.alert_message
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  lasts CONSTANT timestamptz := passport.alert_lasts(a.hazard, a.level);
  said passport.alert_message;
BEGIN
  PERFORM pg_advisory_xact_lock('passport.alert_message'::regclass::bigint);
  PERFORM passport.require_operated(a.area);
  IF NOT a.repeats THEN
    PERFORM passport.ask_before_repeating(a.mode, a.area, a.texts);
  END IF;
  PERFORM passport.add_recipients(a.alert_id, residents, reasons);
  a.headcount := passport.count_unprotected(residents);
  said := passport.say(a, residents, 'alert', 1, a.texts, approver, lasts);
  UPDATE passport.alert AS t
     SET state = 'approved', approved_by = approver, approved_at = passport.now(), expires_at = lasts,
         alone = approver = a.drafted_by, notification_id = said.notification_id, recipients = said.recipients,
         deliveries = said.deliveries, unreachable = said.unreachable, headcount = said.headcount
   WHERE t.alert_id = a.alert_id;
  RETURN said;
END $$;
COMMENT ON FUNCTION passport.send_draft(passport.alert, bigint[], smallint[], text) IS
'Sends a draft to a selection() in the name of an approver: keeps the recipients, enqueues their messages. PT409: said already. Who may approve is the caller''s to ask. Not granted to anybody.';

CREATE FUNCTION passport.draft_to_approve(alert_id bigint) RETURNS passport.alert
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  a passport.alert;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = draft_to_approve.alert_id FOR UPDATE;
  IF a.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  ELSIF a.state = 'expired' OR a.state = 'draft' AND a.draft_until <= passport.now() THEN
    RAISE EXCEPTION 'the draft has expired'
      USING ERRCODE = 'PT410', HINT = 'Draft the alert again: the water and the people may have moved.';
  END IF;
  PERFORM passport.require_mode(a.mode);
  RETURN a;
END $$;
COMMENT ON FUNCTION passport.draft_to_approve(bigint) IS
'Locks an alert that somebody wants to send. PT404: unknown; PT410: the draft is stale; PT403: a live one by a login in a drill.';

CREATE FUNCTION passport.approve_alert(alert_id bigint, headcount int,
                                       OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  a CONSTANT passport.alert := passport.draft_to_approve(alert_id);
  chosen record;
  said passport.alert_message;
BEGIN
  IF a.drafted_by = session_user THEN
    RAISE EXCEPTION 'an alert is approved by another person than its drafter' USING ERRCODE = 'PT403';
  ELSIF a.state = 'approved' AND a.approved_by = session_user
        AND passport.shown_count(a.headcount) IS NOT DISTINCT FROM approve_alert.headcount THEN
    SELECT * INTO said FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id AND m.message_no = 1;
  ELSIF a.state <> 'draft' THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  ELSE
    SELECT * INTO chosen FROM passport.confirmed_residents(a.area, a.headcount, approve_alert.headcount);
    said := passport.send_draft(a, chosen.residents, chosen.reasons, session_user);
  END IF;
  SELECT f.* INTO recipients, deliveries, unreachable FROM passport.shown_figures(said) AS f;
END $$;
COMMENT ON FUNCTION passport.approve_alert(bigint, int) IS
'Approves a draft and sends it, in one transaction: keeps the recipients, enqueues their messages (lane evacuation from level 3, else disaster). headcount: the number of residents that the approver confirms; it must be the number in the area now, as alert_draft shows it: NULL for few. Protected persons are sent it too, without being counted here. The approver must log in to the database as somebody else than the drafter (session_user). Returns recipients, messages enqueued, recipients without a device. The same approver may repeat the call. Errors: PT404 unknown, PT403 drafted by oneself, PT409 head-count differs (DETAIL: {"drafted", "now"}), the same was said to the same area since the draft (DETAIL: {"sent_at"}), approved already by somebody else or cancelled, or the area is operated by another database now, PT410 draft older than 30 minutes.';

-- Everybody else -------------------------------------------------------------

CREATE FUNCTION passport.residents_elsewhere(alert_id bigint) RETURNS bigint[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ARRAY(SELECT r.resident_id FROM passport.resident AS r
                WHERE r.status = 'resident'
                  AND NOT EXISTS (SELECT FROM passport.resident_operated_elsewhere AS e WHERE e.resident_id = r.resident_id)
                  AND NOT EXISTS (SELECT FROM passport.alert_inside AS t
                                   WHERE t.resident_id = r.resident_id AND t.alert_id = residents_elsewhere.alert_id)
                ORDER BY 1);
END;
COMMENT ON FUNCTION passport.residents_elsewhere(bigint) IS
'All residents of the municipality whom an alert does not concern.';

CREATE FUNCTION passport.broadcast_alert(alert_id bigint, OUT recipients int, OUT deliveries bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  sent record;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = broadcast_alert.alert_id FOR UPDATE;
  PERFORM passport.require_mode(a.mode);
  IF a.alert_id IS NULL OR a.approved_at IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  ELSIF a.state <> 'approved' THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  ELSIF a.broadcast_notification_id IS NULL THEN
    SELECT * INTO sent
      FROM passport.send_alert(a, passport.residents_elsewhere(a.alert_id), 'elsewhere', 'broadcast',
             passport.alert_notice(a, 'alert_elsewhere'), a.expires_at);
    UPDATE passport.alert AS t SET broadcast_notification_id = sent.notification_id WHERE t.alert_id = a.alert_id;
    a.broadcast_notification_id := sent.notification_id;
  END IF;
  SELECT passport.shown_count(cardinality(passport.residents_elsewhere(a.alert_id))), coalesce(max(n.deliveries), 0)
    INTO recipients, deliveries
    FROM passport.notification AS n WHERE n.notification_id = a.broadcast_notification_id;
END $$;
COMMENT ON FUNCTION passport.broadcast_alert(bigint) IS
'Tells all other residents that there is an alert in force, where, and to keep away, on the lane broadcast: whom the alert concerns come first. The cancel or the end will reach them too. Returns residents and messages enqueued; repeating it sends nothing. Errors: PT404 no such alert, or not sent yet, PT409 over already.';

CREATE TABLE passport.broadcast_elsewhere (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  alert_id bigint NOT NULL REFERENCES passport.alert,
  PRIMARY KEY (resident_id, alert_id)
);
COMMENT ON TABLE passport.broadcast_elsewhere IS
'Whom another database told about an alert by a broadcast before the two were merged.';
CREATE INDEX broadcast_elsewhere_alert ON passport.broadcast_elsewhere (alert_id);

CREATE FUNCTION passport.broadcast_told(a passport.alert) RETURNS SETOF bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT d.resident_id FROM passport.delivery AS d WHERE d.notification_id = a.broadcast_notification_id
  UNION
  SELECT d.resident_id FROM passport.delivery_elsewhere AS d WHERE d.notification_id = a.broadcast_notification_id
  UNION
  SELECT o.resident_id FROM passport.delivery_outcome AS o WHERE o.notification_id = a.broadcast_notification_id
  UNION
  SELECT b.resident_id FROM passport.broadcast_elsewhere AS b WHERE b.alert_id = a.alert_id;
END;
COMMENT ON FUNCTION passport.broadcast_told(passport.alert) IS
'Whom the broadcast of an alert was sent to, from here or from another database: by the messages themselves, and broadcast_elsewhere.';

CREATE FUNCTION passport.broadcast_recipients(a passport.alert) RETURNS bigint[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ARRAY(SELECT t.resident_id FROM passport.broadcast_told(a) AS t(resident_id)
                WHERE NOT EXISTS (SELECT FROM passport.alert_inside AS i WHERE i.resident_id = t.resident_id AND i.alert_id = a.alert_id)
                  AND NOT EXISTS (SELECT FROM passport.resident_operated_elsewhere AS e WHERE e.resident_id = t.resident_id));
END;
COMMENT ON FUNCTION passport.broadcast_recipients(passport.alert) IS
'Whom a broadcast was sent to and who is still outside, and told from here, for its cancel or end.';
