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

CREATE TABLE passport.shelter_opening (
  shelter_id text NOT NULL REFERENCES passport.shelter,
  opened_at timestamptz NOT NULL,
  opened_by name NOT NULL,
  closed_at timestamptz CHECK (closed_at >= opened_at),
  closed_by name,
  PRIMARY KEY (shelter_id, opened_at)
);
COMMENT ON TABLE passport.shelter_opening IS
'When shelters were open, and who opened and closed them.';
CREATE UNIQUE INDEX shelter_opening_open ON passport.shelter_opening (shelter_id) WHERE closed_at IS NULL;

CREATE FUNCTION passport.open_shelter(shelter_id text) RETURNS timestamptz
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  since timestamptz;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.shelter AS s WHERE s.shelter_id = open_shelter.shelter_id) THEN
    RAISE EXCEPTION 'no such shelter' USING ERRCODE = 'PT404';
  END IF;
  INSERT INTO passport.shelter_opening (shelter_id, opened_at, opened_by)
  VALUES (open_shelter.shelter_id, passport.now(), session_user) ON CONFLICT DO NOTHING;
  PERFORM pg_notify('passport_map', '');
  SELECT o.opened_at INTO since FROM passport.shelter_opening AS o
   WHERE o.shelter_id = open_shelter.shelter_id AND o.closed_at IS NULL;
  RETURN since;
END $$;
COMMENT ON FUNCTION passport.open_shelter(text) IS
'Says that a shelter is open, on the public map too, and returns since when; one that is open stays as it is. PT404: no such shelter.';

CREATE FUNCTION passport.close_shelter(shelter_id text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  UPDATE passport.shelter_opening AS o SET closed_at = greatest(passport.now(), o.opened_at), closed_by = session_user
   WHERE o.shelter_id = close_shelter.shelter_id AND o.closed_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the shelter is not open' USING ERRCODE = 'PT409';
  END IF;
  PERFORM pg_notify('passport_map', '');
END $$;
COMMENT ON FUNCTION passport.close_shelter(text) IS
'Says that a shelter is closed again. PT409: it is not open.';
