# Dates, as days since 1970 and as YYYY-MM-DD, and ages.
package Date;

use strict;
use warnings;
use utf8;

use Exporter qw(import);
use Time::Local qw(timegm);

use Chance qw(below);

use constant TODAY => '2026-05-25';    # the day on which the demo's ages are true

our @EXPORT_OK = qw(TODAY to_days to_date birth_date age_on nth_birthday earlier);

sub to_days { my ($y, $m, $d) = split /-/, $_[0]; return timegm(0, 0, 0, $d, $m - 1, $y) / 86400 }

sub to_date {
	my @t = gmtime($_[0] * 86400);
	return sprintf '%04d-%02d-%02d', $t[5] + 1900, $t[4] + 1, $t[3];
}

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

1;
