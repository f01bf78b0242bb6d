-- Drawings of the report: SVG of the map and of a gauge's last two days.
-- A frame is {west, north, x, y}: the degrees at the upper left corner and the
-- pixels of a degree; a map has 960 by 620 pixels.

CREATE FUNCTION passport.html(value text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT replace(replace(replace(replace(replace(
           regexp_replace(value, '[\x01-\x08\x0b\x0c\x0e-\x1f]', '', 'g'),
           '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
END;
COMMENT ON FUNCTION passport.html(text) IS
'A value as text of HTML, SVG or XML, or as an attribute between quotes. Every value of the report goes through it.';

CREATE FUNCTION passport.local_time(at timestamptz, form text DEFAULT 'MM-DD HH24:MI') RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT to_char(at AT TIME ZONE current_setting('passport.timezone'), form);
END;
COMMENT ON FUNCTION passport.local_time(timestamptz, text) IS
'A time in passport.timezone, in a form of to_char().';

CREATE FUNCTION passport.report_alerts() RETURNS SETOF passport.alert
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_populate_record(a, jsonb_build_object(
           'headcount', h.headcount, 'households', passport.shown_count(a.households),
           'needing_help', passport.shown_count(a.needing_help),
           'recipients', a.recipients - w.recipients,
           -- fallbacks add to those that the alert began with
           'deliveries', coalesce(t.deliveries, a.deliveries) - w.deliveries,
           'unreachable', a.unreachable - w.unreachable))
    FROM passport.alert AS a
    LEFT JOIN passport.notification AS t ON t.notification_id = a.notification_id
   CROSS JOIN LATERAL passport.shown_count(a.headcount) AS h(headcount)
   CROSS JOIN LATERAL passport.alert_withheld(a.alert_id, a.notification_id) AS w
   WHERE a.state = 'approved'
      OR a.state = 'draft' AND a.draft_until > passport.now()
      OR a.approved_at IS NOT NULL AND coalesce(a.cancelled_at, a.ended_at) > passport.now() - interval '24 hours';
END;
COMMENT ON FUNCTION passport.report_alerts() IS
'Alerts that concern staff now: in force, drafted and waiting, or over within a day. The figures are of those who may be counted; few in an area are NULL (shown_count).';

CREATE FUNCTION passport.report_frame() RETURNS double precision[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH subject AS (
    SELECT coalesce(
             (SELECT ST_Collect(g.shape)
                FROM (SELECT a.area AS shape FROM passport.report_alerts() AS a
                      UNION ALL
                      SELECT s.location FROM passport.report_alerts() AS a
                        JOIN passport.sensor AS s USING (sensor)) AS g),
             (SELECT m.area FROM passport.municipality_area AS m
               WHERE m.code = current_setting('passport.municipality_code')),
             (SELECT ST_Collect(s.location) FROM passport.sensor AS s WHERE s.state <> 'retired')) AS shape
  ), extent AS (
    -- a kilometre at least, so that a single point has surroundings
    SELECT (ST_XMin(shape) + ST_XMax(shape)) / 2 AS lon, (ST_YMin(shape) + ST_YMax(shape)) / 2 AS lat,
           greatest(ST_XMax(shape) - ST_XMin(shape), 0.01) AS width,
           greatest(ST_YMax(shape) - ST_YMin(shape), 0.008) AS height,
           cosd((ST_YMin(shape) + ST_YMax(shape)) / 2) AS shrink
      FROM subject WHERE shape IS NOT NULL
  ), scale AS (
    SELECT *, least(960 * 0.8 / (width * shrink), 620 * 0.8 / height) AS y FROM extent
  )
  SELECT ARRAY[lon - 480 / (y * shrink), lat + 310 / y, y * shrink, y] FROM scale;
END;
COMMENT ON FUNCTION passport.report_frame() IS
'Frame of the report''s map: around the alerts that concern staff now and their gauges, else the municipality; NULL when there is nothing to show.';

CREATE FUNCTION passport.svg_path(shape geometry, frame double precision[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- clipped well outside the picture, so that the cut is not seen
  SELECT ST_AsSVG(ST_Scale(ST_Translate(
           ST_SimplifyPreserveTopology(ST_ClipByBox2D(shape,
             ST_MakeEnvelope(frame[1] - 200 / frame[3], frame[2] - 820 / frame[4],
                             frame[1] + 1160 / frame[3], frame[2] + 200 / frame[4], 4326)), 0.4 / frame[4]),
           -frame[1], -frame[2]), frame[3], frame[4]), 0, 1);
END;
COMMENT ON FUNCTION passport.svg_path(geometry, double precision[]) IS
'Path data of a shape within a frame.';

CREATE FUNCTION passport.svg_place(shape geometry, frame double precision[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT round(((ST_X(shape) - frame[1]) * frame[3])::numeric, 1) || ','
         || round(((frame[2] - ST_Y(shape)) * frame[4])::numeric, 1)
   WHERE ST_X(shape) BETWEEN frame[1] AND frame[1] + 960 / frame[3]
     AND ST_Y(shape) BETWEEN frame[2] - 620 / frame[4] AND frame[2];
END;
COMMENT ON FUNCTION passport.svg_place(geometry, double precision[]) IS
'"x,y" of a point within a frame, NULL for one outside.';

CREATE FUNCTION passport.svg_symbols() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT '<symbol id="safe" viewBox="-8 -8 16 16"><circle r="5.5" fill="#0a7d4b" stroke="#fff" stroke-width="1.5"/><path d="M-2.6 .2-.7 2.2 2.8-2" fill="none" stroke="#fff" stroke-width="1.5"/></symbol>
<symbol id="evacuated" viewBox="-8 -8 16 16"><path d="M0-6.2 6.4 5H-6.4z" fill="#0b62b5" stroke="#fff" stroke-width="1.5"/></symbol>
<symbol id="need_help" viewBox="-10 -10 20 20"><rect x="-7.5" y="-7.5" width="15" height="15" fill="#c8102e" stroke="#fff" stroke-width="1.8"/><path d="M-4.3 0h8.6M0-4.3v8.6" stroke="#fff" stroke-width="2.6"/></symbol>
<symbol id="damage" viewBox="-9 -9 18 18"><path d="M0-7.5 7.5 0 0 7.5-7.5 0z" fill="#f5a300" stroke="#3a2600" stroke-width="1.3"/><path d="M0-3.8v4.2M0 2.6v1.3" stroke="#3a2600" stroke-width="1.8"/></symbol>
<symbol id="unread" viewBox="-8 -8 16 16"><circle r="3.6" fill="#fff" stroke="#555" stroke-width="1.5"/></symbol>
<symbol id="unread_need" viewBox="-9 -9 18 18"><circle r="6.6" fill="#fff" stroke="#8a2be2" stroke-width="2.2"/><circle r="2.4" fill="#8a2be2"/></symbol>
<symbol id="shelter" viewBox="-10 -10 20 20"><path d="M-7.5 7.5v-8L0-7.5 7.5-.5v8z" fill="#1f6f3f" stroke="#fff" stroke-width="1.5"/></symbol>'
$$;
COMMENT ON FUNCTION passport.svg_symbols() IS
'Symbols of the report''s map. Each has a shape of its own, so that colour is never all that tells them apart.';

CREATE FUNCTION passport.map_ground_svg(frame double precision[]) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    (SELECT string_agg(format('<path class="land" d="%s"/>', passport.svg_path(m.area, frame)), '')
       FROM passport.municipality_area AS m WHERE m.code = current_setting('passport.municipality_code')),
    (SELECT string_agg(format('<path class="zone" d="%s"/>', p.path), '')
       FROM (SELECT passport.svg_path(z.area, frame) AS path FROM passport.hazard_zone AS z WHERE z.valid_to IS NULL) AS p
      WHERE p.path <> ''),
    (SELECT string_agg(format('<path class="border" d="%s"/>', passport.svg_path(m.area, frame)), '')
       FROM passport.municipality_area AS m WHERE m.code = current_setting('passport.municipality_code')),
    (SELECT string_agg(format('<text class="oaza" transform="translate(%s)">%s</text>', p.place, passport.html(p.name)), '')
       FROM (SELECT o.name, passport.svg_place(o.location, frame) AS place FROM passport.oaza AS o) AS p
      WHERE p.place IS NOT NULL),
    (SELECT string_agg(format('<path class="halo" style="stroke:%6$s" d="%1$s"/><path class="area %5$s" style="stroke:%2$s;fill:%2$s" d="%1$s"><title>警戒レベル%3$s %4$s %5$s</title></path>',
                              passport.svg_path(a.area, frame), w.colour, a.level, passport.html(w.action), a.state, w.ink),
                       '' ORDER BY a.level, a.alert_id)
       FROM passport.report_alerts() AS a, passport.alert_words(a.hazard, a.level, passport.today()) AS w));
END;
COMMENT ON FUNCTION passport.map_ground_svg(double precision[]) IS
'Lower layers of the report''s map: municipality, hazard zones, 大字 names, alerted areas, with their state as a class.';

CREATE FUNCTION passport.alert_state_words(state text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE state WHEN 'approved' THEN '発令中' WHEN 'draft' THEN '承認待ち' WHEN 'ended' THEN '終了' WHEN 'cancelled' THEN '取消' END;
END;
COMMENT ON FUNCTION passport.alert_state_words(text) IS
'The state of an alert that concerns staff, as the report says it.';

-- Areas often lie in each other: the words of orders to all stand above theirs,
-- others below, and of those that meet at one point in lines of their own.
CREATE FUNCTION passport.map_words_svg(frame double precision[]) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(format('<text class="words" transform="translate(%s)" y="%s">%s</text>', w.place, CASE WHEN w.above THEN 12 - 20 * w.line ELSE 2 + 20 * w.line END,
                           passport.html(concat(CASE w.mode WHEN 'drill' THEN '【訓練】' END, w.level, ' ', w.action,
                                                '（' || passport.alert_state_words(nullif(w.state, 'approved')) || '）'))),
                    '' ORDER BY w.place, w.line)
    FROM (SELECT a.level, a.mode, a.state, l.action, n.place, a.level >= 4 AS above,
                 row_number() OVER (PARTITION BY n.place, a.level >= 4 ORDER BY a.level, a.alert_id) AS line
            FROM passport.report_alerts() AS a
           CROSS JOIN LATERAL passport.alert_words(a.hazard, a.level, passport.today()) AS l
           CROSS JOIN LATERAL (SELECT passport.svg_place(d.geom, frame) AS place FROM ST_DumpPoints(a.area) AS d
                                ORDER BY ST_Y(d.geom) * CASE WHEN a.level >= 4 THEN -1 ELSE 1 END, ST_X(d.geom) LIMIT 1) AS n
           WHERE n.place IS NOT NULL) AS w;
END;
COMMENT ON FUNCTION passport.map_words_svg(double precision[]) IS
'Layer of the report''s map with the level of each alerted area, and its state where it is not in force, at its northernmost (levels 4 and 5) or southernmost point: colour is never all that tells.';

-- People are symbols without names.  Of each recipient stands the latest word
-- on how they are, where it was said or else at home; a protected person's
-- place is NULL in both views and so is not drawn.
CREATE FUNCTION passport.map_people_svg(frame double precision[]) RETURNS text
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH concern AS (
    SELECT a.alert_id FROM passport.report_alerts() AS a WHERE a.approved_at IS NOT NULL
  ), word AS (
    SELECT DISTINCT ON (t.resident_id) t.resident_id, t.answer, t.location
      FROM passport.alert_answer_place AS t
     WHERE t.alert_id IN (SELECT alert_id FROM concern) AND t.answer <> 'damage'
     ORDER BY t.resident_id, t.answer_id DESC
  ), person AS (
    SELECT r.resident_id, bool_or(r.needs_help) AS needs_help FROM passport.alert_recipient AS r
     WHERE r.alert_id IN (SELECT alert_id FROM concern) GROUP BY r.resident_id
  ), mark AS (
    SELECT resident_id, coalesce(w.answer, CASE WHEN p.needs_help THEN 'unread_need' ELSE 'unread' END) AS symbol,
           coalesce(w.location, h.location) AS location
      FROM person AS p FULL JOIN word AS w USING (resident_id)
      JOIN passport.resident_place AS h USING (resident_id)
    UNION ALL
    SELECT t.resident_id, 'damage', t.location
      FROM passport.alert_answer_place AS t
     WHERE t.alert_id IN (SELECT alert_id FROM concern) AND t.answer = 'damage'
  ), placed AS MATERIALIZED (
    -- of a whole town those who are not in need are one symbol for each 12 pixels
    SELECT m.resident_id, m.symbol, g.cell < 1 AS alone,
           passport.svg_place(ST_SnapToGrid(m.location, g.cell / frame[3], g.cell / frame[4]), frame) AS place
      FROM mark AS m,
           LATERAL (SELECT CASE WHEN m.symbol IN ('unread', 'safe', 'evacuated')
                                     AND (SELECT count(*) FROM person) > 2000 THEN 12 ELSE 0.1 END AS cell) AS g
  ), kept AS MATERIALIZED (
    SELECT passport.record_access(array_agg(p.resident_id), 'disaster', 'report_map_svg', ARRAY['location', 'answer'])
      FROM placed AS p WHERE p.alone AND p.place IS NOT NULL
  ), drawn(symbol, size, rank) AS (
    VALUES ('unread', 16, 1), ('safe', 16, 2), ('evacuated', 16, 3), ('unread_need', 18, 4),
           ('damage', 18, 5), ('need_help', 20, 6)
  )
  SELECT string_agg(format('<use href="#%s" x="%s" y="%s" width="%s" height="%s" transform="translate(%s)"/>',
                           m.symbol, -d.size / 2, -d.size / 2, d.size, d.size, m.place), '' ORDER BY d.rank, m.place)
    FROM kept, (SELECT DISTINCT p.symbol, p.place FROM placed AS p WHERE p.place IS NOT NULL) AS m
    JOIN drawn AS d USING (symbol);
END;
COMMENT ON FUNCTION passport.map_people_svg(double precision[]) IS
'Layer of the report''s map with residents'' answers: need help, damage, evacuated, safe, no answer. No names; protected persons are not drawn. Of each who has a symbol of their own it is kept who looked.';

CREATE FUNCTION passport.report_shelters(frame double precision[])
  RETURNS TABLE (number int, name text, hazards text[], place text)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT row_number() OVER (ORDER BY ST_Y(p.location) DESC, p.name)::int, p.name, p.hazards, p.place
    FROM (SELECT s.name, s.hazards, s.location, passport.svg_place(s.location, frame) AS place
            FROM passport.shelter AS s WHERE s.hazards <> '{}') AS p
   WHERE p.place IS NOT NULL;
END;
COMMENT ON FUNCTION passport.report_shelters(double precision[]) IS
'Shelters within a frame, numbered from north to south.';

CREATE FUNCTION passport.map_places_svg(frame double precision[]) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    (SELECT string_agg(format('<g transform="translate(%s)"><use href="#shelter" x="-10" y="-10" width="20" height="20"/><text class="number" y="5">%s</text><title>%s</title></g>',
                              s.place, s.number, passport.html(s.name)), '' ORDER BY s.number)
       FROM passport.report_shelters(frame) AS s),
    (SELECT string_agg(format('<g transform="translate(%s)"><circle r="13" fill="%s" stroke="#fff" stroke-width="4"/><circle r="13" fill="none" stroke="#000" stroke-width="1.2"/><text class="stage" style="fill:%s">%s</text><text class="gauge" x="18" y="5">%s</text></g>',
                              g.place, g.colour, g.ink, g.stage, passport.html(g.name)), '')
       FROM (SELECT passport.svg_place(s.location, frame) AS place, coalesce(n.stage, 0) AS stage,
                    coalesce(nullif(s.name, ''), s.sensor) AS name,
                    coalesce(w.colour, '#2E7FB8') AS colour, coalesce(w.ink, '#FFFFFF') AS ink
               FROM passport.sensor AS s LEFT JOIN passport.sensor_state AS n USING (sensor)
               LEFT JOIN LATERAL passport.alert_words('flood', least(n.stage, 5), passport.today()) AS w ON true
              WHERE s.state <> 'retired') AS g
      WHERE g.place IS NOT NULL));
END;
COMMENT ON FUNCTION passport.map_places_svg(double precision[]) IS
'Layer of the report''s map with shelters (numbered) and gauges (with their stage).';

CREATE FUNCTION passport.map_margin_svg(frame double precision[]) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH bar AS (
    SELECT m AS metres, round((m / 111320.0 * frame[4])::numeric, 1) AS pixels
      FROM unnest(ARRAY[50, 100, 200, 500, 1000, 2000, 5000, 10000]) AS m
     WHERE m / 111320.0 * frame[4] <= 220 ORDER BY m DESC LIMIT 1
  ), whole AS (
    -- the whole municipality in a corner of 150 by 120 pixels
    SELECT m.area, ARRAY[ST_XMin(m.area), ST_YMax(m.area), k.y * c.shrink, k.y] AS inset
      FROM passport.municipality_area AS m,
           LATERAL (SELECT cosd(ST_YMax(m.area)) AS shrink) AS c,
           LATERAL (SELECT least(150 / ((ST_XMax(m.area) - ST_XMin(m.area)) * c.shrink),
                                 120 / (ST_YMax(m.area) - ST_YMin(m.area))) AS y) AS k
     WHERE m.code = current_setting('passport.municipality_code')
  )
  SELECT concat(
    (SELECT format('<g transform="translate(20,590)"><path class="bar" d="M0-7V0H%s V-7"/><text class="small" x="%s" y="-10">%s</text></g>',
                   pixels, pixels / 2, CASE WHEN metres < 1000 THEN metres || ' m' ELSE metres / 1000 || ' km' END) FROM bar),
    '<g transform="translate(36,52)"><path class="north" d="M0-32 9 8 0 1-9 8z"/><text class="small" y="24">北 N</text></g>',
    (SELECT format('<g transform="translate(790,16)"><rect class="corner" x="-8" y="-8" width="166" height="136" rx="6"/><path class="land" d="%s"/><path class="border" d="%s"/><rect class="here" x="%s" y="%s" width="%s" height="%s"/></g>',
                   passport.svg_path(area, inset), passport.svg_path(area, inset),
                   round(((frame[1] - inset[1]) * inset[3])::numeric, 1), round(((inset[2] - frame[2]) * inset[4])::numeric, 1),
                   round((960 / frame[3] * inset[3])::numeric, 1), round((620 / frame[4] * inset[4])::numeric, 1))
       FROM whole WHERE 960 / frame[3] * inset[3] < 120));
END;
COMMENT ON FUNCTION passport.map_margin_svg(double precision[]) IS
'Scale bar, north arrow, and where the map lies in the municipality.';

CREATE FUNCTION passport.report_map_svg() RETURNS text
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT concat('<svg class="map" viewBox="0 0 960 620" role="img" aria-labelledby="map-title map-desc">',
           '<title id="map-title">地図：区域と、住民の回答 / Map: areas and residents'' answers</title><desc id="map-desc">',
           passport.html(format('発令中または作成中の警報 %s件。同じ内容は下の表にあります。 %s alerts in force or drafted; the tables below give the same facts.', c.alerts, c.alerts)),
           '</desc><defs>', passport.svg_symbols(),
           '</defs><rect class="beyond" width="960" height="620"/>', passport.map_ground_svg(f.frame),
           passport.map_people_svg(f.frame), passport.map_places_svg(f.frame), passport.map_words_svg(f.frame), passport.map_margin_svg(f.frame), '</svg>')
    FROM passport.report_frame() AS f(frame), (SELECT count(*) AS alerts FROM passport.report_alerts()) AS c
   WHERE f.frame IS NOT NULL;
END;
COMMENT ON FUNCTION passport.report_map_svg() IS
'The report''s map as inline SVG, NULL when there is nothing to show. Its classes are styled by the page.';

-- A chart has 960 by 340 pixels; the plot lies between (64, 24) and (830, 296).
CREATE FUNCTION passport.chart_span(sensor text, OUT until timestamptz, OUT low double precision,
                                    OUT high double precision, OUT step double precision)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH latest AS (
    SELECT max(r.observed_at) AS at FROM passport.reading AS r WHERE r.sensor = chart_span.sensor
  ), seen AS (
    SELECT min(v.value) AS low, max(v.value) AS high
      FROM (SELECT r.value FROM passport.reading AS r, latest AS l
             WHERE r.sensor = chart_span.sensor AND r.observed_at > l.at - interval '48 hours'
            UNION ALL
            SELECT t.up FROM passport.sensor_threshold AS t WHERE t.sensor = chart_span.sensor) AS v
     WHERE v.value BETWEEN -1e9 AND 1e9
  ), ruled AS (
    -- the smallest of 1, 2 and 5 times a power of ten that gives at most seven lines
    SELECT l.at, s.low, s.high, m.digit * 10.0 ^ p.power AS step
      FROM latest AS l, seen AS s, (VALUES (1), (2), (5)) AS m(digit), generate_series(-3, 9) AS p(power)
     WHERE m.digit * 10.0 ^ p.power * 7 >= greatest(s.high - s.low, 0.1)
     ORDER BY 4 LIMIT 1
  )
  SELECT at, floor(low / step) * step, (floor(high / step) + 1) * step, step FROM ruled;
END;
COMMENT ON FUNCTION passport.chart_span(text) IS
'What a chart of a gauge''s last 48 hours before its latest reading spans, and the step of its grid.';

CREATE FUNCTION passport.chart_grid_svg(sensor text) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH span AS (SELECT * FROM passport.chart_span(chart_grid_svg.sensor)),
  level AS (
    SELECT v.value, round((296 - (v.value - s.low) / (s.high - s.low) * 272)::numeric, 1) AS y
      FROM span AS s, LATERAL (SELECT s.low + n * s.step AS value
                                 FROM generate_series(0, round((s.high - s.low) / s.step)::int) AS n) AS v
  ), hour AS (
    SELECT h.at, round((830 - extract(epoch FROM s.until - h.at) / 172800 * 766)::numeric, 1) AS x
      FROM span AS s,
           LATERAL (SELECT g AT TIME ZONE current_setting('passport.timezone') AS at
                      FROM generate_series(date_trunc('day', (s.until - interval '48 hours') AT TIME ZONE current_setting('passport.timezone')),
                                           s.until AT TIME ZONE current_setting('passport.timezone'), interval '6 hours') AS g) AS h
     WHERE h.at > s.until - interval '48 hours'
  )
  SELECT concat(
    (SELECT string_agg(format('<path class="grid" d="M64 %1$sH830"/><text class="tick" x="56" y="%1$s" dy="4" text-anchor="end">%2$s</text>',
                              y, round(value::numeric, CASE WHEN s.step < 0.1 THEN 2 WHEN s.step < 1 THEN 1 ELSE 0 END)), '' ORDER BY y)
       FROM level, span AS s),
    (SELECT string_agg(format('<path class="grid" d="M%1$s 24V296"/><text class="tick" x="%1$s" y="314" text-anchor="middle">%2$s</text>%3$s',
                              x, passport.local_time(at, 'HH24:MI'),
                              CASE WHEN passport.local_time(at, 'HH24') = '00'
                                   THEN format('<text class="tick" x="%s" y="330" text-anchor="middle">%s</text>', x, passport.local_time(at, 'FMMM/FMDD')) END),
                       '' ORDER BY x)
       FROM hour));
END;
COMMENT ON FUNCTION passport.chart_grid_svg(text) IS
'Grid and axes of a gauge''s chart.';

CREATE FUNCTION passport.chart_lines_svg(sensor text) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH span AS (SELECT * FROM passport.chart_span(chart_lines_svg.sensor)),
  point AS (
    SELECT r.observed_at, r.value, r.verdict, r.reasons,
           round((830 - extract(epoch FROM s.until - r.observed_at) / 172800 * 766)::numeric, 1) AS x,
           round((296 - (r.value - s.low) / (s.high - s.low) * 272)::numeric, 1) AS y
      FROM passport.reading AS r, span AS s
     WHERE r.sensor = chart_lines_svg.sensor AND r.observed_at > s.until - interval '48 hours'
       AND r.value BETWEEN s.low AND s.high
  ), line AS (
    -- the pen is lifted where readings are missing
    SELECT p.x, p.y, coalesce(p.observed_at - lag(p.observed_at) OVER w > 3 * d.sampling_interval, true) AS lift
      FROM point AS p, passport.sensor AS d
     WHERE p.verdict = 'accepted' AND d.sensor = chart_lines_svg.sensor
    WINDOW w AS (ORDER BY p.observed_at)
  )
  SELECT concat(
    (SELECT string_agg(format('<path class="casing" d="M64 %1$sH830"/><path class="threshold" style="stroke:%2$s" d="M64 %1$sH830"/><path class="lead" d="M830 %1$sL838 %4$s"/><text class="label" x="842" y="%4$s" dy="4">%3$s</text>',
                              d.y, coalesce(w.colour, '#2E7FB8'), passport.html(d.stage || ' ' || d.name), d.label_y), '' ORDER BY d.stage)
         -- words of thresholds that lie close together stand 16 pixels below each other
       FROM (SELECT n.*, max(n.y - 16 * n.place) OVER (ORDER BY n.place) + 16 * n.place AS label_y
               FROM (SELECT t.stage, t.name, round((296 - (t.up - s.low) / (s.high - s.low) * 272)::numeric, 1) AS y,
                            row_number() OVER (ORDER BY t.stage DESC) AS place
                       FROM passport.sensor_threshold AS t CROSS JOIN span AS s
                      WHERE t.sensor = chart_lines_svg.sensor) AS n) AS d
       LEFT JOIN LATERAL passport.alert_words('flood', least(d.stage, 5), passport.today()) AS w ON true),
    (SELECT format('<path class="water" d="%s"/>', string_agg(CASE WHEN lift THEN 'M' ELSE 'L' END || x || ' ' || y, '' ORDER BY x))
       FROM line HAVING count(*) > 0),
    (SELECT string_agg(format('<g transform="translate(%s,%s)"><path class="held" d="M-5-5 5 5M-5 5 5-5"/><circle class="held" r="9"/><title>%s %s %s: %s</title></g>',
                              p.x, p.y, passport.local_time(p.observed_at), round(p.value::numeric, 2), p.verdict,
                              passport.html(array_to_string(p.reasons, ', '))), '' ORDER BY p.x)
       FROM point AS p WHERE p.verdict <> 'accepted'));
END;
COMMENT ON FUNCTION passport.chart_lines_svg(text) IS
'Thresholds, accepted readings as a line, and readings that were held back or rejected as crosses, of a gauge''s chart.';

CREATE FUNCTION passport.report_chart_svg(sensor text) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT format('<svg class="chart" viewBox="0 0 960 340" role="img"><title>%s：48時間の水位 / %s, last 48 hours</title><desc>%s</desc>%s%s</svg>',
           passport.html(n.name), passport.html(n.name),
           passport.html(format('最新 %s %s（%s）、段階 %s。止めた値 %s件。 Latest %s %s, stage %s; readings held back: %s.',
             round(t.value::numeric, 2), s.unit, passport.local_time(t.observed_at), t.stage, h.held,
             round(t.value::numeric, 2), s.unit, t.stage, h.held)),
           passport.chart_grid_svg(s.sensor), passport.chart_lines_svg(s.sensor))
    FROM passport.sensor AS s JOIN passport.sensor_state AS t USING (sensor),
         LATERAL (SELECT coalesce(nullif(s.name, ''), s.sensor) AS name) AS n,
         passport.chart_span(s.sensor) AS c,
         LATERAL (SELECT count(*) AS held FROM passport.reading AS r
                   WHERE r.sensor = s.sensor AND r.verdict <> 'accepted'
                     AND r.observed_at > c.until - interval '48 hours') AS h
   WHERE s.sensor = report_chart_svg.sensor AND c.until IS NOT NULL;
END;
COMMENT ON FUNCTION passport.report_chart_svg(text) IS
'A gauge''s readings of the last 48 hours before its latest one, as inline SVG: thresholds by stage, the accepted line, held and rejected readings marked. NULL for a gauge without readings.';
