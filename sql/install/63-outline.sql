-- Outlines: areas that staff draw, what is in them, and how they differ from the zones

CREATE FUNCTION passport.area_from_geojson(geojson jsonb) RETURNS geometry
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  most_bytes CONSTANT int := 8 * 1024 * 1024;
  read record;
BEGIN
  IF pg_column_size(geojson) > most_bytes THEN
    PERFORM passport.refuse('/geojson', 'too_large', 'An area has at most 8 MiB.');
  END IF;
  SELECT * INTO read FROM passport.read_zone(CASE geojson ->> 'type' WHEN 'Feature' THEN geojson
    ELSE jsonb_build_object('type', 'Feature', 'geometry', geojson) END);
  IF read.area IS NULL THEN
    PERFORM passport.refuse('/geojson', 'area', coalesce(read.problem, 'nothing is left of the area'));
  END IF;
  RETURN read.area;
END $$;
COMMENT ON FUNCTION passport.area_from_geojson(jsonb) IS
'An area (EPSG:4326) of what somebody drew on a map: a GeoJSON Polygon or MultiPolygon (RFC 7946: longitude, latitude), or a Feature with one; at most 200,000 vertices. Lines that cross themselves are taken for all that they cover. PT422: no such area.';

CREATE FUNCTION passport.count_area(area geometry, OUT headcount int, OUT households int, OUT needing_help int)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT count(*), count(DISTINCT coalesce(r.household_number, '-' || r.resident_id)), count(h.resident_id)
    FROM passport.residents_in(area) AS i(resident_id)
    JOIN passport.resident AS r USING (resident_id)
    LEFT JOIN passport.resident_needing_help AS h USING (resident_id)
    LEFT JOIN passport.protected_resident AS p USING (resident_id)
   WHERE p.resident_id IS NULL;
END;
COMMENT ON FUNCTION passport.count_area(geometry) IS
'How many residents an area concerns, households of them, and residents who need help; protected persons are not counted. Staff are shown it through shown_count(). Granted to nobody.';

CREATE FUNCTION passport.square_kilometres(area geometry) RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT round((ST_Area(CAST(area AS geography)) / 1e6)::numeric, 3);
END;
COMMENT ON FUNCTION passport.square_kilometres(geometry) IS
'Size of an area (EPSG:4326) on the ground. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.area_parts(area geometry, zones geometry) RETURNS TABLE (place int, part text, shape geometry)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT p.place, p.part, ST_CollectionExtract(p.shape, 3)
    FROM (SELECT 1, 'area', area
          UNION ALL SELECT 2, 'zones', zones
          UNION ALL SELECT 3, 'missing', ST_Difference(zones, area)
          UNION ALL SELECT 4, 'added', ST_Difference(area, zones)) AS p(place, part, shape);
END;
COMMENT ON FUNCTION passport.area_parts(geometry, geometry) IS
'Step of compare_area(). It pins no search path: its body is bound already.';

CREATE FUNCTION passport.compare_area(area geometry, sensor text DEFAULT NULL, stage int DEFAULT NULL)
  RETURNS TABLE (part text, km2 numeric, headcount int, households int, needing_help int)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  problem CONSTANT text := passport.alert_area_problem(area);
  zones passport.affected_area.area%TYPE;
BEGIN
  IF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  ELSIF sensor IS NOT NULL THEN
    SELECT z.area INTO zones FROM passport.zones_together(sensor, stage) AS z;
    IF zones IS NULL THEN
      PERFORM passport.refuse('/stage', 'no_zone', 'No hazard zone is assigned to this sensor up to this stage.');
    END IF;
  END IF;
  RETURN QUERY
    SELECT p.part, passport.square_kilometres(p.shape), passport.shown_count(c.headcount),
           passport.shown_count(c.households), passport.shown_count(c.needing_help)
      FROM passport.area_parts(area, zones) AS p CROSS JOIN LATERAL passport.count_area(p.shape) AS c
     WHERE p.shape IS NOT NULL
     ORDER BY p.place;
END $$;
COMMENT ON FUNCTION passport.compare_area(geometry, text, int) IS
'What an area (EPSG:4326) means before anything is drafted or sent, and how it differs from the zones of a sensor up to a stage, if one is named. Rows: area, zones, missing (in the zones, not in the area), added (in the area, not in the zones), each with its size and the residents it concerns, their households and those who need help, as shown_count() shows them: NULL for few, protected persons not counted. PT422: no area for an alert, or no zone is assigned.';
