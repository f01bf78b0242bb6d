-- The public map as vector tiles

CREATE FUNCTION passport.public_map_mvt(z int, x int, y int) RETURNS bytea
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
BEGIN
  IF coalesce(z NOT BETWEEN 0 AND 22, true) OR coalesce(x NOT BETWEEN 0 AND (1 << z) - 1, true)
     OR coalesce(y NOT BETWEEN 0 AND (1 << z) - 1, true) THEN
    PERFORM passport.refuse('/z', 'out_of_range', 'z is 0 to 22; x and y are 0 to two to the power of z, less one.');
  END IF;
  RETURN passport.map_tile(z, x, y);
END $$;
COMMENT ON FUNCTION passport.public_map_mvt(int, int, int) IS
'Mapbox Vector Tile (2.1) of the public map, for a tile server: layers alert, boundary, sensor and shelter with the properties that public_map() gives, without those that are lists or objects. z, x, y: as in the addresses of web maps (EPSG:3857, y from the north), z 0 to 22. Empty where there is nothing. Nothing personal, no drills. PT422: no such tile.';

CREATE FUNCTION passport.map_tile(z int, x int, y int) RETURNS bytea
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH part AS (
    SELECT f -> 'properties' ->> 'kind' AS layer, (f -> 'properties') - 'kind' AS properties,
           ST_AsMVTGeom(ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(f -> 'geometry'), 4326), 3857), ST_TileEnvelope(z, x, y)) AS geom
      FROM (SELECT passport.map_alerts() UNION ALL SELECT passport.map_sensors() UNION ALL SELECT passport.map_places()) AS m(f)
  ), tile AS (
    SELECT p.layer, ST_AsMVT(p.*, p.layer, 4096, 'geom') AS body
      FROM part AS p WHERE p.geom IS NOT NULL GROUP BY p.layer
  )
  SELECT coalesce(string_agg(t.body, '' ORDER BY t.layer), '') FROM tile AS t;
END;
COMMENT ON FUNCTION passport.map_tile(int, int, int) IS
'Step of public_map_mvt(): the tile of a place that there is.';
