-- Challenges: readable, bound to a purpose, good for one answer
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
SELECT regexp_replace(regexp_replace(convert_from(message, 'UTF8'), '[0-9a-f]{32}\n', '(32 hex)' || E'\n'),
                      challenge_id::text, '(challenge_id)') AS message, expires_at
  FROM passport.begin_challenge('register');
-- what is signed is what its reader can read: each language says the deed, in Japanese too
SELECT l.language, p AS purpose, split_part(convert_from(c.message, 'UTF8'), E'\n', 2) AS says
  FROM passport.message_language AS l, unnest(ARRAY['register', 'log_in', 'step_up']) AS p,
       passport.begin_challenge(p, 'passport', l.language) AS c
 ORDER BY l.place, p COLLATE "C";
-- as many lines with the same values in each, and the same language by another name; another is answered in Japanese
SELECT t AS asked, length(text) - length(replace(text, E'\n', '')) AS lines, split_part(text, E'\n', 3) AS service, split_part(text, E'\n', 5) AS written_at,
       text ~ ('\n[^\n]+: ' || c.challenge_id || '\n[^\n]+: [0-9a-f]{32}\n$') AS ends
  FROM unnest(ARRAY['ja', 'ja-easy', 'en', 'en-US', 'zh-Hans', 'zh-TW', 'vi', 'id', 'in', 'fil', 'tl', 'pt-BR', 'ko', 'fr', '', E'en\nservice: bank']) AS t,
       passport.begin_challenge('log_in', 'passport', t) AS c, convert_from(c.message, 'UTF8') AS text;
-- no word may bring a line of its own
INSERT INTO passport.challenge_text SELECT 'fr', '-infinity', register, E'log in\nservice: bank', step_up, service, municipality, written_at, number, nonce
  FROM passport.challenge_text WHERE language = 'en';
-- words may change from a day on
BEGIN;
INSERT INTO passport.challenge_text SELECT language, '2026-07-02', register, 'Log me in', step_up, service, municipality, written_at, number, nonce
  FROM passport.challenge_text WHERE language = 'en';
SELECT (passport.challenge_words('en')).log_in;
SET LOCAL passport.clock = '2026-07-02 00:00+09';
SELECT (passport.challenge_words('en-GB')).log_in;
ROLLBACK;
-- no two are alike
SELECT count(DISTINCT (passport.begin_challenge('log_in')).message) AS messages FROM generate_series(1, 100);
\set VERBOSITY terse
SELECT passport.begin_challenge('pay');
SELECT passport.begin_challenge(NULL);
SELECT passport.begin_challenge('log_in', 'elsewhere');

SELECT challenge_id, message FROM passport.begin_challenge('log_in') \gset
-- for another purpose or audience it is not there, and stays as it was
SELECT passport.consume_challenge(:'challenge_id', 'register', 'passport');
SELECT passport.consume_challenge(:'challenge_id', 'log_in', 'elsewhere');
SELECT passport.consume_challenge(:'challenge_id', 'log_in', 'passport') = :'message' AS taken;
SELECT passport.consume_challenge(:'challenge_id', 'log_in', 'passport');
SELECT passport.consume_challenge(gen_random_uuid(), 'log_in', 'passport');
SELECT passport.consume_challenge(NULL, 'log_in', 'passport');

-- until the last second, and not after
SELECT challenge_id AS first FROM passport.begin_challenge('log_in') \gset
SELECT challenge_id AS second FROM passport.begin_challenge('log_in') \gset
SET passport.clock = '2026-07-01 12:04:59+09';
SELECT passport.consume_challenge(:'first', 'log_in', 'passport') IS NOT NULL AS taken;
SET passport.clock = '2026-07-01 12:05:00+09';
SELECT passport.consume_challenge(:'second', 'log_in', 'passport');

SELECT passport.forget_challenges(passport.now() - interval '1 day', 1000) AS forgotten;
SET passport.clock = '2026-07-02 12:05:01+09';
SELECT passport.forget_challenges(passport.now() - interval '1 day', 1000) AS forgotten;
SELECT count(*) FROM passport.challenge;
