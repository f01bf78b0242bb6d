-- Weather bulletins: what the Meteorological Agency says about the municipality

CREATE TABLE passport.weather_word (
  info_kind text NOT NULL,
  code text NOT NULL,
  part text NOT NULL DEFAULT '',
  holds_from date NOT NULL,
  hazard text NOT NULL CHECK (hazard ~ '^[a-z_]{1,40}$'),
  rank text NOT NULL CHECK (rank IN ('information', 'advisory', 'warning', 'danger', 'special')),
  level int CHECK (level BETWEEN 1 AND 5),
  lasts interval NOT NULL CHECK (lasts > interval '0'),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (info_kind, code, part, holds_from)
);
COMMENT ON TABLE passport.weather_word IS
'What a code of a bulletin means, from the date on which it does: hazard, rank (information, advisory 注意報, warning 警報, danger 危険警報, special 特別警報), the alert level that it equals (NULL: none is said of it) and how long it holds without another bulletin of its line: a bulletin that lifts it may be lost on the way, and a warning must not stand for ever. Where the Agency gives no time these are our own: warnings are reissued several times a day and hold for 2 days, advisories (dry air, avalanches) may stand unchanged for a week and hold for 10. part: of 大雨 the danger in brackets, of 気象危険度通知 the type. Source: Meteorological Agency, code tables of its XML; levels since 2019-05-29, new names since 2026-05-28.';

INSERT INTO passport.weather_word (info_kind, code, part, holds_from, hazard, rank, level, lasts, shipped)
SELECT '気象警報・注意報', w.code, w.part, w.holds_from, w.hazard, w.rank, w.level,
       CASE w.rank WHEN 'advisory' THEN interval '10 days' ELSE interval '2 days' END, true
  FROM (VALUES
        ('33', '土砂災害', date '2019-05-29', 'landslide', 'special', 5), ('33', '浸水害', '2019-05-29', 'inland_flood', 'special', 5),
        ('33', '', '2019-05-29', 'inland_flood', 'special', 5),
        ('03', '土砂災害', '2019-05-29', 'landslide', 'warning', 3), ('03', '浸水害', '2019-05-29', 'inland_flood', 'warning', NULL),
        ('03', '', '2019-05-29', 'inland_flood', 'warning', NULL), ('10', '', '2019-05-29', 'inland_flood', 'advisory', 2),
        ('04', '', '2019-05-29', 'flood', 'warning', 3), ('18', '', '2019-05-29', 'flood', 'advisory', 2),
        ('38', '', '2019-05-29', 'storm_surge', 'special', 4), ('08', '', '2019-05-29', 'storm_surge', 'warning', 4),
        ('19', '', '2019-05-29', 'storm_surge', 'advisory', 2),
        -- some new names take the codes of old ones
        ('33', '土砂災害', '2026-05-28', 'landslide', 'special', 5), ('33', '浸水害', '2026-05-28', 'inland_flood', 'special', 5),
        ('03', '土砂災害', '2026-05-28', 'landslide', 'warning', 3), ('03', '浸水害', '2026-05-28', 'inland_flood', 'warning', 3),
        ('33', '', '2026-05-28', 'inland_flood', 'special', 5), ('43', '', '2026-05-28', 'inland_flood', 'danger', 4),
        ('03', '', '2026-05-28', 'inland_flood', 'warning', 3), ('10', '', '2026-05-28', 'inland_flood', 'advisory', 2),
        ('39', '', '2026-05-28', 'landslide', 'special', 5), ('49', '', '2026-05-28', 'landslide', 'danger', 4),
        ('09', '', '2026-05-28', 'landslide', 'warning', 3), ('29', '', '2026-05-28', 'landslide', 'advisory', 2),
        ('38', '', '2026-05-28', 'storm_surge', 'special', 5), ('48', '', '2026-05-28', 'storm_surge', 'danger', 4),
        ('08', '', '2026-05-28', 'storm_surge', 'warning', 3),
        ('35', '', '2019-05-29', 'storm', 'special', NULL), ('05', '', '2019-05-29', 'storm', 'warning', NULL),
        ('15', '', '2019-05-29', 'storm', 'advisory', NULL),
        ('32', '', '2019-05-29', 'snowstorm', 'special', NULL), ('02', '', '2019-05-29', 'snowstorm', 'warning', NULL),
        ('13', '', '2019-05-29', 'snowstorm', 'advisory', NULL),
        ('36', '', '2019-05-29', 'snow', 'special', NULL), ('06', '', '2019-05-29', 'snow', 'warning', NULL),
        ('12', '', '2019-05-29', 'snow', 'advisory', NULL),
        ('37', '', '2019-05-29', 'waves', 'special', NULL), ('07', '', '2019-05-29', 'waves', 'warning', NULL),
        ('16', '', '2019-05-29', 'waves', 'advisory', NULL),
        ('14', '', '2019-05-29', 'thunder', 'advisory', NULL), ('17', '', '2019-05-29', 'snowmelt', 'advisory', NULL),
        ('20', '', '2019-05-29', 'fog', 'advisory', NULL), ('21', '', '2019-05-29', 'dry_air', 'advisory', NULL),
        ('22', '', '2019-05-29', 'avalanche', 'advisory', NULL), ('23', '', '2019-05-29', 'cold', 'advisory', NULL),
        ('24', '', '2019-05-29', 'frost', 'advisory', NULL), ('25', '', '2019-05-29', 'icing', 'advisory', NULL),
        ('26', '', '2019-05-29', 'snow_accretion', 'advisory', NULL)) AS w(code, part, holds_from, hazard, rank, level)
UNION ALL
SELECT w.info_kind, w.code, w.part, date '2019-05-29', w.hazard, w.rank, w.level, w.lasts, true
  FROM (VALUES
        ('土砂災害警戒情報', '3', '', 'landslide', 'danger', 4, interval '2 days'),
        ('指定河川洪水予報', '20', '', 'flood', 'advisory', 2, '2 days'), ('指定河川洪水予報', '21', '', 'flood', 'advisory', 2, '2 days'),
        ('指定河川洪水予報', '30', '', 'flood', 'warning', 3, '2 days'), ('指定河川洪水予報', '31', '', 'flood', 'warning', 3, '2 days'),
        ('指定河川洪水予報', '40', '', 'flood', 'danger', 4, '2 days'), ('指定河川洪水予報', '41', '', 'flood', 'danger', 4, '2 days'),
        ('指定河川洪水予報', '50', '', 'flood', 'special', 5, '2 days'), ('指定河川洪水予報', '51', '', 'flood', 'special', 5, '2 days'),
        ('指定河川洪水予報', '52', '', 'flood', 'special', 5, '2 days'), ('指定河川洪水予報', '53', '', 'flood', 'special', 5, '2 days'),
        ('水位周知河川に関する情報', '21', '', 'flood', 'advisory', 2, '2 days'),
        ('竜巻注意情報', '1', '', 'tornado', 'information', NULL, '1 hour'),
        ('記録的短時間大雨情報', '1', '', 'inland_flood', 'information', NULL, '3 hours'),
        -- it comes every ten minutes: one that is an hour old says that none comes
        ('気象危険度通知', '21', '土砂災害危険度', 'landslide', 'advisory', 2, '1 hour'),
        ('気象危険度通知', '22', '土砂災害危険度', 'landslide', 'advisory', 2, '1 hour'),
        ('気象危険度通知', '31', '土砂災害危険度', 'landslide', 'warning', 3, '1 hour'),
        ('気象危険度通知', '32', '土砂災害危険度', 'landslide', 'warning', 3, '1 hour'),
        ('気象危険度通知', '41', '土砂災害危険度', 'landslide', 'danger', 4, '1 hour'),
        ('気象危険度通知', '42', '土砂災害危険度', 'landslide', 'danger', 4, '1 hour'),
        ('気象危険度通知', '51', '土砂災害危険度', 'landslide', 'special', 5, '1 hour'),
        ('気象危険度通知', '52', '土砂災害危険度', 'landslide', 'special', 5, '1 hour'),
        ('気象危険度通知', '21', '洪水害危険度', 'flood', 'advisory', 2, '1 hour'),
        ('気象危険度通知', '22', '洪水害危険度', 'flood', 'advisory', 2, '1 hour'),
        ('気象危険度通知', '31', '洪水害危険度', 'flood', 'warning', 3, '1 hour'),
        ('気象危険度通知', '32', '洪水害危険度', 'flood', 'warning', 3, '1 hour'),
        ('気象危険度通知', '41', '洪水害危険度', 'flood', 'danger', 4, '1 hour'),
        ('気象危険度通知', '42', '洪水害危険度', 'flood', 'danger', 4, '1 hour'),
        ('気象危険度通知', '51', '洪水害危険度', 'flood', 'special', 5, '1 hour'),
        ('気象危険度通知', '52', '洪水害危険度', 'flood', 'special', 5, '1 hour'),
        ('気象危険度通知', '23', '浸水害危険度', 'inland_flood', 'advisory', NULL, '1 hour'),
        ('気象危険度通知', '24', '浸水害危険度', 'inland_flood', 'advisory', NULL, '1 hour'),
        ('気象危険度通知', '33', '浸水害危険度', 'inland_flood', 'warning', NULL, '1 hour'),
        ('気象危険度通知', '34', '浸水害危険度', 'inland_flood', 'warning', NULL, '1 hour'),
        ('気象危険度通知', '43', '浸水害危険度', 'inland_flood', 'danger', NULL, '1 hour'),
        ('気象危険度通知', '51', '浸水害危険度', 'inland_flood', 'special', 5, '1 hour'))
       AS w(info_kind, code, part, hazard, rank, level, lasts);

CREATE FUNCTION passport.weather_words(info_kind text, code text, part text, at date) RETURNS passport.weather_word
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT w FROM passport.weather_word AS w
   WHERE w.info_kind = weather_words.info_kind AND w.code = weather_words.code AND w.part IN (weather_words.part, '')
   -- a vocabulary is tried out before it holds, and an old report was written before the first
   ORDER BY w.part DESC, w.holds_from <= at DESC, abs(w.holds_from - at) LIMIT 1;
END;
COMMENT ON FUNCTION passport.weather_words(text, text, text, date) IS
'Row of passport.weather_word for a code on a date, the nearest one where none holds yet; NULL for a code that nobody has entered.';

CREATE TABLE passport.weather_area (
  area_code text PRIMARY KEY CHECK (area_code ~ '^[0-9]{4,17}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100)
);
COMMENT ON TABLE passport.weather_area IS
'Areas of bulletins that concern the municipality beside its own code: a river''s forecast section, the part of the prefecture for which record rain is told.';

CREATE FUNCTION passport.set_weather_area(area_code text, name text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM passport.refuse_individual_number('/name', name);
  INSERT INTO passport.weather_area AS a (area_code, name) VALUES (area_code, name)
    ON CONFLICT ON CONSTRAINT weather_area_pkey DO UPDATE SET name = excluded.name;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/area_code', 'form', 'An area has a code of 4 to 17 digits and a name of 1 to 100 characters.');
END $$;
COMMENT ON FUNCTION passport.set_weather_area(text, text) IS
'Has bulletins for an area count for the municipality. area_code: as the Meteorological Agency gives it (4 to 17 digits: of a river 8 to 12, of a part of a prefecture 6), never a name. PT422 for anything else.';

CREATE FUNCTION passport.concerns_us(area_code text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- the Agency writes the code of the municipality without its check digit, and 00 behind it
  SELECT area_code = left(current_setting('passport.municipality_code'), 5) || '00'
         OR EXISTS (SELECT FROM passport.weather_area AS a WHERE a.area_code = concerns_us.area_code);
END;
COMMENT ON FUNCTION passport.concerns_us(text) IS
'Whether an area of a bulletin is the municipality, or one of weather_area. By code alone: there is a 南牧村 in two prefectures.';

CREATE TABLE passport.weather_bulletin (
  bulletin_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mode text NOT NULL CHECK (mode IN ('live', 'drill', 'test')),
  office text NOT NULL,
  title text NOT NULL,
  event_id text NOT NULL,
  serial text NOT NULL,
  info_type text NOT NULL CHECK (info_type IN ('発表', '訂正', '取消', '遅延')),
  info_kind text NOT NULL,
  reported_at timestamptz NOT NULL,
  headline text NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  received_at timestamptz NOT NULL,
  UNIQUE (mode, office, title, event_id, reported_at, serial, info_type)
);
COMMENT ON TABLE passport.weather_bulletin IS
'Bulletins that named the municipality, or followed one that did. office, title and event_id are the line that a bulletin belongs to: of each line the latest counts. digest: SHA-256 of the report.';

CREATE TABLE passport.weather_warning (
  bulletin_id bigint NOT NULL REFERENCES passport.weather_bulletin ON DELETE CASCADE,
  area_code text NOT NULL,
  code text NOT NULL,
  part text NOT NULL,
  area_name text NOT NULL,
  name text NOT NULL,
  hazard text,
  rank text,
  level int,
  valid_until timestamptz NOT NULL,
  PRIMARY KEY (bulletin_id, area_code, code, part)
);
COMMENT ON TABLE passport.weather_warning IS
'What a bulletin says of the areas that concern the municipality, with what the vocabulary of its day made of it. hazard NULL: a code that weather_word does not know.';

CREATE FUNCTION passport.serial_number(serial text) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN serial ~ '^[0-9]{1,18}$' THEN serial::bigint ELSE -1 END;
END;
COMMENT ON FUNCTION passport.serial_number(text) IS
'A bulletin''s serial as a number; -1 for one without.';

CREATE FUNCTION passport.weather_at(at timestamptz)
  RETURNS TABLE (hazard text, level int, rank text, name text, area_code text, area_name text, office text,
                 reported_at timestamptz, valid_until timestamptz, headline text, bulletin_id bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT w.hazard, w.level, w.rank, w.name, w.area_code, w.area_name, b.office, b.reported_at, w.valid_until,
         b.headline, b.bulletin_id
    FROM (SELECT DISTINCT ON (t.office, t.title, t.event_id) t.* FROM passport.weather_bulletin AS t
           WHERE t.mode = 'live' AND t.reported_at <= weather_at.at
           -- of one time the higher serial: the lower one may come after it
           ORDER BY t.office, t.title, t.event_id, t.reported_at DESC, passport.serial_number(t.serial) DESC, t.bulletin_id DESC) AS b
    JOIN passport.weather_warning AS w USING (bulletin_id)
   WHERE b.info_type <> '取消' AND w.valid_until > weather_at.at
   ORDER BY w.level DESC NULLS LAST, w.hazard, w.name, w.area_code, b.bulletin_id;
END;
COMMENT ON FUNCTION passport.weather_at(timestamptz) IS
'Warnings that stood for the municipality at a time: those of the latest bulletin of each line until then (by its time and serial), which a 取消 leaves without any, as long as each is valid. Never a drill (訓練) or a test (試験).';

CREATE FUNCTION passport.weather_level(hazards text[], at timestamptz) RETURNS int
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT max(w.level) FROM passport.weather_at(at) AS w WHERE w.hazard = ANY (hazards);
END;
COMMENT ON FUNCTION passport.weather_level(text[], timestamptz) IS
'Highest alert level (1-5) that bulletins gave for any of these hazards (flood, inland_flood, landslide, storm_surge) at a time; NULL when there was none. It tells a person whether a gauge can be right, and lets no jump pass by itself: 馬流橋 jumped by 6 m on 2026-08-08, eight minutes after a warning for the whole region.';

CREATE FUNCTION passport.forget_weather(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH old AS (
    -- what is valid still stands
    SELECT b.bulletin_id FROM passport.weather_bulletin AS b
     WHERE b.reported_at < forget_weather.before
       AND NOT EXISTS (SELECT FROM passport.weather_warning AS l
                        WHERE l.bulletin_id = b.bulletin_id AND l.valid_until > passport.now())
     LIMIT max_rows
  ), gone AS (
    DELETE FROM passport.weather_bulletin AS b USING old WHERE b.bulletin_id = old.bulletin_id RETURNING b.bulletin_id
  )
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_weather(timestamptz, int) IS
'Deletes up to max_rows bulletins from before a time of which nothing is valid any more, and returns how many. For purge_expired.';
