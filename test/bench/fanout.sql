-- n residents with a device each, all in one area.
CREATE TABLE fanout_area AS SELECT st_makeenvelope(138.40, 35.92, 138.50, 36.02, 4326) AS area;
INSERT INTO passport.municipality_area
SELECT current_setting('passport.municipality_code'), 'bench', st_multi(area) FROM fanout_area ON CONFLICT DO NOTHING;
INSERT INTO passport.resident (resident_number, name, household_number, oaza, location, location_precision, updated_at)
SELECT 'F' || i, 'bench fanout', 'H' || i / 3, '大字' || i % 8,
       st_setsrid(st_makepoint(138.40 + 0.1 * ((i * 0.6180339887498949) % 1), 35.92 + 0.1 * ((i * 0.7548776662466927) % 1)), 4326),
       'parcel', now()
  FROM generate_series(1, :n) AS i;
INSERT INTO passport.device (resident_id, channel, token, registered_at)
SELECT resident_id, 'fcm', rpad(resident_number || '_', 142, 'x'), now() FROM passport.resident WHERE name = 'bench fanout';
VACUUM ANALYZE passport.resident;
VACUUM ANALYZE passport.device;
CREATE TABLE fanout_copy (LIKE passport.delivery INCLUDING ALL EXCLUDING IDENTITY);
