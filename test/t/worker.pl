# The background worker: it waits for its database and its extension, runs jobs
# as passport_owner when passport.now() says so, writes down what fails, and
# comes back after a crash.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'passport'
passport.database = 'village'
passport.worker_interval = 1
passport.clock = '2026-07-01 08:00+09'
restart_after_crash = on
timezone = 'Asia/Tokyo'
CONF
$node->start;

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

sub create_extension
{
	$node->safe_psql('village', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
}

my $launcher = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'passport launcher'";

ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($launcher) AS l"),
	'the launcher waits for its database');
$node->safe_psql('postgres', 'CREATE DATABASE village');
sleep 2;
create_extension();
soon("SELECT count(*) >= 2 FROM passport.job_run", 'it finds the extension when that is made');
is($node->safe_psql('village', "SELECT count(*) FROM passport.job_run WHERE job = 'renewal_reminders'"),
	0, 'what is due at nine has not run at eight');

# -- the clock
$node->safe_psql('village', <<'SQL');
INSERT INTO passport.resident (resident_id, resident_number, name, birth_date, updated_at)
OVERRIDING SYSTEM VALUE VALUES (-1, 'worker-1', 'A', '1980-10-01', passport.now());
SELECT passport.record_card(-1, 'card', '2017-01-01', '2026-10-01', '2026-10-01', '2026-10-01');
SQL
clock('2026-07-01 10:00+09');
soon("SELECT count(*) = 1 FROM passport.job_run WHERE job = 'renewal_reminders' AND result = 0",
	'the day before the window opens nobody is reminded');
clock('2026-07-02 10:00+09');
soon("SELECT count(*) = 1 FROM passport.renewal_reminder WHERE step = 'window' AND sent_at = '2026-07-02 10:00+09'",
	'on the day a reminder is sent');
clock('2026-07-03 10:00+09');
soon("SELECT count(*) = 3 FROM passport.job_run WHERE job = 'renewal_reminders'", 'the next day the job runs');
is($node->safe_psql('village', 'SELECT count(*) FROM passport.renewal_reminder'), 1, 'and sends nothing twice');
is($node->safe_psql('village', 'SELECT DISTINCT ran_as FROM passport.job_run'), 'passport_owner', 'all of it as passport_owner');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'passport launcher'"),
	1, 'one launcher');

# -- a job that fails, and one that would be somebody else
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
soon("SELECT count(*) = 1 FROM passport.job_run WHERE job = 'forget_challenges' AND started_at = passport.now() AND error IS NULL",
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

# -- the extension and the database may go and come
$node->safe_psql('village', 'DROP EXTENSION passport CASCADE');
sleep 2;
create_extension();
soon("SELECT count(*) >= 2 FROM passport.job_run", 'it lives through DROP EXTENSION and CREATE EXTENSION');
$node->safe_psql('postgres', 'DROP DATABASE village');
pass('the database can be dropped');
sleep 2;
$node->safe_psql('postgres', 'CREATE DATABASE village');
create_extension();
soon("SELECT count(*) >= 2 FROM passport.job_run", 'and made again');
$pid = $node->safe_psql('postgres', $launcher);
kill 'KILL', $pid;
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($launcher) AS l WHERE pid <> $pid"),
	'the launcher comes back after kill -9');
clock('2026-07-03 14:00+09');
soon("SELECT count(*) > 0 FROM passport.job_run WHERE started_at = passport.now()", 'and works');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal 11/, 'nothing broke');

$node->stop;
done_testing();
