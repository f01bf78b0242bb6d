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
SELECT jsonb_pretty(passport.sensorthings() #> '{value,0}');
SELECT t ->> '@iot.id' AS id, jsonb_array_length(t #> '{Datastreams,0,Observations}') AS observations
  FROM jsonb_array_elements(passport.sensorthings('2 hours') -> 'value') AS t;
SELECT jsonb_pretty(passport.ngsi_entities() -> 0);
SELECT e ->> 'id' AS id, e ->> 'type' AS type, e #>> '{floodLevelStatus,value}' AS status FROM jsonb_array_elements(passport.ngsi_entities('FloodMonitoring')) AS e;
SELECT passport.set_source_code('ngsi', e ->> 'id', 'adapter-2') FROM jsonb_array_elements(passport.ngsi_entities()) AS e;
SELECT verdict, value FROM passport.take_ngsi(passport.ngsi_entities()) ORDER BY 2;
-- the hour file: what is above its start level, in metres above the sea, under its code there
SELECT jsonb_pretty(passport.river_levels());
SELECT code, sensor, observed_at, value, verdict FROM passport.take_river_levels(passport.river_levels()) ORDER BY code;
SELECT passport.define_sensor('adapter-1', '{"start_level": 853}'), passport.define_sensor('adapter-2', '{"zero_elevation": null}') \g /dev/null
SELECT passport.river_levels() - 'generatedAt' AS rests_and_unknown_zero;
ROLLBACK;
