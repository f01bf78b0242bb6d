# The daily proof of address protection in the real worker: proven, then a leak
# that raises the alarm; and the duty role, logged in.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('protection');
$node->init;
my $key = $node->data_dir . '/passport_token.key';
$node->append_conf('postgresql.conf', <<CONF);
shared_preload_libraries = 'passport'
passport.database = 'village'
passport.worker_interval = 1
passport.clock = '2026-07-03 03:00+09'
passport.token_key_file = '$key'
timezone = 'Asia/Tokyo'
CONF
append_to_file($key, 'k' x 32);
chmod 0600, $key;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE village');

# as LOGIN, SQL: the answer, or the SQLSTATE
sub as
{
	my ($login, $sql) = @_;
	my ($status, $out, $err) = $node->psql('village', $sql, extra_params => [ '-U', $login, '-v', 'VERBOSITY=sqlstate' ]);
	return $status == 0 ? $out : $err =~ /ERROR:  (\w{5})/ ? $1 : $err;
}

sub set_clock
{
	$node->safe_psql('postgres', "ALTER SYSTEM SET passport.clock = '$_[0]'");
	$node->reload;
}

# proof WHERE, NAME: the worker's latest proof becomes so
sub proof
{
	my ($where, $name) = @_;
	ok($node->poll_query_until('village',
		"SELECT EXISTS (SELECT FROM passport.job_run WHERE job = 'prove_protection' AND started_at = passport.now() AND $where)"), $name)
	  or diag($node->safe_psql('village', "SELECT started_at, sqlstate, error FROM passport.job_run WHERE job = 'prove_protection'"));
}

$node->safe_psql('village', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', 'SRID=4326;MULTIPOLYGON(((138.36 35.90,138.55 35.90,138.55 36.05,138.36 36.05,138.36 35.90)))');
SELECT passport.import_residents('[{"resident_number": "1", "household_number": "H", "name": "林　一子", "address": "大字海尻1番地", "oaza": "海尻"}]');
CREATE ROLE staff LOGIN IN ROLE passport_staff;
CREATE ROLE duty LOGIN IN ROLE passport_protection;
CREATE ROLE monitor LOGIN IN ROLE passport_auditor;
SQL
is(as('monitor', 'SELECT proven, problem FROM passport.protection_status'), 'f|the proof has never run', 'before the first proof nothing is proven');
set_clock('2026-07-03 04:00+09');
proof('result > 100', 'the worker proves protection each day');
is(as('monitor', 'SELECT proven FROM passport.protection_status'), 't', 'and the monitoring sees it');
is($node->safe_psql('village', 'SELECT count(*) FROM passport.resident'), 1, 'no canary is left');

my $listener = $node->background_psql('village');
$listener->query_safe('LISTEN passport_alarm');
$node->safe_psql('village', <<'SQL');
CREATE FUNCTION passport.tell(resident_id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS 'SELECT r.address FROM passport.resident AS r WHERE r.resident_id = $1';
INSERT INTO passport.proof_recipe VALUES ('tell', '{:victim}', false, false, '{}');
SQL
set_clock('2026-07-04 04:00+09');
proof(q{sqlstate = 'PT500' AND error = 'address protection is not proven: leak tell shows the address'}, 'a function that leaks fails it');
is(as('monitor', 'SELECT proven, problem FROM passport.protection_status'), 'f|address protection is not proven: leak tell shows the address', 'and the monitoring says where');
like($listener->query('SELECT 1'), qr/"passport_alarm" with payload "prove_protection"/, 'which whoever listens is told at once');
$listener->quit;
unlike(slurp_file($node->logfile), qr/カナリア鳴|4471/, 'nothing of the canaries stands in the log');
$node->safe_psql('village', 'DROP FUNCTION passport.tell');
set_clock('2026-07-05 04:00+09');
proof('result > 100', 'and without it the next day is proven again');

# -- the roles: every view that somebody may read can be read by them
my @unreadable = grep { as('staff', "SELECT count(*) FROM $_") !~ /^\d+$/ } split /\n/, $node->safe_psql('village',
	"SELECT c.oid::regclass FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace = 'passport'::regnamespace AND a.grantee = 'passport_staff'::regrole");
is("@unreadable", '', 'no view of staff needs a function that is not theirs');
is(as('staff', q{SELECT passport.request_protection(1, '相談')}), '', 'staff take a request');
is(as('staff', q{SELECT passport.view_resident(1, 'counter', '{address}')}), '{"address": null}', 'and see no address from then on');
is(as('staff', q{SELECT passport.view_protected(1, '照会')}), '42501', 'nor by the duty role\'s function');
is(as('staff', q{SELECT passport.end_protection(1, '誤り')}), '42501', 'nor do they end it');
is(as('duty', q{SELECT passport.view_protected(1, ' ')}), 'PT422', 'the duty role gives a reason');
is(as('duty', q{SELECT passport.view_protected(1, '照会') ->> 'address'}), '大字海尻1番地', 'and sees the address');
is($node->safe_psql('village', q{SELECT e.done_by, e.reason, a.who FROM passport.protection_event AS e JOIN passport.audit_record AS a USING (resident_id)
  WHERE e.event = 'viewed' AND a.source = 'view_protected'}), 'duty|照会|duty', 'which is kept under its name');
is(as('duty', q{SELECT passport.end_protection(1, '本人の申出')}), '1', 'and ends the protection with a reason');

$node->stop;
done_testing();
