# The corpus: pairs of a card's holder and a resident, and what match_resident
# says of them.  A wrong link is a failure; what is missed is counted.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = dirname(__FILE__) . '/../..';
my $shared = $ENV{PASSPORT_SHARED} // '../shared';
my $node = PostgreSQL::Test::Cluster->new('match');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE nobody');
$node->safe_psql('nobody', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
CREATE TABLE pair (id int GENERATED ALWAYS AS IDENTITY, expected text, kind text, name text, map text, address text, birth_date date, sex text,
  recorded_name text, kana text, roman text, alias text, recorded_address text, recorded_birth_date date, recorded_sex text);
-- the best of what is found for each card: a certain one before others
CREATE VIEW outcome AS
SELECT p.expected, p.kind, coalesce(m.outcome, 'none') AS outcome, m.own, p.name, p.recorded_name, p.address, p.recorded_address
  FROM pair AS p
  LEFT JOIN LATERAL (SELECT CASE WHEN (m.explanation ->> 'certain')::boolean THEN 'link' ELSE 'candidate' END AS outcome,
                            r.resident_number = 'pair ' || p.id AS own
                       FROM passport.match_resident(p.name, p.address, p.birth_date, p.sex, p.map) AS m
                       JOIN passport.resident AS r USING (resident_id) ORDER BY 1 DESC, 2 DESC LIMIT 1) AS m ON true;
SQL

my $database;
sub answer { return $node->safe_psql($database, $_[0]) }

# take DATABASE PAIRS: makes one with those of a table in the register, and nobody else
sub take
{
	($database, my $pairs) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE nobody");
	IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr($database), '-c', q{COPY pair (expected, kind, name, map, address, birth_date, sex,
		recorded_name, kana, roman, alias, recorded_address, recorded_birth_date, recorded_sex) FROM STDIN (HEADER)} ], '<', \$pairs)
	  or die "the pairs cannot be read\n";
	is(answer(q{SELECT sum(t.rejected) FROM (SELECT jsonb_agg(jsonb_build_object('resident_number', 'pair ' || id, 'name', recorded_name,
			'name_kana', kana, 'name_roman', roman, 'alias', alias, 'birth_date', recorded_birth_date, 'sex', recorded_sex,
			'address', recorded_address)) AS residents FROM pair GROUP BY id / 5000) AS r, passport.import_residents(r.residents) AS t}),
		0, 'the register takes them');
}

# load_map: what the municipality does with the MJ shrink map, by our script
sub load_map
{
	my $script = slurp_file("$tree/sql/variants/mj.sql") =~ s{FROM '(\w+\.csv)'}{FROM '$shared/data/kanji/$1'}gr;
	IPC::Run::run([ 'psql', '-X', '-q', '-At', '-d', $node->connstr($database) ], '<', \$script, '>', \my $loaded);
	like($loaded, qr/^2\d{4}\|1\d{4}\|1\d{3}$/, 'the MJ shrink map is loaded');
}

# judge NAME FLOOR: nobody is linked who should not be; so many of a hundred who should be are
sub judge
{
	my ($name, $floor) = @_;
	answer('DROP TABLE IF EXISTS judged; CREATE TABLE judged AS SELECT * FROM outcome');
	note $_ for split /\n/, answer(q{SELECT format('%s, %s: %s of %s', kind, expected, count(*) FILTER (WHERE outcome = expected), count(*))
		FROM judged GROUP BY kind, expected ORDER BY kind});
	is(answer(q{SELECT string_agg(concat_ws(' / ', kind, name, recorded_name, address, recorded_address), E'\n')
		FROM judged WHERE outcome = 'link' AND (expected <> 'link' OR NOT own)}), '', "$name: precision is 100 %, nobody is linked wrongly");
	is(answer(q{SELECT string_agg(concat_ws(' / ', kind, name, recorded_name, address, recorded_address), E'\n')
		FROM judged WHERE expected <> 'link' AND outcome <> 'link' AND outcome <> expected}), '', "$name: who is to be judged is found, nobody else is");
	my $recall = answer(q{SELECT round(100.0 * count(*) FILTER (WHERE outcome = 'link') / count(*), 2) FROM judged WHERE expected = 'link'});
	cmp_ok($recall, '>=', $floor, "$name: recall is $recall %");
}

take('kept', slurp_file("$tree/test/fixtures/match/pairs.tsv"));
cmp_ok(answer('SELECT count(*) FROM pair'), '>=', 2000, 'there are at least 2,000 pairs');
judge('kept pairs', 98.7);

SKIP:
{
	skip "no tables in $shared/data", 13 if !-r "$shared/data/kanji/mjsm_mj_shrink_map.csv";
	is(`perl $tree/test/fixtures/make-match-pairs '$shared'`, slurp_file("$tree/test/fixtures/match/pairs.tsv"), 'the kept pairs are those that the script makes');
	take('others', scalar `perl $tree/test/fixtures/make-match-pairs '$shared' rest`);
	judge('other tables', 9);

	# the keys of those who are there already follow
	load_map();
	judge('other tables, MJ shrink map loaded', 81);
	$database = 'kept';
	load_map();
	judge('kept pairs, MJ shrink map loaded', 99.2);
}

done_testing();
