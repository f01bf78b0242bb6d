-- Lists of an alert for those who look for people: door list, who is unaccounted for, why each was selected

-- Everybody who may be listed, with all that the lists ask of them; protected
-- recipients are not in alert_person.
CREATE VIEW passport.alert_listed WITH (security_barrier) AS
  SELECT p.alert_id, p.resident_id, p.household_number, r.name, r.language, g.group_name, w.oaza, w.address, w.location,
         p.needs_help, p.condition, p.answered, m.message, t.reasons,
         -- a word from before the alert says nothing of the time after it
         CASE WHEN c.kind = 'shelter' OR c.reported_at >= a.approved_at THEN c.kind END AS whereabouts
    FROM passport.alert_person AS p
    JOIN passport.alert AS a USING (alert_id)
    -- neither has who asks for help and was never told, or is not inside any more
    LEFT JOIN passport.alert_recipient AS t USING (alert_id, resident_id)
    LEFT JOIN passport.recipient_message AS m USING (alert_id, resident_id)
    JOIN passport.resident AS r USING (resident_id)
    JOIN passport.resident_place AS w USING (resident_id)
    LEFT JOIN passport.resident_group AS g USING (resident_id)
    LEFT JOIN passport.current_whereabouts AS c USING (resident_id);
COMMENT ON VIEW passport.alert_listed IS
'Recipients of each alert, and whoever else asks for help in it, as far as they may be listed: language, group of neighbours, home, condition (NULL: unknown), message, why they were selected, and whereabouts (away, car, shelter) where that is known since the alert.';

CREATE FUNCTION passport.require_sent(alert_id bigint) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM passport.alert AS a WHERE a.alert_id = require_sent.alert_id AND a.approved_at IS NOT NULL) THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_sent(bigint) IS
'PT404 unless the alert was sent.';

-- Nobody has analyzed who was warned a minute ago: a planner that takes them for
-- a few compares each with all, which took minutes at 3,000.  What has no other
-- way than a nested loop only looks dear by that: hence no JIT.
CREATE FUNCTION passport.unaccounted(alert_id bigint, max_rows int DEFAULT 1000)
  RETURNS TABLE (needs_help boolean, household_number text, resident_id bigint, name text, group_name text, oaza text,
                 address text, message text, household_answered int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  listed bigint[];
BEGIN
  PERFORM passport.require_sent(unaccounted.alert_id);
  listed := ARRAY(SELECT l.resident_id FROM passport.alert_listed AS l
                   WHERE l.alert_id = unaccounted.alert_id AND l.condition IS NULL AND l.whereabouts IS NULL
                   ORDER BY l.needs_help DESC, l.household_number, l.resident_id
                   LIMIT least(max_rows, 10000));
  PERFORM passport.record_access(listed, 'disaster', 'unaccounted',
                                 ARRAY['needs_help', 'household_number', 'name', 'group', 'oaza', 'address', 'answer']);
  RETURN QUERY
    -- all households once: looked up for each row, they would be counted as often
    WITH household AS MATERIALIZED (
      SELECT h.household_number, h.answered FROM passport.alert_household AS h WHERE h.alert_id = unaccounted.alert_id
    )
    SELECT l.needs_help, l.household_number, l.resident_id, l.name, l.group_name, l.oaza, l.address, l.message, h.answered
      FROM passport.alert_listed AS l LEFT JOIN household AS h USING (household_number)
     WHERE l.alert_id = unaccounted.alert_id AND l.resident_id = ANY (listed)
     ORDER BY l.needs_help DESC, l.household_number, l.resident_id;
END $$;
COMMENT ON FUNCTION passport.unaccounted(bigint, int) IS
'Of whom nothing is known since an alert: no word from them, their household or staff on how they are, no tap at a shelter, no whereabouts. Those who need help first. household_answered: how many of the household have answered, who may know. At most max_rows (10,000); protected persons are on protected_recipients() instead. Of each it is kept who looked. PT404 for an alert that was not sent.';

CREATE FUNCTION passport.walk_order(legs int[], lon double precision[], lat double precision[]) RETURNS int[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_walk_order';
COMMENT ON FUNCTION passport.walk_order(int[], double precision[], double precision[]) IS
'In which order to walk to stops: their numbers, from 1. legs: to which leg of the walk each belongs, in the order of the legs; lon, lat: degrees, a stop without them comes last in its leg. A leg begins where the one before ended, the first in the north-west; within it the nearest stop is next, and ways that cross are undone. PT422 for arrays of unequal length, or of more than 10,000.';

CREATE FUNCTION passport.door_route(alert_id bigint)
  RETURNS TABLE (stop int, urgency int, household_number text, oaza text, address text, members bigint[], metres int)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH door AS (
    SELECT l.household_number, min(l.oaza) AS oaza, min(l.address) AS address, array_agg(l.resident_id ORDER BY l.resident_id) AS members,
           ST_GeometryN(ST_Collect(l.location), 1) AS location,
           CASE WHEN bool_or(coalesce(l.condition = 'need_help', false)) THEN 1 WHEN bool_or(l.needs_help) THEN 2 ELSE 3 END AS urgency
      FROM passport.alert_listed AS l
     WHERE l.alert_id = door_route.alert_id
       -- whom only a place of work or a parked car put into the area is not at this door
       AND (l.condition = 'need_help' OR l.condition IS NULL AND l.whereabouts IS NULL AND l.reasons && '{home,oaza}')
     GROUP BY l.household_number
  ), leg AS (
    -- a 大字 after the other as they lie, which PostGIS orders along a curve
    SELECT d.*, dense_rank() OVER w::int AS leg
      FROM door AS d LEFT JOIN passport.oaza AS o ON o.name = d.oaza
    WINDOW w AS (ORDER BY d.urgency, o.location, d.oaza)
  ), told AS (
    SELECT l.*, row_number() OVER (ORDER BY l.leg, l.address, l.household_number) AS told FROM leg AS l
     ORDER BY l.leg, l.address, l.household_number LIMIT 10000
  ), walk AS (
    SELECT o.told, o.stop
      FROM (SELECT passport.walk_order(array_agg(t.leg ORDER BY t.told), array_agg(ST_X(t.location) ORDER BY t.told),
                                       array_agg(ST_Y(t.location) ORDER BY t.told)) AS numbers FROM told AS t) AS n
     CROSS JOIN LATERAL unnest(n.numbers) WITH ORDINALITY AS o(told, stop)
  )
  SELECT w.stop::int, t.urgency, t.household_number, t.oaza, t.address, t.members,
         ST_DistanceSphere(lag(t.location) OVER (ORDER BY w.stop), t.location)::int
    FROM walk AS w JOIN told AS t USING (told);
END;
COMMENT ON FUNCTION passport.door_route(bigint) IS
'Step of door_list(): the doors to knock at, one a household, 10,000 at most, in the order of the walk.';

CREATE FUNCTION passport.door_list(alert_id bigint, max_rows int DEFAULT 1000)
  RETURNS TABLE (stop int, urgency int, household_number text, names text[], oaza text, address text, metres int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.require_sent(door_list.alert_id);
  RETURN QUERY
    WITH shown AS MATERIALIZED (
      SELECT d.* FROM passport.door_route(door_list.alert_id) AS d WHERE d.stop <= least(max_rows, 10000)
    ), kept AS MATERIALIZED (
      SELECT passport.record_access(array_agg(m), 'disaster', 'door_list',
               ARRAY['household_number', 'name', 'oaza', 'address', 'needs_help', 'answer'])
        FROM shown AS s CROSS JOIN LATERAL unnest(s.members) AS m
    )
    SELECT s.stop, s.urgency, s.household_number,
           ARRAY(SELECT r.name FROM unnest(s.members) WITH ORDINALITY AS m(resident_id, place)
                   JOIN passport.resident AS r USING (resident_id) ORDER BY m.place),
           s.oaza, s.address, s.metres
      FROM kept, shown AS s ORDER BY s.stop;
END $$;
COMMENT ON FUNCTION passport.door_list(bigint, int) IS
'At which doors to knock about an alert, in the order of a walk: first where somebody asks for help (urgency 1), then where somebody registered as needing help is unaccounted for (2), then the others (3); in each, 大字 by 大字 on a short way (walk_order). names: whom to ask for; metres: from the stop before, as the crow flies, NULL where a home has no point. At most max_rows (10,000) doors; protected persons are on protected_recipients() instead. Of each person it is kept who looked. PT404 for an alert that was not sent.';

CREATE FUNCTION passport.selection_reason(alert_id bigint, max_rows int DEFAULT 1000)
  RETURNS TABLE (resident_id bigint, household_number text, name text, reasons text[])
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  listed bigint[];
BEGIN
  PERFORM passport.require_sent(selection_reason.alert_id);
  listed := ARRAY(SELECT p.resident_id FROM passport.alert_person AS p
                   WHERE p.alert_id = selection_reason.alert_id ORDER BY p.resident_id LIMIT least(max_rows, 10000));
  PERFORM passport.record_access(listed, 'disaster', 'selection_reason', ARRAY['household_number', 'name', 'reason']);
  RETURN QUERY
    SELECT t.resident_id, t.household_number, r.name, t.reasons
      FROM passport.alert_recipient AS t JOIN passport.resident AS r USING (resident_id)
     WHERE t.alert_id = selection_reason.alert_id AND t.resident_id = ANY (listed)
     ORDER BY t.resident_id;
END $$;
COMMENT ON FUNCTION passport.selection_reason(bigint, int) IS
'Why each recipient of an alert was selected when it was approved: home, oaza, whereabouts, place (as of selected()). At most max_rows (10,000), protected persons left out. Of each it is kept who looked. PT404 for an alert that was not sent.';
