# Web Push to many services at once: those that hang, however many, hold up none
# of the others, and one that asks for a rest has it.
use strict;
use warnings;

use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);
use WebServer;

my $test = Push->new('push_origins', 'webpush.key_file' => '{dir}/apns.p8', 'webpush.subject' => 'mailto:it@example.jp',
	'webpush.allow_private' => 'yes', batch => 100, in_flight => 200, lease => 60, timeout => 10);
my @started;
END { my $status = $?; $_->kill_kill(grace => 2) for grep { $_->pumpable } @started; $? = $status }
my $keys = { auth => 'BTBZMqHH6r4Tts7J_aSIgg', p256dh => 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4' };

# ---- three services: of two we shall stop the process ----

# their records are in folders of their own, their certificates of one authority
sub service
{
	my ($name) = @_;
	my $folder = "$test->{dir}/$name";
	mkdir $folder;
	system('cp', map({ "$test->{dir}/$_" } qw(server.pem server.key)), $folder) == 0 or die;
	my $handle = IPC::Run::start([ 'build/test/gateway/gateway', $folder ], '<', \undef);
	push @started, $handle;
	for (1 .. 200) { last if -e "$folder/port"; sleep 0.05 }
	return { handle => $handle, folder => $folder, port => slurp_file("$folder/port") + 0 };
}
# add(SERVICE, NAMES): people with a browser of a port; behind the check of what is registered
sub add
{
	my ($port, @names) = @_;
	for my $name (@names)
	{
		my $device = $test->add_device($name, 'webpush', "https://push.example.net/$name", $keys);
		$test->sql("UPDATE passport.device SET token = 'https://127.0.0.1:$port/push/$name' WHERE device_id = $device");
	}
	return @names;
}
sub delivered { my ($message, $names) = @_; return $test->{node}->poll_query_until('postgres', "SELECT count(*) = @{[scalar @$names]} FROM passport.delivery_outcome JOIN passport.resident USING (resident_id) WHERE notification_id = $message AND outcome = 'delivered' AND resident_number IN (@{[join ',', map { q{'} . Push::number($_) . q{'} } @$names]})") }
sub last_of { my ($names) = @_; my $all = $test->requests('name'); my ($last) = sort { $b <=> $a } map { $_->[-1]{time} } map { $all->{$_} } @$names; return $last }

$test->start_gateway;
my @hanging = map { service("hanging$_") } 1, 2;
# who is stopped comes first in the outbox
my @first = map { my $n = $_; add($hanging[$n]{port}, map { "h$n-$_" } 1 .. 150) } 0, 1;
my @strangers = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 100) // die $! } 1 .. 33;
my @silent = map { my $n = $_; add($strangers[$n]->sockport, map { "s$n-$_" } 1 .. 8) } 0 .. 32;
my @plain = add($test->{port}, map { "plain$_" } 1 .. 40);

$test->write_config;
$test->start;
my $message = $test->notify([ @first, @plain ]);
ok(delivered($message, [ @first, @plain ]), 'all three services answer');
$_->{handle}->signal('STOP') for @hanging;
my $said = time;
$message = $test->notify([ @first, @plain ]);
ok(delivered($message, \@plain), 'two of them hang, the third is sent to');
cmp_ok(last_of(\@plain) - $said, '<', 2, sprintf('the last of 40 after %.2f s', last_of(\@plain) - $said));
cmp_ok($test->sql('SELECT count(*) FROM passport.delivery'), '==', scalar(@first), 'the others still wait');
# a bulk message must not help them to it, either
$said = time;
$message = $test->notify([ @first, @plain ], title => '更新');
ok(delivered($message, \@plain), 'and so it is while they rest');
cmp_ok(last_of(\@plain) - $said, '<', 1.5, sprintf('the last of 40 after %.2f s', last_of(\@plain) - $said));

# ---- thirty-three that never answered ----

$said = time;
$message = $test->notify([ @silent, @plain ], title => '三十三');
ok(delivered($message, \@plain), 'with thirty-three that never answer besides');
cmp_ok(last_of(\@plain) - $said, '<', 2, sprintf('the last of 40 after %.2f s', last_of(\@plain) - $said));
my @fresh = add(service('fresh')->{port}, map { "fresh$_" } 1 .. 20);
$said = time;
$message = $test->notify([ @silent, @fresh ], title => '新');
ok(delivered($message, \@fresh), 'one that is new among them is sent to');
cmp_ok(time - $said, '<', 12, sprintf('after %.2f s', time - $said));
$test->sql("DELETE FROM passport.delivery WHERE device_id IN (SELECT device_id FROM passport.device WHERE token LIKE '%/s%')");
$_->{handle}->signal('CONT') for @hanging;
ok($test->all_finished, 'those that hung are sent to when they are back');
is($test->sql("SELECT max(attempts) FROM passport.delivery_outcome WHERE outcome = 'delivered'") <= 3, 1, 'what only waited counts as no try');

# ---- one that asks for a rest has it ----

my $shy = service('shy');
add($shy->{port}, '429.x.1.3', map { "shy$_" } 1 .. 5);
$test->notify(['shy1']);
ok($test->all_finished, 'it answers');
$test->notify(['429.x.1.3']);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'it asks for three seconds');
$said = time;
$test->notify([ 'shy2', 'shy3', 'plain1' ]);
ok($test->all_finished, 'all comes to an end');
my %seen = map { $_->{name} => $_->{time} } map { decode_json($_) } split /\n/, slurp_file("$shy->{folder}/requests");
cmp_ok($seen{$_} - $said, '>', 2, "$_ waits so long") for qw(shy2 shy3);
cmp_ok(last_of(['plain1']) - $said, '<', 1, 'nobody else does');
is($test->outcome('shy2'), 'delivered||1|active', 'and that is no try');

# ---- one that speaks HTTP/1.1: nothing waits in libcurl for a connection ----

my $old = WebServer->start($test->{dir}, "$test->{dir}/old", sub { sleep 0.1; return (201, {}, '') });
my @old = add($old->{port}, map { "old$_" } 1 .. 80);
$test->stop;
$test->write_config(timeout => 2, lease => 30);
$test->start;
$said = time;
$message = $test->notify([ @old, @plain ]);
ok(delivered($message, [ @old, @plain ]), 'a service of HTTP/1.1 is sent to');
cmp_ok(last_of(\@plain) - $said, '<', 1.5, 'while others are');
is($test->sql("SELECT max(attempts) FROM passport.delivery_outcome WHERE notification_id = $message"), 1, 'each at the first try, though all take longer than a request may');
$old->stop;
is($test->stop, 0, 'it ends well');
unlike($test->{log}, qr{127\.0\.0\.1:\d+/push|https://127}, 'no origin in its log');

# ---- how many services one resident may name ----

my $resident = $test->resident('plain1');
my $add = sub { my ($host) = @_; my ($status, undef, $error) = $test->{node}->psql('postgres', "SELECT passport.add_device($resident, 'webpush', 'https://$host/" . rand() . "', NULL, '" . encode_json($keys) . "')"); return $status ? $error : '' };
is($add->("push$_.example.net"), '', "service $_") for 1 .. 4;
like($add->('push5.example.net'), qr/too many push services/, 'five with the one that was there are enough');
is($add->('PUSH4.example.net'), '', 'another browser of one of them is none more');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
