-- Home: in which database an outbox was filled, so that a copy of it sends nothing twice

CREATE FUNCTION passport.database_identity() RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_database_identity';
COMMENT ON FUNCTION passport.database_identity() IS
'Which database of which server this is: the system identifier and the OID. A standby that is promoted has its primary''s; a dump that was restored, a copy (CREATE DATABASE ... TEMPLATE) and an upgraded cluster have another.';

CREATE TABLE passport.outbox_home (
  move_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  home text NOT NULL,
  since timestamptz NOT NULL,
  waiting bigint NOT NULL,
  decision text CHECK (decision IN ('sent', 'withdrawn')),
  decided_by text,
  decided_at timestamptz,
  CHECK (num_nulls(decision, decided_by, decided_at) IN (0, 3))
);
COMMENT ON TABLE passport.outbox_home IS
'Where the outbox has been at home (database_identity), the latest now; how many deliveries were waiting when it came there, and what release_outbox() did with them (NULL: they are held, or there were none).';

-- What waited where the database was before may have been sent from there: a
-- system change once told two villages of an old danger a second time.  New
-- messages are not held; they are of here.
CREATE FUNCTION passport.keep_home() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  here CONSTANT text := passport.database_identity();
  held bigint := 0;
BEGIN
  IF (SELECT h.home FROM passport.outbox_home AS h ORDER BY h.move_id DESC LIMIT 1) = here THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM passport.outbox_home) THEN
    -- two that come at once: one holds, the other goes on
    LOCK TABLE passport.outbox_home IN SHARE ROW EXCLUSIVE MODE;
    IF (SELECT h.home FROM passport.outbox_home AS h ORDER BY h.move_id DESC LIMIT 1) = here THEN
      RETURN;
    END IF;
    UPDATE passport.delivery AS d SET not_before = 'infinity', lease_until = NULL, worker = NULL;
    GET DIAGNOSTICS held = ROW_COUNT;
    UPDATE passport.notification_step AS s SET due_at = 'infinity';
  END IF;
  INSERT INTO passport.outbox_home (home, since, waiting) VALUES (here, passport.now(), held);
  IF held > 0 THEN
    PERFORM pg_notify('passport_alarm', 'outbox_held');
  END IF;
END $$;
COMMENT ON FUNCTION passport.keep_home() IS
'Called before anything enters or leaves the outbox: in a database that is not the one it was filled in, holds all that waits, once, until release_outbox() says what becomes of it, and raises the alarm (NOTIFY passport_alarm). Granted to nobody.';

CREATE VIEW passport.outbox_held AS
  SELECT h.move_id, h.since, h.waiting FROM passport.outbox_home AS h
   WHERE h.waiting > 0 AND h.decision IS NULL;
COMMENT ON VIEW passport.outbox_held IS
'Moves of the outbox after which deliveries are held: since when, how many.';

CREATE FUNCTION passport.release_outbox(send boolean) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  released bigint;
BEGIN
  IF send IS NULL THEN
    PERFORM passport.refuse('/send', 'missing', 'Say whether what is held shall be sent, or withdrawn.');
  END IF;
  PERFORM passport.keep_home();
  LOCK TABLE passport.outbox_home IN SHARE ROW EXCLUSIVE MODE;
  IF send THEN
    UPDATE passport.delivery AS d SET not_before = NULL WHERE d.not_before = 'infinity';
    GET DIAGNOSTICS released = ROW_COUNT;
    -- what the other part of a parted municipality sends, should it come back to be sent here
    UPDATE passport.delivery_elsewhere AS d SET not_before = NULL WHERE d.not_before = 'infinity';
    UPDATE passport.notification_step AS s SET due_at = passport.now() WHERE s.due_at = 'infinity';
    PERFORM pg_notify('passport_outbox', '');
  ELSE
    WITH withdrawn AS (
      DELETE FROM passport.delivery AS d WHERE d.not_before = 'infinity' RETURNING d.*
    )
    INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id, outcome, attempts,
                                           created_at, finished_at)
    SELECT w.resident_id, w.delivery_id, w.notification_id, w.device_id, 'withdrawn', w.attempt, w.created_at, passport.now()
      FROM withdrawn AS w;
    GET DIAGNOSTICS released = ROW_COUNT;
    DELETE FROM passport.notification_step AS s WHERE s.due_at = 'infinity';
  END IF;
  UPDATE passport.outbox_home AS h
     SET decision = CASE WHEN send THEN 'sent' ELSE 'withdrawn' END, decided_by = session_user, decided_at = passport.now()
   WHERE h.waiting > 0 AND h.decision IS NULL;
  RETURN released;
END $$;
COMMENT ON FUNCTION passport.release_outbox(boolean) IS
'After a dump was restored or a database copied: what becomes of the deliveries that waited in it. send: true, the place where they were before is gone and had not sent them: they go out, unless they have expired; false: it has sent them, or this is a copy for trying things: they are withdrawn, and nobody is told. Returns how many. What was enqueued here was never held. Errors: PT422 for NULL.';
