# A million deliveries, ten messages to a hundred thousand phones, through one
# passport-push that stays as small as it was, and a queue whose table does.
# `make soak` runs it.
use strict;
use warnings;
use MIME::Base64;
use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

my $people = $ENV{PASSPORT_SOAK_PEOPLE} // 100_000;
my $rounds = 10;

my $test = Push->new('outbox', 'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
	'apns.key_file' => '{dir}/apns.p8', 'apns.key_id' => 'KEY1234567', 'apns.team_id' => 'TEAM123456', 'apns.topic' => 'jp.example.app',
	'apns.endpoint' => 'https://127.0.0.1:{port}', 'apns.sandbox_endpoint' => 'https://127.0.0.1:{port}',
	'webpush.key_file' => '{dir}/vapid.pem', 'webpush.subject' => 'mailto:it@example.jp', 'webpush.allow_private' => 'yes',
	'line.token_file' => '{dir}/line.token', 'line.endpoint' => 'https://127.0.0.1:{port}', 'line.rate' => 0,
	'metrics' => '{dir}/push.prom', map { $_ => undef } qw(batch in_flight lease timeout));
$test->{node}->append_conf('postgresql.conf', "shared_buffers = 256MB\nmax_wal_size = 2GB\nautovacuum_naptime = 5s");
$test->{node}->restart;
$test->start_gateway('--no-record');
my $dir = $test->{dir};
system("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $dir/vapid.pem 2>/dev/null && chmod 600 $dir/vapid.pem") == 0 or BAIL_OUT('no key');
# any point will do: nobody reads what is encrypted for it
my ($public) = `openssl pkey -text -noout -in $dir/vapid.pem` =~ /pub:\s*([0-9a-f:\s]+)/ or BAIL_OUT('no key');
(my $point = encode_base64(pack('H*', $public =~ s/[:\s]//gr), '')) =~ tr{+/=}{-_}d;

# half of all by FCM, a quarter by APNs, the rest by LINE and browsers
$test->sql(qq{
  INSERT INTO passport.resident (resident_number, name, updated_at) SELECT 'S' || n, '負荷', now() FROM generate_series(1, $people) AS n;
  INSERT INTO passport.device (resident_id, channel, token, keys, registered_at)
  SELECT resident_id, channel,
         CASE channel WHEN 'fcm' THEN rpad(resident_number || '_', 142, 'x') WHEN 'apns' THEN encode(rpad(resident_number, 32, '.')::bytea, 'hex')
                      WHEN 'line' THEN 'U' || encode(rpad(resident_number, 16, '.')::bytea, 'hex') ELSE 'https://127.0.0.1:$test->{port}/push/' || resident_number END,
         CASE channel WHEN 'apns' THEN '{"environment": "production"}'::jsonb
                      WHEN 'webpush' THEN '{"p256dh": "$point", "auth": "c2l4dGVlbiBieXRlcy4uLg"}' END, now()
    FROM passport.resident CROSS JOIN LATERAL (SELECT (ARRAY['fcm', 'fcm', 'apns', 'fcm', 'apns', 'fcm', 'line', 'fcm', 'line', 'webpush'])[1 + resident_id % 10]) AS c(channel);
  ANALYZE passport.resident, passport.device;
});
sub size { return $test->sql(q{SELECT pg_total_relation_size('passport.delivery')}) }
sub MiB { my ($bytes) = @_; return sprintf '%.1f', $bytes / 2**20 }

$test->write_config;
my $push = $test->start;
my $pid = $push->{KIDS}[0]{PID};
# memory(FIELD): of VmRSS or VmHWM, KiB
sub memory { my ($field) = @_; return slurp_file("/proc/$pid/status") =~ /^$field:\s+(\d+) kB/m ? $1 : die "passport-push has ended: $test->{log}" }

my (@memory, @sizes, @full);
my $began = time;
for my $round (1 .. $rounds)
{
	$test->sql(qq{
	  SELECT deliveries FROM passport.notify((SELECT array_agg(resident_id) FROM passport.device), 'alert', 'evacuation',
	    '{"ja": {"title": "避難指示", "body": "警戒レベル4。千曲川の水位が上がっています。今すぐ避難してください。"}}', '{"alert_id": "$round"}')});
	push @full, size();
	for (1 .. 6000) { $push->pump_nb; last if $test->sql('SELECT NOT EXISTS (SELECT FROM passport.delivery)') eq 't'; sleep 0.2 }
	push @sizes, size();
	push @memory, memory('VmRSS');
	note sprintf 'round %d: %d KiB, %s MiB of table full, %s MiB sent', $round, $memory[-1], MiB($full[-1]), MiB($sizes[-1]);
}
my $took = time - $began;
my $most = memory('VmHWM');
is($test->sql(q{SELECT outcome, count(*) FROM passport.delivery_outcome GROUP BY 1}), 'delivered|' . $people * $rounds, 'all are delivered');
is($test->stop, 0, 'and it ends well');

diag(sprintf 'BENCH push_memory %d KiB %.2f after the first tenth (%d KiB); at most %d KiB; %d deliveries in %d s',
	$memory[-1], $memory[-1] / $memory[0], $memory[0], $most, $people * $rounds, $took);
cmp_ok($most, '<', 64 * 1024, 'it never took 64 MiB');
# a thousand handles have buffers whose pages come into use one by one, until the most that ever ran at once have
cmp_ok($memory[-1], '<', $memory[4] * 1.1, 'and the second half of all took no more');

# what autovacuum has left, and what room the live rows of a full queue need
diag(sprintf 'BENCH outbox_bloat %s MiB %.2f the same rows in a new table (%s MiB): full of %d, the tenth time; empty %s MiB',
	MiB($full[-1]), $full[-1] / $full[0], MiB($full[0]), $people, MiB($sizes[-1]));
cmp_ok($full[-1], '<', 1.2 * $full[4], 'in the second half the table grows no more');
for (1 .. 60) { last if $test->sql(q{SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'passport.delivery'::regclass}) == 0; sleep 1 }
my $vacuumed = size();
diag(sprintf 'after autovacuum %s MiB, of it %s MiB indexes', MiB($vacuumed), MiB($test->sql(q{SELECT pg_indexes_size('passport.delivery')})));
cmp_ok($vacuumed, '<=', $sizes[-1], 'autovacuum leaves nothing more');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
