-- Telephone numbers: what is taken as one, who gives them, lists from files, and who is shown them
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
\pset null -
SELECT written, passport.telephone_form(written), passport.telephone_shown(written), passport.telephone_fault(written) FROM (VALUES
  ('0267-96-2211'), ('（０２６７）９６ー２２１１'), ('+81 (0)267 96 2211'), ('090-1234-5678'), ('03-5253-5111'), ('+84 912 345 678'), ('010-86-139-1234-5678'),
  (''), ('なし'), ('267962211'), ('9012345678'), ('0267-96-221'), ('020-1234-5678'), ('0120-123-456'), ('+999 1234 5678'), ('123456789018')) AS t(written);

SELECT imported FROM passport.import_residents($$[
  {"resident_number": "p1", "household_number": "P1", "name": "甲", "birth_date": "1980-01-01"},
  {"resident_number": "p2", "household_number": "P1", "name": "乙", "birth_date": "2014-01-01"},
  {"resident_number": "p3", "household_number": "P3", "name": "丙"}, {"resident_number": "p4", "household_number": "P4", "name": "丁"},
  {"resident_number": "p5", "household_number": "P4", "name": "戊", "status": "deceased"}]$$);
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
CREATE FUNCTION pg_temp.known() RETURNS TABLE (who text, number text, said_by text, list text, as_of date, wrong boolean) LANGUAGE sql AS
  'SELECT r.resident_number, t.number, t.said_by, t.list, t.as_of, t.wrong_at IS NOT NULL FROM passport.telephone AS t JOIN passport.resident AS r USING (resident_id) ORDER BY 1, 2';
SELECT pg_temp.id('p1') AS p1, pg_temp.id('p2') AS p2, pg_temp.id('p3') AS p3, pg_temp.id('p5') AS p5 \gset
CREATE ROLE telephone_staff IN ROLE passport_staff;
CREATE ROLE telephone_admin IN ROLE passport_admin;
CREATE ROLE telephone_duty IN ROLE passport_protection;

\echo == their own: up to three, each as often as one likes
SELECT pg_temp.refusal($$SELECT passport.register_telephone('0267-96-2211')$$);
SELECT pg_temp.act('p1');
SELECT passport.register_telephone('０９０ー１２３４ー５６７８'), passport.register_telephone('+81 90 1234 5678'), passport.register_telephone('0267-96-2211'), passport.register_telephone('+84 912 345 678');
SELECT pg_temp.refusal(format('SELECT passport.register_telephone(%L)', number)) FROM (VALUES ('050-1234-5678'), ('267-96-2211'), ('0120-123-456'), (NULL)) AS t(number);
SELECT passport.retire_telephone('+84912345678'), passport.retire_telephone('+84912345678');
SELECT number, said_by, as_of FROM passport.my_telephones();
\echo == for a child: its guardian, or staff
SELECT passport.record_guardian(:p2, :p1, 'under_15') > 0;
SELECT pg_temp.act('p1');
SELECT passport.act_for(:p2) = :p2, passport.register_telephone('090-1234-5678');
SET SESSION AUTHORIZATION telephone_staff;
SELECT passport.record_telephone(:p3, '0267-96-3333'), passport.record_telephone(:p3, '0267-96-4444');
SELECT passport.remove_telephone(:p3, '0267-96-4444'), passport.remove_telephone(:p3, '0267-96-4444');
SELECT pg_temp.refusal(format('SELECT passport.record_telephone(%s, %L)', who, '0267-96-3333')) FROM (VALUES (-1), (:p5)) AS t(who);
SELECT * FROM passport.view_telephones(:p1, 'counter');
SELECT pg_temp.refusal('SELECT passport.view_telephones(-1, ''counter'')'), pg_temp.refusal(format('SELECT passport.view_telephones(%s, ''fun'')', :p1));
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.known();

\echo == a list in a file: of residents and of households; it never replaces what somebody said
SET SESSION AUTHORIZATION telephone_admin;
SELECT pg_temp.refusal($$SELECT passport.import_telephones('自治会名簿', '2026-04-01')$$);
\copy passport.telephone_staging (resident_number, household_number, number) FROM stdin (FORMAT csv)
p1,,0267-96-2211
p3,,0267-96-5555
p3,,０２６７－９６－５５５５
,P4,0267-96-6666
,P1,0267-96-7777
p9,,0267-96-8888
,P9,0267-96-8888
p5,,0267-96-8888
p3,,267968888
p3,,
p4,,050-1234-0001
p4,,050-1234-0002
p4,,050-1234-0003
\.
SELECT pg_temp.refusal(format('SELECT passport.import_telephones(%L, %L)', list, as_of)) FROM (VALUES ('', '2026-04-01'), ('名簿 123456789018', '2026-04-01'), ('名簿', '2026-07-02'), ('名簿', NULL)) AS t(list, as_of);
SELECT * FROM passport.import_telephones('自治会名簿', '2026-04-01');
SELECT pg_temp.refusal('SELECT number FROM passport.telephone_staging'), pg_temp.refusal('SELECT number FROM passport.telephone');
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM passport.telephone_staging;
SELECT * FROM pg_temp.known();
\echo == the next edition replaces it for those who are in it; an older one changes nothing
UPDATE passport.telephone SET wrong_at = '2026-06-01 12:00+09' WHERE number IN ('+81267965555', '+81267966666');
INSERT INTO passport.telephone_staging (resident_number, number) VALUES ('p3', '0267-96-5555'), ('p3', '0267-96-9999'), ('p4', '0267-96-6666');
SELECT * FROM passport.import_telephones('自治会名簿', '2026-06-15');
INSERT INTO passport.telephone_staging (resident_number, number) VALUES ('p3', '0267-96-1111'), ('p4', '0267-96-1111');
SELECT * FROM passport.import_telephones('消防団名簿', '2025-04-01');
SELECT * FROM pg_temp.known() WHERE said_by = 'list';
\echo == what they said themself stands first, then what is newer; nothing that is wrong
UPDATE passport.telephone SET wrong_at = passport.now() WHERE number = '+81267969999';
SELECT r.resident_number, c.number, c.place FROM passport.callable_telephone AS c JOIN passport.resident AS r USING (resident_id) ORDER BY 1, c.place;

\echo == whose address is protected, and who lives with them, is called by the duty role alone
SELECT passport.protect_address(:p2, '2026-07-01', '2026-12-31', 'x', '{}');
SET SESSION AUTHORIZATION telephone_staff;
SELECT count(*) FROM passport.view_telephones(:p1, 'counter');
SELECT count(*) FROM passport.view_telephones(:p2, 'counter');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION telephone_duty;
SELECT passport.view_protected(:p1, 'to call') -> 'numbers', passport.view_protected(:p2, 'to call') -> 'numbers';
RESET SESSION AUTHORIZATION;
\echo == their guardian is neither shown them nor puts another in their place
SELECT passport.record_guardian(:p2, :p1, 'under_15') > 0;
SELECT pg_temp.act('p1');
SELECT count(*) FROM passport.my_telephones();
SELECT passport.act_for(:p2) = :p2;
SELECT pg_temp.refusal('SELECT passport.my_telephones()'), pg_temp.refusal($$SELECT passport.register_telephone('0267-96-2211')$$), pg_temp.refusal($$SELECT passport.retire_telephone('0267-96-2211')$$);
\echo == who looked
SELECT r.resident_number, a.who, a.source, a.columns FROM passport.audit_record AS a JOIN passport.resident AS r USING (resident_id) WHERE a.columns @> '{telephone}' ORDER BY a.seq, 1, 3;

\echo == who moved out is not called, and is forgotten
SELECT imported FROM passport.import_residents('[{"resident_number": "p3", "household_number": "P3", "name": "丙", "status": "moved_out"}]', 1);
SELECT purged FROM passport.purge_expired() WHERE what = 'telephone';
SET LOCAL passport.clock = '2026-08-01 12:00+09';
SELECT purged FROM passport.purge_expired() WHERE what = 'telephone';
SELECT DISTINCT who FROM pg_temp.known() ORDER BY 1;
ROLLBACK;
