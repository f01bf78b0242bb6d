# Names: as frequent as they are, as registers write them and as cards do.
package Name;

use strict;
use warnings;
use utf8;

use Exporter qw(import);
use File::Basename qw(dirname);

use Chance qw(happens any weighted);

our @EXPORT_OK = qw(katakana given_name surname names foreign_name alias);

my $data = dirname(__FILE__) . '/../data';

sub read_csv {
	open my $in, '<:encoding(UTF-8)', $_[0] or die "village.pl: $_[0]: $!\n";
	chomp(my ($head, @lines) = <$in>);
	my @columns = split /,/, $head;
	return map { my %row; @row{@columns} = split /,/; \%row } @lines;
}

my @surnames = map { ($_ => $_->{bearers}) } read_csv("$data/names/surnames.csv");
my %given;
push @{ $given{ $_->{sex} }{ $_->{generation} } }, $_ for read_csv("$data/names/given_names.csv");

sub katakana { return $_[0] =~ tr/ぁ-ゖ/ァ-ヶ/r }

sub given_name {
	my ($sex, $age, $taken) = @_;
	my $names = $given{$sex}{ $age >= 62 ? 'elder' : $age >= 30 ? 'middle' : 'young' };
	my $name;
	do { $name = any(@$names) } while $taken->{ $name->{kanji} }++;
	return $name;
}

# What registers hold and certificates cannot: the card has the form after =>.
my %only_registered = ('髙' => '高', '﨑' => '崎', '𠮷' => '吉', '瀨' => '瀬', '德' => '徳', '𠀋' => '丈');
my %old_form = (
	'高橋' => '髙橋', '山崎' => '山﨑', '吉田' => '𠮷田', '岩崎' => '岩﨑', '高木' => '髙木', '高田' => '髙田',
	'松崎' => '松﨑', '岩瀬' => '岩瀨', '吉川' => '𠮷川', '高野' => '髙野', '高山' => '髙山', '吉村' => '𠮷村',
	'徳永' => '德永', '川崎' => '川﨑', '尾崎' => '尾﨑', '高島' => '髙島', '渡辺' => "渡邉", '渡部' => '渡部');
# a register chooses among the forms of 邉 by a variation selector
my $selector = chr(0xE0101);

# names PERSON, FAMILY, GIVEN: as registered, and as on the card with its map.
sub names {
	my ($person, $family, $given) = @_;
	my ($registered, $map) = ('', '');
	my $written = "$family　$given";
	for my $c (split //, $written) {
		my $choice = $c eq '邉' && happens(0.5);
		$registered .= $c . ($choice ? $selector : '');
		$map .= $choice || $only_registered{$c} ? 1 : 0;
	}
	$registered =~ s/　/ / if happens(0.08);
	$registered =~ s/　// if happens(0.03);
	$person->{name} = $registered;
	$person->{card_name} = join '', map { $only_registered{$_} // $_ } split //, $written;
	$person->{name_substitution} = $map;
	return;
}

sub surname {
	my $name = weighted(@surnames);
	my $old = $old_form{ $name->{kanji} };
	return { %$name, written => $old && happens(0.4) ? $old : $name->{kanji} };
}

my %foreign_names = (
	vi => { family => [qw(NGUYEN TRAN LE PHAM HOANG PHAN VU DANG BUI DO)], first => 1,
		male => [ 'VAN AN', 'VAN BINH', 'MINH DUC', 'QUOC HUNG', 'VAN NAM', 'DUC THANH', 'HUU PHUOC', 'TUAN ANH', 'VAN LONG' ],
		female => [ 'THI HOA', 'THI LAN', 'THI MAI', 'THU HA', 'NGOC ANH', 'THI HUONG', 'BICH NGOC', 'THI THAO' ] },
	id => { family => [qw(SANTOSO WIJAYA PRATAMA SAPUTRA HIDAYAT NUGROHO SETIAWAN KURNIAWAN LESTARI RAHAYU)],
		male => [qw(AGUS BUDI DEDI EKO FAJAR HENDRA JOKO RIZKI YUSUF)], female => [qw(AYU DEWI FITRI INDAH NUR PUTRI RINA SARI WATI)] },
	fil => { family => [qw(SANTOS REYES CRUZ BAUTISTA GARCIA MENDOZA TORRES RAMOS FLORES AQUINO)],
		male => [ 'JOSE', 'JUAN CARLOS', 'MARK ANTHONY', 'JOHN PAUL', 'RAMON', 'ANTONIO', 'MIGUEL' ],
		female => [ 'MARIA', 'MARY GRACE', 'ROSE ANN', 'JENNIFER', 'CRISTINA', 'ANGELICA', 'LIZA' ] },
	'zh-Hans' => { family => [qw(WANG LI ZHANG LIU CHEN YANG HUANG ZHAO WU ZHOU)], first => 1,
		male => [qw(WEI JUN QIANG LEI TAO MING PENG HAO)], female => [qw(FANG NA MIN JING LI YAN XIULAN YING)] },
	pt => { family => [qw(SILVA SANTOS OLIVEIRA SOUZA PEREIRA LIMA COSTA)], male => [qw(LUCAS PAULO RAFAEL CARLOS MARCOS)],
		female => [qw(ANA MARIANA PATRICIA JULIANA CAMILA)] },
	ko => { family => [qw(KIM LEE PARK CHOI JUNG)], first => 1, male => [qw(MINJUN SEONGHO JIHOON)], female => [qw(SEOYEON MINJI YOUNGHEE)] },
	en => { family => [qw(PERERA SILVA FERNANDO GURUNG TAMANG RAI SHRESTHA SMITH BROWN)],
		male => [qw(NIMAL SUNIL BIKASH PRAKASH RAJESH DAVID JAMES)], female => [qw(KUMARI SITA ANITA NIMALI EMMA SARAH)] });

# foreign_name LANGUAGE, SEX: in the order in which its holder's papers have it.
sub foreign_name {
	my ($language, $sex) = @_;
	my $list = $foreign_names{$language};
	my @words = (any(@{ $list->{family} }), any(@{ $list->{$sex} }));
	return join ' ', $list->{first} ? @words : reverse @words;
}

# alias SEX: the Japanese name that a foreign national may have registered.
sub alias { return surname()->{kanji} . '　' . any(@{ $given{ $_[0] }{middle} })->{kanji} }

1;
