-- Areas: where a sensor's stage endangers, and who is at home there

CREATE TABLE passport.sensor_zone (
  sensor text NOT NULL REFERENCES passport.sensor,
  stage int NOT NULL CHECK (stage BETWEEN 1 AND 9),
  zone_id bigint NOT NULL REFERENCES passport.hazard_zone,
  PRIMARY KEY (sensor, stage, zone_id)
);
COMMENT ON TABLE passport.sensor_zone IS
'Zones that are endangered from a stage of a sensor on. One that is over stays here until assign_zones() takes it away: an import must not make a warning smaller by itself.';

CREATE TABLE passport.sensor_reach (
  sensor text PRIMARY KEY REFERENCES passport.sensor,
  area geometry(MultiPolygon, 4326) NOT NULL,
  set_by text NOT NULL,
  set_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.sensor_reach IS
'The reach of the water that a sensor speaks for: of a zone along a whole river, only what lies in it is drawn. A sensor without one speaks for all of its zones.';

CREATE FUNCTION passport.end_zones(kind text, source text, kept bigint[])
  RETURNS TABLE (zone_id bigint, action text, problem text)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH over AS (
    UPDATE passport.hazard_zone AS z SET valid_to = passport.now()
     WHERE z.kind = end_zones.kind AND z.source = end_zones.source AND z.valid_to IS NULL AND z.zone_id <> ALL (kept)
    RETURNING z.zone_id
  )
  SELECT o.zone_id, 'over',
         (SELECT 'assigned to ' || string_agg(a.sensor || ' from stage ' || a.stage, ', ' ORDER BY a.sensor, a.stage)
            FROM passport.sensor_zone AS a WHERE a.zone_id = o.zone_id)
    FROM over AS o ORDER BY 1;
END;
COMMENT ON FUNCTION passport.end_zones(text, text, bigint[]) IS
'Step of import_hazard_zones(): ends the zones of a kind and source that a whole edition is without.';

CREATE TABLE passport.affected_area (
  area_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  stage int NOT NULL,
  area geometry(MultiPolygon, 4326) NOT NULL,
  zones bigint[] NOT NULL,
  drawn_at timestamptz NOT NULL DEFAULT passport.now()
);
CREATE INDEX affected_area_sensor ON passport.affected_area (sensor, drawn_at);
CREATE TRIGGER affected_area_append_only
  BEFORE UPDATE OR TRUNCATE ON passport.affected_area
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();
COMMENT ON TABLE passport.affected_area IS
'Areas as they were drawn and of which zones, for the record of what was known when. Those that an alert may have followed are kept, the others for as long as retention says.';

CREATE FUNCTION passport.assign_zones(sensor text, stage int, zone_ids bigint[]) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  assigned int;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = assign_zones.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  ELSIF coalesce(stage, 0) NOT BETWEEN 1 AND 9 THEN
    PERFORM passport.refuse('/stage', 'range', 'A stage is a number from 1 to 9.');
  ELSIF zone_ids IS NULL THEN
    PERFORM passport.refuse('/zone_ids', 'null', 'The array is NULL; an empty one takes all zones away.');
  ELSIF EXISTS (SELECT FROM unnest(zone_ids) AS u(id)
                 WHERE NOT EXISTS (SELECT FROM passport.hazard_zone AS z WHERE z.zone_id = u.id AND z.valid_to IS NULL)) THEN
    RAISE EXCEPTION 'unknown zone' USING ERRCODE = 'PT404', HINT = 'A zone that is over is not assigned any more.';
  END IF;
  DELETE FROM passport.sensor_zone AS a
   WHERE a.sensor = assign_zones.sensor AND a.stage = assign_zones.stage;
  INSERT INTO passport.sensor_zone (sensor, stage, zone_id)
    SELECT DISTINCT sensor, stage, id FROM unnest(zone_ids) AS u(id);
  GET DIAGNOSTICS assigned = ROW_COUNT;
  PERFORM passport.hasten_job('review_authorities');
  RETURN assigned;
END $$;
COMMENT ON FUNCTION passport.assign_zones(text, int, bigint[]) IS
'Says which zones are endangered from a stage (1-9) of a sensor on, in place of those said before, and returns how many. A higher stage includes the zones of the lower ones by itself. PT404: unknown sensor or zone. PT422: no stage.';

CREATE FUNCTION passport.set_reach(sensor text, geojson jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  reach CONSTANT passport.sensor_reach.area%TYPE := CASE WHEN geojson IS NOT NULL THEN passport.area_from_geojson(geojson) END;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = set_reach.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  ELSIF reach IS NULL THEN
    DELETE FROM passport.sensor_reach AS r WHERE r.sensor = set_reach.sensor;
  ELSE
    INSERT INTO passport.sensor_reach AS r (sensor, area, set_by, set_at) VALUES (sensor, reach, session_user, passport.now())
    ON CONFLICT ON CONSTRAINT sensor_reach_pkey DO UPDATE
       SET area = excluded.area, set_by = excluded.set_by, set_at = excluded.set_at;
  END IF;
  PERFORM passport.hasten_job('review_authorities');
END $$;
COMMENT ON FUNCTION passport.set_reach(text, jsonb) IS
'Says for which reach a sensor speaks, a Polygon or MultiPolygon of GeoJSON as of area_from_geojson(); NULL: for all of its zones. PT404: unknown sensor. PT422: no such area.';

CREATE FUNCTION passport.zones_together(sensor text, stage int, OUT area geometry, OUT zones bigint[])
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH assigned AS (
    SELECT DISTINCT a.zone_id FROM passport.sensor_zone AS a
     WHERE a.sensor = zones_together.sensor AND a.stage <= zones_together.stage
  ), whole AS (
    SELECT ST_Union(z.area) AS shape, array_agg(z.zone_id ORDER BY z.zone_id) AS zones
      FROM assigned JOIN passport.hazard_zone AS z USING (zone_id)
  )
  SELECT ST_Multi(ST_CollectionExtract(CASE WHEN r.area IS NULL THEN w.shape ELSE ST_Intersection(w.shape, r.area) END, 3)), w.zones
    FROM whole AS w LEFT JOIN passport.sensor_reach AS r ON r.sensor = zones_together.sensor;
END;
COMMENT ON FUNCTION passport.zones_together(text, int) IS
'Step of draw_affected_area(): the zones of a sensor up to a stage as one multipolygon, as far as its reach goes, and their numbers; NULL when there is none. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.draw_affected_area(sensor text, stage int) RETURNS geometry
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  drawn record;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = draw_affected_area.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  END IF;
  SELECT * INTO drawn FROM passport.zones_together(sensor, stage);
  IF drawn.zones IS NULL THEN
    PERFORM passport.refuse('/stage', 'no_zone',
      'No hazard zone is assigned to this sensor up to this stage; assign_zones() does that.');
  ELSIF passport.is_empty(drawn.area) THEN
    PERFORM passport.refuse('/sensor', 'no_reach', 'No assigned zone lies in the reach of this sensor; set_reach() says which that is.');
  END IF;
  INSERT INTO passport.affected_area (sensor, stage, area, zones) VALUES (sensor, stage, drawn.area, drawn.zones);
  RETURN drawn.area;
END $$;
COMMENT ON FUNCTION passport.draw_affected_area(text, int) IS
'Draws where a stage of a sensor endangers: all zones assigned to the sensor up to that stage, as far as its reach goes, as one valid multipolygon (EPSG:4326), and keeps it in affected_area. PT404: unknown sensor. PT422: no zone is assigned (no_zone), or none within the reach (no_reach).';

-- Those who are selected by their oaza are looked up by it: all who are not
-- placed at their own parcel.  The middle of a 小字 may be a kilometre from the
-- house, and its parcels without a position are in nobody's outline.
CREATE INDEX resident_by_oaza ON passport.resident (oaza)
  WHERE location IS NULL OR location_precision <> 'parcel';

-- The form was chosen by measuring, on one core, 1 million residents in the
-- area's box (seconds; the area as it is / its parts / its pieces of at most
-- 64, 128, 256, 512 vertices):
--   one band of 30,317 vertices in 113 parts   3.55  2.06  0.23  0.19  0.22  0.23
--   one compact area of 10,001 vertices        4.22        1.55  1.54  1.57  1.68
--   200 compact ones, 800,160 vertices        10.09  1.77  4.17  2.91  2.17  1.65
-- An area as it is costs a comparison of all of it with itself for each point,
-- so many vertices are slow however they are prepared.
-- Not pinned, so that it is inlined into what selection() asks.
CREATE FUNCTION passport.selected(area geometry) RETURNS TABLE (resident_id bigint, reason smallint)
  LANGUAGE sql STABLE ROWS 1000
BEGIN ATOMIC
  WITH piece AS MATERIALIZED (
    SELECT ST_Subdivide((passport.sound_area(area)).area, 256) AS shape
  ), located AS MATERIALIZED (
    SELECT r.resident_id, r.oaza
      FROM piece JOIN passport.resident AS r ON ST_Intersects(piece.shape, r.location)
     WHERE r.status NOT IN ('moved_out', 'deceased')
  ), touched AS (
    SELECT l.oaza FROM located AS l
    UNION
    SELECT o.name FROM piece JOIN passport.oaza AS o ON ST_Intersects(piece.shape, o.location)
  )
  SELECT l.resident_id, 1::smallint FROM located AS l
  UNION ALL
  SELECT r.resident_id, 2::smallint
    FROM touched JOIN passport.resident AS r ON r.oaza = touched.oaza
   WHERE (r.location IS NULL OR r.location_precision <> 'parcel')
     AND r.status NOT IN ('moved_out', 'deceased')
  UNION ALL
  -- the table and not the view alone: a security barrier would keep the index out
  SELECT w.resident_id, 8::smallint
    FROM piece JOIN passport.whereabouts AS w ON ST_Intersects(piece.shape, w.location)
    JOIN passport.current_whereabouts AS c USING (resident_id, whereabouts_id)
    JOIN passport.resident AS r USING (resident_id)
   WHERE r.status NOT IN ('moved_out', 'deceased')
  UNION ALL
  SELECT p.resident_id, 4::smallint
    FROM piece JOIN passport.registered_place AS p ON ST_Intersects(piece.shape, p.location)
    JOIN passport.resident AS r USING (resident_id)
   WHERE passport.has_consent(p.resident_id, 'alert_places') AND r.status NOT IN ('moved_out', 'deceased');
END;
COMMENT ON FUNCTION passport.selected(geometry) IS
'Who is selected for an area, and why, a row for each reason: 1 home (their home lies in it), 2 oaza (nobody can say that it does not), 4 place (a place that they registered lies in it, and their consent stands), 8 whereabouts (they are said to be there now). It pins no search path: its body is bound already.';

CREATE FUNCTION passport.reason_names(reasons int) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ARRAY(SELECT n.name FROM unnest('{home,oaza,place,whereabouts}'::text[]) WITH ORDINALITY AS n(name, place)
                WHERE reasons & (1 << (n.place::int - 1)) <> 0 ORDER BY n.place);
END;
COMMENT ON FUNCTION passport.reason_names(int) IS
'Names of the reasons of selected() whose sum is given: {home}, {home,whereabouts}, ...';

-- By bitmap: an index scan visits the homes as they lie in the land and not as
-- they lie in the table, which took three times as long for a million.
CREATE FUNCTION passport.selection(area geometry, OUT residents bigint[], OUT reasons smallint[])
  LANGUAGE c STABLE STRICT SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET enable_indexscan = off
  SET work_mem = '64MB'
  SET client_min_messages = warning
  AS 'MODULE_PATHNAME', 'passport_selection';
COMMENT ON FUNCTION passport.selection(geometry) IS
'residents_in() as an array in ascending order, and of each the reasons of selected(), as a sum (reason_names() names them); two NULLs for no area. Granted to nobody: alerts keep them.';

CREATE FUNCTION passport.residents_in(area geometry) RETURNS SETOF bigint
  LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT unnest(s.residents) FROM passport.selection(area) AS s;
END;
COMMENT ON FUNCTION passport.residents_in(geometry) IS
'Residents (not those who moved out or died) whom an area (EPSG:4326) concerns: whose home lies in it or on its border, who are said to be there now, or who registered a place there (selected() says why). Of a resident who is placed by 小字 or 大字 only nobody can say that it lies outside, so such residents are selected when the point of their oaza lies in the area or any located resident of it is selected; and who is said to be away is selected by their home all the same: too many are warned rather than one left out. Address protection does not matter here: protected residents must be warned too, and no place leaves this function.';

-- Nobody can say which area such a resident lives in.  To send them every
-- alert would teach them to heed none, and would count as reached whom nobody
-- has looked for; so they are counted in each draft, and staff call on them.
CREATE VIEW passport.unplaced_resident AS
  SELECT r.resident_id, r.household_number, r.name, r.oaza,
         EXISTS (SELECT FROM passport.oaza AS o WHERE o.name = r.oaza)
         OR EXISTS (SELECT FROM passport.resident AS n WHERE n.oaza = r.oaza AND n.location IS NOT NULL) AS by_oaza
    FROM passport.resident AS r
   WHERE r.location IS NULL AND r.status = 'resident';
COMMENT ON VIEW passport.unplaced_resident IS
'Residents without any point. by_oaza: residents_in() selects them with their 大字; else no area can.';

CREATE FUNCTION passport.count_unplaced() RETURNS int
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT count(*)::int FROM passport.unplaced_resident AS u WHERE NOT u.by_oaza;
END;
COMMENT ON FUNCTION passport.count_unplaced() IS
'How many residents no area can select.';

CREATE FUNCTION passport.unplaced_residents(purpose text)
  RETURNS TABLE (resident_id bigint, household_number text, name text, address text, oaza text, by_oaza boolean)
  LANGUAGE plpgsql SECURITY DEFINER ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(ARRAY(SELECT u.resident_id FROM passport.unplaced_resident AS u), purpose,
                                 'unplaced_residents', ARRAY['name', 'address', 'oaza']);
  RETURN QUERY
    SELECT u.resident_id, u.household_number, u.name, p.address, p.oaza, u.by_oaza
      FROM passport.unplaced_resident AS u JOIN passport.resident_place AS p USING (resident_id)
     ORDER BY u.by_oaza, u.household_number, u.resident_id;
END $$;
COMMENT ON FUNCTION passport.unplaced_residents(text) IS
'Residents without any point, those first whom no area can select (by_oaza false): staff correct their address or call on them when others are warned. Protected addresses are NULL. purpose (disaster, for example) and who looked are kept, as by view_resident. PT422 for an unknown purpose.';
