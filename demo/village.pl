#!/usr/bin/perl
# village.pl DIRECTORY: makes the demo's village there, the same on every run.
#
# 3,068 residents in households of a mountain village, 511 of them foreign
# nationals.  Real are the 大字, the boundary, the shelters and how frequent
# names are (demo/data/SOURCES.md); the persons are not: every name, birth
# date, lot and household is drawn by a generator with a fixed seed, and any
# likeness to a living person is chance.  So are the shares of age groups,
# 大字 and nationalities.
#
# Writes residents.json (for import_residents), cards.tsv (for record_card),
# people.tsv (for test/card/hierarchy: the 200 who register), devices.tsv,
# roster.txt (a health class), boundary.json, oaza.tsv and shelters.json.
use strict;
use warnings;
use utf8;

use FindBin;
use JSON::PP ();
use Time::Local qw(timegm);

use constant {
	RESIDENTS  => 3068,
	FOREIGN    => 511,
	REGISTRANT => 200,
	TODAY      => '2026-05-25',    # the day on which the demo's ages are true
	REMINDED_ON => '2026-07-01',   # the day to which the demo moves its clock for the reminders
};

my $data = "$FindBin::Bin/data";
my $directory = shift // die "usage: village.pl DIRECTORY\n";
-d $directory or mkdir $directory or die "village.pl: $directory: $!\n";

# --- chance -------------------------------------------------------------

# Park and Miller's generator: the same numbers on every machine and perl.
my $state = 20305;

sub chance { $state = $state * 48271 % 2147483647; return $state / 2147483647 }
sub below  { return int(chance() * $_[0]) }
sub between { my ($low, $high) = @_; return $low + below($high - $low + 1) }
sub happens { return chance() < $_[0] }
sub any { return $_[ below(scalar @_) ] }

# weighted(value => weight, ...) draws one value.
sub weighted {
	my @pairs = @_;
	my $sum = 0;
	$sum += $pairs[ 2 * $_ + 1 ] for 0 .. $#pairs / 2;
	my $at = chance() * $sum;
	while (@pairs > 2) {
		my ($value, $weight) = splice @pairs, 0, 2;
		return $value if ($at -= $weight) < 0;
	}
	return $pairs[0];
}

# bell() is about normal, mean 0, deviation 1.
sub bell { my $sum = -6; $sum += chance() for 1 .. 12; return $sum }

# --- dates, as days since 1970 and as YYYY-MM-DD ------------------------

sub to_days { my ($y, $m, $d) = split /-/, $_[0]; return timegm(0, 0, 0, $d, $m - 1, $y) / 86400 }

sub to_date {
	my @t = gmtime($_[0] * 86400);
	return sprintf '%04d-%02d-%02d', $t[5] + 1900, $t[4] + 1, $t[3];
}
my $today = to_days(TODAY);

# birth_date AGE: any day but 29 February, on which rules of expiry differ.
sub birth_date {
	my $age = shift;
	while (1) {
		my $year = substr(TODAY, 0, 4) - $age;
		my $date = to_date(to_days(sprintf '%04d%s', $year, substr(TODAY, 4)) - 1 - below(364));
		return $date if substr($date, 5) ne '02-29';
	}
}

sub age_on {
	my ($birth, $date) = @_;
	my $age = substr($date, 0, 4) - substr($birth, 0, 4);
	return substr($date, 5) lt substr($birth, 5) ? $age - 1 : $age;
}

# nth_birthday BIRTH, DATE, N: the Nth birthday after a date.
sub nth_birthday {
	my ($birth, $date, $n) = @_;
	return sprintf '%04d-%s', substr($birth, 0, 4) + age_on($birth, $date) + $n, substr($birth, 5);
}
sub earlier { return $_[0] lt $_[1] ? $_[0] : $_[1] }

# --- data ---------------------------------------------------------------

sub read_file {
	open my $in, '<:raw', $_[0] or die "village.pl: $_[0]: $!\n";
	local $/;
	return scalar <$in>;
}
sub read_json { return JSON::PP->new->utf8->decode(read_file($_[0])) }

sub read_csv {
	my $text = read_file($_[0]);
	utf8::decode($text);
	my ($head, @lines) = split /\n/, $text;
	my @columns = split /,/, $head;
	return map { my %row; @row{@columns} = split /,/; \%row } @lines;
}

my %oaza = map { ($_->{town} =~ s/^大字//r) => $_ } @{ read_json("$data/oaza.json") };
my $boundary = read_json("$data/N03_20305.geojson")->{features}[0];
my @ring = map { [@$_] } @{ $boundary->{geometry}{coordinates}[0] };
my @surnames = map { ($_ => $_->{bearers}) } read_csv("$data/names/surnames.csv");
my %given;
push @{ $given{ $_->{sex} }{ $_->{generation} } }, $_ for read_csv("$data/names/given_names.csv");
my @shelters = shelters();

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

# shelters() joins the two published lists; a place to stay has no hazards.
sub shelters {
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

# --- places -------------------------------------------------------------

# Where people live: around the 大字's public halls and schools, which the
# shelters are, and a few around the 大字's own point.
my %settlement;
for my $shelter (@shelters) {
	my ($name) = grep { $shelter->{address} =~ /大字$_/ } sort keys %oaza;
	push @{ $settlement{$name} }, [ $shelter->{lon}, $shelter->{lat} ];
}
# The point of 海ノ口 lies on a mountain: nobody is put there.
push @{ $settlement{$_} }, [ $oaza{$_}{lng}, $oaza{$_}{lat} ] for grep { $_ ne '海ノ口' } sort keys %oaza;

my %japanese = ('海ノ口' => 780, '海尻' => 400, '広瀬' => 200, '板橋' => 470, '野辺山' => 550, '平沢' => 0);
my %farms = map { $_ => 1 } qw(野辺山 板橋);
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

# --- persons ------------------------------------------------------------

my @residents;
my $households = 0;

sub katakana { return $_[0] =~ tr/ぁ-ゖ/ァ-ヶ/r }

sub given_name {
	my ($sex, $age, $taken) = @_;
	my $names = $given{$sex}{ $age >= 62 ? 'elder' : $age >= 30 ? 'middle' : 'young' };
	my $name;
	do { $name = any(@$names) } while $taken->{ $name->{kanji} }++;
	return $name;
}

# What registers hold and certificates cannot: the card has the form after =>.
my %only_registered = ('髙' => '高', '﨑' => '崎', '𠮷' => '吉', '瀨' => '瀬', '德' => '徳', '𠀋' => '丈');
my %old_form = (
	'高橋' => '髙橋', '山崎' => '山﨑', '吉田' => '𠮷田', '岩崎' => '岩﨑', '高木' => '髙木', '高田' => '髙田',
	'松崎' => '松﨑', '岩瀬' => '岩瀨', '吉川' => '𠮷川', '高野' => '髙野', '高山' => '髙山', '吉村' => '𠮷村',
	'徳永' => '德永', '川崎' => '川﨑', '尾崎' => '尾﨑', '高島' => '髙島', '渡辺' => "渡邉", '渡部' => '渡部');
# a register chooses among the forms of 邉 by a variation selector
my $selector = chr(0xE0101);

# names PERSON, FAMILY, GIVEN: as registered, and as on the card with its map.
sub names {
	my ($person, $family, $given) = @_;
	my ($registered, $map) = ('', '');
	my $written = "$family　$given";
	for my $c (split //, $written) {
		my $choice = $c eq '邉' && happens(0.5);
		$registered .= $c . ($choice ? $selector : '');
		$map .= $choice || $only_registered{$c} ? 1 : 0;
	}
	$registered =~ s/　/ / if happens(0.08);
	$registered =~ s/　// if happens(0.03);
	$person->{name} = $registered;
	$person->{card_name} = join '', map { $only_registered{$_} // $_ } split //, $written;
	$person->{name_substitution} = $map;
	return;
}

sub add_person {
	my ($household, $person) = @_;
	my $place = $household->{place};
	$person->{resident_number} = sprintf '20305%05d', @residents + 1;
	$person->{household_number} = $household->{number};
	$person->{address} = $household->{address};
	$person->{card_address} = card_address($place);
	$person->{oaza} = $place->{oaza};
	@$person{qw(lon lat)} = @$place{qw(lon lat)} if $place->{lon};
	my $age = age_on($person->{birth_date}, TODAY);
	$person->{needs_help} = 1 if happens($age >= 80 ? 0.24 : $age >= 75 ? 0.06 : 0.004);
	push @residents, $person;
	push @{ $household->{members} }, $person;
	return $person;
}

sub household {
	my $place = shift;
	return { number => sprintf('%07d', ++$households), place => $place,
		address => registered_address($place), members => [] };
}

sub add_japanese {
	my ($household, $relation, $sex, $age) = @_;
	my $family = $household->{family} //= surname();
	my $given = given_name($sex, $age, $household->{taken} //= {});
	my $person = {
		relation => $relation, sex => $sex, birth_date => birth_date($age),
		name_kana => katakana("$family->{kana}　$given->{kana}"),
		nationality_class => 'japanese', language => 'ja' };
	names($person, $family->{written}, $given->{kanji});
	return add_person($household, $person);
}

sub surname {
	my $name = weighted(@surnames);
	my $old = $old_form{ $name->{kanji} };
	return { %$name, written => $old && happens(0.4) ? $old : $name->{kanji} };
}

# --- households of Japanese nationals -----------------------------------

my @foreign_spouses;

sub children {
	my ($household, $count, $mother) = @_;
	my $age = $mother - between(23, 33);
	for (1 .. $count) {
		last if $age < 0;
		# the grown ones have left, most of them
		add_japanese($household, '子', any('male', 'female'), $age) if $age < 19 || happens(0.35);
		$age -= between(2, 4);
	}
	return;
}

# couple: the wife is one of the village's foreign residents now and then
sub couple {
	my ($household, $age) = @_;
	add_japanese($household, '世帯主', 'male', $age);
	my $wife = $age - between(-2, 6);
	if ($wife < 58 && @foreign_spouses < 38 && happens(0.14)) {
		push @foreign_spouses, add_foreigner($household, '妻', 'female', $wife, 'permanent',
			weighted('fil' => 5, 'zh-Hans' => 4, 'pt' => 2, 'ko' => 1));
	}
	else {
		add_japanese($household, '妻', 'female', $wife);
	}
	return $wife;
}

my %kinds = (
	elder => sub { add_japanese($_[0], '世帯主', weighted(female => 7, male => 3), between(68, 93)) },
	elder_couple => sub { couple($_[0], between(66, 88)) },
	elder_and_child => sub {
		my $age = between(42, 64);
		add_japanese($_[0], '世帯主', any('male', 'male', 'female'), $age);
		add_japanese($_[0], '母', 'female', $age + between(22, 31));
	},
	grown_couple => sub { couple($_[0], between(48, 66)) },
	family => sub { my $mother = couple($_[0], between(29, 53)); children($_[0], between(1, 3), $mother) },
	three_generations => sub {
		my $age = between(33, 60);
		my $mother = couple($_[0], $age);
		children($_[0], between(1, 3), $mother);
		add_japanese($_[0], '父', 'male', $age + between(24, 33)) if happens(0.7);
		add_japanese($_[0], '母', 'female', $age + between(22, 31));
	},
	single => sub { add_japanese($_[0], '世帯主', weighted(male => 6, female => 4), between(20, 66)) },
	one_parent => sub {
		my $age = between(27, 50);
		add_japanese($_[0], '世帯主', 'female', $age);
		children($_[0], between(1, 2), $age);
	});
my @village = (elder => 23, elder_couple => 29, elder_and_child => 13, grown_couple => 8, family => 12,
	three_generations => 11, single => 9, one_parent => 3);
my @farm = (elder => 12, elder_couple => 20, elder_and_child => 11, grown_couple => 8, family => 14,
	three_generations => 33, single => 6, one_parent => 3);

sub settle_japanese {
	$japanese{'平沢'} = RESIDENTS - FOREIGN;
	$japanese{'平沢'} -= $japanese{$_} for grep { $_ ne '平沢' } keys %japanese;
	for my $name (sort keys %japanese) {
		my $left = $japanese{$name};
		while ($left > 0) {
			my $kind = weighted($farms{$name} ? @farm : @village);
			$kind = 'elder' if $left < 8;
			my $household = household(place($name));
			$kinds{$kind}->($household);
			$left -= grep { $_->{nationality_class} eq 'japanese' } @{ $household->{members} };
		}
	}
	return;
}

# --- foreign nationals --------------------------------------------------

my %foreign_names = (
	vi => { family => [qw(NGUYEN TRAN LE PHAM HOANG PHAN VU DANG BUI DO)], first => 1,
		male => [ 'VAN AN', 'VAN BINH', 'MINH DUC', 'QUOC HUNG', 'VAN NAM', 'DUC THANH', 'HUU PHUOC', 'TUAN ANH', 'VAN LONG' ],
		female => [ 'THI HOA', 'THI LAN', 'THI MAI', 'THU HA', 'NGOC ANH', 'THI HUONG', 'BICH NGOC', 'THI THAO' ] },
	id => { family => [qw(SANTOSO WIJAYA PRATAMA SAPUTRA HIDAYAT NUGROHO SETIAWAN KURNIAWAN LESTARI RAHAYU)],
		male => [qw(AGUS BUDI DEDI EKO FAJAR HENDRA JOKO RIZKI YUSUF)], female => [qw(AYU DEWI FITRI INDAH NUR PUTRI RINA SARI WATI)] },
	fil => { family => [qw(SANTOS REYES CRUZ BAUTISTA GARCIA MENDOZA TORRES RAMOS FLORES AQUINO)],
		male => [ 'JOSE', 'JUAN CARLOS', 'MARK ANTHONY', 'JOHN PAUL', 'RAMON', 'ANTONIO', 'MIGUEL' ],
		female => [ 'MARIA', 'MARY GRACE', 'ROSE ANN', 'JENNIFER', 'CRISTINA', 'ANGELICA', 'LIZA' ] },
	'zh-Hans' => { family => [qw(WANG LI ZHANG LIU CHEN YANG HUANG ZHAO WU ZHOU)], first => 1,
		male => [qw(WEI JUN QIANG LEI TAO MING PENG HAO)], female => [qw(FANG NA MIN JING LI YAN XIULAN YING)] },
	pt => { family => [qw(SILVA SANTOS OLIVEIRA SOUZA PEREIRA LIMA COSTA)], male => [qw(LUCAS PAULO RAFAEL CARLOS MARCOS)],
		female => [qw(ANA MARIANA PATRICIA JULIANA CAMILA)] },
	ko => { family => [qw(KIM LEE PARK CHOI JUNG)], first => 1, male => [qw(MINJUN SEONGHO JIHOON)], female => [qw(SEOYEON MINJI YOUNGHEE)] },
	en => { family => [qw(PERERA SILVA FERNANDO GURUNG TAMANG RAI SHRESTHA SMITH BROWN)],
		male => [qw(NIMAL SUNIL BIKASH PRAKASH RAJESH DAVID JAMES)], female => [qw(KUMARI SITA ANITA NIMALI EMMA SARAH)] });

sub add_foreigner {
	my ($household, $relation, $sex, $age, $class, $language) = @_;
	my $list = $foreign_names{$language};
	my @words = (any(@{ $list->{family} }), any(@{ $list->{$sex} }));
	my $name = join ' ', $list->{first} ? @words : reverse @words;
	my $person = {
		relation => $relation, sex => $sex, birth_date => birth_date($age), name_roman => $name,
		card_name => $name, name_substitution => '0' x length $name, nationality_class => $class,
		language => $class ne 'period_of_stay' && happens(0.3) ? 'ja' : $language };
	# registers hold Latin letters in both widths
	$person->{name} = happens(0.15) ? $name =~ tr/A-Z /Ａ-Ｚ　/r : $name;
	$person->{alias} = surname()->{kanji} . '　' . any(@{ $given{$sex}{middle} })->{kanji}
	  if $class =~ /permanent/ && happens(0.25);
	# up to a stay of three years, granted some time ago
	$person->{stay_until} = to_date($today + between(5, 1095)) if $class eq 'period_of_stay';
	return add_person($household, $person);
}

sub settle_foreigners {
	my $left = FOREIGN - @foreign_spouses;
	for (1 .. 22) {    # families who have settled
		my $class = weighted(permanent => 8, special_permanent => 1, period_of_stay => 4);
		my $language = $class eq 'special_permanent' ? 'ko' : weighted('zh-Hans' => 4, fil => 3, pt => 3, en => 3, vi => 2);
		my $household = household(place(any(qw(海ノ口 海尻 野辺山 板橋))));
		my $age = between(30, 52);
		add_foreigner($household, '世帯主', 'male', $age, $class, $language);
		add_foreigner($household, '妻', 'female', $age - between(0, 5), $class, $language);
		add_foreigner($household, '子', any('male', 'female'), between(1, 16), $class, $language) if happens(0.7);
		$left -= @{ $household->{members} };
	}
	my $dormitory = 0;
	while ($left > 0) {    # workers' dormitories: each worker is a household
		my $name = weighted('野辺山' => 48, '板橋' => 36, '平沢' => 6, '広瀬' => 5, '海ノ口' => 5);
		my $place = place($name);
		my $beds = between(3, 11);
		$beds = $left if $beds > $left;
		my $language = weighted(vi => 38, id => 26, fil => 14, 'zh-Hans' => 9, en => 13);
		my $sex = weighted(male => 6, female => 4);
		$dormitory++;
		for my $bed (1 .. $beds) {
			my $household = household({ %$place, building => sprintf('第%d寮%d号室', $dormitory, 100 + $bed) });
			add_foreigner($household, '世帯主', $sex, between(19, 38), 'period_of_stay', $language);
		}
		$left -= $beds;
	}
	return;
}

# --- people that make matching hard ------------------------------------

# Twins cannot be told apart by birth date and address, a character that no
# certificate holds proves nothing, and a move that the card has not seen yet
# gives two addresses: all four wait for a person's judgement.
sub hard_cases {
	my ($one, $other) = grep_household(sub {
		my @adult = grep { $_->{relation} eq '子' && $_->{nationality_class} eq 'japanese' && age_on($_->{birth_date}, TODAY) >= 19 } @_;
		return @adult >= 2 ? @adult[ 0, 1 ] : ();
	});
	$other->{birth_date} = $one->{birth_date};
	my ($rare) = grep { $_->{name} =~ /太郎$/ && $_->{nationality_class} eq 'japanese'
		&& age_on($_->{birth_date}, TODAY) >= 25 } @residents;
	my ($family) = $rare->{card_name} =~ /^(.*)　/;
	names($rare, $family, '𠀋太郎');
	$rare->{name_kana} =~ s/　.*/　ジョウタロウ/;
	my ($moved) = grep { $_->{relation} eq '世帯主' && $_->{oaza} eq '海尻' && $_->{nationality_class} eq 'japanese'
		&& age_on($_->{birth_date}, TODAY) =~ /^[345]/ } @residents;
	$moved->{card_address} = card_address(place('野辺山'));
	return ($one, $other, $rare, $moved);
}

sub grep_household {
	my $pick = shift;
	my %members;
	push @{ $members{ $_->{household_number} } }, $_ for @residents;
	for (sort keys %members) {
		my @picked = $pick->(@{ $members{$_} });
		return @picked if @picked;
	}
	die "village.pl: no household fits\n";
}

# --- cards --------------------------------------------------------------

# give_card follows the rules of validity: to the tenth birthday (the fifth of
# somebody under 18), the certificates to the fifth and renewed once, all of
# it to the end of the stay at the latest; no signature certificate under 15.
sub give_card {
	my $person = shift;
	my $birth = $person->{birth_date};
	my $oldest = $today - to_days($birth) - 30;
	return if $oldest < 60;
	my $ago = $person->{stay_until} ? between(30, 700) : weighted(
		between(40, 1600) => 62, between(2060, 3400) => 30, between(1640, 2050) => 3);
	$ago = between(30, $oldest) if $ago > $oldest;
	my $issued = to_date($today - $ago);
	my $age = age_on($birth, $issued);
	my $minor = $age < ($issued lt '2022-04-01' ? 20 : 18);
	my $expires = nth_birthday($birth, $issued, $minor ? 5 : 10);
	my $fifth = nth_birthday($birth, $issued, 5);
	my $renewed;
	if (!$minor && $fifth le '2026-04-20' && happens(0.9)) {
		# a few days late, so that five birthdays on is the card's end again
		$renewed = to_date(to_days($fifth) + between(1, 30));
		$fifth = $expires;
	}
	$_ = earlier($_, $person->{stay_until} // $_) for $expires, $fifth;
	return if $expires lt TODAY;
	return { issued_on => $issued, expires_on => $expires, authentication_until => $fifth,
		signature_until => $age < 15 ? '' : $fifth, certificates_on => $renewed // $issued };
}

sub expires_soon {
	my $card = shift;
	my $until = earlier($card->{expires_on}, $card->{authentication_until});
	return $until ge REMINDED_ON && $until le '2026-10-01';
}

# --- output -------------------------------------------------------------

sub write_file {
	my ($name, @lines) = @_;
	open my $out, '>:encoding(UTF-8)', "$directory/$name" or die "village.pl: $directory/$name: $!\n";
	print {$out} map { "$_\n" } @lines;
	close $out or die "village.pl: $directory/$name: $!\n";
	return;
}

# to_json ROW, NUMBERS...: an object; what is in NUMBERS stands unquoted.
sub to_json {
	my ($row, @numbers) = @_;
	my %number = map { $_ => 1 } @numbers;
	return '{' . join(',', map {
		my $value = $row->{$_};
		"\"$_\":" . ($number{$_} ? $value : '"' . $value =~ s/(["\\])/\\$1/gr . '"')
	} grep { defined $row->{$_} } sort keys %$row) . '}';
}

sub write_residents {
	my @fields = qw(resident_number household_number relation name name_kana name_roman alias birth_date sex
	  address oaza lon lat nationality_class stay_until language needs_help);
	my @rows = map {
		my $resident = $_;
		my %row = map { $_ => $resident->{$_} } @fields;
		$row{needs_help} = $row{needs_help} ? 'true' : undef;
		to_json(\%row, qw(lon lat needs_help));
	} @residents;
	write_file('residents.json', '[' . join(",\n", @rows) . ']');
	return;
}

# jpki_birth: the era's digit and the Gregorian date, as in a certificate.
sub jpki_birth {
	my $date = shift;
	my $era = $date ge '2019-05-01' ? 5 : $date ge '1989-01-08' ? 4 : $date ge '1926-12-25' ? 3 : 2;
	return $era . $date =~ tr/-//dr;
}

sub write_people {
	my @people = @_;
	my @rows = map {
		join "\t", $_->{resident_number}, $_->{card_name}, $_->{name_substitution}, $_->{card_address},
		  '0' x length $_->{card_address}, jpki_birth($_->{birth_date}), $_->{sex} eq 'male' ? 1 : 2,
		  'Nagano-ken', 'Minamimaki-mura', $_->{card}{certificates_on}, $_->{card}{expires_on}
	} @people;
	write_file('people.tsv', join("\t", qw(key name name_substitution address address_substitution birth sex
			prefecture city issued card_expires)), @rows);
	return;
}

# A few tokens are such as the stand-in gateway refuses or slows down.
sub write_devices {
	my @rows;
	for my $person (@_) {
		for my $device (1 .. (happens(0.1) ? 2 : 1)) {
			my $prefix = weighted('' => 92, 'unregistered-' => 4, 'throttle-2-' => 4);
			push @rows, join "\t", $person->{resident_number}, 'fcm',
			  sprintf('%s%s-%d-%08x', $prefix, $person->{resident_number}, $device, below(2**31));
		}
	}
	write_file('devices.tsv', join("\t", qw(resident_number channel token)), @rows);
	return;
}

# registrants: those who wait for staff, a good many whose card expires soon,
# and others by lot; adults with certificates that outlast the demo.
sub registrants {
	my @hard = @_;
	my %taken = map { $_->{resident_number} => 1 } @hard;
	my %twin = map { $_->{birth_date} . $_->{household_number} => 1 } @hard;
	my @able = grep {
		$_->{card} && $_->{card}{signature_until} ge '2026-07-10' && $_->{card}{certificates_on} le '2026-05-25'
		  && age_on($_->{birth_date}, '2026-05-25') >= 18 && !$taken{ $_->{resident_number} }
	} @residents;
	my @soon = grep { expires_soon($_->{card}) } @able;
	my @chosen = @hard;
	push @chosen, splice @soon, below(scalar @soon), 1 while @soon && @chosen < @hard + 24;
	$taken{ $_->{resident_number} } = 1 for @chosen;
	@able = grep { !$taken{ $_->{resident_number} } } @able;
	push @chosen, splice @able, below(scalar @able), 1 while @chosen < REGISTRANT;
	return sort { $a->{resident_number} cmp $b->{resident_number} } @chosen;
}

settle_japanese();
settle_foreigners();
@residents == RESIDENTS or die 'village.pl: made ' . @residents . " residents\n";
my @hard = hard_cases();
for my $resident (@residents) {
	$resident->{card} = give_card($resident)
	  if happens($resident->{birth_date} gt '2011-07-01' ? 0.7 : $resident->{birth_date} lt '1946-01-01' ? 0.72 : 0.86);
}
for my $resident (@hard) {
	$resident->{card} = { issued_on => '2024-09-02', expires_on => nth_birthday($resident->{birth_date}, '2024-09-02', 10),
		certificates_on => '2024-09-02',
		map { $_ => nth_birthday($resident->{birth_date}, '2024-09-02', 5) } qw(authentication_until signature_until) };
}
my @people = registrants(@hard);
my @holders = grep { $_->{card} } @residents;

write_residents();
write_people(@people);
write_devices(@people);
write_file('cards.tsv', join("\t", qw(resident_number kind issued_on expires_on authentication_until signature_until)),
	map { my $r = $_; join "\t", $r->{resident_number}, 'card',
		@{ $r->{card} }{qw(issued_on expires_on authentication_until signature_until)} } @holders);
# the health class: the village's elders, half of them with an account
my @elders = grep { age_on($_->{birth_date}, TODAY) >= 65 && !$_->{needs_help} } @residents;
my @elder_people = grep { age_on($_->{birth_date}, TODAY) >= 65 && !$_->{needs_help} } @people;
my %class = map { $_->{resident_number} => 1 } @elder_people[ 0 .. 13 ];
$class{ any(@elders)->{resident_number} } = 1 while keys %class < 28;
write_file('roster.txt', sort keys %class);
my $json = JSON::PP->new->canonical;
write_file('boundary.json', $json->encode({ code => '203050', name => $boundary->{properties}{name},
	geometry => $boundary->{geometry} }));
write_file('oaza.tsv', map { join "\t", $_, @{ $oaza{$_} }{qw(lng lat)} } sort keys %oaza);
write_file('shelters.json', $json->encode(\@shelters));

my $old = grep { age_on($_->{birth_date}, TODAY) >= 65 } @residents;
printf "%d residents in %d households, %d of 65 years and more, %d foreign nationals, %d cards (%d expire within three months), %d register\n",
  scalar @residents, $households, $old, scalar(grep { $_->{nationality_class} ne 'japanese' } @residents),
  scalar @holders, scalar(grep { expires_soon($_->{card}) } @holders), scalar @people;
