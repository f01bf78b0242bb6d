-- Readings of other systems: which of their stations is which sensor of ours

CREATE TABLE passport.source_code (
  source text NOT NULL CHECK (source IN ('river', 'sensorthings', 'ngsi')),
  code text NOT NULL CHECK (length(code) BETWEEN 1 AND 256),
  sensor text NOT NULL REFERENCES passport.sensor,
  PRIMARY KEY (source, code)
);
COMMENT ON TABLE passport.source_code IS
'What a sensor is called where its readings come from: river, the station code of 川の水位情報; sensorthings, the number or name of the Datastream (@iot.id); ngsi, the id of the entity.';

CREATE FUNCTION passport.set_source_code(source text, code text, sensor text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM passport.refuse_individual_number('/code', code);
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = set_source_code.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  END IF;
  INSERT INTO passport.source_code AS c (source, code, sensor) VALUES (source, code, sensor)
    ON CONFLICT ON CONSTRAINT source_code_pkey DO UPDATE SET sensor = excluded.sensor;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/source', 'unknown', 'A source is river, sensorthings or ngsi; a code has 1 to 256 characters.');
END $$;
COMMENT ON FUNCTION passport.set_source_code(text, text, text) IS
'Says which sensor a station of another system is. source: river, sensorthings or ngsi; code: what it is called there; a code that is known goes over to the sensor. Errors: PT404 unknown sensor, PT422 source or code.';

CREATE FUNCTION passport.json_number(value jsonb) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN
           CASE WHEN abs(value::numeric) < 1e9 THEN value::double precision END END;
END;
COMMENT ON FUNCTION passport.json_number(jsonb) IS
'A JSON number below a thousand million; NULL for anything else, so that 1e999 is no value rather than an error.';

-- All sensors of a call are taken before the first reading is recorded, in the
-- order of their names.  Two files that come at once would otherwise each wait
-- for a sensor that the other holds; and one that has sent an authorised alert
-- for its first sensor would hold the lock of alerts while it waits for a second,
-- whose own alert waits for that lock.
CREATE FUNCTION passport.take_observed(source text, codes text[], times timestamptz[], "values" double precision[], problems text[])
  RETURNS TABLE (code text, sensor text, observed_at timestamptz, value double precision, verdict text, reasons text[],
                 stage int, stage_changed boolean)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH given AS MATERIALIZED (
    SELECT o.code, c.sensor, o.at, o.value, o.place,
           CASE WHEN c.sensor IS NULL THEN 'unassigned'
                WHEN o.problem IS NOT NULL THEN o.problem
                WHEN o.at IS NULL THEN 'no_time'
                WHEN o.value IS NULL THEN 'no_value' END AS problem
      FROM unnest(codes, times, "values", problems) WITH ORDINALITY AS o(code, at, value, problem, place)
      LEFT JOIN passport.source_code AS c ON c.source = take_observed.source AND c.code = o.code
  ), batch AS MATERIALIZED (
    SELECT g.code, g.sensor, array_agg(g.at ORDER BY g.place) AS times, array_agg(g.value ORDER BY g.place) AS readings
      FROM given AS g WHERE g.problem IS NULL
     GROUP BY g.sensor, g.code ORDER BY g.sensor, g.code
  ), locked AS MATERIALIZED (
    SELECT n.sensor FROM passport.sensor_state AS n
     WHERE n.sensor IN (SELECT b.sensor FROM batch AS b) ORDER BY n.sensor FOR UPDATE
  ), taken AS MATERIALIZED (
    SELECT b.code, b.sensor, r.*
      FROM (SELECT count(*) AS sensors FROM locked) AS l CROSS JOIN batch AS b
     -- which stands on the locks, so that it comes after them
     CROSS JOIN LATERAL passport.record_readings(CASE WHEN l.sensors IS NOT NULL THEN b.sensor END, b.times, b.readings) AS r
  )
  SELECT t.code, t.sensor, t.observed_at, t.value, t.verdict, t.reasons, t.stage, t.stage_changed FROM taken AS t
  UNION ALL
  SELECT g.code, g.sensor, g.at, g.value, 'refused', ARRAY[g.problem], NULL, false FROM given AS g WHERE g.problem IS NOT NULL;
END;
COMMENT ON FUNCTION passport.take_observed(text, text[], timestamptz[], double precision[], text[]) IS
'Records readings by the codes of a source and returns a row for each: as record_readings() does, or "refused" with why (the problem given, "unassigned", "no_time", "no_value"). Step of take_river_levels(), take_sensorthings() and take_ngsi().';

CREATE FUNCTION passport.refuse_many(pointer text, list jsonb) RETURNS void
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(list) IS DISTINCT FROM 'array' THEN
    PERFORM passport.refuse(pointer, 'type', 'Here stands an array.');
  ELSIF jsonb_array_length(list) > 10000 THEN
    PERFORM passport.refuse(pointer, 'too_many', 'A call takes at most 10,000 readings.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.refuse_many(text, jsonb) IS
'PT422 unless the value is an array of at most 10,000. pointer: where it stands in the input.';
