# A month of storms: 200 sensors that report every minute, 8.6 million readings
# with spikes, drop-outs, gaps and repeats, in the hours' batches in which they
# came, shuffled.  No stage change is missed, none is made up, and the tables
# stay as small as what they hold.  `make soak` runs it.
use strict;
use warnings;
use List::Util qw(max shuffle);
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $sensors = $ENV{PASSPORT_SOAK_SENSORS} // 200;
my $days    = $ENV{PASSPORT_SOAK_DAYS}    // 30;
my $start   = 1781449200;                           # 2026-06-15 00:00 in Tokyo
my @stages  = ([ 1, 1.5, 1.3 ], [ 2, 2.5, 2.3 ], [ 3, 3.5, 3.2 ], [ 4, 4.5, 4.2 ]);
my $hold    = 20;                                    # minutes
srand(20305);

my $node = PostgreSQL::Test::Cluster->new('storm');
$node->init;
$node->append_conf('postgresql.conf', <<CONF);
shared_preload_libraries = 'passport'
timezone = 'Asia/Tokyo'
shared_buffers = 256MB
max_wal_size = 2GB
autovacuum_naptime = 5s
CONF
$node->start;
sub ask { return $node->safe_psql('postgres', $_[0]) }

my $definition = '{"range_low": -1, "range_high": 15, "max_rise": 0.6, "max_fall": 0.3, "dropout_value": 0, "sampling_interval": "1 minute", "stages": ['
  . join(', ', map { qq({"stage": $_->[0], "up": $_->[1], "down": $_->[2], "hold": "$hold minutes"}) } @stages) . ']}';
ask(<<SQL);
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
CREATE TABLE change (sensor text, at timestamptz, stage int);
SELECT passport.define_sensor('storm ' || n, '$definition') FROM generate_series(1, $sensors) AS n;
SQL

# new_gauge N: a gauge with its storms: the level rises to a peak and decays
sub new_gauge
{
	my ($number) = @_;
	my @storms = map { { from => int(rand($days * 1440)), rise => 160 + rand(300), fall => 320 + rand(900), peak => rand(6) } } 1 .. 1 + $days / 4;
	return { number => $number, storms => \@storms, stage => 0, below => [], silent => 0, dropout => 0, spiked => -10 };
}

sub level
{
	my ($gauge, $minute) = @_;
	my $high = 0;
	for my $storm (@{ $gauge->{storms} })
	{
		my $since = $minute - $storm->{from};
		next if $since <= 0 || $since >= $storm->{rise} + $storm->{fall};
		$high = max($high, $since < $storm->{rise} ? $storm->{peak} * $since / $storm->{rise}
			: $storm->{peak} * (1 - ($since - $storm->{rise}) / $storm->{fall}));
	}
	# low water is far enough from 0.00 that no gap explains a drop-out
	return 0.01 * int(100 + 100 * $high + rand(3));
}

# follow GAUGE, MINUTE, LEVEL: the stage after it, and a line in @changes when it is another
my @changes;
sub follow
{
	my ($gauge, $minute, $value) = @_;
	my $stage = $gauge->{stage};
	my ($reached) = (map { $_->[0] } reverse grep { $value >= $_->[1] } @stages);
	if (($reached // 0) > $stage) { $stage = $reached; }
	elsif ($stage == 0 || $value >= $stages[ $stage - 1 ][2]) { $gauge->{below} = []; }
	else
	{
		push @{ $gauge->{below} }, [ $minute, $value ];
		if ($minute - $gauge->{below}[0][0] >= $hold)
		{
			my $high = max(map { $_->[1] } @{ $gauge->{below} });
			($stage) = (map { $_->[0] } reverse grep { $_->[0] < $stage && $high >= $_->[2] } @stages);
			$stage //= 0;
		}
	}
	return if $stage == $gauge->{stage};
	$gauge->{stage} = $stage;
	$gauge->{below} = [];
	push @changes, "storm $gauge->{number}|" . ($start + 60 * $minute) . "|$stage";
}

# readings GAUGE, MINUTE: what the gauge sends for a minute: nothing, one reading, or more
my ($sent, $spikes, $dropouts, $gaps) = (0, 0, 0, 0);
sub readings
{
	my ($gauge, $minute) = @_;
	my $value = level($gauge, $minute);
	if ($minute > 0 && rand() < 1 / 10000) { $gauge->{silent} = 5 + int(rand(25)); $gaps++; }
	if ($minute > 0 && rand() < 1 / 5000) { $gauge->{dropout} = 1 + int(rand(5)); }
	return () if $gauge->{silent}-- > 0;
	if ($gauge->{dropout}-- > 0) { $dropouts++; return ([ $minute, '0.00' ]); }
	# a spike is alone: two that agree would be a rise
	if ($minute > $gauge->{spiked} + 5 && $minute > 0 && rand() < 1 / 5000)
	{
		$gauge->{spiked} = $minute;
		$spikes++;
		return ([ $minute, sprintf('%.2f', $value + 3 + rand(3)) ]);
	}
	follow($gauge, $minute, $value);
	my $reading = [ $minute, sprintf('%.2f', $value) ];
	return rand() < 1 / 1000 ? ($reading, $reading) : ($reading);
}

my @gauges = map { new_gauge($_) } 1 .. $sensors;
my $psql = 'psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d "' . $node->connstr('postgres') . '"';
my $began = time;
my $asking = 0;
open my $out, '|-', $psql or die "psql: $!";
for my $hour (0 .. $days * 24 - 1)
{
	my $clock = strftime('%Y-%m-%d %H:%M:%S+00', gmtime($start + 3600 * $hour + 59 * 60));
	print $out "BEGIN; SET LOCAL passport.clock = '$clock';\n";
	print $out "SELECT passport.make_reading_months();\n" if $hour % 24 == 0;
	for my $gauge (@gauges)
	{
		my @batch = shuffle(map { readings($gauge, 60 * $hour + $_) } 0 .. 59);
		next unless @batch;
		$sent += @batch;
		my $times = join ',', map { '"' . strftime('%Y-%m-%d %H:%M:%S+00', gmtime($start + 60 * $_->[0])) . '"' } @batch;
		my $values = join ',', map { $_->[1] } @batch;
		print $out "INSERT INTO change SELECT 'storm $gauge->{number}', r.observed_at, r.stage FROM passport.record_readings('storm $gauge->{number}', '{$times}', '{$values}') AS r WHERE r.stage_changed;\n";
	}
	print $out "SELECT passport.watch_sensors();\nCOMMIT;\n";
}
close $out or die "psql ended with $?";
my $took = time - $began;

my $expected = join "\n", sort @changes;
my $made = join "\n", sort split /\n/, ask("SELECT sensor || '|' || extract(epoch FROM at)::bigint || '|' || stage FROM change");
cmp_ok(scalar @changes, '>', $sensors * $days / 8, scalar(@changes) . ' stage changes are to be seen');
ok($made eq $expected, 'exactly these were made: none missed, none made up, each at its reading');
is(ask("SELECT count(*) FROM passport.reading WHERE verdict = 'held'"), $spikes, "each of $spikes spikes stayed held");
is(ask("SELECT count(*) FROM passport.reading WHERE reasons = '{dropout}'"), $dropouts, "each of $dropouts drop-outs was one");

my ($rows, $bytes, $state, $other) = split /\|/, ask("SELECT (SELECT count(*) FROM passport.reading),
  (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'passport.reading'::regclass),
  pg_total_relation_size('passport.sensor_state'), (SELECT count(*) FROM passport.reading_other)");
diag(sprintf('%d readings of %d sensors in %d s: %d a second; %d MB, %d bytes a reading; sensor_state %d kB; %d gaps',
	$sent, $sensors, $took, $sent / $took, $bytes / 2**20, $bytes / $rows, $state / 1024, $gaps));
cmp_ok($bytes / $rows, '<', 200, 'readings take no more room than they need');
cmp_ok($state, '<', 3000 * $sensors, 'what is remembered of a sensor does not grow');
is($other, 0, 'every reading lies in its month');
ask("SET passport.clock = '2028-09-01 00:00+09'; SELECT passport.forget_readings(passport.kept_since('reading'), 10000)");
is(ask('SELECT count(*) FROM passport.reading'), 0, 'after the time for which they are kept they are gone');
cmp_ok(ask("SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'passport.reading'::regclass"), '<', 2**20, 'and their room with them');
$node->stop;
done_testing();
