-- The Meteorological Agency's disaster prevention XML (気象庁防災情報XML), read

-- The headline of every kind of report has one form; 気象危険度通知 alone keeps
-- its news in the body, and a river forecast the municipalities it may flood.
CREATE FUNCTION passport.jma_areas(document xml, info_kind text)
  RETURNS TABLE (area_code text, area_name text, kinds xml)
  LANGUAGE sql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT x.area_code, x.area_name, x.kinds
    FROM XMLTABLE(XMLNAMESPACES('http://xml.kishou.go.jp/jmaxml1/' AS j, 'http://xml.kishou.go.jp/jmaxml1/informationBasis1/' AS h),
           '/j:Report/h:Head/h:Headline/h:Information/h:Item/h:Areas/h:Area' PASSING document
           COLUMNS area_code text PATH 'h:Code[1]', area_name text PATH 'h:Name[1]', kinds xml PATH '../../h:Kind') AS x
  UNION ALL
  SELECT x.area_code, x.area_name, x.kinds
    FROM XMLTABLE(XMLNAMESPACES('http://xml.kishou.go.jp/jmaxml1/' AS j, 'http://xml.kishou.go.jp/jmaxml1/body/meteorology1/' AS b),
           '/j:Report/b:Body/b:MeteorologicalInfos/b:MeteorologicalInfo/b:Item' PASSING document
           COLUMNS area_code text PATH 'b:Area[1]/b:Code[1]', area_name text PATH 'b:Area[1]/b:Name[1]',
                   kinds xml PATH 'b:Kind/b:Property/b:SignificancyPart/b:Base/b:Significancy') AS x
   WHERE info_kind = '気象危険度通知'
  UNION ALL
  SELECT x.area_code, x.area_name, x.kinds
    FROM XMLTABLE(XMLNAMESPACES('http://xml.kishou.go.jp/jmaxml1/' AS j, 'http://xml.kishou.go.jp/jmaxml1/informationBasis1/' AS h,
                                'http://xml.kishou.go.jp/jmaxml1/body/meteorology1/' AS b),
           '/j:Report/b:Body/b:Warning/b:Item/b:Areas/b:Area[b:CityCode]' PASSING document
           COLUMNS area_code text PATH 'b:CityCode[1]', area_name text PATH 'b:City[1]',
                   kinds xml PATH '/j:Report/h:Head/h:Headline/h:Information[1]/h:Item[1]/h:Kind') AS x
   WHERE info_kind = '指定河川洪水予報';
END;
COMMENT ON FUNCTION passport.jma_areas(xml, text) IS
'Areas that a report names, each with the XML of what it says of it. Step of jma_warnings().';

CREATE FUNCTION passport.jma_warnings(document xml, info_kind text, at timestamptz, valid_until timestamptz)
  RETURNS TABLE (area_code text, code text, part text, area_name text, name text, hazard text, rank text, level int,
                 valid_until timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH ours AS MATERIALIZED (
    SELECT a.area_code, a.area_name, a.kinds FROM passport.jma_areas(document, info_kind) AS a
     WHERE passport.concerns_us(a.area_code)
  ), said AS (
    SELECT o.area_code, o.area_name, k.code, k.name, coalesce(k.type, p.part, '') AS part
      FROM ours AS o
     CROSS JOIN LATERAL XMLTABLE('/kinds/*' PASSING xmlelement(NAME kinds, o.kinds)
             COLUMNS code text PATH '*[local-name() = "Code"][1]', name text PATH '*[local-name() = "Name"][1]',
                     condition text PATH '*[local-name() = "Condition"][1]', type text PATH '@type') AS k
      -- 大雨警報（土砂災害、浸水害） is two warnings
      LEFT JOIN LATERAL (SELECT c.part FROM regexp_split_to_table(k.condition, '、') AS c(part)
                          WHERE c.part IN ('土砂災害', '浸水害')) AS p ON true
     WHERE k.code <> '00' AND k.name !~ '解除$'
  )
  SELECT DISTINCT ON (s.area_code, s.code, s.part)
         s.area_code, left(s.code, 20), left(s.part, 40), left(s.area_name, 100), left(s.name, 100), w.hazard, w.rank,
         -- since 2026 the level is part of the name
         coalesce(translate(substring(s.name FROM '^レベル([１-５])'), '１２３４５', '12345')::int, w.level),
         coalesce(valid_until, at + w.lasts, at + interval '2 days')
    FROM said AS s
    LEFT JOIN LATERAL passport.weather_words(info_kind, s.code, s.part,
                (at AT TIME ZONE current_setting('passport.timezone'))::date) AS w ON true
   -- of what moves by degrees, the lowest is no danger and has no word
   WHERE w.hazard IS NOT NULL OR jma_warnings.info_kind <> '気象危険度通知'
   ORDER BY s.area_code, s.code, s.part, s.name;
END;
COMMENT ON FUNCTION passport.jma_warnings(xml, text, timestamptz, timestamptz) IS
'What a report of a kind, of a time and valid until another (NULL: not said) says of the areas that concern the municipality. What it says is over (解除) is left out. Step of take_weather_bulletin().';

CREATE FUNCTION passport.jma_head(document xml)
  RETURNS TABLE (mode text, office text, title text, event_id text, serial text, info_type text, info_kind text,
                 reported_at timestamptz, valid_until timestamptz, headline text)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE x.status WHEN '通常' THEN 'live' WHEN '訓練' THEN 'drill' WHEN '試験' THEN 'test' END,
         left(x.office, 100), left(x.title, 100), left(coalesce(x.event_id, ''), 100), left(coalesce(x.serial, ''), 20),
         x.info_type, x.info_kind, passport.iso_time(x.reported_at), passport.iso_time(x.valid_until), left(coalesce(x.headline, ''), 2000)
    FROM XMLTABLE(XMLNAMESPACES('http://xml.kishou.go.jp/jmaxml1/' AS j, 'http://xml.kishou.go.jp/jmaxml1/informationBasis1/' AS h),
           '/j:Report' PASSING document
           COLUMNS status text PATH 'j:Control/j:Status', office text PATH 'j:Control[1]/j:EditorialOffice[1]',
                   title text PATH 'j:Control[1]/j:Title[1]', event_id text PATH 'h:Head[1]/h:EventID[1]',
                   serial text PATH 'h:Head[1]/h:Serial[1]', info_type text PATH 'h:Head[1]/h:InfoType[1]',
                   info_kind text PATH 'h:Head[1]/h:InfoKind[1]', reported_at text PATH 'h:Head[1]/h:ReportDateTime[1]',
                   valid_until text PATH 'h:Head[1]/h:ValidDateTime[1]', headline text PATH 'h:Head[1]/h:Headline[1]/h:Text[1]') AS x;
END;
COMMENT ON FUNCTION passport.jma_head(xml) IS
'Head of a report; NULL for what it lacks, and mode NULL for a status that is neither 通常, 訓練 nor 試験. Step of take_weather_bulletin().';

CREATE FUNCTION passport.jma_document(report text, OUT document xml, OUT problem text) RETURNS record
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF octet_length(report) > 8 * 1024 * 1024 THEN
    problem := 'size';
  ELSIF report ~* '<!(doctype|entity)' THEN
    -- no report has one, and entities can make a page of a line
    problem := 'doctype';
  ELSE
    document := xmlparse(DOCUMENT report);
  END IF;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  problem := 'xml';
END $$;
COMMENT ON FUNCTION passport.jma_document(text) IS
'A report as XML, or what is wrong with it: "size" (more than 8 MiB), "doctype", "xml". Step of take_weather_bulletin().';

CREATE FUNCTION passport.jma_problem(report text, problem text, mode text, office text, title text, info_type text,
                                     info_kind text, reported_at timestamptz) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN report IS NULL THEN 'null'
    WHEN problem IS NOT NULL THEN problem
    WHEN mode IS NULL THEN 'status'
    WHEN coalesce(office, '') = '' OR coalesce(title, '') = '' THEN 'control'
    WHEN coalesce(info_type NOT IN ('発表', '訂正', '取消', '遅延'), true) THEN 'info_type'
    -- one from the future would stand over all that come until then
    WHEN coalesce(reported_at > passport.now() + interval '1 hour', true) THEN 'time'
    WHEN info_kind IS NULL THEN 'info_kind'
  END;
END;
COMMENT ON FUNCTION passport.jma_problem(text, text, text, text, text, text, text, timestamptz) IS
'The rule that a report breaks, NULL for none. Step of take_weather_bulletin().';

CREATE FUNCTION passport.take_weather_bulletin(report text,
  OUT verdict text, OUT detail text, OUT bulletin_id bigint, OUT mode text, OUT warnings int, OUT level int) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  paper record;
  head record;
  hash CONSTANT bytea := sha256(convert_to(coalesce(report, ''), 'UTF8'));
  said passport.weather_warning[];
BEGIN
  paper := passport.jma_document(report);
  SELECT * INTO head FROM passport.jma_head(paper.document);
  detail := passport.jma_problem(report, paper.problem, head.mode, head.office, head.title, head.info_type, head.info_kind, head.reported_at);
  IF detail IS NOT NULL THEN
    verdict := 'malformed';
    RETURN;
  ELSIF NOT EXISTS (SELECT FROM passport.weather_word AS w WHERE w.info_kind = head.info_kind) THEN
    verdict := 'other_kind';
    RETURN;
  END IF;
  mode := head.mode;
  said := ARRAY(SELECT ROW(0, w.area_code, w.code, w.part, w.area_name, w.name, w.hazard, w.rank, w.level, w.valid_until)::passport.weather_warning
                  FROM passport.jma_warnings(paper.document, head.info_kind, head.reported_at, head.valid_until) AS w);
  IF cardinality(said) = 0
     AND NOT EXISTS (SELECT FROM passport.weather_bulletin AS b
                      WHERE (b.mode, b.office, b.title, b.event_id) = (head.mode, head.office, head.title, head.event_id)) THEN
    verdict := 'elsewhere';
    RETURN;
  END IF;

  INSERT INTO passport.weather_bulletin
         (mode, office, title, event_id, serial, info_type, info_kind, reported_at, headline, digest, received_at)
  VALUES (head.mode, head.office, head.title, head.event_id, head.serial, head.info_type, head.info_kind, head.reported_at,
          head.headline, hash, passport.now())
  ON CONFLICT DO NOTHING RETURNING weather_bulletin.bulletin_id INTO bulletin_id;
  IF bulletin_id IS NULL THEN
    SELECT b.bulletin_id, CASE WHEN b.digest = hash THEN 'duplicate' ELSE 'conflict' END
      INTO bulletin_id, verdict
      FROM passport.weather_bulletin AS b
     WHERE (b.mode, b.office, b.title, b.event_id, b.reported_at, b.serial, b.info_type)
           = (head.mode, head.office, head.title, head.event_id, head.reported_at, head.serial, head.info_type);
    RETURN;
  END IF;
  INSERT INTO passport.weather_warning
  SELECT take_weather_bulletin.bulletin_id, s.area_code, s.code, s.part, s.area_name, s.name, s.hazard, s.rank, s.level, s.valid_until
    FROM unnest(said) AS s;
  verdict := 'stored';
  SELECT count(*), max(s.level) INTO warnings, level FROM unnest(said) AS s;
  IF mode = 'live' THEN
    PERFORM pg_notify('passport_map', '');
  END IF;
EXCEPTION WHEN cardinality_violation THEN
  -- an element twice where there is one by the schema
  verdict := 'malformed';
  detail := 'xml';
END $$;
COMMENT ON FUNCTION passport.take_weather_bulletin(text) IS
'Takes in a report of the Meteorological Agency''s XML (at most 8 MiB): warnings and advisories (気象警報・注意報, VPWW53 to VPWW61), 土砂災害警戒情報 (VXWW50), river forecasts (指定河川洪水予報 VXKO, 水位周知河川 VXSU), 竜巻注意情報 (VPHW), 記録的短時間大雨情報 (VPOA50), 気象危険度通知 (VPRN50). verdict: "stored", with the number of its warnings for the municipality and their highest level; "duplicate" (it came before: nothing is done); "conflict" (another report with the same office, title, event, serial and time came before, and stays); "elsewhere" (names no area of ours, and nothing of its line is stored); "other_kind" (no kind that weather_word knows); "malformed" (detail: "size", "doctype", "xml", "status", "control", "info_type", "time", "info_kind"). mode: live (通常), drill (訓練) or test (試験); only live ones are ever shown or counted, and none sends anything to anybody.';
