-- Each phone says under which token it can be reached: its own transaction each,
-- as whom the ID token says.
\pset format unaligned
\pset tuples_only on
\set devices `cat :village/devices.tsv`
INSERT INTO demo.device
SELECT d[1], d[2], d[3] FROM string_to_table(trim(E'\n' FROM :'devices'), E'\n') WITH ORDINALITY AS l(line, ord),
       string_to_array(line, E'\t') AS d WHERE ord > 1;
DO $$
DECLARE
  phone record;
BEGIN
  FOR phone IN SELECT t.token AS id_token, d.channel, d.token
                 FROM demo.token AS t JOIN demo.device AS d USING (resident_number) ORDER BY resident_number LOOP
    PERFORM passport.authenticate(phone.id_token);
    PERFORM passport.register_device(phone.channel, phone.token);
    COMMIT;
  END LOOP;
END $$;
SELECT format('   %s phones registered', count(*)) FROM passport.device;
