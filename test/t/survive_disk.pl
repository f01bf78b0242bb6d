# No room for the metrics: sending goes on, a line of the log says so, the file
# that was there stays whole, and when there is room again it is written anew.  The
# disk is a small one of our own (tmpfs) where the kernel lets us mount it, as root
# or as an ordinary user; elsewhere what is written beside the file goes to
# /dev/full, which has the same answer.
use strict;
use warnings;

use Crowd;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $test = Crowd->new('survive_disk');
$test->start_gateway;
mkdir "$test->{dir}/disk" or die $!;
$test->write_config('metrics' => '{dir}/disk/push.prom');
my @private = $> == 0 ? qw(unshare --mount) : qw(unshare --map-root-user --mount);
my $mounts = system("@private true 2>/dev/null") == 0;
note $mounts ? 'a disk of our own' : '/dev/full';

# the program mounts its disk and becomes passport-push: what it sees is reached by way of its process
my $push = $test->start($mounts ? (@private, 'sh', '-c', 'mount -t tmpfs -o size=64k,mode=700 tmpfs "$0" && exec "$@"', "$test->{dir}/disk") : ());
my $disk = $mounts ? "/proc/$push->{KIDS}[0]{PID}/root$test->{dir}/disk" : "$test->{dir}/disk";

sub metrics { return -e "$disk/push.prom" ? slurp_file("$disk/push.prom") : '' }
# appears(WHAT, SECONDS): waits until the code is true
sub appears
{
	my ($code) = @_;
	# the metrics are written every ten seconds
	for (1 .. 250) { $push->pump_nb; return 1 if $code->(); sleep 0.1 }
	return 0;
}
sub delivered { my ($count) = metrics() =~ /^passport_push_deliveries_total\{channel="fcm",outcome="delivered"\} (\d+)$/m; return $count // 0 }
sub fill
{
	if (!$mounts) { symlink '/dev/full', "$disk/push.prom.new" or die $!; return }
	open my $out, '>', "$disk/filler" or die $!;
	1 while syswrite $out, 'x' x 4096;
	close $out;
	return;
}

$test->add_crowd('first', 400);
$test->tell('first');
ok(appears(sub { delivered() == 100 }), 'metrics while there is room');
my $whole = metrics();
fill();
$test->add_crowd('second', 400);
$test->tell('second');
ok(appears(sub { $test->{log} =~ /"the metrics could not be written".*"reason":"No space left on device"/ }), 'no room, and the log says so');
$test->wait_told('second', 400);
is(metrics(), $whole, 'the file that was there is whole');
ok(!-e "$disk/push.prom.new", 'and nothing half is left beside it');
unlink "$disk/filler" if $mounts;
ok(appears(sub { delivered() == 200 }), 'written again when there is room');
ok($test->all_finished, 'sending went on');
is($test->prove($_), 0, 'without a copy') for qw(first second);
is($test->stop, 0, 'and ends well');
done_testing();
