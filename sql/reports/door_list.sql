-- At which doors to knock about an alert, in the order of the walk: psql -X -v alert=NUMBER -f sql/reports/door_list.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 戸別訪問（急ぐ順、道順） / Door list ==
SELECT stop AS "順", (ARRAY['助け', '要支援', ''])[urgency] AS "急ぎ", array_to_string(names, E'\n') AS "氏名 names",
       household_number AS "世帯", coalesce(address, oaza) AS "住所 address", lpad(metres || ' m', 7) AS "歩く walk", '' AS "訪問 done"
  FROM passport.door_list(:alert);
