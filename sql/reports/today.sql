-- The day for staff, in a terminal: psql -X -f sql/reports/today.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo
\echo == 水位計 / Gauges ==
-- a cell is broken here where it may be: psql would break a time in the middle
SELECT name AS "水位計 gauge", concat_ws(E'\n', concat_ws(' ', stage, stage_name), passport.local_time(since) || ' 〜') AS "段階 stage",
       concat_ws(E'\n', round(value::numeric, 2) || ' ' || unit, passport.local_time(observed_at)) AS "水位 level",
       CASE condition WHEN 'maintenance' THEN '保守中' WHEN 'resting' THEN '待機 resting' WHEN 'doubted' THEN '値を確認中 doubted'
                      WHEN 'silent' THEN concat_ws(E'\n', '途絶 silent', passport.local_time(silent_since) || ' 〜')
                      ELSE '動作 ok' END AS "状態 state",
       CASE WHEN next_stage IS NOT NULL THEN format('段階%s %s〜%s', next_stage, passport.local_time(earliest_at, 'HH24:MI'),
                                                    passport.local_time(latest_at, 'HH24:MI')) END AS "上がり続ければ if it goes on"
  FROM passport.report_sensor ORDER BY stage DESC, sensor;

\echo == 気象庁の警報など / Warnings of the weather service ==
SELECT level AS "レベル level", name AS "種類 warning", area_name AS "区域 area", passport.local_time(reported_at) AS "発表 reported", office AS "官署 office"
  FROM passport.report_weather ORDER BY level DESC NULLS LAST, name, office;

\echo == 止めた値（48時間） / Readings held back (48 hours) ==
SELECT passport.local_time(observed_at) AS "時刻 time", name AS "水位計 gauge",
       round(value::numeric, 2) || ' ' || unit AS "水位 level", verdict AS "判定 verdict",
       array_to_string(reasons, ', ') AS "理由 reasons"
  FROM passport.report_held_reading ORDER BY observed_at DESC LIMIT 20;

\echo == 警報 / Alerts ==
SELECT alert_id AS "番号", CASE mode WHEN 'drill' THEN '【訓練】' ELSE '' END || level || ' ' || action AS "警報 alert",
       state AS "状態", array_to_string(area_names, '、') AS "区域 area",
       drafted_by AS "起案 drafted", approved_by AS "承認 approved", passport.local_time(approved_at) AS "時刻 time"
  FROM passport.report_alert ORDER BY alert_id DESC;

\echo == 確かめる水位計 / Gauges to look at ==
SELECT name AS "水位計 gauge", stage AS "段階 stage", what AS "何を what", passport.local_time(at) AS "時刻 time", detail AS "詳しく detail"
  FROM passport.report_water ORDER BY stage DESC, what, sensor;

\echo == 段階で自動に送る警報 / Alerts sent by stage ==
SELECT name AS "水位計 gauge", stage AS "段階 stage", outcome AS "結果 outcome", sqlstate AS "誤り error", alert_id AS "番号",
       passport.local_time(answered_at) AS "時刻 time"
  FROM passport.report_stage_answer ORDER BY answered_at DESC, sensor;

\echo == 確認や更新を待つ警報 / Alerts that wait for somebody ==
SELECT alert_id AS "番号", '一人で送った：確認を sent alone: review' AS "何を what", sent_by AS "人 who", reason AS "理由 reason"
  FROM passport.break_glass_unreviewed
UNION ALL
SELECT alert_id, '期限が過ぎた：更新か解除を past its time: update or end', approved_by, passport.local_time(expires_at)
  FROM passport.report_alert WHERE state = 'approved' AND expires_at <= passport.now() ORDER BY 1;

\echo == 通知 / Messages ==
SELECT alert_id AS "番号", recipients AS "人数 people", deliveries AS "通知 sent", delivered AS "届いた delivered",
       failed AS "失敗 failed", retired AS "端末なし retired", waiting AS "待ち waiting", unreachable AS "届け先なし none"
  FROM passport.report_alert ORDER BY alert_id DESC;

\echo == 回答 / Answers ==
SELECT alert_id AS "番号", households AS "世帯 households", answered AS "回答 answered", safe AS "無事 safe",
       need_help AS "助け need help", unread AS "未回答 unread"
  FROM passport.report_alert WHERE approved_at IS NOT NULL ORDER BY alert_id DESC;

\echo == 気にかける世帯（急ぐ順、20まで） / Households, most urgent first (20) ==
SELECT alert_id AS "番号", (ARRAY['助けを求めている', '要支援で未回答', '未回答'])[urgency] AS "理由 why",
       household_number AS "世帯 household", oaza AS "大字 area", members AS "人数", need_help AS "助け",
       safe AS "無事", unread AS "未回答"
  FROM passport.report_household(20);

\echo == 未回答の人（要支援が先、20まで） / No answer, those needing support first (20) ==
SELECT alert_id AS "番号", CASE WHEN needs_help THEN '要支援' ELSE '' END AS "支援", name AS "氏名 name",
       household_number AS "世帯 household", oaza AS "大字 area",
       CASE message WHEN 'no_device' THEN '端末なし' WHEN 'failed' THEN '届かず' WHEN 'waiting' THEN '送信待ち'
                    ELSE '届いた' END AS "通知 message"
  FROM passport.report_unanswered(20);

\echo == 住所の保護（支援措置） / Address protection ==
SELECT CASE WHEN proven THEN '確認済み proven' ELSE '未確認 NOT PROVEN' END AS "保護 protection",
       passport.local_time(proven_at) AS "時刻 time", ending AS "期限近い ending", undecided AS "決定待ち undecided",
       asking AS "助け ask for help"
  FROM passport.protection_status;

\echo == 今日のポイント / Points today ==
SELECT title AS "事業 program",
       CASE kind WHEN 'award' THEN '付与 award' WHEN 'spend' THEN '利用 spend' ELSE '取消 reversal' END AS "種類 kind",
       entries AS "件数 entries", residents AS "人数 people", points AS "ポイント points"
  FROM passport.report_points ORDER BY kind, title;

\echo == 更新のお知らせ / Renewal reminders ==
SELECT what AS "切れるもの what expires", step AS "段 step", sent AS "今日送った sent today", due AS "まだ still due",
       first_expiry AS "最も早い期限 first expiry"
  FROM passport.report_reminder() ORDER BY first_expiry, what, step;

\echo == 登録 / Registrations ==
SELECT queued AS "職員待ち waiting", passport.local_time(oldest) AS "最も古いもの oldest", decided AS "今日決めた decided",
       accounts AS "今日の登録 accounts today", accounts_in_all AS "全登録 accounts"
  FROM passport.report_registration;

\echo == 登録を待つ人の候補（古い順、20まで） / Whom waiting registrations could be, oldest first (20) ==
SELECT registration_id AS "番号", place AS "順", resident_number AS "宛名番号 resident", score AS "点 score",
       others AS "ほか others", coalesce(ja, '候補なし nobody') AS "理由 why"
  FROM passport.registration_candidate ORDER BY created_at, registration_id, place LIMIT 20;
