# passport-fetch, between the database and servers that answer well and badly:
# lists and OCSP responses get in, nothing else does, and what a crash leaves.
use strict;
use warnings;

use File::Temp;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use WebServer;

delete @ENV{qw(http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy)};
system('make', '-s', '-C', 'test/card') == 0 or BAIL_OUT('the card tools do not build');
my $dir = File::Temp->newdir;
my (@started, @servers);
# a test that dies leaves nothing running
END { my $status = $?; $_->kill_kill(grace => 2) for grep { $_->pumpable } @started; $_->stop for @servers; $? = $status }
system('test/gateway/make-tls', $dir) == 0 or BAIL_OUT('no certificates');

# ---- a hierarchy, its lists, and a database that trusts it ----

my $jpki = "$dir/jpki";
append_to_file("$dir/people.tsv", join("\t", qw(key name address birth sex prefecture city)) . "\n"
	  . join('', map { "k$_\ttest\ttest\t319801231\t1\tNagano-ken\tMinamimaki-mura\n" } 1 .. 3));
run_log([ 'build/test/card/hierarchy', '--people', "$dir/people.tsv", '--key-pool', '2', $jpki ]) or BAIL_OUT('no certificates');
append_to_file("$dir/message", 'test');
for my $key (map { "k$_" } 1 .. 3)
{
	system("openssl dgst -sha256 -sign $jpki/cards/$key/sign.key -out $dir/$key.signature $dir/message") == 0 or BAIL_OUT('no signatures');
}
my $list = "$jpki/crl-signature-Nagano-ken-Minamimaki-mura.der";

my $node = PostgreSQL::Test::Cluster->new('fetch');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\nfsync = off");
$node->start;
$node->safe_psql('postgres', qq{
  SET client_min_messages = warning;
  CREATE EXTENSION passport CASCADE;
  CREATE ROLE bridge LOGIN IN ROLE passport_bridge;
  CREATE ROLE stranger LOGIN;
  SELECT passport.add_trust_anchor(pg_read_binary_file('$jpki/' || p || '-root.der'), p)
    FROM unnest(ARRAY['signature', 'authentication']) AS p;
  CREATE TABLE card AS
    SELECT key, pg_read_binary_file('$jpki/cards/' || key || '/sign.der') AS certificate,
           pg_read_binary_file('$dir/' || key || '.signature') AS signature FROM unnest(ARRAY['k1', 'k2', 'k3']) AS key;
});

# ---- servers ----

# new_list(NUMBER, REVOKED...): writes the lists anew; of such a card the signature certificate is revoked
sub new_list
{
	my ($number, @revoked) = @_;
	unlink "$dir/revoked.tsv";
	append_to_file("$dir/revoked.tsv", join '', map { "signature\t$_\tkeyCompromise\t2026-01-01\n" } @revoked);
	run_log([ 'build/test/card/hierarchy', '--revoked', "$dir/revoked.tsv", '--crl-number', $number, $jpki ]) or BAIL_OUT('no lists');
	return;
}

my %answers = (
	# as good servers do: conditions count
	'/signature' => sub {
		my ($request) = @_;
		my $body = slurp_file($list);
		my $etag = '"' . unpack('%32C*', $body) . '"';
		my %headers = (ETag => $etag, 'Last-Modified' => 'Wed, 01 Jul 2026 00:00:00 GMT');
		return (304, \%headers, '') if ($request->{headers}{'if-none-match'} // '') eq $etag;
		return (200, \%headers, $body);
	},
	'/plain' => sub { return (200, {}, slurp_file($list)) },
	'/missing' => sub { return (404, {}, 'no') },
	'/broken' => sub { return (500, {}, 'oops') },
	'/busy' => sub { return (503, { 'Retry-After' => 40 }, '') },
	'/page' => sub { return (200, {}, '<html>login</html>') },
	'/moved' => sub { return (302, { Location => '/plain' }, '') },
	'/empty' => sub { return (200, {}, '') },
	# says how much will come, and comes short
	'/short' => sub { my $body = slurp_file($list); return (200, { 'Content-Length' => length $body, close => 1 }, substr $body, 0, 200) },
	# has no end: 128 MiB are taken, and not one more
	'/endless' => sub {
		my ($request, $to) = @_;
		my $piece = 'x' x 65536;
		my $sent = 0;
		print $to "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\n\r\n";
		while ($sent < 200 * 1024 * 1024 && print $to $piece) { $sent += length $piece }
		append_to_file("$dir/endless", $sent);
		return;
	},
	'/drip' => sub {
		my ($request, $to) = @_;
		$to->autoflush(1);
		print $to "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
		for (1 .. 100) { print $to 'x' or last; sleep 0.2 }
		return;
	},
	'/slow' => sub { sleep 1; return (200, {}, slurp_file($list)) });

my $handler = sub {
	my ($request, $to) = @_;
	my $answer = $answers{ $request->{path} =~ s/\?.*//r } // $answers{'/missing'};
	return $answer->($request, $to);
};
my $web = WebServer->start($dir, "$dir/requests", $handler);
my $plain = WebServer->start(undef, "$dir/requests-plain", $handler);
push @servers, $web, $plain;

# ---- helpers ----

sub write_config
{
	my %settings = (
		database => $node->connstr('postgres') . ' user=bridge',
		ca_file => "$dir/ca.pem",
		allow_private => 'yes',
		in_flight => 4,
		poll => 1,
		lease => 5,
		timeout => 4,
		@_);
	my $file = "$dir/fetch.conf";
	unlink $file;
	append_to_file($file, join '', map { "$_ = $settings{$_}\n" } sort keys %settings);
	return $file;
}

# once runs the program to its end and returns its exit code and its log.
sub once
{
	my $log = '';
	IPC::Run::run([ 'passport-fetch', '--config', @_ ], '<', \undef, '>&', \$log);
	return ($? >> 8, $log);
}

sub start_fetch
{
	my ($log) = @_;
	my $handle = IPC::Run::start([ 'passport-fetch', '--config', "$dir/fetch.conf" ], '<', \undef, '>&', $log);
	push @started, $handle;
	return $handle;
}

# source(URL...): there are no other sources, and all of them are due
sub source
{
	$node->safe_psql('postgres', join ';', 'TRUNCATE passport.revocation_source', map { "SELECT passport.set_source('$_', 'crl')" } @_);
	return;
}

sub due { $node->safe_psql('postgres', 'UPDATE passport.revocation_source SET due_at = now()'); return }

sub outcome
{
	return $node->safe_psql('postgres', q{
	  SELECT concat_ws(' ', coalesce(status::text, '-'), verdict, CASE WHEN verdict IN ('no_answer', 'http_error') THEN detail END)
	    FROM passport.revocation_source ORDER BY source_id});
}

# standing: what becomes of a signature by each card
sub standing
{
	return $node->safe_psql('postgres', q{
	  SELECT string_agg(v.verdict, ' ' ORDER BY c.key) FROM card AS c, passport.verify_signature(certificate, 'test', signature, 'signature') AS v});
}

sub lists { return $node->safe_psql('postgres', q{SELECT string_agg(number || ':' || revoked, ' ' ORDER BY list_id) FROM passport.revocation_list}) }

# ---- what it refuses to begin with ----

my ($code, $log) = once(write_config(), '--check');
is($code, 0, 'the check passes') or diag $log;
($code, $log) = once(write_config(lease => 4), '--check');
is($code, 2, 'a lease that a request may outlast is refused');
($code, $log) = once(write_config(surprise => 1), '--check');
is($code, 2, 'so is an unknown setting');
($code, $log) = once(write_config(allow_private => 'perhaps'), '--check');
is($code, 2, 'and a switch that is neither on nor off');
($code, $log) = once(write_config(database => $node->connstr('postgres') . ' user=stranger'), '--check');
is($code, 3, 'a role without the right is refused');
like($log, qr/passport_bridge/, 'and the log says which role it needs');
($code, $log) = once(write_config(database => $node->connstr('template1')), '--once');
is($code, 3, 'a database without the extension is refused');

# ---- a list, and the same again ----

source($web->url('/signature'));
($code, $log) = once(write_config(), '--once');
is($code, 0, 'a list is fetched over TLS') or diag $log;
is(outcome(), '200 loaded', 'and loaded');
is(lists(), '1:0', 'it is there');
due();
($code, $log) = once(write_config(), '--once');
is(outcome(), '304 unchanged', 'the second time it has not changed');
my @requests = $web->requests('/signature');
is(scalar @requests, 2, 'there were two requests');
is($requests[0]{headers}{'if-none-match'}, undef, 'the first without conditions');
is($requests[1]{headers}{'if-modified-since'}, 'Wed, 01 Jul 2026 00:00:00 GMT', 'the second with both');
new_list(2, 'k1');
due();
once(write_config(), '--once');
is(outcome(), '200 loaded', 'a new list is news');
is(lists(), '2:1', 'with one revoked');
is(standing(), 'revoked valid valid', 'which counts');
# a database that is restored to an earlier day asks for the list that it has no more
my $dump = "$dir/dump";
command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'the database is dumped');
new_list(3, 'k1', 'k2');
due();
once(write_config(), '--once');
is(lists(), '3:2', 'and a newer list loaded');
$node->safe_psql('postgres', 'CREATE DATABASE earlier');
command_ok([ 'pg_restore', '-d', $node->connstr('earlier'), $dump ], 'the dump is restored');
$node->safe_psql('earlier', 'UPDATE passport.revocation_source SET due_at = now()');
once(write_config(database => $node->connstr('earlier') . ' user=bridge'), '--once');
is($node->safe_psql('earlier', 'SELECT verdict FROM passport.revocation_source'), 'loaded', 'it gets the list that it lost');
source($plain->url('/plain'));
($code) = once(write_config(), '--once');
is(outcome(), '200 unchanged', 'http will do: the list is signed');

# ---- what gets in the way ----

source(map { $web->url($_) } qw(/missing /broken /busy /page /moved /empty /short));
($code, $log) = once(write_config(), '--once');
is($code, 5, 'failures end it with their own code');
is(outcome(), join("\n", '404 http_error http: status 404.', '500 http_error http: status 500.', '503 http_error http: status 503.',
	'200 malformed', '302 http_error http: status 302.', '200 malformed', '- no_answer http: network.'), 'each is known for what it is');
is(scalar($web->requests('/plain')), 0, 'a redirect leads nowhere');
my ($wait) = $node->safe_psql('postgres', q{SELECT extract(epoch FROM due_at - answered_at) FROM passport.revocation_source WHERE status = 503});
cmp_ok($wait, '>=', 40, 'Retry-After is waited for');
unlike($log, qr/127\.0\.0\.1:\d+\/\w/, 'no URL is in the log');
is(lists(), '3:2', 'the list that is there stays');
source(map { $web->url($_) } qw(/drip));
my $began = time;
once(write_config(), '--once');
is(outcome(), '- no_answer http: timeout.', 'one that drips is given up');
cmp_ok(time - $began, '<', 10, 'in time');
source($plain->url('/endless'));
($code, $log) = once(write_config(timeout => 60, lease => 100), '--once');
is(outcome(), '- no_answer http: too_large.', 'one without an end is cut off');
for (1 .. 50) { last if -s "$dir/endless"; sleep 0.1 }
my $sent = slurp_file("$dir/endless");
cmp_ok($sent, '<', 150 * 1024 * 1024, "while it comes ($sent bytes)");

source($web->url('/plain'));
($code, $log) = once(write_config(allow_private => 'no'), '--once');
is(outcome(), '- no_answer http: private_address.', 'a private address is not asked');
is(scalar($web->requests('/plain')), 0, 'not at all');
my $other = File::Temp->newdir;
system('test/gateway/make-tls', $other);
due();
($code, $log) = once(write_config(ca_file => "$other/ca.pem"), '--once');
is(outcome(), '- no_answer http: untrusted_peer.', 'a server of another authority is refused');
is(scalar($web->requests('/plain')), 0, 'before it hears anything');

# ---- how it ends and goes on ----

source($web->url('/slow'));
my $fetch_log = '';
write_config();
my $fetch = start_fetch(\$fetch_log);
for (1 .. 100) { last if $web->requests('/slow'); sleep 0.05 }
$fetch->signal('TERM');
$fetch->finish;
is($fetch->result(0), 0, 'SIGTERM ends it well');
is(outcome(), '200 unchanged', 'after what was under way');

due();
my $before = $web->requests('/slow');
$fetch = start_fetch(\$fetch_log);
for (1 .. 100) { last if $web->requests('/slow') > $before; sleep 0.05 }
$fetch->signal('KILL');
$fetch->finish;
is($node->safe_psql('postgres', 'SELECT claimed_by IS NOT NULL FROM passport.revocation_source'), 't', 'killed, it leaves its claim');
my ($one, $two) = map { start_fetch(\$fetch_log) } 1 .. 2;
sleep 1;
is(scalar($web->requests('/slow')), $before + 1, 'which nobody takes while its lease lasts');
ok($node->poll_query_until('postgres', 'SELECT claimed_by IS NULL FROM passport.revocation_source'), 'and then somebody does');
is(scalar($web->requests('/slow')), $before + 2, 'one of the two');

source(map { $web->url("/slow?$_") } 1 .. 16);
ok($node->poll_query_until('postgres', 'SELECT count(*) = 16 FROM passport.revocation_source WHERE succeeded_at IS NOT NULL'), 'two share the work');
is(scalar(grep { $web->requests("/slow?$_") != 1 } 1 .. 16), 0, 'each source is asked once');

source(map { $web->url("/slow?again$_") } 1 .. 8);
for (1 .. 100) { last if $web->requests('/slow?again1'); sleep 0.05 }
$node->stop('immediate');
sleep 0.5;
$node->start;
ok($node->poll_query_until('postgres', 'SELECT count(*) = 8 FROM passport.revocation_source WHERE succeeded_at IS NOT NULL'), 'it goes on after a crash of PostgreSQL');
for ($one, $two)
{
	$_->signal('TERM');
	$_->finish;
	is($_->result(0), 0, 'and ends well');
}

# ---- a real responder ----

$node->safe_psql('postgres', q{
  TRUNCATE passport.revocation_source;
  SELECT passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', key, 'name', '試験')) FROM card));
  INSERT INTO passport.account (resident_id, assurance, created_at)
  SELECT resident_id, 'card_certain', now() FROM passport.resident_directory;
  INSERT INTO passport.account_certificate (resident_id, issuer_id, serial, kind, medium, hierarchy, not_after, ceremony, registered_at)
  SELECT d.resident_id, i.issuer_id, c.serial, c.kind, 'card', 'test', c.not_after, gen_random_uuid(), now()
    FROM card CROSS JOIN passport.certificate_info(certificate) AS c
    JOIN passport.certificate_issuer AS i ON i.name = c.issuer JOIN passport.resident_directory AS d ON d.resident_number = card.key;
  DELETE FROM passport.revoked_certificate;
  DELETE FROM passport.revocation_list});
my @serials = split /\n/, $node->safe_psql('postgres',
	'SELECT upper(i.serial) FROM card, passport.certificate_info(certificate) AS i ORDER BY card.key');
append_to_file("$dir/index", "V\t310101000000Z\t\t$serials[0]\tunknown\t/CN=one\n"
	  . "R\t310101000000Z\t260601000000Z,affiliationChanged\t$serials[1]\tunknown\t/CN=two\n");
system("openssl x509 -inform der -in $jpki/signature-root.der -out $dir/root.pem") == 0 or BAIL_OUT('no root');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $responder_log = '';
my $responder = IPC::Run::start([ 'openssl', 'ocsp', '-port', $port, '-index', "$dir/index", '-CA', "$dir/root.pem",
		'-rsigner', "$dir/root.pem", '-rkey', "$jpki/signature-root.key", '-ndays', '1' ], '<', \undef, '>&', \$responder_log);
push @started, $responder;
my $issuer = $node->safe_psql('postgres', 'SELECT DISTINCT i.issuer FROM card, passport.certificate_info(certificate) AS i');
$node->safe_psql('postgres', "SELECT passport.set_source('http://127.0.0.1:$port/', 'ocsp', '$issuer')");
# openssl's responder serves one connection at a time, and one that asks nothing keeps it for good
for (1 .. 100) { $responder->pump_nb; last if $responder_log =~ /waiting/; sleep 0.05 }
is(standing(), 'revocation_unknown revocation_unknown revocation_unknown', 'without a list nothing is known');
($code, $log) = once(write_config(), '--once');
is($code, 0, 'a responder is asked') or diag $log;
is(outcome(), '200 loaded', 'and believed');
is(standing(), 'valid revoked revocation_unknown', 'of what it knows');
is($node->safe_psql('postgres', 'SELECT round_at IS NULL AND due_at > now() FROM passport.revocation_source'), 't', 'its round is over');
is($node->safe_psql('postgres', q{SELECT passport.review_certificates(); SELECT asks FROM passport.account JOIN passport.resident_directory USING (resident_id) WHERE resident_number = 'k2'}), "1\nsignature", 'and the account that it is about asks for a new certificate');
$responder->kill_kill;
$node->safe_psql('postgres', 'UPDATE passport.revocation_source SET due_at = now()');
($code) = once(write_config(), '--once');
is(outcome(), '- no_answer http: network.', 'when it has gone, nobody answers');
is($code, 5, 'and the code says so');

$_->stop for @servers;
$node->stop;
done_testing();
