-- ID tokens: their keys, and the services they are for

CREATE TABLE passport.audience (
  audience text PRIMARY KEY CHECK (audience ~ '^[A-Za-z0-9._:/-]{1,200}$'),
  token_lifetime interval NOT NULL CHECK (token_lifetime BETWEEN '1 minute' AND '30 days'),
  role text NOT NULL CHECK (role ~ '^[a-z_][a-z0-9_]{0,62}$'),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.audience IS
'Services that log residents in with our tokens: how long a token for each holds, and the database role that it names.';
-- These functions themselves.
INSERT INTO passport.audience VALUES ('passport', '1 hour', 'passport_app', true);

CREATE TABLE passport.token_key (
  kid text PRIMARY KEY,
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 65),
  sealed_key bytea NOT NULL CHECK (octet_length(sealed_key) = 60),
  created_at timestamptz NOT NULL,
  verify_until timestamptz
);
COMMENT ON TABLE passport.token_key IS
'P-256 keys that sign tokens. The private ones are sealed with the key in passport.token_key_file. The one without verify_until signs; the others only verify, until then.';
CREATE UNIQUE INDEX token_key_signing ON passport.token_key ((true)) WHERE verify_until IS NULL;

CREATE TABLE passport.subject_directory (
  audience text NOT NULL REFERENCES passport.audience,
  subject uuid NOT NULL DEFAULT gen_random_uuid(),
  resident_id bigint NOT NULL REFERENCES passport.resident,
  PRIMARY KEY (audience, subject),
  UNIQUE (resident_id, audience)
);
COMMENT ON TABLE passport.subject_directory IS
'The name (sub) by which each service knows a resident: random and different for each, so that services cannot join what they know.';

CREATE FUNCTION passport.make_token_key(OUT kid text, OUT public_key bytea, OUT sealed_key bytea)
  LANGUAGE c VOLATILE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_make_token_key';
COMMENT ON FUNCTION passport.make_token_key() IS
'Makes a token key; PT503 when passport.token_key_file is missing, not exactly 32 bytes or open to others.';

CREATE FUNCTION passport.sign_token(payload text, kid text, public_key bytea, sealed_key bytea) RETURNS text
  LANGUAGE c VOLATILE STRICT
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_sign_token';
COMMENT ON FUNCTION passport.sign_token(text, text, bytea, bytea) IS
'Signs a payload as a JWT with ES256; PT503 when the key that opens the sealed one is missing.';

CREATE FUNCTION passport.token_jwk(public_key bytea) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_token_jwk';
COMMENT ON FUNCTION passport.token_jwk(bytea) IS
'The members x and y of a public key as JSON.';

CREATE FUNCTION passport.rotate_token_key() RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fresh record;
BEGIN
  LOCK TABLE passport.token_key IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO fresh FROM passport.make_token_key();
  -- the last token of the old key is as old as the longest lifetime when it ends
  UPDATE passport.token_key
     SET verify_until = passport.now() + (SELECT max(token_lifetime) FROM passport.audience)
   WHERE verify_until IS NULL;
  DELETE FROM passport.token_key WHERE verify_until < passport.now();
  INSERT INTO passport.token_key (kid, public_key, sealed_key, created_at)
    VALUES (fresh.kid, fresh.public_key, fresh.sealed_key, passport.now());
  RETURN fresh.kid;
END $$;
COMMENT ON FUNCTION passport.rotate_token_key() IS
'Makes the key that signs tokens from now on and returns its kid (the JWK thumbprint of RFC 7638). The one before verifies for as long as the longest token lifetime. It is called once before the first login, then on schedule. PT503 when passport.token_key_file is missing, not exactly 32 bytes or open to others.';

CREATE FUNCTION passport.jwks() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object('keys', coalesce(jsonb_agg(
           jsonb_build_object('kty', 'EC', 'crv', 'P-256', 'alg', 'ES256', 'use', 'sig', 'kid', k.kid)
           || passport.token_jwk(k.public_key)::jsonb ORDER BY k.created_at DESC, k.kid), '[]'))
    FROM passport.token_key AS k
   WHERE k.verify_until IS NULL OR k.verify_until > passport.now();
END;
COMMENT ON FUNCTION passport.jwks() IS
'Public keys that verify our tokens, as a JSON Web Key Set (RFC 7517).';

CREATE FUNCTION passport.require_token_key() RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM passport.token_key WHERE verify_until IS NULL) THEN
    RAISE EXCEPTION 'there is no token key'
      USING ERRCODE = 'PT503', HINT = 'Call passport.rotate_token_key() once.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_token_key() IS
'Raises PT503 when no key signs tokens.';
