-- The clock and the version

CREATE FUNCTION passport.now() RETURNS timestamptz
  LANGUAGE c STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_now';
COMMENT ON FUNCTION passport.now() IS
'Time by which the whole extension acts: the start of the transaction, or the test clock that a superuser fixed with passport.clock.';

CREATE FUNCTION passport.today() RETURNS date
  LANGUAGE c STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_today';
COMMENT ON FUNCTION passport.today() IS
'Civil date of passport.now() in passport.timezone.';

CREATE FUNCTION passport.iso_time(value text) RETURNS timestamptz
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[-+][0-9]{2}:?[0-9]{2})$' THEN
    RETURN value::timestamptz;
  END IF;
  RETURN NULL;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
COMMENT ON FUNCTION passport.iso_time(text) IS
'A time in the form of RFC 3339 or xs:dateTime, with its offset; NULL for any other text (PostgreSQL itself takes "tomorrow").';

CREATE FUNCTION passport.library_version() RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_library_version';
COMMENT ON FUNCTION passport.library_version() IS
'Version that the loaded library was built as.';

CREATE FUNCTION passport.version(OUT library text, OUT script text) RETURNS record
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.library_version(), '@VERSION@'::text;
END;
COMMENT ON FUNCTION passport.version() IS
'Versions of the loaded library and of the script that made these objects. They differ between installing new files and ALTER EXTENSION passport UPDATE, or until the server restarts; the bridge refuses to work then and says which one is stale.';

-- Append-only tables: their triggers only forbid, so that a restore (COPY)
-- fires none of them.
CREATE FUNCTION passport.forbid_change() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'PT403', HINT = 'Book a correction instead.';
END $$;
COMMENT ON FUNCTION passport.forbid_change() IS
'Trigger that makes a table append-only: raises PT403 on UPDATE, DELETE and TRUNCATE.';
