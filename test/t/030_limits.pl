# Limits: they reach maps that nobody uses at the moment, prepared changes of
# them come into force at their end, and what is over its time leaves, however
# much of it there is, also while other records move about.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('limits', "topcache.size = '8MB'\n");
$node->start;
create_extension($node);

sub records
{
	my ($map) = @_;

	return $node->safe_psql('postgres',
		"SELECT records FROM topcache.maps WHERE relation = '$map'::regclass"
	);
}

sub wait_records
{
	my ($map, $condition) = @_;

	wait_until($node,
			"SELECT records $condition FROM topcache.maps "
		  . "WHERE relation = '$map'::regclass");
	return;
}

$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('m'), topcache.create_map('other');
	INSERT INTO m SELECT g, to_jsonb(g) FROM generate_series(1, 200) g;
	INSERT INTO other SELECT * FROM m;
	SELECT count(topcache.get('m', key)), count(topcache.get('other', key))
	  FROM m;
});

# Nobody looks at the map after the change: a session of another database sees
# the memory come back.
$node->safe_psql('postgres', 'CREATE DATABASE aside');
$node->safe_psql('aside', 'CREATE EXTENSION topcache');
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('large');
	INSERT INTO large SELECT g, to_jsonb(repeat('x', 1000))
	  FROM generate_series(1, 1000) g;
	SELECT count(topcache.get('large', key)) FROM large;
});
my $bytes = "SELECT bytes %s 500000 FROM topcache.memory "
  . "WHERE name = 'rows and keys'";
is($node->safe_psql('aside', sprintf($bytes, '>')), 't', 'a map is full');
$node->safe_psql('postgres',
	"SELECT topcache.alter_map('large', max_cost => 1000)");
$node->poll_query_until('aside', sprintf($bytes, '<'))
  or die 'the map has not become smaller';
pass('a change of limits needs nobody who uses the map');

# A session that has read the definition before it was changed does not bring
# the old limits back.
my $reader = open_session($node);
$reader->query_safe("SELECT topcache.get('m', '1')");
$node->safe_psql('postgres', "SELECT topcache.alter_map('m', max_cost => 100)");
wait_records('m', '< 50');
cmp_ok(records('m'), '>', 0, 'some records are within the budget');
$reader->query_safe(
	"SELECT count(topcache.get('m', g::text)) FROM generate_series(1, 200) g");
wait_records('m', '< 50');
is(records('other'), '200', 'the other map has all it had');

# A prepared change: not before its end, and then for all.
$node->safe_psql('postgres', "SELECT topcache.alter_map('m', max_cost => 0)");
$reader->query_safe(
	"SELECT count(topcache.get('m', g::text)) FROM generate_series(1, 200) g");
is(records('m'), '200', 'without a limit all are resident');
$node->safe_psql('postgres',
	"BEGIN; SELECT topcache.alter_map('m', max_cost => 100); "
	  . "PREPARE TRANSACTION 'change'");
is($reader->query_safe("SELECT topcache.get('m', '7')"),
	'7', 'a prepared change is not in the way of reading');
$node->safe_psql('postgres', "COMMIT PREPARED 'change'");
$reader->query_safe(
	"SELECT count(topcache.get('m', g::text)) FROM generate_series(1, 200) g");
wait_records('m', 'BETWEEN 1 AND 50');
pass('a prepared change comes into force');
is(differences($node, 'm', 200), '0', 'no key differs');

# A restart forgets nothing of it.
$reader->quit;
$node->restart;
$node->safe_psql('postgres',
	"SELECT count(topcache.get('m', g::text)) FROM generate_series(1, 200) g");
wait_records('m', 'BETWEEN 1 AND 50');
pass('the budget holds after a restart');

# Many records that expire at all kinds of times, others that do not, and a
# segment that is too small for what is written meanwhile.
$node->safe_psql('postgres',
	"SELECT topcache.create_map('timed'), "
	  . "topcache.create_map('live', durable => false), "
	  . "topcache.create_map('filler')");
my $load = start_load(
	$node, 2, 400,
	'1@fill' => "\\set k random(1, 3000)\n\\set n random(1, 3000)\n"
	  . "SELECT topcache.put('filler', :k::text, "
	  . "to_jsonb(repeat('x', :n)));\n",
	'1@timed' => "\\set k random(1, 3000)\n\\set n random(1, 200)\n"
	  . "\\set t random(1, 2000)\n"
	  . "SELECT topcache.put('timed', :k::text, to_jsonb(repeat('x', :n)), "
	  . "ttl => make_interval(secs => :t / 1000.0));\n",
	'1@live' => "\\set k random(1, 3000)\n\\set n random(1, 200)\n"
	  . "\\set t random(1, 2000)\n"
	  . "SELECT topcache.put('live', :k::text, to_jsonb(repeat('x', :n)), "
	  . "ttl => make_interval(secs => :t / 1000.0));\n",
	'1@many' => "\\set k random(1, 100000)\n"
	  . "SELECT topcache.put_many('timed', ARRAY(SELECT (:k + g)::text "
	  . "FROM generate_series(1, 100) g), ARRAY(SELECT to_jsonb(g) "
	  . "FROM generate_series(1, 100) g), ttl => '1500 ms');\n");
ok(finish_load($load), 'the load has run');
$node->safe_psql('postgres',
	"SELECT topcache.put('live', 'stays', '1'), "
	  . "topcache.put('live', 'stays long', '1', ttl => '1 year')");
wait_records('timed', '= 0');
wait_records('live', '= 2');
pass('all that has expired has left');
is(memory_sum($node), 't', 'every byte is accounted for');
is(problems($node, 'filler'), '', 'nothing wrong with any record');

# What can't be dropped when it expires is dropped later.
$node->safe_psql('postgres',
	"BEGIN; SELECT topcache.put('timed', 'p', '1', ttl => '1 ms'), "
	  . "topcache.put('live', 'l', '1', ttl => '1 ms'); "
	  . "PREPARE TRANSACTION 'put'");
worker_rounds($node);
is( $node->safe_psql(
		'postgres', "SELECT string_agg(relation || ' ' || dirty_records, ', ' "
		  . "ORDER BY relation::text) FROM topcache.maps "
		  . "WHERE relation::text IN ('live', 'timed')"),
	'live 3, timed 1',
	'an expired record whose transaction is open stays');
$node->safe_psql('postgres', "COMMIT PREPARED 'put'");
wait_records('timed', '= 0');
wait_records('live', '= 2');
pass('and leaves after its end');

# Without a worker to drop it a record of an attached table that is over its
# time is a miss, and begins anew.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v text);
	INSERT INTO t VALUES (1, 'one');
	SELECT topcache.attach('t', ttl => '50 ms');
});
$node->append_conf('postgresql.conf', "topcache.tick = '1h'");
$node->reload;
wait_until($node, "SELECT setting = '3600000' FROM pg_settings "
	  . "WHERE name = 'topcache.tick'");
worker_rounds_done();
$node->safe_psql('postgres', "SELECT topcache.get('t', 1)");
wait_until($node,
	"SELECT clock_timestamp() > last_access + '60 ms' "
	  . "FROM topcache.entries('t')");
my $accessed = "SELECT last_access FROM topcache.entries('t')";
my $before = $node->safe_psql('postgres', $accessed);
is($node->safe_psql('postgres', "SELECT topcache.get('t', 1)"),
	'{"v": "one", "id": 1}', 'a record over its time is read from the table');
is( $node->safe_psql(
		'postgres',
		"SELECT hits, last_access > '$before' FROM topcache.entries('t')"),
	'0|t',
	'and kept anew');
is($node->safe_psql('postgres',
		"SELECT topcache.get('t', 1) IS NOT NULL, topcache.is_resident('t', 1)"),
	't|t', 'as before');

# The worker takes a new tick when it wakes: make it sleep for an hour.
sub worker_rounds_done
{
	my $pid = worker_pid($node);

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	wait_worker($node, $pid);
	wait_until($node, "SELECT wait_event IS NOT NULL FROM pg_stat_activity "
		  . "WHERE backend_type = 'topcache worker'");
	return;
}

$node->stop;
done_testing();
