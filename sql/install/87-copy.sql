-- A resident's own copy of all that is held about them

CREATE TABLE passport.copy_omission (
  table_name text NOT NULL,
  column_name text NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
  applies text[] NOT NULL DEFAULT '{always}' CHECK (applies <@ '{always,guardian,household}' AND cardinality(applies) > 0),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE passport.copy_omission IS
'What my_data() leaves out of the tables with a resident_id, and why; column_name * is the whole table. applies: always, or only where a guardian acts (guardian) or the address is protected for somebody else of the household (household). test/sql/catalog.sql asks for a reason where a table cannot be read by resident.';
INSERT INTO passport.copy_omission (table_name, column_name, reason, shipped) VALUES
  ('certificate_directory', '*', 'account_certificate has the same, by resident.', true),
  ('device_directory', '*', 'A digest of what device has.', true),
  ('resident_match_key', '*', 'Made from the entry in the register, which is in the copy.', true),
  ('subject_directory', '*', 'Numbers under which services know the account; who has one could find the account there.', true),
  ('device', 'token', 'Who has it can send to the device.', true),
  ('device', 'keys', 'As the token.', true),
  ('device_code', 'code_digest', 'Who has the code needs no address.', true),
  ('line_link_directory', '*', 'A digest of a number that is good for ten minutes.', true),
  ('ppid_directory', 'ppid_digest', 'A hash of a number that the digital authentication app gave.', true),
  ('guardianship', 'guardian_id', 'Another person.', true),
  ('alert_answer', 'answerer_id', 'Another person, where one of the household or a guardian answered.', true),
  ('whereabouts', 'reporter_id', 'Another person, where one of the household or a guardian said it.', true),
  ('audit_record', 'holder_id', 'Another person; my_access_log() names them.', true),
  ('consent_event', 'decided_by', 'Another person, where a guardian decided; my_consent_history() says which.', true),
  ('emergency_contact', 'name', 'Another person; my_emergency_contacts() says whom you named.', true),
  ('emergency_contact', 'number', 'Another person''s.', true),
  ('need_roster', 'supporters', 'Other persons.', true);
INSERT INTO passport.copy_omission (table_name, column_name, applies, reason, shipped) VALUES
  ('address_protection', '*', '{guardian}', 'Whoever asked for protection may have asked for it against this guardian.', true),
  ('protection_event', '*', '{guardian}', 'As address_protection.', true),
  ('import_effect', '*', '{guardian}', 'It can tell of a protection.', true),
  ('resident', 'protected', '{guardian}', 'As address_protection.', true),
  ('resident', 'address', '{household}', 'Somebody else of the household asked to have it kept from everybody. Ask at the counter.', true),
  ('resident', 'oaza', '{household}', 'As address.', true),
  ('resident', 'koaza', '{household}', 'As address.', true),
  ('resident', 'lot', '{household}', 'As address.', true),
  ('resident', 'building', '{household}', 'As address.', true),
  ('resident', 'location', '{household}', 'As address.', true),
  ('resident_history', 'record', '{guardian,household}', 'Records from before have addresses, and tell of a protection.', true),
  ('alert_answer', 'location', '{household}', 'It can be at the address.', true),
  ('alert_answer', 'note', '{household}', 'It can tell of the address.', true),
  ('question_recipient', 'location', '{household}', 'It can be at the address.', true),
  ('question_recipient', 'note', '{household}', 'It can tell of the address.', true),
  ('registered_place', 'location', '{household}', 'It can be at the address.', true),
  ('resident_group', 'group_name', '{household}', 'Its members live side by side.', true),
  ('whereabouts', 'location', '{household}', 'It can be at the address.', true);
INSERT INTO passport.operation_policy (operation, holds_from, acr, max_age, shipped) VALUES
  ('my_data', '-infinity', 'jpki.authentication', '1 hour', true);

CREATE FUNCTION passport.copied_table(cases text[] DEFAULT '{always}')
  RETURNS TABLE (name text, relation regclass, left_out text[])
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.relname::text, c.oid::regclass,
         ARRAY(SELECT o.column_name FROM passport.copy_omission AS o
                WHERE o.table_name = c.relname AND o.applies && cases)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
   WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = 'passport')
     AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'resident_id' AND NOT a.attisdropped
     AND NOT EXISTS (SELECT FROM passport.copy_omission AS o
                      WHERE o.table_name = c.relname AND o.column_name = '*' AND o.applies && cases);
END;
COMMENT ON FUNCTION passport.copied_table(text[]) IS
'The tables of which a resident''s copy is made: all with a resident_id but those left out with a reason, and the columns left out. cases: which reasons apply, as in copy_omission.';

CREATE FUNCTION passport.my_data() RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  most CONSTANT int := 10000;
  acting bigint;
  standing record;
  cases text[] := '{always}';
  part record;
  held jsonb;
  copy jsonb := '{}';
  cut text[] := '{}';
BEGIN
  acting := passport.require_level('my_data');
  PERFORM passport.record_act('my_data');
  -- of their own or with their household, decided or only asked for, from today or from a day to come
  SELECT count(*) > 0 AS any, coalesce(bool_or(p.resident_id = acting), false) AS own INTO standing
    FROM passport.resident AS r
    JOIN passport.resident AS m ON m.resident_id = r.resident_id OR m.household_number = r.household_number
    JOIN passport.address_protection AS p ON p.resident_id = m.resident_id
   WHERE r.resident_id = acting AND p.state <> 'ended';
  IF passport.acting_holder() <> acting THEN
    -- the guardian may be the one from whom the address is kept
    IF standing.any THEN
      RAISE EXCEPTION 'a guardian is not given this' USING ERRCODE = 'PT403', HINT = 'Ask at the counter.';
    END IF;
    cases := cases || 'guardian'::text;
  ELSIF standing.any AND NOT standing.own THEN
    cases := cases || 'household'::text;
  END IF;
  FOR part IN SELECT t.* FROM passport.copied_table(cases) AS t ORDER BY t.name LOOP
    EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(t) - $2), ''[]'') FROM (SELECT * FROM %s WHERE resident_id = $1 LIMIT $3) AS t',
                   part.relation)
      INTO held USING acting, part.left_out, most + 1;
    IF jsonb_array_length(held) > most THEN
      held := held - most;
      cut := cut || part.name;
    END IF;
    copy := copy || jsonb_build_object(part.name, held);
  END LOOP;
  SELECT coalesce(jsonb_agg(jsonb_build_object('notification_id', n.notification_id, 'kind', n.kind, 'created_at', n.created_at,
                    'text', coalesce(n.texts -> r.language, n.texts -> 'ja'))), '[]') INTO held
    FROM passport.resident AS r
   CROSS JOIN LATERAL (SELECT o.notification_id FROM passport.delivery_outcome AS o WHERE o.resident_id = r.resident_id
                       UNION SELECT d.notification_id FROM passport.delivery AS d WHERE d.resident_id = r.resident_id
                       LIMIT most) AS told
    JOIN passport.notification AS n ON n.notification_id = told.notification_id
   WHERE r.resident_id = acting;
  RETURN jsonb_build_object('made_at', passport.now(), 'resident_id', acting, 'incomplete', to_jsonb(cut),
                            'left_out', (SELECT jsonb_agg(to_jsonb(o) - '{shipped,applies}'::text[] ORDER BY o.table_name, o.column_name)
                                           FROM passport.copy_omission AS o WHERE o.applies && cases),
                            'held', copy || jsonb_build_object('notification', held));
END $$;
COMMENT ON FUNCTION passport.my_data() IS
'The acting resident''s copy of all that is held about them: held has the rows of each table by its name, with one''s own address also while it is protected for oneself, and the messages that were sent; left_out says what is not in it and why; incomplete names tables with more than 10,000 rows, of which these are there. Data of others in the household are in no row of one''s own. Where somebody else of the household alone asked for protection, the address is theirs to show: it is left out. A guardian is not given a copy while the address is protected, asked to be or is to be (PT403), and never what was asked for. PT401 when nobody acts or the login is not fresh enough.';
