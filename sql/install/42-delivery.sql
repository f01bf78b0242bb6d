-- Deliveries: one notification to one device

-- The hot table: only what is yet to be sent or being sent; finished rows
-- leave it.  A claim changes no indexed column, so that with half of each page
-- free it is a heap-only update.  Rows enter through notify() alone, which
-- reads them from passport.device: foreign keys would check each of a million
-- rows again, for longer than the insert takes.
CREATE TABLE passport.delivery (
  resident_id bigint NOT NULL,
  delivery_id bigint GENERATED ALWAYS AS IDENTITY,
  notification_id bigint NOT NULL,
  device_id bigint NOT NULL,
  channel text NOT NULL,
  urgency smallint NOT NULL,
  attempt int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  not_before timestamptz,
  lease_until timestamptz,
  worker text,
  PRIMARY KEY (resident_id, delivery_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_scale_factor = 0.5);
COMMENT ON TABLE passport.delivery IS
'Deliveries that wait or are claimed; live ones only, a drill''s never enter. not_before: set when a try has failed; attempt: tries begun; worker, lease_until: who has it and until when.';
-- Fresh rows in the order in which they are sent, and those that wait for a
-- next try apart, so that a million of these are not walked over at each claim.
-- By channel: what a slow provider holds up stands in nobody else's way.
CREATE INDEX delivery_fresh ON passport.delivery (urgency, channel, delivery_id) WHERE not_before IS NULL;
CREATE INDEX delivery_waiting ON passport.delivery (urgency, channel, not_before) WHERE not_before IS NOT NULL;

CREATE TABLE passport.delivery_outcome (
  resident_id bigint NOT NULL,
  delivery_id bigint NOT NULL,
  notification_id bigint NOT NULL,
  device_id bigint NOT NULL,
  outcome text NOT NULL
    CHECK (outcome IN ('delivered', 'retired', 'failed', 'expired', 'drill', 'withdrawn', 'superseded')),
  detail text,
  attempts int NOT NULL,
  created_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, delivery_id)
);
COMMENT ON TABLE passport.delivery_outcome IS
'What became of each delivery: delivered (the provider took it), retired (the token was dead), failed, expired (never sent: too late), drill (never meant to be sent), withdrawn (before it was sent the resident died, or the database was restored elsewhere: release_outbox), superseded (a later message took its place before it was sent).';
CREATE INDEX delivery_outcome_notification ON passport.delivery_outcome (notification_id);

-- Places of channels that a message has yet to come to.
CREATE TABLE passport.notification_step (
  notification_id bigint NOT NULL REFERENCES passport.notification,
  place smallint NOT NULL,
  due_at timestamptz NOT NULL,
  PRIMARY KEY (notification_id, place)
);
COMMENT ON TABLE passport.notification_step IS
'When a message goes to channels of a further place, for those to whom nothing of it was delivered until then (follow_up).';
CREATE INDEX notification_step_due ON passport.notification_step (due_at);

CREATE FUNCTION passport.notify(
  resident_ids bigint[], kind text, lane text, texts jsonb, data jsonb DEFAULT '{}',
  expires_at timestamptz DEFAULT NULL, collapse_key text DEFAULT NULL, mode text DEFAULT 'live',
  event_key text DEFAULT NULL,
  OUT notification_id bigint, OUT deliveries bigint, OUT unreachable bigint) RETURNS record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET work_mem = '128MB'
  AS 'MODULE_PATHNAME', 'passport_notify';
COMMENT ON FUNCTION passport.notify(bigint[], text, text, jsonb, jsonb, timestamptz, text, text, text) IS
'Puts a message to residents into the outbox and wakes the bridge (NOTIFY passport_outbox). Each resident is told through their channels of the first place that they have one of (passport.channel); the others follow when passport.fallback says so. resident_ids: to whom, each once however often named; kind: 1 to 100 characters, such as alert; lane: evacuation, disaster, personal, broadcast or bulk; texts: {"ja": {"title": "...", "body": "..."}, "en": {...}}, ja is required, each device gets its own language, else the resident''s, else ja; data: flat object of strings for the app, no key may be from, gcm, aps or notification_id or begin with google; the longest language''s title and body and the data together have at most 3,500 bytes as JSON writes them (FCM and APNs take 4,096); expires_at: not sent after this, NULL for the lane''s lifetime; collapse_key: a later message with the same key replaces this one on the device, at most 64 characters; mode: live or drill, a drill''s deliveries to residents are counted and finished at once and can never be sent; event_key: the caller''s, at most 200 characters. Returns the notification, how many deliveries it has, and how many residents have no active device that the lane uses: where the lane uses the call list they are on it at once. A resident who declined the kind on a channel (set_preference) is not told through it, unless the lane warns of danger. The same event_key with the same content returns the first answer. Errors: PT409 event_key used with other content, PT422 malformed. Source of the limits: FCM HTTP v1 reference.';

-- A queue grows and empties faster than anybody analyzes it, so that its
-- statistics are always wrong: the two functions below walk by index, always.
-- What is switched off only costs more, so that plans look dear: hence no JIT.
CREATE FUNCTION passport.claim_deliveries(
  worker text, batch int, lease interval, channels text[] DEFAULT NULL, least_urgency int DEFAULT NULL,
  OUT resident_id bigint, OUT delivery_id bigint, OUT channel text, OUT token text, OUT keys jsonb,
  OUT title text, OUT body text, OUT data jsonb, OUT collapse_key text, OUT ttl int,
  OUT priority text, OUT attempt int, OUT notification_id bigint, OUT message_id uuid, OUT urgency smallint) RETURNS SETOF record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
  AS 'MODULE_PATHNAME', 'passport_claim_deliveries';
COMMENT ON FUNCTION passport.claim_deliveries(text, int, interval, text[], int) IS
'Gives a worker deliveries to send, the most urgent lane first, the oldest first within it, none that another worker holds. worker: a name that only this process has, 1 to 100 characters; batch: at most so many rows, 1 to 10000; lease: the rows are this worker''s for so long (at most an hour) and then anybody''s again; channels: of which channels, NULL for all; what is not sent because its provider is slow stays out of the way of the others so; least_urgency: of lanes that are this urgent or more (0 is the most urgent), NULL for all: so a worker that holds enough of a slow provider''s bulk still takes what warns of danger. Nothing of a lane in its quiet hours, nor more of it in a minute than its rule allows. keys: as registered; ttl: seconds that the message is still worth delivering; priority: high or normal; attempt: 1 for the first try; message_id: with delivery_id what no other delivery has, of which the keys for providers are made; urgency: of its lane. Deliveries that have expired, whose device was retired or is gone, or that a later live message with the same collapse_key has replaced for the resident (superseded), are finished here and not returned. What is replaced while a worker holds it, that worker has to hand back: NOTIFY passport_outbox says of which key a new message is (the first 16 hex digits of its SHA-256, empty where there is no key). Call it in a transaction of its own and commit before sending. Errors: PT422 malformed argument. A lease and the wait for a next try run on the machine''s clock, since a fixed passport.clock would stop them; when that is put back, leases are shortened to what they would be from then on and waits end. Expiry is judged by passport.now().';

CREATE FUNCTION passport.complete_deliveries(
  worker text, resident_ids bigint[], delivery_ids bigint[], outcomes text[], details text[],
  retry_seconds int[], dead_since timestamptz[] DEFAULT NULL) RETURNS int
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
  AS 'MODULE_PATHNAME', 'passport_complete_deliveries';
COMMENT ON FUNCTION passport.complete_deliveries(text, bigint[], bigint[], text[], text[], int[], timestamptz[]) IS
'Records what became of claimed deliveries, arrays of one length (at most 10000). outcomes: delivered, retired (the provider calls the token dead: the device is retired too), failed (never try again), retry, not_begun (handed back: no try, and where nobody asks to wait it keeps its place); details: the provider''s error code or NULL, at most 100 characters, nothing personal; retry_seconds: how long the provider asked to wait, 0 or NULL if it did not: then the wait of a retry doubles with each try from 1 s to 1 h, with jitter; dead_since: since when a token is dead as its provider says, NULL if it does not: a device that its app registered again later stays active. Returns how many rows it changed: those that another worker has claimed since, or that are finished, are left alone. Errors: PT422 malformed argument.';

CREATE FUNCTION passport.expire_deliveries(max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH late AS MATERIALIZED (
    SELECT d.resident_id, d.delivery_id FROM passport.delivery AS d JOIN passport.notification AS n USING (notification_id)
     WHERE n.expires_at <= passport.now() AND (d.lease_until IS NULL OR d.lease_until <= clock_timestamp())
     LIMIT max_rows FOR UPDATE OF d SKIP LOCKED
  ), expired AS (
    DELETE FROM passport.delivery AS d USING late AS l
     WHERE d.resident_id = l.resident_id AND d.delivery_id = l.delivery_id RETURNING d.*
  ), kept AS (
    INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id, outcome, attempts,
                                           created_at, finished_at)
    SELECT e.resident_id, e.delivery_id, e.notification_id, e.device_id, 'expired', e.attempt, e.created_at, passport.now()
      FROM expired AS e
    RETURNING 1
  )
  SELECT count(*) FROM kept;
END;
COMMENT ON FUNCTION passport.expire_deliveries(int) IS
'Finishes deliveries that have expired and that no worker holds, max_rows at most, and returns how many. A claim does so with those that it meets; here go those of channels that no bridge claims. The job expire_deliveries runs it every minute.';

CREATE FUNCTION passport.withdraw_deliveries(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH withdrawn AS (
    DELETE FROM passport.delivery AS d WHERE d.resident_id = ANY (resident_ids) RETURNING d.*
  ), kept AS (
    INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id, outcome, attempts,
                                           created_at, finished_at)
    SELECT w.resident_id, w.delivery_id, w.notification_id, w.device_id, 'withdrawn', w.attempt, w.created_at, passport.now()
      FROM withdrawn AS w
    RETURNING resident_id
  )
  SELECT DISTINCT k.resident_id FROM kept AS k;
END;
COMMENT ON FUNCTION passport.withdraw_deliveries(bigint[]) IS
'Finishes all deliveries to some residents that wait or are claimed, as withdrawn, and returns whose they were. What a worker is sending at this moment cannot be called back; its outcome is then left alone.';

CREATE FUNCTION passport.retry_delay(attempt int, asked int) RETURNS interval
  LANGUAGE c VOLATILE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_retry_delay';
COMMENT ON FUNCTION passport.retry_delay(int, int) IS
'How long to wait before the next try. attempt: tries so far; asked: seconds that the provider asked for, 0 if none.';

CREATE FUNCTION passport.forget_deliveries(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT o.resident_id, o.delivery_id FROM passport.delivery_outcome AS o
     WHERE o.finished_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.delivery_outcome AS o USING due
     WHERE o.resident_id = due.resident_id AND o.delivery_id = due.delivery_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_deliveries(timestamptz, int) IS
'Deletes outcomes of deliveries that finished before a time, max_rows at most, and returns how many. For purge_expired.';
