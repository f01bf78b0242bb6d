-- Loads Unihan's kZVariant and kCompatibilityVariant (one character, several code
-- points) as variants.  Save Unihan_Variants.txt and Unihan_IRGSources.txt of the
-- Unicode Character Database, comments taken out, as unihan.txt (three columns
-- parted by tabs: U+3588, kZVariant, U+439B) in the directory where psql is started:
--   cat Unihan_*.txt | grep -P '\tk(Z|Compatibility)Variant\t' > unihan.txt
-- psql -X -f sql/variants/unihan.sql DATABASE, as passport_admin
\set ON_ERROR_STOP on
CREATE TEMP TABLE unihan (form text, relation text, usual text);
\copy unihan FROM 'unihan.txt'

-- kZVariant says both ways: the lower is taken for the usual one where the shipped table does not know better
SELECT r.pairs, r.settled, r.left_out
  FROM (SELECT array_agg(chr(form)) AS forms, array_agg(chr(usual)) AS usuals
          FROM (SELECT ('x' || lpad(substr(form, 3), 8, '0'))::bit(32)::int AS form,
                       ('x' || lpad(substring(usual FROM '^U\+([0-9A-F]+)'), 8, '0'))::bit(32)::int AS usual, relation
                  FROM unihan) AS pair
         WHERE relation = 'kCompatibilityVariant' OR form > usual) AS p,
       LATERAL passport.load_variants('unihan', p.forms, p.usuals) AS r;
