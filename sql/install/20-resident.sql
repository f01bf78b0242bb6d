-- Residents: who they are, where they live, and how they come in

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

CREATE TABLE passport.oaza (
  name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 50),
  location geometry(Point,4326) NOT NULL
);
COMMENT ON TABLE passport.oaza IS
'The municipality''s 大字 with a point each: where a resident without a point of their own is taken to live.';
CREATE INDEX oaza_location ON passport.oaza USING gist (location);

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
  sex text NOT NULL DEFAULT 'unknown' CHECK (sex IN ('male', 'female', 'other', 'unknown')),
  address text CHECK (length(address) <= 400),
  oaza text CHECK (length(oaza) <= 50),
  location geometry(Point,4326),
  location_precision text CHECK (location_precision IN ('parcel', 'oaza')),
  nationality_class text NOT NULL DEFAULT 'japanese'
    CHECK (nationality_class IN ('japanese', 'permanent', 'period_of_stay', 'special_permanent')),
  stay_until date,
  language text NOT NULL DEFAULT 'ja' CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
  status text NOT NULL DEFAULT 'resident'
    CHECK (status IN ('resident', 'moved_out', 'deceased', 'non_resident')),
  needs_help boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL,
  CHECK ((location IS NULL) = (location_precision IS NULL)),
  -- the line feeds keep the end of one field from completing the next one's digits
  CONSTRAINT resident_no_individual_number CHECK (NOT passport.holds_individual_number(
    resident_number || E'\n' || coalesce(household_number, '') || E'\n' || coalesce(relation, '')
    || E'\n' || name || E'\n' || coalesce(name_kana, '') || E'\n' || coalesce(name_roman, '')
    || E'\n' || coalesce(alias, '') || E'\n' || coalesce(address, '') || E'\n' || coalesce(oaza, '')))
);
COMMENT ON TABLE passport.resident IS
'The people in the resident register, one row each. Read places of persons through passport.resident_place.';
CREATE INDEX resident_location ON passport.resident USING gist (location);
CREATE INDEX resident_household ON passport.resident (household_number);
CREATE INDEX resident_unplaced ON passport.resident (oaza) WHERE location IS NULL;

CREATE TABLE passport.resident_directory (
  resident_number text PRIMARY KEY,
  resident_id bigint NOT NULL UNIQUE REFERENCES passport.resident
);
COMMENT ON TABLE passport.resident_directory IS
'From the register''s resident number (宛名番号) to the resident.';

-- The next two are inlined into the statement that reads a whole extract: a
-- SET clause would forbid that; BEGIN ATOMIC has bound every name already.
CREATE FUNCTION passport.iso_date(value text) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN value ~ '^(18|19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN
           CASE WHEN substr(value, 9, 2)::int
                     <= extract(day FROM make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, 1)
                                         + interval '1 month' - interval '1 day')
                THEN make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, substr(value, 9, 2)::int)
           END
         END;
END;
COMMENT ON FUNCTION passport.iso_date(text) IS
'Date of a text YYYY-MM-DD from 1800 to 2199, NULL if it is none.';

CREATE FUNCTION passport.point(lon double precision, lat double precision) RETURNS geometry
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ST_SetSRID(ST_MakePoint(lon, lat), 4326);
END;
COMMENT ON FUNCTION passport.point(double precision, double precision) IS
'Point of a longitude and a latitude in degrees (EPSG:4326), NULL if either is.';

CREATE FUNCTION passport.resident_problems(residents jsonb)
  RETURNS TABLE ("row" int, field text, code text, "text" text)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH line AS MATERIALIZED (
    SELECT ord::int AS "row", element FROM jsonb_array_elements(residents) WITH ORDINALITY AS l(element, ord)
  ), spec(field, longest, required) AS (
    VALUES ('resident_number', 20, true), ('household_number', 20, false), ('relation', 50, false),
           ('name', 200, true), ('name_kana', 200, false), ('name_roman', 200, false),
           ('alias', 200, false), ('birth_date', 10, false), ('sex', 20, false),
           ('address', 400, false), ('oaza', 50, false), ('location_precision', 20, false),
           ('nationality_class', 20, false), ('stay_until', 10, false), ('language', 35, false),
           ('status', 20, false)
  ), cell AS MATERIALIZED (
    SELECT line."row", spec.*, line.element ->> spec.field AS value,
           -- an extract leaves a field empty where there is nothing
           CASE WHEN line.element -> spec.field <> '""' THEN jsonb_typeof(line.element -> spec.field) END AS type
      FROM line, spec
     WHERE jsonb_typeof(line.element) = 'object'
  ), choice(field, allowed) AS (
    VALUES ('sex', ARRAY['male', 'female', 'other', 'unknown']),
           ('location_precision', ARRAY['parcel', 'oaza']),
           ('nationality_class', ARRAY['japanese', 'permanent', 'period_of_stay', 'special_permanent']),
           ('status', ARRAY['resident', 'moved_out', 'deceased', 'non_resident'])
  ), degree(field, lowest, highest) AS (
    -- Japan's own extent: it also catches longitude and latitude exchanged
    VALUES ('lon', 122, 154), ('lat', 20, 46)
  )
  SELECT "row", NULL, 'type', 'Each element must be an object.'
    FROM line WHERE jsonb_typeof(element) <> 'object'
  UNION ALL
  SELECT "row", field, 'required', 'The field is missing or blank.'
    FROM cell WHERE required AND (coalesce(type, 'null') = 'null' OR type = 'string' AND value !~ '[^[:space:]　]')
  UNION ALL
  SELECT "row", field, 'type', 'The field must be a string.'
    FROM cell WHERE type NOT IN ('string', 'null')
  UNION ALL
  SELECT "row", field, 'too_long', format('The field holds more than %s characters.', longest)
    FROM cell WHERE type = 'string' AND length(value) > longest
  UNION ALL
  SELECT "row", field, 'control_character', 'The field holds a control character.'
    FROM cell WHERE type = 'string' AND value ~ '[\x01-\x1f\x7f-\x9f]'
  UNION ALL
  SELECT "row", field, 'individual_number', 'The field holds an individual number, which is never stored.'
    FROM cell WHERE type = 'string' AND passport.holds_individual_number(value)
  UNION ALL
  SELECT "row", field, 'date', 'The field must be a date that exists, as YYYY-MM-DD.'
    FROM cell
   WHERE field IN ('birth_date', 'stay_until') AND type = 'string' AND passport.iso_date(value) IS NULL
  UNION ALL
  SELECT "row", field, 'future', 'Nobody is born in the future.'
    FROM cell
   WHERE field = 'birth_date' AND type = 'string' AND passport.iso_date(value) > passport.today()
  UNION ALL
  SELECT "row", field, 'choice', format('The field must be one of %s.', array_to_string(allowed, ', '))
    FROM cell JOIN choice USING (field)
   WHERE type = 'string' AND value <> ALL (allowed)
  UNION ALL
  SELECT "row", field, 'format', 'The field must be a language tag such as ja or zh-Hans.'
    FROM cell
   WHERE field = 'language' AND type = 'string' AND value !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'
  UNION ALL
  SELECT "row", field, 'range', format('The field must be a number of degrees from %s to %s.', lowest, highest)
    FROM line, degree
   WHERE jsonb_typeof(element) = 'object' AND coalesce(jsonb_typeof(element -> field), 'null') <> 'null'
     AND NOT CASE WHEN jsonb_typeof(element -> field) = 'number'
                  THEN (element ->> field)::numeric BETWEEN lowest AND highest ELSE false END
  UNION ALL
  SELECT "row", 'lon', 'pair', 'Longitude and latitude come together or not at all.'
    FROM line
   WHERE jsonb_typeof(element) = 'object'
     AND (coalesce(jsonb_typeof(element -> 'lon'), 'null') = 'null')
         <> (coalesce(jsonb_typeof(element -> 'lat'), 'null') = 'null')
  UNION ALL
  SELECT "row", 'needs_help', 'type', 'The field must be true or false.'
    FROM line
   WHERE jsonb_typeof(element) = 'object'
     AND coalesce(jsonb_typeof(element -> 'needs_help'), 'null') NOT IN ('boolean', 'null')
  UNION ALL
  SELECT "row", 'resident_number', 'duplicate', 'Another row of this call has the same number.'
    FROM (SELECT "row", count(*) OVER (PARTITION BY value) AS times
            FROM cell WHERE field = 'resident_number' AND type = 'string') AS numbered
   WHERE times > 1
   ORDER BY 1, 2, 3;
END;
COMMENT ON FUNCTION passport.resident_problems(jsonb) IS
'What import_residents would refuse in an array of residents: row (from 1), field (NULL for the whole row), code (type, required, too_long, control_character, individual_number, date, future, choice, format, range, pair, duplicate) and a sentence. No value of the input is repeated.';

CREATE FUNCTION passport.import_residents(residents jsonb, OUT imported int, OUT updated int,
                                          OUT rejected int, OUT problems jsonb)
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  -- a plan made for one row must not be kept for ten thousand
  SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  touched bigint[];
BEGIN
  IF residents IS NULL OR jsonb_typeof(residents) <> 'array' THEN
    RAISE EXCEPTION 'refused: type'
      USING ERRCODE = 'PT422',
            DETAIL = '{"pointer": "", "code": "type", "text": "The residents must be an array of objects."}';
  ELSIF jsonb_array_length(residents) > 10000 THEN
    RAISE EXCEPTION 'refused: too_many'
      USING ERRCODE = 'PT422',
            DETAIL = '{"pointer": "", "code": "too_many", "text": "One call takes up to 10000 residents."}';
  END IF;

  -- one import at a time: two could both find a number new
  LOCK TABLE passport.resident_directory IN SHARE ROW EXCLUSIVE MODE;

  WITH problem AS MATERIALIZED (
    SELECT * FROM passport.resident_problems(residents)
  ), good AS MATERIALIZED (
    SELECT l.ord, d.resident_id, l.e ->> 'resident_number' AS resident_number,
           nullif(l.e ->> 'household_number', '') AS household_number,
           nullif(l.e ->> 'relation', '') AS relation, l.e ->> 'name' AS name,
           nullif(l.e ->> 'name_kana', '') AS name_kana,
           nullif(l.e ->> 'name_roman', '') AS name_roman, nullif(l.e ->> 'alias', '') AS alias,
           passport.iso_date(l.e ->> 'birth_date') AS birth_date,
           coalesce(nullif(l.e ->> 'sex', ''), 'unknown') AS sex,
           nullif(l.e ->> 'address', '') AS address, nullif(l.e ->> 'oaza', '') AS oaza,
           passport.point((l.e ->> 'lon')::float8, (l.e ->> 'lat')::float8) AS location,
           CASE WHEN l.e ->> 'lon' IS NOT NULL
                THEN coalesce(nullif(l.e ->> 'location_precision', ''), 'parcel') END AS location_precision,
           coalesce(nullif(l.e ->> 'nationality_class', ''), 'japanese') AS nationality_class,
           passport.iso_date(l.e ->> 'stay_until') AS stay_until,
           coalesce(nullif(l.e ->> 'language', ''), 'ja') AS language,
           coalesce(nullif(l.e ->> 'status', ''), 'resident') AS status,
           coalesce((l.e ->> 'needs_help')::boolean, false) AS needs_help
      FROM jsonb_array_elements(residents) WITH ORDINALITY AS l(e, ord)
      LEFT JOIN passport.resident_directory AS d ON d.resident_number = l.e ->> 'resident_number'
     WHERE NOT EXISTS (SELECT FROM problem AS p WHERE p."row" = l.ord)
  ), changed AS (
    UPDATE passport.resident AS r
       SET household_number = g.household_number, relation = g.relation, name = g.name,
           name_kana = g.name_kana, name_roman = g.name_roman, alias = g.alias,
           birth_date = g.birth_date, sex = g.sex, address = g.address, oaza = g.oaza,
           location = g.location, location_precision = g.location_precision,
           nationality_class = g.nationality_class, stay_until = g.stay_until,
           language = g.language, status = g.status, needs_help = g.needs_help,
           updated_at = passport.now()
      FROM good AS g
     WHERE r.resident_id = g.resident_id
       -- a point is compared as text: its operators are not in pg_catalog
       AND (r.household_number, r.relation, r.name, r.name_kana, r.name_roman, r.alias,
            r.birth_date, r.sex, r.address, r.oaza, r.location::text, r.location_precision,
            r.nationality_class, r.stay_until, r.language, r.status, r.needs_help)
           IS DISTINCT FROM
           (g.household_number, g.relation, g.name, g.name_kana, g.name_roman, g.alias,
            g.birth_date, g.sex, g.address, g.oaza, g.location::text, g.location_precision,
            g.nationality_class, g.stay_until, g.language, g.status, g.needs_help)
    RETURNING r.resident_id
  ), added AS (
    INSERT INTO passport.resident
           (resident_number, household_number, relation, name, name_kana, name_roman, alias,
            birth_date, sex, address, oaza, location, location_precision, nationality_class,
            stay_until, language, status, needs_help, updated_at)
    SELECT resident_number, household_number, relation, name, name_kana, name_roman, alias,
           birth_date, sex, address, oaza, location, location_precision, nationality_class,
           stay_until, language, status, needs_help, passport.now()
      FROM good WHERE resident_id IS NULL ORDER BY ord
    RETURNING resident_id, resident_number
  ), listed AS (
    INSERT INTO passport.resident_directory (resident_number, resident_id)
    SELECT resident_number, resident_id FROM added
  )
  SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed),
         (SELECT count(DISTINCT p."row") FROM problem AS p),
         (SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p."row", p.field, p.code), '[]') FROM problem AS p),
         ARRAY(SELECT resident_id FROM added UNION ALL SELECT resident_id FROM changed)
    INTO imported, updated, rejected, problems, touched;

  PERFORM passport.refresh_match_keys(touched);
END $$;
COMMENT ON FUNCTION passport.import_residents(jsonb) IS
'Takes residents from the resident-record system: an array of up to 10,000 objects with the keys resident_number and name (required), household_number, relation, name_kana, name_roman, alias, birth_date and stay_until (YYYY-MM-DD), sex (male, female, other, unknown), address, oaza, lon and lat (degrees), location_precision (parcel, oaza), nationality_class (japanese, permanent, period_of_stay, special_permanent), language, status (resident, moved_out, deceased, non_resident), needs_help. Each object is the whole record: a key left out, null or "" empties the field. A number already known is updated. Rows with a problem are left out and reported, the others are taken. Returns how many were imported, how many known ones changed, how many rows were rejected, and the problems as an array of {"row", "field", "code", "text"} (see resident_problems). PT422 if the argument is no array or too long.';

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
