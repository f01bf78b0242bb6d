-- Weather bulletins: what the Agency's XML says of this village, and of no other
BEGIN;
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SET LOCAL client_min_messages = warning;
\pset footer off
\pset format unaligned
\pset null '-'
\set VERBOSITY terse
DELETE FROM passport.weather_bulletin;
-- a report as it comes: {municipality code: [kind code, name, condition]}
CREATE FUNCTION pg_temp.report(reported_at text, said jsonb, status text DEFAULT '通常', info_type text DEFAULT '発表', info_kind text DEFAULT '気象警報・注意報',
                               event_id text DEFAULT '', serial text DEFAULT '', title text DEFAULT '気象特別警報・警報・注意報', name text DEFAULT '南牧村') RETURNS text LANGUAGE sql AS $$
  SELECT xmlelement(NAME "Report", xmlattributes('http://xml.kishou.go.jp/jmaxml1/' AS xmlns),
    xmlelement(NAME "Control", xmlforest(title AS "Title", reported_at AS "DateTime", status AS "Status", '長野地方気象台' AS "EditorialOffice", '気象庁' AS "PublishingOffice")),
    xmlelement(NAME "Head", xmlattributes('http://xml.kishou.go.jp/jmaxml1/informationBasis1/' AS xmlns),
      xmlforest('長野県' AS "Title", reported_at AS "ReportDateTime", reported_at AS "TargetDateTime", event_id AS "EventID", info_type AS "InfoType",
                serial AS "Serial", info_kind AS "InfoKind", '1.1_0' AS "InfoKindVersion"),
      xmlelement(NAME "Headline", xmlelement(NAME "Text", '見出し'),
        xmlelement(NAME "Information", xmlattributes('気象警報・注意報（市町村等）' AS type),
          (SELECT xmlagg(xmlelement(NAME "Item", (SELECT xmlagg(xmlelement(NAME "Kind", xmlforest(k ->> 1 AS "Name", k ->> 0 AS "Code", k ->> 2 AS "Condition")))
                                                    FROM jsonb_array_elements(a.kinds) AS k),
                    xmlelement(NAME "Areas", xmlelement(NAME "Area", xmlforest(name AS "Name", a.code AS "Code")))))
             FROM jsonb_each(said) AS a(code, kinds))))))::text $$;
CREATE FUNCTION pg_temp.stands(at timestamptz, OUT warnings text) LANGUAGE sql AS $$
  SELECT string_agg(format('%s %s %s', coalesce(hazard, '?'), coalesce(level::text, '-'), name), '; ') FROM passport.weather_at(at) $$;

-- the village of the same name in Gunma is another; two dangers in brackets are two warnings
SELECT * FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T10:00:00+09:00', '{"1038300": [["33", "大雨特別警報", "土砂災害"]]}'));
SELECT verdict, mode, warnings, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T10:00:00+09:00',
  '{"2030500": [["03", "大雨警報", "土砂災害、浸水害"], ["18", "洪水注意報"], ["14", "雷注意報"]], "1038300": [["33", "大雨特別警報", "土砂災害"]]}'));
SELECT hazard, level, rank, name, area_code FROM passport.weather_at('2026-05-01 10:00+09');
SELECT passport.weather_level('{flood,inland_flood}', '2026-05-01 10:00+09') AS flood, passport.weather_level('{landslide}', '2026-05-01 10:00+09') AS landslide,
       passport.weather_level('{landslide}', '2026-05-01 09:59+09') AS before, passport.weather_level('{storm_surge}', '2026-05-01 10:00+09') AS surge;
-- the same once more, and another in its place
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T10:00:00+09:00',
  '{"2030500": [["03", "大雨警報", "土砂災害、浸水害"], ["18", "洪水注意報"], ["14", "雷注意報"]], "1038300": [["33", "大雨特別警報", "土砂災害"]]}'));
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T10:00:00+09:00', '{"2030500": [["33", "大雨特別警報", "土砂災害"]]}'));

-- drills and tests are kept, and stand nowhere
SELECT verdict, mode, warnings, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T11:00:00+09:00', '{"2030500": [["33", "大雨特別警報", "土砂災害"]]}', '訓練'));
SELECT verdict, mode, warnings, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T11:00:00+09:00', '{"2030500": [["33", "大雨特別警報", "土砂災害"]]}', '試験'));
SELECT pg_temp.stands('2026-05-01 11:30+09');
-- one that came late changes nothing that came after it
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T09:00:00+09:00', '{"2030500": [["38", "高潮特別警報"]]}'));
SELECT pg_temp.stands('2026-05-01 11:30+09'), pg_temp.stands('2026-05-01 09:30+09') AS earlier;
-- a correction replaces, what is over goes, and a report that says nothing of the village ends all of its line
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T10:00:00+09:00', '{"2030500": [["10", "大雨注意報"]]}', info_type => '訂正'));
SELECT pg_temp.stands('2026-05-01 11:30+09');
SELECT verdict, warnings FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T12:00:00+09:00', '{"2030500": [["00", "解除"]]}'));
SELECT pg_temp.stands('2026-05-01 12:00+09');
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T13:00:00+09:00', '{"2030500": [["04", "洪水警報"]]}'));
SELECT verdict, warnings FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T14:00:00+09:00', '{"2030300": [["04", "洪水警報"]]}'));
SELECT pg_temp.stands('2026-05-01 13:30+09') AS before, pg_temp.stands('2026-05-01 14:00+09') AS after;
-- what was sent by mistake is taken back
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T15:00:00+09:00', '{"2030500": [["3", "警戒", "発表"]]}', info_kind => '土砂災害警戒情報', event_id => '長野県土砂災害警戒情報', serial => '1', title => '土砂災害警戒情報'));
SELECT pg_temp.stands('2026-05-01 15:00+09');
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-05-01T15:10:00+09:00', '{"2030500": [["3", "警戒", "発表"]]}', info_type => '取消', info_kind => '土砂災害警戒情報', event_id => '長野県土砂災害警戒情報', serial => '2', title => '土砂災害警戒情報'));
SELECT pg_temp.stands('2026-05-01 15:10+09');

-- one code, two meanings: the vocabulary changed on 2026-05-28; the level in a name counts before the table
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-27T10:00:00+09:00', '{"2030500": [["08", "高潮警報"]]}'));
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-28T10:00:00+09:00', '{"2030500": [["08", "レベル３高潮警報"]]}'));
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-05-28T11:00:00+09:00', '{"2030500": [["49", "レベル４土砂災害危険警報"], ["77", "レベル５何か特別警報"], ["78", "何か"]]}'));
SELECT pg_temp.stands('2026-05-28 11:00+09');
-- what ends by itself, and a river whose code was entered
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-06-01T10:00:00+09:00', '{"2030500": [["1", "竜巻注意情報", "発表"]]}', info_kind => '竜巻注意情報', title => '竜巻注意情報'));
SELECT pg_temp.stands('2026-06-01 10:59+09') ~ '竜巻' AS an_hour, pg_temp.stands('2026-06-01 11:00+09') ~ '竜巻' AS later;
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-06-01T10:00:00+09:00', '{"830303020300": [["40", "氾濫危険情報", "洪水警報（発表）"]]}', info_kind => '指定河川洪水予報', event_id => '830303020300', serial => '3', title => '指定河川洪水予報', name => '千曲川上流'));
SELECT passport.set_weather_area('830303020300', '千曲川上流');
SELECT verdict, level FROM passport.take_weather_bulletin(pg_temp.report('2026-06-01T10:00:00+09:00', '{"830303020300": [["40", "氾濫危険情報", "洪水警報（発表）"]]}', info_kind => '指定河川洪水予報', event_id => '830303020300', serial => '3', title => '指定河川洪水予報', name => '千曲川上流'));
SELECT passport.weather_level('{flood}', '2026-06-01 10:00+09');
SAVEPOINT form;
SELECT passport.set_weather_area('千曲川', 'x');
ROLLBACK TO form;

-- of one time the higher serial counts, whichever comes first, and 10 is more than 9
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-06-10T10:00:00+09:00', '{"2030500": [["3", "警戒", "発表"]]}', info_kind => '土砂災害警戒情報', event_id => 'serials', serial => '10', title => '土砂災害警戒情報'));
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-06-10T10:00:00+09:00', '{"2030500": [["00", "解除"]]}', info_kind => '土砂災害警戒情報', event_id => 'serials', serial => '9', title => '土砂災害警戒情報'));
SELECT pg_temp.stands('2026-06-10 10:00+09') ~ 'landslide 4 警戒' AS still;
-- one whose end was lost on the way ends all the same, and the line of a title that the Agency gave up with it
SELECT pg_temp.stands('2026-06-12 09:59+09') ~ 'landslide 4 警戒' AS two_days, pg_temp.stands('2026-06-12 10:00+09') ~ 'landslide 4 警戒' AS later;
SELECT verdict FROM passport.take_weather_bulletin(pg_temp.report('2026-06-15T10:00:00+09:00', '{"2030500": [["21", "乾燥注意報"], ["04", "洪水警報"]]}', title => '気象警報・注意報（Ｈ２７）'));
SELECT pg_temp.stands('2026-06-17 09:59+09') AS both, pg_temp.stands('2026-06-17 10:00+09') AS advisory, pg_temp.stands('2026-06-25 10:00+09') AS none;
SELECT count(*) AS for_ever FROM passport.weather_warning WHERE valid_until IS NULL;

-- what the map and staff are shown: nothing of a drill
SET LOCAL passport.clock = '2026-05-28 12:00+09';
SELECT w ->> 'name' AS name, w ->> 'level' AS level, w ->> 'colour' AS colour FROM jsonb_array_elements(passport.public_map() -> 'weather') AS w;
SET LOCAL passport.clock = '2026-07-01 12:00+09';

-- what is no report
SELECT t.what, b.verdict, b.detail FROM (VALUES ('NULL', NULL), ('empty', ''), ('no XML', '<Report>'), ('a page', '<html/>'),
  ('an entity', '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'), ('an outside entity', '<!doctype r SYSTEM "file:///etc/passwd"><r/>'),
  ('8 MiB and more', repeat('x', 8 * 1024 * 1024 + 1)), ('deep', repeat('<a>', 100000)),
  ('status', pg_temp.report('2026-05-01T10:00:00+09:00', '{}', '本番')), ('type', pg_temp.report('2026-05-01T10:00:00+09:00', '{}', info_type => '予告')),
  ('time', pg_temp.report('tomorrow', '{}')), ('no such day', pg_temp.report('2026-02-30T10:00:00+09:00', '{}')),
  ('from the future', pg_temp.report('2026-07-01T13:01:00+09:00', '{"2030500": [["33", "大雨特別警報"]]}')),
  ('kind', pg_temp.report('2026-05-01T10:00:00+09:00', '{"2030500": [["1", "x"]]}', info_kind => '震度速報')),
  ('twice', replace(pg_temp.report('2026-05-01T10:00:00+09:00', '{}'), '<Status>通常</Status>', '<Status>訓練</Status><Status>通常</Status>'))) AS t(what, report)
  CROSS JOIN LATERAL passport.take_weather_bulletin(t.report) AS b;

-- what is old and valid no more is forgotten, the last of a line too
SELECT count(*) FROM passport.weather_bulletin;
SET LOCAL passport.clock = '2026-06-16 12:00+09';
SELECT passport.forget_weather('2026-06-16 00:00+09', 100) AS over;
SELECT title, reported_at FROM passport.weather_bulletin;
SET LOCAL passport.clock = '2032-01-01 12:00+09';
SELECT purged FROM passport.purge_expired() WHERE what = 'weather_bulletin';
SELECT mode, title, reported_at, info_type FROM passport.weather_bulletin ORDER BY bulletin_id;
ROLLBACK;
