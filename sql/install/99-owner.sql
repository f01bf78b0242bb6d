-- Everything is passport_owner's, which is no superuser and cannot log in.

DO $$
DECLARE
  object record;
BEGIN
  FOR object IN
    SELECT (pg_identify_object(classid, objid, 0)).*, classid
      FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'passport')
  LOOP
    CASE object.type
      WHEN 'table' THEN
        EXECUTE format('ALTER TABLE %s OWNER TO passport_owner', object.identity);
        -- a grant by mistake shows nothing: whoever is not passport_owner has no policy; what \copy
        -- writes cannot have one (COPY FROM is refused under it), and is empty but for an import
        IF object.identity !~ '_staging$' THEN
          EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', object.identity);
          EXECUTE format('CREATE POLICY owner ON %s TO passport_owner USING (true) WITH CHECK (true)', object.identity);
        END IF;
      WHEN 'view' THEN
        EXECUTE format('ALTER VIEW %s OWNER TO passport_owner', object.identity);
      WHEN 'function' THEN
        EXECUTE format('ALTER FUNCTION %s OWNER TO passport_owner', object.identity);
      WHEN 'procedure' THEN
        EXECUTE format('ALTER PROCEDURE %s OWNER TO passport_owner', object.identity);
      WHEN 'sequence' THEN
        NULL;  -- identity sequences follow their tables
      WHEN 'type' THEN
        NULL;  -- row types follow their tables
      ELSE
        RAISE EXCEPTION 'no owner is set for a %', object.type;
    END CASE;
  END LOOP;
  EXECUTE 'ALTER SCHEMA passport OWNER TO passport_owner';
END $$;

-- What we bound outside pg_catalog and our schema must be PostGIS: a function
-- of the same name in its schema is not.
DO $$
DECLARE
  stranger text;
BEGIN
  SELECT DISTINCT pg_describe_object(d.refclassid, d.refobjid, 0) INTO stranger
    FROM pg_depend AS d
    LEFT JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
    LEFT JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
   WHERE d.classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass)
     AND d.deptype = 'n'
     AND EXISTS (SELECT FROM pg_depend AS m
                  WHERE m.deptype = 'e' AND m.objid = d.objid AND m.classid = d.classid
                    AND m.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'passport'))
     AND coalesce(p.pronamespace, o.oprnamespace)
         NOT IN ('pg_catalog'::regnamespace, 'passport'::regnamespace)
     AND NOT EXISTS (SELECT FROM pg_depend AS g
                      WHERE g.deptype = 'e' AND g.classid = d.refclassid AND g.objid = d.refobjid
                        AND g.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'postgis'))
   LIMIT 1;
  IF stranger IS NOT NULL THEN
    RAISE EXCEPTION '% stands in the way of PostGIS', stranger
      USING HINT = 'Drop it, or move PostGIS to a schema of its own, and create the extension again.';
  END IF;
END $$;
