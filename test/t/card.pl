# The emulated card behind the real PC/SC stack: first OpenSC, which knows this
# kind of card from elsewhere, then passport-card, then both against a server.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IPC::Run ();
use Test::More;
use Time::HiRes ();

my ($top, $with_pcscd, $has_cluster);

# Without a reader around us, make one and begin again inside: before
# PostgreSQL's module is loaded, which takes the standard output for its log.
BEGIN {
  $top = abs_path(dirname(abs_path($0)) . '/../..');
  $with_pcscd = "$top/test/card/with-pcscd";
  if (($ENV{PASSPORT_PCSCD} // '') ne 'running') {
    my $reason = `'$with_pcscd' true 2>&1`;
    exec $with_pcscd, $^X, (map { "-I$_" } grep { !ref } @INC), abs_path($0) if $? == 0;
    chomp $reason;
    plan skip_all => $reason =~ s/^with-pcscd: //r;
  }
  $has_cluster = $> != 0 && eval { require PostgreSQL::Test::Cluster; 1 };
}

my $tools = "$top/build/test/card";
my $dir = tempdir('passport-card-XXXXXX', TMPDIR => 1, CLEANUP => 1);
$ENV{LC_ALL} = 'C';
my $passport_card = find_program('passport-card');

my ($made, undef, $why) = run('make', '-s', '-C', "$top/test/card");
is($made, 0, 'the tools are built') or BAIL_OUT($why);
make_cards();
test_units();
test_hierarchy();
test_opensc();
test_passport_card();
test_end_to_end();
done_testing();

# run(COMMAND...) -> (status, output, errors); a hash at the end: input
sub run {
  my @command = @_;
  my $options = ref $command[-1] ? pop @command : {};
  my ($in, $out, $err) = ($options->{input} // '', '', '');
  IPC::Run::run(\@command, '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(120));
  diag("$command[0]: $err") if $ENV{PASSPORT_VERBOSE} && $err ne '';
  return ($? >> 8, $out, $err);
}

sub find_program {
  my ($name) = @_;
  return (grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}), "$top/build/bridge")[0];
}

sub slurp {
  my ($path) = @_;
  open my $file, '<:raw', $path or die "$path: $!";
  local $/;
  return <$file>;
}

sub spew {
  my ($path, $content) = @_;
  open my $file, '>:raw', $path or die "$path: $!";
  print $file $content;
  close $file;
}

# Three residents, the last one too young for a signature certificate.
sub make_cards {
  spew("$dir/people.tsv", join '', map { join("\t", @$_) . "\n" } (
    [qw(key name address birth sex prefecture city)],
    ['1001', '高見沢　一郎', '長野県南佐久郡南牧村大字海ノ口１０５１番地', '319801231', 1, 'Nagano-ken', 'Minamimaki-mura'],
    ['1002', '菊池　花子', '長野県南佐久郡南牧村大字野辺山１０６番地１', '419920229', 2, 'Nagano-ken', 'Minamimaki-mura'],
    ['1003', '渡邉　次郎', '長野県南佐久郡南牧村大字海尻３番地', '420150402', 1, 'Nagano-ken', 'Minamimaki-mura']));
  my ($status, $out, $err) = run("$tools/hierarchy", '--people', "$dir/people.tsv",
    '--at', '2026-04-01', '--this-update', '2026-07-01', "$dir/jpki");
  is($status, 0, 'a hierarchy is made') or BAIL_OUT($err);
}

sub test_units {
  for my $unit ('card-unit', 'applet-unit') {
    my ($status, $out) = run("$tools/$unit", "$dir/jpki/cards/1001");
    my @failed = grep { /^not ok/ } split /\n/, $out;
    is("@failed", '', "$unit: " . (() = $out =~ /^ok/mg) . ' checks');
    is($status, 0, "$unit ends well");
  }
}

# verify(PURPOSE, CARD, TIME, OPTION...) -> what openssl verify says; with the CRL by '-crl_check'
sub verify {
  my ($purpose, $card, $time, @options) = @_;
  my $file = $purpose eq 'signature' ? 'sign' : 'auth';
  run('openssl', 'x509', '-inform', 'der', '-in', "$dir/jpki/$purpose-root.der", '-out', "$dir/root.pem");
  run('openssl', 'crl', '-inform', 'der', '-in',
    "$dir/jpki/crl-$purpose-Nagano-ken-Minamimaki-mura.der", '-out', "$dir/crl.pem");
  my ($status, $out, $err) = run('openssl', 'verify', '-x509_strict', '-attime', $time, @options,
    '-CAfile', "$dir/root.pem", '-CRLfile', "$dir/crl.pem", "$dir/jpki/cards/$card/$file.der");
  return "$out$err" =~ /lookup: (.*)/ ? $1 : $status == 0 ? 'OK' : "$out$err";
}

sub test_hierarchy {
  my $july = 1782874800;    # 2026-07-01 12:00 in Japan
  my $text = (run('openssl', 'x509', '-inform', 'der', '-in', "$dir/jpki/cards/1001/sign.der",
    '-noout', '-text', '-nameopt', 'RFC2253'))[1];
  like($text, qr/Issuer: OU=Japan Agency for Local Authority Information Systems,OU=JPKI for digital signature,O=JPKI-TEST,C=JP/, 'issuer');
  like($text, qr/Not After : Dec 31 14:59:59 2030 GMT/, 'ends with the day of the fifth birthday');
  like($text, qr/Subject: CN=20260401100000\d{5}\w{9},L=Minamimaki-mura,L=Nagano-ken,C=JP/, 'subject');
  like($text, qr/Key Usage: critical\s+Digital Signature, Non Repudiation/, 'key usage');
  like($text, qr/Certificate Policies: critical\s+Policy: 1.2.392.200149.8.5.1.0.20\s+CPS: \S+/, 'policy');
  like($text, qr/5\.5\.1::高見沢　一郎, .*5\.5\.4::319801231, .*5\.5\.3::1, .*5\.5\.5::長野県.*5\.5\.2::000000, .*5\.5\.6::0{21}\n/,
    'attributes in their order');
  like($text, qr/CN = Minamimaki-mura CRLDP/, 'distribution point');
  ok(!-e "$dir/jpki/cards/1003/sign.der", 'no signature certificate for a child');

  is(verify('signature', '1001', $july, '-crl_check'), 'OK', 'openssl verifies a signature certificate');
  is(verify('authentication', '1003', $july, '-crl_check'), 'OK', 'and one for authentication');
  is(verify('signature', '1001', $july + 10 * 365 * 86400), 'certificate has expired', 'and sees that one has ended');
  spew("$dir/revoked.tsv", "signature\t1001\taffiliationChanged\t2026-06-15\n");
  run("$tools/hierarchy", '--revoked', "$dir/revoked.tsv", '--crl-number', 2, '--this-update', '2026-07-01', "$dir/jpki");
  is(verify('signature', '1001', $july, '-crl_check'), 'certificate revoked', 'and that one was revoked');
  is(verify('signature', '1002', $july, '-crl_check'), 'OK', 'but no other one');
  is(verify('authentication', '1001', $july, '-crl_check'), 'OK', 'nor the other one of that card');
  run("$tools/hierarchy", '--crl-number', 3, '--this-update', '2026-07-01', "$dir/jpki");
}

# with_card(CARD, CODE): runs the code while the card is in the reader
sub with_card {
  my ($card, $code) = @_;
  my $pid = fork() // die "fork: $!";
  if ($pid == 0) {
    exec "$tools/emulator", "$dir/jpki/cards/$card" or die "exec: $!";
  }
  $code->();
  kill 'TERM', $pid;
  waitpid $pid, 0;
  # pcscd looks a few times a second whether a card is there.
  select undef, undef, undef, 0.7;
}

sub pins {
  my ($status, $out) = run('pkcs15-tool', '--list-pins');
  return join ' ', $out =~ /Tries left\s*: (\d)/g;
}

sub test_opensc {
SKIP: {
    skip 'OpenSC is not installed', 9 unless find_program('pkcs15-tool') && find_program('pkcs11-tool');
    with_card('1001', sub {
      # OpenSC asks once and does not wait: the card needs a moment to be seen.
      for (1 .. 50) {
        last if (run('opensc-tool', '--list-readers'))[1] =~ /Yes\s+Virtual PCD 00 00/;
        select undef, undef, undef, 0.1;
      }
      is(pins(), '3 5', 'OpenSC knows the card and its PINs');
      my $certificate = (run('pkcs15-tool', '--read-certificate', '1'))[1];
      spew("$dir/auth.pem", $certificate);
      run('openssl', 'x509', '-in', "$dir/auth.pem", '-outform', 'der', '-out', "$dir/auth.der");
      ok(slurp("$dir/auth.der") eq slurp("$dir/jpki/cards/1001/auth.der"), 'OpenSC reads the certificate');

      spew("$dir/message", 'a message');
      my @sign = ('pkcs11-tool', '--slot-index', 0, '--login', '--sign', '-m', 'SHA256-RSA-PKCS',
        '--id', '01', '-i', "$dir/message", '-o', "$dir/signature");
      is((run(@sign, '--pin', '1234'))[0], 0, 'OpenSC signs');
      run('openssl', 'x509', '-in', "$dir/auth.pem", '-noout', '-pubkey', '-out', "$dir/public.pem");
      like((run('openssl', 'dgst', '-sha256', '-verify', "$dir/public.pem", '-signature',
            "$dir/signature", "$dir/message"))[1], qr/Verified OK/, 'what OpenSSL verifies');

      like((run(@sign, '--pin', '9999'))[2], qr/CKR_PIN_INCORRECT/, 'a wrong PIN is wrong');
      is(pins(), '2 5', 'and costs a try');
      run(@sign, '--pin', '9999') for 1 .. 2;
      is(pins(), '0 5', 'three of them block');
      like((run(@sign, '--pin', '1234'))[2], qr/C_Login failed/, 'the right one too');
    });
    is(slurp("$dir/jpki/cards/1001/tries"), "0 5\n", 'and for good');
    unlink "$dir/jpki/cards/1001/tries";
  }
}

sub test_passport_card {
SKIP: {
    skip 'passport-card is not built', 9 unless $passport_card;
    my ($status, $out, $err) = run($passport_card, '--wait', 0, 'info');
    is($status, 3, 'no card: exit status 3');
    is($err, "No card is on the reader.\n", 'and says so');
    with_card('1001', sub {
      ($status, $out) = run($passport_card, 'info');
      is($out, "card: JPKIAPICCTOKEN2\nauthentication PIN: 3 tries left\nsignature password: 5 tries left\n", 'info');
      is($status, 0, 'exit status 0');
      local $ENV{LC_ALL} = 'ja_JP.UTF-8';
      like((run($passport_card, 'info'))[1], qr/署名用電子証明書の暗証番号: あと5回/, 'in Japanese');
    });
    with_card('1003', sub {
      ($status, $out) = run($passport_card, 'info');
      is($out, "card: JPKIAPICCTOKEN2\nauthentication PIN: 3 tries left\n", "a child's card");
      is((run($passport_card, 'register'))[0], 4, 'cannot register: exit status 4');
    });
    spew("$dir/jpki/cards/1002/tries", "1 0\n");
    with_card('1002', sub {
      is((run($passport_card, 'log-in'))[0], 6, 'the last try is not used: exit status 6');
      is(slurp("$dir/jpki/cards/1002/tries"), "1 0\n", 'and is still there');
    });
    unlink "$dir/jpki/cards/1002/tries";
  }
}

# start_server() -> a server with the extension and everything this test calls, or why not
sub start_server {
  return (undef, 'PostgreSQL does not run as root, or its test modules are not there') unless $has_cluster;
  my $node = PostgreSQL::Test::Cluster->new('card');
  $node->init(extra => ['--encoding=UTF8', '--locale=C.UTF-8']);
  # what locks the keys of the tokens is not in the database
  spew($node->basedir . '/token.key', join '', map { chr int rand 256 } 1 .. 32);
  chmod 0600, $node->basedir . '/token.key';
  $node->append_conf('postgresql.conf', "shared_preload_libraries = 'passport'\n"
      . "passport.clock = '2026-07-01 12:00+09'\ntimezone = 'Asia/Tokyo'\n"
      . "passport.token_key_file = '" . $node->basedir . "/token.key'");
  $node->start;
  $node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
  my $missing = $node->safe_psql('postgres', q{
    SELECT string_agg(name, ', ') FROM unnest(ARRAY['import_residents', 'begin_challenge', 'register_account',
                                                    'log_in', 'authenticate', 'match_resident']) AS name
     WHERE NOT EXISTS (SELECT FROM pg_proc WHERE proname = name AND pronamespace = 'passport'::regnamespace)});
  return $missing eq '' ? ($node, undef) : (undef, "the extension does not have $missing");
}

sub prepare_server {
  my ($node) = @_;
  my $jpki = "$dir/jpki";
  $node->safe_psql('postgres', qq{
    SELECT passport.rotate_token_key();
    SELECT passport.add_trust_anchor(pg_read_binary_file('$jpki/signature-root.der'), 'signature');
    SELECT passport.add_trust_anchor(pg_read_binary_file('$jpki/authentication-root.der'), 'authentication');
    SELECT passport.import_residents('[
      {"resident_number": "1001", "household_number": "1", "relation": "世帯主", "name": "高見沢　一郎", "birth_date": "1980-12-31",
       "sex": "male", "address": "長野県南佐久郡南牧村大字海ノ口１０５１番地", "nationality_class": "japanese"},
      {"resident_number": "1002", "household_number": "2", "relation": "世帯主", "name": "菊池　花子", "birth_date": "1992-02-29",
       "sex": "female", "address": "長野県南佐久郡南牧村大字野辺山１０６番地１", "nationality_class": "japanese"}]')});
  return $node->safe_psql('postgres', join '', map {
      "SELECT verdict FROM passport.load_crl(pg_read_binary_file('$jpki/crl-$_-Nagano-ken-Minamimaki-mura.der'));"
    } qw(signature authentication));
}

sub test_end_to_end {
  my ($node, $reason) = start_server();
SKIP: {
    skip $reason, 1 unless $node;
    skip 'passport-card is not built', 1 unless $passport_card;
    prepare_server($node);
    my @database = ('--database', $node->connstr('postgres'));
    my @pin = ('--authentication-pin-fd', 0);
    with_card('1001', sub {
      my ($status, $out, $err) = run($passport_card, @database, @pin, '--signature-pin-fd', 0,
        'register', { input => "1234\nabc123\n" });
      is($status, 0, 'registered') or diag($err);
      like($err, qr/Your card will sign this text:\n.+\nRegistered\.\n\z/s, 'after showing what is signed');

      ($status, $out, $err) = run($passport_card, @database, @pin, 'log-in', { input => "1234\n" });
      is($status, 0, 'logged in') or diag($err);
      like($out, qr/\A[\w-]+\.[\w-]+\.[\w-]+\n\z/, 'with a token');
      chomp $out;
      is($node->safe_psql('postgres', "SELECT resident_number FROM passport.resident WHERE resident_id = passport.authenticate('$out')"),
        '1001', 'of the right resident');

      # at a shelter: no PIN, under a second; a wife and a child are missing
      my @shelter = (@database, '--shelter', 'S1');
      $node->safe_psql('postgres', "INSERT INTO passport.shelter (shelter_id, name, location) VALUES ('S1', 'x', public.ST_Point(138.5, 36, 4326))");
      my $id = $node->safe_psql('postgres', "SELECT resident_id FROM passport.resident_directory WHERE resident_number = '1001'");
      my @seconds;
      for my $time (1 .. 5) {
        run($passport_card, @shelter, 'check-out') if $time > 1;
        my $begun = Time::HiRes::time();
        ($status, $out, $err) = run($passport_card, @shelter, 'check-in');
        push @seconds, Time::HiRes::time() - $begun;
        is("$status $out", "0 $id\n", 'checked in by a tap') or diag($err);
      }
      @seconds = sort { $a <=> $b } @seconds;
      note(sprintf('check-in: median %.3f s, longest %.3f s of 5', @seconds[2, 4]));
      cmp_ok($seconds[2], '<', 1, 'in less than a second, reader, card, database and all');
      like($err, qr/Checked in\./, 'and told so');
      is($node->safe_psql('postgres', "SELECT shelter_id, came_by, left_at IS NULL FROM passport.shelter_stay ORDER BY stay_id DESC LIMIT 1"), 'S1|card|t', 'and is there');
      is((run($passport_card, @shelter, 'check-out'))[0], 0, 'checked out');
      is((run($passport_card, @shelter, 'check-out'))[0], 1, 'once');
      is((run($passport_card, @database, 'check-in'))[0], 2, 'not without a shelter');
      is((run($passport_card, @database, '--shelter', 'S9', 'check-in'))[0], 7, 'not at one that is none');
      is(slurp("$dir/jpki/cards/1001/tries"), "3 5\n", 'no PIN was tried');

      ($status, $out, $err) = run($passport_card, @database, @pin, 'log-in', { input => "9999\n" });
      is("$status $out", '5 ', 'a wrong PIN: exit status 5, no token');
      like($err, qr/Wrong PIN, 2 tries left/, 'and the tries left');
      is((run($passport_card, @database, @pin, 'log-in', { input => "12345\n" }))[0], 5, 'a PIN of five digits is not tried');
      is(slurp("$dir/jpki/cards/1001/tries"), "2 5\n", 'and costs nothing');
    });
    my ($status, $out, $err) = run("$tools/resident-app", @database, '--log-in', "$dir/jpki/cards/1002");
    is($out, "1 of 1 residents, 1 linked, 0 queued, 0 refused, 1 logged in, 0 failed\n",
      'a phone registers and logs in') or diag($err);
    my $token = slurp("$dir/jpki/cards/1002/token");
    is($node->safe_psql('postgres', "SELECT resident_number FROM passport.resident WHERE resident_id = passport.authenticate('$token')"),
      '1002', 'and keeps its token');
    $node->stop;
  }
}
