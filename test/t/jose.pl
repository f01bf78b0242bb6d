# A client of another make verifies our tokens: the npm package jose, with
# nothing of ours but the JWKS.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $modules = "$ENV{TESTDIR}/build/npm";
plan skip_all => 'jose is not there (test/npm fetches it)' unless -d "$modules/node_modules/jose";

my $node = PostgreSQL::Test::Cluster->new('jose');
$node->init;
my $lock = $node->data_dir . '/passport_token.key';
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\npassport.token_key_file = '$lock'\npassport.issuer = 'https://id.example'\n");
open(my $file, '>', $lock) or die $!;
print $file pack('N8', map { int(rand(2**32)) } 1 .. 8);
close $file;
chmod 0600, $lock;
$node->start;
$node->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
SELECT passport.rotate_token_key(), passport.rotate_token_key('RS256');
SELECT passport.set_audience('library', 'web', algorithm => 'RS256', logout_uri => 'https://library.invalid/');
SELECT passport.import_residents('[{"resident_number": "1", "name": "試験　一"}]');
INSERT INTO passport.account (resident_id, assurance, created_at) SELECT resident_id, 'card_certain', passport.now() FROM passport.resident;
INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
SELECT resident_id, a, 'jpki.authentication', '{sc}', 2, '01', passport.now(), passport.now() + interval '1 hour'
  FROM passport.resident, unnest('{passport,library}'::text[]) AS a;
SQL

sub token
{
	return $node->safe_psql('postgres',
		"SELECT (passport.issue_token(resident_id, session_id, 'n-1')).id_token FROM passport.session WHERE audience = '$_[0]'");
}
my $jwks = $node->safe_psql('postgres', 'SELECT passport.jwks()');

# verify AUDIENCE TOKEN: "alg typ aud nonce", or the code of jose's error
sub verify
{
	my ($audience, $token) = @_;
	my $script = <<'JS';
import { createLocalJWKSet, jwtVerify } from 'jose';
const [jwks, audience, token] = process.argv.slice(2);
try {
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(JSON.parse(jwks)),
    { issuer: 'https://id.example', audience, requiredClaims: ['sub', 'iat', 'exp', 'sid'] });
  console.log(protectedHeader.alg, protectedHeader.typ, payload.aud, payload.nonce ?? Object.keys(payload.events ?? {}).length);
} catch (error) { console.log(error.code); }
JS
	open(my $js, '>', "$modules/verify.mjs") or die $!;
	print $js $script;
	close $js;
	my ($out, $err) = run_command([ 'node', "$modules/verify.mjs", $jwks, $audience, $token ]);
	diag $err if $err;
	return $out;
}

my ($own, $library) = (token('passport'), token('library'));
is(verify('passport', $own), 'ES256 JWT passport n-1', 'ES256');
is(verify('library', $library), 'RS256 JWT library n-1', 'RS256');
is(verify('library', $own), 'ERR_JWT_CLAIM_VALIDATION_FAILED', 'a token for another service');
(my $forged = $own) =~ s/\.([^.]*)\.([^.]*)$/my ($p, $s) = ($1, $2); '.' . substr($p, 0, 40) . (substr($p, 40, 1) eq 'A' ? 'B' : 'A') . substr($p, 41) . '.' . $s/e;
like(verify('passport', $forged), qr/^ERR_/, 'a changed token');
$node->safe_psql('postgres', "SELECT passport.rotate_token_key(), passport.rotate_token_key('RS256')");
my $fresh = token('library');
is(verify('library', $fresh), 'ERR_JWKS_NO_MATCHING_KEY', 'a new key is not in the old set');
$jwks = $node->safe_psql('postgres', 'SELECT passport.jwks()');
is(verify('library', $fresh), 'RS256 JWT library n-1', 'but in the new one');
is(verify('library', $library), 'RS256 JWT library n-1', 'where the old key is, too');
$node->safe_psql('postgres', 'SELECT passport.end_sessions(resident_id) FROM passport.resident');
is(verify('library', $node->safe_psql('postgres', "SELECT logout_token FROM passport.claim_logouts('b')")),
	'RS256 logout+jwt library 1', 'a logout token');
$node->stop;
done_testing();
