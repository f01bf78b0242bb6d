-- 200 gauges with a reading a minute over the last two days.
INSERT INTO passport.municipality_area
SELECT current_setting('passport.municipality_code'), 'bench', st_multi(st_makeenvelope(138.36, 35.90, 138.55, 36.05, 4326)) ON CONFLICT DO NOTHING;
SELECT passport.make_reading_months();
SELECT passport.define_sensor('map ' || s, jsonb_build_object('lon', 138.40 + 0.0005 * s, 'lat', 35.95, 'sampling_interval', '1 minute',
         'stages', jsonb '[{"stage": 2, "up": 1.2, "down": 1.1}, {"stage": 3, "up": 1.4, "down": 1.3}]'))
  FROM generate_series(1, 200) AS s;
SELECT count(*)
  FROM generate_series(1, 200) AS s, generate_series(0, 2) AS day,
       passport.record_readings('map ' || s,
         ARRAY(SELECT date_trunc('minute', now()) - (4320 - 1440 * day - i) * interval '1 minute' FROM generate_series(1, 1440) AS i),
         ARRAY(SELECT round((1 + 0.5 * sin((1440 * day + i + 50 * s) / 300.0))::numeric, 2)::float8 FROM generate_series(1, 1440) AS i));
VACUUM ANALYZE passport.reading;
VACUUM ANALYZE passport.reading_peak;
