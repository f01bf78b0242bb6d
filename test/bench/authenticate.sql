-- 1,000 residents with a session each, and the tokens of these
SELECT passport.rotate_token_key();
INSERT INTO passport.resident (resident_number, name, updated_at)
SELECT 'T' || i, 'bench', now() FROM generate_series(1, 1000) AS i;
INSERT INTO passport.account (resident_id, assurance, created_at)
SELECT resident_id, 'card_certain', now() FROM passport.resident WHERE resident_number LIKE 'T%';
INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
SELECT resident_id, 'passport', 'jpki.authentication', '{sc,pin,mfa}', 2, '01', now(), now() + '1 hour'
  FROM passport.resident WHERE resident_number LIKE 'T%';
CREATE TABLE token AS
SELECT row_number() OVER () AS number, (passport.issue_token(resident_id, session_id)).id_token FROM passport.session;
VACUUM ANALYZE;
