# Builds and runs test/unit/points.c: the rules, the lots, the calendar and the
# ladder need no database.  Its own lines are the test.
use strict;
use warnings;
use File::Temp;

my $program = File::Temp::tempdir(CLEANUP => 1) . '/points';
my @build   = (
	'clang',                     '-g', '-O1', '-std=gnu11', '-Wall', '-Wextra', '-Werror',
	'-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-Iextension',
	'test/unit/points.c',        (map { "extension/$_.c" } qw(points/rule points/lot renewal/ladder renewal/validity util/civil)),
	'-o', $program);
system(@build) == 0 or die "cannot build test/unit/points.c\n";
exit(system($program) == 0 ? 0 : 1);
