-- Needs: who needs help in a disaster (要配慮者), and who is on the roster (避難行動要支援者名簿)

CREATE TABLE passport.need_kind (
  kind text PRIMARY KEY CHECK (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
  title jsonb NOT NULL CHECK (jsonb_typeof(title) = 'object' AND title ? 'ja'),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.need_kind IS
'Reasons for which somebody needs help (災害対策基本法8条2項15号), in words by language.';
INSERT INTO passport.need_kind VALUES
  ('care', '{"ja": "要介護・要支援認定", "en": "Certified as needing care"}', true),
  ('physical_disability', '{"ja": "身体障害", "en": "Physical disability"}', true),
  ('intellectual_disability', '{"ja": "知的障害", "en": "Intellectual disability"}', true),
  ('mental_disability', '{"ja": "精神障害", "en": "Mental disability"}', true),
  ('illness', '{"ja": "難病・医療機器の使用", "en": "Intractable illness or medical equipment"}', true),
  ('elderly', '{"ja": "高齢者のみの世帯", "en": "Elderly living alone or with each other"}', true),
  ('pregnant', '{"ja": "妊産婦", "en": "Pregnant, or with a newborn"}', true),
  ('infant', '{"ja": "乳幼児", "en": "Infant"}', true),
  ('language', '{"ja": "日本語が不自由な外国人", "en": "Foreign resident who knows little Japanese"}', true),
  ('other', '{"ja": "その他", "en": "Other"}', true);

CREATE FUNCTION passport.need_words() RETURNS TABLE (kind text, title jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT k.kind, k.title FROM passport.need_kind AS k ORDER BY k.kind;
END;
COMMENT ON FUNCTION passport.need_words() IS
'The kinds of need in words by language, for who takes them down and reads of them.';

CREATE TABLE passport.need (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  kind text NOT NULL REFERENCES passport.need_kind,
  until_date date,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, kind)
);
COMMENT ON TABLE passport.need IS
'Why somebody needs help, and the last day where it passes (a pregnancy). Kinds only: no diagnosis.';

CREATE TABLE passport.need_roster (
  resident_id bigint PRIMARY KEY REFERENCES passport.resident,
  plan text CHECK (length(plan) BETWEEN 1 AND 100 AND NOT passport.holds_individual_number(plan)),
  supporters text[] NOT NULL DEFAULT '{}' CHECK (cardinality(supporters) <= 5),
  listed_by text NOT NULL,
  listed_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.need_roster IS
'The roster of those who cannot evacuate by themselves (災害対策基本法49条の10). plan: reference of the individual evacuation plan (49条の14), not the plan; supporters: names of up to five who help, nothing else of them.';

CREATE TABLE passport.need_event (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  event text NOT NULL CHECK (event IN ('recorded', 'removed', 'listed', 'unlisted')),
  kind text REFERENCES passport.need_kind,
  done_by text NOT NULL,
  happened_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, event_id),
  CHECK ((kind IS NULL) = (event IN ('listed', 'unlisted')))
);
COMMENT ON TABLE passport.need_event IS
'Who recorded or removed a need, or put somebody on the roster or took them off, and when.';
CREATE TRIGGER need_event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.need_event
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- The rule itself: alerts, lists and maps ask here, so that a need known to one
-- department counts for all.
CREATE VIEW passport.resident_needing_help WITH (security_barrier) AS
  SELECT r.resident_id FROM passport.resident AS r WHERE r.needs_help
  UNION
  SELECT n.resident_id FROM passport.need AS n WHERE coalesce(n.until_date >= passport.today(), true)
  UNION
  SELECT l.resident_id FROM passport.need_roster AS l;
COMMENT ON VIEW passport.resident_needing_help IS
'Who needs help today: with a need that has not passed, on the roster, or marked so by the resident-record system (resident.needs_help, which each import brings anew).';

CREATE FUNCTION passport.record_need(resident_id bigint, kind text, until_date date DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = record_need.resident_id AND r.status <> 'deceased') THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  ELSIF NOT EXISTS (SELECT FROM passport.need_kind AS k WHERE k.kind = record_need.kind) THEN
    PERFORM passport.refuse('/kind', 'unknown_kind', 'The kinds of need are in passport.need_kind.');
  ELSIF until_date < passport.today() OR NOT isfinite(until_date) THEN
    PERFORM passport.refuse('/until_date', 'past', 'A need lasts to today at least.');
  END IF;
  INSERT INTO passport.need AS n (resident_id, kind, until_date, recorded_by, recorded_at)
  VALUES (record_need.resident_id, record_need.kind, record_need.until_date, session_user, passport.now())
  ON CONFLICT (resident_id, kind) DO UPDATE
     SET until_date = excluded.until_date, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at
   WHERE n.until_date IS DISTINCT FROM excluded.until_date;
  IF FOUND THEN
    INSERT INTO passport.need_event (resident_id, event, kind, done_by, happened_at)
    VALUES (record_need.resident_id, 'recorded', record_need.kind, session_user, passport.now());
  END IF;
END $$;
COMMENT ON FUNCTION passport.record_need(bigint, text, date) IS
'Records why a resident needs help: kind as in need_kind; until_date: the last day, NULL if it does not pass by itself. Again changes its last day. PT404 for an unknown resident, PT422 for an unknown kind or a day that is over.';

CREATE FUNCTION passport.remove_need(resident_id bigint, kind text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM passport.need AS n WHERE n.resident_id = remove_need.resident_id AND n.kind = remove_need.kind;
  IF FOUND THEN
    INSERT INTO passport.need_event (resident_id, event, kind, done_by, happened_at)
    VALUES (remove_need.resident_id, 'removed', remove_need.kind, session_user, passport.now());
    RETURN true;
  END IF;
  RETURN false;
END $$;
COMMENT ON FUNCTION passport.remove_need(bigint, text) IS
'Removes a need that is no more; returns whether there was one.';

CREATE FUNCTION passport.list_on_roster(resident_id bigint, plan text DEFAULT NULL, supporters text[] DEFAULT '{}') RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = list_on_roster.resident_id AND r.status = 'resident') THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  ELSIF length(plan) NOT BETWEEN 1 AND 100 OR passport.holds_individual_number(plan) THEN
    PERFORM passport.refuse('/plan', 'plan', 'The reference of a plan has up to 100 characters without an individual number.');
  ELSIF coalesce(cardinality(supporters) > 5
                 OR EXISTS (SELECT FROM unnest(supporters) AS s
                             WHERE coalesce(length(s), 0) NOT BETWEEN 1 AND 100 OR passport.holds_individual_number(s)), true) THEN
    PERFORM passport.refuse('/supporters', 'supporters', 'Name up to five supporters by up to 100 characters each, without an individual number.');
  END IF;
  INSERT INTO passport.need_roster AS l (resident_id, plan, supporters, listed_by, listed_at)
  VALUES (list_on_roster.resident_id, list_on_roster.plan, list_on_roster.supporters, session_user, passport.now())
  ON CONFLICT (resident_id) DO UPDATE
     SET plan = excluded.plan, supporters = excluded.supporters, listed_by = excluded.listed_by, listed_at = excluded.listed_at;
  INSERT INTO passport.need_event (resident_id, event, done_by, happened_at)
  VALUES (list_on_roster.resident_id, 'listed', session_user, passport.now());
END $$;
COMMENT ON FUNCTION passport.list_on_roster(bigint, text, text[]) IS
'Puts a resident on the roster of those who cannot evacuate by themselves, or changes their entry. plan: reference of the individual evacuation plan; supporters: their names. PT404 for somebody who does not live here, PT422 for what is malformed. Rule: 災害対策基本法49条の10, 49条の14.';

CREATE FUNCTION passport.take_off_roster(resident_id bigint) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM passport.need_roster AS l WHERE l.resident_id = take_off_roster.resident_id;
  IF FOUND THEN
    INSERT INTO passport.need_event (resident_id, event, done_by, happened_at)
    VALUES (take_off_roster.resident_id, 'unlisted', session_user, passport.now());
    RETURN true;
  END IF;
  RETURN false;
END $$;
COMMENT ON FUNCTION passport.take_off_roster(bigint) IS
'Takes a resident off the roster; returns whether they were on it.';
