-- Tanaka may draft and approve, but never approve what Tanaka drafted.
\pset format unaligned
\pset tuples_only on
SELECT * FROM passport.draft_alert('flood', 4, passport.draw_affected_area('uminokuchi', 4), 'uminokuchi') \gset
\echo '   tanaka drafts alert' :alert_id '(level 4, 避難指示):' :headcount 'residents in' :households 'households,' :needing_help 'registered as needing help'
\set ON_ERROR_STOP 0
\set VERBOSITY terse
\set SHOW_CONTEXT never
\echo -n '   tanaka tries to approve it: '
SELECT passport.approve_alert(:alert_id, :headcount);
