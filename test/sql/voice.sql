-- What is spoken: no letters, no symbols, no numbers without a word
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 10:00+09';
SET LOCAL passport.least_count = 0;
SELECT spoken, passport.voice_problem(spoken) FROM (VALUES
  ('海ノ口に、警戒レベル4、避難指示を発令しました。'), ('水位が3.5mです。'), ('水位が３メートルです。'), ('水位が3メートルです。'), ('5cmの浸水'),
  ('JR野辺山駅'), ('ＪＲ野辺山駅'), ('電話は0267962211'), ('午後3時30分'), ('レベル6'), ('避難指示（海ノ口）'), ('避難！'), ('役場→体育館'), ('A'), (''), (NULL),
  ('二十世帯、45人が避難'), ('市ヶ谷、佐々木'), (repeat('あ', 301))) AS t(spoken);
-- each level of each hazard can be said, and so can a cancel and an end; a template that cannot is refused
SELECT hazard, level FROM passport.alert_level EXCEPT SELECT kind, level FROM passport.voice_template ORDER BY 1, 2;
SELECT pg_temp.refusal($$INSERT INTO passport.voice_template VALUES ('flood', 4, '2030-01-01', '{area}の水位が5m')$$) LIKE '23514%' AS refused;
UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "v-1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951}, {"resident_number": "v-2", "name": "乙", "oaza": "板橋", "lon": 138.452, "lat": 35.952},
  {"resident_number": "v-3", "name": "丙", "oaza": "板橋（上）", "lon": 138.48, "lat": 35.98}]$$);
CREATE FUNCTION pg_temp.sent(hazard text, level int, west float8, mode text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  d record;
BEGIN
  SELECT * INTO d FROM passport.draft_alert(hazard, level, ST_MakeEnvelope(west, 35.94, west + 0.02, 35.99, 4326), mode => mode);
  UPDATE passport.alert SET drafted_by = 'somebody else' WHERE alert_id = d.alert_id;
  PERFORM passport.approve_alert(d.alert_id, d.headcount);
  RETURN d.alert_id;
END $$;
SELECT pg_temp.sent('landslide', 4, 138.44, 'live') AS alert, pg_temp.sent('flood', 3, 138.44, 'drill') AS drill, pg_temp.sent('flood', 5, 138.47, 'live') AS named \gset
SELECT passport.alert_voice(:alert), passport.alert_voice(:drill);
SELECT pg_temp.refusal(format('SELECT passport.alert_voice(%s)', a)) FROM (VALUES (:named), (-1)) AS t(a);
SELECT recipients FROM passport.cancel_alert(:alert, 'x');
SELECT recipients FROM passport.end_alert(:drill);
SELECT passport.alert_voice(:alert), passport.alert_voice(:drill);
ROLLBACK;
