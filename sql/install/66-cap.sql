-- Alerts for machines and loudspeakers: CAP 1.2, an Atom feed, spoken text

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

CREATE FUNCTION passport.cap_identifier(m passport.alert_message) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat_ws('-', current_setting('passport.municipality_code'), 'alert', passport.alert_name(a),
                   CASE WHEN m.message IN ('update', 'renew') THEN m.message || '-' || m.message_no
                        WHEN m.message <> 'alert' THEN m.message END)
    FROM passport.alert AS a WHERE a.alert_id = m.alert_id;
END;
COMMENT ON FUNCTION passport.cap_identifier(passport.alert_message) IS
'CAP identifier of a message of an alert.';

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

CREATE FUNCTION passport.cap_info(a passport.alert, m passport.alert_message, l passport.message_language)
  RETURNS xml
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT xmlelement(NAME info,
           xmlforest(l.tag AS language, w.category AS category,
                     CASE WHEN l.tag LIKE 'ja%' THEN w.action ELSE w.action_en END AS event,
                     CASE m.message WHEN 'cancel' THEN 'Monitor' WHEN 'end' THEN 'AllClear' ELSE w.response END AS "responseType",
                     CASE WHEN o.is_over THEN 'Past' ELSE w.urgency END AS urgency,
                     CASE m.message WHEN 'cancel' THEN 'Unknown' WHEN 'end' THEN 'Minor' ELSE w.severity END AS severity,
                     CASE m.message WHEN 'cancel' THEN 'Unknown' WHEN 'end' THEN 'Observed' ELSE w.certainty END AS certainty),
           xmlelement(NAME "eventCode", xmlelement(NAME "valueName", 'alert-level'),
                      xmlelement(NAME value, m.level)),
           xmlforest(passport.cap_time(m.expires_at) AS expires,
                     (SELECT n.name FROM passport.municipality_area AS n
                       WHERE n.code = current_setting('passport.municipality_code')) AS "senderName",
                     m.texts #>> ARRAY[l.language, 'title'] AS headline,
                     m.texts #>> ARRAY[l.language, 'body'] AS instruction),
           passport.cap_area(m.area, array_to_string(m.area_names, l.list_separator)))
    FROM (SELECT m.message IN ('cancel', 'end')) AS o(is_over),
         passport.alert_words(a.hazard, m.level,
           (a.approved_at AT TIME ZONE current_setting('passport.timezone'))::date) AS w;
END;
COMMENT ON FUNCTION passport.cap_info(passport.alert, passport.alert_message, passport.message_language) IS
'CAP <info> of a message of an alert in one language.';

CREATE FUNCTION passport.alert_cap(alert_id bigint, message_no int DEFAULT NULL) RETURNS xml
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  m passport.alert_message;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = alert_cap.alert_id;
  SELECT * INTO m FROM passport.alert_message AS t
   WHERE t.alert_id = alert_cap.alert_id AND t.message_no = coalesce(alert_cap.message_no, t.message_no)
   ORDER BY t.message_no DESC LIMIT 1;
  IF m.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
  RETURN (
    SELECT xmlelement(NAME alert, xmlattributes('urn:oasis:names:tc:emergency:cap:1.2' AS xmlns),
             xmlforest(passport.cap_identifier(m) AS identifier,
                       passport.cap_sender() AS sender,
                       passport.cap_time(m.sent_at) AS sent,
                       CASE a.mode WHEN 'live' THEN 'Actual' ELSE 'Exercise' END AS status,
                       -- an all clear is an Update: a Cancel would say that there was nothing
                       CASE m.message WHEN 'alert' THEN 'Alert' WHEN 'cancel' THEN 'Cancel' ELSE 'Update' END AS "msgType",
                       'Public' AS scope,
                       CASE a.mode WHEN 'drill' THEN '訓練 DRILL' END AS note,
                       (SELECT string_agg(concat_ws(',', passport.cap_sender(), passport.cap_identifier(e), passport.cap_time(e.sent_at)),
                                          ' ' ORDER BY e.message_no)
                          FROM passport.alert_message AS e
                         WHERE e.alert_id = m.alert_id AND e.message_no < m.message_no) AS "references"),
             xmlagg(passport.cap_info(a, m, l) ORDER BY l.place))
      FROM passport.message_language AS l WHERE m.texts ? l.language);
END $$;
COMMENT ON FUNCTION passport.alert_cap(bigint, int) IS
'A message of an alert that was sent, its latest one unless message_no says which, as CAP 1.2, valid by its XSD, one <info> for each language. An Update, one that only renews an order that stands (renew_orders), a Cancel and an end (an Update with the response AllClear) reference all messages before them. status is Exercise for a drill. Errors: PT404 no such alert or message, or not sent yet. Source: OASIS Common Alerting Protocol 1.2.';

CREATE FUNCTION passport.is_published(a passport.alert) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- a cancel and an all clear must stay to be read; a notice whose time ran out said neither, and its last word is no news
  SELECT a.mode = 'live' AND a.approved_at IS NOT NULL
         AND (a.state = 'approved'
              OR coalesce(coalesce(a.cancelled_at, CASE WHEN a.ended_by IS NOT NULL THEN a.ended_at END)
                          > passport.now() - interval '7 days', false));
END;
COMMENT ON FUNCTION passport.is_published(passport.alert) IS
'Whether an alert''s latest CAP message is published: live ones in force, or cancelled or lifted less than a week ago; not a notice that has lapsed.';

-- An identifier that stays the same wherever the files are published.
CREATE FUNCTION passport.feed_id(name text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 'urn:uuid:' || md5(concat_ws(' ', current_setting('passport.issuer'), current_setting('passport.municipality_code'), name))::uuid;
END;
COMMENT ON FUNCTION passport.feed_id(text) IS
'atom:id of the feed ("alerts") or of an alert ("alert" and its number).';

CREATE FUNCTION passport.atom_entry(a passport.alert, l passport.message_language) RETURNS xml
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT xmlelement(NAME entry,
           xmlforest(passport.feed_id('alert ' || passport.alert_name(a)) AS id,
                     m.texts #>> ARRAY[l.language, 'title'] AS title,
                     passport.cap_time(m.sent_at) AS updated,
                     passport.cap_time(a.approved_at) AS published,
                     m.texts #>> ARRAY[l.language, 'body'] AS summary),
           xmlelement(NAME category, xmlattributes(a.hazard AS term)),
           xmlelement(NAME category, xmlattributes('level-' || m.level AS term)),
           xmlelement(NAME link, xmlattributes('alternate' AS rel, 'application/cap+xml' AS type,
                                               'alerts/' || a.alert_id || '.cap.xml' AS href)))
    FROM passport.alert_message AS m
   WHERE m.alert_id = a.alert_id ORDER BY m.message_no DESC LIMIT 1;
END;
COMMENT ON FUNCTION passport.atom_entry(passport.alert, passport.message_language) IS
'Atom entry of an alert: what its latest message says in a language, with a link to it as CAP.';

CREATE FUNCTION passport.alerts_atom(language text DEFAULT 'ja') RETURNS xml
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT xmlelement(NAME feed, xmlattributes('http://www.w3.org/2005/Atom' AS xmlns, l.tag AS "xml:lang"),
           xmlforest(passport.feed_id('alerts') AS id, concat_ws(' ', n.name, '警報 Alerts') AS title,
                     passport.cap_time(coalesce((SELECT max(m.sent_at) FROM passport.alert AS a
                                                   JOIN passport.alert_message AS m USING (alert_id)
                                                  WHERE passport.is_published(a)), passport.now())) AS updated),
           xmlelement(NAME author, xmlelement(NAME name, coalesce(n.name, passport.cap_sender()))),
           xmlelement(NAME link, xmlattributes('self' AS rel, 'application/atom+xml' AS type,
                                               CASE l.language WHEN 'ja' THEN 'alerts.atom' ELSE 'alerts.' || l.language || '.atom' END AS href)),
           (SELECT xmlagg(passport.atom_entry(a, l) ORDER BY a.approved_at DESC, a.alert_id DESC)
              FROM passport.alert AS a WHERE passport.is_published(a)))
    FROM passport.message_language AS l
    LEFT JOIN passport.municipality_area AS n ON n.code = current_setting('passport.municipality_code')
   WHERE l.language = alerts_atom.language;
END;
COMMENT ON FUNCTION passport.alerts_atom(text) IS
'Atom feed (RFC 4287) of the live alerts in force, or cancelled or lifted less than a week ago: an entry for each, its latest message in a language of passport.message_language (NULL for any other), with a link to the CAP message beside the feed. Nothing personal, no drills.';

CREATE FUNCTION passport.alert_voice(alert_id bigint) RETURNS text
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  m passport.alert_message;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = alert_voice.alert_id;
  SELECT * INTO m FROM passport.alert_message AS t WHERE t.alert_id = alert_voice.alert_id ORDER BY t.message_no DESC LIMIT 1;
  IF m.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
  RETURN passport.voice_text(CASE m.message WHEN 'cancel' THEN 'alert_cancelled' WHEN 'end' THEN 'alert_ended' ELSE a.hazard END,
                             m.level, a.mode, m.area_names);
END $$;
COMMENT ON FUNCTION passport.alert_voice(bigint) IS
'What loudspeakers and cable television say of an alert''s latest message, in Japanese: nothing but kana, kanji, 、 and 。, and numbers with their level or unit in words. Errors: PT404 no such alert, or not sent yet, PT422 of voice_text().';
