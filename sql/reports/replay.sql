-- An alert from reading to door, with times: psql -X -v alert=NUMBER -f sql/reports/replay.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 経過 / Replay ==
SELECT passport.local_time(at, 'MM-DD HH24:MI:SS') AS "時刻 time", concat_ws(' ', w.ja, step) AS "段 step", who AS "誰 who",
       -- broken after a comma: psql would break a number in the middle
       (SELECT regexp_replace(string_agg(concat(f.key, ' ', CASE WHEN f.key ~ '_at$' THEN passport.local_time(f.value::timestamptz) ELSE f.value END), ', '),
                              '(.{30,}?), ', E'\\1,\n', 'g')
          FROM jsonb_each_text(what - 'first_at') AS f WHERE f.value IS NOT NULL) AS "内容 what"
  FROM passport.replay_alert(:alert)
  LEFT JOIN (VALUES ('reading', '水位'), ('area', '区域'), ('draft', '起案'), ('approval', '承認'), ('update', '更新'), ('deliveries', '通知'), ('answers', '回答'),
                    ('calls', '電話'), ('shelter', '避難所'), ('question', '質問'), ('list', '名簿'), ('cancel', '取消'), ('end', '解除'),
                    ('confirmation', '値の確認'), ('silence', '途絶'), ('stage_ended', '段階の終了'), ('weather', '気象'), ('authority', '権限'),
                    ('break_glass', '一人で'), ('review', '確認')) AS w(step, ja) USING (step);
