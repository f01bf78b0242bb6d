# Builds the normaliser's and the matcher's test with the sanitizers and runs it.
use strict;
use warnings;

use File::Basename;
use File::Temp;

my $tree = dirname(__FILE__) . '/../..';
my $folder = File::Temp->newdir;
my $program = "$folder/registry";
my @sources = ("$tree/test/unit/registry.c",
	map { "$tree/extension/registry/$_.c" } qw(address fold individual_number jis kanji lot match normalize reading variant));
system('gcc', '-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined',
	'-fno-sanitize-recover=all', "-I$tree/extension", @sources, '-o', $program) == 0
  or die "the test does not compile\n";
my $status = system($program);
exit($status == 0 ? 0 : 1);
