-- What is spoken: loudspeakers (防災行政無線) and cable television, in Japanese

CREATE FUNCTION passport.voice_problem(spoken text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN coalesce(char_length(spoken), 0) NOT BETWEEN 1 AND 300 THEN 'length'
    WHEN spoken ~ '[A-Za-zＡ-Ｚａ-ｚ]' THEN 'abbreviation'
    WHEN regexp_replace(spoken, 'レベル[1-5]|[0-9]{1,4}(年|月|日|時|分|人|世帯|か所|メートル|センチ|ミリ|キロ|度)', '', 'g') ~ '[0-9０-９]' THEN 'number'
    WHEN spoken ~ '[^ぁ-ゖァ-ヺー一-鿿々、。0-9]' THEN 'symbol'
  END;
END;
COMMENT ON FUNCTION passport.voice_problem(text) IS
'Why a text cannot be read out as it stands: length (empty, or over 300 characters: a minute), abbreviation (a letter: m, km, JR), number (digits without a level or a unit in words: 3.5m, 090...), symbol (anything but kana, kanji, 、 and 。); NULL when it can.';

CREATE TABLE passport.voice_template (
  kind text NOT NULL,
  level int NOT NULL CHECK (level BETWEEN 0 AND 5),     -- 0: any level
  holds_from date NOT NULL,
  spoken text NOT NULL CHECK (passport.voice_problem(regexp_replace(spoken, '\{[a-z]+\}', '', 'g')) IS NULL),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (kind, level, holds_from)
);
COMMENT ON TABLE passport.voice_template IS
'Spoken texts by kind, level and the date from which they hold, with {placeholders}. To change a shipped one, add one with a later date.';

INSERT INTO passport.voice_template (kind, level, holds_from, spoken, shipped)
SELECT h.hazard, t.level, date '2021-05-20', replace(t.spoken, '{hazard}', h.name), true
  FROM (VALUES
  (5, '緊急放送、緊急放送。こちらは、{municipality}です。{area}に、警戒レベル5、緊急安全確保を発令しました。{hazard}が、すでに起きているおそれがあります。命の危険が迫っています。直ちに、身の安全を確保してください。'),
  (4, '緊急放送、緊急放送。こちらは、{municipality}です。{area}に、警戒レベル4、避難指示を発令しました。{hazard}の危険が高まっています。危険な場所にいる人は、全員、今すぐ避難してください。'),
  (3, 'こちらは、{municipality}です。{area}に、警戒レベル3、高齢者等避難を発令しました。{hazard}の危険があります。お年寄りなど、避難に時間のかかる人は、今すぐ、危険な場所から避難してください。'),
  (2, 'こちらは、{municipality}です。{area}に、警戒レベル2の注意をお知らせします。{hazard}のおそれがあります。避難する場所と道を、確かめてください。'),
  (1, 'こちらは、{municipality}です。{area}に、警戒レベル1をお知らせします。これから数日のうちに、{hazard}のおそれがあります。これからのお知らせに、注意してください。'))
  AS t(level, spoken),
  (VALUES ('flood', '川の氾濫'), ('landslide', '土砂災害'), ('heavy_rain', '大雨による浸水'), ('storm_surge', '高潮による浸水'))
  AS h(hazard, name)
UNION ALL VALUES
  ('alert_cancelled', 0, date '2021-05-20', 'こちらは、{municipality}です。先ほどお知らせした、{area}の、警戒レベル{level}を、取り消します。', true),
  ('alert_ended', 0, date '2021-05-20', 'こちらは、{municipality}です。{area}の、警戒レベル{level}を、解除しました。', true);

CREATE FUNCTION passport.voice_text(kind text, level int, mode text, area_names text[]) RETURNS text
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  template text;
  spoken text;
BEGIN
  SELECT t.spoken INTO template FROM passport.voice_template AS t
   WHERE t.kind = voice_text.kind AND t.level IN (voice_text.level, 0) AND t.holds_from <= passport.today()
   ORDER BY t.level DESC, t.holds_from DESC LIMIT 1;
  IF template IS NULL THEN
    RAISE EXCEPTION 'no spoken text for % at level %', kind, level USING ERRCODE = 'PT404';
  END IF;
  spoken := passport.fill_message(template, jsonb_build_object('area', array_to_string(area_names, '、'), 'level', level,
    'municipality', (SELECT m.name FROM passport.municipality_area AS m
                      WHERE m.code = current_setting('passport.municipality_code'))), '{ja}');
  IF mode = 'drill' THEN
    spoken := 'これは、訓練です。' || spoken || 'これは、訓練です。';
  END IF;
  IF passport.voice_problem(spoken) IS NOT NULL THEN
    PERFORM passport.refuse('/area_names', passport.voice_problem(spoken),
      'A name of the area cannot be read out as it stands: word this announcement by hand.');
  END IF;
  RETURN spoken;
END $$;
COMMENT ON FUNCTION passport.voice_text(text, int, text, text[]) IS
'The announcement of an alert: kind: its hazard, alert_cancelled or alert_ended; drills say so first and last. Errors: PT404 no template, PT422 the names hold what voice_problem() refuses.';
