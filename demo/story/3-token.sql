-- One token, taken apart.
\pset format unaligned
\pset tuples_only on
\copy demo.token FROM demo/run/tokens.tsv
SELECT count(*) AS count, min(token) AS token FROM demo.token \gset
\echo '   ' :count 'ID tokens; what one of them says:'
SELECT '     ' || key || ': ' || value
  FROM jsonb_each_text(convert_from(decode(rpad(translate(split_part(:'token', '.', 2), '-_', '+/'),
                                           (length(split_part(:'token', '.', 2)) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb);
