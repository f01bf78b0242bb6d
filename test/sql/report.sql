-- The staff report: its figures, its drawings, and that nothing breaks out of it
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\set ECHO all
BEGIN;
SET LOCAL passport.clock = '2026-09-01 05:00+09';
SET LOCAL passport.least_count = 0;
\pset footer off
\pset format unaligned
UPDATE passport.resident SET status = 'moved_out';
UPDATE passport.sensor SET state = 'retired';
UPDATE passport.alert SET state = 'expired' WHERE state = 'draft';
UPDATE passport.alert SET state = 'cancelled', cancelled_by = 'x', cancelled_at = '2020-01-01' WHERE state = 'approved';
UPDATE passport.hazard_zone SET source = 'not of this test ' || zone_id;
DELETE FROM passport.shelter;
DELETE FROM passport.oaza;
DELETE FROM passport.municipality_area;

-- with nothing in it, it is a page all the same
CREATE FUNCTION pg_temp.parsed(page text) RETURNS xml LANGUAGE sql AS $$
  SELECT xmlparse(DOCUMENT regexp_replace(page, '<(meta|br)([^>]*)>', '<\1\2/>', 'g'))
$$;
SELECT xpath('/html/@lang', pg_temp.parsed(passport.report_html())) AS lang, passport.report_map_svg() IS NULL AS no_map;

INSERT INTO passport.municipality_area VALUES ('203050', '南<牧>村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.oaza VALUES ('海ノ口<b>', passport.point(138.458, 35.958));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('r1', '<script>shelter</script>', passport.point(138.4625, 35.956), '{flood}'),
  ('r2', '遠い', passport.point(138.37, 35.91), '{flood}'), ('r3', '災害の指定なし', passport.point(138.4625, 35.954), '{}');
SELECT passport.define_sensor('report-1', '{"name": "<script>gauge</script>", "lon": 138.455, "lat": 35.955, "max_rise": 1.5,
  "stages": [{"stage": 1, "name": "注意<", "up": 3}, {"stage": 2, "name": "危険", "up": 5}]}');
SELECT observed_at, verdict, stage FROM passport.record_readings('report-1',
  '{2026-08-31 20:00+09,2026-08-31 20:10+09,2026-08-31 20:20+09,2026-09-01 04:30+09,2026-09-01 04:40+09}', '{2.5,9.1,2.5,2.6,3.2}');
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "r1", "household_number": "<script>H1", "name": "名前甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951},
  {"resident_number": "r2", "household_number": "H2", "name": "名前乙", "oaza": "海ノ口", "lon": 138.452, "lat": 35.957, "needs_help": true},
  {"resident_number": "r3", "household_number": "H3", "name": "名前丙", "oaza": "秘密の大字", "lon": 138.453, "lat": 35.953}]$$);
SELECT passport.protect_address(resident_id, '2026-01-01', '2026-12-31', 'x') FROM passport.resident WHERE resident_number = 'r3' \g /dev/null
CREATE ROLE report_drafter;
GRANT USAGE ON SCHEMA passport TO report_drafter;
GRANT EXECUTE ON FUNCTION passport.draft_alert TO report_drafter;
SET SESSION AUTHORIZATION report_drafter;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326), 'report-1') \gset
RESET SESSION AUTHORIZATION;
SELECT recipients FROM passport.approve_alert(:alert, 2);
SELECT pg_temp.act('r1') \g /dev/null
SELECT passport.answer_alert(:alert, 'need_help', 138.4555, 35.9555, '</td><script>alert("1")</script> & ''水''') \g /dev/null
SELECT pg_temp.act('r3') \g /dev/null
SELECT passport.answer_alert(:alert, 'damage', 138.4595, 35.9505) \g /dev/null

SELECT level, state, recipients, deliveries, unreachable, answered, need_help, safe, unread FROM passport.report_alert;
SELECT household_number, urgency, oaza FROM passport.report_household();
SELECT name, needs_help, message FROM passport.report_unanswered();
SELECT name, stage, stage_name, value, silent FROM passport.report_sensor;
SELECT observed_at, value, verdict, reasons FROM passport.report_held_reading;
SELECT answer, household_number, oaza, note FROM passport.report_note();

-- of whom each report showed, and of nobody else, it is kept who looked
SELECT source, array_agg(DISTINCT r.resident_number ORDER BY r.resident_number) AS residents, count(*) AS rows
  FROM passport.audit_record AS a JOIN passport.resident AS r USING (resident_id) WHERE source LIKE 'report%' GROUP BY source ORDER BY source;
SAVEPOINT looked;
SELECT household_number FROM passport.report_household(1);
SELECT name FROM passport.report_unanswered(0);
SELECT length(passport.report_html()) > 0 AS page;
SELECT source, array_agg(r.resident_number ORDER BY r.resident_number) AS residents
  FROM passport.audit_record AS a JOIN passport.resident AS r USING (resident_id) WHERE source LIKE 'report%' GROUP BY source ORDER BY source;
ROLLBACK TO looked;

-- the drawings are well-formed, and show what they should
CREATE FUNCTION pg_temp.found(page text, path text) RETURNS text LANGUAGE sql AS $$
  SELECT array_to_string(xpath(path, pg_temp.parsed(page))::text[], ' | ')
$$;
SELECT pg_temp.found(passport.report_map_svg(), '/svg/use/@href') AS people, pg_temp.found(passport.report_map_svg(), '//g[title]/title/text()') AS shelters,
       pg_temp.found(passport.report_map_svg(), '//text[@class="stage" or @class="gauge" or @class="oaza"]/text()') AS gauges, pg_temp.found(passport.report_map_svg(), '//text[@class="small"]/text()') AS margin,
       pg_temp.found(passport.report_map_svg(), 'count(//path[@class="zone"])') AS zones, pg_temp.found(passport.report_map_svg(), '/svg/@role') AS role \gx
SELECT pg_temp.found(c, '//path[@class="water"]/@d') AS water, pg_temp.found(c, '//g/title/text()') AS held, pg_temp.found(c, '//text[@class="label"]/text()') AS thresholds,
       pg_temp.found(c, '//text[@text-anchor="end"]/text()') AS levels, pg_temp.found(c, '/svg/desc/text()') AS description FROM passport.report_chart_svg('report-1') AS c \gx
-- a protected person is not drawn, neither at home nor where they answered
SELECT strpos(passport.report_map_svg(), passport.svg_place(passport.point(138.4555, 35.9555), f)) > 0 AS answered, strpos(passport.report_map_svg(), passport.svg_place(passport.point(138.452, 35.957), f)) > 0 AS at_home,
       strpos(passport.report_map_svg(), passport.svg_place(passport.point(138.453, 35.953), f)) > 0 AS protected_home, strpos(passport.report_map_svg(), passport.svg_place(passport.point(138.4595, 35.9505), f)) > 0 AS protected_answer
  FROM passport.report_frame() AS f;

-- the page: one, well-formed, without script, outside resource or name, every value text
SELECT pg_temp.found(p, 'count(//script|//link|//img|//iframe|//@src|//@onclick)') AS foreign_parts, p ~ 'https?://' AS links, p ~ '名前|秘密' AS personal,
       pg_temp.found(p, '//td[contains(., "script")]/text()') AS cells, pg_temp.found(p, '//h2/text()') AS sections, pg_temp.found(p, '//dd/text()') AS figures,
       pg_temp.found(p, '//p[contains(@class, "banner")]/strong/text()') AS banner, pg_temp.found(p, '//p[@class="note"]/text()') AS note
  FROM passport.report_html() AS p \gx
SELECT action FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.95]]]}}]}', 'flood', 'demo drawing');
SELECT pg_temp.found(passport.report_html(), '//p[@class="note"]/text()') AS note, pg_temp.found(passport.report_map_svg(), 'count(//path[@class="zone"])') > '0' AS zone;
ROLLBACK;
