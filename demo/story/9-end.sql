-- Suzuki lifts the alert: its end is a message too, to everybody inside.
\pset format unaligned
\pset tuples_only on
SELECT max(alert_id) AS alert_id FROM passport.report_alerts() WHERE state = 'approved' \gset
SELECT * FROM passport.end_alert(:alert_id) \gset
\echo '   suzuki lifts alert' :alert_id':' :recipients 'are told that it is over'
