# Each role, logged in: no table is open to it, functions are only those of its
# page of grants, and nobody moves the clock or becomes the owner.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('roles');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\n");
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');

my @roles = qw(admin app approver auditor bridge drill_bridge protection public staff);
$node->safe_psql('postgres', "CREATE ROLE login_$_ LOGIN IN ROLE passport_$_") for @roles;
$node->safe_psql('postgres', q{SELECT passport.import_residents('[{"resident_number": "1", "name": "x", "household_number": "h"}]')});

# Calls every function that is not granted, with arguments that say nothing, and
# gives those that answered something else than a lack of privilege.  Arguments
# are sub-selects: a strict function of a constant NULL is never called.
my $call_all = <<'SQL';
DO $$
DECLARE
  f record;
  tried int := 0;
BEGIN
  FOR f IN
    SELECT p.oid::regproc AS name, p.oid::regprocedure AS signature,
           (SELECT string_agg(format('%s(SELECT NULL::%s)', CASE WHEN n = p.pronargs AND p.provariadic <> 0 THEN 'VARIADIC ' END, format_type(t, NULL)), ', ' ORDER BY n)
              FROM unnest(p.proargtypes) WITH ORDINALITY AS u(t, n)) AS arguments
      FROM pg_proc AS p
     WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'passport')
       AND p.prorettype <> 'trigger'::regtype AND NOT has_function_privilege(p.oid, 'EXECUTE')
  LOOP
    BEGIN
      tried := tried + 1;
      EXECUTE format('SELECT passport.%I(%s)', split_part(f.name::text, '.', 2), f.arguments);
      RAISE WARNING 'open: %', f.signature;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
              WHEN OTHERS THEN RAISE WARNING 'open: % %', f.signature, SQLERRM;
    END;
  END LOOP;
  RAISE NOTICE 'tried %', tried;
END $$;
SQL

# what nobody of ours may, whatever their role
my @never = (
	'SET ROLE passport_owner', 'SET SESSION AUTHORIZATION passport_owner', 'RESET SESSION AUTHORIZATION; SET ROLE postgres',
	"SET passport.clock = '2020-01-01 00:00+09'", "SET passport.municipality_code = '103837'", "SET passport.audit_chains = 1",
	"SET passport.timezone = 'UTC'", "SET session_replication_role = replica", "ALTER SYSTEM SET passport.issuer = 'https://x.invalid'",
	'CREATE TABLE passport.mine (x int)', 'CREATE FUNCTION passport.mine() RETURNS int LANGUAGE sql RETURN 1', 'CREATE VIEW passport.mine AS SELECT 1',
	'CREATE OR REPLACE FUNCTION passport.today() RETURNS date LANGUAGE sql RETURN NULL::date', 'ALTER FUNCTION passport.today() SECURITY INVOKER',
	'DROP EXTENSION passport', 'ALTER EXTENSION passport UPDATE', 'DROP FUNCTION passport.today()', 'DROP SCHEMA passport CASCADE',
	'GRANT EXECUTE ON FUNCTION passport.household TO PUBLIC', 'GRANT SELECT ON passport.resident TO PUBLIC',
	'ALTER TABLE passport.resident DISABLE ROW LEVEL SECURITY', 'CREATE POLICY mine ON passport.resident USING (true)', 'ALTER TABLE passport.audit_record DISABLE TRIGGER ALL',
	'CREATE TRIGGER mine AFTER INSERT ON passport.resident EXECUTE FUNCTION passport.forbid_change()', 'CREATE INDEX ON passport.resident (name)',
	'CREATE TABLE mine (r bigint REFERENCES passport.resident)', 'BEGIN; LOCK TABLE passport.resident', 'TRUNCATE passport.audit_record',
	"SELECT nextval('passport.resident_resident_id_seq')", 'COPY passport.resident TO STDOUT', "COPY (SELECT 1) TO PROGRAM 'true'",
	"SELECT pg_read_file('postgresql.conf')", "SELECT current_setting('passport.token_key_file')", 'SELECT passwd FROM pg_shadow',
	'SELECT * FROM pg_statistic', "LOAD 'plpgsql'", "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE c AS 'passport', 'passport_today'");

# as LOGIN, SQL: the SQLSTATE, or ok
sub as
{
	my ($login, $sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql,
		extra_params => [ '-U', $login, '-v', 'VERBOSITY=sqlstate' ]);
	return $status == 0 ? 'ok' : $err =~ /ERROR:  (\w{5})/ ? $1 : $err;
}

my @tables = split /\n/, $node->safe_psql('postgres',
	"SELECT oid::regclass FROM pg_class WHERE relnamespace = 'passport'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1");
cmp_ok(scalar @tables, '>', 30, 'there are tables to try');
for my $role (@roles)
{
	my $login = "login_$role";
	is(as($login, 'SELECT passport.today()'), 'ok', "$role may ask for the day");
	my @open = grep { as($login, "SELECT count(*) FROM $_") ne '42501' } @tables;
	is("@open", '', "$role reads no table");
	my ($out, $err);
	$node->psql('postgres', $call_all, stdout => \$out, stderr => \$err, extra_params => [ '-U', $login ]);
	like($err, qr/tried \d{3}/, "$role tries all that is not granted");
	is(join("\n", grep { /open|ERROR/ } split /\n/, $err), '', "$role calls no function of others");
	my @could = grep { as($login, $_) ne '42501' } @never;
	is(join("\n", @could), '', "$role does nothing of what nobody may");
	my @other = grep { $_ ne $role && as($login, "SET ROLE passport_$_") ne '42501' } @roles;
	is("@other", '', "$role becomes no other role");
}

# what a login makes for itself stands in nobody's way
is(as('login_staff', q{CREATE TEMP TABLE resident (resident_id bigint, name text); CREATE TEMP TABLE resident_place AS TABLE resident;
	CREATE TEMP TABLE pg_class (x int); CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql RETURN '2000-01-01'::timestamptz;
	CREATE FUNCTION pg_temp.record_access(bigint[], text, text, text[]) RETURNS void LANGUAGE sql RETURN NULL;
	CREATE FUNCTION pg_temp.equal(bigint, bigint) RETURNS boolean LANGUAGE sql RETURN true;
	CREATE OPERATOR pg_temp.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = pg_temp.equal);
	SET search_path = pg_temp, passport, pg_catalog;
	SELECT passport.view_resident(1, 'counter', '{name}')}), 'ok', 'staff with objects of the same names looks at a resident');
is($node->safe_psql('postgres', "SELECT who, resident_id, happened_at > '2020-01-01' FROM passport.audit_record"), 'login_staff|1|t', 'and is kept as having looked');
is(as('login_staff', q{CREATE TEMP TABLE resident (resident_id bigint, name text); SET search_path = pg_temp, pg_catalog; SELECT passport.view_resident(2, 'counter', '{name}')}),
	'PT404', 'and at nobody who is not there');

# a grant by mistake shows nothing and writes nothing: row security is the second lock
my @held = grep { $node->safe_psql('postgres', "SELECT count(*) FROM $_") > 0 } @tables;
cmp_ok(scalar @held, '>', 10, 'tables with rows');
for my $role (@roles, 'stranger')
{
	my $login = $role eq 'stranger' ? $role : "login_$role";
	$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN') if $role eq 'stranger';
	is(as('stranger', 'SELECT passport.today()'), '42501', 'who has no role reaches nothing') if $role eq 'stranger';
	$node->safe_psql('postgres', "GRANT USAGE ON SCHEMA passport TO $login; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA passport TO $login");
	my @seen = grep { $node->safe_psql('postgres', "SELECT count(*) FROM $_", extra_params => [ '-U', $login ]) > 0 } @held;
	is("@seen", '', "with every table granted $role sees no row");
	is(as($login, "INSERT INTO passport.oaza SELECT 'x', NULL"), '42501', "and $role writes none");
	is($node->safe_psql('postgres', "WITH gone AS (DELETE FROM passport.resident_match_key RETURNING 1) SELECT count(*) FROM gone", extra_params => [ '-U', $login ]), 0,
		"nor deletes one");
	is(as($login, 'SET row_security = off; SELECT name FROM passport.resident'), '42501', "nor by switching row security off");
}
$node->stop;
done_testing();
