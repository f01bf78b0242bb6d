-- 川の水位情報 (k.river.go.jp): the hour files of crisis-management gauges

CREATE FUNCTION passport.take_river_levels(file jsonb, fetched_at timestamptz DEFAULT NULL)
  RETURNS TABLE (code text, sensor text, observed_at timestamptz, value double precision, verdict text, reasons text[],
                 stage int, stage_changed boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  fetched CONSTANT timestamptz := coalesce(fetched_at, passport.iso_time(file ->> 'generatedAt'), passport.now());
BEGIN
  PERFORM passport.refuse_many('/file/items', file -> 'items');
  RETURN QUERY
  WITH item AS MATERIALIZED (
    SELECT left(i ->> 'code', 256) AS code, passport.iso_time(i ->> 'obsTime') AS at, passport.json_number(i -> 'level') AS level
      FROM jsonb_array_elements(file -> 'items') AS i
  ), judged AS (
    SELECT i.*, CASE WHEN i.at > fetched + interval '10 minutes' THEN 'after_fetch'
                     -- one station of Hokkaido repeated a time of 2024 for a year, as a flood
                     WHEN i.at < fetched - interval '3 hours' THEN 'outdated'
                     WHEN s.datum = 'local' AND s.zero_elevation IS NULL THEN 'datum' END AS problem,
           i.level - CASE s.datum WHEN 'local' THEN s.zero_elevation ELSE 0 END AS value
      FROM item AS i
      LEFT JOIN passport.source_code AS c ON c.source = 'river' AND c.code = i.code
      LEFT JOIN passport.sensor AS s ON s.sensor = c.sensor
  )
  SELECT t.* FROM (SELECT coalesce(array_agg(j.code), '{}') AS codes, coalesce(array_agg(j.at), '{}') AS times,
                          coalesce(array_agg(j.value), '{}') AS levels, coalesce(array_agg(j.problem), '{}') AS problems
                     FROM judged AS j) AS a
   CROSS JOIN LATERAL passport.take_observed('river', a.codes, a.times, a.levels, a.problems) AS t;
END $$;
COMMENT ON FUNCTION passport.take_river_levels(jsonb, timestamptz) IS
'Takes in an hour file of 川の水位情報: {"generatedAt", "items": [{"code", "obsTime", "level" (metres above the sea), ...}]}, at most 10,000 items; of each item these three are read, so a missing placeCity is nothing. fetched_at: when the file was read (left out: generatedAt, else now). A row for each item: as record_readings(), or verdict "refused" for "unassigned" (set_source_code names no sensor), "no_time", "no_value", "after_fetch" (more than 10 minutes later than the file), "outdated" (more than 3 hours older: a station that repeats itself), "datum" (the sensor counts from its own zero, and its zero_elevation is not known). That a station is absent is no gap: it is silent below its start level. PT422: no array of items, or too many.';

-- A gauge stands in the file only above its start level, as in the original: it
-- is no gap when one is absent.
CREATE FUNCTION passport.river_levels() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
           'generatedAt', to_char(passport.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'timeZone', current_setting('passport.timezone'), 'totalItems', count(*),
           'warningCount', count(*) FILTER (WHERE g.level >= g.warning), 'floodCount', count(*) FILTER (WHERE g.level >= g.flood),
           'items', coalesce(jsonb_agg(jsonb_build_object(
             'code', g.code, 'name', g.name, 'obsTime', passport.cap_time(g.observed_at), 'level', g.level,
             'startLevel', g.start, 'warnLevel', g.warning, 'fladLevel', g.flood,
             'over', CASE WHEN g.level >= g.flood THEN 111 WHEN g.level >= g.warning THEN 11 ELSE 1 END,
             'isWarning', coalesce(g.level >= g.warning, false), 'isFlood', coalesce(g.level >= g.flood, false),
             'latitude', g.lat, 'longitude', g.lon) ORDER BY g.code), '[]'))
    FROM (SELECT coalesce((SELECT min(c.code) FROM passport.source_code AS c WHERE c.source = 'river' AND c.sensor = s.sensor), s.sensor) AS code,
                 coalesce(nullif(s.name, ''), s.sensor) AS name, n.observed_at, s.lon, s.lat,
                 round(passport.elevation(s, n.value)::numeric, 2) AS level, round(passport.elevation(s, s.start_level)::numeric, 2) AS start,
                 round(passport.elevation(s, t.warning)::numeric, 2) AS warning, round(passport.elevation(s, t.flood)::numeric, 2) AS flood
            FROM passport.sensor AS s JOIN passport.sensor_state AS n USING (sensor)
            LEFT JOIN LATERAL (SELECT min(h.up) FILTER (WHERE h.stage >= 3) AS warning, max(h.up) AS flood
                                 FROM passport.sensor_threshold AS h WHERE h.sensor = s.sensor) AS t ON true
           WHERE s.state = 'in_service' AND s.kind ~ 'level$' AND n.observed_at > passport.now() - interval '1 hour'
             AND coalesce(n.value > s.start_level, true) AND passport.elevation(s, n.value) IS NOT NULL) AS g;
END;
COMMENT ON FUNCTION passport.river_levels() IS
'The water gauges of the last hour in the form of an hour file of 川の水位情報, which take_river_levels() of another municipality takes in: each with its last accepted level above the sea, start level, the lowest threshold from stage 3 on (warnLevel) and the highest (fladLevel), over (1, 11 from warnLevel on, 111 from fladLevel on), under its station code there (set_source_code) or its own name. Left out: who rests below the start level, who counts from a zero of unknown height. Nothing personal.';
