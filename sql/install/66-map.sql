-- What everybody may see: the map, nothing personal

CREATE FUNCTION passport.map_feature(shape geometry, properties jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(shape, 6)::jsonb,
                            'properties', properties);
END;
COMMENT ON FUNCTION passport.map_feature(geometry, jsonb) IS
'GeoJSON Feature of a shape (EPSG:4326), coordinates rounded to a tenth of a metre.';

-- The sentence that must stand wherever an area is shown that nobody surveyed.
CREATE FUNCTION passport.drawing_note() RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
           'ja', '浸水の区域は、このデモのために描いたもので、公表された浸水想定区域ではありません。',
           'en', 'The flood areas were drawn for this demonstration. They are not published hazard zones.')
   WHERE EXISTS (SELECT FROM passport.hazard_zone AS z WHERE starts_with(lower(z.source), 'demo'));
END;
COMMENT ON FUNCTION passport.drawing_note() IS
'{"ja", "en"}: the sentence that says that zones are drawings of a demonstration, when a hazard zone''s source begins with "demo"; else NULL.';

CREATE FUNCTION passport.map_sensors() RETURNS SETOF jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.map_feature(s.location, jsonb_build_object(
           'kind', 'sensor', 'sensor', s.sensor, 'name', coalesce(nullif(s.name, ''), s.sensor),
           'measures', s.kind, 'unit', s.unit,
           'state', s.state,
           'stage', CASE WHEN n.stage > 0 OR EXISTS (SELECT FROM passport.sensor_threshold AS h WHERE h.sensor = s.sensor) THEN coalesce(n.stage, 0) END,
           'stage_name', nullif(t.name, ''),
           'value', n.value, 'elevation', passport.elevation(s, n.value), 'observed_at', n.observed_at,
           'condition', q.condition, 'silent', q.condition = 'silent',
           'silent_since', CASE q.condition WHEN 'silent' THEN q.latest_at END,
           'forecast', (SELECT coalesce(jsonb_agg(jsonb_build_object('stage', f.stage, 'name', nullif(f.name, ''),
                                 'expected_at', f.expected_at, 'earliest_at', f.earliest_at, 'latest_at', f.latest_at)
                                 ORDER BY f.stage), '[]') FROM passport.sensor_forecast(s.sensor) AS f),
           'colour', w.colour, 'ink', w.ink))
    FROM passport.sensor AS s
    JOIN passport.sensor_watch AS q USING (sensor)
    LEFT JOIN passport.sensor_state AS n USING (sensor)
    LEFT JOIN passport.sensor_threshold AS t ON t.sensor = s.sensor AND t.stage = n.stage
    LEFT JOIN LATERAL passport.alert_words('flood', least(n.stage, 5), passport.today()) AS w ON true
   WHERE s.state <> 'retired' AND s.location IS NOT NULL
   ORDER BY s.sensor;
END;
COMMENT ON FUNCTION passport.map_sensors() IS
'Features of public_map(): gauges with what they measure, stage (null: there are no thresholds), last accepted value, its height above the sea where that is known, its time, how they are heard (sensor_watch) and since when not, and the stages that they will reach if they go on rising (sensor_forecast).';

CREATE FUNCTION passport.chart_points(observed_at timestamptz[], value double precision[]) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_chart_points';
COMMENT ON FUNCTION passport.chart_points(timestamptz[], double precision[]) IS
'[[second since 1970, value], ...] of times and values, arrays of one length without NULL; values up to 1e12 are rounded to three decimals. PT422: unequal lengths.';

CREATE FUNCTION passport.map_charts() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH word AS MATERIALIZED (
    SELECT l AS level, w.colour FROM generate_series(1, 5) AS l, passport.alert_words('flood', l, passport.today()) AS w
  ), span AS MATERIALIZED (
    -- the quarters of an hour that lie whole in the two days; of those at the ends a part may count
    SELECT date_bin('15 minutes', passport.now() - interval '48 hours', 'epoch') + interval '15 minutes' AS first,
           date_bin('15 minutes', passport.now(), 'epoch') AS last
  ), fringe AS MATERIALIZED (
    SELECT passport.now() - interval '48 hours' + interval '1 microsecond' AS since, p.first AS until FROM span AS p
    UNION ALL
    SELECT p.last, passport.now() + interval '1 microsecond' FROM span AS p
  )
  SELECT coalesce(jsonb_object_agg(s.sensor, jsonb_build_object(
           'thresholds', (SELECT coalesce(jsonb_agg(jsonb_build_object('stage', t.stage, 'name', nullif(t.name, ''), 'up', t.up,
                                   'colour', w.colour) ORDER BY t.stage), '[]')
                            FROM passport.sensor_threshold AS t
                            LEFT JOIN word AS w ON w.level = least(t.stage, 5)
                           WHERE t.sensor = s.sensor),
           'points', (SELECT coalesce(passport.chart_points(array_agg(k.at ORDER BY k.at), array_agg(k.high ORDER BY k.at)), '[]')
                        -- of a quarter of an hour the highest: a page is read on a phone, and no peak may be missing
                        FROM (SELECT k.observed_at, k.value FROM passport.reading_peak AS k
                               WHERE k.sensor = s.sensor AND k.quarter >= p.first AND k.quarter < p.last
                              UNION ALL
                              (SELECT DISTINCT ON (date_bin('15 minutes', r.observed_at, 'epoch')) r.observed_at, r.value
                                 FROM fringe AS f JOIN passport.reading AS r ON r.observed_at >= f.since AND r.observed_at < f.until
                                WHERE r.sensor = s.sensor AND r.verdict = 'accepted'
                                ORDER BY date_bin('15 minutes', r.observed_at, 'epoch'), r.value DESC, r.observed_at)) AS k(at, high)))), '{}')
    FROM passport.sensor AS s CROSS JOIN span AS p WHERE s.state <> 'retired' AND s.location IS NOT NULL;
END;
COMMENT ON FUNCTION passport.map_charts() IS
'Part of public_map(): of each gauge {"thresholds": [{"stage", "name", "up", "colour"}], "points": [[second since 1970, value]]}, the accepted readings of the last 48 hours, of each quarter of an hour the highest.';

CREATE FUNCTION passport.map_weather() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object('hazard', w.hazard, 'rank', w.rank, 'level', w.level, 'name', w.name,
                    'area', w.area_name, 'office', w.office, 'reported_at', w.reported_at,
                    'colour', l.colour, 'ink', l.ink) ORDER BY w.level DESC NULLS LAST, w.hazard, w.name), '[]')
    FROM (SELECT DISTINCT ON (a.hazard, a.name, a.area_code) a.* FROM passport.weather_at(passport.now()) AS a
           ORDER BY a.hazard, a.name, a.area_code, a.reported_at DESC) AS w
    LEFT JOIN LATERAL passport.alert_words('flood', w.level, passport.today()) AS l ON true;
END;
COMMENT ON FUNCTION passport.map_weather() IS
'Part of public_map(): warnings of the weather service that stand for the municipality, highest level first. Never a drill or a test.';

CREATE FUNCTION passport.map_alerts() RETURNS SETOF jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.map_feature(a.area, jsonb_build_object(
           'kind', 'alert', 'alert_id', a.alert_id, 'hazard', a.hazard, 'level', a.level,
           'action', w.action, 'action_en', w.action_en, 'colour', w.colour, 'ink', w.ink,
           'area', to_jsonb(a.area_names), 'issued_at', a.approved_at,
           'updated_at', (SELECT max(m.sent_at) FROM passport.alert_message AS m
                           WHERE m.alert_id = a.alert_id AND m.message = 'update'),
           'texts', a.texts,
           'cap', 'alerts/' || a.alert_id || '.cap.xml'))
    FROM passport.alert AS a,
         passport.alert_words(a.hazard, a.level, passport.today()) AS w
   WHERE a.state = 'approved' AND a.mode = 'live'
   ORDER BY a.level DESC, a.alert_id DESC;
END;
COMMENT ON FUNCTION passport.map_alerts() IS
'Features of public_map(): areas and texts of the alerts in force, highest level first, with when each was issued and last updated (null: never). Drills are never on it.';

-- Who saw an alert and does not see it any more must not have to guess why.
CREATE FUNCTION passport.map_over() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'alert_id', a.alert_id, 'hazard', a.hazard, 'level', a.level, 'action', w.action, 'action_en', w.action_en,
           'area', to_jsonb(a.area_names), 'state', a.state, 'over_at', o.at,
           'texts', (SELECT m.texts FROM passport.alert_message AS m
                      WHERE m.alert_id = a.alert_id AND m.message IN ('cancel', 'end')),
           'cap', CASE WHEN passport.is_published(a) THEN 'alerts/' || a.alert_id || '.cap.xml' END) ORDER BY o.at DESC, a.alert_id DESC), '[]')
    FROM passport.alert AS a
   CROSS JOIN LATERAL (SELECT coalesce(a.cancelled_at, a.ended_at)) AS o(at)
   CROSS JOIN LATERAL passport.alert_words(a.hazard, a.level, passport.today()) AS w
   WHERE a.mode = 'live' AND a.approved_at IS NOT NULL AND o.at > passport.now() - interval '24 hours';
END;
COMMENT ON FUNCTION passport.map_over() IS
'Part of public_map(): alerts that were ended or cancelled (state) within the last day, the latest first, with what was said then (texts, cap; null of a notice whose time ran out). Never a drill.';

CREATE FUNCTION passport.alerts_geojson() RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object('type', 'FeatureCollection', 'features', coalesce(jsonb_agg(f), '[]'))
    FROM passport.map_alerts() AS f;
END;
COMMENT ON FUNCTION passport.alerts_geojson() IS
'The live alerts in force as a GeoJSON FeatureCollection (RFC 7946), without the rest of public_map().';

CREATE FUNCTION passport.map_places() RETURNS SETOF jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.map_feature(s.location, jsonb_build_object(
           'kind', 'shelter', 'shelter', s.shelter_id, 'name', s.name, 'address', s.address,
           'hazards', to_jsonb(s.hazards), 'open_since', o.opened_at))
    FROM passport.shelter AS s
    LEFT JOIN passport.shelter_opening AS o ON o.shelter_id = s.shelter_id AND o.closed_at IS NULL
  UNION ALL
  SELECT passport.map_feature(ST_SimplifyPreserveTopology(m.area, 0.0003), jsonb_build_object(
           'kind', 'boundary', 'name', m.name))
    FROM passport.municipality_area AS m
   WHERE m.code = current_setting('passport.municipality_code');
END;
COMMENT ON FUNCTION passport.map_places() IS
'Features of public_map() that seldom change: shelters, with since when each is open (null: it is not), and the municipality''s boundary (within 30 m).';

CREATE FUNCTION passport.public_map() RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT jsonb_build_object(
           'type', 'FeatureCollection',
           'generated_at', passport.now(),
           'municipality', (SELECT m.name FROM passport.municipality_area AS m
                             WHERE m.code = current_setting('passport.municipality_code')),
           'note', passport.drawing_note(),
           -- alerts of which a CAP message is published: a cancel must stay to be read
           'published', (SELECT coalesce(jsonb_object_agg(a.alert_id, (SELECT max(m.message_no) FROM passport.alert_message AS m
                                                                         WHERE m.alert_id = a.alert_id)), '{}')
                           FROM passport.alert AS a WHERE passport.is_published(a)),
           'timezone', current_setting('passport.timezone'),
           'over', passport.map_over(),
           'weather', passport.map_weather(),
           'charts', passport.map_charts(),
           'features', (SELECT coalesce(jsonb_agg(f), '[]')
                          FROM (SELECT passport.map_alerts() UNION ALL SELECT passport.map_sensors()
                                UNION ALL SELECT passport.map_places()) AS t(f)));
END;
COMMENT ON FUNCTION passport.public_map() IS
'What everybody may see, as a GeoJSON FeatureCollection: gauges, alerts in force, shelters, the boundary (properties.kind tells which), with generated_at, the municipality, its time zone, the note of drawing_note(), the alerts that were over within the last day (map_over), the weather service''s warnings (map_weather), the gauges'' last two days (map_charts), and published: the numbers of the alerts whose CAP message is published, each with that of its latest message. Nothing personal, no drills.';
