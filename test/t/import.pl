# Extracts as files: encodings, \copy as an administrator, a hundred thousand
# residents, kill -9 in the middle, and the real address base registry.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('import');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\nrestart_after_crash = on\n");
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
$node->safe_psql('postgres', 'CREATE ROLE kanri LOGIN; GRANT passport_admin TO kanri');
my $folder = PostgreSQL::Test::Utils::tempdir();
my $fields = 'resident_number, name, name_kana, address, status';

sub ask { return $node->safe_psql('postgres', $_[0]) }

sub write_bytes
{
	my ($name, $bytes) = @_;
	open my $out, '>:raw', "$folder/$name" or die $!;
	print {$out} $bytes;
	close $out or die $!;
	return "$folder/$name";
}

# as_admin LINES: what psql answers the administrator, errors too
sub as_admin
{
	my ($status, $shown, $errors) = $node->psql('postgres', encode('UTF-8', $_[0]), extra_params => [ '-U', 'kanri', '-q' ]);
	utf8::decode($_) for $shown, $errors;
	return wantarray ? ($shown, $errors) : "$shown$errors";
}

sub names { my $names = ask("SELECT string_agg(name, '|' ORDER BY resident_number) FROM passport.resident WHERE resident_number LIKE '$_[0]%'");
	utf8::decode($names); return $names }

# CP932 and UTF-8 say the same, vendor's extension characters and all.
my @people = ('髙橋　一郎', '山﨑　二子', '㈱試験①', '波ダッシュ～', '全角－');
my $header = "宛名番号,氏名,カナ,住所,状態\r\n";
my $rows = sub { my $prefix = shift; join '', map { "$prefix$_,$people[ $_ - 1 ],カナ,南牧村海尻$_,住民\r\n" } 1 .. @people };
my $taken = "arrived|5\n";
for (
	[ 'u', $header . $rows->('u'), 'UTF-8', '', 'UTF-8', 'HEADER' ],
	[ 'b', $header . $rows->('b'), 'UTF-8', "\xEF\xBB\xBF", 'UTF-8 with a byte order mark', 'HEADER' ],
	[ 'n', $rows->('n'), 'UTF-8', "\xEF\xBB\xBF", 'UTF-8 with a byte order mark and no header', '' ],
	[ 's', $header . $rows->('s'), 'cp932', '', 'CP932', "HEADER, ENCODING 'SJIS'" ])
{
	my ($prefix, $text, $encoding, $mark, $what, $options) = @$_;
	my $file = write_bytes("$prefix.csv", $mark . encode($encoding, $text, Encode::FB_CROAK));
	my $with = join ', ', 'FORMAT csv', $options || ();
	like(as_admin("\\copy passport.resident_staging ($fields) FROM '$file' WITH ($with)\n"
			  . "SELECT what, residents FROM passport.import_extract('differential')"),
		qr/^\Q$taken\E/m, "$what: everybody arrives");
	is(names($prefix), join('|', @people), 'with the names as they are');
}
my $private = write_bytes('gaiji.csv', "g1,\xF0\x40,,,\r\n");
like((as_admin("\\copy passport.resident_staging ($fields) FROM '$private' WITH (FORMAT csv, ENCODING 'SJIS')"))[1],
	qr/0xf0 0x40.*no equivalent/, 'a character of the user-defined area is refused, not replaced');
my $again = write_bytes('again.csv', encode('UTF-8', $rows->('u')));
like(as_admin("\\copy passport.resident_staging ($fields) FROM '$again' WITH (FORMAT csv)\nSELECT what, residents FROM passport.import_extract('differential')"),
	qr/unchanged\|5/, 'the same file again changes nothing');

# what the administrator may not do
like((as_admin('SELECT count(*) FROM passport.resident_staging'))[1], qr/permission denied/, 'the staging table cannot be read');
like((as_admin("INSERT INTO passport.resident_staging (batch, name) VALUES (1, 'x')"))[1], qr/permission denied/,
	'nor may rows be put among another session\'s');
is(ask('SELECT count(*) FROM passport.resident_staging'), 0, 'nothing stays behind');

# A hundred thousand, and the same with a kill in the middle.
my $count = 100_000;
my $big = write_bytes('big.csv', encode('UTF-8', join '', map { "k$_,試験　$_,,南牧村海尻$_,\n" } 1 .. $count));
my $copy = "\\copy passport.resident_staging ($fields) FROM '$big' WITH (FORMAT csv)\n";
my $before = ask('SELECT count(*) FROM passport.resident');

my $session = $node->background_psql('postgres');
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe("COPY passport.resident_staging ($fields) FROM '$big' WITH (FORMAT csv)");
$session->{stdin} .= "SELECT * FROM passport.import_extract('differential');\n";
$session->{run}->pump_nb;
my $until = time + 60;
sleep 0.05 until time > $until
  || ask("SELECT count(*) FROM pg_locks WHERE pid = $pid AND relation = 'passport.resident_match_key'::regclass AND mode = 'RowExclusiveLock'") > 0;
my $logged = -s $node->logfile;
kill 9, $pid;
# not as soon as it answers: it may not have noticed yet
$node->wait_for_log(qr/database system is ready to accept connections/, $logged);
eval { $session->{run}->kill_kill; };
is(ask('SELECT count(*) FROM passport.resident'), $before, 'kill -9 in the middle leaves nobody');
is(ask('SELECT count(*) FROM passport.resident_directory'), $before, 'no number');
is(ask('SELECT count(*) FROM passport.resident_import'), 0, 'and no copy of anybody');

my $begin = time;
like(as_admin("${copy}SELECT what, residents FROM passport.import_extract('differential')"), qr/^arrived\|$count$/m, 'then all arrive');
my $seconds = time - $begin;
cmp_ok($seconds, '<', 100, sprintf 'at %.0f a second, copy and all', $count / $seconds);

# The real registry of a rural municipality (屋久島町), where it is at hand.
SKIP:
{
	my $abr = ($ENV{PASSPORT_SHARED} // dirname(__FILE__) . '/../../../shared') . '/data/addresses/abr';
	skip 'the address base registry is not here', 4 unless -r "$abr/mt_parcel_city465054.csv.zip";
	require IO::Uncompress::Unzip;
	for (qw(mt_parcel_city465054 pos_city_mt_parcel_pos_city465054))
	{
		IO::Uncompress::Unzip::unzip("$abr/$_.csv.zip", "$folder/$_.csv") or die "$_.csv.zip cannot be unzipped";
	}
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET passport.municipality_code = '465054'");
	ask("INSERT INTO passport.municipality_area (code, name, area) VALUES ('465054', '鹿児島県熊毛郡屋久島町',
	     'SRID=4326;MULTIPOLYGON(((130.3 30.1, 130.8 30.1, 130.8 30.6, 130.3 30.6, 130.3 30.1)))')");
	my $parcel = 'lg_code, machiaza_id, prc_id, city, ward, oaza_cho, chome, koaza, machiaza_dist, prc_num1, prc_num2, prc_num3, rsdt_addr_flg, prc_rec_flg, prc_area_code, efct_date, ablt_date, src_code, remarks, real_prop_num';
	my $position = 'lg_code, machiaza_id, prc_id, rep_lon, rep_lat, rep_srid, rep_scale, rep_src_code, plygn_fname, plygn_kcode, plygn_fmt, plygn_srid, plygn_scale, plygn_src_code, moj_map_city_code, moj_map_oaza_code, moj_map_chome_code, moj_map_koaza_code, moj_map_spare_code, moj_map_brushid';
	my $shown = as_admin("\\copy passport.parcel_staging ($parcel) FROM '$folder/mt_parcel_city465054.csv' WITH (FORMAT csv, HEADER)\n"
		  . "\\copy passport.parcel_position_staging ($position) FROM '$folder/pos_city_mt_parcel_pos_city465054.csv' WITH (FORMAT csv, HEADER)\n"
		  . 'SELECT * FROM passport.import_address_points()');
	my %rows = $shown =~ /^(\w+)\|(\d+)$/mg;
	note($shown);
	cmp_ok($rows{kept}, '>', 80_000, 'more than 80,000 parcels are kept');
	cmp_ok($rows{without_position}, '>', 0, 'some have no position');
	cmp_ok($rows{refused}, '<', 1000, 'few are refused');
	# as an address is written: 安房29番地乙, 尾之間136番地3
	is(ask(encode('UTF-8', q{SELECT count(*) || ' of ' || count(*) FILTER (WHERE p.location::text = n.location::text AND p.location_precision = 'parcel')
	           FROM (SELECT * FROM passport.address_point ORDER BY hashtext(oaza || lot) LIMIT 2000) AS n
	          CROSS JOIN LATERAL passport.place_of('鹿児島県熊毛郡屋久島町' || n.oaza || regexp_replace(n.lot, '^([0-9]+)-?', '\1番地'), NULL, NULL, NULL) AS p})),
		'2000 of 2000', 'an address is placed at its parcel');
}
done_testing();
