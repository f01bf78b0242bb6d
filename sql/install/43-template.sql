-- Message texts in the residents' languages, and the words of the alert levels

CREATE TABLE passport.message_language (
  language text PRIMARY KEY CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z]{2,8})?$'),
  tag text NOT NULL,              -- BCP 47, as CAP and HTML want it
  name text NOT NULL,
  place int NOT NULL UNIQUE,      -- order in which languages are listed
  fallback text[] NOT NULL,       -- whose texts to take where this one has none
  also text[] NOT NULL DEFAULT '{}',  -- other tags that mean it
  drill_title text NOT NULL,
  drill_note text NOT NULL,
  update_title text NOT NULL,     -- before the title of what changes an alert
  safe_place text NOT NULL,       -- says {shelter} where no shelter is known
  list_separator text NOT NULL,
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.message_language IS
'Languages in which residents are told, where each one falls back to, and how it says that something is a drill.';

INSERT INTO passport.message_language
       (language, tag, name, place, fallback, drill_title, drill_note, update_title, safe_place, list_separator, shipped)
VALUES ('ja', 'ja', '日本語', 1, '{ja-easy,en}', '【訓練】',
        'これは訓練です。', '【更新】', '高くて安全な場所', '、', true),
       ('ja-easy', 'ja-x-easy', 'やさしい日本語', 2, '{ja,en}', '【訓練】(れんしゅう)',
        'これは 訓練(れんしゅう)です。本当(ほんとう)では ありません。', '【変(か)わりました】', '高(たか)くて 安全(あんぜん)な ところ', '、', true),
       ('en', 'en', 'English', 3, '{ja-easy,ja}', '【訓練】DRILL:',
        'This is only a drill.', 'UPDATE:', 'a high, safe place', ', ', true),
       ('zh-Hans', 'zh-Hans', '简体中文', 4, '{en,ja-easy,ja}', '【訓練】演习:',
        '这是演习，不是真实灾害。', '【更新】', '地势高的安全地点', '、', true),
       ('vi', 'vi', 'Tiếng Việt', 5, '{en,ja-easy,ja}', '【訓練】DIỄN TẬP:',
        'Đây chỉ là diễn tập.', 'CẬP NHẬT:', 'một nơi cao và an toàn', ', ', true),
       ('id', 'id', 'Bahasa Indonesia', 6, '{en,ja-easy,ja}', '【訓練】LATIHAN:',
        'Ini hanya latihan.', 'PEMBARUAN:', 'tempat tinggi yang aman', ', ', true),
       ('fil', 'fil', 'Filipino', 7, '{en,ja-easy,ja}', '【訓練】PAGSASANAY:',
        'Pagsasanay lamang ito.', 'BINAGO:', 'isang mataas at ligtas na lugar', ', ', true),
       ('pt', 'pt', 'Português', 8, '{en,ja-easy,ja}', '【訓練】SIMULADO:',
        'Isto é apenas um simulado.', 'ATUALIZAÇÃO:', 'um lugar alto e seguro', ', ', true),
       ('ko', 'ko', '한국어', 9, '{en,ja-easy,ja}', '【訓練】훈련:',
        '이것은 훈련입니다.', '[갱신]', '높고 안전한 곳', ', ', true);

UPDATE passport.message_language SET also = '{tl}' WHERE language = 'fil';
UPDATE passport.message_language SET also = '{in}' WHERE language = 'id';

CREATE TABLE passport.alert_level (
  hazard text NOT NULL CHECK (hazard ~ '^[a-z_]{1,30}$'),
  level int NOT NULL CHECK (level BETWEEN 1 AND 5),
  holds_from date NOT NULL,
  bulletin text NOT NULL,         -- what the Meteorological Agency issues
  bulletin_en text NOT NULL,
  action text NOT NULL,           -- what the municipality orders (3-5), or what to do
  action_en text NOT NULL,
  colour text NOT NULL CHECK (colour ~ '^#[0-9A-F]{6}$'),
  ink text NOT NULL CHECK (ink ~ '^#[0-9A-F]{6}$'),   -- legible on the colour
  category text NOT NULL,         -- the five words of CAP 1.2
  urgency text NOT NULL,
  severity text NOT NULL,
  certainty text NOT NULL,
  response text NOT NULL,
  valid interval NOT NULL CHECK (valid > interval '0'),  -- how long it holds and an undelivered message is still worth sending
  ends_itself boolean NOT NULL,   -- after that; an order holds until it is lifted
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (hazard, level, holds_from)
);
COMMENT ON TABLE passport.alert_level IS
'Words, colours and CAP terms of the alert levels by hazard, each from the date on which it holds. Municipal orders: Cabinet Office guideline of 2021-05-20; bulletins: Meteorological Agency, new names since 2026-05-28; colours: Cabinet Office, 2020-05-29.';

INSERT INTO passport.alert_level
       (hazard, level, holds_from, bulletin, bulletin_en, action, action_en, colour, ink,
        category, urgency, severity, certainty, response, valid, ends_itself, shipped)
SELECT 'flood', l.level, w.holds_from, w.bulletin, w.bulletin_en, l.action, l.action_en, l.colour, l.ink,
       'Met', l.urgency, l.severity, l.certainty, l.response, l.valid, l.level <= 2, true
  FROM (VALUES
        (5, '緊急安全確保', 'Emergency Safety Measures', '#0C000C', '#FFFFFF',
         'Immediate', 'Extreme', 'Observed', 'Shelter', interval '6 hours'),
        (4, '避難指示', 'Evacuation Order', '#AA00AA', '#FFFFFF',
         'Immediate', 'Severe', 'Likely', 'Evacuate', interval '6 hours'),
        (3, '高齢者等避難', 'Evacuation of the Elderly and Others', '#FF2800', '#FFFFFF',
         'Expected', 'Moderate', 'Likely', 'Evacuate', interval '6 hours'),
        (2, '避難行動の確認', 'Check How to Evacuate', '#F2E700', '#000000',
         'Future', 'Minor', 'Possible', 'Prepare', interval '12 hours'),
        (1, '心構えを高める', 'Be Prepared', '#FFFFFF', '#000000',
         'Future', 'Minor', 'Possible', 'Monitor', interval '24 hours'))
       AS l(level, action, action_en, colour, ink, urgency, severity, certainty, response, valid)
  JOIN (VALUES
        (5, date '2021-05-20', '氾濫発生情報', 'Flood Occurrence Information'),
        (4, date '2021-05-20', '氾濫危険情報', 'Flood Danger Information'),
        (3, date '2021-05-20', '氾濫警戒情報', 'Flood Warning Information'),
        (2, date '2021-05-20', '氾濫注意情報', 'Flood Advisory Information'),
        (1, date '2021-05-20', '早期注意情報', 'Early Warning Information'),
        (5, date '2026-05-28', 'レベル5氾濫特別警報', 'Level 5 Flood Emergency Warning'),
        (4, date '2026-05-28', 'レベル4氾濫危険警報', 'Level 4 Flood Danger Warning'),
        (3, date '2026-05-28', 'レベル3氾濫警報', 'Level 3 Flood Warning'),
        (2, date '2026-05-28', 'レベル2氾濫注意報', 'Level 2 Flood Advisory'),
        (1, date '2026-05-28', '早期注意情報', 'Early Warning Information'))
       AS w(level, holds_from, bulletin, bulletin_en) USING (level);

CREATE FUNCTION passport.alert_words(hazard text, level int, at date)
  RETURNS passport.alert_level
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l FROM passport.alert_level AS l
   WHERE l.hazard = alert_words.hazard AND l.level = alert_words.level AND l.holds_from <= at
   ORDER BY l.holds_from DESC LIMIT 1;
END;
COMMENT ON FUNCTION passport.alert_words(text, int, date) IS
'Row of passport.alert_level that holds for a hazard and level (1-5) on a date; NULL when there is none.';

CREATE TABLE passport.message_template (
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
  level int NOT NULL CHECK (level BETWEEN 0 AND 5),     -- 0: any level
  language text NOT NULL REFERENCES passport.message_language,
  holds_from date NOT NULL,
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 120),
  body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 800),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (kind, level, language, holds_from)
);
COMMENT ON TABLE passport.message_template IS
'Message texts by kind, level, language and the date from which they hold, with {placeholders}. To change a shipped text, add one with a later date.';

INSERT INTO passport.message_template (kind, level, language, holds_from, title, body, shipped)
SELECT kind, level, language, date '2021-05-20', title, body, true
  FROM (VALUES
  ('flood', 5, 'ja', '警戒レベル5 緊急安全確保（{area}）',
   '命の危険が迫っています。川の水があふれているおそれがあります。直ちに身の安全を確保してください。避難所への移動が危険なときは、建物の上の階など、少しでも高く、川から離れた所へ移ってください。'),
  ('flood', 4, 'ja', '警戒レベル4 避難指示（{area}）',
   '川の水があふれるおそれが高まっています。{area}の危険な場所にいる人は、全員、今すぐ避難してください。避難先：{shelter}。川や用水路に近づかないでください。外へ出るのが危険なときは、建物の高い所へ移ってください。'),
  ('flood', 3, 'ja', '警戒レベル3 高齢者等避難（{area}）',
   '高齢の人、障害のある人、小さな子どものいる人など、避難に時間がかかる人は、今すぐ危険な場所から避難してください。避難先：{shelter}。ほかの人も避難の準備をし、危険を感じたら避難してください。'),
  ('flood', 2, 'ja', '警戒レベル2 川の増水に注意（{area}）',
   '川の水が増えています。避難する場所と道を確かめ、持ち物を準備してください。避難先：{shelter}。川や用水路を見に行かないでください。'),
  ('flood', 5, 'ja-easy', '警戒(けいかい)レベル5 命(いのち)が あぶない（{area}）',
   '川(かわ)の 水(みず)が あふれて いるかも しれません。命(いのち)が あぶないです。すぐに 安全(あんぜん)な ところへ 行(い)ってください。外(そと)が あぶない ときは、建物(たてもの)の 上(うえ)の 階(かい)へ 行(い)ってください。'),
  ('flood', 4, 'ja-easy', '警戒(けいかい)レベル4 全員(ぜんいん) 逃(に)げて（{area}）',
   '川(かわ)の 水(みず)が あふれるかも しれません。{area}に いる人(ひと)は、全員(ぜんいん) 今(いま)すぐ 逃(に)げてください。逃(に)げる ところ：{shelter}。川(かわ)に 近(ちか)づかないで ください。外(そと)が あぶない ときは、建物(たてもの)の 高(たか)い ところへ 行(い)ってください。'),
  ('flood', 3, 'ja-easy', '警戒(けいかい)レベル3 お年寄(としよ)りは 逃(に)げて（{area}）',
   'お年寄(としよ)り、体(からだ)の 不自由(ふじゆう)な人(ひと)、小(ちい)さい 子(こ)どもが いる人(ひと)は、今(いま)すぐ 逃(に)げてください。逃(に)げる ところ：{shelter}。ほかの 人(ひと)は、逃(に)げる 準備(じゅんび)を してください。あぶないと 思(おも)ったら 逃(に)げてください。'),
  ('flood', 2, 'ja-easy', '警戒(けいかい)レベル2 川(かわ)に 注意(ちゅうい)（{area}）',
   '川(かわ)の 水(みず)が 増(ふ)えて います。逃(に)げる ところと 道(みち)を 確(たし)かめて ください。逃(に)げる ところ：{shelter}。川(かわ)を 見(み)に 行(い)かないで ください。'),
  ('flood', 5, 'en', 'Alert Level 5: Emergency Safety Measures ({area})',
   'Your life is in danger. The river may already be flooding. Protect yourself now. If it is not safe to go outside, move to an upper floor or the highest place you can reach, away from the river.'),
  ('flood', 4, 'en', 'Alert Level 4: Evacuation Order ({area})',
   'The river may flood soon. Everyone in dangerous places in {area}: evacuate now. Go to: {shelter}. Stay away from rivers and canals. If it is not safe to go outside, move to a high place in the building.'),
  ('flood', 3, 'en', 'Alert Level 3: Evacuation of the Elderly and Others ({area})',
   'Older people, people with disabilities, families with small children and all who need more time: evacuate dangerous places now. Go to: {shelter}. Everyone else: get ready, and leave if you feel in danger.'),
  ('flood', 2, 'en', 'Alert Level 2: The river is rising ({area})',
   'Check where to evacuate and which way to go, and pack what you need. Evacuation site: {shelter}. Do not go to look at rivers or canals.'),
  ('flood', 5, 'zh-Hans', '警戒级别5 紧急安全确保（{area}）',
   '生命有危险。河水可能已经泛滥。请立即确保自身安全。如果外出有危险，请转移到楼上等尽量高、远离河流的地方。'),
  ('flood', 4, 'zh-Hans', '警戒级别4 避难指示（{area}）',
   '河水很可能泛滥。在{area}危险地点的所有人，请立即避难。避难地点：{shelter}。不要靠近河流和水渠。如果外出有危险，请转移到建筑物的高处。'),
  ('flood', 3, 'zh-Hans', '警戒级别3 高龄者等避难（{area}）',
   '老年人、残障人士、有幼儿的家庭等避难需要时间的人，请立即离开危险地点避难。避难地点：{shelter}。其他人请做好避难准备，感到危险时请避难。'),
  ('flood', 2, 'zh-Hans', '警戒级别2 注意河水上涨（{area}）',
   '河水正在上涨。请确认避难地点和路线，准备好随身物品。避难地点：{shelter}。不要去看河流和水渠。'),
  ('flood', 5, 'vi', 'Mức cảnh giác 5: Khẩn cấp bảo đảm an toàn ({area})',
   'Tính mạng đang gặp nguy hiểm. Nước sông có thể đã tràn bờ. Hãy bảo vệ bản thân ngay. Nếu ra ngoài nguy hiểm, hãy lên tầng trên hoặc nơi cao nhất có thể, tránh xa sông.'),
  ('flood', 4, 'vi', 'Mức cảnh giác 4: Chỉ thị lánh nạn ({area})',
   'Nước sông có thể sắp tràn bờ. Tất cả mọi người ở nơi nguy hiểm tại {area}: hãy lánh nạn ngay. Nơi lánh nạn: {shelter}. Không đến gần sông và kênh. Nếu ra ngoài nguy hiểm, hãy lên chỗ cao trong tòa nhà.'),
  ('flood', 3, 'vi', 'Mức cảnh giác 3: Người cao tuổi và người cần nhiều thời gian hãy lánh nạn ({area})',
   'Người cao tuổi, người khuyết tật, gia đình có trẻ nhỏ và những người cần nhiều thời gian: hãy rời nơi nguy hiểm ngay. Nơi lánh nạn: {shelter}. Những người khác hãy chuẩn bị, và lánh nạn nếu cảm thấy nguy hiểm.'),
  ('flood', 2, 'vi', 'Mức cảnh giác 2: Nước sông đang dâng ({area})',
   'Hãy kiểm tra nơi lánh nạn và đường đi, chuẩn bị đồ mang theo. Nơi lánh nạn: {shelter}. Không đi xem sông hoặc kênh.'),
  ('flood', 5, 'id', 'Level Waspada 5: Tindakan Keselamatan Darurat ({area})',
   'Nyawa Anda terancam. Sungai mungkin sudah meluap. Selamatkan diri sekarang juga. Jika keluar berbahaya, pindahlah ke lantai atas atau tempat setinggi mungkin, jauh dari sungai.'),
  ('flood', 4, 'id', 'Level Waspada 4: Perintah Evakuasi ({area})',
   'Sungai mungkin segera meluap. Semua orang di tempat berbahaya di {area}: mengungsilah sekarang. Pergi ke: {shelter}. Jauhi sungai dan saluran air. Jika keluar berbahaya, pindahlah ke tempat tinggi di dalam gedung.'),
  ('flood', 3, 'id', 'Level Waspada 3: Evakuasi Lansia dan Lainnya ({area})',
   'Lansia, penyandang disabilitas, keluarga dengan anak kecil, dan semua yang perlu waktu lebih lama: tinggalkan tempat berbahaya sekarang. Pergi ke: {shelter}. Yang lain: bersiaplah, dan mengungsilah jika merasa terancam.'),
  ('flood', 2, 'id', 'Level Waspada 2: Air sungai naik ({area})',
   'Periksa tempat dan jalur evakuasi, dan siapkan barang bawaan. Tempat evakuasi: {shelter}. Jangan pergi melihat sungai atau saluran air.'),
  ('flood', 5, 'fil', 'Alert Level 5: Agarang Pagtiyak ng Kaligtasan ({area})',
   'Nasa panganib ang iyong buhay. Maaaring umaapaw na ang ilog. Iligtas agad ang sarili. Kung mapanganib lumabas, lumipat sa itaas na palapag o sa pinakamataas na lugar na kaya mong abutin, malayo sa ilog.'),
  ('flood', 4, 'fil', 'Alert Level 4: Utos na Lumikas ({area})',
   'Maaaring umapaw ang ilog anumang oras. Lahat ng nasa mapanganib na lugar sa {area}: lumikas na ngayon. Pumunta sa: {shelter}. Huwag lumapit sa ilog at kanal. Kung mapanganib lumabas, lumipat sa mataas na bahagi ng gusali.'),
  ('flood', 3, 'fil', 'Alert Level 3: Paglikas ng Matatanda at Iba Pa ({area})',
   'Matatanda, mga may kapansanan, pamilyang may maliliit na bata, at lahat ng nangangailangan ng mas mahabang oras: umalis na sa mapanganib na lugar. Pumunta sa: {shelter}. Ang iba: maghanda, at lumikas kapag nakaramdam ng panganib.'),
  ('flood', 2, 'fil', 'Alert Level 2: Tumataas ang tubig sa ilog ({area})',
   'Alamin kung saan lilikas at saan dadaan, at ihanda ang mga dadalhin. Lugar ng paglikas: {shelter}. Huwag pumunta sa ilog o kanal para tumingin.'),
  ('flood', 5, 'pt', 'Nível de Alerta 5: Medidas Urgentes de Segurança ({area})',
   'Sua vida está em perigo. O rio pode já ter transbordado. Proteja-se agora. Se for perigoso sair, vá para um andar superior ou para o lugar mais alto possível, longe do rio.'),
  ('flood', 4, 'pt', 'Nível de Alerta 4: Ordem de Evacuação ({area})',
   'O rio pode transbordar em breve. Todos que estão em locais perigosos em {area}: evacuem agora. Vá para: {shelter}. Afaste-se de rios e canais. Se for perigoso sair, vá para um lugar alto dentro do prédio.'),
  ('flood', 3, 'pt', 'Nível de Alerta 3: Evacuação de Idosos e Outros ({area})',
   'Idosos, pessoas com deficiência, famílias com crianças pequenas e quem precisa de mais tempo: saiam agora dos locais perigosos. Vá para: {shelter}. Os demais: preparem-se e evacuem se sentirem perigo.'),
  ('flood', 2, 'pt', 'Nível de Alerta 2: O rio está subindo ({area})',
   'Verifique o local e o caminho de evacuação e prepare seus pertences. Local de evacuação: {shelter}. Não vá olhar rios nem canais.'),
  ('flood', 5, 'ko', '경계 레벨 5 긴급 안전 확보 ({area})',
   '생명이 위험합니다. 하천이 이미 범람했을 수 있습니다. 즉시 안전을 확보하십시오. 밖으로 나가는 것이 위험하면 건물 위층 등 강에서 떨어진 가장 높은 곳으로 이동하십시오.'),
  ('flood', 4, 'ko', '경계 레벨 4 피난 지시 ({area})',
   '하천이 범람할 우려가 커지고 있습니다. {area}의 위험한 곳에 있는 사람은 모두 지금 바로 피난하십시오. 피난처: {shelter}. 하천과 수로에 가까이 가지 마십시오. 밖으로 나가는 것이 위험하면 건물의 높은 곳으로 이동하십시오.'),
  ('flood', 3, 'ko', '경계 레벨 3 고령자 등 피난 ({area})',
   '고령자, 장애인, 어린 자녀가 있는 가족 등 피난에 시간이 걸리는 사람은 지금 바로 위험한 곳에서 피난하십시오. 피난처: {shelter}. 다른 사람은 피난을 준비하고, 위험을 느끼면 피난하십시오.'),
  ('flood', 2, 'ko', '경계 레벨 2 하천 수위 상승 주의 ({area})',
   '강물이 불어나고 있습니다. 피난할 곳과 길을 확인하고 가져갈 물건을 준비하십시오. 피난처: {shelter}. 하천이나 수로를 보러 가지 마십시오.'),
  ('mail_code', 0, 'ja', '確認番号 {code}',
   'メールアドレスの確認番号は {code} です。30分以内にアプリに入力してください。心当たりがない場合は、このメールを捨ててください。'),
  ('mail_code', 0, 'ja-easy', '確認(かくにん)の 番号(ばんごう) {code}',
   'メールアドレスを 確認(かくにん)する 番号(ばんごう)は {code} です。30分(ぷん) いないに アプリに 入(い)れてください。知(し)らない ときは、この メールを すててください。'),
  ('mail_code', 0, 'en', 'Confirmation code {code}',
   'The code that confirms your mail address is {code}. Enter it in the app within 30 minutes. If you did not ask for it, ignore this mail.'),
  ('mail_code', 0, 'zh-Hans', '确认码 {code}',
   '您的邮箱确认码是 {code}。请在30分钟内在应用中输入。如果您没有申请，请忽略此邮件。'),
  ('mail_code', 0, 'vi', 'Mã xác nhận {code}',
   'Mã xác nhận địa chỉ email của bạn là {code}. Hãy nhập mã vào ứng dụng trong vòng 30 phút. Nếu bạn không yêu cầu, hãy bỏ qua email này.'),
  ('mail_code', 0, 'id', 'Kode konfirmasi {code}',
   'Kode konfirmasi alamat surel Anda adalah {code}. Masukkan di aplikasi dalam 30 menit. Jika Anda tidak memintanya, abaikan surel ini.'),
  ('mail_code', 0, 'fil', 'Code ng kumpirmasyon {code}',
   'Ang code na nagkukumpirma ng iyong email address ay {code}. Ilagay ito sa app sa loob ng 30 minuto. Kung hindi mo ito hiniling, balewalain ang email na ito.'),
  ('mail_code', 0, 'pt', 'Código de confirmação {code}',
   'O código que confirma seu endereço de e-mail é {code}. Digite-o no aplicativo em até 30 minutos. Se você não o pediu, ignore este e-mail.'),
  ('mail_code', 0, 'ko', '확인 번호 {code}',
   '이메일 주소 확인 번호는 {code}입니다. 30분 안에 앱에 입력하십시오. 요청하지 않았다면 이 메일을 무시하십시오.'),
  ('alert_cancelled', 0, 'ja', '【取消】警戒レベル{level}（{area}）',
   '{sent}にお送りした警戒レベル{level}のお知らせを取り消します。新しいお知らせが届いたときは、それに従ってください。すでに避難した人は、役場の案内を確かめてから戻ってください。'),
  ('alert_cancelled', 0, 'ja-easy', '【取(と)り消(け)し】警戒(けいかい)レベル{level}（{area}）',
   '{sent}の お知(し)らせ（警戒(けいかい)レベル{level}）を 取(と)り消(け)します。もう 有効(ゆうこう)では ありません。逃(に)げた人(ひと)は、役場(やくば)の 案内(あんない)を 確(たし)かめてから 帰(かえ)ってください。新(あたら)しい お知(し)らせが 来(き)たら、それを 見(み)てください。'),
  ('alert_cancelled', 0, 'en', 'CANCELLED: Alert Level {level} ({area})',
   'The Alert Level {level} message of {sent} is cancelled. If a new message arrives, follow it. If you have evacuated, check with the village office before you go back.'),
  ('alert_cancelled', 0, 'zh-Hans', '【取消】警戒级别{level}（{area}）',
   '{sent}发出的警戒级别{level}通知已取消。如果收到新的通知，请按新通知行动。已经避难的人，请先确认村公所的通知再返回。'),
  ('alert_cancelled', 0, 'vi', 'HỦY BỎ: Mức cảnh giác {level} ({area})',
   'Thông báo mức cảnh giác {level} gửi lúc {sent} đã được hủy bỏ. Nếu nhận được thông báo mới, hãy làm theo. Nếu bạn đã lánh nạn, hãy hỏi văn phòng làng trước khi quay về.'),
  ('alert_cancelled', 0, 'id', 'DIBATALKAN: Level Waspada {level} ({area})',
   'Pesan Level Waspada {level} tanggal {sent} dibatalkan. Jika ada pesan baru, ikuti pesan itu. Jika Anda sudah mengungsi, tanyakan ke kantor desa sebelum kembali.'),
  ('alert_cancelled', 0, 'fil', 'KINANSELA: Alert Level {level} ({area})',
   'Kinansela ang mensahe ng Alert Level {level} noong {sent}. Kung may dumating na bagong mensahe, sundin ito. Kung lumikas ka na, magtanong muna sa tanggapan ng nayon bago bumalik.'),
  ('alert_cancelled', 0, 'pt', 'CANCELADO: Nível de Alerta {level} ({area})',
   'A mensagem de Nível de Alerta {level} de {sent} foi cancelada. Se chegar uma nova mensagem, siga-a. Se você evacuou, confirme com a prefeitura antes de voltar.'),
  ('alert_cancelled', 0, 'ko', '[취소] 경계 레벨 {level} ({area})',
   '{sent}에 보낸 경계 레벨 {level} 알림을 취소합니다. 새 알림이 오면 그에 따라 주십시오. 이미 피난한 사람은 관청의 안내를 확인한 뒤 돌아가십시오.'))
  AS t(kind, level, language, title, body);

CREATE FUNCTION passport.refuse(pointer text, code text, words text) RETURNS void
  LANGUAGE plpgsql PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'refused: %', code
    USING ERRCODE = 'PT422',
          DETAIL = jsonb_build_object('pointer', pointer, 'code', code, 'text', words)::text;
END $$;
COMMENT ON FUNCTION passport.refuse(text, text, text) IS
'Raises PT422 with the DETAIL that every refusal of input has: {"pointer": where, "code": rule, "text": sentence}.';

-- A value stands as it is, or differs by language: {"en": "...", "ja": "..."}.
CREATE FUNCTION passport.fill_message(template text, placeholders jsonb, languages text[])
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  filled text := template;
  name text;
  value jsonb;
  word text;
BEGIN
  FOR name, value IN SELECT * FROM jsonb_each(placeholders) LOOP
    CONTINUE WHEN strpos(template, '{' || name || '}') = 0;
    IF jsonb_typeof(value) = 'object' THEN
      SELECT value ->> l.language INTO word
        FROM unnest(languages) WITH ORDINALITY AS l(language, place)
       WHERE value ? l.language ORDER BY l.place LIMIT 1;
    ELSE
      word := value #>> '{}';
    END IF;
    -- a brace in a value could be taken for a placeholder of its own
    IF word IS NULL OR word ~ '[{}]' OR char_length(word) > 300 THEN
      PERFORM passport.refuse('/placeholders/' || name, 'placeholder',
        'A placeholder needs a value of at most 300 characters without braces.');
    END IF;
    filled := replace(filled, '{' || name || '}', word);
  END LOOP;
  name := substring(filled FROM '\{([^{}]*)\}');
  IF name IS NOT NULL THEN
    PERFORM passport.refuse('/placeholders/' || name, 'placeholder',
                            'The text has a placeholder for which no value was given.');
  END IF;
  RETURN filled;
END $$;
COMMENT ON FUNCTION passport.fill_message(text, jsonb, text[]) IS
'Text with its {placeholders} replaced. placeholders: object of strings, or of objects by language, of which the first of languages is taken. Errors: PT422 for a placeholder without value, a value with braces, or one over 300 characters.';

CREATE FUNCTION passport.message_texts(kind text, level int, at date, placeholders jsonb DEFAULT '{}')
  RETURNS jsonb
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  texts jsonb;
BEGIN
  IF placeholders IS NULL OR jsonb_typeof(placeholders) <> 'object' THEN
    PERFORM passport.refuse('/placeholders', 'type', 'Placeholders are an object.');
  END IF;
  WITH held AS (
    SELECT DISTINCT ON (t.language) t.language, t.title, t.body
      FROM passport.message_template AS t
     WHERE t.kind = message_texts.kind AND t.level IN (message_texts.level, 0) AND t.holds_from <= at
     ORDER BY t.language, t.level DESC, t.holds_from DESC
  ), chosen AS (
    SELECT l.language, l.place, f.*, ARRAY[f.source] || s.fallback AS chain
      FROM passport.message_language AS l,
           LATERAL (SELECT c.language AS source, h.title, h.body
                      FROM unnest(ARRAY[l.language] || l.fallback) WITH ORDINALITY AS c(language, place)
                      JOIN held AS h USING (language)
                     ORDER BY c.place LIMIT 1) AS f
      JOIN passport.message_language AS s ON s.language = f.source
  )
  SELECT jsonb_object_agg(c.language, jsonb_build_object(
           'title', passport.fill_message(c.title, placeholders, c.chain),
           'body', passport.fill_message(c.body, placeholders, c.chain)))
    INTO texts
    FROM chosen AS c;
  IF texts IS NULL THEN
    RAISE EXCEPTION 'no message template for % at level %', kind, level USING ERRCODE = 'PT404';
  END IF;
  RETURN texts;
END $$;
COMMENT ON FUNCTION passport.message_texts(text, int, date, jsonb) IS
'Texts of a message as notify() wants them, {"ja": {"title", "body"}, ...}, in every language of passport.message_language: its own template, else the first one of its fallback order; of several the one that holds on the date, and one for the level before one for any level. Errors: PT404 no template, PT422 placeholder missing.';

CREATE FUNCTION passport.complete_texts(texts jsonb) RETURNS jsonb
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key text;
  entry jsonb;
  complete jsonb;
BEGIN
  IF jsonb_typeof(texts) IS DISTINCT FROM 'object' OR NOT texts ? 'ja' THEN
    PERFORM passport.refuse('/texts', 'texts', 'Texts are an object by language, with "ja" at least.');
  END IF;
  FOR key, entry IN SELECT * FROM jsonb_each(texts) LOOP
    IF NOT EXISTS (SELECT FROM passport.message_language AS l WHERE l.language = key) THEN
      PERFORM passport.refuse('/texts', 'language', 'A language of the texts is not one that residents are told in.');
    END IF;
    IF jsonb_typeof(entry -> 'title') IS DISTINCT FROM 'string'
       OR jsonb_typeof(entry -> 'body') IS DISTINCT FROM 'string'
       OR char_length(entry ->> 'title') NOT BETWEEN 1 AND 120
       OR char_length(entry ->> 'body') NOT BETWEEN 1 AND 800 THEN
      PERFORM passport.refuse('/texts/' || key, 'text',
        'A text has a title of 1 to 120 and a body of 1 to 800 characters.');
    END IF;
  END LOOP;
  SELECT jsonb_object_agg(l.language, f.text) INTO complete
    FROM passport.message_language AS l,
         LATERAL (SELECT jsonb_build_object('title', texts #> ARRAY[c.language, 'title'],
                                            'body', texts #> ARRAY[c.language, 'body']) AS text
                    FROM unnest(ARRAY[l.language] || l.fallback) WITH ORDINALITY AS c(language, place)
                   WHERE texts ? c.language ORDER BY c.place LIMIT 1) AS f;
  RETURN complete;
END $$;
COMMENT ON FUNCTION passport.complete_texts(jsonb) IS
'Texts that staff wrote themselves, checked and completed for every language in its fallback order. Errors: PT422 when "ja" is missing, a language unknown, a title over 120 or a body over 800 characters.';

CREATE FUNCTION passport.texts_for(texts jsonb, residents bigint[]) RETURNS jsonb
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET plan_cache_mode = force_custom_plan   -- how to join depends on how many residents there are
  SET jit = off
AS $$
BEGIN
  RETURN (WITH spoken AS (
    SELECT s.language, count(*) AS speakers
      FROM (SELECT r.language
              FROM unnest(residents) AS i(resident_id) JOIN passport.resident AS r USING (resident_id)
            UNION ALL
            SELECT d.language
              FROM unnest(residents) AS i(resident_id) JOIN passport.device AS d USING (resident_id)
             WHERE d.state = 'active' AND d.language IS NOT NULL) AS s
     GROUP BY s.language
    -- a few languages, not a million people, are looked for in the texts
    HAVING NOT texts ? s.language
     -- a message has 50 languages at most; a few strange devices shall not crowd out a whole community
     ORDER BY speakers DESC, s.language LIMIT 30
  )
  SELECT coalesce(jsonb_object_agg(s.language, coalesce(
           (SELECT texts -> l.language FROM passport.message_language AS l
             WHERE texts ? l.language
               AND (s.language = ANY (l.also) OR split_part(l.language, '-', 1) = split_part(s.language, '-', 1))
             ORDER BY l.place LIMIT 1),
           texts -> 'en', texts -> 'ja')), '{}') || texts
    FROM spoken AS s);
END $$;
COMMENT ON FUNCTION passport.texts_for(jsonb, bigint[]) IS
'The texts with an entry for each further language that these residents or their devices speak: that of the same language under another tag (zh-TW: zh-Hans, tl: fil), else English. notify() itself falls back to Japanese, which somebody who set another language may not read.';

CREATE FUNCTION passport.mark_drill(texts jsonb) RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_object_agg(l.language, jsonb_build_object(
           'title', l.drill_title || ' ' || (texts #>> ARRAY[l.language, 'title']),
           'body', l.drill_note || E'\n' || (texts #>> ARRAY[l.language, 'body']) || E'\n' || l.drill_note))
    FROM passport.message_language AS l
   WHERE texts ? l.language;
END;
COMMENT ON FUNCTION passport.mark_drill(jsonb) IS
'The texts with the drill mark of each language before the title and before and after the body. Every drill text goes through it.';

-- That it is a drill comes before all else, also on a screen that cuts titles off.
CREATE FUNCTION passport.mark_update(texts jsonb, mode text) RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_object_agg(l.language, jsonb_build_object(
           'title', CASE mode WHEN 'drill' THEN overlay(t.title PLACING l.drill_title || ' ' || l.update_title FROM 1 FOR length(l.drill_title))
                              ELSE l.update_title || ' ' || t.title END,
           'body', texts #>> ARRAY[l.language, 'body']))
    FROM passport.message_language AS l CROSS JOIN LATERAL (SELECT texts #>> ARRAY[l.language, 'title'] AS title) AS t
   WHERE texts ? l.language;
END;
COMMENT ON FUNCTION passport.mark_update(jsonb, text) IS
'The texts with the word of each language before the title that says that they change what was said; of a drill (mode), whose texts mark_drill() made, behind its mark.';

CREATE FUNCTION passport.join_names(names text[]) RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_object_agg(l.language, array_to_string(names, l.list_separator))
    FROM passport.message_language AS l;
END;
COMMENT ON FUNCTION passport.join_names(text[]) IS
'A list of names as a placeholder: joined as each language joins lists.';
