-- Challenges: what a card signs to register, log in or step up

CREATE TABLE passport.challenge (
  challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  purpose text NOT NULL CHECK (purpose IN ('register', 'log_in', 'step_up')),
  audience text NOT NULL,
  message bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  consumed_at timestamptz
);
COMMENT ON TABLE passport.challenge IS
'Messages to be signed, each once, for one purpose and one audience.';
CREATE INDEX challenge_expires_at ON passport.challenge (expires_at);

CREATE FUNCTION passport.nonce() RETURNS bytea
  LANGUAGE c VOLATILE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_nonce';
COMMENT ON FUNCTION passport.nonce() IS
'Sixteen random bytes.';

CREATE TABLE passport.challenge_text (
  language text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z]{2,8})?$'),
  holds_from date NOT NULL DEFAULT '-infinity',
  register text NOT NULL,
  log_in text NOT NULL,
  step_up text NOT NULL,
  service text NOT NULL,
  municipality text NOT NULL,
  written_at text NOT NULL,
  number text NOT NULL,
  nonce text NOT NULL,
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (language, holds_from),
  -- a line of a challenge is one line, or a text could pretend to be the line below
  CHECK (concat(register, log_in, step_up, service, municipality, written_at, number, nonce) !~ '[\x01-\x1f\x7f]')
);
COMMENT ON TABLE passport.challenge_text IS
'What a challenge says in each language: what is agreed to by signing it, for each purpose, and the words before the other lines. Each names the deed in Japanese too, for whoever helps.';

INSERT INTO passport.challenge_text
       (language, register, log_in, step_up, service, municipality, written_at, number, nonce, shipped)
VALUES ('ja', '利用登録をします (register)', 'ログインします (log in)', '大切な手続きのため本人であることを確かめます (step up)',
        '利用先 service', '市区町村 municipality', '日時 time', '番号 number', '乱数 nonce', true),
       ('ja-easy', 'このサービスに 登録(とうろく)します (利用登録)', 'このサービスに 入(はい)ります (ログイン)',
        '大切(たいせつ)な 手続(てつづ)きです。あなたが 本人(ほんにん)か たしかめます (本人確認)',
        'サービス', '市(し)・町(まち)・村(むら)', '日(ひ)と 時間(じかん)', '番号(ばんごう)', '一回(いっかい)だけの 数(かず)', true),
       ('en', 'I register for this service (利用登録)', 'I log in (ログイン)',
        'I confirm who I am for an important procedure (本人確認)',
        'service', 'municipality', 'time', 'number', 'nonce', true),
       ('zh-Hans', '我注册使用本服务 (利用登録)', '我登录 (ログイン)', '为办理重要手续，我确认是本人 (本人確認)',
        '服务', '市町村', '时间', '编号', '随机数', true),
       ('vi', 'Tôi đăng ký sử dụng dịch vụ này (利用登録)', 'Tôi đăng nhập (ログイン)',
        'Tôi xác nhận danh tính cho một thủ tục quan trọng (本人確認)',
        'dịch vụ', 'thành phố, thị trấn, làng', 'thời gian', 'số', 'số ngẫu nhiên', true),
       ('id', 'Saya mendaftar untuk layanan ini (利用登録)', 'Saya masuk (ログイン)',
        'Saya memastikan identitas saya untuk prosedur penting (本人確認)',
        'layanan', 'kota, kecamatan, desa', 'waktu', 'nomor', 'angka acak', true),
       ('fil', 'Nagpaparehistro ako sa serbisyong ito (利用登録)', 'Nagla-log in ako (ログイン)',
        'Pinatutunayan ko kung sino ako para sa mahalagang proseso (本人確認)',
        'serbisyo', 'lungsod, bayan, nayon', 'oras', 'numero', 'random na numero', true),
       ('pt', 'Eu me cadastro neste serviço (利用登録)', 'Eu entro no serviço (ログイン)',
        'Confirmo minha identidade para um procedimento importante (本人確認)',
        'serviço', 'município', 'data e hora', 'número', 'número aleatório', true),
       ('ko', '이 서비스에 이용 등록을 합니다 (利用登録)', '로그인합니다 (ログイン)', '중요한 절차를 위해 본인임을 확인합니다 (本人確認)',
        '서비스', '시정촌', '일시', '번호', '난수', true);

CREATE FUNCTION passport.challenge_words(language text) RETURNS passport.challenge_text
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  words passport.challenge_text;
BEGIN
  SELECT t.* INTO words
    FROM passport.challenge_text AS t
    LEFT JOIN passport.message_language AS l ON l.language = t.language
   WHERE t.holds_from <= passport.today()
     AND (t.language = 'ja' OR t.language = challenge_words.language OR challenge_words.language = ANY (l.also)
          OR split_part(t.language, '-', 1) = split_part(challenge_words.language, '-', 1))
   -- a text that is like the language asked comes before the one that all fall back to
   ORDER BY t.language = challenge_words.language DESC NULLS LAST,
            challenge_words.language = ANY (l.also) DESC NULLS LAST,
            split_part(t.language, '-', 1) = split_part(challenge_words.language, '-', 1) DESC NULLS LAST,
            t.language = 'ja' DESC, t.language, t.holds_from DESC
   LIMIT 1;
  RETURN words;
END $$;
COMMENT ON FUNCTION passport.challenge_words(text) IS
'The words of a challenge for a language (BCP 47): its own, else those of the same language under another tag (zh-TW: zh-Hans, tl: fil), else Japanese ones, which have English beside them.';

CREATE FUNCTION passport.begin_challenge(purpose text, audience text DEFAULT 'passport', language text DEFAULT NULL,
    OUT challenge_id uuid, OUT message bytea, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  words passport.challenge_text := passport.challenge_words(language);
  what text;
BEGIN
  -- an ELSE-less CASE statement would raise an error of its own for an unknown purpose
  what := CASE WHEN purpose = 'register' THEN words.register
               WHEN purpose = 'log_in' THEN words.log_in
               WHEN purpose = 'step_up' THEN words.step_up
          END;
  IF what IS NULL THEN
    RAISE EXCEPTION 'refused: unknown_purpose'
      USING ERRCODE = 'PT422',
            DETAIL = '{"pointer": "/purpose", "code": "unknown_purpose", "text": "A purpose is register, log_in or step_up."}';
  END IF;
  IF NOT EXISTS (SELECT FROM passport.audience AS a WHERE a.audience = begin_challenge.audience) THEN
    RAISE EXCEPTION 'unknown audience'
      USING ERRCODE = 'PT404', HINT = 'Audiences are listed in passport.audience.';
  END IF;

  challenge_id := gen_random_uuid();
  expires_at := passport.now() + current_setting('passport.challenge_lifetime')::interval;
  message := convert_to(concat_ws(E'\n', 'みなみまきパスポート Minamimaki Passport', what,
    words.service || ': ' || audience,
    words.municipality || ': ' || current_setting('passport.municipality_code'),
    words.written_at || ': ' ||
      to_char(passport.now() AT TIME ZONE current_setting('passport.timezone'), 'YYYY-MM-DD HH24:MI:SS'),
    words.number || ': ' || challenge_id,
    words.nonce || ': ' || encode(passport.nonce(), 'hex'), ''), 'UTF8');
  INSERT INTO passport.challenge (challenge_id, purpose, audience, message, created_at, expires_at)
    VALUES (challenge_id, purpose, audience, message, passport.now(), expires_at);
END $$;
COMMENT ON FUNCTION passport.begin_challenge(text, text, text) IS
'Makes a message for a card to sign: readable text (UTF-8) with purpose, service, time and 16 random bytes, so that what is seen is what is signed. purpose: register, log_in or step_up; audience: the service that the answer is for; language: the one in which the person reads it (BCP 47, as in passport.challenge_words), Japanese with English when it is NULL. The answer must come before expires_at (passport.challenge_lifetime) and counts once, for this purpose and audience only. PT422 for an unknown purpose, PT404 for an unknown audience.';

CREATE FUNCTION passport.consume_challenge(challenge_id uuid, purpose text, audience text) RETURNS bytea
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  message bytea;
BEGIN
  -- one statement: of two who come at once, the second waits and finds it consumed
  UPDATE passport.challenge AS c SET consumed_at = passport.now()
   WHERE c.challenge_id = consume_challenge.challenge_id
     AND c.purpose = consume_challenge.purpose AND c.audience = consume_challenge.audience
     AND c.consumed_at IS NULL AND c.expires_at > passport.now()
   RETURNING c.message INTO message;
  IF message IS NULL THEN
    RAISE EXCEPTION 'the challenge is unknown, used or expired'
      USING ERRCODE = 'PT410', HINT = 'Begin another one; each is for one purpose and one audience.';
  END IF;
  RETURN message;
END $$;
COMMENT ON FUNCTION passport.consume_challenge(uuid, text, text) IS
'Takes a challenge before its signature is looked at and returns its message; PT410 if it is used, expired, or for another purpose or audience. Who calls it must not raise an error for a bad signature, or the challenge could be tried again.';

CREATE FUNCTION passport.forget_challenges(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT c.challenge_id FROM passport.challenge AS c WHERE c.expires_at < before
     ORDER BY c.expires_at LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (DELETE FROM passport.challenge AS c USING due WHERE c.challenge_id = due.challenge_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_challenges(timestamptz, int) IS
'Deletes challenges that expired before a time, max_rows at most, and returns how many. For purge_expired.';
