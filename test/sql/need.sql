-- Needs and the roster: who needs help, and on which ground it leaves the office
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', 'SRID=4326;MULTIPOLYGON(((138.36 35.90,138.55 35.90,138.55 36.05,138.36 36.05,138.36 35.90)))');
SELECT imported FROM passport.import_residents('[
  {"resident_number": "N1", "household_number": "NH1", "name": "原　一", "address": "大字海尻1番地", "oaza": "海尻", "lon": 138.451, "lat": 35.951},
  {"resident_number": "N2", "household_number": "NH2", "name": "原　二", "address": "大字広瀬2番地", "oaza": "広瀬", "lon": 138.50, "lat": 35.99},
  {"resident_number": "N3", "household_number": "NH3", "name": "原　三", "address": "大字広瀬3番地", "oaza": "広瀬"},
  {"resident_number": "N4", "household_number": "NH4", "name": "原　四", "address": "大字海尻4番地", "oaza": "海尻", "lon": 138.452, "lat": 35.952},
  {"resident_number": "N5", "name": "原　五", "needs_help": true}]');
CREATE FUNCTION pg_temp.resident(number text) RETURNS bigint LANGUAGE sql AS $$
  SELECT resident_id FROM passport.resident_directory WHERE resident_number = number
$$;
CREATE VIEW pg_temp.needing AS
  SELECT string_agg(r.resident_number, ' ' ORDER BY r.resident_number) FROM passport.resident_needing_help JOIN passport.resident AS r USING (resident_id);
CREATE FUNCTION pg_temp.roster(purpose text, disaster bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(r.resident_number, ' ' ORDER BY r.resident_number), '-') || ' ' || coalesce(max(n.basis), '')
    FROM passport.needs_roster(purpose, '消防団', disaster) AS n JOIN passport.resident AS r USING (resident_id)
$$;

\echo == one rule says who needs help: a need, the roster, or the register
TABLE pg_temp.needing;
SELECT passport.record_need(pg_temp.resident('N1'), 'pregnant', '2026-07-31');
SELECT passport.record_need(pg_temp.resident('N1'), 'pregnant', '2026-07-31');
TABLE pg_temp.needing;
SELECT passport.record_need(pg_temp.resident('N2'), 'care');
SAVEPOINT passed;
SET LOCAL passport.clock = '2026-08-01 12:00+09';
TABLE pg_temp.needing;
ROLLBACK TO passed;
SELECT passport.list_on_roster(pg_temp.resident(n), '計画-' || n, '{森　三郎}') FROM unnest('{N1,N2,N3,N4}'::text[]) AS n;
TABLE pg_temp.needing;
SELECT passport.view_resident(pg_temp.resident('N1'), 'disaster', '{needs_help}');
SET LOCAL passport.clock = '2026-08-01 12:00+09';
TABLE pg_temp.needing;
SELECT passport.remove_need(pg_temp.resident('N2'), 'care'), passport.remove_need(pg_temp.resident('N2'), 'care');
SELECT r.resident_number, e.event, e.kind, e.done_by = session_user FROM passport.need_event AS e JOIN passport.resident AS r USING (resident_id) ORDER BY e.event_id;
SELECT what, pg_temp.refusal('SELECT passport.' || replace(what, 'N2', pg_temp.resident('N2')::text)) FROM (VALUES
  ($$record_need(0, 'care')$$), ($$record_need(N2, 'bad mood')$$), ($$record_need(N2, 'care', '2026-07-31')$$), ($$record_need(N2, 'care', 'infinity')$$),
  ($$list_on_roster(0)$$), ($$list_on_roster(N2, '123456789018')$$), ($$list_on_roster(N2, NULL, '{1,2,3,4,5,6}')$$),
  ($$list_on_roster(N2, NULL, '{""}')$$), ($$list_on_roster(N2, NULL, NULL)$$)) AS v(what);

\echo == the alert counts by the same rule
SET LOCAL passport.least_count = 0;
SELECT headcount, needing_help FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))');

\echo == in peace: who agreed, or all where an ordinance says so; the protected never
SELECT pg_temp.roster('office');
SELECT pg_temp.roster('peace');
SELECT passport.record_consent(pg_temp.resident(n), 'needs_roster', true) IS NOT NULL FROM unnest('{N2,N4}'::text[]) AS n;
SELECT pg_temp.roster('peace');
SAVEPOINT ordinance;
SET LOCAL passport.roster_ordinance = on;
SELECT pg_temp.roster('peace');
ROLLBACK TO ordinance;
SELECT passport.record_consent(pg_temp.resident('N2'), 'needs_roster', false);
SELECT pg_temp.roster('peace');
SELECT passport.protect_address(pg_temp.resident('N4'), '2026-08-01', '2027-07-31', '支援措置');
SELECT pg_temp.roster('peace'), pg_temp.roster('office');
SELECT name, address, plan, supporters, consented FROM passport.protected_needs('名簿の見直し');
SELECT pg_temp.refusal('SELECT passport.protected_needs(NULL)');

\echo == in a declared disaster: without consent, in its area (as an alert: N3 is known by oaza only), while it lasts
SELECT passport.declare_disaster('大雨', '2026-08-02 12:00+09') AS everywhere \gset
SELECT passport.declare_disaster('大雨', '2026-08-02 12:00+09', 'SRID=4326;POLYGON((138.49 35.98,138.51 35.98,138.51 36,138.49 36,138.49 35.98))') AS there \gset
SELECT pg_temp.roster('disaster', :everywhere), pg_temp.roster('disaster', :there);
SELECT passport.end_disaster(:everywhere, '水が引いた');
SELECT passport.end_disaster(:everywhere, '水が引いた');
SELECT pg_temp.refusal(format('SELECT passport.needs_roster(%L, %L, %s)', purpose, who, coalesce(disaster::text, 'NULL')))
  FROM (VALUES ('disaster', 'x', :everywhere), ('disaster', 'x', NULL), ('peace', 'x', :there), ('fun', 'x', NULL), (NULL, 'x', NULL),
               ('peace', '', NULL), ('peace', '1234 5678 9018', NULL), ('disaster', 'x', 0)) AS t(purpose, who, disaster);
SET LOCAL passport.clock = '2026-08-02 12:00+09';
SELECT pg_temp.refusal(format('SELECT passport.needs_roster(%L, %L, %s)', 'disaster', 'x', :there));
SELECT what, pg_temp.refusal('SELECT passport.' || what) FROM (VALUES
  ($$declare_disaster('', '2026-08-03 12:00+09')$$), ($$declare_disaster('x', '2026-08-02 12:00+09')$$), ($$declare_disaster('x', '2026-08-17 12:00+09')$$),
  ($$declare_disaster('x', NULL)$$), ($$declare_disaster('x', '2026-08-03 12:00+09', 'SRID=4326;POLYGON EMPTY')$$), ($$end_disaster(0, 'x')$$), ($$end_disaster(0, NULL)$$)) AS v(what);
SELECT pg_temp.refusal('DELETE FROM passport.disaster');

\echo == each reading is kept, of the whole and for each person, with its ground
SELECT purpose, basis, given_to, disaster_id IS NOT NULL, persons FROM passport.roster_handout ORDER BY handout_id;
SELECT r.resident_number, a.source, count(*) FROM passport.audit_record AS a JOIN passport.resident AS r USING (resident_id)
 WHERE a.source LIKE 'needs_roster%' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT passport.take_off_roster(pg_temp.resident('N3')), passport.take_off_roster(pg_temp.resident('N3'));
SELECT pg_temp.roster('office');
ROLLBACK;
