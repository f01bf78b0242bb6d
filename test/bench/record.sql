-- as readings come: for each time, a batch of each sensor
SET passport.clock = '2026-06-10';
DO $$
DECLARE
  b record;
BEGIN
  FOR b IN SELECT * FROM bench_batch ORDER BY batch, sensor LOOP
    PERFORM FROM passport.record_readings('bench ' || b.sensor, b.times, b.levels);
    COMMIT;
  END LOOP;
END $$;
