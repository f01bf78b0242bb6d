-- Updates of an alert: drafted and approved as the alert was; nobody is told twice

CREATE TABLE passport.alert_update (
  alert_id bigint NOT NULL REFERENCES passport.alert,
  update_no int NOT NULL CHECK (update_no > 1),   -- message_no of what it will say
  level int NOT NULL CHECK (level BETWEEN 1 AND 5),
  area geometry(MultiPolygon,4326) NOT NULL,
  area_names text[] NOT NULL,
  texts jsonb NOT NULL,
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'dropped', 'expired')),
  drafted_by text NOT NULL,
  drafted_at timestamptz NOT NULL,
  draft_until timestamptz NOT NULL,
  headcount int NOT NULL,
  households int NOT NULL,
  needing_help int NOT NULL,
  added int NOT NULL,
  left_out int NOT NULL,
  approved_by text,
  approved_at timestamptz,
  alone boolean NOT NULL DEFAULT false,   -- break-glass: drafted and approved by one person
  PRIMARY KEY (alert_id, update_no),
  CHECK (approved_by <> drafted_by OR alone),
  CHECK ((state = 'approved') = (approved_by IS NOT NULL) AND (state = 'approved') = (approved_at IS NOT NULL))
);
COMMENT ON TABLE passport.alert_update IS
'Updates of alerts as they were drafted, and who approved them. headcount, households, needing_help, added, left_out: of those who may be counted.';
CREATE UNIQUE INDEX alert_update_draft_once ON passport.alert_update (alert_id) WHERE state = 'draft';
CREATE TRIGGER alert_update_stays BEFORE DELETE OR TRUNCATE ON passport.alert_update
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.next_message_no(alert_id bigint) RETURNS int
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 1 + greatest(1,
    (SELECT max(m.message_no) FROM passport.alert_message AS m WHERE m.alert_id = next_message_no.alert_id),
    (SELECT max(u.update_no) FROM passport.alert_update AS u WHERE u.alert_id = next_message_no.alert_id));
END;
COMMENT ON FUNCTION passport.next_message_no(bigint) IS
'Number of an alert''s next message; an update that was dropped leaves a gap. The first is the alert itself.';

CREATE FUNCTION passport.area_change(alert_id bigint, area geometry, OUT added int, OUT left_out int)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT (count(*) FILTER (WHERE t.resident_id IS NULL))::int, (count(*) FILTER (WHERE i.resident_id IS NULL))::int
    FROM passport.residents_in(area) AS i(resident_id)
    FULL JOIN (SELECT n.resident_id FROM passport.alert_inside AS n WHERE n.alert_id = area_change.alert_id) AS t USING (resident_id)
   WHERE NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = coalesce(i.resident_id, t.resident_id));
END;
COMMENT ON FUNCTION passport.area_change(bigint, geometry) IS
'How many of those who may be counted an area would add to an alert, and how many it would leave out.';

CREATE FUNCTION passport.update_alert(alert_id bigint, area geometry DEFAULT NULL, level int DEFAULT NULL,
                                      texts jsonb DEFAULT NULL, repeat boolean DEFAULT false,
                                      OUT update_no int, OUT headcount int, OUT households int,
                                      OUT needing_help int, OUT added int, OUT left_out int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  a passport.alert;
  problem text := CASE WHEN area IS NOT NULL THEN passport.alert_area_problem(area) END;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = update_alert.alert_id FOR UPDATE;
  PERFORM passport.require_mode(a.mode);
  IF a.alert_id IS NULL OR a.approved_at IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  ELSIF a.state <> 'approved' THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  ELSIF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  ELSIF level IS NOT NULL AND (passport.alert_words(a.hazard, level, passport.today())).level IS NULL THEN
    PERFORM passport.refuse('/level', 'level', 'There is no such level of this hazard today.');
  END IF;
  PERFORM passport.refuse_individual_number('/texts', texts::text);
  a.level := coalesce(level, a.level);
  IF area IS NOT NULL THEN
    a.area := passport.alert_area(area);
    PERFORM passport.require_operated(a.area);
    a.area_names := passport.alert_area_names(a.area);
  END IF;
  texts := CASE WHEN texts IS NULL THEN passport.alert_texts(a.hazard, a.level, a.area, a.area_names)
                ELSE passport.complete_texts(texts) END;
  IF a.mode = 'drill' THEN
    texts := passport.mark_drill(texts);
  END IF;
  IF repeat IS NOT true THEN
    PERFORM passport.ask_before_repeating(a.mode, a.area, texts);
  END IF;

  SELECT c.headcount, c.households, c.needing_help INTO headcount, households, needing_help
    FROM passport.count_area(a.area) AS c;
  SELECT c.added, c.left_out INTO added, left_out FROM passport.area_change(alert_id, a.area) AS c;
  update_no := passport.next_message_no(alert_id);
  UPDATE passport.alert_update AS u SET state = 'dropped' WHERE u.alert_id = update_alert.alert_id AND u.state = 'draft';
  INSERT INTO passport.alert_update
         (alert_id, update_no, level, area, area_names, texts, drafted_by, drafted_at, draft_until,
          headcount, households, needing_help, added, left_out)
  VALUES (alert_id, update_no, a.level, a.area, a.area_names, texts, session_user, passport.now(),
          passport.now() + interval '30 minutes', headcount, households, needing_help, added, left_out);
  headcount := passport.shown_count(headcount);
  households := passport.shown_count(households);
  needing_help := passport.shown_count(needing_help);
  added := passport.shown_count(added);
  left_out := passport.shown_count(left_out);
END $$;
COMMENT ON FUNCTION passport.update_alert(bigint, geometry, int, jsonb, boolean) IS
'Drafts an update of an alert in force: its area, level and texts from now on, what is left out as it was (texts: the templates'' for the new area and level). Returns the update''s number, and of those who may be counted (shown_count) the residents, households and residents needing help of the new area, how many of them are new (added) and how many would no longer be inside (left_out). Nothing is sent until approve_update(); an earlier draft is dropped; it can be approved for 30 minutes. With repeat => true and nothing else it renews an alert whose time runs out. Errors: PT404 no such alert, or not sent yet, PT409 over already, or the same was said to the same area (DETAIL: {"sent_at"}), PT422 as of draft_alert.';

CREATE VIEW passport.alert_update_draft WITH (security_barrier) AS
  SELECT u.alert_id, u.update_no, a.hazard, a.mode, a.level AS level_now, u.level, u.area_names, u.area, u.texts,
         passport.shown_count(u.headcount) AS headcount, passport.shown_count(u.households) AS households,
         passport.shown_count(u.needing_help) AS needing_help, passport.shown_count(u.added) AS added,
         passport.shown_count(u.left_out) AS left_out, u.drafted_by, u.drafted_at, u.draft_until
    FROM passport.alert_update AS u JOIN passport.alert AS a USING (alert_id)
   WHERE u.state = 'draft' AND a.state = 'approved' AND u.draft_until > passport.now();
COMMENT ON VIEW passport.alert_update_draft IS
'Updates that can be approved now: what would be said, where, to how many, whom it would add and leave out (NULL: few), and who drafted it.';

-- Who is inside still or newly gets the update; who no longer is, is told so.
CREATE FUNCTION passport.move_recipients(alert_id bigint, update_no int, residents bigint[], reasons smallint[]) RETURNS bigint[]
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  known CONSTANT bigint[] := ARRAY(SELECT t.resident_id FROM passport.alert_recipient AS t
                                    WHERE t.alert_id = move_recipients.alert_id);
  inside CONSTANT bigint[] := ARRAY(SELECT t.resident_id FROM passport.alert_inside AS t
                                     WHERE t.alert_id = move_recipients.alert_id);
  gone CONSTANT bigint[] := ARRAY(SELECT unnest(inside) EXCEPT SELECT unnest(residents) ORDER BY 1);
BEGIN
  PERFORM passport.add_recipients(move_recipients.alert_id, array_agg(i.resident_id), array_agg(i.reasons))
     FROM unnest(residents, move_recipients.reasons) AS i(resident_id, reasons) LEFT JOIN unnest(known) AS k(resident_id) USING (resident_id)
    WHERE k.resident_id IS NULL;
  INSERT INTO passport.alert_move (resident_id, alert_id, message_no, inside)
  SELECT g, move_recipients.alert_id, update_no, false FROM unnest(gone) AS g
  UNION ALL
  SELECT c, move_recipients.alert_id, update_no, true
    FROM (SELECT unnest(residents) EXCEPT SELECT unnest(inside)) AS came(c);
  RETURN gone;
END $$;
COMMENT ON FUNCTION passport.move_recipients(bigint, int, bigint[], smallint[]) IS
'Makes those of a selection() the ones inside an alert; returns who is no longer. Step of send_update().';

CREATE FUNCTION passport.send_update(a passport.alert, u passport.alert_update, residents bigint[], reasons smallint[], approver text)
  RETURNS passport.alert_message
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  before CONSTANT passport.alert := a;
  lasts CONSTANT timestamptz := passport.alert_lasts(a.hazard, u.level);
  gone CONSTANT bigint[] := passport.move_recipients(a.alert_id, u.update_no, residents, reasons);
  said passport.alert_message;
BEGIN
  PERFORM passport.require_operated(u.area);
  a.level := u.level;
  a.area := u.area;
  a.area_names := u.area_names;
  a.headcount := passport.count_unprotected(residents);
  a.households := u.households;
  a.needing_help := u.needing_help;
  said := passport.say(a, residents, 'update', u.update_no, u.texts, approver, lasts);
  PERFORM passport.send_alert(a, gone, 'left-' || u.update_no, passport.alert_lane(before.level),
                              passport.alert_notice(before, 'alert_left'), lasts);
  UPDATE passport.alert AS t
     SET level = u.level, area = u.area, area_names = u.area_names, texts = u.texts, expires_at = lasts, overdue_at = NULL,
         headcount = a.headcount, households = a.households, needing_help = a.needing_help,
         notification_id = said.notification_id, recipients = said.recipients, deliveries = said.deliveries,
         unreachable = said.unreachable
   WHERE t.alert_id = a.alert_id;
  UPDATE passport.alert_update AS t
     SET state = 'approved', approved_by = approver, approved_at = passport.now(), alone = approver = u.drafted_by
   WHERE t.alert_id = u.alert_id AND t.update_no = u.update_no;
  RETURN said;
END $$;
COMMENT ON FUNCTION passport.send_update(passport.alert, passport.alert_update, bigint[], smallint[], text) IS
'Sends an update to a selection() in the name of an approver: one message for each who is inside now, another for each who no longer is. Not granted to anybody.';

CREATE FUNCTION passport.update_to_approve(alert_id bigint, update_no int) RETURNS passport.alert_update
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  u passport.alert_update;
BEGIN
  SELECT * INTO u FROM passport.alert_update AS t
   WHERE t.alert_id = update_to_approve.alert_id AND t.update_no = update_to_approve.update_no;
  IF u.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such update' USING ERRCODE = 'PT404';
  ELSIF u.state = 'expired' OR u.state = 'draft' AND u.draft_until <= passport.now() THEN
    RAISE EXCEPTION 'the draft has expired'
      USING ERRCODE = 'PT410', HINT = 'Draft the update again: the water and the people may have moved.';
  END IF;
  RETURN u;
END $$;
COMMENT ON FUNCTION passport.update_to_approve(bigint, int) IS
'An update that somebody wants to send; its alert is locked by the caller. PT404: unknown; PT410: the draft is stale.';

CREATE FUNCTION passport.approve_update(alert_id bigint, update_no int, headcount int,
                                        OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  u passport.alert_update;
  chosen record;
  said passport.alert_message;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = approve_update.alert_id FOR UPDATE;
  u := passport.update_to_approve(approve_update.alert_id, approve_update.update_no);
  SELECT * INTO said FROM passport.alert_message AS m WHERE m.alert_id = u.alert_id AND m.message_no = u.update_no;
  PERFORM passport.require_mode(a.mode);
  IF u.drafted_by = session_user THEN
    RAISE EXCEPTION 'an update is approved by another person than its drafter' USING ERRCODE = 'PT403';
  ELSIF u.state = 'approved' AND u.approved_by = session_user
        AND passport.shown_count(said.headcount) IS NOT DISTINCT FROM approve_update.headcount THEN
    NULL; -- said is what it sent
  ELSIF u.state <> 'draft' THEN
    RAISE EXCEPTION 'the update is % already', u.state USING ERRCODE = 'PT409';
  ELSIF a.state <> 'approved' THEN
    -- its time ran out while the update was a draft
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409', HINT = 'Draft a new alert.';
  ELSE
    SELECT * INTO chosen FROM passport.confirmed_residents(u.area, u.headcount, approve_update.headcount);
    said := passport.send_update(a, u, chosen.residents, chosen.reasons, session_user);
  END IF;
  SELECT f.* INTO recipients, deliveries, unreachable FROM passport.shown_figures(said) AS f;
END $$;
COMMENT ON FUNCTION passport.approve_update(bigint, int, int) IS
'Approves a drafted update and sends it: who is in the new area gets it, whether or not they had the alert before; who no longer is gets told that they are not; nobody gets both. headcount: as of approve_alert, of the new area. Another person than the update''s drafter approves; the same approver may repeat the call. Returns what approve_alert does, of those inside. Errors: PT404 no such update, PT403 drafted by oneself, PT409 head-count differs, or approved already, dropped for a later one or because the alert is over, PT410 draft older than 30 minutes.';
