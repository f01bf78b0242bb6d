-- Readings from other systems: 川の水位情報, OGC SensorThings, FIWARE NGSI-v2, in and out
BEGIN;
SET LOCAL passport.clock = '2026-06-01 22:00+09';
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'Asia/Tokyo';
\pset footer off
\pset format unaligned
\pset null '-'
\set VERBOSITY terse
UPDATE passport.sensor SET state = 'retired';
SELECT passport.define_sensor('adapter-1', '{"name": "馬流橋 <b>(小海町)", "datum": "elevation", "lon": 138.4834, "lat": 36.0924, "max_rise": 1, "max_fall": 1,
  "stages": [{"stage": 1, "up": 852.3}, {"stage": 4, "up": 856.8}]}'),
       passport.define_sensor('adapter-2', '{"name": "用水路", "lon": 138.47, "lat": 35.95, "kind": "channel_level"}'),
       passport.define_sensor('雨量計', '{"kind": "rain", "unit": "mm/h", "lon": 138.47, "lat": 35.95}');
SELECT passport.set_source_code('river', '2000000003', 'adapter-1'), passport.set_source_code('river', '2000000004', 'adapter-2'),
       passport.set_source_code('sensorthings', '1', 'adapter-2'), passport.set_source_code('sensorthings', 'rain', '雨量計'),
       passport.set_source_code('ngsi', 'urn:ngsi-ld:FloodMonitoring:Pune-NoiseLevelObserved', 'adapter-2'), passport.set_source_code('ngsi', 'WaterObserved:MNCA-001', 'adapter-1');
SAVEPOINT wrong;
SELECT passport.set_source_code('river', '1', 'nowhere');
ROLLBACK TO wrong;
SELECT passport.set_source_code('mail', '1', 'adapter-1');
ROLLBACK TO wrong;

\echo == 川の水位情報: an item without a place, one of a stranger, and what cannot be
SELECT code, sensor, observed_at, value, verdict, reasons, stage, stage_changed FROM passport.take_river_levels('{"generatedAt": "2026-06-01T12:51:11.749Z", "items": [
  {"code": "2000000003", "name": "馬流橋", "obsTime": "2026-06-01T21:30:00+09:00", "level": 852.72, "over": 1, "startLevel": 852.3, "isWarning": false},
  {"code": "2000000003", "name": "馬流橋", "obsTime": "2026-06-01T21:40:00+09:00", "level": 859.3, "placeCity": "長野県南佐久郡小海町", "over": 111, "isFlood": true},
  {"code": "1000000230", "obsTime": "2026-06-01T21:30:00+09:00", "level": 13.42},
  {"code": "2000000003", "obsTime": "2024-09-25T21:30:00+09:00", "level": 852.7},
  {"code": "2000000003", "obsTime": "2026-06-01T22:30:00+09:00", "level": 852.7},
  {"code": "2000000003", "obsTime": "yesterday", "level": 852.7},
  {"code": "2000000003", "obsTime": "2026-06-01T21:50:00+09:00", "level": null},
  {"code": "2000000003", "obsTime": "2026-06-01T21:50:00+09:00", "level": "852.7"},
  {"code": "2000000003", "obsTime": "2026-06-01T21:50:00+09:00", "level": 1e999},
  {"code": "2000000004", "obsTime": "2026-06-01T21:30:00+09:00", "level": 720.1},
  {"obsTime": "2026-06-01T21:30:00+09:00"}, 3, null, []]}') ORDER BY code, observed_at, value, reasons;
-- a gauge that counts from its own zero
SELECT passport.define_sensor('adapter-2', '{"zero_elevation": 719.8}');
SELECT sensor, round(value::numeric, 2) AS value, verdict FROM passport.take_river_levels('{"items": [{"code": "2000000004", "obsTime": "2026-06-01T21:30:00+09:00", "level": 720.1}]}', '2026-06-01 21:55+09');
-- the same file once more: nothing is stored twice
SELECT verdict, reasons FROM passport.take_river_levels('{"items": [{"code": "2000000003", "obsTime": "2026-06-01T21:30:00+09:00", "level": 852.72}]}', '2026-06-01 21:55+09');
SELECT count(*) FROM passport.reading WHERE sensor = 'adapter-1';
SELECT count(*) FROM passport.take_river_levels('{"items": []}');
SAVEPOINT wrong;
SELECT passport.take_river_levels('{}');
ROLLBACK TO wrong;
SELECT passport.take_river_levels(jsonb_build_object('items', (SELECT jsonb_agg(i) FROM generate_series(1, 10001) AS i)));
ROLLBACK TO wrong;

\echo == SensorThings: one as it is POSTed, a page, data arrays, and what is none
SELECT * FROM passport.take_sensorthings('{"phenomenonTime": "2026-06-01T11:04:15.790Z", "resultTime" : "2026-06-01T11:04:15.790Z", "result" : 0.4,
  "Datastream":{"@iot.id": 1}, "FeatureOfInterest":{"@iot.id": 2}}');
SELECT * FROM passport.take_sensorthings('{"value": [{"phenomenonTime": "2026-06-01T11:10:00Z/2026-06-01T11:20:00Z", "result": 12.5, "Datastream": {"@iot.id": "rain"}},
  {"phenomenonTime": null, "result": 1, "Datastream": {"@iot.id": 1}}, {"phenomenonTime": "2026-06-01T11:10:00Z", "result": "wet", "Datastream": {"@iot.id": 1}}, {}]}')
 ORDER BY code, reasons;
SELECT * FROM passport.take_sensorthings('[{"Datastream": {"@iot.id": 1}, "components": ["phenomenonTime", "result"], "dataArray@iot.count": 2,
  "dataArray": [["2026-06-01T11:30:00Z", 0.42], ["2026-06-01T11:40:00Z", 0.44]]}]');
SAVEPOINT wrong;
SELECT passport.take_sensorthings('1');
ROLLBACK TO wrong;

\echo == NGSI-v2: normalized, keyValues, a notification, and what is none
SELECT * FROM passport.take_ngsi('{"id": "urn:ngsi-ld:FloodMonitoring:Pune-NoiseLevelObserved", "type": "FloodMonitoring", "alertLevel": {"type": "Number", "value": 11.0},
  "currentLevel": {"type": "Number", "value": 0.5}, "observationDateTime": {"type": "DateTime", "value": "2026-06-01T17:20:00+05:30"}}');
SELECT * FROM passport.take_ngsi('{"subscriptionId": "5", "data": [{"id": "WaterObserved:MNCA-001", "type": "WaterObserved", "height": 3.52, "waterLevel": 852.8, "dateObserved": "2026-06-01T12:50:00.209Z"},
  {"id": "WaterObserved:MNCA-001", "type": "AirQualityObserved", "dateObserved": "2026-06-01T12:50:00Z"}, {"id": "nobody", "type": "WaterObserved"}]}') ORDER BY code, verdict;
SAVEPOINT wrong;
SELECT passport.take_ngsi('"x"');
ROLLBACK TO wrong;

\echo == out: what one gives the other takes
-- a gauge of the other village is a sensor with its name after it
SELECT passport.define_sensor(s.sensor || ' there', jsonb_build_object('kind', s.kind, 'unit', s.unit, 'datum', 'elevation', 'memory', '1 day')),
       passport.set_source_code('river', coalesce(c.code, s.sensor) || ' there', s.sensor || ' there'),
       passport.set_source_code('sensorthings', s.sensor, s.sensor || ' there')
  FROM passport.sensor AS s LEFT JOIN passport.source_code AS c ON c.source = 'river' AND c.sensor = s.sensor WHERE s.state = 'in_service';
CREATE FUNCTION pg_temp.kept() RETURNS TABLE (sensor text, observed_at timestamptz, value double precision) LANGUAGE sql AS $$
  SELECT s.sensor, r.observed_at, r.value FROM passport.sensor AS s JOIN passport.reading AS r ON r.sensor = s.sensor || ' there' AND r.verdict = 'accepted'
   ORDER BY 1, 2 $$;
SAVEPOINT river;
SELECT passport.define_sensor('adapter-1', '{"start_level": 852.3, "stages": [{"stage": 1, "up": 852.3}, {"stage": 4, "up": 852.7}, {"stage": 5, "up": 856.8}]}');
SELECT jsonb_pretty(passport.river_levels());
SAVEPOINT nobody;
-- who counts from a zero that nobody knows, is under repair, or has been silent, is not in it
SELECT passport.define_sensor('adapter-2', '{"zero_elevation": null}');
SELECT passport.set_sensor_state('adapter-1', 'maintenance');
SELECT passport.river_levels() - 'generatedAt' AS nobody;
SELECT passport.set_sensor_state('adapter-1', 'in_service');
SET LOCAL passport.clock = '2026-06-02 01:00+09';
SELECT passport.river_levels() -> 'totalItems' AS silent;
ROLLBACK TO nobody;
SELECT code, verdict, reasons FROM passport.take_river_levels(jsonb_set(passport.river_levels(), '{items}',
  (SELECT jsonb_agg(i || jsonb_build_object('code', (i ->> 'code') || ' there')) FROM jsonb_array_elements(passport.river_levels() -> 'items') AS i))) ORDER BY 1;
SELECT * FROM pg_temp.kept();
ROLLBACK TO river;
SELECT jsonb_pretty(passport.sensorthings() #> '{value,0}');
SELECT code, verdict, count(*) FROM passport.take_sensorthings(passport.sensorthings('2 hours')) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM pg_temp.kept();
SELECT r.sensor, r.observed_at, r.value FROM passport.reading AS r
 WHERE r.verdict = 'accepted' AND r.sensor !~ 'there$' AND r.observed_at > passport.now() - interval '2 hours' ORDER BY 1, 2;
SELECT observed_at, value, verdict, reasons FROM passport.take_sensorthings('{"value": [{"@iot.id": 1, "Datastreams": [{"@iot.id": "rain"}, {"@iot.id": 1, "Observations": [7]}, 3]},
  {"@iot.id": 2, "Datastreams": []}, {"Datastreams": [{"Observations": [{"phenomenonTime": "2026-06-01T11:10:00Z", "result": 2}]}]}]}');
SELECT jsonb_pretty(passport.ngsi_entities() -> 0);
SELECT jsonb_pretty(passport.ngsi_entities('WeatherObserved'));
SELECT e ->> 'id' AS id, e ->> 'type' AS type, e #>> '{floodLevelStatus,value}' AS status FROM jsonb_array_elements(passport.ngsi_entities('FloodMonitoring')) AS e;
ROLLBACK TO river;
SELECT passport.set_source_code('ngsi', e ->> 'id', CASE e ->> 'type' WHEN 'WeatherObserved' THEN '雨量計' ELSE e #>> '{stationID,value}' END || ' there')
  FROM jsonb_array_elements(passport.ngsi_entities('FloodMonitoring') || passport.ngsi_entities('WeatherObserved')) AS e;
SELECT code, observed_at, verdict, value FROM passport.take_ngsi(passport.ngsi_entities('FloodMonitoring') || passport.ngsi_entities('WeatherObserved')) ORDER BY 1;
SELECT * FROM pg_temp.kept();
SELECT passport.set_source_code('ngsi', e ->> 'id', 'adapter-2 there') FROM jsonb_array_elements(passport.ngsi_entities()) AS e;
SELECT verdict, reasons, value FROM passport.take_ngsi(passport.ngsi_entities()) ORDER BY 1, 3;
ROLLBACK;
