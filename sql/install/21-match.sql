-- Matching: who in the register is this card's holder?

CREATE TABLE passport.resident_match_key (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  source text NOT NULL CHECK (source IN ('name', 'roman', 'alias')),
  name_key bigint NOT NULL,
  address_key bigint,
  birth_date date,
  PRIMARY KEY (resident_id, source)
);
COMMENT ON TABLE passport.resident_match_key IS
'Lookup keys of the residents who live here: hashes of the normalised forms of each name they bear and of their address. Kept by import_residents.';
CREATE INDEX resident_match_key_name ON passport.resident_match_key (birth_date, name_key);
CREATE INDEX resident_match_key_address ON passport.resident_match_key (birth_date, address_key);
CREATE INDEX resident_match_key_place ON passport.resident_match_key (name_key, address_key);

CREATE FUNCTION passport.normalized_name(name text) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_normalized_name';
COMMENT ON FUNCTION passport.normalized_name(text) IS
'What a name is compared as: spaces and variation selectors dropped, one width, old kanji forms as the usual ones, Latin letters as capitals. NULL if it is empty or longer than 512 characters.';

CREATE FUNCTION passport.normalized_address(address text) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_normalized_address';
COMMENT ON FUNCTION passport.normalized_address(text) IS
'What an address is compared as: place from the municipality''s name on, lot (地番) and building, parted by "|". NULL if it has no place or more than 512 characters.';

CREATE FUNCTION passport.name_key(name text) RETURNS bigint
  LANGUAGE c STABLE STRICT PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_name_key';
COMMENT ON FUNCTION passport.name_key(text) IS
'64-bit FNV-1a of the normalised name, NULL if it has none.';

CREATE FUNCTION passport.address_key(address text) RETURNS bigint
  LANGUAGE c STABLE STRICT PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_address_key';
COMMENT ON FUNCTION passport.address_key(text) IS
'64-bit FNV-1a of the normalised address from the municipality''s name to the lot, NULL if it has none.';

-- No plan_cache_mode here: forcing plans anew would have the check of the foreign
-- key planned for each row, at five times the whole cost.
CREATE FUNCTION passport.refresh_match_keys(resident_ids bigint[] DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- one at a time, with imports and load_variants: a key made by an old table must not come last
  LOCK TABLE passport.resident_directory IN SHARE ROW EXCLUSIVE MODE;
  WITH fresh AS MATERIALIZED (
    SELECT r.resident_id, form.source, passport.name_key(form.name) AS name_key,
           passport.address_key(r.address) AS address_key, r.birth_date
      FROM passport.resident AS r
     CROSS JOIN LATERAL (VALUES ('name', r.name), ('roman', r.name_roman), ('alias', r.alias))
        AS form(source, name)
     WHERE (resident_ids IS NULL OR r.resident_id = ANY (resident_ids))
       AND r.status = 'resident' AND form.name IS NOT NULL
  ), gone AS (
    DELETE FROM passport.resident_match_key AS k
     WHERE (resident_ids IS NULL OR k.resident_id = ANY (resident_ids))
       AND NOT EXISTS (SELECT FROM fresh AS f
                        WHERE f.resident_id = k.resident_id AND f.source = k.source AND f.name_key IS NOT NULL)
  )
  INSERT INTO passport.resident_match_key AS k (resident_id, source, name_key, address_key, birth_date)
  SELECT f.resident_id, f.source, f.name_key, f.address_key, f.birth_date FROM fresh AS f WHERE f.name_key IS NOT NULL
    ON CONFLICT (resident_id, source)
    DO UPDATE SET name_key = excluded.name_key, address_key = excluded.address_key, birth_date = excluded.birth_date
     WHERE (k.name_key, k.address_key, k.birth_date)
           IS DISTINCT FROM (excluded.name_key, excluded.address_key, excluded.birth_date);
END $$;
COMMENT ON FUNCTION passport.refresh_match_keys(bigint[]) IS
'Makes the lookup keys of the residents given anew, of all if NULL: after an update of the extension that changed the rules of comparison. load_variants and import_residents call it.';

CREATE FUNCTION passport.match_resident(name text, address text, birth_date date, sex text,
                                        name_substitution text DEFAULT NULL)
  RETURNS TABLE (resident_id bigint, score real, explanation jsonb)
  LANGUAGE c STABLE
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_match_resident';
COMMENT ON FUNCTION passport.match_resident(text, text, date, text, text) IS
'Residents who could be the holder of a card with this name, address, birth date and sex (male, female, other, unknown), the best first: all who agree in two of name, birth date and address (from the municipality''s name to the lot). name_substitution is the certificate''s substitute map, one digit per character of the name. Where the map flags a character, it may stand for one that no certificate can hold (outside JIS X 0208 and 0212); flagged kana may stand for one or more such, and are proven where the registered reading has as many words and they are that word''s reading, its beginning or its end. score is 0 to 1. explanation has one key per field with what made it equal ("equal" or the rules, joined by +: width, selector, old_form, case, space, hyphen, kana, numeral, lot, aza, prefecture_omitted, county_omitted, building_omitted, substitute, variant, reading; "roman_name") or why it is not proven (alias, substitute_unproven, unknown, no_lot, koaza_omitted, other_building, municipality_unproven) or not equal (other_lot, different); match_words() says it in words, "others": how many other candidates there are, and "certain": true only where name, birth date and sex agree, the address agrees to the lot, and nobody else with that birth date shares the name or the address. Only a certain match may be linked without a person''s judgement.';
