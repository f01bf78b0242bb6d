-- Lanes: how urgent messages are, and by which rules each kind of them travels

CREATE TABLE passport.lane (
  lane text PRIMARY KEY,
  urgency smallint NOT NULL UNIQUE,
  priority text NOT NULL CHECK (priority IN ('high', 'normal')),
  lifetime interval NOT NULL CHECK (lifetime > '0' AND lifetime <= '28 days'),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.lane IS
'Lanes of messages, the most urgent first; lifetime: how long a message without an expiry of its own may still be sent (FCM keeps one for 28 days at most).';
INSERT INTO passport.lane VALUES
  ('evacuation', 0, 'high', '1 day', true),
  ('disaster', 1, 'high', '1 day', true),
  ('personal', 2, 'normal', '7 days', true),
  ('broadcast', 3, 'high', '1 day', true),
  ('bulk', 4, 'normal', '3 days', true);

CREATE TABLE passport.lane_rule (
  lane text NOT NULL REFERENCES passport.lane,
  holds_from date NOT NULL,
  per_minute int CHECK (per_minute > 0),
  quiet_from time,
  quiet_until time,
  may_decline boolean NOT NULL,
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (lane, holds_from),
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from <> quiet_until)
);
COMMENT ON TABLE passport.lane_rule IS
'Rules of each lane from a day on; the latest row that holds counts. per_minute: deliveries that are begun in a minute at most, NULL for no limit; quiet_from, quiet_until: the civil time of day in which nothing of it is begun; may_decline: whether residents may decline its messages.';
-- What warns of danger knows no night, no limit, and cannot be declined.
INSERT INTO passport.lane_rule VALUES
  ('evacuation', '-infinity', NULL, NULL, NULL, false, true),
  ('disaster', '-infinity', NULL, NULL, NULL, false, true),
  ('personal', '-infinity', NULL, NULL, NULL, true, true),
  ('broadcast', '-infinity', NULL, NULL, NULL, false, true),
  ('bulk', '-infinity', 6000, '21:00', '07:00', true, true);

CREATE TABLE passport.fallback (
  lane text NOT NULL REFERENCES passport.lane,
  place smallint NOT NULL,
  holds_from date NOT NULL,
  after interval CHECK (after >= '0'),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (lane, place, holds_from)
);
COMMENT ON TABLE passport.fallback IS
'When the channels of each place (passport.channel) are tried for a message of a lane: so long after it was enqueued, if nothing of it was delivered to the person until then; at once where the person has no device of an earlier place. 0: at once in any case; NULL: never. The latest row that holds counts.';
-- A broadcast tells who is outside to keep away: nobody is called for that.
INSERT INTO passport.fallback VALUES
  ('evacuation', 1, '-infinity', '0', true), ('evacuation', 2, '-infinity', '1 minute', true),
  ('evacuation', 3, '-infinity', '2 minutes', true), ('evacuation', 4, '-infinity', '5 minutes', true),
  ('disaster', 1, '-infinity', '0', true), ('disaster', 2, '-infinity', '2 minutes', true),
  ('disaster', 3, '-infinity', '5 minutes', true), ('disaster', 4, '-infinity', '15 minutes', true),
  ('personal', 1, '-infinity', '0', true), ('personal', 2, '-infinity', '1 hour', true),
  ('personal', 3, '-infinity', '1 day', true), ('personal', 4, '-infinity', NULL, true),
  ('broadcast', 1, '-infinity', '0', true), ('broadcast', 2, '-infinity', '5 minutes', true),
  ('broadcast', 3, '-infinity', '15 minutes', true), ('broadcast', 4, '-infinity', NULL, true),
  ('bulk', 1, '-infinity', '0', true), ('bulk', 2, '-infinity', NULL, true),
  ('bulk', 3, '-infinity', '1 day', true), ('bulk', 4, '-infinity', NULL, true);

CREATE TABLE passport.lane_budget (
  lane text PRIMARY KEY REFERENCES passport.lane,
  minute timestamptz NOT NULL,
  begun int NOT NULL
);
COMMENT ON TABLE passport.lane_budget IS
'How many deliveries of a lane with a limit were begun in the minute that was counted last.';

CREATE FUNCTION passport.lane_rules() RETURNS SETOF passport.lane_rule
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT ON (r.lane) r.* FROM passport.lane_rule AS r
   WHERE r.holds_from <= passport.today() ORDER BY r.lane, r.holds_from DESC;
END;
COMMENT ON FUNCTION passport.lane_rules() IS
'The rule of each lane that holds today.';

CREATE FUNCTION passport.lane_places(lane text) RETURNS TABLE (place smallint, after interval)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT f.place, f.after
    FROM (SELECT DISTINCT ON (f.place) f.place, f.after FROM passport.fallback AS f
           WHERE f.lane = lane_places.lane AND f.holds_from <= passport.today()
           ORDER BY f.place, f.holds_from DESC) AS f
   WHERE f.after IS NOT NULL;
END;
COMMENT ON FUNCTION passport.lane_places(text) IS
'The places of channels that a lane uses today, and after how long each.';

CREATE FUNCTION passport.open_lanes(OUT lane text, OUT urgency smallint, OUT per_minute int) RETURNS SETOF record
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.lane, l.urgency, r.per_minute
    FROM passport.lane AS l JOIN passport.lane_rules() AS r ON r.lane = l.lane
   CROSS JOIN (SELECT (passport.now() AT TIME ZONE current_setting('passport.timezone'))::time AS time) AS civil
   WHERE NOT coalesce(CASE WHEN r.quiet_from < r.quiet_until
                           THEN civil.time >= r.quiet_from AND civil.time < r.quiet_until
                           ELSE civil.time >= r.quiet_from OR civil.time < r.quiet_until END, false)
   ORDER BY l.urgency;
END;
COMMENT ON FUNCTION passport.open_lanes() IS
'The lanes of which deliveries may be begun at this time of day, the most urgent first, and how many in a minute (NULL: no limit).';

CREATE FUNCTION passport.set_lane_rule(lane text, per_minute int, quiet_from time, quiet_until time, may_decline boolean) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.lane AS l WHERE l.lane = set_lane_rule.lane) THEN
    RAISE EXCEPTION 'unknown lane' USING ERRCODE = 'PT404', HINT = 'Lanes are listed in passport.lane.';
  ELSIF lane IN ('evacuation', 'disaster', 'broadcast') AND (quiet_from IS NOT NULL OR per_minute IS NOT NULL OR may_decline) THEN
    PERFORM passport.refuse('/lane', 'warning', 'What warns of danger has no limit and no quiet hours, and nobody declines it.');
  END IF;
  INSERT INTO passport.lane_rule AS r (lane, holds_from, per_minute, quiet_from, quiet_until, may_decline)
  VALUES (lane, passport.today(), per_minute, quiet_from, quiet_until, may_decline)
  ON CONFLICT ON CONSTRAINT lane_rule_pkey
  DO UPDATE SET per_minute = excluded.per_minute, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
                may_decline = excluded.may_decline;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/per_minute', 'out_of_range',
    'per_minute is positive or NULL, quiet hours are two different times or none, may_decline is true or false.');
END $$;
COMMENT ON FUNCTION passport.set_lane_rule(text, int, time, time, boolean) IS
'Sets a lane''s rule from today on. lane: personal or bulk (of evacuation, disaster and broadcast only what is shipped holds); per_minute: deliveries begun in a minute, NULL for no limit; quiet_from, quiet_until: civil times between which nothing is begun, both NULL for none; may_decline: whether residents may decline its messages. Errors: PT404 no such lane, PT422 out of range.';

CREATE FUNCTION passport.set_fallback(lane text, place int, after interval) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.fallback AS f WHERE f.lane = set_fallback.lane AND f.place = set_fallback.place) THEN
    RAISE EXCEPTION 'unknown lane or place' USING ERRCODE = 'PT404', HINT = 'Both are listed in passport.fallback.';
  ELSIF lane IN ('evacuation', 'disaster') AND after IS NULL THEN
    PERFORM passport.refuse('/after', 'warning', 'What warns of danger goes through every channel that a person has.');
  END IF;
  INSERT INTO passport.fallback AS f (lane, place, holds_from, after) VALUES (lane, place, passport.today(), after)
  ON CONFLICT ON CONSTRAINT fallback_pkey DO UPDATE SET after = excluded.after;
EXCEPTION WHEN check_violation THEN
  PERFORM passport.refuse('/after', 'out_of_range', 'after is 0 or longer, or NULL for never.');
END $$;
COMMENT ON FUNCTION passport.set_fallback(text, int, interval) IS
'Sets after how long the channels of a place are tried for messages of a lane, from today on, for messages to come. place: as in passport.channel; after: 0 for at once in any case (onto the call list: as soon as it shows to whom nothing was delivered), NULL for never (not for evacuation and disaster). Errors: PT404 no such lane or place, PT422 out of range.';
