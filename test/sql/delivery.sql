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
