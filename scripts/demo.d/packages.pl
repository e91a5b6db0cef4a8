# Turns the output of `apt-cache dumpavail` into lines for COPY: the package's
# name, a tab, and the record as a JSON document.  Needs nothing but perl
# itself, of which the smallest installation has no JSON module.

use strict;
use warnings;

my %number = map { $_ => 1 } qw(Size Installed-Size);
my %list = map { $_ => 1 } qw(Depends Pre-Depends Recommends Suggests Enhances
  Conflicts Breaks Replaces Provides Tag);
my %seen;

# A string as JSON.
sub quoted
{
	my ($text) = @_;

	$text =~ s/([\\"])/\\$1/g;
	$text =~ s/\n/\\n/g;
	$text =~ tr/\x00//d;
	$text =~ s/([\x01-\x1f])/sprintf('\\u%04x', ord($1))/ge;
	return "\"$text\"";
}

# One field of a record as a JSON value.
sub value
{
	my ($name, $text) = @_;

	return $text if $number{$name} && $text =~ /^(0|[1-9][0-9]*)$/;
	return '[' . join(', ', map { quoted($_) } split(/,\s*/, $text)) . ']'
	  if $list{$name};
	return quoted($text);
}

# One record, a paragraph of "Name: text" with indented continuation lines.
sub document
{
	my ($paragraph) = @_;
	my ($key, @members);

	while ($paragraph =~ /^([A-Za-z0-9-]+):[ \t]*(.*(?:\n[ \t].*)*)/mg)
	{
		my ($name, $text) = ($1, $2);

		$key = $text if $name eq 'Package';
		$text =~ s/\n[ \t]/\n/g;
		push @members,
		  quoted(lc($name =~ tr/-/_/r)) . ': ' . value($name, $text);
	}
	return ($key, '{' . join(', ', @members) . '}');
}

local $/ = '';
while (my $paragraph = <STDIN>)
{
	my ($key, $document) = document($paragraph);

	next if !defined $key || $seen{$key}++;
	# text stays bytes here; those that are not UTF-8 must not reach the server
	$document =~ s/[\x80-\xff]/?/g if !utf8::decode(my $copy = $document);
	# COPY has an escape character of its own
	$document =~ s/\\/\\\\/g;
	print "$key\t$document\n";
}
