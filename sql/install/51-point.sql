-- Points: an append-only ledger of entries
--
-- The points of one award are a lot.  An award books its points when the event
-- happened, and takes them back on the day on which they expire: that entry
-- waits in the future.  Spending takes from the lots that expire first, and
-- releases as much of their expiry.  So the balance at any time, past or to
-- come, is the sum of what is effective by then, and the entries of a lot sum
-- to zero at the end of time.  What never expires does so at infinity.
--
-- A reversal mirrors what it reverses at the same effective times: the balance
-- at a past time is then as corrected; as it was known, recorded_at tells.

CREATE TABLE passport.point_account (
  resident_id bigint PRIMARY KEY REFERENCES passport.resident,
  version bigint NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE passport.point_account IS
'One row for each resident with points: what their bookings lock. version: the number of their entries, and the id of the last. It holds no balance: that changes with time by itself.';

-- The functions below alone write this table, and check_ledger() says what its
-- rows keep to.  CHECKs would be read and compiled anew by every award, at a
-- sixth of its cost, and a foreign key would lock for each entry, at a seventh,
-- the account that the same booking has just changed: accounts are never
-- deleted, and hold the residents.
CREATE TABLE passport.point_entry (
  resident_id bigint NOT NULL,
  entry_id bigint NOT NULL,
  lot_id bigint NOT NULL,
  cause bigint NOT NULL,
  kind text NOT NULL,
  points int NOT NULL,
  effective_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  occurred_on date,
  quantity numeric(10,3),
  program text,
  event_key text,
  detail jsonb,
  PRIMARY KEY (resident_id, entry_id) INCLUDE (effective_at, points)
);
COMMENT ON TABLE passport.point_entry IS
'The points ledger, append-only. entry_id counts each resident''s entries from 1; lot_id: the award that the points are of; cause: the entry that began the booking, or the one that is reversed; expiry and release are effective when their lot ends; occurred_on: day of the event, of an award and its reversal; event_key: the caller''s key, of an award or the first entry of a spend. Programs are never deleted, so that no foreign key need lock them.';

CREATE UNIQUE INDEX point_entry_event ON passport.point_entry (resident_id, program, event_key)
  WHERE kind = 'award';
CREATE INDEX point_entry_day ON passport.point_entry (resident_id, program, occurred_on)
  INCLUDE (points) WHERE occurred_on IS NOT NULL;
CREATE UNIQUE INDEX point_entry_spend ON passport.point_entry (resident_id, event_key)
  WHERE kind = 'spend' AND event_key IS NOT NULL;

CREATE TRIGGER point_entry_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.point_entry
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TRIGGER point_account_stays
  BEFORE DELETE OR TRUNCATE ON passport.point_account
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.award_points(
  resident_id bigint, program text, event_key text, occurred_at timestamptz, quantity numeric DEFAULT 1,
  OUT entry_id bigint, OUT points int, OUT verdict text, OUT detail text) RETURNS record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_award_points';
COMMENT ON FUNCTION passport.award_points(bigint, text, text, timestamptz, numeric) IS
'Awards a resident the points of an event by the program''s rule of that day. event_key: the caller''s name for the event, 1 to 200 bytes; occurred_at: when it happened, not in the future; quantity: how much of it, above 0, at most 1,000,000, in thousandths. verdict: awarded; repeated (same event_key, same content: the first answer again); capped (fewer points than earned, perhaps 0: detail names the cap); refused (detail: not_resident, no_rule, before_window, after_window, too_late, too_young, age_unknown, once_per_day, once_per_fiscal_year, once_ever, worth_nothing, already_expired). entry_id is NULL where nothing was booked. Errors: PT404 unknown resident or program, PT409 event_key used with other content, PT422 malformed argument.';

CREATE FUNCTION passport.award_roster(
  program text, event_key text, resident_ids bigint[], occurred_at timestamptz,
  OUT awarded int, OUT repeated int, OUT refused int, OUT points bigint) RETURNS record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_award_roster';
COMMENT ON FUNCTION passport.award_roster(text, text, bigint[], timestamptz) IS
'Awards everybody on a roster the points of one event, each a quantity of 1, as award_points() would. resident_ids: at most 1,000,000, each counted once however often named. Returns how many were awarded now (a cap may have lowered what they got), had been awarded by this event_key before, got nothing (refused, or a cap left nothing), and the points awarded now. All or nothing. Errors: PT404 unknown program or resident (DETAIL points at one), PT409 event_key used with other content, PT422 malformed argument, NULL element, or too many.';

CREATE FUNCTION passport.spend_points(
  resident_id bigint, points int, item text, idempotency_key text,
  OUT entry_id bigint, OUT balance bigint) RETURNS record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_spend_points';
COMMENT ON FUNCTION passport.spend_points(bigint, int, text, text) IS
'Spends a resident''s points at the counter, those that expire first. points: above 0; item: what for, 1 to 200 characters; idempotency_key: the caller''s, 1 to 200 bytes. Returns the first entry of the booking and the balance after it; the same key with the same content returns the first answer. Errors: PT404 unknown resident, PT409 key used with other content, PT422 malformed argument, not_resident (moved out or dead), not_enough_points.';

CREATE FUNCTION passport.spend_my_points(
  points int, item text, idempotency_key text,
  OUT entry_id bigint, OUT balance bigint) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_level('spend_my_points');
  SELECT s.entry_id, s.balance INTO entry_id, balance
    FROM passport.spend_points(passport.record_act('spend_my_points'), points, item, idempotency_key) AS s;
END $$;
COMMENT ON FUNCTION passport.spend_my_points(int, text, text) IS
'spend_points() for the resident who acts (authenticate()). Errors: PT401 nobody acts, and those of spend_points().';

CREATE FUNCTION passport.reverse_points(
  resident_id bigint, entry_id bigint, reason text,
  OUT reversal_id bigint, OUT points int, OUT missing int, OUT balance bigint) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  account passport.point_account;
  head passport.point_entry;
  earlier passport.point_entry;
BEGIN
  IF reason IS NULL OR length(reason) NOT BETWEEN 1 AND 200 OR passport.holds_individual_number(reason) THEN
    RAISE EXCEPTION 'refused: reason' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/reason", "code": "reason", "text": "A reason has 1 to 200 characters, and no individual number."}';
  END IF;
  -- every booking changes this row, so nothing is booked beside us
  SELECT * INTO account FROM passport.point_account AS a
   WHERE a.resident_id = reverse_points.resident_id FOR NO KEY UPDATE;
  SELECT * INTO head FROM passport.point_entry AS e
   WHERE e.resident_id = reverse_points.resident_id AND e.entry_id = reverse_points.entry_id
     AND e.kind IN ('award', 'spend') AND e.cause = e.entry_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown award or spend' USING ERRCODE = 'PT404';
  END IF;
  SELECT * INTO earlier FROM passport.point_entry AS e
   WHERE e.resident_id = head.resident_id AND e.kind = 'reversal' AND e.cause = head.entry_id
   ORDER BY e.entry_id LIMIT 1;
  IF FOUND THEN
    IF earlier.detail ->> 'reason' <> reason THEN
      RAISE EXCEPTION 'already reversed for another reason' USING ERRCODE = 'PT409';
    END IF;
    reversal_id := earlier.entry_id;
  ELSE
    reversal_id := passport.book_reversal(head.resident_id, head.entry_id, account.version, reason);
    IF reversal_id IS NULL THEN
      RAISE EXCEPTION 'refused: nothing_left' USING ERRCODE = 'PT422',
        DETAIL = '{"pointer": "/entry_id", "code": "nothing_left", "text": "All points of this award are spent or expired."}',
        HINT = 'Reverse what they were spent for first.';
    END IF;
  END IF;
  SELECT sum(abs(e.points)) FILTER (WHERE e.kind = 'reversal' AND e.cause = head.entry_id),
         abs(sum(e.points) FILTER (WHERE e.kind = head.kind AND e.cause = head.entry_id))
    INTO points, missing
    FROM passport.point_entry AS e WHERE e.resident_id = head.resident_id;
  missing := missing - points;
  balance := passport.point_balance(head.resident_id);
END $$;
COMMENT ON FUNCTION passport.reverse_points(bigint, bigint, text) IS
'Takes back an award, or gives back what was spent, by the entry_id that award_points() or spend_points() returned. reason: 1 to 200 characters, for the resident too. Everything is booked at the times of what is reversed, so that point_balance() at a past time is as corrected; points given back to a lot that has expired meanwhile are gone again, and those of a lot whose award was reversed are taken back too. Returns the reversal''s first entry, the points reversed, those of an award that were spent or expired already and so are missing, and the balance now. The same reason again returns the first answer''s entry. Errors: PT404 unknown entry, or one that is no award or spend; PT409 reversed for another reason; PT422 malformed reason, nothing_left.';

CREATE FUNCTION passport.book_reversal(resident_id bigint, reversed bigint, version bigint, reason text)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  booked bigint;
BEGIN
  WITH entry AS MATERIALIZED (
    SELECT e.* FROM passport.point_entry AS e WHERE e.resident_id = book_reversal.resident_id
  ), lot AS (
    -- what a lot still holds is what its end would take
    SELECT e.lot_id, (-sum(e.points) FILTER (WHERE e.kind IN ('expiry', 'release')))::int AS held,
           max(e.effective_at) FILTER (WHERE e.kind = 'expiry') AS ends_at
      FROM entry AS e GROUP BY e.lot_id
  ), step AS (
    -- an award: what its lot still holds
    SELECT a.lot_id, 1 AS place, a.entry_id AS cause, a.program, a.occurred_on, a.effective_at, l.ends_at,
           CASE WHEN l.ends_at > passport.now() THEN -l.held ELSE 0 END AS points
      FROM entry AS a JOIN lot AS l USING (lot_id)
     WHERE a.entry_id = reversed AND a.kind = 'award'
    UNION ALL
    -- a spend: what it took from each lot
    SELECT s.lot_id, 1, reversed, NULL, NULL, s.effective_at, l.ends_at, -s.points
      FROM entry AS s JOIN lot AS l USING (lot_id)
     WHERE s.cause = reversed AND s.kind = 'spend'
    UNION ALL
    -- and from a lot whose award was reversed meanwhile, that goes on to there
    SELECT s.lot_id, 2, a.entry_id, a.program, a.occurred_on, a.effective_at, l.ends_at, s.points
      FROM entry AS s JOIN lot AS l USING (lot_id) JOIN entry AS a ON a.entry_id = s.lot_id
     WHERE s.cause = reversed AND s.kind = 'spend'
       AND EXISTS (SELECT FROM entry AS r WHERE r.kind = 'reversal' AND r.cause = a.entry_id)
  ), line AS (
    SELECT version + row_number() OVER (ORDER BY s.lot_id, s.place, n.nth) AS entry_id, s.lot_id, s.cause,
           CASE WHEN n.nth = 1 THEN 'reversal' WHEN s.points > 0 THEN 'expiry' ELSE 'release' END AS kind,
           CASE WHEN n.nth = 1 THEN s.points ELSE -s.points END AS points,
           CASE WHEN n.nth = 1 THEN s.effective_at ELSE s.ends_at END AS effective_at,
           CASE WHEN n.nth = 1 THEN s.occurred_on END AS occurred_on,
           CASE WHEN n.nth = 1 THEN s.program END AS program,
           CASE WHEN n.nth = 1 THEN jsonb_build_object('reason', reason) END AS detail
      FROM step AS s CROSS JOIN (VALUES (1), (2)) AS n(nth)
     WHERE s.points <> 0
  ), account AS (
    UPDATE passport.point_account AS a SET version = a.version + (SELECT count(*) FROM line)
     WHERE a.resident_id = book_reversal.resident_id
  ), written AS (
    INSERT INTO passport.point_entry (resident_id, entry_id, lot_id, cause, kind, points, effective_at,
                                      recorded_at, occurred_on, program, detail)
    SELECT book_reversal.resident_id, l.entry_id, l.lot_id, l.cause, l.kind, l.points, l.effective_at,
           passport.now(), l.occurred_on, l.program, l.detail
      FROM line AS l
    RETURNING entry_id
  )
  SELECT min(w.entry_id) INTO booked FROM written AS w;
  RETURN booked;
END $$;
COMMENT ON FUNCTION passport.book_reversal(bigint, bigint, bigint, text) IS
'Part of reverse_points(), which holds the account''s lock: books the mirror of an award or a spend. version: the account''s. Returns the first entry, NULL if there was nothing to book.';

CREATE FUNCTION passport.point_balance(
  resident_id bigint, at timestamptz DEFAULT passport.now(), known_at timestamptz DEFAULT 'infinity')
  RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(sum(e.points), 0)::bigint
    FROM passport.point_entry AS e
   WHERE e.resident_id = point_balance.resident_id
     AND e.effective_at <= at
     AND (known_at = 'infinity' OR e.recorded_at <= known_at);
END;
COMMENT ON FUNCTION passport.point_balance(bigint, timestamptz, timestamptz) IS
'Balance of a resident''s points at a time, past or to come (then without what has expired by then); 0 for somebody without any. known_at: as it was known then; without it as corrected since.';

CREATE FUNCTION passport.point_holders(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.resident_id
    FROM passport.point_entry AS e
   WHERE e.resident_id = ANY (resident_ids) AND e.effective_at <= passport.now()
   GROUP BY e.resident_id HAVING sum(e.points) > 0;
END;
COMMENT ON FUNCTION passport.point_holders(bigint[]) IS
'Those of some residents who have points now. Nothing freezes these when somebody leaves: an award or a spend asks the register whether they are a resident (not_resident), each time, so that no order of events can let one through; expiry goes on.';

CREATE FUNCTION passport.my_point_balance(at timestamptz DEFAULT passport.now()) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN passport.point_balance(passport.record_act('my_point_balance'), at);
END $$;
COMMENT ON FUNCTION passport.my_point_balance(timestamptz) IS
'point_balance() of the resident who acts (authenticate()). Errors: PT401 nobody acts.';

CREATE FUNCTION passport.point_history(resident_id bigint, max_rows int DEFAULT 1000)
  RETURNS TABLE (entry_id bigint, kind text, points int, effective_at timestamptz, recorded_at timestamptz,
                 lot_id bigint, program text, event_key text, detail text)
  LANGUAGE sql STABLE SECURITY DEFINER ROWS 100
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.entry_id, e.kind, e.points, e.effective_at, e.recorded_at, e.lot_id, e.program, e.event_key,
         coalesce(e.detail ->> 'item', e.detail ->> 'reason', e.detail ->> 'cap')
    FROM passport.point_entry AS e
   WHERE e.resident_id = point_history.resident_id
   ORDER BY e.entry_id DESC
   LIMIT least(max_rows, 10000);
END;
COMMENT ON FUNCTION passport.point_history(bigint, int) IS
'Ledger of a resident, the newest entry first, at most max_rows (10,000). kind: award, expiry (what the end of its lot will take or took), spend, release (of an expiry, by a spend or reversal), reversal; detail: what it was spent for, why it was reversed, or the cap that lowered it.';

CREATE FUNCTION passport.my_point_history(max_rows int DEFAULT 1000)
  RETURNS TABLE (entry_id bigint, kind text, points int, effective_at timestamptz, recorded_at timestamptz,
                 lot_id bigint, program text, event_key text, detail text)
  LANGUAGE plpgsql SECURITY DEFINER ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_level('my_point_history');
  RETURN QUERY SELECT * FROM passport.point_history(passport.record_act('my_point_history'), max_rows);
END $$;
COMMENT ON FUNCTION passport.my_point_history(int) IS
'point_history() of the resident who acts (authenticate()). Errors: PT401 nobody acts.';

CREATE FUNCTION passport.check_ledger()
  RETURNS TABLE (resident_id bigint, entry_id bigint, problem text)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT resident_id, coalesce(a.version, l.last), 'the account''s version is not the number of its entries'
    FROM passport.point_account AS a
    FULL JOIN (SELECT e.resident_id, count(*) AS entries, max(e.entry_id) AS last
                 FROM passport.point_entry AS e GROUP BY e.resident_id) AS l USING (resident_id)
   WHERE a.version IS DISTINCT FROM l.entries OR a.version IS DISTINCT FROM l.last
  UNION ALL
  SELECT e.resident_id, e.entry_id, 'the entry is not what its kind says'
    FROM passport.point_entry AS e
   WHERE NOT CASE e.kind
               WHEN 'award' THEN e.points > 0 AND e.quantity > 0 AND e.lot_id = e.entry_id
                                 AND e.occurred_on IS NOT NULL AND e.program IS NOT NULL
                                 AND e.event_key IS NOT NULL
               WHEN 'reversal' THEN e.points <> 0 AND e.detail ? 'reason'
               WHEN 'spend' THEN e.points < 0
               WHEN 'expiry' THEN e.points < 0
               WHEN 'release' THEN e.points > 0
               ELSE false END
  UNION ALL
  SELECT e.resident_id, e.lot_id, 'the lot does not sum to zero at its end'
    FROM passport.point_entry AS e GROUP BY e.resident_id, e.lot_id HAVING sum(e.points) <> 0
  UNION ALL
  SELECT s.resident_id, s.lot_id, 'the lot is below zero for a time'
    FROM (SELECT e.resident_id, e.lot_id,
                 sum(sum(e.points)) OVER (PARTITION BY e.resident_id, e.lot_id ORDER BY e.effective_at) AS held
            FROM passport.point_entry AS e GROUP BY e.resident_id, e.lot_id, e.effective_at) AS s
   WHERE s.held < 0
   GROUP BY s.resident_id, s.lot_id
  UNION ALL
  SELECT e.resident_id, e.entry_id, 'the entry is of no lot'
    FROM passport.point_entry AS e
   WHERE NOT EXISTS (SELECT FROM passport.point_entry AS a
                      WHERE a.resident_id = e.resident_id AND a.entry_id = e.lot_id AND a.kind = 'award')
  UNION ALL
  SELECT e.resident_id, e.entry_id, 'the entry names no program'
    FROM passport.point_entry AS e
   WHERE e.program IS NOT NULL
     AND NOT EXISTS (SELECT FROM passport.program AS p WHERE p.program = e.program);
END;
COMMENT ON FUNCTION passport.check_ledger() IS
'Entries of the points ledger that break an invariant: none, or something is badly wrong. Reads the whole ledger.';
