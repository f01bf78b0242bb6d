-- Areas: where a sensor's stage endangers, and who is at home there

CREATE TABLE passport.sensor_zone (
  sensor text NOT NULL REFERENCES passport.sensor,
  stage int NOT NULL CHECK (stage BETWEEN 1 AND 9),
  zone_id bigint NOT NULL REFERENCES passport.hazard_zone,
  PRIMARY KEY (sensor, stage, zone_id)
);
COMMENT ON TABLE passport.sensor_zone IS
'Zones that are endangered from a stage of a sensor on.';

CREATE TABLE passport.affected_area (
  area_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  stage int NOT NULL,
  area geometry(MultiPolygon, 4326) NOT NULL,
  drawn_at timestamptz NOT NULL DEFAULT passport.now()
);
CREATE INDEX affected_area_sensor ON passport.affected_area (sensor, drawn_at);
CREATE TRIGGER affected_area_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.affected_area
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();
COMMENT ON TABLE passport.affected_area IS
'Areas as they were drawn, for the record of what was known when.';

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
                 WHERE NOT EXISTS (SELECT FROM passport.hazard_zone AS z WHERE z.zone_id = u.id)) THEN
    RAISE EXCEPTION 'unknown zone' USING ERRCODE = 'PT404';
  END IF;
  DELETE FROM passport.sensor_zone AS a
   WHERE a.sensor = assign_zones.sensor AND a.stage = assign_zones.stage;
  INSERT INTO passport.sensor_zone (sensor, stage, zone_id)
    SELECT DISTINCT sensor, stage, id FROM unnest(zone_ids) AS u(id);
  GET DIAGNOSTICS assigned = ROW_COUNT;
  RETURN assigned;
END $$;
COMMENT ON FUNCTION passport.assign_zones(text, int, bigint[]) IS
'Says which zones are endangered from a stage (1-9) of a sensor on, in place of those said before, and returns how many. A higher stage includes the zones of the lower ones by itself. PT404: unknown sensor or zone. PT422: no stage.';

CREATE FUNCTION passport.zones_together(sensor text, stage int) RETURNS geometry
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ST_Multi(ST_CollectionExtract(ST_Union(z.area), 3))
    FROM (SELECT DISTINCT a.zone_id FROM passport.sensor_zone AS a
           WHERE a.sensor = zones_together.sensor AND a.stage <= zones_together.stage) AS assigned
    JOIN passport.hazard_zone AS z ON z.zone_id = assigned.zone_id;
END;
COMMENT ON FUNCTION passport.zones_together(text, int) IS
'Step of draw_affected_area(): the zones of a sensor up to a stage as one multipolygon, NULL when there is none. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.draw_affected_area(sensor text, stage int) RETURNS geometry
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  drawn passport.affected_area.area%TYPE;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = draw_affected_area.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  END IF;
  drawn := passport.zones_together(sensor, stage);
  IF drawn IS NULL THEN
    PERFORM passport.refuse('/stage', 'no_zone',
      'No hazard zone is assigned to this sensor up to this stage; assign_zones() does that.');
  END IF;
  INSERT INTO passport.affected_area (sensor, stage, area) VALUES (sensor, stage, drawn);
  RETURN drawn;
END $$;
COMMENT ON FUNCTION passport.draw_affected_area(text, int) IS
'Draws where a stage of a sensor endangers: all zones assigned to the sensor up to that stage as one valid multipolygon (EPSG:4326), and keeps it in affected_area. PT404: unknown sensor. PT422 (no_zone): no zone is assigned.';

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
CREATE FUNCTION passport.residents_in(area geometry) RETURNS SETOF bigint
  LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET client_min_messages = warning
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
  SELECT l.resident_id FROM located AS l
  UNION
  SELECT r.resident_id
    FROM touched JOIN passport.resident AS r ON r.oaza = touched.oaza
   WHERE (r.location IS NULL OR r.location_precision <> 'parcel')
     AND r.status NOT IN ('moved_out', 'deceased');
END;
COMMENT ON FUNCTION passport.residents_in(geometry) IS
'Residents (not those who moved out or died) whose home lies in an area (EPSG:4326) or on its border. Of a resident who is placed by 小字 or 大字 only nobody can say that it lies outside, so such residents are selected when the point of their oaza lies in the area or any located resident of it is selected: too many are warned rather than one left out. Who has neither point nor known oaza is in no area: unplaced_residents() lists them, and each draft counts them. Address protection does not matter here: protected residents must be warned too, and no place leaves this function.';

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
