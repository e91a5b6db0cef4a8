package Svg;

# The parts of a picture in SVG that all pictures of the benchmarks have.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(begin_picture end_picture text_at line_at @colours round_up);

our @colours = ('#1f6feb', '#bf3989', '#1a7f37', '#9a6700');

sub begin_picture
{
	my ($width, $height) = @_;

	printf '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
	  . 'font-family="sans-serif">' . "\n"
	  . '<rect width="100%%" height="100%%" fill="white"/>' . "\n",
	  $width, $height;
	return;
}

sub end_picture
{
	print "</svg>\n";
	return;
}

# The anchor is start, middle or end.
sub text_at
{
	my ($x, $y, $anchor, $text, $size, $colour) = @_;

	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	printf '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" fill="%s">'
	  . "%s</text>\n", $x, $y, $anchor, $size || 12, $colour || '#24292f', $text;
	return;
}

sub line_at
{
	my ($x1, $y1, $x2, $y2, $colour) = @_;

	printf '<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>' . "\n",
	  $x1, $x2, $y1, $y2, $colour;
	return;
}

# A number for the end of a scale: one, two or five, and noughts.
sub round_up
{
	my ($value) = @_;
	my $power = 10**int(log($value || 1) / log(10));

	$power /= 10 if $power > $value;
	foreach my $step (1, 2, 5, 10)
	{
		return $step * $power if $value <= $step * $power * 1.0001;
	}
	return $value;
}

1;
