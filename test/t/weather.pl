# The Meteorological Agency's own samples: all 83 of them are taken in, each
# warning of each municipality is found, and none of the other 南牧村.
# What is expected comes from elsewhere in the report than what is read: from
# the body, with regular expressions.
use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $samples = ($ENV{PASSPORT_SHARED} // '../shared') . '/data/jma/xml';
plan skip_all => "the samples are not in $samples" unless -d $samples;

my $node = PostgreSQL::Test::Cluster->new('weather');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\npassport.clock = '2026-07-01 12:00+09'\n");
$node->start;
$node->safe_psql('postgres', "SET client_min_messages = warning; CREATE EXTENSION passport CASCADE;\n"
	. 'CREATE FUNCTION take(report text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(\' \', verdict, detail, mode, warnings, level) FROM passport.take_weather_bulletin(report) $$');

my (%report, %verdicts);
for my $path (sort glob "$samples/*.xml")
{
	my ($name) = $path =~ m{([^/]+)\.xml$};
	$report{$name} = slurp_file($path);
}
is(scalar(keys %report), 83, 'there are 83 samples');

# taken(NAME, CHANGE): what is said to a report of that name
sub taken
{
	my ($name, $text) = @_;
	my $out;
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \"SELECT take(\$report\$$text\$report\$);\n", '>', \$out)
	  or return 'error';
	chomp $out;
	return $out;
}

# For this village only one says anything, and the Gunma village of the same name is in both.
$verdicts{ taken($_, $report{$_}) }++ for sort keys %report;
is_deeply(\%verdicts, { 'elsewhere live' => 82, 'stored live 4 3' => 1 }, 'they say of this village what they say');
my $of_village = $node->safe_psql('postgres', 'SELECT string_agg(DISTINCT area_code, \' \') FROM passport.weather_warning');
is($of_village, '2030500', 'and nothing of another');
is($node->safe_psql('postgres', "SELECT string_agg(hazard || level, ' ' ORDER BY hazard, level) FROM (SELECT DISTINCT hazard, level FROM passport.weather_at('2021-08-14 18:30+09')) AS w"),
	'flood2 landslide3', 'level 3 for its slopes, 2 for its rivers');
is(taken('73_03', $report{'73_03_01_220210_VPRN50'}), 'duplicate live', 'the same once more is a duplicate');
my ($gunma) = ($report{'73_03_01_220210_VPRN50'} =~ s{<Code>2030500</Code>}{<Code>2030599</Code>}gr);
like($gunma, qr{<Code>1038300</Code>}, 'a report with the other village alone');
$node->safe_psql('postgres', 'DELETE FROM passport.weather_bulletin');
is(taken('gunma', $gunma), 'elsewhere live', 'is not ours');

# A drill and a test of each change nothing that is shown
my $shown = 'SELECT count(*) FROM passport.weather_bulletin AS b, LATERAL passport.weather_at(b.reported_at + interval \'1 minute\')';
for my $status ('訓練', '試験')
{
	my $bytes = Encode::encode_utf8("<Status>$status</Status>");
	my $live = Encode::encode_utf8('<Status>通常</Status>');
	(my $text = $report{'73_03_01_220210_VPRN50'}) =~ s/\Q$live\E/$bytes/;
	like(taken($status, $text), qr/^stored (?:drill|test) 4 3$/, "$status is kept");
}
is($node->safe_psql('postgres', $shown), '0', 'and counts for nothing');

# Every area of every sample: each is made ours
my ($found, $missed, $bodies) = (0, 0, 0);
for my $name (grep { /VPWW|VXWW|VPHW|VXKO|VPOA|VXSU/ } sort keys %report)
{
	my $text = decode_utf8($report{$name});
	my ($head, $body) = $text =~ /(.*?)(<Body.*)/s;
	my %wanted;
	if ($name =~ /VPWW/)
	{
		my ($part) = $body =~ /<Warning type="気象警報・注意報（市町村等）">(.*?)<\/Warning>/s;
		for my $item ($part =~ /<Item>(.*?)<\/Item>/gs)
		{
			my ($area) = $item =~ /<Area>\s*<Name>.*?<\/Name>\s*<Code>(\d+)<\/Code>/s;
			for my $kind ($item =~ /<Kind>(.*?)<\/Kind>/gs)
			{
				my ($code) = $kind =~ /^\s*<Name>[^<]*<\/Name>\s*<Code>(\d+)<\/Code>/s;
				my ($status) = $kind =~ /<Status>([^<]*)<\/Status>/;
				$wanted{"$area $code"} = 1 if defined $code && $status ne '解除';
			}
		}
		$bodies++;
	}
	else
	{
		# of the other kinds the body has no such list; the areas of the head, without those that are over
		for my $item ($head =~ /<Item>(.*?)<\/Item>/gs)
		{
			my ($kind, $word) = $item =~ /<Name>([^<]*)<\/Name>\s*<Code>(\d+)<\/Code>/;
			next if $kind =~ /解除$/;
			my ($areas) = $item =~ /<Areas[^>]*>(.*)<\/Areas>/s;
			$wanted{"$_ $word"} = 1 for $areas =~ /<Code>(\d+)<\/Code>/g;
		}
	}
	my %areas = map { (split / /)[0] => 1 } keys %wanted;
	$node->safe_psql('postgres', 'DELETE FROM passport.weather_bulletin; DELETE FROM passport.weather_area; '
		. (%areas ? 'INSERT INTO passport.weather_area VALUES ' . join(', ', map { "('$_', 'x')" } sort keys %areas) : ''));
	taken($name, $report{$name});
	my %got = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', 'SELECT DISTINCT area_code || \' \' || code FROM passport.weather_warning');
	$found += grep { $got{$_} } keys %wanted;
	my @wrong = ((grep { !$got{$_} } keys %wanted), (grep { !$wanted{$_} } keys %got));
	$missed += @wrong;
	diag("$name: @wrong[0 .. ($#wrong < 4 ? $#wrong : 4)]") if @wrong;
	my $unknown = $node->safe_psql('postgres', 'SELECT string_agg(DISTINCT code || name, \' \') FROM passport.weather_warning WHERE hazard IS NULL');
	is($unknown, '', "$name has no code that the vocabulary lacks") if $unknown ne '';
}
is($bodies, 37, 'there are 37 samples of warnings and advisories');
cmp_ok($found, '>', 2000, 'thousands of warnings of single areas are looked for');
is($missed, 0, 'each is found, and no other');

# The hour file of 川の水位情報
my $hour = ($ENV{PASSPORT_SHARED} // '../shared') . '/data/sensors/krivergojp_raw_hour_sample.json';
SKIP: {
	skip "no $hour", 2 unless -f $hour;
	my $json = slurp_file($hour);
	$node->safe_psql('postgres', q{SELECT passport.define_sensor(v, '{"datum": "elevation"}'), passport.set_source_code('river', v, v) FROM unnest('{1000000230,3300000079}'::text[]) AS v});
	my $answers = $node->safe_psql('postgres', "SET passport.clock = '2026-06-01 21:55+09'; SELECT verdict, reasons, count(*) FROM passport.take_river_levels(\$json\$$json\$json\$) GROUP BY 1, 2 ORDER BY 1, 2");
	is($answers, "accepted|{}|1\naccepted|{stale}|1\nrefused|{unassigned}|119", 'two gauges of an hour file are ours, 119 are not');
	is($node->safe_psql('postgres', "SELECT value FROM passport.reading WHERE sensor = '3300000079'"), '22.83', 'with the level that stands in it');
}

done_testing();
