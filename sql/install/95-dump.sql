-- Every table of ours holds what a dump must keep.  Rows that this script
-- itself inserted are left out of it, or a restore would insert them twice:
-- such tables mark them in a column "shipped", which is true for those alone.
-- What an import has in its hands (unlogged) is in no dump.

DO $$
DECLARE
  relation record;
BEGIN
  FOR relation IN
    SELECT c.oid::regclass AS name, c.relpersistence, c.relkind = 'S' AS is_sequence,
           EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = c.oid AND attname = 'shipped' AND NOT attisdropped) AS marks
      FROM pg_class AS c
      JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'passport')
       AND c.relkind IN ('r', 'p', 'S')
     ORDER BY c.oid
  LOOP
    PERFORM pg_extension_config_dump(relation.name,
              CASE WHEN relation.relpersistence = 'u' AND NOT relation.is_sequence THEN 'WHERE false'
                   WHEN relation.marks THEN 'WHERE NOT shipped' ELSE '' END);
  END LOOP;
END $$;
