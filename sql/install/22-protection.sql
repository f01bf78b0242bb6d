-- Address protection (支援措置): one rule, in one place

CREATE TABLE passport.address_protection (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  from_date date NOT NULL,
  until_date date NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
  protected_by text NOT NULL,
  protected_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, from_date),
  CHECK (until_date >= from_date)
);
COMMENT ON TABLE passport.address_protection IS
'Whose address nobody may be shown, from which day to which, both included.';

-- The rule itself; whatever asks whether somebody is protected asks this view.
CREATE VIEW passport.protected_resident WITH (security_barrier) AS
  SELECT DISTINCT resident_id
    FROM passport.address_protection
   WHERE passport.today() BETWEEN from_date AND until_date;
COMMENT ON VIEW passport.protected_resident IS
'Residents whose address is protected today.';

CREATE FUNCTION passport.address_protected(resident_id bigint) RETURNS boolean
  LANGUAGE sql STABLE
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM passport.protected_resident AS p
                  WHERE p.resident_id = address_protected.resident_id);
END;
COMMENT ON FUNCTION passport.address_protected(bigint) IS
'True if the resident''s address is protected today. To ask for many, join passport.protected_resident.';

CREATE VIEW passport.resident_place WITH (security_barrier) AS
  SELECT r.resident_id, r.household_number,
         CASE WHEN p.resident_id IS NULL THEN r.oaza END AS oaza,
         CASE WHEN p.resident_id IS NULL AND r.location_precision = 'parcel' THEN r.location END AS location,
         CASE WHEN p.resident_id IS NULL THEN r.address END AS address
    FROM passport.resident AS r
    LEFT JOIN passport.protected_resident AS p ON p.resident_id = r.resident_id;
COMMENT ON VIEW passport.resident_place IS
'Where residents live: oaza, location (of those placed at their own parcel: the middle of a 大字 is nobody''s home) and address, all NULL while the address is protected. Every service reads places of persons here, except the selection for alerts, which must reach protected persons too.';

CREATE FUNCTION passport.protect_address(resident_id bigint, from_date date, until_date date, reason text)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF from_date IS NULL OR until_date IS NULL OR until_date < from_date OR until_date - from_date > 366 THEN
    RAISE EXCEPTION 'refused: term'
      USING ERRCODE = 'PT422',
            DETAIL = '{"pointer": "/until_date", "code": "term", "text": "The term has a first and a last day, and lasts one year at most."}';
  ELSIF coalesce(length(reason), 0) NOT BETWEEN 1 AND 400 OR passport.holds_individual_number(reason) THEN
    RAISE EXCEPTION 'refused: reason'
      USING ERRCODE = 'PT422',
            DETAIL = '{"pointer": "/reason", "code": "reason", "text": "Give a reason of up to 400 characters without an individual number."}';
  ELSIF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = protect_address.resident_id) THEN
    RAISE EXCEPTION 'no such resident' USING ERRCODE = 'PT404';
  END IF;

  -- a repeated call may lengthen the term, never shorten it
  INSERT INTO passport.address_protection AS p
         (resident_id, from_date, until_date, reason, protected_by, protected_at)
  VALUES (protect_address.resident_id, protect_address.from_date, protect_address.until_date,
          protect_address.reason, session_user, passport.now())
  ON CONFLICT (resident_id, from_date) DO UPDATE
     SET until_date = excluded.until_date, reason = excluded.reason,
         protected_by = excluded.protected_by, protected_at = excluded.protected_at
   WHERE excluded.until_date >= p.until_date;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the protection lasts longer already' USING ERRCODE = 'PT409';
  END IF;
END $$;
COMMENT ON FUNCTION passport.protect_address(bigint, date, date, text) IS
'Protects a resident''s address (DV等支援措置) from a day to a day, both included, for a year at most; from the moment of commit no function or view shows it. A repeated call for the same first day may lengthen the term. PT404 for an unknown resident, PT409 if it would shorten the term, PT422 for a term or reason that makes no sense. Rule: 住民基本台帳事務処理要領 第5の10 (one-year term, extension).';

CREATE FUNCTION passport.protect_flagged(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- from a month before its end a term may be extended
  due CONSTANT date := (passport.today() + interval '1 month')::date;
  flagged bigint;
BEGIN
  FOR flagged IN
    SELECT t.resident_id FROM unnest(resident_ids) AS t(resident_id)
     WHERE NOT EXISTS (SELECT FROM passport.address_protection AS p
                        WHERE p.resident_id = t.resident_id AND p.from_date <= passport.today() AND p.until_date >= due)
     ORDER BY t.resident_id
  LOOP
    PERFORM passport.protect_address(flagged, passport.today(), (passport.today() + interval '1 year')::date - 1,
                                     'flagged in the resident register');
    RETURN NEXT flagged;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.protect_flagged(bigint[]) IS
'Protects from today for a year, as protect_address() does, those of some residents whom the resident register flags and whose protection does not last another month; returns them. Nothing here ever lifts a protection.';
