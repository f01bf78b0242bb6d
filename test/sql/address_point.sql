-- Address points: forms, parcels, and where addresses are placed
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
SET LOCAL passport.clock = '2026-07-01 12:00+09';

-- one form for one place and one lot; what is no lot is none
SELECT given, passport.place_form(given) FROM unnest(ARRAY['大字海ノ口', '海之口', '字下原', '三ノ沢', '２条', '廣瀬', ' ', '']) AS given;
SELECT given, passport.lot_form(given) FROM unnest(ARRAY['1183-2', '千百八十三番地ノ二', '１１８３番地２', '29-乙', '29番地乙', '0012', '12番地 ハイツ', '沢', '', '12-']) AS given;
SELECT given, passport.address_place(given), passport.address_lot(given)
  FROM unnest(ARRAY['長野県南佐久郡南牧村大字海ノ口1183番地2', '南牧村平沢三ノ沢12', '海尻12番地　メゾン海尻', '海尻12番地3号室A', '海尻']) AS given;

UPDATE passport.resident SET status = 'non_resident' WHERE status = 'resident';
DELETE FROM passport.oaza;
INSERT INTO passport.oaza (name, location) VALUES ('海ノ口', passport.point(138.49, 36.02)), ('平沢', passport.point(138.46, 35.97));
INSERT INTO passport.municipality_area (code, name, area)
VALUES ('203050', '長野県南佐久郡南牧村', 'SRID=4326;MULTIPOLYGON(((138.3 35.9, 138.6 35.9, 138.6 36.1, 138.3 36.1, 138.3 35.9)))')
ON CONFLICT DO NOTHING;
SELECT pg_temp.refusal($$SELECT passport.import_address_points()$$);

-- before: the 大字 is all that is known
SELECT imported, rejected FROM passport.import_residents('[
  {"resident_number": "P1", "name": "一", "address": "長野県南佐久郡南牧村大字海ノ口10番地2", "oaza": "海之口"},
  {"resident_number": "P2", "name": "二", "address": "南牧村海ノ口下原11"},
  {"resident_number": "P3", "name": "三", "address": "南牧村海ノ口12"},
  {"resident_number": "P4", "name": "四", "address": "南牧村海ノ口上原99", "koaza": "字上原"},
  {"resident_number": "P5", "name": "五", "address": "南牧村平沢三ノ沢5"},
  {"resident_number": "P6", "name": "六", "address": "南牧村海ノ口10番地2", "lon": 138.5, "lat": 36.05},
  {"resident_number": "P7", "name": "七", "oaza": "海ノ口", "koaza": "下原", "lot": "十一番地"},
  {"resident_number": "P8", "name": "八", "address": "南牧村どこか1"},
  {"resident_number": "P9", "name": "九"},
  {"resident_number": "P10", "name": "十", "address": "南牧村広瀬29番地乙"},
  {"resident_number": "P11", "name": "十一", "oaza": "海ノ口", "koaza": "下原", "lot": "12"}]');
CREATE FUNCTION pg_temp.placed() RETURNS TABLE (resident_number text, oaza text, place text, location_precision text, source text)
LANGUAGE sql STABLE AS $$
  SELECT resident_number, oaza, public.st_astext(location), location_precision, location_source FROM passport.resident
   WHERE resident_number ~ '^P[0-9]+$' ORDER BY length(resident_number), 1 $$;
SELECT * FROM pg_temp.placed();

-- the registry's two files, as they are
COPY passport.parcel_staging (lg_code, machiaza_id, prc_id, city, ward, oaza_cho, chome, koaza, machiaza_dist, prc_num1, prc_num2,
  prc_num3, rsdt_addr_flg, prc_rec_flg, prc_area_code, efct_date, ablt_date, src_code, remarks, real_prop_num) FROM STDIN (FORMAT csv, HEADER);
lg_code,machiaza_id,prc_id,city,ward,oaza_cho,chome,koaza,machiaza_dist,prc_num1,prc_num2,prc_num3,rsdt_addr_flg,prc_rec_flg,prc_area_code,efct_date,ablt_date,src_code,remarks,real_prop_num
203050,0001000,000100000200000,南牧村,,海ノ口,,,,10,2,,0,1,,1947-04-17,,1,,
203050,0001101,000110000000000,南牧村,,海ノ口,,下原,,11,,,0,1,,1947-04-17,,1,,
203050,0001102,000110000000000,南牧村,,海ノ口,,上原,,11,,,0,1,,1947-04-17,,1,,
203050,0001102,000120000000000,南牧村,,海ノ口,,上原,,12,,,0,1,,1947-04-17,,1,,
203050,0001102,000130000000000,南牧村,,海ノ口,,上原,,13,,,0,1,,1947-04-17,,1,,
203050,0002001,000030000000000,南牧村,,平沢,,,,3,,,0,1,,1947-04-17,,1,,
203050,0002002,000050000000000,南牧村,,平沢,,三ノ沢,,5,,,0,1,,1947-04-17,2020-01-01,1,,
203050,0002002,000060000000000,南牧村,,平沢,,三ノ沢,,6,,,0,1,,1947-04-17,,1,,
203050,0003000,000290000100000,南牧村,,,,広瀬,,29,乙,,0,1,,1947-04-17,,1,,
203050,0003000,000300000000000,南牧村,,,,広瀬,,30,,,0,1,,1947-04-17,,1,,
203050,0003000,000310000000000,南牧村,,,,広瀬,,31,,,0,1,,1947-04-17,,1,,
103837,0001000,000100000200000,南牧村,,海ノ口,,,,10,2,,0,1,,1947-04-17,,1,,
\.
COPY passport.parcel_position_staging (lg_code, machiaza_id, prc_id, rep_lon, rep_lat, rep_srid, rep_scale, rep_src_code, plygn_fname,
  plygn_kcode, plygn_fmt, plygn_srid, plygn_scale, plygn_src_code, moj_map_city_code, moj_map_oaza_code, moj_map_chome_code,
  moj_map_koaza_code, moj_map_spare_code, moj_map_brushid) FROM STDIN (FORMAT csv, HEADER);
lg_code,machiaza_id,prc_id,rep_lon,rep_lat,rep_srid,rep_scale,rep_src_code,plygn_fname,plygn_kcode,plygn_fmt,plygn_srid,plygn_scale,plygn_src_code,moj_map_city_code,moj_map_oaza_code,moj_map_chome_code,moj_map_koaza_code,moj_map_spare_code,moj_map_brushid
203050,0001000,000100000200000,138.491,36.021,EPSG:6668,500,1,,,,,,,,,,,,
203050,0001101,000110000000000,138.492,36.022,EPSG:6668,500,1,,,,,,,,,,,,
203050,0001102,000110000000000,138.496,36.026,EPSG:6668,500,1,,,,,,,,,,,,
203050,0001102,000120000000000,138.498,36.028,EPSG:6668,500,1,,,,,,,,,,,,
203050,0002001,000030000000000,138.463,35.973,EPSG:6668,500,1,,,,,,,,,,,,
203050,0002002,000060000000000,138.466,35.976,EPSG:6668,500,1,,,,,,,,,,,,
203050,0003000,000290000100000,138.470,35.950,EPSG:6668,500,1,,,,,,,,,,,,
203050,0003000,000300000000000,36.0,138.4,EPSG:6668,500,1,,,,,,,,,,,,
203050,0003000,000310000000000,138.4,36.0,EPSG:2450,500,1,,,,,,,,,,,,
\.
SELECT * FROM passport.import_address_points();
-- P1 parcel; P2 by its 小字 though the lot stands twice; P3 the only 12; P4 middle of 上原; P5 no lot 3, but the 小字;
-- P6 stays where the map system put it; P11 in their 小字, not at the only 12, which is in another; P10 in a 大字 that the registry alone knew
SELECT * FROM pg_temp.placed();
SELECT name, st_astext(location) AS location FROM passport.oaza ORDER BY name COLLATE "C";
SELECT (SELECT count(*) FROM passport.parcel_staging) + (SELECT count(*) FROM passport.parcel_position_staging) AS left_behind;

-- an area selects the middle of a 小字 as it does a 大字: with every neighbour who is in it
CREATE FUNCTION pg_temp.who(area text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT r.resident_number FROM passport.residents_in(area::public.geometry) AS id JOIN passport.resident AS r ON r.resident_id = id ORDER BY 1 $$;
SELECT string_agg(w, ' ') FROM pg_temp.who('SRID=4326;POLYGON((138.4905 36.0205, 138.4915 36.0205, 138.4915 36.0215, 138.4905 36.0215, 138.4905 36.0205))') AS w;

-- whom no area selects is listed, and counted in each draft
SELECT household_number, name, address, oaza, by_oaza FROM passport.unplaced_residents('disaster');
SELECT count(*) FROM passport.audit_record WHERE source = 'unplaced_residents';
SELECT headcount, unplaced FROM passport.draft_alert('flood', 4,
  'SRID=4326;POLYGON((138.4905 36.0205, 138.4915 36.0205, 138.4915 36.0215, 138.4905 36.0215, 138.4905 36.0205))',
  texts => '{"ja": {"title": "避難", "body": "にげて"}}');
SELECT unplaced FROM passport.alert_draft WHERE alert_id = (SELECT max(alert_id) FROM passport.alert);
-- the same extract again changes nobody: the place is part of what is compared
SELECT imported, updated FROM passport.import_residents('[{"resident_number": "P1", "name": "一", "address": "長野県南佐久郡南牧村大字海ノ口10番地2", "oaza": "海之口"}]');
-- they move, and are placed anew
SELECT imported, updated FROM passport.import_residents('[{"resident_number": "P1", "name": "一", "address": "南牧村広瀬29乙"}]');
SELECT * FROM pg_temp.placed() WHERE resident_number = 'P1';
ROLLBACK;
