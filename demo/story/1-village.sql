\pset format unaligned
\pset tuples_only on
SELECT format('   %s residents in %s households, %s of foreign nationality, %s shelters',
              count(*), count(DISTINCT household_number), count(*) FILTER (WHERE nationality_class <> 'japanese'),
              (SELECT count(*) FROM passport.shelter))
  FROM passport.resident;
\pset format aligned
\pset tuples_only off
\pset footer off
SELECT oaza, count(*) AS residents, count(DISTINCT household_number) AS households,
       count(*) FILTER (WHERE needs_help) AS "need help"
  FROM passport.resident GROUP BY oaza ORDER BY 2 DESC;
