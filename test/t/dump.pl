# pg_dump keeps every row of every table, and a restore pages nobody, awards
# nothing and goes on numbering where the dumped database was.  That holds too
# for the partitions of readings, which are no members of the extension.
use strict;
use warnings;
use utf8;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = dirname(__FILE__) . '/../..';
my $node = PostgreSQL::Test::Cluster->new('dump');
my $key = PostgreSQL::Test::Utils::tempdir() . '/token.key';
append_to_file($key, 'k' x 32);
chmod 0600, $key;
$node->init;
$node->append_conf('postgresql.conf', <<CONF);
shared_preload_libraries = 'passport'
passport.token_key_file = '$key'
passport.clock = '2026-07-01 12:00+09'
timezone = 'Asia/Tokyo'
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE village');
$node->safe_psql('postgres', 'CREATE DATABASE restored');

sub run_in { return $node->safe_psql(@_) }

run_in('village', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');
my $village = PostgreSQL::Test::Utils::tempdir();
system_or_bail($^X, "$tree/demo/village.pl", $village);
$node->command_ok([ 'psql', '-X', '-q', '-d', $node->connstr('village'), '-v', "dir=$village", '-f', "$tree/demo/village.sql" ],
	'the village is loaded');
run_in('village', <<'SQL');
SELECT passport.rotate_token_key();
SELECT passport.begin_challenge('log_in');
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_id, NULL) FROM passport.resident WHERE resident_id <= 50;
SELECT passport.notify(ARRAY[1, 2, 3], 'note', 'personal', '{"ja": {"title": "お知らせ", "body": "本文"}}');
SELECT passport.set_program('walk', '{"ja": "歩く"}');
SELECT passport.set_program_rule('walk', '2026-04-01', '{"points_per_unit": 1, "lot_months": 12}');
SELECT passport.award_points(1, 'walk', 'e1', passport.now(), 5);
SELECT passport.spend_points(1, 2, 'tea', 'k1');
SELECT passport.protect_address(2, '2026-06-01', '2027-05-31', 'test');
SELECT passport.define_sensor('s', '{"stages": [{"stage": 1, "up": 1.0, "down": 0.9}]}');
SELECT passport.record_readings('s', ARRAY[passport.now() - interval '10 minutes', passport.now()], ARRAY[1.5, 1.6]);
SELECT passport.make_reading_months();
SELECT passport.record_readings('s', ARRAY['2020-01-01', passport.now() - interval '5 minutes'], ARRAY[1, 1.55]);
SELECT passport.run_next_job();
SQL

my $tables = q(SELECT string_agg(format('%s %s', c.relname,
    (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]),
    E'\n' ORDER BY c.relname) FROM pg_class AS c
  WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind = 'r');
my $before = run_in('village', $tables);
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('village'), '-f', $file ], 'pg_dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $file ], 'restore');
is(run_in('restored', $tables), $before, 'every table has its rows again');
like($before, qr/^resident 3068$/m, 'the village among them');
like($before, qr/^reading_202607 3$/m, 'and a month of readings');

my $content = q(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM passport.%s AS t);
for my $table (qw(resident point_entry delivery notification reading sensor_state card address_protection token_key job))
{
	my $query = sprintf $content, $table;
	is(run_in('restored', $query), run_in('village', $query), "the same rows in $table");
}

# Months go on where they were, also from an archive.  (Not with pg_restore -j: the
# extension's foreign keys are there before the rows.)
my $archive = PostgreSQL::Test::Utils::tempdir() . '/dump.archive';
$node->command_ok([ 'pg_dump', '-Fc', '-d', $node->connstr('village'), '-f', $archive ], 'pg_dump to an archive');
$node->safe_psql('postgres', 'CREATE DATABASE archived');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('archived'), $archive ], 'restore from it');
is(run_in('archived', $tables), $before, 'every table has its rows again');
is(run_in($_, "SELECT string_agg(verdict, ' ') FROM passport.record_readings('s',
     ARRAY[passport.now() - interval '5 minutes', passport.now() + interval '1 minute'], ARRAY[1.55, 1.6])"),
	'duplicate accepted', "readings are known again in $_, and go on")
  for qw(restored archived);
is(run_in('archived', "SET passport.clock = '2028-10-02 12:00+09'; SELECT passport.make_reading_months();
     SELECT purged FROM passport.purge_expired() WHERE what = 'reading';
     SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ '^reading_[0-9]{6}\$'"),
	"3\n5\nreading_202810 reading_202811 reading_202812", 'months are made and dropped as before');
run_in('archived', 'DROP EXTENSION passport');
is(run_in('archived', "SELECT count(*) FROM pg_class WHERE relname LIKE 'reading%'"), 0, 'and go with the extension');

is(run_in('restored', 'SELECT count(*) FROM passport.delivery'), 3, 'nobody is paged by a restore');

# What waited may have been sent from where it was, before or after the dump: it is held, here and in
# any copy, until somebody says which.  What is new goes out at once.
my $claim = "SELECT string_agg(CASE title WHEN '新しい' THEN 'new' WHEN 'お知らせ' THEN 'old' ELSE 'code' END, ' ') FROM passport.claim_deliveries('bridge', 100, '1 minute')";
my $new = q(SELECT deliveries FROM passport.notify(ARRAY[4], 'note', 'personal', '{"ja": {"title": "新しい", "body": "本文"}}'));
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE village');
run_in('copied', "DO \$\$ BEGIN PERFORM passport.send_device_code(4, passport.add_device(4, 'smtp', 'x\@example.jp')); END \$\$");
is(run_in('copied', $claim), 'code', 'a code that was asked for in a copy is not held with what waited there');
is(run_in('restored', $claim), '', 'the bridge of a restored database sends nothing of it');
is(run_in('restored', $new), 1, 'something new is enqueued there');
is(run_in('restored', $claim), 'new', 'and goes out');
is(run_in('copied', $new), 1, 'something else that is new in a copy');
is(run_in('copied', $claim), 'new', 'goes out alone');
is(run_in('copied', 'SELECT passport.release_outbox(false)'), 3, 'what waited in a copy is withdrawn');
is(run_in('copied', "SELECT outcome, count(*) FROM passport.delivery_outcome GROUP BY 1"), 'withdrawn|3', 'which is written down');
is(run_in('restored', 'SELECT passport.release_outbox(true)'), 3, 'where the old place is gone, it is released');
is(run_in('restored', $claim), 'old old old', 'and goes out');
is(run_in('village', $claim), 'old old old', 'in the database itself nothing was held');
is(run_in('village', 'SELECT count(*) FROM passport.outbox_home'), 1, 'which never moved');
is(run_in('restored', 'SELECT passport.point_balance(1)'), 3, 'nothing is awarded twice');
is(run_in('restored', 'SELECT count(*) FROM passport.check_ledger()'), 0, 'the ledger holds');
is(run_in('restored', "SELECT (passport.award_points(1, 'walk', 'e1', passport.now(), 5)).verdict"), 'repeated',
	'a repeated event is still known');
is(run_in('restored', "SELECT imported FROM passport.import_residents('[{\"resident_number\": \"new\", \"name\": \"新\"}]')"), 1,
	'numbering goes on');
is(run_in('restored', 'SELECT count(*) FROM passport.trust_anchor'), run_in('village', 'SELECT count(*) FROM passport.trust_anchor'),
	'rows that the script brings are not doubled');
done_testing();
