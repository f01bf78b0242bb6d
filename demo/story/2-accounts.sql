\pset footer off
SELECT state, count(*) AS accounts FROM passport.account GROUP BY state;
\pset format unaligned
\pset tuples_only on
SELECT format('   %s registrations wait for the staff, who see why:', count(*)) FROM passport.registration WHERE state = 'queued';
SELECT DISTINCT format('     name %s, address %s, birth date %s; others like it: %s',
                       e ->> 'name', e ->> 'address', e ->> 'birth_date', e ->> 'others')
  FROM passport.registration AS r, jsonb_path_query(r.candidates, '$[0].explanation') AS e;
