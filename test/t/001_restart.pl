# A restart: definitions and data survive, the cache starts empty and fills
# itself again, and the worker comes back.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('restart');
$node->start;
create_extension($node);

# One map made by create_map, one attached, one without a table.
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('made', ttl => '1 day', max_idle => '1 hour',
							   max_cost => 4000000);
	CREATE TABLE given (key text PRIMARY KEY, value jsonb NOT NULL,
						expires_at timestamptz);
	SELECT topcache.attach('given', value => 'value');
	SELECT topcache.create_map('passing', durable => false);

	SELECT count(topcache.put('made', g::text, jsonb_build_object('n', g)))
	  FROM generate_series(1, 100) g;
	INSERT INTO given SELECT g::text, to_jsonb(g)
	  FROM generate_series(1, 100) g;
	SELECT topcache.put('passing', 'a', '1');
});
wait_clean($node, 'made');

my $definitions_sql =
  'SELECT * FROM topcache.map_definition ORDER BY relation';
my $definitions = $node->safe_psql('postgres', $definitions_sql);
my $old_worker  = wait_worker($node);

is($node->safe_psql('postgres', "SELECT topcache.is_resident('made', '7')"),
	't', 'a record is resident before the restart');
is(differences($node, 'given', 110), '0', 'attached table is right before');

$node->restart;

is($node->safe_psql('postgres', $definitions_sql),
	$definitions, 'definitions survive');
is( $node->safe_psql(
		'postgres', 'SELECT sum(records), sum(bytes) FROM topcache.maps'),
	'0|0',
	'the cache starts empty');
is($node->safe_psql('postgres', "SELECT topcache.is_resident('made', '7')"),
	'f', 'no record is resident after the restart');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

# The first look reads the tables and fills, the second finds the records.
is(differences($node, 'made', 110), '0', 'created map is right');
is(differences($node, 'given', 110), '0', 'attached table is right');
is($node->safe_psql('postgres', "SELECT topcache.get('made', '7')"),
	'{"n": 7}', 'a record survives');
is($node->safe_psql('postgres', "SELECT topcache.is_resident('made', '7')"),
	't', 'reading has filled the cache');
is(differences($node, 'made', 110), '0', 'created map is right from memory');
is(differences($node, 'given', 110),
	'0', 'attached table is right from memory');
cmp_ok(
	$node->safe_psql(
		'postgres',
		"SELECT hits FROM topcache.stats WHERE relation = 'made'::regclass"),
	'>=', 100, 'the second look was answered from memory');
is(problems($node, 'made'), '', 'nothing wrong with the created map');
is(problems($node, 'given'), '', 'nothing wrong with the attached table');

# The guard works as before.
$node->safe_psql(
	'postgres', q{
	UPDATE made SET value = '"changed"' WHERE key = '7';
	SELECT topcache.put('given', '8', '"put"');
	DELETE FROM given WHERE key = '9';
});
is( $node->safe_psql(
		'postgres',
		"SELECT topcache.get('made', '7'), topcache.get('given', '8'), "
		  . "topcache.get('given', '9') IS NULL"),
	'"changed"|"put"|t',
	'writes after the restart are seen');

# Without a table there is nothing to come back to, but the map is there.
is( $node->safe_psql(
		'postgres', "SELECT topcache.get('passing', 'a') IS NULL"),
	't',
	'records of a volatile map do not survive');
$node->safe_psql('postgres', "SELECT topcache.put('passing', 'a', '2')");
is($node->safe_psql('postgres', "SELECT topcache.get('passing', 'a')"),
	'2', 'the volatile map itself does');

isnt(wait_worker($node, $old_worker), $old_worker, 'the worker is back');

$node->stop;
done_testing();
