-- Claiming and completing: order, lease, language, expiry, retry
SET passport.clock = '2026-07-01 12:00+09';
SET timezone = 'Asia/Tokyo';
SET datestyle = iso;
\set VERBOSITY terse
-- what other tests left in the outbox is not ours
DELETE FROM passport.delivery;
INSERT INTO passport.resident (resident_number, name, language, updated_at)
VALUES ('L1', '試験1', 'ja', passport.now()), ('L2', '試験2', 'vi', passport.now()),
       ('L3', '試験3', 'en', passport.now()), ('L4', '試験4', 'pt', passport.now());
SELECT count(passport.add_device(resident_id, 'fcm', 'token-' || resident_number,
                                 CASE resident_number WHEN 'L2' THEN 'en' END))
  FROM passport.resident WHERE resident_number LIKE 'L_';
SELECT array_agg(resident_id ORDER BY resident_id) AS everybody
  FROM passport.resident WHERE resident_number LIKE 'L_' \gset
SELECT resident_id AS one FROM passport.resident WHERE resident_number = 'L1' \gset
\set ja '{"ja": {"title": "題", "body": "文"}}'

-- the lane first, then age; the device's language, else the resident's, else ja
SELECT deliveries FROM passport.notify(ARRAY[:one], 'news', 'bulk', :'ja');
SELECT deliveries FROM passport.notify(:'everybody', 'alert', 'evacuation',
  '{"ja": {"title": "避難", "body": "にげて"}, "en": {"title": "Evacuate", "body": "Go"},
    "vi": {"title": "Di tan", "body": "Di"}}', '{"alert": "7"}', '2026-07-01 12:10+09', 'a7');
SELECT token, title, body, data, collapse_key, ttl, priority, attempt, channel
  FROM passport.claim_deliveries('w1', 3, '1 min');
SELECT token, title, ttl, priority FROM passport.claim_deliveries('w2', 100, '1 min');
SELECT count(*) FROM passport.claim_deliveries('w3', 100, '1 min');

-- what became of them
SELECT array_agg(resident_id ORDER BY delivery_id) AS rs, array_agg(delivery_id ORDER BY delivery_id) AS ds
  FROM passport.delivery WHERE worker = 'w1' \gset
-- not w2's to complete
SELECT passport.complete_deliveries('w2', :'rs', :'ds', '{delivered,delivered,delivered}', '{NULL,NULL,NULL}', '{0,0,0}');
SELECT passport.complete_deliveries('w1', :'rs', :'ds', '{delivered,retired,retry}', '{NULL,UNREGISTERED,UNAVAILABLE}', '{0,NULL,60}');
-- twice is once
SELECT passport.complete_deliveries('w1', :'rs', :'ds', '{delivered,retired,retry}', '{NULL,UNREGISTERED,UNAVAILABLE}', '{0,NULL,60}');
SELECT r.resident_number, o.outcome, o.detail, o.attempts, o.finished_at
  FROM passport.delivery_outcome AS o JOIN passport.resident AS r USING (resident_id)
 WHERE r.resident_number LIKE 'L_' ORDER BY 1;
SELECT r.resident_number, v.state, v.retired_reason
  FROM passport.device AS v JOIN passport.resident AS r USING (resident_id)
 WHERE r.resident_number LIKE 'L_' ORDER BY 1;
SELECT r.resident_number, d.worker, d.attempt, d.not_before BETWEEN now() + interval '50 s' AND now() + interval '70 s' AS waits
  FROM passport.delivery AS d JOIN passport.resident AS r USING (resident_id) ORDER BY d.delivery_id;
-- it waits: nobody gets it before its time, then anybody does, as the second try
SELECT count(*) FROM passport.claim_deliveries('w3', 100, '1 min');
UPDATE passport.delivery SET not_before = now() WHERE not_before IS NOT NULL;
SELECT token, attempt FROM passport.claim_deliveries('w3', 100, '1 min');

-- a lease that ends returns the row; the one who lost it cannot complete it
SELECT count(*) FROM passport.claim_deliveries('w4', 100, '1 min');
UPDATE passport.delivery SET lease_until = now() - interval '1 s' WHERE worker = 'w3';
SELECT token, attempt FROM passport.claim_deliveries('w4', 100, '1 min');
SELECT resident_id AS r, delivery_id AS d FROM passport.delivery WHERE worker = 'w4' \gset
SELECT passport.complete_deliveries('w3', ARRAY[:r], ARRAY[:d], '{failed}', '{x}', '{0}');
SELECT passport.complete_deliveries('w4', ARRAY[:r], ARRAY[:d], '{failed}', '{x}', '{0}');

-- expired while it waited: finished, never sent, however many there are
DELETE FROM passport.delivery;
SELECT deliveries
  FROM passport.notify(:'everybody', 'alert', 'disaster', :'ja', '{}', '2026-07-01 12:05+09');
SELECT deliveries FROM passport.notify(ARRAY[:one], 'alert', 'disaster', :'ja');
SET passport.clock = '2026-07-01 12:05+09';
SELECT token, ttl FROM passport.claim_deliveries('w5', 2, '1 min');
SELECT outcome, attempts, count(*) FROM passport.delivery_outcome
 WHERE outcome = 'expired' AND resident_id = ANY (:'everybody') GROUP BY 1, 2;

-- a device retired meanwhile: what waits for it is not sent
DELETE FROM passport.delivery;
SELECT deliveries FROM passport.notify(ARRAY[:one], 'alert', 'disaster', :'ja');
SELECT passport.add_device(resident_id, 'fcm', 'token-L1') > 0 AS taken_over FROM passport.resident WHERE resident_number = 'L4';
SELECT count(*) FROM passport.claim_deliveries('w6', 100, '1 min');
SELECT outcome, attempts FROM passport.delivery_outcome WHERE resident_id = :one ORDER BY delivery_id DESC LIMIT 1;
SELECT count(*) FROM passport.delivery;

-- or that is gone: it ends, and stands in nobody's way
DELETE FROM passport.delivery;
SELECT deliveries FROM passport.notify(:'everybody', 'alert', 'disaster', :'ja');
SELECT resident_id AS gone FROM passport.delivery ORDER BY delivery_id LIMIT 1 \gset
DELETE FROM passport.device_directory WHERE resident_id = :gone;
DELETE FROM passport.device WHERE resident_id = :gone;
SELECT count(*) FROM passport.claim_deliveries('w6', 1, '1 min');
SELECT outcome, attempts FROM passport.delivery_outcome WHERE resident_id = :gone ORDER BY delivery_id DESC LIMIT 1;
SELECT passport.add_device(:gone, 'fcm', 'token-new') > 0 AS has_another;

-- an order that waits for its next try is not sent after its own cancellation
DELETE FROM passport.delivery;
INSERT INTO passport.resident (resident_number, name, updated_at)
SELECT 'M' || n, '試験' || n, passport.now() FROM generate_series(1, 3) AS n;
SELECT count(passport.add_device(resident_id, 'fcm', 'token-' || resident_number)) FROM passport.resident WHERE resident_number LIKE 'M_';
SELECT array_agg(resident_id ORDER BY resident_id) AS reached FROM passport.resident WHERE resident_number LIKE 'M_' \gset
SELECT (:'reached'::bigint[])[1] AS first, (:'reached'::bigint[])[2] AS second \gset
SELECT deliveries FROM passport.notify(:'reached', 'alert', 'evacuation', :'ja', collapse_key => 'alert-9');
SELECT count(*) FROM passport.claim_deliveries('w7', 100, '1 min') \gset
SELECT passport.complete_deliveries('w7', array_agg(resident_id), array_agg(delivery_id), array_agg('retry'::text), array_agg(NULL::text), array_agg(60))
  = :count FROM passport.delivery WHERE worker = 'w7';
-- a drill of the same key replaces nothing, nor does a message of another key, nor one to others
SELECT deliveries FROM passport.notify(ARRAY[:first], 'alert', 'evacuation', :'ja', collapse_key => 'alert-9', mode => 'drill');
SELECT deliveries FROM passport.notify(ARRAY[:first], 'alert', 'evacuation', :'ja', collapse_key => 'alert-8');
SELECT deliveries FROM passport.notify(ARRAY[:second], 'alert', 'evacuation', '{"ja": {"title": "解除", "body": "文"}}', collapse_key => 'alert-9');
UPDATE passport.delivery SET not_before = now() WHERE not_before IS NOT NULL;
SELECT resident_id = :first AS to_first, resident_id = :second AS to_second, title, attempt, collapse_key
  FROM passport.claim_deliveries('w7', 100, '1 min') WHERE resident_id IN (:first, :second) ORDER BY 1, 2, 3, collapse_key;
SELECT resident_id = :second AS to_second, outcome, attempts FROM passport.delivery_outcome WHERE outcome = 'superseded' AND resident_id = ANY (:'reached');
-- nor when the cancellation is already there, delivered
SELECT array_agg(resident_id) AS rs, array_agg(delivery_id) AS ds, array_agg('delivered'::text) AS os, array_agg(NULL::text) AS ns, array_agg(0) AS zs
  FROM passport.delivery WHERE worker = 'w7' AND resident_id = :second \gset
SELECT passport.complete_deliveries('w7', :'rs', :'ds', :'os', :'ns', :'zs');
INSERT INTO passport.delivery (resident_id, notification_id, device_id, channel, urgency, created_at)
SELECT o.resident_id, o.notification_id, o.device_id, 'fcm', 0, o.created_at FROM passport.delivery_outcome AS o WHERE o.outcome = 'superseded' AND o.resident_id = :second;
SELECT count(*) FROM passport.claim_deliveries('w8', 100, '1 min');
SELECT count(*) FROM passport.delivery_outcome WHERE outcome = 'superseded' AND resident_id = :second;

-- what was never begun was no try: it keeps its place, and its lane's minute
DELETE FROM passport.delivery;
SELECT passport.set_lane_rule('bulk', 3, NULL, NULL, true);
SELECT deliveries FROM passport.notify(ARRAY[:first], 'news', 'bulk', :'ja');
SELECT deliveries FROM passport.notify(ARRAY[:second], 'news', 'bulk', :'ja');
SELECT resident_id = :first AS to_first, attempt FROM passport.claim_deliveries('w9', 1, '1 min');
SELECT resident_id AS r, delivery_id AS d FROM passport.delivery WHERE worker = 'w9' \gset
SELECT passport.complete_deliveries('w9', ARRAY[:r], ARRAY[:d], '{not_begun}', '{stopped}', '{0}');
SELECT attempt, not_before, lease_until, worker FROM passport.delivery WHERE delivery_id = :d;
SELECT begun FROM passport.lane_budget WHERE lane = 'bulk';
SELECT resident_id = :first AS to_first, attempt FROM passport.claim_deliveries('w9', 1, '1 min');
SELECT passport.complete_deliveries('w9', ARRAY[:r], ARRAY[:d], '{not_begun}', '{stopped}', '{60}');
SELECT attempt, not_before BETWEEN now() + interval '50 s' AND now() + interval '70 s' AS waits FROM passport.delivery WHERE delivery_id = :d;
DELETE FROM passport.lane_rule WHERE NOT shipped;
DELETE FROM passport.lane_budget;

-- of lanes of some urgency only
SELECT deliveries FROM passport.notify(ARRAY[:first], 'alert', 'disaster', :'ja');
SELECT count(*) FROM passport.claim_deliveries('w9', 10, '1 min', NULL, 0);
SELECT urgency FROM passport.claim_deliveries('w9', 10, '1 min', NULL, 1);
SELECT urgency FROM passport.claim_deliveries('w9', 10, '1 min', '{fcm}', 4);

-- what no bridge claims ends, too, but for what somebody holds; so many at a time
DELETE FROM passport.delivery;
SELECT deliveries FROM passport.notify(:'reached', 'alert', 'disaster', :'ja', '{}', passport.now() + interval '1 min');
SELECT deliveries FROM passport.notify(ARRAY[:first], 'alert', 'disaster', :'ja');
SELECT count(*) FROM passport.claim_deliveries('w9', 1, '1 min');
SET passport.clock = '2026-07-01 12:10+09';
SELECT passport.expire_deliveries(1);
SELECT passport.run_job('expire_deliveries');
SELECT worker, count(*) FROM passport.delivery GROUP BY worker;

-- how long a next try waits
SELECT passport.retry_delay(1, 0) BETWEEN '1 s' AND '1.5 s', passport.retry_delay(4, 0) BETWEEN '8 s' AND '12 s',
       passport.retry_delay(4, 2) BETWEEN '2 s' AND '2.2 s';

-- refusals
SELECT passport.claim_deliveries('', 1, '1 min');
SELECT passport.claim_deliveries('w', 0, '1 min');
SELECT passport.claim_deliveries('w', 10001, '1 min');
SELECT passport.claim_deliveries('w', 1, '2 hours');
SELECT passport.claim_deliveries('w', 1, '1 month');
SELECT passport.claim_deliveries('w', 1, '0');
SELECT passport.claim_deliveries(NULL, 1, '1 min');
SELECT passport.complete_deliveries('w', '{1}', '{1,2}', '{failed}', '{NULL}', '{0}');
SELECT passport.complete_deliveries('w', '{1}', '{1}', '{lost}', '{NULL}', '{0}');
SELECT passport.complete_deliveries('w', '{1}', '{NULL}', '{failed}', '{NULL}', '{0}');
SELECT passport.complete_deliveries('w', '{1}', '{1}', '{failed}', NULL, '{0}');
SELECT passport.complete_deliveries('w', '{}', '{}', '{}', '{}', '{}');
DELETE FROM passport.delivery;
