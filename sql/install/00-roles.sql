\echo Use "CREATE EXTENSION passport CASCADE" to load this file. \quit

-- Every object below is named with its schema.  PostGIS may live in any
-- schema; its types, operators and functions are found through the path set
-- here, and only while this script runs: what it defines is bound by OID
-- (columns, indexes, BEGIN ATOMIC bodies), and 99-owner.sql checks that each
-- of these bindings leads to PostGIS itself.
SELECT pg_catalog.set_config('search_path',
         pg_catalog.format('pg_catalog, %I, pg_temp', n.nspname), true)
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
 WHERE e.extname OPERATOR(pg_catalog.=) 'postgis';

-- A schema that somebody else made, or may create in, could hold objects that
-- look like ours.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'passport'::regnamespace)
     OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'passport'::regnamespace)
     OR EXISTS (SELECT FROM pg_namespace
                 WHERE oid = 'passport'::regnamespace
                   AND NOT (SELECT rolsuper OR rolname = 'passport_owner'
                              FROM pg_roles WHERE oid = nspowner)) THEN
    RAISE EXCEPTION 'schema "passport" is not empty or not a superuser''s'
      USING HINT = 'Drop it, or give it to a superuser, and create the extension again.';
  END IF;
END $$;

-- Roles belong to the whole cluster: another database may have made them.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['passport_owner', 'passport_app', 'passport_staff',
                              'passport_approver', 'passport_admin', 'passport_auditor',
                              'passport_bridge', 'passport_drill', 'passport_drill_bridge', 'passport_public', 'passport_protection'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname LIKE 'passport\_%' AND (rolsuper OR rolbypassrls)) THEN
    RAISE EXCEPTION 'a passport role is superuser or bypasses row security'
      USING HINT = 'Use ALTER ROLE ... NOSUPERUSER NOBYPASSRLS first.';
  END IF;
END $$;

REVOKE ALL ON SCHEMA passport FROM PUBLIC;
