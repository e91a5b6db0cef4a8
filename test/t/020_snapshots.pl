# Snapshots that a reader has not taken itself, or not now: imported ones, old
# ones, those of parallel workers and of cursors.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 2000;

my $node = new_server('snapshots', "max_parallel_workers = 4");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('t');
	CREATE TABLE keys (k text);
	INSERT INTO keys SELECT generate_series(1, $keys + 10)::text;
	ANALYZE keys;
});

sub reset_rows
{
	$node->safe_psql(
		'postgres', qq{
		DELETE FROM t;
		INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;
		ANALYZE t;
	});
	wait_until($node,
		"SELECT count(topcache.get('t', k)) >= 0 AND "
		  . "bool_and(topcache.is_resident('t', k)) FROM keys "
		  . "WHERE k::int <= 20");
	return;
}

# What a session reads of a key, by the cache and by the table.
sub reads
{
	my ($session, $key) = @_;

	return $session->query_safe(
		"SELECT coalesce(topcache.get('t', '$key')::text, '-') || ' ' || "
		  . "coalesce((SELECT value::text FROM t WHERE key = '$key'), '-')");
}

my $writer = open_session($node);

# Imported snapshots: by a transaction that has read nothing, into sessions
# that know later states of the records.
foreach my $exporter_level ('READ COMMITTED', 'REPEATABLE READ')
{
	my $exporter = open_session($node);
	my $importer = open_session($node);
	my $id;

	reset_rows();
	$exporter->query_safe("BEGIN ISOLATION LEVEL $exporter_level");
	$id = $exporter->query_safe('SELECT pg_export_snapshot()');
	$writer->query_safe(
		q{UPDATE t SET value = '-1' WHERE key = '1';
		DELETE FROM t WHERE key = '2';
		INSERT INTO t VALUES ('new', '3');
		UPDATE t SET key = 'moved' WHERE key = '4';
		SELECT topcache.put('t', '5', '-5')});
	is(reads($importer, $_->[0]), $_->[1], "now: $_->[0]")
	  foreach [ '1', '-1 -1' ], [ '2', '- -' ], [ 'new', '3 3' ],
	  [ '4', '- -' ], [ 'moved', '4 4' ], [ '5', '-5 -5' ];

	foreach my $source ('with records', 'after their eviction')
	{
		$importer->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
		$importer->query_safe("SET TRANSACTION SNAPSHOT '$id'");
		is(reads($importer, $_->[0]), $_->[1], "imported, $source: $_->[0]")
		  foreach [ '1', '1 1' ], [ '2', '2 2' ], [ 'new', '- -' ],
		  [ '4', '4 4' ], [ 'moved', '- -' ], [ '5', '5 5' ];
		$importer->query_safe('COMMIT');
		$node->safe_psql('postgres', "SELECT topcache.evict_all('t')");
	}
	is(reads($importer, $_->[0]), $_->[1], "later: $_->[0]")
	  foreach [ '1', '-1 -1' ], [ '2', '- -' ], [ 'new', '3 3' ],
	  [ '4', '- -' ], [ 'moved', '4 4' ], [ '5', '-5 -5' ];
	$exporter->query_safe('COMMIT');
	close_session($_) foreach $exporter, $importer;
	is(problems($node, 't'), '', 'nothing wrong with any record');
}

# An imported snapshot holds a transaction for running that has ended since.
{
	my $exporter = open_session($node);
	my $importer = open_session($node);
	my $id;

	reset_rows();
	$writer->query_safe(
		q{BEGIN; UPDATE t SET value = '-1' WHERE key = '1';
		SAVEPOINT s; INSERT INTO t VALUES ('new', '3')});
	$exporter->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$id = $exporter->query_safe('SELECT pg_export_snapshot()');
	$writer->query_safe('COMMIT');
	is(reads($importer, '1'), '-1 -1', 'the transaction has ended');
	$importer->query_safe(
		"BEGIN ISOLATION LEVEL REPEATABLE READ; "
		  . "SET TRANSACTION SNAPSHOT '$id'");
	is(reads($importer, '1'), '1 1', 'not for the snapshot');
	is(reads($importer, 'new'), '- -', 'nor its subtransaction');
	$importer->query_safe('COMMIT');
	is(reads($importer, 'new'), '3 3', 'but after it');
	$exporter->query_safe('COMMIT');
	close_session($_) foreach $exporter, $importer;
}

# Old snapshots while a row is deleted and inserted again, over and over: each
# keeps what it saw.
{
	my @readers;
	my $n = 12;

	reset_rows();
	foreach my $i (1 .. $n)
	{
		my $reader = open_session($node);

		$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
		$reader->query_safe('SELECT 1');
		push @readers, $reader;
		if ($i % 2)
		{
			$writer->query_safe(q{DELETE FROM t WHERE key = '7'});
		}
		else
		{
			$writer->query_safe("INSERT INTO t VALUES ('7', '-$i')");
		}
		$node->safe_psql('postgres', "SELECT topcache.get('t', '7')")
		  if $i % 3;
		$node->safe_psql('postgres', "SELECT topcache.evict('t', '7')")
		  if $i % 5 == 0;
	}
	foreach my $round (1 .. 2)
	{
		foreach my $i (reverse 1 .. $n)
		{
			my $value = $i == 1 ? 7 : $i % 2 ? 1 - $i : '-';

			is(reads($readers[ $i - 1 ], '7'),
				"$value $value", "snapshot $i, round $round");
		}
	}
	foreach my $reader (@readers)
	{
		$reader->query_safe('COMMIT');
		is(reads($reader, '7'), "-$n -$n", 'and later the last one');
		close_session($reader);
	}
	is(problems($node, 't'), '', 'nothing wrong with any record');
}

# Parallel workers read with their leader's snapshot.
my $parallel =
	'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; '
  . 'SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; '
  . 'SET parallel_leader_participation = off; ';
# in the target list of a plan that PostgreSQL makes parallel, and in a filter
my %queries = (
	list => 'SELECT count(*), count(v), sum(v::int) FROM '
	  . "(SELECT topcache.get('t', k) AS v FROM keys OFFSET 0) s",
	filter => "SELECT count(*) FROM keys WHERE topcache.get('t', k) = to_jsonb(k::int)",
	check  => "SELECT count(*) FROM keys LEFT JOIN t ON t.key = keys.k "
	  . "WHERE topcache.get('t', k) IS DISTINCT FROM t.value");
foreach my $level ('READ COMMITTED', 'REPEATABLE READ')
{
	my $reader = open_session($node);
	my %before;

	reset_rows();
	$reader->query_safe($parallel);
	like($reader->query_safe("EXPLAIN $queries{$_}"),
		qr/Workers Planned/, "$level, $_: planned for workers")
	  foreach qw(filter check list);
	$reader->query_safe("BEGIN ISOLATION LEVEL $level");
	$before{$_} = $reader->query_safe($queries{$_}) foreach sort keys %queries;
	is($before{filter}, $keys, "$level: workers read each record");
	is($before{check},  '0',   "$level: as it is in the table");
	like(
		$reader->query_safe(
			"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $queries{filter}"
		),
		qr/Workers Launched: [1-9]/,
		"$level: workers were at work");

	$writer->query_safe(
		q{UPDATE t SET value = '-1' WHERE key::int % 3 = 0;
		DELETE FROM t WHERE key::int % 7 = 0;
		SELECT count(topcache.put('t', g::text, '-2'))
		  FROM generate_series(1, 100) g});
	if ($level eq 'REPEATABLE READ')
	{
		is($reader->query_safe($queries{$_}),
			$before{$_}, "$level, $_: as before the writes")
		  foreach sort keys %queries;
	}
	else
	{
		isnt($reader->query_safe($queries{filter}),
			$before{filter}, "$level: sees the writes");
		is($reader->query_safe($queries{check}), '0', "$level: all of them");
	}

	# a leader that has written: its workers must see it too
	$reader->query_safe('COMMIT');
	$reader->query_safe("BEGIN ISOLATION LEVEL $level");
	$reader->query_safe("UPDATE t SET value = '-3' WHERE key = '11'; "
		  . "SAVEPOINT s; INSERT INTO t VALUES ('-11', '-11')");
	is($reader->query_safe($queries{check}),
		'0', "$level: workers see what their leader has written");
	is($reader->query_safe("SELECT topcache.get('t', '11')"),
		'-3', "$level: so does the leader");
	$reader->query_safe('ROLLBACK');
	is($reader->query_safe($queries{check}),
		'0', "$level: nothing of it is left");
	close_session($reader);
}

# Everything that may run in a worker does.
{
	my $reader  = open_session($node);
	my $version = $node->safe_psql('postgres', 'SHOW server_version_num');
	my $setting =
	  $version >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';

	reset_rows();
	$reader->query_safe("SET $setting = on");
	like(
		$reader->query_safe("EXPLAIN SELECT topcache.get('t', '1')"),
		qr/Gather/, 'a single get runs in a worker');
	is(reads($reader, '1'), '1 1', 'and is right');
	$writer->query_safe(q{UPDATE t SET value = '-1' WHERE key = '1'});
	is(reads($reader, '1'), '-1 -1', 'also after a write');
	$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	is(reads($reader, '1'), '-1 -1', 'in a transaction');
	$writer->query_safe(q{UPDATE t SET value = '-2' WHERE key = '1'});
	is(reads($reader, '1'), '-1 -1', 'with its snapshot');
	is( $reader->query_safe(
			"SELECT value FROM topcache.get_many('t', ARRAY['1', 'none'])"),
		"-1\n", 'also many at once');
	$reader->query_safe('COMMIT');
	is(reads($reader, '1'), '-2 -2', 'and not after it');
	$reader->query_safe(
		"BEGIN; UPDATE t SET value = '\"mine\"' WHERE key = '1'");
	is(reads($reader, '1'), '"mine" "mine"', 'its own write is seen');
	$reader->query_safe('ROLLBACK');
	is(reads($reader, '1'), '-2 -2', 'and gone with it');
	is(differences($node, 't', $keys), '0', 'no key differs');
	close_session($reader);
}

# Cursors: each row is read with the snapshot of the beginning, one that is
# held is read as a whole at the end of its transaction.
{
	my $reader = open_session($node);
	my $rows   = "SELECT k, coalesce(topcache.get('t', k)::text, '-') || ' ' || "
	  . "coalesce((SELECT value::text FROM t WHERE key = k), '-') "
	  . "FROM keys WHERE k IN ('1', '2', '3') ORDER BY k";

	reset_rows();
	$reader->query_safe('BEGIN');
	$reader->query_safe("DECLARE plain CURSOR FOR $rows");
	$reader->query_safe("DECLARE kept CURSOR WITH HOLD FOR $rows");
	$reader->query_safe("DECLARE back SCROLL CURSOR FOR $rows");
	is($reader->query_safe('FETCH plain'), '1|1 1', 'the first row');
	is($reader->query_safe('FETCH LAST back'), '3|3 3', 'the last row');
	$writer->query_safe(
		q{UPDATE t SET value = '-2' WHERE key = '2';
		DELETE FROM t WHERE key = '3'});
	is(reads($reader, '2'), '-2 -2', 'a new statement sees the writes');
	is($reader->query_safe('FETCH ALL plain'),
		"2|2 2\n3|3 3", 'a cursor does not');
	is($reader->query_safe('FETCH ABSOLUTE 2 back'), '2|2 2', 'nor back again');
	$reader->query_safe(
		"SAVEPOINT s; UPDATE t SET value = '\"own\"' WHERE key = '2'");
	$reader->query_safe('ROLLBACK TO s');
	is($reader->query_safe('FETCH ABSOLUTE 2 back'),
		'2|2 2', 'nor after own writes were undone');
	$reader->query_safe('COMMIT');
	$writer->query_safe(q{DELETE FROM t; SELECT topcache.evict_all('t')});
	is($reader->query_safe('FETCH ALL kept'),
		"1|1 1\n2|2 2\n3|3 3", 'one that is held keeps its rows');
	is(reads($reader, '1'), '- -', 'while they are gone');
	$reader->query_safe('CLOSE kept');

	# own writes after a cursor was opened are not for it
	reset_rows();
	$reader->query_safe('BEGIN');
	$reader->query_safe("UPDATE t SET value = '10' WHERE key = '1'");
	$reader->query_safe("DECLARE mine CURSOR WITH HOLD FOR $rows");
	$reader->query_safe("UPDATE t SET value = '20' WHERE key IN ('1', '2')");
	is($reader->query_safe('FETCH mine'),
		'1|10 10', 'a cursor sees the writes before it');
	$reader->query_safe('COMMIT');
	is($reader->query_safe('FETCH ALL mine'),
		"2|2 2\n3|3 3", 'and not those after it');
	is(reads($reader, '2'), '20 20', 'which others see');
	close_session($reader);
}

close_session($writer);
is(differences($node, 't', $keys), '0', 'no key differs in the end');
is(problems($node, 't'), '', 'nothing wrong with any record');
$node->stop;
done_testing();
