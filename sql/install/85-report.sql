-- What staff look at: views and functions for sql/reports/*.sql, and the whole as one page

CREATE VIEW passport.report_sensor WITH (security_barrier) AS
  SELECT s.sensor, coalesce(nullif(s.name, ''), s.sensor) AS name, s.state,
         coalesce(n.stage, 0) AS stage, t.name AS stage_name, n.since, n.value, s.unit, n.observed_at,
         q.condition, q.condition = 'silent' AS silent,
         CASE q.condition WHEN 'silent' THEN q.latest_at END AS silent_since,
         f.stage AS next_stage, f.expected_at, f.earliest_at, f.latest_at
    FROM passport.sensor AS s
    JOIN passport.sensor_watch AS q USING (sensor)
    LEFT JOIN passport.sensor_state AS n USING (sensor)
    LEFT JOIN passport.sensor_threshold AS t ON t.sensor = s.sensor AND t.stage = n.stage
    LEFT JOIN LATERAL (SELECT * FROM passport.sensor_forecast(s.sensor) ORDER BY stage LIMIT 1) AS f ON true
   WHERE s.state <> 'retired';
COMMENT ON VIEW passport.report_sensor IS
'Gauges as they stand: stage and since when, last accepted value and its time; how they are heard (condition: see sensor_watch) and since when not; the next stage, if they are rising to it, when, and from when to when (see sensor_forecast).';

CREATE VIEW passport.report_silence WITH (security_barrier) AS
  SELECT q.sensor, coalesce(nullif(s.name, ''), s.sensor) AS name, q.last_heard, q.noticed_at, q.ended_at
    FROM passport.sensor_silence AS q JOIN passport.sensor AS s USING (sensor)
   WHERE q.ended_at IS NULL OR q.ended_at > passport.now() - interval '7 days';
COMMENT ON VIEW passport.report_silence IS
'Silences of gauges, now and of the last seven days: last heard, noticed, heard again.';

CREATE VIEW passport.report_held_reading WITH (security_barrier) AS
  SELECT r.sensor, coalesce(nullif(s.name, ''), s.sensor) AS name, r.observed_at, r.value, s.unit,
         r.verdict, r.reasons, c.stage_if_true AS to_confirm,
         passport.weather_level('{flood,inland_flood,landslide}', r.observed_at) AS weather_level
    FROM passport.reading AS r JOIN passport.sensor AS s USING (sensor)
    LEFT JOIN passport.reading_to_confirm AS c USING (sensor, observed_at)
   WHERE r.verdict <> 'accepted' AND r.observed_at > passport.now() - interval '48 hours';
COMMENT ON VIEW passport.report_held_reading IS
'Readings of the last 48 hours that the gate held back or rejected, with its reasons; to_confirm: the stage that one leads to if a person confirms it (confirm_reading), NULL where nobody is asked; weather_level: the highest level that the weather service gave for water and slopes at that time, by which a person can judge whether the gauge can be right.';

CREATE VIEW passport.report_weather WITH (security_barrier) AS
  SELECT DISTINCT w.hazard, w.level, w.rank, w.name, w.area_name, w.office, w.reported_at, w.valid_until, w.headline
    FROM passport.weather_at(passport.now()) AS w;
COMMENT ON VIEW passport.report_weather IS
'Warnings of the weather service that stand for the municipality. hazard NULL: a code that weather_word does not know.';

CREATE VIEW passport.report_alert WITH (security_barrier) AS
  SELECT a.alert_id, a.operating_area, a.mode, a.state, a.level, w.action, w.action_en, w.colour, w.ink, a.area_names, a.sensor,
         a.drafted_by, a.drafted_at, a.approved_by, a.approved_at, a.expires_at, a.overdue_at, a.cancelled_at, a.ended_at,
         coalesce(a.recipients, a.headcount) AS recipients, a.deliveries, a.unreachable,
         o.delivered, o.failed, o.retired, coalesce(a.deliveries, 0) - o.finished AS waiting,
         h.households, h.answered, h.safe, h.need_help, h.unread
    FROM passport.report_alerts() AS a
   CROSS JOIN LATERAL passport.alert_words(a.hazard, a.level, passport.today()) AS w
   CROSS JOIN LATERAL (
         SELECT count(*) AS finished,
                count(*) FILTER (WHERE t.outcome = 'delivered') AS delivered,
                count(*) FILTER (WHERE t.outcome IN ('failed', 'expired')) AS failed,
                count(*) FILTER (WHERE t.outcome = 'retired') AS retired
           FROM passport.delivery_outcome AS t
          WHERE t.notification_id = a.notification_id
            AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = t.resident_id)) AS o
   CROSS JOIN LATERAL (
         SELECT count(*) AS households, coalesce(sum(t.answered), 0) AS answered,
                coalesce(sum(t.safe), 0) AS safe, coalesce(sum(t.need_help), 0) AS need_help,
                coalesce(sum(t.unread), 0) AS unread
           FROM passport.alert_household AS t WHERE t.alert_id = a.alert_id) AS h;
COMMENT ON VIEW passport.report_alert IS
'Alerts that concern staff now: who did what when, what became of their messages, and what residents answered; protected persons are counted nowhere.';

-- What follows shows persons' data, so it is kept who looked: of those shown,
-- and of nobody else, which is why the number of rows is asked for here and not
-- cut off outside.  Why no nested loops: see call_list().
CREATE FUNCTION passport.report_household(max_rows int DEFAULT 1000)
  RETURNS TABLE (alert_id bigint, household_number text, urgency int, oaza text, members int, answered int, safe int,
                 need_help int, unread int)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off SET jit = off
BEGIN ATOMIC
  WITH shown AS MATERIALIZED (
    SELECT h.*, CASE WHEN h.need_help > 0 THEN 1 WHEN h.needs_help AND h.unread > 0 THEN 2 ELSE 3 END AS urgency
      -- OFFSET 0 has each alert counted by itself, and not all that ever were
      FROM passport.report_alerts() AS a CROSS JOIN LATERAL (
           SELECT h.* FROM passport.alert_household AS h WHERE h.alert_id = a.alert_id OFFSET 0) AS h
     WHERE h.need_help > 0 OR h.unread > 0
     ORDER BY urgency, h.alert_id, h.household_number
     LIMIT least(max_rows, 10000)
  ), member AS MATERIALIZED (
    SELECT t.alert_id, t.household_number, t.resident_id, p.oaza
      FROM shown JOIN passport.alert_recipient AS t USING (alert_id, household_number)
      JOIN passport.resident_place AS p USING (resident_id)
  ), kept AS MATERIALIZED (
    SELECT passport.record_access(array_agg(m.resident_id), 'disaster', 'report_household',
             ARRAY['household_number', 'oaza', 'answer', 'needs_help']) FROM member AS m
  )
  SELECT s.alert_id, s.household_number, s.urgency, min(m.oaza), s.members, s.answered, s.safe, s.need_help, s.unread
    FROM kept, shown AS s JOIN member AS m USING (alert_id, household_number)
   GROUP BY s.alert_id, s.household_number, s.urgency, s.members, s.answered, s.safe, s.need_help, s.unread
   ORDER BY s.urgency, s.alert_id, s.household_number;
END;
COMMENT ON FUNCTION passport.report_household(int) IS
'Households of the alerts that concern staff now that are not known to be well, the most urgent first, at most max_rows (10,000). urgency: 1 somebody asks for help, 2 somebody registered as needing help has not answered, 3 somebody else has not; the rest as in alert_household. Of each member it is kept who looked.';

CREATE FUNCTION passport.report_unanswered(max_rows int DEFAULT 1000)
  RETURNS TABLE (alert_id bigint, resident_id bigint, household_number text, name text, oaza text, address text,
                 needs_help boolean, message text)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off SET jit = off
BEGIN ATOMIC
  WITH shown AS MATERIALIZED (
    SELECT u.* FROM passport.report_alerts() AS a CROSS JOIN LATERAL (
           SELECT u.* FROM passport.alert_unanswered AS u WHERE u.alert_id = a.alert_id OFFSET 0) AS u
     ORDER BY u.needs_help DESC, u.alert_id, u.household_number, u.resident_id
     LIMIT least(max_rows, 10000)
  ), kept AS MATERIALIZED (
    SELECT passport.record_access(array_agg(s.resident_id), 'disaster', 'report_unanswered',
             ARRAY['household_number', 'name', 'oaza', 'address', 'needs_help', 'answer']) FROM shown AS s
  )
  SELECT s.alert_id, s.resident_id, s.household_number, s.name, s.oaza, s.address, s.needs_help, s.message
    FROM kept, shown AS s
   ORDER BY s.needs_help DESC, s.alert_id, s.household_number, s.resident_id;
END;
COMMENT ON FUNCTION passport.report_unanswered(int) IS
'Recipients of the alerts that concern staff now who have not answered, for the call and door lists: those registered as needing help first, at most max_rows (10,000). message: what became of theirs, as in alert_unanswered. Where a protected person lives is not shown. Of each it is kept who looked.';

CREATE FUNCTION passport.report_note(max_rows int DEFAULT 1000)
  RETURNS TABLE (alert_id bigint, answered_at timestamptz, answer text, household_number text, oaza text, note text)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH shown AS MATERIALIZED (
    SELECT t.*, r.household_number, p.oaza
      FROM passport.alert_answer_place AS t
      JOIN passport.resident AS r USING (resident_id)
      JOIN passport.resident_place AS p USING (resident_id)
     WHERE t.note IS NOT NULL AND t.alert_id IN (SELECT a.alert_id FROM passport.report_alerts() AS a)
     ORDER BY t.answered_at DESC, t.resident_id, t.answer_id DESC
     LIMIT least(max_rows, 10000)
  ), kept AS MATERIALIZED (
    SELECT passport.record_access(array_agg(s.resident_id), 'disaster', 'report_note',
             ARRAY['household_number', 'oaza', 'answer', 'note']) FROM shown AS s
  )
  SELECT s.alert_id, s.answered_at, s.answer, s.household_number, s.oaza, s.note
    FROM kept, shown AS s
   ORDER BY s.answered_at DESC, s.resident_id, s.answer_id DESC;
END;
COMMENT ON FUNCTION passport.report_note(int) IS
'What residents wrote with their answers to the alerts that concern staff now, the latest first, at most max_rows (10,000). Of each it is kept who looked.';

CREATE VIEW passport.report_points WITH (security_barrier) AS
  SELECT e.program, coalesce(p.title ->> 'ja', e.program) AS title, e.kind, count(*) AS entries,
         count(DISTINCT e.resident_id) AS residents, sum(e.points) AS points
    FROM passport.point_entry AS e LEFT JOIN passport.program AS p USING (program)
   WHERE e.kind IN ('award', 'spend', 'reversal')
     AND (e.recorded_at AT TIME ZONE current_setting('passport.timezone'))::date = passport.today()
   GROUP BY e.program, p.title, e.kind;
COMMENT ON VIEW passport.report_points IS
'Points booked today, by program and kind (award, spend, reversal).';

CREATE VIEW passport.report_registration WITH (security_barrier) AS
  SELECT count(*) FILTER (WHERE r.state = 'queued') AS queued,
         min(r.created_at) FILTER (WHERE r.state = 'queued') AS oldest,
         count(*) FILTER (WHERE (r.decided_at AT TIME ZONE current_setting('passport.timezone'))::date
                                = passport.today()) AS decided,
         (SELECT count(*) FROM passport.account AS a
           WHERE (a.created_at AT TIME ZONE current_setting('passport.timezone'))::date = passport.today()) AS accounts,
         (SELECT count(*) FROM passport.account) AS accounts_in_all
    FROM passport.registration AS r;
COMMENT ON VIEW passport.report_registration IS
'Registrations that wait for staff and since when, those decided today, accounts made today and in all.';

-- A function, for a view would call due_reminders, which names residents, as the reader.
CREATE FUNCTION passport.report_reminder()
  RETURNS TABLE (what text, step text, sent bigint, due bigint, first_expiry date)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.what, t.step, count(*) FILTER (WHERE t.sent) AS sent, count(*) FILTER (WHERE NOT t.sent) AS due,
         min(t.expires_on) AS first_expiry
    FROM (SELECT m.what, m.step, m.expires_on, true AS sent FROM passport.renewal_reminder AS m
           WHERE (m.sent_at AT TIME ZONE current_setting('passport.timezone'))::date = passport.today()
          UNION ALL
          SELECT d.what, d.step, d.expires_on, false FROM passport.due_reminders(passport.today()) AS d) AS t
   GROUP BY t.what, t.step;
END;
COMMENT ON FUNCTION passport.report_reminder() IS
'Renewal reminders sent today, and due today but not sent yet, by what expires (card, authentication, signature, stay) and step.';

CREATE FUNCTION passport.html_row(VARIADIC cells text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT '<tr>' || string_agg(CASE WHEN char_length(c.cell) > 24 THEN '<td class="long">' ELSE '<td>' END
                              || coalesce(passport.html(c.cell), '') || '</td>', '' ORDER BY c.place) || '</tr>'
    FROM unnest(cells) WITH ORDINALITY AS c(cell, place);
END;
COMMENT ON FUNCTION passport.html_row(text[]) IS
'A row of a table, every cell escaped; only long cells may wrap.';

CREATE FUNCTION passport.html_table(title text, title_en text, heads text[], rows text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat('<section><h2>', passport.html(title), ' <small lang="en">', passport.html(title_en), '</small></h2>',
           CASE WHEN rows IS NULL THEN '<p class="none">ありません <small lang="en">none</small></p>'
                ELSE concat('<div class="wide" tabindex="0" role="region" aria-label="', passport.html(title), '"><table><thead><tr>',
                       (SELECT string_agg('<th scope="col">' || replace(passport.html(h.head), '|', '<br><small lang="en">') || '</small></th>', '' ORDER BY h.place)
                          FROM unnest(heads) WITH ORDINALITY AS h(head, place)),
                       '</tr></thead><tbody>', rows, '</tbody></table></div>') END, '</section>');
END;
COMMENT ON FUNCTION passport.html_table(text, text, text[], text) IS
'A titled table. heads: "Japanese|English"; rows: of html_row(), NULL when there is none.';

CREATE FUNCTION passport.report_figures_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH figure(place, name, name_en, value, tone) AS (
    SELECT 1, '最も高い段階', 'Highest gauge stage', coalesce(max(s.stage), 0)::text,
           CASE WHEN max(s.stage) >= 3 THEN 'bad' ELSE '' END FROM passport.report_sensor AS s
    UNION ALL
    SELECT 2, '止めた値', 'Readings held back', count(*)::text, '' FROM passport.report_held_reading
    UNION ALL
    SELECT 3, '送った人', 'People alerted', coalesce(sum(a.recipients), 0)::text, ''
      FROM passport.report_alert AS a WHERE a.approved_at IS NOT NULL
    UNION ALL
    SELECT 4, '届いた通知', 'Messages delivered', concat(coalesce(sum(a.delivered), 0), ' / ', coalesce(sum(a.deliveries), 0)), ''
      FROM passport.report_alert AS a WHERE a.approved_at IS NOT NULL
    UNION ALL
    SELECT 5, '助けが必要', 'Ask for help', coalesce(sum(a.need_help), 0)::text, CASE WHEN sum(a.need_help) > 0 THEN 'bad' ELSE '' END
      FROM passport.report_alert AS a
    UNION ALL
    SELECT 6, '要支援で未回答', 'Need support, no answer', count(*)::text, CASE WHEN count(*) > 0 THEN 'warn' ELSE '' END
      FROM passport.alert_person AS u
     WHERE u.needs_help AND NOT u.answered AND u.alert_id IN (SELECT a.alert_id FROM passport.report_alerts() AS a)
    UNION ALL
    SELECT 7, '未回答', 'No answer yet', coalesce(sum(a.unread), 0)::text, '' FROM passport.report_alert AS a
    UNION ALL
    SELECT 8, '無事・避難した', 'Safe or evacuated', coalesce(sum(a.safe), 0)::text, 'good' FROM passport.report_alert AS a
  )
  SELECT '<dl class="figures">' || string_agg(format('<div class="%s"><dt>%s <small lang="en">%s</small></dt><dd>%s</dd></div>',
           f.tone, f.name, f.name_en, passport.html(f.value)), '' ORDER BY f.place) || '</dl>'
    FROM figure AS f;
END;
COMMENT ON FUNCTION passport.report_figures_html() IS
'The figures at the top of the report''s page.';

CREATE FUNCTION passport.report_banner_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(format('<p class="banner" style="%s">%s<strong>警戒レベル%s %s</strong> %s <span>%s</span><small lang="en">Level %s %s%s</small></p>',
           CASE a.state WHEN 'approved' THEN format('background:%s;color:%s', a.colour, a.ink)
                        ELSE format('background:var(--paper);border:3px dashed %s', a.colour) END,
           CASE WHEN a.mode = 'drill' THEN '【訓練 DRILL】' ELSE '' END,
           a.level, passport.html(a.action), passport.html(array_to_string(a.area_names, '、')),
           CASE a.state WHEN 'approved' THEN passport.local_time(a.approved_at, 'FMMM"月"FMDD"日" HH24:MI') || ' 発令'
                        WHEN 'draft' THEN '承認待ち'
                        WHEN 'ended' THEN passport.local_time(a.ended_at, 'FMMM"月"FMDD"日" HH24:MI') || ' 終了'
                        ELSE passport.local_time(a.cancelled_at, 'FMMM"月"FMDD"日" HH24:MI') || ' 取消' END,
           a.level, passport.html(a.action_en),
           CASE a.state WHEN 'approved' THEN '' WHEN 'draft' THEN ', waiting for approval' ELSE ', ' || a.state END),
         '' ORDER BY a.state = 'approved' DESC, a.level DESC, a.alert_id DESC)
    FROM passport.report_alert AS a;
END;
COMMENT ON FUNCTION passport.report_banner_html() IS
'A line for each alert that concerns staff now, in its level''s colour.';

CREATE FUNCTION passport.alarm_banner_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    (SELECT string_agg(format('<p class="note" role="alert"><strong>警報 %s%s は一人で送られました。</strong> 別の人の確認を待っています。送った人：%s。理由：%s <small lang="en">Alert %s was sent by one person alone and waits for the review of another.</small></p>',
                              g.alert_id, CASE WHEN g.message_no > 1 THEN ' の更新 ' || g.message_no ELSE '' END, passport.html(g.sent_by), passport.html(g.reason),
                              g.alert_id), '' ORDER BY g.alert_id, g.message_no)
       FROM passport.break_glass_unreviewed AS g),
    (SELECT string_agg(format('<p class="note" role="alert"><strong>警報 %s の期限が過ぎました。</strong> 発令は続いています。更新するか、解除してください。 <small lang="en">Alert %s is past its time and still in force: update or end it.</small></p>',
                              a.alert_id, a.alert_id), '' ORDER BY a.alert_id)
       FROM passport.report_alert AS a WHERE a.state = 'approved' AND a.expires_at <= passport.now()),
    (SELECT format('<p class="note" role="alert"><strong>送信を待つ通知 %s 件を止めています。</strong> データベースが移されたか複製されたためです。元の場所で送られたかを確かめてください。 <small lang="en">%s messages that wait are held: the database was restored or copied. Find out whether they were sent where it was.</small></p>',
                   sum(h.waiting), sum(h.waiting)) FROM passport.outbox_held AS h HAVING count(*) > 0));
END;
COMMENT ON FUNCTION passport.alarm_banner_html() IS
'What the report says that waits for somebody: alerts sent by one person alone and not reviewed, or past their time and still in force, and messages that are held because the database was moved (release_outbox).';

CREATE FUNCTION passport.report_map_html() RETURNS text
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat('<section><h2>地図 <small lang="en">Map</small></h2><div class="wide" tabindex="0" role="region" aria-label="地図 Map">', passport.report_map_svg(), '</div>',
           '<ul class="legend">',
           (SELECT string_agg(format('<li><svg viewBox="-10 -10 20 20" aria-hidden="true"><use href="#%s" x="-%s" y="-%s" width="%s" height="%s"/></svg>%s <small lang="en">%s</small></li>',
                                     l.symbol, l.size / 2, l.size / 2, l.size, l.size, l.name, l.name_en), '' ORDER BY l.place)
              FROM (VALUES (1, 'need_help', 20, '助けが必要', 'needs help'), (2, 'damage', 18, '被害を見た', 'damage seen'),
                           (3, 'evacuated', 16, '避難した', 'evacuated'), (4, 'safe', 16, '無事', 'safe'),
                           (5, 'unread_need', 18, '要支援・未回答', 'needs support, no answer'), (6, 'unread', 16, '未回答', 'no answer'),
                           (7, 'shelter', 20, '避難場所', 'shelter')) AS l(place, symbol, size, name, name_en)),
           '<li><span class="key gauge-key">4</span>水位計と段階 <small lang="en">gauge and stage</small></li>',
           '<li><span class="key area-key"></span>対象の区域 <small lang="en">alerted area</small></li>',
           '<li><span class="key area-key draft"></span>承認待ち <small lang="en">waiting for approval</small></li>',
           '<li><span class="key area-key ended"></span>終了・取消（24時間以内） <small lang="en">ended or cancelled within a day</small></li>',
           '<li><span class="key zone-key"></span>浸水の区域 <small lang="en">flood zone</small></li></ul>',
           '<p class="fine">記号は、回答した場所、場所の回答がなければ住所にあります。住所を保護されている人は描きません。 <small lang="en">Symbols stand where the answer was given, else at home. People whose address is protected are not drawn.</small></p>',
           '<p class="note" role="note">' || passport.html(n.note ->> 'ja') || ' <small lang="en">' || passport.html(n.note ->> 'en') || '</small></p>',
           (SELECT '<details open="open"><summary>地図の避難場所 <small lang="en">Shelters on the map</small></summary><ol class="shelters">'
                   || string_agg('<li value="' || s.number || '">' || passport.html(s.name) || '</li>', '' ORDER BY s.number) || '</ol></details>'
              FROM passport.report_shelters(passport.report_frame()) AS s HAVING count(*) > 0),
           '</section>')
    FROM (SELECT passport.drawing_note() AS note) AS n;
END;
COMMENT ON FUNCTION passport.report_map_html() IS
'The report''s map with its legend, the note on the demo''s own drawings, and the shelters by number.';

CREATE FUNCTION passport.report_charts_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT '<section><h2>水位 48時間 <small lang="en">Water level, 48 hours</small></h2>'
         || string_agg(format('<h3>%s <span>%s %s</span></h3><div class="wide" tabindex="0" role="region" aria-label="%s">%s</div>',
                              passport.html(s.name), round(s.value::numeric, 2), passport.html(s.unit), passport.html(s.name), s.chart),
                       '' ORDER BY s.stage DESC, s.sensor)
         || '<p class="fine"><svg viewBox="-11 -11 22 22" aria-hidden="true"><path class="held" d="M-5-5 5 5M-5 5 5-5"/><circle class="held" r="9"/></svg> 止めた値（警報に使わない） <small lang="en">reading held back, alarms nobody</small></p></section>'
    FROM (SELECT r.*, passport.report_chart_svg(r.sensor) AS chart FROM passport.report_sensor AS r
           ORDER BY r.stage DESC, r.sensor LIMIT 4) AS s
   WHERE s.chart IS NOT NULL
  HAVING count(*) > 0;
END;
COMMENT ON FUNCTION passport.report_charts_html() IS
'Charts of the four gauges with the highest stages.';

CREATE FUNCTION passport.report_alert_tables_html() RETURNS text
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    passport.html_table('警報', 'Alerts',
      ARRAY['番号|no.', '警報|alert', '状態|state', '区域|area', '人数|people', '起案|drafted', '承認|approved'],
      (SELECT string_agg(passport.html_row(a.alert_id::text,
                concat(CASE WHEN a.mode = 'drill' THEN '【訓練】' END, 'レベル', a.level, ' ', a.action), passport.alert_state_words(a.state),
                array_to_string(a.area_names, '、'), a.recipients::text,
                concat_ws(' ', a.drafted_by, passport.local_time(a.drafted_at)),
                concat_ws(' ', a.approved_by, passport.local_time(a.approved_at))),
                '' ORDER BY a.alert_id DESC) FROM passport.report_alert AS a)),
    passport.html_table('通知', 'Messages',
      ARRAY['番号|no.', '通知|messages', '届いた|delivered', '失敗|failed', '使われない端末|dead token', '待ち|waiting',
            '端末のない人|people without a device'],
      (SELECT string_agg(passport.html_row(a.alert_id::text, a.deliveries::text, a.delivered::text, a.failed::text,
                a.retired::text, a.waiting::text, a.unreachable::text), '' ORDER BY a.alert_id DESC)
         FROM passport.report_alert AS a WHERE a.approved_at IS NOT NULL)),
    passport.html_table('気にかける世帯', 'Households to look after',
      ARRAY['急ぐ順|urgency', '警報|alert', '世帯|household', '大字|area', '人数|members', '助けが必要|need help', '無事|safe', '未回答|no answer'],
      (SELECT string_agg(passport.html_row(
                (ARRAY['1 助けを求めている', '2 要支援で未回答', '3 未回答'])[h.urgency], h.alert_id::text,
                h.household_number, h.oaza, h.members::text, h.need_help::text, h.safe::text, h.unread::text),
                '' ORDER BY h.urgency, h.alert_id, h.household_number)
         FROM passport.report_household(60) AS h)),
    passport.html_table('住民の言葉', 'What residents wrote',
      ARRAY['時刻|time', '回答|answer', '世帯|household', '大字|area', '言葉|note'],
      (SELECT string_agg(passport.html_row(passport.local_time(n.answered_at, 'HH24:MI'), n.answer, n.household_number, n.oaza, n.note),
                         '' ORDER BY n.answered_at DESC)
         FROM passport.report_note(60) AS n)));
END;
COMMENT ON FUNCTION passport.report_alert_tables_html() IS
'The report''s tables of alerts, of at most 60 households that are not known to be well, and of the last 60 notes. Households by number: a page may be passed on, names stay in the database.';

CREATE FUNCTION passport.report_other_tables_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    passport.html_table('水位計', 'Gauges',
      ARRAY['水位計|gauge', '段階|stage', '段階の始まり|since', '水位|level', '時刻|time', '状態|state', '上がり続ければ|if it goes on rising'],
      (SELECT string_agg(passport.html_row(s.name, concat_ws(' ', s.stage, s.stage_name), passport.local_time(s.since),
                round(s.value::numeric, 2) || ' ' || s.unit, passport.local_time(s.observed_at),
                CASE s.condition WHEN 'maintenance' THEN '保守中 maintenance' WHEN 'resting' THEN '待機 resting'
                                 WHEN 'silent' THEN concat('途絶 silent ', passport.local_time(s.silent_since) || '〜')
                                 WHEN 'doubted' THEN '値を確認中 doubted' ELSE '動作 in service' END,
                CASE WHEN s.next_stage IS NOT NULL THEN
                  format('段階%s %s（%s〜%s）', s.next_stage, passport.local_time(s.expected_at, 'HH24:MI'),
                         passport.local_time(s.earliest_at, 'HH24:MI'), passport.local_time(s.latest_at, 'HH24:MI')) END),
                '' ORDER BY s.stage DESC, s.sensor) FROM passport.report_sensor AS s)),
    passport.html_table('段階で自動に送る警報', 'Alerts sent by stage',
      ARRAY['水位計|gauge', '段階|stage', '始まり|since', '警報|alert', '結果|outcome', '時刻|time'],
      (SELECT string_agg(passport.html_row(t.name, t.stage::text, passport.local_time(t.since), concat_ws(' ', 'レベル' || t.level, t.alert_id),
                CASE t.outcome WHEN 'sent' THEN '送った sent' WHEN 'updated' THEN '更新した updated' WHEN 'in_force' THEN '発令中 in force'
                               WHEN 'too_many' THEN '人が多い、起案だけ drafted only'
                               ELSE concat_ws(' ', '失敗 failed', t.sqlstate, '×' || t.attempt) END, passport.local_time(t.answered_at)),
                '' ORDER BY t.answered_at DESC, t.sensor) FROM passport.report_stage_answer AS t)),
    passport.html_table('気象庁の警報など', 'Warnings of the weather service',
      ARRAY['レベル|level', '種類|warning', '区域|area', '発表|reported', '官署|office'],
      (SELECT string_agg(passport.html_row(w.level::text, w.name, w.area_name, passport.local_time(w.reported_at), w.office),
                         '' ORDER BY w.level DESC NULLS LAST, w.name, w.office)
         FROM passport.report_weather AS w)),
    passport.html_table('止めた値', 'Readings held back',
      ARRAY['時刻|time', '水位計|gauge', '水位|level', '判定|verdict', '理由|reasons', '人の確認|a person should look', 'その時の気象庁のレベル|weather level then'],
      (SELECT string_agg(passport.html_row(passport.local_time(r.observed_at), r.name,
                concat_ws(' ', round(r.value::numeric, 2), r.unit), r.verdict, array_to_string(r.reasons, ', '),
                '段階' || r.to_confirm || ' を確かめてください', r.weather_level::text),
                '' ORDER BY r.observed_at DESC)
         FROM (SELECT * FROM passport.report_held_reading AS h ORDER BY h.observed_at DESC LIMIT 60) AS r)),
    passport.html_table('今日のポイント', 'Points today',
      ARRAY['事業|program', '種類|kind', '件数|entries', '人数|people', 'ポイント|points'],
      (SELECT string_agg(passport.html_row(p.title, p.kind, p.entries::text, p.residents::text, p.points::text),
                         '' ORDER BY p.kind, p.title) FROM passport.report_points AS p)),
    passport.html_table('更新のお知らせ', 'Renewal reminders',
      ARRAY['切れるもの|what expires', '段|step', '今日送った|sent today', 'まだ|still due', '最も早い期限|first expiry'],
      (SELECT string_agg(passport.html_row(m.what, m.step, m.sent::text, m.due::text, m.first_expiry::text),
                         '' ORDER BY m.first_expiry, m.what, m.step) FROM passport.report_reminder() AS m)),
    passport.html_table('登録', 'Registrations',
      ARRAY['職員待ち|waiting for staff', '最も古いもの|oldest', '今日決めた|decided today', '今日の登録|accounts today', '全登録|accounts'],
      (SELECT passport.html_row(r.queued::text, passport.local_time(r.oldest), r.decided::text, r.accounts::text,
                                r.accounts_in_all::text) FROM passport.report_registration AS r)));
END;
COMMENT ON FUNCTION passport.report_other_tables_html() IS
'The report''s tables of gauges, what was sent by stage, held readings, points, reminders and registrations.';

CREATE FUNCTION passport.report_style() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
SELECT '
:root{color-scheme:light dark;--paper:#fff;--page:#f2f4f6;--ink:#16202a;--soft:#56636f;--line:#d3dae0;--land:#f7f5ee;--beyond:#e3e7ea;--border:#8b8476;--water:#2e7fb8;--good:#0a7d4b;--bad:#c8102e;--warn:#9a5b00}
@media(prefers-color-scheme:dark){:root{--paper:#1b232b;--page:#11171d;--ink:#e8edf1;--soft:#a3b0bb;--line:#35414c;--land:#2a3036;--beyond:#171d23;--border:#8f8a80;--water:#63b3ea;--good:#4cc38a;--bad:#ff7a86;--warn:#f0b04a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 "Noto Sans JP","Noto Sans CJK JP","Hiragino Sans","Yu Gothic UI",Meiryo,system-ui,sans-serif}
main,header{max-width:1080px;margin:0 auto;padding:0 16px}
header{padding-top:24px}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:0 0 12px}h3{font-size:1rem;margin:8px 0 4px}h3 span{color:var(--soft);font-weight:400}
small{font-weight:400;color:var(--soft);font-size:.78em}
header p{margin:4px 0 12px;color:var(--soft)}
section{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:16px;margin:16px 0}
.banner{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:baseline;margin:8px 0;padding:10px 16px;border-radius:8px;border:2px solid #fff;outline:1px solid #777;font-size:1.17rem;font-weight:700}
.banner strong{font-size:1.25rem}.banner small{color:inherit;font-size:inherit;font-weight:inherit;margin-left:auto}
.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:10px;margin:16px 0}
.figures div{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:10px 14px;display:flex;flex-direction:column;justify-content:space-between}
dt{font-size:.86rem}dt small{display:block}dd{margin:4px 0 0;font-size:1.7rem;font-weight:600;font-variant-numeric:tabular-nums}
.good dd{color:var(--good)}.bad dd{color:var(--bad)}.warn dd{color:var(--warn)}
svg{max-width:100%}.map,.chart{display:block;width:100%;height:auto;border-radius:6px}
svg text{font-family:inherit;fill:var(--ink)}
.beyond{fill:var(--beyond)}.land{fill:var(--land)}.border{fill:none;stroke:var(--border);stroke-width:1.5;stroke-dasharray:7 3 2 3}
.zone{fill:var(--water);fill-opacity:.22;stroke:var(--water);stroke-width:.8}
.halo{fill:none;stroke:#fff;stroke-width:6;stroke-linejoin:round}
.area{fill-opacity:.1;stroke-width:3;stroke-linejoin:round}.area.draft{stroke-dasharray:8 6}.area.cancelled,.area.ended{fill-opacity:0;stroke-dasharray:2 5}
.oaza{font-size:17px;fill:var(--soft);text-anchor:middle;letter-spacing:.12em;paint-order:stroke;stroke:var(--land);stroke-width:4px}
text.number{font-size:11px;font-weight:700;fill:#fff;text-anchor:middle}
text.stage{font-size:15px;font-weight:700;text-anchor:middle;transform:translateY(5.5px)}
text.words{font-size:15px;font-weight:700;text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
text.gauge{font-size:16px;font-weight:700;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.small{font-size:14px;text-anchor:middle;paint-order:stroke;stroke:var(--land);stroke-width:4px}.bar{fill:none;stroke:var(--ink);stroke-width:2}.north{fill:var(--ink)}
.corner{fill:var(--paper);fill-opacity:.92;stroke:var(--line)}.here{fill:none;stroke:var(--bad);stroke-width:2}
.grid{stroke:var(--line);fill:none;stroke-width:1}.tick{font-size:13px;fill:var(--soft)}.label{font-size:13px}
.threshold,.casing{fill:none;stroke-width:2;stroke-dasharray:9 4}.casing{stroke:var(--soft);stroke-width:3.6;stroke-opacity:.7}.water{fill:none;stroke:var(--water);stroke-width:2.6;stroke-linejoin:round}
.lead{fill:none;stroke:var(--soft)}.held{fill:none;stroke:var(--bad);stroke-width:2.2}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:6px 20px;padding:0;margin:12px 0 4px;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:6px}.legend svg,.fine svg{width:22px;height:22px;vertical-align:middle}
.key{display:inline-block;width:24px;height:16px}.zone-key{background:color-mix(in srgb,var(--water) 24%,transparent);border:1px solid var(--water)}
.area-key{border:3px solid #a0a;outline:1px solid #fff}.area-key.draft{border-style:dashed}.area-key.ended{border-style:dotted}.gauge-key{background:#a0a;color:#fff;border:1px solid #000;border-radius:50%;width:24px;height:24px;text-align:center;line-height:22px;font-weight:700}
.fine{font-size:.85rem;color:var(--soft);margin:6px 0}.note{border-left:4px solid var(--warn);padding:6px 12px;background:color-mix(in srgb,var(--warn) 10%,transparent)}
.shelters{columns:3 220px;margin:8px 0;padding-left:28px;font-size:.92rem}summary{cursor:pointer}
.wide{overflow-x:auto}.wide .chart{min-width:620px}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{font-weight:600}td{font-variant-numeric:tabular-nums}td.long{white-space:normal;overflow-wrap:anywhere;min-width:14em}
.none{color:var(--soft);margin:0}footer{max-width:1080px;margin:0 auto;padding:0 16px 32px;color:var(--soft);font-size:.85rem}
:focus-visible{outline:3px solid var(--water);outline-offset:2px}
@media(max-width:600px){section{padding:12px}.banner small{margin-left:0;width:100%}.wide .map{min-width:680px}.figures{grid-template-columns:1fr 1fr}dd{font-size:1.4rem}}
@media print{body{background:#fff}section{break-inside:avoid}.wide{overflow:visible}}
'
$$;
COMMENT ON FUNCTION passport.report_style() IS
'Style sheet of the report''s page, in light and dark.';

CREATE FUNCTION passport.report_html() RETURNS text
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
BEGIN ATOMIC
  SELECT concat('<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8">',
           '<meta name="viewport" content="width=device-width,initial-scale=1">',
           -- nothing is loaded and nothing runs, whatever a value may hold
           '<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''">',
           '<meta name="robots" content="noindex"><title>', t.name, ' 本日の状況</title><style>', passport.report_style(),
           '</style></head><body><header><h1>', t.name, ' 本日の状況 <small lang="en">Today''s report</small></h1><p>',
           passport.local_time(passport.now(), 'YYYY"年"FMMM"月"FMDD"日" HH24:MI'), ' 現在 ・ 職員用 <small lang="en">for staff</small></p>',
           passport.report_banner_html(), '</header><main>', passport.water_banner_html(), passport.alarm_banner_html(), passport.protection_banner_html(), passport.report_figures_html(), passport.report_map_html(),
           passport.report_charts_html(), passport.report_alert_tables_html(), passport.report_other_tables_html(),
           '</main><footer>Minamimaki Passport ', passport.html((passport.version()).script), '</footer></body></html>')
    FROM (SELECT coalesce((SELECT passport.html(m.name) FROM passport.municipality_area AS m
                            WHERE m.code = current_setting('passport.municipality_code')), '') AS name) AS t;
END;
COMMENT ON FUNCTION passport.report_html() IS
'The staff report as one HTML page without any outside resource or script: alerts, figures, map, charts and tables, in Japanese with English subtitles, light and dark. Every value is escaped. Names of residents are not on it; of those whose household, words or place are, it is kept who looked.';
