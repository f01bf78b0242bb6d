# The push services gone and back while passport-push sends: killed, nobody at the
# port, somebody there who speaks no TLS, and back.  Nobody is given up, nobody is
# beaten upon, and everybody is told.
use strict;
use warnings;

use Crowd;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $outages = 3;
my ($in_flight, $batch) = (10, 50);
my $test = Crowd->new('survive_gateway', 'in_flight' => $in_flight, 'batch' => $batch, 'line.rate' => 30);
$test->start_gateway;
$test->write_config;
$test->add_crowd('slow-20-g', 6000);
$test->tell('slow-20-g');
$test->start;

# babble(SECONDS): answers whoever comes with what is no TLS; returns how often somebody came
sub babble
{
	my ($seconds) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $test->{port}, Listen => 100, ReuseAddr => 1, Timeout => 0.1) or die $!;
	my ($ends, $came) = (time + $seconds, 0);
	while (time < $ends)
	{
		my $peer = $listener->accept or next;
		$came++;
		print $peer "500 the service has left\r\n";
		close $peer;
	}
	return $came;
}

for (1 .. $outages)
{
	$test->{node}->poll_query_until('postgres', 'SELECT count(*) > 20 FROM passport.delivery WHERE worker IS NOT NULL') or die;
	sleep rand 1;
	$test->{gateway}->signal('KILL');
	$test->{gateway}->finish;
	sleep 1 + rand 1;
	# each of four channels rests after fifty failures in a row, at first for a second
	cmp_ok(babble(2), '<=', 2 * 4 * (50 + $in_flight), 'who is gone is not beaten upon');
	$test->start_gateway('--port', $test->{port});
}
ok($test->all_finished, 'it goes on each time');
# what the gateway had taken when it was killed, but not answered yet
my $copies = $test->prove('slow-20-g', 'attempts');
is($test->sql("SELECT channel, sum(taken - 1) FROM judged WHERE channel <> 'line' GROUP BY 1 HAVING sum(taken - 1) > $outages * $in_flight"), '', 'copies are of what was under way');
is($test->sql(q{SELECT count(*) FROM (SELECT FROM request WHERE channel = 'line' AND status = 200 AND path LIKE '%/push' GROUP BY name HAVING count(DISTINCT key) > 1) AS t}), 0, 'LINE would refuse the second');
cmp_ok($test->sql('SELECT max(attempts) FROM judged'), '<=', 1 + 4 * $outages, 'waits grow: 1, 2, 4 seconds');
is($test->stop, 0, 'and ends well');
like($test->{log}, qr/"sending stops for a while".*"reason":"many failures"/, 'a provider that is gone is given a rest');
done_testing();
