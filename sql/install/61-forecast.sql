-- Forecasts: when a rising level will reach its next stages

CREATE FUNCTION passport.forecast_crossing(
  observed_at timestamptz[], value double precision[], level double precision, noise double precision,
  OUT rate double precision, OUT expected_at timestamptz, OUT earliest_at timestamptz, OUT latest_at timestamptz)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'forecast_crossing';
COMMENT ON FUNCTION passport.forecast_crossing(timestamptz[], double precision[], double precision, double precision) IS
'When readings (ascending in time, three at least, within a year) that go on along their line reach a level: rate (per hour), the expected time, and the earliest and latest within which nine lines of ten cross; noise: by how much two readings of one level differ. NULLs where they do not rise for certain, are there already, or would take more than twice the time that the readings span. PT422: arrays that are no series. Source: inverse prediction (Fieller 1954).';

CREATE FUNCTION passport.sensor_forecast(sensor text)
  RETURNS TABLE (stage int, name text, level double precision, rate double precision,
                 expected_at timestamptz, earliest_at timestamptz, latest_at timestamptz, alert_level int)
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.stage, t.name, t.up, f.rate, f.expected_at, f.earliest_at, f.latest_at, least(t.stage, 3)
    FROM passport.sensor AS s
    JOIN passport.sensor_state AS n USING (sensor)
   CROSS JOIN LATERAL (
         SELECT array_agg(r.observed_at ORDER BY r.observed_at) AS times,
                array_agg(r.value ORDER BY r.observed_at) AS levels
           FROM passport.reading AS r
          WHERE r.sensor = s.sensor AND r.verdict = 'accepted' AND r.observed_at <= n.observed_at
            AND r.observed_at >= n.observed_at - greatest(interval '30 minutes', 2 * s.sampling_interval)) AS p
    JOIN passport.sensor_threshold AS t ON t.sensor = s.sensor AND t.stage > n.stage
   CROSS JOIN LATERAL passport.forecast_crossing(p.times, p.levels, t.up, s.noise) AS f
   WHERE s.sensor = sensor_forecast.sensor AND s.state = 'in_service'
     AND n.observed_at >= passport.now() - s.stale_after AND f.expected_at IS NOT NULL
   ORDER BY t.stage;
END;
COMMENT ON FUNCTION passport.sensor_forecast(text) IS
'The stages above its own that a rising sensor reaches if it goes on as in the last half hour (or two intervals: longer lines were wrong more often): the level of each, the rate per hour, the expected time, and from when to when (nine of ten lines; of the floods in our data half were there in that time, few before it, the others slowed down). alert_level: what a forecast alone is reason for, 3 at most; higher levels want water that was measured. No row for a sensor that does not rise, is stale or is out of service.';
