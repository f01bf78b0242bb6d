-- Partitions of readings: made ahead, filled with what came before them, dropped by age
BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

CREATE FUNCTION pg_temp.months() RETURNS TABLE (name text, bounds text, readings bigint)
  LANGUAGE plpgsql AS $$
BEGIN
  FOR name, bounds IN SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                       WHERE i.inhparent = 'passport.reading'::regclass ORDER BY c.relname LOOP
    EXECUTE format('SELECT count(*) FROM passport.%I WHERE sensor = ''month test''', name) INTO readings;
    RETURN NEXT;
  END LOOP;
END $$;
DELETE FROM passport.reading;
SET LOCAL passport.clock = '2026-07-31 23:30+00';
SELECT passport.define_sensor('month test', '{}') \g /dev/null
\echo == before the first run everything is kept in one table
SELECT verdict, reasons FROM passport.record_readings('month test', '{2021-03-01, 2026-05-31 23:59:59+00, 2026-06-01 00:00+00, 2026-07-31 23:20+00}', '{1, 2, 3, 4}');
SELECT * FROM pg_temp.months();
\echo == the job makes months, and moves what belongs there and is kept
SELECT passport.make_reading_months();
SELECT * FROM pg_temp.months();
SELECT passport.make_reading_months();
\echo == readings find their month, late ones are kept, and another value of a time is a conflict as ever
SET LOCAL passport.clock = '2026-08-01 00:30+00';
SELECT verdict, reasons FROM passport.record_readings('month test', '{2020-01-01, 2026-05-31 23:59:59+00, 2026-06-01 00:00+00, 2026-08-01 00:20+00}', '{1, 2, 9, 5}');
SELECT * FROM pg_temp.months();
\echo == months go when their last reading is two years old, and single readings that have none
SET LOCAL passport.clock = '2028-06-15 00:30+00';
SELECT passport.make_reading_months();
SELECT * FROM passport.purge_expired() WHERE what = 'reading';
SELECT * FROM passport.purge_expired() WHERE what = 'reading';
SELECT * FROM pg_temp.months();
SELECT bool_and(pg_get_userbyid(c.relowner) = 'passport_owner') AS owned,
       bool_and(obj_description(c.oid) IS NOT NULL) AS commented,
       bool_and(EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisprimary)) AS keyed,
       bool_or(EXISTS (SELECT FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner)) AS open
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'passport.reading'::regclass;
ROLLBACK;
