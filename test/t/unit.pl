# Builds the tests of the decisions that need no database, test/unit, with the sanitizers, and runs them.  Their own lines are the test.
use strict;
use warnings;

use File::Basename;
use File::Temp;

my $tree = dirname(__FILE__) . '/../..';
my $folder = File::Temp->newdir;
# a test includes what it tests, except where several files of that have names in common
my %sources = (
	address  => [],
	backoff  => [],
	classify => [ glob "$tree/bridge/push/classify*.c" ],
	endpoint => [],
	forecast => [ extension('hazard', 'forecast') ],
	hazard   => [ extension('hazard', qw(gate stage batch)) ],
	points   => [ extension('points', qw(rule lot)), extension('renewal', qw(ladder validity)), extension('util', 'civil') ],
	registry => [ matcher() ],
	route    => [ extension('hazard', 'route') ],
	telephone => [ extension('registry', 'fold'), extension('registry', 'kanji'), extension('registry', 'jis'), extension('registry', 'variant') ],
	variant  => [ matcher() ],
	webpush  => [],
);
my $failed = 0;

sub extension
{
	my ($part, @names) = @_;
	return map { "$tree/extension/$part/$_.c" } @names;
}

sub matcher
{
	return extension('registry', qw(address fold individual_number jis kanji lot match normalize reading variant));
}

for my $name (sort keys %sources)
{
	system('gcc', '-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined',
		'-fno-sanitize-recover=all', "-I$tree/extension", "-I$tree/bridge", "-I$tree/test/unit", "$tree/test/unit/$name.c",
		@{ $sources{$name} }, '-o', "$folder/$name", '-ljansson', '-lcrypto', '-lm') == 0
	  or die "$name does not compile\n";
	print "# $name\n";
	$failed = 1 if system("$folder/$name") != 0;
}
exit $failed;
