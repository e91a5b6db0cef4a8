# contrib/monitoring: every query runs for a role that may only monitor, gives
# the columns that are described, and the dashboard shows metrics that exist.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use Monitoring;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $folder  = "$FindBin::RealBin/../../contrib/monitoring";
my %queries = read_queries("$folder/queries.yaml");

my $node = new_server('monitoring');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	CREATE ROLE monitor LOGIN IN ROLE pg_monitor;
	SELECT topcache.create_map('t');
	REVOKE ALL ON t FROM public;
	SELECT topcache.put('t', 'a', '1'), topcache.get('t', 'a'), topcache.get('t', 'b');
});

cmp_ok(scalar(keys %queries), '>', 5, 'there are queries');
my %metrics;
foreach my $name (sort keys %queries)
{
	my ($sql, $columns) = @{ $queries{$name} }{qw(sql columns)};
	my ($code, $out, $err) =
	  $node->psql('postgres', $sql, extra_params => [ '-U', 'monitor', '-P', 'tuples_only=off', '-P', 'footer=off' ]);
	my ($header, @rows) = split /\n/, $out;

	is($code, 0, "$name runs") or diag($err);
	is(join(' ', sort split /\|/, $header),
		join(' ', sort keys %$columns),
		"$name gives what it describes");
	cmp_ok(scalar(@rows), '>', 0, "$name has something to tell");
	foreach my $column (keys %$columns)
	{
		my $usage = $columns->{$column}{usage} // '';

		like($usage, qr/^(LABEL|COUNTER|GAUGE)$/, "$name.$column has a usage");
		ok($columns->{$column}{description}, "$name.$column is described");
		$metrics{"${name}_$column"} = 1 if $usage ne 'LABEL';
	}
}

my @expressions = dashboard_expressions("$folder/grafana-dashboard.json");
my %shown       = map { $_ => 1 } map { metrics_in($_->[1]) } @expressions;

cmp_ok(scalar(@expressions), '>', 10, 'the dashboard has panels');
is(join(' ', grep { !$metrics{$_} } sort keys %shown),
	'', 'the dashboard shows metrics that exist');
is(join(' ', grep { !$shown{$_} } sort keys %metrics),
	'', 'and all of them');

$node->stop;
done_testing();
