-- Loading forms of characters; which pairs settle is in test/unit/variant.c
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\set ECHO all
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
SET passport.clock = '2026-07-01 12:00+09';
BEGIN;
SELECT imported FROM passport.import_residents('[
  {"resident_number": "gaiji", "name": "\ue000野　一", "birth_date": "1950-01-01", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻1番地"},
  {"resident_number": "other", "name": "林　一", "birth_date": "1950-01-02", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻2番地"}]');
CREATE TEMP TABLE before AS TABLE passport.resident_match_key;
CREATE FUNCTION pg_temp.match() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', score, explanation) FROM passport.match_resident('浅野　一', '長野県南佐久郡南牧村大字海尻1番地', '1950-01-01', 'male', '1000') $$;

\echo == what is not known proves nothing
SELECT pg_temp.match();
\echo == loaded, the same resident is certain, and only the keys that it concerns are new
SAVEPOINT loaded;
SELECT * FROM passport.load_variants('own', ARRAY[U&'\E000', U&'\E001', U&'\E001', '齋', 'x', '葛' || U&'\+0E0101', '㐂', '喜'],
                                            ARRAY['淺', '斉', '斎', '斉', '高', '渇', '喜', '㐂']);
SELECT pg_temp.match();
SELECT form, usual FROM passport.variant ORDER BY form COLLATE "C";
SELECT count(*) FROM (TABLE passport.resident_match_key EXCEPT TABLE before) AS changed;
\echo == rolled back, nothing of it is left in this session either
ROLLBACK TO loaded;
SELECT pg_temp.match();
SELECT count(*) FROM (TABLE passport.resident_match_key EXCEPT TABLE before) AS changed;
\echo == sources stand side by side, one that comes again replaces itself, two that differ are ambiguous
SELECT pairs, settled, left_out FROM passport.load_variants('own', ARRAY[U&'\E000', U&'\E001'], '{淺,高}');
SELECT pairs, settled, left_out FROM passport.load_variants('mj', ARRAY['㐂'], '{喜}');
SELECT passport.normalized_name(U&'\E000\E001㐂');
SELECT pairs, settled, left_out FROM passport.load_variants('own', ARRAY[U&'\E001'], '{高}');
SELECT passport.normalized_name(U&'\E000\E001㐂') = U&'\E000高喜';
SELECT * FROM passport.load_variants('mj', ARRAY[U&'\E001'], '{浅}');
SELECT passport.normalized_name(U&'\E001㐂') = U&'\E001㐂';
SELECT pairs, settled, left_out FROM passport.load_variants('mj', '{}', '{}');
SELECT pairs, settled, left_out FROM passport.load_variants('own', '{}', '{}');
SELECT count(*) FROM (TABLE passport.resident_match_key EXCEPT TABLE before) AS changed;
\echo == what makes no sense
SELECT passport.load_variants('Own', '{}', '{}');
SELECT passport.load_variants('own', '{a}', '{}');
SELECT passport.load_variants('own', '{a}', '{NULL}');
SELECT passport.load_variants('own', NULL, '{}');
SELECT passport.load_variants('own', '{{a},{b}}', '{{a},{b}}');
SELECT passport.load_variants('own', array_agg(chr(x'20000'::int + i)), array_agg('高'::text)) FROM generate_series(1, 200001) AS i;
\echo == sixty thousand, and a match is as fast
SELECT pairs, settled, left_out, jsonb_array_length(problems) FROM (
  SELECT array_agg(chr(x'21000'::int + i)) AS forms, array_agg(CASE i % 10 WHEN 0 THEN 'x' ELSE '高' END) AS usuals
    FROM generate_series(1, 60000) AS i) AS f, passport.load_variants('mj', forms, usuals);
SELECT passport.normalized_name(chr(x'21001'::int) || '橋');
SELECT total_bytes < 2000000 FROM pg_backend_memory_contexts WHERE name = 'passport variants';
ROLLBACK;
