# An authorised alert that could not be sent is sent by the worker once it can be,
# also when the server stopped at once in between.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('rise');
$node->init;
$node->append_conf('postgresql.conf', <<CONF);
shared_preload_libraries = 'passport'
passport.worker_interval = 1
timezone = 'Asia/Tokyo'
CONF
$node->start;
$node->safe_psql('postgres', 'SET client_min_messages = warning; CREATE EXTENSION passport CASCADE');

sub ask { return $node->safe_psql('postgres', $_[0]) }

ask(<<SQL);
SELECT passport.define_sensor('r', '{"stages": [{"stage": 3, "up": 3}]}');
SELECT passport.record_readings('r', ARRAY[now() - interval '3 minutes'], ARRAY[1]);
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.stage_authority (sensor, stage, hazard, level, headcount, until_time, authorised_by, authorised_at, confirmed_by, confirmed_at)
VALUES ('r', 3, 'flood', 3, 0, now() + interval '1 day', 'a', now(), 'b', now());
SQL
$node->safe_psql('postgres', "SET client_min_messages = error; SELECT passport.record_readings('r', ARRAY[now() - interval '2 minutes', now() - interval '1 minute'], ARRAY[3.4, 3.4])");
is(ask('SELECT outcome, attempt, sqlstate FROM passport.stage_answer'), 'failed|1|PT422', 'an authorised alert fails');
$node->append_conf('postgresql.conf', "passport.database = 'postgres'\n");
$node->stop('immediate');
$node->start;
ask(<<SQL);
SELECT passport.assign_zones('r', 3, ARRAY[(SELECT zone_id FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature",
  "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[138.45, 35.949], [138.452, 35.949], [138.452, 35.951], [138.45, 35.949]]]}}]}', 'flood', 'rise'))]);
SQL
my $until = time + 60;
sleep 0.2 until time > $until || ask("SELECT EXISTS (SELECT FROM passport.stage_answer WHERE outcome = 'sent')") eq 't';
is(ask("SELECT state, level FROM passport.alert WHERE sensor = 'r'"), 'approved|3', 'and is sent by the worker, once there is a zone');
is(ask("SELECT count(*) FILTER (WHERE outcome = 'sent'), max(attempt) > 1 FROM passport.stage_answer"), '1|t', 'once');
$node->stop;
done_testing();
