-- The proof of address protection, and the proof of the proof
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/token-key.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', 'SRID=4326;MULTIPOLYGON(((138.36 35.90,138.55 35.90,138.55 36.05,138.36 36.05,138.36 35.90)))');

\echo == nothing leaks, nothing is left out, and nothing stays
SELECT object, outcome, detail FROM passport.protection_proof() WHERE outcome <> 'ok';
SELECT count(*) > 120 FROM passport.protection_proof() WHERE outcome = 'ok';
SELECT count(*) FROM (SELECT FROM passport.resident UNION ALL SELECT FROM passport.delivery UNION ALL SELECT FROM passport.audit_record
                      UNION ALL SELECT FROM passport.protection_event UNION ALL SELECT FROM passport.alert) AS left_over;
-- no recipe is of what nobody may call
SELECT r.object FROM passport.proof_recipe AS r
 WHERE NOT EXISTS (SELECT FROM passport.reachable_objects() AS o WHERE o.object = r.object AND cardinality(r.arguments) BETWEEN o.fewest AND o.most);
-- the lot is found as it may be written, and not in what is random
SAVEPOINT made;
SELECT s.shown, (passport.proof_outcome(m.canary, s.shown, NULL, false, '{}')).outcome
  FROM (SELECT passport.make_canaries() AS canary) AS m CROSS JOIN unnest(ARRAY['"カナリア鳴"', '"4471-9"', '大字４４７１番地', '南牧村4471', '4471', '12:00:00.447123', '6f1c52e0-4471-4471-8f00-0c4471aa0b13',
    '\x4471ab', 'ZZ.4471.ZZ4471ZZ_4471-4471']) AS s(shown);
ROLLBACK TO made;
-- nobody acts for having been a canary
SELECT pg_temp.refusal('SELECT passport.acting_resident()') LIKE 'PT401%';
-- what an expected refusal is, is named
SELECT object, detail FROM passport.protection_proof() WHERE detail IS NOT NULL;

\echo == a function that shows the address, granted: by its text, its numbers, its bytes, an error; by name in an area
CREATE FUNCTION passport.tell_oaza(resident_id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT oaza FROM passport.resident AS r WHERE r.resident_id = $1';
CREATE FUNCTION passport.tell_point(resident_id bigint) RETURNS geometry LANGUAGE sql SECURITY DEFINER AS 'SELECT location FROM passport.resident AS r WHERE r.resident_id = $1';
CREATE FUNCTION passport.tell_rounded(resident_id bigint) RETURNS jsonb LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
  SELECT jsonb_build_object('y', round(ST_Y(location)::numeric, 3), 'x', round(ST_X(location)::numeric, 3)) FROM passport.resident AS r WHERE r.resident_id = $1;
END;
CREATE FUNCTION passport.tell_bytes(resident_id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT location::text FROM passport.resident AS r WHERE r.resident_id = $1';
CREATE FUNCTION passport.tell_pixel(resident_id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT passport.svg_place(location, passport.report_frame()) FROM passport.resident AS r WHERE r.resident_id = $1';
CREATE FUNCTION passport.tell_error(resident_id bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'PT422', DETAIL = (SELECT address FROM passport.resident AS r WHERE r.resident_id = $1); END $$;
CREATE FUNCTION passport.tell_list(alert_id bigint) RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT a.resident_id FROM passport.alert_recipient AS a WHERE a.alert_id = $1';
CREATE FUNCTION passport.tell_names(alert_id bigint) RETURNS SETOF text LANGUAGE sql SECURITY DEFINER
  AS 'SELECT r.name FROM passport.alert_recipient AS a JOIN passport.resident AS r USING (resident_id) WHERE a.alert_id = $1';
CREATE FUNCTION passport.tell_nothing(resident_id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT ''''';
CREATE VIEW passport.tell_all AS SELECT resident_id, address FROM passport.resident;
ALTER VIEW passport.tell_all OWNER TO passport_owner;
-- what the owner may not read is not proven
CREATE VIEW passport.tell_other AS SELECT 1;
-- PUBLIC may call all of them but one, as any function that nobody thought of
REVOKE ALL ON FUNCTION passport.tell_nothing FROM PUBLIC;
GRANT EXECUTE ON FUNCTION passport.tell_nothing TO passport_protection;
GRANT SELECT ON passport.tell_all, passport.tell_other TO passport_staff;
SELECT object, outcome, detail FROM passport.protection_proof() WHERE outcome <> 'ok';
INSERT INTO passport.proof_recipe
  SELECT 'tell_' || what, '{:victim}', false, false, '{}' FROM unnest('{oaza,point,rounded,bytes,pixel}'::text[]) AS what;
-- one more, of a refusal that does not come
INSERT INTO passport.proof_recipe VALUES ('tell_error', '{:victim}', false, false, '{PT422}'),
  ('view_point_balance', '{:other,points}', false, false, '{PT403}');
INSERT INTO passport.proof_recipe VALUES ('tell_list', '{:alert}', false, true, '{}'), ('tell_names', '{:alert}', false, true, '{}');
SELECT object, outcome, detail FROM passport.protection_proof() WHERE outcome <> 'ok';

\echo == the job fails, says where but not what, and the monitoring and the report show it
SAVEPOINT told;
SELECT passport.set_job('prove_protection', every => '1 day');
SELECT passport.set_job(job, enabled => job = 'prove_protection') FROM passport.job_kinds() \g /dev/null
SELECT passport.run_next_job();
SELECT sqlstate, error FROM passport.job_run;
SELECT proven, proven_at = passport.now(), problem FROM passport.protection_status;
SELECT passport.report_html() LIKE '%住所の保護が確認できていません%tell_bytes%';
DROP VIEW passport.tell_all, passport.tell_other;
DROP FUNCTION passport.tell_oaza, passport.tell_point, passport.tell_rounded, passport.tell_bytes, passport.tell_pixel, passport.tell_error,
  passport.tell_list, passport.tell_names;
DELETE FROM passport.proof_recipe WHERE object = 'view_point_balance' AND NOT shipped;
SET LOCAL passport.clock = '2026-07-02 12:00+09';
SELECT passport.run_next_job();
SELECT result > 100, sqlstate FROM passport.job_run ORDER BY run_id DESC LIMIT 1;
SELECT proven, problem FROM passport.protection_status;
SELECT passport.report_html() LIKE '%住所の保護が確認できていません%';
-- yesterday's proof is none
SET LOCAL passport.clock = '2026-07-03 14:30+09';
SELECT proven FROM passport.protection_status;
ROLLBACK TO told;

\echo == what the proof guards: each hole in the one view of places, or in the lists, is seen
DROP VIEW passport.tell_all, passport.tell_other;
DROP FUNCTION passport.tell_oaza, passport.tell_point, passport.tell_rounded, passport.tell_bytes, passport.tell_pixel, passport.tell_error,
  passport.tell_list, passport.tell_names;
CREATE OR REPLACE VIEW passport.resident_place WITH (security_barrier) AS
  SELECT resident_id, household_number, oaza, ST_Force2D(location) AS location, address FROM passport.resident;
SELECT object, detail FROM passport.protection_proof() WHERE outcome = 'leak';
ROLLBACK TO told;
CREATE OR REPLACE VIEW passport.alert_person WITH (security_barrier) AS SELECT * FROM passport.recipient_condition;
SELECT object, detail FROM passport.protection_proof() WHERE outcome = 'leak' AND object NOT LIKE 'tell%';
ROLLBACK;
