-- What an alert came to, for the review afterwards: psql -X -v alert=NUMBER -f sql/reports/after_action.sql DATABASE
\set QUIET on
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null '-'
\pset format wrapped
\pset columns 110
SET search_path = pg_catalog;

\echo == 所要時間 / How long it took ==
SELECT CASE step WHEN 'reading to draft' THEN '水位から起案まで' WHEN 'draft to approval' THEN '起案から承認まで'
                 WHEN 'approval to first delivery' THEN '承認から最初の到達まで' WHEN 'approval to last delivery' THEN '承認から最後の到達まで'
                 WHEN 'approval to first answer' THEN '承認から最初の回答まで' ELSE '承認から世帯の半数の回答まで' END AS "段",
       step AS "step", took AS "時間 took" FROM passport.alert_timing(:alert);

\echo == 決定、区域と人数 / Decisions, area and people ==
SELECT passport.local_time(at) AS "時刻 time", concat_ws(' ', CASE step WHEN 'authority' THEN '権限' WHEN 'draft' THEN '起案' WHEN 'break_glass' THEN '一人で' WHEN 'approval' THEN '承認'
                                                          WHEN 'update' THEN '更新' WHEN 'review' THEN '確認' WHEN 'cancel' THEN '取消' ELSE '解除' END, step) AS "段 step",
       who AS "誰 who", what ->> 'level' AS "レベル",
       lpad(what ->> 'km2', 7) AS "km²", coalesce(what ->> 'recipients', what ->> 'headcount') AS "人数",
       what ->> 'households' AS "世帯", what ->> 'needing_help' AS "要支援", what ->> 'unreachable' AS "端末なし",
       coalesce(what ->> 'reason', what ->> 'remark', what ->> 'outcome') AS "備考 note"
  FROM passport.replay_alert(:alert)
 WHERE step IN ('authority', 'draft', 'break_glass', 'approval', 'update', 'review', 'cancel', 'end');

\echo == 止めた値 / Readings held back ==
SELECT passport.local_time(at) AS "時刻 time", who AS "水位計 gauge", what ->> 'value' AS "値 value",
       what ->> 'verdict' AS "判定 verdict", what ->> 'reasons' AS "理由 reasons"
  FROM passport.replay_alert(:alert) WHERE step = 'reading' AND what ->> 'verdict' <> 'accepted';

\echo == 通知 / Messages ==
SELECT what ->> 'message' AS "通知 message",
       concat_ws(' ', CASE what ->> 'outcome' WHEN 'delivered' THEN '届いた' WHEN 'retired' THEN '端末なし' WHEN 'expired' THEN '期限切れ'
                                       WHEN 'drill' THEN '訓練' WHEN 'withdrawn' THEN '取りやめ' ELSE '失敗' END, what ->> 'outcome') AS "結果 outcome", what ->> 'count' AS "件 count",
       passport.local_time((what ->> 'first_at')::timestamptz, 'MM-DD HH24:MI:SS') AS "最初 first",
       passport.local_time(at, 'MM-DD HH24:MI:SS') AS "最後 last"
  FROM passport.replay_alert(:alert) WHERE step = 'deliveries';

\echo == 回答（誰から） / Answers, and by whom ==
SELECT concat_ws(' ', CASE what ->> 'answer' WHEN 'safe' THEN '無事' WHEN 'evacuated' THEN '避難した' WHEN 'need_help' THEN '助けが必要'
                                       ELSE '被害を見た' END, what ->> 'answer') AS "回答 answer",
       concat_ws(' ', CASE who WHEN 'self' THEN '本人' WHEN 'guardian' THEN '代理人' WHEN 'family' THEN '家族' WHEN 'staff' THEN '職員'
                               ELSE 'カード' END, who) AS "誰から by", sum((what ->> 'count')::int) AS "件 count",
       passport.local_time(min((what ->> 'first_at')::timestamptz)) AS "最初 first", passport.local_time(max(at)) AS "最後 last"
  FROM passport.replay_alert(:alert) WHERE step = 'answers' GROUP BY 1, 2 ORDER BY 1, 2;

\echo == 電話 / Calls ==
SELECT concat_ws(' ', CASE what ->> 'result' WHEN 'reached_safe' THEN '無事' WHEN 'reached_evacuated' THEN '避難した' WHEN 'reached_needs_help' THEN '助けが必要'
                                       WHEN 'message_left' THEN '伝言' WHEN 'no_answer' THEN '応答なし' ELSE '番号違い' END, what ->> 'result') AS "結果 result", sum((what ->> 'count')::int) AS "件 count",
       passport.local_time(min((what ->> 'first_at')::timestamptz)) AS "最初 first", passport.local_time(max(at)) AS "最後 last"
  FROM passport.replay_alert(:alert) WHERE step = 'calls' GROUP BY 1 ORDER BY 1;

\echo == 世帯の安否 / Households in the end ==
SELECT households AS "世帯 households", well AS "全員無事 all safe", need_help AS "助けが必要 need help", partly AS "一部不明 partly",
       unknown AS "不明 unknown", unknown_needing_help AS "要支援で不明"
  FROM passport.alert_rollup WHERE alert_id = :alert AND oaza IS NULL;

\echo == 避難所と質問 / Shelters and questions ==
SELECT passport.local_time(at) AS "時刻 time", who AS "誰 who", CASE what ->> 'event' WHEN 'opened' THEN '開設 opened' WHEN 'asked' THEN '質問 asked' ELSE '終了 closed' END AS "何 what", coalesce(what ->> 'shelter', what ->> 'question') AS "名 name",
       what ->> 'answered' AS "回答 answered"
  FROM passport.replay_alert(:alert) WHERE step IN ('shelter', 'question');

\echo == 見た名簿 / Lists that were read ==
SELECT passport.local_time(at) AS "時刻 time", who AS "誰 who", what ->> 'list' AS "名簿 list", what ->> 'persons' AS "人数 people"
  FROM passport.replay_alert(:alert) WHERE step = 'list';
