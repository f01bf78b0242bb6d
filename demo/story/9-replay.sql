-- The alert from reading to door.
\pset format unaligned
\pset tuples_only on
SELECT max(alert_id) AS alert_id FROM passport.alert \gset
\echo '   what happened, as anybody may check it afterwards:'
SELECT format('   %s  %s %s %s', to_char(at, 'MM-DD HH24:MI'), rpad(step, 10), rpad(coalesce(who, ''), 10),
         CASE step
         WHEN 'reading' THEN format('%s m, stage %s', to_char((what ->> 'value')::float8, 'FM990.00'), what ->> 'stage')
         WHEN 'area' THEN format('%s km² of %s zones', what ->> 'km2', jsonb_array_length(what -> 'zones'))
         WHEN 'draft' THEN format('level %s, %s residents in %s households, %s need help', what ->> 'level', what ->> 'headcount', what ->> 'households', what ->> 'needing_help')
         WHEN 'approval' THEN format('%s messages to %s', what ->> 'deliveries', what ->> 'recipients')
         WHEN 'update' THEN format('level %s, %s messages to %s', what ->> 'level', what ->> 'deliveries', what ->> 'recipients')
         WHEN 'deliveries' THEN format('%s %s, the first at %s', what ->> 'count', what ->> 'outcome', to_char((what ->> 'first_at')::timestamptz, 'HH24:MI'))
         WHEN 'answers' THEN format('%s %s', what ->> 'persons', what ->> 'answer')
         WHEN 'list' THEN format('%s persons of %s', what ->> 'persons', what ->> 'list') END)
  FROM passport.replay_alert(:alert_id) WITH ORDINALITY ORDER BY ordinality;
