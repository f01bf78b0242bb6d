# The public map and the staff's report in a real browser: seen, read aloud,
# used by mouse and by keyboard, on a phone, in the dark and without a network.
# The screenshots stay in build/screenshots.
use strict;
use warnings;
use utf8;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $modules = "$ENV{TESTDIR}/build/npm/node_modules";
plan skip_all => 'chromium is not there' if system('command -v chromium >/dev/null 2>&1') != 0;
plan skip_all => 'node is not there' if system('command -v node >/dev/null 2>&1') != 0;
plan skip_all => 'playwright-core is not there (test/npm fetches it)' unless -d "$modules/playwright-core";

my $node = PostgreSQL::Test::Cluster->new('browser');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\npassport.clock = '2026-07-01 05:00+09'\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
CREATE ROLE drafter LOGIN IN ROLE passport_staff;
CREATE ROLE mayor LOGIN IN ROLE passport_approver;
CREATE ROLE map LOGIN IN ROLE passport_public;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.40, 35.92, 138.52, 36.00, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('s1', '公民館', passport.point(138.47, 35.95), '{flood}'), ('s2', '野辺山 体育館 </script><script>alert(1)</script>', passport.point(138.48, 35.965), '{}'),
  ('s3', '南牧小学校', passport.point(138.465, 35.945), '{flood,earthquake}'), ('s4', '使わない所', passport.point(138.461, 35.94), '{}');
SELECT passport.open_shelter('s2');
DELETE FROM passport.shelter WHERE shelter_id = 's3';
SELECT passport.define_sensor('bridge', '{"name": "海ノ口橋", "lon": 138.455, "lat": 35.955,
  "stages": [{"stage": 1, "name": "水防団待機", "up": 3.2}, {"stage": 2, "name": "氾濫注意", "up": 3.5}, {"stage": 3, "name": "避難判断", "up": 4},
             {"stage": 4, "name": "氾濫危険", "up": 4.7}, {"stage": 5, "name": "氾濫発生", "up": 4.9}]}'),
  passport.define_sensor('canal', '{"name": "用水路", "lon": 138.47, "lat": 35.96}'),
  passport.define_sensor('works', '{"name": "工事中の橋", "lon": 138.45, "lat": 35.945, "state": "maintenance"}');
-- two days that rise to a peak and fall a little, a value every ten minutes
SELECT count(*) FROM passport.record_readings('bridge',
  ARRAY(SELECT timestamptz '2026-07-01 05:00+09' - i * interval '10 minutes' FROM generate_series(0, 288) AS i),
  ARRAY(SELECT CASE WHEN i < 10 THEN 4.1 + i * 0.05 ELSE greatest(1.2, 4.6 - (i - 10) * 0.03) END FROM generate_series(0, 288) AS i));
SELECT passport.import_residents('[{"resident_number": "m1", "household_number": "H1", "name": "秘密一郎", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951, "needs_help": true}]');
SELECT verdict FROM passport.take_weather_bulletin('<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>気象警報・注意報</Title><Status>通常</Status>
  <EditorialOffice>長野地方気象台</EditorialOffice></Control><Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><ReportDateTime>2026-07-01T04:10:00+09:00</ReportDateTime>
  <InfoType>発表</InfoType><InfoKind>気象警報・注意報</InfoKind><Headline><Text>長野県では</Text><Information><Item><Kind><Name>洪水警報</Name><Code>04</Code></Kind>
  <Kind><Name>雷注意報</Name><Code>14</Code></Kind><Areas><Area><Name>南牧村</Name><Code>2030500</Code></Area></Areas></Item></Information></Headline></Head></Report>');
SQL
# told HAZARD, LEVEL, WEST, SOUTH, EAST, NORTH: the number of an alert that two persons sent
sub told
{
	my ($hazard, $level, @box) = @_;
	my $id = $node->safe_psql('postgres',
		"SELECT alert_id FROM passport.draft_alert('$hazard', $level, public.ST_MakeEnvelope(" . join(',', @box) . ", 4326), 'bridge')",
		extra_params => [ '-U', 'drafter' ]);
	$node->safe_psql('postgres', "SELECT passport.approve_alert($id, headcount) FROM passport.alert_draft WHERE alert_id = $id", extra_params => [ '-U', 'mayor' ]);
	return $id;
}
told('flood', 3, 138.45, 35.95, 138.462, 35.96);
my $four = told('flood', 4, 138.454, 35.95, 138.462, 35.96);
my $update = $node->safe_psql('postgres', "SELECT update_no FROM passport.update_alert($four, public.ST_MakeEnvelope(138.454, 35.949, 138.462, 35.96, 4326))", extra_params => [ '-U', 'drafter' ]);
$node->safe_psql('postgres', "SELECT passport.approve_update($four, $update, headcount) FROM passport.alert_update_draft WHERE alert_id = $four", extra_params => [ '-U', 'mayor' ]);
my ($ended, $cancelled) = (told('landslide', 4, 138.48, 35.96, 138.49, 35.97), told('landslide', 3, 138.48, 35.95, 138.49, 35.96));
$node->safe_psql('postgres', "SELECT passport.end_alert($ended)", extra_params => [ '-U', 'mayor' ]);
$node->safe_psql('postgres', "SELECT passport.cancel_alert($cancelled, 'a mistake')", extra_params => [ '-U', 'mayor' ]);
my $public = $node->connstr('postgres') . ' user=map';
my $directory = PostgreSQL::Test::Utils::tempdir . '/map';
my $tiled = PostgreSQL::Test::Utils::tempdir . '/tiled';
command_ok([ 'passport-map', '--once', '--output', $directory, $public ], 'the map is published');
command_ok([ 'passport-map', '--once', '--gsi-tiles', '--output', $tiled, $public ], 'and once with background tiles');
my $worst = PostgreSQL::Test::Utils::tempdir . '/worst';
told('landslide', 5, 138.466, 35.952, 138.472, 35.957);
told('heavy_rain', 2, 138.466, 35.942, 138.474, 35.948);
told('storm_surge', 1, 138.456, 35.942, 138.464, 35.948);
command_ok([ 'passport-map', '--once', '--output', $worst, $public ], 'and once with every level');
my $report = PostgreSQL::Test::Utils::tempdir . '/report.html';
append_to_file($report, $node->safe_psql('postgres', 'SELECT passport.report_html()', extra_params => [ '-U', 'drafter' ]));

my $gauges = PostgreSQL::Test::Utils::tempdir . '/gauges';
$node->safe_psql('postgres', <<'SQL');
SELECT passport.define_sensor('rain', '{"name": "野辺山", "kind": "rain", "unit": "mm/h", "lon": 138.47, "lat": 35.975}'),
  passport.define_sensor('downpour', '{"name": "市場", "kind": "rain", "unit": "mm/h", "lon": 138.44, "lat": 35.975, "stages": [{"stage": 2, "name": "強い雨", "up": 20}, {"stage": 3, "name": "激しい雨", "up": 30}]}'),
  passport.define_sensor('channel', '{"name": "板橋水路", "kind": "channel_level", "zero_elevation": 1040.2, "lon": 138.485, "lat": 35.955,
    "stages": [{"stage": 1, "name": "注意", "up": 0.8}, {"stage": 2, "name": "警戒", "up": 1}, {"stage": 3, "name": "避難判断", "up": 1.2}, {"stage": 4, "name": "危険", "up": 1.4}, {"stage": 5, "name": "越水", "up": 9}]}'),
  passport.define_sensor('low', '{"name": "広瀬橋", "datum": "elevation", "lon": 138.42, "lat": 35.955,
    "stages": [{"stage": 1, "up": 1003.2}, {"stage": 2, "up": 1003.5}, {"stage": 3, "up": 1004}, {"stage": 4, "up": 1004.7}, {"stage": 5, "up": 1004.9}]}'),
  passport.define_sensor('wind', '{"name": "峠", "kind": "wind_speed", "unit": "m/s", "lon": 138.42, "lat": 35.975}');
SELECT count(r) FROM (VALUES ('rain', 12.5, 12), ('downpour', 24, 8), ('channel', 0.35, 0.05), ('low', 1001.2, 0.02), ('wind', 7, 3)) AS v(sensor, middle, wave),
  passport.record_readings(v.sensor, ARRAY(SELECT timestamptz '2026-07-01 05:00+09' - i * interval '10 minutes' FROM generate_series(0, 280) AS i),
    ARRAY(SELECT round((v.middle + v.wave * cos(i / 40.0))::numeric, 2)::float8 FROM generate_series(0, 280) AS i)) AS r;
SQL
command_ok([ 'passport-map', '--once', '--output', $gauges, $public ], 'and once with gauges of all kinds');
my $kept = PostgreSQL::Test::Utils::tempdir . '/kept';
system('cp', '-r', $directory, $kept) == 0 or die;

my $shots = "$ENV{TESTDIR}/build/screenshots";
mkdir $shots;
symlink "$ENV{TESTDIR}/test/browser", "$ENV{TESTDIR}/build/npm/browser";

# Each line that a script prints as TAP is an assertion of ours.
sub browse
{
	my (@call) = @_;
	my ($out, $error) = ('', '');
	local $ENV{HOME} = PostgreSQL::Test::Utils::tempdir;
	my $ran = eval {
		IPC::Run::run([ 'node', '--preserve-symlinks', '--preserve-symlinks-main', @call ], '>', \$out, '2>', \$error, IPC::Run::timeout(180));
	};
	utf8::decode($out);
	for my $line (split /\n/, $out)
	{
		if ($line =~ /^(not )?ok - (.*)/) { ok(!$1, $2); }
		else { diag($line); }
	}
	ok($ran, "$call[0] came to its end") or diag($error);
}
browse("$ENV{TESTDIR}/build/npm/browser/access.mjs", $directory, $worst, $shots);
browse("$ENV{TESTDIR}/build/npm/browser/gauges.mjs", $gauges, $shots);
browse("$ENV{TESTDIR}/build/npm/browser/stale.mjs", $kept, $shots);
# last of those, for it changes what the map says
browse("$ENV{TESTDIR}/build/npm/browser/map.mjs", $directory, $tiled, $shots);
browse("$ENV{TESTDIR}/build/npm/browser/report.mjs", $report, $shots);
is_deeply([ grep { !-s "$shots/$_.png" } qw(map-ja-light map-popup map-en map-easy map-dark map-phone map-phone-popup map-stale gauges gauges-en gauges-dark gauges-phone gauges-plain mute levels levels-dark plain report report-dark report-phone) ], [], 'the screenshots are there');

done_testing();
