-- The health class's roster, given twice; one of the class spends.
\pset format unaligned
\pset tuples_only on
SELECT passport.set_program('health_class', '{"ja": "健康教室", "en": "Health class"}'),
       passport.set_program_rule('health_class', '2026-04-01', '{"points_per_unit": 10, "once_per": "day", "lot_months": 24, "lot_ends_with": "fiscal_year"}') \g /dev/null
\set roster `cat :village/roster.txt`
SELECT array_agg(resident_id ORDER BY resident_id) AS class, min(resident_id) AS one
  FROM string_to_table(:'roster', E'\n') AS line
  JOIN passport.resident_directory ON resident_number = line \gset
\set award 'SELECT format(''   roster: %s awarded, %s repeated, %s refused, %s points'', awarded, repeated, refused, points) FROM passport.award_roster(''health_class'', ''class-2026-06-29'', :''class'', ''2026-06-29 10:00+09'')'
:award;
\echo '   the same roster once more:'
:award;
SELECT format('   one of the class spends 3: balance %s; at the end of the next fiscal year, unless spent, %s',
              balance, passport.point_balance(:one, '2029-04-01 00:00+09'))
  FROM passport.spend_points(:one, 3, 'お茶 1杯', 'till-1-0001');
SELECT format('   invariants of the ledger broken: %s', count(*)) FROM passport.check_ledger();
