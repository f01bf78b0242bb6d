-- Hazard zones, imported from GeoJSON

CREATE TABLE passport.hazard_zone (
  zone_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  source text NOT NULL,
  name text,
  properties jsonb NOT NULL,
  area geometry(MultiPolygon, 4326) NOT NULL,
  depth_rank int CHECK (depth_rank BETWEEN 0 AND 99),
  scale text CHECK (scale IN ('planned', 'largest')),
  designation text CHECK (designation IN ('yellow', 'red', 'yellow_proposed', 'red_proposed')),
  problem text,
  digest bytea NOT NULL,
  valid_from timestamptz NOT NULL DEFAULT passport.now(),
  valid_to timestamptz CHECK (valid_to >= valid_from)
);
CREATE INDEX hazard_zone_area ON passport.hazard_zone USING gist (area);
CREATE UNIQUE INDEX hazard_zone_feature ON passport.hazard_zone (kind, source, digest) WHERE valid_to IS NULL;
CREATE TRIGGER hazard_zone_stays BEFORE DELETE OR TRUNCATE ON passport.hazard_zone
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();
COMMENT ON TABLE passport.hazard_zone IS
'Zones where a hazard of a kind (flood, landslide, house_collapse, ...) is expected, each from an import until a later edition of its source came without it (valid_to); what was drawn from it stays explained. depth_rank (浸水深ランク), scale (計画規模, 想定最大規模) and designation (土砂災害警戒区域: yellow, 特別警戒区域: red, and both before they are designated) as zone_property reads them; "problem" says what was wrong with a geometry that was repaired, "digest" (SHA-256 of the feature) lets the same feature be imported again without doubling.';

CREATE TABLE passport.zone_property (
  property text PRIMARY KEY CHECK (length(property) BETWEEN 1 AND 100),
  meaning text NOT NULL CHECK (meaning IN ('depth_rank', 'scale', 'designation')),
  codes jsonb CHECK (jsonb_typeof(codes) = 'object'),
  implies jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(implies) = 'object'),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.zone_property IS
'Which properties of a feature say its depth rank, scale or designation, by the names that its publishers give them; codes: what each value means (NULL: the value itself); implies: what a property of this name says beside its value. Another publisher''s names are rows.';
INSERT INTO passport.zone_property (property, meaning, codes, implies, shipped) VALUES
  -- 国土数値情報 A31a: 計画規模 and 想定最大規模 are layers of their own
  ('A31a_105', 'depth_rank', NULL, '{"scale": "planned"}', true),
  ('A31a_205', 'depth_rank', NULL, '{"scale": "largest"}', true),
  -- 国土数値情報 A33 区域区分
  ('A33_002', 'designation', '{"1": "yellow", "2": "red", "3": "yellow_proposed", "4": "red_proposed"}', '{}', true),
  -- PLATEAU, as generic and as uro attributes
  ('gen:浸水ランク', 'depth_rank', NULL, '{}', true),
  ('浸水ランク', 'depth_rank', NULL, '{}', true),
  ('rankOrg', 'depth_rank', NULL, '{}', true),
  ('gen:規模', 'scale', '{"L1": "planned", "L2": "largest"}', '{}', true),
  ('規模', 'scale', '{"L1": "planned", "L2": "largest"}', '{}', true),
  ('scale', 'scale', '{"L1": "planned", "L2": "largest", "1": "planned", "2": "largest"}', '{}', true),
  ('gen:区域区分', 'designation', '{"1": "yellow", "2": "red"}', '{}', true),
  ('区域区分', 'designation', '{"1": "yellow", "2": "red"}', '{}', true),
  ('areaType', 'designation', '{"1": "yellow", "2": "red", "3": "yellow_proposed", "4": "red_proposed"}', '{}', true);

CREATE FUNCTION passport.zone_attributes(properties jsonb, OUT depth_rank int, OUT scale text, OUT designation text)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH said AS (
    SELECT z.meaning, CASE WHEN z.codes IS NULL THEN p.value ELSE z.codes ->> p.value END AS value, 1 AS place
      FROM jsonb_each_text(properties) AS p JOIN passport.zone_property AS z ON z.property = p.key
    UNION ALL
    SELECT i.key, i.value, 2
      FROM jsonb_each_text(properties) AS p JOIN passport.zone_property AS z ON z.property = p.key
     CROSS JOIN LATERAL jsonb_each_text(z.implies) AS i
     WHERE p.value IS NOT NULL
  ), known AS (
    SELECT DISTINCT ON (s.meaning) s.meaning, s.value FROM said AS s
     WHERE s.value IS NOT NULL AND (s.meaning <> 'depth_rank' OR s.value ~ '^[0-9]{1,2}$')
     ORDER BY s.meaning, s.place, s.value DESC
  )
  SELECT max(k.value) FILTER (WHERE k.meaning = 'depth_rank')::int, max(k.value) FILTER (WHERE k.meaning = 'scale'),
         max(k.value) FILTER (WHERE k.meaning = 'designation')
    FROM known AS k;
END;
COMMENT ON FUNCTION passport.zone_attributes(jsonb) IS
'What the properties of a feature say of its zone, by zone_property; NULL for what they do not say, or say in a code that is not there.';

CREATE TABLE passport.zone_problem (
  problem_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  source text NOT NULL,
  feature int NOT NULL,
  zone_id bigint REFERENCES passport.hazard_zone,
  action text NOT NULL CHECK (action IN ('repaired', 'refused')),
  problem text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT passport.now()
);
COMMENT ON TABLE passport.zone_problem IS
'What was wrong with the features of an import, and what was done about it.';

-- The three steps that need PostGIS, each bound at definition.
CREATE FUNCTION passport.geojson_shape(geometry jsonb, OUT shape geometry, OUT vertices int)
  RETURNS record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT g, ST_NPoints(g)
    FROM (SELECT ST_Force2D(ST_GeomFromGeoJSON(geometry::text)) AS g) AS parsed;
END;
COMMENT ON FUNCTION passport.geojson_shape(jsonb) IS
'A GeoJSON geometry, flattened, and its number of vertices. Raises what PostGIS raises. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.shape_fault(shape geometry) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
    WHEN ST_IsEmpty(shape) THEN 'the geometry is empty'
    WHEN ST_SRID(shape) <> 4326 THEN 'the coordinates are not longitude and latitude'
    WHEN NOT coalesce(ST_XMin(shape) >= -180 AND ST_XMax(shape) <= 180
                      AND ST_YMin(shape) >= -90 AND ST_YMax(shape) <= 90, false)
      THEN 'the coordinates are not longitude and latitude' END;
END;
COMMENT ON FUNCTION passport.shape_fault(geometry) IS
'Why a geometry can be no area on Earth (a sentence), or NULL. It pins no search path: its body is bound already.';

-- The structure method takes overlapping parts together; the older one would
-- take what two parts share out of both, and a flooded street out of the zone.
CREATE FUNCTION passport.sound_area(shape geometry, OUT area geometry, OUT problem text)
  RETURNS record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
           WHEN c.valid THEN ST_Multi(shape)
           ELSE ST_Multi(ST_CollectionExtract(ST_UnaryUnion(ST_CollectionExtract(
                  ST_MakeValid(shape, 'method=structure'), 3)), 3))
         END,
         CASE WHEN NOT c.valid THEN ST_IsValidReason(shape) END
    FROM (SELECT ST_IsValid(shape) AS valid OFFSET 0) AS c;
END;
COMMENT ON FUNCTION passport.sound_area(geometry) IS
'A polygon or multipolygon as a valid multipolygon, and what was wrong with it (ST_IsValidReason), NULL if nothing. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.is_empty(area geometry) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ST_IsEmpty(area);
END;
COMMENT ON FUNCTION passport.is_empty(geometry) IS
'Whether nothing is left of an area. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.read_zone(feature jsonb, OUT area passport.hazard_zone.area%TYPE,
                                   OUT problem text)
  RETURNS record
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  most_vertices CONSTANT int := 200000;
  read record;
BEGIN
  IF jsonb_typeof(feature) IS DISTINCT FROM 'object' OR feature->>'type' IS DISTINCT FROM 'Feature' THEN
    problem := 'not a feature';
  ELSIF jsonb_typeof(feature->'geometry') IS DISTINCT FROM 'object'
        OR feature->'geometry'->>'type' IS NULL
        OR feature->'geometry'->>'type' NOT IN ('Polygon', 'MultiPolygon') THEN
    problem := 'not a polygon or multipolygon';
  ELSE
    SELECT * INTO read FROM passport.geojson_shape(feature->'geometry');
    problem := coalesce(passport.shape_fault(read.shape),
      CASE WHEN read.vertices > most_vertices THEN 'more than 200,000 vertices' END);
    IF problem IS NULL THEN
      SELECT s.area, s.problem INTO area, problem FROM passport.sound_area(read.shape) AS s;
      IF passport.is_empty(area) THEN
        area := NULL;
      END IF;
    END IF;
  END IF;
EXCEPTION WHEN OTHERS THEN
  -- what PostGIS and GEOS find wrong with a geometry is this feature's fault
  area := NULL;
  problem := left(btrim(SQLERRM, E' \n'), 200);
END $$;
COMMENT ON FUNCTION passport.read_zone(jsonb) IS
'The area of one GeoJSON feature and what was wrong with it; the area is NULL when nothing could be made of it. Raises nothing for bad input.';

CREATE FUNCTION passport.import_hazard_zones(features jsonb, kind text, source text, whole boolean DEFAULT false)
  RETURNS TABLE (feature int, zone_id bigint, action text, problem text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  most_bytes CONSTANT int := 64 * 1024 * 1024;
  most_features CONSTANT int := 100000;
  kind CONSTANT text := import_hazard_zones.kind;
  source CONSTANT text := import_hazard_zones.source;
  item jsonb;
  read record;
  stored bigint[] := '{}';
BEGIN
  IF coalesce(length(kind), 0) NOT BETWEEN 1 AND 100 THEN
    PERFORM passport.refuse('/kind', 'length', 'The kind of hazard is a word of at most 100 letters.');
  ELSIF coalesce(length(source), 0) NOT BETWEEN 1 AND 1000 THEN
    PERFORM passport.refuse('/source', 'length', 'The source is named, in at most 1,000 letters.');
  ELSIF jsonb_typeof(features) IS DISTINCT FROM 'object'
     OR features->>'type' IS DISTINCT FROM 'FeatureCollection'
     OR jsonb_typeof(features->'features') IS DISTINCT FROM 'array' THEN
    PERFORM passport.refuse('/features', 'type', 'A GeoJSON FeatureCollection is wanted.');
  ELSIF jsonb_array_length(features->'features') > most_features THEN
    PERFORM passport.refuse('/features/features', 'too_many', 'A collection has at most 100,000 features.');
  ELSIF pg_column_size(features) > most_bytes OR octet_length(features::text) > most_bytes THEN
    PERFORM passport.refuse('/features', 'too_large', 'A collection has at most 64 MiB.');
  END IF;
  PERFORM passport.refuse_individual_number('/kind', kind), passport.refuse_individual_number('/source', source);

  FOR item, feature IN
    SELECT f.value, f.ordinality FROM jsonb_array_elements(features->'features') WITH ORDINALITY AS f
  LOOP
    SELECT * INTO read FROM passport.read_zone(item);
    problem := read.problem;
    IF read.area IS NULL THEN
      zone_id := NULL;
      action := 'refused';
      problem := coalesce(problem, 'nothing is left of the area');
    ELSE
      zone_id := passport.store_zone(item, read.area, kind, source, problem);
      action := CASE WHEN problem IS NULL THEN 'imported' ELSE 'repaired' END;
      stored := stored || zone_id;
    END IF;
    IF action <> 'imported' THEN
      INSERT INTO passport.zone_problem (kind, source, feature, zone_id, action, problem)
        VALUES (kind, source, feature, zone_id, action, problem);
    END IF;
    RETURN NEXT;
  END LOOP;
  IF whole THEN
    -- an edition that came out empty must not take every zone away
    IF stored = '{}' THEN
      PERFORM passport.refuse('/features/features', 'empty', 'A whole edition has one zone that can be imported at least.');
    END IF;
    RETURN QUERY SELECT NULL::int, o.* FROM passport.end_zones(kind, source, stored) AS o;
  END IF;
END $$;
COMMENT ON FUNCTION passport.import_hazard_zones(jsonb, text, text, boolean) IS
'Imports the features of a GeoJSON FeatureCollection (RFC 7946: longitude, latitude; at most 64 MiB, 100,000 features, 200,000 vertices a feature; Polygon and MultiPolygon, heights are dropped) as zones of a kind ("flood", "landslide", ...) from a source. One row per feature, counted from 1: action "imported", "repaired" (the geometry was invalid: problem says how, the zone covers all that its parts cover) or "refused" (problem says why; the others are imported). A property that holds an individual number is left out. The same feature again gives its first zone. whole: the collection is all of a new edition of its kind and source, so that zones which are not in it are over from now on, in rows of their own: action "over", and a problem where a sensor still has the zone, which goes on counting there until assign_zones() says otherwise. PT422: no such collection, too large, or a whole edition without a zone.';

CREATE FUNCTION passport.store_zone(feature jsonb, area passport.hazard_zone.area%TYPE, kind text,
                                    source text, problem text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  hash CONSTANT bytea := sha256(convert_to(feature::text, 'UTF8'));
  -- a zone is never refused for what is written beside it: somebody may live there
  properties CONSTANT jsonb := CASE jsonb_typeof(feature->'properties') WHEN 'object' THEN (
    SELECT coalesce(jsonb_object_agg(p.key, p.value), '{}') FROM jsonb_each(feature->'properties') AS p
     WHERE NOT passport.holds_individual_number(p.key || E'\n' || p.value::text)) ELSE '{}' END;
  stored bigint;
BEGIN
  INSERT INTO passport.hazard_zone AS z (kind, source, name, properties, depth_rank, scale, designation, area, problem, digest)
    SELECT kind, source, properties->>'name', properties, a.depth_rank, a.scale, a.designation, area, problem, hash
      FROM passport.zone_attributes(properties) AS a
    ON CONFLICT DO NOTHING
    RETURNING z.zone_id INTO stored;
  IF stored IS NULL THEN
    SELECT z.zone_id INTO STRICT stored FROM passport.hazard_zone AS z
     WHERE z.kind = store_zone.kind AND z.source = store_zone.source AND z.digest = hash AND z.valid_to IS NULL;
  END IF;
  RETURN stored;
END $$;
COMMENT ON FUNCTION passport.store_zone(jsonb, passport.hazard_zone.area%TYPE, text, text, text) IS
'Step of import_hazard_zones(): the zone of a feature, new or of an earlier import.';
