# Real rivers and real hazard zones, from the data folder that PASSPORT_SHARED
# names: false spikes are held back, floods pass and are foreseen, zones are
# repaired.
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
CREATE FUNCTION replay(VARIADIC names text[]) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
  s sample;
BEGIN
  FOR s IN SELECT * FROM sample WHERE sensor = ANY (names) ORDER BY at, sensor LOOP
    PERFORM set_config('passport.clock', s.at::text, true);
    INSERT INTO answer SELECT s.sensor, r.observed_at, r.verdict, r.reasons, r.stage, r.stage_changed
      FROM passport.record_readings(s.sensor, ARRAY[s.at], ARRAY[s.value]) AS r;
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

# --- 八十巌橋 (Yasoiwa bridge), downstream of it: a gauge that shows the flood level
# for hours, 294 times in 697, while there is none.  Seconds agree with each other;
# only the gauge upstream tells.
load('river_nagano_krivergojp_2025-09_2026-08.csv', sub {
	my @cell = @_;
	return () unless $cell[0] =~ /^200000000[34]$/;
	return [ $cell[0] eq '2000000003' ? 'above' : 'yasoiwa', @cell[2, 3] ];
});
my $hourly = '"datum": "elevation", "sampling_interval": "1 hour", "stale_after": "2 hours"';
define('above', ", $hourly");
my $yasoiwa = '"stages": [{"stage": 3, "up": 731.57}, {"stage": 4, "up": 735.5}]';
define('yasoiwa', qq(, $hourly, $yasoiwa, "witnesses":
  [{"witness": "above", "relation": "upstream", "movement": 0.5, "travel_time": "1 hour", "span": "2 hours"}]));
ask("SELECT replay('above', 'yasoiwa')");
define('yasoiwa alone', ", $hourly, $yasoiwa");
ask("INSERT INTO sample SELECT 'yasoiwa alone', at, value FROM sample WHERE sensor = 'yasoiwa'");
ask("SELECT replay('yasoiwa alone')");
# A flood begins where the level is believed to have risen over it; $believed has these.
my $believed = "(SELECT sensor, observed_at AS at FROM (SELECT *, lag(value) OVER (PARTITION BY sensor ORDER BY observed_at) AS before
    FROM passport.reading WHERE sensor LIKE 'yasoiwa%' AND verdict = 'accepted') AS r WHERE value >= 735.5 AND before < 735.5) AS b";
my ($shown, $alone, $let) = split /\|/, ask("SELECT
    (SELECT count(*) FROM sample WHERE sensor = 'yasoiwa' AND value >= 735.5),
    count(*) FILTER (WHERE sensor = 'yasoiwa alone'), count(*) FILTER (WHERE sensor = 'yasoiwa') FROM $believed");
diag("of $shown false readings above the flood level at Yasoiwa bridge came $alone false floods by seconds alone, $let with the gauge upstream");
cmp_ok($let, '<', $alone / 2, 'the gauge upstream holds false floods that their seconds confirm');
# Each that was let through had its reading or its second at a time when it rose upstream, or nobody was looking.
is(ask("SELECT count(*) FROM $believed WHERE sensor = 'yasoiwa' AND NOT EXISTS (
          SELECT FROM (SELECT b.at UNION ALL (SELECT r.observed_at FROM passport.reading AS r WHERE r.sensor = 'yasoiwa'
                         AND r.observed_at > b.at ORDER BY 1 LIMIT 1)) AS t
           WHERE NOT EXISTS (SELECT FROM passport.reading AS r WHERE r.sensor = 'above' AND r.verdict = 'accepted'
                              AND r.observed_at BETWEEN t.at - '2 hours'::interval AND t.at)
              OR EXISTS (SELECT FROM passport.reading AS r JOIN passport.reading AS e USING (sensor)
                          WHERE r.sensor = 'above' AND r.verdict = 'accepted' AND e.verdict = 'accepted' AND e.value - r.value >= 0.5
                            AND r.observed_at > t.at - '3 hours'::interval AND e.observed_at > r.observed_at AND e.observed_at <= t.at))"),
	0, 'the others rose upstream as well, or nobody was looking there');

# --- the other gauges of the prefecture: each rise over a threshold that the next
# reading bears out is believed by then, and what was held was borne out by none
my %others;
load('river_nagano_krivergojp_2025-09_2026-08.csv', sub {
	my @cell = @_;
	return () unless $cell[0] =~ /^\d+$/ && $cell[0] !~ /^200000000[34]$/;
	$others{"other $cell[0]"} = [ @cell[5, 6] ];
	return [ "other $cell[0]", @cell[2, 3] ];
});
for my $sensor (sort keys %others)
{
	my ($warning, $flood) = @{ $others{$sensor} };
	define($sensor, qq(, $hourly, "stages": [{"stage": 3, "up": $warning}, {"stage": 4, "up": $flood}]));
}
ask('SELECT replay(' . join(', ', map { "'$_'" } sort keys %others) . ')');
my $crossings = "(SELECT s.sensor, s.at, s.value, t.up, lead(s.at) OVER r AS next_at, lead(s.value) OVER r AS next, lag(s.value) OVER r AS before
    FROM sample AS s JOIN passport.sensor_threshold AS t USING (sensor) WHERE s.sensor LIKE 'other %' WINDOW r AS (PARTITION BY s.sensor, t.up ORDER BY s.at)) AS c";
my ($risen, $borne, $late) = split /\|/, ask("SELECT count(*), count(*) FILTER (WHERE borne), count(*) FILTER (WHERE borne AND NOT believed)
  FROM (SELECT next >= up AND next_at <= at + '2 hours'::interval AS borne,
               EXISTS (SELECT FROM passport.reading AS r WHERE r.sensor = c.sensor AND r.observed_at IN (c.at, c.next_at) AND r.value >= c.up
                          AND r.verdict = 'accepted') AS believed
          FROM $crossings WHERE value >= up AND coalesce(before < up, true)) AS x");
diag("nine more gauges: $risen times over a threshold, $borne of these at the next reading too");
is(keys %others, 9, 'nine more gauges');
cmp_ok($borne, '>', 30, 'rises that last');
is($late, 0, 'are believed by their second reading');
is(ask("SELECT count(*), count(*) FILTER (WHERE s.next < s.up) FROM answer AS a
          JOIN (SELECT sensor, at, next, min(up) AS up FROM $crossings GROUP BY 1, 2, 3) AS s USING (sensor, at)
         WHERE a.verdict = 'held' AND reasons && '{rise_too_fast, no_history}'"),
	'4|4', 'four are held, and the next reading is under the thresholds again');

# --- a summer at the Koto river with the flood of 2023-07-01, every ten minutes, and
# the rain at the dam above it
load('kotogawa_yamaguchi_10min_2023-06_2023-08.csv', sub {
	my ($time, $value, $rain) = @_[0, 1, 4];
	return () unless $time =~ m{^2023/};
	my $flood = $time =~ m{^2023/(06/30|07/0[123])};
	return ([ 'koto', "$time+09", $value ], $flood ? [ 'koto at once', "$time+09", $value ] : (),
		$flood ? [ 'koto witnessed', "$time+09", $value ] : (), $flood && $rain ne '' ? [ 'dam rain', "$time+09", $rain ] : ());
});
my $stages = '"stages": [{"stage": 1, "up": 2.5, "down": 2.3, "hold": "20 minutes"},
  {"stage": 2, "up": 3.5, "down": 3.3, "hold": "30 minutes"},
  {"stage": 3, "up": 4.5, "down": 4.2, "hold": "30 minutes"},
  {"stage": 4, "up": 6, "down": 5.5, "hold": "1 hour"}]';
define('koto', qq(, "range_low": -1, "range_high": 12, $stages));
ask("SELECT replay('koto')");
is(ask("SELECT count(*), count(*) FILTER (WHERE verdict = 'accepted') FROM passport.reading WHERE sensor = 'koto'"),
	'8928|8924', 'every reading of the summer but the drop-outs is accepted');
is(ask("SELECT count(*) FROM answer AS a WHERE sensor = 'koto' AND verdict = 'accepted'
          AND 'rise_too_fast' = ANY (reasons)"), 0, 'none of it late');
is(ask("SELECT string_agg(to_char(at, 'MM-DD HH24:MI'), ', ' ORDER BY at) FROM answer
         WHERE sensor = 'koto' AND reasons = '{dropout}' AND verdict = 'rejected' AND NOT changed"),
	'07-03 10:10, 07-03 10:20, 07-03 10:30, 07-03 10:40', 'the 0.00 are no fall');
is(ask("SELECT string_agg(to_char(at, 'DD HH24:MI') || ' ' || stage, ', ' ORDER BY at) FROM answer
         WHERE sensor = 'koto' AND changed AND stage > 1 AND at BETWEEN '2023-06-30' AND '2023-07-01 05:00+09'"),
	ask("SELECT string_agg(to_char(at, 'DD HH24:MI') || ' ' || n, ', ' ORDER BY at) FROM
	       (SELECT n, min(at) AS at FROM (VALUES (2, 3.5), (3, 4.5), (4, 6)) AS t(n, up)
	          JOIN sample ON sensor = 'koto' AND value >= up AND at > '2023-06-30' GROUP BY n) AS s"),
	'each stage begins with the first reading that reaches it');
is(ask("SELECT stage FROM answer WHERE sensor = 'koto' ORDER BY at DESC LIMIT 1"),
	ask("SELECT CASE WHEN value >= 2.3 THEN 1 ELSE 0 END FROM sample WHERE sensor = 'koto' ORDER BY at DESC LIMIT 1"),
	'and the flood ends');
define('koto at once', qq(, "range_low": -1, "range_high": 12, "stale_after": "10 days", $stages));
ask("SELECT replay_at_once('koto at once')");
is(ask("SELECT count(*), count(*) FILTER (WHERE b.verdict = 'accepted' OR b.reasons = '{dropout}'),
               count(*) FILTER (WHERE a.verdict = b.verdict AND a.stage = b.stage AND a.reasons = b.reasons)
          FROM passport.reading AS a JOIN passport.reading AS b USING (observed_at)
         WHERE a.sensor = 'koto' AND b.sensor = 'koto at once' AND observed_at >= '2023-06-30 06:00+09'"),
	'540|540|540', 'one batch says the same');
define('dam rain', ', "kind": "rain", "unit": "mm"');
define('koto witnessed', qq(, "range_low": -1, "range_high": 12, $stages,
  "witnesses": [{"witness": "dam rain", "relation": "rain", "movement": 10, "span": "6 hours"}]));
ask("SELECT replay('dam rain', 'koto witnessed')");
is(ask("SELECT count(*), count(*) FILTER (WHERE w.verdict = 'accepted'), bool_and(w.stage = k.stage) FILTER (WHERE k.stage > 3)
          FROM answer AS w JOIN answer AS k USING (at) WHERE w.sensor = 'koto witnessed' AND k.sensor = 'koto'
           AND at BETWEEN '2023-06-30 22:00+09' AND '2023-07-01 12:00+09'"),
	'85|85|t', 'with the rain gauge at the dam as a witness the flood passes as well, none of it late');

# --- northern Kyushu, July 2017: hourly levels, up to 9.9 m of rise.  Every
# station has stages at 40, 60 and 80 % of what it went through.
my @station;
load('kyushu2017_water_level_log.csv', sub {
	my ($time, @level) = @_;
	unless (@station) { @station = @level; return (); }
	return map { [ $station[$_], "$time+09", $level[$_] ] }
	  grep { $station[$_] && $level[$_] =~ /^-?[0-9]/ } 0 .. $#level;
});
$node->safe_psql('postgres', <<"SQL");
CREATE TABLE station AS
SELECT sensor, min(value) + (max(value) - min(value)) * 0.4 AS up2, min(value) + (max(value) - min(value)) * 0.6 AS up3,
       min(value) + (max(value) - min(value)) * 0.8 AS up4
  FROM sample WHERE sensor LIKE 's309%' GROUP BY sensor;
INSERT INTO sample SELECT 'strict ' || sensor, at, value FROM sample WHERE sensor LIKE 's309%';
SELECT passport.define_sensor(prefix || sensor, '{$limits, "sampling_interval": "1 hour", "stale_after": "2 hours"}'::jsonb
         || jsonb_build_object('stages', jsonb_build_array(jsonb_build_object('stage', 2, 'up', up2),
              jsonb_build_object('stage', 3, 'up', up3), jsonb_build_object('stage', 4, 'up', up4))))
  FROM station, (VALUES (''), ('strict ')) AS p(prefix);
SELECT passport.define_sensor('strict ' || sensor, '{"max_rise": 0.1}') FROM station;
SELECT replay(VARIADIC array_agg(prefix || sensor)) FROM station, (VALUES (''), ('strict ')) AS p(prefix);
SQL
is(ask("SELECT count(DISTINCT sensor), count(*) = (SELECT count(*) FROM sample WHERE sensor LIKE 's309%')
          FROM answer WHERE sensor LIKE 's309%'"), '70|t', '70 stations with levels');
# The first reading of a station that the flood finds above a threshold waits, as any first does.
is(ask("SELECT count(*) FROM answer AS a WHERE sensor LIKE 's309%' AND (verdict <> 'accepted' OR 'rise_too_fast' = ANY (reasons))
          AND at > (SELECT min(at) FROM sample AS s WHERE s.sensor = a.sensor)"), 0, 'every rise of the flood passes at once');
my $reached = "SELECT sensor, n, at FROM (SELECT s.sensor, n, s.at, s.value >= up AS now, lag(s.value) OVER (PARTITION BY s.sensor, n ORDER BY s.at) >= up AS before
    FROM station AS t JOIN sample AS s USING (sensor), LATERAL (VALUES (2, up2), (3, up3), (4, up4)) AS u(n, up)) AS c WHERE now AND NOT before";
my ($times, $there) = split /\|/, ask("SELECT count(*), count(*) FILTER (WHERE a.stage >= n) FROM ($reached) AS r JOIN answer AS a USING (sensor, at)");
cmp_ok($times, '>', 210, "the stations rise over their stages $times times");
is($there, $times, 'and each time the stage is there with the first reading that reaches it');
cmp_ok(ask("SELECT count(*) FROM answer WHERE sensor LIKE 'strict %' AND verdict = 'accepted'
              AND 'rise_too_fast' = ANY (reasons)"), '>', 50, 'with limits too strict rises are held');
is(ask("SELECT count(*) FROM ($reached) AS r JOIN sample AS now USING (sensor, at)
          JOIN sample AS next ON next.sensor = r.sensor AND next.at = r.at + '1 hour'::interval AND next.value >= now.value
         WHERE now.value <> 0 AND NOT EXISTS (SELECT FROM answer AS a WHERE a.sensor = 'strict ' || r.sensor AND a.stage >= n
             AND a.at IN (r.at, next.at))"),
	0, 'and then no stage is more than one reading late (a 0 in the midst of a flood is a drop-out)');
is(ask("SELECT count(*) FROM answer AS a WHERE sensor LIKE 'strict %' AND verdict = 'held'
          AND 'rise_too_fast' = ANY (reasons)
          AND EXISTS (SELECT FROM sample AS later, sample AS held, passport.reading AS now
                       WHERE held.sensor = a.sensor AND held.at = a.at AND later.sensor = a.sensor
                         AND now.sensor = a.sensor AND now.observed_at = a.at AND now.verdict <> 'accepted'
                         AND later.at = a.at + '1 hour'::interval AND later.value >= held.value)"),
	0, 'what was held is believed when the next reading is as high');

# --- forecasts, held against what came: at each reading of the floods, for the
# stages above it, was the stage reached in the time that was said?
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE forecast AS
WITH stage AS (
  SELECT sensor, n, up, interval '10 minutes' AS every FROM (VALUES ('koto', 2, 3.5), ('koto', 3, 4.5), ('koto', 4, 6.0)) AS t(sensor, n, up)
  UNION ALL
  SELECT sensor, n, up, '1 hour' FROM station, LATERAL (VALUES (2, up2), (3, up3), (4, up4)) AS u(n, up))
SELECT t.sensor, t.n, t.every, s.at, f.*,
       (SELECT min(l.at) FROM sample AS l WHERE l.sensor = s.sensor AND l.at > s.at AND l.value >= t.up) AS reached_at
  FROM stage AS t JOIN sample AS s USING (sensor)
  CROSS JOIN LATERAL (
    SELECT array_agg(r.observed_at ORDER BY r.observed_at) AS times, array_agg(r.value ORDER BY r.observed_at) AS levels
      FROM passport.reading AS r WHERE r.sensor = s.sensor AND r.verdict = 'accepted'
       AND r.observed_at BETWEEN s.at - greatest('30 minutes', 2 * t.every) AND s.at) AS p
  CROSS JOIN LATERAL passport.forecast_crossing(p.times, p.levels, t.up, 0.05) AS f
 WHERE f.expected_at IS NOT NULL AND s.value < t.up;
SQL
for my $case ([ 'koto', 'the Koto river, every 10 minutes' ], [ 's309%', 'northern Kyushu, every hour' ])
{
	my ($sensors, $name) = @$case;
	my ($given, $in, $before, $reached) = split /\|/, ask("SELECT count(*),
	    round(100.0 * avg((coalesce(reached_at, 'infinity') BETWEEN earliest_at AND latest_at + every)::int)),
	    round(100.0 * avg((coalesce(reached_at, 'infinity') < earliest_at)::int)),
	    round(100.0 * avg((coalesce(reached_at, 'infinity') <= expected_at + (expected_at - at) + every)::int))
	  FROM forecast WHERE sensor LIKE '$sensors'");
	my ($crossings, $foreseen, $minutes) = split /\|/, ask("SELECT count(*), count(first), round(percentile_cont(0.5) WITHIN GROUP
	    (ORDER BY extract(epoch FROM r.reached_at - first) / 60))
	  FROM (SELECT DISTINCT sensor, n, reached_at FROM forecast WHERE sensor LIKE '$sensors' AND reached_at IS NOT NULL) AS r
	  LEFT JOIN LATERAL (SELECT min(f.at) AS first FROM forecast AS f WHERE f.sensor = r.sensor AND f.n = r.n
	    AND f.reached_at = r.reached_at AND r.reached_at <= f.latest_at + f.every) AS f ON true");
	diag("forecasts, $name: $given given; reached within the interval $in %, before it $before %, within twice the time $reached %; "
	  . "of $crossings stages reached after a forecast $foreseen were foreseen, by $minutes minutes (median)");
	cmp_ok($given, '>', 20, "forecasts are given: $name");
	cmp_ok($in, '>', 40, 'about half of them come true');
	cmp_ok($before, '<', 5, 'and seldom is the water there before it was said');
}

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
