-- Message texts: languages, fallback, dates, placeholders, drill marks
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/refusal.sql
\set ECHO all
BEGIN;
\pset format unaligned
\pset footer off

-- every level of every hazard speaks every language for itself, names its area, and fits a message
SELECT l.hazard, l.level, g.language FROM (SELECT DISTINCT hazard, level FROM passport.alert_level) AS l CROSS JOIN passport.message_language AS g
EXCEPT SELECT kind, level, language FROM passport.message_template;
SELECT t.kind, count(*), bool_and(title LIKE '%{area}%') AS names_area,
       bool_and(body LIKE '%{shelter}%' OR level = 5) AS names_shelter,
       bool_and(octet_length(title || body) < 1500) AS short, bool_or(title || body ~ '\{(?!area\}|shelter\})') AS leftover
  FROM passport.message_template AS t WHERE kind IN (SELECT hazard FROM passport.alert_level) GROUP BY kind ORDER BY kind;
SELECT kind, count(*), bool_and(title LIKE '%{area}%' AND title LIKE '%{level}%') AS says_what FROM passport.message_template
 WHERE kind LIKE 'alert\_%' GROUP BY kind ORDER BY kind;
-- the same language never says the same of two levels or hazards
SELECT a.kind, a.level, b.kind, b.level, a.language FROM passport.message_template AS a JOIN passport.message_template AS b
    ON a.language = b.language AND a.body = b.body AND (a.kind, a.level) < (b.kind, b.level) AND a.holds_from = b.holds_from;
SELECT key AS language, value ->> 'title' AS title
  FROM jsonb_each(passport.message_texts('flood', 4, '2026-07-01',
         '{"area": {"ja": "海ノ口、板橋", "en": "Uminokuchi, Itabashi"}, "shelter": "海ノ口体育館"}'))
  JOIN passport.message_language ON language = key ORDER BY place;
SELECT passport.message_texts('flood', 4, '2026-07-01', '{"area": "A", "shelter": "S"}') -> 'en' ->> 'body';

-- a template for one level stands before one for any level, a later one before an earlier
INSERT INTO passport.message_template VALUES
  ('test', 0, 'ja', '2020-01-01', '全て', '全て'), ('test', 3, 'ja', '2021-01-01', '三', '三'),
  ('test', 3, 'ja', '2026-05-28', '新三', '新三'), ('test', 3, 'en', '2026-05-28', 'three', 'three');
SELECT at, passport.message_texts('test', level, at) #>> '{ja,title}' AS ja,
       passport.message_texts('test', level, at) #>> '{ja-easy,title}' AS easy,
       passport.message_texts('test', level, at) #>> '{vi,title}' AS vi
  FROM (VALUES (3, date '2020-06-01'), (3, '2026-05-27'), (3, '2026-05-28'), (2, '2026-05-28')) AS t(level, at);
SELECT pg_temp.refusal($$SELECT passport.message_texts('test', 3, '2019-12-31')$$);
SELECT pg_temp.refusal($$SELECT passport.message_texts('nothing', 3, '2026-07-01')$$);

-- placeholders
SELECT pg_temp.refusal($$SELECT passport.message_texts('flood', 4, '2026-07-01', '{"area": "A"}')$$);
SELECT pg_temp.refusal($$SELECT passport.message_texts('flood', 4, '2026-07-01', '{"area": "{shelter}", "shelter": "S"}')$$);
SELECT pg_temp.refusal($$SELECT passport.message_texts('flood', 4, '2026-07-01', '[]')$$);

-- texts of staff's own
SELECT key, value ->> 'title' AS title
  FROM jsonb_each(passport.complete_texts('{"ja": {"title": "題", "body": "文"}, "en": {"title": "T", "body": "B"}}'))
 WHERE key IN ('ja', 'ja-easy', 'ko') ORDER BY key;
SELECT pg_temp.refusal($$SELECT passport.complete_texts('{"en": {"title": "T", "body": "B"}}')$$);
SELECT pg_temp.refusal($$SELECT passport.complete_texts('{"ja": {"title": "", "body": "B"}}')$$);
SELECT pg_temp.refusal($$SELECT passport.complete_texts('{"ja": {"title": "T", "body": 5}}')$$);
SELECT pg_temp.refusal($$SELECT passport.complete_texts('{"ja": {"title": "T", "body": "B"}, "tlh": {"title": "T", "body": "B"}}')$$);

-- a drill says so in every language, before and after
SELECT key, value ->> 'title' AS title, value ->> 'body' AS body
  FROM jsonb_each(passport.mark_drill(passport.complete_texts('{"ja": {"title": "T", "body": "B"}}')))
  JOIN passport.message_language ON language = key ORDER BY place;

-- the colours as the Cabinet Office gave them, whatever the hazard and the day
SELECT level, array_agg(DISTINCT colour) AS colours, array_agg(DISTINCT ends_itself) AS ends_itself, count(DISTINCT hazard) AS hazards
  FROM passport.alert_level GROUP BY level ORDER BY level DESC;
-- heavy rain has a level 4 only since 2026-05-28
SELECT d.at, h.hazard, w.level, w.bulletin, w.bulletin_en
  FROM (VALUES (date '2026-05-27'), ('2026-05-28')) AS d(at), (VALUES ('landslide'), ('heavy_rain'), ('storm_surge')) AS h(hazard),
       passport.alert_words(h.hazard, 4, d.at) AS w ORDER BY 1, 2;

-- the levels' words changed on 2026-05-28; the orders and colours did not
SELECT d.at, w.level, w.bulletin, w.action, w.colour
  FROM (VALUES (date '2026-05-27'), ('2026-05-28')) AS d(at), generate_series(4, 5) AS l(level),
       passport.alert_words('flood', l.level, d.at) AS w ORDER BY 1, 2;
ROLLBACK;
