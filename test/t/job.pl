# A job of the background worker: it cannot become more than passport_owner, and
# a crash in its middle leaves nothing of it behind.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('job');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'passport'
passport.database = 'village'
passport.worker_interval = 1
passport.clock = '2026-07-03 11:00+09'
restart_after_crash = on
timezone = 'Asia/Tokyo'
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE village');
$node->safe_psql('village', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
soon("SELECT count(*) >= 2 FROM passport.job_run", 'the jobs run');

# -- a job that would be somebody else
$node->safe_psql('village', <<'SQL');
CREATE OR REPLACE FUNCTION passport.expire_drafts() RETURNS int LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SET SESSION AUTHORIZATION DEFAULT;
  RETURN 0;
END $$;
SQL
clock('2026-07-03 12:00+09');
soon(q{SELECT count(*) = 1 FROM passport.job_run WHERE job = 'expire_drafts' AND started_at = passport.now()
         AND sqlstate = '42501' AND error LIKE 'cannot set parameter%' AND result IS NULL},
	'a job cannot become the superuser again, and its failure is written down');
soon("SELECT count(*) = 1 FROM passport.job_run WHERE job = 'purge' AND started_at = passport.now() AND error IS NULL",
	'the other jobs run all the same');

# -- a crash in the middle of a job
$node->safe_psql('village', <<'SQL');
CREATE TABLE done (at timestamptz);
GRANT ALL ON done TO passport_owner;
GRANT USAGE ON SCHEMA public TO passport_owner;
CREATE OR REPLACE FUNCTION passport.expire_drafts() RETURNS int LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO public.done VALUES (passport.now());
  PERFORM pg_sleep(CASE WHEN EXISTS (SELECT FROM public.crashed) THEN 0 ELSE 3600 END);
  RETURN 1;
END $$;
CREATE TABLE crashed (at timestamptz);
GRANT SELECT ON crashed TO passport_owner;
SQL
clock('2026-07-03 13:00+09');
my $scheduler = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'passport scheduler' AND wait_event = 'PgSleep'";
ok($node->poll_query_until('village', "SELECT count(*) = 1 FROM ($scheduler) AS s"), 'a job is at work');
my $pid = $node->safe_psql('village', $scheduler);
$node->safe_psql('village', 'INSERT INTO crashed VALUES (now())');
kill 'KILL', $pid;
ok($node->poll_query_until('village', 'SELECT count(*) = 1 FROM done'), 'after the crash it runs again, once');
soon("SELECT count(*) = 1 FROM passport.job_run WHERE job = 'expire_drafts' AND started_at = passport.now() AND result = 1",
	'and the log tells of the run that came to its end');

$node->stop;
done_testing();

# clock(TIME): moves the test clock of the whole server
sub clock
{
	my ($time) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET passport.clock = '$time'");
	$node->reload;
}

# soon(QUERY, NAME): a query of the village's becomes true
sub soon
{
	my ($query, $name) = @_;
	ok($node->poll_query_until('village', $query), $name);
}
