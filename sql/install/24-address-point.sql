-- Address points: where a 地番 lies, and where a resident's address is placed

CREATE FUNCTION passport.lot_form(lot text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_lot_form';
COMMENT ON FUNCTION passport.lot_form(text) IS
'What a 地番 that stands alone is compared as: 千百八十三番地ノ二 and 1183-2 are 1183-2, 29-乙 is 29乙. NULL if it is more or less than a lot.';

CREATE FUNCTION passport.address_place(address text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_address_place';
COMMENT ON FUNCTION passport.address_place(text) IS
'The place of an address, from the municipality''s name to the lot, in the form of place_form(). NULL if it has none.';

CREATE FUNCTION passport.address_lot(address text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_address_lot';
COMMENT ON FUNCTION passport.address_lot(text) IS
'The lot of an address in the form of lot_form(). NULL if it has none, or runs on into other words and may be cut wrongly.';

CREATE TABLE passport.address_point (
  oaza text NOT NULL,
  lot text NOT NULL,
  koaza text NOT NULL,
  location geometry(Point,4326) NOT NULL,
  alone boolean NOT NULL,
  PRIMARY KEY (oaza, lot, koaza)
);
COMMENT ON TABLE passport.address_point IS
'Parcels with a position, from the address base registry (アドレス・ベース・レジストリ): 大字 (with 丁目), 小字 (empty: none) and 地番 as they are compared. alone: no other 小字 of the 大字 has this lot, so that an address without its 小字 means this parcel.';

CREATE TABLE passport.koaza (
  oaza text NOT NULL,
  koaza text NOT NULL,
  location geometry(Point,4326) NOT NULL,
  PRIMARY KEY (oaza, koaza)
);
COMMENT ON TABLE passport.koaza IS
'The 小字 by the middle of their parcels, names as they are compared.';

-- Inlined into the statement that reads a whole extract: no SET clause.
CREATE FUNCTION passport.place_of(address text, oaza text, koaza text, lot text)
  RETURNS TABLE (oaza text, location geometry, location_precision text)
  LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT coalesce(o.name, place_of.oaza), coalesce(p.location, k.location, o.location),
         CASE WHEN p.location IS NOT NULL THEN 'parcel' WHEN k.location IS NOT NULL THEN 'koaza'
              WHEN o.location IS NOT NULL THEN 'oaza' END
    FROM (SELECT passport.place_form(place_of.oaza) AS oaza, passport.place_form(place_of.koaza) AS koaza,
                 coalesce(passport.lot_form(place_of.lot), passport.address_lot(place_of.address)) AS lot,
                 passport.address_place(place_of.address) AS place,
                 -- the register may leave the municipality out, and so may the 大字 that is looked for
                 (SELECT passport.address_place(m.name) FROM passport.municipality_area AS m
                   WHERE m.code = current_setting('passport.municipality_code')) AS municipality
          OFFSET 0) AS g
    LEFT JOIN LATERAL (
         SELECT CASE WHEN starts_with(g.place, g.municipality) THEN substr(g.place, length(g.municipality) + 1)
                     ELSE g.place END AS within OFFSET 0) AS a ON true
    LEFT JOIN LATERAL (
         SELECT z.name, z.form, z.location FROM passport.oaza AS z WHERE z.form = g.oaza
         UNION ALL
         SELECT z.name, z.form, z.location FROM passport.oaza AS z
          WHERE g.oaza IS NULL AND starts_with(a.within, z.form)
          ORDER BY 2 DESC LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (
         SELECT coalesce(o.form, g.oaza) AS oaza,
                coalesce(g.koaza, CASE WHEN starts_with(a.within, coalesce(o.form, g.oaza))
                                       THEN substr(a.within, length(coalesce(o.form, g.oaza)) + 1) END, '') AS koaza
         OFFSET 0) AS s ON true
    LEFT JOIN LATERAL (
         SELECT n.location FROM passport.address_point AS n
          WHERE n.oaza = s.oaza AND n.lot = g.lot
            AND (n.koaza = s.koaza OR n.alone AND (s.koaza = '' OR n.koaza = ''))
          ORDER BY n.koaza = s.koaza DESC LIMIT 1) AS p ON true
    LEFT JOIN passport.koaza AS k ON k.oaza = s.oaza AND k.koaza = s.koaza;
END;
COMMENT ON FUNCTION passport.place_of(text, text, text, text) IS
'Where an address lies: at its parcel, else in the middle of its 小字, else at the point of its 大字; location_precision: parcel, koaza, oaza, NULL if it is not found. oaza: the 大字''s name as passport.oaza has it, also where only the address names it; else the one given. What the columns oaza, koaza and lot say goes before what the address says. Always one row.';

CREATE FUNCTION passport.place_residents() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
DECLARE
  placed bigint;
BEGIN
  LOCK TABLE passport.resident_directory IN SHARE ROW EXCLUSIVE MODE;
  -- a point is compared as text: its operators are not in pg_catalog
  UPDATE passport.resident AS r
     SET oaza = p.oaza, location = p.location, location_precision = p.location_precision,
         location_source = CASE WHEN p.location IS NOT NULL THEN 'address' END
    FROM passport.resident AS c CROSS JOIN LATERAL passport.place_of(c.address, c.oaza, c.koaza, c.lot) AS p
   WHERE r.resident_id = c.resident_id AND c.location_source IS DISTINCT FROM 'map'
     AND (c.oaza, c.location::text, c.location_precision) IS DISTINCT FROM (p.oaza, p.location::text, p.location_precision);
  GET DIAGNOSTICS placed = ROW_COUNT;
  RETURN placed;
END $$;
COMMENT ON FUNCTION passport.place_residents() IS
'Places every resident anew whom the map system did not place, and returns how many now have another place: after address points or 大字 have changed. What an area selects follows at once.';

-- The two files of the registry as they are: every column, in their order.
CREATE UNLOGGED TABLE passport.parcel_staging (
  batch int NOT NULL DEFAULT pg_backend_pid(),
  line bigint GENERATED BY DEFAULT AS IDENTITY,
  lg_code text, machiaza_id text, prc_id text, city text, ward text, oaza_cho text, chome text, koaza text,
  machiaza_dist text, prc_num1 text, prc_num2 text, prc_num3 text, rsdt_addr_flg text, prc_rec_flg text,
  prc_area_code text, efct_date text, ablt_date text, src_code text, remarks text, real_prop_num text,
  PRIMARY KEY (batch, line)
);
COMMENT ON TABLE passport.parcel_staging IS
'Rows of mt_parcel (地番マスター) as they were copied in by this session: passport_admin may insert, and nobody may read.';
CREATE UNLOGGED TABLE passport.parcel_position_staging (
  batch int NOT NULL DEFAULT pg_backend_pid(),
  line bigint GENERATED BY DEFAULT AS IDENTITY,
  lg_code text, machiaza_id text, prc_id text, rep_lon text, rep_lat text, rep_srid text, rep_scale text,
  rep_src_code text, plygn_fname text, plygn_kcode text, plygn_fmt text, plygn_srid text, plygn_scale text,
  plygn_src_code text, moj_map_city_code text, moj_map_oaza_code text, moj_map_chome_code text,
  moj_map_koaza_code text, moj_map_spare_code text, moj_map_brushid text,
  PRIMARY KEY (batch, line)
);
COMMENT ON TABLE passport.parcel_position_staging IS
'Rows of mt_parcel_pos (地番マスター位置参照拡張) as they were copied in by this session: passport_admin may insert, and nobody may read.';

-- A parcel that was abolished has a day on which it was.  EPSG:6668 (JGD2011)
-- is taken as 4326: the two differ by centimetres.
CREATE VIEW passport.staged_parcel AS
  SELECT m.batch, m.lg_code,
         coalesce(nullif(m.oaza_cho || coalesce(m.chome, ''), ''), m.koaza) AS oaza_name,
         passport.place_form(coalesce(nullif(m.oaza_cho || coalesce(m.chome, ''), ''), m.koaza)) AS oaza,
         CASE WHEN m.oaza_cho || coalesce(m.chome, '') <> '' THEN coalesce(passport.place_form(m.koaza), '') ELSE '' END AS koaza,
         passport.lot_form(concat_ws('-', m.prc_num1, nullif(m.prc_num2, ''), nullif(m.prc_num3, ''))) AS lot,
         w.prc_id IS NOT NULL AS has_position,
         CASE WHEN w.rep_srid IN ('EPSG:6668', 'EPSG:4326')
               AND w.rep_lon ~ '^1[2-5][0-9](\.[0-9]{1,15})?$' AND w.rep_lat ~ '^[234][0-9](\.[0-9]{1,15})?$'
              THEN passport.point(w.rep_lon::float8, w.rep_lat::float8) END AS location
    FROM passport.parcel_staging AS m
    LEFT JOIN passport.parcel_position_staging AS w
      ON w.batch = m.batch AND w.lg_code = m.lg_code AND w.machiaza_id = m.machiaza_id AND w.prc_id = m.prc_id
   WHERE coalesce(m.ablt_date, '') = '';
COMMENT ON VIEW passport.staged_parcel IS
'Staged parcels that exist, with their names and lot as they are compared and their position. In a municipality whose 大字 the registry keeps as 小字, that is the 大字.';

CREATE FUNCTION passport.middle(points geometry[]) RETURNS geometry
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ST_Centroid(ST_Collect(points));
END;
COMMENT ON FUNCTION passport.middle(geometry[]) IS
'The middle of some points.';

CREATE FUNCTION passport.import_address_points()
  RETURNS TABLE (what text, rows bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  own CONSTANT text := current_setting('passport.municipality_code');
  mine CONSTANT int := pg_backend_pid();
  tally record;
  placed bigint;
BEGIN
  -- one at a time, and none while residents are imported
  LOCK TABLE passport.resident_directory IN SHARE ROW EXCLUSIVE MODE;
  ANALYZE passport.parcel_staging, passport.parcel_position_staging;
  IF NOT EXISTS (SELECT FROM passport.parcel_staging AS m WHERE m.batch = mine AND m.lg_code = own) THEN
    PERFORM passport.refuse('', 'nothing_staged',
      'This session has copied no parcel of this municipality into passport.parcel_staging.');
  END IF;
  DELETE FROM passport.address_point;
  DELETE FROM passport.koaza;
  WITH parcel AS MATERIALIZED (
    SELECT * FROM passport.staged_parcel AS m WHERE m.batch = mine
  ), distinct_lot AS (
    SELECT m.oaza, m.lot, m.koaza, (array_agg(m.location))[1] AS location
      FROM parcel AS m
     WHERE m.lg_code = own AND m.oaza IS NOT NULL AND m.lot IS NOT NULL AND m.location IS NOT NULL
     GROUP BY m.oaza, m.lot, m.koaza
  ), kept AS (
    INSERT INTO passport.address_point (oaza, lot, koaza, location, alone)
    SELECT l.oaza, l.lot, l.koaza, l.location, count(*) OVER (PARTITION BY l.oaza, l.lot) = 1
      FROM distinct_lot AS l
    RETURNING oaza
  ), named AS (
    INSERT INTO passport.oaza (name, location)
    SELECT min(m.oaza_name), passport.middle(array_agg(m.location))
      FROM parcel AS m
     WHERE m.lg_code = own AND m.oaza IS NOT NULL AND m.location IS NOT NULL
       AND NOT EXISTS (SELECT FROM passport.oaza AS o WHERE o.form = m.oaza)
     GROUP BY m.oaza
    RETURNING name
  )
  SELECT (SELECT count(*) FROM kept) AS kept, (SELECT count(*) FROM named) AS named,
         count(*) FILTER (WHERE m.lg_code IS DISTINCT FROM own) AS elsewhere,
         count(*) FILTER (WHERE m.lg_code = own AND NOT m.has_position) AS without_position,
         count(*) FILTER (WHERE m.lg_code = own AND m.has_position
                            AND (m.oaza IS NULL OR m.lot IS NULL OR m.location IS NULL)) AS refused
    INTO tally FROM parcel AS m;
  INSERT INTO passport.koaza (oaza, koaza, location)
  SELECT n.oaza, n.koaza, passport.middle(array_agg(n.location))
    FROM passport.address_point AS n WHERE n.koaza <> '' GROUP BY n.oaza, n.koaza;
  ANALYZE passport.address_point, passport.koaza, passport.oaza;
  placed := passport.place_residents();
  DELETE FROM passport.parcel_staging AS m WHERE m.batch = mine;
  DELETE FROM passport.parcel_position_staging AS m WHERE m.batch = mine;
  RETURN QUERY VALUES
    ('kept', tally.kept), ('without_position', tally.without_position), ('refused', tally.refused),
    ('other_municipality', tally.elsewhere), ('new_oaza', tally.named), ('placed_residents', placed);
END $$;
COMMENT ON FUNCTION passport.import_address_points() IS
'Takes the parcels that this session copied into parcel_staging and parcel_position_staging (the address base registry''s mt_parcel and mt_parcel_pos, as they are) in place of those of before, and places the residents anew. Returns how many parcels were kept (several of one 大字, 小字 and lot are one), have no position (such exist), were refused (no lot or name that can be compared, or coordinates outside Japan or of another system than EPSG:6668, which is taken as 4326: centimetres), belong to another municipality than passport.municipality_code; how many 大字 were not in passport.oaza and are now, by the middle of their parcels; and how many residents have another place. PT422 (nothing_staged) if no parcel of this municipality was copied.';
