\pset footer off
SELECT outcome, coalesce(nullif(detail, ''), '-') AS detail, attempts, count(*) AS deliveries
  FROM passport.delivery_outcome GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
\pset format unaligned
\pset tuples_only on
SELECT format('   devices: %s active, %s retired (their tokens are dead)',
              count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state = 'retired'))
  FROM passport.device;
