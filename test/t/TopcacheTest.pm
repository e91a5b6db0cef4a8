# What the tests in this folder share: servers that preload topcache, the
# check that no answer of the cache differs from the table, and work that
# goes on in the background.
#
# Nothing here waits for a time to pass: waiting is polling a condition.

package TopcacheTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  new_server create_extension open_session close_session
  differences differences_sql problems memory_sum used_bytes
  wait_until wait_clean worker_pid wait_worker worker_rounds count_in_log
  start_load load_is_running finish_load tell_counts
);

# A server that has been initialised with topcache preloaded, not started.
# Takes lines for postgresql.conf and parameters for init.
sub new_server
{
	my ($name, $conf, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%init);
	$node->append_conf('postgresql.conf',
		"shared_preload_libraries = 'topcache'");
	# the worker is told when there is work; this is for what nobody tells it
	$node->append_conf('postgresql.conf', "topcache.tick = '20ms'");
	$node->append_conf('postgresql.conf', 'max_prepared_transactions = 10');
	# a restart begins empty
	$node->append_conf('postgresql.conf', 'topcache.autowarm = off');
	# a SELECT is what the cache is compared with
	$node->append_conf('postgresql.conf', 'topcache.transparent_scan = off');
	$node->append_conf('postgresql.conf', $conf) if $conf;
	return $node;
}

sub create_extension
{
	my ($node) = @_;

	$node->safe_psql('postgres', 'CREATE EXTENSION topcache');
	return;
}

# A session that stays open between statements.
sub open_session
{
	my ($node) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->set_query_timer_restart;
	return $session;
}

# Ends a session, also one whose server or backend has gone.
sub close_session
{
	my ($session) = @_;

	eval { $session->quit };
	return;
}

# The check: one statement has one snapshot, so nothing may differ, ever.
sub differences_sql
{
	my ($map, $keys) = @_;

	return
		"SELECT count(*) FROM generate_series(1, $keys) g "
	  . "WHERE topcache.get('$map', g::text) IS DISTINCT FROM "
	  . "(SELECT value FROM $map WHERE key = g::text)";
}

sub differences
{
	my ($node, $map, $keys) = @_;

	return $node->safe_psql('postgres', differences_sql($map, $keys));
}

# Sessions tell what they have counted when they look at the counts.
sub tell_counts
{
	$_->query_safe('SELECT count(hits) FROM topcache.stats') foreach @_;
	return;
}

# What verify() has to say.
sub problems
{
	my ($node, $map) = @_;

	return $node->safe_psql('postgres',
		"SELECT key, problem FROM topcache.verify('$map')");
}

# All parts of the segment together.
sub memory_sum
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		"SELECT sum(bytes) = pg_size_bytes(current_setting('topcache.size'))"
		  . " AND min(bytes) >= 0 FROM topcache.memory");
}

# All parts of the segment but the free one.
sub used_bytes
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		"SELECT sum(bytes) FROM topcache.memory WHERE name <> 'free'");
}

sub wait_until
{
	my ($node, $sql) = @_;

	$node->poll_query_until('postgres', $sql)
	  or die "condition did not come true: $sql";
	return;
}

# Waits until no record of a map is dirty.
sub wait_clean
{
	my ($node, $map) = @_;

	wait_until($node,
			"SELECT dirty_records = 0 FROM topcache.maps "
		  . "WHERE relation = '$map'::regclass");
	return;
}

# The worker's process id; empty when there is none.
sub worker_pid
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity "
		  . "WHERE backend_type = 'topcache worker'");
}

# Waits for a worker other than the one given, and returns it.
sub wait_worker
{
	my ($node, $old_pid) = @_;

	$old_pid = 0 unless $old_pid;
	wait_until($node,
			"SELECT count(*) = 1 FROM pg_stat_activity "
		  . "WHERE backend_type = 'topcache worker' AND pid <> $old_pid");
	return worker_pid($node);
}

# Waits until the worker has made a whole round.  What a prepared transaction
# leaves is settled by nobody else, for nobody looks at this map: when that
# has happened twice, there was a round in between.
sub worker_rounds
{
	my ($node) = @_;

	$node->safe_psql('postgres',
			"SELECT topcache.create_map('rounds') "
		  . "WHERE to_regclass('rounds') IS NULL");
	foreach my $round (1 .. 2)
	{
		$node->safe_psql('postgres',
				"BEGIN; SELECT topcache.put('rounds', 'k', '1'); "
			  . "PREPARE TRANSACTION 'rounds';\nCOMMIT PREPARED 'rounds'");
		wait_clean($node, 'rounds');
	}
	return;
}

# How often a pattern is in the server's log from an offset on.
sub count_in_log
{
	my ($node, $pattern, $offset) = @_;
	my @found = slurp_file($node->logfile, $offset || 0) =~ /$pattern/g;

	return scalar @found;
}

# Starts pgbench in the background.  Takes the number of clients, the number
# of transactions of each, and its scripts: a hash from weight@name to text.
sub start_load
{
	my ($node, $clients, $transactions, %scripts) = @_;
	my %load = (out => '', err => '');
	my @command = (
		'pgbench', '-n', '-M', 'prepared', '-c', $clients, '-j', 2,
		'-t', $transactions, '-h', $node->host, '-p', $node->port);

	foreach my $name (sort keys %scripts)
	{
		my ($weight, $base) = split /@/, $name;
		my $file = $node->basedir . "/$base.sql";

		append_to_file($file, $scripts{$name});
		push @command, '-f', "$file\@$weight";
	}
	$load{run} = IPC::Run::start([ @command, 'postgres' ],
		'<', \undef, '>', \$load{out}, '2>', \$load{err});
	return \%load;
}

sub load_is_running
{
	my ($load) = @_;

	$load->{run}->pump_nb if $load->{run}->pumpable;
	return $load->{run}->pumpable;
}

# Waits for the end of the load; true when no client failed.
sub finish_load
{
	my ($load) = @_;
	my $ok = $load->{run}->finish;

	diag $load->{err} unless $ok;
	return $ok;
}

1;
