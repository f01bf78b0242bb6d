-- Who is at a shelter and in no register: psql -X -v shelter=ID -f sql/reports/visitors.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 住民以外の避難者 / Visitors at a shelter ==
SELECT visitor_id AS "番号", name AS "氏名 name", home AS "どこから from", language AS "言語 language",
       present || ' / ' || persons AS "人数 people",
       (SELECT string_agg(concat(coalesce(k.title ->> 'ja', n.key), ' ', n.value), '、' ORDER BY n.key)
          FROM jsonb_each_text(needs) AS n LEFT JOIN passport.need_words() AS k ON k.kind = n.key) AS "要配慮 needs",
       passport.local_time(came_at) AS "受付 came"
  FROM passport.shelter_visitors(:'shelter');
