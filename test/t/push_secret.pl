# The secrets of passport-push are in its files and its memory, and nowhere else:
# not in its log, its command line, its environment, a core or the database.
use strict;
use warnings;

use JSON::PP;
use MailServer;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep);

my $test = Push->new('push_secret',
	'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
	'apns.key_file' => '{dir}/apns.p8', 'apns.key_id' => 'KEY1234567', 'apns.team_id' => 'TEAM123456', 'apns.topic' => 'jp.example.app',
	'apns.endpoint' => 'https://127.0.0.1:{port}', 'apns.sandbox_endpoint' => 'https://127.0.0.1:{port}',
	'webpush.key_file' => '{dir}/vapid.pem', 'webpush.subject' => 'mailto:it@example.jp', 'webpush.allow_private' => 'yes',
	'line.token_file' => '{dir}/line.token', 'line.endpoint' => 'https://127.0.0.1:{port}',
	'smtp.from' => 'bosai@town.example.jp', 'smtp.user' => 'bridge', 'smtp.password_file' => '{dir}/password', 'metrics' => '{dir}/push.prom');
my $dir = $test->{dir};
$test->start_gateway;
my $mail = MailServer->start($dir, "$dir/mails", user => 'bridge', password => 'open sesame');
END { my $status = $?; $mail->stop if $mail; $? = $status }
sub write_secret { my ($file, $text) = @_; open my $out, '>', $file or die; print $out $text; close $out; chmod 0600, $file; return }
write_secret("$dir/password", "open sesame\n");
system("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $dir/vapid.pem 2>/dev/null && chmod 600 $dir/vapid.pem") == 0 or BAIL_OUT('no key');
my %all = ('smtp.url' => "smtp://127.0.0.1:$mail->{port}", 'database' => $test->{node}->connstr('postgres') . ' user=bridge password=hush-database');
$test->write_config(%all);
chmod 0600, "$dir/push.conf";

# ---- each file must be its owner's alone ----

my ($code, $log) = $test->run('--check');
is($code, 0, 'the check passes') or diag $log;
my %files = ('account.json' => 'FCM', 'apns.p8' => 'APNs', 'vapid.pem' => 'Web Push', 'line.token' => 'LINE', 'password' => 'mail', 'push.conf' => 'the settings with a password');
for my $file (sort keys %files)
{
	for my $mode (0640, 0604)
	{
		chmod $mode, "$dir/$file";
		my ($refused, $why) = $test->run('--check');
		is($refused, 2, sprintf '%s in a file of mode %o is refused', $files{$file}, $mode);
		like($why, qr/its owner's alone/, 'and the log says so');
	}
	chmod 0600, "$dir/$file";
}

# ---- a run in which each secret is used ----

$test->add_device('fcm', 'fcm', 'plain-fcm');
$test->add_device('apns', 'apns', unpack('H*', 'apns............'), { environment => 'production' });
$test->add_device('line', 'line', 'U' . unpack 'H*', 'line............');
$test->sql("UPDATE passport.device SET state = 'active' WHERE device_id = @{[ $test->add_device('mail', 'smtp', 'mail@example.jp') ]}");
local $ENV{PASSPORT_PUSH_BATCH} = 50;
my $push = $test->start;
$test->notify([qw(fcm apns line mail)]);
# a wrong answer of each is logged, too
$test->add_device($_, 'fcm', $_) for qw(unregistered-1 mismatch-1);
$test->notify([qw(unregistered-1 mismatch-1)]);
ok($test->all_finished, 'each is used');
is($test->outcome($_), 'delivered||1|active', $_) for qw(fcm apns line mail);

# all that its secrets look like: each line of a key, and what is made of them
my %secret = ('the mail password' => 'open sesame', 'the database password' => 'hush-database', 'the token of LINE' => slurp_file("$dir/line.token") =~ s/\s+\z//r);
for my $key ([ 'FCM', decode_json(slurp_file("$dir/account.json"))->{private_key} ], [ 'APNs', slurp_file("$dir/apns.p8") ], [ 'Web Push', slurp_file("$dir/vapid.pem") ])
{
	my @lines = grep { !/^-----/ && length > 20 } split /\n/, $key->[1];
	$secret{"the key of $key->[0]"} = $lines[1] // $lines[0];
}
# is_absent(WHERE, TEXT): none of them is in it
sub is_absent
{
	my ($where, $text) = @_;
	my @found = grep { index($text, $secret{$_}) >= 0 } sort keys %secret;
	push @found, 'an access token' if $text =~ /ya29\.|[Bb]earer [A-Za-z0-9]|eyJ[A-Za-z0-9_-]{10}/;
	is("@found", '', "no secret in $where");
	return;
}
my ($pid) = map { $_->{PID} // $_->pid } grep { defined } @{ $push->{KIDS} };
my $read = sub { my ($file) = @_; open my $in, '<', "/proc/$pid/$file" or return "refused: $!"; local $/; my $all = <$in>; return $all // "refused: $!" };
like($read->('cmdline'), qr/passport-push/, 'its command line can be read');
is_absent('its command line', $read->('cmdline'));
SKIP:
{
	skip 'root reads everything', 2 if $> == 0;
	like($read->('environ'), qr/^refused/, 'nobody reads its environment');
	ok(!-r "/proc/$pid/mem", 'nor its memory');
}
like($read->('limits'), qr/Max core file size\s+0\s+0\s/, 'it leaves no core');
is($test->stop, 0, 'it ends well');
is_absent('its log', $test->{log});
like($test->{log}, qr/SENDER_ID_MISMATCH/, 'which has its errors');
is_absent('its metrics', slurp_file("$dir/push.prom"));
$test->run('--check');
is_absent('what --check prints', ($test->run('--check'))[1]);
my $dump = "$dir/dump.sql";
command_ok([ 'pg_dump', '-d', $test->{node}->connstr('postgres'), '-f', $dump ], 'the database is dumped');
is_absent('a dump of the database', slurp_file($dump));
is_absent('the log of the server', slurp_file($test->{node}->logfile));
for my $bad (0 .. 4)
{
	# a secret that is not good is not quoted either
	my $file = (qw(account.json apns.p8 vapid.pem line.token password))[$bad];
	my $was = slurp_file("$dir/$file");
	write_secret("$dir/$file", $was =~ s/\A(.{40})/$1 \x01 /sr);
	my ($refused, $why) = $test->run('--check');
	is_absent("what is said of a $file that is not good", $why);
	write_secret("$dir/$file", $was);
}

$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
