# Two bridges on one database, as they run: the live one carries residents'
# messages and no drill, the drill one test devices and nobody else.
use strict;
use warnings;

use File::Temp;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

delete @ENV{qw(http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy)};
system('make', '-s', '-C', 'test/gateway') == 0 or BAIL_OUT('the gateway does not build');
my @started;
END { my $status = $?; $_->kill_kill(grace => 2) for grep { $_->pumpable } @started; $? = $status }

# a gateway each: other credentials, another endpoint
my %gateway;
for my $bridge (qw(live drill))
{
	my $dir = File::Temp->newdir;
	system('test/gateway/make-tls', $dir) == 0 or BAIL_OUT('no certificates');
	push @started, IPC::Run::start([ 'build/test/gateway/gateway', "$dir" ], '<', \undef);
	for (1 .. 200) { last if -e "$dir/port"; sleep 0.05 }
	$gateway{$bridge} = { dir => $dir, port => slurp_file("$dir/port") + 0 };
}

my $node = PostgreSQL::Test::Cluster->new('drill');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\nfsync = off\npassport.least_count = 0");
$node->start;
$node->safe_psql('postgres', q{
  SET client_min_messages = warning;
  CREATE EXTENSION passport CASCADE;
  CREATE ROLE live LOGIN IN ROLE passport_bridge;
  CREATE ROLE drill LOGIN IN ROLE passport_drill_bridge;
  CREATE ROLE drafter LOGIN IN ROLE passport_staff;
  CREATE ROLE mayor LOGIN IN ROLE passport_approver;
  INSERT INTO passport.municipality_area VALUES ('203050', 'x', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
  SELECT passport.import_residents('[{"resident_number": "1", "name": "x", "oaza": "o", "lon": 138.451, "lat": 35.951}]');
  SELECT passport.add_device(resident_id, 'fcm', 'ok-resident') FROM passport.resident;
  SELECT passport.add_drill_device('desk', 'fcm', 'ok-test', 'en');
});

sub config
{
	my ($bridge, $role, $drill) = @_;
	my $file = "$gateway{$bridge}{dir}/push-$role-$drill.conf";
	append_to_file($file, join '', map { "$_\n" } 'database = ' . $node->connstr('postgres') . " user=$role",
		"fcm.service_account = $gateway{$bridge}{dir}/account.json",
		"fcm.endpoint = https://127.0.0.1:$gateway{$bridge}{port}",
		"ca_file = $gateway{$bridge}{dir}/ca.pem", "drill = $drill");
	return $file;
}

# once runs a bridge to its end, and returns its exit code
sub once
{
	my ($config) = @_;
	IPC::Run::run([ 'passport-push', '--config', $config, '--once' ], '<', \undef, '>&', \my $log);
	return $? >> 8;
}

sub send_alert
{
	my ($mode, $level) = @_;
	my $id = $node->safe_psql('postgres', "SELECT alert_id FROM passport.draft_alert('flood', $level, public.ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326), mode => '$mode')",
		extra_params => [ '-U', 'drafter' ]);
	$node->safe_psql('postgres', "SELECT passport.approve_alert($id, 1)", extra_params => [ '-U', 'mayor' ]);
	return $id;
}

# what a gateway was asked to deliver: token and title
sub carried
{
	my ($bridge) = @_;
	my @messages;
	for my $line (split /\n/, slurp_file("$gateway{$bridge}{dir}/requests"))
	{
		my $request = decode_json($line);
		push @messages, [ $request->{token}, $request->{title} ] if defined $request->{token};
	}
	return \@messages;
}

my %own = (live => config('live', 'live', 'no'), drill => config('drill', 'drill', 'yes'));
send_alert('drill', 4);
is(once($own{live}), 0, 'the live bridge runs');
is(scalar @{ carried('live') }, 0, 'and carries nothing of a drill');
is($node->safe_psql('postgres', 'SELECT count(*) FROM passport.drill_delivery WHERE outcome IS NULL'), 1, 'which waits still');
is(once($own{drill}), 0, 'the drill bridge runs');
is_deeply([ map { $_->[0] } @{ carried('drill') } ], ['ok-test'], 'and carries it to the test device alone');
like(carried('drill')->[0][1], qr/DRILL/, 'marked as a drill');
is($node->safe_psql('postgres', 'SELECT outcome FROM passport.drill_delivery'), 'delivered', 'which is written down');

send_alert('live', 3);
is(once($own{drill}), 0, 'the drill bridge runs again');
is(scalar @{ carried('drill') }, 1, 'and carries nothing that is live');
is(once($own{live}), 0, 'the live bridge does');
is_deeply([ map { $_->[0] } @{ carried('live') } ], ['ok-resident'], 'to the resident');
unlike(carried('live')->[0][1], qr/DRILL|訓練/, 'without the mark');

# a configuration that was mixed up is refused by the database, before anything is claimed
isnt(once(config('live', 'live', 'yes')), 0, 'the live role cannot serve drills');
isnt(once(config('drill', 'drill', 'no')), 0, 'the drill role cannot serve residents');
# and with the other's credentials the one still has only its own rows
send_alert('drill', 5);
is(once(config('live', 'drill', 'yes')), 0, 'a drill bridge with live credentials');
is_deeply([ map { $_->[0] } @{ carried('live') } ], [ 'ok-resident', 'ok-test' ], 'reaches the test device, no resident');

done_testing();
