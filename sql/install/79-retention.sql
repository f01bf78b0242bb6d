-- Retention: how long what is over is kept, as data, and what forgets it

CREATE TABLE passport.retention (
  what text NOT NULL CHECK (what IN ('challenge', 'attempt', 'kiosk_login', 'logout', 'ocsp_nonce', 'session', 'registration',
                                          'alert_answer', 'alert_recipient', 'audit_record', 'delivery_outcome', 'device', 'reading',
                                          'question_recipient', 'shelter_stay', 'weather_bulletin', 'whereabouts',
                                          'affected_area', 'call', 'emergency_contact', 'line_link_directory', 'notification', 'notification_code',
                                          'telephone', 'unreached', 'visitor')),
  holds_from date NOT NULL,
  keep interval NOT NULL CHECK (keep BETWEEN '0' AND '100 years'),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (what, holds_from)
);
COMMENT ON TABLE passport.retention IS
'How long rows of each table are kept once they are over, from a day on, and why; the latest row that holds counts. What is over: a challenge or kiosk login that expired, an attempt whose window passed, a logout that was told or given up (from when it was queued), the number of an OCSP request that nobody answered in time, a session that ended or expired, a registration that was decided, an answer from when it was given, a recipient from when the alert was approved, a record of the audit log from the digest after it, a delivery that finished, a device that was retired or never verified, a reading from when it was observed, a weather bulletin that a later one followed, who was asked a question from when it was over, a stay in a shelter that ended, whereabouts whose time is over, a call from when it was made, whom a message did not reach from when they were listed, a telephone number or an emergency contact of a resident from when the register says that they moved out or died, visitors of a shelter from when they left, a nonce of LINE that expired, a message that expired and that nothing refers to any more (notification), the code in a message that was delivered or expired (notification_code; the message stays), an area that was drawn and that no alert of its sensor followed within 12 hours. What is not named here is kept.';

INSERT INTO passport.retention (what, holds_from, keep, reason, shipped) VALUES
  ('challenge', '-infinity', '1 day', 'A used challenge is refused as used, not as unknown, while its client may still repeat it.', true),
  ('attempt', '-infinity', '0', 'A count outside passport.attempt_window says nothing.', true),
  ('kiosk_login', '-infinity', '1 hour', 'A kiosk that asks late is told that its login is over.', true),
  ('logout', '-infinity', '30 days', 'Whether a service was told is asked when a session of its did not end.', true),
  ('ocsp_nonce', '-infinity', '0', 'A response that comes later is refused in any case.', true),
  ('session', '-infinity', '1 year', 'Which card or phone logged in when is asked when a resident denies an act; what was done is in the records of each service.', true),
  ('registration', '-infinity', '1 year', 'Who decided whose account a card is can be looked at again; its attributes were forgotten when it was decided.', true),
  ('alert_answer', '-infinity', '3 years', 'What residents reported is looked at when a disaster is reviewed; an answer can hold a place and a state of health.', true),
  ('alert_recipient', '-infinity', '3 years', 'Who was warned is asked when a disaster is reviewed.', true),
  ('audit_record', '-infinity', '5 years', 'Who looked at whose data is asked when a misuse comes to light, and the claim for it ends 3 years after it is known.', true),
  ('delivery_outcome', '-infinity', '1 year', 'Whether a message arrived is asked soon after it.', true),
  ('device', '-infinity', '30 days', 'A token that is dead reaches nobody; messages under way still find what they were for.', true),
  ('reading', '-infinity', '2 years', 'A flood is compared with those of the year before; readings go by the month, when its last is as old.', true),
  ('weather_bulletin', '-infinity', '3 years', 'Which warnings stood when is asked when a disaster is reviewed.', true),
  ('question_recipient', '-infinity', '1 year', 'What residents of an area answered is looked at when a disaster is reviewed; the numbers are in the summary.', true),
  ('shelter_stay', '-infinity', '3 years', 'Who stayed where is asked for help that is paid afterwards, and when a disaster is reviewed.', true),
  ('whereabouts', '-infinity', '30 days', 'Where somebody was is nobody''s business once they are elsewhere; what they answered to an alert is kept beside it.', true),
  ('unreached', '-infinity', '3 years', 'Whom no message reached is asked when a disaster is reviewed.', true),
  ('call', '-infinity', '3 years', 'Who was called is asked when a disaster is reviewed.', true),
  ('telephone', '-infinity', '30 days', 'Who does not live here any more is not called; a move that was entered by mistake is put right within days.', true),
  ('emergency_contact', '-infinity', '30 days', 'As telephone; where the consent ended they go at once.', true),
  ('visitor', '-infinity', '3 years', 'As shelter_stay.', true),
  ('affected_area', '-infinity', '30 days', 'An area that was only looked at explains no alert; those that did are kept with it.', true),
  ('line_link_directory', '-infinity', '0', 'A nonce that has expired links nobody.', true),
  ('notification', '-infinity', '3 years', 'What was said is asked when a disaster is reviewed; what was sent to whom is forgotten long before.', true),
  ('notification_code', '-infinity', '0', 'A code is for who was sent it; that one was sent is all that anybody else has to know.', true);

CREATE FUNCTION passport.kept_since(what text) RETURNS timestamptz
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.now() - r.keep FROM passport.retention AS r
   WHERE r.what = kept_since.what AND r.holds_from <= passport.today()
   ORDER BY r.holds_from DESC LIMIT 1;
END;
COMMENT ON FUNCTION passport.kept_since(text) IS
'From when on rows of a table are kept: what was over before that may go.';

CREATE FUNCTION passport.forbid_early_purge() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  over_at timestamptz;
BEGIN
  IF TG_TABLE_NAME = 'affected_area' THEN
    over_at := CASE WHEN NOT passport.area_was_used(OLD) THEN OLD.drawn_at END;
  ELSIF TG_TABLE_NAME = 'alert_answer' THEN
    over_at := OLD.answered_at;
  ELSIF TG_TABLE_NAME = 'alert_recipient' THEN
    SELECT a.approved_at INTO over_at FROM passport.alert AS a WHERE a.alert_id = OLD.alert_id;
  ELSE
    -- a digest proves what the chain was before
    SELECT d.taken_at INTO over_at
      FROM passport.audit_head AS h JOIN passport.audit_digest AS d ON d.day = h.day
     WHERE h.chain = OLD.chain AND h.seq >= OLD.seq
     ORDER BY h.seq, h.day LIMIT 1;
  END IF;
  IF over_at < passport.kept_since(TG_TABLE_NAME) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'PT403', HINT = 'purge_expired() deletes what is kept no longer.';
END $$;
COMMENT ON FUNCTION passport.forbid_early_purge() IS
'Trigger of append-only tables whose rows are kept for a time: raises PT403 on an earlier DELETE.';
CREATE TRIGGER affected_area_kept BEFORE DELETE ON passport.affected_area
  FOR EACH ROW EXECUTE FUNCTION passport.forbid_early_purge();
CREATE TRIGGER alert_answer_kept BEFORE DELETE ON passport.alert_answer
  FOR EACH ROW EXECUTE FUNCTION passport.forbid_early_purge();
CREATE TRIGGER alert_recipient_kept BEFORE DELETE ON passport.alert_recipient
  FOR EACH ROW EXECUTE FUNCTION passport.forbid_early_purge();
CREATE TRIGGER audit_record_kept BEFORE DELETE ON passport.audit_record
  FOR EACH ROW EXECUTE FUNCTION passport.forbid_early_purge();

CREATE FUNCTION passport.set_retention(what text, keep interval, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.retention AS r WHERE r.what = set_retention.what) THEN
    RAISE EXCEPTION 'nothing of this name is forgotten' USING ERRCODE = 'PT404', HINT = 'What is, is listed in passport.retention.';
  END IF;
  PERFORM passport.refuse_individual_number('/reason', reason);
  INSERT INTO passport.retention AS r (what, holds_from, keep, reason) VALUES (what, passport.today(), keep, reason)
    ON CONFLICT ON CONSTRAINT retention_pkey DO UPDATE SET keep = excluded.keep, reason = excluded.reason;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/keep', 'out_of_range', 'keep is 0 to 100 years; a reason has 1 to 400 characters.');
END $$;
COMMENT ON FUNCTION passport.set_retention(text, interval, text) IS
'Sets how long rows of a table are kept once they are over, from today on, and why: the rule of the municipality. what: as listed there; keep: 0 to 100 years. PT404 for anything else, PT422 for what is out of range.';

CREATE FUNCTION passport.purge_expired(max_rows int DEFAULT 10000) RETURNS TABLE (what text, purged bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  before timestamptz;
BEGIN
  IF coalesce(max_rows NOT BETWEEN 1 AND 1000000, true) THEN
    PERFORM passport.refuse('/max_rows', 'out_of_range', 'max_rows is 1 to 1000000.');
  END IF;
  FOR what, before IN
    SELECT DISTINCT ON (r.what) r.what, passport.now() - r.keep
      FROM passport.retention AS r WHERE r.holds_from <= passport.today()
     -- by name, so that a logout goes before the session that it is of
     ORDER BY r.what, r.holds_from DESC
  LOOP
    purged := CASE what
                WHEN 'affected_area' THEN passport.forget_areas(before, max_rows)
                WHEN 'alert_answer' THEN passport.forget_alert_answers(before, max_rows)
                WHEN 'alert_recipient' THEN passport.forget_alert_recipients(before, max_rows)
                WHEN 'attempt' THEN passport.forget_attempts(before, max_rows)
                WHEN 'audit_record' THEN passport.forget_audit_records(before)
                WHEN 'call' THEN passport.forget_calls(before, max_rows)
                WHEN 'challenge' THEN passport.forget_challenges(before, max_rows)
                WHEN 'delivery_outcome' THEN passport.forget_deliveries(before, max_rows)
                WHEN 'device' THEN passport.forget_devices(before, max_rows)
                WHEN 'emergency_contact' THEN passport.forget_emergency_contacts(before, max_rows)
                WHEN 'kiosk_login' THEN passport.forget_kiosk_logins(before, max_rows)
                WHEN 'line_link_directory' THEN passport.forget_line_links(before, max_rows)
                WHEN 'logout' THEN passport.forget_logouts(before, max_rows)
                WHEN 'reading' THEN passport.forget_readings(before, max_rows)
                WHEN 'notification' THEN passport.forget_notifications(before, max_rows)
                WHEN 'notification_code' THEN passport.forget_codes(before, max_rows)
                WHEN 'ocsp_nonce' THEN passport.forget_nonces(before, max_rows)
                WHEN 'question_recipient' THEN passport.forget_questions(before, max_rows)
                WHEN 'registration' THEN passport.forget_registrations(before, max_rows)
                WHEN 'session' THEN passport.forget_sessions(before, max_rows)
                WHEN 'shelter_stay' THEN passport.forget_stays(before, max_rows)
                WHEN 'telephone' THEN passport.forget_telephones(before, max_rows)
                WHEN 'unreached' THEN passport.forget_unreached(before, max_rows)
                WHEN 'visitor' THEN passport.forget_visitors(before, max_rows)
                WHEN 'whereabouts' THEN passport.forget_whereabouts(before, max_rows)
                WHEN 'weather_bulletin' THEN passport.forget_weather(before, max_rows)
              END;
    IF purged > 0 THEN
      PERFORM passport.append_audit('{0}', 'purge', 'retention', 'purge_expired', ARRAY[what], purged);
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.purge_expired(int) IS
'Deletes what retention says is kept no longer, of each table max_rows at most (of the audit log a day''s records), and returns how many of each; the audit log keeps the numbers. The job purge calls it; what is left over waits for its next run. PT422 unless max_rows is 1 to 1,000,000.';
