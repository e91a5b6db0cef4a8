# Records without a table behind them cannot be evicted.  When they fill the
# segment, putting another one fails; everything else goes on, and dropping
# the map gives the memory back.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('volatile', "topcache.size = '8MB'");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('v', durable => false);
	SELECT topcache.create_map('t');
	SELECT count(topcache.put('t', g::text, to_jsonb(g)))
	  FROM generate_series(1, 1000) g;
	SELECT topcache.put('v', 'first', '"first"');
});

my $big = "jsonb_build_object('n', g, 'fill', repeat('x', 1000))";
my $out_of_memory = qr/ERROR:  53200: out of memory.*\nHINT:  /s;

# Runs a statement that has to fail, and returns the error with its code.
sub error_of
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $status = $node->psql(
		'postgres', "\\set VERBOSITY verbose\n$sql",
		stdout => \$out,
		stderr => \$err);

	isnt($status, 0, 'the statement fails');
	return $err;
}

sub volatile_records
{
	return $node->safe_psql('postgres',
		"SELECT count(*) FROM topcache.scan('v')");
}

# A statement that fails has put nothing.
like(
	error_of(
			"SELECT count(topcache.put('v', 'x' || g, $big)) "
		  . "FROM generate_series(1, 20000) g"),
	$out_of_memory,
	'a statement that fills the segment fails');
is(volatile_records(), '1', 'and has put nothing');
is($node->safe_psql('postgres', "SELECT topcache.get('v', 'first')"),
	'"first"', 'what was there before is there');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

# Fill it in transactions that are committed, down to the smallest records.
foreach my $value ($big, 'to_jsonb(g)')
{
	like(
		error_of(
			"DO \$\$ BEGIN "
			  . "FOR g IN 1..200000 LOOP "
			  . "PERFORM topcache.put('v', 'k' || g, $value) "
			  . "WHERE NOT topcache.contains('v', 'k' || g); "
			  . "COMMIT; "
			  . "END LOOP; END \$\$"),
		$out_of_memory,
		'putting record by record fails in the end');
}
my $held = volatile_records();
cmp_ok($held, '>', 1000, 'many records have been put');
is( $node->safe_psql(
		'postgres',
		"SELECT records = dirty_records, records FROM topcache.maps "
		  . "WHERE relation = 'v'::regclass"),
	"t|$held",
	'all of them are dirty');

# Everything else keeps working.
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM topcache.scan('v') "
		  . "WHERE value IS DISTINCT FROM topcache.get('v', key)"),
	'0',
	'every volatile record is readable');
is(differences($node, 't', 1100), '0', 'the other map is right');
$node->safe_psql(
	'postgres', q{
	SELECT topcache.put('t', '1', '"one"');
	SELECT topcache.put('t', 'new', '"new"');
	UPDATE t SET value = '"two"' WHERE key = '2';
	DELETE FROM t WHERE key = '3';
	BEGIN;
	SELECT topcache.remove('t', '4');
	ROLLBACK;
	INSERT INTO t SELECT 'k' || g, to_jsonb(g) FROM generate_series(1, 1000) g;
});
is( $node->safe_psql(
		'postgres',
		"SELECT topcache.get('t', '1'), topcache.get('t', 'new'), "
		  . "topcache.get('t', '2'), topcache.get('t', '3') IS NULL, "
		  . "topcache.get('t', '4'), topcache.get('t', 'k77')"),
	'"one"|"new"|"two"|t|4|77',
	'the other map can be written');
is(differences($node, 't', 1100), '0', 'and is right');
is(problems($node, 't'), '', 'nothing wrong with any record');
is(volatile_records(), $held, 'no volatile record has gone');
is($node->safe_psql('postgres', "SELECT topcache.evict_all('v')"),
	'0', 'none can be evicted');

# Removing records is the way out, so it must not want room itself.
foreach my $step (
	[ "topcache.remove('v', 'k1')", 't', 'a record can be removed' ],
	[ "topcache.put('v', 'last', $big) FROM generate_series(1, 1) g",
		't', 'which makes room for another one' ],
	[ "topcache.contains('v', 'k1')", 'f', 'the first one is gone' ],
	[ "topcache.get('v', 'last') -> 'n'", '1', 'the other one is there' ],
	[
		"topcache.remove_many('v', "
		  . "ARRAY(SELECT 'k' || g FROM generate_series(2, 101) g))",
		'100', 'many records can be removed at once'
	],
	[ "topcache.clear('v') > 1000", 't', 'all records can be removed' ],
	[ "(SELECT count(*) FROM topcache.scan('v'))", '0', 'and are gone' ])
{
	my ($call, $expected, $what) = @$step;
	my ($status, $out, $err) = $node->psql('postgres', "SELECT $call");

	is($out . $err, $expected, $what);
}

# Dropping the map gives the memory back.
$node->safe_psql('postgres', "SELECT topcache.drop_map('v')");
wait_until($node,
		"SELECT sum(bytes) FILTER (WHERE name = 'free') > "
	  . "pg_size_bytes(current_setting('topcache.size')) / 2 "
	  . "FROM topcache.memory");
pass('the memory is free');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');
is($node->safe_psql('postgres', "SELECT topcache.hydrate('t') > 0"),
	't', 'records are loaded into it');
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM t WHERE topcache.is_resident('t', key)"),
	$node->safe_psql('postgres', 'SELECT count(*) FROM t'),
	'every record of the other map is resident');
is(problems($node, 't'), '', 'nothing wrong with any record');

$node->stop;
done_testing();
