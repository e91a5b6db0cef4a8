# Huge pages: the worker moves what is in use while it is read and written;
# nothing of it changes, a crash begins anew, and huge_pages = off is heeded.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 60_000;

# Where shared memory is reserved from huge pages there is nothing to move.
my $node = new_server('huge', q{
	topcache.size = 64MB
	huge_pages = try
	restart_after_crash = on
});
$node->start;
plan skip_all => 'the server is on huge pages already'
  if $node->safe_psql('postgres', 'SHOW huge_pages') ne 'try'
  or reserved_pages() > 0;
plan skip_all => 'only Linux moves shared memory' if $^O ne 'linux';
create_extension($node);
$node->safe_psql('postgres', "SELECT topcache.create_map('t')");

sub reserved_pages
{
	return 0 unless -r '/proc/meminfo';
	my ($pages) = slurp_file('/proc/meminfo') =~ /^HugePages_Total:\s*(\d+)/m;

	return $pages // 0;
}

sub huge
{
	my ($what) = @_;

	return $node->safe_psql('postgres',
		"SELECT $what FROM topcache.huge_pages()");
}

# Fills the segment from one session while another one reads and compares.
sub fill
{
	my ($from) = @_;
	my $writer = IPC::Run::start(
		[
			'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
			"SELECT count(topcache.put('t', g::text, to_jsonb(repeat(g::text, 50)))) "
			  . "FROM generate_series($from, $keys) g"
		],
		'>', '/dev/null');
	my $differences = 0;
	my $rounds      = 0;

	while ($writer->pumpable)
	{
		$writer->pump_nb;
		$differences += differences($node, 't', 1000);
		$rounds++;
	}
	$writer->finish;
	is($differences, '0', "no answer differs while memory moves ($rounds rounds)");
	return;
}

sub let_it_move
{
	worker_rounds($node);
	wait_until($node, 'SELECT moved > 0 FROM topcache.huge_pages()')
	  if kernel_can();
	return;
}

# Linux 6.1 and later, built with huge pages.
sub kernel_can
{
	my ($major, $minor) =
	  slurp_file('/proc/sys/kernel/osrelease') =~ /^(\d+)\.(\d+)/;

	return ($major > 6 || $major == 6 && $minor >= 1)
	  && -e '/sys/kernel/mm/transparent_hugepage/hpage_pmd_size';
}

fill(1);
let_it_move();
SKIP:
{
	skip 'the kernel moves no shared memory', 1 unless kernel_can();
	cmp_ok(huge('moved'), '>', 0, 'some of the segment has been moved');
}
is(huge('moved % (2 * 1024 * 1024)'), '0', 'in whole huge pages');
is(differences($node, 't', $keys), '0', 'no answer differs');
is(problems($node, 't'), '', 'every record is what its row is');
is(memory_sum($node), 't', 'the memory adds up');

# After a crash shared memory is made anew, and moves anew.
my $session = open_session($node);
my $pid     = $session->query_safe('SELECT pg_backend_pid()');
kill 'KILL', $pid;
close_session($session);
wait_until($node, 'SELECT true');
is($node->safe_psql('postgres', 'SELECT sum(records) FROM topcache.maps'),
	'0', 'a crash empties the segment');
fill(1);
is(differences($node, 't', $keys), '0', 'no answer differs after a crash');
is(memory_sum($node), 't', 'the memory adds up after a crash');

# A server that is to keep away from huge pages does.
$node->append_conf('postgresql.conf', 'huge_pages = off');
$node->restart;
$node->safe_psql('postgres', "SELECT topcache.hydrate('t')");
worker_rounds($node);
is(huge("moved || ' ' || pending"), '0 0', 'huge_pages = off is heeded');
is(differences($node, 't', $keys), '0', 'no answer differs without');

$node->stop;
done_testing();
