# check.pl FOLDER EXPORTER PROMETHEUS: does the exporter at one address give the
# metrics of the queries, and Prometheus at the other something for every
# expression of the dashboard?

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../t";

use HTTP::Tiny;
use JSON::PP;
use Monitoring;

my ($folder, $exporter, $prometheus) = @ARGV;
my $http   = HTTP::Tiny->new;
my $failed = 0;

sub report
{
	my ($ok, $what) = @_;

	print $ok ? 'ok' : 'not ok', " - $what\n";
	$failed += !$ok;
	return;
}

# The page at an address, once it is there.
sub page
{
	my ($url) = @_;
	my $response;

	for (my $tries = 0; $tries < 600; $tries++)
	{
		$response = $http->get($url);
		return $response->{content} if $response->{success};
		select undef, undef, undef, 0.1;
	}
	die "$url: $response->{status} $response->{reason}\n";
}

sub evaluate
{
	my ($expression) = @_;
	my $answer = decode_json(
		page("http://$prometheus/api/v1/query?"
			  . $http->www_form_urlencode({ query => $expression })));

	return @{ $answer->{data}{result} };
}

# ----- the exporter -----

my %queries = read_queries("$folder/queries.yaml");
my $metrics = page("http://$exporter/metrics");

foreach my $name (sort keys %queries)
{
	my $columns = $queries{$name}{columns};

	foreach my $column (sort grep { $columns->{$_}{usage} ne 'LABEL' } keys %$columns)
	{
		report($metrics =~ /^${name}_$column(?:\{[^}]*\})? [\d.e+-]+$/m,
			"the exporter gives ${name}_$column");
	}
}
report($metrics =~ /^pg_exporter_last_scrape_error(?:\{.*\})? 0$/m, 'without an error');

# ----- the dashboard -----

# a rate is one between two samples, at the least
my $tries = 0;
until (grep { $_->{value}[1] >= 3 } evaluate('count_over_time(topcache_map_active[5m])'))
{
	die "Prometheus has no samples\n" if ++$tries > 600;
	select undef, undef, undef, 0.1;
}
foreach my $shown (dashboard_expressions("$folder/grafana-dashboard.json"))
{
	my ($title, $expression) = @$shown;

	# as Grafana does
	$expression =~ s/\$__rate_interval/5m/g;
	$expression =~ s/\$(?:database|map)/.*/g;
	report(scalar(evaluate($expression)), "$title: $expression");
}

print $failed ? "$failed failed\n" : "all there\n";
exit($failed ? 1 : 0);
