# Builds the tests of the bridge's and the outbox's decisions with the sanitizers and runs them.
use strict;
use warnings;

use File::Basename;
use File::Temp;

my $tree = dirname(__FILE__) . '/../..';
my $folder = File::Temp->newdir;
my $failed = 0;
# a test includes what it tests, except where several files of that have names in common
my %sources = (classify => [ glob "$tree/bridge/push/classify*.c" ]);
for my $name (qw(classify backoff address endpoint webpush))
{
	system('gcc', '-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined',
		'-fno-sanitize-recover=all', "-I$tree/extension", "-I$tree/bridge", "$tree/test/unit/$name.c",
		@{ $sources{$name} // [] }, '-o', "$folder/$name", '-ljansson', '-lcrypto', '-lm') == 0
	  or die "$name does not compile\n";
	$failed = 1 if system("$folder/$name") != 0;
}
exit $failed;
