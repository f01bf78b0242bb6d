-- Alerts for machines through their life: CAP messages that reference each other, the Atom feed, GeoJSON
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET LOCAL passport.least_count = 0;
UPDATE passport.resident SET status = 'moved_out';
UPDATE passport.alert SET mode = 'drill';
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "c-1", "name": "秘密一郎", "address": "秘密の住所", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951}]$$);
SELECT 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.95))' AS small, 'SRID=4326;POLYGON((138.45 35.95,138.47 35.95,138.46 35.96,138.45 35.95))' AS large \gset
CREATE FUNCTION pg_temp.cap(alert_id bigint, message_no int, path text) RETURNS text LANGUAGE sql AS $$
  SELECT array_to_string(xpath(path, passport.alert_cap(alert_id, message_no), ARRAY[ARRAY['c', 'urn:oasis:names:tc:emergency:cap:1.2']])::text[], ' ')
$$;
CREATE FUNCTION pg_temp.atom(path text, language text DEFAULT 'ja') RETURNS text LANGUAGE sql AS $$
  SELECT array_to_string(xpath(path, passport.alerts_atom(language), ARRAY[ARRAY['a', 'http://www.w3.org/2005/Atom']])::text[], ' | ')
$$;
-- approves as another person would
CREATE FUNCTION pg_temp.approved(sent bigint) RETURNS int LANGUAGE sql AS $$
  UPDATE passport.alert SET drafted_by = 'somebody else' WHERE alert_id = sent;
  SELECT recipients FROM passport.approve_alert(sent, 1);
$$;

SELECT pg_temp.atom('/a:feed/a:entry') AS entries, pg_temp.atom('/a:feed/a:updated/text()') AS updated;
SELECT alert_id AS alert FROM passport.draft_alert('landslide', 3, :'small') \gset
SELECT pg_temp.approved(:alert);
SELECT pg_temp.cap(:alert, NULL, '/c:alert/c:msgType/text()') AS type, pg_temp.cap(:alert, NULL, '/c:alert/c:references/text()') AS refs,
       pg_temp.cap(:alert, NULL, '//c:info[c:language="en"]/c:category/text()') AS category;
SET LOCAL passport.clock = '2026-07-01 06:00+09';
SELECT update_no AS update FROM passport.update_alert(:alert, :'large', 4) \gset
UPDATE passport.alert_update SET drafted_by = 'somebody else';
SELECT recipients FROM passport.approve_update(:alert, :update, 1);
SET LOCAL passport.clock = '2026-07-01 08:00+09';
SELECT pg_temp.atom('/a:feed/a:entry/a:title/text()') AS title, pg_temp.atom('/a:feed/a:entry/a:updated/text()') AS updated,
       pg_temp.atom('/a:feed/a:entry/a:published/text()') AS published, pg_temp.atom('/a:feed/a:entry/a:category/@term') AS categories,
       pg_temp.atom('/a:feed/a:updated/text()') AS feed_updated, pg_temp.atom('/a:feed/a:entry/a:title/text()', 'en') AS english,
       pg_temp.atom('/a:feed/@xml:lang', 'ja-easy') AS lang, passport.alerts_atom('tlh') IS NULL AS unknown;
SELECT pg_temp.atom('/a:feed/a:entry/a:id/text()') AS id \gset
SELECT g ->> 'type' AS type, jsonb_array_length(g -> 'features') AS features, g #>> '{features,0,geometry,type}' AS shape, g #> '{features,0,properties,level}' AS level,
       (g::text || passport.alerts_atom()::text) ~ '秘密|somebody' AS personal FROM passport.alerts_geojson() AS g;
SELECT recipients FROM passport.end_alert(:alert);

-- every message stays to be read, and names those before it
SELECT m, pg_temp.cap(:alert, m, '/c:alert/c:msgType/text()') AS type, replace(pg_temp.cap(:alert, m, '/c:alert/c:identifier/text()'), '-' || :alert, '-N') AS identifier,
       pg_temp.cap(:alert, m, '/c:alert/c:sent/text()') AS sent, replace(pg_temp.cap(:alert, m, '/c:alert/c:references/text()'), '-' || :alert, '-N') AS refs
  FROM unnest(ARRAY[1, :update, NULL]) AS m;
SELECT m, pg_temp.cap(:alert, m, '//c:info[c:language="en"]/c:headline/text()') AS headline, pg_temp.cap(:alert, m, '//c:info[c:language="en"]/c:responseType/text()') AS response,
       pg_temp.cap(:alert, m, '//c:info[c:language="en"]/c:urgency/text()') AS urgency, pg_temp.cap(:alert, m, '//c:info[c:language="en"]/c:eventCode/c:value/text()') AS level,
       pg_temp.cap(:alert, m, '//c:info[c:language="en"]/c:expires/text()') AS expires, pg_temp.cap(:alert, m, '//c:info[c:language="en"]//c:polygon/text()') AS polygon
  FROM unnest(ARRAY[1, :update, NULL]) AS m;
SELECT pg_temp.refusal(format('SELECT passport.alert_cap(%s, 99)', :alert));
-- the entry of the feed is the same one, until a week has passed
SELECT pg_temp.atom('/a:feed/a:entry/a:title/text()') AS title, pg_temp.atom('/a:feed/a:entry/a:id/text()') = :'id' AS same,
       passport.alerts_geojson() -> 'features' AS in_force;
SET LOCAL passport.clock = '2026-07-08 07:59+09';
SELECT pg_temp.atom('/a:feed/a:entry/a:title/text()') <> '' AS there;
SET LOCAL passport.clock = '2026-07-08 08:00+09';
SELECT pg_temp.atom('/a:feed/a:entry/a:title/text()') <> '' AS there;
-- an order that stands is said again to machines before their message expires, and to no resident
SET LOCAL passport.clock = '2026-07-10 05:00+09';
SELECT alert_id AS order FROM passport.draft_alert('flood', 4, :'small', repeat => true) \gset
SELECT pg_temp.approved(:order);
CREATE FUNCTION pg_temp.machines(alert_id bigint, OUT type text, OUT sent text, OUT expires text, OUT refs int, OUT title text, OUT notifications bigint) LANGUAGE sql AS $$
  SELECT pg_temp.cap(alert_id, NULL, '/c:alert/c:msgType/text()'), pg_temp.cap(alert_id, NULL, '/c:alert/c:sent/text()'),
         pg_temp.cap(alert_id, NULL, '//c:info[c:language="en"]/c:expires/text()'),
         regexp_count(pg_temp.cap(alert_id, NULL, '/c:alert/c:references/text()'), '-alert-'),
         pg_temp.cap(alert_id, NULL, '//c:info[c:language="en"]/c:headline/text()'),
         (SELECT count(*) FROM passport.notification AS n WHERE n.event_key LIKE 'alert:' || alert_id || ':%')
$$;
SELECT * FROM pg_temp.machines(:order);
SET LOCAL passport.clock = '2026-07-10 10:29+09';
SELECT passport.lapse_alerts() AS too_early;
-- not while somebody may approve a draft, whose number must not be overtaken
SELECT update_no AS update FROM passport.update_alert(:order, level => 5) \gset
SET LOCAL passport.clock = '2026-07-10 10:31+09';
SELECT passport.lapse_alerts() AS drafted;
UPDATE passport.alert_update SET draft_until = passport.now();
SELECT passport.lapse_alerts() AS renewed, passport.lapse_alerts() AS again;
SELECT * FROM pg_temp.machines(:order);
SELECT replace(pg_temp.cap(:order, NULL, '/c:alert/c:identifier/text()'), '-' || :order, '-N') AS identifier, state, expires_at, overdue_at FROM passport.alert WHERE alert_id = :order;
-- staff are told that it is overdue all the same, and an update goes on from there
SET LOCAL passport.clock = '2026-07-10 11:00+09';
SELECT passport.lapse_alerts() AS overdue;
SELECT overdue_at FROM passport.alert WHERE alert_id = :order;
SET LOCAL passport.clock = '2026-07-10 16:01+09';
SELECT passport.lapse_alerts() AS renewed;
SELECT * FROM pg_temp.machines(:order);
SELECT recipients FROM passport.end_alert(:order);
SET LOCAL passport.clock = '2026-07-11 05:00+09';
SELECT passport.lapse_alerts() AS over;
-- a notice that ran out is no news: it is in the feed no more
SELECT alert_id AS notice FROM passport.draft_alert('flood', 2, :'small') \gset
SELECT pg_temp.approved(:notice);
SET LOCAL passport.clock = '2026-07-11 16:59+09';
SELECT passport.lapse_alerts(), pg_temp.atom('/a:feed/a:entry/a:title/text()', 'en') AS titles;
SET LOCAL passport.clock = '2026-07-11 17:00+09';
SELECT passport.lapse_alerts(), pg_temp.atom('/a:feed/a:entry/a:title/text()', 'en') AS titles;
SELECT ARRAY(SELECT jsonb_object_keys(passport.public_map() -> 'published')) = ARRAY[:'order'] AS published;
SET LOCAL passport.clock = '2026-07-17 16:01+09';
-- a drill is in neither
SELECT alert_id AS drill FROM passport.draft_alert('landslide', 3, :'small', mode => 'drill') \gset
SELECT pg_temp.approved(:drill);
SELECT pg_temp.atom('/a:feed/a:entry') AS entries, passport.alerts_geojson() -> 'features' AS features, pg_temp.cap(:drill, NULL, '/c:alert/c:status/text()') AS status;
ROLLBACK;
