# Cards and their certificates, and those of their holders who open an account.
package Card;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

use Chance qw(below between happens weighted);
use Date qw(TODAY to_days to_date age_on nth_birthday earlier);
use Household qw(residents);

use constant {
	REGISTRANT  => 200,
	REMINDED_ON => '2026-07-01',    # the day to which the demo moves its clock for the reminders
};

our @EXPORT_OK = qw(give_cards expires_soon registrants);

# give_card follows the rules of validity: to the tenth birthday (the fifth of
# somebody under 18), the certificates to the fifth and renewed once, all of
# it to the end of the stay at the latest; no signature certificate under 15.
sub give_card {
	my $person = shift;
	my $birth = $person->{birth_date};
	my $oldest = to_days(TODAY) - to_days($birth) - 30;
	return if $oldest < 60;
	my $ago = $person->{stay_until} ? between(30, 700) : weighted(
		between(40, 1600) => 62, between(2060, 3400) => 30, between(1640, 2050) => 3);
	$ago = between(30, $oldest) if $ago > $oldest;
	my $issued = to_date(to_days(TODAY) - $ago);
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

# give_cards HARD...: most people have one; those who wait for staff, all of one date.
sub give_cards {
	my @hard = @_;
	for my $resident (residents()) {
		$resident->{card} = give_card($resident)
		  if happens($resident->{birth_date} gt '2011-07-01' ? 0.7 : $resident->{birth_date} lt '1946-01-01' ? 0.72 : 0.86);
	}
	for my $resident (@hard) {
		$resident->{card} = { issued_on => '2024-09-02', expires_on => nth_birthday($resident->{birth_date}, '2024-09-02', 10),
			certificates_on => '2024-09-02',
			map { $_ => nth_birthday($resident->{birth_date}, '2024-09-02', 5) } qw(authentication_until signature_until) };
	}
	return;
}

# registrants: those who wait for staff, a good many whose card expires soon,
# and others by lot; adults with certificates that outlast the demo.
sub registrants {
	my @hard = @_;
	my %taken = map { $_->{resident_number} => 1 } @hard;
	my @able = grep {
		$_->{card} && $_->{card}{signature_until} ge '2026-07-10' && $_->{card}{certificates_on} le '2026-05-25'
		  && age_on($_->{birth_date}, '2026-05-25') >= 18 && !$taken{ $_->{resident_number} }
	} residents();
	my @soon = grep { expires_soon($_->{card}) } @able;
	my @chosen = @hard;
	push @chosen, splice @soon, below(scalar @soon), 1 while @soon && @chosen < @hard + 24;
	$taken{ $_->{resident_number} } = 1 for @chosen;
	@able = grep { !$taken{ $_->{resident_number} } } @able;
	push @chosen, splice @able, below(scalar @able), 1 while @chosen < REGISTRANT;
	return sort { $a->{resident_number} cmp $b->{resident_number} } @chosen;
}

1;
