-- Suzuki confirms the new head-count; who is inside and who no longer is are told apart.
\pset format unaligned
\pset tuples_only on
SELECT d.*, d.texts #>> '{ja,title}' AS title FROM passport.alert_update_draft AS d \gset
SELECT format('   suzuki approves it: 「【更新】%s」 to %s, and to %s that they are outside now',
              :'title', recipients, coalesce(nullif(:'left_out', ''), 'few'))
  FROM passport.approve_update(:alert_id, :update_no, :headcount);
