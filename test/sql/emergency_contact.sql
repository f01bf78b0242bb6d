-- Emergency contacts: whom to call when a resident does not answer, by consent
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
\pset null -
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "e1", "household_number": "E1", "name": "甲"}, {"resident_number": "e2", "household_number": "E2", "name": "乙"}]$$);
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
SELECT pg_temp.id('e1') AS e1, pg_temp.id('e2') AS e2 \gset
CREATE ROLE contact_staff IN ROLE passport_staff;
SELECT pg_temp.act('e1');
SELECT pg_temp.refusal($$SELECT passport.register_emergency_contact(1, '花子', '長女', '090-1234-5678')$$) AS without_consent;
SELECT passport.give_consent('emergency_contact') > passport.now();
SELECT passport.register_emergency_contact(1, ' 花子 ', '長女', '０９０ー１２３４ー５６７８'), passport.register_emergency_contact(3, 'Nguyen', 'cousin', '+84 912 345 678');
SELECT passport.register_emergency_contact(3, '次郎', '弟', '0267-96-2211');
SELECT pg_temp.refusal(format('SELECT passport.register_emergency_contact(%L, %L, %L, %L)', rank, name, relation, number))
  FROM (VALUES (0, '花子', '長女', '090-1234-5678'), (4, '花子', '長女', '090-1234-5678'), (NULL, '花子', '長女', '090-1234-5678'), (1, ' ', '長女', '090-1234-5678'), (1, repeat('x', 101), 'x', '090-1234-5678'),
               (1, E'花\n子', '長女', '090-1234-5678'), (1, '花子', NULL, '090-1234-5678'), (1, '花子', '長女', '96-2211'), (1, '花子', '長女', NULL), (1, '123456789018', '長女', '090-1234-5678')) AS t(rank, name, relation, number);
SELECT * FROM passport.my_emergency_contacts();
-- staff for who has no app, after the consent on paper
SET SESSION AUTHORIZATION contact_staff;
SELECT pg_temp.refusal(format('SELECT passport.record_emergency_contact(%s, 1, %L, %L, %L)', who, '三郎', '甥', '0267-96-3333')) FROM (VALUES (:e2), (-1)) AS t(who);
SELECT passport.record_consent(:e2, 'emergency_contact', true) IS NOT NULL, passport.record_emergency_contact(:e2, 1, '三郎', '甥', '0267-96-3333');
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, e.rank, e.name, e.relation, e.number, e.said_by, e.recorded_by = 'contact_staff' AS by_staff FROM passport.emergency_contact AS e JOIN passport.resident AS r USING (resident_id) ORDER BY 1, 2;
SELECT count(*) FROM passport.callable_contact;
-- the copy of what is held leaves the other person out
SELECT passport.my_data() -> 'held' -> 'emergency_contact' -> 0 ?| '{name,number}' AS named;
-- a protected person's contacts are not called by others; without the consent nobody's are, and they go
SELECT passport.protect_address(:e2, '2026-07-01', '2026-12-31', 'x');
SELECT resident_id = :e1, rank FROM passport.callable_contact ORDER BY 2;
SELECT passport.withdraw_consent('emergency_contact'), passport.register_emergency_contact(3, NULL);
SELECT count(*) FROM passport.callable_contact;
SELECT rank, counts FROM passport.my_emergency_contacts();
SELECT purged FROM passport.purge_expired() WHERE what = 'emergency_contact';
SELECT count(*) FROM passport.my_emergency_contacts();
ROLLBACK;
