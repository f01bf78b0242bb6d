# Households and who lives in them: the whole register of residents.
package Household;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

use Chance qw(between happens any weighted);
use Date qw(TODAY to_days to_date birth_date age_on);
use Name qw(katakana given_name surname names foreign_name alias);
use Place qw(place card_address registered_address);

use constant {
	RESIDENTS => 3068,
	FOREIGN   => 511,
};

our @EXPORT_OK = qw(RESIDENTS residents households settle_japanese settle_foreigners hard_cases);

my @residents;
my $households = 0;

sub residents { return @residents }
sub households { return $households }

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

# --- of Japanese nationals ---

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

my %japanese = ('海ノ口' => 780, '海尻' => 400, '広瀬' => 200, '板橋' => 470, '野辺山' => 550, '平沢' => 0);
my %farms = map { $_ => 1 } qw(野辺山 板橋);

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

# --- of foreign nationals ---

sub add_foreigner {
	my ($household, $relation, $sex, $age, $class, $language) = @_;
	my $name = foreign_name($language, $sex);
	my $person = {
		relation => $relation, sex => $sex, birth_date => birth_date($age), name_roman => $name,
		card_name => $name, name_substitution => '0' x length $name, nationality_class => $class,
		language => $class ne 'period_of_stay' && happens(0.3) ? 'ja' : $language };
	# registers hold Latin letters in both widths
	$person->{name} = happens(0.15) ? $name =~ tr/A-Z /Ａ-Ｚ　/r : $name;
	$person->{alias} = alias($sex) if $class =~ /permanent/ && happens(0.25);
	# up to a stay of three years, granted some time ago
	$person->{stay_until} = to_date(to_days(TODAY) + between(5, 1095)) if $class eq 'period_of_stay';
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

# --- people that make matching hard ---

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

1;
