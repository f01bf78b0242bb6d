# The machine's clock set forwards and backwards by an hour while passport-push
# sends: PostgreSQL, passport-push and the gateway run under libfaketime, so that
# their wall clock really jumps, all at one moment, and their monotonic clock does
# not, as on a machine whose clock is set.
#
# What cannot be jumped here is the kernel's own clock: what another machine
# stamps.  A clock that is wrong against the providers' is in push_apns.pl.
use strict;
use warnings;

use Crowd;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'libfaketime is not installed' unless $library;

my $test = Crowd->new('survive_clock', 'in_flight' => 10, 'line.rate' => 20);
my $node = $test->{node};
my $clock = "$test->{dir}/clock";
set_clock(0);
$node->stop;
{
	local %ENV = (%ENV, 'LD_PRELOAD' => $library, 'FAKETIME_TIMESTAMP_FILE' => $clock, 'FAKETIME_NO_CACHE' => 1, 'DONT_FAKE_MONOTONIC' => 1, 'FAKETIME_DONT_FAKE_MONOTONIC' => 1);
	$node->start;
	$test->start_gateway;
	$test->write_config;
	run_test();
}

# set_clock(SECONDS): against the true one, at once for all
sub set_clock
{
	my ($seconds) = @_;
	open my $out, '>', "$clock.new" or die $!;
	printf $out "%+d\n", $seconds;
	close $out;
	rename "$clock.new", $clock or die $!;
	return;
}

# jump(SECONDS): the clock jumps while all that is held is known
sub jump
{
	my ($seconds) = @_;
	$test->{push}->signal('STOP');
	# what the server is doing for it, and for one that is dead, comes to its end by the clock that it began with
	$node->poll_query_until('postgres', "SELECT bool_and(state = 'idle') AND count(*) = 1 FROM pg_stat_activity WHERE application_name = 'passport-push'") or die;
	$test->note_held;
	my $held = $test->sql('SELECT count(*) FROM passport.delivery WHERE worker IS NOT NULL');
	set_clock($seconds);
	$test->{push}->signal('CONT');
	return $held;
}

# finished_within(SECONDS): whether all is; APNs rests for a minute if it has called a new token expired
sub finished_within
{
	my ($seconds) = @_;
	my $ends = time + $seconds;
	while (time < $ends)
	{
		return 1 if $test->sql('SELECT count(*) = 0 FROM passport.delivery') eq 't';
		sleep 0.2;
	}
	diag $test->sql('SELECT m.channel, m.name, d.attempt, not_before, lease_until, clock_timestamp() FROM passport.delivery AS d JOIN member AS m USING (resident_id, device_id) LIMIT 5');
	return 0;
}

sub run_test
{
	my $before = $test->sql('SELECT extract(epoch FROM clock_timestamp())');
	set_clock(3600);
	my $after = $test->sql('SELECT extract(epoch FROM clock_timestamp())');
	cmp_ok(abs($after - $before - 3600), '<', 60, 'the clock of the server is what the test sets');
	set_clock(0);

	# ---- forwards: each lease is over at once ----

	$test->add_crowd('slow-20-f', 4000);
	$test->tell('slow-20-f');
	$test->start;
	$test->wait_told('slow-20-f', 800);
	cmp_ok(jump(3600), '>', 0, 'an hour forwards while it sends');
	ok(finished_within(100), 'it goes on');
	$test->prove('slow-20-f');
	cmp_ok($test->sql('SELECT sum(attempts - 1) FROM judged'), '<=', $test->sql('SELECT count(*) FROM held'), 'no storm: only what was held is tried again');

	# ---- what expired meanwhile is not sent ----

	$test->stop;
	$test->add_crowd('late', 40);
	$test->tell('late', '30 minutes');
	set_clock(7200);
	$test->start;
	ok(finished_within(30), 'what is too late comes to an end');
	is($test->sql(q{SELECT outcome, count(*) FROM member JOIN passport.delivery_outcome USING (resident_id, device_id) WHERE crowd = 'late' GROUP BY 1}), 'expired|40', 'as expired');
	unlike(slurp_file("$test->{dir}/requests"), qr/"late/, 'and nobody was told');

	# ---- backwards: a lease of somebody dead and waits for a next try would last an hour longer ----

	$test->stop;
	$test->sql('TRUNCATE held');
	$test->add_crowd('slow-20-b', 2000, 'back');
	$test->add_crowd('reset-1-b', 400, 'back');
	$test->add_crowd('slow-20-c', 1600, 'back');
	$test->tell('back');
	my $survivor = $test->start;
	my $dead = $test->start;
	$test->{push} = $survivor;
	$test->{node}->poll_query_until('postgres', 'SELECT count(*) > 50 FROM passport.delivery WHERE not_before > clock_timestamp()') or die;
	cmp_ok($test->kill_push($dead), '>', 0, 'one dies while it holds something');
	cmp_ok(jump(3600), '>', 0, 'an hour backwards while it sends');
	ok(finished_within(100), 'it goes on');
	$test->prove('back');
	# a try for each fault and each death, and one for what a channel hands back when it rests after fifty faults in a row
	cmp_ok($test->sql('SELECT sum(attempts - 1) FROM judged'), '<=', 400 + $test->sql('SELECT count(*) FROM held') + 2 * 4 * 150, 'no storm');
	is($test->stop, 0, 'and ends well');
	$node->stop;
	return;
}
done_testing();
