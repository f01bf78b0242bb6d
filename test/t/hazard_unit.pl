# Builds and runs test/unit/hazard.c: the gate, the stages and the batch need no
# database.  Its own lines are the test.
use strict;
use warnings;
use File::Temp;

my $program = File::Temp::tempdir(CLEANUP => 1) . '/hazard';
my @build   = (
	'clang',                     '-g', '-O1', '-std=gnu11', '-Wall', '-Wextra', '-Werror',
	'-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-Iextension',
	'test/unit/hazard.c',        (map { "extension/hazard/$_.c" } qw(gate stage batch)),
	'-lm', '-o', $program);
system(@build) == 0 or die "cannot build test/unit/hazard.c\n";
exec($program) or die "cannot run $program: $!\n";
