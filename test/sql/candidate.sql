-- A registration never links to the wrong resident: what register_account
-- decides for the card of 南牧　花子 beside each kind of neighbour, and what
-- staff read about it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set keys :abs_srcdir '/fixtures/certificates'
\setenv KEYS :keys
\set ECHO none
\i :abs_srcdir/fixtures/clean.sql
\i :fixtures
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
BEGIN;
SELECT count(passport.add_trust_anchor(bytes, CASE name WHEN 'sign_root' THEN 'signature' ELSE 'authentication' END))
  FROM fixture WHERE name IN ('sign_root', 'auth_root');
SELECT DISTINCT (passport.load_crl(bytes)).verdict FROM fixture WHERE name IN ('crl_sign', 'crl_auth');
SELECT name, birth_date, sex, address FROM passport.certificate_info((SELECT bytes FROM fixture WHERE name = 'good_sign'));
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('register') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/sign.key" | openssl base64 -A`
\set auth_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SELECT set_config('test.challenge', :'challenge_id', true), set_config('test.signature', :'signature', true),
       set_config('test.auth_signature', :'auth_signature', true) \g /dev/null

-- each: residents beside or instead of her; what comes of the card; what staff read
CREATE FUNCTION pg_temp.hanako(changes jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT '{"resident_number": "hanako", "name": "南牧　花子", "name_kana": "ミナミマキ　ハナコ", "birth_date": "1985-04-07",
           "sex": "female", "address": "長野県南佐久郡南牧村大字海ノ口1051番地"}'::jsonb || changes $$;
CREATE FUNCTION pg_temp.decide(VARIADIC residents jsonb[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  decision record;
BEGIN
  BEGIN
    PERFORM passport.import_residents(to_jsonb(residents));
    SELECT * INTO STRICT decision FROM passport.register_account(current_setting('test.challenge')::uuid,
      (SELECT bytes FROM fixture WHERE name = 'good_sign'), decode(current_setting('test.signature'), 'base64'),
      (SELECT bytes FROM fixture WHERE name = 'good_auth'), decode(current_setting('test.auth_signature'), 'base64'));
    RETURN NEXT concat_ws(' ', decision.state, (SELECT r.resident_number FROM passport.resident AS r
                                                 WHERE r.resident_id = decision.resident_id));
    RETURN QUERY SELECT concat_ws(' ', c.resident_number, c.score, c.ja) FROM passport.registration_candidate AS c ORDER BY c.place;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'PT000';
  EXCEPTION WHEN SQLSTATE 'PT000' THEN NULL;
  END;
END $$;

\echo == herself, and herself as registers write her
SELECT pg_temp.decide(pg_temp.hanako());
SELECT pg_temp.decide(pg_temp.hanako('{"name": "南牧 花子", "address": "南佐久郡南牧村海の口千五十一番地　コーポ南101号室"}'));
\echo == a twin, a duplicate, a namesake born on the same day elsewhere in the village
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "twin", "name": "南牧　華子"}'));
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "again"}'));
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "namesake", "address": "長野県南佐久郡南牧村大字海尻7番地"}'));
\echo == the twin alone, when she herself is not in the register
SELECT pg_temp.decide(pg_temp.hanako('{"resident_number": "twin", "name": "南牧　華子"}'));
\echo == two whose names are folded to one (a glyph selector), a resident whose alias is her name
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "glyph", "name": "南牧　花\udb40\udd01子", "address": "長野県南佐久郡南牧村大字海尻7番地"}'));
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "alias", "name": "KIM", "alias": "南牧　花子", "address": "長野県南佐久郡南牧村大字海尻7番地"}'));
SELECT pg_temp.decide(pg_temp.hanako('{"resident_number": "alias", "name": "KIM", "alias": "南牧　花子"}'));
\echo == mother and daughter of one name are told apart by birth date; without one, by nobody
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "mother", "birth_date": "1955-04-07"}'));
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "undated", "birth_date": null}'));
SELECT pg_temp.decide(pg_temp.hanako('{"resident_number": "mother", "birth_date": "1955-04-07"}'));
\echo == the same household, the other 南牧村, another lot, another sex, moved out
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "husband", "name": "南牧　太郎", "sex": "male", "birth_date": "1984-01-01"}'));
SELECT pg_temp.decide(pg_temp.hanako('{"address": "群馬県甘楽郡南牧村大字海ノ口1051番地"}'));
SELECT pg_temp.decide(pg_temp.hanako('{"address": "長野県南佐久郡南牧村大字海ノ口1051番地1"}'));
SELECT pg_temp.decide(pg_temp.hanako('{"address": "長野県南佐久郡南牧村大字海ノ口字芝1051番地"}'));
SELECT pg_temp.decide(pg_temp.hanako('{"sex": "male"}'));
SELECT pg_temp.decide(pg_temp.hanako('{"status": "moved_out"}'));
\echo == a form that the municipality loads makes two names one: then neither is certain
CREATE TEMP TABLE loaded AS SELECT * FROM passport.load_variants('own', '{芲}', '{花}');
SELECT pairs, settled, left_out FROM loaded;
SELECT pg_temp.decide(pg_temp.hanako('{"name": "南牧　芲子"}'));
SELECT pg_temp.decide(pg_temp.hanako(), pg_temp.hanako('{"resident_number": "old form", "name": "南牧　芲子", "address": "長野県南佐久郡南牧村大字海尻7番地"}'));

\echo == every rule and reason has its words
SELECT passport.match_words('{"name": "space+substitute+reading", "birth_date": "equal", "sex": "unknown", "address": "other_lot"}', l)
  FROM unnest('{ja,en,vi}'::text[]) AS l;
SELECT passport.match_words('{}'), passport.match_words(NULL);
ROLLBACK;
