-- Occupancy: how many each shelter takes, and how full it is

CREATE TABLE passport.shelter_capacity (
  shelter_id text NOT NULL REFERENCES passport.shelter,
  need text NOT NULL,
  capacity int NOT NULL CHECK (capacity BETWEEN 0 AND 100000),
  set_by text NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (shelter_id, need)
);
COMMENT ON TABLE passport.shelter_capacity IS
'How many persons a shelter takes: need is all, or a kind of need (need_kind) for which it has so many suitable places among them.';

CREATE FUNCTION passport.set_capacity(shelter_id text, capacity int, need text DEFAULT 'all') RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.shelter AS s WHERE s.shelter_id = set_capacity.shelter_id) THEN
    RAISE EXCEPTION 'no such shelter' USING ERRCODE = 'PT404';
  ELSIF coalesce(need <> 'all' AND NOT EXISTS (SELECT FROM passport.need_kind AS k WHERE k.kind = need), true) THEN
    PERFORM passport.refuse('/need', 'unknown_kind', 'A need is all, or a kind in passport.need_kind.');
  ELSIF coalesce(capacity NOT BETWEEN 0 AND 100000, true) THEN
    PERFORM passport.refuse('/capacity', 'range', 'A capacity is 0 to 100,000 persons.');
  END IF;
  INSERT INTO passport.shelter_capacity AS c (shelter_id, need, capacity, set_by, set_at)
  VALUES (shelter_id, need, capacity, session_user, passport.now())
  ON CONFLICT ON CONSTRAINT shelter_capacity_pkey DO UPDATE
     SET capacity = excluded.capacity, set_by = excluded.set_by, set_at = excluded.set_at;
END $$;
COMMENT ON FUNCTION passport.set_capacity(text, int, text) IS
'Says how many persons a shelter takes, in all or of a kind of need. PT404 for an unknown shelter, PT422 for an unknown need or a number out of range.';

-- A bed is a bed: everybody who is there is counted, and no number of a shelter
-- says where anybody lives.
CREATE VIEW passport.shelter_occupancy WITH (security_barrier) AS
  SELECT s.shelter_id, s.name, n.need, c.capacity, n.residents + n.visitors AS present, n.visitors, n.announced,
         c.capacity - n.residents - n.visitors AS free, o.shelter_id IS NOT NULL AS open
    FROM passport.shelter AS s
    LEFT JOIN passport.shelter_opening AS o ON o.shelter_id = s.shelter_id AND o.closed_at IS NULL
   CROSS JOIN LATERAL (
         SELECT 'all' AS need,
                (SELECT count(*)::int FROM passport.shelter_stay AS t WHERE t.shelter_id = s.shelter_id AND t.left_at IS NULL) AS residents,
                (SELECT coalesce(sum(v.present), 0)::int FROM passport.visitor AS v
                  WHERE v.shelter_id = s.shelter_id AND v.left_at IS NULL) AS visitors,
                (SELECT count(*)::int FROM passport.current_whereabouts AS w
                  WHERE w.shelter_id = s.shelter_id
                    AND NOT EXISTS (SELECT FROM passport.shelter_stay AS t
                                     WHERE t.resident_id = w.resident_id AND t.left_at IS NULL)) AS announced
         UNION ALL
         SELECT k.need, (SELECT count(*)::int FROM passport.shelter_stay AS t JOIN passport.need AS d USING (resident_id)
                          WHERE t.shelter_id = s.shelter_id AND t.left_at IS NULL AND d.kind = k.need
                            AND coalesce(d.until_date >= passport.today(), true)),
                (SELECT coalesce(sum((v.needs ->> k.need)::int), 0)::int FROM passport.visitor AS v
                  WHERE v.shelter_id = s.shelter_id AND v.left_at IS NULL), NULL
           FROM (SELECT p.need FROM passport.shelter_capacity AS p WHERE p.shelter_id = s.shelter_id AND p.need <> 'all'
                 UNION
                 SELECT w.kind FROM passport.visitor AS v CROSS JOIN LATERAL jsonb_object_keys(v.needs) AS w(kind)
                  WHERE v.shelter_id = s.shelter_id AND v.left_at IS NULL) AS k) AS n
    LEFT JOIN passport.shelter_capacity AS c ON c.shelter_id = s.shelter_id AND c.need = n.need
   WHERE o.shelter_id IS NOT NULL OR c.capacity IS NOT NULL OR n.residents + n.visitors > 0 OR n.announced > 0;
COMMENT ON VIEW passport.shelter_occupancy IS
'How full each shelter is: need all, and each kind of need for which it has places or visitors came; capacity (NULL: not known), present (checked in), of these visitors (not in the register), announced (said that they are there, but not checked in), free (below 0: too many), open (open_shelter).';
