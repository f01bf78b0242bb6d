-- Consent, purpose by purpose
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set act :abs_srcdir '/fixtures/act.sql'
\i :token_key
\i :act
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT imported FROM passport.import_residents('[
  {"resident_number": "92001", "household_number": "92", "relation": "世帯主", "name": "同意　一子", "birth_date": "1985-04-07",
   "address": "長野県南佐久郡南牧村大字海ノ口1番地"},
  {"resident_number": "92002", "household_number": "92", "relation": "子", "name": "同意　二郎", "birth_date": "2011-07-02"}]');
SELECT resident_id AS ichiko FROM passport.resident_directory WHERE resident_number = '92001' \gset

SELECT passport.give_consent('latest_attributes');
SELECT pg_temp.act('92001');
SELECT passport.set_consent_purpose('checkup', '2026-07-01', '{"ja": "健診の結果を使います"}', '1 year');
SELECT passport.set_consent_purpose('checkup', '2026-07-01', '{"ja": "ほかのことにも使います"}', '1 year');
SELECT passport.set_consent_purpose('checkup', '2026-06-30', '{"ja": "前から使っていました"}', '1 year');
SELECT passport.set_consent_purpose('checkup', '2026-07-02', '{"en": "words"}', '1 year');
SELECT passport.set_consent_purpose('checkup', '2026-07-02', '{"ja": "ずっと使います"}', '11 years');
SELECT passport.give_consent('unknown');
SELECT purpose, state, expires_at FROM passport.my_consents();
SELECT passport.require_consent(:ichiko, 'checkup');
SELECT passport.give_consent('checkup');
SELECT passport.has_consent(:ichiko, 'checkup'), passport.has_consent(:ichiko, 'latest_attributes');
SELECT passport.require_consent(:ichiko, 'checkup');
-- withdrawn counts at once, in the same transaction
SELECT passport.withdraw_consent('checkup');
SELECT passport.has_consent(:ichiko, 'checkup');
SELECT passport.require_consent(:ichiko, 'checkup');
SELECT passport.withdraw_consent('checkup');
-- on paper, and until it expires
SELECT passport.record_consent(:ichiko, 'checkup', true);
SELECT passport.record_consent(-1, 'checkup', true);
SELECT passport.set_consent_purpose('checkup', '2026-08-01', '{"ja": "健診の結果を健康づくりに使います"}', '1 year');
SET passport.clock = '2026-08-01 12:00+09';
SELECT purpose, title ->> 'ja' AS words, state, words_changed FROM passport.my_consents() WHERE purpose = 'checkup';
SET passport.clock = '2027-07-01 11:59:59+09';
SELECT passport.has_consent(:ichiko, 'checkup');
SET passport.clock = '2027-07-01 12:00+09';
SELECT passport.has_consent(:ichiko, 'checkup');
SET passport.clock = '2026-07-01 12:00+09';
SELECT event, purpose, title ->> 'ja' AS words, decided_by FROM passport.my_consent_history();
UPDATE passport.consent_event SET event = 'given';
ROLLBACK;
