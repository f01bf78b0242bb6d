-- Access: who looked at whose data
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set act :abs_srcdir '/fixtures/act.sql'
\i :token_key
\i :act
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT imported FROM passport.import_residents('[
  {"resident_number": "92101", "household_number": "92", "relation": "世帯主", "name": "同意　一子", "birth_date": "1985-04-07",
   "address": "長野県南佐久郡南牧村大字海ノ口1番地"},
  {"resident_number": "92102", "household_number": "92", "relation": "子", "name": "同意　二郎", "birth_date": "2011-07-02"}]');
SELECT resident_id AS ichiko FROM passport.resident_directory WHERE resident_number = '92101' \gset
SELECT resident_id AS jiro FROM passport.resident_directory WHERE resident_number = '92102' \gset

-- staff, through functions, by purpose and columns
INSERT INTO passport.registration (state, certificates, candidates, ceremony, created_at)
  VALUES ('queued', '{}', jsonb_build_array(jsonb_build_object('resident_id', :jiro)), gen_random_uuid(), passport.now());
CREATE ROLE access_tanaka IN ROLE passport_staff;
SET SESSION AUTHORIZATION access_tanaka;
SELECT passport.view_resident(:ichiko, 'counter', ARRAY['name', 'address', 'address_protected']);
SELECT passport.view_resident(:ichiko, 'curiosity', ARRAY['name']);
SELECT passport.view_resident(:ichiko, 'counter', ARRAY['location']);
SELECT passport.view_resident(:ichiko, 'counter', '{}');
SELECT passport.view_resident(-1, 'counter', ARRAY['name']);
SELECT relation, name FROM passport.view_household(:ichiko, 'disaster');
SELECT score > 0.9 AS found FROM passport.find_resident('同意　一子', '長野県南佐久郡南牧村大字海ノ口1番地', '1985-04-07', 'unknown', 'registration');
SELECT count(*) FROM passport.view_points(:ichiko, 'points');
SELECT passport.view_point_balance(:ichiko, 'points'), passport.view_point_balance(-1, 'points');
SELECT passport.record_card(:ichiko, 'card', '2026-06-01');
SELECT passport.record_card(:jiro, 'card', '2026-06-01', '2031-06-01');
SELECT due_on, what FROM passport.view_renewal_plan(:ichiko, 'renewal') LIMIT 1;
SELECT count(*) FROM passport.view_renewal_plan(-1, 'renewal');
SELECT resident_id = :jiro AS jiro, what FROM passport.view_due_reminders('2031-03-02');
SELECT jsonb_array_length(candidates) AS candidates FROM passport.registration_queue();
-- not past the log
SELECT passport.household(:ichiko);
SELECT passport.point_balance(:ichiko);
SELECT passport.renewal_plan(:ichiko);
SELECT passport.due_reminders('2031-03-02');
SELECT passport.address_protected(:ichiko);
SELECT passport.residents_in(NULL);
SELECT passport.point_history(:ichiko);
SELECT passport.my_access_log();
SELECT count(*) FROM passport.audit_record;
RESET SESSION AUTHORIZATION;
SELECT pg_temp.act('92101');
SELECT who, purpose, source, columns FROM passport.my_access_log() ORDER BY source;
SELECT source, purpose FROM passport.audit_record WHERE resident_id <> :ichiko ORDER BY source;
SELECT passport.protect_address(:ichiko, '2026-07-01', '2027-06-30', '支援措置');
SELECT passport.view_resident(:ichiko, 'counter', ARRAY['name', 'address', 'address_protected']);
DELETE FROM passport.audit_record;
ROLLBACK;
