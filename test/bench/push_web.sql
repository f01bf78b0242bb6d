-- A browser instead of each app, and a message for each of them, to be encrypted.
UPDATE passport.device SET state = 'retired', retired_at = now(), retired_reason = 'bench' WHERE channel = 'fcm' AND state = 'active';
INSERT INTO passport.device (resident_id, channel, token, keys, registered_at)
SELECT resident_id, 'webpush', :'endpoint' || resident_number,
       '{"auth": "BTBZMqHH6r4Tts7J_aSIgg", "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}', now()
  FROM passport.resident AS r
 WHERE resident_number LIKE 'P%'
   AND NOT EXISTS (SELECT FROM passport.device AS d WHERE d.resident_id = r.resident_id AND d.channel = 'webpush');
ANALYZE passport.device;
SELECT deliveries FROM passport.notify(
  (SELECT array_agg(resident_id) FROM passport.device WHERE channel = 'webpush'), 'alert', 'evacuation',
  '{"ja": {"title": "避難指示", "body": "警戒レベル4。千曲川の水位が上がっています。今すぐ避難してください。"}}',
  '{"alert_id": "1"}');
