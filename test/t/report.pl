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
SELECT passport.record_telephone(resident_id, '0267-96-2211'), passport.record_consent(resident_id, 'emergency_contact', true),
       passport.record_emergency_contact(resident_id, 1, '佐藤 次郎', '弟', '090-1234-5678')
  FROM passport.resident_directory WHERE resident_number = '1';
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
unlike($today, qr/\d…/, 'and no number is broken');

# the lists and the review of one alert
$node->safe_psql('postgres', "INSERT INTO passport.shelter (shelter_id, name, location) VALUES ('S1', '公民館', public.ST_Point(138.5, 36, 4326))");
$node->safe_psql('postgres', "SELECT passport.set_capacity('S1', 40), passport.open_shelter('S1'), passport.check_in_visitors('S1', 3, 'k', 'Nguyen Van A', '佐久市', 'vi', '{\"infant\": 1}')",
	extra_params => [ '-U', 'drafter' ]);
$node->safe_psql('postgres', q{SELECT passport.record_call(} . $id . q{, resident_id, 'no_answer', '0267-96-2211') FROM passport.resident WHERE name = '佐藤 花子'});
$node->safe_psql('postgres', q{INSERT INTO passport.account (resident_id, assurance, created_at) SELECT resident_id, 'card_certain', passport.now() FROM passport.resident;
	SELECT passport.ask_area('{"ja": "市場坂は通れますか。"}', public.ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326), passport.now() + interval '1 hour');
	UPDATE passport.question_recipient SET answer = 'no', answered_at = passport.now(), note = '路肩が崩れた'});
my %says = (
	'call_list.sql' => qr/佐藤 一郎 .*要支援 +↵│ 佐藤 花子 +↵.*\n.*端末なし │ 0267-96-2211 .*\n.*佐藤 花子 .* 0267-96-2211 .* 弟 佐藤 次郎 .* 1回 05:00 応答なし.*\n.* 090-1234-5678/,
	'door_list.sql' => qr/^ +1 │ 要支援 │ 佐藤 花子 +↵│ H1 /m,
	'unaccounted.sql' => qr/佐藤 一郎 .* H1 .* 要支援.*\n.*端末なし.*\n.*佐藤 花子/,
	'households.sql' => qr/海ノ口 +│ +1 │ +0 │ +0 │ +0 │ +1 │ +1.*\n 合計 all/,
	'replay.sql' => qr/ 水位 reading .* g1 .*"rise_too_fast".* 電話 calls .*no_answer/s,
	'after_action.sql' => qr/draft to approval .*00:00:00.* 承認 approval .*mayor.*応答なし no_answer .* 1 .*開設 opened +│ 公民館.*質問 asked +│ 市場坂は通れますか。/s,
	'shelters.sql' => qr/公民館 .* 全員 all .* 40 .* 3 .* 3 .* 37 │ 開設\n 公民館 +│ 乳幼児 /,
	'visitors.sql' => qr/Nguyen Van A │ 佐久市 .* vi .* 3 \/ 3 .* 乳幼児 1 /,
	'question.sql' => qr/市場坂は通れますか。 .* 2 \/ 2 .*ほか elsewhere .* 2 .*いいえ no .*路肩が崩れた/s,
	'questions.sql' => qr/市場坂は通れますか。 .* 2 \/ 2 /);
foreach my $script (sort keys %says)
{
	my $shown = as_staff($script, '-v', "alert=$id", '-v', 'shelter=S1', '-v', 'question=1');
	like($shown, $says{$script}, "$script says what it should");
	($widest) = sort { $b <=> $a } map { columns($_) } split /\n/, $shown;
	cmp_ok($widest, '<=', 120, 'in 120 columns');
	unlike($shown, qr/\d…/, 'and no number is broken');
}

my $html = as_staff('today_html.sql', '-At');
like($html, qr/\A<!DOCTYPE html><html lang="ja">.*<\/html>\n\z/s, 'the page is one document');
unlike($html, qr/佐藤/, 'without names');
is($node->safe_psql('postgres', q{SELECT string_agg(format('%s %s %s', who, source, rows), ', ' ORDER BY source)
	FROM (SELECT who, source, count(*) AS rows FROM passport.audit_record GROUP BY who, source) AS a}),
	'drafter call_list 2, drafter door_list 2, drafter question_answers 2, drafter report_household 4, drafter report_map_svg 2, drafter report_unanswered 2, drafter shelter_visitors 1, drafter unaccounted 2',
	'and of both residents it is kept that this login looked: in the terminal and on the page');

for my $table ('alert', 'alert_recipient', 'alert_answer', 'resident')
{
	my ($status, $out, $error) = $node->psql('postgres', "TABLE passport.$table", extra_params => [ '-U', 'drafter' ]);
	like($error, qr/permission denied/, "staff read no table: $table");
}

done_testing();
