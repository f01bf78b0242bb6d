-- Point programs and their rules

CREATE TABLE passport.program (
  program text PRIMARY KEY CHECK (program ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  title jsonb NOT NULL CHECK (jsonb_typeof(title) = 'object' AND title ? 'ja'),
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.program IS
'What residents can earn points with. title: names by language, ja at least.';

CREATE TABLE passport.program_rule (
  program text NOT NULL REFERENCES passport.program,
  holds_from date NOT NULL CHECK (isfinite(holds_from)),
  points_per_unit numeric(10,6) CHECK (points_per_unit > 0 AND points_per_unit <= 1000),
  tier_from int[],
  tier_points int[],
  cap_per_day int CHECK (cap_per_day >= 0),
  cap_per_year int CHECK (cap_per_year >= 0),
  cap_year text NOT NULL DEFAULT 'fiscal' CHECK (cap_year IN ('fiscal', 'calendar')),
  once_per text NOT NULL DEFAULT 'event' CHECK (once_per IN ('event', 'day', 'fiscal_year', 'ever')),
  earn_from date CHECK (isfinite(earn_from)),
  earn_until date CHECK (isfinite(earn_until)),
  accept_until date CHECK (isfinite(accept_until)),
  late_days int CHECK (late_days BETWEEN 0 AND 3650),
  minimum_age int CHECK (minimum_age BETWEEN 1 AND 150),
  lot_months int CHECK (lot_months BETWEEN 0 AND 1200),
  lot_ends_with text NOT NULL DEFAULT 'day'
    CHECK (lot_ends_with IN ('day', 'month', 'fiscal_year', 'calendar_year')),
  PRIMARY KEY (program, holds_from),
  CHECK ((points_per_unit IS NULL) <> (tier_from IS NULL)),
  CHECK ((tier_from IS NULL) = (tier_points IS NULL)),
  CHECK (tier_from IS NULL OR (cardinality(tier_from) BETWEEN 1 AND 100
                               AND cardinality(tier_from) = cardinality(tier_points)
                               AND array_ndims(tier_from) = 1 AND array_ndims(tier_points) = 1
                               AND array_position(tier_from, NULL) IS NULL
                               AND array_position(tier_points, NULL) IS NULL
                               AND 0 <= ALL (tier_from) AND 0 <= ALL (tier_points)
                               AND 1000000 >= ALL (tier_points))),
  CHECK (earn_from <= earn_until),
  CHECK (coalesce(earn_until, earn_from) <= accept_until),
  CHECK (lot_months > 0 OR lot_ends_with <> 'day')
);
COMMENT ON TABLE passport.program_rule IS
'Rules of the programs, each from the day on which it holds: points per unit or by tier, caps, how often, when, from which age, and how long the points live. The rule in force on the day of the event decides.';

CREATE FUNCTION passport.set_program(program text, title jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF program IS NULL OR program !~ '^[a-z0-9][a-z0-9_.-]{0,62}$' THEN
    RAISE EXCEPTION 'refused: program' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/program", "code": "program", "text": "A program is named by 1 to 63 lower-case letters, digits, dots, hyphens and underscores."}';
  END IF;
  IF title IS NULL OR jsonb_typeof(title) <> 'object' OR NOT title ? 'ja'
     OR EXISTS (SELECT FROM jsonb_each(title) AS t
                 WHERE jsonb_typeof(t.value) <> 'string' OR length(t.value #>> '{}') NOT BETWEEN 1 AND 200) THEN
    RAISE EXCEPTION 'refused: title' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/title", "code": "title", "text": "A title is an object of names by language of 1 to 200 characters, with \"ja\" at least."}';
  END IF;
  PERFORM passport.refuse_individual_number('/program', program), passport.refuse_individual_number('/title', title::text);
  INSERT INTO passport.program AS p (program, title, created_at)
  VALUES (set_program.program, set_program.title, passport.now())
  ON CONFLICT ON CONSTRAINT program_pkey DO UPDATE SET title = excluded.title;
END $$;
COMMENT ON FUNCTION passport.set_program(text, jsonb) IS
'Makes a point program, or names it anew. program: 1 to 63 lower-case letters, digits, dots, hyphens, underscores; title: names by language, {"ja": "...", "en": "..."}, ja at least. A program earns nothing until it has a rule (set_program_rule). Errors: PT422 malformed.';

-- A rule's keys are the columns of program_rule; tiers come as pairs.
CREATE FUNCTION passport.set_program_rule(program text, holds_from date, rule jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known constant text[] := '{points_per_unit,tiers,cap_per_day,cap_per_year,cap_year,once_per,earn_from,earn_until,accept_until,late_days,minimum_age,lot_months,lot_ends_with}';
  stranger text;
  new_rule passport.program_rule;
  tiers jsonb;
BEGIN
  PERFORM FROM passport.program AS p WHERE p.program = set_program_rule.program;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown program' USING ERRCODE = 'PT404';
  END IF;
  IF holds_from IS NULL OR rule IS NULL OR jsonb_typeof(rule) <> 'object' THEN
    RAISE EXCEPTION 'refused: rule' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/rule", "code": "rule", "text": "A rule is an object, and holds from a day."}';
  END IF;
  SELECT k.key INTO stranger FROM jsonb_object_keys(rule) AS k(key) WHERE k.key <> ALL (known) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'refused: unknown_key' USING ERRCODE = 'PT422',
      DETAIL = jsonb_build_object('pointer', '/rule/' || stranger, 'code', 'unknown_key',
                                  'text', 'A rule has no such key.')::text;
  END IF;
  tiers := CASE WHEN rule ? 'tiers' THEN rule -> 'tiers' END;
  BEGIN
    new_rule := jsonb_populate_record(NULL::passport.program_rule,
      jsonb_build_object('cap_year', 'fiscal', 'once_per', 'event', 'lot_ends_with', 'day') || rule
      || jsonb_build_object('program', program, 'holds_from', holds_from));
    IF tiers IS NOT NULL THEN
      SELECT array_agg((t ->> 'from')::int ORDER BY (t ->> 'from')::int),
             array_agg((t ->> 'points')::int ORDER BY (t ->> 'from')::int)
        INTO new_rule.tier_from, new_rule.tier_points
        FROM jsonb_array_elements(tiers) AS t;
    END IF;
    DELETE FROM passport.program_rule AS r
     WHERE r.program = set_program_rule.program AND r.holds_from = set_program_rule.holds_from
       AND r.holds_from > passport.today();
    INSERT INTO passport.program_rule VALUES (new_rule.*);
  EXCEPTION
    WHEN unique_violation THEN
      RAISE EXCEPTION 'a rule that has begun is not changed' USING ERRCODE = 'PT409',
        HINT = 'Add a rule that holds from a later day.';
    WHEN data_exception OR integrity_constraint_violation THEN
      RAISE EXCEPTION 'refused: rule' USING ERRCODE = 'PT422',
        DETAIL = jsonb_build_object('pointer', '/rule', 'code', 'rule', 'text', SQLERRM)::text;
  END;
END $$;
COMMENT ON FUNCTION passport.set_program_rule(text, date, jsonb) IS
'Gives a program the rule that holds from a day on. rule: {"points_per_unit": 1} or {"tiers": [{"from": 1000, "points": 1}, ...]} (the highest tier reached counts; parts of a point are dropped), and of these any: cap_per_day and cap_per_year (points of this program; the second by cap_year, fiscal from April or calendar), once_per (event, day, fiscal_year or ever), earn_from and earn_until (dates of the event), accept_until (last day on which it may be recorded), late_days (and at most so many days after the event), minimum_age (years on the day of the event), lot_months and lot_ends_with (day, month, fiscal_year, calendar_year: points live so many months from the event''s day, to the end of that period; no lot_months: for ever). A rule that has not begun may be replaced. Errors: PT404 unknown program, PT409 the rule has begun, PT422 malformed.';
