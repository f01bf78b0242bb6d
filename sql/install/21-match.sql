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
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_normalized_name';
COMMENT ON FUNCTION passport.normalized_name(text) IS
'What a name is compared as: spaces and variation selectors dropped, one width, old kanji forms as the usual ones, Latin letters as capitals. NULL if it is empty or longer than 512 characters.';

CREATE FUNCTION passport.normalized_address(address text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_normalized_address';
COMMENT ON FUNCTION passport.normalized_address(text) IS
'What an address is compared as: place from the municipality''s name on, lot (地番) and building, parted by "|". NULL if it has no place or more than 512 characters.';

CREATE FUNCTION passport.name_key(name text) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_name_key';
COMMENT ON FUNCTION passport.name_key(text) IS
'64-bit FNV-1a of the normalised name, NULL if it has none.';

CREATE FUNCTION passport.address_key(address text) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
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
  resident_ids := coalesce(resident_ids, ARRAY(SELECT r.resident_id FROM passport.resident AS r));
  DELETE FROM passport.resident_match_key AS k
   USING unnest(resident_ids) AS t(resident_id)
   WHERE k.resident_id = t.resident_id;
  INSERT INTO passport.resident_match_key (resident_id, source, name_key, address_key, birth_date)
  SELECT r.resident_id, form.source, passport.name_key(form.name), passport.address_key(r.address),
         r.birth_date
    FROM (SELECT DISTINCT u FROM unnest(resident_ids) AS u) AS t(resident_id)
    JOIN passport.resident AS r ON r.resident_id = t.resident_id
   CROSS JOIN LATERAL (VALUES ('name', r.name), ('roman', r.name_roman), ('alias', r.alias))
      AS form(source, name)
   WHERE r.status = 'resident' AND passport.name_key(form.name) IS NOT NULL;
END $$;
COMMENT ON FUNCTION passport.refresh_match_keys(bigint[]) IS
'Makes the lookup keys of the residents given anew, of all if NULL: after an update of the extension that changed the rules of comparison.';

CREATE FUNCTION passport.match_resident(name text, address text, birth_date date, sex text,
                                        name_substitution text DEFAULT NULL)
  RETURNS TABLE (resident_id bigint, score real, explanation jsonb)
  LANGUAGE c STABLE
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_match_resident';
COMMENT ON FUNCTION passport.match_resident(text, text, date, text, text) IS
'Residents who could be the holder of a card with this name, address, birth date and sex (male, female, other, unknown), the best first: all who agree in two of name, birth date and address (from the municipality''s name to the lot). name_substitution is the certificate''s substitute map, one digit per character of the name. score is 0 to 1. explanation has one key per field with what made it equal ("equal" or the rules, joined by +: width, selector, old_form, case, space, hyphen, kana, numeral, lot, aza, prefecture_omitted, county_omitted, building_omitted, substitute; "roman_name") or why it is not proven or not equal (alias, substitute_unproven, unknown, no_lot, other_lot, other_building, municipality_unproven, different), "others": how many other candidates there are, and "certain": true only where name, birth date and sex agree, the address agrees to the lot, and nobody else with that birth date shares the name or the address. Only a certain match may be linked without a person''s judgement.';
