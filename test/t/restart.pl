# What is known of a gauge outlives kill -9 of the whole server at any moment:
# its stage, the reading that waits for a second, the hold time that runs, and
# what was sent by itself.  A batch that was not committed may come again.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('restart');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\nfsync = on\n");
$node->start;

sub ask { return $node->safe_psql('postgres', $_[0]) }

# die_and_rise ends every process of the server at once, and starts it again
sub die_and_rise
{
	my @processes = split /\n/, ask('SELECT pid FROM pg_stat_activity');
	$node->kill9;
	kill 9, @processes;
	# the next one waits for the last that holds the shared memory
	for (1 .. 300) { last unless kill 0, @processes; sleep 0.1 }
	$node->start;
}

# read AT, LEVEL: what is said to a reading that comes at its own time
sub read_at
{
	my ($at, $level) = @_;
	return ask("SET passport.clock = '2026-07-01 $at+09'; SELECT verdict, reasons, stage FROM passport.record_readings('gauge', ARRAY[passport.now()], '{$level}')");
}

ask(q{SET client_min_messages = warning; CREATE EXTENSION passport CASCADE;
  CREATE ROLE mayor LOGIN IN ROLE passport_approver; CREATE ROLE deputy LOGIN IN ROLE passport_approver;
  INSERT INTO passport.municipality_area VALUES ('203050', 'x', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
  SELECT passport.import_residents('[{"resident_number": "1", "name": "x", "lon": 138.455, "lat": 35.955}]');
  SELECT passport.add_device(resident_id, 'fcm', 'token') FROM passport.resident;
  SELECT passport.define_sensor('gauge', '{"max_rise": 0.6, "max_fall": 0.6, "stages": [{"stage": 2, "up": 2, "down": 1.8, "hold": "30 minutes"}, {"stage": 3, "up": 3, "down": 2.8, "hold": "30 minutes"}]}');
  SELECT passport.assign_zones('gauge', 3, array_agg(zone_id)) FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
    {"type": "Polygon", "coordinates": [[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.96], [138.45, 35.95]]]}}]}', 'flood', 'restart test')});
my $authority = $node->safe_psql('postgres', "SET passport.clock = '2026-07-01 03:00+09'; SELECT authority_id FROM passport.authorise_stage('gauge', 3, 'flood', 4, '2026-12-31')");
ask("SET passport.clock = '2026-07-01 03:00+09'; UPDATE passport.stage_authority SET authorised_by = 'mayor'; SELECT passport.confirm_authority($authority, NULL)");

is(read_at('04:00', 1.9), 'accepted|{}|0', 'the level is below every stage');
is(read_at('04:10', 3.2), 'held|{rise_too_fast}|0', 'a jump waits for its second');
die_and_rise();
is(ask("SELECT held_value FROM passport.sensor_state WHERE sensor = 'gauge'"), '3.2', 'which the server remembers when it died meanwhile');

# a batch that raises the stage and sends, and that was not committed
my $session = $node->background_psql('postgres');
$session->query_safe("SET passport.clock = '2026-07-01 04:20+09'; BEGIN; SELECT count(*) FROM passport.record_readings('gauge', ARRAY[passport.now()], '{3.3}')");
is($session->query_safe('SELECT count(*) FROM passport.delivery'), '1', 'the second reading sends by itself, in a transaction that is open');
die_and_rise();
is(ask('SELECT (SELECT count(*) FROM passport.delivery), (SELECT count(*) FROM passport.reading WHERE value = 3.3)'), '0|0', 'nothing of it is left after the server died');
is(read_at('04:20', 3.3), 'accepted|{rise_too_fast,confirmed_by_second}|3', 'the batch comes again, and the stage rises');
is(ask('SELECT count(*) FROM passport.delivery'), '1', 'it sends once');
die_and_rise();
is(read_at('04:20', 3.3), 'duplicate|{}|3', 'what was committed is known when it comes once more');
is(read_at('04:30', 3.4), 'accepted|{}|3', 'the stage goes on');
is(ask('SELECT (SELECT count(*) FROM passport.delivery), (SELECT string_agg(outcome, \' \') FROM passport.stage_answer)'), '1|sent', 'and nothing was sent a second time');

# the hold time runs on through a death, and no silence ends a stage
is(read_at('04:40', 2.79), 'accepted|{}|3', 'the level falls below the stage');
die_and_rise();
is(read_at('05:00', 2.6), 'accepted|{}|3', 'which holds');
is(read_at('05:10', 2.6), 'accepted|{}|2', 'for its time from the first reading below, not from the restart');
die_and_rise();
is(ask("SET passport.clock = '2026-07-01 12:00+09'; SELECT passport.watch_sensors(); SELECT condition, stage FROM passport.sensor_watch JOIN passport.sensor_state USING (sensor)"),
	"1\nsilent|2", 'hours without a reading are a silence, not an end');
done_testing();
