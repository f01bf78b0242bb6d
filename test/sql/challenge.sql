-- Challenges: readable, bound to a purpose, good for one answer
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
SELECT regexp_replace(regexp_replace(convert_from(message, 'UTF8'), '[0-9a-f]{32}\n', '(32 hex)' || E'\n'),
                      challenge_id::text, '(challenge_id)') AS message, expires_at
  FROM passport.begin_challenge('register');
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

SELECT passport.forget_challenges() AS forgotten;
SET passport.clock = '2026-07-02 12:05:01+09';
SELECT passport.forget_challenges() AS forgotten;
SELECT count(*) FROM passport.challenge;
