-- The health class's roster, given twice; one of the class spends.
\pset tuples_only on
SELECT passport.set_program('health_class', '{"ja": "健康教室", "en": "Health class"}'),
       passport.set_program_rule('health_class', '2026-04-01', '{"points_per_unit": 10, "once_per": "day", "lot_months": 24, "lot_ends_with": "fiscal_year"}') \g /dev/null
CREATE TEMP TABLE attended (resident_number text);
\copy attended FROM PROGRAM 'cat "$PASSPORT_DEMO_VILLAGE/roster.txt"'
