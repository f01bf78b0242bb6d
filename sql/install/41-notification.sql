-- Notifications: what is said, to be carried to each device as a delivery

CREATE TABLE passport.notification (
  notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id uuid NOT NULL DEFAULT gen_random_uuid(),
  kind text NOT NULL,
  lane text NOT NULL REFERENCES passport.lane,
  mode text NOT NULL CHECK (mode IN ('live', 'drill')),
  texts jsonb NOT NULL,
  holds_code boolean NOT NULL DEFAULT false,
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
'Messages as decided, in every language; digest: SHA-256 of what the caller asked for, to tell a repeated call from a conflicting one; message_id: the same in no other database, of which the keys are made that providers know deliveries by; holds_code: a one-time code is in the texts, which forget_codes takes out.';
CREATE INDEX notification_collapse ON passport.notification (collapse_key) WHERE collapse_key IS NOT NULL;
CREATE INDEX notification_code ON passport.notification (notification_id) WHERE holds_code;
CREATE INDEX notification_expires ON passport.notification (expires_at);
