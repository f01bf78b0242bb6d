# Many people at once on FCM, APNs, Web Push and LINE, and the proof that each was
# told: what the gateway recorded, held against what the database knows.
#
# What may come twice is what somebody held when it died, or when the database
# did: note_held keeps that at the moment, delivery by delivery, and prove finds
# no copy of anything else.
package Crowd;
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Push;
use Test::More;
use Time::HiRes qw(sleep time);

our @ISA = ('Push');

our @channels = qw(fcm apns webpush line);
# a browser's keys: those of RFC 8291, appendix A
my $browser = '{"auth": "BTBZMqHH6r4Tts7J_aSIgg", "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}';

# new(NAME, SETTINGS): with all four channels; random moments are those of a seed
sub new
{
	my ($class, $name, %settings) = @_;
	my $seed = $ENV{PASSPORT_SEED} // int(time);
	srand $seed;
	note "PASSPORT_SEED=$seed";
	my $self = $class->SUPER::new($name,
		'fcm.service_account' => '{dir}/account.json', 'fcm.endpoint' => 'https://127.0.0.1:{port}',
		'apns.key_file' => '{dir}/apns.p8', 'apns.key_id' => 'KEY1234567', 'apns.team_id' => 'TEAM123456',
		'apns.topic' => 'jp.example.app', 'apns.endpoint' => 'https://127.0.0.1:{port}',
		'webpush.key_file' => '{dir}/apns.p8', 'webpush.subject' => 'mailto:it@example.jp', 'webpush.allow_private' => 'yes',
		'line.token_file' => '{dir}/line.token', 'line.endpoint' => 'https://127.0.0.1:{port}',
		# no answer is late on a machine that is busy: what came too late would be sent again
		'batch' => 50, 'lease' => 10, 'timeout' => 8, %settings);
	$self->sql(q{
	  -- who is in a crowd, and by which name the gateway knows them
	  CREATE TABLE member (crowd text, channel text, name text, resident_id bigint, device_id bigint);
	  -- what was held when its holder died, once for each death
	  CREATE TABLE held (delivery_id bigint);
	  CREATE TABLE record (line jsonb);
	  -- one row for each person of each request
	  CREATE VIEW request AS
	    SELECT CASE WHEN line->>'path' LIKE '/v1/projects/%' THEN 'fcm' WHEN line->>'path' LIKE '/3/device/%' THEN 'apns'
	                WHEN line->>'path' LIKE '/push/%' THEN 'webpush' WHEN line->>'path' LIKE '/v2/bot/%' THEN 'line' END AS channel,
	           n.name, line->>'path' AS path, (line->>'time')::float8 AS at, (line->>'status')::int AS status,
	           (line->>'number')::bigint IN (SELECT (l.line->>'lost')::bigint FROM record AS l WHERE l.line ? 'lost') AS lost,
	           coalesce(line->'headers'->>'apns-id', line->'headers'->>'topic', line->'headers'->>'x-line-retry-key',
	                    line->'android'->'notification'->>'tag') AS key
	      FROM record, jsonb_array_elements_text(coalesce(line->'names', jsonb_build_array(coalesce(line->'name', line->'token')))) AS n(name);
	  -- each delivery, with what the gateway says of it
	  CREATE VIEW fate AS
	    SELECT m.crowd, m.channel, m.name, o.delivery_id, o.outcome, o.attempts, coalesce(r.taken, 0) AS taken, coalesce(r.lost, 0) AS lost,
	           coalesce(r.keys, 0) AS keys, r.key, coalesce(h.deaths, 0) AS deaths
	      FROM member AS m LEFT JOIN passport.delivery_outcome AS o USING (resident_id, device_id)
	      LEFT JOIN (SELECT channel, name, count(*) FILTER (WHERE status BETWEEN 200 AND 202) AS taken,
	                        count(*) FILTER (WHERE status BETWEEN 200 AND 202 AND lost) AS lost, min(key) AS key,
	                        -- a multicast has a key of its own
	                        count(DISTINCT key) FILTER (WHERE path NOT LIKE '%/multicast') AS keys
	                   FROM request GROUP BY 1, 2) AS r USING (channel, name)
	      LEFT JOIN (SELECT delivery_id, count(*) AS deaths FROM held GROUP BY 1) AS h USING (delivery_id);
	});
	return $self;
}

# add_crowd(WORD, COUNT, CROWD): so many people in equal parts on each channel; their names begin with a word that
# is theirs alone, such as slow-40-a, which says how the gateway treats them; it names the crowd, too, unless that
# is one of several words
sub add_crowd
{
	my ($self, $word, $count, $crowd) = @_;
	$crowd //= $word;
	$self->sql(qq{
	  WITH named AS MATERIALIZED (
	    SELECT c.channel, '$word' || left(c.channel, 1) || n AS name
	      FROM unnest('{@{[join ',', @channels]}}'::text[]) AS c(channel), generate_series(1, $count / 4) AS n),
	  numbered AS MATERIALIZED (
	    SELECT *, translate(left(md5(name), 20), '0123456789', 'ghijklmnop') AS number FROM named),
	  made AS (
	    INSERT INTO passport.resident (resident_number, name, updated_at) SELECT number, '試験', now() FROM numbered
	    RETURNING resident_id, resident_number),
	  devices AS (
	    INSERT INTO passport.device (resident_id, channel, token, keys, registered_at)
	    SELECT m.resident_id, n.channel,
	           CASE n.channel WHEN 'fcm' THEN n.name WHEN 'webpush' THEN 'https://127.0.0.1:$self->{port}/push/' || n.name
	                WHEN 'line' THEN 'U' || p.hex ELSE p.hex END,
	           CASE n.channel WHEN 'apns' THEN '{"environment": "production"}' WHEN 'webpush' THEN '$browser' END::jsonb, now()
	      FROM made AS m JOIN numbered AS n ON n.number = m.resident_number,
	           encode(convert_to(rpad(n.name, 16, '.'), 'UTF8'), 'hex') AS p(hex)
	    RETURNING resident_id, device_id)
	  INSERT INTO member SELECT '$crowd', n.channel, n.name, m.resident_id, d.device_id
	    FROM devices AS d JOIN made AS m USING (resident_id) JOIN numbered AS n ON n.number = m.resident_number});
	$self->sql('ANALYZE passport.resident, passport.device, member');
	return;
}

# tell(CROWD, EXPIRES): a message to all of it, which has so long
sub tell
{
	my ($self, $crowd, $expires) = @_;
	$expires = defined $expires ? "now() + interval '$expires'" : 'NULL';
	return $self->sql(qq{
	  SELECT notification_id FROM passport.notify(
	    (SELECT array_agg(resident_id) FROM member WHERE crowd = '$crowd'), 'alert', 'evacuation',
	    '{"ja": {"title": "避難指示", "body": "川があふれます"}}', '{"alert": "1"}', expires_at => $expires)});
}

# told(CROWD): of how many the database knows an outcome
sub told { my ($self, $crowd) = @_; return $self->sql("SELECT count(*) FROM passport.delivery_outcome JOIN member USING (resident_id, device_id) WHERE crowd = '$crowd'") }

# wait_told(CROWD, COUNT): until so many are
sub wait_told { my ($self, $crowd, $count) = @_; return $self->{node}->poll_query_until('postgres', "SELECT count(*) >= $count FROM passport.delivery_outcome JOIN member USING (resident_id, device_id) WHERE crowd = '$crowd'") }

# note_held(PID): keeps what a process holds, or, without one, what anybody does; returns the most of one channel
sub note_held
{
	my ($self, $pid) = @_;
	my $whose = defined $pid ? "worker LIKE 'passport-push/%/$pid/%'" : 'worker IS NOT NULL';
	return $self->sql(qq{
	  WITH kept AS (INSERT INTO held SELECT delivery_id FROM passport.delivery WHERE $whose)
	  SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM passport.delivery WHERE $whose GROUP BY channel) AS c});
}

# kill_push(HANDLE): kill -9, and what it held at that moment; returns the most of one channel
sub kill_push
{
	my ($self, $push) = @_;
	my $pid = $push->{KIDS}[0]{PID};
	$push->signal('KILL');
	$push->finish;
	return $self->note_held($pid);
}

# prove(CROWD, BOUND): that each of it was told, with one key, and no more often than a column or two of fate say: once,
# and once for each death of who held it; returns how many copies there were
sub prove
{
	my ($self, $crowd, $bound) = @_;
	$bound //= '1 + deaths';
	$self->sql("TRUNCATE record; COPY record FROM '$self->{dir}/requests' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02'); ANALYZE record");
	$self->sql("DROP TABLE IF EXISTS judged; CREATE TABLE judged AS SELECT * FROM fate WHERE crowd = '$crowd'");
	my $members = $self->sql("SELECT count(*) FROM member WHERE crowd = '$crowd'");
	is($self->sql('SELECT outcome, count(*) FROM judged GROUP BY 1 ORDER BY 1'), "delivered|$members", "$crowd: each of $members has one outcome, and it is delivered");
	is($self->sql('SELECT count(*) FROM judged WHERE taken = 0'), 0, 'the gateway took each of them');
	is($self->sql('SELECT name FROM request LEFT JOIN member USING (channel, name) WHERE status BETWEEN 200 AND 202 AND channel IS NOT NULL AND crowd IS NULL LIMIT 5'), '', 'and nobody else');
	is($self->sql("SELECT name, attempts, taken, deaths, lost FROM judged WHERE taken > $bound ORDER BY 1 LIMIT 5"), '', "none more often than $bound");
	is($self->sql('SELECT name, keys FROM judged WHERE keys > 1 ORDER BY 1 LIMIT 5'), '', 'a copy has the key of the first');
	is($self->sql("SELECT count(*) - count(DISTINCT key) FROM judged WHERE channel IN ('apns', 'webpush')"), 0, 'which is nobody else\'s');
	my $copies = $self->sql('SELECT sum(taken - 1) FROM judged');
	note "$crowd: $copies copies ", $self->sql("SELECT string_agg(channel || ' ' || n, ', ') FROM (SELECT channel, sum(taken - 1) AS n FROM judged GROUP BY 1) AS c");
	return $copies;
}

1;
