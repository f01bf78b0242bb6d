-- What everybody may see: CAP messages and the map, nothing personal

CREATE FUNCTION passport.cap_time(at timestamptz) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT to_char(l.at, 'YYYY-MM-DD"T"HH24:MI:SS')
         || CASE WHEN o.minutes < 0 THEN '-' ELSE '+' END
         || to_char(abs(o.minutes) / 60, 'FM00') || ':' || to_char(abs(o.minutes) % 60, 'FM00')
    FROM (SELECT cap_time.at AT TIME ZONE current_setting('passport.timezone') AS at) AS l,
         LATERAL (SELECT (extract(epoch FROM l.at - (cap_time.at AT TIME ZONE 'UTC')) / 60)::int AS minutes) AS o;
END;
COMMENT ON FUNCTION passport.cap_time(timestamptz) IS
'Time in the form of CAP 1.2: local, with the offset, without fractions, never "Z".';

CREATE FUNCTION passport.cap_identifier(alert_id bigint, message text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT current_setting('passport.municipality_code') || '-alert-' || alert_id
         || CASE message WHEN 'cancel' THEN '-cancel' ELSE '' END;
END;
COMMENT ON FUNCTION passport.cap_identifier(bigint, text) IS
'CAP identifier of an alert''s message (alert or cancel).';

CREATE FUNCTION passport.cap_sender() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT regexp_replace(current_setting('passport.issuer'), '[[:space:],<&]', '', 'g');
END;
COMMENT ON FUNCTION passport.cap_sender() IS
'CAP sender: passport.issuer, without what CAP 1.2 forbids in it (spaces, commas, < and &).';

-- A CAP polygon has no holes: an island in the water is warned with the rest.
CREATE FUNCTION passport.cap_area(area geometry, names text) RETURNS xml
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT xmlelement(NAME area, xmlelement(NAME "areaDesc", names),
           (SELECT xmlagg(xmlelement(NAME polygon, r.ring) ORDER BY r.place)
              FROM (SELECT p.path[1] AS place,
                           string_agg(round(ST_Y(v.geom)::numeric, 6) || ',' || round(ST_X(v.geom)::numeric, 6),
                                      ' ' ORDER BY v.path[1]) AS ring
                      FROM ST_Dump(area) AS p, ST_DumpPoints(ST_ExteriorRing(p.geom)) AS v
                     GROUP BY p.path[1]) AS r),
           xmlelement(NAME geocode, xmlelement(NAME "valueName", 'municipality'),
                      xmlelement(NAME value, current_setting('passport.municipality_code'))));
END;
COMMENT ON FUNCTION passport.cap_area(geometry, text) IS
'CAP <area>: description, one <polygon> of "latitude,longitude" pairs for each polygon''s outer ring, and the municipality''s code.';

CREATE FUNCTION passport.cap_info(a passport.alert, l passport.message_language, message text, texts jsonb)
  RETURNS xml
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT xmlelement(NAME info,
           xmlforest(l.tag AS language, w.category AS category,
                     CASE WHEN l.tag LIKE 'ja%' THEN w.action ELSE w.action_en END AS event,
                     CASE WHEN c THEN 'Monitor' ELSE w.response END AS "responseType",
                     CASE WHEN c THEN 'Past' ELSE w.urgency END AS urgency,
                     CASE WHEN c THEN 'Unknown' ELSE w.severity END AS severity,
                     CASE WHEN c THEN 'Unknown' ELSE w.certainty END AS certainty),
           xmlelement(NAME "eventCode", xmlelement(NAME "valueName", 'alert-level'),
                      xmlelement(NAME value, a.level)),
           xmlforest(passport.cap_time(CASE WHEN c THEN a.cancelled_at + interval '24 hours' ELSE a.expires_at END) AS expires,
                     (SELECT m.name FROM passport.municipality_area AS m
                       WHERE m.code = current_setting('passport.municipality_code')) AS "senderName",
                     t.text ->> 'title' AS headline, t.text ->> 'body' AS instruction),
           passport.cap_area(a.area, array_to_string(a.area_names, l.list_separator)))
    FROM (SELECT cap_info.message = 'cancel') AS m(c), (SELECT cap_info.texts -> l.language) AS t(text),
         passport.alert_words(a.hazard, a.level,
           (a.approved_at AT TIME ZONE current_setting('passport.timezone'))::date) AS w;
END;
COMMENT ON FUNCTION passport.cap_info(passport.alert, passport.message_language, text, jsonb) IS
'CAP <info> of an alert''s message (alert or cancel) in one language.';

CREATE FUNCTION passport.alert_cap(alert_id bigint) RETURNS xml
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  message text;
  texts jsonb;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = alert_cap.alert_id AND t.approved_at IS NOT NULL;
  IF a.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
  message := CASE WHEN a.state = 'cancelled' THEN 'cancel' ELSE 'alert' END;
  texts := CASE WHEN a.state = 'cancelled' THEN passport.cancel_texts(a) ELSE a.texts END;
  RETURN (
    SELECT xmlelement(NAME alert, xmlattributes('urn:oasis:names:tc:emergency:cap:1.2' AS xmlns),
             xmlforest(passport.cap_identifier(a.alert_id, message) AS identifier,
                       passport.cap_sender() AS sender,
                       passport.cap_time(coalesce(a.cancelled_at, a.approved_at)) AS sent,
                       CASE a.mode WHEN 'live' THEN 'Actual' ELSE 'Exercise' END AS status,
                       CASE message WHEN 'cancel' THEN 'Cancel' ELSE 'Alert' END AS "msgType",
                       'Public' AS scope,
                       CASE a.mode WHEN 'drill' THEN '訓練 DRILL' END AS note,
                       CASE message WHEN 'cancel' THEN
                         concat_ws(',', passport.cap_sender(), passport.cap_identifier(a.alert_id, 'alert'),
                                   passport.cap_time(a.approved_at)) END AS "references"),
             xmlagg(passport.cap_info(a, l, message, texts) ORDER BY l.place))
      FROM passport.message_language AS l WHERE texts ? l.language);
END $$;
COMMENT ON FUNCTION passport.alert_cap(bigint) IS
'An alert that was sent as a CAP 1.2 message, valid by its XSD, one <info> for each language; of a cancelled alert the Cancel, which references the first message. status is Exercise for a drill. Errors: PT404 no such alert, or one not sent yet. Source: OASIS Common Alerting Protocol 1.2.';
