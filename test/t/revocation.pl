# Revocation lists that are deltas, and lists that tell of some reasons only:
# made with openssl from a root of test/card, loaded, and asked.
use strict;
use warnings;

use File::Temp;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

system('make', '-s', '-C', 'test/card') == 0 or BAIL_OUT('the card tools do not build');
my $dir = File::Temp->newdir;
my $jpki = "$dir/jpki";
append_to_file("$dir/people.tsv", join("\t", qw(key name address birth sex prefecture city)) . "\n"
	  . join('', map { "k$_\ttest\ttest\t319801231\t1\tNagano-ken\tMinamimaki-mura\n" } 1 .. 2));
run_log(['build/test/card/hierarchy', '--people', "$dir/people.tsv", '--at', '2026-04-01', '--sheet',
	  "$dir/sheet", $jpki ]) or BAIL_OUT('no certificates');

my $node = PostgreSQL::Test::Cluster->new('revocation');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\nfsync = off\npassport.clock = '2026-07-01 12:00Z'");
$node->start;
$node->safe_psql('postgres', qq{
  SET client_min_messages = warning;
  CREATE EXTENSION passport CASCADE;
  SELECT passport.add_trust_anchor(pg_read_binary_file('$jpki/signature-root.der'), 'signature');
  CREATE TABLE sheet (key text, purpose text, certificate bytea, message bytea, signature bytea);
  COPY sheet FROM '$dir/sheet';
});

# ---- helpers ----

# list(NUMBER, INDEX, EXTENSIONS, SCOPE) -> what load_crl says of such a list.
# INDEX: serial number => reason, or reason and what openssl's index calls it.
sub list
{
	my ($number, $revoked, $extensions, $scope) = @_;
	my $index = join '', map { "R\t310101000000Z\t260601000000Z,$revoked->{$_}\t$_\tunknown\t/CN=$_\n" } sort keys %$revoked;
	my %files = (
		index => $index,
		number => sprintf("%02X\n", $number),
		'ca.cnf' => <<"CONF");
[ca]
default_ca = here
[here]
database = $dir/index
crlnumber = $dir/number
private_key = $jpki/signature-root.key
certificate = $dir/root.pem
default_md = sha256
crl_extensions = list
unique_subject = no
[list]
issuingDistributionPoint = critical, \@scope
$extensions
[scope]
fullname = dirName:point
$scope
[point]
C = JP
O = JPKI-TEST
0.OU = JPKI for digital signature
1.OU = CRL Distribution Points
2.OU = Nagano-ken
CN = Minamimaki-mura CRLDP
CONF
	for my $name (keys %files)
	{
		unlink "$dir/$name";
		append_to_file("$dir/$name", $files{$name});
	}
	system("openssl ca -config $dir/ca.cnf -gencrl -crl_lastupdate 20260701000000Z -crl_nextupdate 2026070${\ ($number % 3 + 4)}000000Z -out $dir/list.pem 2>$dir/log"
		  . " && openssl crl -in $dir/list.pem -outform der -out $dir/list.der") == 0
	  or BAIL_OUT("no list: " . slurp_file("$dir/log"));
	return $node->safe_psql('postgres',
		"SELECT verdict, split_part(detail, ':', 1), revoked FROM passport.load_crl(pg_read_binary_file('$dir/list.der'))");
}

# standing(TIME) -> verdicts of the two signature certificates
sub standing
{
	my $at = shift || '2026-07-01 12:00Z';
	return $node->safe_psql('postgres', qq{
	  SELECT string_agg(v.verdict || coalesce(substring(v.detail from ' \\(.*\\)'), '')
	           || CASE v.verdict WHEN 'revocation_unknown' THEN ' ' || split_part(v.detail, ':', 1) ELSE '' END, ', ' ORDER BY s.key)
	    FROM sheet AS s, passport.verify_signature(certificate, message, signature, 'signature', '$at') AS v
	   WHERE s.purpose = 'signature'});
}

system("openssl x509 -inform der -in $jpki/signature-root.der -out $dir/root.pem") == 0 or BAIL_OUT('no root');
my ($one, $two) = map { uc } split /\n/, $node->safe_psql('postgres',
	"SELECT i.serial FROM sheet, passport.certificate_info(certificate) AS i WHERE purpose = 'signature' ORDER BY sheet.key");
my $delta = sub { "2.5.29.27 = critical, ASN1:INTEGER:$_[0]" };

# ---- deltas ----

is(list(2, { $one => 'keyCompromise' }, $delta->(1), ''), 'base_missing|delta|', 'a delta without its base is not taken');
is(list(1, {}, '', ''), 'loaded|all rules hold.|0', 'a whole list');
is(list(3, { $one => 'keyCompromise' }, $delta->(2), ''), 'base_missing|delta|0', 'nor one whose base is newer than ours');
is(standing(), 'valid, valid', 'and nothing of it was stored');
is(list(2, { $one => 'certificateHold', $two => 'superseded' }, $delta->(1), ''), 'loaded|all rules hold.|2', 'a delta adds');
is(standing(), 'revoked (certificateHold), revoked (superseded)', 'which counts at once');
is(list(4, { $one => 'removeFromCRL', $two => 'keyCompromise' }, $delta->(1), ''), 'loaded|all rules hold.|1', 'a delta takes back, and says another reason');
is(standing(), 'valid, revoked (keyCompromise)', 'which counts too');
is(list(5, { $one => 'certificateHold' }, $delta->(4), ''), 'loaded|all rules hold.|2', 'a delta that does not name an entry');
is(standing(), 'revoked (certificateHold), revoked (keyCompromise)', 'leaves it');
is(list(3, { $one => 'keyCompromise' }, $delta->(1), ''), 'superseded|crl_number|2', 'an older delta is not taken');
is(list(5, { $one => 'removeFromCRL' }, '', ''), 'malformed|entries|', 'a whole list takes nothing back');
is(list(5, {}, '2.5.29.27 = ASN1:INTEGER:1', ''), 'malformed|delta|', 'a delta must say critically that it is one');
is(list(6, {}, '', ''), 'loaded|all rules hold.|0', 'the next whole list holds instead of list and delta');
is(standing(), 'valid, valid', 'with what has gone from it');

# ---- lists for some reasons ----

$node->safe_psql('postgres', 'DELETE FROM passport.revoked_certificate; DELETE FROM passport.revocation_list');
my $some = 'keyCompromise, CACompromise, affiliationChanged';
my $rest = 'superseded, cessationOfOperation, certificateHold, privilegeWithdrawn, AACompromise';
is(list(8, {}, '', "onlysomereasons = $some"), 'loaded|all rules hold.|0', 'a list for some reasons');
is(standing(), 'revocation_unknown crl_reasons, revocation_unknown crl_reasons', 'says too little alone');
is(list(7, { $two => 'superseded' }, '', "onlysomereasons = $rest"), 'loaded|all rules hold.|1', 'the list for the others, with a number of its own');
is(standing(), 'valid, revoked (superseded)', 'together they tell of all');
is(standing('2026-07-06 12:00Z'), 'revocation_unknown crl_stale, revoked (superseded)', 'not when one of them is stale');
is(list(9, { $one => 'affiliationChanged' }, $delta->(8), "onlysomereasons = $some"), 'loaded|all rules hold.|1', 'a delta to one of them');
is(standing(), 'revoked (affiliationChanged), revoked (superseded)', 'leaves the other alone');

$node->stop;
done_testing();
