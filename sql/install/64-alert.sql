-- Alerts: drafted by one person, approved by another, sent, cancelled

CREATE TABLE passport.alert (
  alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hazard text NOT NULL,
  level int NOT NULL CHECK (level BETWEEN 1 AND 5),
  mode text NOT NULL CHECK (mode IN ('live', 'drill')),
  sensor text,
  area geometry(MultiPolygon,4326) NOT NULL,
  area_names text[] NOT NULL,
  texts jsonb NOT NULL,
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'cancelled', 'expired')),
  drafted_by text NOT NULL,
  drafted_at timestamptz NOT NULL,
  draft_until timestamptz NOT NULL,
  headcount int NOT NULL CHECK (headcount >= 0),
  households int NOT NULL,
  needing_help int NOT NULL,
  unplaced int NOT NULL DEFAULT 0,
  approved_by text CHECK (approved_by <> drafted_by),
  approved_at timestamptz,
  expires_at timestamptz,         -- until when an undelivered message is still sent
  notification_id bigint,
  recipients int,
  deliveries bigint,
  unreachable bigint,
  cancelled_by text,
  cancelled_at timestamptz,
  cancel_reason text CHECK (length(cancel_reason) BETWEEN 1 AND 400),
  cancel_notification_id bigint,
  cancel_deliveries bigint,
  cancel_unreachable bigint,
  CHECK ((approved_at IS NULL) = (approved_by IS NULL)),
  CHECK (state <> 'approved' OR approved_at IS NOT NULL),
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
);
COMMENT ON TABLE passport.alert IS
'Alerts from draft to end, with who did what and when. A row is never deleted. headcount, households, needing_help: those of the area who may be counted, at the draft and again at the approval; recipients, deliveries, unreachable: all whom it reached, protected ones too.';
CREATE INDEX alert_open ON passport.alert (alert_id) WHERE state IN ('draft', 'approved');
CREATE TRIGGER alert_stays BEFORE DELETE OR TRUNCATE ON passport.alert
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.alert_recipient (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  alert_id bigint NOT NULL REFERENCES passport.alert,
  household_number text NOT NULL,
  needs_help boolean NOT NULL,
  reasons text[] NOT NULL DEFAULT '{home}',
  PRIMARY KEY (resident_id, alert_id)
);
COMMENT ON TABLE passport.alert_recipient IS
'Who an alert was sent to, with their household and need on that day, and why they were selected (reasons as of selected()). Somebody without a household is one of their own ("-" and the resident_id).';
CREATE INDEX alert_recipient_household ON passport.alert_recipient (alert_id, household_number);
CREATE TRIGGER alert_recipient_stays BEFORE UPDATE OR TRUNCATE ON passport.alert_recipient
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- The neighbourhood is the municipality's bounding box and a twentieth of a
-- degree (5 km) around it: a gauge may stand, and a flood may begin, across the
-- border, but an alert for another town is a mistake.
CREATE FUNCTION passport.alert_area_problem(area geometry) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN area IS NULL THEN 'missing'
    WHEN ST_SRID(area) <> 4326 THEN 'srid'
    WHEN GeometryType(area) NOT IN ('POLYGON', 'MULTIPOLYGON') THEN 'type'
    WHEN ST_IsEmpty(area) THEN 'empty'
    WHEN ST_NPoints(area) > 100000 THEN 'too_large'
    WHEN NOT ST_IsValid(area) THEN 'invalid'
    WHEN NOT EXISTS (SELECT FROM passport.municipality_area AS m
                      WHERE m.code = current_setting('passport.municipality_code')) THEN 'no_municipality'
    WHEN NOT EXISTS (SELECT FROM passport.municipality_area AS m
                      WHERE m.code = current_setting('passport.municipality_code')
                        AND ST_CoveredBy(alert_area_problem.area, ST_Expand(ST_Envelope(m.area), 0.05))) THEN 'elsewhere'
  END;
END;
COMMENT ON FUNCTION passport.alert_area_problem(geometry) IS
'Why an area cannot be alerted: missing, srid (not EPSG:4326), type (neither Polygon nor MultiPolygon), empty, too_large (over 100,000 vertices), invalid (crosses itself), no_municipality (its own area is not loaded), elsewhere (not within its bounding box and 0.05 degrees around); NULL when it can.';

CREATE FUNCTION passport.alert_area(area geometry) RETURNS geometry
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ST_Multi(ST_Force2D(area));
END;
COMMENT ON FUNCTION passport.alert_area(geometry) IS
'The area as alerts keep it: a two-dimensional MultiPolygon.';

CREATE FUNCTION passport.alert_area_names(area geometry) RETURNS text[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH named AS (
    SELECT p.oaza AS name, count(*) AS residents
      FROM passport.residents_in(area) AS r(resident_id)
      JOIN passport.resident_place AS p USING (resident_id)
     WHERE p.oaza IS NOT NULL
     GROUP BY p.oaza
     ORDER BY residents DESC, name LIMIT 8
  )
  SELECT coalesce(
    (SELECT array_agg(n.name ORDER BY n.residents DESC, n.name) FROM named AS n),
    (SELECT array_agg(m.name) FROM passport.municipality_area AS m
      WHERE m.code = current_setting('passport.municipality_code')));
END;
COMMENT ON FUNCTION passport.alert_area_names(geometry) IS
'Names by which residents know an area: the 大字 in which its residents live, at most eight, most residents first; the municipality''s where nobody does.';

CREATE FUNCTION passport.alert_shelters(area geometry, hazard text) RETURNS text[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(n.name ORDER BY n.distance, n.name)
    FROM (SELECT s.name, ST_Distance(s.location, area) AS distance
            FROM passport.shelter AS s
           WHERE alert_shelters.hazard = ANY (s.hazards) AND NOT ST_Intersects(s.location, area)
           ORDER BY 2, 1 LIMIT 3) AS n;
END;
COMMENT ON FUNCTION passport.alert_shelters(geometry, text) IS
'The three nearest shelters outside an area that are designated for the hazard, nearest first; NULL when there is none.';

CREATE FUNCTION passport.alert_texts(hazard text, level int, area geometry, area_names text[])
  RETURNS jsonb
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  shelters text[] := passport.alert_shelters(area, hazard);
  shelter jsonb;
BEGIN
  IF shelters IS NULL THEN
    SELECT jsonb_object_agg(l.language, l.safe_place) INTO shelter FROM passport.message_language AS l;
  ELSE
    shelter := passport.join_names(shelters);
  END IF;
  RETURN passport.message_texts(hazard, level, passport.today(),
           jsonb_build_object('area', passport.join_names(area_names), 'shelter', shelter));
END $$;
COMMENT ON FUNCTION passport.alert_texts(text, int, geometry, text[]) IS
'Texts of an alert from the templates, with the names of its area and the shelters to go to. Errors: those of message_texts.';

CREATE FUNCTION passport.expire_drafts() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  expired int;
BEGIN
  UPDATE passport.alert AS a SET state = 'expired'
   WHERE a.state = 'draft' AND a.draft_until <= passport.now();
  GET DIAGNOSTICS expired = ROW_COUNT;
  RETURN expired;
END $$;
COMMENT ON FUNCTION passport.expire_drafts() IS
'Marks drafts that nobody approved in time as expired; returns how many. A stale draft cannot be approved whether or not this has run.';

CREATE FUNCTION passport.draft_alert(hazard text, level int, area geometry, sensor text DEFAULT NULL,
                                     mode text DEFAULT 'live', texts jsonb DEFAULT NULL,
                                     OUT alert_id bigint, OUT headcount int, OUT households int,
                                     OUT needing_help int, OUT unplaced int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  problem text := passport.alert_area_problem(area);
  names text[];
BEGIN
  IF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  ELSIF mode IS NULL OR mode NOT IN ('live', 'drill') THEN
    PERFORM passport.refuse('/mode', 'mode', 'The mode is live or drill.');
  ELSIF (passport.alert_words(hazard, level, passport.today())).level IS NULL THEN
    PERFORM passport.refuse('/level', 'level', 'There is no such level of this hazard today.');
  ELSIF sensor IS NOT NULL AND NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = draft_alert.sensor) THEN
    RAISE EXCEPTION 'no such sensor' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.refuse_individual_number('/texts', texts::text);
  PERFORM passport.expire_drafts();
  area := passport.alert_area(area);
  names := passport.alert_area_names(area);
  texts := CASE WHEN texts IS NULL THEN passport.alert_texts(hazard, level, area, names)
                ELSE passport.complete_texts(texts) END;
  IF mode = 'drill' THEN
    texts := passport.mark_drill(texts);
  END IF;

  SELECT c.headcount, c.households, c.needing_help INTO headcount, households, needing_help FROM passport.count_area(area) AS c;
  unplaced := passport.count_unplaced();
  INSERT INTO passport.alert AS a
         (hazard, level, mode, sensor, area, area_names, texts, drafted_by, drafted_at, draft_until,
          headcount, households, needing_help, unplaced)
  VALUES (hazard, level, mode, sensor, area, names, texts, session_user, passport.now(),
          passport.now() + interval '30 minutes', headcount, households, needing_help, unplaced)
  RETURNING a.alert_id INTO alert_id;
  headcount := passport.shown_count(headcount);
  households := passport.shown_count(households);
  needing_help := passport.shown_count(needing_help);
END $$;
COMMENT ON FUNCTION passport.draft_alert(text, int, geometry, text, text, jsonb) IS
'Drafts an alert and says whom it would reach. hazard: as in passport.alert_level (flood); level: 1 to 5; area: Polygon or MultiPolygon, EPSG:4326; sensor: the one that gave the reason, if any; mode: live or drill; texts: {"ja": {"title", "body"}, ...} of one''s own, else those of the templates. Returns the draft and the number of residents, households and residents needing help in the area as shown_count() shows it: protected persons are alerted too, but not counted; and of those whom no area can select (unplaced_residents() lists them). Nothing is sent. The draft can be approved for 30 minutes. Errors: PT422 area, mode, level or texts refused, PT404 no such sensor or template. Two-person rule: see approve_alert.';

CREATE FUNCTION passport.cancel_texts(a passport.alert) RETURNS jsonb
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  texts jsonb;
BEGIN
  IF a.approved_at IS NULL THEN
    RETURN NULL;
  END IF;
  texts := passport.message_texts('alert_cancelled', a.level, passport.today(), jsonb_build_object(
    'area', passport.join_names(a.area_names), 'level', a.level,
    'sent', to_char(a.approved_at AT TIME ZONE current_setting('passport.timezone'), 'YYYY-MM-DD HH24:MI')));
  RETURN CASE WHEN a.mode = 'drill' THEN passport.mark_drill(texts) ELSE texts END;
END $$;
COMMENT ON FUNCTION passport.cancel_texts(passport.alert) IS
'Texts that tell the recipients of an alert that it is cancelled; NULL for one that was never sent.';

-- What an approver looks at before they confirm.
CREATE VIEW passport.alert_draft WITH (security_barrier) AS
  SELECT a.alert_id, a.hazard, a.level, a.mode, a.sensor, a.area_names, a.area, a.texts,
         passport.shown_count(a.headcount) AS headcount, passport.shown_count(a.households) AS households,
         passport.shown_count(a.needing_help) AS needing_help, a.unplaced, a.drafted_by, a.drafted_at, a.draft_until
    FROM passport.alert AS a
   WHERE a.state = 'draft' AND a.draft_until > passport.now();
COMMENT ON VIEW passport.alert_draft IS
'Drafts that can be approved now: what would be said, where, to how many (NULL: few), how many residents no area can select (unplaced), and who drafted it.';

-- The one way from an alert to the outbox: the mode of the messages is the
-- alert's own, so a drill cannot come out live.
CREATE FUNCTION passport.send_alert(a passport.alert, residents bigint[], message text, texts jsonb,
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
    FROM passport.notify(residents, 'alert', CASE WHEN a.level >= 3 THEN 'evacuation' ELSE 'disaster' END,
           passport.texts_for(texts, residents), jsonb_build_object('alert_id', a.alert_id::text, 'message', message, 'hazard', a.hazard,
                                     'level', a.level::text, 'mode', a.mode),
           send_alert.expires_at, 'alert-' || a.alert_id, a.mode,
           'alert:' || a.alert_id || ':' || message) AS n;
END $$;
COMMENT ON FUNCTION passport.send_alert(passport.alert, bigint[], text, jsonb, timestamptz) IS
'Enqueues the message of an alert (message: alert or cancel) for residents. Not granted to anybody: approve_alert and cancel_alert call it.';

-- The protected persons among the recipients are few, so that what may be told
-- is all less theirs; and is so anew each time, for whom protection came later.
CREATE FUNCTION passport.alert_withheld(alert_id bigint, notification_id bigint,
                                        OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT count(*)::int, coalesce(sum(m.messages), 0)::bigint, count(*) FILTER (WHERE m.messages = 0)
    FROM passport.protected_resident AS p
    JOIN passport.alert_recipient AS t
      ON t.resident_id = p.resident_id AND t.alert_id = alert_withheld.alert_id
   CROSS JOIN LATERAL (
         SELECT (SELECT count(*) FROM passport.delivery AS d
                  WHERE d.resident_id = t.resident_id AND d.notification_id = alert_withheld.notification_id)
                + (SELECT count(*) FROM passport.delivery_outcome AS o
                    WHERE o.resident_id = t.resident_id AND o.notification_id = alert_withheld.notification_id)
                AS messages) AS m;
END;
COMMENT ON FUNCTION passport.alert_withheld(bigint, bigint) IS
'What is left out of the figures of an alert''s message: protected recipients, their deliveries, and how many of them have no device.';

CREATE FUNCTION passport.approve_alert(alert_id bigint, headcount int,
                                       OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  residents bigint[];
  counted bigint;
  sent bigint;
  lasts timestamptz;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = approve_alert.alert_id FOR UPDATE;
  IF a.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  ELSIF a.drafted_by = session_user THEN
    RAISE EXCEPTION 'an alert is approved by another person than its drafter' USING ERRCODE = 'PT403';
  ELSIF a.state = 'approved' AND a.approved_by = session_user
        AND passport.shown_count(a.headcount) IS NOT DISTINCT FROM approve_alert.headcount THEN
    SELECT a.recipients - w.recipients, a.deliveries - w.deliveries, a.unreachable - w.unreachable
      INTO recipients, deliveries, unreachable FROM passport.alert_withheld(a.alert_id, a.notification_id) AS w;
    RETURN;
  ELSIF a.state = 'expired' OR a.state = 'draft' AND a.draft_until <= passport.now() THEN
    RAISE EXCEPTION 'the draft has expired'
      USING ERRCODE = 'PT410', HINT = 'Draft the alert again: the water and the people may have moved.';
  ELSIF a.state <> 'draft' THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  END IF;

  -- selected once: who is confirmed, kept and told are the same persons
  WITH kept AS (
    INSERT INTO passport.alert_recipient (resident_id, alert_id, household_number, needs_help, reasons)
    SELECT r.resident_id, a.alert_id, coalesce(r.household_number, '-' || r.resident_id), h.resident_id IS NOT NULL, i.reasons
      FROM passport.selection_reasons(a.area) AS i JOIN passport.resident AS r USING (resident_id)
      LEFT JOIN passport.resident_needing_help AS h USING (resident_id)
    RETURNING resident_id
  )
  SELECT coalesce(array_agg(k.resident_id ORDER BY k.resident_id), '{}') INTO residents FROM kept AS k;
  counted := cardinality(residents)
             - (SELECT count(*) FROM passport.protected_resident AS p WHERE p.resident_id = ANY (residents));
  IF passport.shown_count(counted) IS DISTINCT FROM approve_alert.headcount THEN
    RAISE EXCEPTION 'the confirmed head-count is not the number of residents in the area'
      USING ERRCODE = 'PT409',
            DETAIL = jsonb_build_object('drafted', passport.shown_count(a.headcount),
                                        'now', passport.shown_count(counted))::text,
            HINT = 'Look at the area and its head-count again before confirming.';
  END IF;

  lasts := passport.now() + (passport.alert_words(a.hazard, a.level, passport.today())).valid;
  SELECT n.notification_id, n.deliveries, n.unreachable INTO sent, deliveries, unreachable
    FROM passport.send_alert(a, residents, 'alert', a.texts, lasts) AS n;
  UPDATE passport.alert AS t
     SET state = 'approved', approved_by = session_user, approved_at = passport.now(), expires_at = lasts,
         notification_id = sent, headcount = counted, recipients = cardinality(residents),
         deliveries = approve_alert.deliveries, unreachable = approve_alert.unreachable
   WHERE t.alert_id = a.alert_id;
  SELECT cardinality(residents) - w.recipients, approve_alert.deliveries - w.deliveries, approve_alert.unreachable - w.unreachable
    INTO recipients, deliveries, unreachable FROM passport.alert_withheld(a.alert_id, sent) AS w;
  PERFORM pg_notify('passport_map', '');
END $$;
COMMENT ON FUNCTION passport.approve_alert(bigint, int) IS
'Approves a draft and sends it, in one transaction: keeps the recipients, enqueues their messages (lane evacuation from level 3, else disaster). headcount: the number of residents that the approver confirms; it must be the number in the area now, as alert_draft shows it: NULL for few. Protected persons are sent it too, without being counted here. The approver must log in to the database as somebody else than the drafter (session_user). Returns recipients, messages enqueued, recipients without a device. The same approver may repeat the call. Errors: PT404 unknown, PT403 drafted by oneself, PT409 head-count differs (DETAIL: {"drafted", "now"}) or already approved by somebody else or cancelled, PT410 draft older than 30 minutes.';

CREATE FUNCTION passport.cancel_alert(alert_id bigint, reason text,
                                      OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  residents bigint[];
  sent bigint;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = cancel_alert.alert_id FOR UPDATE;
  IF a.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  ELSIF coalesce(char_length(reason), 0) NOT BETWEEN 1 AND 400 OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason',
                            'Give a reason of up to 400 characters without an individual number.');
  ELSIF a.state = 'expired' THEN
    RAISE EXCEPTION 'the draft has expired' USING ERRCODE = 'PT410';
  ELSIF a.state = 'cancelled' AND a.cancel_reason <> reason THEN
    RAISE EXCEPTION 'the alert is cancelled already' USING ERRCODE = 'PT409';
  ELSIF a.state = 'cancelled' THEN
    SELECT coalesce(a.recipients, 0) - w.recipients, a.cancel_deliveries - w.deliveries, a.cancel_unreachable - w.unreachable
      INTO recipients, deliveries, unreachable FROM passport.alert_withheld(a.alert_id, a.cancel_notification_id) AS w;
    RETURN;
  END IF;

  residents := ARRAY(SELECT r.resident_id FROM passport.alert_recipient AS r
                      WHERE r.alert_id = a.alert_id ORDER BY 1);
  SELECT n.notification_id, n.deliveries, n.unreachable INTO sent, deliveries, unreachable
    FROM passport.send_alert(a, residents, 'cancel', passport.cancel_texts(a),
                             passport.now() + interval '24 hours') AS n;
  UPDATE passport.alert AS t
     SET state = 'cancelled', cancelled_by = session_user, cancelled_at = passport.now(),
         cancel_reason = reason, cancel_notification_id = sent,
         cancel_deliveries = cancel_alert.deliveries, cancel_unreachable = cancel_alert.unreachable
   WHERE t.alert_id = a.alert_id;
  SELECT cardinality(residents) - w.recipients, cancel_alert.deliveries - w.deliveries, cancel_alert.unreachable - w.unreachable
    INTO recipients, deliveries, unreachable FROM passport.alert_withheld(a.alert_id, sent) AS w;
  PERFORM pg_notify('passport_map', '');
END $$;
COMMENT ON FUNCTION passport.cancel_alert(bigint, text) IS
'Cancels an alert; the reason (up to 400 characters) is for the record. A draft is dropped silently; of one that was sent, the same recipients are told that it is cancelled, on the same lane, replacing the first message where it has not arrived yet. One person may cancel: a correction cannot wait. Repeating it with the same reason returns the first answer. Errors: PT404 unknown, PT409 cancelled with another reason, PT410 expired draft, PT422 reason.';

CREATE FUNCTION passport.forget_alert_recipients(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT r.resident_id, r.alert_id
      FROM passport.alert AS a JOIN passport.alert_recipient AS r ON r.alert_id = a.alert_id
     WHERE a.approved_at < before LIMIT max_rows FOR UPDATE OF r SKIP LOCKED),
  gone AS (
    DELETE FROM passport.alert_recipient AS r USING due
     WHERE r.resident_id = due.resident_id AND r.alert_id = due.alert_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_alert_recipients(timestamptz, int) IS
'Deletes who received alerts that were approved before a time, max_rows at most, and returns how many; the alerts keep their numbers. For purge_expired.';
