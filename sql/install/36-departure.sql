-- Departure: what leaving, dying and coming back do to an account

CREATE FUNCTION passport.suspend_departed(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  departed bigint;
BEGIN
  -- a suspension by staff outlasts a move, one for revocation would not: certificates may come from elsewhere
  FOR departed IN
    UPDATE passport.account AS a SET state = 'suspended', suspended_for = 'moved_out'
     WHERE a.resident_id = ANY (resident_ids) AND a.state <> 'closed'
       AND a.suspended_for IS DISTINCT FROM 'staff' AND a.suspended_for IS DISTINCT FROM 'moved_out'
     RETURNING a.resident_id
  LOOP
    PERFORM passport.end_sessions(departed);
    PERFORM passport.record_account_event(departed, 'suspended', '{"for": "moved_out"}');
    RETURN NEXT departed;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.suspend_departed(bigint[]) IS
'Suspends the accounts of residents who moved out, with all their sessions, and returns whose these are. An account that staff suspended stays theirs to resume.';

CREATE FUNCTION passport.resume_returned(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  returned bigint;
BEGIN
  FOR returned IN
    UPDATE passport.account AS a SET state = 'active', suspended_for = NULL
     WHERE a.resident_id = ANY (resident_ids) AND a.suspended_for = 'moved_out'
     RETURNING a.resident_id
  LOOP
    PERFORM passport.record_account_event(returned, 'resumed', '{"for": "moved_back"}');
    RETURN NEXT returned;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.resume_returned(bigint[]) IS
'Resumes the accounts that suspend_departed() suspended, of residents who moved back, and returns whose these are. Sessions stay ended, and a certificate revoked meanwhile opens none.';

CREATE FUNCTION passport.close_accounts(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  dead bigint;
BEGIN
  FOR dead IN
    UPDATE passport.account AS a SET state = 'closed', suspended_for = NULL
     WHERE a.resident_id = ANY (resident_ids) AND a.state <> 'closed'
     RETURNING a.resident_id
  LOOP
    PERFORM passport.end_sessions(dead);
    PERFORM passport.record_account_event(dead, 'closed', '{"for": "deceased"}');
    RETURN NEXT dead;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.close_accounts(bigint[]) IS
'Closes the accounts of residents who died, with all their sessions, and returns whose these are.';

CREATE FUNCTION passport.suspend_revived(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  alive bigint;
BEGIN
  FOR alive IN
    UPDATE passport.account AS a SET state = 'suspended', suspended_for = 'staff'
     WHERE a.resident_id = ANY (resident_ids) AND a.state = 'closed'
     RETURNING a.resident_id
  LOOP
    PERFORM passport.record_account_event(alive, 'suspended', '{"for": "death_corrected"}');
    RETURN NEXT alive;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.suspend_revived(bigint[]) IS
'Opens the closed accounts of residents whose death was an error of the register, suspended, and returns whose these are: staff look who it is before resume_account().';
