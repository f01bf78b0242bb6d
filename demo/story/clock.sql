-- Fixes the clock of the whole cluster, and waits until the servers have read it.
SELECT 'ALTER SYSTEM SET passport.clock = ' || quote_literal(:'time') AS command \gset
:command;
SELECT pg_reload_conf() \g /dev/null
SELECT pg_sleep(0.3) \g /dev/null
