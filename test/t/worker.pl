# The background worker: runs what is due, as passport_owner, by the test clock;
# outlives failing jobs, DROP EXTENSION, DROP DATABASE and kill -9.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init;
$node->append_conf('postgresql.conf', <<CONF);
shared_preload_libraries = 'passport'
passport.database = 'village'
passport.worker_interval = 1
timezone = 'Asia/Tokyo'
restart_after_crash = on
CONF
$node->start;

sub ask { return $node->safe_psql('village', $_[0]) }

# wait_for QUERY: true once it answers t, false after half a minute
sub wait_for
{
	my $until = time + 30;
	until (time > $until)
	{
		my ($status, $answer) = $node->psql('village', $_[0]);
		return 1 if $status == 0 && $answer eq 't';
		sleep 0.1;
	}
	return 0;
}

sub set_clock
{
	$node->safe_psql('postgres', "ALTER SYSTEM SET passport.clock = '$_[0]'");
	$node->reload;
}

ok(!-z $node->logfile, 'the server runs');
$node->safe_psql('postgres', 'CREATE DATABASE village');
set_clock('2026-07-01 08:00+09');
sleep 1.5;
unlike(slurp_file($node->logfile), qr/FATAL|ERROR/, 'the worker waits in silence for database and extension');

ask('SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
ok(wait_for("SELECT EXISTS (SELECT FROM passport.job_run WHERE job = 'expire_drafts' AND sqlstate IS NULL)"),
	'it finds the extension by itself');
ok(wait_for("SELECT count(*) = 3 FROM pg_class AS c JOIN pg_inherits AS i ON i.inhrelid = c.oid
     WHERE i.inhparent = 'passport.reading'::regclass AND c.relname IN ('reading_202606', 'reading_202607', 'reading_202608')
       AND c.relowner = 'passport_owner'::regrole"), 'it makes the months of readings, which are passport_owner\'s');
is(ask('SELECT DISTINCT ran_as FROM passport.job_run'), 'passport_owner', 'jobs run as passport_owner');
is(ask("SELECT count(*) FROM passport.job_run WHERE job = 'renewal_reminders'"), 0, 'a daily job waits for its time of day');

# A card that ends in three months; the clock moves to nine o'clock.
ask(<<SQL);
SELECT passport.import_residents('[{"resident_number": "1", "name": "Nguyen Van A", "birth_date": "1990-05-05", "language": "vi"}]');
SELECT passport.record_card(resident_id, 'card', '2016-09-20', '2026-09-30', '2026-09-30', '2026-09-30') FROM passport.resident;
SQL
set_clock('2026-07-01 09:00+09');
ok(wait_for("SELECT EXISTS (SELECT FROM passport.job_run WHERE job = 'renewal_reminders')"), 'at nine by the test clock it runs');
is(ask("SELECT result FROM passport.job_run WHERE job = 'renewal_reminders'"), 1, 'and reminds one resident');
is(ask('SELECT count(*) FROM passport.renewal_reminder'), 1, 'which is written down');
set_clock('2026-07-02 09:30+09');
ok(wait_for("SELECT count(*) = 2 FROM passport.job_run WHERE job = 'renewal_reminders'"), 'the next day again');
is(ask('SELECT count(*) FROM passport.renewal_reminder'), 1, 'without a second reminder of the same step');

# A job that fails is a row, not an end.
ask(<<SQL);
CREATE TABLE hold AS SELECT pg_get_functiondef('passport.expire_drafts()'::regprocedure) AS definition;
CREATE OR REPLACE FUNCTION passport.expire_drafts() RETURNS int LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS 'SELECT 1 / 0';
SQL
set_clock('2026-07-02 09:40+09');
ok(wait_for("SELECT EXISTS (SELECT FROM passport.job_run WHERE job = 'expire_drafts' AND sqlstate = '22012')"),
	'a failing job is written down with its SQLSTATE');
set_clock('2026-07-02 11:40+09');
ok(wait_for("SELECT count(*) >= 2 FROM passport.job_run WHERE job = 'purge'"), 'and the others go on');
ask('DO $$ BEGIN EXECUTE (SELECT definition FROM hold); END $$');

# Nothing of ours holds the extension or the database.
ask('DROP EXTENSION passport');
ask('CREATE EXTENSION passport');
ok(wait_for('SELECT EXISTS (SELECT FROM passport.job_run)'), 'DROP and CREATE EXTENSION go through, and it works again');

my $launcher = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'passport launcher'");
like($launcher, qr/^\d+$/, 'there is one launcher');
my $logged = -s $node->logfile;
kill 9, $launcher;
# not as soon as it answers: it may not have noticed yet
$node->wait_for_log(qr/database system is ready to accept connections/, $logged);
ask('TRUNCATE passport.job_run');
ask('UPDATE passport.job SET next_run = NULL');
ok(wait_for('SELECT EXISTS (SELECT FROM passport.job_run)'), 'after kill -9 it comes back and works');

my $dropped = 0;
for (1 .. 20)
{
	# a scheduler may be in the database just now; it never stays
	($dropped) = $node->psql('postgres', 'DROP DATABASE village');
	last if $dropped == 0;
	sleep 0.3;
}
is($dropped, 0, 'DROP DATABASE goes through');
sleep 1.5;
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'passport launcher'"), 1,
	'and the launcher waits for the next one');
done_testing();
