-- notify(): one message, its deliveries, and its key
SET passport.clock = '2026-07-01 12:00+09';
SET timezone = 'Asia/Tokyo';
SET datestyle = iso;
\set VERBOSITY terse
-- what other tests left in the outbox is not ours
DELETE FROM passport.delivery;
INSERT INTO passport.resident (resident_number, name, updated_at)
SELECT 'N' || n, '試験' || n, passport.now() FROM generate_series(1, 4) AS n;
-- 1 has two devices, 2 and 3 one, 4 none
SELECT count(passport.add_device(resident_id, 'fcm', 'token-' || resident_number))
  FROM passport.resident WHERE resident_number IN ('N1', 'N2', 'N3');
SELECT count(passport.add_device(resident_id, 'fcm', 'tablet-' || resident_number))
  FROM passport.resident WHERE resident_number = 'N1';
SELECT array_agg(resident_id ORDER BY resident_id) AS everybody
  FROM passport.resident WHERE resident_number LIKE 'N_' \gset
\set ja '{"ja": {"title": "訓練", "body": "本文"}}'

-- each resident once, each device once
SELECT deliveries, unreachable
  FROM passport.notify(:'everybody'::bigint[] || :'everybody'::bigint[], 'alert', 'evacuation', :'ja');
SELECT r.resident_number, d.urgency, d.attempt, d.not_before, d.created_at
  FROM passport.delivery AS d JOIN passport.resident AS r USING (resident_id)
 ORDER BY d.delivery_id;
SELECT kind, lane, mode, expires_at, deliveries, unreachable
  FROM passport.notification ORDER BY notification_id DESC LIMIT 1;
-- nobody, and nobody known
SELECT deliveries, unreachable FROM passport.notify('{}', 'alert', 'bulk', :'ja');
SELECT deliveries, unreachable FROM passport.notify('{-1}', 'alert', 'bulk', :'ja');

-- the key: the same again, then something else
SELECT notification_id AS first FROM passport.notify(:'everybody', 'card', 'personal', :'ja', event_key => 'k1') \gset
SELECT notification_id = :first AS same, deliveries, unreachable
  FROM passport.notify(:'everybody', 'card', 'personal', :'ja', event_key => 'k1');
SELECT * FROM passport.notify('{1}', 'card', 'personal', :'ja', event_key => 'k1');
SELECT * FROM passport.notify(:'everybody', 'card', 'bulk', :'ja', event_key => 'k1');
SELECT * FROM passport.notify(:'everybody', 'card', 'personal', :'ja', data => '{"a":"b"}', event_key => 'k1');
SELECT count(*) FROM passport.notification WHERE event_key = 'k1';

-- a drill is counted, and nothing of it can be claimed
DELETE FROM passport.delivery;
SELECT deliveries, unreachable FROM passport.notify(:'everybody', 'alert', 'evacuation', :'ja', mode => 'drill');
SELECT count(*) FROM passport.claim_deliveries('w', 100, '1 min');
SELECT outcome, attempts, count(*) FROM passport.delivery_outcome
 WHERE resident_id = ANY (:'everybody') GROUP BY 1, 2;

-- refusals: each by its code
SELECT passport.notify(NULL, 'a', 'bulk', :'ja');
SELECT passport.notify('{NULL}', 'a', 'bulk', :'ja');
SELECT passport.notify('{{1},{2}}', 'a', 'bulk', :'ja');
SELECT passport.notify('{1}', '', 'bulk', :'ja');
SELECT passport.notify('{1}', 'a', 'urgent', :'ja');
SELECT passport.notify('{1}', 'a', 'urgent', :'ja', event_key => 'k2');
SELECT passport.notify('{1}', 'a', 'bulk', :'ja', mode => 'test');
SELECT passport.notify('{1}', 'a', 'bulk', '[]');
SELECT passport.notify('{1}', 'a', 'bulk', '{}');
SELECT passport.notify('{1}', 'a', 'bulk', '{"en": {"title": "t", "body": "b"}}');
SELECT passport.notify('{1}', 'a', 'bulk', '{"ja": "t"}');
SELECT passport.notify('{1}', 'a', 'bulk', '{"ja": {"title": "t"}}');
SELECT passport.notify('{1}', 'a', 'bulk', '{"ja": {"title": "t", "body": ""}}');
SELECT passport.notify('{1}', 'a', 'bulk', '{"ja": {"title": "t", "body": "b", "url": "u"}}');
SELECT passport.notify('{1}', 'a', 'bulk', '{"ja": {"title": "t", "body": "b"}, "日本": {"title": "t", "body": "b"}}');
SELECT passport.notify('{1}', 'a', 'bulk', jsonb_build_object('ja', jsonb_build_object('title', 't', 'body', repeat('あ', 1167))));
SELECT passport.notify('{1}', 'a', 'bulk', :'ja', data => '{"a": 1}');
SELECT passport.notify('{1}', 'a', 'bulk', :'ja', data => '{"a": {"b": "c"}}');
SELECT passport.notify('{1}', 'a', 'bulk', :'ja', data => '{"google.x": "c"}');
SELECT passport.notify('{1}', 'a', 'bulk', :'ja', data => '{"aps": "c"}');
-- counted as JSON writes it: quotation marks count with their backslashes
SELECT passport.notify('{1}', 'a', 'bulk', jsonb_build_object('ja', jsonb_build_object('title', 't', 'body', repeat('"', 1750))));
SELECT deliveries FROM passport.notify('{-1}', 'a', 'bulk', jsonb_build_object('ja', jsonb_build_object('title', 't', 'body', repeat('"', 1749))));
SELECT passport.notify('{1}', 'a', 'bulk', jsonb_build_object('ja', jsonb_build_object('title', 't', 'body', repeat(E'\x01', 584))));
SELECT passport.notify('{1}', 'a', 'bulk', :'ja', collapse_key => repeat('k', 65));
DELETE FROM passport.delivery;
