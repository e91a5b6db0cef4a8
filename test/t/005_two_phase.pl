# Two-phase commit: records of a prepared transaction are dirty, and nobody
# reads them, until another session decides; also when the server was
# restarted in between.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('prepare');
$node->start;
create_extension($node);
$node->safe_psql('postgres', "SELECT topcache.create_map('t')");

my $records_sql =
	"SELECT topcache.get('t', 'a'), topcache.get('t', 'b'), "
  . "topcache.get('t', 'c'), topcache.get('t', 'd'), topcache.get('t', 'e')";
my $before = '1||3|4|5';
my $after  = '10|20||40|50';

sub records
{
	return $node->safe_psql('postgres', $records_sql);
}

# Number of dirty records, and those among them that hold a value.
sub dirty_keys
{
	return $node->safe_psql('postgres',
		"SELECT (SELECT dirty_records FROM topcache.maps "
		  . "WHERE relation = 't'::regclass), "
		  . "(SELECT string_agg(key, '' ORDER BY key) "
		  . "FROM topcache.entries('t') WHERE dirty)");
}

# Brings the table to a known state.
sub reset_records
{
	$node->safe_psql(
		'postgres', q{
		SELECT topcache.clear('t');
		SELECT topcache.put_many('t', ARRAY['a', 'c', 'd', 'e'],
								 ARRAY['1', '3', '4', '5']::jsonb[]);
	});
	wait_clean($node, 't');
	is(records(), $before, 'records are as they should be');
	return;
}

# Prepares: put over a record, put a new one, remove, plain UPDATE, and a
# write in a subtransaction; and one that was rolled back.
sub prepare
{
	my ($name) = @_;

	$node->safe_psql(
		'postgres', qq{
		BEGIN;
		SELECT topcache.put('t', 'a', '10');
		SELECT topcache.put('t', 'b', '20');
		SELECT topcache.remove('t', 'c');
		UPDATE t SET value = '40' WHERE key = 'd';
		SAVEPOINT s;
		SELECT topcache.put('t', 'e', '-50');
		ROLLBACK TO s;
		SELECT topcache.put('t', 'e', '50');
		RELEASE s;
		PREPARE TRANSACTION '$name';
	});
	return;
}

# Decides in a session of its own, and looks at the outcome.
sub decide
{
	my ($decision, $name, $expected, $when) = @_;

	$node->safe_psql('postgres', "$decision PREPARED '$name'");
	is(records(), $expected, "$decision PREPARED, $when: seen at once");
	wait_clean($node, 't');
	is(records(), $expected, "$decision PREPARED, $when: seen when clean");
	is( $node->safe_psql(
			'postgres',
			"SELECT count(*) FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e']) k "
			  . "WHERE topcache.get('t', k) IS DISTINCT FROM "
			  . "(SELECT value FROM t WHERE key = k)"),
		'0',
		'no key differs');
	is(problems($node, 't'), '', 'nothing wrong with any record');
	return;
}

# In one life of the server.
foreach my $decision ('COMMIT', 'ROLLBACK')
{
	my $expected = $decision eq 'COMMIT' ? $after : $before;
	my $reader;

	reset_records();
	$reader = open_session($node);
	$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	is($reader->query_safe($records_sql), $before, 'a snapshot before it');
	prepare('p');

	is(records(), $before, 'nobody reads what is only prepared');
	is(dirty_keys(), '5|abde', 'its records are dirty');
	worker_rounds($node);
	is(dirty_keys(), '5|abde', 'the worker leaves them so');
	is($node->safe_psql('postgres', "SELECT topcache.evict('t', 'a')"),
		'f', 'they cannot be evicted');
	is(records(), $before, 'still nobody reads them');

	decide($decision, 'p', $expected, 'same server');
	is($reader->query_safe($records_sql),
		$before, 'the earlier snapshot reads what it read');
	$reader->query_safe('COMMIT');
	is($reader->query_safe($records_sql), $expected, 'a later one does not');
	close_session($reader);
}

# Across a restart, and across a crash.
foreach my $mode ('fast', 'immediate')
{
	foreach my $decision ('COMMIT', 'ROLLBACK')
	{
		my $expected = $decision eq 'COMMIT' ? $after : $before;

		reset_records();
		prepare('p');
		$node->stop($mode);
		$node->start;

		# Twice: nothing that the decision would change may be remembered.
		is(records(), $before, "after $mode stop: read from the table");
		is(records(), $before, "after $mode stop: read again");
		decide($decision, 'p', $expected, "after $mode stop");
	}
}

# A session that wants a key of a prepared transaction waits, then reads it.
reset_records();
prepare('p');
my $second = open_session($node);
my $pid    = $second->query_safe('SELECT pg_backend_pid()');
$second->query_until(qr/start/,
	"\\echo start\nSELECT topcache.incr('t', 'a', 5);\n");
wait_until($node,
	"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid");
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
is($second->query_safe("SELECT topcache.get('t', 'a')"),
	"15\n15", 'a second writer builds on the prepared one');
close_session($second);

# A whole table at once.
reset_records();
$node->safe_psql('postgres',
	"BEGIN; SELECT topcache.clear('t'); PREPARE TRANSACTION 'p'");
decide('ROLLBACK', 'p', $before, 'clear');
$node->safe_psql('postgres',
	"BEGIN; SELECT topcache.clear('t'); PREPARE TRANSACTION 'p'");
decide('COMMIT', 'p', '||||', 'clear');
reset_records();
$node->safe_psql('postgres', "BEGIN; TRUNCATE t; PREPARE TRANSACTION 'p'");
decide('COMMIT', 'p', '||||', 'TRUNCATE');

$node->stop;
done_testing();
