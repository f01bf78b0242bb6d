-- my_data(): a resident's own copy of all that is held
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set act :abs_srcdir '/fixtures/act.sql'
\i :act
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET datestyle = 'ISO';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT imported FROM passport.import_residents('[
  {"resident_number": "91001", "name": "写　一子", "birth_date": "1985-04-07", "household_number": "h1", "relation": "世帯主",
   "address": "長野県南佐久郡南牧村大字海ノ口1番地", "oaza": "海ノ口", "lon": 138.47, "lat": 36.03, "language": "en"},
  {"resident_number": "91002", "name": "写　二郎", "birth_date": "2015-07-02", "household_number": "h1", "relation": "子"}]');
SELECT max(resident_id) FILTER (WHERE resident_number = '91001') AS ichiko,
       max(resident_id) FILTER (WHERE resident_number = '91002') AS jiro
  FROM passport.resident_directory \gset
SELECT passport.record_guardian(:jiro, :ichiko, 'under_15') > 0 AS recorded;
SELECT passport.add_device(:ichiko, 'fcm', 'secret-token-of-the-phone', NULL) > 0 AS device;
SELECT passport.notify(ARRAY[:ichiko], 'note', 'personal', '{"ja": {"title": "お知らせ", "body": "本文"}, "en": {"title": "News", "body": "Text"}}') IS NOT NULL AS told;
SELECT passport.set_program('walk', '{"ja": "歩く"}');
SELECT passport.set_program_rule('walk', '2026-04-01', '{"points_per_unit": 1, "lot_months": 12}');
SELECT points FROM passport.award_points(:ichiko, 'walk', 'e1', passport.now(), 5);
SELECT count(passport.view_resident(:ichiko, 'counter', '{name}'));

SELECT passport.my_data();
SELECT pg_temp.act('91001');
CREATE TEMP TABLE mine AS SELECT passport.my_data() AS data;
SELECT key, jsonb_array_length(value) AS rows FROM mine, jsonb_each(data -> 'held') ORDER BY key COLLATE "C";
SELECT data #> '{held,resident,0}' ->> 'name' AS name, data #> '{held,resident,0}' ->> 'address' AS address,
       data #> '{held,resident,0,location,coordinates}' AS coordinates FROM mine;
SELECT data #> '{held,notification,0,text}' AS message, data #> '{held,device,0}' ? 'token' AS token FROM mine;
SELECT data -> 'incomplete' AS incomplete FROM mine;
-- nothing of the child's
SELECT data::text LIKE '%二郎%' AS others_name, data::text LIKE '%secret-token%' AS secret FROM mine;
-- every row of it is her own
SELECT t.key AS table, r ->> 'resident_id' AS of FROM mine, jsonb_each(data -> 'held') AS t, jsonb_array_elements(t.value) AS r
 WHERE r ? 'resident_id' AND r ->> 'resident_id' <> :'ichiko';

-- a guardian, under both names, but not to what a protection was for
CREATE FUNCTION pg_temp.left_out(data jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat(o ->> 'table_name', '.', o ->> 'column_name'), ' ' ORDER BY o ->> 'table_name', o ->> 'column_name')
    FROM jsonb_array_elements(data -> 'left_out') AS o WHERE o ->> 'table_name' IN ('resident', 'alert_answer', 'address_protection', 'protection_event') $$;
SELECT passport.act_for(:jiro) = :jiro AS acts;
SELECT data #> '{held,resident,0}' ->> 'name' AS name, data -> 'held' ? 'protection_event' AS events, pg_temp.left_out(data) AS left_out FROM (SELECT passport.my_data() AS data) AS d;
SELECT source, holder_id = :ichiko AS by_her FROM passport.audit_record WHERE resident_id = :jiro AND source = 'my_data';
SELECT passport.act_for(:ichiko) = :ichiko AS acts;

-- her own address also while it is protected
SAVEPOINT open;
SELECT passport.protect_address(:ichiko, '2026-07-01', '2027-06-30', '支援措置', '{}');
SELECT data #> '{held,resident,0}' ->> 'address' IS NOT NULL AS address, jsonb_array_length(data #> '{held,protection_event}') AS events, pg_temp.left_out(data) AS left_out FROM (SELECT passport.my_data() AS data) AS d;
-- but not for who lives with her and asked for nothing
SELECT pg_temp.act('91002');
SELECT data #> '{held,resident,0}' ?| '{address,oaza,location}' AS place, data #> '{held,resident,0}' ->> 'name' AS name, pg_temp.left_out(data) AS left_out FROM (SELECT passport.my_data() AS data) AS d;
ROLLBACK TO open;
-- nor for a guardian: while the household's is protected, or the ward's will be, or is asked to be, or had its last day and nobody had notice
CREATE FUNCTION pg_temp.by_guardian(protection text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  kept jsonb;
BEGIN
  EXECUTE 'SELECT passport.' || protection;
  PERFORM set_config('passport.clock', '2026-07-01 12:01+09', true);
  -- staff looked at it again
  PERFORM passport.record_guardian((SELECT resident_id FROM passport.resident_directory WHERE resident_number = '91002'),
                                   (SELECT resident_id FROM passport.resident_directory WHERE resident_number = '91001'), 'under_15');
  PERFORM pg_temp.act('91001');
  PERFORM passport.act_for((SELECT resident_id FROM passport.resident_directory WHERE resident_number = '91002'));
  RETURN passport.my_data() IS NOT NULL;
EXCEPTION WHEN SQLSTATE 'PT403' THEN
  RETURN SQLERRM;
END $$;
SELECT what, pg_temp.by_guardian(what) FROM (VALUES
  (format('protect_address(%s, ''2026-07-01'', ''2027-06-30'', ''x'', ''{}'')', :ichiko)), (format('protect_address(%s, ''2026-07-05'', ''2027-06-30'', ''x'', ''{}'')', :jiro)),
  (format('request_protection(%s, ''x'', NULL, ''{}'')', :jiro)), (format('protect_address(%s, ''2026-06-01'', ''2026-06-30'', ''x'', ''{}'')', :jiro))) AS t(what);
ROLLBACK TO open;
-- more than fits is cut, and said
SELECT pg_temp.act('91001');
SELECT passport.record_access(ARRAY[:ichiko], 'counter', 'spec', '{name}') IS NULL FROM generate_series(1, 10001) OFFSET 10000;
SELECT data -> 'incomplete' AS incomplete, jsonb_array_length(data #> '{held,audit_record}') AS rows FROM (SELECT passport.my_data() AS data) AS d;
-- an hour after the login it is asked for again
SET passport.clock = '2026-07-01 13:00:01+09';
SELECT passport.my_data();
ROLLBACK;
