# passport-push to a gateway that answers as LINE does: one request for many, its
# retry key, and every class of answer.
use strict;
use warnings;

use Encode qw(encode_utf8);
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_line', 'line.token_file' => '{dir}/line.token', 'line.endpoint' => 'https://127.0.0.1:{port}', 'lease' => 12);
$test->start_gateway;
sub id { my ($name) = @_; die $name if length $name > 16; return 'U' . unpack 'H*', $name . '.' x (16 - length $name) }
sub add { my ($name) = @_; return $test->add_device($name, 'line', id($name)) }
sub sent { my ($name) = @_; my @all; for my $list (values %{ $test->requests('path') }) { for my $request (@$list) { push @all, $request if grep { $_ eq $name } @{ $request->{names} } } } return sort { $a->{time} <=> $b->{time} } @all }

$test->write_config;
my ($code, $log) = $test->run('--check');
is($code, 0, 'the check passes') or diag $log;
unlike($log, qr/line-channel-access-token/, 'without saying the token');
append_line("$test->{dir}/line.bad", "two words\n");
$test->write_config('line.token_file' => '{dir}/line.bad');
($code) = $test->run('--check');
is($code, 2, 'what is no token is refused');
sub append_line { my ($file, $line) = @_; open my $out, '>', $file or die; print $out $line; close $out; chmod 0600, $file; return }

# ---- one request for many ----

# as many as live in the village
my @plain = map { "plain$_" } 1 .. 3068;
my $people = join ',', map { "('$_', '" . Push::number($_) . "')" } @plain;
$test->sql("INSERT INTO passport.resident (resident_number, name, updated_at) SELECT number, '試験', now() FROM (VALUES $people) AS p(name, number)");
$test->sql("SELECT count(passport.add_device(resident_id, 'line', 'U' || encode(convert_to(rpad(p.name, 16, '.'), 'UTF8'), 'hex')))
  FROM (VALUES $people) AS p(name, number) JOIN passport.resident ON resident_number = number");
add($_) for qw(alone 500.x.1 429.rate.1.2 429.month 400.to 400.messages 401.x 403.x 409.conflict twice-a slow-200-l hang-l), map { "both$_" } 1 .. 3;
$test->write_config('batch' => undef, 'in_flight' => undef);
$test->start;
$test->notify(\@plain);
ok($test->all_finished, '3,068 come to an end');
my @requests = @{ $test->requests('path')->{'/v2/bot/message/multicast'} // [] };
is(scalar(@requests), 7, 'in seven requests');
is_deeply([ sort { $b <=> $a } map { scalar @{ $_->{names} } } @requests ], [ (500) x 6, 68 ], 'of 500 at most');
my %told = map { $_ => 1 } map { @{ $_->{names} } } @requests;
is(scalar(keys %told), 3068, 'each of them told');
is(encode_utf8($requests[0]{messages}[0]{text}), "避難指示\n川が\"あふれ\"ます", 'with the text');
my %keys = map { $_->{headers}{'x-line-retry-key'} => 1 } @requests;
is(scalar(keys %keys), 7, 'and a retry key each');
is($test->sql("SELECT count(*) FROM passport.delivery_outcome WHERE outcome = 'delivered' AND attempts = 1"), 3068, 'each has its outcome');
$test->notify(['alone']);
ok($test->all_finished, 'one alone');
is((sent('alone'))[0]{path}, '/v2/bot/message/push', 'is pushed to');

# ---- every class of answer ----

$test->notify(['500.x.1']);
ok($test->all_finished, 'a status of 500');
is($test->outcome('500.x.1'), 'delivered||2|active', 'is tried again');
my @again = sent('500.x.1');
is($again[0]{headers}{'x-line-retry-key'}, $again[1]{headers}{'x-line-retry-key'}, 'with the same retry key');
$test->notify(['twice-a']);
ok($test->all_finished, 'taken, but the answer was lost');
is($test->outcome('twice-a') =~ s/\|[12]\|/|n|/r, 'delivered||n|active', '409 is as good as 200');
ok((grep { $_->{status} == 409 } sent('twice-a')), 'indeed');
for my $case ([ '400.to', 'retired|bad_user|1|retired' ], [ '400.messages', 'failed|HTTP_400|1|active' ], [ '409.conflict', 'failed|HTTP_409|1|active' ],
	[ 'slow-200-l', 'delivered||1|active' ], [ '429.rate.1.2', 'delivered||2|active' ])
{
	$test->notify([ $case->[0] ]);
	ok($test->all_finished, $case->[0]);
	is($test->outcome($case->[0]), $case->[1], 'is what it should be');
}

# ---- a request for many, of which one is bad, or of which nobody knows ----

$test->notify([ '400.to', 'both1', 'both2' ]);
add('400.to');
$test->notify([ '400.to', 'both1', 'both2', 'both3' ]);
ok($test->all_finished, 'a bad one among good ones');
is($test->outcome('400.to'), 'retired|bad_user|1|retired', 'is found');
is($test->outcome("both$_"), 'delivered||1|active', "both$_ is told") for 1 .. 3;
# the user ids by which a name was scripted are used up: new ones
add($_) for qw(500.y.1 both4 both5);
$test->notify([qw(500.y.1 both4 both5)]);
ok($test->all_finished, 'a multicast that failed');
my @whole = sent('both4');
is(scalar(@whole), 2, 'is sent again');
is_deeply($whole[0]{names}, $whole[1]{names}, 'whole');
is($whole[0]{headers}{'x-line-retry-key'}, $whole[1]{headers}{'x-line-retry-key'}, 'with its own key');
add($_) for qw(twice-b both6);
$test->notify([qw(twice-b both6)]);
ok($test->all_finished, 'a multicast that was taken, but whose answer was lost');
is($test->outcome('both6'), 'delivered||1|active', 'is delivered');
my @accepted = grep { $_->{status} == 200 || $_->{status} == 0 } sent('both6');
is(scalar(@accepted), 1, 'and was taken once');
$test->notify(['hang-l']);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery WHERE not_before IS NOT NULL'), 'what hangs is given up and tried again');
$test->sql('DELETE FROM passport.delivery');
is($test->stop, 0, 'SIGTERM ends it well');
unlike($test->{log}, qr/U[0-9a-f]{32}|避難|access-token-of/, 'no user, message or token in its log');

# ---- what only a person can mend ----

for my $case ([ '401.x', 'HTTP_401' ], [ '403.x', 'HTTP_403' ], [ '429.month', 'monthly_limit' ])
{
	$test->notify([ $case->[0] ]);
	($code, $log) = $test->run('--once');
	is($code, 5, "$case->[0] stops the channel");
	like($log, qr/"code":"$case->[1]"/, 'with an alarm');
	$test->sql('DELETE FROM passport.delivery');
}
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
