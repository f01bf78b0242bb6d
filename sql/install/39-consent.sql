-- Consent, purpose by purpose

CREATE TABLE passport.consent_purpose (
  purpose text NOT NULL CHECK (purpose ~ '^[a-z][a-z0-9_]{0,62}$'),
  holds_from date NOT NULL CHECK (isfinite(holds_from)),
  title jsonb NOT NULL CHECK (jsonb_typeof(title) = 'object' AND title ? 'ja'),
  lifetime interval NOT NULL CHECK (lifetime BETWEEN '1 day' AND '10 years'),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (purpose, holds_from)
);
COMMENT ON TABLE passport.consent_purpose IS
'What residents are asked to agree to, in words by language, from a day on, and for how long a consent holds. New words are a row with a later day; a consent is to the words of its day.';

-- Consent to fetch the current attributes holds for ten years (最新の利用者情報提供サービス).
INSERT INTO passport.consent_purpose (purpose, holds_from, title, lifetime, shipped) VALUES
  ('latest_attributes', '2023-05-16',
   '{"ja": "氏名・住所・生年月日・性別の最新の情報をJ-LISから受け取ります", "ja-easy": "いまの 名前(なまえ)・住所(じゅうしょ)・生(う)まれた日(ひ)・性別(せいべつ)を、国(くに)の しくみから もらいます", "en": "We receive your current name, address, date of birth and sex from J-LIS"}',
   '10 years', true);

CREATE TABLE passport.consent (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  purpose text NOT NULL,
  holds_from date NOT NULL,
  state text NOT NULL CHECK (state IN ('given', 'withdrawn')),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, purpose),
  FOREIGN KEY (purpose, holds_from) REFERENCES passport.consent_purpose
);
COMMENT ON TABLE passport.consent IS
'The consent of each resident to each purpose as it stands: who uses it locks this row, so that a withdrawal comes before or after, never during.';

CREATE TABLE passport.consent_event (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  purpose text NOT NULL,
  holds_from date NOT NULL,
  event text NOT NULL CHECK (event IN ('given', 'withdrawn')),
  expires_at timestamptz,
  decided_by bigint,
  staff text,
  happened_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, event_id),
  FOREIGN KEY (purpose, holds_from) REFERENCES passport.consent_purpose,
  CHECK ((decided_by IS NULL) = (staff IS NOT NULL))
);
COMMENT ON TABLE passport.consent_event IS
'Every consent and withdrawal. decided_by: the resident or the guardian who acted for them; staff: the login that took it down on paper.';
CREATE TRIGGER consent_event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.consent_event
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.set_consent_purpose(purpose text, holds_from date, title jsonb, lifetime interval) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(purpose !~ '^[a-z][a-z0-9_]{0,62}$' OR jsonb_typeof(title) <> 'object' OR NOT title ? 'ja'
              OR NOT lifetime BETWEEN interval '1 day' AND interval '10 years', true) THEN
    PERFORM passport.refuse('/purpose', 'purpose', 'A purpose has a name, a title in ja at least, and a lifetime of 1 day to 10 years.');
  ELSIF coalesce(holds_from < passport.today() OR NOT isfinite(holds_from), true) THEN
    PERFORM passport.refuse('/holds_from', 'past', 'Words hold from today or a later day: what was agreed to stays as it was.');
  END IF;
  PERFORM passport.refuse_individual_number('/purpose', purpose), passport.refuse_individual_number('/title', title::text);
  INSERT INTO passport.consent_purpose AS p (purpose, holds_from, title, lifetime)
    VALUES (purpose, holds_from, title, lifetime) ON CONFLICT ON CONSTRAINT consent_purpose_pkey DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the purpose has words from this day already' USING ERRCODE = 'PT409';
  END IF;
END $$;
COMMENT ON FUNCTION passport.set_consent_purpose(text, date, jsonb, interval) IS
'Adds a purpose, or its words from a day on (today at the earliest). title: words by language, ja at least; lifetime: how long a consent holds, 10 years at most. PT409 if there are words from that day, PT422 for what is malformed.';

CREATE FUNCTION passport.write_consent(resident_id bigint, purpose text, given boolean, decided_by bigint, staff text)
  RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  words passport.consent_purpose;
  expires timestamptz;
BEGIN
  SELECT * INTO words FROM passport.consent_purpose AS p
   WHERE p.purpose = write_consent.purpose AND p.holds_from <= passport.today()
   ORDER BY p.holds_from DESC LIMIT 1;
  IF words.purpose IS NULL OR given IS NULL THEN
    RAISE EXCEPTION 'unknown purpose' USING ERRCODE = 'PT404';
  END IF;
  IF given THEN
    expires := passport.now() + words.lifetime;
    INSERT INTO passport.consent AS c (resident_id, purpose, holds_from, state, expires_at)
      VALUES (resident_id, purpose, words.holds_from, 'given', expires)
      ON CONFLICT ON CONSTRAINT consent_pkey DO UPDATE
        SET holds_from = excluded.holds_from, state = 'given', expires_at = excluded.expires_at;
  ELSE
    -- waits for whoever is using it
    UPDATE passport.consent AS c SET state = 'withdrawn'
     WHERE c.resident_id = write_consent.resident_id AND c.purpose = write_consent.purpose AND c.state = 'given';
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO passport.consent_event (resident_id, purpose, holds_from, event, expires_at, decided_by, staff, happened_at)
    VALUES (resident_id, purpose, words.holds_from, CASE WHEN given THEN 'given' ELSE 'withdrawn' END, expires,
            decided_by, staff, passport.now());
  RETURN expires;
END $$;
COMMENT ON FUNCTION passport.write_consent(bigint, text, boolean, bigint, text) IS
'Writes a consent or its withdrawal down, the current state and the history; when it expires. PT404 for an unknown purpose.';

CREATE FUNCTION passport.give_consent(purpose text) RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN passport.write_consent(passport.record_act('give_consent'), purpose, true, passport.acting_holder(), NULL);
END $$;
COMMENT ON FUNCTION passport.give_consent(text) IS
'The acting resident, or their guardian, agrees to a purpose in its words of today; returns when that expires. Once more begins anew. PT401 when nobody acts, PT404 for an unknown purpose.';

CREATE FUNCTION passport.withdraw_consent(purpose text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.write_consent(passport.record_act('withdraw_consent'), purpose, false, passport.acting_holder(), NULL);
END $$;
COMMENT ON FUNCTION passport.withdraw_consent(text) IS
'The acting resident, or their guardian, withdraws a consent: within this transaction it counts no longer, and none that uses it can commit afterwards without having used it before. Nothing happens if there is none. PT401 when nobody acts, PT404 for an unknown purpose.';

CREATE FUNCTION passport.record_consent(resident_id bigint, purpose text, given boolean) RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = record_consent.resident_id) THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  RETURN passport.write_consent(resident_id, purpose, given, NULL, session_user);
END $$;
COMMENT ON FUNCTION passport.record_consent(bigint, text, boolean) IS
'Staff take down a consent (true) or a withdrawal (false) that a resident gave on paper; returns when it expires. PT404 for an unknown resident or purpose.';

CREATE FUNCTION passport.has_consent(resident_id bigint, purpose text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM passport.consent AS c
                  WHERE c.resident_id = has_consent.resident_id AND c.purpose = has_consent.purpose
                    AND c.state = 'given' AND c.expires_at > passport.now());
END;
COMMENT ON FUNCTION passport.has_consent(bigint, text) IS
'Whether a resident''s consent to a purpose stands. Who acts on it calls require_consent instead.';

CREATE FUNCTION passport.require_consent(resident_id bigint, purpose text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM FROM passport.consent AS c
    WHERE c.resident_id = require_consent.resident_id AND c.purpose = require_consent.purpose
      AND c.state = 'given' AND c.expires_at > passport.now()
      FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the resident has not agreed to this' USING ERRCODE = 'PT403';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_consent(bigint, text) IS
'For functions that need a consent: raises PT403 unless it stands, and keeps a withdrawal waiting until this transaction ends.';

CREATE FUNCTION passport.my_consents()
  RETURNS TABLE (purpose text, title jsonb, state text, expires_at timestamptz, words_changed boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.record_act('my_consents');
BEGIN
  RETURN QUERY
    SELECT p.purpose, p.title,
           CASE WHEN c.state = 'given' AND c.expires_at <= passport.now() THEN 'expired' ELSE coalesce(c.state, 'none') END,
           CASE WHEN c.state = 'given' THEN c.expires_at END, coalesce(c.holds_from < p.holds_from, false)
      FROM (SELECT DISTINCT ON (q.purpose) q.* FROM passport.consent_purpose AS q
             WHERE q.holds_from <= passport.today() ORDER BY q.purpose, q.holds_from DESC) AS p
      LEFT JOIN passport.consent AS c ON c.resident_id = acting AND c.purpose = p.purpose
     ORDER BY p.purpose;
END $$;
COMMENT ON FUNCTION passport.my_consents() IS
'Purposes with today''s words and the acting resident''s state: none, given, expired or withdrawn; words_changed: it was given to earlier words. PT401 when nobody acts.';

CREATE FUNCTION passport.my_consent_history()
  RETURNS TABLE (happened_at timestamptz, purpose text, event text, title jsonb, expires_at timestamptz, decided_by text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.record_act('my_consent_history');
BEGIN
  RETURN QUERY
    SELECT e.happened_at, e.purpose, e.event, p.title, e.expires_at,
           CASE WHEN e.staff IS NOT NULL THEN 'staff' WHEN e.decided_by = acting THEN 'self' ELSE 'guardian' END
      FROM passport.consent_event AS e JOIN passport.consent_purpose AS p USING (purpose, holds_from)
     WHERE e.resident_id = acting
     ORDER BY e.event_id;
END $$;
COMMENT ON FUNCTION passport.my_consent_history() IS
'Every consent and withdrawal of the acting resident with the words it was about; decided_by: self, guardian or staff. PT401 when nobody acts.';
