# The demo's village: the same on every run, of the size and place it claims,
# and loaded without a problem.
use strict;
use warnings;
use utf8;
use Digest::SHA;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = dirname(__FILE__) . '/../..';
my ($one, $two) = map { PostgreSQL::Test::Utils::tempdir() } 1 .. 2;
my @files = qw(boundary.json cards.tsv devices.tsv oaza.tsv people.tsv residents.csv roster.txt shelters.json);

sub digest { my $sha = Digest::SHA->new(256); $sha->addfile("$_[0]/$_", 'b') for @files; return $sha->hexdigest }

# rows FILE: those of a table with a header line, as hashes; nothing in the CSV is quoted
sub rows
{
	my $part = $_[0] =~ /csv$/ ? ',' : "\t";
	my @lines = split /\n/, slurp_utf8($_[0]);
	my @columns = split /$part/, shift @lines;
	return map { my %row; @row{@columns} = split /$part/, $_, -1; \%row } @lines;
}

sub slurp_utf8 { my $text = slurp_file($_[0]); utf8::decode($text); return $text }

{
	# whatever order this perl's hashes have, and whatever its locale
	local $ENV{PERL_HASH_SEED} = 1;
	local $ENV{LC_ALL} = 'C';
	system_or_bail($^X, "$tree/demo/village.pl", $one);
}
{
	local $ENV{PERL_HASH_SEED} = 2;
	system_or_bail($^X, "$tree/demo/village.pl", $two);
}
is(digest($one), digest($two), 'two runs make the same village');

my $residents = [ rows("$one/residents.csv") ];
my %resident = map { $_->{resident_number} => $_ } @$residents;
is(scalar keys %resident, 3068, '3,068 residents');
is(scalar(grep { $_->{nationality_class} ne 'japanese' } @$residents), 511, 'one in six is a foreign national');
my $old = grep { $_->{birth_date} le '1961-07-01' } @$residents;
cmp_ok($old / 3068, '>', 0.33, 'an ageing village');
cmp_ok($old / 3068, '<', 0.40, 'but not a dying one');

my @people = rows("$one/people.tsv");
is(scalar @people, 200, '200 register');
is(scalar(grep { length $_->{name} != length $_->{name_substitution} || $_->{birth} !~ /^[2-5][0-9]{8}$/ } @people),
	0, 'each with a map as long as the name, and a birth date as in a certificate');
my @cards = rows("$one/cards.tsv");
my $soon = grep { my ($first) = sort @$_{qw(expires_on authentication_until)}; $first ge '2026-07-01' && $first le '2026-10-01' } @cards;
cmp_ok($soon, '>=', 36, 'a few dozen cards expire within three months');
is(scalar(grep { $_->{authentication_until} gt $_->{expires_on} || $_->{signature_until} gt $_->{authentication_until} } @cards),
	0, 'no certificate outlives its card');
is(scalar(grep { my $r = $resident{ $_->{resident_number} }; $r->{stay_until} && $_->{expires_on} gt $r->{stay_until} } @cards),
	0, 'no card outlives the stay');
is(scalar(grep { !$resident{$_} } split /\n/, slurp_file("$one/roster.txt")), 0, 'the health class is of the village');

my $node = PostgreSQL::Test::Cluster->new('village');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\n");
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
my $shown = '';
$node->run_log([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-v', "dir=$one", '-f', "$tree/demo/village.sql" ],
	'>', \$shown);
like($shown, qr/residents: 3068 imported, 0 rejected\s*$/m, 'every row is imported without a problem');

sub answer { return $node->safe_psql('postgres', $_[0]) }

is(answer('SELECT count(*) FROM passport.resident'), 3068, 'they are in the register');
is(answer('SELECT count(*) FROM passport.resident AS r JOIN passport.municipality_area AS a ON st_covers(a.area, r.location)'),
	answer('SELECT count(location) FROM passport.resident'), 'all points lie inside the boundary');
cmp_ok(answer('SELECT count(*) FROM passport.resident WHERE location IS NULL'), '<', 60, 'few have no point');
is(answer('SELECT count(*) FROM passport.resident AS r LEFT JOIN passport.oaza AS o ON o.name = r.oaza WHERE o.name IS NULL'),
	0, 'and all have a 大字');
is(answer('SELECT count(*), count(*) FILTER (WHERE hazards @> ARRAY[\'flood\']) FROM passport.shelter'), '28|11', 'the shelters');
is(answer("SELECT count(*) FROM (SELECT FROM passport.resident GROUP BY household_number HAVING count(DISTINCT address) > 1) AS h"),
	0, 'one address a household');

# Each card's holder is found, and nobody is linked to somebody else.
my $people = slurp_file("$one/people.tsv");
$node->safe_psql('postgres', 'CREATE TABLE people (key text, name text, map text, address text, address_map text, birth text,
	sex text, prefecture text, city text, issued date, expires date)');
$node->run_log([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', 'COPY people FROM STDIN' ], '<', \($people =~ s/\A.*\n//r));
is(answer(q{SELECT count(*) FILTER (WHERE r.resident_number = p.key AND m.certain), count(*) FILTER (WHERE r.resident_number = p.key),
                   count(*) FILTER (WHERE r.resident_number <> p.key AND m.certain)
              FROM people AS p
              LEFT JOIN LATERAL (SELECT resident_id, (explanation ->> 'certain')::boolean AS certain
                                   FROM passport.match_resident(p.name, p.address, substr(p.birth, 2)::date,
                                          CASE p.sex WHEN '1' THEN 'male' ELSE 'female' END, p.map)
                                  ORDER BY score DESC LIMIT 1) AS m ON true
              LEFT JOIN passport.resident AS r USING (resident_id)}),
	'196|200|0', '196 are certain, four wait for a person\'s judgement, none is wrong');

done_testing();
