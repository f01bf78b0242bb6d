# Hazard zones from files as their publishers make them, by scripts/import-zones:
# PLATEAU's CityGML through ogr2ogr, and a new edition that takes zones away.
use strict;
use warnings;
use utf8;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = abs_path(($ENV{PASSPORT_SHARED} // '../shared') . '/data/hazards');
plan skip_all => 'the real hazard zones are not here' unless defined $data && -d $data;
my $script = abs_path(dirname(abs_path($0)) . '/../../scripts/import-zones');

my $node = PostgreSQL::Test::Cluster->new('zone');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\n");
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');

# import_zones(ARGUMENT...) -> (status, output, errors)
sub import_zones {
	my ($out, $err) = ('', '');
	IPC::Run::run([$script, @_, '-At', '-h', $node->host, '-p', $node->port, '-d', 'postgres'], '<', \'', '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}
sub ask { return $node->safe_psql('postgres', shift) }

# GeoJSON as it is; every flood feature of triangles was to be repaired
my ($status, $out, $err) = import_zones('flood', 'numazu', "$data/plateau_52385721_fld_6697_l1_op.geojson");
is($status, 0, 'GeoJSON is imported') or diag($err);
like($out, qr/^repaired\|3$/m, 'and reported');
is(ask("SELECT string_agg(depth_rank || ' ' || scale, ', ' ORDER BY depth_rank) FROM passport.hazard_zone"),
	'1 planned, 1 planned, 2 planned', 'with depth ranks and scale');

# a new edition without the two of rank 1, of which the gauge warns
my $edition = PostgreSQL::Test::Utils::tempdir() . '/edition.geojson';
ask("SELECT passport.define_sensor('g', '{}'), passport.assign_zones('g', 3, array_agg(zone_id)) FROM passport.hazard_zone WHERE depth_rank = 1");
PostgreSQL::Test::Utils::append_to_file($edition, ask("SELECT jsonb_build_object('type', 'FeatureCollection', 'features', jsonb_agg(f) FILTER (WHERE f -> 'properties' ->> 'rankOrg' = '2'))
  FROM jsonb_array_elements(pg_read_file('$data/plateau_52385721_fld_6697_l1_op.geojson')::jsonb -> 'features') AS f"));
($status, $out, $err) = import_zones('--whole', 'flood', 'numazu', $edition);
is($status, 0, 'a whole edition is imported') or diag($err);
like($out, qr/^\|\d+\|over\|assigned to g from stage 3\n\|\d+\|over\|assigned to g from stage 3$/m, 'what is not in it is over, and said to count on where it is assigned');
is(ask('SELECT count(*) FILTER (WHERE valid_to IS NULL), count(*) FROM passport.hazard_zone'), '1|3', 'nothing is deleted');
is(ask("SELECT ST_IsEmpty(passport.draw_affected_area('g', 3))"), 'f', 'the gauge still warns');
($status, undef, $err) = import_zones('--whole', 'flood', 'numazu', "$data/A33_official_file_list_nagano_GPL3.csv");
isnt($status, 0, 'what is no zone is refused');
is((import_zones('flood', 'numazu', '/nowhere.gml'))[0], 1, 'a file that is not there is said so');

SKIP: {
	skip 'no ogr2ogr', 11 unless grep { -x "$_/ogr2ogr" } split(/:/, $ENV{PATH});
	# the same, from CityGML with latitude first: 234 zones of landslides with A33's attributes
	($status, $out, $err) = import_zones('landslide', 'A33', "$data/523856_lsld_6668_op.gml");
	is($status, 0, 'CityGML is imported') or diag($err);
	like($out, qr/^imported\|233$/m, 'and reported');
	is(ask("SELECT designation, count(*) FROM passport.hazard_zone WHERE source = 'A33' GROUP BY 1 ORDER BY 1"),
		ask("SELECT CASE f -> 'properties' ->> 'gen:区域区分' WHEN '1' THEN 'yellow' WHEN '2' THEN 'red' END, count(*)
		       FROM jsonb_array_elements(pg_read_file('$data/plateau_523856_lsld_6668_op.geojson')::jsonb -> 'features') AS f GROUP BY 1 ORDER BY 1"),
		'yellow and red as published');
	($status, $out, $err) = import_zones('flood', 'A31a', "$data/52385628_fld_6697_l2_op.gml");
	is($status, 0, 'a flood of the largest scale as well') or diag($err);
	is(ask("SELECT bool_and(scale = 'largest' AND depth_rank BETWEEN 1 AND 6 AND ST_X(ST_Centroid(area)) BETWEEN 138 AND 139) FROM passport.hazard_zone WHERE source = 'A31a'"),
		't', 'with rank and scale, longitude first');

	# As 国土数値情報 gives out its A33 and A31a: Shape in JGD2011 with Japanese in CP932, and GML.  Its own files are
	# not here; these are made of what is, by another program than the one that reads them.
	my $made = PostgreSQL::Test::Utils::tempdir();
	for my $case ([ 'A33', 'ESRI Shapefile', 'shp', [ '-lco', 'ENCODING=CP932' ], "plateau_523856_lsld_6668_op.geojson",
			q{SELECT CAST("gen:区域区分" AS integer) AS A33_002, '静岡県' AS A33_003, geometry FROM "%s"} ],
		[ 'A31a', 'GML', 'gml', [], 'plateau_52385721_fld_6697_l1_op.geojson', q{SELECT CAST(rankOrg AS integer) AS A31a_205, '狩野川' AS A31a_202, geometry FROM "%s"} ])
	{
		my ($name, $format, $suffix, $options, $geojson, $query) = @$case;
		my ($layer) = $geojson =~ /(.*)\.geojson/;
		my @command = ('ogr2ogr', '-f', $format, '-t_srs', 'EPSG:6668', '-dim', 'XY', '-dialect', 'SQLite', @$options, '-sql', sprintf($query, $layer), "$made/$name.$suffix", "$data/$geojson");
		utf8::encode($_) for @command;
		my $log = '';
		IPC::Run::run(\@command, '>', \$log, '2>&1') or diag($log);
		($status, $out, $err) = import_zones($name eq 'A33' ? 'landslide' : 'flood', "KSJ $name", "$made/$name.$suffix");
		is($status, 0, "$name as $format is imported") or diag($err);
	}
	is(ask("SELECT designation, count(*), bool_and(properties->>'a33_003' = '静岡県' OR properties->>'A33_003' = '静岡県') FROM passport.hazard_zone WHERE source = 'KSJ A33' GROUP BY 1 ORDER BY 1"),
		ask("SELECT designation, count(DISTINCT ST_AsBinary(area)), true FROM passport.hazard_zone WHERE source = 'A33' GROUP BY 1 ORDER BY 1"),
		'yellow and red by A33_002, with its Japanese (without what told equal shapes apart)');
	is(ask("SELECT bool_and(scale = 'largest' AND depth_rank BETWEEN 1 AND 2 AND ST_X(ST_Centroid(area)) BETWEEN 138 AND 139), count(*) FROM passport.hazard_zone WHERE source = 'KSJ A31a'"),
		't|3', 'depth and scale by A31a_205');
	cmp_ok(ask("SELECT count(*) FROM passport.zone_problem WHERE source = 'KSJ A31a' AND action = 'repaired'"), '>', 0, 'and what was repaired is in the report');
	cmp_ok(ask("SELECT count(*) FROM passport.hazard_zone AS k JOIN passport.hazard_zone AS z ON z.source = 'A33' AND k.source = 'KSJ A33' AND ST_HausdorffDistance(ST_Envelope(k.area), ST_Envelope(z.area)) < 1e-6"),
		'>=', 230, 'where they were');
}
done_testing();
