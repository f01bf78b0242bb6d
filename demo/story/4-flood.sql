\pset format unaligned
\pset tuples_only on
\echo '   2026-06-30, 海ノ口: a flood and its rain, drawn for the demo, every ten minutes'
SELECT demo.replay('itabashi', 1, '2026-06-28 12:00+09') \g /dev/null
SELECT demo.replay('uminokuchi', 3, 'infinity');
SELECT format('   it rises by %s m an hour: stage %s (%s) at %s, between %s and %s; a forecast alone is reason for level %s at most',
              to_char(rate, 'FM990.0'), stage, name, to_char(expected_at, 'HH24:MI'), to_char(earliest_at, 'HH24:MI'),
              to_char(latest_at, 'HH24:MI'), alert_level)
  FROM passport.sensor_forecast('uminokuchi') WHERE stage = 4;
SELECT format('   its rain gauge saw %s mm in an hour', max(value)) FROM passport.reading WHERE sensor = 'nobeyama_rain';
SELECT demo.replay('uminokuchi', 4, 'infinity');
