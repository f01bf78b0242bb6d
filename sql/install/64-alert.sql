-- Alerts: what is drafted, for whom, and what is kept of it

CREATE TABLE passport.alert (
  alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin text DEFAULT nullif(current_setting('passport.origin'), ''),   -- which database sent it, when there were several
  origin_alert_id bigint,         -- its number there; NULL: this one
  operating_area text REFERENCES passport.operating_area,
  hazard text NOT NULL,
  level int NOT NULL CHECK (level BETWEEN 1 AND 5),
  mode text NOT NULL CHECK (mode IN ('live', 'drill')),
  repeats boolean NOT NULL DEFAULT false,   -- says again what was said, on purpose
  sensor text,
  area geometry(MultiPolygon,4326) NOT NULL,
  area_names text[] NOT NULL,
  texts jsonb NOT NULL,
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'cancelled', 'ended', 'expired')),
  drafted_by text NOT NULL,
  drafted_at timestamptz NOT NULL,
  draft_until timestamptz NOT NULL,
  headcount int NOT NULL CHECK (headcount >= 0),
  households int NOT NULL,
  needing_help int NOT NULL,
  unplaced int NOT NULL DEFAULT 0,
  approved_by text,
  approved_at timestamptz,
  alone boolean NOT NULL DEFAULT false,   -- break-glass: drafted and approved by one person
  expires_at timestamptz,         -- until when an undelivered message is still sent
  overdue_at timestamptz,         -- since when staff have been told that an order is past that
  notification_id bigint,         -- the message to all who are inside now
  recipients int,
  deliveries bigint,
  unreachable bigint,
  broadcast_notification_id bigint,   -- to everybody else
  cancelled_by text,
  cancelled_at timestamptz,
  cancel_reason text CHECK (length(cancel_reason) BETWEEN 1 AND 400),
  ended_by text,                  -- NULL of an ended one: its time ran out
  ended_at timestamptz,
  CHECK ((approved_at IS NULL) = (approved_by IS NULL)),
  CHECK (approved_by <> drafted_by OR alone),
  CHECK (state <> 'approved' OR approved_at IS NOT NULL),
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
COMMENT ON TABLE passport.alert IS
'Alerts from draft to end, with who did what and when; level, area and texts are the latest said, alert_message has all. A row is never deleted. headcount, households, needing_help: those of the latest area who may be counted, households and needs as they were drafted, the head-count as it was confirmed; recipients, deliveries, unreachable: all whom the latest message reached, protected ones too.';
CREATE UNIQUE INDEX alert_origin ON passport.alert (origin, origin_alert_id);
CREATE INDEX alert_open ON passport.alert (alert_id) WHERE state IN ('draft', 'approved');
CREATE TRIGGER alert_stays BEFORE DELETE OR TRUNCATE ON passport.alert
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- Rows enter through add_recipients() alone, which reads them from
-- passport.resident: foreign keys would check each of a million rows again, for
-- longer than all the rest of an alert takes.
CREATE TABLE passport.alert_recipient (
  resident_id bigint NOT NULL,
  alert_id bigint NOT NULL,
  household_number text NOT NULL,
  needs_help boolean NOT NULL,
  reasons text[] NOT NULL DEFAULT '{home}',
  PRIMARY KEY (resident_id, alert_id)
);
COMMENT ON TABLE passport.alert_recipient IS
'Who an alert was sent to, with their household and need on that day, and why they were selected (reasons as of selected()). Somebody without a household is one of their own ("-" and the resident_id).';
CREATE INDEX alert_recipient_alert ON passport.alert_recipient (alert_id);
CREATE TRIGGER alert_recipient_stays BEFORE UPDATE OR TRUNCATE ON passport.alert_recipient
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.alert_move (
  resident_id bigint NOT NULL,
  alert_id bigint NOT NULL,
  message_no int NOT NULL,
  inside boolean NOT NULL,
  PRIMARY KEY (resident_id, alert_id, message_no),
  FOREIGN KEY (resident_id, alert_id) REFERENCES passport.alert_recipient ON DELETE CASCADE
);
COMMENT ON TABLE passport.alert_move IS
'Recipients whom an update of an alert put outside its area, or inside, newly or again; the latest counts. Without any: inside since the first message.';
CREATE TRIGGER alert_move_stays BEFORE UPDATE OR TRUNCATE ON passport.alert_move
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE VIEW passport.alert_inside WITH (security_barrier) AS
  SELECT t.* FROM passport.alert_recipient AS t
   WHERE coalesce((SELECT v.inside FROM passport.alert_move AS v
                    WHERE v.resident_id = t.resident_id AND v.alert_id = t.alert_id
                    ORDER BY v.message_no DESC LIMIT 1), true);
COMMENT ON VIEW passport.alert_inside IS
'Recipients of each alert whom its latest message concerns, protected ones too.';

CREATE TABLE passport.alert_message (
  alert_id bigint NOT NULL REFERENCES passport.alert,
  message_no int NOT NULL CHECK (message_no > 0),
  message text NOT NULL CHECK (message IN ('alert', 'update', 'renew', 'cancel', 'end')),
  level int NOT NULL,
  area geometry(MultiPolygon,4326) NOT NULL,
  area_names text[] NOT NULL,
  texts jsonb NOT NULL,
  sent_by text NOT NULL,
  sent_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  headcount int NOT NULL,
  households int NOT NULL,
  needing_help int NOT NULL,
  notification_id bigint,
  recipients int NOT NULL,
  deliveries bigint NOT NULL,
  unreachable bigint NOT NULL,
  PRIMARY KEY (alert_id, message_no)
);
COMMENT ON TABLE passport.alert_message IS
'What each alert said, word for word: the alert itself, its updates, that an order still stands (renew: for machines only, nobody is sent it again), and its cancel or its end (the all clear). headcount, households, needing_help: as of alert, when it was said; recipients, deliveries, unreachable: to how many, protected ones too.';
CREATE TRIGGER alert_message_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.alert_message
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.alert_name(a passport.alert) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat_ws('-', a.origin, coalesce(a.origin_alert_id, a.alert_id));
END;
COMMENT ON FUNCTION passport.alert_name(passport.alert) IS
'What an alert is called outside: its number, with the database it is from before it when there were several. It stays when they are merged.';

CREATE FUNCTION passport.alert_area_names(area geometry) RETURNS text[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH named AS (
    SELECT p.oaza AS name, count(*) AS residents
      FROM passport.residents_in(area) AS r(resident_id)
      JOIN passport.resident_place AS p USING (resident_id)
     WHERE p.oaza IS NOT NULL
     GROUP BY p.oaza
     ORDER BY residents DESC, name LIMIT 8
  )
  SELECT coalesce(
    (SELECT array_agg(n.name ORDER BY n.residents DESC, n.name) FROM named AS n),
    (SELECT array_agg(m.name) FROM passport.municipality_area AS m
      WHERE m.code = current_setting('passport.municipality_code')));
END;
COMMENT ON FUNCTION passport.alert_area_names(geometry) IS
'Names by which residents know an area: the 大字 in which its residents live, at most eight, most residents first; the municipality''s where nobody does.';

CREATE FUNCTION passport.alert_shelters(area geometry, hazard text) RETURNS text[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(n.name ORDER BY n.distance, n.name)
    FROM (SELECT s.name, ST_Distance(s.location, area) AS distance
            FROM passport.shelter AS s
           -- rain floods from within (内水氾濫)
           WHERE CASE alert_shelters.hazard WHEN 'heavy_rain' THEN 'inland_flood' ELSE alert_shelters.hazard END = ANY (s.hazards)
             AND NOT ST_Intersects(s.location, area)
           ORDER BY 2, 1 LIMIT 3) AS n;
END;
COMMENT ON FUNCTION passport.alert_shelters(geometry, text) IS
'The three nearest shelters outside an area that are designated for the hazard, nearest first; NULL when there is none.';

CREATE FUNCTION passport.alert_texts(hazard text, level int, area geometry, area_names text[])
  RETURNS jsonb
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  shelters text[] := passport.alert_shelters(area, hazard);
  shelter jsonb;
BEGIN
  IF shelters IS NULL THEN
    SELECT jsonb_object_agg(l.language, l.safe_place) INTO shelter FROM passport.message_language AS l;
  ELSE
    shelter := passport.join_names(shelters);
  END IF;
  RETURN passport.message_texts(hazard, level, passport.today(),
           jsonb_build_object('area', passport.join_names(area_names), 'shelter', shelter));
END $$;
COMMENT ON FUNCTION passport.alert_texts(text, int, geometry, text[]) IS
'Texts of an alert from the templates, with the names of its area and the shelters to go to. Errors: those of message_texts.';

CREATE FUNCTION passport.said_already(mode text, area geometry, texts jsonb) RETURNS timestamptz
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT max(m.sent_at)
    FROM passport.alert_message AS m JOIN passport.alert AS a USING (alert_id)
   WHERE a.mode = said_already.mode AND m.message IN ('alert', 'update') AND m.texts = said_already.texts
     AND (a.state = 'approved' OR m.sent_at > passport.now() - interval '3 hours')
     AND ST_Equals(m.area, said_already.area);
END;
COMMENT ON FUNCTION passport.said_already(text, geometry, jsonb) IS
'When these very texts were sent to this very area, by an alert that is in force or within three hours; NULL: not.';

-- An old message was once sent again by a system that was being changed.
CREATE FUNCTION passport.ask_before_repeating(mode text, area geometry, texts jsonb) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  said CONSTANT timestamptz := passport.said_already(mode, area, texts);
BEGIN
  IF said IS NOT NULL THEN
    RAISE EXCEPTION 'the same was said to the same area already'
      USING ERRCODE = 'PT409', DETAIL = jsonb_build_object('sent_at', said)::text,
            HINT = 'If it shall be sent once more, draft it with repeat => true.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.ask_before_repeating(text, geometry, jsonb) IS
'Raises PT409 (DETAIL: {"sent_at"}) when said_already().';

CREATE FUNCTION passport.expire_drafts() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  expired int;
BEGIN
  WITH stale AS (
    UPDATE passport.alert AS a SET state = 'expired'
     WHERE a.state = 'draft' AND a.draft_until <= passport.now() RETURNING 1
  ), stale_update AS (
    UPDATE passport.alert_update AS u SET state = 'expired'
     WHERE u.state = 'draft' AND u.draft_until <= passport.now() RETURNING 1
  )
  SELECT (SELECT count(*) FROM stale) + (SELECT count(*) FROM stale_update) INTO expired;
  RETURN expired;
END $$;
COMMENT ON FUNCTION passport.expire_drafts() IS
'Marks drafts of alerts and updates that nobody approved in time as expired; returns how many. A stale draft cannot be approved whether or not this has run.';

CREATE FUNCTION passport.draft_alert(hazard text, level int, area geometry, sensor text DEFAULT NULL,
                                     mode text DEFAULT 'live', texts jsonb DEFAULT NULL,
                                     repeat boolean DEFAULT false,
                                     OUT alert_id bigint, OUT headcount int, OUT households int,
                                     OUT needing_help int, OUT unplaced int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  problem text := passport.alert_area_problem(area);
  names text[];
BEGIN
  IF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  ELSIF mode IS NULL OR mode NOT IN ('live', 'drill') OR repeat IS NULL THEN
    PERFORM passport.refuse('/mode', 'mode', 'The mode is live or drill.');
  ELSIF (passport.alert_words(hazard, level, passport.today())).level IS NULL THEN
    PERFORM passport.refuse('/level', 'level', 'There is no such level of this hazard today.');
  ELSIF sensor IS NOT NULL AND NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = draft_alert.sensor) THEN
    RAISE EXCEPTION 'no such sensor' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.require_mode(mode);
  PERFORM passport.refuse_individual_number('/texts', texts::text);
  PERFORM passport.expire_drafts();
  area := passport.alert_area(area);
  PERFORM passport.require_operated(area);
  names := passport.alert_area_names(area);
  texts := CASE WHEN texts IS NULL THEN passport.alert_texts(hazard, level, area, names)
                ELSE passport.complete_texts(texts) END;
  IF mode = 'drill' THEN
    texts := passport.mark_drill(texts);
  END IF;

  IF NOT repeat THEN
    PERFORM passport.ask_before_repeating(mode, area, texts);
  END IF;

  SELECT c.headcount, c.households, c.needing_help INTO headcount, households, needing_help FROM passport.count_area(area) AS c;
  unplaced := passport.count_unplaced();
  INSERT INTO passport.alert AS a
         (operating_area, hazard, level, mode, repeats, sensor, area, area_names, texts, drafted_by, drafted_at, draft_until,
          headcount, households, needing_help, unplaced)
  VALUES (passport.operating_area_of(area), hazard, level, mode, repeat, sensor, area, names, texts, session_user, passport.now(),
          passport.now() + interval '30 minutes', headcount, households, needing_help, unplaced)
  RETURNING a.alert_id INTO alert_id;
  headcount := passport.shown_count(headcount);
  households := passport.shown_count(households);
  needing_help := passport.shown_count(needing_help);
END $$;
COMMENT ON FUNCTION passport.draft_alert(text, int, geometry, text, text, jsonb, boolean) IS
'Drafts an alert and says whom it would reach. hazard: as in passport.alert_level (flood, landslide, heavy_rain, storm_surge); level: 1 to 5; area: Polygon or MultiPolygon, EPSG:4326; sensor: the one that gave the reason, if any; mode: live or drill; texts: {"ja": {"title", "body"}, ...} of one''s own, else those of the templates; repeat: true to say again what was said to this area already. Returns the draft and the number of residents, households and residents needing help in the area as shown_count() shows it: protected persons are alerted too, but not counted; and of those whom no area can select (unplaced_residents() lists them). Nothing is sent. The draft can be approved for 30 minutes. Errors: PT422 area, mode, level or texts refused, PT403 a live one by a login in a drill (passport_drill), PT404 no such sensor or template, PT409 said already (DETAIL: {"sent_at"}), or the area is operated by another database now. Two-person rule: see approve_alert.';

-- What an approver looks at before they confirm.
CREATE VIEW passport.alert_draft WITH (security_barrier) AS
  SELECT a.alert_id, a.operating_area, a.hazard, a.level, a.mode, a.sensor, a.area_names, a.area, a.texts,
         passport.shown_count(a.headcount) AS headcount, passport.shown_count(a.households) AS households,
         passport.shown_count(a.needing_help) AS needing_help, a.unplaced, a.drafted_by, a.drafted_at, a.draft_until
    FROM passport.alert AS a
   WHERE a.state = 'draft' AND a.draft_until > passport.now();
COMMENT ON VIEW passport.alert_draft IS
'Drafts that can be approved now: what would be said, where, to how many (NULL: few), how many residents no area can select (unplaced), and who drafted it.';

