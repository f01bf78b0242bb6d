-- The breach kit: who is affected, whether and until when it must be reported, whom to tell
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set refusal :abs_srcdir '/fixtures/refusal.sql'
\i :refusal
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET datestyle = 'ISO';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT imported FROM passport.import_residents((
  SELECT jsonb_agg(jsonb_build_object('resident_number', 'b' || i, 'name', '住民　' || i, 'address', '南牧村' || i || '番地'))
    FROM generate_series(1, 101) AS i));
SELECT min(resident_id) AS first, min(resident_id) + 99 AS hundredth FROM passport.resident_directory WHERE resident_number ~ '^b' \gset
CREATE ROLE breach_curious IN ROLE passport_staff;
CREATE ROLE breach_auditor IN ROLE passport_auditor;

SET SESSION AUTHORIZATION breach_curious;
SELECT count(passport.view_resident(r, 'counter', '{name,address}')) FROM generate_series(:first, :hundredth) AS r;
SELECT count(passport.view_resident(:first, 'inquiry', '{name,birth_date}'));
RESET SESSION AUTHORIZATION;

-- a hundred persons and nothing sensitive: not more than a hundred
SET SESSION AUTHORIZATION breach_auditor;
\x
SELECT * FROM passport.breach_report('2026-07-01 00:00+09', '2026-07-02 00:00+09');
-- on purpose: 60 days for the final report
SELECT grounds, must_report, prompt_report_from, prompt_report_by, final_report_by
  FROM passport.breach_report('2026-07-01 00:00+09', '2026-07-02 00:00+09', 'breach_curious', NULL, '2026-07-10', '{unjust_purpose,property}');
RESET SESSION AUTHORIZATION;
-- one more person
SET SESSION AUTHORIZATION breach_curious;
SELECT count(passport.view_resident(:hundredth + 1, 'counter', '{name}'));
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION breach_auditor;
SELECT persons, grounds, must_report, prompt_report_from, prompt_report_by, final_report_by
  FROM passport.breach_report('2026-07-01 00:00+09', '2026-07-02 00:00+09');
-- one person suffices if it is health
RESET SESSION AUTHORIZATION;
SET passport.clock = '2026-07-02 12:00+09';
SET SESSION AUTHORIZATION breach_curious;
SELECT count(passport.view_resident(:first, 'counter', '{name,needs_help}'));
SET SESSION AUTHORIZATION breach_auditor;
SELECT * FROM passport.breach_report('2026-07-02 00:00+09', '2026-07-03 00:00+09', 'breach_curious', 'view_resident', '2026-07-02');
-- no one
SELECT persons, grounds, must_report, prompt_report_by FROM passport.breach_report('2026-07-02 00:00+09', '2026-07-03 00:00+09', 'somebody else');
SELECT passport.breach_report('2026-07-03', '2026-07-02');
RESET SESSION AUTHORIZATION;
\x
\set VERBOSITY default
SELECT pg_temp.refusal('SELECT passport.breach_report(''2026-07-01'', ''2026-07-02'', circumstances => ''{many}'')');
SELECT pg_temp.refusal('SELECT passport.breach_report(''2026-07-01'', ''2026-07-02'', known_on => ''infinity'')');
\set VERBOSITY terse

-- a municipality may say otherwise, from a day on
SELECT passport.set_sensitive_column('view_resident', 'needs_help', false, '村の判断');
SELECT passport.set_sensitive_column('view_points', 'detail', true, '健診の結果');
SELECT persons, sensitive_columns, must_report FROM passport.breach_report('2026-07-02 00:00+09', '2026-07-03 00:00+09');
SELECT pg_temp.refusal('SELECT passport.set_sensitive_column(''x'', ''y'', true, ''番号 123456789018'')');
SELECT pg_temp.refusal('SELECT passport.set_sensitive_column(''x'', NULL, true, ''y'')');

-- whom to tell: a protected address is not on the list
SELECT passport.protect_address(:first, '2026-07-02', '2027-07-01', '支援措置');
SET SESSION AUTHORIZATION breach_auditor;
SELECT resident_id - :first AS person, name, address, address_protected, accesses, columns, first_at, last_at
  FROM passport.breach_letters('2026-07-01', '2026-07-03', 'breach_curious') ORDER BY 1 LIMIT 2;
RESET SESSION AUTHORIZATION;
SELECT who, purpose, source, count(*) FROM passport.audit_record WHERE source = 'breach_letters' GROUP BY 1, 2, 3;
SELECT bool_and(verdict = 'ok') AS chains_good FROM passport.audit_verify();
ROLLBACK;
