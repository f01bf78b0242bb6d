-- One token, taken apart; then what it lets its holder do.
\pset tuples_only on
\copy demo.token FROM demo/run/tokens.tsv
SELECT format('   %s ID tokens; one says:', count(*)), min(token) AS token FROM demo.token \gset
\echo :format
SELECT jsonb_pretty(convert_from(decode(rpad(translate(split_part(:'token', '.', 2), '-_', '+/'),
                                            (length(split_part(:'token', '.', 2)) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb);
SELECT '   the public key to check it with: ' || passport.jwks();
