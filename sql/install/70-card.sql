-- Cards of residents, and the rules by which they expire

CREATE TABLE passport.renewal_rule (
  kind text NOT NULL CHECK (kind IN ('card', 'residence_card')),
  holds_from date NOT NULL CHECK (isfinite(holds_from)),
  adult_age int NOT NULL CHECK (adult_age BETWEEN 1 AND 100),
  adult_birthdays int NOT NULL CHECK (adult_birthdays BETWEEN 1 AND 50),
  minor_birthdays int NOT NULL CHECK (minor_birthdays BETWEEN 1 AND 50),
  certificate_birthdays int NOT NULL CHECK (certificate_birthdays BETWEEN 1 AND 50),
  signature_age int NOT NULL CHECK (signature_age BETWEEN 0 AND 100),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (kind, holds_from)
);
COMMENT ON TABLE passport.renewal_rule IS
'How long cards applied for from a day on are good: until the so many-th birthday after the issue, of adults and of minors, their certificates likewise, and from which age there is a signature certificate. The next generation of cards is a row with a later day.';

-- Ordinance on cards (平成26年総務省令第85号): adults to the tenth birthday,
-- minors to the fifth; who is one changed with the Civil Code in 2022.
INSERT INTO passport.renewal_rule
       (kind, holds_from, adult_age, adult_birthdays, minor_birthdays, certificate_birthdays, signature_age, shipped)
VALUES ('card', '2016-01-01', 20, 10, 5, 5, 15, true),
       ('card', '2022-04-01', 18, 10, 5, 5, 15, true);

CREATE TABLE passport.card (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  issued_on date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('card', 'residence_card')),
  expires_on date NOT NULL,
  authentication_until date,
  signature_until date,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, issued_on),
  CHECK (issued_on <= expires_on AND authentication_until <= expires_on
         AND signature_until <= authentication_until)
);
COMMENT ON TABLE passport.card IS
'Cards of residents with the last days on which they and their certificates are good; the one issued last is in use.';

CREATE FUNCTION passport.card_validity(
  birth_date date, applied_on date, issued_on date, stay_until date,
  adult_age int, adult_birthdays int, minor_birthdays int, certificate_birthdays int, signature_age int,
  OUT expires_on date, OUT authentication_until date, OUT signature_until date) RETURNS record
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_card_validity';
COMMENT ON FUNCTION passport.card_validity(date, date, date, date, int, int, int, int, int) IS
'Last days of a card and its certificates by the numbers of a renewal rule: the so many-th birthday after the day of issue, no certificate longer than its card, nothing longer than the period of stay (NULL: none). Who was born on February 29 has birthdays on the 28th in common years: the rule for them was not found, and this is the earlier reading. signature_until is NULL under the age for one.';

CREATE FUNCTION passport.record_card(
  resident_id bigint, kind text, issued_on date,
  INOUT expires_on date DEFAULT NULL, INOUT authentication_until date DEFAULT NULL,
  INOUT signature_until date DEFAULT NULL, applied_on date DEFAULT NULL) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  holder passport.resident;
BEGIN
  SELECT * INTO holder FROM passport.resident AS r WHERE r.resident_id = record_card.resident_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  IF kind IS NULL OR kind NOT IN ('card', 'residence_card') THEN
    PERFORM passport.refuse('/kind', 'kind', 'A card is a card or a residence_card.');
  END IF;
  IF issued_on IS NULL OR issued_on > passport.today() OR issued_on < '2015-01-01' THEN
    PERFORM passport.refuse('/issued_on', 'issued_on', 'A card was issued since 2016, and not in the future.');
  END IF;
  IF applied_on > issued_on THEN
    PERFORM passport.refuse('/applied_on', 'applied_on', 'A card is applied for before it is issued.');
  END IF;
  IF expires_on IS NULL THEN
    -- the dates tell the birthday
    PERFORM passport.record_access(ARRAY[resident_id], 'renewal', 'record_card', ARRAY['birth_date', 'stay_until']);
    SELECT v.* INTO expires_on, authentication_until, signature_until
      FROM (SELECT * FROM passport.renewal_rule AS r
             WHERE r.kind = record_card.kind AND r.holds_from <= coalesce(applied_on, issued_on)
             ORDER BY r.holds_from DESC LIMIT 1) AS r
     CROSS JOIN LATERAL passport.card_validity(
             holder.birth_date, coalesce(applied_on, issued_on), issued_on,
             CASE WHEN holder.nationality_class = 'period_of_stay' THEN holder.stay_until END,
             r.adult_age, r.adult_birthdays, r.minor_birthdays, r.certificate_birthdays, r.signature_age) AS v;
    IF expires_on IS NULL THEN
      PERFORM passport.refuse('/expires_on', 'no_rule',
        'Without a birth date or a rule for this card its dates must be given.');
    END IF;
  END IF;
  IF expires_on NOT BETWEEN issued_on AND issued_on + 36525 OR authentication_until > expires_on
     OR authentication_until < issued_on
     OR signature_until > coalesce(authentication_until, '-infinity') OR signature_until < issued_on THEN
    PERFORM passport.refuse('/expires_on', 'order',
      'A card outlives its certificates, and its authentication certificate the one for signatures.');
  END IF;
  INSERT INTO passport.card AS c
    VALUES (resident_id, issued_on, kind, expires_on, authentication_until, signature_until, passport.now())
  ON CONFLICT ON CONSTRAINT card_pkey DO UPDATE
    SET kind = excluded.kind, expires_on = excluded.expires_on, recorded_at = excluded.recorded_at,
        authentication_until = excluded.authentication_until, signature_until = excluded.signature_until;
END $$;
COMMENT ON FUNCTION passport.record_card(bigint, text, date, date, date, date, date) IS
'Records a resident''s card, or the new dates of one recorded before (same day of issue), and returns its dates. kind: card, or residence_card (特定在留カード); expires_on, authentication_until, signature_until: last days on which the card and its certificates are good; a certificate that the card does not carry is NULL; without expires_on all three follow from the renewal rule of applied_on (without it, of issued_on) and the end of the holder''s period of stay, and it is kept who asked. Errors: PT404 unknown resident, PT422 malformed, or dates out of order.';

CREATE VIEW passport.card_in_use WITH (security_barrier) AS
  SELECT c.resident_id, c.kind, c.issued_on, c.expires_on, c.authentication_until, c.signature_until,
         CASE WHEN r.nationality_class = 'period_of_stay' THEN r.stay_until END AS stay_until,
         r.nationality_class = 'period_of_stay' AS has_stay,
         CASE WHEN EXISTS (SELECT FROM passport.message_language AS l WHERE l.language = r.language)
              THEN r.language ELSE 'en' END AS language
    FROM passport.card AS c JOIN passport.resident AS r USING (resident_id)
   WHERE r.status = 'resident'
     AND NOT EXISTS (SELECT FROM passport.card AS n
                      WHERE n.resident_id = c.resident_id AND n.issued_on > c.issued_on);
COMMENT ON VIEW passport.card_in_use IS
'The card that each resident uses now, none of those who moved out or died, with the end of the holder''s period of stay and the language in which they are told.';
