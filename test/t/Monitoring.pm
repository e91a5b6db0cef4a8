# Reads what contrib/monitoring has: queries, their metrics, and the metrics
# that the dashboard shows.

package Monitoring;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use JSON::PP;

our @EXPORT = qw(read_queries dashboard_expressions metrics_in);

sub slurp
{
	my ($path) = @_;

	open my $file, '<', $path or die "$path: $!";
	local $/;
	return <$file>;
}

# The queries by name: the SQL, and the columns with their usage and
# description.  Of YAML it understands what the file uses.
sub read_queries
{
	my ($path) = @_;
	my (%queries, $name, $in_query, $column);

	foreach my $line (split /\n/, slurp($path))
	{
		next if $line =~ /^#/ || $line =~ /^\s*$/;
		if ($line =~ /^(\w+):$/)
		{
			$name = $1;
			$queries{$name} = { sql => '', columns => {} };
		}
		elsif ($line =~ /^  query: \|$/)   { $in_query = 1; }
		elsif ($line =~ /^  metrics:$/)    { $in_query = 0; }
		elsif ($in_query && $line =~ /^    (.*)$/)
		{
			$queries{$name}{sql} .= "$1\n";
		}
		elsif ($line =~ /^    - (\w+):$/) { $column = $1; }
		elsif ($line =~ /^        (usage|description): "([^"]+)"$/)
		{
			$queries{$name}{columns}{$column}{$1} = $2;
		}
		else { die "$path: cannot read: $line"; }
	}
	return %queries;
}

# Title and expression of everything that the dashboard evaluates.
sub dashboard_expressions
{
	my ($path) = @_;
	my $dashboard = decode_json(slurp($path));

	return map {
		my $panel = $_;
		map { [ $panel->{title}, $_->{expr} ] } @{ $panel->{targets} }
	} @{ $dashboard->{panels} };
}

sub metrics_in { return $_[0] =~ /\b(topcache_\w+)/g; }

1;
