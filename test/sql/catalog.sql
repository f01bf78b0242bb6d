-- The rules of the house that the catalog can prove.  Every query lists what
-- breaks its rule: all but the named lists are empty.
\pset tuples_only on
SET search_path = pg_catalog;

CREATE TEMP VIEW member AS
SELECT classid, objid FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'passport');

-- persons' tables: those with a resident_id, except the directories that lead to it
CREATE TEMP VIEW person_table AS
SELECT c.oid FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attname = 'resident_id' AND c.relname NOT LIKE '%\_directory';

\echo == tables about persons
SELECT oid::regclass FROM person_table ORDER BY oid::regclass::text COLLATE "C";

\echo == a table about persons whose primary key does not begin with resident_id
SELECT t.oid::regclass FROM person_table AS t
 WHERE NOT EXISTS (
   SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = t.oid AND i.indisprimary AND a.attname = 'resident_id');

\echo == a unique constraint of such a table without resident_id in front
SELECT i.indexrelid::regclass FROM person_table AS t JOIN pg_index AS i ON i.indrelid = t.oid
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE i.indisunique AND a.attname <> 'resident_id';

\echo == a foreign key between such tables that does not begin with resident_id
SELECT k.conrelid::regclass, k.conname FROM pg_constraint AS k
  JOIN person_table AS t ON t.oid = k.conrelid
  JOIN person_table AS r ON r.oid = k.confrelid
  JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
 WHERE k.contype = 'f' AND a.attname <> 'resident_id';

\echo == a table without a primary key; of a partitioned one (reading), each partition has its own
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary);

\echo == a trigger that fires on INSERT
SELECT tgrelid::regclass, tgname FROM pg_trigger AS g
  JOIN pg_class AS c ON c.oid = g.tgrelid
 WHERE c.relnamespace = 'passport'::regnamespace AND NOT g.tgisinternal AND g.tgtype & 4 <> 0;

\echo == functions not pinned to pg_catalog, pg_temp: BEGIN ATOMIC bodies only, so that they can be inlined
SELECT p.oid::regprocedure, p.prosqlbody IS NOT NULL AS atomic FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace
   AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
 ORDER BY p.oid::regprocedure::text COLLATE "C";

\echo == a SECURITY DEFINER function that is not pinned
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace AND p.prosecdef
   AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false);

\echo == a function that PUBLIC may execute
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace
   AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0));

\echo == a table that anybody but its owner may touch
SELECT c.oid::regclass, a.grantee::regrole, a.privilege_type FROM pg_class AS c
  CROSS JOIN LATERAL aclexplode(c.relacl) AS a
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'S')
   AND a.grantee <> c.relowner;

\echo == a column of a table that anybody but its owner may touch: the inlets of an import, which can be written only
SELECT c.oid::regclass, x.grantee::regrole, x.privilege_type, count(*) AS columns FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid
  CROSS JOIN LATERAL aclexplode(a.attacl) AS x
 WHERE c.relnamespace = 'passport'::regnamespace AND x.grantee <> c.relowner
 GROUP BY 1, 2, 3 ORDER BY c.oid::regclass::text COLLATE "C";

\echo == a table whose row security is not forced, or whose policy is not for passport_owner alone: the inlets, for COPY FROM is refused under it
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)
            AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid
                             AND p.polroles <> ARRAY['passport_owner'::regrole::oid]));

\echo == a view that somebody may read without a security barrier
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind = 'v'
   AND EXISTS (SELECT FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner)
   AND NOT coalesce(c.reloptions @> ARRAY['security_barrier=true'], false);

\echo == a function that somebody may execute, a table or a view without a comment
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
   AND EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee <> p.proowner);
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND obj_description(c.oid, 'pg_class') IS NULL;

\echo == an object that passport_owner does not own
SELECT pg_describe_object(m.classid, m.objid, 0) FROM member AS m
  LEFT JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  LEFT JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
 WHERE coalesce(p.proowner, c.relowner) <> 'passport_owner'::regrole;

\echo == a table or sequence that a dump would forget
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'S')
   AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'passport');

\echo == a role of ours with more than it should have
SELECT rolname FROM pg_roles
 WHERE rolname LIKE 'passport\_%' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin);

-- Every grant on a function or view, with what it is made of.
CREATE TEMP VIEW granted AS
SELECT a.grantee::regrole::text AS role, p.proname::text AS name, coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '') AS body
  FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS a
 WHERE p.pronamespace = 'passport'::regnamespace AND a.grantee <> p.proowner
UNION ALL
SELECT a.grantee::regrole::text, c.relname, pg_get_viewdef(c.oid)
  FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind = 'v' AND a.grantee <> c.relowner;

CREATE TEMP TABLE without_act (name text PRIMARY KEY, reason text NOT NULL);
INSERT INTO without_act VALUES
  ('now', 'about nobody'), ('today', 'about nobody'), ('version', 'about nobody'), ('library_version', 'about nobody'),
  ('jwks', 'about nobody'), ('openid_configuration', 'about nobody'), ('public_map', 'about nobody'), ('alert_cap', 'about nobody'),
  ('alerts_atom', 'about nobody'), ('alerts_geojson', 'about nobody'),
  ('verify_signature', 'about bytes that the caller has'), ('certificate_info', 'about bytes that the caller has'),
  ('begin_challenge', 'before anybody acts'), ('log_in', 'before anybody acts'), ('authenticate', 'says who acts'),
  ('begin_kiosk_login', 'before anybody acts'), ('poll_kiosk_login', 'before anybody acts'),
  ('register_account', 'by two certificates; a login vouches for its holder only, never for a ward'),
  ('acting_resident', 'what the others ask'), ('acting_session', 'what the others ask'),
  ('step_up', 'the holder''s own login'), ('log_out', 'the holder''s own login'), ('log_out_everywhere', 'the holder''s own logins'),
  ('my_sessions', 'the holder''s own logins'), ('end_my_session', 'the holder''s own logins'),
  ('my_wards', 'whose guardian the holder is'),
  ('finish_line_link', 'whose account it is, the nonce says, which begin_line_link gave to who acted');

\echo == what the app may call that neither names its act nor is closed to guardians, but is not in the list
SELECT g.name FROM granted AS g
 WHERE g.role = 'passport_app' AND g.body !~ ('record_act\(''' || g.name || '''\)') AND g.body !~ 'require_self\(\)'
   AND g.name NOT IN (SELECT name FROM without_act);
\echo == what is in that list for nothing
SELECT w.name FROM without_act AS w
 WHERE NOT EXISTS (SELECT FROM granted AS g WHERE g.role = 'passport_app' AND g.name = w.name AND g.body !~ 'record_act\(|require_self\(\)');

CREATE TEMP VIEW shown_to_staff AS
SELECT DISTINCT name, body FROM granted WHERE role IN ('passport_staff', 'passport_approver', 'passport_admin', 'passport_auditor', 'passport_protection');
CREATE TEMP TABLE without_access (name text PRIMARY KEY, reason text NOT NULL);
INSERT INTO without_access VALUES
  ('now', 'about nobody'), ('today', 'about nobody'), ('version', 'about nobody'), ('library_version', 'about nobody'),
  ('local_time', 'about nobody'), ('alert_words', 'about nobody'), ('jwks', 'about nobody'),
  ('normalized_name', 'about a text that the caller has'), ('normalized_address', 'about a text that the caller has'),
  ('certificate_info', 'about bytes that the caller has'), ('verify_signature', 'about bytes that the caller has'),
  ('public_map', 'public'), ('alert_cap', 'public'), ('alert_voice', 'public'), ('begin_challenge', 'about nobody yet'),
  ('draw_affected_area', 'an area'), ('area_from_geojson', 'an area'), ('compare_area', 'numbers of people'),
  ('record_answer', 'answers with a number of its own'), ('record_whereabouts', 'answers with the end of what was said'),
  ('record_call', 'answers with a number of its own'), ('record_telephone', 'answers with the number that the caller has'),
  ('remove_telephone', 'answers nothing'), ('record_emergency_contact', 'answers nothing'),
  ('import_telephones', 'answers with numbers and rules, never a value'),
  ('check_in_visitors', 'answers with a number of its own'), ('check_out_visitors', 'numbers of people'),
  ('assign_group', 'answers nothing'), ('set_capacity', 'shelters'), ('shelter_occupancy', 'numbers of people'), ('alert_rollup', 'numbers of people'), ('need_words', 'words for kinds'),
  ('ask_area', 'numbers of people'), ('question_result', 'numbers of people'), ('question_map', 'numbers of people'), ('close_question', 'numbers of people'),
  ('replay_alert', 'numbers of people, and who of staff did what'), ('alert_timing', 'times'), ('set_reach', 'an area'),
  ('report_alerts', 'alerts: numbers of people, and who of staff did what'),
  ('draft_alert', 'numbers of people'), ('approve_alert', 'numbers of people'), ('cancel_alert', 'numbers of people'),
  ('update_alert', 'numbers of people'), ('approve_update', 'numbers of people'), ('end_alert', 'numbers of people'),
  ('broadcast_alert', 'numbers of people'), ('break_glass', 'numbers of people'), ('break_glass_update', 'numbers of people'), ('alert_update_draft', 'numbers of people'),
  ('break_glass_unreviewed', 'alerts, and who of staff did what'), ('review_break_glass', 'answers nothing'),
  ('authorise_stage', 'numbers of people'), ('confirm_authority', 'answers nothing'), ('withdraw_authority', 'answers nothing'), ('rehearse_stage', 'about a drill'),
  ('stage_authority_now', 'numbers of people'), ('lapse_alerts', 'numbers of alerts'),
  ('define_operating_area', 'areas'), ('operate_areas', 'areas'), ('import_operation', 'answers with numbers'),
  ('add_drill_device', 'about staff''s own devices'), ('remove_drill_device', 'answers nothing'),
  ('alert_draft', 'numbers of people'), ('report_alert', 'numbers of people'), ('report_points', 'numbers of people'),
  ('report_reminder', 'numbers of people'), ('report_registration', 'numbers of people'),
  ('report_weather', 'weather'), ('weather_at', 'weather'), ('weather_level', 'weather'),
  ('open_shelter', 'shelters'), ('close_shelter', 'shelters'), ('take_river_levels', 'gauges'), ('take_sensorthings', 'gauges'), ('take_ngsi', 'gauges'),
  ('set_source_code', 'gauges'), ('take_weather_bulletin', 'weather'), ('set_weather_area', 'rules'),
  ('report_sensor', 'gauges'), ('report_silence', 'gauges'), ('report_water', 'gauges'), ('report_stage_answer', 'gauges and alerts'), ('report_held_reading', 'gauges'), ('sensor_forecast', 'gauges'),
  ('confirm_reading', 'gauges'), ('set_sensor_state', 'answers nothing'), ('end_stage', 'answers nothing'),
  ('report_html', 'its parts keep it: report_household, report_note, map_people_svg'),
  ('link_account', 'answers nothing'), ('refuse_registration', 'answers nothing'), ('suspend_account', 'answers nothing'),
  ('resume_account', 'answers nothing'), ('end_sessions', 'answers with a number of logins, all ended'),
  ('enrol_at_counter', 'answers with a verdict on the card'), ('record_guardian', 'answers with a number of its own'),
  ('end_guardian', 'answers nothing'), ('record_consent', 'answers with the end of the consent that was given'),
  ('protect_address', 'answers nothing'), ('request_protection', 'answers nothing'), ('extend_protection', 'answers with its last day'),
  ('protection_status', 'numbers of people'), ('protection_proof', 'names functions, and shows persons that it makes for itself'),
  ('shown_count', 'a number that the caller has'), ('shown_candidates', 'candidates that the caller has'),
  ('record_need', 'answers nothing'), ('remove_need', 'answers whether there was one'),
  ('list_on_roster', 'answers nothing'), ('take_off_roster', 'answers whether they were on it'),
  ('end_protection', 'answers with a number of protections'), ('address_protected', 'whether view_protected answers, which keeps it'),
  ('protections_ending', 'residents by number and days: whom the duty role opens is kept'),
  ('declare_disaster', 'answers with a number of its own'), ('end_disaster', 'answers nothing'),
  ('award_points', 'books what the resident sees in the ledger'), ('award_roster', 'books what residents see in the ledger'),
  ('spend_points', 'books what the resident sees in the ledger, and answers with what is left'),
  ('reverse_points', 'books what the resident sees in the ledger, and answers with what is left'),
  ('import_residents', 'answers with numbers and rules, never a value'), ('import_problems', 'answers with rows and rules, never a value'),
  ('preview_import', 'numbers of people'), ('import_extract', 'numbers of people'), ('import_address_points', 'numbers of parcels'),
  ('place_residents', 'a number of people'), ('refresh_match_keys', 'answers nothing'),
  ('record_readings', 'gauges'), ('define_sensor', 'gauges'), ('assign_zones', 'zones'), ('import_hazard_zones', 'zones'),
  ('set_program', 'rules'), ('set_program_rule', 'rules'), ('set_audience', 'rules'), ('set_operation_policy', 'rules'),
  ('set_consent_purpose', 'rules'), ('set_retention', 'rules'), ('set_job', 'rules'), ('set_lane_rule', 'rules'), ('set_fallback', 'rules'),
  ('set_sensitive_column', 'rules'), ('breach_report', 'numbers of people'), ('audit_digest', 'a hash'), ('audit_verify', 'places of the log, not what they hold'),
  ('check_ledger', 'names entries that break a rule, not what they hold'),
  ('run_job', 'numbers of rows'), ('follow_up', 'numbers of people'), ('release_outbox', 'numbers of people'), ('purge_expired', 'numbers of rows'), ('send_due_reminders', 'numbers of people'),
  ('expire_drafts', 'numbers of alerts'), ('review_certificates', 'numbers of certificates'),
  ('record_succession', 'answers nothing'), ('add_trust_anchor', 'roots'), ('load_crl', 'lists'),
  ('make_ocsp_request', 'serial numbers'), ('load_ocsp_response', 'counts'), ('load_variants', 'characters'),
  ('match_words', 'words for rules'), ('registration_candidate', 'numbers and rules, never a name or an address'),
  ('set_source', 'where to ask'), ('report_source', 'where was asked'), ('report_revocation_list', 'lists'), ('rotate_token_key', 'keys');

\echo == what staff, approvers, administrators, auditors or the duty role reach that does not keep who looked, but is not in the list
SELECT s.name FROM shown_to_staff AS s WHERE s.body !~ 'record_(access|protected_view)\(' AND s.name NOT IN (SELECT name FROM without_access);
\echo == what is in that list for nothing
SELECT w.name FROM without_access AS w
 WHERE NOT EXISTS (SELECT FROM shown_to_staff AS s WHERE s.name = w.name AND s.body !~ 'record_(access|protected_view)\(');
\echo == what writes the audit log: record_access, purge_expired, and record_act in C
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace
   AND coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '') ~* 'append_audit\(|insert into (passport\.)?audit_record'
 ORDER BY p.proname;

-- What is held about persons is forgotten by retention, or has a reason to stay.
CREATE TEMP TABLE kept (name text PRIMARY KEY, reason text NOT NULL);
INSERT INTO kept VALUES
  ('resident', 'the register itself, which the register''s own law keeps'), ('resident_directory', 'as resident'), ('resident_match_key', 'made of resident'),
  ('account', 'as long as the account'), ('account_certificate', 'as long as the account: whose a card was'),
  ('account_event', 'as long as the account'), ('certificate_directory', 'as account_certificate: a card must never open a second account'),
  ('counter_enrolment', 'as long as the account'), ('subject_directory', 'as long as the account: services know it by this'), ('ppid_directory', 'ends with detach_ppid'),
  ('guardianship', 'who could act is asked as long as what was done holds'), ('address_protection', 'a guardianship from before it must not count again'),
  ('consent', 'as it stands'), ('consent_event', 'proof of consent, as long as it may be asked for'),
  ('point_account', 'the ledger'), ('point_entry', 'the ledger'), ('card', 'as it stands'), ('renewal_reminder', 'each is sent at most once'),
  ('need', 'as it stands: staff remove what is no more'), ('need_roster', 'as it stands: staff take off who needs it no longer'),
  ('resident_history', 'who lived where and when is asked as long as their records are kept: the register itself keeps a removed record for 150 years'),
  ('import_effect', 'what an import set off for whom is part of that history'),
  ('need_event', 'why somebody was on no roster is asked after a disaster, however late that comes'),
  ('protection_event', 'who saw a protected address is asked as long as somebody may look for the person'),
  ('registered_place', 'as it stands: the resident takes it away, and it counts while they agree'), ('resident_group', 'as it stands'),
  ('delivery', 'those that wait: each ends in an outcome'), ('delivery_elsewhere', 'as delivery, after the merge'),
  ('broadcast_elsewhere', 'goes with alert_recipient'), ('alert_move', 'goes with its alert_recipient'), ('device_directory', 'as device'),
  ('device_code', 'goes with its device'), ('visitor_link', 'goes with its visitor'), ('preference', 'as it stands');
\echo == a table with persons that neither retention names nor has a reason to stay
SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'resident_id'
   AND c.relname NOT IN (SELECT what FROM passport.retention) AND c.relname NOT IN (SELECT name FROM kept);
\echo == what has a reason for nothing
SELECT k.name FROM kept AS k
 WHERE k.name IN (SELECT what FROM passport.retention) OR NOT EXISTS (
   SELECT FROM pg_class AS c WHERE c.relnamespace = 'passport'::regnamespace AND c.relname = k.name);
\echo == what refers to a message and is not asked before the message is forgotten
SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'notification' AND a.attname ~ 'notification_id$'
   AND strpos(pg_get_functiondef('passport.forget_notifications(timestamptz, int)'::regprocedure), 'passport.' || c.relname || ' ') = 0;

-- A resident's copy is of every table with a resident_id, but those left out with a reason.
\echo == a table of the copy that would have to be read whole
SELECT t.name FROM passport.copied_table() AS t
 WHERE NOT EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = t.relation AND i.indpred IS NULL AND a.attname = 'resident_id');
\echo == a column of the copy that names another person or can hold a secret, and is not left out
SELECT t.name, a.attname FROM passport.copied_table() AS t JOIN pg_attribute AS a ON a.attrelid = t.relation
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attname ~ '(guardian_id|holder|decided_by|token|secret|digest|sealed)'
   AND a.attname <> ALL (t.left_out) ORDER BY 1, 2;
\echo == a column of the copy that can hold a place, and is not left out where somebody else of the household is protected
SELECT t.name, a.attname FROM passport.copied_table('{always,household}') AS t JOIN pg_attribute AS a ON a.attrelid = t.relation
 WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.attname ~ '(address|aza|lot|building|place|record|note)$' OR a.atttypid = 'public.geometry'::regtype)
   AND a.attname <> ALL (t.left_out) ORDER BY 1, 2;
\echo == what the copy leaves out that is not there
SELECT o.table_name, o.column_name FROM passport.copy_omission AS o
 WHERE NOT EXISTS (SELECT FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
                    WHERE c.relnamespace = 'passport'::regnamespace AND c.relname = o.table_name
                      AND o.column_name IN ('*', a.attname) AND NOT a.attisdropped);
