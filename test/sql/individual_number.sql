-- The 12-digit individual number is refused in every text from outside.  For
-- each text argument of each function that some role may call there is a call
-- with a number in it, or the reason why nothing of it is stored; after each
-- call every column of every table is searched.
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set act :abs_srcdir '/fixtures/act.sql'
\i :act
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
BEGIN;
-- 123456789018 has the right check digit; {n} in a call is where it stands
CREATE TEMP TABLE recipe (function text, argument text, call text, reason text, CHECK ((call IS NULL) <> (reason IS NULL)));
\set vocabulary '\'one of a few words, and nothing else is accepted\''
\set looked_up '\'looked up, not stored: what is stored is what is found\''
\set computed '\'the answer is computed from it, nothing is stored\''
\set telephone '\'a number of the numbering plan: twelve digits are taken with a plus alone, and kept with it\''
INSERT INTO recipe (function, argument, reason) VALUES
  ('add_trust_anchor', 'purpose', :vocabulary), ('alert_words', 'hazard', :looked_up), ('answer_alert', 'answer', :vocabulary),
  ('answer_alert', 'shelter_id', :looked_up), ('answer_question', 'answer', :vocabulary),
  ('area_from_geojson', 'geojson', :computed), ('compare_area', 'sensor', :looked_up),
  ('check_in', 'shelter_id', :looked_up), ('check_out', 'shelter_id', :looked_up),
  ('check_in_residents', 'shelter_id', :looked_up), ('check_out_residents', 'shelter_id', :looked_up),
  ('check_in_visitors', 'shelter_id', :looked_up), ('check_in_visitors', 'language', 'a language tag by its CHECK: eight digits at most'),
  ('check_in_visitors', 'needs', 'kinds that are looked up, with numbers up to 500'), ('shelter_visitors', 'shelter_id', :looked_up),
  ('record_call', 'result', :vocabulary), ('record_call', 'shelter_id', :looked_up),
  ('record_call', 'number', :telephone), ('record_telephone', 'number', :telephone), ('register_telephone', 'number', :telephone),
  ('record_emergency_contact', 'number', :telephone), ('register_emergency_contact', 'number', :telephone),
  ('remove_telephone', 'number', :looked_up), ('retire_telephone', 'number', :looked_up), ('view_telephones', 'purpose', :vocabulary),
  ('record_answer', 'answer', :vocabulary), ('record_answer', 'shelter_id', :looked_up),
  ('record_whereabouts', 'kind', :vocabulary), ('record_whereabouts', 'shelter_id', :looked_up), ('register_place', 'kind', :vocabulary),
  ('report_whereabouts', 'kind', :vocabulary), ('report_whereabouts', 'shelter_id', :looked_up),
  ('set_capacity', 'shelter_id', :looked_up), ('set_capacity', 'need', :looked_up),
  ('public_page', 'map', :computed),
  ('set_reach', 'sensor', :looked_up), ('set_reach', 'geojson', 'only its coordinates are stored'),
  ('approve_kiosk_login', 'user_code', :looked_up), ('approve_kiosk_login', 'kiosk', 'compared, not stored'),
  ('assign_zones', 'sensor', :looked_up),   ('authenticate', 'token', 'verified, not stored'), ('award_points', 'program', :looked_up), ('award_roster', 'program', :looked_up),
  ('begin_challenge', 'purpose', :vocabulary), ('begin_challenge', 'audience', :looked_up), ('begin_challenge', 'language', :looked_up),
  ('breach_letters', 'who', 'compared, not stored'), ('breach_letters', 'source', 'compared, not stored'),
  ('breach_report', 'who', 'compared, not stored'), ('breach_report', 'source', 'compared, not stored'),
  ('breach_report', 'circumstances', :vocabulary),
  ('complete_deliveries', 'outcomes', :vocabulary), ('complete_logouts', 'outcomes', :vocabulary), ('complete_deliveries', 'worker', 'compared, not stored'),
  ('complete_logouts', 'worker', 'compared, not stored'),
  ('add_drill_device', 'channel', :vocabulary), ('add_drill_device', 'language', :looked_up), ('add_drill_device', 'keys', 'as of register_device'),
  ('complete_drill_deliveries', 'worker', 'compared, not stored'), ('complete_drill_deliveries', 'outcomes', :vocabulary),
  ('operate_areas', 'operating_areas', :looked_up), ('import_operation', 'operation', 'what export_operation() gave elsewhere, where it was refused'),
  ('detach_ppid', 'issuer', :looked_up), ('detach_ppid', 'ppid', :looked_up),
  ('alerts_atom', 'language', :looked_up), ('authorise_stage', 'sensor', :looked_up), ('authorise_stage', 'hazard', :looked_up),
  ('draft_alert', 'hazard', :looked_up), ('draft_alert', 'sensor', :looked_up), ('draft_alert', 'mode', :vocabulary),
  ('draw_affected_area', 'sensor', :looked_up), ('enrol_at_counter', 'ground', :vocabulary),
  ('enter_service', 'audience', :looked_up), ('enter_service', 'nonce', 'goes into the token that is handed back, nowhere else'),
  ('find_resident', 'name', :computed), ('find_resident', 'address', :computed), ('find_resident', 'sex', :computed),
  ('find_resident', 'purpose', :vocabulary), ('give_consent', 'purpose', :looked_up),
  ('local_time', 'form', :computed), ('log_in', 'audience', :looked_up), ('log_in', 'nonce', 'goes into the token that is handed back, nowhere else'),
  ('log_in', 'source', 'kept as its SHA-256'), ('normalized_address', 'address', :computed), ('normalized_name', 'name', :computed),
  ('poll_kiosk_login', 'device_code', :looked_up), ('record_card', 'kind', :vocabulary), ('record_consent', 'purpose', :looked_up),
  ('record_guardian', 'ground', :vocabulary), ('record_readings', 'sensor', :looked_up),
  ('record_succession', 'issuer', :looked_up), ('record_succession', 'old_serial', 'a serial number in hex, of J-LIS: any digits'),
  ('record_succession', 'serial', 'a serial number in hex, of J-LIS: any digits'),
  ('register_account', 'medium', :vocabulary), ('register_device', 'channel', :vocabulary), ('register_device', 'keys', 'the keys of a subscription and an environment, each of a form that no such number has'),
  ('verify_device', 'code', 'compared, not stored'), ('finish_line_link', 'nonce', :looked_up), ('finish_line_link', 'line_user_id', 'U and 32 hex digits, by its form'),
  ('set_preference', 'channel', :vocabulary), ('set_preference', 'kind', 'a word of a-z and _'), ('claim_deliveries', 'channels', :vocabulary), ('claim_drill_deliveries', 'channels', :vocabulary),
  ('set_lane_rule', 'lane', :looked_up), ('set_fallback', 'lane', :looked_up), ('register_device', 'language', 'a language tag by its CHECK: eight digits at most'),
  ('rotate_token_key', 'algorithm', :vocabulary), ('run_job', 'job', :vocabulary), ('set_job', 'job', :vocabulary),
  ('set_audience', 'algorithm', :vocabulary),
  ('set_operation_policy', 'operation', :looked_up), ('set_operation_policy', 'acr', :vocabulary), ('set_program_rule', 'program', :looked_up),
  ('set_program_rule', 'rule', 'numbers, dates and words of a vocabulary, each in a column of its type'),
  ('set_retention', 'what', :looked_up), ('verify_signature', 'purpose', :vocabulary), ('verify_signature', 'scheme', :vocabulary),
  ('view_household', 'purpose', :vocabulary), ('view_points', 'purpose', :vocabulary), ('view_point_balance', 'purpose', :vocabulary),
  ('view_renewal_plan', 'purpose', :vocabulary), ('view_resident', 'purpose', :vocabulary), ('view_resident', 'columns', :vocabulary),
  ('set_sensor_state', 'sensor', :looked_up), ('set_sensor_state', 'state', :vocabulary), ('confirm_reading', 'sensor', :looked_up),
  ('end_stage', 'sensor', :looked_up), ('sensor_forecast', 'sensor', :looked_up),
  ('complete_source', 'worker', 'compared, not stored'), ('complete_source', 'failure', 'a word of passport-fetch'),
  ('complete_source', 'etag', 'a header of the server of revocation lists: any digits, or lists would not be loaded'),
  ('complete_source', 'last_modified', 'a header of the server of revocation lists: any digits, or lists would not be loaded'),
  ('load_variants', 'forms', 'kept ten characters at the most: no number fits'),
  ('load_variants', 'usuals', 'kept ten characters at the most: no number fits'),
  ('match_words', 'explanation', :computed), ('match_words', 'language', :computed),
  ('make_ocsp_request', 'serials', 'serial numbers in hex, of J-LIS: any digits'),
  ('preview_import', 'kind', :vocabulary), ('import_extract', 'kind', :vocabulary), ('import_effects', 'purpose', :vocabulary),
  ('resident_as_of', 'purpose', :vocabulary), ('unplaced_residents', 'purpose', :vocabulary),
  ('set_source', 'url', 'a URL of J-LIS: any digits, or lists would not be loaded'), ('set_source', 'kind', :vocabulary),
  ('set_source', 'issuer', :looked_up), ('withdraw_consent', 'purpose', :looked_up),
  ('open_shelter', 'shelter_id', :looked_up), ('close_shelter', 'shelter_id', :looked_up), ('weather_level', 'hazards', :looked_up),
  ('ngsi_entities', 'type', :vocabulary), ('take_river_levels', 'file', 'codes that are looked up, times and numbers'),
  ('take_sensorthings', 'observations', 'codes that are looked up, times and numbers'), ('take_ngsi', 'entities', 'codes that are looked up, times and numbers'),
  ('take_weather_bulletin', 'report', 'a report of the Meteorological Agency: any digits, or floods would not be read'),
  ('set_source_code', 'source', :vocabulary), ('set_source_code', 'sensor', :looked_up),
  ('set_weather_area', 'area_code', 'a code of the Meteorological Agency: any digits'),
  ('step_up', 'source', 'kept as its SHA-256'), ('register_account', 'source', 'kept as its SHA-256'), ('enrol_at_counter', 'source', 'kept as its SHA-256'),
  ('needs_roster', 'purpose', :vocabulary), ('record_need', 'kind', :looked_up), ('remove_need', 'kind', :looked_up),
  ('shown_candidates', 'candidates', :computed);
INSERT INTO recipe (function, argument, call) VALUES
  ('add_drill_device', 'holder', $$add_drill_device('desk {n}', 'fcm', 't')$$),
  ('add_drill_device', 'token', $$add_drill_device('desk', 'fcm', '{n}')$$),
  ('answer_alert', 'note', $$answer_alert(:alert, 'safe', note => '{n}')$$),
  ('answer_alert', 'photo', $$answer_alert(:alert, 'safe', photo => 'p/{n}.jpg')$$),
  ('check_in_visitors', 'event_key', $$check_in_visitors('H1', 1, 'k {n}')$$),
  ('check_in_visitors', 'name', $$check_in_visitors('H1', 1, 'k', name => '{n}')$$),
  ('check_in_visitors', 'home', $$check_in_visitors('H1', 1, 'k', home => 'x {n}')$$),
  ('import_telephones', 'list', $$import_telephones('list {n}', '2026-07-01')$$),
  ('record_call', 'note', $$record_call(:alert, :person, 'reached_safe', note => '{n}')$$),
  ('record_emergency_contact', 'name', $$record_emergency_contact(:person, 1, '{n}', 'x', '0267-96-2211')$$),
  ('record_emergency_contact', 'relation', $$record_emergency_contact(:person, 1, 'x', '{n}', '0267-96-2211')$$),
  ('register_emergency_contact', 'name', $$register_emergency_contact(1, '{n}', 'x', '0267-96-2211')$$),
  ('register_emergency_contact', 'relation', $$register_emergency_contact(1, 'x', '{n}', '0267-96-2211')$$),
  ('answer_question', 'note', $$answer_question(:question, 'yes', note => '{n}')$$),
  ('ask_area', 'question', $$ask_area('{"ja": "{n}"}', :area, passport.now() + interval '1 hour')$$),
  ('assign_group', 'group_name', $$assign_group('{n}', ARRAY[:person])$$),
  ('close_question', 'summary', $$close_question(:question, '{"ja": "{n}"}')$$),
  ('record_answer', 'note', $$record_answer(:alert, :person, 'safe', note => '{n}')$$),
  ('record_answer', 'photo', $$record_answer(:alert, :person, 'safe', photo => 'p/{n}.jpg')$$),
  ('attach_ppid', 'issuer', $$attach_ppid('https://example.jp/{n}', 'p')$$),
  ('attach_ppid', 'ppid', $$attach_ppid('https://example.jp', '{n}')$$),
  ('award_points', 'event_key', $$award_points(:person, 'walk', 'visit {n}', passport.now())$$),
  ('award_roster', 'event_key', $$award_roster('walk', '{n}', ARRAY[:person], passport.now())$$),
  ('begin_kiosk_login', 'kiosk', $$begin_kiosk_login('hall {n}')$$),
  ('break_glass', 'reason', $$break_glass(:glass, (SELECT headcount FROM passport.count_area(:area)), 'nobody but {n}')$$),
  ('break_glass_update', 'reason', $$break_glass_update(:alert, 2, (SELECT headcount FROM passport.count_area(:area)), 'nobody but {n}')$$),
  ('cancel_alert', 'reason', $$cancel_alert(:alert, 'wrong {n}')$$),
  ('claim_deliveries', 'worker', $$claim_deliveries('w-{n}', 10, '1 minute')$$),
  ('claim_drill_deliveries', 'worker', $$claim_drill_deliveries('w-{n}', 10, '1 minute')$$),
  ('complete_drill_deliveries', 'details', $$complete_drill_deliveries('bridge', '{0}', ARRAY[:ring], '{failed}', '{"{n}"}', '{NULL}')$$),
  ('claim_sources', 'worker', $$claim_sources('w-{n}')$$),
  ('claim_logouts', 'worker', $$claim_logouts('w-{n}', 10, '1 minute')$$),
  ('complete_deliveries', 'details', $$complete_deliveries('bridge', ARRAY[:person], ARRAY[:delivery], '{failed}', '{"{n}"}', '{NULL}')$$),
  ('define_operating_area', 'operating_area', $$define_operating_area('{n}', 'west', :area)$$),
  ('define_operating_area', 'name', $$define_operating_area('west', 'of {n}', :area)$$),
  ('define_sensor', 'sensor', $$define_sensor('{n}', '{}')$$),
  ('define_sensor', 'definition', $$define_sensor('s', '{"name": "{n}"}')$$),
  ('draft_alert', 'texts', $$draft_alert('flood', 4, :area, texts => '{"ja": {"title": "t", "body": "{n}"}}')$$),
  ('import_hazard_zones', 'features', $$import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"owner": "{n}"}, "geometry": {"type": "Polygon", "coordinates": [[[138.4, 36.0], [138.5, 36.0], [138.5, 36.1], [138.4, 36.0]]]}}]}', 'flood', 'map')$$),
  ('import_hazard_zones', 'kind', $$import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[138.4, 36.0], [138.5, 36.0], [138.5, 36.1], [138.4, 36.0]]]}}]}', '{n}', 'map')$$),
  ('import_hazard_zones', 'source', $$import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[138.4, 36.0], [138.5, 36.0], [138.5, 36.1], [138.4, 36.0]]]}}]}', 'flood', '{n}')$$),
  ('import_residents', 'residents', $$import_residents('[{"resident_number": "n1", "name": "甲", "address": "{n}"}]')$$),
  ('protect_address', 'reason', $$protect_address(:person, '2026-07-01', '2027-06-30', '{n}')$$),
  ('record_guardian', 'document', $$record_guardian(:person, :other, 'court', '2026-12-31', '{n}')$$),
  ('declare_disaster', 'reason', $$declare_disaster('{n}', passport.now() + interval '1 day')$$),
  ('end_disaster', 'reason', $$end_disaster(passport.declare_disaster('x', passport.now() + interval '1 day'), '{n}')$$),
  ('end_protection', 'reason', $$end_protection(:hidden, '{n}')$$), ('extend_protection', 'reason', $$extend_protection(:hidden, '{n}')$$),
  ('list_on_roster', 'plan', $$list_on_roster(:person, '{n}')$$), ('list_on_roster', 'supporters', $$list_on_roster(:person, NULL, '{{n}}')$$),
  ('needs_roster', 'given_to', $$needs_roster('office', '{n}')$$),
  ('protected_needs', 'reason', $$protected_needs('{n}')$$), ('protected_recipients', 'reason', $$protected_recipients(:alert, '{n}')$$),
  ('request_protection', 'reason', $$request_protection(:person, '{n}')$$), ('view_protected', 'reason', $$view_protected(:hidden, '{n}')$$),
  ('load_variants', 'source', $$load_variants('mj_{n}', '{}', '{}')$$),
  ('refuse_registration', 'reason', $$refuse_registration(:registration, '{n}')$$),
  ('register_device', 'token', $$register_device('fcm', '{n}')$$),
  ('resume_account', 'reason', $$resume_account(:other, '{n}')$$),
  ('review_break_glass', 'remark', $$review_break_glass(:alert, true, 'good {n}')$$),
  ('reverse_points', 'reason', $$reverse_points(:person, 1, '{n}')$$),
  ('set_audience', 'audience', $$set_audience('{n}', 'passport_app')$$),
  ('set_audience', 'role', $$set_audience('service', 'r{n}')$$),
  ('set_audience', 'logout_uri', $$set_audience('service', 'passport_app', logout_uri => 'https://example.jp/{n}')$$),
  ('set_consent_purpose', 'purpose', $$set_consent_purpose('p_{n}', '2026-07-02', '{"ja": "x"}', '1 year')$$),
  ('set_consent_purpose', 'title', $$set_consent_purpose('checkup', '2026-07-02', '{"ja": "{n}"}', '1 year')$$),
  ('set_program', 'program', $$set_program('{n}', '{"ja": "x"}')$$),
  ('set_program', 'title', $$set_program('walk', '{"ja": "{n}"}')$$),
  ('set_sensor_state', 'reason', $$set_sensor_state('told', 'maintenance', '{n}')$$),
  ('end_stage', 'reason', $$end_stage('told', '{n}')$$),
  ('set_retention', 'reason', $$set_retention('logout', '1 day', '{n}')$$),
  ('set_source_code', 'code', $$set_source_code('ngsi', 'x {n}', 'individual-number')$$),
  ('set_weather_area', 'name', $$set_weather_area('200020', '{n}')$$),
  ('set_sensitive_column', 'source', $$set_sensitive_column('{n}', 'x', true, 'y')$$),
  ('set_sensitive_column', 'column_name', $$set_sensitive_column('x', '{n}', true, 'y')$$),
  ('set_sensitive_column', 'reason', $$set_sensitive_column('x', 'x', true, '{n}')$$),
  ('spend_my_points', 'item', $$spend_my_points(1, '{n}', 'k1')$$),
  ('spend_my_points', 'idempotency_key', $$spend_my_points(1, 'tea', '{n}')$$),
  ('spend_points', 'item', $$spend_points(:person, 1, '{n}', 'k1')$$),
  ('spend_points', 'idempotency_key', $$spend_points(:person, 1, 'tea', '{n}')$$),
  ('update_alert', 'texts', $$update_alert(:alert, texts => '{"ja": {"title": "t", "body": "{n}"}}')$$),
  ('suspend_account', 'reason', $$suspend_account(:person, '{n}')$$);

\echo == text arguments of functions that somebody may call, without a call or a reason
SELECT p.proname, p.proargnames[i] FROM pg_proc AS p CROSS JOIN LATERAL generate_series(1, p.pronargs) AS i
 WHERE p.pronamespace = 'passport'::regnamespace
   AND p.proargtypes[i - 1] IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype, 'json'::regtype, 'jsonb[]'::regtype, 'xml'::regtype, 'varchar'::regtype)
   AND EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee <> p.proowner)
EXCEPT SELECT function, argument FROM recipe ORDER BY 1, 2;
\echo == recipes of functions or arguments that are no more
SELECT r.function, r.argument FROM recipe AS r
 WHERE NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'passport'::regnamespace AND p.proname = r.function
                      AND r.argument = ANY (p.proargnames[1:p.pronargs])) ORDER BY 1, 2;

-- what the calls are about
SELECT passport.define_sensor('told', '{"start_level": 2}');
UPDATE passport.sensor_state SET stage = 1 WHERE sensor = 'told';
SELECT imported FROM passport.import_residents('[
  {"resident_number": "91001", "name": "甲", "birth_date": "1980-01-01", "lon": 138.45, "lat": 35.95}, {"resident_number": "91002", "name": "乙"},
  {"resident_number": "91003", "name": "丙"}]');
SELECT max(resident_id) FILTER (WHERE resident_number = '91001') AS person, max(resident_id) FILTER (WHERE resident_number = '91002') AS other,
       max(resident_id) FILTER (WHERE resident_number = '91003') AS hidden
  FROM passport.resident_directory \gset
INSERT INTO passport.shelter (shelter_id, name, location) VALUES ('H1', 'x', ST_Point(138.5, 36, 4326));
INSERT INTO passport.telephone_staging (resident_number, number) VALUES ('91001', '0267-96-2211');
SELECT passport.record_consent(:person, 'emergency_contact', true) IS NOT NULL AS agreed;
SELECT passport.set_program('walk', '{"ja": "歩く"}'), passport.set_program_rule('walk', '2026-04-01', '{"points_per_unit": 1, "lot_months": 12}');
SELECT points FROM passport.award_points(:person, 'walk', 'e1', passport.now(), 5);
SELECT passport.add_device(:person, 'fcm', 'token', NULL) > 0 AS device;
SELECT passport.notify(ARRAY[:person], 'note', 'personal', '{"ja": {"title": "x", "body": "y"}}') IS NOT NULL AS told;
SELECT delivery_id AS delivery FROM passport.claim_deliveries('bridge', 10, '1 hour') \gset
SELECT passport.notify(ARRAY[:person], 'note', 'personal', '{"ja": {"title": "x", "body": "z"}}') IS NOT NULL AS waits;
INSERT INTO passport.account (resident_id, assurance, created_at, state, suspended_for) VALUES (:other, 'card_staff', passport.now(), 'suspended', 'staff');
SELECT passport.define_sensor('individual-number', '{}');
SELECT passport.set_source('https://lists.invalid/list.crl', 'crl') > 0 AS source;
INSERT INTO passport.municipality_area VALUES (current_setting('passport.municipality_code'), 'x', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)))
  ON CONFLICT DO NOTHING;
SELECT quote_literal(ST_MakeEnvelope(138.44, 35.94, 138.46, 35.96, 4326)::text) AS area \gset
INSERT INTO passport.alert (hazard, level, mode, area, area_names, texts, drafted_by, drafted_at, draft_until, headcount, households, needing_help,
                            state, approved_by, approved_at)
  VALUES ('flood', 4, 'drill', ST_Multi(:area::geometry), '{}', '{"ja": {"title": "x", "body": "y"}}', 'a', passport.now(), passport.now(), 1, 1, 0,
          'approved', 'b', passport.now()) RETURNING alert_id AS alert \gset
INSERT INTO passport.alert (hazard, level, mode, area, area_names, texts, drafted_by, drafted_at, draft_until, headcount, households, needing_help)
  VALUES ('flood', 4, 'drill', ST_Multi(:area::geometry), '{}', '{"ja": {"title": "x", "body": "y"}}', session_user, passport.now(),
          passport.now() + interval '1 hour', 1, 1, 0) RETURNING alert_id AS glass \gset
INSERT INTO passport.alert_update (alert_id, update_no, level, area, area_names, texts, drafted_by, drafted_at, draft_until, headcount, households, needing_help,
                                   added, left_out)
  VALUES (:alert, 2, 5, ST_Multi(:area::geometry), '{}', '{"ja": {"title": "x", "body": "y"}}', session_user, passport.now(),
          passport.now() + interval '1 hour', 1, 1, 0, 0, 0);
SELECT passport.add_drill_device('desk', 'fcm', 'test') > 0 AS test_device;
SELECT passport.ring_drill_devices(notification_id) FROM passport.notify(ARRAY[:person], 'note', 'personal', '{"ja": {"title": "x", "body": "y"}}', mode => 'drill');
SELECT delivery_id AS ring FROM passport.claim_drill_deliveries('bridge', 10, '1 hour') \gset
INSERT INTO passport.break_glass_use (alert_id, sent_by, reason, sent_at) VALUES (:alert, 'a', 'of the other one', passport.now());
INSERT INTO passport.alert_recipient VALUES (:person, :alert, 'h', false);
SET LOCAL passport.least_count = 0;
INSERT INTO passport.area_question (question, area, asked_by, asked_at, until_time)
  VALUES ('{"ja": "x"}', ST_Multi(:area::geometry), 'a', passport.now(), passport.now() + interval '1 day') RETURNING question_id AS question \gset
INSERT INTO passport.question_recipient (resident_id, question_id) VALUES (:person, :question);
INSERT INTO passport.registration (state, certificates, candidates, ceremony, created_at)
  VALUES ('queued', '{}', '[]', gen_random_uuid(), passport.now()) RETURNING registration_id AS registration \gset
SELECT pg_temp.act('91001');
SELECT passport.set_audience('told', 'passport_app', logout_uri => 'https://example.jp/logout');
INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
  VALUES (:person, 'told', 'jpki.authentication', '{sc}', 2, '01', passport.now(), passport.now() + interval '1 hour');
SELECT count(passport.issue_token(resident_id, session_id)) AS told FROM passport.session WHERE audience = 'told';
SELECT passport.end_sessions(:person) IS NOT NULL AS ended;
SELECT pg_temp.act('91001');
SELECT passport.protect_address(:hidden, '2026-07-01', '2026-07-10', 'x');
UPDATE recipe SET call = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(call, ':question', :'question'), ':hidden', :'hidden'), ':person', :'person'), ':other', :'other'),
  ':alert', :'alert'), ':delivery', :'delivery'), ':area', :'area'), ':registration', :'registration'), ':glass', :'glass'), ':ring', :'ring');

-- every column that holds a text with the number
CREATE FUNCTION pg_temp.found() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  part record;
  held text[];
  all_held text[] := '{}';
BEGIN
  FOR part IN
    SELECT c.oid::regclass AS relation, string_agg(format('CASE WHEN passport.holds_individual_number(%I::text) THEN %L END', a.attname, c.relname || '.' || a.attname), ', ') AS columns
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p')
       AND a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype, 'json'::regtype)
     GROUP BY c.oid
  LOOP
    EXECUTE format('SELECT array_agg(DISTINCT f) FROM %s CROSS JOIN LATERAL unnest(ARRAY[%s]) AS f WHERE f IS NOT NULL', part.relation, part.columns) INTO held;
    all_held := all_held || held;
  END LOOP;
  RETURN array_to_string(all_held, ' ');
END $$;
-- what a call with a text in the place of the number comes to, and where that is then; undone afterwards
CREATE FUNCTION pg_temp.outcome(call text, number text, OUT answer text, OUT held text) LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  BEGIN
    EXECUTE 'SELECT passport.' || replace(call, '{n}', number);
    answer := 'done';
    held := pg_temp.found();
    RAISE EXCEPTION USING ERRCODE = 'PTXXX';
  EXCEPTION WHEN SQLSTATE 'PTXXX' THEN
    NULL;
  WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    answer := concat_ws(' ', SQLSTATE, CASE WHEN detail ~ '^{' THEN concat_ws(' ', detail::json ->> 'pointer', detail::json ->> 'code') ELSE SQLERRM END);
  END;
END $$;
SELECT pg_temp.found() AS before;
\echo == each call with another number instead, which has no right check digit: it must work
SELECT r.function, r.argument, o.answer FROM recipe AS r CROSS JOIN LATERAL pg_temp.outcome(r.call, '123456789010') AS o
 WHERE r.call IS NOT NULL AND o.answer <> 'done' ORDER BY 1, 2;
\echo == each call with the number
SELECT r.function, r.argument, o.answer, nullif(o.held, '') AS held FROM recipe AS r CROSS JOIN LATERAL pg_temp.outcome(r.call, '123456789018') AS o
 WHERE r.call IS NOT NULL ORDER BY 1, 2;
ROLLBACK;
