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

my %may_not = (
	app => [ 'approve_alert(1, 0)', "add_trust_anchor('', 'signature')", 'household(1)', "claim_deliveries('w', 1, '1 minute')", "award_points(1, 'p', 'k', now())" ],
	staff => [ 'approve_alert(1, 0)', "authenticate('x')", 'rotate_token_key()', "import_residents('[]')", "import_extract('full')", "residents_in(NULL)", "claim_deliveries('w', 1, '1 minute')" ],
	approver => [ "draft_alert('flood', 4, NULL)", "import_residents('[]')", 'household(1)' ],
	admin => [ 'approve_alert(1, 0)', "authenticate('x')", 'household(1)', "claim_deliveries('w', 1, '1 minute')" ],
	auditor => [ 'approve_alert(1, 0)', 'household(1)', "award_points(1, 'p', 'k', now())" ],
	bridge => [ 'approve_alert(1, 0)', "notify('{1}', 'k', 'bulk', '{}')", 'household(1)', 'jwks()' ],
	public => [ 'approve_alert(1, 0)', "claim_deliveries('w', 1, '1 minute')", 'report_html()', 'household(1)', "begin_challenge('log_in')" ]);

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
for my $role (sort keys %may_not)
{
	my $login = "login_$role";
	$node->safe_psql('postgres', "CREATE ROLE $login LOGIN IN ROLE passport_$role");
	is(as($login, 'SELECT passport.today()'), 'ok', "$role may ask for the day");
	my @open = grep { as($login, "SELECT count(*) FROM $_") ne '42501' } @tables;
	is("@open", '', "$role reads no table");
	my @allowed = grep { as($login, "SELECT passport.$_") ne '42501' } @{ $may_not{$role} };
	is("@allowed", '', "$role calls no function of others");
	is(as($login, "SET passport.clock = '2020-01-01 00:00+09'"), '42501', "$role does not move the clock");
	is(as($login, "SET passport.municipality_code = '103837'"), '42501', "$role does not become another municipality");
	is(as($login, 'SET ROLE passport_owner'), '42501', "$role does not become the owner");
}
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN');
is(as('stranger', 'SELECT passport.today()'), '42501', 'who has no role reaches nothing');
done_testing();
