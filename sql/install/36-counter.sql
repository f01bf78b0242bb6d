-- Enrolment at the counter: people who have no signature certificate

CREATE TABLE passport.counter_enrolment (
  resident_id bigint NOT NULL REFERENCES passport.account,
  enrolment_id bigint GENERATED ALWAYS AS IDENTITY,
  ground text NOT NULL CHECK (ground IN ('under_15', 'ward', 'pinless')),
  pin_entered boolean NOT NULL,
  issuer_id int NOT NULL,
  serial text NOT NULL,
  enrolled_by text NOT NULL,
  enrolled_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, enrolment_id),
  FOREIGN KEY (resident_id, issuer_id, serial) REFERENCES passport.account_certificate
);
COMMENT ON TABLE passport.counter_enrolment IS
'Who was enrolled at the counter with the card present, why without a signature certificate, and by which member of staff.';
CREATE TRIGGER counter_enrolment_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.counter_enrolment
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.last_day_before_age(birth_date date, age int) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- whoever was born on February 29 has no such day in a common year: its 28th is the last
  SELECT (birth_date + make_interval(years => age))::date
         - CASE WHEN extract(day FROM birth_date) = extract(day FROM birth_date + make_interval(years => age))
                THEN 1 ELSE 0 END;
END;
COMMENT ON FUNCTION passport.last_day_before_age(date, int) IS
'Last day on which somebody is under an age, which is reached as the day before the birthday ends (年齢計算ニ関スル法律, 民法第143条).';

CREATE FUNCTION passport.enrol_at_counter(resident_id bigint, ground text, certificate bytea,
    challenge_id uuid DEFAULT NULL, signature bytea DEFAULT NULL, source text DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  message bytea;
  holder record;
  person passport.resident;
  entered CONSTANT boolean := signature IS NOT NULL;
BEGIN
  SELECT * INTO person FROM passport.resident AS r
   WHERE r.resident_id = enrol_at_counter.resident_id AND r.status = 'resident';
  IF person.resident_id IS NULL THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  ELSIF coalesce(ground NOT IN ('under_15', 'ward', 'pinless'), true) THEN
    PERFORM passport.refuse('/ground', 'unknown_ground', 'A ground is under_15, ward or pinless.');
  ELSIF ground = 'under_15' AND coalesce(passport.last_day_before_age(person.birth_date, 15) < passport.today(), true) THEN
    PERFORM passport.refuse('/ground', 'age', 'The register does not show somebody under 15.');
  ELSIF ground = 'ward' AND NOT EXISTS (
          SELECT FROM passport.current_guardianship AS g
           WHERE g.resident_id = enrol_at_counter.resident_id AND g.ground = 'court') THEN
    PERFORM passport.refuse('/ground', 'no_guardian', 'Record the guardian whom the court appointed first.');
  ELSIF entered <> (challenge_id IS NOT NULL) OR (NOT entered AND ground <> 'pinless') THEN
    PERFORM passport.refuse('/signature', 'required', 'A challenge and its signature come together; only a card without PIN has none.');
  END IF;

  IF entered THEN
    message := passport.consume_challenge(challenge_id, 'register', 'passport');
  END IF;
  SELECT * INTO holder FROM passport.verify_holder(certificate, coalesce(message, ''), coalesce(signature, ''), 'authentication');
  -- bad_signature is the last of its verdicts: all other rules hold for a card that cannot sign without its PIN
  IF holder.verdict <> (CASE WHEN entered THEN 'valid' ELSE 'bad_signature' END) THEN
    RETURN (passport.failed_attempt(holder.issuer_id || ':' || holder.serial, source, holder.verdict, holder.detail)).verdict;
  END IF;
  PERFORM passport.open_account(resident_id, CASE WHEN entered THEN 'counter_pin' ELSE 'counter_seen' END);
  PERFORM passport.attach_certificates(resident_id,
    jsonb_build_object('authentication', jsonb_build_object(
      'issuer_id', holder.issuer_id, 'serial', holder.serial, 'medium', 'card', 'hierarchy', holder.hierarchy,
      'not_after', (SELECT i.not_after FROM passport.certificate_info(certificate) AS i))),
    coalesce(challenge_id, gen_random_uuid()));
  INSERT INTO passport.counter_enrolment (resident_id, ground, pin_entered, issuer_id, serial, enrolled_by, enrolled_at)
    VALUES (resident_id, ground, entered, holder.issuer_id, holder.serial, session_user, passport.now());
  PERFORM passport.record_account_event(resident_id, 'enrolled', jsonb_build_object('ground', ground, 'pin_entered', entered));
  RETURN 'enrolled';
END $$;
COMMENT ON FUNCTION passport.enrol_at_counter(bigint, text, bytea, uuid, bytea, text) IS
'Staff enrol somebody who has no signature certificate, with the person and the card before them. ground: under_15 (the register must show it), ward (of a guardian whom a court appointed, see record_guardian) or pinless (顔認証マイナンバーカード). certificate: the card''s authentication certificate (DER); signature: the card''s over the message of a challenge of purpose register, only for pinless without one; source: at which counter, if it is known. Returns enrolled, a verdict of verify_signature, or limited instead of it, as of log_in. The account''s assurance is counter_pin, or counter_seen without a signature: lower than of one that a signature certificate made, which raises it later. PT404 for somebody who is not a resident here, PT409 if the certificate is another account''s, PT410 for a challenge that is used or expired, PT422 for a ground that does not hold or a missing signature.';
