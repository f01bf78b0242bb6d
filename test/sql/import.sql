-- Import of an extract: what is judged, what is asked for, what is set off
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\ir ../fixtures/token-key.sql
\set act :abs_srcdir '/fixtures/act.sql'
\i :act
\set ECHO all
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
SET LOCAL passport.clock = '2026-07-01 12:00+09';
-- what other tests left in the register is not of this village; somebody is there already
INSERT INTO passport.resident (resident_number, name, status, updated_at) VALUES ('import', '前住者', 'moved_out', passport.now());
UPDATE passport.resident SET status = 'non_resident' WHERE status = 'resident';
INSERT INTO passport.oaza (name, location) VALUES ('海ノ口', passport.point(138.49, 36.02)), ('海尻', passport.point(138.48, 36.04));
INSERT INTO passport.municipality_area (code, name, area)
VALUES ('203050', '長野県南佐久郡南牧村', 'SRID=4326;MULTIPOLYGON(((138.3 35.9, 138.6 35.9, 138.6 36.1, 138.3 36.1, 138.3 35.9)))')
ON CONFLICT DO NOTHING;
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT resident_id FROM passport.resident_directory WHERE resident_number = number $$;
CREATE FUNCTION pg_temp.effects() RETURNS TABLE (resident_number text, effect text) LANGUAGE sql STABLE AS
$$ SELECT r.resident_number, e.effect FROM passport.import_effect AS e JOIN passport.resident AS r USING (resident_id)
    WHERE e.import_id = (SELECT max(import_id) FROM passport.import_run) ORDER BY 1, 2 $$;

-- nothing was copied
SELECT pg_temp.refusal($$SELECT passport.preview_import('full')$$);
SELECT pg_temp.refusal($$SELECT passport.import_extract('whole')$$);

-- the register's own words; births with unknown parts; blanks; what is wrong, row by row
COPY passport.resident_staging (resident_number, household_number, relation, name, name_kana, name_roman, alias, birth_date, sex,
  address, oaza, koaza, lot, building, lon, lat, nationality_class, residence_status, stay_until, language, status, changed_on,
  change_reason, protected) FROM STDIN (FORMAT csv, HEADER);
宛名番号,世帯番号,続柄,氏名,カナ,ローマ字,通称,生年月日,性別,住所,大字,小字,地番,方書,経度,緯度,国籍区分,在留資格,在留期限,言語,状態,異動日,異動事由,支援
I01,H1,世帯主,髙橋　一郎 ,タカハシ　イチロウ,,,1952-02-29,男,長野県南佐久郡南牧村大字海ノ口10番地,大字海の口,,10番地,,138.491,36.021,日本人,,,ja,住民,2001-04-01,転入,無
I02,H1,妻,髙橋　花子,,,,1950-05-00,女,長野県南佐久郡南牧村大字海ノ口10番地,,,,,,,,,,,住民,,,
I03,H2,世帯主,"林, 三郎",,,,1950-00-00,男,南牧村海尻5,海尻,,,,,,,,,,,,,有
I04,H3,世帯主,GRACE SMITH,,GRACE SMITH,林　グレイス,0000-00-00,その他,,,,,,,,中長期在留者,技能実習,2027-03-31,en,,,,
I05,,,良い　行,,,,1950-00-05,男,,,,,,,,,,,,,,,
I06,,,　,,,,1950-02-30,M,,,,,,138.5,,,,,,,,,
I07,,,林 1234-5678-9018,,,,2026-07-02,,,,,,,36.0,138.5,,,2026-02-29,Japanese,gone,01.02.2020,,yes
I08,,,林,,,,,,,,,,,,,,,,,,,,
I08,,,林,,,,,,,,,,,,,,,,,,,,
,,,番号　無し,,,,,,,,,,,,,,,,,,,,
\.
SELECT * FROM passport.preview_import('full');
SELECT * FROM passport.import_problems();
SELECT count(*) FROM passport.resident WHERE resident_number LIKE 'I0%';
SELECT what, residents FROM passport.import_extract('differential');
SELECT resident_number, name, birth_date, birth_written, sex, oaza, st_astext(location) AS location, location_precision, location_source,
       nationality_class, residence_status, stay_until, status, changed_on, protected
  FROM passport.resident WHERE resident_number LIKE 'I0%' ORDER BY 1;
SELECT * FROM pg_temp.effects();
-- a part that is unknown is no birth date for matching, and no age
SELECT birth_date IS NULL AS unknown FROM passport.resident_match_key WHERE resident_id = pg_temp.id('I02');
-- nothing stays behind
SELECT (SELECT count(*) FROM passport.resident_staging) AS staged, (SELECT count(*) FROM passport.resident_import) AS judged;
SELECT address FROM passport.resident_place WHERE resident_id = pg_temp.id('I03');

-- a village of 40 more; the same rows again change nothing
CREATE FUNCTION pg_temp.stage(first int, last int, status text DEFAULT NULL, name text DEFAULT '村人') RETURNS void LANGUAGE sql AS $$
  INSERT INTO passport.resident_staging (resident_number, name, status, address, birth_date)
  SELECT 'V' || i, name || '　' || i, status, '南牧村海尻' || i, '2009-03-1' || i % 10 FROM generate_series(first, last) AS i $$;
SELECT pg_temp.stage(1, 40);
SELECT what, residents FROM passport.import_extract('differential');
SELECT pg_temp.stage(1, 40);
SELECT what, residents FROM passport.import_extract('differential');

-- ten may go as every day; more only if their number is confirmed
SELECT pg_temp.stage(1, 10, '転出');
SELECT arrived, changed, removals, must_confirm FROM passport.preview_import('differential');
SELECT pg_temp.stage(11, 11, '転出');
SELECT arrived, changed, removals, must_confirm FROM passport.preview_import('differential');
SELECT pg_temp.refusal($$SELECT passport.import_extract('differential')$$);
SELECT pg_temp.refusal($$SELECT passport.import_extract('differential', 10)$$);
SELECT count(*) FILTER (WHERE status = 'moved_out') FROM passport.resident WHERE resident_number LIKE 'V%';
SAVEPOINT confirmed;
SELECT what, residents FROM passport.import_extract('differential', 11);
ROLLBACK TO confirmed;
-- the share is a setting
SET LOCAL passport.removal_share = 50;
SELECT must_confirm FROM passport.preview_import('differential');
SET LOCAL passport.removal_share = 5;
DELETE FROM passport.resident_staging;

-- who is missing from a full extract is moved out only if that is confirmed, be it one
SELECT pg_temp.stage(1, 40);
INSERT INTO passport.resident_staging (resident_number, name, birth_date, sex, address, protected)
  VALUES ('I02', '髙橋　花子', '1950-05-00', '女', '長野県南佐久郡南牧村大字海ノ口10番地', NULL), ('I03', '林, 三郎', '1950-00-00', '男', '南牧村海尻5', '無'),
         ('I04', 'GRACE SMITH', '0000-00-00', 'その他', NULL, NULL);
SELECT gone, removals, must_confirm FROM passport.preview_import('full');
SELECT pg_temp.refusal($$SELECT passport.import_extract('full')$$);
-- a row whose number cannot be read may be the one who is missing
SAVEPOINT unreadable;
INSERT INTO passport.resident_staging (name) VALUES ('誰か');
SELECT pg_temp.refusal($$SELECT passport.import_extract('full', 1)$$);
ROLLBACK TO unreadable;
-- a row that is rejected is not missing
SAVEPOINT rejected;
INSERT INTO passport.resident_staging (resident_number, name, sex) VALUES ('I01', '髙橋　一郎', 'x');
SELECT gone, rejected, must_confirm FROM passport.preview_import('full');
ROLLBACK TO rejected;
SELECT what, residents FROM passport.import_extract('full', 1);
SELECT * FROM pg_temp.effects();
-- the flag is gone, the protection is not
SELECT passport.address_protected(pg_temp.id('I03')) AS still_protected;
SELECT resident_number, status FROM passport.resident WHERE resident_number = 'I01';

-- history: the record as of a day
SET LOCAL passport.clock = '2026-08-01 12:00+09';
INSERT INTO passport.resident_staging (resident_number, name, birth_date, address) VALUES ('V1', '新姓　1', '2009-03-11', '南牧村大字海ノ口77');
SELECT what, residents FROM passport.import_extract('differential');
SELECT * FROM pg_temp.effects();
SELECT h.valid_from, h.valid_to, h.record ->> 'name' AS name, h.record ->> 'address' AS address, h.record ->> 'oaza' AS oaza
  FROM (VALUES ('2026-07-15'::date), ('2026-07-31'), ('2026-08-01')) AS d(day), passport.resident_as_of(pg_temp.id('V1'), day, 'counter') AS h;
SELECT pg_temp.refusal($$SELECT passport.resident_as_of(pg_temp.id('V1'), '2026-06-30', 'counter')$$);
SELECT pg_temp.refusal($$SELECT passport.resident_as_of(pg_temp.id('V1'), '2026-08-01', 'curiosity')$$);
SELECT record ? 'address' AS shows_address, record ? 'name' AS shows_name FROM passport.resident_as_of(pg_temp.id('I03'), '2026-08-01', 'counter');
SELECT count(*) FROM passport.audit_record WHERE source = 'resident_as_of' AND resident_id = pg_temp.id('V1');
-- the keys for matching are those of the new name and address
SELECT k.name_key = passport.name_key('新姓　1') AS name, k.address_key = passport.address_key('南牧村海の口77番地') AS address
  FROM passport.resident_match_key AS k WHERE resident_id = pg_temp.id('V1');

-- moved out: the account is suspended with its sessions, points are frozen
SELECT passport.set_program('import-class', '{"ja": "教室"}'), passport.set_program_rule('import-class', '2026-04-01', '{"points_per_unit": 10, "lot_months": 1, "lot_ends_with": "month"}') \g /dev/null
SELECT points FROM passport.award_points(pg_temp.id('V2'), 'import-class', 'before', '2026-08-01 09:00+09');
SELECT points FROM passport.award_points(pg_temp.id('V3'), 'import-class', 'before', '2026-08-01 09:00+09');
SELECT pg_temp.act('V2'), pg_temp.act('V3'), pg_temp.act('V4');
SELECT count(passport.add_device(pg_temp.id(number), 'fcm', 'import-' || number)) FROM unnest(ARRAY['V2', 'V3', 'V4']) AS number;
SELECT deliveries, unreachable FROM passport.notify(ARRAY[pg_temp.id('V2'), pg_temp.id('V3'), pg_temp.id('V4')], 'news', 'bulk', '{"ja": {"title": "題", "body": "文"}}');
SELECT pg_temp.stage(2, 2, '転出'), pg_temp.stage(3, 3, '死亡');
SELECT what, residents FROM passport.import_extract('differential');
SELECT * FROM pg_temp.effects();
SELECT r.resident_number, a.state, a.suspended_for, count(s.session_id) FILTER (WHERE s.revoked_at IS NULL) AS open_sessions
  FROM passport.account AS a JOIN passport.resident AS r USING (resident_id) LEFT JOIN passport.session AS s USING (resident_id)
 WHERE r.resident_number IN ('V2', 'V3', 'V4') GROUP BY 1, 2, 3 ORDER BY 1;
SELECT verdict, detail FROM passport.award_points(pg_temp.id('V2'), 'import-class', 'after', '2026-08-01 10:00+09');
SELECT pg_temp.refusal($$SELECT passport.spend_points(pg_temp.id('V2'), 5, 'ticket', 'k1')$$);
SELECT passport.point_balance(pg_temp.id('V2')) AS now, passport.point_balance(pg_temp.id('V2'), '2026-10-01 00:00+09') AS expired;

-- died: no message ever again, whatever becomes of the device
SELECT r.resident_number, o.outcome FROM passport.delivery_outcome AS o JOIN passport.resident AS r USING (resident_id) WHERE r.resident_number IN ('V2', 'V3', 'V4');
SELECT r.resident_number, d.state, d.retired_reason FROM passport.device AS d JOIN passport.resident AS r USING (resident_id) WHERE r.resident_number IN ('V2', 'V3', 'V4') ORDER BY 1;
SELECT pg_temp.refusal($$SELECT passport.add_device(pg_temp.id('V3'), 'fcm', 'another')$$);
SELECT pg_temp.refusal($$SELECT passport.suspend_account(pg_temp.id('V3'), 'lost card')$$);
UPDATE passport.device SET state = 'active', retired_reason = NULL, retired_at = NULL WHERE resident_id = pg_temp.id('V3');
SELECT deliveries, unreachable FROM passport.notify(ARRAY[pg_temp.id('V3')], 'news', 'bulk', '{"ja": {"title": "題", "body": "文"}}');
SELECT deliveries FROM passport.notify(ARRAY[pg_temp.id('V3')], 'news', 'bulk', '{"ja": {"title": "題", "body": "文"}}', mode => 'drill');
INSERT INTO passport.delivery (resident_id, notification_id, device_id, channel, urgency, created_at)
SELECT d.resident_id, (SELECT max(notification_id) FROM passport.notification), d.device_id, d.channel, 3, passport.now() FROM passport.device AS d WHERE d.resident_id = pg_temp.id('V3');
SELECT count(*) FILTER (WHERE token = 'import-V3') AS to_the_dead, count(*) FILTER (WHERE token = 'import-V4') AS to_the_living FROM passport.claim_deliveries('w', 100, '1 min');

-- moved back: both end; a death that was an error is for staff
SELECT pg_temp.stage(2, 3);
SELECT what, residents FROM passport.import_extract('differential');
SELECT * FROM pg_temp.effects();
SELECT r.resident_number, a.state, a.suspended_for FROM passport.account AS a JOIN passport.resident AS r USING (resident_id) WHERE r.resident_number IN ('V2', 'V3') ORDER BY 1;
SELECT balance FROM passport.spend_points(pg_temp.id('V2'), 5, 'ticket', 'k2');
-- what staff suspended, no move resumes
SELECT passport.suspend_account(pg_temp.id('V2'), 'lost phone'), pg_temp.stage(2, 2, '転出') \g /dev/null
SELECT what, residents FROM passport.import_extract('differential') WHERE what LIKE 'effect%account%';
SELECT pg_temp.stage(2, 2) \g /dev/null
SELECT what, residents FROM passport.import_extract('differential') WHERE what LIKE 'effect%account%';
SELECT state, suspended_for FROM passport.account WHERE resident_id = pg_temp.id('V2');

-- protection: set by the flag, extended while it stands, never lifted
INSERT INTO passport.resident_staging (resident_number, name, address, protected) VALUES ('V4', '村人　4', '南牧村海尻4', '1');
SELECT what, residents FROM passport.import_extract('differential') WHERE what LIKE 'effect%prot%';
SELECT from_date, until_date FROM passport.address_protection WHERE resident_id = pg_temp.id('V4');
SELECT address, oaza FROM passport.resident_place WHERE resident_id = pg_temp.id('V4');
SET LOCAL passport.clock = '2027-07-10 12:00+09';
INSERT INTO passport.resident_staging (resident_number, name, address, protected) VALUES ('V4', '村人　4', '南牧村海尻4', '1');
SELECT what, residents FROM passport.import_extract('differential') WHERE residents > 0;
SELECT from_date, until_date FROM passport.address_protection WHERE resident_id = pg_temp.id('V4') ORDER BY 1;

-- a guardian's time ends by the clock alone: 18 on 2027-03-15
SET LOCAL passport.clock = '2026-09-01 12:00+09';
SELECT passport.record_guardian(pg_temp.id('V5'), pg_temp.id('V6'), 'minor') > 0 AS recorded;
CREATE FUNCTION pg_temp.guarded() RETURNS TABLE (until_date date, ground text) LANGUAGE sql STABLE AS
$$ SELECT until_date, ground FROM passport.current_guardianship WHERE resident_id = pg_temp.id('V5') $$;
SET LOCAL passport.clock = '2027-03-14 23:59+09';
SELECT * FROM pg_temp.guarded();
SET LOCAL passport.clock = '2027-03-15 00:00+09';
SELECT * FROM pg_temp.guarded();
-- born earlier than the register said: it ends sooner
SET LOCAL passport.clock = '2026-09-01 12:00+09';
INSERT INTO passport.resident_staging (resident_number, name, address, birth_date) VALUES ('V5', '村人　5', '南牧村海尻5', '2008-10-01');
SELECT what, residents FROM passport.import_extract('differential') WHERE what LIKE 'effect%';
SELECT * FROM pg_temp.guarded();
INSERT INTO passport.resident_staging (resident_number, name, address, birth_date) VALUES ('V5', '村人　5', '南牧村海尻5', '2008-00-00');
SELECT what, residents FROM passport.import_extract('differential') WHERE what LIKE 'effect%';
SELECT * FROM pg_temp.guarded();

-- effects by person, for staff: who looked is kept
SELECT e.effect, e.name FROM passport.import_effects((SELECT max(import_id) FROM passport.import_run), 'counter') AS e;
SELECT pg_temp.refusal($$SELECT passport.import_effects(1, NULL)$$);
ROLLBACK;
