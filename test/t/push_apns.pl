# passport-push to a gateway that answers as APNs does: every reason of its
# table, the headers and the token, one stream at first, and what HTTP/2 can do.
use strict;
use warnings;

use Encode qw(encode_utf8);
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_apns',
	'apns.key_file' => '{dir}/apns.p8', 'apns.key_id' => 'KEY1234567', 'apns.team_id' => 'TEAM123456',
	'apns.topic' => 'jp.example.app', 'apns.endpoint' => 'https://127.0.0.1:{port}',
	'apns.sandbox_endpoint' => 'https://127.0.0.1:{port}');
$test->start_gateway('--prove', '--streams', '100');

sub add { my ($name, $environment) = @_; return $test->add_device($name, 'apns', unpack('H*', $name . '.' x (16 > length $name ? 16 - length $name : 0)), { environment => $environment // 'production' }) }
# sent NAME: the requests for it
sub sent { my ($name) = @_; return @{ $test->requests('name')->{$name} // [] } }

# ---- what it refuses to begin with ----

$test->write_config;
my ($code, $log) = $test->run('--check');
is($code, 0, 'the check passes') or diag $log;
like($log, qr/"channel":"apns".*"topic":"jp\.example\.app"/, 'and says what it would use');
chmod 0640, "$test->{dir}/apns.p8";
($code, $log) = $test->run('--check');
is($code, 2, 'a key that others can read is refused');
chmod 0600, "$test->{dir}/apns.p8";
$test->write_config('apns.topic' => undef);
($code, $log) = $test->run('--check');
is($code, 2, 'no topic');
$test->write_config('apns.key_file' => '{dir}/server.pem');
($code, $log) = $test->run('--check');
is($code, 2, 'a file without a private key');

# ---- every reason ----

my %reasons = (
	'400.BadDeviceToken' => 'retired|BadDeviceToken|1|retired',
	'400.DeviceTokenNotForTopic' => 'failed|DeviceTokenNotForTopic|1|active',
	'400.IdleTimeout.1' => 'delivered||2|active',
	'404.BadPath' => 'failed|BadPath|1|active',
	'405.MethodNotAllowed' => 'failed|MethodNotAllowed|1|active',
	'413.PayloadTooLarge' => 'failed|PayloadTooLarge|1|active',
	'429.TooManyRequests.1.2' => 'delivered||2|active',
	'500.InternalServerError.1' => 'delivered||2|active',
	'503.ServiceUnavailable.2' => 'delivered||3|active',
	'503.Shutdown.1.d2' => 'delivered||2|active',
	'502.Nonsense.1' => 'delivered||2|active',
	map { ("400.$_" => "failed|$_|1|active") } qw(BadCollapseId BadExpirationDate BadMessageId BadPriority BadTopic
	  DuplicateHeaders InvalidPushType MissingDeviceToken MissingTopic PayloadEmpty TopicDisallowed));
my @plain = map { "plain$_" } 1 .. 60;
my @http2 = qw(reset-1-a calm-1-a goaway-2-a oversize-a slow-300-a cut-1-a hang-1);
add($_) for @plain, @http2, keys %reasons;
add('sandy', 'sandbox');
$test->write_config(metrics => '{dir}/push.prom');
$test->start;
my $sent_at = time;
$test->notify([ @plain, 'sandy' ], collapse_key => 'alert-7');
ok($test->all_finished, 'plain ones come to an end');
my @first = sort { $a->{time} <=> $b->{time} } grep { $_->{name} =~ /^plain/ } map { @$_ } values %{ $test->requests('name') };
is(scalar(@first), 60, 'each was sent once');
my %connections = map { $_->{connection} => 1 } @first;
is(scalar(keys %connections), 1, 'over one connection, one stream first');
my ($sample) = sent('plain7');
my $headers = $sample->{headers};
like($headers->{'apns-id'}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'apns-id');
is($headers->{'apns-topic'}, 'jp.example.app', 'topic');
is($headers->{'apns-priority'}, '10', 'priority');
is($headers->{'apns-collapse-id'}, 'alert-7', 'collapse id');
cmp_ok(abs($headers->{'apns-expiration'} - $sent_at - 86400), '<', 30, 'expiration');
is(encode_utf8($sample->{payload}{aps}{alert}{title}), '避難指示', 'title');
is(encode_utf8($sample->{payload}{aps}{alert}{body}), '川が"あふれ"ます', 'body');
is($sample->{payload}{aps}{'interruption-level'}, 'time-sensitive', 'an evacuation breaks through a focus');
is($sample->{payload}{alert}, '1', 'data');
is($sample->{claims}{iss}, 'TEAM123456', 'whose token it is');
my %tokens = map { $_->{headers}{authorization} => 1 } @first;
is(scalar(keys %tokens), 1, 'one token for all');
my %ids = map { $_->{headers}{'apns-id'} => 1 } @first;
is(scalar(keys %ids), 60, 'an id each');

$test->notify([ keys %reasons ]);
ok($test->all_finished, 'every reason comes to an end');
# apart: a connection that breaks takes along what else is on it
$test->notify([ grep { !/^hang/ } @http2 ]);
ok($test->all_finished, 'and what HTTP/2 can do');
is($test->outcome($_), $reasons{$_}, $_) for sort keys %reasons;
my @again = sent('503.ServiceUnavailable.2');
is(scalar(@again), 3, 'sent three times');
is($again[0]{headers}{'apns-id'}, $again[2]{headers}{'apns-id'}, 'with one apns-id');
my @throttled = sent('429.TooManyRequests.1.2');
cmp_ok($throttled[1]{time} - $throttled[0]{time}, '>=', 2, 'Retry-After in seconds');
my @down = sent('503.Shutdown.1.d2');
cmp_ok($down[1]{time} - $down[0]{time}, '>=', 0.9, 'Retry-After as a date');
# libcurl may send a request that was not processed again by itself
like($test->outcome($_), qr/^delivered\|\|[123]\|active$/, $_) for grep { !/^hang/ } @http2;

# ---- 410 says since when: an app that has registered later is not given up ----

add($_) for qw(410.Unregistered 410.ExpiredToken);
$test->sql(q{UPDATE passport.device SET registered_at = now() - interval '2 hours'
              WHERE token = encode('410.ExpiredToken', 'hex')});
$test->notify([qw(410.Unregistered 410.ExpiredToken)]);
ok($test->all_finished, '410 comes to an end');
is($test->outcome('410.ExpiredToken'), 'retired|ExpiredToken|1|retired', 'dead since an hour, registered two hours ago');
is($test->outcome('410.Unregistered'), 'retired|Unregistered|1|active', 'dead since an hour, registered just now');

# ---- what hangs is given up, and holds up nobody ----

$test->notify([ 'hang-1', @plain ]);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery'), 'only what hangs is left');
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'and that is tried again');
$test->sql('DELETE FROM passport.delivery');
is($test->stop, 0, 'SIGTERM ends it well');
unlike($test->{log}, qr/plain\d|避難|eyJ|[0-9a-f]{32}/, 'no token and no message in its log');

# ---- metrics: whole or not at all, and never worth a delivery ----

my $metrics = slurp_file("$test->{dir}/push.prom");
like($metrics, qr/^passport_push_deliveries_total\{channel="apns",outcome="delivered"\} 1\d\d$/m, 'deliveries by outcome');
like($metrics, qr/^passport_push_deliveries_total\{channel="apns",outcome="retired"\} 3$/m, 'those retired');
my ($requests) = $metrics =~ /^passport_push_request_seconds_count\{channel="apns"\} (\d+)$/m;
like($metrics, qr/^passport_push_request_seconds_bucket\{channel="apns",le="\+Inf"\} $requests$/m, 'a histogram');
like($metrics, qr/^passport_push_queue_age_seconds\{lane="evacuation",channel="apns"\} [\d.]+$/m, 'the queue\'s age by lane');
is(scalar(grep { !/^(#|[a-z_]+(\{[^}]*\})? [\d.]+$)/ } split /\n/, $metrics), 0, 'each line is one that Prometheus reads');
ok(!-e "$test->{dir}/push.prom.new", 'and nothing half is left');
$test->write_config(metrics => '/dev/full/push.prom');
$test->notify(['plain1']);
($code, $log) = $test->run('--once');
is($code, 0, 'a place that cannot be written to');
like($log, qr/the metrics could not be written/, 'is told');
$test->write_config;

# ---- what only a person can mend: one is enough, the others are not sent ----

my @refusals = qw(InvalidProviderToken MissingProviderToken Forbidden BadCertificate BadCertificateEnvironment);
for my $reason (@refusals)
{
	add("403.$reason");
	$test->notify([ "403.$reason" ]);
	($code, $log) = $test->run('--once');
	is($code, 5, "$reason stops the channel");
	like($log, qr/"code":"$reason"/, 'with an alarm');
	is($test->sql('SELECT count(*) FROM passport.delivery WHERE attempt = 1 AND not_before < now() + interval \'2 s\''), 1, 'and whoever may send can have it');
	$test->sql('DELETE FROM passport.delivery');
}
add('429.TooManyProviderTokenUpdates');
$test->notify([ '429.TooManyProviderTokenUpdates' ]);
$test->start;
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before > now() + interval \'50 s\''), 'too many tokens: a minute\'s rest');
$test->stop;
like($test->{log}, qr/"sending stops for a while".*TooManyProviderTokenUpdates/, 'for all');
$test->sql('DELETE FROM passport.delivery');

# ---- a token that APNs calls expired: a new one if the old may be replaced, else an alarm ----

add('403.ExpiredProviderToken.1');
# which of the two it is depends on where the clock stands in the span of a token
sleep 1 while time % 1200 > 1190;
my $old = time % 2400 >= 1200;
$test->notify([ '403.ExpiredProviderToken.1' ]);
$test->start;
if ($old)
{
	ok($test->all_finished, 'it comes to an end');
	my @both = sent('403.ExpiredProviderToken.1');
	is($test->outcome('403.ExpiredProviderToken.1'), 'delivered||2|active', 'with a new token');
	cmp_ok($both[1]{claims}{iat}, '>', $both[0]{claims}{iat}, 'which is newer');
}
else
{
	ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'it waits');
	is(scalar(sent('403.ExpiredProviderToken.1')), 1, 'no other token is tried');
	for (1 .. 100) { last if $test->{log} =~ /clock right/; $test->{push}->pump_nb; sleep 0.05 }
	like($test->{log}, qr/clock right/, 'and somebody is asked to look at the clock');
	$test->sql('DELETE FROM passport.delivery');
}
$test->stop;
# two that start in one span say the same iat
my @iats = map { $_->{claims}{iat} } grep { $_->{claims} } map { @$_ } values %{ $test->requests('name') };
cmp_ok(scalar(keys %{ { map { $_ => 1 } grep { $_ % 2400 == 0 } @iats } }), '<=', 2, 'tokens lie on a grid');

# ---- a library of another make verifies the token ----

SKIP: {
	my ($modules, $why) = Push::npm('jose');
	skip $why, 2 unless $modules;
	my ($token) = $headers->{authorization} =~ /^bearer (.+)$/;
	my ($public) = run_command([ 'openssl', 'pkey', '-in', "$test->{dir}/apns.p8", '-pubout' ]);
	my $out = Push::node($modules, <<'JS', $public, $token);
import { importSPKI, jwtVerify } from 'jose';
const [spki, token] = process.argv.slice(2);
const { payload, protectedHeader } = await jwtVerify(token, await importSPKI(spki, 'ES256'), { issuer: 'TEAM123456', maxTokenAge: '60 min' });
console.log(protectedHeader.alg, protectedHeader.kid, Object.keys(payload).join());
JS
	is($out, 'ES256 KEY1234567 iss,iat', 'jose finds the token good');
	(my $changed = $token) =~ s/^(.{60})(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/e;
	is(Push::node($modules, <<'JS', $public, $changed), 'refused', 'and a changed one not');
import { importSPKI, jwtVerify } from 'jose';
const [spki, token] = process.argv.slice(2);
try { await jwtVerify(token, await importSPKI(spki, 'ES256')); } catch { console.log('refused'); }
JS
}

# ---- a gateway that is somebody else ----

my $other = File::Temp->newdir;
system('test/gateway/make-tls', $other);
$test->notify([ 'plain1' ]);
$test->write_config('ca_file' => "$other/ca.pem");
($code, $log) = $test->run('--once');
is($code, 5, 'a gateway of another authority is refused');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
