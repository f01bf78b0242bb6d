# Places: the 大字, the boundary and the shelters as published, lots within them,
# and how an address is written.
package Place;

use strict;
use warnings;
use utf8;

use Exporter qw(import);
use File::Basename qw(dirname);
use JSON::PP ();

use Chance qw(between happens any bell);

our @EXPORT_OK = qw(oaza boundary shelters place card_address registered_address);

my $data = dirname(__FILE__) . '/../data';

sub read_file {
	open my $in, '<:raw', $_[0] or die "village.pl: $_[0]: $!\n";
	local $/;
	return scalar <$in>;
}

sub read_json { return JSON::PP->new->utf8->decode(read_file($_[0])) }

my %oaza = map { ($_->{town} =~ s/^大字//r) => $_ } @{ read_json("$data/oaza.json") };
my $boundary = read_json("$data/N03_20305.geojson")->{features}[0];
my @ring = map { [@$_] } @{ $boundary->{geometry}{coordinates}[0] };
my @shelters = published_shelters();

# The boundary's edges by bands of latitude, so that a point is tested
# against those of its own band only.
use constant BANDS => 400;
my ($south, $north) = (90, 0);
for (@ring) { $south = $_->[1] if $_->[1] < $south; $north = $_->[1] if $_->[1] > $north }
my @band;
for my $i (1 .. $#ring) {
	my ($low, $high) = sort { $a <=> $b } map { band_of($_->[1]) } @ring[ $i - 1, $i ];
	push @{ $band[$_] }, $i for $low .. $high;
}

sub band_of { return int(($_[0] - $south) / ($north - $south) * (BANDS - 1)) }

sub inside {
	my ($lon, $lat) = @_;
	return 0 if $lat < $south || $lat > $north;
	my $crossings = 0;
	for my $i (@{ $band[ band_of($lat) ] }) {
		my ($from, $to) = @ring[ $i - 1, $i ];
		next if ($from->[1] > $lat) == ($to->[1] > $lat);
		$crossings++
		  if $lon < $from->[0] + ($lat - $from->[1]) / ($to->[1] - $from->[1]) * ($to->[0] - $from->[0]);
	}
	return $crossings % 2;
}

# published_shelters() joins the two published lists; a place to stay has no hazards.
sub published_shelters {
	my %key = (
		'洪水' => 'flood', '崖崩れ、土石流及び地滑り' => 'landslide', '高潮' => 'storm_surge', '地震' => 'earthquake',
		'津波' => 'tsunami', '大規模な火事' => 'fire', '内水氾濫' => 'inland_flood', '火山現象' => 'volcano');
	my @list;
	for my $file (qw(emergency evacuation)) {
		for my $feature (@{ read_json("$data/shelters/${file}_203050.geojson")->{features} }) {
			my $p = $feature->{properties};
			my @hazards = grep { ($p->{$_} // '') eq '1' } sort keys %key;
			push @list, {
				shelter_id => $p->{'共通ID'},
				name => $p->{'施設・場所名'},
				address => $p->{'住所'},
				lon => $feature->{geometry}{coordinates}[0],
				lat => $feature->{geometry}{coordinates}[1],
				hazards => [ map { $key{$_} } @hazards ] };
		}
	}
	return @list;
}

# Where people live: around the 大字's public halls and schools, which the
# shelters are, and a few around the 大字's own point.
my %settlement;
for my $shelter (@shelters) {
	my ($name) = grep { $shelter->{address} =~ /大字$_/ } sort keys %oaza;
	push @{ $settlement{$name} }, [ $shelter->{lon}, $shelter->{lat} ];
}
# The point of 海ノ口 lies on a mountain: nobody is put there.
push @{ $settlement{$_} }, [ $oaza{$_}{lng}, $oaza{$_}{lat} ] for grep { $_ ne '海ノ口' } sort keys %oaza;

my %used_lot = map { $_->{address} =~ /大字(\D+)(\d+)/ ? ("$1$2" => 1) : () } @shelters;

sub place {
	my $name = shift;
	my $lot;
	do { $lot = between(10, $name eq '海ノ口' ? 3200 : 1400) } while $used_lot{"$name$lot"}++;
	my $branch = happens(0.45) ? between(1, 12) : 0;
	my ($lon, $lat);
	do {
		my $near = any(@{ $settlement{$name} });
		$lon = sprintf '%.6f', $near->[0] + bell() * 0.0035;
		$lat = sprintf '%.6f', $near->[1] + bell() * 0.0028;
	} until inside($lon, $lat);
	my $located = !happens(0.01);
	return { oaza => $name, lot => $lot, branch => $branch, building => '',
		$located ? (lon => $lon, lat => $lat) : () };
}

sub card_address {
	my $place = shift;
	return "長野県南佐久郡南牧村大字$place->{oaza}$place->{lot}番地"
	  . ($place->{branch} || '') . ($place->{building} && "　$place->{building}");
}

sub kanji_number {
	my $n = shift;
	my @digit = ('', split //, '一二三四五六七八九');
	my $text = '';
	for ([ 1000, '千' ], [ 100, '百' ], [ 10, '十' ]) {
		my ($unit, $name) = @$_;
		my $count = int($n / $unit);
		$text .= ($count > 1 ? $digit[$count] : '') . $name if $count;
		$n %= $unit;
	}
	return $text . $digit[$n];
}

sub wide { return $_[0] =~ tr/0-9\-/０-９－/r }

# registered_address: as decades of clerks wrote it, one time in five.
sub registered_address {
	my $place = shift;
	my $address = card_address($place);
	return $address unless happens(0.2);
	my ($lot, $branch) = @$place{qw(lot branch)};
	my $numbers = $lot . ($branch ? "-$branch" : '');
	my $head = "長野県南佐久郡南牧村大字$place->{oaza}";
	my $tail = $place->{building} && "　$place->{building}";
	my @forms = (
		$address =~ s/南佐久郡//r, $address =~ s/長野県南佐久郡//r, $address =~ s/大字//r,
		wide($address), $head . wide($numbers) . $tail, "$head$numbers$tail",
		$head . kanji_number($lot) . '番地' . ($branch ? 'ノ' . kanji_number($branch) : '') . $tail,
		$branch ? $address =~ s/番地/番地の/r : "$address " );
	push @forms, $address =~ s/海ノ口/海之口/r, $address =~ s/海ノ口/海の口/r if $place->{oaza} eq '海ノ口';
	push @forms, $address =~ s/平沢/平澤/r if $place->{oaza} eq '平沢';
	push @forms, $address =~ s/広瀬/廣瀬/r if $place->{oaza} eq '広瀬';
	return any(@forms);
}

# The 大字 with their points, the boundary as it was published, and the shelters, to be written.
sub oaza { return \%oaza }
sub boundary { return $boundary }
sub shelters { return \@shelters }

1;
