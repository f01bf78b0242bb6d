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
