-- Who in the register is this card's holder?
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\set ECHO all
\set ON_ERROR_ROLLBACK on
BEGIN;
SET passport.clock = '2026-07-01 12:00+09';
\pset format unaligned
\pset tuples_only on

SELECT imported, problems FROM passport.import_residents('[
  {"resident_number": "hanako", "name": "髙橋　花子", "birth_date": "1952-03-02", "sex": "female", "address": "南佐久郡南牧村大字海ノ口1183番地"},
  {"resident_number": "father", "name": "林　一", "birth_date": "1960-05-05", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻5番地"},
  {"resident_number": "son", "name": "林　一", "birth_date": "1990-05-05", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻5番地"},
  {"resident_number": "twin1", "name": "佐藤　健", "birth_date": "2000-01-01", "sex": "male", "address": "長野県南佐久郡南牧村大字板橋7番地"},
  {"resident_number": "twin2", "name": "佐藤　康", "birth_date": "2000-01-01", "sex": "male", "address": "長野県南佐久郡南牧村大字板橋7番地"},
  {"resident_number": "same1", "name": "鈴木　実", "birth_date": "1970-07-07", "sex": "male", "address": "長野県南佐久郡南牧村大字広瀬1番地"},
  {"resident_number": "same2", "name": "鈴木　実", "birth_date": "1970-07-07", "sex": "male", "address": "長野県南佐久郡南牧村大字平沢2番地"},
  {"resident_number": "rare", "name": "前田　𠀋太郎", "name_kana": "マエダ　ジョウタロウ", "birth_date": "1980-08-08", "sex": "male", "address": "長野県南佐久郡南牧村大字平沢3番地"},
  {"resident_number": "an", "name": "ＮＧＵＹＥＮ　ＶＡＮ　ＡＮ", "name_roman": "NGUYEN VAN AN", "alias": "安田　安", "birth_date": "1999-09-09", "sex": "male", "address": "長野県南佐久郡南牧村大字野辺山4番地　第1寮101号室"},
  {"resident_number": "gone", "name": "小林　修", "birth_date": "1975-01-02", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻9番地", "status": "moved_out"},
  {"resident_number": "undated", "name": "井出　清", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻11番地"}]');

CREATE FUNCTION pg_temp.match(name text, address text, birth_date date, sex text, map text DEFAULT NULL)
  RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r.resident_number, m.score, m.explanation)
    FROM passport.match_resident(name, address, birth_date, sex, map) AS m JOIN passport.resident AS r USING (resident_id)
$$;

\echo == certain
SELECT pg_temp.match('高橋　花子', '長野県南佐久郡南牧村大字海ノ口1183番地', '1952-03-02', 'female', '10000');
SELECT pg_temp.match('NGUYEN VAN AN', '長野県南佐久郡南牧村大字野辺山4番地', '1999-09-09', 'male');
\echo == certain: father and son with one name are told apart by birth date
SELECT pg_temp.match('林　一', '長野県南佐久郡南牧村大字海尻5番地', '1990-05-05', 'male');
\echo == certain: kana on the card that is read as the register reads it
SELECT pg_temp.match('前田　ジョウ太郎', '長野県南佐久郡南牧村大字平沢3番地', '1980-08-08', 'male', '00011100');
\echo == but not beside a namesake born on that day, whom the kana could not find
SAVEPOINT namesake;
SELECT imported FROM passport.import_residents('[
  {"resident_number": "rare too", "name": "前田　𠀋太郎", "birth_date": "1980-08-08", "sex": "male", "address": "長野県南佐久郡南牧村大字広瀬8番地"}]');
SELECT pg_temp.match('前田　ジョウ太郎', '長野県南佐久郡南牧村大字平沢3番地', '1980-08-08', 'male', '00011100');
ROLLBACK TO namesake;
\echo == never certain: the other 南牧村, another lot, sex, address
SELECT pg_temp.match('高橋　花子', '群馬県甘楽郡南牧村大字海ノ口1183番地', '1952-03-02', 'female');
SELECT pg_temp.match('高橋　花子', '南牧村大字海ノ口1183番地', '1952-03-02', 'female');
SELECT pg_temp.match('高橋　花子', '長野県南佐久郡南牧村大字海ノ口1183番地2', '1952-03-02', 'female');
SELECT pg_temp.match('高橋　花子', '長野県南佐久郡南牧村大字海ノ口1183番地', '1952-03-02', 'male');
SELECT pg_temp.match('高橋　花子', '長野県南佐久郡南牧村大字海ノ口1183番地', '1952-03-02', 'unknown');
\echo == never certain: twins, namesakes born on one day
SELECT pg_temp.match('佐藤　健', '長野県南佐久郡南牧村大字板橋7番地', '2000-01-01', 'male');
SELECT pg_temp.match('鈴木　実', '長野県南佐久郡南牧村大字広瀬1番地', '1970-07-07', 'male');
\echo == never certain: a substitute that proves nothing, an alias, no birth date
SELECT pg_temp.match('前田　丈太郎', '長野県南佐久郡南牧村大字平沢3番地', '1980-08-08', 'male', '000100');
SELECT pg_temp.match('前田　タケ太郎', '長野県南佐久郡南牧村大字平沢3番地', '1980-08-08', 'male', '0001100');
SELECT pg_temp.match('安田　安', '長野県南佐久郡南牧村大字野辺山4番地', '1999-09-09', 'male');
SELECT pg_temp.match('井出　清', '長野県南佐久郡南牧村大字海尻11番地', '1950-01-01', 'male');
SELECT pg_temp.match('井出　清', '長野県南佐久郡南牧村大字海尻11番地', NULL, 'male');
\echo == nobody: who has moved out, who was never here, no input at all
SELECT pg_temp.match('小林　修', '長野県南佐久郡南牧村大字海尻9番地', '1975-01-02', 'male');
SELECT pg_temp.match('無名　氏', '長野県南佐久郡南牧村大字海尻99番地', '1975-01-02', 'male');
SELECT pg_temp.match(NULL, NULL, NULL, NULL);
SELECT pg_temp.match(repeat('x', 1000000), repeat('（', 1000000), 'infinity', 'x', repeat('1', 1000000));

\echo == keys follow the register
SELECT imported, updated FROM passport.import_residents('[
  {"resident_number": "gone", "name": "小林　修", "birth_date": "1975-01-02", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻9番地"},
  {"resident_number": "twin2", "name": "佐藤　康", "birth_date": "2000-01-01", "sex": "male", "address": "長野県南佐久郡南牧村大字板橋7番地", "status": "deceased"}]');
SELECT pg_temp.match('小林　修', '長野県南佐久郡南牧村大字海尻9番地', '1975-01-02', 'male');
SELECT pg_temp.match('佐藤　健', '長野県南佐久郡南牧村大字板橋7番地', '2000-01-01', 'male');
CREATE TEMP TABLE kept AS TABLE passport.resident_match_key;
SELECT passport.refresh_match_keys() \g /dev/null
SELECT count(*) FROM (TABLE passport.resident_match_key EXCEPT TABLE kept) AS changed;

\echo == too many candidates decide nothing, and cost no more
SELECT imported FROM passport.import_residents((
  SELECT jsonb_agg(jsonb_build_object('resident_number', 'crowd' || i, 'name', '群　衆', 'birth_date', '1990-01-01', 'sex', 'male',
                                      'address', '長野県南佐久郡南牧村大字海尻' || i || '番地'))
    FROM generate_series(1, 5000) AS i));
SELECT count(*), bool_or((explanation ->> 'certain')::boolean)
  FROM passport.match_resident('群　衆', '長野県南佐久郡南牧村大字海尻4000番地', '1990-01-01', 'male');

\echo == each lookup goes by an index, however many residents there are
ANALYZE passport.resident_match_key;
CREATE FUNCTION pg_temp.by_index(condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found boolean := false;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN SELECT resident_id FROM passport.resident_match_key WHERE ' || condition LOOP
    IF line ~ 'Seq Scan' THEN
      RETURN false;
    END IF;
    found := found OR line ~ 'resident_match_key_(name|address|place)';
  END LOOP;
  RETURN found;
END $$;
SELECT pg_temp.by_index('birth_date = ''1991-01-01'' AND name_key = 1'), pg_temp.by_index('birth_date = ''1991-01-01'' AND address_key = 1'),
       pg_temp.by_index('name_key = 1 AND address_key = 1');
ROLLBACK;
