-- village.sql: loads what village.pl made.
--   psql -v dir=DIRECTORY -f demo/village.sql
\set ON_ERROR_STOP 1
\set boundary `cat :'dir'/boundary.json`
\set oaza `cat :'dir'/oaza.tsv`
\set shelters `cat :'dir'/shelters.json`
\set residents :dir '/residents.csv'
\set cards `cat :'dir'/cards.tsv`
BEGIN;

INSERT INTO passport.municipality_area (code, name, area)
SELECT b ->> 'code', b ->> 'name', ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(b ->> 'geometry'), 4326))
  FROM (VALUES (:'boundary'::jsonb)) AS v(b);

INSERT INTO passport.oaza (name, location)
SELECT split_part(line, E'\t', 1),
       passport.point(split_part(line, E'\t', 2)::float8, split_part(line, E'\t', 3)::float8)
  FROM string_to_table(trim(E'\n' FROM :'oaza'), E'\n') AS line;

INSERT INTO passport.shelter (shelter_id, name, address, location, hazards)
SELECT s ->> 'shelter_id', s ->> 'name', s ->> 'address',
       passport.point((s ->> 'lon')::float8, (s ->> 'lat')::float8),
       ARRAY(SELECT jsonb_array_elements_text(s -> 'hazards'))
  FROM jsonb_array_elements(:'shelters'::jsonb) AS s;

-- the server is ours and reads the file itself; elsewhere it is \copy
COPY passport.resident_staging (resident_number, household_number, relation, name, name_kana, name_roman, alias, birth_date,
                                sex, address, oaza, lon, lat, nationality_class, stay_until, language, needs_help)
  FROM :'residents' WITH (FORMAT csv, HEADER MATCH);
SELECT format('   residents: %s imported, %s rejected', sum(residents) FILTER (WHERE what = 'arrived'),
              sum(residents) FILTER (WHERE what = 'rejected')) AS line
  FROM passport.import_extract('full') \gset
\echo :line

SELECT count(*) AS cards
  FROM string_to_table(trim(E'\n' FROM :'cards'), E'\n') WITH ORDINALITY AS t(line, ord)
 CROSS JOIN string_to_array(line, E'\t') AS card
  JOIN passport.resident_directory AS d ON d.resident_number = card[1]
 CROSS JOIN LATERAL passport.record_card(d.resident_id, card[2], card[3]::date, card[4]::date,
                                         card[5]::date, nullif(card[6], '')::date) AS recorded
 WHERE ord > 1 \gset
\echo '   cards:' :cards

COMMIT;
ANALYZE;
