\pset format unaligned
\pset tuples_only on
\echo '   2026-06-30, 海ノ口: the flood that another river had on 2023-07-01, every ten minutes'
SELECT demo.replay('uminokuchi', 4, 'infinity');
