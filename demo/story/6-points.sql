-- The health class's roster, given twice; one of the class spends.
\pset tuples_only on
SELECT passport.set_program('health_class', '{"ja": "健康教室", "en": "Health class"}'),
       passport.set_program_rule('health_class', '2026-04-01', '{"points_per_unit": 10, "once_per": "day", "lot_months": 24, "lot_ends_with": "fiscal_year"}') \g /dev/null
CREATE TEMP TABLE attended (resident_number text);
\copy attended FROM PROGRAM 'cat "$PASSPORT_DEMO_VILLAGE/roster.txt"'
SELECT array_agg(resident_id ORDER BY resident_id) AS class, min(resident_id) AS one
  FROM attended JOIN passport.resident_directory USING (resident_number) \gset
\set roster 'SELECT format(''   roster: %s awarded, %s repeated, %s refused, %s points'', awarded, repeated, refused, points) FROM passport.award_roster(''health_class'', ''class-2026-06-29'', :''class'', ''2026-06-29 10:00+09'')'
:roster;
\echo '   the same roster once more:'
:roster;
SELECT format('   one of the class spends 3: balance %s; at the end of the next fiscal year, unless spent, %s',
              balance, passport.point_balance(:one, '2029-04-01 00:00+09'))
  FROM passport.spend_points(:one, 3, 'お茶 1杯', 'till-1-0001');
SELECT format('   invariants of the ledger broken: %s', count(*)) FROM passport.check_ledger();
