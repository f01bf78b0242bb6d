-- Import of residents, row by row problems, households.
\set ON_ERROR_ROLLBACK on
BEGIN;
SET passport.clock = '2026-07-01 12:00+09';
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.import(residents jsonb) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('imported %s, updated %s, rejected %s', imported, updated, rejected)
         || coalesce((SELECT string_agg(format(E'\n  row %s %s: %s', p ->> 'row', p ->> 'field', p ->> 'code'), '')
                        FROM jsonb_array_elements(problems) AS p), '')
    FROM passport.import_residents(residents)
$$;

-- a household of two, with and without a point
SELECT pg_temp.import('[
  {"resident_number": "R1", "household_number": "RH1", "relation": "世帯主", "name": "髙橋　一郎", "name_kana": "タカハシ　イチロウ",
   "birth_date": "1952-02-29", "sex": "male", "address": "長野県南佐久郡南牧村大字海ノ口10番地", "oaza": "海ノ口", "lon": 138.49, "lat": 36.01},
  {"resident_number": "R2", "household_number": "RH1", "relation": "妻", "name": "髙橋　花子", "birth_date": "", "name_kana": null},
  {"resident_number": "R3", "household_number": "RH1", "relation": "子", "name": "髙橋　二郎", "status": "moved_out"},
  {"resident_number": "R4", "name": "NGUYEN VAN AN", "nationality_class": "period_of_stay", "stay_until": "2027-03-31", "language": "vi"}]');
SELECT resident_number, name, birth_date, sex, st_astext(location), location_precision, nationality_class, stay_until,
       language, status, needs_help, updated_at = passport.now()
  FROM passport.resident WHERE resident_number LIKE 'R%' ORDER BY resident_number;
SELECT d.resident_number = r.resident_number FROM passport.resident_directory AS d JOIN passport.resident AS r USING (resident_id)
 WHERE r.resident_number LIKE 'R%';
SELECT relation, name FROM passport.household((SELECT resident_id FROM passport.resident_directory WHERE resident_number = 'R2'));
SELECT count(*) FROM passport.household(0);

-- the same again changes nothing; another value changes one; a key left out empties
SELECT pg_temp.import('[{"resident_number": "R4", "name": "NGUYEN VAN AN", "nationality_class": "period_of_stay", "stay_until": "2027-03-31", "language": "vi"}]');
SELECT pg_temp.import('[{"resident_number": "R4", "name": "NGUYEN VAN AN", "lon": 138.5, "lat": 36, "location_precision": "oaza"}]');
SELECT stay_until, nationality_class, location_precision FROM passport.resident WHERE resident_number = 'R4';

-- each kind of problem; the good row among them is taken
SELECT pg_temp.import('[
  {"resident_number": "R10", "name": "良い　行"},
  7,
  {"name": "番号　無し"},
  {"resident_number": "R11", "name": "　"},
  {"resident_number": "R12", "name": {"family": "林"}},
  {"resident_number": "R13", "name": "林", "birth_date": "2025-02-29", "stay_until": "2026-13-01"},
  {"resident_number": "R14", "name": "林", "birth_date": "2026-07-02"},
  {"resident_number": "R15", "name": "林", "birth_date": "29.2.2024", "sex": "M", "language": "Japanese", "status": "gone"},
  {"resident_number": "R16", "name": "林", "lon": 36.01, "lat": 138.49},
  {"resident_number": "R17", "name": "林", "lon": "138.49E", "lat": 36.01},
  {"resident_number": "R18", "name": "林", "lon": 138.49},
  {"resident_number": "R19", "name": "林", "lon": 1e300, "lat": -1e-300},
  {"resident_number": "R20", "name": "林"}, {"resident_number": "R20", "name": "林"},
  {"resident_number": "R21", "name": "林 1234-5678-9018"},
  {"resident_number": "123456789018", "name": "林"},
  {"resident_number": "R22", "name": "林\u0007", "address": "１２３４５６７８９０１８"},
  {"resident_number": "R23", "name": "林", "needs_help": "yes"}]');
SELECT name FROM passport.resident WHERE resident_number = 'R10';
SELECT pg_temp.import(jsonb_build_array(
  jsonb_build_object('resident_number', 'R30', 'name', repeat('林', 200), 'address', repeat('南', 400)),
  jsonb_build_object('resident_number', 'R31', 'name', repeat('林', 201), 'address', repeat('南', 401)),
  jsonb_build_object('resident_number', 'R32', 'name', '林', 'alias', repeat('x', 1000000))));

-- what makes no sense as a whole
\set SHOW_CONTEXT never
SELECT passport.import_residents('{"resident_number": "R1"}');
\echo :LAST_ERROR_SQLSTATE
SELECT passport.import_residents(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT passport.import_residents((SELECT jsonb_agg(i) FROM generate_series(1, 10001) AS i));
\echo :LAST_ERROR_SQLSTATE
-- jsonb itself refuses NUL
\set VERBOSITY terse
SELECT passport.import_residents('[{"resident_number": "R40", "name": "林\u0000"}]');
\echo :LAST_ERROR_SQLSTATE

-- the table itself refuses an individual number, too
\set VERBOSITY terse
UPDATE passport.resident SET alias = '123456789018' WHERE resident_number = 'R1';
\set VERBOSITY default
-- twelve digits that two fields make together are none
SELECT pg_temp.import('[{"resident_number": "1234", "household_number": "5678", "relation": "9018", "name": "林"}]');

-- 10,000 at once
SELECT imported, rejected FROM passport.import_residents((
  SELECT jsonb_agg(jsonb_build_object('resident_number', 'RB' || i, 'name', '林　' || i, 'birth_date', '1980-01-01',
                                      'address', '南牧村海尻' || i))
    FROM generate_series(1, 10000) AS i));
ROLLBACK;
