-- Two gauges, and the zones that belong to the second.  The first stands where
-- its readings were measured.  The second is the demo's own: its readings are a
-- real river's, replayed here.
\pset tuples_only on
SELECT passport.define_sensor('magari', '{"name": "千曲川 馬流橋", "datum": "elevation", "lon": 138.48341, "lat": 36.092415,
    "range_low": 845, "range_high": 865, "max_rise": 0.7, "max_fall": 1.0, "sampling_interval": "1 hour", "stale_after": "3 hours", "memory": "6 hours",
    "stages": [{"stage": 1, "name": "観測開始", "up": 852.30, "down": 852.20}, {"stage": 3, "name": "避難判断", "up": 854.86, "down": 854.60},
               {"stage": 5, "name": "氾濫開始", "up": 856.80, "down": 856.50}]}'),
       passport.define_sensor('uminokuchi', '{"name": "千曲川 海ノ口（実演用）", "lon": 138.4870, "lat": 36.0170,
    "range_low": 0, "range_high": 15, "max_rise": 1.2, "max_fall": 1.2, "dropout_value": 0,
    "stages": [{"stage": 1, "name": "水防団待機", "up": 3.5, "down": 3.3}, {"stage": 2, "name": "氾濫注意", "up": 4.5, "down": 4.3},
               {"stage": 3, "name": "避難判断", "up": 5.5, "down": 5.3}, {"stage": 4, "name": "氾濫危険", "up": 6.0, "down": 5.8},
               {"stage": 5, "name": "氾濫発生", "up": 9.0, "down": 8.8}]}') \g /dev/null
\set features `cat :dir/hazard/demo_zones.geojson`
SELECT format('   hazard zone %s: %s', zone_id, concat_ws(', ', action, problem))
  FROM passport.import_hazard_zones(:'features', 'flood', 'drawn by the demo, not an official hazard map');
\echo '   These zones are the demo''s own drawings: the village has published none in this data.'
