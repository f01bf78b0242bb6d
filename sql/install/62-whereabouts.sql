-- Whereabouts: where people said they are now, and the other places they want to be warned of

CREATE TABLE passport.whereabouts (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  whereabouts_id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('home', 'away', 'shelter', 'car')),
  location geometry(Point,4326),
  shelter_id text REFERENCES passport.shelter,
  until_time timestamptz NOT NULL,
  reported_at timestamptz NOT NULL,
  reported_by text NOT NULL CHECK (reported_by IN ('self', 'guardian', 'family', 'staff', 'card')),
  reporter_id bigint,
  reporter text NOT NULL,
  PRIMARY KEY (resident_id, whereabouts_id),
  CHECK ((kind = 'shelter') = (shelter_id IS NOT NULL)),
  CHECK (CASE kind WHEN 'home' THEN location IS NULL WHEN 'away' THEN true ELSE location IS NOT NULL END),
  CHECK (reporter_id IS NULL OR reported_by IN ('guardian', 'family'))
);
COMMENT ON TABLE passport.whereabouts IS
'Where somebody said that a resident is (home: back again; away, with or without a place; at a shelter; in a car), until when that holds, and who said it: reporter_id is the guardian or the member of the household (NULL if another database did not say which), reporter the database login. The latest word counts, until its time is over.';
CREATE INDEX whereabouts_location ON passport.whereabouts USING gist (location);
CREATE INDEX whereabouts_until ON passport.whereabouts (until_time);
CREATE TRIGGER whereabouts_stays BEFORE UPDATE OR TRUNCATE ON passport.whereabouts
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE VIEW passport.current_whereabouts WITH (security_barrier) AS
  SELECT w.resident_id, w.whereabouts_id, w.kind, w.location, w.shelter_id, w.until_time, w.reported_at, w.reported_by
    FROM passport.whereabouts AS w
   WHERE w.until_time > passport.now() AND w.kind <> 'home'
     AND NOT EXISTS (SELECT FROM passport.whereabouts AS l
                      WHERE l.resident_id = w.resident_id AND l.whereabouts_id > w.whereabouts_id);
COMMENT ON VIEW passport.current_whereabouts IS
'Who is said to be elsewhere than at home now, and where. Of protected persons, too: lists leave them out.';

CREATE TABLE passport.registered_place (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  number int NOT NULL CHECK (number BETWEEN 1 AND 3),
  kind text NOT NULL CHECK (kind IN ('work', 'school', 'family', 'other')),
  location geometry(Point,4326) NOT NULL,
  registered_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, number)
);
COMMENT ON TABLE passport.registered_place IS
'Up to three places beside their home that a resident wants to be warned of (work, the parents'' home); each counts while the consent alert_places stands.';
CREATE INDEX registered_place_location ON passport.registered_place USING gist (location);

INSERT INTO passport.consent_purpose (purpose, holds_from, title, lifetime, shipped) VALUES
  ('alert_places', '2026-04-01',
   '{"ja": "職場や実家など、登録した場所（3か所まで）に危険が迫ったときにも知らせるため、その場所を使います", "ja-easy": "仕事(しごと)の 場所(ばしょ)や 家族(かぞく)の 家(いえ)など、登録(とうろく)した 場所(ばしょ)が あぶないときも 知(し)らせます", "en": "We use the places you register (up to three, such as your work or your parents'' home) to warn you when danger comes near them, too"}',
   '5 years', true);

INSERT INTO passport.operation_policy (operation, holds_from, acr, max_age, shipped) VALUES
  ('report_whereabouts', '-infinity', 'passport.basic', NULL, true),
  ('register_place', '-infinity', 'passport.basic', NULL, true);

CREATE FUNCTION passport.check_place(lon double precision, lat double precision) RETURNS geometry
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF (lon IS NULL) <> (lat IS NULL) THEN
    PERFORM passport.refuse('/lat', 'location', 'Longitude and latitude come together or not at all.');
  -- NaN is greater than every number here, so it is refused as well
  ELSIF lon NOT BETWEEN -180 AND 180 OR lat NOT BETWEEN -90 AND 90 THEN
    PERFORM passport.refuse('/lon', 'location', 'A longitude is -180 to 180, a latitude -90 to 90 degrees.');
  END IF;
  RETURN passport.point(lon, lat);
END $$;
COMMENT ON FUNCTION passport.check_place(double precision, double precision) IS
'The point of a longitude and a latitude in degrees that came from outside, NULL if there is none. PT422 for one without the other, or out of range.';

-- One household may speak for its members: nobody else's resident_id opens anything.
CREATE FUNCTION passport.spoken_for(member_id bigint, OUT resident_id bigint, OUT said_by text, OUT speaker_id bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.acting_resident();
  holder CONSTANT bigint := passport.acting_holder();
BEGIN
  resident_id := coalesce(member_id, acting);
  IF resident_id <> acting AND NOT EXISTS (
       SELECT FROM passport.household(acting) AS h WHERE h.resident_id = spoken_for.resident_id) THEN
    RAISE EXCEPTION 'no member of the household' USING ERRCODE = 'PT403';
  END IF;
  said_by := CASE WHEN resident_id <> acting THEN 'family' WHEN holder <> acting THEN 'guardian' ELSE 'self' END;
  speaker_id := CASE WHEN said_by <> 'self' THEN holder END;
END $$;
COMMENT ON FUNCTION passport.spoken_for(bigint) IS
'Of whom the acting resident speaks: member_id, a member of their household, or themself if NULL; said_by: self, guardian or family; speaker_id: who that is, NULL for oneself. PT401 when nobody acts, PT403 for somebody of another household.';

CREATE FUNCTION passport.write_whereabouts(resident_id bigint, kind text, location passport.whereabouts.location%TYPE,
                                           shelter_id text, until_time timestamptz, reported_by text, reporter_id bigint)
  RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  place passport.whereabouts.location%TYPE := location;
  lasts CONSTANT timestamptz := coalesce(until_time, passport.now() + interval '1 day');
BEGIN
  IF coalesce(kind NOT IN ('home', 'away', 'shelter', 'car'), true) THEN
    PERFORM passport.refuse('/kind', 'kind', 'Whereabouts are home, away, shelter or car.');
  ELSIF (kind = 'shelter') <> (shelter_id IS NOT NULL) THEN
    PERFORM passport.refuse('/shelter_id', 'required', 'Name the shelter for shelter, and only for it.');
  ELSIF kind IN ('home', 'shelter') AND place IS NOT NULL OR kind = 'car' AND place IS NULL THEN
    PERFORM passport.refuse('/lon', 'location', 'A car has a place, away may have one; home and a shelter have theirs.');
  ELSIF lasts NOT BETWEEN passport.now() AND passport.now() + interval '30 days' THEN
    PERFORM passport.refuse('/until_time', 'term', 'It holds until a time within 30 days from now.');
  END IF;
  IF kind = 'shelter' THEN
    SELECT s.location INTO place FROM passport.shelter AS s WHERE s.shelter_id = write_whereabouts.shelter_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'no such shelter' USING ERRCODE = 'PT404';
    END IF;
  END IF;
  -- the person's row is the lock that makes the limit hold for two at once
  PERFORM FROM passport.resident AS r WHERE r.resident_id = write_whereabouts.resident_id FOR NO KEY UPDATE;
  -- who arrives at a shelter is let in, however often somebody wrote before
  IF reported_by NOT IN ('staff', 'card') AND (SELECT count(*) FROM passport.whereabouts AS w
       WHERE w.resident_id = write_whereabouts.resident_id AND w.reported_at > passport.now() - interval '1 day') >= 50 THEN
    RAISE EXCEPTION 'too many reports of one person in a day' USING ERRCODE = 'PT429';
  END IF;
  INSERT INTO passport.whereabouts (resident_id, kind, location, shelter_id, until_time, reported_at, reported_by, reporter_id, reporter)
  VALUES (resident_id, kind, place, shelter_id, lasts, passport.now(), reported_by, reporter_id, session_user);
  RETURN lasts;
END $$;
COMMENT ON FUNCTION passport.write_whereabouts(bigint, text, passport.whereabouts.location%TYPE, text, timestamptz, text, bigint) IS
'Step of all that says where somebody is: checks it and keeps it. Granted to nobody. PT404 for an unknown shelter, PT422 for what makes no sense, PT429 for more than 50 in a day, unless staff or a card at a shelter say it.';

CREATE FUNCTION passport.report_whereabouts(kind text, lon double precision DEFAULT NULL, lat double precision DEFAULT NULL,
                                            shelter_id text DEFAULT NULL, until_time timestamptz DEFAULT NULL,
                                            member_id bigint DEFAULT NULL) RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  whose record;
BEGIN
  PERFORM passport.require_level('report_whereabouts');
  PERFORM passport.record_act('report_whereabouts');
  SELECT * INTO whose FROM passport.spoken_for(member_id);
  RETURN passport.write_whereabouts(whose.resident_id, kind, passport.check_place(lon, lat), shelter_id, until_time,
                                    whose.said_by, whose.speaker_id);
END $$;
COMMENT ON FUNCTION passport.report_whereabouts(text, double precision, double precision, text, timestamptz, bigint) IS
'Says where the acting resident, or member_id of their household, is now. kind: away (lon, lat in degrees if known), car (with lon, lat), shelter (with shelter_id), or home, which ends what was said before. until_time: within 30 days, a day from now if NULL; it is returned. Alerts then reach them where they are and at home. Nobody else is shown it but staff on the lists of an alert. PT401 nobody acts, PT403 another household, PT404 unknown shelter, PT422 what makes no sense, PT429 more than 50 in a day.';

CREATE FUNCTION passport.record_whereabouts(resident_id bigint, kind text, lon double precision DEFAULT NULL,
                                            lat double precision DEFAULT NULL, shelter_id text DEFAULT NULL,
                                            until_time timestamptz DEFAULT NULL) RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r
                  WHERE r.resident_id = record_whereabouts.resident_id AND r.status = 'resident') THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  RETURN passport.write_whereabouts(resident_id, kind, passport.check_place(lon, lat), shelter_id, until_time, 'staff', NULL);
END $$;
COMMENT ON FUNCTION passport.record_whereabouts(bigint, text, double precision, double precision, text, timestamptz) IS
'report_whereabouts() by staff, who were told so by telephone or saw it: which login it was is kept. PT404 for somebody who does not live here.';

CREATE FUNCTION passport.register_place(number int, kind text, lon double precision, lat double precision) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  acting CONSTANT bigint := passport.require_level('register_place');
  spot CONSTANT passport.registered_place.location%TYPE := passport.check_place(lon, lat);
BEGIN
  PERFORM passport.record_act('register_place');
  IF coalesce(number NOT BETWEEN 1 AND 3, true) THEN
    PERFORM passport.refuse('/number', 'number', 'Three places can be registered: 1, 2 and 3.');
  ELSIF kind IS NOT NULL AND (kind NOT IN ('work', 'school', 'family', 'other') OR spot IS NULL) THEN
    PERFORM passport.refuse('/kind', 'kind', 'A place is work, school, family or other, with a longitude and a latitude.');
  END IF;
  IF kind IS NULL THEN
    DELETE FROM passport.registered_place AS p WHERE p.resident_id = acting AND p.number = register_place.number;
    RETURN;
  END IF;
  PERFORM passport.require_consent(acting, 'alert_places');
  INSERT INTO passport.registered_place AS p (resident_id, number, kind, location, registered_at)
  VALUES (acting, number, kind, spot, passport.now())
  ON CONFLICT ON CONSTRAINT registered_place_pkey DO UPDATE
     SET kind = excluded.kind, location = excluded.location, registered_at = excluded.registered_at;
END $$;
COMMENT ON FUNCTION passport.register_place(int, text, double precision, double precision) IS
'Registers a place beside their home that the acting resident wants to be warned of. number: 1, 2 or 3, in place of what stood there; kind: work, school, family or other, NULL takes the place away; lon, lat: degrees. It counts while the consent alert_places stands. PT401 nobody acts, PT403 without that consent, PT422 for what makes no sense.';

CREATE FUNCTION passport.places_of(resident_id bigint)
  RETURNS TABLE (number int, kind text, lon double precision, lat double precision, counts boolean)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.number, p.kind, ST_X(p.location), ST_Y(p.location), passport.has_consent(p.resident_id, 'alert_places')
    FROM passport.registered_place AS p WHERE p.resident_id = places_of.resident_id ORDER BY p.number;
END;
COMMENT ON FUNCTION passport.places_of(bigint) IS
'Step of my_places().';

CREATE FUNCTION passport.my_places()
  RETURNS TABLE (number int, kind text, lon double precision, lat double precision, counts boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.record_act('my_places');
BEGIN
  RETURN QUERY SELECT p.* FROM passport.places_of(acting) AS p;
END $$;
COMMENT ON FUNCTION passport.my_places() IS
'The places that the acting resident registered; counts: whether the consent alert_places stands. PT401 when nobody acts.';

CREATE FUNCTION passport.forget_whereabouts(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT w.resident_id, w.whereabouts_id FROM passport.whereabouts AS w
     WHERE w.until_time < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.whereabouts AS w USING due
     WHERE w.resident_id = due.resident_id AND w.whereabouts_id = due.whereabouts_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_whereabouts(timestamptz, int) IS
'Deletes whereabouts that held until before a time, max_rows at most, and returns how many. For purge_expired.';
