-- Address protection: one rule, seen through the one view of places.
\set ON_ERROR_ROLLBACK on
BEGIN;
SET passport.clock = '2026-07-01 12:00+09';
\pset format unaligned
\pset tuples_only on

SELECT imported FROM passport.import_residents('[
  {"resident_number": "P1", "household_number": "PH1", "name": "林　一", "address": "海尻1", "oaza": "海尻", "lon": 138.47, "lat": 36.04},
  {"resident_number": "P2", "household_number": "PH1", "name": "林　二", "address": "海尻1", "oaza": "海尻", "lon": 138.47, "lat": 36.04}]');
CREATE FUNCTION pg_temp.resident(number text) RETURNS bigint LANGUAGE sql AS $$
  SELECT resident_id FROM passport.resident_directory WHERE resident_number = number
$$;
CREATE VIEW pg_temp.shown AS
  SELECT household_number, coalesce(oaza, '-') AS oaza, coalesce(address, '-') AS address, location IS NOT NULL AS location,
         passport.address_protected(resident_id) AS protected
    FROM passport.resident_place WHERE household_number = 'PH1' ORDER BY resident_id;

TABLE pg_temp.shown;
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-01', '2027-06-30', '支援措置');
TABLE pg_temp.shown;
SELECT protected_by = session_user, protected_at = passport.now() FROM passport.address_protection WHERE resident_id = pg_temp.resident('P1');

-- both days are included
SET passport.clock = '2026-06-30 23:59+09';
SELECT protected FROM pg_temp.shown;
SET passport.clock = '2027-06-30 23:59+09';
SELECT protected FROM pg_temp.shown;
SET passport.clock = '2027-07-01 00:00+09';
TABLE pg_temp.shown;

-- a repeated call lengthens the term and cannot shorten it
SET passport.clock = '2026-07-01 12:00+09';
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-01', '2027-07-01', '延長');
\set SHOW_CONTEXT never
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-01', '2026-07-02', '短縮');
\echo :LAST_ERROR_SQLSTATE
SELECT passport.protect_address(0, '2026-07-01', '2027-06-30', '支援措置');
\echo :LAST_ERROR_SQLSTATE
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-01', '2028-07-01', '支援措置');
\echo :LAST_ERROR_SQLSTATE
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-01', NULL, '支援措置');
\echo :LAST_ERROR_SQLSTATE
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-01', '2027-06-30', '123456789018');
\echo :LAST_ERROR_SQLSTATE
SELECT until_date, reason FROM passport.address_protection WHERE resident_id = pg_temp.resident('P1');

-- a leaky function in a query must not see what the view hides
CREATE FUNCTION pg_temp.leak(address text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
  RAISE NOTICE 'sees %', address;
  RETURN true;
END $$;
SELECT count(*) FROM passport.resident_place WHERE pg_temp.leak(address) AND household_number = 'PH1' AND address IS NULL;
ROLLBACK;
