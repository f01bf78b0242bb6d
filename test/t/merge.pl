# A village whose road is cut: two databases from one dump, each alerts its own
# part, and afterwards one of them knows all of it without sending a message twice.
use strict;
use warnings;
use utf8;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('merge');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\nfsync = off\npassport.least_count = 0\npassport.clock = '2026-07-01 04:30+09'\ntimezone = 'Asia/Tokyo'");
$node->start;

my @logins = map { "CREATE ROLE $_->[0] LOGIN IN ROLE $_->[1]" } [ drafter => 'passport_staff' ], [ mayor => 'passport_approver' ],
  [ deputy => 'passport_approver' ], [ admin => 'passport_admin' ];
$node->safe_psql('postgres', join ';', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE', @logins, <<'SQL');
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT passport.define_operating_area('uminokuchi', '海ノ口', ST_MakeEnvelope(138.44, 35.93, 138.47, 35.97, 4326)),
       passport.define_operating_area('nobeyama', '野辺山', ST_MakeEnvelope(138.47, 35.93, 138.50, 35.97, 4326));
SELECT passport.import_residents('[
  {"resident_number": "w1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951},
  {"resident_number": "w2", "name": "乙", "oaza": "海ノ口", "lon": 138.452, "lat": 35.952},
  {"resident_number": "e1", "name": "丙", "household_number": "E", "oaza": "野辺山", "lon": 138.48, "lat": 35.94},
  {"resident_number": "e2", "name": "丁", "household_number": "E", "oaza": "野辺山", "lon": 138.481, "lat": 35.941},
  {"resident_number": "e3", "name": "隠", "household_number": "X", "oaza": "野辺山", "lon": 138.482, "lat": 35.942},
  {"resident_number": "e4", "name": "戊", "oaza": "野辺山", "lon": 138.495, "lat": 35.935}]');
INSERT INTO passport.shelter (shelter_id, name, location) VALUES ('school', '小学校', ST_SetSRID(ST_MakePoint(138.49, 35.95), 4326));
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number) FROM passport.resident;
SELECT passport.protect_address(resident_id, '2026-06-01', '2027-05-31', 'x') FROM passport.resident WHERE resident_number = 'e3';
SELECT passport.define_sensor('bridge', '{"stages": [{"stage": 1, "up": 2}, {"stage": 2, "up": 3}]}');
SELECT passport.assign_zones('bridge', 1, ARRAY[(SELECT zone_id FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.478, 35.938], [138.484, 35.938], [138.484, 35.944], [138.478, 35.944], [138.478, 35.938]]]}}]}', 'flood', 'test'))]);
SQL

# sql runs a statement in a database as somebody
sub sql
{
	my ($database, $who, $statement) = @_;
	return $node->safe_psql($database, $statement, extra_params => [ '-U', $who ]);
}

sub refused
{
	my ($database, $who, $statement, $pattern, $name) = @_;
	my ($status, $out, $error) = $node->psql($database, $statement, extra_params => [ '-U', $who ]);
	return like($error, $pattern, $name);
}
my $owner = $node->safe_psql('postgres', 'SELECT current_user');
my $authority = sql('postgres', 'mayor', "SELECT authority_id FROM passport.authorise_stage('bridge', 2, 'flood', 4, '2026-12-31')");
sql('postgres', 'deputy', "SELECT passport.confirm_authority($authority, 2)");

# alerts from before: one to the east, of which everybody else is told, and one to both parts
my %area = (west => 'ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326)', east => 'ST_MakeEnvelope(138.478, 35.938, 138.484, 35.944, 4326)',
	both => 'ST_MakeEnvelope(138.45, 35.94, 138.49, 35.96, 4326)');

sub send_alert
{
	my ($database, $part, $hazard, $level) = @_;
	my $id = sql($database, 'drafter', "SELECT alert_id FROM passport.draft_alert('$hazard', $level, public.$area{$part})");
	sql($database, 'mayor', "SELECT passport.approve_alert($id, " . ($part eq 'both' ? 4 : 2) . ')');
	return $id;
}

# deliver does what passport-push does, for some, and returns to whom it sent what
sub deliver
{
	my ($database, $batch) = @_;
	return sql($database, $owner, "SELECT public.deliver($batch)");
}
my $before = send_alert('postgres', 'east', 'heavy_rain', 2);
my $spanning = send_alert('postgres', 'both', 'landslide', 2);
# a later message with the same key, which is meant for others: it takes nobody's order away
is(sql('postgres', 'mayor', "SELECT deliveries FROM passport.broadcast_alert($spanning)"), 1, 'one lives in neither area, and is told to keep away');
sql('postgres', $owner, q{SELECT passport.notify(ARRAY[resident_id], 'notice', 'personal', '{"ja": {"title": "t", "body": "b"}}', event_key => 'notice')
  FROM passport.resident WHERE resident_number = 'e2'});
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION public.deliver(batch int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  sent record;
BEGIN
  SELECT array_agg(c.resident_id) AS residents, array_agg(c.delivery_id) AS deliveries, array_fill('delivered'::text, ARRAY[count(*)::int]) AS outcomes,
         array_fill(NULL::text, ARRAY[count(*)::int]) AS details, array_fill(0, ARRAY[count(*)::int]) AS waits,
         string_agg(r.resident_number || ' ' || c.name, ', ' ORDER BY c.notification_id, r.resident_number) AS what
    INTO sent
    FROM (SELECT d.resident_id, d.delivery_id, d.notification_id, n.event_key AS name
            FROM passport.claim_deliveries('sender', batch, '1 minute') AS d JOIN passport.notification AS n USING (notification_id)) AS c
    JOIN passport.resident AS r USING (resident_id);
  PERFORM passport.complete_deliveries('sender', sent.residents, sent.deliveries, sent.outcomes, sent.details, sent.waits);
  RETURN sent.what;
END $$;
SQL

# the road is cut: the office says what it operates, and the branch works on a copy
$node->safe_psql('postgres', "ALTER DATABASE postgres SET passport.origin = 'office'");
$node->safe_psql('postgres', q{SELECT FROM passport.claim_deliveries('bridge', 1, '1 minute')});
refused('postgres', 'mayor', "SELECT passport.operate_areas('{uminokuchi}')", qr/messages to the other part are being sent/, 'not while a bridge holds what the branch will send');
$node->safe_psql('postgres', q{UPDATE passport.delivery SET worker = NULL, lease_until = NULL});
is(sql('postgres', 'mayor', "SELECT passport.operate_areas('{uminokuchi}')"), 1, 'the office operates the one part');
my $dump = PostgreSQL::Test::Utils::tempdir . '/village.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'the village is copied');
$node->safe_psql('postgres', 'CREATE DATABASE branch');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('branch'), $dump ], 'to the branch');
$node->safe_psql('postgres', "ALTER DATABASE branch SET passport.origin = 'nobeyama'");
is(sql('branch', 'mayor', "SELECT passport.operate_areas('{nobeyama}')"), 1, 'the branch the other');
is(sql('branch', $owner, q{SELECT count(*) FROM passport.claim_deliveries('sender', 100, '1 minute')}), 0, 'where nothing goes out of what a copy holds');
is(sql('branch', 'admin', 'SELECT passport.release_outbox(true)'), sql('branch', $owner, 'SELECT count(*) FROM passport.delivery'), 'until it is said that the branch sends what is its part');
$node->append_conf('postgresql.conf', "passport.clock = '2026-07-01 05:00+09'");
$node->reload;
refused('postgres', 'drafter', "SELECT passport.draft_alert('flood', 4, public.$area{east})", qr/operated elsewhere: nobeyama/, 'neither alerts the other part');
refused('branch', 'drafter', qq{SELECT passport.ask_area('{"ja": "?"}', public.$area{west}, '2026-07-01 06:00+09')}, qr/operated elsewhere: uminokuchi/, 'nor asks it');

# what waited at the parting is sent by one of them
is(deliver('postgres', 100), "w1 alert:$spanning:alert, w2 alert:$spanning:alert", 'the office sends to its part what waited');
is(deliver('branch', 5), "e1 alert:$before:alert, e2 alert:$before:alert, e3 alert:$before:alert, e1 alert:$spanning:alert, e2 alert:$spanning:alert",
	'the branch to the other');
# and so is what ends it
is(sql('branch', 'mayor', "SELECT recipients FROM passport.end_alert($spanning)"), 2, 'the branch ends what both are in, for its part');

# the same gauge is heard in both: the stage is answered where its area is operated
my $readings = q{SELECT passport.record_readings('bridge', '{2026-07-01 04:50+09,2026-07-01 05:00+09}', '{1,3.5}')};
sql($_, $owner, $readings) for qw(postgres branch);
is(sql('branch', $owner, 'SELECT outcome FROM passport.stage_answer'), 'sent', 'the stage is answered in the branch');
is(sql('postgres', $owner, 'SELECT outcome FROM passport.stage_answer'), 'failed', 'and in the office is not');
my $flood = sql('branch', $owner, "SELECT max(alert_id) FROM passport.alert WHERE hazard = 'flood'");
my $slide = send_alert('postgres', 'west', 'landslide', 3);
is($slide, $flood, 'both give the next number, and mean another alert');
sub identifier { return sql($_[0], $owner, "SELECT (xpath('/*/*[1]/text()', passport.alert_cap($_[1])))[1]") }
isnt(identifier('postgres', $slide), identifier('branch', $flood), 'which is called otherwise outside');
my $flood_identifier = identifier('branch', $flood);
my $before_identifier = identifier('postgres', $before);
is(identifier('branch', $before), $before_identifier, 'one from before is the same in both');
# somebody asks for help there, and so do somebody who is protected and somebody who was not told; a member of the household answers, and comes to a shelter
$node->safe_psql('branch', "INSERT INTO passport.alert_answer (resident_id, alert_id, answered_at, answer, note, location)
  SELECT resident_id, $flood, passport.now(), 'need_help', 'here', location FROM passport.resident WHERE resident_number IN ('e1', 'e3', 'e4');
  INSERT INTO passport.alert_answer (resident_id, alert_id, answered_at, answer, shelter_id, photo, answered_by, answerer_id, answerer)
  SELECT t.resident_id, $flood, passport.now(), 'evacuated', 'school', 'p/1.jpg', 'family', f.resident_id, 'app' FROM passport.resident AS t, passport.resident AS f
   WHERE t.resident_number = 'e2' AND f.resident_number = 'e1';
  SELECT passport.write_whereabouts(resident_id, 'car', ST_SetSRID(ST_MakePoint(138.49, 35.95), 4326), NULL, passport.now() + interval '1 day', 'staff', NULL)
    FROM passport.resident WHERE resident_number IN ('e1', 'e3');
  INSERT INTO passport.shelter_stay (resident_id, shelter_id, came_at, came_by, taken_by) SELECT resident_id, 'school', passport.now(), 'card', 'clerk'
    FROM passport.resident WHERE resident_number IN ('e2', 'e3');
  SELECT passport.check_in_visitors('school', 4, 'branch-1', 'A', 'elsewhere', 'vi', '{\"infant\": 1}'), passport.check_in_visitors('school', 2, 'branch-2');
  INSERT INTO passport.call (resident_id, alert_id, result, called_by, called_at) SELECT resident_id, $flood, 'no_answer', 'clerk', passport.now()
    FROM passport.resident WHERE resident_number IN ('e1', 'e3')");
# and the branch lifts what was from before
sql('branch', 'mayor', "SELECT passport.end_alert($before)");
is(sql('branch', 'mayor', "SELECT deliveries FROM passport.broadcast_alert($flood)"), 1, 'the branch tells everybody else in its part');
# two messages from before are not gone, for their provider is slow
$node->safe_psql('branch', q{UPDATE passport.delivery SET not_before = 'infinity' WHERE created_at < '2026-07-01 05:00+09'});
is(deliver('branch', 100), join(', ', (map { "$_ alert:$spanning:end" } qw(e1 e2 e3)), "e4 alert:$spanning:end-broadcast", (map { "$_ alert:$flood:alert" } qw(e1 e2 e3)),
		(map { "$_ alert:$before:end" } qw(e1 e2 e3)), "e4 alert:$flood:elsewhere"), 'and sends what it has said');

# the road is open
is(sql('branch', 'mayor', q{SELECT passport.operate_areas('{}')}), 0, 'the branch operates nothing any more');
is(sql('branch', $owner, 'SELECT count(*) FROM passport.delivery'), 0, 'and sends nothing');
my $file = sql('branch', 'admin', "SELECT passport.export_operation('2026-07-01 05:00+09')");
ok($file !~ /"e3"|隠|35\.942/, 'who is protected is not in the file');
ok($file =~ /"protected_asking": 1/, 'but that one of them asks for help');
is($node->safe_psql('branch', "SELECT count(DISTINCT resident_id) FROM passport.audit_record WHERE source = 'export_operation'"), 7, 'who carried away what of whom is kept');
my $waiting = 'SELECT count(*), max(delivery_id) FROM passport.delivery';
my $queue = sql('postgres', $owner, $waiting);

sub import_file
{
	my ($text) = @_;
	$text =~ s/'/''/g;
	return sql('postgres', 'admin', "SELECT alerts, recipients, unknown, protected_asking, half_ended, waiting FROM passport.import_operation('$text')");
}
my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN passport_alarm');
is(import_file($file), '3|8|0|1|1|0', 'it is merged');
like($listener->query('SELECT 1'), qr/"passport_alarm" with payload "protected_need_help"/, 'and the duty role is told');
is(import_file($file), '3|8|0|1|1|0', 'and once more');
is(sql('postgres', $owner, $waiting), $queue, 'nothing was enqueued by that');
is(sql('postgres', 'mayor', "SELECT recipients FROM passport.end_alert($spanning)"), 2, 'the office ends for its part what both are in');
is(import_file($file), '3|8|0|1|0|0', 'which is over in both then');
is(sql('postgres', 'mayor', 'SELECT passport.operate_areas(NULL)'), 2, 'the office operates all');
my $slides = sql('postgres', $owner, "SELECT string_agg('w' || n || ' alert:$slide:alert', ', ') FROM generate_series(1, 2) AS n");
is(deliver('postgres', 100), "e2 notice, $slides, w1 alert:$spanning:end, w2 alert:$spanning:end",
	'it sends its own, and what the branch had not sent and nobody has said otherwise since');
is(sql('postgres', $owner, 'SELECT count(*) FROM passport.delivery UNION ALL SELECT count(*) FROM passport.delivery_elsewhere'), "0\n0", 'then nothing is left');
$queue = sql('postgres', $owner, $waiting);

my $merged = sql('postgres', $owner, "SELECT alert_id FROM passport.alert WHERE origin = 'nobeyama'");
is(sql('postgres', $owner, "SELECT string_agg(hazard || ' ' || level || ' ' || state || coalesce(' ' || operating_area, ''), ', ' ORDER BY alert_id) FROM passport.alert"),
	'heavy_rain 2 ended nobeyama, landslide 2 ended, landslide 3 approved uminokuchi, flood 4 approved nobeyama', 'the alerts are there, and how they stand');
is(identifier('postgres', $merged), $flood_identifier, 'it is called as it was');
is(sql('postgres', $owner, "SELECT string_agg(resident_number, ' ' ORDER BY resident_number) FROM passport.alert_recipient JOIN passport.resident USING (resident_id) WHERE alert_id = $merged"),
	'e1 e2 e3', 'so are the recipients, the protected one by the area');
is(sql('postgres', $owner, "SELECT string_agg(resident_number || ' ' || condition, ',' ORDER BY resident_number) FROM passport.alert_person JOIN passport.resident USING (resident_id) WHERE alert_id = $merged AND condition IS NOT NULL"),
	'e1 need_help,e2 evacuated,e4 need_help', 'and how they are, and who else asks for help');
sql('postgres', $owner, "SELECT passport.write_answer($merged, resident_id, 'need_help', NULL, NULL, NULL, NULL, 'self', NULL) FROM passport.resident WHERE resident_number = 'w1'");
like($listener->query('SELECT 1'), qr/"passport_alarm" with payload "need_help"/, 'who asks for help is heard at once');
$listener->quit;
is(sql('postgres', $owner, "SELECT string_agg(concat_ws(' ', resident_number, answer, note, photo, shelter_id, answered_by, answerer_id = (SELECT resident_id FROM passport.resident WHERE resident_number = 'e1'), answerer), ', ' ORDER BY resident_number)
  FROM passport.alert_answer JOIN passport.resident USING (resident_id) WHERE alert_id = $merged"),
	"e1 need_help here self $owner, e2 evacuated p/1.jpg school family t app, e4 need_help here self $owner, w1 need_help self $owner", 'each answer once, and as it was given');
is(sql('postgres', $owner, "SELECT string_agg(resident_number || ' ' || kind, ', ') FROM passport.current_whereabouts JOIN passport.resident USING (resident_id)"), 'e1 car', 'where people are');
is(sql('postgres', $owner, "SELECT string_agg(resident_number || ' ' || shelter_id, ', ') FROM passport.shelter_stay JOIN passport.resident USING (resident_id)"), 'e2 school', 'who is at a shelter');

is(sql('postgres', $owner, "SELECT string_agg(concat_ws(' ', event_key, persons, present, name, needs), ', ' ORDER BY event_key) FROM passport.visitor"),
	'branch-1 4 4 A {"infant": 1}, branch-2 2 2 {}', 'and who is in no register');
is(sql('postgres', $owner, "SELECT string_agg(resident_number || ' ' || result || ' ' || called_by, ', ') FROM passport.call JOIN passport.resident USING (resident_id) WHERE alert_id = $merged"),
	'e1 no_answer clerk', 'and who was called in vain');

# nothing is sent twice: the same asks, the stage is not answered again, the broadcast was made
refused('postgres', 'drafter', "SELECT passport.draft_alert('flood', 4, (SELECT area FROM passport.report_alerts() WHERE alert_id = $merged))",
	qr/the same was said to the same area already/, 'the same to the same area asks');
sql('postgres', $owner, q{UPDATE passport.sensor_state SET stage = 0 WHERE sensor = 'bridge'; SELECT passport.record_readings('bridge', '{2026-07-01 05:00:30+09}', '{3.5}')});
is(sql('postgres', $owner, "SELECT string_agg(outcome, ' ' ORDER BY since) FROM passport.stage_answer"), 'failed in_force', 'the stage was answered');
is(sql('postgres', $owner, $waiting), $queue, 'and sent nothing');

# and what comes now reaches whoever was told there
is(sql('postgres', 'mayor', "SELECT recipients FROM passport.end_alert($merged)"), 2, 'the all clear goes to them');
is(deliver('postgres', 100), join(', ', (map { "$_ alert:$merged:end" } qw(e1 e2 e3)), "e4 alert:$merged:end-broadcast"), 'all of them, and whom the broadcast told there');
sql('postgres', $owner, "SELECT passport.check_out_visitors(visitor_id) FROM passport.visitor WHERE event_key = 'branch-2'");
is(import_file($file), '3|8|0|1|0|0', 'the old file comes again');
is(sql('postgres', $owner, "SELECT count(*) || ' ' || sum(present) FROM passport.visitor"), '2 4', 'nobody comes back by it');
is(sql('postgres', $owner, "SELECT state FROM passport.alert WHERE alert_id = $merged"), 'ended', 'and takes nothing back');

# what it is not
refused('branch', 'admin', "SELECT passport.import_operation('" . ($file =~ s/'/''/gr) . "')", qr/from this database itself/, 'its own file is refused');
refused('postgres', 'admin', qq{SELECT passport.import_operation('{"origin": "x", "alerts": [], "municipality_code": "103837"}')}, qr/refused: elsewhere/, "another municipality's too");
refused('postgres', 'admin', qq{SELECT passport.import_operation('{"origin": "x", "municipality_code": "203050", "alerts": [{"alert": {"level": 9}, "messages": [], "notifications": [], "recipients": []}]}')},
	qr/refused: malformed/, 'and what is no such file');
refused('postgres', 'drafter', "SELECT passport.export_operation('2026-07-01')", qr/permission denied/, 'staff carry nothing away');

done_testing();
