# Three of passport-push share the work, and two of them are killed at random
# moments, again and again: the third does the rest, and nobody is told twice but
# those whom a dead one held.
use strict;
use warnings;

use Crowd;
use Test::More;
use Time::HiRes qw(sleep);

my $test = Crowd->new('survive_share', 'in_flight' => 10, 'line.rate' => 30);
$test->start_gateway;
$test->write_config;
$test->add_crowd('slow-20-s', 12000);
my $survivor = $test->start;
my ($in_the_middle, $most) = (0, 0);
my @others = map { $test->start } 1, 2;
$test->tell('slow-20-s');
for (1 .. 4)
{
	for my $other (splice @others)
	{
		sleep rand 0.8;
		my $held = $test->kill_push($other);
		$in_the_middle++ if $held > 0;
		$most = $held if $held > $most;
	}
	@others = map { $test->start } 1, 2;
}
cmp_ok($in_the_middle, '>=', 4, "most of them while they held something ($in_the_middle)");
cmp_ok($most, '<=', 3 * 50, "never more than three batches of one channel ($most)");
$test->{push} = $survivor;
ok($test->all_finished, 'the others finish');
$test->prove('slow-20-s');
for my $push ($survivor, @others)
{
	$push->signal('TERM');
	$push->finish;
	is($push->result(0), 0, 'ends well');
}
done_testing();
