-- OGC SensorThings (15-078r6): observations in and out

CREATE FUNCTION passport.sensorthings_list(observations jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- of the data array extension a row is made an observation, and of Things those of their Datastreams
  SELECT coalesce(jsonb_agg(coalesce(r.observation, e.observation, o.observation) ORDER BY o.place, r.place, e.stream, e.place), '[]')
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(observations) = 'array' THEN observations
                                   WHEN jsonb_typeof(observations -> 'value') = 'array' THEN observations -> 'value'
                                   ELSE jsonb_build_array(observations) END) WITH ORDINALITY AS o(observation, place)
    LEFT JOIN LATERAL (
      SELECT d.place, jsonb_build_object('Datastream', o.observation -> 'Datastream') ||
             (SELECT coalesce(jsonb_object_agg(c.name, d.fields -> (c.place - 1)::int), '{}')
                FROM jsonb_array_elements_text(CASE jsonb_typeof(o.observation -> 'components') WHEN 'array'
                       THEN o.observation -> 'components' ELSE '[]' END) WITH ORDINALITY AS c(name, place)
               WHERE c.name IS NOT NULL) AS observation
        FROM jsonb_array_elements(o.observation -> 'dataArray') WITH ORDINALITY AS d(fields, place)) AS r
      ON jsonb_typeof(o.observation -> 'dataArray') = 'array'
    LEFT JOIN LATERAL (
      SELECT d.place AS stream, b.place,
             jsonb_build_object('Datastream', jsonb_build_object('@iot.id', d.stream -> '@iot.id')) || b.observation AS observation
        FROM jsonb_array_elements(o.observation -> 'Datastreams') WITH ORDINALITY AS d(stream, place),
             jsonb_array_elements(CASE jsonb_typeof(d.stream -> 'Observations') WHEN 'array'
               THEN d.stream -> 'Observations' ELSE '[]' END) WITH ORDINALITY AS b(observation, place)
       WHERE jsonb_typeof(b.observation) = 'object') AS e
      ON jsonb_typeof(o.observation -> 'Datastreams') = 'array'
   WHERE jsonb_typeof(o.observation -> 'Datastreams') IS DISTINCT FROM 'array' OR e.place IS NOT NULL;
END;
COMMENT ON FUNCTION passport.sensorthings_list(jsonb) IS
'Array of the observations of a payload: one, an array, {"value": [...]}, data arrays, or Things with those of their Datastreams. Step of take_sensorthings().';

CREATE FUNCTION passport.take_sensorthings(observations jsonb)
  RETURNS TABLE (code text, sensor text, observed_at timestamptz, value double precision, verdict text, reasons text[],
                 stage int, stage_changed boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  list jsonb;
BEGIN
  IF jsonb_typeof(observations) IS NULL OR jsonb_typeof(observations) NOT IN ('object', 'array') THEN
    PERFORM passport.refuse('/observations', 'type', 'Observations are an object or an array.');
  END IF;
  list := passport.sensorthings_list(observations);
  PERFORM passport.refuse_many('/observations', list);
  RETURN QUERY
  SELECT t.* FROM (
    SELECT coalesce(array_agg(coalesce(left(o #>> '{Datastream,@iot.id}', 256), '')), '{}') AS codes,
           -- of an interval, its end: the level of the last moment
           coalesce(array_agg(passport.iso_time(regexp_replace(o ->> 'phenomenonTime', '^.*/', ''))), '{}') AS times,
           coalesce(array_agg(passport.json_number(o -> 'result')), '{}') AS results,
           coalesce(array_agg(NULL::text), '{}') AS problems
      FROM jsonb_array_elements(list) AS o) AS a
   CROSS JOIN LATERAL passport.take_observed('sensorthings', a.codes, a.times, a.results, a.problems) AS t;
END $$;
COMMENT ON FUNCTION passport.take_sensorthings(jsonb) IS
'Takes in observations of OGC SensorThings 1.0 or 1.1, at most 10,000: one as it is POSTed or comes by MQTT ({"phenomenonTime", "result", "Datastream": {"@iot.id"}}), an array of them, a page ({"value": [...]}) data arrays ([{"Datastream", "components", "dataArray"}]), or Things with their Datastreams and Observations, as $expand gives them. Results in the sensor''s unit. A row for each: as record_readings(), or verdict "refused" for "unassigned" (set_source_code names no sensor for the Datastream), "no_time" (neither an RFC 3339 time nor an interval), "no_value" (no number). PT422: not such a payload, or too many.';

CREATE FUNCTION passport.sensorthings(span interval DEFAULT '1 hour') RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object('value', coalesce(jsonb_agg(jsonb_build_object(
           '@iot.id', s.sensor, 'name', coalesce(nullif(s.name, ''), s.sensor), 'description', s.kind,
           'properties', jsonb_build_object('state', s.state, 'datum', s.datum),
           'Locations', jsonb_build_array(jsonb_build_object(
             'name', coalesce(nullif(s.name, ''), s.sensor), 'description', s.kind, 'encodingType', 'application/geo+json',
             'location', ST_AsGeoJSON(s.location, 6)::jsonb)),
           'Datastreams', jsonb_build_array(jsonb_build_object(
             '@iot.id', s.sensor, 'name', s.kind, 'description', s.kind,
             'observationType', 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
             'unitOfMeasurement', jsonb_build_object('name', s.unit, 'symbol', s.unit, 'definition', 'http://unitsofmeasure.org/ucum.html'),
             'ObservedProperty', jsonb_build_object('name', s.kind, 'description', s.kind, 'definition', 'urn:passport:' || s.kind),
             'Sensor', jsonb_build_object('name', s.sensor, 'description', '', 'encodingType', 'text/plain', 'metadata', ''),
             'Observations', (SELECT coalesce(jsonb_agg(jsonb_build_object('phenomenonTime', r.observed_at, 'resultTime', r.observed_at,
                                       'result', r.value) ORDER BY r.observed_at DESC), '[]')
                                FROM passport.reading AS r
                               WHERE r.sensor = s.sensor AND r.verdict = 'accepted'
                                 AND r.observed_at > passport.now() - least(span, interval '48 hours')))))
           ORDER BY s.sensor), '[]'))
    FROM passport.sensor AS s WHERE s.state <> 'retired' AND s.location IS NOT NULL;
END;
COMMENT ON FUNCTION passport.sensorthings(interval) IS
'The gauges as OGC SensorThings: {"value": [Thing with Locations and Datastreams with Observations]}, the accepted readings of a span (at most 48 hours), newest first. What take_sensorthings() of another village takes in. Nothing personal.';
