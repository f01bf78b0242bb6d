# passport-push, from the outbox to a gateway that answers as FCM does: what it
# refuses to begin with, each class of answer, and who it believes.
use strict;
use warnings;

use Encode qw(encode_utf8);
use File::Temp;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

delete @ENV{qw(http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy)};
system('make', '-s', '-C', 'test/gateway') == 0 or BAIL_OUT('the gateway does not build');
my $gateway_program = 'build/test/gateway/gateway';
my @started;
# a test that dies leaves nothing running
END { my $status = $?; $_->kill_kill(grace => 2) for grep { $_->pumpable } @started; $? = $status }

my $dir = File::Temp->newdir;
system('test/gateway/make-tls', $dir) == 0 or BAIL_OUT('no certificates');
my $gateway = start_gateway();
my $port = slurp_file("$dir/port") + 0;

my $node = PostgreSQL::Test::Cluster->new('push');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\nfsync = off");
$node->start;
$node->safe_psql('postgres', q{
  SET client_min_messages = warning;
  CREATE EXTENSION passport CASCADE;
  CREATE ROLE bridge LOGIN;
  GRANT passport_bridge TO bridge;
  CREATE ROLE stranger LOGIN;
});

# ---- helpers ----

sub start_gateway
{
	my @arguments = @_;
	unlink "$dir/port";
	my $handle = IPC::Run::start([ $gateway_program, @arguments, "$dir" ], '<', \undef);
	push @started, $handle;
	for (1 .. 200) { last if -e "$dir/port"; sleep 0.05 }
	-e "$dir/port" or BAIL_OUT('the gateway does not start');
	return $handle;
}

# write_config writes the settings, those given instead of the usual ones.
sub write_config
{
	my %settings = (
		'database' => $node->connstr('postgres') . ' user=bridge',
		'fcm.service_account' => "$dir/account.json",
		'fcm.endpoint' => "https://127.0.0.1:$port",
		'ca_file' => "$dir/ca.pem",
		'batch' => 100,
		'in_flight' => 20,
		'lease' => 4,
		'timeout' => 2,
		@_);
	my $file = "$dir/push.conf";
	open my $out, '>', $file or die;
	print $out "$_ = $settings{$_}\n" for sort keys %settings;
	close $out;
	return $file;
}

# once runs the program to its end and returns its exit code and its log.
sub once
{
	my @command = ('passport-push', '--config', @_);
	my $log = '';
	IPC::Run::run(\@command, '<', \undef, '>&', \$log);
	return ($? >> 8, $log);
}

sub start_push
{
	my ($log) = @_;
	my $handle = IPC::Run::start([ 'passport-push', '--config', "$dir/push.conf" ], '<', \undef, '>&', $log);
	push @started, $handle;
	return $handle;
}

# add_people makes a resident with a device for each token.
sub add_people
{
	my $tokens = join ',', map { "'$_'" } @_;
	$node->safe_psql('postgres', qq{
	  WITH made AS (
	    INSERT INTO passport.resident (resident_number, name, updated_at)
	    SELECT left(md5(t), 20), '試験', now() FROM unnest(ARRAY[$tokens]) AS t
	    RETURNING resident_id, resident_number)
	  SELECT passport.add_device(resident_id, 'fcm', t)
	    FROM made JOIN unnest(ARRAY[$tokens]) AS t ON resident_number = left(md5(t), 20)});
	return;
}

# send_to sends a message to the holders of tokens that begin so.
sub send_to
{
	my ($pattern) = @_;
	$node->safe_psql('postgres', qq{
	  SELECT deliveries FROM passport.notify(
	    (SELECT array_agg(DISTINCT resident_id) FROM passport.device
	      WHERE token LIKE '$pattern' AND state = 'active'),
	    'alert', 'evacuation',
	    '{"ja": {"title": "避難指示", "body": "川が\\"あふれ\\"ます"}}', '{"alert": "1"}')});
	return;
}

sub all_finished
{
	return $node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM passport.delivery');
}

# requests returns what the gateway recorded for tokens that match, by token.
sub requests
{
	my ($pattern) = @_;
	my %found;
	for my $line (split /\n/, slurp_file("$dir/requests"))
	{
		my $request = decode_json($line);
		push @{ $found{ $request->{token} } }, $request
		  if defined $request->{token} && $request->{token} =~ $pattern;
	}
	return \%found;
}

sub outcomes
{
	my ($pattern) = @_;
	return $node->safe_psql('postgres', qq{
	  SELECT o.outcome, o.detail, o.attempts, v.state, count(*)
	    FROM passport.delivery_outcome AS o JOIN passport.device AS v USING (resident_id, device_id)
	   WHERE v.token LIKE '$pattern' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2});
}

# ---- what it refuses to begin with ----

write_config();
my ($code, $log) = once("$dir/push.conf", '--check');
is($code, 0, 'the check passes') or diag $log;
like($log, qr{/v1/projects/gateway/messages:send}, 'and says what it would use');

chmod 0640, "$dir/account.json";
($code, $log) = once("$dir/push.conf", '--check');
is($code, 2, 'a service account that others can read is refused');
like($log, qr/owner's alone/, 'and the log says so');
chmod 0600, "$dir/account.json";

($code, $log) = once(write_config('fcm.endpoint' => 'http://127.0.0.1:1'), '--check');
is($code, 2, 'an endpoint without TLS is refused');
($code, $log) = once(write_config('surprise' => '1'), '--check');
is($code, 2, 'an unknown setting is refused');
($code, $log) = once(write_config(database => $node->connstr('postgres') . ' user=stranger'), '--check');
is($code, 3, 'a role without the right is refused');
like($log, qr/passport_bridge/, 'and the log says which role it needs');
($code, $log) = once(write_config(database => $node->connstr('template1')), '--once');
is($code, 3, 'a database without the extension is refused');

# ---- each class of answer ----

my @plain = map { "plain$_" } 1 .. 50;
add_people(@plain, qw(unregistered-1 unregistered-2 invalid-1 badrequest-1 mismatch-1 throttle-3-a
  unavailable-2-a internal-1-a reset-1-a oversize-1 slow-300-a));
send_to('%');
add_people('expire-1');
write_config();
my $push_log = '';
my $push = start_push(\$push_log);
ok(all_finished(), 'every delivery comes to an end');
send_to('expire-%');
ok(all_finished(), 'an access token that ended too');
my $plain = requests(qr/^plain/);
is(scalar(keys %$plain), 50, 'all plain tokens were sent to');
is(scalar(grep { @$_ != 1 } values %$plain), 0, 'each of them once');
my $sample = $plain->{plain7}[0];
is(encode_utf8($sample->{title}), '避難指示', 'the title arrives');
is(encode_utf8($sample->{body}), '川が"あふれ"ます', 'the body arrives');
is($sample->{data}{alert}, '1', 'the data arrives');
is($sample->{android}{priority}, 'high', 'with its priority');
is(outcomes('plain%'), 'delivered||1|active|50', 'delivered');
is(outcomes('unregistered-%'), 'retired|UNREGISTERED|1|retired|2', 'dead tokens are retired');
is(outcomes('invalid-%'), 'retired|INVALID_ARGUMENT|1|retired|1', 'and what is no token');
is(outcomes('badrequest-%'), 'failed|INVALID_ARGUMENT|1|active|1', 'a bad message is not the token\'s fault');
is(outcomes('mismatch-%'), 'failed|SENDER_ID_MISMATCH|1|active|1', 'nor is another sender');
is(outcomes('throttle-%'), 'delivered||2|active|1', 'a throttled one is delivered at the second try');
my $throttled = requests(qr/^throttle-/)->{'throttle-3-a'};
is(join(',', map { $_->{status} } @$throttled), '429,200', 'after one 429');
cmp_ok($throttled->[1]{time} - $throttled->[0]{time}, '>=', 3, 'and not before Retry-After');
is(outcomes('unavailable-%'), 'delivered||3|active|1', '503 twice, then delivered');
is(outcomes('internal-%'), 'delivered||2|active|1', '500, then delivered');
# libcurl may send it again by itself on a connection that was used before; then it is one try of ours
like(outcomes('reset-%'), qr/^delivered\|\|[12]\|active\|1$/, 'a reset stream, then delivered');
is(join(',', map { $_->{status} } @{ requests(qr/^reset-/)->{'reset-1-a'} }), '0,200', 'at the second request');
is(outcomes('expire-%'), 'delivered||2|active|1', 'a new access token, then delivered');
is(outcomes('oversize-%'), 'delivered||1|active|1', 'an endless answer is cut off');
is(outcomes('slow-%'), 'delivered||1|active|1', 'a slow answer is waited for');

# ---- what wakes it, and how it ends ----

$push->signal('TERM');
$push->finish;
is($push->result(0), 0, 'SIGTERM ends it well');
unlike($push_log, qr/unregistered-|plain\d|避難|ya29/, 'no token and no message in its log');
write_config(poll => 600);
$push = start_push(\$push_log);
$node->poll_query_until('postgres', q{
  SELECT count(*) = 1 FROM pg_stat_activity
   WHERE application_name = 'passport-push' AND query LIKE '%claim%' AND state = 'idle'});
my $told = time;
send_to('plain%');
ok(all_finished(), 'NOTIFY wakes it');
my $woken = requests(qr/^plain1$/)->{plain1}[-1]{time} - $told;
cmp_ok($woken, '<', 2, 'at once');
$push->signal('TERM');
$push->finish;

# ---- a peer that is not who it should be ----

my $other = File::Temp->newdir;
system('test/gateway/make-tls', $other);
send_to('plain1');
my $before = -s "$dir/requests";
($code, $log) = once(write_config(ca_file => "$other/ca.pem"), '--once');
is($code, 5, 'a gateway of another authority is refused');
like($log, qr/not trusted/, 'and the log says why');
is(-s "$dir/requests", $before, 'nothing was sent to it');
($code, $log) = once(write_config(), '--once');
is($code, 0, 'with the right one it is sent');
is(-s "$dir/requests" > $before, 1, 'indeed');

# ---- versions ----

for my $case ([ 'script', q{passport.library_version(), '0.0.1'::text}, 'ALTER EXTENSION passport UPDATE' ],
	[ 'library', q{'0.0.1'::text, passport.library_version()}, 'Restart the PostgreSQL server' ],
	[ 'program', q{'0.0.1'::text, '0.0.1'::text}, 'Install the program' ])
{
	my ($stale, $columns, $hint) = @$case;
	$node->safe_psql('postgres', qq{
	  CREATE OR REPLACE FUNCTION passport.version(OUT library text, OUT script text) RETURNS record
	  LANGUAGE sql STABLE SECURITY DEFINER AS \$\$ SELECT $columns \$\$});
	($code, $log) = once("$dir/push.conf", '--once');
	is($code, 4, "a stale $stale is refused");
	like($log, qr/"stale":"$stale".*\Q$hint\E/, 'and the log says which and what to do');
}

$gateway->signal('TERM');
$gateway->finish;
done_testing();
