-- Guardians: who acts for whom, until when, under both names
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
  {"resident_number": "91001", "name": "母　一子", "birth_date": "1985-04-07"},
  {"resident_number": "91002", "name": "子　二郎", "birth_date": "2011-07-02"},
  {"resident_number": "91003", "name": "子　三子", "birth_date": "2008-07-02"},
  {"resident_number": "91004", "name": "祖父　四郎", "birth_date": "1935-01-01"},
  {"resident_number": "91005", "name": "子　五子"}]');
SELECT max(resident_id) FILTER (WHERE resident_number = '91001') AS mother,
       max(resident_id) FILTER (WHERE resident_number = '91002') AS jiro,
       max(resident_id) FILTER (WHERE resident_number = '91003') AS mitsuko,
       max(resident_id) FILTER (WHERE resident_number = '91004') AS shiro,
       max(resident_id) FILTER (WHERE resident_number = '91005') AS itsuko
  FROM passport.resident_directory \gset

-- the age in the register says how long
SELECT passport.record_guardian(:jiro, :mother, 'under_15') > 0 AS recorded;
SELECT passport.record_guardian(:mitsuko, :mother, 'under_15');
SELECT passport.record_guardian(:mitsuko, :mother, 'minor') > 0 AS recorded;
SELECT passport.record_guardian(:itsuko, :mother, 'minor');
SELECT passport.record_guardian(:shiro, :mother, 'minor');
SELECT passport.record_guardian(:shiro, :mother, 'court');
SELECT passport.record_guardian(:shiro, :mother, 'court', 'infinity', '登記 第1号');
SELECT passport.record_guardian(:shiro, :mother, 'court', '2026-12-31', '登記 第1号') AS court \gset
SELECT passport.record_guardian(:mother, :mother, 'minor');
SELECT passport.record_guardian(:mother, -1, 'minor');
SELECT passport.record_guardian(:jiro, :mother, 'friend');
SELECT resident_id - :mother AS ward, ground, from_date, until_date FROM passport.guardianship ORDER BY 1;

-- who acts, and who is kept as having acted
SELECT passport.act_for(:jiro);
SELECT pg_temp.act('91001');
SELECT name, ground, until_date FROM passport.my_wards();
SELECT passport.act_for(:itsuko);
SELECT passport.act_for(NULL);
SAVEPOINT ward;
SELECT passport.act_for(:jiro) = :jiro AS acts;
SELECT passport.acting_resident() = :jiro AS for_him, passport.acting_holder() = :mother AS by_her;
SELECT passport.attach_ppid('https://example.jp', 'p1');
SELECT passport.detach_ppid('https://example.jp', 'p1');
SELECT passport.enter_service('passport');
SELECT passport.approve_kiosk_login('ABCD-EFGH');
SELECT passport.give_consent('latest_attributes');
-- from one ward to the next it is still she, and back to herself
SELECT passport.act_for(:shiro) = :shiro AS acts, passport.acting_holder() = :mother AS by_her;
SELECT passport.act_for(:mother) = :mother AS acts, passport.acting_resident() = :mother AS for_herself;
SELECT w.name AS ward, g.name AS guardian, a.source AS act, a.session_id = passport.acting_session() AS this_login
  FROM passport.audit_record AS a JOIN passport.resident AS w USING (resident_id)
  JOIN passport.resident AS g ON g.resident_id = a.holder_id ORDER BY a.seq;
-- each thing that she does or looks at for him is kept under both names
SAVEPOINT acts;
SELECT passport.act_for(:jiro) = :jiro AS acts;
SELECT passport.my_account(), passport.my_point_balance(), passport.register_device('fcm', 'guardian-token') \g /dev/null
SELECT count(*) FROM passport.my_consents() \g /dev/null
SELECT count(*) FROM passport.my_consent_history() \g /dev/null
SELECT count(*) FROM passport.my_access_log() \g /dev/null
SELECT count(*) FROM passport.my_point_history() \g /dev/null
SELECT count(*) FROM passport.my_renewal_plan() \g /dev/null
SELECT passport.withdraw_consent('latest_attributes') \g /dev/null
-- what is undone was not done
SAVEPOINT undone;
SELECT passport.answer_alert(-1, 'safe');
SELECT passport.spend_my_points(1, 'tea', 'guardian');
ROLLBACK TO undone;
-- about her own login, not about him
SELECT count(*) FROM passport.my_sessions() \g /dev/null
SELECT count(*) FROM passport.my_wards() \g /dev/null
SELECT source AS act, count(*) FROM passport.audit_record WHERE resident_id = :jiro AND kind = 'act' GROUP BY source ORDER BY source COLLATE "C";
SELECT passport.act_for(:mother) = :mother AS acts;
SELECT count(*) AS of_the_device FROM passport.device WHERE resident_id = :jiro;
ROLLBACK TO acts;
-- the ward sees it
SELECT passport.act_for(:jiro) = :jiro AS acts;
SELECT kind, who, source FROM passport.my_access_log();
SELECT event, decided_by FROM passport.my_consent_history();
-- logging out ends her own session
SELECT passport.log_out();
SELECT count(*) AS open FROM passport.session WHERE resident_id = :mother AND revoked_at IS NULL;
-- a savepoint takes the ward back
ROLLBACK TO ward;
SELECT passport.acting_resident() = :mother AS for_herself;

-- ended by staff, by a protection that came later, by death, by the day
SELECT passport.end_guardian(:shiro, :court), passport.end_guardian(:shiro, :court);
SELECT passport.end_guardian(:jiro, -1);
SELECT passport.act_for(:shiro);
SAVEPOINT protected;
SET passport.clock = '2026-07-01 12:01+09';
SELECT passport.protect_address(:jiro, '2026-07-01', '2027-06-30', '支援措置');
SELECT passport.act_for(:jiro);
SET passport.clock = '2026-07-01 12:02+09';
SELECT passport.record_guardian(:jiro, :mother, 'under_15') > 0 AS looked_at_again;
SELECT passport.act_for(:jiro) = :jiro AS acts;
ROLLBACK TO protected;
UPDATE passport.resident SET status = 'deceased' WHERE resident_id = :mitsuko;
SELECT passport.act_for(:mitsuko);
ROLLBACK TO protected;
SET passport.clock = '2026-07-02 12:00+09';
SELECT name FROM passport.my_wards();
ROLLBACK TO protected;
SET passport.clock = '2026-07-01 23:59+09';
SELECT name FROM passport.my_wards();
SELECT passport.act_for(:mitsuko) = :mitsuko AS acts;
-- in the middle of acting, too
SET passport.clock = '2026-07-02 00:00+09';
SELECT passport.give_consent('latest_attributes');
DELETE FROM passport.audit_record;
ROLLBACK;
