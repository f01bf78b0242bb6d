# Chance: everything that is drawn, the same on every run.
package Chance;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

our @EXPORT_OK = qw(below between happens any weighted bell);

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

1;
