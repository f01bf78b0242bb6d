# Responses of a real responder, openssl's, which knows the cards of test/card:
# asked by make_ocsp_request, taken in, and counted.
use strict;
use warnings;

use File::Temp;
use IO::Socket::IP;
use IPC::Run;
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

system('make', '-s', '-C', 'test/card') == 0 or BAIL_OUT('the card tools do not build');
my $dir = File::Temp->newdir;
my $jpki = "$dir/jpki";
append_to_file("$dir/people.tsv", join("\t", qw(key name address birth sex prefecture city generation)) . "\n"
	  . join('', map { "k$_\ttest\ttest\t319801231\t1\tNagano-ken\tMinamimaki-mura\t" . ($_ == 3 ? 1 : 2) . "\n" } 1 .. 3));
# cards, of whose village there will be lists, and a sheet of more
for my $kind ([], [ '--sheet', "$dir/sheet" ])
{
	run_log([ 'build/test/card/hierarchy', '--people', "$dir/people.tsv", '--generations', '2', @$kind, $jpki ]) or BAIL_OUT('no certificates');
}

my $node = PostgreSQL::Test::Cluster->new('ocsp');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\nfsync = off");
$node->start;
$node->safe_psql('postgres', qq{
  SET client_min_messages = warning;
  CREATE EXTENSION passport CASCADE;
  SELECT passport.add_trust_anchor(pg_read_binary_file('$jpki/' || f), split_part(f, '-', 1))
    FROM unnest('{signature-root.der,signature-root-1.der,authentication-root.der}'::text[]) AS f;
  CREATE TABLE sheet (key text, purpose text, certificate bytea, message bytea, signature bytea);
  COPY sheet FROM '$dir/sheet';
});

# ---- helpers ----

sub spew
{
	my ($file, $bytes) = @_;
	open my $to, '>:raw', $file or die "$file: $!";
	print $to $bytes;
	close $to or die "$file: $!";
}

sub quiet { system("@_ >$dir/log 2>&1") == 0 or BAIL_OUT("@_: " . slurp_file("$dir/log")) }

my $responders = 0;
# responder(NAME, ROOT, EXTENSIONS, DAYS) -> what openssl ocsp signs with
sub responder
{
	my ($name, $root, $extensions, $days) = @_;
	spew("$dir/$name.cnf", $extensions);
	quiet("openssl req -new -newkey rsa:2048 -nodes -subj '/C=JP/CN=$name' -keyout $dir/$name.key -out $dir/$name.csr");
	quiet("openssl x509 -req -in $dir/$name.csr -CA $dir/$root.pem -CAkey $jpki/$root.key -sha256 -days $days"
		  . " -extfile $dir/$name.cnf -set_serial 0x7000000" . ++$responders . " -out $dir/$name.pem");
	return "-rsigner $dir/$name.pem -rkey $dir/$name.key";
}

# request(SERIAL...) writes one of ours to $dir/request
sub request
{
	my $serials = join ',', map { lc } @_;
	spew("$dir/request", pack 'H*', $node->safe_psql('postgres', qq{
	  SELECT encode(passport.make_ocsp_request(issuer_id, '{$serials}'), 'hex')
	    FROM passport.certificate_issuer WHERE name LIKE '%digital signature,O=JPKI-TEST%'}));
}

my $last_second = 0;
# respond(SIGNER, ROOT, REVOKED) answers $dir/request in $dir/response; REVOKED: serial number => reason
sub respond
{
	my ($signer, $root, %revoked) = @_;
	spew("$dir/index", join '', map {
			$revoked{$_} ? "R\t310101000000Z\t260601000000Z,$revoked{$_}\t$_\tunknown\t/CN=$_\n" : "V\t310101000000Z\t\t$_\tunknown\t/CN=$_\n"
	} sort keys %revoked);
	# of the same second, what revokes would win
	select undef, undef, undef, 0.05 while time == $last_second;
	$last_second = time;
	quiet("openssl ocsp -index $dir/index -CA $dir/$root.pem -nmin 15 $signer -reqin $dir/request -respout $dir/response");
}

# load(CLOCK) -> what becomes of $dir/response
sub load
{
	my $clock = shift // '';
	return $node->safe_psql('postgres', qq{
	  SET passport.clock = '$clock';
	  SELECT concat_ws(' ', verdict, split_part(detail, ':', 1), good, revoked)
	    FROM passport.load_ocsp_response(pg_read_binary_file('$dir/response'))});
}

# exchange(SIGNER, ROOT, REVOKED) -> what becomes of asking for those serial numbers
sub exchange
{
	my ($signer, $root, %revoked) = @_;
	request(sort keys %revoked);
	respond($signer, $root, %revoked);
	return load();
}

# standing() -> verdicts of the three signature certificates
sub standing
{
	return $node->safe_psql('postgres', q{
	  SELECT string_agg(v.verdict || coalesce(substring(v.detail from ' \(.*\)'), ''), ', ' ORDER BY s.key)
	    FROM sheet AS s, passport.verify_signature(certificate, message, signature, 'signature') AS v
	   WHERE s.purpose = 'signature'});
}

sub forget { $node->safe_psql('postgres', 'DELETE FROM passport.certificate_status') }
sub clock { return strftime('%Y-%m-%d %H:%M:%SZ', gmtime(time + shift)) }
sub set
{
	$node->append_conf('postgresql.conf', "passport.ocsp_require_nonce = $_[0]");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('passport.ocsp_require_nonce') = '$_[0]'");
}

for my $root (qw(signature-root signature-root-1 authentication-root))
{
	quiet("openssl x509 -inform der -in $jpki/$root.der -out $dir/$root.pem");
}
my ($one, $two, $old) = map { uc } split /\n/, $node->safe_psql('postgres',
	"SELECT i.serial FROM sheet, passport.certificate_info(certificate) AS i WHERE purpose = 'signature' ORDER BY sheet.key");
my $may = "keyUsage = critical, digitalSignature\nextendedKeyUsage = OCSPSigning\nnoCheck = ignored\n";
my $delegate = responder('delegate', 'signature-root', $may, 30);

# ---- what a responder says ----

is(standing(), 'revocation_unknown, revocation_unknown, revocation_unknown', 'without lists and responses nothing is known');
is(exchange($delegate, 'signature-root', $one => undef, $two => undef), 'loaded all rules hold. 2 0', 'good');
is(standing(), 'valid, valid, revocation_unknown', 'is enough without a list, for those who were asked for');
is(exchange($delegate, 'signature-root', $two => 'affiliationChanged'), 'loaded all rules hold. 0 1', 'revoked');
is(standing(), 'valid, revoked (affiliationChanged), revocation_unknown', 'with its reason');
request($one);
respond($delegate, 'signature-root');
is(load(), 'unknown answers 0 0', 'a certificate that the responder does not know');
is(standing(), 'valid, revoked (affiliationChanged), revocation_unknown', 'says nothing, and takes nothing back');
is(exchange($delegate, 'signature-root', $two => undef), 'loaded all rules hold. 1 0', 'what is newer counts');
is(standing(), 'valid, valid, revocation_unknown', 'here as well');
is(exchange('-rsigner ' . "$dir/signature-root.pem -rkey $jpki/signature-root.key", 'signature-root', $one => 'certificateHold'),
	'loaded all rules hold. 0 1', 'the root answers itself');
is(exchange("$delegate -resp_key_id", 'signature-root', $one => undef), 'loaded all rules hold. 1 0', 'a responder known by its key');
is(exchange(responder('short', 'signature-root', $may =~ s/noCheck.*//r, 7), 'signature-root', $one => undef),
	'loaded all rules hold. 1 0', 'a responder for a week needs no nocheck');
is(exchange(responder('older', 'signature-root-1', $may, 30), 'signature-root-1', $old => undef), 'loaded all rules hold. 1 0', 'the older generation');
is(standing(), 'valid, valid, valid', 'has its responder');

# ---- over HTTP ----

request($one, $two);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $server = IPC::Run::start([ 'openssl', 'ocsp', '-index', "$dir/index", '-CA', "$dir/signature-root.pem", '-nmin', '15',
	  (split ' ', $delegate), '-port', $port, '-nrequest', '1' ], '<', \undef, '>', "$dir/log", '2>', "$dir/log");
my $socket;
for (1 .. 100)
{
	last if $socket = IO::Socket::IP->new(PeerHost => 'localhost', PeerPort => $port, Timeout => 10);
	select undef, undef, undef, 0.1;
}
my $body = slurp_file("$dir/request");
print $socket "POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
my $answer = do { local $/; <$socket> };
$server->finish;
spew("$dir/response", $answer =~ s/^.*?\r\n\r\n//sr);
is(load(), 'unknown answers 0 0', 'one over HTTP, whose index knows only the older generation');

# ---- who may not ----

forget();
my %refused = (
	stranger => [ 'untrusted responder', undef, $may ],
	no_usage => [ 'wrong_purpose extended_key_usage', 'signature-root', "keyUsage = critical, digitalSignature\nnoCheck = ignored\n" ],
	other_usage => [ 'wrong_purpose extended_key_usage', 'signature-root', $may =~ s/OCSPSigning/clientAuth/r ],
	no_signature => [ 'wrong_purpose key_usage', 'signature-root', $may =~ s/digitalSignature/keyEncipherment/r ],
	checked => [ 'wrong_purpose no_check', 'signature-root', $may =~ s/noCheck.*//r ],
	other_generation => [ 'unknown answers 0 0', 'signature-root-1', $may ],
	other_purpose => [ 'untrusted answers', 'authentication-root', $may ]);
quiet("openssl req -x509 -newkey rsa:2048 -nodes -subj '/C=JP/O=JPKI-TEST/CN=stranger' -keyout $jpki/stranger-root.key -out $dir/stranger-root.pem -days 30");
for my $name (sort keys %refused)
{
	my ($expected, $root, $extensions) = @{ $refused{$name} };
	is(exchange(responder($name, $root // 'stranger-root', $extensions, 30), 'signature-root', $one => undef), $expected, "not $name");
}
request($one);
respond($delegate, 'signature-root', $one => undef);
spew("$dir/response", slurp_file("$dir/response") . "\x00");
is(load(), 'malformed der', 'not with a byte that follows');
is(exchange("$delegate -badsig", 'signature-root', $one => undef), 'bad_signature signature', 'not with another signature');
is(exchange("$delegate -rmd sha1", 'signature-root', $one => undef), 'weak_key algorithm', 'not with SHA-1');
is(exchange("$delegate -resp_no_certs", 'signature-root', $one => undef), 'untrusted responder', 'not without its certificate');
is(standing(), 'revocation_unknown, revocation_unknown, revocation_unknown', 'and nothing of it was stored');

# ---- which request, and when ----

is(exchange($delegate, 'signature-root', $one => undef), 'loaded all rules hold. 1 0', 'one that is good');
is(load(), 'nonce_unknown nonce', 'not a second time');
quiet("openssl ocsp -issuer $dir/signature-root.pem -serial 0x$one -nonce -reqout $dir/request");
respond($delegate, 'signature-root', $one => undef);
is(load(), 'nonce_unknown nonce', 'not what answers another request');
quiet("openssl ocsp -issuer $dir/signature-root.pem -serial 0x$one -no_nonce -reqout $dir/request");
respond($delegate, 'signature-root', $one => 'keyCompromise');
is(load(), 'nonce_missing nonce', 'not what answers none');
is(load(clock(-3600)), 'not_yet_valid produced_at', 'not from the future');
set('off');
is(load(clock(900 + 3600 + 5)), 'expired next_update 0 0', 'nor when it is stale');
is(load(clock(31 * 86400)), 'expired validity', 'nor when the responder has expired');
is(load(), 'loaded all rules hold. 0 1', 'without a nonce where the setting allows it');
set('on');

# ---- lists and responses ----

is(standing(), 'revoked (keyCompromise), revocation_unknown, revocation_unknown', 'revoked by the response');
sleep 1;
run_log([ 'build/test/card/hierarchy', '--generations', '2', '--crl-number', '2', $jpki ]) or BAIL_OUT('no lists');
is($node->safe_psql('postgres', "SELECT (passport.load_crl(pg_read_binary_file('$jpki/crl-signature-Nagano-ken-Minamimaki-mura.der'))).verdict"), 'loaded', 'a list');
is(standing(), 'valid, valid, valid', 'that is newer wins');
is(exchange($delegate, 'signature-root', $one => 'keyCompromise'), 'loaded all rules hold. 0 1', 'a newer response');
is(standing(), 'revoked (keyCompromise), valid, valid', 'wins again');

$node->stop;
done_testing();
