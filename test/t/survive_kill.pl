# passport-push killed thirty times, at random moments, while it sends 20,000
# messages over four channels: none is lost, and what comes twice is what the dead
# one held.
use strict;
use warnings;

use Crowd;
use Test::More;
use Time::HiRes qw(sleep);

my $kills = 30;
my $test = Crowd->new('survive_kill', 'in_flight' => 10, 'line.rate' => 6);
$test->start_gateway;
$test->write_config;
$test->add_crowd('slow-20-k', 20000);
$test->tell('slow-20-k');

my ($in_the_middle, $most) = (0, 0);
for (1 .. $kills)
{
	my $push = $test->start;
	sleep 0.05 + rand 0.9;
	my $held = $test->kill_push($push);
	$in_the_middle++ if $held > 0;
	$most = $held if $held > $most;
}
cmp_ok($in_the_middle, '>', $kills / 2, "most of them while it held something ($in_the_middle)");
# what docs/operations.md promises
cmp_ok($most, '<=', 3 * 50, "never more than three batches of one channel ($most)");
my $left = 20000 - $test->told('slow-20-k');
cmp_ok($left, '>', 0, "and not at the end ($left were left)");
$test->write_config('in_flight' => 200, 'line.rate' => 0);
$test->start;
ok($test->all_finished, 'the next one finishes');
my $copies = $test->prove('slow-20-k');
cmp_ok($copies, '<=', $test->sql('SELECT count(*) FROM held'), 'copies within the bound');
is($test->stop, 0, 'and ends well');
done_testing();
