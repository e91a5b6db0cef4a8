# A map on a subscriber: what apply does to its table reaches the cache, with
# the triggers of a replica, and readers there never differ from the table.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 50;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', 'max_prepared_transactions = 10');
$publisher->start;
my $subscriber = new_server('subscriber', 'wal_retrieve_retry_interval = 1ms');
$subscriber->start;
create_extension($subscriber);

$publisher->safe_psql(
	'postgres', qq{
	CREATE TABLE t (key text PRIMARY KEY, value jsonb NOT NULL,
		expires_at timestamptz);
	INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;
	CREATE PUBLICATION p FOR TABLE t;
});
$subscriber->safe_psql('postgres', "SELECT topcache.create_map('t')");
# every key is known to be absent when the table is copied
$subscriber->safe_psql('postgres',
	"SELECT count(topcache.get('t', g::text)) FROM generate_series(1, $keys) g"
);
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres',
	"CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p "
	  . 'WITH (two_phase = true)');
$subscriber->wait_for_subscription_sync($publisher, 's');
is(differences($subscriber, 't', $keys + 10),
	'0', 'no key differs after the first copy');
is( $subscriber->safe_psql('postgres',
		"SELECT count(topcache.get('t', g::text)) "
		  . "FROM generate_series(1, $keys) g"),
	$keys, 'the rows that were copied are there');
wait_until($subscriber,
	"SELECT subtwophasestate = 'e' FROM pg_subscription");

# What the publisher has is what the subscriber's map answers.
sub is_replicated
{
	my ($what) = @_;
	my $expected = $publisher->safe_psql('postgres',
		'SELECT key, value FROM t ORDER BY key');

	$publisher->wait_for_catchup('s');
	is( $subscriber->safe_psql(
			'postgres',
			'SELECT * FROM (SELECT g AS key, '
			  . "topcache.get('t', g) AS value FROM (SELECT generate_series"
			  . "(1, $keys * 3)::text UNION ALL SELECT 'new') k (g)) m "
			  . 'WHERE value IS NOT NULL ORDER BY key'),
		$expected,
		"$what is seen");
	is(differences($subscriber, 't', $keys * 3), '0', "$what: no key differs");
	is(problems($subscriber, 't'), '', "$what: nothing wrong with any record");
	return;
}

# Each kind of change, to records that are resident and keys known to be
# absent, past readers with older snapshots.
my $check = differences_sql('t', $keys * 3);
my $old   = open_session($subscriber);
foreach my $change (
	[ 'INSERT', q{INSERT INTO t VALUES ('new', '"inserted"')} ],
	[ 'UPDATE', q{UPDATE t SET value = '"updated"' WHERE key IN ('1', 'new')} ],
	[ 'UPDATE of the key', q{UPDATE t SET key = '100' WHERE key = '3'} ],
	[ 'DELETE',            q{DELETE FROM t WHERE key IN ('2', 'new')} ],
	[
		'two writes of one key',
		q{BEGIN; DELETE FROM t WHERE key = '4'; INSERT INTO t VALUES ('4', '44');
		  UPDATE t SET value = '444' WHERE key = '4'; COMMIT}
	],
	[
		'a rolled back savepoint',
		q{BEGIN; UPDATE t SET value = '5.5' WHERE key = '5'; SAVEPOINT s;
		  UPDATE t SET value = '-5' WHERE key = '5'; ROLLBACK TO s; COMMIT}
	],
	[
		'COPY',
		"COPY t (key, value) FROM STDIN;\n120\t120\n121\t121\n\\.\n"
	],
	[ 'TRUNCATE', 'TRUNCATE t' ],
	[
		'a bulk load',
		"INSERT INTO t SELECT g::text, to_jsonb(-g) "
		  . "FROM generate_series(1, $keys) g"
	])
{
	my ($what, $sql) = @$change;
	my $seen;

	is_replicated("before $what");
	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	# apply of TRUNCATE waits for a reader's lock
	$old->query_safe('SAVEPOINT a');
	$seen = $old->query_safe("SELECT count(topcache.get('t', g::text)) "
		  . "FROM generate_series(1, $keys * 3) g");
	$old->query_safe('ROLLBACK TO a');
	$publisher->safe_psql('postgres', $sql);
	is_replicated($what);
	is($old->query_safe($check), '0', "$what: an older snapshot is right");
	is( $old->query_safe(
			"SELECT count(topcache.get('t', g::text)) "
			  . "FROM generate_series(1, $keys * 3) g"),
		# TRUNCATE is not for older snapshots, in the table either
		$what eq 'TRUNCATE' ? 0 : $seen,
		"$what: an older snapshot sees what it saw");
	$old->query_safe('COMMIT');
}

# Two-phase commit goes through apply as such.
foreach my $decision ('COMMIT', 'ROLLBACK')
{
	my $before = $subscriber->safe_psql('postgres',
		"SELECT topcache.get('t', '7'), topcache.get('t', '8')");

	$publisher->safe_psql(
		'postgres', qq{
		BEGIN;
		UPDATE t SET value = '"$decision"' WHERE key = '7';
		DELETE FROM t WHERE key = '8';
		PREPARE TRANSACTION 'p';
	});
	$publisher->wait_for_catchup('s');
	is( $subscriber->safe_psql('postgres',
			'SELECT count(*) FROM pg_prepared_xacts'),
		'1',
		'the transaction is prepared here');
	is( $subscriber->safe_psql('postgres',
			"SELECT topcache.get('t', '7'), topcache.get('t', '8')"),
		$before,
		'and nobody sees it');
	$publisher->safe_psql('postgres', "$decision PREPARED 'p'");
	is_replicated("$decision PREPARED");
}

# Under load.
my $pick = "\\set k random(1, $keys)\n\\set n random(1, 1000000)\n";
my %scripts = (
	'6@update' =>
	  "UPDATE t SET value = to_jsonb(:n::int) WHERE key = :k::int::text;\n",
	'2@delete' => "DELETE FROM t WHERE key = :k::int::text;\n",
	'3@insert' => "INSERT INTO t VALUES (:k::int::text, to_jsonb(:n::int)) "
	  . "ON CONFLICT DO NOTHING;\n",
	'1@undo' => "BEGIN;\nUPDATE t SET value = '\"undone\"' "
	  . "WHERE key = :k::int::text;\nROLLBACK;\n");
$scripts{$_} = $pick . $scripts{$_} foreach keys %scripts;

$subscriber->safe_psql('postgres', "SELECT topcache.reset_stats('t')");
my %session = map { $_ => open_session($subscriber) }
  ('READ COMMITTED', 'REPEATABLE READ');
my %checks;
my %differ;
my $load = start_load($publisher, 2, 3000, %scripts);
my $caught_up;
do
{
	# looked at before the checks, so that the last ones see all
	$caught_up = !load_is_running($load)
	  && $publisher->safe_psql('postgres',
		'SELECT pg_current_wal_lsn() <= replay_lsn FROM pg_stat_replication')
	  eq 't';
	foreach my $level (sort keys %session)
	{
		$session{$level}->query_safe("BEGIN ISOLATION LEVEL $level");
		foreach my $round (1 .. 3)
		{
			$checks{$level}++;
			$differ{$level} += $session{$level}->query_safe($check);
			$session{$level}->query_safe("SELECT topcache.evict('t', '$round')");
		}
		$session{$level}->query_safe('COMMIT');
	}
} until ($caught_up);
ok(finish_load($load), 'all writers succeed');
foreach my $level (sort keys %session)
{
	cmp_ok($checks{$level}, '>', 3, "checked under $level");
	is($differ{$level}, 0, "no key differed under $level");
	close_session($session{$level});
}
cmp_ok(
	$subscriber->safe_psql('postgres',
		"SELECT hits FROM topcache.stats WHERE relation = 't'::regclass"),
	'>', 100, 'answers came from memory');
is_replicated('the load');
is( $subscriber->safe_psql(
		'postgres',
		"SELECT state FROM topcache.maps WHERE relation = 't'::regclass"),
	'active',
	'the map is still in use');

close_session($old);
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION s');
$subscriber->stop;
$publisher->stop;
done_testing();
