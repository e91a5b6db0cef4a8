# A server that does not preload topcache: what is about the cache says so,
# reading and writing work on the table alone.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('plain', "topcache.size = '16MB'");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('t');
	SELECT topcache.create_map('v', durable => false);
	SELECT count(topcache.put('t', g::text, to_jsonb(g)))
	  FROM generate_series(1, 100) g;
});

$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;

my $not_preloaded = qr/ERROR:  topcache must be loaded via "shared_preload_libraries"
HINT:  Add "topcache" to "shared_preload_libraries" and restart the server\./;

# What is about the cache.
foreach my $call (
	"topcache.is_resident('t', '1')", "topcache.hydrate('t')",
	"topcache.evict('t', '1')",       "topcache.evict_lru('t', 1)",
	"topcache.evict_all('t')",        "topcache.entries('t')",
	"topcache.memory_use()",          "topcache.verify('t')",
	"topcache.reset_stats()",         "topcache.put('v', 'a', '1')",
	"topcache.huge_pages()")
{
	my ($out, $err) = ('', '');
	$node->psql(
		'postgres', "SELECT $call",
		stdout => \$out,
		stderr => \$err);
	like(
		$err,
		$not_preloaded,
		"$call says what is missing");
}

# Reading and writing.
is(differences($node, 't', 110), '0', 'records are read from the table');
my ($status, $out, $err) =
  $node->psql('postgres', "SELECT topcache.get('t', '1')");
is("$out, $err", '1, ', 'without a word about it');
$node->safe_psql(
	'postgres', q{
	SELECT topcache.put('t', '1', '"put"');
	SELECT topcache.put('t', 'new', '"new"');
	SELECT topcache.put_if_absent('t', 'absent', '"absent"');
	SELECT topcache.put_many('t', ARRAY['m1', 'm2'], ARRAY['1', '2']::jsonb[]);
	SELECT topcache.replace('t', '2', '2', '"replaced"');
	SELECT topcache.incr('t', '3', 30);
	SELECT topcache.remove('t', '4');
	SELECT topcache.remove_many('t', ARRAY['5', '6']);
	BEGIN;
	SELECT topcache.put('t', '7', '"undone"');
	ROLLBACK;
});
is( $node->safe_psql(
		'postgres', q{
	SELECT string_agg(key || '=' || coalesce(value::text, 'NULL'), ' ')
	  FROM topcache.get_many('t', ARRAY['1', 'new', 'absent', 'm1', 'm2', '2',
										'3', '4', '5', '6', '7'])
}),
	'1="put" new="new" absent="absent" m1=1 m2=2 2="replaced" '
	  . '3=33 4=NULL 5=NULL 6=NULL 7=7',
	'functions write to the table');
is( $node->safe_psql(
		'postgres',
		"SELECT topcache.get_text('t', '8'), topcache.contains('t', '8'), "
		  . "topcache.contains('t', '4'), "
		  . "(SELECT count(*) FROM topcache.scan('t'))"),
	'8|t|f|101',
	'functions read from the table');

# The triggers are there, and are in nobody's way.
$node->safe_psql(
	'postgres', q{
	INSERT INTO t VALUES ('inserted', '1');
	UPDATE t SET value = '"updated"' WHERE key = '10';
	UPDATE t SET key = 'moved' WHERE key = '11';
	DELETE FROM t WHERE key = '12';
});
is(differences($node, 't', 110), '0', 'plain statements work');
is( $node->safe_psql(
		'postgres',
		"SELECT topcache.get('t', 'inserted'), topcache.get('t', '10'), "
		  . "topcache.get('t', 'moved'), topcache.get('t', '12') IS NULL"),
	'1|"updated"|11|t',
	'and are seen');
is($node->safe_psql('postgres', "SELECT topcache.clear('t')"),
	'101', 'a map can be cleared');
$node->safe_psql('postgres', 'TRUNCATE t');

# The extension can be created and a map be made.
$node->safe_psql(
	'postgres', q{
	CREATE DATABASE other;
	\c other
	CREATE EXTENSION topcache;
	SELECT topcache.create_map('made');
	SELECT topcache.put('made', 'a', '1');
});
is($node->safe_psql('other', "SELECT topcache.get('made', 'a')"),
	'1', 'a map can be made');

# The schema keeps its name without it too.
($status, $out, $err) =
  $node->psql('other', 'ALTER SCHEMA topcache RENAME TO elsewhere');
like($err, qr/ERROR:  schema "topcache" cannot be renamed/,
	'the schema cannot be renamed');

# Back again: nothing that happened meanwhile is missing.
$node->safe_psql('postgres',
	"INSERT INTO t SELECT g::text, '0' FROM generate_series(1, 100) g");
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries',
	"'topcache'");
$node->restart;
is(differences($node, 't', 110), '0', 'preloaded again: no key differs');
is(differences($node, 't', 110), '0', 'nor from memory');
is( $node->safe_psql(
		'postgres',
		"SELECT hits > 0 FROM topcache.stats WHERE relation = 't'::regclass"),
	't',
	'and the cache is used');
is( $node->safe_psql(
		'other', "SELECT topcache.get('made', 'a') FROM generate_series(1, 2)"),
	"1\n1",
	'a map that was made without it is a map');

$node->stop;
done_testing();
