# Crashes: of the whole server in the middle of writes, and of one backend,
# after which the postmaster starts shared memory afresh.  What was committed
# is readable, what was not is not, and the cache agrees with the table.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

# More writes than a writer can do before the crash.
my $many = 50_000;

my $node = new_server('crash', 'restart_after_crash = on');
$node->start;
create_extension($node);
$node->safe_psql('postgres', "SELECT topcache.create_map('t')");

# A writer puts its keys one by one, tells which of them are committed, and
# rolls back every other one.  It ends when the server does.
sub start_writer
{
	my ($name) = @_;
	my $script = $node->basedir . "/$name.sql";
	my %writer = (name => $name, out => "$script.out", err => '');

	open my $file, '>', $script or die "could not write $script: $!";
	foreach my $i (1 .. $many)
	{
		print $file "SELECT topcache.put('t', '$name$i', '$i') \\gset\n",
		  "\\echo committed $i\n",
		  "BEGIN;\n",
		  "SELECT topcache.put('t', '$name$i', '\"undone\"') \\gset\n",
		  "SELECT topcache.put('t', 'never$name$i', '$i') \\gset\n",
		  "ROLLBACK;\n";
	}
	close $file;
	$writer{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', $script,
			'-d', $node->connstr('postgres')
		],
		'<', \undef, '>', $writer{out}, '2>', \$writer{err});
	return \%writer;
}

# The last key that a writer was told is committed.
sub last_committed
{
	my ($writer) = @_;
	my @committed = slurp_file($writer->{out}) =~ /^committed (\d+)$/mg;

	return @committed ? $committed[-1] : 0;
}

# The whole server, in the middle of writes.
my @writers = map { start_writer($_) } 'a', 'b';
my $open    = open_session($node);
$open->query_safe(
	"BEGIN; SELECT count(topcache.put('t', 'open' || g, '0')) "
	  . "FROM generate_series(1, 50) g");
wait_until($node, "SELECT count(*) > 500 FROM t WHERE key ~ '^a'");
wait_until($node, "SELECT count(*) > 500 FROM t WHERE key ~ '^b'");
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM topcache.entries('t') "
		  . "WHERE dirty AND key ~ '^open'"),
	'50',
	'records are dirty at the time of the crash');

$node->stop('immediate');
close_session($open);
eval { $_->{run}->finish } foreach @writers;

$node->start;
is( $node->safe_psql(
		'postgres', 'SELECT sum(records), sum(dirty_records) FROM topcache.maps'
	),
	'0|0',
	'the cache starts empty after the crash');

foreach my $writer (@writers)
{
	my $name = $writer->{name};
	my $last = last_committed($writer);

	cmp_ok($last, '>=', 500, "writer $name was at work");
	cmp_ok($last, '<', $many, "writer $name was interrupted");

	# twice: from the table, then from memory
	foreach my $source ('table', 'memory')
	{
		is( $node->safe_psql(
				'postgres',
				"SELECT count(*) FROM generate_series(1, $last) g "
				  . "WHERE topcache.get('t', '$name' || g) "
				  . "IS DISTINCT FROM to_jsonb(g)"),
			'0',
			"every committed write of $name is readable from $source");
		is( $node->safe_psql(
				'postgres',
				"SELECT count(*) FROM generate_series(1, $last + 1) g "
				  . "WHERE topcache.contains('t', 'never$name' || g)"),
			'0',
			"nothing that $name rolled back is readable from $source");
	}
}
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM generate_series(1, 50) g "
		  . "WHERE topcache.contains('t', 'open' || g)"),
	'0',
	'nothing of the open transaction is readable');

my $check_all =
	"SELECT count(*) FROM (SELECT key AS k FROM t) k "
  . "WHERE topcache.get('t', k) IS DISTINCT FROM "
  . "(SELECT value FROM t WHERE key = k)";
is($node->safe_psql('postgres', $check_all), '0', 'no key differs');
is(problems($node, 't'), '', 'nothing wrong with any record');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

# One backend, in the middle of a transaction.
my $worker  = wait_worker($node);
my $victim  = open_session($node);
my $witness = open_session($node);
my $pid     = $victim->query_safe('SELECT pg_backend_pid()');
$victim->query_safe(
	"BEGIN; "
	  . "SELECT topcache.put('t', 'a1', '\"lost\"'); "
	  . "SELECT topcache.put('t', 'lost', '1'); "
	  . "SELECT topcache.remove('t', 'a2')");
is($witness->query_safe("SELECT topcache.get('t', 'a1')"),
	'1', 'another session does not see the open transaction');

my $log_offset = -s $node->logfile;
kill 'KILL', $pid;
$node->wait_for_log(qr/all server processes terminated; reinitializing/,
	$log_offset);
wait_until($node, 'SELECT true');
close_session($victim);
close_session($witness);

isnt(wait_worker($node, $worker), $worker, 'the worker is back');
is( $node->safe_psql(
		'postgres', 'SELECT sum(records), sum(dirty_records) FROM topcache.maps'
	),
	'0|0',
	'shared memory has been started afresh');
is(memory_sum($node), 't', 'and its parts sum to its size');
foreach my $source ('table', 'memory')
{
	is( $node->safe_psql(
			'postgres',
			"SELECT topcache.get('t', 'a1'), topcache.get('t', 'a2'), "
			  . "topcache.contains('t', 'lost')"),
		'1|2|f',
		"the transaction of the killed backend has no effect, from $source");
}
is($node->safe_psql('postgres', $check_all), '0', 'no key differs');
is(problems($node, 't'), '', 'nothing wrong with any record');

$node->stop;
done_testing();
