-- The water falls: Tanaka drafts a lower level for a smaller area.
\pset format unaligned
\pset tuples_only on
SELECT max(alert_id) AS alert_id FROM passport.report_alerts() WHERE state = 'approved' \gset
SELECT format('   tanaka drafts an update of alert %s (level 3, 高齢者等避難): %s residents; %s would no longer be inside',
              :alert_id, headcount, coalesce(left_out::text, 'few'))
  FROM passport.update_alert(:alert_id, passport.draw_affected_area('uminokuchi', 3), 3);
