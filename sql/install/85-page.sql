-- The public map as a page that needs no script: what page.js shows, written down

CREATE FUNCTION passport.page_time(at text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.local_time(page_time.at::timestamptz, 'FMMM"月"FMDD"日" HH24:MI');
END;
COMMENT ON FUNCTION passport.page_time(text) IS
'A time of public_map() as the page writes it, in passport.timezone. Errors: 22007 no time.';

CREATE FUNCTION passport.page_names(names jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT passport.html(string_agg(n.name, '、' ORDER BY n.place))
    FROM jsonb_array_elements_text(names) WITH ORDINALITY AS n(name, place);
END;
COMMENT ON FUNCTION passport.page_names(jsonb) IS
'Names of an area (an array) in one line, escaped.';

-- Alerts of one level have one name, whatever they are about.
CREATE FUNCTION passport.page_hazard(hazard text, language text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE language WHEN 'ja' THEN h.ja || '、' ELSE h.en || ', ' END
    FROM (VALUES ('flood', '洪水', 'Flood'), ('landslide', '土砂災害', 'Landslide'), ('heavy_rain', '大雨', 'Heavy rain'),
                 ('storm_surge', '高潮', 'Storm surge')) AS h(hazard, ja, en)
   WHERE h.hazard = page_hazard.hazard;
END;
COMMENT ON FUNCTION passport.page_hazard(text, text) IS
'What an alert is about, to stand before its level (language: ja or en); NULL for a hazard that has no word here.';

CREATE FUNCTION passport.page_banner(alerts jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(string_agg(format('<div class="alert" style="background:%s;color:%s">%s警戒レベル %s %s <span lang="en">%sAlert Level %s, %s</span><small>%s</small></div>',
                                    passport.html(p ->> 'colour'), passport.html(p ->> 'ink'),
                                    passport.page_hazard(p ->> 'hazard', 'ja'), passport.html(p ->> 'level'), passport.html(p ->> 'action'),
                                    passport.page_hazard(p ->> 'hazard', 'en'), passport.html(p ->> 'level'), passport.html(p ->> 'action_en'), passport.page_names(p -> 'area')), '' ORDER BY a.place),
                  '<p class="quiet">いま出ている警報はありません。気象庁や役場の情報も確かめてください。 <span lang="en">No alert is in force now. Check the information of the weather service and the village office as well.</span></p>')
    FROM jsonb_array_elements(alerts) WITH ORDINALITY AS a(p, place);
END;
COMMENT ON FUNCTION passport.page_banner(jsonb) IS
'Step of public_page(): a line for each alert in force, in its level''s colour, or that there is none.';

CREATE FUNCTION passport.page_alerts(alerts jsonb, ended jsonb) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    (SELECT string_agg(format('<article style="border-color:%s"><h3>%s</h3><p>%s</p><div lang="en"><h3>%s</h3><p>%s</p></div><p>%s 発令 <span lang="en">issued</span>%s <a href="%s">CAP</a></p></article>',
                              passport.html(p ->> 'colour'), passport.html(p #>> '{texts,ja,title}'), passport.html(p #>> '{texts,ja,body}'),
                              passport.html(p #>> '{texts,en,title}'), passport.html(p #>> '{texts,en,body}'), passport.page_time(p ->> 'issued_at'),
                              '、' || passport.page_time(p ->> 'updated_at') || ' 更新 <span lang="en">updated</span>', passport.html(p ->> 'cap')),
                       '' ORDER BY a.place)
       FROM jsonb_array_elements(alerts) WITH ORDINALITY AS a(p, place)),
    (SELECT string_agg(format('<article class="over"><h3>%s、%s警戒レベル %s %s（%s） <span lang="en">%s: %sAlert Level %s, %s</span></h3><p>%s</p></article>',
                              CASE p ->> 'state' WHEN 'cancelled' THEN '取消' ELSE '解除' END, passport.page_hazard(p ->> 'hazard', 'ja'), passport.html(p ->> 'level'), passport.html(p ->> 'action'),
                              passport.page_names(p -> 'area'), CASE p ->> 'state' WHEN 'cancelled' THEN 'Cancelled' ELSE 'Lifted' END,
                              passport.page_hazard(p ->> 'hazard', 'en'), passport.html(p ->> 'level'), passport.html(p ->> 'action_en'), passport.page_time(p ->> 'over_at')),
                       '' ORDER BY e.place)
       FROM jsonb_array_elements(ended) WITH ORDINALITY AS e(p, place)));
END;
COMMENT ON FUNCTION passport.page_alerts(jsonb, jsonb) IS
'Step of public_page(): what the alerts in force say, in Japanese and English, and which ones were over within the last day.';

CREATE FUNCTION passport.page_weather(weather jsonb) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce('<ul>' || string_agg(format('<li>%s%s <small>%s · %s 発表 · %s</small></li>',
                                              '警戒レベル ' || passport.html(p ->> 'level') || ' 相当 ', passport.html(p ->> 'name'),
                                              passport.html(p ->> 'area'), passport.page_time(p ->> 'reported_at'), passport.html(p ->> 'office')),
                                       '' ORDER BY w.place) || '</ul>',
                  '<p>この市町村への警報や注意報は届いていません。 <span lang="en">No warning for this municipality has come in.</span></p>')
    FROM jsonb_array_elements(weather) WITH ORDINALITY AS w(p, place);
END;
COMMENT ON FUNCTION passport.page_weather(jsonb) IS
'Step of public_page(): the weather service''s warnings.';

CREATE FUNCTION passport.page_kind(measures text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce((SELECT format('%s <small lang="en">%s</small>', k.ja, k.en)
                     FROM (VALUES ('river_level', '水位計', 'river gauge'), ('channel_level', '水路の水位計', 'channel gauge'),
                                  ('rain', '雨量計', 'rain gauge')) AS k(measures, ja, en)
                    WHERE k.measures = page_kind.measures),
                  '観測計 <small lang="en">gauge</small>');
END;
COMMENT ON FUNCTION passport.page_kind(text) IS
'What a sensor''s kind is called on the page, in Japanese and English.';

CREATE FUNCTION passport.page_amount(value text, unit text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE unit WHEN 'm' THEN r.value ELSE trim_scale(r.value) END || ' ' || passport.html(unit)
    FROM (SELECT round(page_amount.value::numeric, 2)) AS r(value);
END;
COMMENT ON FUNCTION passport.page_amount(text, text) IS
'A value of public_map() with its unit as the page writes it: two decimals, of anything but metres no more of them than it has.';

CREATE FUNCTION passport.page_sensors(sensors jsonb) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT '<table><thead><tr><th scope="col">観測所 <small lang="en">gauge</small></th><th scope="col">段階 <small lang="en">stage</small></th><th scope="col">値 <small lang="en">value</small></th><th scope="col">観測 <small lang="en">observed</small></th></tr></thead><tbody>'
         || string_agg(format('<tr><th scope="row">%s<br>%s</th><td>%s</td><td>%s%s</td><td>%s%s</td></tr>',
                              passport.html(p ->> 'name'), passport.page_kind(p ->> 'measures'),
                              coalesce(nullif(passport.html(concat_ws(' ', p ->> 'stage', p ->> 'stage_name')), ''), '–'),
                              coalesce(passport.page_amount(p ->> 'value', p ->> 'unit'), '–'),
                              CASE WHEN p ->> 'measures' LIKE '%level'
                                   THEN '<br><small>標高 <span lang="en">above sea level</span> ' || passport.page_amount(p ->> 'elevation', p ->> 'unit') || '</small>' END,
                              passport.page_time(p ->> 'observed_at'),
                              CASE p ->> 'condition' WHEN 'maintenance' THEN ' 保守中 <small lang="en">under maintenance</small>'
                                                     WHEN 'silent' THEN ' データが届いていません <small lang="en">no data are arriving</small>'
                                                     WHEN 'doubted' THEN ' 値を確認中 <small lang="en">readings are being checked</small>'
                                                     WHEN 'resting' THEN ' 水位が低いため観測休止中 <small lang="en">resting at low water</small>' END),
                       '' ORDER BY (p ->> 'stage')::int DESC NULLS LAST, s.place) || '</tbody></table>'
    FROM jsonb_array_elements(sensors) WITH ORDINALITY AS s(p, place);
END;
COMMENT ON FUNCTION passport.page_sensors(jsonb) IS
'Step of public_page(): a table of the gauges, each with what it measures, the highest stage first; NULL when there is none.';

CREATE FUNCTION passport.page_shelters(shelters jsonb) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT '<ul>' || string_agg(format('<li><strong>%s</strong> %s%s</li>', passport.html(p ->> 'name'), passport.html(p ->> 'address'),
                                     '（' || passport.page_time(p ->> 'open_since') || 'から開いています <span lang="en">open now</span>）'),
                              '' ORDER BY p ->> 'open_since' IS NULL, s.place) || '</ul>'
    FROM jsonb_array_elements(shelters) WITH ORDINALITY AS s(p, place)
   WHERE p -> 'hazards' <> '[]' OR p ->> 'open_since' IS NOT NULL;
END;
COMMENT ON FUNCTION passport.page_shelters(jsonb) IS
'Step of public_page(): where one can go, open ones first; NULL when there is nowhere.';

CREATE FUNCTION passport.page_features(map jsonb, kind text) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(f.feature -> 'properties' ORDER BY f.place), '[]')
    FROM jsonb_array_elements(map -> 'features') WITH ORDINALITY AS f(feature, place)
   WHERE f.feature #>> '{properties,kind}' = kind;
END;
COMMENT ON FUNCTION passport.page_features(jsonb, text) IS
'Properties of the features of a kind in what public_map() returned, as an array in their order.';

CREATE FUNCTION passport.public_page(map jsonb) RETURNS TABLE (place text, html text)
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT t.place, coalesce(t.html, '')
    FROM passport.page_features(map, 'alert') AS alerts,
         LATERAL (VALUES
           ('municipality', passport.html(map ->> 'municipality')),
           ('time', passport.page_time(map ->> 'generated_at') || ' 現在'),
           ('note', passport.html(map #>> '{note,ja}') || ' <span lang="en">' || passport.html(map #>> '{note,en}') || '</span>'),
           ('banner', passport.page_banner(alerts)),
           ('alerts', passport.page_alerts(alerts, map -> 'over')),
           ('weather', passport.page_weather(map -> 'weather')),
           ('sensors', passport.page_sensors(passport.page_features(map, 'sensor'))),
           ('shelters', passport.page_shelters(passport.page_features(map, 'shelter')))) AS t(place, html);
END;
COMMENT ON FUNCTION passport.public_page(jsonb) IS
'What public_map() returned, as HTML in Japanese with English beside it, by places of the page that passport-map writes: for readers without JavaScript. Every value is escaped; html is empty where there is nothing. Errors: 22007 and 22P02 for what public_map() did not return.';
