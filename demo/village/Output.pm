# The village's files.
package Output;

use strict;
use warnings;
use utf8;

use Exporter qw(import);
use JSON::PP ();

use Chance qw(below any happens weighted);
use Date qw(TODAY age_on);
use Household qw(residents);
use Place qw(oaza boundary shelters);

our @EXPORT_OK = qw(write_all);

my $directory;

sub write_file {
	my ($name, @lines) = @_;
	open my $out, '>:encoding(UTF-8)', "$directory/$name" or die "village.pl: $directory/$name: $!\n";
	print {$out} map { "$_\n" } @lines;
	close $out or die "village.pl: $directory/$name: $!\n";
	return;
}

my @extract = qw(resident_number household_number relation name name_kana name_roman alias birth_date sex
  address oaza lon lat nationality_class stay_until language needs_help);

# The extract of the resident-record system, as village.sql copies it in.
sub write_residents {
	my @rows = map {
		my %row = %$_;
		$row{needs_help} = $row{needs_help} ? 'true' : undef;
		join ',', map { $_ = $_ // ''; /[",]/ ? '"' . s/"/""/gr . '"' : $_ } @row{@extract}
	} residents();
	write_file('residents.csv', join(',', @extract), @rows);
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

sub write_cards {
	write_file('cards.tsv', join("\t", qw(resident_number kind issued_on expires_on authentication_until signature_until)),
		map { my $r = $_; join "\t", $r->{resident_number}, 'card',
			@{ $r->{card} }{qw(issued_on expires_on authentication_until signature_until)} }
		grep { $_->{card} } residents());
	return;
}

# The health class: the village's elders, half of them with an account.
sub write_roster {
	my @people = @_;
	my @elders = grep { age_on($_->{birth_date}, TODAY) >= 65 && !$_->{needs_help} } residents();
	my @elder_people = grep { age_on($_->{birth_date}, TODAY) >= 65 && !$_->{needs_help} } @people;
	my %class = map { $_->{resident_number} => 1 } @elder_people[ 0 .. 13 ];
	$class{ any(@elders)->{resident_number} } = 1 while keys %class < 28;
	write_file('roster.txt', sort keys %class);
	return;
}

sub write_places {
	my $json = JSON::PP->new->canonical;
	my ($boundary, $oaza) = (boundary(), oaza());
	write_file('boundary.json', $json->encode({ code => '203050', name => $boundary->{properties}{name},
		geometry => $boundary->{geometry} }));
	write_file('oaza.tsv', map { join "\t", $_, @{ $oaza->{$_} }{qw(lng lat)} } sort keys %$oaza);
	write_file('shelters.json', $json->encode(shelters()));
	return;
}

# write_all DIRECTORY, PEOPLE...: all files, for these who open an account.
sub write_all {
	($directory, my @people) = @_;
	-d $directory or mkdir $directory or die "village.pl: $directory: $!\n";
	write_residents();
	write_people(@people);
	write_devices(@people);
	write_cards();
	write_roster(@people);
	write_places();
	return;
}

1;
