# topcache.advise: what it says of the size that is set is what the counters
# say, and what it says of another size is what that size then does.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

# Uniform reads of so many records, of which 16 MB hold a good half.
my $records = 60_000;
my $reads = 300_000;

# Points by which an estimate from a few hundred records may be off.
my $tolerance = 0.08;

my $node = new_server('advise', "topcache.size = '16MB'");
$node->append_conf('postgresql.conf', 'topcache.recency_resolution = 0');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('wide'), topcache.create_map('small'),
		   topcache.create_map('idle');
	INSERT INTO wide SELECT g::text, to_jsonb(repeat('x', 300))
	  FROM generate_series(1, $records) g;
	INSERT INTO small SELECT g::text, '1' FROM generate_series(1, 2000) g;
	CREATE FUNCTION read(map regclass, keys int, reads int) RETURNS bigint
		LANGUAGE sql AS
		'SELECT count(topcache.get(map, (1 + floor(random() * keys))::int::text))
		   FROM generate_series(1, reads)';
});

is($node->safe_psql('postgres', 'SELECT count(*) FROM topcache.advise()'),
	0, 'nothing has been read, nothing is told');

# Read both maps at random, and return the share of hits for the large one.
sub read_all
{
	$node->safe_psql('postgres',
		"SELECT topcache.reset_stats('wide')");
	$node->safe_psql('postgres',
			"SELECT setseed($_ / 10.0), read('wide', $records, $reads / 10), "
		  . "read('small', 2000, 20000)")
	  for 0 .. 9;
	return $node->safe_psql('postgres',
		"SELECT hits::float8 / (hits + misses) FROM topcache.stats "
		  . "WHERE relation = 'wide'::regclass");
}

sub advised
{
	my ($relation, $megabytes) = @_;

	return $node->safe_psql('postgres',
		"SELECT hit_ratio FROM topcache.advise($relation) "
		  . "WHERE size = $megabytes * 1024 * 1024");
}

sub about
{
	my ($ratio, $other, $name) = @_;

	ok(abs($ratio - $other) <= $tolerance, $name)
	  or diag("$ratio, $other");
}

# The worker chooses which keys are watched by how many are there; from then
# on the reads count.
read_all();
wait_worker($node);
my $measured = read_all();

my $half = advised("'wide'", 8);
my $same = advised("'wide'", 16);
my $double = advised("'wide'", 32);

cmp_ok($measured, '<', 0.8, 'the segment does not hold all');
about($same, $measured, 'the size that is set');
about($half, $measured / 2, 'half the size');
cmp_ok($double, '>=', 0.95, 'twice the size holds all');
cmp_ok(advised("'small'", 16), '>=', 0.95, 'a map that is read a lot stays');
cmp_ok(advised('', 16), '>', $same, 'all maps together are in between');
is($node->safe_psql('postgres', "SELECT count(*) FROM topcache.advise('idle')"),
	0, 'a map that nobody reads');
is( $node->safe_psql(
		'postgres', q{
	SELECT bool_and(hit_ratio >= before) FROM (
		SELECT hit_ratio, lag(hit_ratio, 1, 0) OVER (ORDER BY size) AS before
		  FROM topcache.advise('wide')) r}),
	't',
	'a larger size is never worse');

my ($code, $out, $err) =
  $node->psql('postgres', "SELECT topcache.advise('pg_class')");
like($err, qr/"pg_class" is not a topcache map/, 'what is no map');

# Is it true?
for my $megabytes (8, 32)
{
	my $advised = $megabytes == 8 ? $half : $double;

	$node->append_conf('postgresql.conf', "topcache.size = '${megabytes}MB'");
	$node->restart;
	read_all();
	about(read_all(), $advised, "$megabytes MB, when they are set");
}

$node->stop;
done_testing();
