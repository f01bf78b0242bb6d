# What HTTP/2 can do while much is under way: a connection that is told to go away,
# with or without an answer to the rest, or calmed, streams that are reset, bodies
# that end too early or never.  Nobody is lost; a copy is of what was taken and
# whose answer was lost on the way.
use strict;
use warnings;

use Crowd;
use Test::More;

my $test = Crowd->new('survive_http2', 'in_flight' => 20, 'line.rate' => 50);
$test->start_gateway('--prove');
$test->write_config;
my @faults = qw(goaway-1-f lame-1-f storm-1-f reset-1-f calm-1-f cut-1-f oversize-f);
for my $fault (@faults)
{
	# between others: each breaks what is under way of them
	$test->add_crowd($fault, 8, 'all');
	$test->add_crowd("slow-20-" . substr($fault, 0, 3), 800, 'all');
}
$test->tell('all');
$test->start;
ok($test->all_finished, 'all come to an end');
my $copies = $test->prove('all', 'attempts + lost');
note $test->sql(q{SELECT regexp_replace(name, '\d+$', ''), sum(taken - 1), sum(lost), max(attempts) FROM judged GROUP BY 1 ORDER BY 1});
cmp_ok($test->sql("SELECT sum(lost) FROM judged WHERE name LIKE 'slow%'"), '>', 0, 'answers were lost that had nothing to do with it');
is($test->stop, 0, 'and ends well');
done_testing();
