-- Break-glass: one person sends when nobody else can, and another looks at it afterwards

CREATE TABLE passport.break_glass_use (
  alert_id bigint NOT NULL REFERENCES passport.alert,
  message_no int NOT NULL DEFAULT 1 CHECK (message_no > 0),
  sent_by text NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 10 AND 400),
  sent_at timestamptz NOT NULL,
  reviewed_by text CHECK (reviewed_by <> sent_by),
  reviewed_at timestamptz,
  justified boolean,
  remark text CHECK (length(remark) BETWEEN 1 AND 400),
  PRIMARY KEY (alert_id, message_no),
  CHECK (num_nulls(reviewed_by, reviewed_at, justified, remark) IN (0, 4))
);
COMMENT ON TABLE passport.break_glass_use IS
'Alerts (message_no 1) and updates that one person sent alone: why, and what another found afterwards.';
CREATE TRIGGER break_glass_use_stays BEFORE DELETE OR TRUNCATE ON passport.break_glass_use
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE VIEW passport.break_glass_unreviewed WITH (security_barrier) AS
  SELECT g.alert_id, a.hazard, m.level, a.mode, m.area_names, g.sent_by, g.sent_at, g.reason, g.message_no
    FROM passport.break_glass_use AS g JOIN passport.alert AS a USING (alert_id)
    JOIN passport.alert_message AS m USING (alert_id, message_no)
   WHERE g.reviewed_at IS NULL;
COMMENT ON VIEW passport.break_glass_unreviewed IS
'Alerts and updates (message_no) that one person sent alone and that nobody else has reviewed yet.';

CREATE FUNCTION passport.require_glass(drafted_by text, level int, reason text) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(char_length(reason), 0) NOT BETWEEN 10 AND 400 OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason',
      'Say in 10 to 400 characters, without an individual number, why nobody else can approve.');
  ELSIF drafted_by <> session_user THEN
    RAISE EXCEPTION 'another person drafted it'
      USING ERRCODE = 'PT403', HINT = 'Then you are the second person: approve_alert() or approve_update() sends it.';
  ELSIF level < 3 THEN
    RAISE EXCEPTION 'a notice can wait for another person' USING ERRCODE = 'PT403';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_glass(text, int, text) IS
'Raises PT422 for no reason, PT403 unless it is one''s own draft of level 3 or more. Step of break_glass() and break_glass_update().';

CREATE FUNCTION passport.break_glass(alert_id bigint, headcount int, reason text,
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
  PERFORM passport.require_glass(a.drafted_by, a.level, reason);
  IF a.state = 'approved' AND a.alone AND passport.shown_count(a.headcount) IS NOT DISTINCT FROM break_glass.headcount THEN
    SELECT * INTO said FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id AND m.message_no = 1;
  ELSIF a.state <> 'draft' THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  ELSE
    SELECT * INTO chosen FROM passport.confirmed_residents(a.area, a.headcount, break_glass.headcount);
    said := passport.send_draft(a, chosen.residents, chosen.reasons, session_user);
    INSERT INTO passport.break_glass_use (alert_id, sent_by, reason, sent_at)
    VALUES (a.alert_id, session_user, break_glass.reason, passport.now());
    PERFORM pg_notify('passport_alarm', 'break_glass');
  END IF;
  SELECT f.* INTO recipients, deliveries, unreachable FROM passport.shown_figures(said) AS f;
END $$;
COMMENT ON FUNCTION passport.break_glass(bigint, int, text) IS
'Sends one''s own draft alone, when nobody else can be reached: for approvers only, from level 3 on, with the reason (10 to 400 characters). headcount: as of approve_alert. It raises the alarm (NOTIFY passport_alarm), and stands in the report until another approver has reviewed it. Returns what approve_alert does; the call may be repeated. Errors: PT404 unknown, PT403 somebody else''s draft or below level 3, PT409 as of approve_alert, PT410 draft older than 30 minutes, PT422 no such reason.';

CREATE FUNCTION passport.break_glass_update(alert_id bigint, update_no int, headcount int, reason text,
                                            OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  u passport.alert_update;
  said passport.alert_message;
  chosen record;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = break_glass_update.alert_id FOR UPDATE;
  u := passport.update_to_approve(break_glass_update.alert_id, break_glass_update.update_no);
  SELECT * INTO said FROM passport.alert_message AS m WHERE m.alert_id = u.alert_id AND m.message_no = u.update_no;
  PERFORM passport.require_mode(a.mode);
  PERFORM passport.require_glass(u.drafted_by, u.level, reason);
  IF u.state = 'approved' AND u.alone
     AND passport.shown_count(said.headcount) IS NOT DISTINCT FROM break_glass_update.headcount THEN
    NULL; -- said is what it sent
  ELSIF u.state <> 'draft' THEN
    RAISE EXCEPTION 'the update is % already', u.state USING ERRCODE = 'PT409';
  ELSIF a.state <> 'approved' THEN
    -- its time ran out while the update was a draft
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409', HINT = 'Draft a new alert.';
  ELSE
    SELECT * INTO chosen FROM passport.confirmed_residents(u.area, u.headcount, break_glass_update.headcount);
    said := passport.send_update(a, u, chosen.residents, chosen.reasons, session_user);
    INSERT INTO passport.break_glass_use (alert_id, message_no, sent_by, reason, sent_at)
    VALUES (u.alert_id, u.update_no, session_user, break_glass_update.reason, passport.now());
    PERFORM pg_notify('passport_alarm', 'break_glass');
  END IF;
  SELECT f.* INTO recipients, deliveries, unreachable FROM passport.shown_figures(said) AS f;
END $$;
COMMENT ON FUNCTION passport.break_glass_update(bigint, int, int, text) IS
'Sends one''s own draft of an update alone, as break_glass() does an alert: for approvers only, to level 3 or more, with the reason. headcount: as of approve_update, of the new area. It raises the alarm and is reviewed likewise (review_break_glass with its number). Returns what approve_update does; the call may be repeated. Errors: PT404 unknown, PT403 somebody else''s draft or below level 3, PT409 and PT410 as of approve_update, PT422 no such reason.';

CREATE FUNCTION passport.review_break_glass(alert_id bigint, justified boolean, remark text, message_no int DEFAULT 1) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  g passport.break_glass_use;
BEGIN
  SELECT * INTO g FROM passport.break_glass_use AS t WHERE t.alert_id = review_break_glass.alert_id
     AND t.message_no = review_break_glass.message_no FOR UPDATE;
  IF g.alert_id IS NULL THEN
    RAISE EXCEPTION 'nobody sent this alert alone' USING ERRCODE = 'PT404';
  ELSIF g.sent_by = session_user THEN
    RAISE EXCEPTION 'it is reviewed by another person than its sender' USING ERRCODE = 'PT403';
  ELSIF g.reviewed_at IS NOT NULL THEN
    RAISE EXCEPTION 'it is reviewed already' USING ERRCODE = 'PT409';
  ELSIF justified IS NULL OR coalesce(char_length(remark), 0) NOT BETWEEN 1 AND 400
        OR passport.holds_individual_number(remark) THEN
    PERFORM passport.refuse('/remark', 'remark',
      'Say whether it was justified, and why in 1 to 400 characters without an individual number.');
  END IF;
  UPDATE passport.break_glass_use AS t
     SET reviewed_by = session_user, reviewed_at = passport.now(), justified = review_break_glass.justified,
         remark = review_break_glass.remark
   WHERE t.alert_id = g.alert_id AND t.message_no = g.message_no;
END $$;
COMMENT ON FUNCTION passport.review_break_glass(bigint, boolean, text, int) IS
'Another approver reviews an alert, or the update message_no of it, that one person sent alone: whether it was justified, and a remark (1 to 400 characters). Once. Errors: PT404 nobody sent it alone, PT403 sent by oneself, PT409 reviewed already, PT422 remark.';
