-- Prints the reference: every function and table of the extension with its
-- comment and who may use it, by service.
SELECT '# Reference

Made from the comments in `sql/install` by `make docs`; `\df+ passport.*` and `\dt+ passport.*` show the same.
';
SELECT format(E'## Functions\n');
SELECT format(E'### %s\n\n```sql\npassport.%s(%s)%s\n```\n\n%s\n\nMay be called by: %s.\n',
         p.proname, p.proname, pg_get_function_arguments(p.oid),
         coalesce(E'\n  -> ' || nullif(pg_get_function_result(p.oid), 'record'), ''),
         obj_description(p.oid, 'pg_proc'),
         string_agg(format('`%s`', r.rolname), ', ' ORDER BY r.rolname))
  FROM pg_proc AS p
  CROSS JOIN LATERAL aclexplode(p.proacl) AS a
  JOIN pg_roles AS r ON r.oid = a.grantee AND r.rolname <> 'passport_owner' AND r.rolname LIKE 'passport\_%'
 WHERE p.pronamespace = 'passport'::regnamespace
 GROUP BY p.oid, p.proname
 ORDER BY p.proname;
SELECT format(E'## Tables\n\n| table | what it holds |\n|---|---|');
SELECT format('| `%s` | %s |', c.relname, replace(obj_description(c.oid, 'pg_class'), '|', '\|'))
  FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p')
 ORDER BY c.relname;
