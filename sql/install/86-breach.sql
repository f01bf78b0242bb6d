-- Breaches: who is affected by what the audit log shows, and what must be reported by when

CREATE TABLE passport.breach_rule (
  ground text NOT NULL CHECK (ground IN ('sensitive', 'property', 'unjust_purpose', 'many')),
  holds_from date NOT NULL,
  more_than int NOT NULL CHECK (more_than >= 0),
  prompt_from_days int NOT NULL,
  prompt_by_days int NOT NULL,
  final_by_days int NOT NULL,
  rule text NOT NULL,
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (ground, holds_from),
  CHECK (prompt_from_days <= prompt_by_days AND prompt_by_days <= final_by_days)
);
COMMENT ON TABLE passport.breach_rule IS
'On what grounds a municipality reports a leak of personal data to the 個人情報保護委員会 and tells the persons, from a day on. more_than: when it is of more persons than these; the days count from when it became known: the prompt report (速報) within about prompt_from_days to prompt_by_days, the final one (確報) within final_by_days.';
INSERT INTO passport.breach_rule VALUES
  ('sensitive', '2023-04-01', 0, 3, 5, 30, '個人情報の保護に関する法律第68条, 同施行規則第43条: 要配慮個人情報が含まれる', true),
  ('property', '2023-04-01', 0, 3, 5, 30, '個人情報の保護に関する法律第68条, 同施行規則第43条: 財産的被害のおそれ', true),
  ('unjust_purpose', '2023-04-01', 0, 3, 5, 60, '個人情報の保護に関する法律第68条, 同施行規則第43条: 不正の目的のおそれ', true),
  ('many', '2023-04-01', 100, 3, 5, 30, '個人情報の保護に関する法律第68条, 同施行規則第43条: 本人の数が100人を超える', true);

CREATE TABLE passport.sensitive_column (
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 63),
  column_name text NOT NULL CHECK (length(column_name) BETWEEN 1 AND 63),
  holds_from date NOT NULL,
  sensitive boolean NOT NULL DEFAULT true,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (source, column_name, holds_from)
);
COMMENT ON TABLE passport.sensitive_column IS
'Which columns that functions show are 要配慮個人情報 (health, disability, having been the victim of a crime), from a day on. source: the function, * for all; the latest row that holds counts, of the function before *. That somebody attended a checkup is none; what it found is.';
INSERT INTO passport.sensitive_column VALUES
  ('*', 'needs_help', '-infinity', true, 'Somebody who cannot flee alone is ill, disabled or old.', true),
  ('*', 'needs', '-infinity', true, 'As kinds, of visitors at a shelter.', true),
  ('*', 'kinds', '-infinity', true, 'Why somebody needs help: an illness, a disability, an age.', true),
  ('*', 'plan', '-infinity', true, 'Who has a plan for being helped to flee is ill, disabled or old.', true),
  ('*', 'address_protected', '-infinity', true, 'A protected address tells of the victim of violence or stalking.', true),
  ('*', 'note', '-infinity', true, 'What somebody wrote in a disaster can tell of an injury or an illness.', true),
  ('*', 'answer', '-infinity', true, 'need_help can tell of an injury or an illness.', true);

CREATE FUNCTION passport.set_sensitive_column(source text, column_name text, sensitive boolean, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM passport.refuse_individual_number('/source', source), passport.refuse_individual_number('/column_name', column_name),
          passport.refuse_individual_number('/reason', reason);
  INSERT INTO passport.sensitive_column AS c (source, column_name, holds_from, sensitive, reason)
    VALUES (source, column_name, passport.today(), sensitive, reason)
    ON CONFLICT ON CONSTRAINT sensitive_column_pkey DO UPDATE SET sensitive = excluded.sensitive, reason = excluded.reason;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/column_name', 'out_of_range', 'source and column_name have 1 to 63 characters, a reason 1 to 400.');
END $$;
COMMENT ON FUNCTION passport.set_sensitive_column(text, text, boolean, text) IS
'Says from today on whether a column that a function shows (source; * for every function) is 要配慮個人情報, and why. PT422 for what is malformed.';

-- What the log shows between two times, person by person.
CREATE FUNCTION passport.breached_person(from_at timestamptz, to_at timestamptz, who text, source text)
  RETURNS TABLE (resident_id bigint, accesses bigint, columns text[], sensitive_columns text[], first_at timestamptz, last_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH rule AS (
    SELECT DISTINCT ON (c.source, c.column_name) c.source, c.column_name, c.sensitive
      FROM passport.sensitive_column AS c WHERE c.holds_from <= passport.today()
     ORDER BY c.source, c.column_name, c.holds_from DESC),
  -- the records of one reading share source and columns: few kinds, many records
  kind AS (
    SELECT a.resident_id, a.source, a.columns, count(*) AS accesses, min(a.happened_at) AS first_at, max(a.happened_at) AS last_at
      FROM passport.audit_record AS a
     WHERE a.happened_at >= from_at AND a.happened_at < to_at AND a.resident_id <> 0
       AND (breached_person.who IS NULL OR a.who = breached_person.who)
       AND (breached_person.source IS NULL OR a.source = breached_person.source)
     GROUP BY 1, 2, 3)
  SELECT k.resident_id, max(t.accesses), array_agg(DISTINCT c.name) FILTER (WHERE c.name IS NOT NULL),
         array_agg(DISTINCT c.name) FILTER (WHERE coalesce(own.sensitive, every.sensitive)), min(k.first_at), max(k.last_at)
    FROM kind AS k
    JOIN (SELECT o.resident_id, sum(o.accesses)::bigint AS accesses FROM kind AS o GROUP BY 1) AS t USING (resident_id)
    LEFT JOIN LATERAL unnest(k.columns) AS c(name) ON true
    LEFT JOIN rule AS own ON own.source = k.source AND own.column_name = c.name
    LEFT JOIN rule AS every ON every.source = '*' AND every.column_name = c.name
   GROUP BY k.resident_id;
END;
COMMENT ON FUNCTION passport.breached_person(timestamptz, timestamptz, text, text) IS
'Whose data the audit log shows to have been looked at between two times (from_at included, to_at not), by a login and a function or by any (NULL): how often, which columns, which of them are sensitive, first and last.';

CREATE FUNCTION passport.breach_report(from_at timestamptz, to_at timestamptz, who text DEFAULT NULL, source text DEFAULT NULL,
    known_on date DEFAULT passport.today(), circumstances text[] DEFAULT '{}',
    OUT persons bigint, OUT accesses bigint, OUT persons_by_column jsonb, OUT sensitive_persons bigint, OUT sensitive_columns text[],
    OUT grounds text[], OUT must_report boolean, OUT prompt_report_from date, OUT prompt_report_by date, OUT final_report_by date)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF from_at IS NULL OR to_at IS NULL OR from_at >= to_at THEN
    PERFORM passport.refuse('/to_at', 'times', 'A breach has a first moment and a later one.');
  ELSIF known_on IS NULL OR NOT isfinite(known_on) THEN
    PERFORM passport.refuse('/known_on', 'missing', 'The days count from the day on which it became known.');
  ELSIF circumstances IS NULL OR NOT circumstances <@ ARRAY['property', 'unjust_purpose'] THEN
    PERFORM passport.refuse('/circumstances', 'unknown_circumstance', 'Circumstances are property and unjust_purpose.');
  END IF;
  WITH person AS MATERIALIZED (SELECT * FROM passport.breached_person(from_at, to_at, who, source))
  SELECT count(*), coalesce(sum(p.accesses), 0), count(p.sensitive_columns),
         (SELECT array_agg(DISTINCT s ORDER BY s) FROM person AS q, unnest(q.sensitive_columns) AS s),
         (SELECT jsonb_object_agg(k.name, k.n) FROM (SELECT c AS name, count(*) AS n FROM person AS q, unnest(q.columns) AS c GROUP BY c) AS k)
    INTO persons, accesses, sensitive_persons, sensitive_columns, persons_by_column
    FROM person AS p;
  SELECT coalesce(array_agg(r.ground ORDER BY r.ground), '{}'), known_on + min(r.prompt_from_days),
         known_on + min(r.prompt_by_days), known_on + max(r.final_by_days)
    INTO grounds, prompt_report_from, prompt_report_by, final_report_by
    FROM (SELECT DISTINCT ON (b.ground) b.* FROM passport.breach_rule AS b WHERE b.holds_from <= known_on
           ORDER BY b.ground, b.holds_from DESC) AS r
   WHERE CASE r.ground WHEN 'many' THEN persons WHEN 'sensitive' THEN sensitive_persons
                       ELSE CASE WHEN r.ground = ANY (circumstances) THEN persons ELSE 0 END END > r.more_than;
  must_report := cardinality(grounds) > 0;
END $$;
COMMENT ON FUNCTION passport.breach_report(timestamptz, timestamptz, text, text, date, text[]) IS
'What a leak is of, by the audit log: everything that was looked at between two times (to_at not included), by a login and a function or by any (NULL). known_on: the day on which it became known; circumstances, which no log knows: property (it can cost the persons money) and unjust_purpose (it was done on purpose). Returns how many persons and accesses, how many persons by column, the sensitive columns (要配慮個人情報) and how many persons with them, on which grounds it must be reported to the 個人情報保護委員会, and when: the prompt report between two days, the final one by a day (NULL where none is due; a last day on which offices are closed moves to the next one). breach_letters() says whom to tell. PT422 for what is malformed. Rule: 個人情報の保護に関する法律第68条, breach_rule.';

CREATE FUNCTION passport.breach_letters(from_at timestamptz, to_at timestamptz, who text DEFAULT NULL, source text DEFAULT NULL)
  RETURNS TABLE (resident_id bigint, name text, address text, address_protected boolean, status text, accesses bigint,
                 columns text[], first_at timestamptz, last_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  told bigint[];
BEGIN
  SELECT array_agg(p.resident_id) INTO told FROM passport.breached_person(from_at, to_at, who, source) AS p;
  RETURN QUERY
    SELECT p.resident_id, r.name, r.address, r.address_protected, r.status, p.accesses, p.columns, p.first_at, p.last_at
      FROM passport.breached_person(from_at, to_at, who, source) AS p
      JOIN (SELECT t.resident_id, t.name, w.address, passport.address_protected(t.resident_id) AS address_protected, t.status
              FROM passport.resident AS t JOIN passport.resident_place AS w USING (resident_id)
            UNION ALL
            SELECT -v.visitor_id, v.name, v.home, false, 'visitor' FROM passport.visitor AS v) AS r USING (resident_id)
     ORDER BY p.resident_id;
  PERFORM passport.record_access(told, 'breach', 'breach_letters', ARRAY['name', 'address', 'address_protected', 'status']);
END $$;
COMMENT ON FUNCTION passport.breach_letters(timestamptz, timestamptz, text, text) IS
'Whom to tell of a leak, with what was seen and when; arguments as of breach_report. A protected address is NULL: who has protection duty sends that letter. A visitor of a shelter has status visitor, a resident_id below zero, and where they are from for an address. That the list was made is in the log, too.';
