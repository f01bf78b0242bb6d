-- 100 sensors, and ten batches of 1,000 readings for each: a river by the minute
SELECT passport.define_sensor('bench ' || s, '{"range_low": -1, "range_high": 12, "max_rise": 0.6, "max_fall": 0.3,
  "dropout_value": 0, "stale_after": "1 year", "stages": [{"stage": 2, "up": 1.2, "down": 1.1}, {"stage": 3, "up": 1.4, "down": 1.3}]}')
  FROM generate_series(1, 100) AS s;
CREATE TABLE bench_batch AS
SELECT s AS sensor, b AS batch, array_agg('2026-06-01'::timestamptz + (b * 1000 + i) * interval '1 minute' ORDER BY i) AS times,
       array_agg(round((1 + 0.5 * sin((b * 1000 + i + s * 50) / 300.0))::numeric, 2)::float8 ORDER BY i) AS levels
  FROM generate_series(1, 100) AS s, generate_series(0, 9) AS b, generate_series(1, 1000) AS i
 GROUP BY s, b;
VACUUM ANALYZE bench_batch;
SET passport.clock = '2026-06-10';
SELECT passport.make_reading_months();
