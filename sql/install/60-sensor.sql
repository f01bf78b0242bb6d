-- Sensors, their thresholds, and what is remembered of each between readings

CREATE TABLE passport.sensor (
  sensor text PRIMARY KEY CHECK (length(sensor) BETWEEN 1 AND 100),
  name text NOT NULL DEFAULT '',
  kind text NOT NULL DEFAULT 'river_level' CHECK (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  unit text NOT NULL DEFAULT 'm' CHECK (length(unit) BETWEEN 1 AND 20),
  datum text NOT NULL DEFAULT 'local' CHECK (datum IN ('local', 'elevation')),
  zero_elevation double precision CHECK (zero_elevation BETWEEN -500 AND 9000),
  lon double precision CHECK (lon BETWEEN -180 AND 180),
  lat double precision CHECK (lat BETWEEN -90 AND 90),
  location geometry(Point, 4326)
    GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
  state text NOT NULL DEFAULT 'in_service'
    CHECK (state IN ('in_service', 'maintenance', 'retired')),
  range_low double precision,
  range_high double precision,
  max_rise double precision CHECK (max_rise > 0),
  max_fall double precision CHECK (max_fall > 0),
  noise double precision NOT NULL DEFAULT 0.05 CHECK (noise >= 0),
  dropout_value double precision,
  sampling_interval interval NOT NULL DEFAULT '10 minutes'
    CHECK (sampling_interval BETWEEN '1 second' AND '1 day'),
  stale_after interval NOT NULL DEFAULT '1 hour' CHECK (stale_after BETWEEN '1 second' AND '10 years'),
  future_tolerance interval NOT NULL DEFAULT '5 minutes'
    CHECK (future_tolerance BETWEEN '0' AND '1 hour'),
  memory interval NOT NULL DEFAULT '2 hours' CHECK (memory BETWEEN '1 minute' AND '7 days'),
  stuck_after interval CHECK (stuck_after BETWEEN '1 minute' AND '1 year'),
  start_level double precision,
  heartbeat interval CHECK (heartbeat BETWEEN '1 second' AND '1 year'),
  CHECK (range_low < range_high)
);
COMMENT ON TABLE passport.sensor IS
'A gauge: what is physically possible at it (range; max_rise and max_fall by 10 minutes; noise between two readings of one level; dropout_value that its logger writes for want of one) and how it reports (sampling_interval; stale_after; future_tolerance; memory: for how long a reading speaks for what follows it; stuck_after: for how long moving water cannot show one value). kind: river_level, channel_level, rain, or any quantity that the unit measures. datum: what its values count from, its own zero (local) or the sea (elevation); zero_elevation: how high its own zero lies (m). start_level: a crisis-management gauge (危機管理型水位計) is silent below it by design; heartbeat: the longest time without any reading, of such a gauge while it rests, of another always (left out: none is expected of the first, and stale_after of the second).';

CREATE TABLE passport.sensor_stage (
  sensor text NOT NULL REFERENCES passport.sensor,
  holds_from date NOT NULL,
  stage int NOT NULL CHECK (stage BETWEEN 1 AND 9),
  name text NOT NULL DEFAULT '',
  up double precision NOT NULL,
  down double precision NOT NULL,
  hold interval NOT NULL DEFAULT '30 minutes' CHECK (hold BETWEEN '0' AND '1 day'),
  PRIMARY KEY (sensor, holds_from, stage),
  CHECK (down <= up AND up < 'infinity' AND down > '-infinity')
);
COMMENT ON TABLE passport.sensor_stage IS
'Thresholds of a sensor: a stage begins with a reading at or above "up" and ends when all readings of the time "hold" were below "down". A revision is a whole set with the date from which it holds.';

CREATE VIEW passport.sensor_threshold AS
  SELECT sensor, stage, name, up, down, hold
    FROM passport.sensor_stage AS t
   WHERE holds_from = (SELECT max(h.holds_from) FROM passport.sensor_stage AS h
                        WHERE h.sensor = t.sensor AND h.holds_from <= passport.today());
COMMENT ON VIEW passport.sensor_threshold IS
'Thresholds in force today.';

CREATE TABLE passport.sensor_state (
  sensor text PRIMARY KEY REFERENCES passport.sensor,
  stage int NOT NULL DEFAULT 0,
  since timestamptz,
  observed_at timestamptz,
  value double precision,
  held_at timestamptz,
  held_value double precision,
  steady_since timestamptz,
  steady_until timestamptz,
  below_since timestamptz,
  below_high double precision,
  seen_at timestamptz,
  latest_at timestamptz
) WITH (fillfactor = 50); -- every batch changes its row: the new version finds room on the same page
COMMENT ON TABLE passport.sensor_state IS
'What is known of a sensor now: its stage (0: below all thresholds) and since when, its last accepted reading (observed_at, value), the reading held until a second agrees, since when and until when all readings were of that value (steady_since, steady_until), since when the level is below the stage''s "down" and how high it was since, the last reading that the stage saw, and the latest stored. Its row lock puts calls for one sensor in order.';

CREATE TABLE passport.sensor_service (
  change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  since timestamptz NOT NULL,
  state text NOT NULL,
  changed_by name NOT NULL,
  reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 400)
);
COMMENT ON TABLE passport.sensor_service IS
'Since when a sensor is in service, in maintenance or retired, who said so and why. Append-only.';
CREATE INDEX sensor_service_sensor ON passport.sensor_service (sensor, since);
CREATE TRIGGER sensor_service_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.sensor_service
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.sensor_witness (
  sensor text NOT NULL REFERENCES passport.sensor,
  witness text NOT NULL REFERENCES passport.sensor,
  relation text NOT NULL CHECK (relation IN ('upstream', 'neighbour', 'rain')),
  movement double precision NOT NULL CHECK (movement > 0),
  travel_time interval NOT NULL DEFAULT '0' CHECK (travel_time BETWEEN '0' AND '1 day'),
  span interval NOT NULL DEFAULT '1 hour' CHECK (span BETWEEN '1 minute' AND '1 day'),
  PRIMARY KEY (sensor, witness),
  CHECK (sensor <> witness)
);
COMMENT ON TABLE passport.sensor_witness IS
'Who else sees the water that rises at a sensor: gauges upstream and beside it, rain gauges. movement: the rise, or of a rain gauge the value, that counts, in the witness''s unit; travel_time: how long the water takes from there; span: how far back of that is looked. A gauge among them that measures in the same unit, and in that time rose at least half as high as a jump, lets the jump pass without a second reading.';

CREATE FUNCTION passport.set_sensor_state(sensor text, state text, reason text DEFAULT '') RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  before text;
BEGIN
  IF set_sensor_state.state IS NULL OR set_sensor_state.state NOT IN ('in_service', 'maintenance', 'retired') THEN
    PERFORM passport.refuse('/state', 'unknown', 'A sensor is in_service, in maintenance or retired.');
  ELSIF char_length(set_sensor_state.reason) > 400 THEN
    PERFORM passport.refuse('/reason', 'length', 'A reason has up to 400 characters.');
  END IF;
  PERFORM passport.refuse_individual_number('/reason', reason);
  -- not while readings are judged by the old state
  PERFORM FROM passport.sensor_state AS n WHERE n.sensor = set_sensor_state.sensor FOR UPDATE;
  SELECT s.state INTO before FROM passport.sensor AS s WHERE s.sensor = set_sensor_state.sensor;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  ELSIF before = set_sensor_state.state THEN
    RETURN;
  END IF;
  UPDATE passport.sensor AS s SET state = set_sensor_state.state WHERE s.sensor = set_sensor_state.sensor;
  INSERT INTO passport.sensor_service (sensor, since, state, changed_by, reason)
  VALUES (set_sensor_state.sensor, passport.now(), set_sensor_state.state, session_user,
          coalesce(set_sensor_state.reason, ''));
  PERFORM pg_notify('passport_map', '');
END $$;
COMMENT ON FUNCTION passport.set_sensor_state(text, text, text) IS
'Takes a sensor out of service ("maintenance" while somebody works at it, "retired" for good) or back ("in_service"), and writes down when, who (session_user) and why (up to 400 characters, nothing personal). Readings of a sensor out of service are kept and alarm nobody. The state that it has already is no change. Errors: PT404 unknown sensor, PT422 state or reason. Source: 松阪 大堀川新橋, 2015-08-18: 7.37 m during maintenance was published.';

-- Of an hourly gauge whose readings speak for less than an hour no second would
-- ever agree with the first, and no stage would be held down for its time.
CREATE FUNCTION passport.refuse_forgetting(s passport.sensor) RETURNS void
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF s.memory < 2 * s.sampling_interval THEN
    PERFORM passport.refuse('/definition/memory', 'too_short',
      'memory is two sampling intervals at least, or no reading has a second; leave it out for three.');
  ELSIF s.stale_after < 2 * s.sampling_interval THEN
    PERFORM passport.refuse('/definition/stale_after', 'too_short',
      'stale_after is two sampling intervals at least, or the gauge is silent between its readings; leave it out for three.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.refuse_forgetting(passport.sensor) IS
'Raises PT422 for a sensor whose memory or stale_after is shorter than two of its sampling intervals. Step of define_sensor().';

CREATE FUNCTION passport.define_sensor(sensor text, definition jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  target CONSTANT text := define_sensor.sensor;
  known CONSTANT text[] := ARRAY['name', 'kind', 'unit', 'datum', 'lon', 'lat', 'state',
    'zero_elevation', 'range_low', 'range_high', 'max_rise', 'max_fall', 'noise', 'dropout_value',
    'sampling_interval', 'stale_after', 'future_tolerance', 'memory', 'stuck_after', 'start_level', 'heartbeat',
    'holds_from', 'stages', 'witnesses'];
  stranger text;
BEGIN
  IF target IS NULL OR jsonb_typeof(definition) IS DISTINCT FROM 'object' THEN
    PERFORM passport.refuse('/definition', 'type', 'A sensor is named and defined by an object.');
  END IF;
  SELECT key INTO stranger FROM jsonb_object_keys(definition) AS key
   WHERE NOT key = ANY (known) LIMIT 1;
  IF FOUND THEN
    PERFORM passport.refuse('/definition/' || stranger, 'unknown', 'A sensor has no such property.');
  END IF;
  -- the texts only: twelve decimals of a longitude are no such number
  PERFORM passport.refuse_individual_number('/sensor', target);
  PERFORM passport.refuse_individual_number('/definition/' || e.key, e.value #>> '{}')
     FROM jsonb_each(definition) AS e WHERE jsonb_typeof(e.value) = 'string';
  PERFORM passport.refuse_individual_number('/definition/stages', n #>> '{}')
     FROM jsonb_path_query(definition, '$.stages[*].name') AS n;

  INSERT INTO passport.sensor (sensor) VALUES (target) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    INSERT INTO passport.sensor_service (sensor, since, state, changed_by)
    VALUES (target, passport.now(), 'in_service', session_user);
  END IF;
  INSERT INTO passport.sensor_state (sensor) VALUES (target) ON CONFLICT DO NOTHING;
  -- not while readings are judged by the old definition
  PERFORM FROM passport.sensor_state AS s WHERE s.sensor = target FOR UPDATE;
  UPDATE passport.sensor AS s
     SET (name, kind, unit, datum, zero_elevation, lon, lat, range_low, range_high, max_rise, max_fall,
          noise, dropout_value, sampling_interval, stale_after, future_tolerance, memory,
          stuck_after, start_level, heartbeat) =
         (SELECT n.name, n.kind, n.unit, n.datum, n.zero_elevation, n.lon, n.lat, n.range_low, n.range_high,
                 n.max_rise, n.max_fall, n.noise, n.dropout_value, n.sampling_interval,
                 CASE WHEN definition ? 'stale_after' THEN n.stale_after ELSE greatest(n.stale_after, 3 * n.sampling_interval) END,
                 n.future_tolerance,
                 CASE WHEN definition ? 'memory' THEN n.memory ELSE greatest(n.memory, 3 * n.sampling_interval) END,
                 n.stuck_after, n.start_level, n.heartbeat
            FROM jsonb_populate_record(s, definition) AS n)
   WHERE s.sensor = target;
  PERFORM passport.refuse_forgetting(s) FROM passport.sensor AS s WHERE s.sensor = target;
  IF definition ? 'state' THEN
    PERFORM passport.set_sensor_state(target, definition->>'state');
  END IF;
  IF definition ? 'witnesses' THEN
    PERFORM passport.set_witnesses(target, definition->'witnesses');
  END IF;
  IF definition ? 'stages' THEN
    PERFORM passport.revise_stages(target, (definition->>'holds_from')::date, definition->'stages');
  END IF;
  PERFORM pg_notify('passport_map', '');
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation THEN
    PERFORM passport.refuse('/definition', SQLSTATE, SQLERRM);
END $$;
COMMENT ON FUNCTION passport.define_sensor(text, jsonb) IS
'Makes a sensor, or changes the properties given: {"name", "kind" ("river_level", "channel_level", "rain", ...), "unit", "datum" ("local" or "elevation"), "zero_elevation" (m), "lon", "lat", "state" (see set_sensor_state), "range_low", "range_high", "max_rise" and "max_fall" (by 10 minutes), "noise", "dropout_value", "sampling_interval", "stale_after", "future_tolerance", "memory", "stuck_after", "start_level", "heartbeat", "witnesses": [{"witness", "relation": "upstream", "neighbour" or "rain", "movement", "travel_time", "span"}] (a whole new set), "stages": [{"stage": 1-9, "name", "up", "down", "hold"}], "holds_from"}. "stages" is a whole new set of thresholds, in force from "holds_from" (left out: from always if it is the first, else from today). Limits left out allow everything; stale_after and memory left out are an hour and two, and at least three sampling intervals. PT422: a property that is unknown or makes no sense.';

CREATE FUNCTION passport.revise_stages(sensor text, holds_from date, stages jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  target CONSTANT text := revise_stages.sensor;
  start CONSTANT date := coalesce(revise_stages.holds_from,
    CASE WHEN EXISTS (SELECT FROM passport.sensor_stage AS t WHERE t.sensor = revise_stages.sensor)
         THEN passport.today() ELSE '-infinity' END);
BEGIN
  IF jsonb_typeof(stages) IS DISTINCT FROM 'array' THEN
    PERFORM passport.refuse('/definition/stages', 'type', 'Stages are an array.');
  END IF;
  DELETE FROM passport.sensor_stage AS t WHERE t.sensor = target AND t.holds_from = start;
  INSERT INTO passport.sensor_stage (sensor, holds_from, stage, name, up, down, hold)
    SELECT target, start, n.stage, coalesce(n.name, ''), n.up, coalesce(n.down, n.up),
           coalesce(n.hold, '30 minutes')
      FROM jsonb_populate_recordset(NULL::passport.sensor_stage, stages) AS n;
  IF EXISTS (SELECT FROM (SELECT up <= lag(up) OVER w OR down < lag(down) OVER w AS wrong
                            FROM passport.sensor_stage AS t
                           WHERE t.sensor = target AND t.holds_from = start
                          WINDOW w AS (ORDER BY stage)) AS steps
              WHERE wrong) THEN
    PERFORM passport.refuse('/definition/stages', 'order', 'A higher stage begins and ends higher.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.revise_stages(text, date, jsonb) IS
'Step of define_sensor(): replaces the set of thresholds that holds from a date.';

CREATE FUNCTION passport.set_witnesses(sensor text, witnesses jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  target CONSTANT text := set_witnesses.sensor;
BEGIN
  IF jsonb_typeof(witnesses) IS DISTINCT FROM 'array' THEN
    PERFORM passport.refuse('/definition/witnesses', 'type', 'Witnesses are an array.');
  END IF;
  DELETE FROM passport.sensor_witness AS w WHERE w.sensor = target;
  INSERT INTO passport.sensor_witness (sensor, witness, relation, movement, travel_time, span)
    SELECT target, n.witness, n.relation, n.movement, coalesce(n.travel_time, '0'), coalesce(n.span, '1 hour')
      FROM jsonb_populate_recordset(NULL::passport.sensor_witness, witnesses) AS n;
END $$;
COMMENT ON FUNCTION passport.set_witnesses(text, jsonb) IS
'Step of define_sensor(): replaces the witnesses of a sensor.';

CREATE FUNCTION passport.elevation(s passport.sensor, value double precision) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE s.datum WHEN 'elevation' THEN value ELSE value + s.zero_elevation END;
END;
COMMENT ON FUNCTION passport.elevation(passport.sensor, double precision) IS
'Height above the sea (m) of a value of a sensor: itself where the sensor counts from there, else with the height of the sensor''s own zero; NULL where that is not known.';
