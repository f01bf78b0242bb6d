# The reports as staff run them: by the scripts, in the staff's role.
use strict;
use warnings;
use utf8;
use Encode qw(decode);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('report');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'passport'\ntimezone = 'Asia/Tokyo'\npassport.clock = '2026-07-01 05:00+09'\npassport.least_count = 0\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION passport CASCADE;
CREATE ROLE drafter LOGIN IN ROLE passport_staff;
CREATE ROLE mayor LOGIN IN ROLE passport_approver;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT passport.define_sensor('g1', '{"name": "海ノ口橋", "lon": 138.455, "lat": 35.955, "max_rise": 1.5,
  "stages": [{"stage": 1, "name": "水防団待機", "up": 3}, {"stage": 4, "name": "氾濫危険", "up": 6}]}');
SELECT passport.record_readings('g1', '{2026-07-01 04:20+09,2026-07-01 04:30+09,2026-07-01 04:40+09}', '{2.5,9.6,2.6}');
SELECT passport.import_residents('[
  {"resident_number": "1", "household_number": "H1", "name": "佐藤 花子", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951},
  {"resident_number": "2", "household_number": "H1", "name": "佐藤 一郎", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951, "needs_help": true}]');
INSERT INTO passport.registration (state, certificates, candidates, ceremony, created_at)
SELECT 'queued', '{}', jsonb_build_array(jsonb_build_object('resident_id', resident_id, 'score', 0.5, 'explanation',
         '{"name": "different", "birth_date": "equal", "sex": "equal", "address": "koaza_omitted", "others": 0, "certain": false}'::jsonb)),
       gen_random_uuid(), passport.now() FROM passport.resident_directory WHERE resident_number = '2';
SQL

sub as_staff
{
	my ($script, @options) = @_;
	my ($out, $error);
	my $ran = IPC::Run::run([ 'psql', '-X', @options, '-v', 'ON_ERROR_STOP=1', '-U', 'drafter', '-f', "sql/reports/$script", $node->connstr('postgres') ],
		'>', \$out, '2>', \$error);
	ok($ran, "staff may run $script") or diag($error);
	return decode('UTF-8', $out);
}

# columns LINE: how many a terminal needs for it
sub columns
{
	my ($line) = @_;
	my $wide = () = $line =~ /\p{East_Asian_Width=W}|\p{East_Asian_Width=F}/g;
	return length($line) + $wide;
}

as_staff('today.sql');    # with nothing to report
my $id = $node->safe_psql('postgres', q{SELECT alert_id FROM passport.draft_alert('flood', 4, public.ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326), 'g1')},
	extra_params => [ '-U', 'drafter' ]);
$node->safe_psql('postgres', "SELECT passport.approve_alert($id, 2)", extra_params => [ '-U', 'mayor' ]);

my $today = as_staff('today.sql');
like($today, qr/^== \Q$_\E ==$/m, "it has the section $_") for
	('水位計 / Gauges', '気象庁の警報など / Warnings of the weather service', '止めた値（48時間） / Readings held back (48 hours)', '警報 / Alerts', '通知 / Messages', '回答 / Answers', '今日のポイント / Points today', '更新のお知らせ / Renewal reminders', '登録 / Registrations',
	'登録を待つ人の候補（古い順、20まで） / Whom waiting registrations could be, oldest first (20)');
like($today, qr/^ 海ノ口橋 +│ 0 /m, 'and the gauge');
like($today, qr/07-01 04:30 │ 海ノ口橋 .* 9\.60 m .* held .* rise_too_fast/, 'and the held reading with its reason');
like($today, qr/4 避難指示 .* approved .* drafter .* mayor/, 'and who did what');
like($today, qr/要支援 │ 佐藤 一郎.*\n.*佐藤 花子/, 'and who must be called, those needing support first');
like($today, qr/│ 2 +│ +0\.5 │ +0 │ 氏名 × 異なる、生年月日 ○ .*住所 △.*\n.*地番は同じ/, 'and whom a registration could be, in words');
my ($widest) = sort { $b <=> $a } map { columns($_) } split /\n/, $today;
cmp_ok($widest, '<=', 120, 'no line is wider than 120 columns');

# the lists and the review of one alert
my %says = (
	'call_list.sql' => qr/要支援 │ 佐藤 一郎 .* 端末なし .*\n.*佐藤 花子/,
	'door_list.sql' => qr/^ +1 │ 要支援 │ 佐藤 花子、佐藤 一郎 │ H1 /m,
	'unaccounted.sql' => qr/要支援 │ 佐藤 一郎 │ H1 .*\n.*佐藤 花子/,
	'replay.sql' => qr/ reading .* g1 .*"rise_too_fast"/s,
	'after_action.sql' => qr/draft to approval .*00:00:00.* approval .*mayor/s);
foreach my $script (sort keys %says)
{
	my $shown = as_staff($script, '-v', "alert=$id");
	like($shown, $says{$script}, "$script says what it should");
	($widest) = sort { $b <=> $a } map { columns($_) } split /\n/, $shown;
	cmp_ok($widest, '<=', 120, 'in 120 columns');
}
$node->safe_psql('postgres', "INSERT INTO passport.shelter (shelter_id, name, location) VALUES ('S1', '公民館', public.ST_Point(138.5, 36, 4326))");
$node->safe_psql('postgres', "SELECT passport.set_capacity('S1', 40)", extra_params => [ '-U', 'drafter' ]);
like(as_staff('shelters.sql'), qr/公民館 .* 全員 all .* 40 .* 0 .* 40/, 'the shelters are listed');
like(as_staff('questions.sql'), qr/住民への質問/, 'and the questions');

my $html = as_staff('today_html.sql', '-At');
like($html, qr/\A<!DOCTYPE html><html lang="ja">.*<\/html>\n\z/s, 'the page is one document');
unlike($html, qr/佐藤/, 'without names');
is($node->safe_psql('postgres', q{SELECT string_agg(format('%s %s %s', who, source, rows), ', ' ORDER BY source)
	FROM (SELECT who, source, count(*) AS rows FROM passport.audit_record GROUP BY who, source) AS a}),
	'drafter call_list 2, drafter door_list 2, drafter report_household 4, drafter report_map_svg 2, drafter report_unanswered 2, drafter unaccounted 2',
	'and of both residents it is kept that this login looked: in the terminal and on the page');

for my $table ('alert', 'alert_recipient', 'alert_answer', 'resident')
{
	my ($status, $out, $error) = $node->psql('postgres', "TABLE passport.$table", extra_params => [ '-U', 'drafter' ]);
	like($error, qr/permission denied/, "staff read no table: $table");
}

done_testing();
