# Signatures that openssl makes now, by every scheme over messages of every size,
# and the setting that says which algorithms count, changed while a session lasts.
use strict;
use warnings;
use File::Temp qw(tempdir);
use PostgreSQL::Test::BackgroundPsql;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $fixtures = 'test/fixtures/mutations';
my $work = tempdir(CLEANUP => 1);
my $node = PostgreSQL::Test::Cluster->new('signature');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\npassport.clock = '2026-07-01 12:00+09'\n");
$node->start;
$node->safe_psql('postgres', "SET client_min_messages = warning; CREATE EXTENSION passport CASCADE");
# the fixtures' temporary tables, for all sessions
my $cases = slurp_file("$fixtures/mutations.sql") =~ s/CREATE TEMPORARY TABLE/CREATE TABLE/gr;
$node->safe_psql('postgres', $cases);
$node->safe_psql('postgres', 'SELECT passport.add_trust_anchor(bytes, purpose) FROM mutation_root');
is($node->safe_psql('postgres', 'SELECT string_agg((passport.load_crl(bytes)).verdict, $$ $$) FROM mutation_list'),
	'loaded loaded', 'the roots and the lists are there');

sub put
{
	my ($name, $bytes) = @_;
	open my $to, '>:raw', "$work/$name" or die "$name: $!";
	print $to $bytes;
	close $to;
	return "$work/$name";
}

sub openssl
{
	my ($command, @options) = @_;
	my @command = ('openssl', $command, '-out', "$work/output", @options);
	my ($out, $error);
	IPC::Run::run(\@command, '>', \$out, '2>', \$error) or die "@command: $error";
	return slurp_file("$work/output");
}

# verdicts CERTIFICATE SCHEME MESSAGE SIGNATURE...: one for each signature
sub verdicts
{
	my ($case, $scheme, $message, @signatures) = @_;
	my $list = join ', ', map { "'\\x" . unpack('H*', $_) . "'" } @signatures;
	return $node->safe_psql('postgres', sprintf q{SELECT string_agg(v.verdict, ' ' ORDER BY n)
		FROM mutation AS m, unnest(ARRAY[%s]::bytea[]) WITH ORDINALITY AS s(bytes, n),
			passport.verify_signature(m.certificate, '\x%s', s.bytes, 'signature', scheme => '%s') AS v
		WHERE m.name = '%s'}, $list, unpack('H*', $message), $scheme, $case);
}

my %maker = (
	pkcs1 => sub { openssl('dgst', '-sha256', '-sign', @_) },
	pss => sub { openssl('dgst', '-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest', '-sign', @_) },
	bare_hash => sub {
		my ($key, $message) = @_;
		put('hash', openssl('dgst', '-sha256', '-binary', $message));
		openssl('pkeyutl', '-sign', '-inkey', $key, '-pkeyopt', 'rsa_padding_mode:pkcs1', '-in', "$work/hash");
	},
	ecdsa => sub { openssl('dgst', '-sha256', '-sign', @_) },
	ecdsa384 => sub { openssl('dgst', '-sha384', '-sign', @_) });
srand(20260701);
for ([ 'good', 'holder', 'pkcs1' ], [ 'good', 'holder', 'pss' ], [ 'good', 'holder', 'bare_hash' ], [ 'rsa3072', 'rsa3072', 'pss' ],
	[ 'p256_holder', 'p256', 'ecdsa' ], [ 'p384_holder', 'p384', 'ecdsa384' ])
{
	my ($case, $key, $made) = @$_;
	my $scheme = $made =~ s/384//r;
	my (@got, @expected);
	for my $size (0, 1, 63, 64, 1000, 100000)
	{
		my $message = join '', map { chr int rand 256 } 1 .. $size;
		my $signature = $maker{$made}->("$fixtures/keys/$key.key", put('message', $message));
		my $changed = $signature;
		# not in the first octets: there ECDSA has its lengths, which the mutation suite changes
		vec($changed, 8 * 8 + int rand(8 * (length($signature) - 8)), 1) ^= 1;
		push @got, verdicts($case, $scheme, $message, $signature, $changed, substr($signature, 1), "$signature\x00"),
			verdicts($case, $scheme, "$message\x00", $signature);
		push @expected, 'valid bad_signature bad_signature bad_signature', 'bad_signature';
	}
	is_deeply(\@got, \@expected, "$case by $made: what openssl signs, that and nothing else");
}

# which algorithms count, for issuers and holders alike
my $session = $node->background_psql('postgres');
my @names = qw(good p256_issuer p384_issuer p256_holder p384_holder);

sub answers
{
	return $session->query(sprintf q{SELECT string_agg(m.name || ' ' || CASE v.verdict WHEN 'valid' THEN 'valid' ELSE v.detail END, E'\n'
			ORDER BY array_position(ARRAY['%1$s'], m.name))
		FROM mutation AS m JOIN mutation_signature AS s USING (made) JOIN mutation_signature AS w ON w.made = 'message',
			passport.verify_signature(m.certificate, w.bytes, s.bytes, 'signature', scheme => m.scheme) AS v
		WHERE m.name IN ('%1$s')} =~ s/%1\$s/join "', '", @names/ger);
}

sub allow
{
	my ($algorithms) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET passport.signature_algorithms = '$algorithms'");
	$node->reload;
	for (1 .. 100)
	{
		last if $session->query('SHOW passport.signature_algorithms') eq $algorithms;
		select undef, undef, undef, 0.1;
	}
}
my $issuer = "algorithm: the issuer's signature algorithm is not allowed.";
my $holder = "key_type: the holder's signature algorithm is not allowed.";

is(answers(), join("\n", map { "$_ valid" } @names), 'all count at first');
allow('RSA-SHA256');
is(answers(), "good valid\np256_issuer $issuer\np384_issuer $issuer\np256_holder $holder\np384_holder $holder",
	'without ECDSA neither such issuers nor such holders count, in the same session');
allow('RSA-SHA256, ECDSA-SHA384');
is(answers(), "good valid\np256_issuer $issuer\np384_issuer valid\np256_holder $holder\np384_holder valid", 'P-384 alone');
allow('ECDSA-SHA256');
is(answers(), "good $issuer\np256_issuer $holder\np384_issuer $issuer\np256_holder $issuer\np384_holder $issuer",
	'a key of another algorithm than the issuer\'s is looked at, too');
allow('');
is(answers(), join("\n", map { "$_ $issuer" } @names), 'an empty list allows nothing');
my ($result, $out, $error) = $node->psql('postgres', "ALTER SYSTEM SET passport.signature_algorithms = 'RSA-SHA265'");
like($error, qr/invalid value for parameter "passport.signature_algorithms".*Known are RSA-SHA256/s, 'a misspelt name is refused');
$session->quit;

# a list by an algorithm that does not count is not taken either
($result, $out) = $node->psql('postgres', 'SELECT DISTINCT (passport.inspect_crl(bytes)).verdict FROM mutation_list');
is($out, 'weak_key', 'revocation lists follow the setting');
done_testing();
