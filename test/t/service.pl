# The programs as services: what they tell the service manager, over a real
# socket, that a hung one goes silent, and by which code each of them ends.
use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('service', 'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}');
my $dir = $test->{dir};
$test->start_gateway;
$test->write_config;
my $database = $test->{node}->connstr('postgres') . ' user=bridge';
$test->sql('CREATE ROLE stranger LOGIN; CREATE ROLE map LOGIN IN ROLE passport_public');

# ---- a manager: a datagram socket ----

my ($manager, @heard);
# listen_at(PATH): as NOTIFY_SOCKET names it; a path that begins with @ lies in the abstract namespace
sub listen_at
{
	my ($path) = @_;
	(my $local = $path) =~ s/^@/\0/;
	$manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $local) or die "no socket at $path: $!";
	$ENV{NOTIFY_SOCKET} = $path;
	@heard = ();
	return;
}

# hear(SECONDS, PATTERN): listens for so long, or until a message matches, which it returns
sub hear
{
	my ($seconds, $pattern) = @_;
	my ($until, $select) = (time + $seconds, IO::Select->new($manager));
	while ((my $left = $until - time) > 0)
	{
		next unless $select->can_read($left);
		$manager->recv(my $message, 4096);
		push @heard, $message;
		return $message if defined $pattern && $message =~ $pattern;
	}
	return;
}
sub end { my ($handle, $signal) = @_; $handle->signal($signal // 'TERM'); $handle->finish; return $handle->result(0) }
sub write_file { my ($file, $text) = @_; open my $out, '>', $file or die; print $out $text; close $out; return $file }

# ---- passport-push, from its start to its end ----

listen_at("$dir/manager");
# seconds enough that a loop which idles for half of one feeds in time
$ENV{WATCHDOG_USEC} = 2_000_000;
my $push = $test->start;
ok(hear(10, qr/^READY=1$/m), 'it says that it is ready');
my @fed;
for (1 .. 3) { hear(5, qr/^WATCHDOG=1$/) and push @fed, time }
is(scalar(@fed), 3, 'and feeds the watchdog');
cmp_ok($fed[2] - $fed[1], '<', 2, 'before its time is over');
cmp_ok($fed[2] - $fed[1], '>', 0.5, 'and not at each turn');
ok(hear(15, qr/^STATUS=delivered 0, unfinished 0$/), 'with a line about how it is');

$push->signal('STOP');
hear(0.5);
@heard = ();
hear(4);
is(scalar(@heard), 0, 'when it hangs nothing feeds the watchdog') or diag "@heard";
$push->signal('CONT');
ok(hear(3, qr/^WATCHDOG=1$/), 'and when it goes on the loop does');

# a backend that hangs, as when its machine is gone: the loop lives, and finds another way
$test->{node}->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'passport-push'});
my $stuck = $test->sql(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'passport-push'});
kill 'STOP', $stuck;
$test->add_device('plain1', 'fcm', 'plain1');
$test->notify(['plain1']);
ok($test->all_finished, 'a statement that never ends is given up with its lease');
$push->pump_nb;
like($test->{log}, qr/the database does not answer/, 'as the log says');
ok((grep { /WATCHDOG/ } (hear(2) // (), @heard)), 'while the watchdog is fed');
kill 'CONT', $stuck;

@heard = ();
$push->signal('HUP');
my $reloading = hear(5, qr/^RELOADING=1$/m);
like($reloading // '', qr/^MONOTONIC_USEC=\d+$/m, 'a reload says when it began');
ok(hear(5, qr/^READY=1$/), 'and that it is over');
is(end($push), 0, 'SIGTERM ends it well');
like(hear(1, qr/^STOPPING=1$/m) // '', qr/^EXTEND_TIMEOUT_USEC=30000000$/m, 'it says that it ends, and how long that may take');

$ENV{WATCHDOG_PID} = $$;
@heard = ();
$push = $test->start;
hear(4);
ok((grep { /READY/ } @heard) && !(grep { /WATCHDOG/ } @heard), 'a watchdog of another process is not fed');
end($push);
delete $ENV{WATCHDOG_PID};

# ---- the others, and an abstract socket ----

listen_at("\@passport-test-$$");
my $conf = write_file("$dir/carrier.conf", "database = $database\n");
for my $command ([ 'passport-fetch', '--config', $conf ], [ 'passport-logout', '--config', $conf ],
	[ 'passport-map', '--output', "$dir/map", $test->{node}->connstr('postgres') . ' user=map' ])
{
	@heard = ();
	my $handle = $test->start_program(@$command);
	ok(hear(10, qr/^READY=1$/), "$command->[0] is ready");
	ok(hear(5, qr/^WATCHDOG=1$/), 'and feeds the watchdog');
	$handle->signal('STOP');
	hear(0.5);
	@heard = ();
	hear(3);
	is(scalar(@heard), 0, 'but not when it hangs');
	$handle->signal('CONT');
	if ($command->[0] ne 'passport-map')
	{
		$handle->signal('HUP');
		ok(hear(5, qr/^RELOADING=1$/m) && hear(5, qr/^READY=1$/), 'it reloads');
	}
	is(end($handle), 0, 'and ends well');
	ok(hear(1, qr/^STOPPING=1$/m), 'and says so') if $command->[0] ne 'passport-map';
}
delete @ENV{qw(NOTIFY_SOCKET WATCHDOG_USEC)};

# ---- the units ----

SKIP:
{
	skip 'systemd-analyze is not there', 8 if system('which systemd-analyze >/dev/null') != 0 || !-d '/run/systemd';
	chomp(my $bin = `dirname "\$(which passport-push)"`);
	for my $program (qw(push fetch logout map))
	{
		my $unit = PostgreSQL::Test::Utils::slurp_file("bridge/$program/passport-$program.service");
		$unit =~ s{^ExecStart=\S+/}{ExecStart=$bin/}m;
		write_file("$dir/passport-$program.service", $unit);
		my $said = `systemd-analyze verify --man=no $dir/passport-$program.service 2>&1`;
		is($said, '', "the unit of passport-$program is one");
		# of ten at most two, by its rules for what a service may do
		is(system("systemd-analyze security --offline=true --threshold=20 $dir/passport-$program.service >/dev/null 2>&1"), 0, 'and exposes little');
	}
}

# ---- how they end ----

# code(PROGRAM, ARGUMENTS): the code by which it ends, and its log
sub code
{
	my ($program, @arguments) = @_;
	my $log = '';
	IPC::Run::run([ "passport-$program", @arguments ], '<', \undef, '>&', \$log);
	return ($? >> 8, $log);
}
my $nowhere = "host=$dir port=1 dbname=postgres";
my %carrier = map { my $name = $_; ($name => sub { return write_file("$dir/$name.conf", join '', map { "$_\n" } @_) }) } qw(fetch logout);
for my $program (qw(fetch logout))
{
	my $config = $carrier{$program};
	is((code($program, '--surprise'))[0], 2, "passport-$program: an option that there is not");
	is((code($program, '--once', '--check'))[0], 2, 'two that exclude each other');
	is((code($program, '--check', '--config', "$dir/none.conf"))[0], 2, 'a file that is not there');
	is((code($program, '--check', '--config', $config->("database = $database", 'lease = 5', 'timeout = 5')))[0], 2, 'settings that do not go together');
	is((code($program, '--check', '--config', $config->("database = $database")))[0], 0, 'all is good');
	is((code($program, $_, '--config', $config->("database = $nowhere")))[0], 3, "$_ without a database") for qw(--check --once);
	is((code($program, '--check', '--config', $config->('database = ' . $test->{node}->connstr('postgres') . ' user=stranger')))[0], 3, 'a role that may not');
	is((code($program, '--once', '--config', $config->('database = ' . $test->{node}->connstr('template1'))))[0], 3, 'a database without the extension');
}
is((code('push', '--once', 'more'))[0], 2, 'passport-push: an argument too many');
is((code('push', '--check', '--config', "$dir/none.conf"))[0], 2, 'a file that is not there');
$test->write_config('database' => $nowhere);
is(($test->run($_))[0], 3, "$_ without a database") for qw(--check --once);
is((code('map', '--once', '--output', "$dir/map"))[0], 2, 'passport-map: no database named');
is((code('map', '--once', '--output', "$dir/map", $nowhere))[0], 1, 'none there');
is((code('map', '--once', '--output', "$dir/none/map", $database))[0], 1, 'a directory that cannot be made');

$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
