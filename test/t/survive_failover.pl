# The database's machine is lost while passport-push sends: a streaming standby is
# promoted, and passport-push finds it by itself (several hosts in one connection
# string).  With synchronous replication nothing is lost and nothing comes twice;
# without it what the standby had not heard of is sent again, and nothing else.
use strict;
use warnings;

use Crowd;
use PostgreSQL::Test::Cluster;
use Test::More;
use Time::HiRes qw(sleep);

my $test = Crowd->new('survive_failover', 'in_flight' => 10, 'line.rate' => 30);
my $first = $test->{node};
$first->append_conf('postgresql.conf', "fsync = on\nwal_level = replica\nmax_wal_senders = 4");
$first->restart;
$test->start_gateway;

# add_standby(NAME): a copy of the primary that follows it
sub add_standby
{
	my ($name) = @_;
	my $primary = $test->{node};
	$primary->backup($name);
	my $standby = PostgreSQL::Test::Cluster->new($name);
	$standby->init_from_backup($primary, $name, has_streaming => 1);
	$standby->start;
	$test->write_config('database' => 'host=' . join(',', $primary->host, $standby->host) . ' port=' . join(',', $primary->port, $standby->port)
		. ' dbname=postgres user=bridge target_session_attrs=read-write');
	return $standby;
}

# fail_over(STANDBY): the primary's machine is lost
sub fail_over
{
	my ($standby) = @_;
	$test->{node}->kill9;
	sleep rand 1;
	$standby->promote;
	$test->{node} = $standby;
	return;
}

# ---- synchronous: what was committed is on both ----

my $second = add_standby('survive_second');
$first->append_conf('postgresql.conf', "synchronous_standby_names = '*'");
$first->reload;
$first->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'") or die;
$test->add_crowd('slow-20-s', 6000);
$test->tell('slow-20-s');
$test->start;
$test->wait_told('slow-20-s', 1000);
fail_over($second);
my $told = $test->told('slow-20-s');
cmp_ok($told, '<', 6000, "the standby takes over in the middle ($told were told)");
ok($test->all_finished, 'it goes on there');
is($test->prove('slow-20-s'), 0, 'and none of them is told twice');
is($test->stop, 0, 'and ends well');

# ---- asynchronous: the standby hears nothing of the last half second ----

my $third = add_standby('survive_third');
$test->add_crowd('slow-20-a', 6000);
$test->tell('slow-20-a');
$second->wait_for_catchup($third);
$test->start;
$test->wait_told('slow-20-a', 1000);
$third->safe_psql('postgres', "ALTER SYSTEM SET primary_conninfo = ''");
$third->reload;
sleep 0.5;
$test->{push}->signal('STOP');
$second->poll_query_until('postgres', "SELECT bool_and(state = 'idle') FROM pg_stat_activity WHERE application_name = 'passport-push'") or die;
my $known = $test->told('slow-20-a');
my $held = $test->sql('SELECT count(*) FROM passport.delivery WHERE worker IS NOT NULL');
fail_over($third);
my $missing = $known - $test->told('slow-20-a');
cmp_ok($missing, '>', 0, "the standby does not know of $missing that they were told");
# whoever was held or finished there is only unfinished here
$test->sql('INSERT INTO held SELECT delivery_id FROM passport.delivery');
$test->{push}->signal('CONT');
ok($test->all_finished, 'it goes on there');
my $copies = $test->prove('slow-20-a');
cmp_ok($copies, '<=', $missing + $held, 'copies are of what it did not know of, or was held');
is($test->stop, 0, 'and ends well');
done_testing();
