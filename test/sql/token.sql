-- Token keys: sealed, rotated, shown
\getenv abs_srcdir PG_ABS_SRCDIR
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
SELECT setting || '/passport_token.key' AS token_key_file FROM pg_settings WHERE name = 'data_directory' \gset
\setenv TOKEN_KEY_FILE :token_key_file
-- without its file no key is made: missing, open to others, too short, too long
\set VERBOSITY default
\! rm -f "$TOKEN_KEY_FILE"
SELECT passport.rotate_token_key();
\! umask 077; head -c 32 /dev/urandom > "$TOKEN_KEY_FILE"; chmod 640 "$TOKEN_KEY_FILE"
SELECT passport.rotate_token_key();
\! chmod 600 "$TOKEN_KEY_FILE"; head -c 31 /dev/urandom > "$TOKEN_KEY_FILE"
SELECT passport.rotate_token_key();
\! head -c 33 /dev/urandom > "$TOKEN_KEY_FILE"
SELECT passport.rotate_token_key();
\! rm "$TOKEN_KEY_FILE"; mkfifo -m 600 "$TOKEN_KEY_FILE"
SELECT passport.rotate_token_key();
\! rm "$TOKEN_KEY_FILE"; head -c 32 /dev/urandom > "$TOKEN_KEY_FILE"; chmod 600 "$TOKEN_KEY_FILE"
\set VERBOSITY terse
BEGIN;
DELETE FROM passport.token_key;
SELECT passport.jwks();
SELECT passport.require_token_key();
ROLLBACK;
BEGIN;
DELETE FROM passport.token_key;
SELECT passport.rotate_token_key() AS first \gset
SELECT jsonb_array_length(keys) AS keys, keys -> 0 ->> 'kid' = :'first' AS first, keys -> 0 -> 'alg' AS alg,
       (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(keys -> 0) AS k) AS members
  FROM (SELECT passport.jwks() -> 'keys' AS keys) AS j;
-- the kid is the key's own thumbprint (RFC 7638)
SELECT kid = translate(encode(sha256(convert_to('{"crv":"P-256","kty":"EC","x":"' || (jwk ->> 'x') || '","y":"' || (jwk ->> 'y') || '"}',
                                                'UTF8')), 'base64'), '+/=', '-_') AS thumbprint
  FROM passport.token_key, LATERAL (SELECT passport.token_jwk(public_key)::jsonb AS jwk) AS j;
-- tokens sign, and a sealed key opens in its own row only
SELECT passport.sign_token('{}', kid, public_key, sealed_key) ~ '^[\w-]+\.e30\.[\w-]{86}$' AS signed FROM passport.token_key;
SAVEPOINT before;
SELECT passport.sign_token('{}', 'another', public_key, sealed_key) FROM passport.token_key;
ROLLBACK TO before;
SELECT passport.sign_token('{}', 'another', public_key, set_byte(sealed_key, 20, get_byte(sealed_key, 20) # 1)) FROM passport.token_key;
ROLLBACK TO before;
-- rotation overlaps
SET LOCAL passport.clock = '2026-07-01 13:00+09';
SELECT passport.rotate_token_key() = :'first' AS same;
SELECT kid = :'first' AS first, created_at, verify_until FROM passport.token_key ORDER BY created_at;
SELECT jsonb_array_length(passport.jwks() -> 'keys') AS keys;
SET LOCAL passport.clock = '2026-07-01 14:00+09';
SELECT jsonb_array_length(passport.jwks() -> 'keys') AS keys;
SELECT passport.rotate_token_key() = :'first' AS same;
SET LOCAL passport.clock = '2026-07-01 15:01+09';
SELECT passport.rotate_token_key() = :'first' AS same;
SELECT count(*) AS kept FROM passport.token_key;
-- RS256 beside it, and rotation by the calendar
SELECT passport.rotate_token_key('RS256') AS rsa \gset
SELECT algorithm, count(*) AS signing FROM passport.token_key WHERE verify_until IS NULL GROUP BY 1 ORDER BY 1;
SELECT key - 'n' - 'kid' AS rsa, length(key ->> 'n') AS n,
       key ->> 'kid' = translate(encode(sha256(convert_to('{"e":"AQAB","kty":"RSA","n":"' || (key ->> 'n') || '"}', 'UTF8')), 'base64'), '+/=', '-_') AS thumbprint
  FROM jsonb_array_elements(passport.jwks() -> 'keys') AS key WHERE key ->> 'kid' = :'rsa';
SELECT passport.sign_token('{}', kid, public_key, sealed_key) ~ '^[\w-]+\.e30\.[\w-]+$' AS signed FROM passport.token_key WHERE kid = :'rsa';
SELECT passport.rotate_token_keys();
SELECT passport.set_audience('library', 'web_library', '5 minutes', 'RS256');
SET LOCAL passport.clock = '2026-07-31 15:00:59+09';
SELECT passport.rotate_token_keys();
SET LOCAL passport.clock = '2026-07-31 15:01+09';
SELECT passport.rotate_token_keys();
SELECT algorithm, verify_until IS NULL AS signs, count(*) FROM passport.token_key GROUP BY 1, 2 ORDER BY 1, 2 DESC;
SET LOCAL passport.clock = '2026-07-31 16:01:01+09';
SELECT passport.rotate_token_keys();
SELECT count(*) AS kept FROM passport.token_key;
SAVEPOINT before;
SELECT passport.rotate_token_key('none');
ROLLBACK TO before;
DELETE FROM passport.token_key;
SELECT passport.rotate_token_keys();
SELECT d ->> 'issuer' AS issuer, d ->> 'jwks_uri' AS jwks_uri, d -> 'subject_types_supported' AS subjects,
       d -> 'id_token_signing_alg_values_supported' AS algorithms FROM passport.openid_configuration() AS d;
ROLLBACK;
