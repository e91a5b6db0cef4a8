# A backend that is terminated in the middle of a transaction: its dirty
# records are settled, and everybody reads what was there before.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('killed');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('t');
	SELECT count(topcache.put('t', g::text, to_jsonb(g)))
	  FROM generate_series(1, 100) g;
});
wait_clean($node, 't');

# What everybody but the writer has to read.
my $sum_sql =
	"SELECT sum(topcache.get('t', g::text)::int), "
  . "count(topcache.get('t', g::text)) FROM generate_series(1, 200) g";
my $before = $node->safe_psql('postgres', $sum_sql);
is($before, '5050|100', 'the records are there');

# Terminates the backend of a session and waits until it has gone.
sub terminate
{
	my ($session) = @_;
	my $pid = $session->{pid};

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	wait_until($node,
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
	close_session($session);
	return;
}

sub new_victim
{
	my $session = open_session($node);

	$session->{pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

# Changes, new records, removals, in the transaction and in a subtransaction.
my $victim = new_victim();
$victim->query_safe(
	q{
	BEGIN;
	SELECT count(topcache.put('t', g::text, '-1'))
	  FROM generate_series(1, 20) g;
	SELECT count(topcache.put('t', g::text, '-2'))
	  FROM generate_series(101, 120) g;
	SELECT topcache.remove_many('t', ARRAY['21', '22', '23']);
	SAVEPOINT s;
	SELECT count(topcache.put('t', g::text, '-3'))
	  FROM generate_series(11, 30) g;
	SELECT count(topcache.incr('t', '40')) FROM generate_series(1, 5);
	UPDATE t SET value = '-4' WHERE key = '41';
	DELETE FROM t WHERE key = '42';
});
is($victim->query_safe("SELECT topcache.get('t', '15')"),
	'-3', 'the writer sees its writes');
cmp_ok(
	$node->safe_psql(
		'postgres',
		"SELECT dirty_records FROM topcache.maps "
		  . "WHERE relation = 't'::regclass"),
	'>=', 40, 'its records are dirty');
is($node->safe_psql('postgres', $sum_sql),
	$before, 'others see nothing of it before');

terminate($victim);
is($node->safe_psql('postgres', $sum_sql),
	$before, 'others see nothing of it after');
wait_clean($node, 't');
pass('its records are settled');
is(differences($node, 't', 200), '0', 'no key differs');
is(problems($node, 't'), '', 'nothing wrong with any record');

# Its keys can be written again.
$node->safe_psql('postgres', "SELECT topcache.put('t', '11', '11')");
$node->safe_psql('postgres', "SELECT topcache.incr('t', '40', 0)");
is($node->safe_psql('postgres', $sum_sql), $before, 'its keys are free');

# One that waits for another writer of the same key.
my $holder = open_session($node);
my $waiter = new_victim();
$holder->query_safe("BEGIN; SELECT topcache.put('t', '50', '500')");
$waiter->{stdin} .= "SELECT topcache.put('t', '50', '-5');\n";
$waiter->{run}->pump_nb;
wait_until($node,
		"SELECT wait_event_type = 'Lock' FROM pg_stat_activity "
	  . "WHERE pid = $waiter->{pid}");
terminate($waiter);
is($node->safe_psql('postgres', "SELECT topcache.get('t', '50')"),
	'50', 'the writer that waited has changed nothing');
$holder->query_safe('COMMIT');
close_session($holder);
is($node->safe_psql('postgres', "SELECT topcache.get('t', '50')"),
	'500', 'the writer it waited for has');
wait_clean($node, 't');
is(differences($node, 't', 200), '0', 'no key differs');
is(problems($node, 't'), '', 'nothing wrong with any record');

# A volatile map has no table to fall back on: the old record has to be kept.
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('v', durable => false);
	SELECT topcache.put('v', 'a', '1'), topcache.put('v', 'b', '2');
});
$victim = new_victim();
$victim->query_safe(
	q{
	BEGIN;
	SELECT topcache.put('v', 'a', '-1');
	SELECT topcache.remove('v', 'b');
	SELECT topcache.put('v', 'c', '-3');
});
terminate($victim);
is( $node->safe_psql(
		'postgres',
		"SELECT topcache.get('v', 'a'), topcache.get('v', 'b'), "
		  . "topcache.get('v', 'c') IS NULL"),
	'1|2|t',
	'a volatile map is as it was');

$node->stop;
done_testing();
