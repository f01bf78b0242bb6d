-- Operating areas: parts of a municipality that can be operated apart, when the road between is cut

-- The neighbourhood is the municipality's bounding box and a twentieth of a
-- degree (5 km) around it: a gauge may stand, and a flood may begin, across the
-- border, but an alert for another town is a mistake.
CREATE FUNCTION passport.alert_area_problem(area geometry) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN area IS NULL THEN 'missing'
    WHEN ST_SRID(area) <> 4326 THEN 'srid'
    WHEN GeometryType(area) NOT IN ('POLYGON', 'MULTIPOLYGON') THEN 'type'
    WHEN ST_IsEmpty(area) THEN 'empty'
    WHEN ST_NPoints(area) > 100000 THEN 'too_large'
    WHEN NOT ST_IsValid(area) THEN 'invalid'
    WHEN NOT EXISTS (SELECT FROM passport.municipality_area AS m
                      WHERE m.code = current_setting('passport.municipality_code')) THEN 'no_municipality'
    WHEN NOT EXISTS (SELECT FROM passport.municipality_area AS m
                      WHERE m.code = current_setting('passport.municipality_code')
                        AND ST_CoveredBy(alert_area_problem.area, ST_Expand(ST_Envelope(m.area), 0.05))) THEN 'elsewhere'
  END;
END;
COMMENT ON FUNCTION passport.alert_area_problem(geometry) IS
'Why an area cannot be alerted: missing, srid (not EPSG:4326), type (neither Polygon nor MultiPolygon), empty, too_large (over 100,000 vertices), invalid (crosses itself), no_municipality (its own area is not loaded), elsewhere (not within its bounding box and 0.05 degrees around); NULL when it can.';

CREATE FUNCTION passport.alert_area(area geometry) RETURNS geometry
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ST_Multi(ST_Force2D(area));
END;
COMMENT ON FUNCTION passport.alert_area(geometry) IS
'The area as alerts keep it: a two-dimensional MultiPolygon.';

-- Each part then has a database of its own, made from the same dump.  A part is
-- operated in one of them; nobody is alerted from the other until they are
-- merged (69-merge.sql).
CREATE TABLE passport.operating_area (
  operating_area text PRIMARY KEY CHECK (operating_area ~ '^[a-z0-9]{1,20}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  area geometry(MultiPolygon,4326) NOT NULL,
  operated_here boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE passport.operating_area IS
'Parts of the municipality that can be operated apart, and whether this database operates them now.';

CREATE FUNCTION passport.define_operating_area(operating_area text, name text, area passport.operating_area.area%TYPE) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  problem CONSTANT text := passport.alert_area_problem(area);
BEGIN
  PERFORM passport.refuse_individual_number('/operating_area', operating_area);
  PERFORM passport.refuse_individual_number('/name', name);
  IF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  END IF;
  INSERT INTO passport.operating_area AS o (operating_area, name, area)
  VALUES (operating_area, name, passport.alert_area(area))
  ON CONFLICT ON CONSTRAINT operating_area_pkey DO UPDATE SET name = excluded.name, area = excluded.area;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/operating_area', 'malformed',
    'An operating area has a short name of 1 to 20 small letters and digits, and a name of up to 100 characters.');
END $$;
COMMENT ON FUNCTION passport.define_operating_area(text, text, passport.operating_area.area%TYPE) IS
'Makes an operating area or changes it: a short name (small letters and digits), a name for people, its area (Polygon or MultiPolygon, EPSG:4326). PT422 for what is malformed.';

-- What waited in the outbox when they were parted is in both databases.  Of each
-- person one of them sends it; in the other it lies here, until they are merged.
CREATE TABLE passport.delivery_elsewhere (
  LIKE passport.delivery,
  PRIMARY KEY (resident_id, delivery_id)
);
COMMENT ON TABLE passport.delivery_elsewhere IS
'Deliveries that wait, of persons whose part of the municipality another database operates now: that one sends them. As passport.delivery.';

CREATE FUNCTION passport.delivered_from_here(home geometry) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(
    (SELECT bool_and(o.operated_here) FROM passport.operating_area AS o WHERE ST_Intersects(o.area, delivered_from_here.home)),
    (SELECT o.operated_here FROM passport.operating_area AS o ORDER BY o.operating_area LIMIT 1), true);
END;
COMMENT ON FUNCTION passport.delivered_from_here(geometry) IS
'Whether what waited for somebody when the municipality was parted is sent from this database: the one that operates the part where they live, and for a home in no part the one that operates the first of them, so that one of two databases does.';

CREATE FUNCTION passport.part_deliveries() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parted bigint;
  joined bigint;
BEGIN
  -- no bridge claims one meanwhile
  LOCK TABLE passport.delivery IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM passport.delivery AS d JOIN passport.resident AS r USING (resident_id)
              WHERE d.lease_until > clock_timestamp() AND NOT passport.delivered_from_here(r.location)) THEN
    RAISE EXCEPTION 'messages to the other part are being sent' USING ERRCODE = 'PT409',
      HINT = 'Stop passport-push first, which gives back what it has; or wait until what it had is free again, two minutes.';
  END IF;
  WITH gone AS (
    DELETE FROM passport.delivery AS d USING passport.resident AS r
     WHERE r.resident_id = d.resident_id AND NOT passport.delivered_from_here(r.location) RETURNING d.*)
  INSERT INTO passport.delivery_elsewhere SELECT g.* FROM gone AS g;
  GET DIAGNOSTICS parted = ROW_COUNT;
  -- what has been said to the same person since takes its place, as in a claim
  WITH over AS (
    DELETE FROM passport.delivery_elsewhere AS d USING passport.notification AS n
     WHERE n.notification_id = d.notification_id AND EXISTS (
             SELECT FROM passport.notification AS newer
              WHERE newer.collapse_key = n.collapse_key AND newer.mode = n.mode AND newer.notification_id > n.notification_id
                AND (EXISTS (SELECT FROM passport.delivery AS e
                              WHERE e.resident_id = d.resident_id AND e.notification_id = newer.notification_id)
                     OR EXISTS (SELECT FROM passport.delivery_elsewhere AS e
                                 WHERE e.resident_id = d.resident_id AND e.notification_id = newer.notification_id)
                     OR EXISTS (SELECT FROM passport.delivery_outcome AS o
                                 WHERE o.resident_id = d.resident_id AND o.notification_id = newer.notification_id)))
    RETURNING d.*)
  INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id, outcome, attempts, created_at, finished_at)
  SELECT o.resident_id, o.delivery_id, o.notification_id, o.device_id, 'superseded', o.attempt, o.created_at, passport.now() FROM over AS o;
  WITH back AS (
    DELETE FROM passport.delivery_elsewhere AS d USING passport.resident AS r
     WHERE r.resident_id = d.resident_id AND passport.delivered_from_here(r.location) RETURNING d.*)
  INSERT INTO passport.delivery (resident_id, delivery_id, notification_id, device_id, channel, urgency, attempt, created_at, not_before)
  OVERRIDING SYSTEM VALUE
  SELECT b.resident_id, b.delivery_id, b.notification_id, b.device_id, b.channel, b.urgency, b.attempt, b.created_at, b.not_before
    FROM back AS b;
  GET DIAGNOSTICS joined = ROW_COUNT;
  IF joined > 0 THEN
    PERFORM pg_notify('passport_outbox', '');
  END IF;
  RETURN parted;
END $$;
COMMENT ON FUNCTION passport.part_deliveries() IS
'Step of operate_areas(): puts aside the deliveries that another database sends now, takes back those that this one sends unless a later message has taken their place, and returns how many it put aside. PT409 while a bridge holds one of the first.';

CREATE FUNCTION passport.operate_areas(operating_areas text[]) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  operated int;
BEGIN
  IF EXISTS (SELECT FROM unnest(operating_areas) AS u(name)
              WHERE NOT EXISTS (SELECT FROM passport.operating_area AS o WHERE o.operating_area = u.name)) THEN
    RAISE EXCEPTION 'no such operating area' USING ERRCODE = 'PT404';
  END IF;
  UPDATE passport.operating_area AS o SET operated_here = operating_areas IS NULL OR o.operating_area = ANY (operating_areas);
  PERFORM passport.part_deliveries();
  SELECT count(*) INTO operated FROM passport.operating_area AS o WHERE o.operated_here;
  RETURN operated;
END $$;
COMMENT ON FUNCTION passport.operate_areas(text[]) IS
'Says which operating areas this database operates from now on; NULL: all of them, as before a split and after a merge; {}: none, which ends its part. Returns how many. The other parts can neither be alerted nor told by a broadcast from here, and what waits for who lives there is put aside for the other database, or taken back. Say it here before the copy for the other one is made, and there at once, or people are told twice. Errors: PT404 unknown area, PT409 while passport-push holds messages to the other part.';

CREATE FUNCTION passport.operating_area_of(area geometry) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT o.operating_area FROM passport.operating_area AS o
   WHERE ST_CoveredBy(operating_area_of.area, o.area) ORDER BY ST_Area(o.area), o.operating_area LIMIT 1;
END;
COMMENT ON FUNCTION passport.operating_area_of(geometry) IS
'The operating area that an area lies in, the smallest of several; NULL when it lies in none, or reaches from one into another.';

CREATE FUNCTION passport.operated_elsewhere(area geometry) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(o.operating_area, ', ' ORDER BY o.operating_area) FROM passport.operating_area AS o
   -- a common border is nobody's home
   WHERE NOT o.operated_here AND ST_Intersects(o.area, operated_elsewhere.area)
     AND NOT ST_Touches(o.area, operated_elsewhere.area);
END;
COMMENT ON FUNCTION passport.operated_elsewhere(geometry) IS
'Operating areas that an area reaches into and that another database operates now; NULL: none.';

CREATE FUNCTION passport.require_operated(area geometry) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF passport.operated_elsewhere(area) IS NOT NULL THEN
    RAISE EXCEPTION 'the area is operated elsewhere: %', passport.operated_elsewhere(area)
      USING ERRCODE = 'PT409', HINT = 'Draw the area within what is operated here, or merge first (operate_areas).';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_operated(geometry) IS
'Raises PT409 for an area that touches what another database operates now.';

CREATE VIEW passport.resident_operated_elsewhere WITH (security_barrier) AS
  SELECT r.resident_id FROM passport.operating_area AS o
    JOIN passport.resident AS r ON ST_Intersects(o.area, r.location)
   WHERE NOT o.operated_here;
COMMENT ON VIEW passport.resident_operated_elsewhere IS
'Who lives where another database operates now, and is told from there; who has no known place is told by both rather than by nobody.';
