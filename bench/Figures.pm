package Figures;

# How benchmarks sum up what they have measured: medians, spreads, and numbers
# as text.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min);

our @EXPORT_OK = qw(median spread rounded with_commas);

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	my $middle = int(@sorted / 2);

	return $sorted[$middle] if @sorted % 2;
	return ($sorted[ $middle - 1 ] + $sorted[$middle]) / 2;
}

# Half the range, in per cent of the median.
sub spread
{
	return 50 * (max(@_) - min(@_)) / median(@_);
}

# Three digits are as much as a benchmark knows.
sub rounded
{
	my ($value) = @_;

	return sprintf('%.0f', $value) if $value < 1000;
	my $unit = 10**(length(int($value)) - 3);
	return $unit * int($value / $unit + 0.5);
}

sub with_commas
{
	my $text = sprintf('%.0f', $_[0]);

	1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
	return $text;
}

1;
