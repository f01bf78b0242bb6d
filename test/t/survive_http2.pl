# What HTTP/2 can do while much is under way: a connection that is told to go away,
# with or without an answer to the rest, or calmed, streams that are reset, bodies
# that end too early or never.  Nobody is lost; a copy is of what was under way when
# its connection broke, which libcurl or we send again.
use strict;
use warnings;

use Crowd;
use Test::More;

my $test = Crowd->new('survive_http2', 'in_flight' => 20, 'line.rate' => 50);
$test->start_gateway('--prove');
$test->write_config;

# ---- one after the other: each wait is twice as long ----

$test->add_crowd('cut-2-w', 40);
$test->tell('cut-2-w');
$test->start;
ok($test->all_finished, 'answers that end too early twice');
$test->prove('cut-2-w', 'attempts');
is($test->sql(q{
  SELECT channel, try, min(gap) FROM (
    SELECT channel, row_number() OVER each AS try, at - lag(at) OVER each AS gap FROM request
     WHERE name LIKE 'cut-2-w%' AND channel <> 'line' WINDOW each AS (PARTITION BY channel, name ORDER BY at)) AS t
   GROUP BY 1, 2 HAVING min(gap) < 2 ^ (try - 2) OR try > 3}), '', 'are tried again after one second, and after two');

# ---- all at once ----

my @faults = qw(goaway-1-f lame-1-f storm-1-f reset-1-f calm-1-f cut-1-f oversize-f);
for my $fault (@faults)
{
	# between others: each breaks what is under way of them
	$test->add_crowd($fault, 8, 'all');
	$test->add_crowd("slow-20-" . substr($fault, 0, 3), 800, 'all');
}
$test->tell('all');
ok($test->all_finished, 'all come to an end');
# libcurl sends up to five times more by itself what a server says that it has not processed, or what a connection broke under
$test->prove('all', '6 * attempts');
is($test->sql("SELECT channel, sum(taken - 1) FROM judged WHERE channel <> 'line' GROUP BY 1 HAVING sum(taken - 1) > 2 * @{[scalar @faults]} * 20"), '', 'copies are of what was under way');
cmp_ok($test->sql("SELECT sum(lost) FROM judged WHERE name LIKE 'slow%'"), '>', 0, 'answers were lost that had nothing to do with it');
is($test->stop, 0, 'and ends well');
done_testing();
