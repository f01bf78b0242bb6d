# passport-map while readers read and things break: each file is whole and of one
# moment, none goes back, and it goes on after a full disk, a directory that is
# gone and a server that was away.
use strict;
use warnings;
use utf8;
use IPC::Run qw(start finish);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('edition');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\ntrack_functions = 'all'\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
CREATE ROLE drafter LOGIN IN ROLE passport_staff;
CREATE ROLE mayor LOGIN IN ROLE passport_approver;
CREATE ROLE map LOGIN IN ROLE passport_public;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT passport.define_sensor('a', '{"name": "甲", "lon": 138.455, "lat": 35.955}'),
       passport.define_sensor('b', '{"name": "@alerts@ <乙>", "lon": 138.456, "lat": 35.956}');
SQL
my $public = $node->connstr('postgres') . ' user=map';

# written DIRECTORY: what the map there says of both gauges, by each of its files
sub written
{
	my ($directory) = @_;
	my %says;
	for my $file (qw(map.geojson map.js index.html))
	{
		open my $in, '<:raw', "$directory/$file" or return;
		local $/ = undef;
		my $text = <$in>;
		if ($file eq 'index.html')
		{
			return { broken => $file } unless $text =~ m{\A<!DOCTYPE html>.*</html>\n\z}s;
			utf8::decode($text);
			$says{$file} = [ $text =~ /<td>([\d.]+) m<\/td>/g ];
			next;
		}
		$text =~ s/\Awindow\.passportMap = (.*);\nwindow\.passportMapWritten = "[-0-9T:]+Z";\n\z/$1/s if $file eq 'map.js';
		my $map = eval { decode_json($text) } or return { broken => $file };
		$says{$file} = [ map { $_->{properties}{value} } grep { $_->{properties}{kind} eq 'sensor' } @{ $map->{features} } ];
	}
	return \%says;
}

# Both gauges get the same number in one transaction, over and over: a file that
# shows two different ones mixes two moments.
my $directory = PostgreSQL::Test::Utils::tempdir . '/map';
my $errors = '';
my $program = start([ 'passport-map', '--output', $directory, $public ], '2>', \$errors);
my $script = PostgreSQL::Test::Utils::tempdir . '/readings.sql';
append_to_file($script, <<'SQL');
SELECT format('BEGIN; SELECT count(*) FROM passport.record_readings(''a'', ARRAY[now()], ARRAY[%s]) AS a, passport.record_readings(''b'', ARRAY[now()], ARRAY[%s]) AS b; COMMIT; SELECT pg_sleep(0.02)', i, i)
  FROM generate_series(1, 400) AS i \gexec
SQL
my $writer = start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $script, $node->connstr('postgres') ], '>', '/dev/null', '2>', \my $writing);
my ($reads, @wrong, %last) = (0);
my $until = time + 9;
while (time < $until)
{
	my $says = written($directory) or next;
	push @wrong, $says->{broken} if $says->{broken};
	for my $file (grep { ref $says->{$_} } sort keys %$says)
	{
		my ($a, $b) = @{ $says->{$file} };
		next unless defined $a || defined $b;
		push @wrong, "$file: $a and $b" if ($a // 0) != ($b // 0);
		push @wrong, "$file: $a after $last{$file}" if $a < ($last{$file} // 0);
		$last{$file} = $a;
	}
	$reads++;
}
finish $writer;
is($writer->result(0), 0, 'readings came all the while') or diag($writing);
cmp_ok($reads, '>', 100, "the files were read $reads times");
cmp_ok($last{$_} // 0, '>', 10, "$_ followed") for qw(index.html map.geojson map.js);
is(join("\n", @wrong[ 0 .. ($#wrong > 9 ? 9 : $#wrong) ]), '', 'and each was whole, of one moment, and never older than before');

# each of the 400 batches said that there is something new
my $asked = $node->safe_psql('postgres', "SELECT calls FROM pg_stat_user_functions WHERE funcname = 'public_map'");
cmp_ok($asked, '>=', 5, 'the database was asked whenever there was something new');
cmp_ok($asked, '<=', 13, 'and at most once a second');

# record: a number for both gauges that they did not have before
my $number = 1000;
sub record
{
	$number++;
	$node->safe_psql('postgres', "BEGIN; SELECT count(*) FROM passport.record_readings('a', ARRAY[now()], ARRAY[$number]) AS a, passport.record_readings('b', ARRAY[now()], ARRAY[$number]) AS b; COMMIT");
}

# comes DIRECTORY, NAME: within twenty seconds the map there says that number
sub comes
{
	my ($where, $name) = @_;
	my $says;
	for (1 .. 200)
	{
		$says = written($where);
		last if $says && !$says->{broken} && ($says->{'index.html'}[0] // 0) == $number;
		sleep 0.1;
	}
	is(($says->{'map.js'}[1] // 0) + 0, $number, $name);
}
record();
my $began = time;
comes($directory, 'it follows');
cmp_ok(time - $began, '<', 3, 'within about a second');
my $page = slurp_file("$directory/index.html");
utf8::decode($page);
like($page, qr{<th scope="row">\@alerts\@ &lt;乙&gt;<br>}, 'what stands in a name is not filled in');

# what a gauge is called is news, too
$node->safe_psql('postgres', q{SELECT passport.define_sensor('b', '{"unit": "m", "name": "@alerts@ <丙>"}')});
$began = time;
for (1 .. 50)
{
	$page = slurp_file("$directory/index.html");
	utf8::decode($page);
	last if $page =~ /&lt;丙&gt;/;
	sleep 0.1;
}
like($page, qr/&lt;丙&gt;/, 'it follows a gauge that is defined anew');
cmp_ok(time - $began, '<', 3, 'within about a second');

# the directory goes with all that is in it; then something else stands in its place
system('rm', '-rf', $directory) == 0 or die;
record();
comes($directory, 'it makes a directory that is gone anew');
ok(-s "$directory/$_", "with $_") for qw(page.js leaflet.js images/layers.png);
rename $directory, "$directory.away" or die;
append_to_file($directory, 'in the way');
record();
sleep 2;
ok($program->pumpable, 'it waits for one that cannot be made');
unlink $directory;
comes($directory, 'and writes when it can');
$program->pump_nb;
like($errors, qr/Not a directory/, 'it said so in the log');

# a server that is away
$node->stop;
sleep 1;
$node->start;
record();
comes($directory, 'it comes back after the server');

# files that nobody needs any more
append_to_file("$directory/alerts/99999.cap.xml", 'x');
append_to_file("$directory/alerts/notes.txt", 'x');
record();
comes($directory, 'one more');
for (1 .. 50) { last unless -e "$directory/alerts/99999.cap.xml"; sleep 0.1; }
ok(!-e "$directory/alerts/99999.cap.xml", 'the message of an alert that is published no longer is removed');
ok(-e "$directory/alerts/notes.txt", 'and what is not ours is left alone');
append_to_file("$directory/.half.abcdef", 'x');
my $inode = (stat "$directory/page.js")[1];
$program->signal('TERM');
finish $program;
is($program->result(0), 0, 'it ends when asked to');
command_ok([ 'passport-map', '--once', '--output', $directory, $public ], 'called again');
ok(!-e "$directory/.half.abcdef", 'it clears away what one that was killed left half-written');
is((stat "$directory/page.js")[1], $inode, 'and leaves alone what has not changed');

# what a wrong call, a wrong database and a wrong place say to who called
for my $case ([ 2, 'no directory', '--once', $public ], [ 2, 'two databases', '--output', $directory, $public, $public ],
	[ 2, 'an unknown option', '--sing', '--output', $directory, $public ], [ 1, 'a directory that cannot be', '--output', '/proc/nowhere', $public ],
	[ 1, 'no server, once', '--once', '--output', $directory, 'host=/nonexistent dbname=postgres' ],
	[ 1, 'no Leaflet', '--once', '--leaflet', '/nonexistent', '--output', $directory, $public ],
	[ 1, 'a database without the extension', '--output', $directory, $node->connstr('template1') ], [ 0, 'help', '--help' ], [ 0, 'the version', '--version' ])
{
	my ($status, $name, @call) = @$case;
	command_exit_is([ 'passport-map', @call ], $status, "exit $status: $name");
}

# a full disk, which is a file system of 700 KB that only the program has
SKIP: {
	my $small = PostgreSQL::Test::Utils::tempdir . '/small';
	mkdir $small;
	skip 'no file system of our own can be mounted here', 4
	  if system("unshare -Urm mount -t tmpfs -o size=700k none $small 2>/dev/null") != 0;
	my $full = start([ 'unshare', '-Urm', 'sh', '-c', 'mount -t tmpfs -o size=700k none "$0" && exec passport-map --output "$0/map" "$1"', $small, $public ], '2>', \my $said);
	my $inside = "/proc/$full->{KIDS}[0]{PID}/root$small";    # unshare and sh become the program
	for (1 .. 100) { last if -e "$inside/map/index.html"; sleep 0.1; }
	record();
	comes("$inside/map", 'on a small disk it writes as elsewhere');
	system("dd if=/dev/zero of=$inside/filler bs=1k count=2000 2>/dev/null");
	my $seen = $number;
	record();
	sleep 3;
	my $after = written("$inside/map");
	ok($after && !$after->{broken} && $after->{'map.js'}[0] == $after->{'map.js'}[1] && $after->{'map.js'}[0] >= $seen, 'on a full one what stood there stands unharmed');
	$full->pump_nb;
	like($said, qr/No space left on device/, 'it says why');
	unlink "$inside/filler";
	comes("$inside/map", 'and goes on when there is room');
	$full->signal('TERM');
	finish $full;
}
done_testing();
