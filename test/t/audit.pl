# The audit log through what befalls a server: a crash in the middle of writing,
# a dump and its restore, and years that pass.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('audit');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'passport'
timezone = 'Asia/Tokyo'
restart_after_crash = on
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE village');
$node->safe_psql('village', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
my $good = q{SELECT bool_and(verdict = 'ok'), sum(records) FROM passport.audit_verify()};
my $list = sub { return "SELECT passport.record_access(ARRAY(SELECT generate_series(1, $_[0])), 'counter', 'test', '{name}')" };

# -- a crash while four write
my $script = PostgreSQL::Test::Utils::tempdir() . '/list.sql';
append_to_file($script, $list->(50) . ";\n");
my ($in, $out, $err) = ('', '', '');
my $writers = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-T', 60, '-f', $script, $node->connstr('village') ], \$in, \$out, \$err);
ok($node->poll_query_until('village', 'SELECT count(*) > 5000 FROM passport.audit_record'), 'four write at once');
my $pid = $node->safe_psql('village', q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%record_access%' AND pid <> pg_backend_pid() LIMIT 1});
kill 'KILL', $pid;
$writers->finish;
$node->poll_query_until('village', 'SELECT true');
my ($verdict, $records) = split /\|/, $node->safe_psql('village', $good);
is($verdict, 't', 'after the crash every chain holds');
is($records, $node->safe_psql('village', 'SELECT count(*) FROM passport.audit_record'), 'and has every record');
is($records % 50, 0, 'of whole lists');
cmp_ok($node->safe_psql('village', 'SELECT count(DISTINCT chain) FROM passport.audit_record'), '>', 3, 'the writers took chains of their own');
$node->safe_psql('village', $list->(10));
is($node->safe_psql('village', $good), 't|' . ($records + 10), 'and goes on');

# -- one who writes and does not end keeps nobody waiting
my $sleeper = $node->background_psql('village');
$sleeper->query_safe('BEGIN; ' . $list->(1));
is($node->psql('village', "SET lock_timeout = '5s'; " . join(';', map { $list->(1) } 1 .. 20)), 0, 'while a transaction stays open others write');
# nor can a login that knows the lock's number
$node->safe_psql('village', 'CREATE ROLE rude LOGIN');
my $rude = $node->background_psql('village', extra_params => [ '-U', 'rude' ]);
$rude->query_safe("SELECT pg_advisory_lock(k), pg_advisory_lock(0, k::int) FROM generate_series(1, 64) AS k");
is($node->psql('village', "SET lock_timeout = '5s'; " . $list->(1)), 0, 'nor does a stranger with every advisory lock');
$rude->quit;
$sleeper->query_safe('COMMIT');
$sleeper->quit;

# -- a dump and its restore
$node->safe_psql('village', 'SELECT passport.take_audit_digest()');
$node->safe_psql('village', 'SELECT passport.view_resident(imported, $$counter$$, $${name,needs_help}$$) FROM passport.import_residents($$[{"resident_number": "1", "name": "x"}]$$)');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('village'), '-f', $dump ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'restore');
is($node->safe_psql('restored', $good), $node->safe_psql('village', $good), 'the restored chains hold, with every record');
is($node->safe_psql('restored', 'SELECT digest FROM passport.audit_digest(passport.today())'),
	$node->safe_psql('village', 'SELECT digest FROM passport.audit_digest(passport.today())'), 'and the same digest');
$node->safe_psql('restored', $list->(10));
like($node->safe_psql('restored', $good), qr/^t\|/, 'and go on');
is($node->safe_psql('restored', 'SELECT count(*) FROM pg_class WHERE relnamespace = $$passport$$::regnamespace AND relkind = $$r$$ AND NOT relforcerowsecurity AND relname NOT LIKE $$%staging$$'),
	0, 'row security is forced there, too');

# -- what is kept no longer goes, from the beginning, and the rest still proves itself
my $years = q{SET passport.clock = '2099-01-01 12:00+09';};
# every chain goes on, for its last record stays
$node->safe_psql('village', "$years " . join(';', map { $list->(1) } 1 .. 400));
my $purged = $node->safe_psql('village', "$years SELECT purged FROM passport.purge_expired() WHERE what = 'audit_record'");
cmp_ok($purged, '>', 4000, 'what is older than five years is purged');
is($node->safe_psql('village', "$years SELECT amount FROM passport.audit_record WHERE kind = 'purge' AND columns = '{audit_record}'"), $purged,
	'and the log says how much');
is($node->safe_psql('village', "$years SELECT bool_and(verdict = 'ok') FROM passport.audit_verify()"), 't', 'what is left holds');
is($node->safe_psql('village', "SELECT count(*) > 0 FROM passport.audit_verify() WHERE verdict = 'missing'"), 't',
	'but were it not so old, it would be missing');
$node->safe_psql('village', 'ALTER TABLE passport.audit_record DISABLE TRIGGER USER; DELETE FROM passport.audit_record AS r
	WHERE seq = (SELECT min(seq) FROM passport.audit_record AS f WHERE f.chain = r.chain)');
isnt($node->safe_psql('village', "$years SELECT bool_and(verdict = 'ok') FROM passport.audit_verify()"), 't', 'a record more is missed');

$node->stop;
done_testing();
