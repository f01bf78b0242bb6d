# passport-push to a gateway that answers as push services of browsers do.  The
# bodies are decrypted and the tokens verified by packages of another make.
use strict;
use warnings;

use Encode qw(encode_utf8);
use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_web',
	'webpush.key_file' => '{dir}/vapid.pem', 'webpush.subject' => 'mailto:it@example.jp', 'webpush.allow_private' => 'yes');
$test->start_gateway;
my $base = "https://127.0.0.1:$test->{port}/push";
sub openssl { my @arguments = @_; my ($out, $log) = ('', ''); IPC::Run::run([ 'openssl', @arguments ], '<', \undef, '>', \$out, '2>', \$log) or die $log; return $out }
sub key_pair
{
	my ($file) = @_;
	openssl(qw(genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out), $file);
	chmod 0600, $file;
	my ($private, $public) = openssl(qw(pkey -text -noout -in), $file) =~ /priv:\s*([0-9a-f:\s]+)pub:\s*([0-9a-f:\s]+)/ or die;
	return map { s/[:\s]//g; pack 'H*', $_ } ($private, $public);
}
sub base64url { my $text = encode_base64($_[0], ''); $text =~ tr{+/}{-_}; $text =~ s/=+$//; return $text }
my (undef, $vapid_public) = key_pair("$test->{dir}/vapid.pem");
my ($private, $public) = key_pair("$test->{dir}/browser.pem");
$private = substr "\0" x 32 . $private, -32;
my $auth = 'sixteen bytes...';
my $keys = { p256dh => base64url($public), auth => base64url($auth) };

# a browser's endpoint is never within our own network: what the tests need instead is put there behind the check
sub add
{
	my ($name, $url) = @_;
	my $device = $test->add_device($name, 'webpush', 'https://push.example.net/' . $name, $keys);
	$url //= "$base/$name";
	$test->sql("UPDATE passport.device SET token = '$url' WHERE device_id = $device");
	return $device;
}
sub sent { my ($name) = @_; return @{ $test->requests('name')->{$name} // [] } }

$test->write_config;
my ($code, $log) = $test->run('--check');
is($code, 0, 'the check passes') or diag $log;
like($log, qr/"application_server_key":"@{[base64url($vapid_public)]}"/, 'and says the key for browsers');
$test->write_config('webpush.subject' => 'it@example.jp');
($code) = $test->run('--check');
is($code, 2, 'a subject that is no URI is refused');

# ---- every status ----

my %statuses = (
	'404.x' => 'retired|HTTP_404|1|retired', '410.x' => 'retired|HTTP_410|1|retired',
	'400.x' => 'failed|HTTP_400|1|active', '413.x' => 'failed|HTTP_413|1|active', '418.x' => 'failed|HTTP_4XX|1|active',
	'429.x.1.2' => 'delivered||2|active', '500.x.1' => 'delivered||2|active', '503.x.1.d2' => 'delivered||2|active',
	'202.x' => 'delivered||1|active');
# two services that nobody answers for; who is there comes first in the outbox
my $dead = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 100) or die;
my $gone = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die;
my $gone_port = $gone->sockport;
close $gone;
my @dead = map { "dead$_" } 1 .. 120;
my @gone = map { "gone$_" } 1 .. 60;
add($_, "https://127.0.0.1:@{[$dead->sockport]}/push/$_") for @dead;
add($_, "https://127.0.0.1:$gone_port/push/$_") for @gone;
my @plain = map { "plain$_" } 1 .. 40;
my @http2 = qw(reset-1-w calm-1-w goaway-1-w oversize-w slow-200-w cut-1-w);
add($_) for @plain, keys %statuses, @http2, qw(401.x 403.x hang-w);
$test->write_config;
$test->start;
$test->notify(\@plain, collapse_key => 'alert-7');
ok($test->all_finished, 'plain ones come to an end');
is(scalar(map { sent($_) } @plain), 40, 'each sent once');
$test->notify([ keys %statuses ]);
ok($test->all_finished, 'every status comes to an end');
# apart: a connection that breaks takes along what else is on it
$test->notify(\@http2);
ok($test->all_finished, 'and what HTTP/2 can do');
is($test->outcome($_), $statuses{$_}, $_) for sort keys %statuses;
like($test->outcome($_), qr/^delivered\|\|[12]\|active$/, $_) for @http2;
my ($sample) = sent('plain7');
my $headers = $sample->{headers};
is($headers->{urgency}, 'high', 'urgency');
is($headers->{'content-encoding'}, 'aes128gcm', 'encoding');
like($headers->{topic}, qr/^[A-Za-z0-9_-]{32}$/, 'topic');
is((sent('plain8'))[0]{headers}{topic}, $headers->{topic}, 'one for all that the next message replaces');
isnt((sent('slow-200-w'))[0]{headers}{topic}, $headers->{topic}, 'and others for others');
cmp_ok(86400 - $headers->{ttl}, '<', 60, 'ttl');
my @again = sent('500.x.1');
is($again[0]{headers}{topic}, $again[1]{headers}{topic}, 'the second try replaces the first');
isnt($again[0]{sealed}, $again[1]{sealed}, 'and is sealed anew');
unlike(join('', map { $_->{sealed} } map { sent($_) } @plain), qr/@{[encode_base64(encode_utf8('避難'), '')]}/, 'nothing is readable');

# ---- refused by one service: the device stays, the others are sent to ----

for my $status ('401', '403')
{
	$test->notify([ "$status.x", 'plain1' ]);
	ok($test->{node}->poll_query_until('postgres', "SELECT count(*) = 1 FROM passport.delivery WHERE not_before > now() + interval '4 minutes'"), "$status waits for somebody");
	is($test->outcome('plain1'), 'delivered||1|active', 'and nobody else does');
	$test->sql('DELETE FROM passport.delivery');
}
$test->notify([ 'hang-w', @plain ]);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'what hangs is given up and tried again');
$test->sql('DELETE FROM passport.delivery');

# ---- a service that hangs, and one that is gone, hold up no other ----

my $told_at = time;
my $told = $test->notify([ @dead, @gone, @plain ]);
ok($test->{node}->poll_query_until('postgres', "SELECT count(*) = 40 FROM passport.delivery_outcome WHERE notification_id = $told AND outcome = 'delivered'"), 'the others are sent to');
my @others = map { $_->[-1]{time} } map { $test->requests('name')->{$_} } @plain;
my ($last) = sort { $b <=> $a } @others;
# a request that hangs takes two seconds
cmp_ok($last - $told_at, '<', 2, 'before the first that hangs is given up');
$test->sql('DELETE FROM passport.delivery');
is($test->stop, 0, 'SIGTERM ends it well');
like($test->{log}, qr/"a push service is given a rest"/, 'what fails is given a rest');
like($test->{log}, qr/"code":"HTTP_401"/, 'with an alarm');
unlike($test->{log}, qr{plain\d|/push/|避難|eyJ}, 'no endpoint, message or token in its log');

# ---- our own network is no push service ----

add('inside');
add('named', 'https://localhost:' . $test->{port} . '/push/named');
$test->write_config('webpush.allow_private' => 'no');
my $before = -s "$test->{dir}/requests";
$test->notify([qw(inside named)]);
$test->start;
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 2 FROM passport.delivery WHERE not_before IS NOT NULL'), 'private addresses are refused');
$test->stop;
is(-s "$test->{dir}/requests", $before, 'nothing was sent there');
$test->sql('DELETE FROM passport.delivery');
for my $endpoint ('http://push.example.net/a', 'https://127.0.0.1/a', 'https://[::1]/a', 'https://localhost/a', 'https://printer.local/a', 'https://push.example.net:8443/a',
	'https://user@push.example.net/a', 'https://0x7f.1/a', 'https://2130706433/a', 'https://push/a', 'https://push.example.net')
{
	my ($status) = $test->{node}->psql('postgres', "SELECT passport.add_device(resident_id, 'webpush', '$endpoint', NULL, '@{[encode_json($keys)]}') FROM passport.resident LIMIT 1");
	isnt($status, 0, "$endpoint is not registered");
}

# ---- packages of another make ----

SKIP: {
	my ($modules, $why) = Push::npm('http_ece', 'jose');
	skip $why, 6 unless $modules;
	my ($token, $k) = $headers->{authorization} =~ /^vapid t=(\S+), k=(\S+)$/;
	is($k, base64url($vapid_public), 'k is our key');
	my $opened = Push::node($modules, <<'JS', encode_json({ sealed => $sample->{sealed}, private => base64url($private), public => base64url($public), auth => base64url($auth) }));
import ece from 'http_ece';
import crypto from 'node:crypto';
const given = JSON.parse(process.argv[2]);
const receiver = crypto.createECDH('prime256v1');
receiver.setPrivateKey(Buffer.from(given.private, 'base64url'));
const open = (auth) => ece.decrypt(Buffer.from(given.sealed, 'base64'), { version: 'aes128gcm', privateKey: receiver, authSecret: auth });
const text = open(given.auth).toString('utf8');
let other = 'opened';
try { open(Buffer.alloc(16).toString('base64url')); } catch { other = 'refused'; }
console.log(JSON.stringify({ text, other }));
JS
	my $read = decode_json($opened);
	my $message = decode_json(encode_utf8($read->{text}));
	is(encode_utf8($message->{title}), '避難指示', 'http_ece opens the title');
	is(encode_utf8($message->{body}), '川が"あふれ"ます', 'and the body');
	is($message->{data}{alert}, '1', 'and the data');
	is($read->{other}, 'refused', 'with no other secret');
	my $public_pem = openssl(qw(pkey -pubout -in), "$test->{dir}/vapid.pem");
	is(Push::node($modules, <<'JS', $public_pem, $token, "https://127.0.0.1:$test->{port}"), 'ES256 mailto:it@example.jp true', 'jose finds the token good');
import { importSPKI, jwtVerify } from 'jose';
const [spki, token, audience] = process.argv.slice(2);
const { payload, protectedHeader } = await jwtVerify(token, await importSPKI(spki, 'ES256'), { audience });
console.log(protectedHeader.alg, payload.sub, payload.exp <= Date.now() / 1000 + 86400);
JS
}
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
