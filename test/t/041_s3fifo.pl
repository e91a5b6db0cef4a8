# topcache.policy = s3fifo: what is read twice stays, what comes back from the
# ghost stays, the rest goes; dirty records stay whatever happens, and the
# ghost has a fixed place in the segment.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

# Some five times the segment.
my $keys = 60_000;

my $node = new_server('s3fifo', "topcache.size = '8MB'");
$node->append_conf('postgresql.conf', 'topcache.high_water = 100');
$node->append_conf('postgresql.conf', 'topcache.low_water = 100');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('t');
	INSERT INTO t SELECT g::text, to_jsonb(repeat('x', 600))
	  FROM generate_series(1, $keys) g;
	SELECT topcache.evict_all();
});

sub fixed_bytes
{
	return $node->safe_psql('postgres',
		"SELECT bytes FROM topcache.memory WHERE name = 'fixed structures'");
}

# Read keys from one to another, once.
sub read_keys
{
	my ($from, $to) = @_;

	return $node->safe_psql('postgres',
		"SELECT count(topcache.get('t', g::text)) "
		  . "FROM generate_series($from, $to) g");
}

sub residents
{
	my ($from, $to) = @_;

	return $node->safe_psql('postgres',
		"SELECT count(*) FROM generate_series($from, $to) g "
		  . "WHERE topcache.is_resident('t', g::text)");
}

my $fixed = fixed_bytes();

$node->append_conf('postgresql.conf', "topcache.policy = 's3fifo'");
$node->restart;
is($node->safe_psql('postgres', 'SHOW topcache.policy'),
	's3fifo', 'the policy can be set');
cmp_ok(fixed_bytes() - $fixed, '>', 8 * 1024 * 1024 / 200,
	'the ghost is in the memory that is stated');
cmp_ok(fixed_bytes() - $fixed, '<', 8 * 1024 * 1024 / 50,
	'and does not take much of it');
is(memory_sum($node), 't', 'all parts sum to the size');

# How many records there is room for.
read_keys(1, $keys);
my $room = residents(1, $keys);
cmp_ok($room, '>', 5_000, 'the segment is full');
$node->safe_psql('postgres', 'SELECT topcache.evict_all()');

# 1 to 100 three times, 101 to 200 twice, 201 to 300 once; then all others.
read_keys(1, 300);
read_keys(1, 200);
read_keys(1, 200);
read_keys(1, 100);
read_keys(1001, 1000 + 2 * $room);
is(residents(1, 200), '200', 'what was read again is resident');
is(residents(201, 300), '0', 'what was read once is not');

# 301 to 400 go and come back while they are remembered; 401 to 500 when they
# are forgotten.
my $first = 1_000 + int(1.5 * $room);
my $second = $first + int(1.2 * $room);
$node->safe_psql('postgres', 'SELECT topcache.evict_all()');
read_keys(401, 500);
read_keys(1001, $first);
read_keys(301, 400);
read_keys($first + 1, $second);
is(residents(301, 500), '0', 'what was read once has gone');
read_keys(301, 500);
is(residents(301, 500), '200', 'and is back when it is read');
read_keys($second + 1, $second + $room);
is(residents(301, 400), '100', 'what came back early stays');
is(residents(401, 500), '0', 'what came back late goes');

# Dirty records are no one's to evict.
my $writer = open_session($node);
$writer->query_safe('BEGIN');
$writer->query_safe("SELECT count(topcache.put('t', g::text, '1')) "
	  . "FROM generate_series(50001, 50500) g");
read_keys(1, 40_000);
read_keys(1, 40_000);
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM topcache.entries('t') WHERE dirty"),
	'500', 'dirty records stay');
$writer->query_safe('COMMIT');
close_session($writer);
wait_clean($node, 't');
is(differences($node, 't', $keys), '0', 'no key differs');
read_keys(1, 40_000);
is(residents(50001, 50500), '0', 'clean again, they go in their turn');
is(problems($node, 't'), '', 'nothing is wrong with any record');
is(memory_sum($node), 't', 'no byte is lost');

# Of one map alone, and until none is left.
is( $node->safe_psql('postgres', "SELECT topcache.evict_lru('t', 10)"),
	'10', 'some can be evicted');
is( $node->safe_psql('postgres',
		"SELECT topcache.evict_lru('t', 1000000) > 1000, "
		  . "(SELECT records FROM topcache.maps)"),
	't|0', 'and all the others');

# A record that is not read any more is idle, however often it was read.
read_keys(1, 100) for 1 .. 5;
is(residents(1, 100), '100', 'some records are resident again');
$node->safe_psql('postgres',
	"SELECT topcache.alter_map('t', max_idle => '100 ms')");
wait_until($node, 'SELECT records = 0 FROM topcache.maps');
is(problems($node, 't'), '', 'idle records leave');

$node->stop;
done_testing();
