# Lanes on every channel at once: thousands of bulk messages that a rate holds back
# stand in no evacuation's way, the more urgent lane goes first, and a rate is kept.
use strict;
use warnings;

use Crowd;
use Encode qw(encode_utf8);
use MailServer;
use Test::More;
use Time::HiRes qw(sleep time);

my $rate = 40;
my $test = Crowd->new('push_lanes', 'smtp.from' => 'bosai@town.example.jp', batch => 200, in_flight => 200, lease => 120, timeout => 4,
	(map { ("$_.rate" => $rate) } qw(fcm apns webpush)), 'line.rate' => 1, 'smtp.rate' => 0, 'smtp.url' => 'smtp://127.0.0.1:{mail}');
$test->start_gateway;
my $mail = MailServer->start($test->{dir}, "$test->{dir}/mails");
END { my $status = $?; $mail->stop if $mail; $? = $status }
$test->{settings}{'smtp.url'} = "smtp://127.0.0.1:$mail->{port}";
# at any hour, without a limit of its own, and by LINE, too
$test->sql("SELECT passport.set_fallback('bulk', 2, '0')");
$test->sql("SELECT passport.set_lane_rule('bulk', NULL, NULL, NULL, true)");

# say(LANE, TITLE, CROWD): one message; returns when it was said
sub say
{
	my ($lane, $title, $crowd) = @_;
	$test->sql(qq{
	  SELECT passport.notify((SELECT array_agg(resident_id) FROM member WHERE crowd = '$crowd'), 'alert', '$lane',
	    '{"ja": {"title": "$title", "body": "川があふれます"}}', '{"word": "$title"}')});
	return time;
}

# moments(WORD): when each channel's requests with a message came, sorted
sub moments
{
	my ($word) = @_;
	my %found;
	my $paths = $test->requests('path');
	for my $path (sort keys %$paths)
	{
		my ($channel) = map { $_->[1] } grep { $path =~ $_->[0] } [ qr{^/v1/}, 'fcm' ], [ qr{^/3/}, 'apns' ], [ qr{^/push/}, 'webpush' ], [ qr{^/v2/}, 'line' ];
		next unless defined $channel;
		for my $request (@{ $paths->{$path} })
		{
			my $said = $request->{data}{word} // $request->{payload}{word} // ($request->{messages} ? (split /\n/, $request->{messages}[0]{text})[0] : undef);
			# what is sealed is told apart by who it was for
			$said //= $request->{name} =~ /^person-/ ? 'urgent' : 'bulk' if $channel eq 'webpush';
			push @{ $found{$channel} }, $request if defined $said && encode_utf8($said) eq $word;
		}
	}
	return { map { my $c = $_; ($c => [ sort { $a->{time} <=> $b->{time} } @{ $found{$c} } ]) } keys %found };
}

# ---- an evacuation among thousands of bulk messages ----

# so many that each channel holds all that it may
$test->add_crowd('many-', 6000);
$test->add_crowd('person-', 40);
for my $n (1 .. 300) { $test->add_device("mail$n", 'smtp', "slow-200-$n\@example.jp") }
$test->add_device('mailed', 'smtp', 'urgent@example.jp');
$test->sql("UPDATE passport.device SET state = 'active' WHERE channel = 'smtp'");
$test->sql("INSERT INTO member SELECT CASE WHEN token = 'urgent\@example.jp' THEN 'person-' ELSE 'many-' END, channel, token, resident_id, device_id FROM passport.device WHERE channel = 'smtp'");
say('bulk', "bulk$_", 'many-') for 1 .. 3;
$test->write_config;
$test->start;
for (1 .. 200) { last if $mail->mails >= 5; sleep 0.05 }
sleep 3;
my $held = $test->sql("SELECT string_agg(channel || ' ' || n, ', ' ORDER BY channel) FROM (SELECT channel, count(*) AS n FROM passport.delivery WHERE worker IS NOT NULL GROUP BY 1) AS c");
note "held: $held";
my $said = say('evacuation', 'urgent', 'person-');
my $waits = "SELECT count(*) = 0 FROM passport.delivery AS d JOIN member USING (resident_id, device_id) WHERE crowd = 'person-'";
ok($test->{node}->poll_query_until('postgres', $waits), 'the evacuation comes to an end');
my $left = $test->sql("SELECT min(n) FROM (SELECT channel, count(*) AS n FROM passport.delivery GROUP BY 1) AS c");
cmp_ok($left, '>', 100, 'while bulk waits on every channel');
is($test->sql('SELECT count(DISTINCT channel) FROM passport.delivery'), 5, 'of all five');
my $urgent = moments('urgent');
is(join(' ', map { "$_:" . scalar(map { $_->{names} ? @{ $_->{names} } : 1 } @{ $urgent->{$_} }) } sort keys %$urgent), 'apns:10 fcm:10 line:10 webpush:10', 'everybody was told');
# at such a rate ten take a quarter of a second
for my $channel (sort keys %$urgent)
{
	my $late = $urgent->{$channel}[-1]{time} - $said;
	cmp_ok($late, '<', 2, sprintf('%s: the last of them %.2f s after it was said', $channel, $late));
}
my ($letter) = $mail->mails('urgent@example.jp');
cmp_ok($letter->{time} - $said, '<', 1, sprintf('smtp: %.2f s after it was said', $letter->{time} - $said));
is($test->sql("SELECT count(*) FROM passport.delivery WHERE channel = 'smtp' AND not_before IS NOT NULL"), 0, 'no mail has waited for a connection until its time was over');
is($urgent->{apns}[0]{headers}{'apns-priority'}, '10', 'it wakes an iPhone');
is($urgent->{fcm}[0]{android}{priority}, 'high', 'and an Android');
is($urgent->{webpush}[0]{headers}{urgency}, 'high', 'and a browser');
my $bulk = moments('bulk1');
is($bulk->{apns}[0]{headers}{'apns-priority'}, '5', 'bulk does not wake an iPhone');
is($bulk->{fcm}[0]{android}{priority}, 'normal', 'nor an Android');
is(moments('bulk')->{webpush}[0]{headers}{urgency}, 'normal', 'nor a browser');

# ---- a rate ----

for my $channel (qw(fcm apns webpush line))
{
	my @times = map { $_->{time} } map { @{ $_->{$channel} // [] } } $bulk, moments('bulk'), moments('bulk2'), $urgent;
	@times = sort { $a <=> $b } @times;
	my $wanted = $channel eq 'line' ? 1 : $rate;
	my $seconds = $times[-1] - $times[0];
	# the bucket holds a second's worth
	cmp_ok(scalar(@times), '<=', $wanted * ($seconds + 1) + 1, sprintf('%s: %d requests in %.1f s are within %d a second', $channel, scalar(@times), $seconds, $wanted));
	cmp_ok(scalar(@times), '>=', $wanted * $seconds * 0.6, "$channel: and not far below it");
}
is($test->stop, 0, 'it ends well');
$test->sql('DELETE FROM passport.delivery');

# ---- a provider so slow that all that may be claimed is under way ----

$test->add_crowd('slow-3000-', 1200);
say('bulk', 'slow', 'slow-3000-');
$test->write_config(batch => 50, (map { ("$_.rate" => 0) } qw(fcm apns webpush line)), 'smtp.url' => undef, 'smtp.from' => undef);
$test->start;
ok($test->{node}->poll_query_until('postgres', "SELECT count(*) >= 95 FROM passport.delivery WHERE worker IS NOT NULL AND channel = 'fcm'"), 'two batches are held');
$said = say('evacuation', 'through', 'person-');
# (of APNs a process that has not been answered yet has one stream, which is slow here)
ok($test->{node}->poll_query_until('postgres', "$waits AND d.channel = 'fcm'"), 'the evacuation comes to an end');
my $through = moments('through')->{fcm};
cmp_ok(scalar(@$through), '==', 10, 'everybody was told');
my $late = $through->[-1]{time} - $said;
cmp_ok($late, '<', 1, sprintf('through the room that is kept, the last of them %.2f s after it was said', $late));
is($test->stop, 0, 'it ends well');
$test->sql('DELETE FROM passport.delivery');

# ---- the more urgent lane first ----

say($_, $_, 'person-') for qw(bulk broadcast personal disaster evacuation);
$test->write_config('in_flight' => 2, 'smtp.url' => undef, 'smtp.from' => undef);
$test->start;
ok($test->{node}->poll_query_until('postgres', "SELECT count(*) = 0 FROM passport.delivery WHERE channel <> 'smtp'"), 'all lanes come to an end');
for my $channel (qw(fcm apns))
{
	# what is kept for the urgent lets a broadcast pass a personal message
	for my $lanes ([qw(evacuation disaster personal bulk)], [qw(evacuation disaster broadcast bulk)])
	{
		my @order = map { [ $_, moments($_)->{$channel} ] } @$lanes;
		my @ahead = grep { $order[$_ - 1][1][-1]{time} > $order[$_][1][0]{time} + 0.1 } 1 .. $#order;
		is(join(' ', map { $order[$_][0] } @ahead), '', "$channel: none of @$lanes overtakes another");
	}
}
is($test->stop, 0, 'it ends well');
$test->{gateway}->signal('TERM');
$test->{gateway}->finish;
done_testing();
