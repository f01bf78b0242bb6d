-- Those whom the alert reached answer, each as whom their ID token says; most
-- are safe, some went to a shelter, a few need help or saw damage.
\pset format unaligned
\pset tuples_only on
TRUNCATE demo.token;
\copy demo.token FROM demo/run/tokens.tsv
DO $$
DECLARE
  phone record;
  said text;
BEGIN
  FOR phone IN
    SELECT t.token, r.resident_id, a.alert_id, st_x(r.location) AS lon, st_y(r.location) AS lat,
           row_number() OVER (ORDER BY r.resident_id) AS n
      FROM demo.token AS t JOIN passport.resident AS r USING (resident_number)
      JOIN passport.alert_recipient AS p USING (resident_id)
      JOIN passport.alert AS a USING (alert_id)
      JOIN passport.device AS d USING (resident_id)
     WHERE d.state = 'active'
  LOOP
    CONTINUE WHEN phone.n % 6 = 5;  -- asleep
    said := (ARRAY['safe', 'safe', 'evacuated', 'safe', 'need_help', 'safe', 'evacuated', 'safe', 'safe', 'damage'])[1 + phone.n % 10];
    PERFORM passport.authenticate(phone.token);
    PERFORM passport.answer_alert(phone.alert_id, said, phone.lon, phone.lat,
              CASE said WHEN 'damage' THEN '用水路があふれています' WHEN 'need_help' THEN '足が悪く、迎えが必要です' END);
    COMMIT;
  END LOOP;
END $$;
\pset format aligned
\pset tuples_only off
\pset footer off
SELECT answer, count(*) AS people FROM passport.alert_answer GROUP BY answer ORDER BY 2 DESC;
