-- FIWARE NGSI-v2: entities WaterObserved, FloodMonitoring and, of rain, WeatherObserved, in and out

CREATE FUNCTION passport.ngsi_attribute(entity jsonb, name text) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE jsonb_typeof(entity -> name) WHEN 'object' THEN entity -> name -> 'value' ELSE entity -> name END;
END;
COMMENT ON FUNCTION passport.ngsi_attribute(jsonb, text) IS
'Value of an entity''s attribute, in the normalized or the keyValues form.';

CREATE FUNCTION passport.take_ngsi(entities jsonb)
  RETURNS TABLE (code text, sensor text, observed_at timestamptz, value double precision, verdict text, reasons text[],
                 stage int, stage_changed boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  list CONSTANT jsonb := CASE WHEN jsonb_typeof(entities) = 'array' THEN entities
                              WHEN entities ? 'data' THEN entities -> 'data'
                              WHEN entities ? 'entities' THEN entities -> 'entities'
                              WHEN jsonb_typeof(entities) = 'object' THEN jsonb_build_array(entities) END;
BEGIN
  PERFORM passport.refuse_many('/entities', list);
  RETURN QUERY
  SELECT t.* FROM (
    SELECT coalesce(array_agg(coalesce(left(e ->> 'id', 256), '')), '{}') AS codes,
           coalesce(array_agg(passport.iso_time(CASE e ->> 'type' WHEN 'FloodMonitoring'
             THEN passport.ngsi_attribute(e, 'observationDateTime') ELSE passport.ngsi_attribute(e, 'dateObserved') END #>> '{}')), '{}') AS times,
           coalesce(array_agg(passport.json_number(CASE e ->> 'type'
             WHEN 'FloodMonitoring' THEN passport.ngsi_attribute(e, 'currentLevel')
             WHEN 'WaterObserved' THEN coalesce(passport.ngsi_attribute(e, 'waterLevel'), passport.ngsi_attribute(e, 'height'))
             WHEN 'WeatherObserved' THEN passport.ngsi_attribute(e, 'precipitation') END)), '{}') AS levels,
           coalesce(array_agg(CASE WHEN e ->> 'type' IN ('FloodMonitoring', 'WaterObserved', 'WeatherObserved') THEN NULL
                                   ELSE 'other_type' END), '{}') AS problems
      FROM jsonb_array_elements(list) AS e) AS a
   CROSS JOIN LATERAL passport.take_observed('ngsi', a.codes, a.times, a.levels, a.problems) AS t;
END $$;
COMMENT ON FUNCTION passport.take_ngsi(jsonb) IS
'Takes in entities of FIWARE NGSI-v2, at most 10,000, normalized or keyValues: one, an array, a notification ({"subscriptionId", "data": [...]}) or a batch ({"actionType", "entities": [...]}). WaterObserved: waterLevel, else height, at dateObserved; FloodMonitoring: currentLevel at observationDateTime; WeatherObserved: precipitation at dateObserved. A row for each: as record_readings(), or verdict "refused" for "unassigned" (set_source_code names no sensor for the id), "other_type", "no_time" (no RFC 3339 time), "no_value" (no number). PT422: not such a payload, or too many. Source: smart-data-models, dataModel.Environment and dataModel.Weather.';

-- NGSI-v2 forbids < > " ' = ; ( ) in texts, and more in an id.
CREATE FUNCTION passport.ngsi_text(value text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT translate(value, '<>"''=;()', '');
END;
COMMENT ON FUNCTION passport.ngsi_text(text) IS
'A text without the characters that NGSI-v2 forbids.';

CREATE FUNCTION passport.ngsi_entities(type text DEFAULT 'WaterObserved') RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(
           jsonb_build_object('id', 'urn:ngsi-ld:' || m.type || ':' || CASE WHEN s.sensor ~ '^[A-Za-z0-9._:-]+$' THEN s.sensor
                                      ELSE encode(convert_to(s.sensor, 'UTF8'), 'hex') END,
                              'type', m.type,
                              'name', jsonb_build_object('type', 'Text', 'value', passport.ngsi_text(coalesce(nullif(s.name, ''), s.sensor))),
                              'location', jsonb_build_object('type', 'geo:json', 'value', ST_AsGeoJSON(s.location, 6)::jsonb))
           || CASE m.type
                WHEN 'WaterObserved' THEN
                  jsonb_build_object('dateObserved', jsonb_build_object('type', 'DateTime', 'value', n.observed_at),
                                     'waterLevel', jsonb_build_object('type', 'Number', 'value', n.value))
                WHEN 'WeatherObserved' THEN
                  jsonb_build_object('dateObserved', jsonb_build_object('type', 'DateTime', 'value', n.observed_at),
                                     'precipitation', jsonb_build_object('type', 'Number', 'value', n.value))
                ELSE
                  jsonb_build_object('observationDateTime', jsonb_build_object('type', 'DateTime', 'value', n.observed_at),
                                     'currentLevel', jsonb_build_object('type', 'Number', 'value', n.value),
                                     'alertLevel', jsonb_build_object('type', 'Number', 'value', t.lowest),
                                     'dangerLevel', jsonb_build_object('type', 'Number', 'value', t.highest),
                                     'floodLevelStatus', jsonb_build_object('type', 'Text', 'value',
                                       CASE WHEN n.value >= t.highest THEN 'Danger' WHEN n.value >= t.lowest THEN 'Alert' ELSE 'Normal' END),
                                     'stationID', jsonb_build_object('type', 'Text', 'value', passport.ngsi_text(s.sensor))) END
           ORDER BY s.sensor), '[]')
    FROM (SELECT CASE WHEN ngsi_entities.type IN ('FloodMonitoring', 'WeatherObserved') THEN ngsi_entities.type
                      ELSE 'WaterObserved' END AS type) AS m,
         passport.sensor AS s
    JOIN passport.sensor_state AS n USING (sensor)
    LEFT JOIN LATERAL (SELECT min(h.up) AS lowest, max(h.up) AS highest FROM passport.sensor_threshold AS h WHERE h.sensor = s.sensor) AS t ON true
   WHERE s.state <> 'retired' AND s.location IS NOT NULL AND n.value IS NOT NULL
     AND CASE m.type WHEN 'WeatherObserved' THEN s.kind = 'rain' ELSE s.kind ~ 'level$' END;
END;
COMMENT ON FUNCTION passport.ngsi_entities(text) IS
'The gauges as entities of NGSI-v2, normalized, each with its last accepted reading: the water gauges as "WaterObserved", or "FloodMonitoring" with the lowest threshold as alertLevel and the highest as dangerLevel; or as "WeatherObserved" the rain gauges. Nothing personal.';
