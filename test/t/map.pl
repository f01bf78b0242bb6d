# passport-map: what it publishes, to whom it is open, and that it follows.
use strict;
use warnings;
use utf8;
use File::Basename qw(dirname);
use IPC::Run qw(start finish);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('map');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\npassport.clock = '2026-07-01 05:00+09'\npassport.least_count = 0\ntrack_functions = 'all'\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
CREATE ROLE drafter LOGIN IN ROLE passport_staff;
CREATE ROLE mayor LOGIN IN ROLE passport_approver;
CREATE ROLE map LOGIN IN ROLE passport_public;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('m1', '公民館 <b>"&', passport.point(138.47, 35.95), '{flood}');
SELECT passport.define_sensor('map-1', '{"name": "橋 </script><script>", "lon": 138.455, "lat": 35.955,
  "stages": [{"stage": 1, "name": "注意", "up": 3}]}');
SELECT passport.record_readings('map-1', '{2026-07-01 04:40+09}', '{2.5}');
SELECT passport.import_residents('[{"resident_number": "m1", "name": "秘密一郎", "address": "秘密の住所",
  "oaza": "海ノ口", "lon": 138.451, "lat": 35.951}]');
SQL

my $area = 'ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326)';

sub send_alert
{
	my ($mode, $level) = @_;
	my $id = $node->safe_psql('postgres', "SELECT alert_id FROM passport.draft_alert('flood', $level, public.$area, mode => '$mode')",
		extra_params => [ '-U', 'drafter' ]);
	$node->safe_psql('postgres', "SELECT passport.approve_alert($id, 1)", extra_params => [ '-U', 'mayor' ]);
	return $id;
}

my $alert = send_alert('live', 4);
my $drill = send_alert('drill', 4);
my $public = $node->connstr('postgres') . ' user=map';
my $directory = PostgreSQL::Test::Utils::tempdir . '/map';

command_exit_is([ 'passport-map', '--once', $public ], 2, 'a call without a directory is refused');
command_exit_is([ 'passport-map', '--once', '--output', '/proc/nowhere', $public ], 1, 'so is one into nowhere');
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN');
command_fails_like([ 'passport-map', '--once', '--output', $directory, $node->connstr('postgres') . ' user=stranger' ], qr/Grant it the role passport_public\./, 'who may not is told which role is needed');
command_ok([ 'passport-map', '--once', '--output', $directory, $public ], 'it publishes once');

my @files = sort map { s{^$directory/}{}r } split /\n/, `find $directory -type f`;
is_deeply(
	\@files,
	[
		'alerts.atom', 'alerts.en.atom', 'alerts.geojson', 'alerts.js', "alerts/$alert.cap.xml", 'chart.js', (map { "images/$_" } qw(layers-2x.png layers.png marker-icon-2x.png marker-icon.png marker-shadow.png)),
		qw(index.html leaflet.css leaflet.js map.geojson map.js page.css page.js words.js worker.js)
	],
	'each file is there, no half-written one, and none of a drill');
is(sprintf('%o', (stat "$directory/map.js")[2] & 0777), '644', 'a web server may read them');
my $map = slurp_file("$directory/map.geojson");
my $script = slurp_file("$directory/map.js");
is($script, "window.passportMap = $map;\n" . ($script =~ /(window\.passportMapWritten = "[-0-9T:]+Z";\n)\z/)[0],
	'the script holds the same map, and when it was written');
utf8::decode($map);
like($map, qr/"kind": "sensor"/, 'the gauge is on the map');
unlike($map, qr/秘密|drafter|mayor/, 'nobody is');
my $page = slurp_file("$directory/index.html");
unlike($page . slurp_file("$directory/page.css"), qr{(?:src|href|url)\W+https?:}, 'the page needs nothing from elsewhere');

# CAP is valid by its schema, in every kind of message
my $xsd = ($ENV{PASSPORT_SHARED} // '../shared') . '/data/standards/cap/CAP-v1.2.xsd';

sub valid
{
	my ($file, $name) = @_;
  SKIP: {
		skip "no xmllint or no $xsd", 1 unless -f $xsd && !system('command -v xmllint >/dev/null');
		command_ok([ 'xmllint', '--noout', '--nonet', '--schema', $xsd, $file ], $name);
	}
}
valid("$directory/alerts/$alert.cap.xml", 'an alert is valid CAP');
append_to_file("$directory/drill.xml", $node->safe_psql('postgres', "SELECT passport.alert_cap($drill)"));
valid("$directory/drill.xml", 'a drill is valid CAP');
like(slurp_file("$directory/drill.xml"), qr{<status>Exercise</status>}, 'and says Exercise');
append_to_file("$directory/renewed.xml", $node->safe_psql('postgres', <<"SQL"));
BEGIN;
SELECT set_config('passport.clock', (passport.now() + interval '6 hours')::text, true) \\g /dev/null
SELECT passport.renew_orders() \\g /dev/null
SELECT passport.alert_cap($alert);
ROLLBACK;
SQL
valid("$directory/renewed.xml", 'an order that is renewed is valid CAP');
like(slurp_file("$directory/renewed.xml"), qr{-renew-2</identifier>.*<msgType>Update</msgType>}, 'and an Update');
unlink "$directory/renewed.xml";

# the feed is Atom as RFC 4287 wants it, and links to the messages beside it
sub feed
{
	my ($name) = @_;
	my $feed = slurp_file("$directory/$name");
	utf8::decode($feed);
	return $feed;
}
my $grammar = dirname(__FILE__) . '/../fixtures/atom.rng';

sub valid_feed
{
	my ($name, $what) = @_;
  SKIP: {
		skip 'no xmllint', 1 if system('command -v xmllint >/dev/null');
		command_ok([ 'xmllint', '--noout', '--nonet', '--relaxng', $grammar, "$directory/$name" ], $what);
	}
}
valid_feed($_, "$_ is valid Atom") for qw(alerts.atom alerts.en.atom);
for my $name (qw(alerts.atom alerts.en.atom))
{
	my $feed = feed($name);
	my ($head) = $feed =~ m{^(.*?)<entry>}s;
	my ($entry) = $feed =~ m{<entry>(.*?)</entry>}s;
	for my $part ($head, $entry)
	{
		is(() = $part =~ m{<$_>[^<]+</$_>}g, 1, "$name: one $_") for qw(id title updated);
	}
	like($head, qr{^<\?xml [^>]+>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="(?:ja|en)">.*<author><name>南牧村</name></author>}s, "$name: whose it is");
	like($head, qr{<link rel="self" type="application/atom\+xml" href="$name"/>}, "$name: where it is");
	like($entry, qr{<link rel="alternate" type="application/cap\+xml" href="alerts/$alert\.cap\.xml"/>}, "$name: the alert as CAP");
	like($feed, qr{^(?:(?!訓練|DRILL|秘密|drafter|mayor).)*\z}s, "$name: no drill and nobody");
}

# a tile as another's decoder reads it (GDAL): the same features at the same places
SKIP: {
	my $ogr = 'ogr2ogr';
	skip 'no ogr2ogr', 7 if system("command -v $ogr >/dev/null") != 0 || `$ogr --formats` !~ /^  MVT /m;
	my ($z, $x, $y) = (12, 3623, 1609);
	my $tiles = PostgreSQL::Test::Utils::tempdir;
	mkdir "$tiles/$_" for $z, "$z/$x";    # GDAL reads from its path which tile it is
	open my $tile, '>:raw', "$tiles/$z/$x/$y.pbf" or die;
	print {$tile} pack 'H*', $node->safe_psql('postgres', "SELECT encode(passport.public_map_mvt($z, $x, $y), 'hex')", extra_params => [ '-U', 'map' ]);
	close $tile;
	my %layer;
	for my $name (qw(alert boundary sensor shelter))
	{
		command_ok([ $ogr, '-f', 'GeoJSON', '-t_srs', 'EPSG:4326', "$tiles/$name.json", "$tiles/$z/$x/$y.pbf", $name ], "GDAL reads the layer $name");
		$layer{$name} = decode_json(slurp_file("$tiles/$name.json"))->{features};
	}
	my ($gauge, $house) = map { $layer{$_}[0] } qw(sensor shelter);
	is_deeply([ $gauge->{properties}{name}, $gauge->{properties}{value}, $house->{properties}{name} ], [ '橋 </script><script>', 2.5, '公民館 <b>"&' ],
		'with what public_map() says of each');
	my ($lon, $lat) = @{ $gauge->{geometry}{coordinates} };
	# a tile of zoom 12 is 0.088 degrees wide, and has 4096 steps
	ok(abs($lon - 138.455) < 0.0001 && abs($lat - 35.955) < 0.0001, 'where it is') or diag("$lon $lat");
	is_deeply([ map { $_->{properties}{alert_id} } @{ $layer{alert} } ], [ $alert + 0 ], 'and no drill');
}

# who publishes may read what everybody may, and nothing else
for my $forbidden ('TABLE passport.alert', 'TABLE passport.resident', 'TABLE passport.alert_unanswered',
	'SELECT passport.report_html()', 'SELECT passport.residents_in(NULL)', "SELECT passport.cancel_alert($alert, 'x')",
	"SELECT passport.approve_alert($alert, 1)", 'SELECT passport.message_texts(NULL, 1, NULL)')
{
	my ($status, $out, $error) = $node->psql('postgres', $forbidden, extra_params => [ '-U', 'map' ]);
	like($error, qr/permission denied/, "the public role may not: $forbidden");
}

# it follows: a cancel, new readings, and a server that was away
my $errors = '';
my $program = start([ 'passport-map', '--output', $directory, $public ], '2>', \$errors);

sub follows
{
	my ($file, $pattern, $name) = @_;
	my $text = '';
	for (1 .. 150)
	{
		$text = -f "$directory/$file" ? slurp_file("$directory/$file") : '';
		last if $text =~ $pattern;
		select undef, undef, undef, 0.1;
	}
	like($text, $pattern, $name);
}
my $update = $node->safe_psql('postgres', "SELECT update_no FROM passport.update_alert($alert, level => 5)", extra_params => [ '-U', 'drafter' ]);
$node->safe_psql('postgres', "SELECT passport.approve_update($alert, $update, 1)", extra_params => [ '-U', 'mayor' ]);
follows("alerts/$alert.cap.xml", qr{<msgType>Update</msgType>.*<references>\S+</references>}s, 'it follows an update');
valid("$directory/alerts/$alert.cap.xml", 'an update is valid CAP');
$node->safe_psql('postgres', "SELECT passport.cancel_alert($alert, 'x')", extra_params => [ '-U', 'mayor' ]);
follows("alerts/$alert.cap.xml", qr{<msgType>Cancel</msgType>}, 'it follows a cancel');
valid("$directory/alerts/$alert.cap.xml", 'a cancel is valid CAP');
utf8::encode(my $cancelled = '【取消】');
follows('alerts.atom', qr{<title>\Q$cancelled\E}, 'the feed follows a cancel');
valid_feed('alerts.atom', 'and is valid with a cancel');
# the messages are written before the map that links to them
follows('map.geojson', qr/\A(?!.*"kind": "alert")/s, 'the cancelled alert is off the map');

$node->restart;
my $second = send_alert('live', 3);
follows("alerts/$second.cap.xml", qr{<msgType>Alert</msgType>}, 'it comes back after a restart of the server');
$node->safe_psql('postgres', "SELECT passport.end_alert($second)", extra_params => [ '-U', 'mayor' ]);
follows("alerts/$second.cap.xml", qr{<responseType>AllClear</responseType>}, 'it follows the all clear');
valid("$directory/alerts/$second.cap.xml", 'an all clear is valid CAP');

# A message that was written is not read again; one that cannot be read keeps nothing else from the map.
sub change
{
	for (1 .. 4)
	{
		$node->safe_psql('postgres', 'NOTIFY passport_map');
		sleep 1.2;
	}
}
my $calls = "SELECT sum(calls) FROM pg_stat_user_functions WHERE funcname = 'alert_cap'";
change();
my $read = $node->safe_psql('postgres', $calls);
cmp_ok($read, '>=', 3, 'messages were read');
change();
is($node->safe_psql('postgres', $calls), $read, 'and not again when they stand there');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE public.broken (alert_id bigint);
GRANT SELECT ON public.broken TO PUBLIC;
DO $$ BEGIN
  EXECUTE regexp_replace(pg_get_functiondef('passport.alert_cap(bigint, int)'::regprocedure), '\nBEGIN\n',
    E'\nBEGIN\n IF EXISTS (SELECT FROM public.broken AS b WHERE b.alert_id = alert_cap.alert_id) THEN RAISE ''broken''; END IF;\n');
END $$;
SQL
my $third = $node->safe_psql('postgres', "INSERT INTO public.broken SELECT max(alert_id) + 1 FROM passport.alert RETURNING alert_id");
is(send_alert('live', 1), $third, 'an alert whose message is broken');
follows('map.geojson', qr/"alert_id": $third\b/, 'is on the map');
my $fourth = send_alert('live', 2);
follows("alerts/$fourth.cap.xml", qr{<msgType>Alert</msgType>}, 'the message of the next is there');
follows('map.geojson', qr/"alert_id": $fourth\b/, 'so is the next');
ok(!-e "$directory/alerts/$third.cap.xml", 'the broken message is not');
command_exit_is([ 'passport-map', '--once', '--output', $directory, $public ], 3, 'called once, it says by its status that something is missing');
change();
$program->pump_nb;
is(() = $errors =~ /could not read a document/g, 1, 'the log says it once');
like($errors, qr{"name": ?"alerts/$third\.cap\.xml"}, 'and which it is');
$node->safe_psql('postgres', 'DELETE FROM public.broken');
$node->safe_psql('postgres', "SELECT passport.cancel_alert($third, 'x')", extra_params => [ '-U', 'mayor' ]);
follows("alerts/$third.cap.xml", qr{<msgType>Cancel</msgType>}, 'its next message is read again');
command_ok([ 'passport-map', '--once', '--output', $directory, $public ], 'and nothing is missing');
$program->pump_nb;
is(() = $errors =~ /could read a document again/g, 1, 'which the log says, too');

# however much happens, it writes about once a second
my $writes = 0;
my $inode = (stat "$directory/map.js")[1];
my $until = time + 4;
while (time < $until)
{
	$node->safe_psql('postgres', 'NOTIFY passport_map');
	my $now = (stat "$directory/map.js")[1];
	$writes++ if $now != $inode;
	$inode = $now;
}
cmp_ok($writes, '>=', 1, 'it writes when told');
cmp_ok($writes, '<=', 6, 'and at most once a second');

$program->signal('TERM');
finish $program;
is($program->result(0), 0, 'it ends when asked to');
is_deeply([ grep { !/\.(?:html|css|js|geojson|xml|atom|png)$/ } split /\n/, `find $directory -type f` ], [], 'and leaves nothing half-written');

done_testing();
