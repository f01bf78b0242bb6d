-- A full extract of n residents as a CSV file, copied in and imported; what is
-- printed: seconds of the copy, seconds of the import, seconds of the same
-- extract once more (nothing changes).
INSERT INTO passport.oaza (name, location)
SELECT name, passport.point(lon, 36.0) FROM (VALUES ('海ノ口', 138.49), ('海尻', 138.48), ('平沢', 138.46), ('広瀬', 138.5),
                                                    ('板橋', 138.47), ('野辺山', 138.475)) AS o(name, lon)
ON CONFLICT DO NOTHING;
COPY (SELECT 'B' || i, 'H' || i / 3, '子', '試験　' || i, 'シケン　' || i, 1930 + i % 90 || '-0' || 1 + i % 9 || '-1' || i % 10,
             (ARRAY['男', '女'])[1 + i % 2], '長野県南佐久郡南牧村大字' || o.name || i % 3000 + 1 || '番地' || i % 12 + 1, o.name,
             CASE WHEN i % 2 = 0 THEN round((138.4 + (i * 0.6180339887498949) % 0.1)::numeric, 6) END,
             CASE WHEN i % 2 = 0 THEN round((35.9 + (i * 0.7548776662466927) % 0.1)::numeric, 6) END, '住民', '2020-04-01', '転入'
        FROM generate_series(1, :n) AS i,
             LATERAL (SELECT (ARRAY['海ノ口', '海尻', '平沢', '広瀬', '板橋', '野辺山'])[1 + i % 6] AS name) AS o)
  TO :'file' (FORMAT csv);
\o :pid
SELECT pg_backend_pid();
\o
CREATE PROCEDURE pg_temp.stage(file text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY passport.resident_staging (resident_number, household_number, relation, name, name_kana, birth_date, sex, '
                 'address, oaza, lon, lat, status, changed_on, change_reason) FROM %L (FORMAT csv)', file);
END $$;
SELECT clock_timestamp() AS begin \gset
CALL pg_temp.stage(:'file');
SELECT extract(epoch FROM clock_timestamp() - :'begin') AS copied \gset
SELECT clock_timestamp() AS begin \gset
SELECT coalesce(sum(residents) FILTER (WHERE what = 'arrived'), 0) = :n AS arrived FROM passport.import_extract('full',
  (SELECT count(*) FROM passport.resident WHERE status = 'resident')) \gset
SELECT extract(epoch FROM clock_timestamp() - :'begin') AS imported \gset
\if :arrived
\else
  \warn 'not everybody was imported'
\endif
CALL pg_temp.stage(:'file');
SELECT clock_timestamp() AS begin \gset
SELECT count(*) FROM passport.import_extract('full') \g /dev/null
SELECT extract(epoch FROM clock_timestamp() - :'begin') AS repeated \gset
\echo :copied :imported :repeated
