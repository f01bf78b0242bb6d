-- The last flood is over, the gauge is down; then it reaches stage 2.  Answers
-- with the times at which the reading came and at which it was committed.
UPDATE passport.alert SET state = 'ended', ended_at = now() WHERE sensor = 'latency' AND state = 'approved';
UPDATE passport.device SET token = regexp_replace(token, '^flood-\d+-', 'flood-' || :'flood' || '-') WHERE token LIKE 'flood-%';
UPDATE passport.sensor_state SET stage = 0, since = NULL, observed_at = now() - interval '1 minute', value = 2.9, below_since = NULL, seen_at = now() - interval '1 minute'
 WHERE sensor = 'latency';
SELECT extract(epoch FROM clock_timestamp()) AS came \gset
SELECT passport.record_readings('latency', ARRAY[now()], ARRAY[3.1]) \g /dev/null
SELECT :came, extract(epoch FROM clock_timestamp());
