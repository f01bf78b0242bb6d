-- An administrator trusts the test hierarchy (never by default) and loads the
-- day's revocation lists.
\pset format unaligned
\pset tuples_only on
\set sign `base64 -w 0 :'dir'/signature-root.der`
\set auth `base64 -w 0 :'dir'/authentication-root.der`
SELECT passport.add_trust_anchor(decode(:'sign', 'base64'), 'signature'),
       passport.add_trust_anchor(decode(:'auth', 'base64'), 'authentication') \g /dev/null
\set sign `base64 -w 0 :'dir'/crl-signature-*.der`
\set auth `base64 -w 0 :'dir'/crl-authentication-*.der`
SELECT format('   revocation list %s: %s, number %s, %s revoked', distribution_point, verdict, number, revoked)
  FROM (VALUES (:'sign'), (:'auth')) AS list(base64),
       passport.load_crl(decode(base64, 'base64'));
