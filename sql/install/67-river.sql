-- 川の水位情報 (k.river.go.jp): the hour files of crisis-management gauges, in and out

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

CREATE FUNCTION passport.river_levels() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH gauge AS (
    SELECT coalesce((SELECT min(c.code) FROM passport.source_code AS c WHERE c.source = 'river' AND c.sensor = s.sensor), s.sensor) AS code,
           coalesce(nullif(s.name, ''), s.sensor) AS name, n.observed_at, s.lat, s.lon,
           passport.elevation(s, n.value) AS level, passport.elevation(s, s.start_level) AS start,
           passport.elevation(s, danger.up) AS warning, passport.elevation(s, flood.up) AS flood
      FROM passport.sensor AS s
      JOIN passport.sensor_state AS n USING (sensor)
      LEFT JOIN passport.sensor_threshold AS danger ON danger.sensor = s.sensor AND danger.stage = 4
      LEFT JOIN passport.sensor_threshold AS flood ON flood.sensor = s.sensor AND flood.stage = 5
     WHERE s.state = 'in_service' AND s.kind ~ 'level$' AND n.observed_at > passport.now() - interval '3 hours'
  ), item AS (
    SELECT g.*, coalesce(g.level >= g.warning, false) AS is_warning, coalesce(g.level >= g.flood, false) AS is_flood
      FROM gauge AS g WHERE g.level IS NOT NULL
  )
  SELECT jsonb_build_object('generatedAt', passport.now(), 'timeZone', current_setting('passport.timezone'), 'totalItems', count(*),
           'floodCount', count(*) FILTER (WHERE i.is_flood), 'warningCount', count(*) FILTER (WHERE i.is_warning),
           'items', coalesce(jsonb_agg(jsonb_build_object('code', i.code, 'name', i.name, 'obsTime', i.observed_at,
             'level', round(i.level::numeric, 3), 'startLevel', round(i.start::numeric, 3), 'warnLevel', round(i.warning::numeric, 3),
             'fladLevel', round(i.flood::numeric, 3), 'over', 1 + 10 * i.is_warning::int + 100 * i.is_flood::int,
             'isWarning', i.is_warning, 'isFlood', i.is_flood, 'latitude', i.lat, 'longitude', i.lon) ORDER BY i.code), '[]'))
    FROM item AS i;
END;
COMMENT ON FUNCTION passport.river_levels() IS
'The river gauges in the form of an hour file of 川の水位情報, so that whoever reads those reads these: of each in service its last accepted reading of the last 3 hours, in metres above the sea, with the threshold of stage 4 as warnLevel, that of stage 5 as fladLevel (so written there), and over: 1, with 10 for the first and 100 for the second. code: what set_source_code() says for river, else the sensor''s own. A gauge whose zero_elevation is not known is left out. What take_river_levels() of another village takes in. Nothing personal.';
