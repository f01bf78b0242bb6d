\pset format unaligned
\pset tuples_only on
SELECT '   passport ' || script || ' on PostgreSQL ' || current_setting('server_version') FROM passport.version();
