package Targets;

# What a run of the benchmark has measured, and what it is held against.

use strict;
use warnings;

use Exporter 'import';
use FindBin;

our @EXPORT_OK = qw(read_targets read_results names_in_order ratios_of
  contestant_text comparison_text);

my $folder = $INC{'Targets.pm'} =~ s{[^/]*$}{}r;

# The rows of the file targets; what a row leaves out of its texts is as above.
sub read_targets
{
	my (@rows, $above);

	open my $file, '<', "$folder/targets" or die "could not read targets: $!";
	while (<$file>)
	{
		next if /^#/ || /^\s*$/;
		my %row;
		@row{qw(row comparison own rival clients target work against)} =
		  map { s/^\s+|\s+$//gr } split /\|/;
		foreach my $text (qw(work against))
		{
			$row{$text} = $above->{$text} if ($row{$text} // '') eq '';
		}
		push @rows, \%row;
		$above = \%row;
	}
	return @rows;
}

# By comparison, contestant and number of clients, a list of rates by round.
sub read_results
{
	my ($path) = @_;
	my %results;

	open my $file, '<', $path or die "could not read $path: $!";
	while (<$file>)
	{
		chomp;
		my ($comparison, $name, $clients, $round, $rate) = split /\t/;
		$results{$comparison}{$name}{$clients}[ $round - 1 ] = $rate;
	}
	return \%results;
}

# The contestants of each comparison, as they came.
sub names_in_order
{
	my ($path) = @_;
	my (%names, %seen);

	open my $file, '<', $path or die "could not read $path: $!";
	while (<$file>)
	{
		my ($comparison, $name) = split /\t/;
		push @{ $names{$comparison} }, $name unless $seen{$comparison}{$name}++;
	}
	return \%names;
}

# The ratios of a row, round by round; nothing where a contestant was not there.
sub ratios_of
{
	my ($results, $row) = @_;
	my $comparison = $results->{ $row->{comparison} } or return;
	my ($own, $rival) = map { ($comparison->{$_} || {})->{ $row->{clients} } }
	  @{$row}{qw(own rival)};

	return unless $own && $rival;

	return [ map { $own->[$_] / $rival->[$_] } 0 .. $#$own ];
}

my %comparison_text = (
	point => 'One record a statement',
	text => 'One record of text a statement',
	batch => '1,000 records a statement, consumed in the server',
	rows => 'Many records at a time, sent to the client',
	scan => 'One row by plain SQL, of an attached table',
	scan_32 => '32 rows by plain SQL, of an attached table',
	join => 'A join with 1,000 outer rows',
	long_join => 'A join with 100,000 outer rows',
	few => '20,000 records, which the caches of the processor hold',
	hot => 'Two clients at one record, or at one each',
	fill => 'Records that are not in the cache',
	write => 'One write a transaction',
	durable => 'One write a transaction, on disk before it is acknowledged',
	bulk => 'An UPDATE of all rows of a table',
	huge => 'Without huge pages, with some that topcache moves to, with reserved ones');

# What a comparison is about.
sub comparison_text
{
	my ($comparison) = @_;

	return ($comparison_text{$comparison} // $comparison) . ': records per second';
}

# Contestants that are no statement of the folder statements/.
my %text = (
	redis_get => 'Redis GET',
	redis_set => 'Redis SET, nothing on disk',
	'redis-always_set' => 'Redis SET, appendfsync always',
	redis_pipeline => 'Redis GET, pipelined by 100',
	redis_many => 'Redis MGET of 100',
	memcached_get => 'memcached get',
	memcached_many => 'memcached get of 100',
	long_join_scan => 'nested loop through topcache',
	long_join_index => 'nested loop with the index',
	long_join_scan_free => 'plan chosen freely, with topcache',
	long_join_index_free => 'plan chosen freely, without topcache',
	bulk_plain => 'table not attached',
	bulk_indexed => 'not attached, one more index in random order',
	bulk_ordered => 'not attached, one more index in the order of the table',
	bulk_warm => 'attached table, all records resident');

# What a contestant does: the first line of its statement.
sub contestant_text
{
	my ($name) = @_;
	my $statement = $name =~ s/.*\.//r;

	return $text{$name} if $text{$name};
	open my $file, '<', "$folder/statements/$statement.sql" or return $name;
	my $text = <$file> =~ s/^-- |\n$//gr;
	return $name =~ /^(on|off|try)\./ ? "$text: $1" : $text;
}

1;
