# More maps than the segment has room for: who attaches one is told, topcache.maps
# tells which are not cached, and everything answers from the tables.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('many', 'topcache.max_maps = 4');
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE other");
$node->safe_psql($_, 'CREATE EXTENSION topcache') foreach 'postgres', 'other';

# Attaches a table of two rows; what the session was told.
sub attach
{
	my ($database, $name) = @_;
	my ($out, $err) = ('', '');

	$node->psql(
		$database, qq{
		CREATE TABLE $name (id int PRIMARY KEY, note text);
		INSERT INTO $name VALUES (1, 'one'), (2, 'two');
		SELECT topcache.attach('$name');},
		stdout => \$out, stderr => \$err, on_error_die => 1);
	$err =~ s/^psql:\S+ //mg;
	return $err;
}

# Reads of a map from memory, of two that are the second of their kind.
sub use_map
{
	my ($database, $name) = @_;

	return $node->safe_psql(
		$database, qq{
		SELECT topcache.get('$name', 1);
		SELECT topcache.get('$name', 1) ->> 'note', topcache.is_resident('$name', 1)});
}

sub states
{
	my ($database) = @_;

	return $node->safe_psql($database,
			"SELECT relation, state, reason FROM topcache.maps "
		  . "ORDER BY relation::text COLLATE \"C\"");
}

# Up to the limit nobody is told anything, and to look takes no place.
is(attach('postgres', "t$_"), '', "map $_ without a word") foreach 1 .. 4;
is(states('postgres'), join("\n", map { "t$_|active|" } 1 .. 4),
	'all have room');

# One more than can be cached, although none is yet.
like(
	attach('postgres', 't5'),
	qr/^WARNING:  map "t5" may not be cached, as there are more maps than "topcache.max_maps"
DETAIL:  This database has 5 maps, those of other databases that are cached are 0, and "topcache.max_maps" is 4\.
HINT:  Raise "topcache.max_maps" and restart the server\. topcache\.maps tells which maps have no room\.$/,
	'map 5 with a warning');
states('postgres') foreach 1 .. 2;
$node->safe_psql('postgres', 'SELECT * FROM topcache.stats; SELECT topcache.reset_stats()');
is(use_map('postgres', 't5'), "{\"id\": 1, \"note\": \"one\"}\none|t",
	'it is cached if it is used first, whoever has looked at the others');
like(use_map('postgres', "t$_"), qr/^one\|t$/m, "t$_ is cached") foreach 1 .. 3;
like(use_map('postgres', 't4'), qr/^one\|f$/m, 't4 is not');
is( states('postgres'),
	join("\n", (map { "t$_|active|" } 1 .. 3),
		't4|suspended|the segment has no room for another map',
		't5|active|'),
	'the view tells which');
$node->safe_psql('postgres', "UPDATE t4 SET note = 'changed' WHERE id = 1");
is( $node->safe_psql(
		'postgres', q{
		SELECT topcache.get('t4', 1) ->> 'note', topcache.put('t4', 3, '{"note": "three"}'),
			(SELECT note FROM t4 WHERE id = 1);
		SELECT topcache.get('t4', 3) ->> 'note', topcache.contains('t4', 3)}),
	"changed|t|changed\nthree|t",
	'and it is read and written all the same');

# Maps of all databases share the places.
like(
	attach('other', 'here'),
	qr/^WARNING:  map "here" may not.*\nDETAIL:  This database has 1 maps, those of other databases that are cached are 4,/,
	'another database is told of them');
like(use_map('other', 'here'), qr/^one\|f$/m, 'and its map has no room');
is(states('other'), 'here|suspended|the segment has no room for another map',
	'which its view tells');
my ($out, $err) = ('', '');
$node->psql('other',
	"CREATE FOREIGN TABLE passing (id int, note text) SERVER topcache OPTIONS (volatile 'true')",
	stdout => \$out, stderr => \$err);
like($err, qr/WARNING:  map "passing" may not be cached/,
	'whoever makes a volatile map is told too');

# A place that is given up is taken by who needs it.
$node->safe_psql('postgres', "SELECT topcache.detach('t1'); DROP TABLE t2");
like(use_map('postgres', 't4'), qr/^changed\|t$/m, 't4 has a place now');
like(use_map('other', 'here'), qr/^one\|t$/m, 'and the other database');
foreach my $map ('t3', 't4', 't5')
{
	is($node->safe_psql('postgres', "SELECT * FROM topcache.verify('$map')"),
		'', "$map: nothing wrong");
}

$node->stop;
done_testing();
