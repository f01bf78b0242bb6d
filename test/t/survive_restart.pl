# PostgreSQL ended as by a crash, again and again, while passport-push sends: it
# connects again by itself, loses nothing, and what it was told by providers
# meanwhile it records before it asks for more.
use strict;
use warnings;

use Crowd;
use Test::More;
use Time::HiRes qw(sleep);

my $test = Crowd->new('survive_restart', 'in_flight' => 10, 'line.rate' => 6);
my $node = $test->{node};
# what a commit has said must be true afterwards
$node->append_conf('postgresql.conf', 'fsync = on');
$node->restart;
$test->start_gateway;
$test->write_config;

# crash(SECONDS): and start again after so long; returns how much was held at that moment
sub crash
{
	my ($seconds) = @_;
	$node->stop('immediate');
	sleep $seconds;
	$node->start;
	$test->note_held;
	return $test->sql('SELECT count(*) FROM passport.delivery WHERE worker IS NOT NULL');
}

# ---- shorter than a lease ----

$test->add_crowd('slow-20-r', 8000);
$test->tell('slow-20-r');
$test->start;
my $in_the_middle = 0;
for (1 .. 5)
{
	sleep 0.5 + rand 1.5;
	$in_the_middle++ if crash(rand 1) > 0;
}
cmp_ok($in_the_middle, '>=', 3, "it was sending when PostgreSQL ended ($in_the_middle)");
ok($test->all_finished, 'it goes on each time');
is($test->prove('slow-20-r'), 0, 'none of them twice');

# ---- longer than one: all that is held is anybody's when PostgreSQL is back ----

$test->stop;
$test->write_config('lease' => 6, 'timeout' => 4);
$test->start;

$test->sql('TRUNCATE held');
$test->add_crowd('slow-20-s', 4000);
$test->tell('slow-20-s');
$test->wait_told('slow-20-s', 500);
cmp_ok(crash(7), '>', 50, 'it held more than it can record at once');
ok($test->all_finished, 'it goes on');
is($test->prove('slow-20-s'), 0, 'and records what it has sent before anybody sends it again');
is($test->stop, 0, 'and ends well');
unlike($test->{log}, qr/避難|slow-20/, 'no message and no token in its log');
done_testing();
