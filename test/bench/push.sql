-- 100,000 devices, and a message for each of them.
INSERT INTO passport.resident (resident_number, name, updated_at)
SELECT 'P' || n, '負荷', now() FROM generate_series(1, 100000) AS n ON CONFLICT DO NOTHING;
INSERT INTO passport.device (resident_id, channel, token, registered_at)
SELECT resident_id, 'fcm', rpad(resident_number || '_', 142, 'x'), now()
  FROM passport.resident AS r
 WHERE resident_number LIKE 'P%'
   AND NOT EXISTS (SELECT FROM passport.device AS d WHERE d.resident_id = r.resident_id);
ANALYZE passport.device;
SELECT deliveries FROM passport.notify(
  (SELECT array_agg(resident_id) FROM passport.device), 'alert', 'evacuation',
  '{"ja": {"title": "避難指示", "body": "警戒レベル4。千曲川の水位が上がっています。今すぐ避難してください。"}}',
  '{"alert_id": "1"}');
