# passport-push is asked to end with thousands of deliveries claimed and some of
# its requests hanging: it ends within its limit, and nothing stays leased.
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Push->new('push_drain', 'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
	'lease' => 120, 'timeout' => 60, 'drain' => 3, 'batch' => 1000, 'in_flight' => 20);
$test->start_gateway;
# add(NAMES): many at a time
sub add
{
	my $people = join ',', map { "('$_', '" . Push::number($_) . "')" } @_;
	$test->sql("INSERT INTO passport.resident (resident_number, name, updated_at) SELECT number, '試験', now() FROM (VALUES $people) AS p(name, number)");
	$test->sql("SELECT count(passport.add_device(resident_id, 'fcm', p.name)) FROM (VALUES $people) AS p(name, number) JOIN passport.resident ON resident_number = number");
	return;
}
my @hanging = map { "hang-$_" } 1 .. 10;
my @slow = map { "slow-50-$_" } 1 .. 2500;
add(@hanging, @slow);
$test->write_config;
$test->start;
my $message = $test->notify([ @hanging, @slow ]);
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) > 100 FROM passport.delivery_outcome'), 'it is at work');
cmp_ok($test->sql('SELECT count(*) FROM passport.delivery WHERE worker IS NOT NULL'), '>', 500, 'and has claimed more');
my $asked = time;
is($test->stop, 0, 'SIGTERM ends it well');
my $took = time - $asked;
cmp_ok($took, '>', 2.5, 'it waits for what is under way');
cmp_ok($took, '<', 5, "but no longer than it may ($took s)");
is($test->sql('SELECT count(*) FROM passport.delivery WHERE worker IS NOT NULL OR lease_until IS NOT NULL'), 0, 'and leaves nothing leased');
my $delivered = $test->sql("SELECT count(*) FROM passport.delivery_outcome WHERE outcome = 'delivered'");
my $requests = $test->requests('token');
my $taken = grep { $_->[0]{status} == 200 } map { $requests->{$_} // () } @slow;
is($delivered, $taken, "all that was taken is known ($taken)");
is($test->sql('SELECT count(*) FROM passport.delivery WHERE attempt > 0 AND not_before IS NULL'), 0, 'what was not begun was no try');
is($test->sql('SELECT count(*) FROM passport.delivery WHERE attempt > 0'), scalar(@hanging), 'but what hung was one');

# the next one goes on at once
$test->start;
ok($test->{node}->poll_query_until('postgres', "SELECT count(*) = @{[scalar @slow]} FROM passport.delivery_outcome WHERE outcome = 'delivered'"), 'another one goes on at once');
my $asks = grep { $_->{path} eq '/token' } map { @$_ } values %{ $test->requests('path') };
cmp_ok($asks, '<=', 2, 'having asked for one access token each');
is($test->stop, 0, 'and ends well');

# a server that takes the connection and says nothing: nobody waits for it
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
$test->write_config(database => "host=127.0.0.1 port=@{[$silent->sockport]} dbname=postgres user=bridge");
$test->start;
ok(IO::Select->new($silent)->can_read(10), 'it connects to a server that says nothing');
$asked = time;
is($test->stop, 0, 'and ends well all the same');
cmp_ok(time - $asked, '<', 2, 'at once');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
