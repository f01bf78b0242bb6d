# The metrics of passport-push: a file that Prometheus reads, counts that agree
# with the database, and nobody in it.
use strict;
use warnings;

use Exposition;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep);

# ---- the reader itself ----

my $good = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 2\n# HELP h H.\n# TYPE h histogram\n"
  . "h_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 0.5\nh_count 3\n";
is_deeply(Exposition->read($good)->{faults}, [], 'a good file has no fault');
for my $case ([ 's/3\n$/4\n/' => 'a count that is another' ], [ 's/} 1\nh/} 4\nh/' => 'buckets that go down' ], [ 's/h_bucket.*Inf.*\n//' => 'no +Inf' ],
	[ 's/h_sum.*\n//' => 'no sum' ], [ 's/a_total/a/g' => 'a counter without _total' ], [ 's/(a_total\{.*\n)/$1$1/' => 'a sample twice' ],
	[ 's/\{x=/{1x=/' => 'a label that is none' ], [ 's/counter/count/' => 'a type that is none' ], [ 's/\n$//' => 'no end' ], [ 's/# HELP a.*\n//' => 'no help' ])
{
	my $bad = $good;
	eval "\$bad =~ $case->[0]; 1" or die;
	isnt(scalar(@{ Exposition->read($bad)->{faults} }), 0, "$case->[1] is found");
}

# ---- what passport-push writes ----

my $test = Push->new('push_metrics', 'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
	'line.token_file' => '{dir}/line.token', 'line.endpoint' => 'https://127.0.0.1:{port}', 'metrics' => '{dir}/push.prom');
$test->start_gateway;
my @plain = map { "plain$_" } 1 .. 40;
$test->add_device($_, 'fcm', $_) for @plain, 'unregistered-1', 'badrequest-1', 'mismatch-1', 'internal-1-a', 'slow-300-a';
# for no channel that is set up here: it waits
$test->sql("UPDATE passport.device SET state = 'active' WHERE device_id = @{[ $test->add_device('waiting', 'smtp', 'waiting@example.jp') ]}");
$test->notify([ @plain, 'unregistered-1', 'badrequest-1', 'mismatch-1', 'internal-1-a', 'slow-300-a' ]);
$test->notify(['waiting'], lane => 'personal');
$test->write_config;
$test->start;
ok($test->{node}->poll_query_until('postgres', 'SELECT count(*) = 1 FROM passport.delivery'), 'all but one are finished');
# the ages are asked for every five seconds, and the file is written every ten
my $text = '';
for (1 .. 300) { $text = -e "$test->{dir}/push.prom" ? slurp_file("$test->{dir}/push.prom") : ''; last if $text =~ /queue_age.*evacuation.*fcm.* 0$/m; sleep 0.1 }
my $read = Exposition->read($text);
is_deeply($read->{faults}, [], 'the file is good') or diag $text;

SKIP:
{
	skip 'promtool is not there', 2 if system('which promtool >/dev/null') != 0;
	my $said = '';
	IPC::Run::run([ 'promtool', 'check', 'metrics' ], '<', \$text, '>&', \$said);
	is($? >> 8, 0, 'promtool takes it');
	is($said, '', 'and has nothing to say about it');
}

for my $outcome ([ 'delivered', 42 ], [ 'retired', 1 ], [ 'failed', 2 ], [ 'retry', 1 ])
{
	is($read->value('passport_push_deliveries_total', channel => 'fcm', outcome => $outcome->[0]), $outcome->[1], "$outcome->[1] $outcome->[0]");
	next if $outcome->[0] eq 'retry';
	is($test->sql("SELECT count(*) FROM passport.delivery_outcome WHERE outcome = '$outcome->[0]'"), $outcome->[1], 'as many as in the database');
}
is($read->value('passport_push_alarms_total', channel => 'fcm'), 1, 'the alarm of the wrong sender');
is($read->value('passport_push_request_seconds_count', channel => 'fcm'), 46, 'each request once in the histogram');
cmp_ok($read->value('passport_push_request_seconds_sum', channel => 'fcm'), '>=', 0.3, 'and in the sum, the slow one with its time');
is($read->value('passport_push_request_seconds_bucket', channel => 'fcm', le => '30'), 46, 'all within half a minute');
cmp_ok($read->value('passport_push_request_seconds_bucket', channel => 'fcm', le => '0.25'), '<=', 45, 'the slow one not within a quarter of a second');
is($read->value('passport_push_request_seconds_count', channel => 'line'), 0, 'none to LINE');
cmp_ok($read->value('passport_push_queue_age_seconds', lane => 'personal', channel => 'smtp'), '>', 0, 'the one that waits has an age');
cmp_ok($read->value('passport_push_queue_age_seconds', lane => 'evacuation', channel => 'fcm'), '==', 0, 'where nothing waits there is none');
is($read->value('passport_push_connected'), 1, 'the database is there');
my %labels = map { $_ => 1 } map { keys %{ $_->[1] } } map { @{ $_->{samples} } } values %{ $read->{families} };
is(join(' ', sort keys %labels), 'channel lane le outcome', 'no label that could name anybody');
unlike($text, qr/plain|waiting|unregistered|@/, 'and nobody in it');

# what was so before the database went is nothing to go by
$test->{node}->stop('immediate');
for (1 .. 300) { $text = slurp_file("$test->{dir}/push.prom"); last if $text =~ /^passport_push_connected 0$/m; sleep 0.1 }
$read = Exposition->read($text);
is_deeply($read->{faults}, [], 'without a database the file is good, too') or diag $text;
is($read->value('passport_push_connected'), 0, 'and says so');
ok(!exists $read->{families}{passport_push_queue_age_seconds}, 'nor does it tell of ages that nobody knows');
is($test->stop, 0, 'it ends well');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
