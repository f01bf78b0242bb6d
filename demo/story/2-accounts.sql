\pset footer off
SELECT state, count(*) AS accounts FROM passport.account GROUP BY state;
\pset tuples_only on
SELECT format('   %s registrations wait for the staff: the card and the register agree in all but %s', count(*),
              coalesce(string_agg(DISTINCT field, ', '), 'nothing'))
  FROM passport.registration AS r
  LEFT JOIN LATERAL jsonb_path_query(r.candidates, '$[*].explanation') AS e(explanation) ON true
  LEFT JOIN LATERAL jsonb_each(e.explanation) AS x(field, why) ON why #>> '{}' = 'different';
