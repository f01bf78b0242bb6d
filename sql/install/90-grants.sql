-- The one page of grants: which role may call what.  Roles reach functions and
-- security-barrier views only; whatever is not named here is for passport_owner,
-- as whom the functions themselves and the workers act.

REVOKE ALL ON ALL TABLES IN SCHEMA passport FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA passport FROM PUBLIC;

GRANT USAGE ON SCHEMA passport
  TO passport_app, passport_staff, passport_approver, passport_admin, passport_auditor,
     passport_bridge, passport_drill, passport_drill_bridge, passport_public, passport_protection;

-- everybody of ours: the clock and the versions
GRANT EXECUTE ON FUNCTION passport.now, passport.today, passport.version, passport.library_version
  TO passport_app, passport_staff, passport_approver, passport_admin, passport_auditor,
     passport_bridge, passport_drill, passport_drill_bridge, passport_public, passport_protection;

-- the app's backend: register, log in, and what a resident does for themself
GRANT EXECUTE ON FUNCTION
  passport.begin_challenge, passport.register_account, passport.log_in, passport.authenticate,
  passport.acting_resident, passport.acting_session, passport.log_out, passport.log_out_everywhere, passport.jwks,
  passport.openid_configuration, passport.step_up, passport.enter_service, passport.my_sessions, passport.end_my_session,
  passport.begin_kiosk_login, passport.approve_kiosk_login, passport.poll_kiosk_login,
  passport.verify_signature, passport.certificate_info,
  passport.my_account, passport.attach_ppid, passport.detach_ppid, passport.act_for, passport.my_wards,
  passport.give_consent, passport.withdraw_consent, passport.my_consents, passport.my_consent_history, passport.my_access_log, passport.my_data,
  passport.register_device, passport.retire_device, passport.verify_device, passport.begin_line_link, passport.finish_line_link,
  passport.set_preference, passport.my_preferences, passport.answer_alert, passport.report_whereabouts, passport.register_place,
  passport.my_places, passport.register_telephone, passport.retire_telephone, passport.my_telephones,
  passport.register_emergency_contact, passport.my_emergency_contacts, passport.answer_question, passport.my_questions,
  passport.my_point_balance, passport.my_point_history, passport.spend_my_points, passport.my_renewal_plan,
  passport.public_map, passport.alert_cap, passport.alerts_atom, passport.alerts_geojson
  TO passport_app;

-- the village's staff
GRANT EXECUTE ON FUNCTION
  passport.open_shelter, passport.close_shelter, passport.weather_at, passport.weather_level,
  passport.set_sensor_state, passport.confirm_reading, passport.end_stage, passport.sensor_forecast,
  passport.draw_affected_area, passport.draft_alert, passport.update_alert, passport.cancel_alert, passport.alert_cap, passport.alert_voice,
  passport.area_from_geojson, passport.compare_area, passport.record_answer, passport.record_whereabouts, passport.selection_reason,
  passport.ask_area, passport.question_map, passport.question_answers, passport.close_question, passport.replay_alert, passport.alert_timing,
  passport.call_list, passport.record_call, passport.door_list, passport.unaccounted, passport.assign_group,
  passport.record_telephone, passport.remove_telephone, passport.view_telephones, passport.record_emergency_contact,
  passport.check_in, passport.check_out, passport.check_in_residents, passport.check_out_residents, passport.set_capacity,
  passport.check_in_visitors, passport.check_out_visitors, passport.link_visitor, passport.shelter_visitors,
  passport.find_resident, passport.match_words, passport.normalized_name, passport.normalized_address,
  passport.view_resident, passport.view_household, passport.view_points, passport.view_point_balance,
  passport.resident_as_of, passport.import_effects, passport.unplaced_residents,
  passport.view_renewal_plan, passport.view_due_reminders, passport.registration_queue,
  passport.report_household, passport.report_unanswered, passport.report_note, passport.report_reminder,
  passport.link_account, passport.end_sessions, passport.refuse_registration, passport.enrol_at_counter, passport.begin_challenge,
  passport.suspend_account, passport.resume_account,
  passport.record_guardian, passport.end_guardian, passport.record_consent,
  passport.request_protection, passport.protect_address, passport.extend_protection,
  passport.shown_count, passport.shown_candidates,
  passport.record_need, passport.remove_need, passport.list_on_roster, passport.take_off_roster, passport.needs_roster, passport.need_words,
  passport.award_points, passport.award_roster, passport.spend_points, passport.reverse_points,
  passport.certificate_info, passport.verify_signature,
  passport.record_card,
  passport.public_map, passport.report_html, passport.local_time, passport.alert_words, passport.report_alerts
  TO passport_staff;
GRANT SELECT ON
  passport.report_sensor, passport.report_silence, passport.report_held_reading, passport.report_weather, passport.report_alert,
  passport.report_water, passport.report_stage_answer,
  passport.report_points, passport.report_registration, passport.registration_candidate, passport.alert_draft, passport.alert_update_draft,
  passport.break_glass_unreviewed, passport.shelter_occupancy, passport.alert_rollup, passport.question_result, passport.protection_status
  TO passport_staff;

-- who approves alerts, and may see what they approve
GRANT EXECUTE ON FUNCTION
  passport.approve_alert, passport.approve_update, passport.broadcast_alert, passport.cancel_alert, passport.end_alert,
  passport.break_glass, passport.break_glass_update, passport.review_break_glass,
  passport.authorise_stage, passport.confirm_authority, passport.withdraw_authority, passport.rehearse_stage, passport.operate_areas,
  passport.alert_cap, passport.alert_voice, passport.public_map,
  passport.report_html, passport.local_time, passport.alert_words, passport.report_alerts,
  passport.area_from_geojson, passport.compare_area, passport.replay_alert, passport.alert_timing,
  passport.shown_count, passport.declare_disaster, passport.end_disaster
  TO passport_approver;
GRANT SELECT ON
  passport.report_sensor, passport.report_held_reading, passport.report_weather, passport.report_alert, passport.alert_draft,
  passport.report_water, passport.report_stage_answer, passport.alert_update_draft, passport.break_glass_unreviewed, passport.stage_authority_now, passport.shelter_occupancy, passport.alert_rollup
  TO passport_approver;

-- who runs the system
GRANT EXECUTE ON FUNCTION
  passport.add_trust_anchor, passport.load_crl, passport.make_ocsp_request, passport.load_ocsp_response,
  passport.rotate_token_key, passport.jwks,
  passport.set_audience, passport.set_operation_policy,
  passport.set_retention, passport.purge_expired, passport.set_sensitive_column, passport.certificate_info, passport.verify_signature,
  passport.record_succession, passport.review_certificates, passport.set_consent_purpose,
  passport.import_residents, passport.preview_import, passport.import_problems, passport.import_extract,
  passport.import_effects, passport.import_telephones, passport.import_address_points, passport.place_residents, passport.unplaced_residents,
  passport.refresh_match_keys, passport.load_variants, passport.protect_address, passport.record_card,
  passport.define_sensor, passport.set_sensor_state, passport.assign_zones, passport.set_reach, passport.import_hazard_zones, passport.record_readings,
  passport.set_source_code, passport.take_river_levels, passport.take_sensorthings, passport.take_ngsi,
  passport.set_weather_area, passport.take_weather_bulletin,
  passport.set_program, passport.set_program_rule, passport.check_ledger,
  passport.run_job, passport.set_job, passport.protection_proof, passport.send_due_reminders, passport.expire_drafts, passport.lapse_alerts,
  passport.add_drill_device, passport.remove_drill_device,
  passport.define_operating_area, passport.export_operation, passport.import_operation,
  passport.set_source,
  passport.set_lane_rule, passport.set_fallback, passport.follow_up, passport.release_outbox
  TO passport_admin;
GRANT SELECT ON passport.report_source, passport.report_revocation_list TO passport_admin;

-- The inlets of \copy, the one exception to "functions and views only": their
-- fields may be written, and nothing of them can be read.
GRANT INSERT (resident_number, household_number, relation, name, name_kana, name_roman, alias, birth_date, sex, address,
              oaza, koaza, lot, building, lon, lat, location_precision, nationality_class, residence_status, stay_until,
              language, status, changed_on, change_reason, protected, needs_help)
  ON passport.resident_staging TO passport_admin;
GRANT INSERT (resident_number, household_number, number) ON passport.telephone_staging TO passport_admin;
GRANT INSERT (lg_code, machiaza_id, prc_id, city, ward, oaza_cho, chome, koaza, machiaza_dist, prc_num1, prc_num2,
              prc_num3, rsdt_addr_flg, prc_rec_flg, prc_area_code, efct_date, ablt_date, src_code, remarks, real_prop_num)
  ON passport.parcel_staging TO passport_admin;
GRANT INSERT (lg_code, machiaza_id, prc_id, rep_lon, rep_lat, rep_srid, rep_scale, rep_src_code, plygn_fname,
              plygn_kcode, plygn_fmt, plygn_srid, plygn_scale, plygn_src_code, moj_map_city_code, moj_map_oaza_code,
              moj_map_chome_code, moj_map_koaza_code, moj_map_spare_code, moj_map_brushid)
  ON passport.parcel_position_staging TO passport_admin;

-- who checks what was done
GRANT EXECUTE ON FUNCTION passport.check_ledger, passport.protection_proof, passport.replay_alert, passport.alert_timing, passport.audit_verify, passport.audit_digest,
  passport.breach_report, passport.breach_letters
  TO passport_auditor;

-- who holds the duty of protection (支援措置): the only role that sees a protected place, each time with a reason
GRANT EXECUTE ON FUNCTION
  passport.request_protection, passport.protect_address, passport.extend_protection, passport.end_protection,
  passport.address_protected, passport.protections_ending,
  passport.view_protected, passport.protected_recipients, passport.protected_needs, passport.record_call
  TO passport_protection;

GRANT SELECT ON passport.protection_status TO passport_admin, passport_auditor, passport_protection;

-- the bridge: readings, bulletins and revocation in, deliveries and logouts out
GRANT EXECUTE ON FUNCTION passport.claim_deliveries, passport.complete_deliveries, passport.outbox_state, passport.record_readings,
  passport.claim_logouts, passport.complete_logouts, passport.claim_sources, passport.complete_source,
  passport.take_river_levels, passport.take_sensorthings, passport.take_ngsi, passport.take_weather_bulletin
  TO passport_bridge;

-- who plays a drill: drafts and approves drills, whatever else the login may (require_mode)
GRANT EXECUTE ON FUNCTION
  passport.draw_affected_area, passport.area_from_geojson, passport.compare_area, passport.shown_count,
  passport.draft_alert, passport.update_alert, passport.approve_alert, passport.approve_update, passport.broadcast_alert,
  passport.cancel_alert, passport.end_alert, passport.alert_cap, passport.alert_voice, passport.rehearse_stage
  TO passport_drill;
GRANT SELECT ON passport.alert_draft, passport.alert_update_draft TO passport_drill;

-- the bridge of drills: their own queue, and nothing else
GRANT EXECUTE ON FUNCTION passport.claim_drill_deliveries, passport.complete_drill_deliveries TO passport_drill_bridge;

-- the public map and its alerts
GRANT EXECUTE ON FUNCTION passport.public_map, passport.public_map_mvt, passport.public_page, passport.river_levels, passport.sensorthings,
  passport.ngsi_entities, passport.alert_cap, passport.alerts_atom, passport.alerts_geojson, passport.jwks, passport.openid_configuration
  TO passport_public;
