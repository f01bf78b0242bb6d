-- Who a waiting registration could be, in words

CREATE TABLE passport.match_word (
  kind text NOT NULL CHECK (kind IN ('field', 'reason')),
  code text NOT NULL,
  sign text CHECK ((kind = 'reason') = (sign IS NOT NULL)),  -- ○ agrees, △ not proven, × speaks against it
  ja text NOT NULL,
  en text NOT NULL,
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (kind, code)
);
COMMENT ON TABLE passport.match_word IS
'Words for the explanations of match_resident: its fields, and each rule or reason.';

INSERT INTO passport.match_word (kind, code, sign, ja, en, shipped)
VALUES ('field', 'name', NULL, '氏名', 'name', true),
       ('field', 'birth_date', NULL, '生年月日', 'birth date', true),
       ('field', 'sex', NULL, '性別', 'sex', true),
       ('field', 'address', NULL, '住所', 'address', true),
       ('reason', 'equal', '○', '一致', 'equal', true),
       ('reason', 'width', '○', '全角・半角の違い', 'full or half width', true),
       ('reason', 'selector', '○', '異体字指定の有無', 'glyph selector', true),
       ('reason', 'old_form', '○', '旧字体・異体字', 'old or alternative form', true),
       ('reason', 'variant', '○', '市町村が読み込んだ異体字', 'alternative form that was loaded', true),
       ('reason', 'case', '○', '大文字・小文字', 'capital or small letters', true),
       ('reason', 'space', '○', '空白・区切り', 'spaces', true),
       ('reason', 'hyphen', '○', 'ハイフンの種類', 'kind of hyphen', true),
       ('reason', 'kana', '○', 'ヶ・ノなどの書き方', 'spelling of ケ, ノ, ツ', true),
       ('reason', 'numeral', '○', '漢数字', 'kanji numerals', true),
       ('reason', 'lot', '○', '番地・番・号の書き方', 'spelling of the lot', true),
       ('reason', 'aza', '○', '大字・字の有無', '大字, 字 left out', true),
       ('reason', 'prefecture_omitted', '○', '都道府県の省略', 'prefecture left out', true),
       ('reason', 'county_omitted', '○', '郡の省略', 'county left out', true),
       ('reason', 'building_omitted', '○', '方書の省略', 'building left out', true),
       ('reason', 'substitute', '○', '証明書の代替文字', 'the certificate''s substitute character', true),
       ('reason', 'reading', '○', '証明書のかなが読みと一致', 'kana on the certificate, read as registered', true),
       ('reason', 'roman_name', '○', 'ローマ字氏名と一致', 'the roman name', true),
       ('reason', 'alias', '△', '通称と一致（通称だけでは本人と言えない）', 'the alias, which alone proves nothing', true),
       ('reason', 'substitute_unproven', '△', '証明書の代替文字が登録の文字か確かめられない', 'a substitute character that proves nothing', true),
       ('reason', 'unknown', '△', '一方が不明', 'not known on one side', true),
       ('reason', 'no_lot', '△', '地番がない', 'no lot', true),
       ('reason', 'koaza_omitted', '△', '地番は同じだが小字が一方だけにある', 'same lot, 小字 on one side only', true),
       ('reason', 'other_building', '△', '方書が異なる', 'another building', true),
       ('reason', 'municipality_unproven', '△', '都道府県・郡がなく市町村を確かめられない', 'neither prefecture nor county says which municipality', true),
       ('reason', 'other_lot', '×', '地番が異なる', 'another lot', true),
       ('reason', 'different', '×', '異なる', 'different', true);

CREATE FUNCTION passport.match_words(explanation jsonb, language text DEFAULT 'ja') RETURNS text
  LANGUAGE sql STABLE STRICT SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(said.field || ' ' || said.sign || ' ' || said.reasons, CASE language WHEN 'ja' THEN '、' ELSE ', ' END ORDER BY said.place)
    FROM (SELECT f.place, min(w.sign) AS sign, min(CASE language WHEN 'ja' THEN n.ja ELSE n.en END) AS field,
                 string_agg(CASE language WHEN 'ja' THEN w.ja ELSE w.en END, CASE language WHEN 'ja' THEN '・' ELSE ' + ' END
                            ORDER BY r.place) AS reasons
            FROM unnest(ARRAY['name', 'birth_date', 'sex', 'address']) WITH ORDINALITY AS f(code, place)
            JOIN passport.match_word AS n ON n.kind = 'field' AND n.code = f.code
           CROSS JOIN LATERAL unnest(string_to_array(explanation ->> f.code, '+')) WITH ORDINALITY AS r(code, place)
            JOIN passport.match_word AS w ON w.kind = 'reason' AND w.code = r.code
           GROUP BY f.place) AS said;
END;
COMMENT ON FUNCTION passport.match_words(jsonb, text) IS
'An explanation of match_resident as a sentence in Japanese (ja) or English (anything else): each field with ○ agrees, △ not proven or × speaks against it, and why.';

CREATE VIEW passport.registration_candidate WITH (security_barrier) AS
  SELECT r.registration_id, r.created_at, c.place, p.resident_number, (c.candidate ->> 'score')::real AS score,
         (c.candidate #>> '{explanation,others}')::int AS others,
         passport.match_words(c.candidate -> 'explanation', 'ja') AS ja,
         passport.match_words(c.candidate -> 'explanation', 'en') AS en
    FROM passport.registration AS r
    LEFT JOIN LATERAL jsonb_array_elements(r.candidates) WITH ORDINALITY AS c(candidate, place) ON true
    LEFT JOIN passport.resident AS p ON p.resident_id = (c.candidate ->> 'resident_id')::bigint
   WHERE r.state = 'queued';
COMMENT ON VIEW passport.registration_candidate IS
'Waiting registrations with the residents they could be, the best first, by resident number, and in words what speaks for and against each; a row without a resident where nobody was found. Nothing of the holder or the resident is shown.';
