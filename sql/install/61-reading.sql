-- Readings: every one that came is kept, with what was made of it

CREATE TABLE passport.reading (
  sensor text NOT NULL REFERENCES passport.sensor,
  observed_at timestamptz NOT NULL,
  value double precision NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('accepted', 'held', 'rejected')),
  reasons text[] NOT NULL,
  stage int NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (sensor, observed_at)
);
COMMENT ON TABLE passport.reading IS
'Readings with the gate''s verdict and reasons, and the stage of the sensor after each.';

CREATE FUNCTION passport.record_readings(
  sensor text, observed_at timestamptz[], value double precision[],
  OUT observed_at timestamptz, OUT value double precision, OUT verdict text, OUT reasons text[],
  OUT stage int, OUT stage_changed boolean) RETURNS SETOF record
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'record_readings';
COMMENT ON FUNCTION passport.record_readings(text, timestamptz[], double precision[]) IS
'Records up to 10,000 readings of one sensor, in any order, and returns a row for each in order of time, with the stage after it.
Verdicts: "accepted"; "held" (kept, but the stage does not follow until a second reading agrees; then both are accepted, "confirmed_by_second"); "rejected"; "duplicate" (the same time and value came before: nothing is done).
Reasons: "not_a_number", "infinite", "out_of_range", "future" (answered, but not kept), "maintenance", "retired", "dropout", "rise_too_fast", "fall_too_fast", "no_history" (a first reading that would alarm), "confirmed_by_second", "stale" (older than stale_after: never moves the stage), "late" (older than the last accepted one: kept for the record, never moves the stage), "conflict" (another value came for that time before, and stays).
The stage rises with the first accepted reading at or above "up" and falls after the hold time below "down"; silence changes nothing. PT404: unknown sensor. PT422: arrays that are NULL, unequally long, too long, with NULL elements or infinite times.';
