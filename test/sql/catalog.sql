-- The rules of the house that the catalog can prove.  Every query lists what
-- breaks its rule: all but the named lists are empty.
\pset tuples_only on
SET search_path = pg_catalog;

CREATE TEMP VIEW member AS
SELECT classid, objid FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'passport');

-- persons' tables: those with a resident_id, except the directories that lead to it
CREATE TEMP VIEW person_table AS
SELECT c.oid FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attname = 'resident_id' AND c.relname NOT LIKE '%\_directory';

\echo == tables about persons
SELECT oid::regclass FROM person_table ORDER BY oid::regclass::text COLLATE "C";

\echo == a table about persons whose primary key does not begin with resident_id
SELECT t.oid::regclass FROM person_table AS t
 WHERE NOT EXISTS (
   SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = t.oid AND i.indisprimary AND a.attname = 'resident_id');

\echo == a unique constraint of such a table without resident_id in front
SELECT i.indexrelid::regclass FROM person_table AS t JOIN pg_index AS i ON i.indrelid = t.oid
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE i.indisunique AND a.attname <> 'resident_id';

\echo == a foreign key between such tables that does not begin with resident_id
SELECT k.conrelid::regclass, k.conname FROM pg_constraint AS k
  JOIN person_table AS t ON t.oid = k.conrelid
  JOIN person_table AS r ON r.oid = k.confrelid
  JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
 WHERE k.contype = 'f' AND a.attname <> 'resident_id';

\echo == a table without a primary key; of a partitioned one (reading), each partition has its own
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary);

\echo == a trigger that fires on INSERT
SELECT tgrelid::regclass, tgname FROM pg_trigger AS g
  JOIN pg_class AS c ON c.oid = g.tgrelid
 WHERE c.relnamespace = 'passport'::regnamespace AND NOT g.tgisinternal AND g.tgtype & 4 <> 0;

\echo == functions not pinned to pg_catalog, pg_temp: BEGIN ATOMIC bodies only, so that they can be inlined
SELECT p.oid::regprocedure, p.prosqlbody IS NOT NULL AS atomic FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace
   AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
 ORDER BY p.oid::regprocedure::text COLLATE "C";

\echo == a SECURITY DEFINER function that is not pinned
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace AND p.prosecdef
   AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false);

\echo == a function that PUBLIC may execute
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace
   AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0));

\echo == a table that anybody but its owner may touch
SELECT c.oid::regclass, a.grantee::regrole, a.privilege_type FROM pg_class AS c
  CROSS JOIN LATERAL aclexplode(c.relacl) AS a
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'S')
   AND a.grantee <> c.relowner;

\echo == a view that somebody may read without a security barrier
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind = 'v'
   AND EXISTS (SELECT FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner)
   AND NOT coalesce(c.reloptions @> ARRAY['security_barrier=true'], false);

\echo == a function that somebody may execute, a table or a view without a comment
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'passport'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
   AND EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee <> p.proowner);
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND obj_description(c.oid, 'pg_class') IS NULL;

\echo == an object that passport_owner does not own
SELECT pg_describe_object(m.classid, m.objid, 0) FROM member AS m
  LEFT JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  LEFT JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
 WHERE coalesce(p.proowner, c.relowner) <> 'passport_owner'::regrole;

\echo == a table or sequence that a dump would forget
SELECT c.oid::regclass FROM pg_class AS c
 WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'S')
   AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'passport');

\echo == a role of ours with more than it should have
SELECT rolname FROM pg_roles
 WHERE rolname LIKE 'passport\_%' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin);
