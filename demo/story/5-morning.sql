\pset format unaligned
\pset tuples_only on
\echo '   the gauge goes on until the morning:'
SELECT demo.replay('uminokuchi', 9, '2026-07-01 10:00+09');
