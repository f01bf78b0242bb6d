-- A village of 3,068 at a gauge whose stage 2 is authorised.
INSERT INTO passport.municipality_area
SELECT current_setting('passport.municipality_code'), 'bench', st_multi(st_makeenvelope(138.36, 35.90, 138.55, 36.05, 4326)) ON CONFLICT DO NOTHING;
INSERT INTO passport.resident (resident_number, name, household_number, oaza, location, location_precision, updated_at)
SELECT 'L' || i, 'bench latency', 'L' || i / 3, '海ノ口', st_setsrid(st_makepoint(138.45 + 0.000003 * i, 35.95), 4326), 'parcel', now()
  FROM generate_series(1, 3068) AS i;
INSERT INTO passport.device (resident_id, channel, token, registered_at)
SELECT resident_id, 'fcm', rpad('flood-0-' || resident_number || '_', 142, 'x'), now() FROM passport.resident WHERE name = 'bench latency';
SELECT passport.define_sensor('latency', '{"stages": [{"stage": 1, "up": 2}, {"stage": 2, "up": 3, "hold": "1 second"}]}');
SELECT passport.assign_zones('latency', 1, ARRAY(SELECT zone_id FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.44, 35.94], [138.47, 35.94], [138.47, 35.96], [138.44, 35.96], [138.44, 35.94]]]}}]}', 'flood', 'bench')));
UPDATE passport.stage_authority SET withdrawn_by = 'bench', withdrawn_at = now() WHERE sensor = 'latency';
INSERT INTO passport.stage_authority (sensor, stage, hazard, level, headcount, until_time, authorised_by, authorised_at, confirmed_by, confirmed_at)
VALUES ('latency', 2, 'flood', 4, 3068, now() + interval '1 day', 'one', now(), 'another', now());
VACUUM ANALYZE passport.resident;
VACUUM ANALYZE passport.device;
