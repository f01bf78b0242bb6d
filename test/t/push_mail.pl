# passport-push to a mail server: what a mail looks like, what each reply comes
# to, TLS or nothing, and an address that counts when its code came back.
use strict;
use warnings;

use Encode qw(decode encode_utf8);
use MailServer;
use MIME::Base64;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_mail', 'smtp.from' => 'bosai@town.example.jp', 'connections' => 4, 'timeout' => 3, 'lease' => 8);
my $server = MailServer->start($test->{dir}, "$test->{dir}/mails", user => 'bridge', password => 'open sesame');
my @servers = ($server);
END { my $status = $?; $_->stop for @servers; $? = $status }
open my $secret, '>', "$test->{dir}/password" or die;
print $secret "open sesame\n";
close $secret;
chmod 0600, "$test->{dir}/password";
my %login = ('smtp.url' => "smtp://127.0.0.1:$server->{port}", 'smtp.user' => 'bridge', 'smtp.password_file' => '{dir}/password');

# an address whose holder has given its code back
sub add { my ($name) = @_; my $device = $test->add_device($name, 'smtp', "$name\@example.jp"); $test->sql("UPDATE passport.device SET state = 'active' WHERE device_id = $device"); return $device }
# the text of a mail's encoded words
sub words { my ($header) = @_; return encode_utf8(decode('MIME-Header', $header)) }

$test->write_config(%login);
my ($code, $log) = $test->run('--check');
is($code, 0, 'the check passes') or diag $log;
unlike($log, qr/sesame/, 'without saying the password');
for my $case ([ 'smtp.url' => 'http://127.0.0.1/' ], [ 'smtp.from' => 'nobody' ], [ 'smtp.password_file' => undef ])
{
	$test->write_config(%login, @$case);
	($code) = $test->run('--check');
	is($code, 2, "$case->[0] that is no good is refused");
}

# ---- what arrives, and what each reply comes to ----

my %replies = (
	'550-5.1.1-x' => 'retired|5.1.1|1|retired', '556-5.1.10-x' => 'retired|5.1.10|1|retired', '550-5.2.1-x' => 'retired|5.2.1|1|retired',
	'550-5.7.1-x' => 'failed|5.7.1|1|active', '554-5.3.4-x' => 'failed|5.3.4|1|active', '550-5.0.0-x' => 'failed|SMTP_5XX|1|active',
	'data-554-5.7.1-x' => 'failed|5.7.1|1|active');
my @plain = map { "plain$_" } 1 .. 20;
add($_) for @plain, keys %replies, qw(once-451-4.7.1-x hang-m 421-4.3.2-x);
$test->write_config(%login, 'smtp.rate' => 100);
$test->start;
$test->notify(\@plain);
ok($test->all_finished, 'plain ones come to an end');
my @mails = $server->mails;
is(scalar(@mails), 20, 'each got one mail');
my ($sample) = $server->mails('plain7@example.jp');
is($sample->{from}, 'bosai@town.example.jp', 'from whom');
is($sample->{secure}, 1, 'over TLS');
my ($head, $body) = split /\r\n\r\n/, $sample->{mail}, 2;
like($head, qr/^To: <plain7\@example\.jp>\r$/m, 'to whom');
like($head, qr/^Auto-Submitted: auto-generated\r$/m, 'said to be a machine\'s');
like($head, qr/^Importance: high\r$/m, 'important');
like($head, qr/^Message-ID: <[0-9a-f-]{36}\@town\.example\.jp>\r$/m, 'with an id of its own');
my ($subject) = $head =~ /^Subject: ([^\r\n]*(?:\r\n [^\r\n]*)*)/m;
is(words($subject), '避難指示', 'the subject arrives');
is(decode_base64($body), '川が"あふれ"ます', 'the body arrives');
is(scalar(grep { length > 78 } split /\r\n/, $sample->{mail}), 0, 'in lines that every server takes');
unlike($sample->{mail}, qr/[^\r\n\x20-\x7e]/, 'of ASCII');

$test->notify([ keys %replies ]);
ok($test->all_finished, 'every reply comes to an end');
is($test->outcome($_), $replies{$_}, $_) for sort keys %replies;
$test->notify(['once-451-4.7.1-x']);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before > now() + interval \'50 s\''), 'greylisted: a minute\'s wait');
$test->sql('UPDATE passport.delivery SET not_before = now()');
ok($test->all_finished, 'and then');
is($test->outcome('once-451-4.7.1-x'), 'delivered||2|active', 'it is taken');
$test->notify(['421-4.3.2-x']);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'a server that closes is tried again');
$test->sql('DELETE FROM passport.delivery');
$test->notify([ 'hang-m', @plain ]);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'what hangs is given up and tried again');
$test->sql('DELETE FROM passport.delivery');

# ---- a subject of many words: no character is split ----

my $long = '避難指示' x 20;
$test->sql(qq{SELECT passport.notify(ARRAY[@{[$test->resident('plain3')]}], 'alert', 'evacuation', '{"ja": {"title": "$long", "body": "@{['あ' x 300]}"}}')});
ok($test->all_finished, 'a long one');
my ($mail) = ($server->mails('plain3@example.jp'))[-1];
($head, $body) = split /\r\n\r\n/, $mail->{mail}, 2;
($subject) = $head =~ /^Subject: ([^\r\n]*(?:\r\n [^\r\n]*)*)/m;
for my $word (split /\r\n /, $subject)
{
	my ($text) = $word =~ /^=\?UTF-8\?B\?(.*)\?=$/;
	ok(defined eval { decode('UTF-8', decode_base64($text), Encode::FB_CROAK) }, 'a word by itself');
}
is(words($subject), $long, 'and all together');
is(decode_base64($body), 'あ' x 300, 'with its body');

# ---- an address is verified by the code that was sent to it ----

my $device = $test->add_device('fresh', 'smtp', 'fresh@example.jp');
my $fresh = $test->resident('fresh');
$test->notify(['fresh']);
is($test->sql("SELECT reason FROM passport.unreached WHERE resident_id = $fresh"), 'no_channel', 'who is not verified has no channel');
is(scalar($server->mails('fresh@example.jp')), 0, 'and is sent nothing');
$test->sql("SELECT passport.send_device_code($fresh, $device)");
ok($test->all_finished, 'but the code');
($mail) = $server->mails('fresh@example.jp');
($head, $body) = split /\r\n\r\n/, $mail->{mail}, 2;
my ($given) = decode_base64($body) =~ /(\d{6})/;
ok($given, 'arrives');
is($test->sql("SELECT code_digest = passport.device_code_digest(device_id, '$given') FROM passport.device_code"), 't', 'and is the one that counts');
is($test->stop, 0, 'SIGTERM ends it well');
unlike($test->{log}, qr/example\.jp|避難|sesame|$given/, 'no address, message, password or code in its log');

# ---- TLS or nothing; a login that is refused ----

$test->notify(['plain1']);
for my $case ([ { plain => 1 }, {}, qr/"code":"no_tls"/, 'a server without TLS' ], [ { user => 'bridge', password => 'another' }, {}, qr/"code":"(5\.7\.8|SMTP_535|login_denied)"/, 'a login that is refused' ])
{
	my ($options, $settings, $code_wanted, $name) = @$case;
	my $other = MailServer->start($test->{dir}, "$test->{dir}/other", %$options);
	push @servers, $other;
	$test->write_config(%login, 'smtp.url' => "smtp://127.0.0.1:$other->{port}", %$settings);
	($code, $log) = $test->run('--once');
	is($code, 5, "$name stops the channel");
	like($log, $code_wanted, 'with an alarm');
	is_deeply([ $other->mails ], [], 'and gets no mail');
	$test->sql('UPDATE passport.delivery SET not_before = now()');
	$other->stop;
}
my $stranger = File::Temp->newdir;
system('test/gateway/make-tls', $stranger);
$test->write_config(%login, ca_file => "$stranger/ca.pem");
($code, $log) = $test->run('--once');
is($code, 5, 'a server of another authority is refused');
like($log, qr/"code":"untrusted_peer"/, 'with an alarm');
done_testing();
