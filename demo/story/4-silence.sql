-- The watchdog: of which gauge nothing comes, and whether that is its design.
\pset format unaligned
\pset tuples_only on
SELECT passport.watch_sensors() \g /dev/null
SELECT format('   nothing from %s since %s: %s', s.name, to_char(w.latest_at, 'MM-DD HH24:MI'),
              CASE w.condition WHEN 'silent' THEN 'no heartbeat for ' || extract(day FROM passport.now() - w.latest_at) || ' days, somebody must look'
                               ELSE format('%s m is below its start level %s, silent by design', to_char(n.value, 'FM990.00'), to_char(s.start_level, 'FM990.00')) END)
  FROM passport.sensor_watch AS w JOIN passport.sensor AS s USING (sensor) JOIN passport.sensor_state AS n USING (sensor)
 WHERE w.condition IN ('silent', 'resting') ORDER BY w.condition DESC;
