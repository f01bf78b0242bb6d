-- Shelters

CREATE TABLE passport.shelter (
  shelter_id text PRIMARY KEY CHECK (length(shelter_id) <= 40),
  name text NOT NULL CHECK (length(name) <= 200),
  address text CHECK (length(address) <= 400),
  location geometry(Point,4326) NOT NULL,
  hazards text[] NOT NULL DEFAULT '{}'
    CHECK (hazards <@ ARRAY['flood', 'landslide', 'storm_surge', 'earthquake', 'tsunami', 'fire',
                            'inland_flood', 'volcano'])
);
COMMENT ON TABLE passport.shelter IS
'Shelters with the hazards they are designated for (災害対策基本法49条の4 指定緊急避難場所); none for a place to stay afterwards (49条の7 指定避難所).';
CREATE INDEX shelter_location ON passport.shelter USING gist (location);
