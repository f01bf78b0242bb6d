-- Who may do what: every object of the extension and every role but
-- passport_owner, whose all of it is.  A new object shows up here in review.
\pset tuples_only on
\pset format unaligned
\pset fieldsep ': '
SET search_path = pg_catalog;

CREATE TEMP VIEW grantee AS
SELECT oid, regexp_replace(rolname, '^passport_', '') AS name FROM pg_roles
 WHERE rolname LIKE 'passport\_%' AND rolname <> 'passport_owner'
UNION ALL SELECT 0, 'PUBLIC';
CREATE TEMP VIEW object AS
SELECT 'schema' AS kind, nspname::text AS name, coalesce(nspacl, acldefault('n', nspowner)) AS acl, nspowner AS owner
  FROM pg_namespace WHERE nspname = 'passport'
UNION ALL
SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END, relname::text,
       coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)), relowner
  FROM pg_class WHERE relnamespace = 'passport'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL
SELECT 'function', format('%s(%s)', proname, pg_get_function_identity_arguments(oid)), coalesce(proacl, acldefault('f', proowner)), proowner
  FROM pg_proc WHERE pronamespace = 'passport'::regnamespace;
CREATE TEMP VIEW privilege AS
SELECT o.kind, o.name, g.name || CASE WHEN a.is_grantable THEN '+' ELSE '' END AS role,
       string_agg(a.privilege_type, ',' ORDER BY a.privilege_type) AS may
  FROM object AS o CROSS JOIN LATERAL aclexplode(o.acl) AS a
  LEFT JOIN grantee AS g ON g.oid = a.grantee
 WHERE a.grantee <> o.owner
 GROUP BY 1, 2, 3;

\echo == roles and what they are members of
SELECT r.rolname, coalesce((SELECT string_agg(m.roleid::regrole::text, ' ') FROM pg_auth_members AS m WHERE m.member = r.oid), '-')
  FROM pg_roles AS r WHERE r.rolname LIKE 'passport\_%' ORDER BY 1;
\echo == members of passport_owner
SELECT m.member::regrole FROM pg_auth_members AS m WHERE m.roleid = 'passport_owner'::regrole;
\echo == default privileges
SELECT defaclrole::regrole, defaclobjtype, defaclacl FROM pg_default_acl;
\echo == objects that passport_owner does not own
SELECT kind, name FROM object WHERE owner <> 'passport_owner'::regrole;
\echo == columns with privileges of their own
SELECT attrelid::regclass, attname, attacl FROM pg_attribute
 WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'passport'::regnamespace);

\echo == schema, tables and sequences that others may use
SELECT kind, name, string_agg(format('%s %s', role, may), ' ' ORDER BY role) FROM privilege
 WHERE kind IN ('schema', 'table', 'sequence') GROUP BY kind, name ORDER BY kind, name COLLATE "C";
\echo == tables and sequences, of passport_owner alone
SELECT kind, name FROM object AS o
 WHERE kind IN ('table', 'sequence') AND NOT EXISTS (SELECT FROM privilege AS p WHERE (p.kind, p.name) = (o.kind, o.name))
 ORDER BY kind, name COLLATE "C";
\echo == views: who may select
SELECT o.name, coalesce((SELECT string_agg(CASE p.may WHEN 'SELECT' THEN p.role ELSE p.role || '(' || p.may || ')' END, ' ' ORDER BY p.role)
                           FROM privilege AS p WHERE (p.kind, p.name) = (o.kind, o.name)), '-')
  FROM object AS o WHERE kind = 'view' ORDER BY o.name COLLATE "C";
\echo == functions: who may execute
SELECT o.name, coalesce((SELECT string_agg(p.role, ' ' ORDER BY p.role)
                           FROM privilege AS p WHERE (p.kind, p.name) = (o.kind, o.name)), '-')
  FROM object AS o WHERE kind = 'function' ORDER BY o.name COLLATE "C";
