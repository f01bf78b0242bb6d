-- ID tokens: their keys, and the services they are for

CREATE TABLE passport.audience (
  audience text PRIMARY KEY CHECK (audience ~ '^[A-Za-z0-9._:/-]{1,200}$'),
  token_lifetime interval NOT NULL CHECK (token_lifetime BETWEEN '1 minute' AND '30 days'),
  role text NOT NULL CHECK (role ~ '^[a-z_][a-z0-9_]{0,62}$'),
  shipped boolean NOT NULL DEFAULT false,
  algorithm text NOT NULL DEFAULT 'ES256' CHECK (algorithm IN ('ES256', 'RS256')),
  session_lifetime interval CHECK (session_lifetime BETWEEN '1 minute' AND '1 year'),
  logout_uri text CHECK (logout_uri ~ '^https://[!-~]+$' AND length(logout_uri) <= 500)
);
COMMENT ON TABLE passport.audience IS
'Services that log residents in with our tokens: how long a token for each holds, how it is signed, and the database role that it names; how long a login lasts there (empty: passport.session_lifetime); and where the service wants to be told of logouts (back-channel).';
-- These functions themselves.
INSERT INTO passport.audience (audience, token_lifetime, role, shipped) VALUES ('passport', '1 hour', 'passport_app', true);

CREATE FUNCTION passport.set_audience(audience text, role text, token_lifetime interval DEFAULT '10 minutes',
    algorithm text DEFAULT 'ES256', session_lifetime interval DEFAULT NULL, logout_uri text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  -- a token that names one of these would hand a resident their powers
  IF role ~ '^(passport_|pg_)' AND role NOT IN ('passport_app', 'passport_public') THEN
    PERFORM passport.refuse('/role', 'powerful_role', 'A token names passport_app, passport_public or a role of the service''s own.');
  END IF;
  PERFORM passport.refuse_individual_number('/audience', audience), passport.refuse_individual_number('/role', role),
          passport.refuse_individual_number('/logout_uri', logout_uri);
  INSERT INTO passport.audience AS a (audience, role, token_lifetime, algorithm, session_lifetime, logout_uri)
    VALUES (audience, role, token_lifetime, algorithm, session_lifetime, logout_uri)
    ON CONFLICT ON CONSTRAINT audience_pkey
      DO UPDATE SET role = excluded.role, token_lifetime = excluded.token_lifetime, algorithm = excluded.algorithm,
                    session_lifetime = excluded.session_lifetime, logout_uri = excluded.logout_uri
      WHERE NOT a.shipped;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this audience is the extension''s own' USING ERRCODE = 'PT403';
  END IF;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('', 'out_of_range',
    'audience: letters, digits and ._:/-; role: a role''s name; token_lifetime: 1 minute to 30 days; algorithm: ES256 or RS256; session_lifetime: 1 minute to 1 year; logout_uri: https.');
END $$;
COMMENT ON FUNCTION passport.set_audience(text, text, interval, text, interval, text) IS
'Registers a service that logs residents in with our tokens, or changes it. audience: what its tokens'' aud says; role: the database role that they name; token_lifetime: 1 minute to 30 days; algorithm: ES256, or RS256 for services that know no other; session_lifetime: how long a login lasts there at most (NULL: passport.session_lifetime); logout_uri: where it wants logout tokens (OpenID Connect Back-Channel Logout 1.0), https. Residents have another sub at each. PT422 for what is out of range, PT403 for the audience passport, which is the extension''s own.';

CREATE TABLE passport.token_key (
  kid text PRIMARY KEY,
  public_key bytea NOT NULL,
  sealed_key bytea NOT NULL,
  created_at timestamptz NOT NULL,
  verify_until timestamptz,
  algorithm text NOT NULL DEFAULT 'ES256',
  CHECK ((algorithm = 'ES256' AND octet_length(public_key) = 65 AND octet_length(sealed_key) = 60)
         OR (algorithm = 'RS256' AND octet_length(public_key) = 256 AND octet_length(sealed_key) BETWEEN 1100 AND 1244))
);
COMMENT ON TABLE passport.token_key IS
'Keys that sign tokens: P-256 (the point) for ES256 and RSA-2048 (the modulus) for RS256. The private ones are sealed with the key in passport.token_key_file. Of each algorithm the one without verify_until signs; the others only verify, until then.';
CREATE UNIQUE INDEX token_key_signing ON passport.token_key (algorithm) WHERE verify_until IS NULL;

CREATE TABLE passport.subject_directory (
  audience text NOT NULL REFERENCES passport.audience,
  subject uuid NOT NULL DEFAULT gen_random_uuid(),
  resident_id bigint NOT NULL REFERENCES passport.resident,
  PRIMARY KEY (audience, subject),
  UNIQUE (resident_id, audience)
);
COMMENT ON TABLE passport.subject_directory IS
'The name (sub) by which each service knows a resident: random and different for each, so that services cannot join what they know.';

CREATE FUNCTION passport.make_token_key(algorithm text, OUT kid text, OUT public_key bytea, OUT sealed_key bytea)
  LANGUAGE c VOLATILE STRICT
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_make_token_key';
COMMENT ON FUNCTION passport.make_token_key(text) IS
'Makes a token key for ES256 or RS256; PT503 when passport.token_key_file is missing, not exactly 32 bytes or open to others.';

CREATE FUNCTION passport.sign_token(payload text, kid text, public_key bytea, sealed_key bytea, typ text DEFAULT 'JWT') RETURNS text
  LANGUAGE c VOLATILE STRICT
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_sign_token';
COMMENT ON FUNCTION passport.sign_token(text, text, bytea, bytea, text) IS
'Signs a payload as a JWT by the key''s algorithm; typ: what its header says it is. PT503 when the key that opens the sealed one is missing.';

CREATE FUNCTION passport.token_jwk(public_key bytea) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_token_jwk';
COMMENT ON FUNCTION passport.token_jwk(bytea) IS
'The members kty, alg and, for EC, crv, x and y, for RSA e and n of a public key as JSON.';

CREATE FUNCTION passport.rotate_token_key(algorithm text DEFAULT 'ES256') RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  fresh record;
BEGIN
  LOCK TABLE passport.token_key IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO fresh FROM passport.make_token_key(algorithm);
  -- the last token of the old key is as old as the longest lifetime when it ends
  UPDATE passport.token_key AS k
     SET verify_until = passport.now() + (SELECT max(a.token_lifetime) FROM passport.audience AS a)
   WHERE k.verify_until IS NULL AND k.algorithm = rotate_token_key.algorithm;
  DELETE FROM passport.token_key AS k WHERE k.verify_until < passport.now();
  INSERT INTO passport.token_key (kid, public_key, sealed_key, created_at, algorithm)
    VALUES (fresh.kid, fresh.public_key, fresh.sealed_key, passport.now(), algorithm);
  RETURN fresh.kid;
END $$;
COMMENT ON FUNCTION passport.rotate_token_key(text) IS
'Makes the key that signs tokens from now on with ES256 or RS256 and returns its kid (the JWK thumbprint of RFC 7638). The one before verifies for as long as the longest token lifetime. It is called once before the first login; from then on the job rotate_token_keys calls it. PT503 when passport.token_key_file is missing, not exactly 32 bytes or open to others, PT422 for another algorithm.';

CREATE FUNCTION passport.rotate_token_keys() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  due text;
  made bigint := 0;
BEGIN
  FOR due IN
    SELECT used.algorithm
      FROM (SELECT 'ES256' AS algorithm UNION SELECT a.algorithm FROM passport.audience AS a) AS used
      LEFT JOIN passport.token_key AS k ON k.algorithm = used.algorithm AND k.verify_until IS NULL
     WHERE (k.kid IS NULL OR k.created_at <= passport.now() - current_setting('passport.token_key_lifetime')::interval)
       -- before an administrator made the first one, there is nothing to rotate
       AND EXISTS (SELECT FROM passport.token_key)
     ORDER BY used.algorithm
  LOOP
    PERFORM passport.rotate_token_key(due);
    made := made + 1;
  END LOOP;
  DELETE FROM passport.token_key WHERE verify_until < passport.now();
  RETURN made;
END $$;
COMMENT ON FUNCTION passport.rotate_token_keys() IS
'Rotates the keys that have signed for longer than passport.token_key_lifetime, makes the first one of an algorithm that a service has come to use, forgets those whose tokens have all ended, and returns how many it made: none before rotate_token_key() was called once. PT503 as of rotate_token_key.';

CREATE FUNCTION passport.jwks() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object('keys', coalesce(jsonb_agg(
           jsonb_build_object('use', 'sig', 'kid', k.kid) || passport.token_jwk(k.public_key)::jsonb
           ORDER BY k.created_at DESC, k.kid), '[]'))
    FROM passport.token_key AS k
   WHERE k.verify_until IS NULL OR k.verify_until > passport.now();
END;
COMMENT ON FUNCTION passport.jwks() IS
'Public keys that verify our tokens, as a JSON Web Key Set (RFC 7517).';

CREATE FUNCTION passport.openid_configuration() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'issuer', current_setting('passport.issuer'),
    'authorization_endpoint', u.base || '/authorize',
    'token_endpoint', u.base || '/token',
    'jwks_uri', u.base || '/jwks',
    'device_authorization_endpoint', u.base || '/device_authorization',
    'scopes_supported', '["openid"]'::jsonb,
    'response_types_supported', '["id_token"]'::jsonb,
    'grant_types_supported', '["implicit", "urn:ietf:params:oauth:grant-type:device_code"]'::jsonb,
    'subject_types_supported', '["pairwise"]'::jsonb,
    'id_token_signing_alg_values_supported', '["ES256", "RS256"]'::jsonb,
    'acr_values_supported', '["passport.basic", "jpki.authentication", "jpki.signature"]'::jsonb,
    'claims_supported',
      '["iss", "sub", "aud", "exp", "iat", "nbf", "auth_time", "acr", "amr", "sid", "jti", "nonce", "role"]'::jsonb,
    'ui_locales_supported', '["ja", "en"]'::jsonb,
    'backchannel_logout_supported', true,
    'backchannel_logout_session_supported', true)
    FROM (SELECT rtrim(current_setting('passport.issuer'), '/') AS base) AS u;
END;
COMMENT ON FUNCTION passport.openid_configuration() IS
'The discovery document (OpenID Connect Discovery 1.0), to be served at the issuer''s /.well-known/openid-configuration. The REST layer in front serves the endpoints that it names under passport.issuer by these functions: /jwks jwks(), /authorize begin_challenge() and log_in(), /device_authorization begin_kiosk_login(), /token poll_kiosk_login().';

CREATE FUNCTION passport.require_token_key(algorithm text DEFAULT 'ES256') RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM passport.token_key AS k
                  WHERE k.verify_until IS NULL AND k.algorithm = require_token_key.algorithm) THEN
    RAISE EXCEPTION 'there is no token key'
      USING ERRCODE = 'PT503', HINT = format('Call passport.rotate_token_key(%L) once.', algorithm);
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_token_key(text) IS
'Raises PT503 when no key signs tokens with this algorithm.';
