# What tests of passport-push share: a database with people and their devices,
# the gateway that stands in for push services, and the program between them.
package Push;
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use File::Temp;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my @started;
# a test that dies leaves nothing running
END { my $status = $?; $_->kill_kill(grace => 2) for grep { $_->pumpable } @started; $? = $status }

# new(NAME, SETTINGS): the settings in which the channel's own differ from the usual ones
sub new
{
	my ($class, $name, %settings) = @_;
	delete @ENV{qw(http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy)};
	system('make', '-s', '-C', 'test/gateway') == 0 or BAIL_OUT('the gateway does not build');
	my $self = bless { dir => File::Temp->newdir, settings => \%settings }, $class;
	system('test/gateway/make-tls', $self->{dir}) == 0 or BAIL_OUT('no certificates');
	my $node = $self->{node} = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\nfsync = off");
	$node->start;
	$self->sql(q{
	  SET client_min_messages = warning;
	  CREATE EXTENSION passport CASCADE;
	  CREATE ROLE bridge LOGIN;
	  GRANT passport_bridge TO bridge;
	});
	return $self;
}

# number(NAME): the resident_number of somebody, without digits: some of those would be an individual number
sub number { my ($name) = @_; (my $number = substr md5_hex($name), 0, 20) =~ tr/0-9/g-p/; return $number }

sub sql { my ($self, $sql) = @_; return $self->{node}->safe_psql('postgres', $sql) }

sub start_gateway
{
	my ($self, @arguments) = @_;
	unlink "$self->{dir}/port";
	my $handle = IPC::Run::start([ 'build/test/gateway/gateway', @arguments, "$self->{dir}" ], '<', \undef);
	push @started, $handle;
	for (1 .. 200) { last if -e "$self->{dir}/port"; sleep 0.05 }
	-e "$self->{dir}/port" or BAIL_OUT('the gateway does not start');
	$self->{port} = slurp_file("$self->{dir}/port") + 0;
	return $self->{gateway} = $handle;
}

# write_config(SETTINGS): those given instead of the usual ones; one that is undef is left out
sub write_config
{
	my ($self, %given) = @_;
	my %settings = (
		'database' => $self->{node}->connstr('postgres') . ' user=bridge',
		'ca_file' => "$self->{dir}/ca.pem",
		'batch' => 100, 'in_flight' => 20, 'lease' => 4, 'timeout' => 2,
		%{ $self->{settings} }, %given);
	my $file = "$self->{dir}/push.conf";
	open my $out, '>', $file or die;
	for (sort keys %settings)
	{
		next unless defined $settings{$_};
		(my $value = $settings{$_}) =~ s/\{dir\}/$self->{dir}/g;
		$value =~ s/\{port\}/$self->{port}/g;
		print $out "$_ = $value\n";
	}
	close $out;
	return $file;
}

# run(ARGUMENTS): runs the program to its end and returns its exit code and its log
sub run
{
	my ($self, @arguments) = @_;
	my $log = '';
	IPC::Run::run([ 'passport-push', '--config', "$self->{dir}/push.conf", @arguments ], '<', \undef, '>&', \$log);
	return ($? >> 8, $log);
}

# start(BEFORE): runs the program, by way of a command that becomes it where one is given
sub start
{
	my ($self, @before) = @_;
	return $self->{push} = $self->start_program(@before, 'passport-push', '--config', "$self->{dir}/push.conf");
}

# start_program(PROGRAM, ARGUMENTS): its log is {log}
sub start_program
{
	my ($self, @command) = @_;
	$self->{log} = '';
	my $handle = IPC::Run::start(\@command, '<', \undef, '>&', \$self->{log});
	push @started, $handle;
	return $handle;
}

# stop: SIGTERM; returns the exit code
sub stop
{
	my ($self) = @_;
	$self->{push}->signal('TERM');
	$self->{push}->finish;
	return $self->{push}->result(0);
}

# add_device(NAME, CHANNEL, TOKEN, KEYS): makes a resident with a device; their number is the name
sub add_device
{
	my ($self, $name, $channel, $token, $keys) = @_;
	my $number = number($name);
	$keys = defined $keys ? "'" . encode_json($keys) . "'" : 'NULL';
	return $self->sql(qq{
	  WITH made AS (
	    INSERT INTO passport.resident (resident_number, name, updated_at) SELECT '$number', '試験', now()
	     WHERE NOT EXISTS (SELECT FROM passport.resident WHERE resident_number = '$number') RETURNING resident_id),
	  named AS (SELECT resident_id FROM made UNION ALL
	            SELECT resident_id FROM passport.resident WHERE resident_number = '$number')
	  SELECT passport.add_device(resident_id, '$channel', '$token', NULL, $keys) FROM named LIMIT 1});
}

sub resident { my ($self, $name) = @_; return $self->sql("SELECT resident_id FROM passport.resident WHERE resident_number = '@{[number($name)]}'") }

# notify(NAMES): sends them one message, and returns its number
sub notify
{
	my ($self, $names, %other) = @_;
	my $people = join ',', map { "'" . number($_) . "'" } @$names;
	my $lane = $other{lane} // 'evacuation';
	my $data = $other{data} // '{"alert": "1"}';
	my $key = defined $other{collapse_key} ? "'$other{collapse_key}'" : 'NULL';
	return $self->sql(qq{
	  SELECT notification_id FROM passport.notify(
	    (SELECT array_agg(resident_id) FROM passport.resident WHERE resident_number IN ($people)), 'alert', '$lane',
	    '{"ja": {"title": "避難指示", "body": "川が\\"あふれ\\"ます"}}', '$data', collapse_key => $key)});
}

sub all_finished
{
	my ($self) = @_;
	return $self->{node}->poll_query_until('postgres', 'SELECT count(*) = 0 FROM passport.delivery');
}

# requests(FIELD): what the gateway recorded, lists by a field
sub requests
{
	my ($self, $field) = @_;
	my %found;
	open my $in, '<', "$self->{dir}/requests" or return \%found;
	while (my $line = <$in>)
	{
		my $request = decode_json($line);
		push @{ $found{ $request->{$field} } }, $request if defined $request->{$field};
	}
	return \%found;
}

# outcome(NAME): what became of the last delivery to somebody
sub outcome
{
	my ($self, $name) = @_;
	return $self->sql(qq{
	  SELECT o.outcome, o.detail, o.attempts, v.state FROM passport.resident AS r
	    JOIN passport.delivery_outcome AS o USING (resident_id) JOIN passport.device AS v USING (resident_id, device_id)
	   WHERE r.resident_number = '@{[number($name)]}' ORDER BY o.delivery_id DESC LIMIT 1});
}

# npm(PACKAGES): the directory in which test/npm put these packages, or undef and why not
sub npm
{
	my $modules = "$ENV{TESTDIR}/build/npm";
	my @missing = grep { !-d "$modules/node_modules/$_" } @_;
	return @missing ? (undef, "@missing: not there (test/npm fetches what is)") : $modules;
}

# node(MODULES, SCRIPT, ARGUMENTS): what a script prints
sub node
{
	my ($modules, $script, @arguments) = @_;
	open my $js, '>', "$modules/script-$$.mjs" or die $!;
	print $js $script;
	close $js;
	my ($out, $err) = run_command([ 'node', "$modules/script-$$.mjs", @arguments ]);
	diag $err if $err;
	return $out;
}

1;
