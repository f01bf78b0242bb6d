-- Suzuki looks at the draft and approves it, confirming the head-count.
\pset format unaligned
\pset tuples_only on
SELECT alert_id, headcount, array_to_string(area_names, '、') AS names, texts #>> '{ja,body}' AS body
  FROM passport.alert_draft ORDER BY alert_id DESC LIMIT 1 \gset
SELECT * FROM passport.approve_alert(:alert_id, :headcount) \gset
\echo '   suzuki approves alert' :alert_id 'for' :names
\echo '   「':body'」'
\echo '   ' :recipients 'recipients,' :deliveries 'messages to their phones,' :unreachable 'without a phone: call and door lists'
