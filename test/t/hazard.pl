# Real rivers and real hazard zones, from the data folder that PASSPORT_SHARED
# names: false spikes are held back, floods pass, zones are repaired.
use strict;
use warnings;
use utf8;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = ($ENV{PASSPORT_SHARED} // '../shared') . '/data';
plan skip_all => "no data in $data" unless -d "$data/sensors" && -d "$data/hazards";

my $node = PostgreSQL::Test::Cluster->new('hazard');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\n");
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');

# What a river of this size can do, whatever its gauge counts from: the same
# limits must stop the spikes and let the floods through.
my $limits = '"max_rise": 0.6, "max_fall": 0.3, "noise": 0.05, "dropout_value": 0,
              "stale_after": "30 minutes", "memory": "2 hours"';

# Readings are kept in a table until they are replayed, each at its own time.
$node->safe_psql('postgres', <<"SQL");
CREATE TABLE sample (sensor text, at timestamptz, value double precision, PRIMARY KEY (sensor, at));
CREATE TABLE answer (sensor text, at timestamptz, verdict text, reasons text[], stage int,
                     changed boolean);
CREATE FUNCTION replay(name text) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
  s sample;
BEGIN
  FOR s IN SELECT * FROM sample WHERE sensor = name ORDER BY at LOOP
    PERFORM set_config('passport.clock', s.at::text, true);
    INSERT INTO answer SELECT name, r.observed_at, r.verdict, r.reasons, r.stage, r.stage_changed
      FROM passport.record_readings(name, ARRAY[s.at], ARRAY[s.value]) AS r;
  END LOOP;
END \$\$;
CREATE FUNCTION replay_at_once(name text) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
  PERFORM set_config('passport.clock', (SELECT max(at)::text FROM sample WHERE sensor = name), true);
  INSERT INTO answer SELECT name, r.observed_at, r.verdict, r.reasons, r.stage, r.stage_changed
    FROM passport.record_readings(name, (SELECT array_agg(at) FROM sample WHERE sensor = name),
                                  (SELECT array_agg(value) FROM sample WHERE sensor = name)) AS r;
END \$\$;
SQL

sub define
{
	my ($sensor, $more) = @_;
	$node->safe_psql('postgres',
		"SELECT passport.define_sensor('$sensor', '{$limits $more}')");
}

# load FILE, CODE: CODE turns the cells of a line into [sensor, time, value]...
sub load
{
	my ($file, $code) = @_;
	my @rows;
	open my $in, '<:encoding(UTF-8)', "$data/sensors/$file" or die "$file: $!";
	while (my $line = <$in>)
	{
		$line =~ s/^\x{feff}|[\r\n]+$//g;
		push @rows, map { join "\t", @$_ } $code->(split /,/, $line, -1);
	}
	my $copy = $node->basedir . '/copy';
	open my $out, '>', $copy or die $!;
	print $out "$_\n" for @rows;
	close $out;
	$node->safe_psql('postgres', "\\copy sample FROM '$copy'");
	return scalar @rows;
}

sub ask
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

# --- the gauge of 馬流橋 (Mabase bridge): a year, with three false spikes
my (@thresholds, $year);
$year = load('river_nagano_krivergojp_2025-09_2026-08.csv', sub {
	my @cell = @_;
	return () unless $cell[0] eq '2000000003';
	@thresholds = @cell[5, 6];
	return [ 'mabase', @cell[2, 3] ];
});
define('mabase', qq(, "datum": "elevation", "range_low": 850, "range_high": 862,
  "stages": [{"stage": 3, "up": $thresholds[0]}, {"stage": 4, "up": $thresholds[1]}]));
ask("SELECT replay('mabase')");
is(ask("SELECT count(*) FROM answer WHERE sensor = 'mabase' AND verdict = 'accepted' AND reasons = '{}'"),
	$year - 3, 'all readings of a year but three are accepted as they come');
is(ask("SELECT string_agg(to_char(at, 'MM-DD HH24:MI') || ' ' || reasons::text, ', ' ORDER BY at)
          FROM answer WHERE sensor = 'mabase' AND verdict = 'held'"),
	'06-01 02:10 {rise_too_fast}, 06-21 01:20 {rise_too_fast}, 08-08 15:20 {rise_too_fast}',
	'the three false spikes are held');
is(ask("SELECT count(*) FROM passport.reading WHERE sensor = 'mabase' AND verdict = 'held'"),
	3, 'and stay held');
is(ask("SELECT max(stage) || ' ' || bool_or(changed) FROM answer WHERE sensor = 'mabase'"),
	'0 false', 'nobody is alarmed');

# --- the flood of 2023-07-01 at the Koto river, every ten minutes
load('kotogawa_yamaguchi_10min_2023-06_2023-08.csv', sub {
	my ($time, $value) = @_;
	return () unless $time =~ m{^2023/(06/30|07/0[123])};
	return ([ 'koto', "$time+09", $value ], [ 'koto at once', "$time+09", $value ]);
});
my $stages = '"stages": [{"stage": 1, "up": 2.5, "down": 2.3, "hold": "20 minutes"},
  {"stage": 2, "up": 3.5, "down": 3.3, "hold": "30 minutes"},
  {"stage": 3, "up": 4.5, "down": 4.2, "hold": "30 minutes"},
  {"stage": 4, "up": 6, "down": 5.5, "hold": "1 hour"}]';
define('koto', qq(, "range_low": -1, "range_high": 12, $stages));
ask("SELECT replay('koto')");
is(ask("SELECT count(*), count(*) FILTER (WHERE verdict = 'accepted') FROM passport.reading WHERE sensor = 'koto'"),
	'576|572', 'every reading of the flood but the drop-outs is accepted');
is(ask("SELECT count(*) FROM answer AS a WHERE sensor = 'koto' AND verdict = 'accepted'
          AND 'rise_too_fast' = ANY (reasons)"), 0, 'none of it late');
is(ask("SELECT string_agg(to_char(at, 'MM-DD HH24:MI'), ', ' ORDER BY at) FROM answer
         WHERE sensor = 'koto' AND reasons = '{dropout}' AND verdict = 'rejected' AND NOT changed"),
	'07-03 10:10, 07-03 10:20, 07-03 10:30, 07-03 10:40', 'the 0.00 are no fall');
is(ask("SELECT string_agg(to_char(at, 'DD HH24:MI') || ' ' || stage, ', ' ORDER BY at) FROM answer
         WHERE sensor = 'koto' AND changed AND stage > 1 AND at < '2023-07-01 05:00+09'"),
	ask("SELECT string_agg(to_char(at, 'DD HH24:MI') || ' ' || n, ', ' ORDER BY at) FROM
	       (SELECT n, min(at) AS at FROM (VALUES (2, 3.5), (3, 4.5), (4, 6)) AS t(n, up)
	          JOIN sample ON sensor = 'koto' AND value >= up GROUP BY n) AS s"),
	'each stage begins with the first reading that reaches it');
is(ask("SELECT stage FROM answer WHERE sensor = 'koto' ORDER BY at DESC LIMIT 1"),
	ask("SELECT CASE WHEN value >= 2.3 THEN 1 ELSE 0 END FROM sample WHERE sensor = 'koto' ORDER BY at DESC LIMIT 1"),
	'and the flood ends');
define('koto at once', qq(, "range_low": -1, "range_high": 12, "stale_after": "10 days", $stages));
ask("SELECT replay_at_once('koto at once')");
is(ask("SELECT count(*) FROM (SELECT observed_at, verdict, reasons, stage FROM passport.reading WHERE sensor = 'koto'
          EXCEPT SELECT observed_at, verdict, reasons, stage FROM passport.reading WHERE sensor = 'koto at once') AS d"),
	0, 'one batch says the same');

# --- northern Kyushu, July 2017: hourly levels, up to 9.9 m of rise
my @station;
load('kyushu2017_water_level_log.csv', sub {
	my ($time, @level) = @_;
	unless (@station) { @station = @level; return (); }
	return map { [ $station[$_], "$time+09", $level[$_] ] }
	  grep { $station[$_] && $level[$_] =~ /^-?[0-9]/ } 0 .. $#level;
});
$node->safe_psql('postgres', <<"SQL");
INSERT INTO sample SELECT 'strict ' || sensor, at, value FROM sample WHERE sensor LIKE 's309%';
SELECT passport.define_sensor(sensor, '{$limits, "stale_after": "10 days"}')
  FROM (SELECT DISTINCT sensor FROM sample WHERE sensor LIKE '%s309%') AS s;
SELECT passport.define_sensor(sensor, '{"max_rise": 0.1}')
  FROM (SELECT DISTINCT sensor FROM sample WHERE sensor LIKE 'strict %') AS s;
SELECT replay_at_once(sensor) FROM (SELECT DISTINCT sensor FROM sample WHERE sensor LIKE '%s309%') AS s;
SQL
is(ask("SELECT count(DISTINCT sensor) FROM answer WHERE sensor LIKE 's309%'"), 70, '70 stations with levels');
is(ask("SELECT count(*) FROM answer WHERE sensor LIKE 's309%' AND (verdict <> 'accepted'
          OR 'rise_too_fast' = ANY (reasons))"), 0, 'every rise of the flood passes at once');
cmp_ok(ask("SELECT count(*) FROM answer WHERE sensor LIKE 'strict %' AND verdict = 'accepted'
              AND 'rise_too_fast' = ANY (reasons)"), '>', 50, 'with limits too strict rises are held');
is(ask("SELECT count(*) FROM answer AS a WHERE sensor LIKE 'strict %' AND verdict = 'held'
          AND 'rise_too_fast' = ANY (reasons)
          AND EXISTS (SELECT FROM sample AS later, sample AS held
                       WHERE held.sensor = a.sensor AND held.at = a.at AND later.sensor = a.sensor
                         AND later.at = a.at + '1 hour'::interval AND later.value >= held.value)"),
	0, 'and pass with the next reading that is as high');

# --- hazard zones of Numazu (Project PLATEAU), partly invalid
for my $case (
	[ 'plateau_52385628_fld_6697_l2_op', 'flood',     0,   12 ],
	[ 'plateau_52385721_fld_6697_l1_op', 'flood',     0,   3 ],
	[ 'plateau_523856_lsld_6668_op',     'landslide', 233, 1 ],
	[ 'plateau_523857_lsld_6668_op',     'landslide', 80,  1 ])
{
	my ($name, $kind, $imported, $repaired) = @$case;
	is(ask("SELECT count(*) FILTER (WHERE action = 'imported'), count(*) FILTER (WHERE action = 'repaired'
	          AND problem LIKE '%elf-intersection%'), count(*)
	          FROM passport.import_hazard_zones(pg_read_file('$data/hazards/$name.geojson')::jsonb, '$kind', '$name')"),
		join('|', $imported, $repaired, $imported + $repaired), "$name: $repaired repaired");
}
is(ask("SELECT count(*), bool_and(ST_IsValid(area)) FROM passport.hazard_zone"), '330|t',
	'all zones are valid');
# A flood zone of many triangles must cover as much after the repair.
is(ask("WITH feature AS (
          SELECT f.value AS feature, ST_GeomFromGeoJSON(f.value->'geometry') AS shape
            FROM jsonb_array_elements(pg_read_file('$data/hazards/plateau_52385628_fld_6697_l2_op.geojson')::jsonb
                                      ->'features') AS f)
        SELECT count(*) FROM feature
          JOIN passport.hazard_zone AS z ON z.digest = sha256(convert_to(feature::text, 'UTF8'))
         WHERE abs(ST_Area(z.area) / (SELECT sum(ST_Area(part.geom)) FROM ST_Dump(shape) AS part) - 1) < 1e-6"),
	12, 'no triangle is lost by the repair');

# --- from a zone to its residents, against plain PostGIS
$node->safe_psql('postgres', <<'SQL');
SELECT setseed(0.3);
INSERT INTO passport.resident (resident_number, name, location, location_precision, updated_at)
  SELECT 'r' || n, 'n', ST_SetSRID(ST_MakePoint(138.85 + 0.05 * random(), 35.08 + 0.05 * random()), 4326), 'parcel', now()
    FROM generate_series(1, 20000) AS n;
-- some live exactly on a corner of a zone
INSERT INTO passport.resident (resident_number, name, location, location_precision, updated_at)
  SELECT 'c' || row_number() OVER (), 'n', corner.geom, 'parcel', now()
    FROM passport.hazard_zone, LATERAL ST_DumpPoints(area) AS corner
   WHERE kind = 'flood' AND corner.path[3] % 50 = 1;
SELECT passport.assign_zones('koto', 3, array_agg(zone_id)) FROM passport.hazard_zone WHERE kind = 'flood';
SELECT passport.assign_zones('koto', 4, array_agg(zone_id)) FROM passport.hazard_zone WHERE kind = 'landslide';
SQL
for my $stage (3, 4)
{
	my $same = ask("WITH area AS MATERIALIZED (SELECT passport.draw_affected_area('koto', $stage) AS area),
	  chosen AS (SELECT passport.residents_in(area) AS id FROM area),
	  plain AS (SELECT r.resident_id AS id FROM area, passport.resident AS r WHERE ST_Intersects(area, r.location))
	  SELECT (SELECT count(*) FROM chosen) = (SELECT count(*) FROM plain), (SELECT count(*) FROM plain) > 50,
	         (SELECT count(*) FROM (TABLE chosen EXCEPT TABLE plain) AS d)");
	is($same, 't|t|0', "stage $stage: the same residents as ST_Intersects finds one by one");
}

$node->stop;
done_testing();
