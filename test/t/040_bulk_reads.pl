# Reading a large table through does not push out what is in use: by single
# reads in one statement, by get_many(), by hydrate() and by scan(), under
# either policy.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

# A quarter of the segment, and four times the segment.
my $hot  = 4_000;
my $cold = 60_000;

my $node = new_server('scans', "topcache.size = '8MB'");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('hot');
	SELECT topcache.create_map('cold');
	INSERT INTO hot SELECT g::text, to_jsonb(repeat('h', 400))
	  FROM generate_series(1, $hot) g;
	INSERT INTO cold SELECT g::text, to_jsonb(repeat('c', 400))
	  FROM generate_series(1, $cold) g;
});

my %scans = (
	'single reads'  => "SELECT count(topcache.get('cold', key)) FROM cold",
	'an outer join' =>
	  "SELECT count(c) FROM cold o LEFT JOIN LATERAL (SELECT "
	  . "topcache.get('cold', o.key) c OFFSET 0) x ON true",
	'get_many()' => "SELECT count(value) FROM topcache.get_many('cold', "
	  . "ARRAY(SELECT key FROM cold))",
	'scan()'    => "SELECT count(value) FROM topcache.scan('cold')",
	'hydrate()' => "SELECT topcache.hydrate('cold') >= 0");

# A new server with such settings, its hot records read some times.
sub restart_with
{
	my (%settings) = @_;

	$node->append_conf('postgresql.conf', "$_ = '$settings{$_}'")
	  for keys %settings;
	$node->restart;
	for (1 .. 3)
	{
		$node->safe_psql('postgres',
			"SELECT count(topcache.get('hot', key)) FROM hot");
	}
	return;
}

sub hot_left
{
	return $node->safe_psql('postgres',
		"SELECT count(*) FROM topcache.entries('hot')");
}

foreach my $policy ('lru', 's3fifo')
{
	foreach my $scan (sort keys %scans)
	{
		restart_with(
			'topcache.policy'             => $policy,
			'topcache.recency_resolution' => '1ms');
		is(hot_left(), $hot, "$policy: the hot records are resident");
		$node->safe_psql('postgres', $scans{$scan}) for 1 .. 2;
		is(hot_left(), $hot, "$policy: and after $scan of all others");
	}
	cmp_ok(
		$node->safe_psql('postgres',
			"SELECT evictions FROM topcache.stats "
			  . "WHERE relation = 'cold'::regclass"),
		'>', $cold, "$policy: of which many were evicted");
	is(problems($node, 'hot') . problems($node, 'cold'),
		'', "$policy: nothing is wrong with any record");
	is(memory_sum($node), 't', "$policy: no byte is lost");
}

# Where the order is to be exact, the last read stay, whoever reads them.
restart_with(
	'topcache.policy'             => 'lru',
	'topcache.recency_resolution' => '0');
$node->safe_psql('postgres', $scans{'single reads'});
is(hot_left(), '0', 'an exact order has no exception');

# What a scan has brought in stays once it is read again.
restart_with(
	'topcache.policy'             => 'lru',
	'topcache.recency_resolution' => '1ms');
$node->safe_psql('postgres', $scans{'single reads'});
my $last = $node->safe_psql('postgres',
	"SELECT array_agg(key) FROM (SELECT key FROM topcache.entries('cold') "
	  . "ORDER BY last_access DESC LIMIT 50) e");
is( $node->safe_psql('postgres',
		"SELECT count(topcache.get('cold', key)) "
		  . "FROM unnest('$last'::text[]) key"),
	'50', 'some of the others are read again');
$node->safe_psql('postgres', $scans{'single reads'});
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM unnest('$last'::text[]) key "
		  . "WHERE topcache.is_resident('cold', key)"),
	'50', 'and stay when the table is read through once more');

$node->stop;
done_testing();
