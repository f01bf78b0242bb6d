# SIGHUP to passport-push: what is under way goes on, what is new holds at once,
# and a file that is not good changes nothing.
use strict;
use warnings;

use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_reload', 'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
	'metrics' => '{dir}/push.prom', 'lease' => 20, 'timeout' => 10, 'in_flight' => 20);
my $dir = $test->{dir};
$test->start_gateway;
$test->sql('CREATE ROLE other LOGIN IN ROLE passport_bridge');
sub fcm { my (@names) = @_; $test->add_device($_, 'fcm', $_) for @names; return @names }
sub line_id { my ($name) = @_; return 'U' . unpack 'H*', $name . '.' x (16 - length $name) }

# reload(SETTINGS): writes them and sends SIGHUP; what it logs until it is over
sub reload
{
	my (%settings) = @_;
	my $seen = length $test->{log};
	$test->write_config(%settings);
	$test->{push}->signal('HUP');
	for (1 .. 400)
	{
		$test->{push}->pump_nb;
		last if substr($test->{log}, $seen) =~ /"event":"(?:reloaded|the settings before stay in use)".*\n/;
		sleep 0.05;
	}
	return substr $test->{log}, $seen;
}
sub wait_for { my ($what) = @_; for (1 .. 200) { return 1 if $what->(); sleep 0.05 } return }
sub sent { my ($pattern) = @_; my $all = $test->requests('token'); return map { @{ $all->{$_} } } grep { $_ =~ $pattern } keys %$all }

$test->write_config;
$test->start;

# ---- what is under way, and what is queued ----

my @slow = fcm(map { "slow-1000-$_" } 1 .. 60);
my @warm = fcm('plain-warm');
$test->notify(\@warm);
ok($test->all_finished, 'it works');
$test->notify(\@slow);
# the gateway records a request when it has answered
ok(wait_for(sub { return $test->sql(q{SELECT count(*) FROM passport.delivery WHERE worker IS NOT NULL}) == 60 }), 'all are claimed');
sleep 0.3;
my $log = reload('in_flight' => 40);
like($log, qr/"event":"reloaded","channels":1/, 'it reloads while requests are under way');
is($test->sql(q{SELECT count(*) FROM passport.delivery_outcome AS o JOIN passport.device AS d USING (resident_id, device_id) WHERE d.token LIKE 'slow-%'}), 0, 'indeed');
ok($test->all_finished, 'they come to an end');
is($test->sql(q{SELECT outcome, attempts, count(*) FROM passport.delivery_outcome JOIN passport.device USING (resident_id, device_id)
                 WHERE token LIKE 'slow-%' GROUP BY 1, 2}), 'delivered|1|60', 'all delivered, at the first try');
is(scalar(sent(qr/^slow-/)), 60, 'each of them once');

# ---- a limit ----

my @many = fcm(map { "plain-l$_" } 1 .. 100);
reload('fcm.rate' => 5);
$test->notify(\@many);
sleep 2;
my $left = $test->sql('SELECT count(*) FROM passport.delivery');
cmp_ok($left, '>', 70, "a rate of 5 a second holds ($left of 100 are left)");
my $began = time;
reload();
ok($test->all_finished, 'without it');
cmp_ok(time - $began, '<', 8, 'the rest goes at once');

# ---- a channel more, a channel less, and a key that was wrong ----

$test->add_device('line1', 'line', line_id('line1'));
$test->notify(['line1']);
sleep 1.5;
is($test->sql('SELECT count(*) FROM passport.delivery'), 1, 'LINE is not set up');
my %line = ('line.token_file' => '{dir}/new.token', 'line.endpoint' => 'https://127.0.0.1:{port}');
write_secret("$dir/new.token", 'not-the-token');
sub write_secret { my ($file, $text) = @_; unlink $file; open my $out, '>', $file or die; print $out $text; close $out; chmod 0600, $file; return }
like(reload(%line), qr/"reloaded","channels":2/, 'and then it is');
ok(wait_for(sub { $test->{push}->pump_nb; $test->{log} =~ /"code":"HTTP_401"/ }), 'but its token is wrong');
write_secret("$dir/new.token", PostgreSQL::Test::Utils::slurp_file("$dir/line.token"));
reload(%line);
$test->add_device('line2', 'line', line_id('line2'));
$test->notify(['line2']);
ok(wait_for(sub { $test->outcome('line2') eq 'delivered||1|active' }), 'with the right one it is used at once, though the channel rested');
ok(wait_for(sub { $test->outcome('line1') =~ /^delivered\|\|\d\|active$/ }), 'and what was refused is sent, too');
reload();
$test->notify(['line1']);
sleep 1.5;
is($test->sql('SELECT count(*) FROM passport.delivery'), 1, 'without LINE its delivery waits');

# ---- files that are not good ----

for my $case ([ 'an unknown key', { 'surprise' => 1 }, qr/there is no such key/ ],
	[ 'a number out of its range', { 'batch' => 0 }, qr/out of its range/ ],
	[ 'no channel', { 'fcm.service_account' => undef }, qr/no channel is set up/ ],
	[ 'a service account that is not there', { 'fcm.service_account' => '{dir}/none.json' }, qr/could not open a secret/ ],
	[ 'a database that is not there', { 'database' => "host=$dir port=1" }, qr/could not connect/ ],
	[ 'a role that may not', { 'database' => $test->{node}->connstr('postgres') . ' user=nobody' }, qr/could not connect/ ],
	[ 'drills instead', { 'drill' => 'yes' }, qr/a setting cannot change while we run.*drill/ ])
{
	my ($what, $settings, $reason) = @$case;
	$log = reload(%$settings);
	like($log, $reason, "$what is refused");
	like($log, qr/the settings before stay in use/, 'and nothing changes');
}
chmod 0644, "$dir/account.json";
like(reload(), qr/must be its owner's alone/, 'nor is a key that others can read taken');
chmod 0600, "$dir/account.json";
$test->notify(\@warm);
ok(wait_for(sub { $test->sql('SELECT count(*) FROM passport.delivery') == 1 }), 'it goes on as before');

# ---- another way to the database, another level, counters that go on ----

like(reload('database' => $test->{node}->connstr('postgres') . ' user=other'), qr/reloaded/, 'another role');
ok($test->{node}->poll_query_until('postgres', q{SELECT array_agg(usename::text) = '{other}' FROM pg_stat_activity WHERE application_name = 'passport-push'}), 'is the one that works then');
$test->notify(\@warm);
ok(wait_for(sub { $test->sql('SELECT count(*) FROM passport.delivery') == 1 }), 'and it works');
reload();
like(reload('log_level' => 'loud'), qr/the value is info, warning or error/, 'a level that there is not');
my $seen = length $test->{log};
$test->write_config('log_level' => 'error');
$test->{push}->signal('HUP');
$test->notify(\@warm);
ok(wait_for(sub { $test->sql('SELECT count(*) FROM passport.delivery') == 1 }), 'it works on');
is($test->stop, 0, 'and ends well');
unlike(substr($test->{log}, $seen), qr/"level":"info"/, 'without a word, as it was told');
my $metrics = PostgreSQL::Test::Utils::slurp_file("$dir/push.prom");
my ($delivered) = $metrics =~ /^passport_push_deliveries_total\{channel="fcm",outcome="delivered"\} (\d+)$/m;
is($delivered, $test->sql(q{SELECT count(*) FROM passport.delivery_outcome JOIN passport.device USING (resident_id, device_id) WHERE outcome = 'delivered' AND channel = 'fcm'}),
	'no reload has set a counter back');

# ---- the environment ----

$ENV{PASSPORT_PUSH_BATCH} = 7;
$test->write_config('batch' => 9);
($_, $log) = $test->run('--check');
is($_, 0, 'a variable');
like($log, qr/"batch":7/, 'comes before the file');
for my $case ([ 'PASSPORT_PUSH_BATCH', '0' ], [ 'PASSPORT_PUSH_SURPRISE', '1' ], [ 'PASSPORT_PUSH_DATABASE', 'dbname=postgres password=topsecret' ], [ 'PGPASSWORD', 'topsecret' ])
{
	local $ENV{ $case->[0] } = $case->[1];
	($_, $log) = $test->run('--check');
	is($_, 2, "$case->[0]=... is refused");
	like($log, qr/"variable":"$case->[0]"/, 'by its name');
	unlike($log, qr/topsecret/, 'its value is not in the log');
}

$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
