# One version: META.json is valid for PGXN and is where control file, script,
# library and programs have theirs from.
use strict;
use warnings;
use File::Basename;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = dirname(__FILE__) . '/../..';
my $meta = decode_json(slurp_file("$tree/META.json"));
my $semver = qr/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/;

# the fields that the PGXN Meta Spec 1.0.0 requires, and their forms
ok(!ref $meta->{$_} && length $meta->{$_}, "META.json has $_") for qw(name version abstract license);
ok($meta->{maintainer}, 'META.json has a maintainer');
like($meta->{version}, $semver, 'the version is semantic');
is($meta->{'meta-spec'}{version}, '1.0.0', 'meta-spec 1.0.0');
like($meta->{name}, qr/^[^\s\/\\]{2,}$/, 'a name without slash or space');
for my $provided (values %{ $meta->{provides} })
{
	like($provided->{version}, $semver, 'what is provided has a version');
	is($provided->{version}, $meta->{version}, 'which is the same');
	ok(-f "$tree/$provided->{$_}", "its $_ is there") for qw(file docfile);
}
is(ref $meta->{prereqs}{runtime}{requires}, 'HASH', 'prerequisites');

my $node = PostgreSQL::Test::Cluster->new('version');
$node->init;
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
is($node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'passport'"),
	$meta->{version}, 'the control file has it');
is($node->safe_psql('postgres', 'SELECT library, script FROM passport.version()'),
	"$meta->{version}|$meta->{version}", 'library and script have it');
for my $program (qw(passport-push passport-map passport-card))
{
	my ($out, $err) = run_command([ $program, '--version' ]);
	is($out, "$program $meta->{version}", "$program has it");
}
done_testing();
