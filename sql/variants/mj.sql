-- Loads the MJ shrink map (MJ縮退マップ) as variants.  It is CC BY-SA 2.1 JP and so
-- not shipped: get both tables from 文字情報技術促進協議会 and save them as CSV
-- (UTF-8, one header line) in the directory where psql is started:
--   mji_list.csv              MJ文字図形名, 対応するUCS, 実装したUCS, 実装したMoji_JohoコレクションIVS,
--                             実装したSVS, seven more
--   mjsm_mj_shrink_map.csv    MJ文字図形名, 縮退UCS, 縮退X0213, 表, 順位, ホップ数
-- psql -X -f sql/variants/mj.sql DATABASE, as passport_admin
\set ON_ERROR_STOP on
CREATE TEMP TABLE mj_list (mj text, ucs text, implemented text, ivs text, svs text,
                           koseki text, juki text, nyukan text, nyukan_own text, policy text, compatible text, x0213 text);
CREATE TEMP TABLE mj_map (mj text, usual text, x0213 text, origin text, place text, hops text);
\copy mj_list FROM 'mji_list.csv' (FORMAT csv, HEADER)
\copy mj_map FROM 'mjsm_mj_shrink_map.csv' (FORMAT csv, HEADER)

-- Left out: second choices, characters that are other ones (別字), and those that
-- only look or sound alike: they may be two people's.
SELECT r.pairs, r.settled, r.left_out
  FROM (SELECT array_agg(form) AS forms, array_agg(usual) AS usuals
          FROM (SELECT DISTINCT v.form, m.usual
                  FROM mj_map AS m JOIN mj_list AS l USING (mj)
                 CROSS JOIN LATERAL (VALUES (l.ucs), (l.implemented), (l.ivs), (l.svs)) AS v(form)
                 WHERE v.form <> m.usual
                   AND m.origin NOT IN ('法務省告示582号別表第四_二', '民一2842号通達別表_誤字俗字正字一覧表_別字',
                                        '読み字形による類推', '辞書類等による関連字')) AS pair) AS p,
       LATERAL passport.load_variants('mj', p.forms, p.usuals) AS r;
