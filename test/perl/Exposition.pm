# Reads metrics strictly by the rules of Prometheus's text format 0.0.4: what
# that calls invalid, or a scraper could not use, is a fault.
package Exposition;
use strict;
use warnings;

my $metric_name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $label       = qr/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;
my $number      = qr/[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|Inf)|NaN/;

# read(TEXT): {families => {NAME => {type, help, samples => [[NAME, {LABELS}, VALUE]]}}, faults => [...]}
sub read
{
	my ($class, $text) = @_;
	my $self = bless { families => {}, faults => [] }, $class;
	$self->fault('the last line does not end') if $text !~ /\n\z/;
	my ($family, %over);
	for my $line (split /\n/, $text)
	{
		if ($line =~ /^# (HELP|TYPE) ($metric_name) (.*)$/)
		{
			my ($what, $name, $rest) = ($1, $2, $3);
			$over{$family} = 1 if defined $family && $family ne $name;
			$self->fault("$name comes a second time") if $over{$name};
			$family = $name;
			$self->fault("a second $what of $name") if defined $self->{families}{$name}{ lc $what };
			$self->fault("$name has samples before its $what") if $self->{families}{$name}{samples};
			$self->fault("$rest is no type") if $what eq 'TYPE' && $rest !~ /^(?:counter|gauge|histogram|summary|untyped)$/;
			$self->{families}{$name}{ lc $what } = $rest;
		}
		elsif ($line =~ /^($metric_name)(?:\{((?:$label(?:,|(?=\})))*)\})? ($number)$/)
		{
			$self->add_sample($family, $1, $2 // '', $5);
		}
		else { $self->fault("no line of metrics: $line"); }
	}
	$self->check_family($_) for sort keys %{ $self->{families} };
	return $self;
}

sub fault { my ($self, $text) = @_; push @{ $self->{faults} }, $text; return }

sub add_sample
{
	my ($self, $family, $name, $labels, $value) = @_;
	my %labels;
	while ($labels =~ /$label/g)
	{
		$self->fault("$name has the label $1 twice") if exists $labels{$1};
		$labels{$1} = $2;
	}
	my $suffix = ($self->{families}{ $family // '' }{type} // '') eq 'histogram' ? qr/_(?:bucket|sum|count)/ : qr//;
	$self->fault("$name stands outside of its family") unless defined $family && $name =~ /^\Q$family\E$suffix$/;
	my $key = join ',', $name, map { "$_=$labels{$_}" } sort keys %labels;
	$self->fault("$key comes twice") if $self->{seen}{$key}++;
	push @{ $self->{families}{$family}{samples} }, [ $name, \%labels, $value ] if defined $family;
	return;
}

sub check_family
{
	my ($self, $name) = @_;
	my $family = $self->{families}{$name};
	$self->fault("$name has no type and help") unless defined $family->{type} && defined $family->{help};
	$self->fault("the counter $name does not end in _total") if ($family->{type} // '') eq 'counter' && $name !~ /_total$/;
	for my $sample (@{ $family->{samples} // [] })
	{
		$self->fault("the counter $name is negative or none") if $family->{type} ne 'gauge' && $sample->[2] !~ /^[\d.]+$/;
	}
	$self->check_histogram($name, $family->{samples}) if ($family->{type} // '') eq 'histogram';
	return;
}

# check_histogram: of each series buckets that go up to +Inf, and a sum and a count that agree with them
sub check_histogram
{
	my ($self, $name, $samples) = @_;
	my %series;
	for my $sample (@$samples)
	{
		my %labels = %{ $sample->[1] };
		my $le = delete $labels{le};
		my $key = join ',', map { "$_=$labels{$_}" } sort keys %labels;
		if ($sample->[0] eq "${name}_bucket") { push @{ $series{$key}{buckets} }, [ $le, $sample->[2] ]; }
		else { $series{$key}{ substr $sample->[0], length($name) + 1 } = $sample->[2]; }
	}
	for my $key (sort keys %series)
	{
		my ($buckets, $count, $sum) = @{ $series{$key} }{qw(buckets count sum)};
		my ($bound, $below) = ('-Inf', 0);
		for my $bucket (@{ $buckets // [] })
		{
			my $le = $bucket->[0] // 'NaN';
			$self->fault("$name\{$key}: bucket $le does not follow $bound") unless $le eq '+Inf' ? $bound ne '+Inf' : $le > ($bound eq '-Inf' ? -1e300 : $bound);
			$self->fault("$name\{$key}: bucket $le counts less than the one before") if $bucket->[1] < $below;
			($bound, $below) = ($le, $bucket->[1]);
		}
		$self->fault("$name\{$key}: no bucket +Inf") if $bound ne '+Inf';
		$self->fault("$name\{$key}: no sum") unless defined $sum;
		$self->fault("$name\{$key}: the count is not that of +Inf") unless defined $count && $count == $below;
	}
	return;
}

# value(NAME, LABELS): the value of one sample, undef if there is none or there are several
sub value
{
	my ($self, $name, %labels) = @_;
	my @found = grep { my $sample = $_; $sample->[0] eq $name && !grep { ($sample->[1]{$_} // '') ne $labels{$_} } keys %labels }
	  map { @{ $_->{samples} // [] } } values %{ $self->{families} };
	return @found == 1 ? $found[0][2] : undef;
}

1;
