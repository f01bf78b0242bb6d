-- Water that somebody must look at: what the alarms of gauges and stages stand for, until it is over

CREATE VIEW passport.report_water WITH (security_barrier) AS
  SELECT w.what, w.sensor, coalesce(nullif(s.name, ''), s.sensor) AS name, w.stage, w.at, w.detail
    FROM (SELECT 'stage_rise' AS what, n.sensor, n.stage, n.since AS at, NULL AS detail
            FROM passport.sensor_state AS n
           WHERE n.stage > 0
             -- staff may draft without naming a gauge
             AND NOT EXISTS (SELECT FROM passport.alert AS a
                              WHERE a.mode = 'live' AND a.state = 'approved'
                                AND (a.sensor = n.sensor OR a.sensor IS NULL AND a.approved_at >= n.since))
          UNION ALL
          SELECT 'reading_to_confirm', c.sensor, c.stage_if_true, c.observed_at, NULL
            FROM passport.reading_to_confirm AS c
          UNION ALL
          SELECT 'sensor_silent', n.sensor, n.stage, n.latest_at, NULL
            FROM passport.sensor_state AS n JOIN passport.sensor_watch AS q USING (sensor)
           WHERE q.condition = 'silent' AND n.stage > 0
          UNION ALL
          SELECT 'stage_' || t.outcome, t.sensor, t.stage, t.answered_at, t.sqlstate
            FROM passport.report_stage_answer AS t WHERE t.open
          UNION ALL
          SELECT 'authority_unfit', y.sensor, y.stage, y.problem_since, y.problem
            FROM passport.stage_authority AS y
           WHERE y.problem IS NOT NULL AND y.withdrawn_at IS NULL AND y.until_time > passport.now()) AS w
    JOIN passport.sensor AS s USING (sensor)
   WHERE s.state = 'in_service';
COMMENT ON VIEW passport.report_water IS
'Gauges that somebody must look at now, by the name of the alarm that rang: stage_rise (in a stage since then, and no alert of it is in force), reading_to_confirm (a reading is held that would lead to the stage), sensor_silent (in a stage, and not heard since then), stage_failed (detail: the SQLSTATE) and stage_too_many (an authorised alert was not sent), authority_unfit (an authorised alert could not be sent; detail: as of stage_authority_now).';

CREATE FUNCTION passport.water_banner_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(format('<p class="note" role="alert"><strong>%s 段階%s：%s。</strong> %s%s <small lang="en">%s, stage %s: %s.</small></p>',
                           passport.html(w.name), w.stage, l.ja, passport.local_time(w.at), '（' || passport.html(w.detail) || '）',
                           passport.html(w.name), w.stage, l.en),
                    '' ORDER BY l.place, w.stage DESC, w.sensor)
    FROM passport.report_water AS w
    JOIN (VALUES (1, 'stage_failed', '認められた警報を送れませんでした', 'an authorised alert could not be sent'),
                 (2, 'stage_too_many', '認められた時より人が多く、警報は起案だけです', 'more people than were authorised, drafted only'),
                 (3, 'reading_to_confirm', '止めた値を確かめてください', 'a reading is held, please look'),
                 (4, 'sensor_silent', '水位計が途絶えました', 'the gauge is not heard any more'),
                 (5, 'stage_rise', 'この水位計の警報は出ていません', 'no alert of it is in force'),
                 (6, 'authority_unfit', '認められた警報は今のままでは送れません', 'its authorised alert could not be sent')) AS l(place, what, ja, en) USING (what);
END;
COMMENT ON FUNCTION passport.water_banner_html() IS
'A line of the report for each row of report_water, the most urgent first; NULL: none.';
