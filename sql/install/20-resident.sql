-- Residents: who they are and where they live

CREATE FUNCTION passport.holds_individual_number(value text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_holds_individual_number';
COMMENT ON FUNCTION passport.holds_individual_number(text) IS
'True if the text holds a 12-digit individual number (マイナンバー) whose check digit is right: twelve digits in a row, or three groups of four parted by one space or hyphen, in ASCII or full width. The number is never stored: every text that comes from outside is asked here. Check digit: 平成26年総務省令第85号第5条, 11 - (sum of P_n Q_n mod 11), 0 if that remainder is 0 or 1, with P_n the n-th digit from the right after the check digit, Q_n = n + 1 for n <= 6 and n - 5 above.';

CREATE FUNCTION passport.refuse_individual_number(pointer text, value text) RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF passport.holds_individual_number(value) THEN
    PERFORM passport.refuse(pointer, 'individual_number', 'The field holds an individual number, which is never stored.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.refuse_individual_number(text, text) IS
'PT422 if a text that comes from outside, or any text of a JSON value, holds an individual number (holds_individual_number). pointer: where the text stands in the input.';

CREATE FUNCTION passport.place_form(name text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_place_form';
COMMENT ON FUNCTION passport.place_form(text) IS
'What the name of a 大字 or 小字 is compared as: one width, without 大字 and 字, old kanji forms as the usual ones, ヶ and が as ケ, 之 and の as ノ between kanji. NULL if it is empty or longer than 512 characters.';

CREATE TABLE passport.oaza (
  name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 50),
  location geometry(Point,4326) NOT NULL,
  form text GENERATED ALWAYS AS (passport.place_form(name)) STORED
);
COMMENT ON TABLE passport.oaza IS
'The municipality''s 大字 with a point each: where a resident of whom nothing nearer is known is taken to live. form: what the name is compared as.';
CREATE INDEX oaza_location ON passport.oaza USING gist (location);
CREATE INDEX oaza_form ON passport.oaza (form);

CREATE TABLE passport.municipality_area (
  code text PRIMARY KEY CHECK (code ~ '^[0-9]{6}$'),
  name text NOT NULL,
  area geometry(MultiPolygon,4326) NOT NULL
);
COMMENT ON TABLE passport.municipality_area IS
'Areas of this municipality and its neighbours, by six-digit code.';
CREATE INDEX municipality_area_area ON passport.municipality_area USING gist (area);

CREATE TABLE passport.resident (
  resident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resident_number text NOT NULL CHECK (length(resident_number) BETWEEN 1 AND 20),
  household_number text CHECK (length(household_number) BETWEEN 1 AND 20),
  relation text CHECK (length(relation) <= 50),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  name_kana text CHECK (length(name_kana) <= 200),
  name_roman text CHECK (length(name_roman) <= 200),
  alias text CHECK (length(alias) <= 200),
  birth_date date,
  birth_written text CHECK (birth_written ~ '^[0-9]{4}-[0-9]{2}-00$'),
  sex text NOT NULL DEFAULT 'unknown' CHECK (sex IN ('male', 'female', 'other', 'unknown')),
  address text CHECK (length(address) <= 400),
  oaza text CHECK (length(oaza) <= 50),
  koaza text CHECK (length(koaza) <= 50),
  lot text CHECK (length(lot) <= 50),
  building text CHECK (length(building) <= 200),
  location geometry(Point,4326),
  location_precision text CHECK (location_precision IN ('parcel', 'koaza', 'oaza')),
  location_source text CHECK (location_source IN ('map', 'address')),
  nationality_class text NOT NULL DEFAULT 'japanese'
    CHECK (nationality_class IN ('japanese', 'permanent', 'period_of_stay', 'special_permanent')),
  residence_status text CHECK (length(residence_status) <= 50),
  stay_until date,
  language text NOT NULL DEFAULT 'ja' CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
  status text NOT NULL DEFAULT 'resident'
    CHECK (status IN ('resident', 'moved_out', 'deceased', 'non_resident')),
  changed_on date,
  change_reason text CHECK (length(change_reason) <= 50),
  protected boolean NOT NULL DEFAULT false,
  needs_help boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL,
  CHECK (birth_date IS NULL OR birth_written IS NULL),
  CHECK ((location IS NULL) = (location_precision IS NULL)),
  -- the line feeds keep the end of one field from completing the next one's digits
  CONSTRAINT resident_no_individual_number CHECK (NOT passport.holds_individual_number(
    resident_number || E'\n' || coalesce(household_number, '') || E'\n' || coalesce(relation, '')
    || E'\n' || name || E'\n' || coalesce(name_kana, '') || E'\n' || coalesce(name_roman, '')
    || E'\n' || coalesce(alias, '') || E'\n' || coalesce(address, '') || E'\n' || coalesce(oaza, '')
    || E'\n' || coalesce(koaza, '') || E'\n' || coalesce(lot, '') || E'\n' || coalesce(building, '')
    || E'\n' || coalesce(residence_status, '') || E'\n' || coalesce(change_reason, '')))
);
COMMENT ON TABLE passport.resident IS
'The people in the resident register, one row each. Read places of persons through passport.resident_place. birth_written: a birth of which the day, the month or all is unknown, as the register writes it (1950-05-00); birth_date is NULL then. location_source: map (the map system''s own point, which nothing replaces) or address (found by passport.place_of). changed_on, change_reason: 異動日 and 異動事由. protected: the register''s own flag, which sets a protection and never lifts one (passport.protected_resident says who is protected). updated_at: since when the row holds.';
-- The dead, for whom every message asks: few, so that nobody waits for it.
CREATE INDEX resident_deceased ON passport.resident (resident_id) WHERE status = 'deceased';
CREATE INDEX resident_location ON passport.resident USING gist (location);
CREATE INDEX resident_household ON passport.resident (household_number);
CREATE INDEX resident_unplaced ON passport.resident (oaza) WHERE location IS NULL;

CREATE TABLE passport.resident_directory (
  resident_number text PRIMARY KEY,
  resident_id bigint NOT NULL UNIQUE REFERENCES passport.resident
);
COMMENT ON TABLE passport.resident_directory IS
'From the register''s resident number (宛名番号) to the resident.';

CREATE FUNCTION passport.point(lon double precision, lat double precision) RETURNS geometry
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ST_SetSRID(ST_MakePoint(lon, lat), 4326);
END;
COMMENT ON FUNCTION passport.point(double precision, double precision) IS
'Point of a longitude and a latitude in degrees (EPSG:4326), NULL if either is.';

CREATE FUNCTION passport.household(resident_id bigint)
  RETURNS TABLE (resident_id bigint, relation text, name text)
  LANGUAGE sql STABLE
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.resident_id, m.relation, m.name
    FROM passport.resident AS r
    JOIN passport.resident AS m
      ON m.resident_id = r.resident_id OR m.household_number = r.household_number
   WHERE r.resident_id = household.resident_id AND m.status = 'resident'
   ORDER BY m.resident_id;
END;
COMMENT ON FUNCTION passport.household(bigint) IS
'Members of a resident''s household who live in the municipality, the resident among them. No row for somebody unknown.';
