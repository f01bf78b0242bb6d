# What a later message takes the place of is not sent after it, wherever it waits:
# for its next try, in the program behind a rate, or to be repeated as it is.  Nor
# is what has expired while it waited there, or whose device was retired.
use strict;
use warnings;

use Encode qw(encode_utf8);
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_replace', 'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
	'line.token_file' => '{dir}/line.token', 'line.endpoint' => 'https://127.0.0.1:{port}', 'lease' => 30);
$test->start_gateway;
my %order = (collapse_key => 'alert-7');
my %cancel = (collapse_key => 'alert-7', title => '解除');
# the titles of what was sent to somebody, in order
sub titles { my ($name) = @_; return join ' ', map { encode_utf8($_->{title}) . ":$_->{status}" } @{ $test->requests('token')->{$name} // [] } }
sub moments { my ($title, @names) = @_; my $all = $test->requests('token'); return sort { $a <=> $b } map { $_->{time} } grep { encode_utf8($_->{title}) eq $title } map { @{ $all->{$_} // [] } } @names }
sub outcomes { my ($message) = @_; return $test->sql("SELECT outcome, count(*) FROM passport.delivery_outcome WHERE notification_id = $message GROUP BY 1 ORDER BY 1") }

# ---- an order that waits for its next try, and its cancellation ----

$test->add_device('throttled', 'fcm', 'throttle-3-a');
$test->add_device('other', 'fcm', 'other');
$test->write_config;
$test->start;
my $order = $test->notify([ 'throttled', 'other' ], %order);
ok($test->{node}->poll_query_until('postgres', "SELECT count(*) = 1 FROM passport.delivery WHERE not_before > now() + interval '1 s'"), 'the order is asked to come later');
$test->notify(['throttled'], %cancel);
ok($test->all_finished, 'all comes to an end');
is(titles('throttle-3-a'), '避難指示:429 解除:200', 'the order does not come after its cancellation');
is(outcomes($order), "delivered|1\nsuperseded|1", 'it was superseded, for whom it was cancelled');
# two that replace nothing of each other
$test->add_device('both', 'fcm', 'throttle-2-b');
$test->notify(['both'], collapse_key => 'alert-8');
$test->notify(['both'], collapse_key => 'alert-9', title => '解除');
ok($test->all_finished, 'with another key');
like(titles('throttle-2-b'), qr/避難指示:200/, 'it comes');
$test->stop;

# ---- an order that waits in the program ----

my @many = map { "many$_" } 1 .. 40;
$test->add_device($_, 'fcm', $_) for @many;
$test->write_config('fcm.rate' => 5);
$test->start;
$order = $test->notify(\@many, %order);
ok($test->{node}->poll_query_until('postgres', "SELECT count(*) > 0 FROM passport.delivery_outcome WHERE notification_id = $order"), 'the first are sent');
cmp_ok($test->sql("SELECT count(*) FROM passport.delivery WHERE notification_id = $order AND worker IS NOT NULL"), '>', 5, 'more are claimed than sent');
$test->notify(\@many, %cancel);
my $cancelled = time;
ok($test->all_finished, 'all comes to an end');
my ($last) = reverse moments('避難指示', @many);
cmp_ok($last - $cancelled, '<', 0.5, 'no order is sent once it is cancelled');
is(scalar(@{[ moments('解除', @many) ]}), 40, 'everybody has the cancellation');
like(outcomes($order), qr/^delivered\|\d+\nsuperseded\|\d+$/, 'the orders that were not sent are superseded');
$test->stop;

# ---- a request for many that is repeated as it is ----

sub id { my ($name) = @_; return 'U' . unpack 'H*', $name . '.' x (16 - length $name) }
$test->add_device($_, 'line', id($_)) for qw(500.x.2 companion);
$test->write_config;
$test->start;
$order = $test->notify([ '500.x.2', 'companion' ], %order);
for (1 .. 100) { last if ($test->requests('path')->{'/v2/bot/message/multicast'} // []); sleep 0.05 }
$test->notify([ '500.x.2', 'companion' ], %cancel);
ok($test->all_finished, 'all comes to an end');
my @lines = map { encode_utf8($_->{messages}[0]{text}) =~ /^(\S+)/ } sort { $a->{time} <=> $b->{time} }
  map { @$_ } map { $test->requests('path')->{$_} // [] } qw(/v2/bot/message/multicast /v2/bot/message/push);
like(join(' ', @lines), qr/^(避難指示 )+(解除 ?)+$/, 'nothing of the order comes after the cancellation');
is(outcomes($order), 'superseded|2', 'it was superseded');
$test->stop;

# ---- what expires, or loses its device, while it waits in the program ----

# two at a time take almost two seconds each
my @slow = map { "slow-1800-$_" } 1 .. 14;
$test->add_device($_, 'fcm', $_) for @slow;
$test->write_config('in_flight' => 2);
$test->start;
my $began = time;
$order = $test->notify(\@slow, lane => 'evacuation', expires => '5 s');
ok($test->all_finished, 'all comes to an end');
my @sent = moments('避難指示', @slow);
cmp_ok($sent[-1] - $began, '<', 5.2, 'nothing is sent that has expired');
like(outcomes($order), qr/^delivered\|\d\nexpired\|\d+$/, 'but ends as that');
my $requests = $test->requests('token');
my @ttl = map { $_->{android}{ttl} =~ /(\d+)s/ } sort { $a->{time} <=> $b->{time} } map { @{ $requests->{$_} // [] } } @slow;
cmp_ok($ttl[-1], '<', $ttl[0], 'what is left to live is said as of the sending');
$test->notify(\@slow, lane => 'evacuation', title => '更新');
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 14 FROM passport.delivery WHERE worker IS NOT NULL'), 'all are claimed');
# the last one's phone is given away
my $gone = $test->sql("SELECT token FROM passport.delivery JOIN passport.device USING (resident_id, device_id) ORDER BY delivery_id DESC LIMIT 1");
$test->sql("SELECT passport.retire_devices(ARRAY[resident_id], 'taken_over') FROM passport.device WHERE token = '$gone'");
ok($test->all_finished, 'all comes to an end');
is(scalar(@{[ moments('更新', $gone) ]}), 0, 'nothing is sent to a device that was retired ten seconds ago');
is($test->outcome($gone), 'retired||0|retired', 'and that is what became of it');
is(scalar(@{[ moments('更新', @slow) ]}), 13, 'the others have it');
is($test->stop, 0, 'SIGTERM ends it well');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
