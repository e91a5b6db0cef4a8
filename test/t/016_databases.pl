# Databases are kept apart, also one that was made from another as template,
# where every OID and file number is the same; and one that takes the number
# of a database that was dropped.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 100;

my $node = new_server('databases');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql(
	'one', qq{
	CREATE EXTENSION topcache;
	SELECT topcache.create_map('t');
	SELECT topcache.create_map('passing', durable => false);
	SELECT topcache.put('passing', 'a', '"one"');
	SELECT count(topcache.put('t', g::text, to_jsonb(g)))
	  FROM generate_series(1, $keys) g;
});

sub session_in
{
	my ($database) = @_;
	my $session = $node->background_psql($database, on_error_stop => 0);

	$session->set_query_timer_restart;
	return $session;
}

# How many records of a database's map are in memory, and its reads from it.
sub records
{
	my ($database) = @_;

	return $node->safe_psql($database,
		"SELECT records FROM topcache.maps WHERE relation = 't'::regclass");
}

sub is_right
{
	my ($database, $what) = @_;

	foreach my $source ('table', 'memory')
	{
		is( $node->safe_psql($database, differences_sql('t', $keys + 20)),
			'0', "$what: $database is right, from $source");
	}
	is( $node->safe_psql($database,
			"SELECT key, problem FROM topcache.verify('t')"),
		'',
		"$what: nothing wrong with any record of $database");
	return;
}

my $identity_sql =
	"SELECT c.oid, c.relfilenode, i.oid, i.relfilenode FROM pg_class c "
  . "JOIN pg_index x ON x.indrelid = c.oid "
  . "JOIN pg_class i ON i.oid = x.indexrelid WHERE c.relname = 't'";

# Writes that end differently in each database.
sub write_in
{
	my ($database) = @_;

	$node->safe_psql(
		$database, qq{
		SELECT topcache.put('t', '1', '"put in $database"');
		UPDATE t SET value = '"updated in $database"' WHERE key = '2';
		INSERT INTO t VALUES ('$database', '"only here"');
		BEGIN;
		UPDATE t SET value = '"undone in $database"' WHERE key = '4';
		ROLLBACK;
	});
	return;
}

foreach my $strategy ('wal_log', 'file_copy')
{
	my $two = "two_$strategy";
	my ($number, $number_two);

	# no negative record of one may be taken for two's
	$node->safe_psql('one',
		"SELECT count(topcache.get('t', g::text)) "
		  . "FROM generate_series(1, $keys + 20) g");
	cmp_ok(records('one'), '>=', $keys, 'one is resident');
	$node->safe_psql('postgres',
		"CREATE DATABASE $two TEMPLATE one STRATEGY $strategy");
	is( $node->safe_psql($two,   $identity_sql),
		$node->safe_psql('one', $identity_sql),
		"$two: every number is the same");
	is(records($two), '0', "$two: starts with nothing in memory");
	is( $node->safe_psql($two, "SELECT topcache.is_resident('t', '1')"),
		'f', "$two: nothing is resident");
	is( $node->safe_psql($two,
			"SELECT topcache.get('passing', 'a') IS NULL"),
		't',
		"$two: its volatile map is empty");
	is_right($two, 'made from a template');

	# different writes after it, seen where they were made
	write_in('one');
	write_in($two);
	$node->safe_psql($two, "DELETE FROM t WHERE key = '3'");
	$node->safe_psql($two, "SELECT topcache.put('passing', 'a', '\"two\"')");
	foreach my $database ('one', $two)
	{
		is( $node->safe_psql(
				$database,
				"SELECT topcache.get('t', '1'), topcache.get('t', '2'), "
				  . "topcache.contains('t', '3'), topcache.get('t', '4'), "
				  . "topcache.contains('t', 'one'), "
				  . "topcache.contains('t', '$two')"),
			"\"put in $database\"|\"updated in $database\"|"
			  . ($database eq 'one' ? 't' : 'f') . '|4|'
			  . ($database eq 'one' ? 't|f' : 'f|t'),
			"$database: sees its own writes");
		is_right($database, 'after writes');
	}
	$node->safe_psql('one', "DELETE FROM t WHERE key = 'one'");
	is( $node->safe_psql('one', "SELECT topcache.get('passing', 'a')"),
		'"one"', 'volatile maps are two');

	# sessions in both at once, also with older snapshots and open writes
	my $in_one = session_in('one');
	my $in_two = session_in($two);
	$in_one->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	my $seen = $in_one->query_safe("SELECT topcache.get('t', '5')");
	$in_two->query_safe("BEGIN; SELECT topcache.put('t', '5', '\"open\"')");
	is($in_one->query_safe("SELECT topcache.get('t', '5')"),
		$seen, 'an open write of the other database is not seen');
	$in_two->query_safe('COMMIT');
	is($in_one->query_safe("SELECT topcache.get('t', '5')"),
		$seen, 'nor a committed one');
	$in_one->query_safe('COMMIT');
	is($in_one->query_safe("SELECT topcache.get('t', '5')"),
		$seen, 'nor later');
	is($in_two->query_safe("SELECT topcache.get('t', '5')"),
		'"open"', 'it is where it was made');

	# what is done to all records of one map leaves the other's alone
	my $before = records('one');
	$in_two->query_safe("SELECT topcache.hydrate('t')");
	$in_two->query_safe("SELECT topcache.evict_all('t')");
	is(records('one'), $before, 'evicting one leaves the other');
	$in_two->query_safe("SELECT topcache.clear('t')");
	is(records('one'), $before, 'so does clearing it');
	$in_two->query_safe("TRUNCATE t; INSERT INTO t VALUES ('1', '\"new\"')");
	is(records('one'), $before, 'and truncating it');
	$in_two->query_safe('ALTER TABLE t DISABLE TRIGGER ALL');
	is( $node->safe_psql(
			'one',
			"SELECT state FROM topcache.maps WHERE relation = 't'::regclass"),
		'active',
		'a guard that is off there is on here');
	is_right('one', 'after changes to the other');
	$in_two->query_safe('ALTER TABLE t ENABLE ALWAYS TRIGGER '
		  . 'topcache_row_changed; ALTER TABLE t ENABLE ALWAYS TRIGGER '
		  . 'topcache_table_truncated');
	is_right($two, 'with its guard on again');
	close_session($in_one);

	# dropped, with a transaction under way in it, and made again under the
	# same number from a template that has changed
	$number = $node->safe_psql('postgres',
		"SELECT oid FROM pg_database WHERE datname = '$two'");
	$node->safe_psql($two, "SELECT topcache.hydrate('t')");
	$in_two->query_safe("BEGIN; SELECT topcache.put('t', '6', '\"dirty\"')");
	$node->safe_psql('postgres', "DROP DATABASE $two WITH (FORCE)");
	close_session($in_two);
	is_right('one', 'after the other was dropped');
	write_in('one');
	$node->safe_psql('postgres',
		"CREATE DATABASE $two TEMPLATE one STRATEGY $strategy OID = $number");
	$number_two = $node->safe_psql('postgres',
		"SELECT oid FROM pg_database WHERE datname = '$two'");
	is($number_two, $number, "$two: has its old number");
	is( $node->safe_psql(
			$two,
			"SELECT topcache.get('t', '1'), topcache.get('t', '2'), "
			  . "topcache.get('t', '6'), topcache.get('passing', 'a') IS NULL"),
		'"put in one"|"updated in one"|6|t',
		"$two: has nothing of the database that had its number");
	is_right($two, 'made again');
	$node->safe_psql('one', "DELETE FROM t WHERE key = 'one'");

	# names change hands
	$node->safe_psql('one', "UPDATE t SET value = '\"of one\"' WHERE key = '7'");
	$node->safe_psql($two,  "UPDATE t SET value = '\"of two\"' WHERE key = '7'");
	$node->safe_psql('postgres', "ALTER DATABASE one RENAME TO third");
	$node->safe_psql('postgres', "ALTER DATABASE $two RENAME TO one");
	$node->safe_psql('postgres', "ALTER DATABASE third RENAME TO $two");
	is($node->safe_psql('one', "SELECT topcache.get('t', '7')"),
		'"of two"', 'a database that is renamed keeps its records');
	is($node->safe_psql($two, "SELECT topcache.get('t', '7')"),
		'"of one"', 'so does the other');
	is_right('one', 'renamed');
	is_right($two,  'renamed');
	$node->safe_psql('postgres', "ALTER DATABASE one RENAME TO third");
	$node->safe_psql('postgres', "ALTER DATABASE $two RENAME TO one");
	$node->safe_psql('postgres', "ALTER DATABASE third RENAME TO $two");
}

# Both at once, over and over.
my %session = map { $_ => session_in($_) } ('one', 'two_wal_log');
foreach my $database (sort keys %session)
{
	# each writes its own name and finds nothing else
	$session{$database}->query_safe(
		qq{
		CREATE FUNCTION write_and_read(rounds int) RETURNS int
		LANGUAGE plpgsql AS \$\$
		DECLARE
			k text;
			wrong int := 0;
		BEGIN
			FOR i IN 1 .. rounds LOOP
				k := 1 + i % 10;
				UPDATE t SET value = to_jsonb('$database ' || i) WHERE key = k;
				PERFORM topcache.evict('t', (1 + i % 7)::text);
			END LOOP;
			SELECT count(*) INTO wrong FROM t
			 WHERE topcache.get('t', key) IS DISTINCT FROM value;
			RETURN wrong;
		END \$\$});
	$session{$database}
	  ->query_safe("UPDATE t SET value = '\"$database\"'");
}
foreach my $round (1 .. 20)
{
	$session{$_}->{stdin} .= "SELECT write_and_read(50);\n"
	  foreach sort keys %session;
	foreach my $database (sort keys %session)
	{
		$session{$database}->{run}->pump_nb;
		is($session{$database}->query_safe(
				"SELECT count(*) FROM t WHERE "
				  . "topcache.get('t', key)::text !~ '^\"$database' "
				  . "OR topcache.get('t', key) IS DISTINCT FROM value"),
			"0\n0",
			"round $round: $database finds what is its own");
	}
}
close_session($_) foreach values %session;
is_right($_, 'in the end') foreach sort keys %session;

# The memory of what was dropped comes back.
$node->safe_psql('postgres', "DROP DATABASE $_")
  foreach 'two_wal_log', 'two_file_copy', 'one';
create_extension($node);
wait_until($node,
	"SELECT bytes = 0 FROM topcache.memory WHERE name = 'rows and keys'");
pass('no record of a database that was dropped is left');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

$node->stop;
done_testing();
