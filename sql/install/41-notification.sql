-- Notifications: what is said, to be carried to each device as a delivery

CREATE TABLE passport.lane (
  lane text PRIMARY KEY,
  urgency smallint NOT NULL UNIQUE,
  priority text NOT NULL CHECK (priority IN ('high', 'normal')),
  lifetime interval NOT NULL CHECK (lifetime > '0' AND lifetime <= '28 days'),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.lane IS
'Lanes of messages, the most urgent first; lifetime: how long a message without an expiry of its own may still be sent (FCM keeps one for 28 days at most).';
INSERT INTO passport.lane VALUES
  ('evacuation', 0, 'high', '1 day', true),
  ('disaster', 1, 'high', '1 day', true),
  ('personal', 2, 'normal', '7 days', true),
  ('broadcast', 3, 'high', '1 day', true),
  ('bulk', 4, 'normal', '3 days', true);

CREATE TABLE passport.notification (
  notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  lane text NOT NULL REFERENCES passport.lane,
  mode text NOT NULL CHECK (mode IN ('live', 'drill')),
  texts jsonb NOT NULL,
  data jsonb NOT NULL,
  collapse_key text,
  expires_at timestamptz NOT NULL,
  event_key text UNIQUE,
  digest bytea NOT NULL,
  deliveries bigint NOT NULL,
  unreachable bigint NOT NULL,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.notification IS
'Messages as decided, in every language; digest: SHA-256 of what the caller asked for, to tell a repeated call from a conflicting one.';
