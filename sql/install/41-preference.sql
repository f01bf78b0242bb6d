-- Preferences: which kinds of messages a resident wants through which channel

CREATE TABLE passport.preference (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
  channel text NOT NULL REFERENCES passport.channel,
  declined_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, kind, channel)
);
COMMENT ON TABLE passport.preference IS
'What residents declined: a kind of message on a channel. What is not here is wanted.';

CREATE FUNCTION passport.set_preference(kind text, channel text, wanted boolean) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  acting bigint;
BEGIN
  PERFORM passport.require_level('set_preference');
  acting := passport.record_act('set_preference');
  IF coalesce(kind, '') !~ '^[a-z_]{1,40}$' THEN
    PERFORM passport.refuse('/kind', 'malformed_kind', 'A kind is 1 to 40 of a-z and _, such as renewal.');
  ELSIF NOT EXISTS (SELECT FROM passport.channel AS c WHERE c.channel = set_preference.channel AND c.channel <> 'call') THEN
    PERFORM passport.refuse('/channel', 'unknown_channel', 'The channel is fcm, apns, webpush, line or smtp.');
  ELSIF wanted IS NULL THEN
    PERFORM passport.refuse('/wanted', 'missing', 'wanted is true or false.');
  END IF;
  IF wanted THEN
    DELETE FROM passport.preference AS p WHERE p.resident_id = acting AND p.kind = set_preference.kind AND p.channel = set_preference.channel;
    RETURN;
  END IF;
  PERFORM FROM passport.resident AS r WHERE r.resident_id = acting FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM passport.preference AS p WHERE p.resident_id = acting) >= 200 THEN
    RAISE EXCEPTION 'too many preferences' USING ERRCODE = 'PT429';
  END IF;
  INSERT INTO passport.preference VALUES (acting, kind, channel, passport.now())
  ON CONFLICT ON CONSTRAINT preference_pkey DO NOTHING;
END $$;
COMMENT ON FUNCTION passport.set_preference(text, text, boolean) IS
'Whether the acting resident wants a kind of message through a channel. kind: as notify() has it, such as renewal; channel: fcm, apns, webpush, line or smtp; wanted: false declines. Messages of lanes that warn of danger come in any case. Errors: PT401 nobody acts, PT422 malformed, PT429 more than 200.';

CREATE FUNCTION passport.my_preferences() RETURNS TABLE (kind text, channel text, declined_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting bigint;
BEGIN
  PERFORM passport.require_level('set_preference');
  acting := passport.record_act('my_preferences');
  RETURN QUERY SELECT p.kind, p.channel, p.declined_at FROM passport.preference AS p
                WHERE p.resident_id = acting ORDER BY p.kind, p.channel;
END $$;
COMMENT ON FUNCTION passport.my_preferences() IS
'What the acting resident has declined: kinds of messages, each on a channel. PT401 when nobody acts.';
