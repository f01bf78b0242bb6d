-- Variants: forms of characters that a municipality loads beside the shipped table

CREATE TABLE passport.variant_pair (
  source text NOT NULL CHECK (source ~ '^[a-z0-9_]{1,30}$'),
  form text NOT NULL CHECK (length(form) <= 10),
  usual text NOT NULL CHECK (length(usual) <= 10),
  PRIMARY KEY (source, form, usual)
);
COMMENT ON TABLE passport.variant_pair IS
'The pairs of a form and its usual form as they were loaded, by source.';

CREATE TABLE passport.variant (
  form text PRIMARY KEY,
  usual text NOT NULL
);
COMMENT ON TABLE passport.variant IS
'The forms that names and addresses are compared by beside the shipped ones: what load_variants() settled of all pairs. No usual form is itself a form.';

CREATE TABLE passport.variant_version (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  version uuid NOT NULL,
  loaded_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.variant_version IS
'Which state of passport.variant this is: backends that keep a copy of another read it anew. No row: nothing was ever loaded.';

CREATE FUNCTION passport.settle_variants(forms text[], usuals text[])
  RETURNS TABLE (form text, usual text, problem text)
  LANGUAGE c IMMUTABLE STRICT
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_settle_variants';
COMMENT ON FUNCTION passport.settle_variants(text[], text[]) IS
'Follows pairs of a form and its usual form (arrays of one length, up to 200,000) to their ends: a row for each form that settles, with the usual form it leads to and problem NULL, and for each pair that does not: ambiguous (the form leads to several), circle (it leads back to itself, or over more than 16 steps), shipped (the shipped table has the form otherwise, or has it as the usual one of others), unreadable (not one kanji, old kana or private-use character, with a variation selector or without, and one kanji or kana). A form with a selector is ambiguous, too, where its base, or what that leads to, is another character that a certificate can hold. Pairs that say nothing new have no row.';

CREATE FUNCTION passport.load_variants(source text, forms text[], usuals text[],
                                       OUT pairs int, OUT settled int, OUT left_out int, OUT problems jsonb)
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF coalesce(load_variants.source !~ '^[a-z0-9_]{1,30}$', true) THEN
    PERFORM passport.refuse('/source', 'format', 'A source is named by up to 30 of a-z, 0-9 and _.');
  ELSIF forms IS NULL OR usuals IS NULL OR cardinality(forms) <> cardinality(usuals)
        OR array_ndims(forms) > 1 OR array_ndims(usuals) > 1
        OR array_position(forms, NULL) IS NOT NULL OR array_position(usuals, NULL) IS NOT NULL THEN
    PERFORM passport.refuse('/forms', 'type', 'Forms and usual forms are two arrays of one length without a null.');
  END IF;
  PERFORM passport.refuse_individual_number('/source', load_variants.source);
  -- no import may make a key by the old table after the keys were made anew
  LOCK TABLE passport.resident_directory IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM passport.variant_pair AS p WHERE p.source = load_variants.source;
  INSERT INTO passport.variant_pair (source, form, usual)
  SELECT DISTINCT load_variants.source, left(t.form, 10), left(t.usual, 10)
    FROM unnest(forms, usuals) AS t(form, usual);
  GET DIAGNOSTICS pairs = ROW_COUNT;
  IF (SELECT count(*) FROM passport.variant_pair) > 200000 THEN
    PERFORM passport.refuse('/forms', 'too_many', 'All sources together hold up to 200000 pairs.');
  END IF;

  DELETE FROM passport.variant;
  WITH outcome AS MATERIALIZED (
    SELECT o.* FROM (SELECT array_agg(p.form) AS forms, array_agg(p.usual) AS usuals
                       FROM passport.variant_pair AS p) AS given,
           LATERAL passport.settle_variants(given.forms, given.usuals) AS o
  ), kept AS (
    INSERT INTO passport.variant (form, usual) SELECT o.form, o.usual FROM outcome AS o WHERE o.problem IS NULL
  )
  SELECT count(*) FILTER (WHERE o.problem IS NULL), count(*) FILTER (WHERE o.problem IS NOT NULL),
         coalesce(jsonb_agg(jsonb_build_object('form', o.form, 'usual', o.usual, 'code', o.problem)
                            ORDER BY o.problem, o.form, o.usual)
                  FILTER (WHERE o.problem IS NOT NULL AND o.place <= 1000), '[]')
    INTO settled, left_out, problems
    FROM (SELECT *, row_number() OVER (PARTITION BY problem IS NULL ORDER BY problem, form, usual) AS place
            FROM outcome) AS o;
  INSERT INTO passport.variant_version AS v (version, loaded_at) VALUES (gen_random_uuid(), passport.now())
    ON CONFLICT (single) DO UPDATE SET version = excluded.version, loaded_at = excluded.loaded_at;
  PERFORM passport.refresh_match_keys();
END $$;
COMMENT ON FUNCTION passport.load_variants(text, text[], text[]) IS
'Loads pairs of a form and its usual form in place of what the source brought before (two empty arrays take it away), settles the pairs of all sources together (settle_variants) and makes the lookup keys of all residents anew. A form is one character, or one with a variation selector; private-use characters may be forms. Up to 200,000 pairs in all. Returns the pairs of this source, the forms that settled and the pairs left out over all sources, and the first 1,000 of these as an array of {"form", "usual", "code"}. How to load the MJ shrink map and Unihan: sql/variants/. PT422 for a source or arrays that make no sense, or too many pairs.';
