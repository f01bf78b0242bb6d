# Builds and runs test/unit/route.c: the order of a walk needs no database.
# Its own lines are the test.
use strict;
use warnings;
use File::Temp;

my $program = File::Temp::tempdir(CLEANUP => 1) . '/route';
my @build   = (
	'clang',                     '-g', '-O1', '-std=gnu11', '-Wall', '-Wextra', '-Werror',
	'-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-Iextension',
	'test/unit/route.c',         'extension/hazard/route.c',
	'-lm', '-o', $program);
system(@build) == 0 or die "cannot build test/unit/route.c\n";
exec($program) or die "cannot run $program: $!\n";
