-- TEMP
CREATE FUNCTION passport.kept_since(what text) RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT passport.now() - interval '5 years'; END;
COMMENT ON FUNCTION passport.kept_since(text) IS 'x';
