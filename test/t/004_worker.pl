# The worker: it is shown under its name, comes back when it is terminated,
# settles what no callback reaches, and ends cleanly with the server.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('worker');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('t');
	SELECT count(topcache.put('t', g::text, to_jsonb(g)))
	  FROM generate_series(1, 100) g;
});

# Terminates the worker and waits for the next one.
sub terminate_worker
{
	my $pid = worker_pid($node);

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	return wait_worker($node, $pid);
}

# Prepares a transaction that puts some records.
sub prepare
{
	my ($name, $from, $to) = @_;

	$node->safe_psql('postgres',
			"BEGIN; SELECT count(topcache.put('t', g::text, '\"$name\"')) "
		  . "FROM generate_series($from, $to) g; "
		  . "PREPARE TRANSACTION '$name'");
	return;
}

sub dirty_records
{
	return $node->safe_psql('postgres',
		"SELECT dirty_records FROM topcache.maps "
		  . "WHERE relation = 't'::regclass");
}

# It is there, under its name, and does not spin.
my $first = wait_worker($node);
like($first, qr/^\d+$/, 'there is one worker');
wait_until($node,
		"SELECT wait_event IS NOT NULL FROM pg_stat_activity "
	  . "WHERE pid = $first");
pass('it says what it waits for');
is( $node->safe_psql(
		'postgres', "SELECT datid IS NULL FROM pg_stat_activity WHERE pid = $first"
	),
	't',
	'it is connected to no database');

# No callback runs in the session that prepared: the worker settles.
wait_clean($node, 't');
prepare('p1', 1, 10);
is(dirty_records(), '10', 'records of a prepared transaction are dirty');
$node->safe_psql('postgres', "COMMIT PREPARED 'p1'");
wait_clean($node, 't');
pass('the worker has settled a prepared commit');

# It comes back, and does what there is to do.
prepare('p2', 11, 20);
prepare('p3', 21, 30);
my $second = terminate_worker();
isnt($second, $first, 'a new worker has been started');
is(dirty_records(), '20', 'prepared transactions are dirty as before');
$node->safe_psql('postgres', "COMMIT PREPARED 'p2'");
$node->safe_psql('postgres', "ROLLBACK PREPARED 'p3'");
wait_clean($node, 't');
is( $node->safe_psql(
		'postgres', "SELECT topcache.get('t', '15'), topcache.get('t', '25')"),
	'"p2"|25',
	'the new worker has settled a commit and an abort');

# What ends while there is no worker is found by the next one.
prepare('p4', 31, 40);
my $pid = worker_pid($node);
$node->safe_psql('postgres',
	"SELECT pg_terminate_backend($pid);\nCOMMIT PREPARED 'p4'");
wait_worker($node, $pid);
wait_clean($node, 't');
is($node->safe_psql('postgres', "SELECT topcache.get('t', '35')"),
	'"p4"', 'a commit while the worker was away has been settled');

# It reads the settings again, and stands being asked often.
$node->append_conf('postgresql.conf', "topcache.tick = '1h'");
$node->reload;
prepare('p5', 41, 50);
$node->safe_psql('postgres', "ROLLBACK PREPARED 'p5'");
$node->append_conf('postgresql.conf', "topcache.tick = '10ms'");
$node->reload;
wait_clean($node, 't');
pass('a changed setting reaches the worker');

is(differences($node, 't', 110), '0', 'no key differs');
is(problems($node, 't'), '', 'nothing wrong with any record');

# The end, in both ways that wait for the worker.
foreach my $mode ('smart', 'fast')
{
	my $offset = -s $node->logfile;

	wait_worker($node);
	$node->stop($mode);
	my $log = slurp_file($node->logfile, $offset);
	like($log, qr/database system is shut down/, "$mode shutdown ends");
	# A worker that is to be restarted when it dies exits with 1 when it is
	# told to end, as PostgreSQL's own do.
	like($log, qr/"topcache worker" \(PID \d+\) exited with exit code 1$/m,
		"the worker ends with a $mode shutdown");

	# A session of ours may not be quite over.
	$log =~ s/^.*\] 004_worker\.pl .*\n//mg;
	# One that deletes rows may be told to end in the middle of it.
	$log =~ s/FATAL:  terminating background worker "topcache expiry worker"//g;
	unlike($log, qr/FATAL|PANIC|WARNING|terminated by signal/,
		'and ends cleanly');
	$node->start if $mode eq 'smart';
}

done_testing();
