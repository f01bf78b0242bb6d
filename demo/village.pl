#!/usr/bin/perl
# village.pl DIRECTORY: makes the demo's village there, the same on every run.
#
# 3,068 residents in households of a mountain village, 511 of them foreign
# nationals.  Real are the 大字, the boundary, the shelters and how frequent
# names are (demo/data/SOURCES.md); the persons are not: every name, birth
# date, lot and household is drawn by a generator with a fixed seed, and any
# likeness to a living person is chance.  So are the shares of age groups,
# 大字 and nationalities.
#
# Writes residents.csv (for import_extract), cards.tsv (for record_card),
# people.tsv (for test/card/hierarchy: the 200 who register), devices.tsv,
# roster.txt (a health class), boundary.json, oaza.tsv and shelters.json.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/village";

use Card qw(give_cards expires_soon registrants);
use Date qw(TODAY age_on);
use Household qw(RESIDENTS residents households settle_japanese settle_foreigners hard_cases);
use Output qw(write_all);

my $directory = shift // die "usage: village.pl DIRECTORY\n";

settle_japanese();
settle_foreigners();
my @residents = residents();
@residents == RESIDENTS or die 'village.pl: made ' . @residents . " residents\n";
my @hard = hard_cases();
give_cards(@hard);
my @people = registrants(@hard);
write_all($directory, @people);

my @holders = grep { $_->{card} } @residents;
my $old = grep { age_on($_->{birth_date}, TODAY) >= 65 } @residents;
printf "%d residents in %d households, %d of 65 years and more, %d foreign nationals, %d cards (%d expire within three months), %d register\n",
  scalar @residents, households(), $old, scalar(grep { $_->{nationality_class} ne 'japanese' } @residents),
  scalar @holders, scalar(grep { expires_soon($_->{card}) } @holders), scalar @people;
