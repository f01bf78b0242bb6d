# passport-logout, between the database and services: real logout tokens reach
# them, each answer is taken for what it is, and a crash loses none.
use strict;
use warnings;

use File::Temp;
use IPC::Run;
use JSON::PP;
use MIME::Base64 qw(decode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use WebServer;

delete @ENV{qw(http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy)};
my $dir = File::Temp->newdir;
my (@started, $web);
# a test that dies leaves nothing running
END { my $status = $?; $_->kill_kill(grace => 2) for grep { $_->pumpable } @started; $web->stop if $web; $? = $status }
system('test/gateway/make-tls', $dir) == 0 or BAIL_OUT('no certificates');

my %answers = (
	ok => [ 200, {}, '' ],
	empty => [ 204, {}, '' ],
	refusing => [ 400, {}, '{"error":"invalid_request"}' ],
	missing => [ 404, {}, '' ],
	broken => [ 500, {}, '' ],
	moved => [ 302, { Location => '/ok' }, '' ],
	talkative => [ 200, {}, 'x' x 1000000 ],
	slow => [ 200, {}, '' ]);
$web = WebServer->start($dir, "$dir/requests", sub {
	my ($request) = @_;
	my ($service) = $request->{path} =~ m{^/(\w+)};
	sleep 1 if $service eq 'slow';
	return @{ $answers{$service} };
});

my $node = PostgreSQL::Test::Cluster->new('logout');
$node->init;
my $lock = $node->data_dir . '/passport_token.key';
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\nfsync = off\npassport.token_key_file = '$lock'\npassport.issuer = 'https://id.example'\n");
append_to_file($lock, pack('N8', map { int(rand(2**32)) } 1 .. 8));
chmod 0600, $lock;
$node->start;
$node->safe_psql('postgres', q{
  SET client_min_messages = warning;
  CREATE EXTENSION passport CASCADE;
  CREATE ROLE bridge LOGIN IN ROLE passport_bridge;
  CREATE ROLE stranger LOGIN;
  SELECT passport.rotate_token_key();
  SELECT passport.import_residents(jsonb_agg(jsonb_build_object('resident_number', n::text, 'name', '試験')))
    FROM generate_series(1, 20) AS n;
  INSERT INTO passport.account (resident_id, assurance, created_at)
  SELECT resident_id, 'card_certain', passport.now() FROM passport.resident;
} . join ';', map { "SELECT passport.set_audience('$_', 'web', logout_uri => '" . $web->url("/$_") . "')" } sort keys %answers);

# ---- helpers ----

sub write_config
{
	my %settings = (
		database => $node->connstr('postgres') . ' user=bridge',
		ca_file => "$dir/ca.pem",
		allow_private => 'yes',
		lease => 4,
		timeout => 3,
		@_);
	my $file = "$dir/logout.conf";
	unlink $file;
	append_to_file($file, join '', map { "$_ = $settings{$_}\n" } sort keys %settings);
	return $file;
}

# once runs the program to its end and returns its exit code and its log.
sub once
{
	my $log = '';
	IPC::Run::run([ 'passport-logout', '--config', @_ ], '<', \undef, '>&', \$log);
	return ($? >> 8, $log);
}

sub start_logout
{
	my ($log) = @_;
	my $handle = IPC::Run::start([ 'passport-logout', '--config', "$dir/logout.conf" ], '<', \undef, '>&', $log);
	push @started, $handle;
	return $handle;
}

# log_out(NUMBER, SERVICE...): that resident was logged in at the services, and is no more; returns their tokens
sub log_out
{
	my ($number, @services) = @_;
	my $names = join ',', @services;
	return split /\n/, $node->safe_psql('postgres', qq{
	  DELETE FROM passport.logout WHERE state <> 'pending';
	  WITH entered AS (
	    INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
	    SELECT resident_id, a, 'jpki.authentication', '{sc}', 2, '01', passport.now(), passport.now() + interval '1 hour'
	      FROM passport.resident_directory, unnest('{$names}'::text[]) AS a WHERE resident_number = '$number'
	    RETURNING *)
	  SELECT 1 FROM entered \\g /dev/null
	  SELECT (passport.issue_token(s.resident_id, s.session_id)).id_token FROM passport.session AS s
	    JOIN passport.resident_directory AS d USING (resident_id) WHERE resident_number = '$number' AND revoked_at IS NULL ORDER BY audience;
	  SELECT passport.end_sessions(resident_id) FROM passport.resident_directory WHERE resident_number = '$number' \\g /dev/null});
}

sub states
{
	return $node->safe_psql('postgres', q{
	  SELECT string_agg(concat_ws(' ', audience, state, attempts), ', ' ORDER BY audience) FROM passport.logout});
}

sub claims
{
	my ($token, $part) = @_;
	return decode_json(decode_base64url((split /\./, $token)[ $part // 1 ]));
}

# ---- what it refuses to begin with ----

my ($code, $log) = once(write_config(), '--check');
is($code, 0, 'the check passes') or diag $log;
($code, $log) = once(write_config(lease => 300), '--check');
is($code, 2, 'a lease that outlives the tokens is refused');
($code, $log) = once(write_config(database => $node->connstr('postgres') . ' user=stranger'), '--check');
is($code, 3, 'a role without the right is refused');

# ---- each answer ----

my @tokens = log_out(1, 'ok');
($code, $log) = once(write_config(), '--once');
is($code, 0, 'a logout is told') or diag $log;
is(states(), 'ok delivered 1', 'and done');
my @requests = $web->requests('/ok');
is(scalar @requests, 1, 'once');
is($requests[0]{method}, 'POST', 'by POST');
is($requests[0]{headers}{'content-type'}, 'application/x-www-form-urlencoded', 'as a form');
like($requests[0]{body}, qr/^logout_token=[\w-]+\.[\w-]+\.[\w-]+$/, 'with nothing but the token');
my ($token) = $requests[0]{body} =~ /=(.*)/;
is(claims($token, 0)->{typ}, 'logout+jwt', 'which is a logout token');
my ($told, $known) = map { claims($_) } $token, $tokens[0];
is_deeply([ @{$told}{qw(iss aud sub sid)} ], [ @{$known}{qw(iss aud sub sid)} ], 'of the session that the service knows');
is_deeply($told->{events}, { 'http://schemas.openid.net/event/backchannel-logout' => {} }, 'and says what happened');

log_out(2, sort keys %answers);
($code, $log) = once(write_config(), '--once');
is($code, 5, 'answers that are no good end it with their own code');
is(states(), 'broken pending 1, empty delivered 1, missing pending 1, moved pending 1, ok delivered 1, refusing failed 1, slow delivered 1, talkative delivered 1',
	'each answer is taken for what it is');
is(scalar($web->requests('/ok')), 2, 'and a redirect is not followed');
unlike($log, qr/eyJ|127\.0\.0\.1:\d+\/\w/, 'no token and no address is in the log');
($code, $log) = once(write_config(), '--once');
is(scalar($web->requests('/broken')), 1, 'what failed is not told again at once');
$node->safe_psql('postgres', q{UPDATE passport.logout SET due_at = now() WHERE state = 'pending'});
once(write_config(), '--once');
is(scalar($web->requests('/broken')), 2, 'but later');
isnt(($web->requests('/broken'))[0]{body}, ($web->requests('/broken'))[1]{body}, 'with a new token');
$node->safe_psql('postgres', 'TRUNCATE passport.logout');

# ---- whom it does not talk to ----

log_out(3, 'ok');
($code, $log) = once(write_config(allow_private => 'no'), '--once');
is($code, 5, 'a private address is refused');
like($log, qr/private_address/, 'and the log says so');
my $other = File::Temp->newdir;
system('test/gateway/make-tls', $other);
$node->safe_psql('postgres', 'UPDATE passport.logout SET due_at = now()');
($code, $log) = once(write_config(ca_file => "$other/ca.pem"), '--once');
like($log, qr/untrusted_peer/, 'so is a service of another authority');
is(scalar($web->requests('/ok')), 2, 'neither heard a thing');
$node->safe_psql('postgres', 'TRUNCATE passport.logout');

# ---- killed in the middle, and two at a time ----

write_config();
log_out($_, 'slow') for 4 .. 11;
my $before = $web->requests('/slow');
my $out = '';
my $first = start_logout(\$out);
for (1 .. 200) { last if $web->requests('/slow') >= $before + 8; sleep 0.02 }
$first->signal('KILL');
$first->finish;
is($node->safe_psql('postgres', 'SELECT count(*) FROM passport.logout WHERE claimed_by IS NOT NULL'), 8, 'killed, it leaves its claims');
my ($one, $two) = map { start_logout(\$out) } 1 .. 2;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 8 FROM passport.logout WHERE state = 'delivered'}), 'others tell what it had not');
is(scalar($web->requests('/slow')), $before + 16, 'those, and each once');
log_out($_, 'ok', 'slow') for 12 .. 20;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM passport.logout WHERE state = 'pending'}), 'two share the work');
is(scalar($web->requests('/slow')), $before + 25, 'each service is told once');
log_out(1, 'slow');
for (1 .. 200) { last if $web->requests('/slow') > $before + 25; sleep 0.02 }
$_->signal('TERM') for $one, $two;
$_->finish for $one, $two;
is($_->result(0), 0, 'SIGTERM ends it well') for $one, $two;
is(states(), 'slow delivered 1', 'after what was under way');
unlike($out, qr/eyJ/, 'no token is in the log');

$web->stop;
$node->stop;
done_testing();
