-- n residents with names from 400 and 250, born over a century, 3 in a household,
-- one in a hundred, up to a thousand, of one name and birth date; their keys; and 10,000 cards of theirs.
SELECT count(*) AS already FROM passport.resident WHERE resident_number LIKE 'M%' \gset
INSERT INTO passport.resident (resident_number, household_number, name, name_kana, birth_date, sex, address, updated_at)
SELECT 'M' || i, 'M' || i / 3,
       CASE WHEN i <= least(1000, :n / 100) THEN '佐藤　太郎' ELSE chr(20000 + i % 397) || '田　' || chr(21000 + i % 251) || '子' END, 'ナマエ　ナマエ',
       CASE WHEN i <= least(1000, :n / 100) THEN date '1950-01-01' ELSE date '1925-01-01' + (i * 7919::bigint % 36500)::int END,
       (ARRAY['male', 'female'])[1 + i % 2], '長野県南佐久郡南牧村大字海ノ口' || i / 3 || '番地' || 1 + i / 3 % 40, now()
  FROM generate_series(:already + 1, :n) AS i;
SELECT passport.refresh_match_keys();
VACUUM ANALYZE passport.resident, passport.resident_match_key;
DROP TABLE IF EXISTS match_card;
CREATE TABLE match_card AS
SELECT r.name, r.address, r.birth_date, r.sex
  FROM generate_series(1, 10000) AS k
  JOIN passport.resident AS r ON r.resident_number = 'M' || CASE WHEN k % 100 = 0 THEN 1 + k % least(1000, :n / 100) ELSE 1 + k * 7368787::bigint % :n END;
VACUUM ANALYZE match_card;
