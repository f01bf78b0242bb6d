\pset format unaligned
\pset tuples_only on
\echo '   2026-06-01, 馬流橋: low water, drawn for the demo, with the false spike that its gauge showed that night'
SELECT demo.replay('managashi', 3, 'infinity');
SELECT format('   stage now %s; alerts drafted: %s; people told: %s', stage,
              (SELECT count(*) FROM passport.alert), (SELECT count(*) FROM passport.delivery))
  FROM passport.sensor_state WHERE sensor = 'managashi';
