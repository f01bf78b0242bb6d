-- Reminders before cards, certificates and periods of stay end

CREATE TABLE passport.ladder_step (
  step text NOT NULL CHECK (step ~ '^[a-z0-9_]{1,30}$'),
  holds_from date NOT NULL CHECK (isfinite(holds_from)),
  months_before int NOT NULL CHECK (months_before BETWEEN 0 AND 120),
  days_before int NOT NULL CHECK (days_before BETWEEN 0 AND 3660),
  opens_window boolean NOT NULL DEFAULT false,
  who text NOT NULL DEFAULT 'everyone' CHECK (who IN ('everyone', 'period_of_stay', 'others', 'nobody')),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (step, holds_from)
);
COMMENT ON TABLE passport.ladder_step IS
'Steps of the ladder of reminders, each from a day on: so many months and days before the date, the day after where that opens the window for renewal, and for whom (nobody: the step has ended).';

-- The window opens on the day after the day three months before; J-LIS writes
-- to most people about then, the village once more a month before.
INSERT INTO passport.ladder_step (step, holds_from, months_before, days_before, opens_window, who, shipped)
VALUES ('window', '2016-01-01', 3, 0, true, 'everyone', true),
       ('1_month', '2016-01-01', 1, 0, false, 'everyone', true),
       ('14_days', '2016-01-01', 0, 14, false, 'everyone', true),
       ('7_days', '2016-01-01', 0, 7, false, 'everyone', true),
       ('1_day', '2016-01-01', 0, 1, false, 'everyone', true);

CREATE TABLE passport.renewal_reminder (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  what text NOT NULL,
  expires_on date NOT NULL,
  step text NOT NULL,
  sent_at timestamptz NOT NULL,
  notification_id bigint NOT NULL REFERENCES passport.notification,
  PRIMARY KEY (resident_id, what, expires_on, step)
);
COMMENT ON TABLE passport.renewal_reminder IS
'Reminders that were sent, each at most once.';

CREATE TABLE passport.renewal_word (
  language text NOT NULL REFERENCES passport.message_language,
  word text NOT NULL CHECK (word IN ('card', 'authentication', 'signature', 'stay', 'date')),
  text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 100 AND text !~ '[{}]'),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (language, word)
);
COMMENT ON TABLE passport.renewal_word IS
'What expires, as the messages of kind "renewal" say it in {what}, by language; date: the pattern (to_char) of {date}.';

INSERT INTO passport.renewal_word (language, word, text, shipped)
SELECT language, word, text, true FROM (VALUES
  ('ja', 'card', 'マイナンバーカード'),
  ('ja', 'authentication', 'マイナンバーカードの電子証明書'),
  ('ja', 'signature', 'マイナンバーカードの署名用電子証明書'),
  ('ja', 'stay', '在留期間'),
  ('ja', 'date', 'FMYYYY年FMMM月FMDD日'),
  ('ja-easy', 'card', 'マイナンバーカード'),
  ('ja-easy', 'authentication', 'マイナンバーカードの 電子証明書(でんししょうめいしょ)'),
  ('ja-easy', 'signature', 'マイナンバーカードの 署名用(しょめいよう) 電子証明書(でんししょうめいしょ)'),
  ('ja-easy', 'stay', '在留期間(ざいりゅうきかん)'),
  ('ja-easy', 'date', 'FMYYYY年(ねん)FMMM月(がつ)FMDD日'),
  ('en', 'card', 'My Number Card'),
  ('en', 'authentication', 'My Number Card electronic certificates'),
  ('en', 'signature', 'My Number Card signature certificate'),
  ('en', 'stay', 'Period of stay'),
  ('en', 'date', 'FMDD FMMonth YYYY'),
  ('zh-Hans', 'card', '个人编号卡'),
  ('zh-Hans', 'authentication', '个人编号卡的电子证书'),
  ('zh-Hans', 'signature', '个人编号卡的署名用电子证书'),
  ('zh-Hans', 'stay', '在留期限'),
  ('zh-Hans', 'date', 'FMYYYY年FMMM月FMDD日'),
  ('vi', 'card', 'Thẻ My Number'),
  ('vi', 'authentication', 'Chứng thư điện tử của thẻ My Number'),
  ('vi', 'signature', 'Chứng thư chữ ký điện tử của thẻ My Number'),
  ('vi', 'stay', 'Thời hạn lưu trú'),
  ('vi', 'date', 'FMDD/FMMM/YYYY'),
  ('id', 'card', 'Kartu My Number'),
  ('id', 'authentication', 'Sertifikat elektronik Kartu My Number'),
  ('id', 'signature', 'Sertifikat tanda tangan elektronik Kartu My Number'),
  ('id', 'stay', 'Masa izin tinggal'),
  ('id', 'date', 'FMDD/FMMM/YYYY'),
  ('fil', 'card', 'My Number Card'),
  ('fil', 'authentication', 'Electronic certificate ng My Number Card'),
  ('fil', 'signature', 'Signature certificate ng My Number Card'),
  ('fil', 'stay', 'Period of stay'),
  ('fil', 'date', 'FMMonth FMDD, YYYY'),
  ('pt', 'card', 'Cartão My Number'),
  ('pt', 'authentication', 'Certificado eletrônico do cartão My Number'),
  ('pt', 'signature', 'Certificado de assinatura do cartão My Number'),
  ('pt', 'stay', 'Período de permanência'),
  ('pt', 'date', 'FMDD/FMMM/YYYY'),
  ('ko', 'card', '마이넘버카드'),
  ('ko', 'authentication', '마이넘버카드 전자증명서'),
  ('ko', 'signature', '마이넘버카드 서명용 전자증명서'),
  ('ko', 'stay', '체류 기간'),
  ('ko', 'date', 'YYYY년 FMMM월 FMDD일'))
  AS t(language, word, text);

-- Level 1: a card or its certificates; level 2: the period of stay, with which
-- the card ends.  Extending it does not extend the card by itself, and after
-- the end a card is issued anew for 1,000 yen.
INSERT INTO passport.message_template (kind, level, language, holds_from, title, body, shipped)
SELECT 'renewal', level, language, date '2016-01-01', title, body, true FROM (VALUES
  (1, 'ja', '{what}の有効期限は{date}です',
   '期限を過ぎると、オンラインの手続きやコンビニでの証明書の取得に使えなくなります。{date}までに、マイナンバーカードと暗証番号をご用意のうえ、役場の窓口で更新の手続きをしてください。カードそのものの更新には、顔写真と、申請から1か月ほどの時間がかかります。'),
  (2, 'ja', '在留期間とマイナンバーカードの期限は{date}です',
   'マイナンバーカードは在留期間の満了日までしか使えません。在留期間を更新しても、カードの期限は自動では延びません。{date}までに、新しい在留カード、マイナンバーカード、暗証番号を持って役場へお越しください。期限を過ぎると再発行（1,000円）になります。在留期間の更新を申請中の方も、{date}までにご相談ください。この期限について、国（J-LIS）からのお知らせは届きません。'),
  (1, 'ja-easy', '{what}は {date}まで 使(つか)えます',
   '{date}を すぎると、インターネットの 手続(てつづ)きや コンビニで 使(つか)えません。{date}までに、役場(やくば)で 新(あたら)しく してください。持(も)って くる もの：マイナンバーカード、暗証番号(あんしょうばんごう)。カードを 新(あたら)しく する ときは、顔(かお)の 写真(しゃしん)も いります。1か月(げつ)くらい かかります。'),
  (2, 'ja-easy', '在留期間(ざいりゅうきかん)は {date}までです',
   'マイナンバーカードも {date}までです。在留期間(ざいりゅうきかん)を のばしても、カードは 自動(じどう)では のびません。{date}までに、役場(やくば)へ 来(き)てください。持(も)って くる もの：新(あたら)しい 在留(ざいりゅう)カード、マイナンバーカード、暗証番号(あんしょうばんごう)。{date}を すぎると、カードを 作(つく)り直(なお)します。1,000円(えん) かかります。在留期間(ざいりゅうきかん)を 申請(しんせい)して 待(ま)っている 人(ひと)も、{date}までに 役場(やくば)に 話(はな)してください。国(くに)（J-LIS）から 手紙(てがみ)は 来(き)ません。'),
  (1, 'en', '{what}: valid until {date}',
   'After this date it no longer works for online procedures or for certificates at convenience stores. Please renew at the village office by {date}. Bring your My Number Card and its PINs. To renew the card itself you also need a photo of your face, and it takes about a month.'),
  (2, 'en', 'Your period of stay and My Number Card end on {date}',
   'Your My Number Card is valid only until your period of stay ends. Extending your stay does not extend the card by itself. Come to the village office by {date} with your new residence card, your My Number Card and its PIN. After this date the card must be issued again (1,000 yen). If your extension is still being decided, please also talk to us by {date}. You will get no notice of this date from J-LIS.'),
  (1, 'zh-Hans', '{what}的有效期至{date}',
   '过期后将无法用于网上手续，也无法在便利店领取证明。请在{date}之前，携带个人编号卡并确认密码，到村公所窗口办理更新。更新卡片本身还需要一张面部照片，约需一个月时间。'),
  (2, 'zh-Hans', '您的在留期限和个人编号卡将于{date}到期',
   '个人编号卡的有效期与在留期限相同。即使在留期限获得延长，卡片也不会自动延期。请在{date}之前，携带新的在留卡、个人编号卡并确认密码，到村公所办理。逾期需要重新办卡（1,000日元）。正在等待在留期限更新结果的人，也请在{date}之前来咨询。国家（J-LIS）不会就此日期另行通知。'),
  (1, 'vi', '{what} có hiệu lực đến {date}',
   'Sau ngày này, bạn không thể dùng để làm thủ tục trực tuyến hoặc lấy giấy chứng nhận ở cửa hàng tiện lợi. Hãy đến văn phòng làng để gia hạn trước hoặc trong ngày {date}. Mang theo thẻ My Number và nhớ mã PIN. Nếu đổi thẻ mới, bạn cần thêm ảnh chân dung và phải chờ khoảng một tháng.'),
  (2, 'vi', 'Thời hạn lưu trú và thẻ My Number của bạn hết hạn ngày {date}',
   'Thẻ My Number chỉ có hiệu lực đến hết thời hạn lưu trú. Khi gia hạn lưu trú, thẻ không tự động được gia hạn. Hãy đến văn phòng làng trước hoặc trong ngày {date}, mang theo thẻ lưu trú mới, thẻ My Number và nhớ mã PIN. Sau ngày này phải làm lại thẻ (1.000 yên). Nếu bạn đang chờ kết quả gia hạn lưu trú, cũng hãy hỏi văn phòng làng trước hoặc trong ngày {date}. J-LIS không gửi thông báo về ngày này.'),
  (1, 'id', '{what} berlaku sampai {date}',
   'Setelah tanggal ini, tidak bisa dipakai untuk prosedur online atau mengambil surat keterangan di minimarket. Perbaruilah di kantor desa paling lambat {date}. Bawalah Kartu My Number dan ingat PIN-nya. Untuk memperbarui kartunya sendiri, diperlukan juga foto wajah dan waktu sekitar satu bulan.'),
  (2, 'id', 'Masa izin tinggal dan Kartu My Number Anda berakhir {date}',
   'Kartu My Number hanya berlaku sampai masa izin tinggal berakhir. Walaupun izin tinggal diperpanjang, kartu tidak otomatis diperpanjang. Datanglah ke kantor desa paling lambat {date} dengan membawa kartu izin tinggal (zairyu card) yang baru, Kartu My Number, dan ingat PIN-nya. Setelah tanggal itu kartu harus dibuat ulang (1.000 yen). Jika perpanjangan izin tinggal Anda masih diproses, konsultasikan juga paling lambat {date}. J-LIS tidak mengirim pemberitahuan tentang tanggal ini.'),
  (1, 'fil', '{what}: may bisa hanggang {date}',
   'Pagkatapos ng petsang ito, hindi na ito magagamit sa online na proseso o sa pagkuha ng sertipiko sa convenience store. Mag-renew sa tanggapan ng nayon hanggang {date}. Dalhin ang My Number Card at tandaan ang PIN. Kung ang card mismo ang ire-renew, kailangan din ng larawan ng mukha at mga isang buwan ang aabutin.'),
  (2, 'fil', 'Matatapos sa {date} ang iyong period of stay at My Number Card',
   'May bisa lamang ang My Number Card hanggang sa katapusan ng period of stay. Kahit ma-extend ang iyong stay, hindi awtomatikong mae-extend ang card. Pumunta sa tanggapan ng nayon hanggang {date} at dalhin ang bagong residence card, ang My Number Card, at tandaan ang PIN. Pagkatapos ng petsang ito, kailangang magpagawa ng bagong card (1,000 yen). Kung hinihintay mo pa ang resulta ng extension, kumonsulta rin hanggang {date}. Walang abiso mula sa J-LIS tungkol sa petsang ito.'),
  (1, 'pt', '{what}: válido até {date}',
   'Depois dessa data, não poderá ser usado em procedimentos on-line nem para obter certidões em lojas de conveniência. Renove na prefeitura até {date}. Traga o cartão My Number e lembre-se das senhas. Para renovar o próprio cartão, também é preciso uma foto do rosto, e leva cerca de um mês.'),
  (2, 'pt', 'Seu período de permanência e seu cartão My Number terminam em {date}',
   'O cartão My Number só vale até o fim do período de permanência. Mesmo que a permanência seja prorrogada, o cartão não é prorrogado automaticamente. Venha à prefeitura até {date} com o novo cartão de residência (zairyu card), o cartão My Number e a senha. Depois dessa data, o cartão precisa ser emitido de novo (1.000 ienes). Se o pedido de prorrogação ainda estiver em análise, consulte-nos também até {date}. O J-LIS não envia aviso sobre essa data.'),
  (1, 'ko', '{what} 유효기간은 {date}까지입니다',
   '기한이 지나면 온라인 절차나 편의점에서의 증명서 발급에 사용할 수 없습니다. {date}까지 마이넘버카드를 가지고, 비밀번호를 확인한 뒤 관청(役場) 창구에서 갱신해 주십시오. 카드 자체를 갱신할 때는 얼굴 사진이 필요하며 약 한 달이 걸립니다.'),
  (2, 'ko', '체류 기간과 마이넘버카드가 {date}에 만료됩니다',
   '마이넘버카드는 체류 기간 만료일까지만 사용할 수 있습니다. 체류 기간을 연장해도 카드는 자동으로 연장되지 않습니다. {date}까지 새 재류카드와 마이넘버카드를 가지고, 비밀번호를 확인한 뒤 관청(役場)로 오십시오. 기한이 지나면 카드를 재발급받아야 합니다(1,000엔). 체류 기간 연장을 신청하고 기다리는 분도 {date}까지 상담해 주십시오. 이 날짜에 대해 J-LIS에서는 알림이 오지 않습니다.'))
  AS t(level, language, title, body);

CREATE FUNCTION passport.ladder(
  card_until date, authentication_until date, signature_until date, stay_until date,
  months_before int[], days_before int[], opens_window boolean[], from_date date)
  RETURNS TABLE (due_on date, what text, expires_on date, step int, reason text)
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_ladder';
COMMENT ON FUNCTION passport.ladder(date, date, date, date, int[], int[], boolean[], date) IS
'Reminders due from a day on, if nothing changes. The dates are last days, NULL where there is none; the arrays say for each step how many months and days before its date it lies, and whether on the day after. The end of the stay ends everything; the dates are taken one after the other, each until it has passed; of the steps to a date that have passed already only the last one is due, at once. what: stay, card, authentication or signature; step: place in the arrays; reason: codes, which date comes first, and no_jlis_notice for people with a period of stay (J-LIS writes to none of them).';

CREATE FUNCTION passport.ladder_steps(
  on_date date, has_stay boolean,
  OUT steps text[], OUT months int[], OUT days int[], OUT opens boolean[]) RETURNS record
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(array_agg(s.step ORDER BY s.step), '{}'),
         coalesce(array_agg(s.months_before ORDER BY s.step), '{}'),
         coalesce(array_agg(s.days_before ORDER BY s.step), '{}'),
         coalesce(array_agg(s.opens_window ORDER BY s.step), '{}')
    FROM (SELECT DISTINCT ON (l.step) l.*
            FROM passport.ladder_step AS l WHERE l.holds_from <= on_date
           ORDER BY l.step, l.holds_from DESC) AS s
   WHERE s.who IN ('everyone', CASE WHEN has_stay THEN 'period_of_stay' ELSE 'others' END);
END;
COMMENT ON FUNCTION passport.ladder_steps(date, boolean) IS
'Steps of the ladder that hold on a day for people with a period of stay, or for the others, as arrays for ladder().';

CREATE FUNCTION passport.renewal_plan(resident_id bigint)
  RETURNS TABLE (due_on date, what text, expires_on date, step text, language text, reason text)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.due_on, l.what, l.expires_on, s.steps[l.step], c.language, l.reason
    FROM passport.card_in_use AS c
   CROSS JOIN LATERAL passport.ladder_steps(passport.today(), c.has_stay) AS s
   CROSS JOIN LATERAL passport.ladder(c.expires_on, c.authentication_until, c.signature_until, c.stay_until,
                                      s.months, s.days, s.opens, passport.today()) AS l
   WHERE c.resident_id = renewal_plan.resident_id
     AND NOT EXISTS (SELECT FROM passport.renewal_reminder AS m
                      WHERE m.resident_id = c.resident_id AND m.what = l.what
                        AND m.expires_on = l.expires_on AND m.step = s.steps[l.step])
   ORDER BY l.due_on;
END;
COMMENT ON FUNCTION passport.renewal_plan(bigint) IS
'Reminders that a resident will get from today on if nothing is renewed: the day, which of the dates it is about (stay, card, authentication, signature), that date, the step of the ladder, the language, and why (codes: stay_ends_first, card_ends_first, certificates_end_first, signature_certificate_ends_first; no_jlis_notice). Empty without a card, and for those who moved out or died.';

CREATE FUNCTION passport.my_renewal_plan()
  RETURNS TABLE (due_on date, what text, expires_on date, step text, language text, reason text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT * FROM passport.renewal_plan(passport.record_act('my_renewal_plan'));
END $$;
COMMENT ON FUNCTION passport.my_renewal_plan() IS
'renewal_plan() of the resident who acts (authenticate()). Errors: PT401 nobody acts.';

CREATE FUNCTION passport.due_reminders(on_date date)
  RETURNS TABLE (due_on date, what text, expires_on date, step text, language text, reason text, resident_id bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH kind AS MATERIALIZED (
    SELECT h.has_stay, s.*,
           -- beyond this day nothing is due yet; a month has 31 days at most
           on_date + (SELECT coalesce(max(m.months * 31 + m.days), 0)
                        FROM unnest(s.months, s.days) AS m(months, days)) AS horizon
      FROM (VALUES (false), (true)) AS h(has_stay)
     CROSS JOIN LATERAL passport.ladder_steps(on_date, h.has_stay) AS s
  )
  SELECT l.due_on, l.what, l.expires_on, k.steps[l.step], c.language, l.reason, c.resident_id
    FROM passport.card_in_use AS c
    JOIN kind AS k ON k.has_stay = c.has_stay
     AND least(c.expires_on, c.authentication_until, c.signature_until, c.stay_until) <= k.horizon
   CROSS JOIN LATERAL passport.ladder(c.expires_on, c.authentication_until, c.signature_until, c.stay_until,
                                      k.months, k.days, k.opens, on_date) AS l
   WHERE l.due_on = on_date
     AND NOT EXISTS (SELECT FROM passport.renewal_reminder AS m
                      WHERE m.resident_id = c.resident_id AND m.what = l.what
                        AND m.expires_on = l.expires_on AND m.step = k.steps[l.step])
   ORDER BY l.expires_on, l.what, c.resident_id;
END;
COMMENT ON FUNCTION passport.due_reminders(date) IS
'Reminders due on a day and not sent yet, as in renewal_plan(), with the resident. One whose day passed without its being sent is due until the next step, or the date, comes.';

CREATE FUNCTION passport.renewal_texts(what text, expires_on date, languages text[]) RETURNS jsonb
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce((SELECT jsonb_object_agg(o.language, t.texts -> 'en')
                     FROM unnest(languages) AS o(language)), '{}') || t.texts
    FROM (SELECT passport.message_texts('renewal', CASE what WHEN 'stay' THEN 2 ELSE 1 END, passport.today(),
                   jsonb_build_object(
                     'what', jsonb_object_agg(w.language, w.text) FILTER (WHERE w.word = renewal_texts.what),
                     'date', jsonb_object_agg(w.language, to_char(expires_on, w.text)) FILTER (WHERE w.word = 'date')))
                 AS texts
            FROM passport.renewal_word AS w) AS t;
END;
COMMENT ON FUNCTION passport.renewal_texts(text, date, text[]) IS
'Texts of a reminder for notify(), in every language that we tell residents in; languages: others that the recipients speak, which get the English text.';

CREATE FUNCTION passport.send_due_reminders(on_date date DEFAULT passport.today()) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  batch record;
  sent bigint;
  reminders int := 0;
BEGIN
  IF on_date IS NULL OR on_date > passport.today() THEN
    PERFORM passport.refuse('/on_date', 'in_future', 'Nobody is reminded ahead of time.');
  END IF;
  -- two runs at a time would both find the same reminders due
  LOCK TABLE passport.renewal_reminder IN SHARE ROW EXCLUSIVE MODE;
  FOR batch IN
    SELECT d.what, d.expires_on, d.step, array_agg(d.resident_id) AS residents,
           array_agg(DISTINCT r.language) AS languages
      FROM passport.due_reminders(on_date) AS d JOIN passport.resident AS r USING (resident_id)
     WHERE d.expires_on >= passport.today()
     GROUP BY d.what, d.expires_on, d.step
     ORDER BY d.expires_on, d.what, d.step
  LOOP
    SELECT n.notification_id INTO sent
      FROM passport.notify(
        batch.residents, 'renewal', 'personal',
        passport.renewal_texts(batch.what, batch.expires_on, batch.languages),
        jsonb_build_object('what', batch.what, 'step', batch.step, 'expires_on', batch.expires_on::text),
        -- a week late it would only confuse: the next step comes
        least(passport.now() + interval '7 days',
              (batch.expires_on + 1)::timestamp AT TIME ZONE current_setting('passport.timezone')),
        'renewal') AS n;
    INSERT INTO passport.renewal_reminder (resident_id, what, expires_on, step, sent_at, notification_id)
    SELECT r.resident_id, batch.what, batch.expires_on, batch.step, passport.now(), sent
      FROM unnest(batch.residents) AS r(resident_id);
    reminders := reminders + cardinality(batch.residents);
  END LOOP;
  RETURN reminders;
END $$;
COMMENT ON FUNCTION passport.send_due_reminders(date) IS
'Sends the reminders that are due on a day (default today) through notify(), lane personal, kind renewal, data {"what", "step", "expires_on"}: each (resident, what, date, step) once, ever. Returns how many residents were reminded. Languages: the device''s, else the resident''s, else English, else Japanese. Errors: PT422 for a day to come.';
