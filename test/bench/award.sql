-- 100,000 residents and a program with one rule
INSERT INTO passport.resident (resident_number, name, updated_at)
SELECT 'A' || i, 'bench', now() FROM generate_series(1, 100000) AS i;
SELECT passport.set_program('bench', '{"ja": "測定"}');
SELECT passport.set_program_rule('bench', '2020-01-01', '{"points_per_unit": 1, "lot_months": 12, "lot_ends_with": "fiscal_year"}');
VACUUM ANALYZE passport.resident;
-- Everybody's account is open, as simple-update's accounts are there already.
SELECT awarded FROM passport.award_roster('bench', 'opening', (SELECT array_agg(resident_id) FROM passport.resident), now());
VACUUM ANALYZE passport.point_account, passport.point_entry;
