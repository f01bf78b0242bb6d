-- After an alert was sent: updates, the end, orders that nobody lifted, everybody else
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 04:40+09';
SET LOCAL passport.least_count = 0;
UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.shelter;
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
-- four in a row from west to east, one far away; each has a phone but the second
SELECT imported, problems FROM passport.import_residents($$[
  {"resident_number": "u-1", "household_number": "H1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.95},
  {"resident_number": "u-2", "household_number": "H2", "name": "乙", "oaza": "海ノ口", "lon": 138.452, "lat": 35.95},
  {"resident_number": "u-3", "household_number": "H3", "name": "丙", "oaza": "板橋", "lon": 138.453, "lat": 35.95},
  {"resident_number": "u-4", "household_number": "H4", "name": "丁", "oaza": "板橋", "lon": 138.454, "lat": 35.95, "needs_help": true},
  {"resident_number": "u-5", "household_number": "H5", "name": "戊", "oaza": "野辺山", "lon": 138.48, "lat": 35.94}]$$);
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number)
  FROM passport.resident WHERE resident_number IN ('u-1', 'u-3', 'u-4', 'u-5') \g /dev/null
CREATE ROLE update_drafter IN ROLE passport_staff;
CREATE ROLE update_mayor IN ROLE passport_staff, passport_approver;
CREATE FUNCTION pg_temp.strip(west int, east int) RETURNS geometry LANGUAGE sql AS $$
  SELECT ST_MakeEnvelope(138.4505 + (west - 1) * 0.001, 35.949, 138.4505 + east * 0.001, 35.951, 4326)
$$;
-- what was sent to whom, by event key
CREATE FUNCTION pg_temp.sent(alert bigint, OUT key text, OUT lane text, OUT mode text, OUT message text, OUT told text, OUT title text)
  RETURNS SETOF record LANGUAGE sql AS $$
  SELECT regexp_replace(n.event_key, '^alert:\d+:', ''), n.lane, n.mode, n.data ->> 'message',
         string_agg(right(r.resident_number, 1), ' ' ORDER BY r.resident_number), n.texts #>> '{ja,title}'
    FROM passport.notification AS n
    LEFT JOIN (SELECT notification_id, resident_id FROM passport.delivery
               UNION ALL SELECT notification_id, resident_id FROM passport.delivery_outcome) AS d USING (notification_id)
    LEFT JOIN passport.resident AS r USING (resident_id)
   WHERE n.event_key LIKE 'alert:' || alert || ':%' GROUP BY n.notification_id ORDER BY n.notification_id
$$;
GRANT USAGE ON SCHEMA passport TO passport_staff;
SELECT pg_temp.strip(1, 3) AS one_to_three, pg_temp.strip(2, 4) AS two_to_four, pg_temp.strip(1, 4) AS one_to_four \gset

SET SESSION AUTHORIZATION update_drafter;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 3, :'one_to_three') \gset
-- a draft is nothing that could be updated, ended or told to everybody
SELECT pg_temp.refusal(format('SELECT passport.update_alert(%s, level => 4)', :alert));
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION update_mayor;
SELECT pg_temp.refusal(format('SELECT passport.end_alert(%s)', :alert));
SELECT pg_temp.refusal(format('SELECT passport.broadcast_alert(%s)', :alert));
SELECT * FROM passport.approve_alert(:alert, 3);
RESET SESSION AUTHORIZATION;

-- the same to the same area asks, for the alert and for an update of it, but not for another level or area
SET SESSION AUTHORIZATION update_drafter;
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 3, %L)', 'flood', :'one_to_three'));
SELECT pg_temp.refusal(format('SELECT passport.update_alert(%s)', :alert));
SELECT headcount FROM passport.draft_alert('flood', 3, :'one_to_three', repeat => true);
SELECT headcount FROM passport.draft_alert('flood', 3, :'one_to_three', mode => 'drill');
SELECT headcount FROM passport.draft_alert('landslide', 3, :'one_to_three');

-- the second of two equal drafts is asked about when the first is sent
SELECT alert_id AS first FROM passport.draft_alert('flood', 4, :'two_to_four') \gset
SELECT alert_id AS second FROM passport.draft_alert('flood', 4, :'two_to_four') \gset
RESET SESSION AUTHORIZATION;
SAVEPOINT twins;
SET SESSION AUTHORIZATION update_mayor;
SELECT recipients FROM passport.approve_alert(:first, 3);
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :second));
RESET SESSION AUTHORIZATION;
ROLLBACK TO twins;

-- an update: higher, and further east, where one needs help
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET SESSION AUTHORIZATION update_drafter;
SELECT * FROM passport.update_alert(:alert, :'two_to_four') \g /dev/null
SELECT update_no AS update, headcount, households, added, left_out FROM passport.update_alert(:alert, :'two_to_four', 4) \gset
SELECT :update AS update, :headcount AS headcount, :added AS added, :left_out AS left_out;
SELECT update_no, level_now, level, headcount, drafted_by FROM passport.alert_update_draft WHERE alert_id = :alert;
SELECT level, state FROM passport.report_alert WHERE alert_id = :alert;
RESET SESSION AUTHORIZATION;
SELECT pg_temp.refusal(format('SELECT passport.update_alert(%s, %s)', :alert, arguments))
  FROM (VALUES ('level => 6'), ($$area => passport.point(138.45, 35.95)$$), ($$texts => '{"en": {}}'$$),
               ($$texts => '{"ja": {"title": "t", "body": "1234 5678 9018"}}'$$)) AS t(arguments);
GRANT update_mayor TO update_drafter;
SET SESSION AUTHORIZATION update_drafter;
SET ROLE update_mayor;
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, 3)', :alert, :update));
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION update_mayor;
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, %s)', :alert, u, n))
  FROM (VALUES (:update, '2'), (:update, 'NULL'), (2, '3'), (99, '3')) AS t(u, n);
SELECT * FROM passport.approve_update(:alert, :update, 3);
SELECT * FROM passport.approve_update(:alert, :update, 3);
-- also who repeats it confirms the number
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, 2)', :alert, :update));
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.sent(:alert);
SELECT level, state, expires_at, headcount, households, needing_help, recipients, area_names, texts #>> '{ja,title}' AS title FROM passport.alert WHERE alert_id = :alert;
SELECT right(resident_number, 1) AS inside FROM passport.alert_inside JOIN passport.resident USING (resident_id) WHERE alert_id = :alert ORDER BY 1;
SELECT message_no, message, level, headcount, households, needing_help, recipients, sent_by FROM passport.alert_message WHERE alert_id = :alert ORDER BY 1;

-- back to where it was: who was told to leave the list is on it again, once
SET SESSION AUTHORIZATION update_drafter;
SELECT update_no AS update, added, left_out FROM passport.update_alert(:alert, :'one_to_four',
  texts => '{"ja": {"title": "全員避難", "body": "西へも広がりました。"}}') \gset
SELECT :added AS added, :left_out AS left_out;
RESET SESSION AUTHORIZATION;
SELECT * FROM passport.approve_update(:alert, :update, 4);
SELECT headcount, households, needing_help FROM passport.alert WHERE alert_id = :alert;
SELECT key, lane, told, title FROM pg_temp.sent(:alert) WHERE key LIKE '%-' || :update;
SELECT count(*) FROM passport.alert_recipient WHERE alert_id = :alert;

-- whoever asks for help stays on the lists, wherever the area moves
INSERT INTO passport.alert_answer (resident_id, alert_id, answered_at, answer)
SELECT resident_id, :alert, passport.now(), answer FROM passport.resident
  JOIN (VALUES ('u-1', 'need_help'), ('u-2', 'safe')) AS a(resident_number, answer) USING (resident_number);
SELECT update_no AS update FROM passport.update_alert(:alert, pg_temp.strip(3, 4)) \gset
UPDATE passport.alert_update SET drafted_by = 'somebody else' WHERE alert_id = :alert AND update_no = :update;
SELECT recipients FROM passport.approve_update(:alert, :update, 2);
SELECT right(resident_number, 1) AS listed, condition, answered FROM passport.alert_person JOIN passport.resident USING (resident_id)
 WHERE alert_id = :alert ORDER BY 1;

-- everybody else, after those whom it concerns, once
SET SESSION AUTHORIZATION update_mayor;
SELECT * FROM passport.broadcast_alert(:alert);
SELECT * FROM passport.broadcast_alert(:alert);
RESET SESSION AUTHORIZATION;
SELECT key, lane, message, told, title FROM pg_temp.sent(:alert) WHERE key = 'elsewhere';
DELETE FROM passport.delivery WHERE notification_id NOT IN (
  SELECT notification_id FROM passport.notification WHERE event_key LIKE 'alert:' || :alert || ':%');
SELECT string_agg(lane, ' ' ORDER BY urgency) AS lanes FROM passport.lane;
-- as many as there are for those inside: no other is claimed before them
SELECT count(*) AS inside FROM passport.delivery WHERE urgency = 0 \gset
SELECT DISTINCT lane FROM passport.claim_deliveries('update', :inside, '1 minute') JOIN passport.notification USING (notification_id);

-- an order holds until it is lifted; staff are told once that its time is over
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SELECT passport.lapse_alerts(), passport.lapse_alerts() AS again;
SELECT state, overdue_at FROM passport.alert WHERE alert_id = :alert;
SELECT regexp_count(passport.alarm_banner_html(), 'role="alert"') AS alarms;
-- renewing it takes the alarm back
SELECT update_no AS update FROM passport.update_alert(:alert, texts => '{"ja": {"title": "続く", "body": "まだ続いています。"}}') \gset
UPDATE passport.alert_update SET drafted_by = 'somebody else' WHERE alert_id = :alert AND update_no = :update;
SELECT recipients FROM passport.approve_update(:alert, :update, 2);
SELECT overdue_at, expires_at, passport.alarm_banner_html() = '' AS quiet FROM passport.alert WHERE alert_id = :alert;

-- the all clear: to those inside, and to whom the broadcast reached
SET SESSION AUTHORIZATION update_mayor;
SELECT * FROM passport.end_alert(:alert);
SELECT * FROM passport.end_alert(:alert);
SELECT pg_temp.refusal(format('SELECT passport.cancel_alert(%s, %L)', :alert, 'x'));
SELECT pg_temp.refusal(format('SELECT passport.broadcast_alert(%s)', :alert));
SELECT pg_temp.refusal(format('SELECT passport.update_alert(%s, level => 5)', :alert));
RESET SESSION AUTHORIZATION;
SELECT pg_temp.refusal(format('SELECT passport.end_alert(%s)', :alert));
SELECT key, lane, message, told, title FROM pg_temp.sent(:alert) WHERE key LIKE 'end%';
SELECT state, ended_by FROM passport.alert WHERE alert_id = :alert;
-- the chain has each message as it was: what was drafted and approved, what the updates made of it, and the end
SELECT step, who, what - '{expires_at,km2}'::text[] AS what FROM passport.replay_alert(:alert) WHERE step IN ('draft', 'approval', 'update', 'end');
-- of one who is protected now, wherever they were at each message, none tells
SAVEPOINT protected;
SELECT passport.protect_address(resident_id, '2026-07-01', '2027-06-30', '支援措置') IS NOT NULL AS protected FROM passport.resident WHERE resident_number = 'u-1';
SELECT step, what - '{expires_at,level,area}'::text[] AS what FROM passport.replay_alert(:alert) WHERE step IN ('approval', 'update');
ROLLBACK TO protected;
SELECT passport.protect_address(resident_id, '2026-07-01', '2027-06-30', '支援措置') IS NOT NULL AS protected FROM passport.resident WHERE resident_number = 'u-4';
SELECT step, what - '{expires_at,level,area}'::text[] AS what FROM passport.replay_alert(:alert) WHERE step IN ('approval', 'update');
ROLLBACK TO protected;

-- a notice ends by itself, and says nothing; a stale update goes with its draft
SET LOCAL passport.clock = '2026-07-02 08:00+09';
SELECT alert_id AS notice FROM passport.draft_alert('flood', 2, :'one_to_three') \gset
UPDATE passport.alert SET drafted_by = 'somebody else' WHERE alert_id = :notice;
SELECT recipients FROM passport.approve_alert(:notice, 3);
SELECT update_no AS update FROM passport.update_alert(:notice, level => 3) \gset
SET LOCAL passport.clock = '2026-07-02 08:30+09';
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, 3)', :notice, :update));
UPDATE passport.alert_update SET drafted_by = 'somebody else' WHERE alert_id = :notice;
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, 3)', :notice, :update));
SELECT passport.expire_drafts() > 0 AS expired;
SELECT state FROM passport.alert_update WHERE alert_id = :notice;
SET LOCAL passport.clock = '2026-07-02 19:59+09';
SELECT passport.lapse_alerts();
SELECT update_no AS late FROM passport.update_alert(:notice, level => 3) \gset
UPDATE passport.alert_update SET drafted_by = 'somebody else' WHERE alert_id = :notice;
SET LOCAL passport.clock = '2026-07-02 20:00+09';
SELECT passport.lapse_alerts();
SELECT state, ended_by, ended_at FROM passport.alert WHERE alert_id = :notice;
-- what was drafted before that is no update of it any more
SELECT state AS drafted FROM passport.alert_update WHERE alert_id = :notice AND update_no = :late;
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, 3)', :notice, :late));
SELECT key FROM pg_temp.sent(:notice);

-- a drill's update, broadcast and end are a drill's
SELECT alert_id AS drill FROM passport.draft_alert('flood', 3, :'one_to_three', mode => 'drill') \gset
UPDATE passport.alert SET drafted_by = 'somebody else' WHERE alert_id = :drill;
SELECT recipients FROM passport.approve_alert(:drill, 3);
SELECT update_no AS update FROM passport.update_alert(:drill, :'two_to_four', 4) \gset
UPDATE passport.alert_update SET drafted_by = 'somebody else' WHERE alert_id = :drill;
SELECT recipients FROM passport.approve_update(:drill, :update, 3);
SELECT deliveries FROM passport.broadcast_alert(:drill);
SELECT recipients FROM passport.end_alert(:drill);
SELECT key, mode, title FROM pg_temp.sent(:drill);
SELECT count(*) AS claimable FROM passport.delivery JOIN passport.notification USING (notification_id) WHERE mode = 'drill';

-- what was said stays
SELECT pg_temp.refusal('UPDATE passport.alert_message SET level = 1');
SELECT pg_temp.refusal('DELETE FROM passport.alert_update');
SELECT pg_temp.refusal('UPDATE passport.alert_move SET inside = true');
ROLLBACK;
