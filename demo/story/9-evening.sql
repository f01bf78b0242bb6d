\pset format unaligned
\pset tuples_only on
SELECT demo.replay('uminokuchi', 9, '2026-07-01 15:00+09');
