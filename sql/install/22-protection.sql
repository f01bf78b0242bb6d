-- Address protection (支援措置): one rule, in one place

CREATE TABLE passport.address_protection (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  protection_id bigint GENERATED ALWAYS AS IDENTITY,
  state text NOT NULL CHECK (state IN ('provisional', 'decided', 'ended')),
  from_date date NOT NULL,
  until_date date,
  review_date date,
  noticed_on date,
  protected_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, protection_id),
  CHECK (until_date >= from_date),
  CHECK (state <> 'decided' OR until_date IS NOT NULL),
  CHECK (state <> 'provisional' OR (until_date IS NULL AND review_date IS NOT NULL))
);
COMMENT ON TABLE passport.address_protection IS
'Whose address nobody may be shown, from which day on. provisional (仮支援措置): from the request until it is decided, by review_date; decided: to until_date, and on until staff had notice of its end (noticed_on); ended: by its term or by the duty role. protected_at: when it began, which an extension leaves alone.';
CREATE UNIQUE INDEX address_protection_standing ON passport.address_protection (resident_id) WHERE state <> 'ended';

CREATE TABLE passport.protection_event (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  protection_id bigint,
  event text NOT NULL CHECK (event IN ('requested', 'decided', 'extended', 'noticed', 'lapsed', 'ended', 'viewed')),
  until_date date,
  reason text CHECK (length(reason) BETWEEN 1 AND 400 AND NOT passport.holds_individual_number(reason)),
  done_by text NOT NULL,
  happened_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, event_id),
  FOREIGN KEY (resident_id, protection_id) REFERENCES passport.address_protection,
  CHECK ((reason IS NULL) = (event IN ('noticed', 'lapsed')))
);
COMMENT ON TABLE passport.protection_event IS
'What became of each protection, by whom and why; viewed: the duty role looked at the address. protection_id is empty for who is protected with their household only.';
CREATE TRIGGER protection_event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.protection_event
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- The rule itself; whatever asks whether somebody is protected asks this view.
-- Who shares the household is protected with them, named or not, born or moved
-- in later: their address is the same one.
CREATE VIEW passport.protected_resident WITH (security_barrier) AS
  WITH standing AS (
    SELECT p.resident_id, p.protected_at, r.household_number
      FROM passport.address_protection AS p JOIN passport.resident AS r USING (resident_id)
     WHERE p.state <> 'ended' AND p.from_date <= passport.today()
  )
  SELECT t.resident_id, min(t.protected_at) AS protected_at
    FROM (SELECT s.resident_id, s.protected_at FROM standing AS s
          UNION ALL
          SELECT m.resident_id, s.protected_at
            FROM standing AS s JOIN passport.resident AS m USING (household_number)) AS t
   GROUP BY t.resident_id;
COMMENT ON VIEW passport.protected_resident IS
'Residents whose address is protected today, of their own or with a member of their household, and since when.';

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

CREATE FUNCTION passport.shown_count(counted bigint) RETURNS int
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT counted::int WHERE counted >= current_setting('passport.least_count')::int;
END;
COMMENT ON FUNCTION passport.shown_count(bigint) IS
'How many residents of an area staff are told there are: NULL below passport.least_count, 0 included. Such counts leave protected persons out, or two areas drawn with and without a house would tell who lives there; an area of nobody but them then looks like any other of few, not like an empty one.';

-- What a search tells is what it shows: a candidate found by a guessed address
-- confirms the guess.
CREATE FUNCTION passport.shown_candidates(candidates jsonb) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH candidate AS (
    SELECT c.place, c.value, c.value -> 'explanation' AS explanation, p.resident_id IS NOT NULL AS protected,
           p.resident_id IS NULL
           OR (c.value #>> '{explanation,birth_date}' = 'equal'
               AND coalesce(c.value #>> '{explanation,name}', 'different') NOT IN ('different', 'unknown')) AS shown
      FROM jsonb_array_elements(candidates) WITH ORDINALITY AS c(value, place)
      LEFT JOIN passport.protected_resident AS p ON p.resident_id = (c.value ->> 'resident_id')::bigint
  )
  SELECT coalesce(jsonb_agg(
           CASE WHEN c.protected THEN c.value || '{"score": null}' ELSE c.value END
           || jsonb_build_object('explanation', c.explanation
                || CASE WHEN c.protected THEN '{"address": "protected", "certain": false}' ELSE '{}'::jsonb END
                || jsonb_build_object('others', (c.explanation ->> 'others')::bigint
                                                - (SELECT count(*) FROM candidate AS h WHERE NOT h.shown)))
           ORDER BY c.protected, c.place), '[]')
    FROM candidate AS c WHERE c.shown;
END;
COMMENT ON FUNCTION passport.shown_candidates(jsonb) IS
'Candidates of match_resident(), an array of {"resident_id", "score", "explanation"}, as staff may see them: who is protected stands at the end without a score, with "address": "protected", and only if name and birth date agree.';

CREATE FUNCTION passport.require_reason(reason text) RETURNS void
  LANGUAGE plpgsql PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(length(btrim(reason, E' \t\n　')), 0) = 0 OR length(reason) > 400
     OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason', 'Give a reason of up to 400 characters without an individual number.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_reason(text) IS
'PT422 unless a reason is given: not blank, up to 400 characters, without an individual number.';

CREATE FUNCTION passport.protected_group(resident_id bigint, co_residents bigint[]) RETURNS bigint[]
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  household bigint[];
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = protected_group.resident_id) THEN
    RAISE EXCEPTION 'no such resident' USING ERRCODE = 'PT404';
  END IF;
  household := ARRAY(SELECT h.resident_id FROM passport.household(protected_group.resident_id) AS h);
  IF NOT coalesce(co_residents <@ household, true) THEN
    PERFORM passport.refuse('/co_residents', 'household', 'A co-resident is a member of the resident''s household.');
  END IF;
  RETURN array_append(array_remove(coalesce(co_residents, household), protected_group.resident_id), protected_group.resident_id);
END $$;
COMMENT ON FUNCTION passport.protected_group(bigint, bigint[]) IS
'A resident and those of their household who are named, all of it if NULL. PT404 for an unknown resident, PT422 for somebody of another household.';

CREATE FUNCTION passport.write_protection(residents bigint[], event text, state text, from_date date,
                                          until_date date, review_date date, reason text) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH written AS (
    INSERT INTO passport.address_protection AS p
           (resident_id, state, from_date, until_date, review_date, protected_at)
    SELECT DISTINCT u, write_protection.state, write_protection.from_date, write_protection.until_date,
           write_protection.review_date, passport.now()
      FROM unnest(residents) AS u
    ON CONFLICT (resident_id) WHERE state <> 'ended' DO UPDATE
       SET state = 'decided', from_date = least(p.from_date, excluded.from_date), until_date = excluded.until_date,
           review_date = NULL, noticed_on = NULL
     -- what stands is never shortened, and a request adds nothing to it
     WHERE excluded.state = 'decided' AND (p.until_date IS NULL OR excluded.until_date > p.until_date)
    RETURNING p.resident_id, p.protection_id
  )
  INSERT INTO passport.protection_event (resident_id, protection_id, event, until_date, reason, done_by, happened_at)
  SELECT w.resident_id, w.protection_id, write_protection.event, write_protection.until_date, write_protection.reason,
         session_user, passport.now()
    FROM written AS w;
END;
COMMENT ON FUNCTION passport.write_protection(bigint[], text, text, date, date, date, text) IS
'Step of the functions below: begins or lengthens the protection of each, and keeps who did it and why.';

CREATE FUNCTION passport.request_protection(resident_id bigint, reason text, review_date date DEFAULT NULL,
                                            co_residents bigint[] DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  review_date := coalesce(review_date, passport.today() + 30);
  IF review_date NOT BETWEEN passport.today() AND passport.today() + 92 THEN
    PERFORM passport.refuse('/review_date', 'term', 'A request is looked at again within three months.');
  END IF;
  PERFORM passport.require_reason(reason);
  PERFORM passport.write_protection(passport.protected_group(resident_id, co_residents), 'requested', 'provisional',
                                    passport.today(), NULL, review_date, reason);
END $$;
COMMENT ON FUNCTION passport.request_protection(bigint, text, date, bigint[]) IS
'Protects an address from the day of the request (仮支援措置), before anything is decided and until protect_address() or end_protection() decides it. review_date: when staff are alarmed that it is still undecided, 30 days from today if NULL, three months at most. co_residents: who of the household asks with them, all if NULL; an empty array does not open their address, for it is the same one. A request for somebody who is protected changes nothing. PT404 for an unknown resident, PT422 for what makes no sense. Rule: 住民基本台帳事務処理要領 第5の10.';

CREATE FUNCTION passport.protect_address(resident_id bigint, from_date date, until_date date, reason text,
                                         co_residents bigint[] DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  group_ids bigint[];
BEGIN
  IF from_date IS NULL OR until_date IS NULL OR until_date < from_date OR until_date - from_date > 366
     OR until_date > passport.today() + interval '13 months' THEN
    PERFORM passport.refuse('/until_date', 'term',
      'The term has a first and a last day, lasts one year at most, and ends within 13 months from today.');
  END IF;
  PERFORM passport.require_reason(reason);
  group_ids := passport.protected_group(protect_address.resident_id, co_residents);
  IF EXISTS (SELECT FROM passport.address_protection AS p
              WHERE p.resident_id = protect_address.resident_id AND p.state <> 'ended'
                AND p.until_date > protect_address.until_date) THEN
    RAISE EXCEPTION 'the protection lasts longer already' USING ERRCODE = 'PT409';
  END IF;
  PERFORM passport.write_protection(group_ids, 'decided', 'decided', protect_address.from_date,
                                    protect_address.until_date, NULL, protect_address.reason);
END $$;
COMMENT ON FUNCTION passport.protect_address(bigint, date, date, text, bigint[]) IS
'Protects a resident''s address (DV等支援措置) from a day to a day, both included, for a year at most, or decides a request; from the moment of commit no function or view shows it. Who is protected already is protected to the later of the two last days. co_residents: as of request_protection. PT404 for an unknown resident, PT409 if it would shorten the term, PT422 for a term or reason that makes no sense. Rule: 住民基本台帳事務処理要領 第5の10 (one-year term, extension).';

CREATE FUNCTION passport.extend_protection(resident_id bigint, reason text, co_residents bigint[] DEFAULT NULL) RETURNS date
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  standing passport.address_protection;
  last_day date;
BEGIN
  PERFORM passport.require_reason(reason);
  SELECT * INTO standing FROM passport.address_protection AS p
   WHERE p.resident_id = extend_protection.resident_id AND p.state <> 'ended' FOR UPDATE;
  IF standing.resident_id IS NULL THEN
    RAISE EXCEPTION 'no protection stands' USING ERRCODE = 'PT404', HINT = 'One that has ended is requested anew.';
  ELSIF standing.state = 'provisional' THEN
    RAISE EXCEPTION 'the request is not decided' USING ERRCODE = 'PT409';
  ELSIF passport.today() < standing.until_date - interval '1 month' THEN
    PERFORM passport.refuse('', 'too_early', 'An extension is applied for from one month before the end of the term.');
  END IF;
  last_day := (standing.until_date + interval '1 year')::date;
  PERFORM passport.write_protection(passport.protected_group(extend_protection.resident_id, co_residents), 'extended',
                                    'decided', standing.from_date, last_day, NULL, extend_protection.reason);
  RETURN last_day;
END $$;
COMMENT ON FUNCTION passport.extend_protection(bigint, text, bigint[]) IS
'Extends a decided protection by a year, from one month before the end of its term on; returns its new last day. co_residents: as of request_protection. PT404 when none stands, PT409 for a request that is not decided, PT422 too early. Rule: 住民基本台帳事務処理要領 第5の10.';

CREATE FUNCTION passport.end_protection(resident_id bigint, reason text, co_residents bigint[] DEFAULT '{}') RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  group_ids bigint[];
  ended int;
BEGIN
  PERFORM passport.require_reason(reason);
  group_ids := passport.protected_group(end_protection.resident_id, co_residents);
  WITH over AS (
    UPDATE passport.address_protection AS p SET state = 'ended'
     WHERE p.resident_id = ANY (group_ids) AND p.state <> 'ended'
    RETURNING p.resident_id, p.protection_id, p.until_date
  )
  INSERT INTO passport.protection_event (resident_id, protection_id, event, until_date, reason, done_by, happened_at)
  SELECT o.resident_id, o.protection_id, 'ended', o.until_date, end_protection.reason, session_user, passport.now()
    FROM over AS o;
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END $$;
COMMENT ON FUNCTION passport.end_protection(bigint, text, bigint[]) IS
'The duty role ends a protection before its term, or turns a request down: of the resident, and of those of the household who are named (all if NULL). While another member''s stands the address stays protected. Returns how many ended. PT404 for an unknown resident, PT422 without a reason.';

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
                        WHERE p.resident_id = t.resident_id AND p.state <> 'ended'
                          AND (p.until_date IS NULL OR p.until_date >= due))
     ORDER BY t.resident_id
  LOOP
    PERFORM passport.protect_address(flagged, passport.today(), (passport.today() + interval '1 year')::date - 1,
                                     'flagged in the resident register', '{}');
    RETURN NEXT flagged;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.protect_flagged(bigint[]) IS
'Protects from today for a year, as protect_address() does, those of some residents whom the resident register flags and whose protection does not last another month; returns them. A request that is not decided stays one. The register flags each member of a household by itself. Nothing here ever lifts a protection.';
