# Asynchronous commit: a record stays dirty until the commit record of its
# transaction has been flushed, is read by everybody all the same, and is
# gone from both table and cache when a crash comes first.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

# Nothing but the WAL writer flushes by itself, and that seldom.
my $node = new_server(
	'async', q{
wal_writer_delay = '10s'
autovacuum = off
checkpoint_timeout = '1d'
});
$node->start;
create_extension($node);
$node->safe_psql('postgres', "SELECT topcache.create_map('t')");
my $worker = wait_worker($node);

# Puts a record under asynchronous commit and looks at it before and after
# the flush pointer was read twice.  Returns what was seen while the commit
# was surely not flushed; undef when the WAL writer was faster.
sub look_unflushed
{
	my ($key, $look_sql) = @_;
	my $out = $node->safe_psql(
		'postgres', qq{
		SET synchronous_commit = off;
		SELECT topcache.put('t', '$key', '"$key"') \\gset
		SELECT pg_current_wal_insert_lsn() AS committed \\gset
		$look_sql;
		SELECT pg_current_wal_flush_lsn() < :'committed'::pg_lsn;
	});
	my ($seen, $unflushed) = $out =~ /\A(.*)\n([tf])\s*\z/s;

	return $unflushed eq 't' ? $seen : undef;
}

# Does that until it was faster than the WAL writer.
sub look_until_unflushed
{
	my ($name, $look_sql) = @_;
	my $round = 0;
	my $seen;

	do
	{
		$round++;
		(my $sql = $look_sql) =~ s/KEY/$name$round/g;
		$seen = look_unflushed("$name$round", $sql);
	} until (defined $seen);
	return $seen;
}

is( look_until_unflushed(
		'dirty',
		"SELECT dirty FROM topcache.entries('t') WHERE key = 'KEY'"),
	't',
	'a record is dirty until its commit is flushed');
is(look_until_unflushed('evict', "SELECT topcache.evict('t', 'KEY')"),
	'f', 'and cannot be evicted');
is( look_until_unflushed(
		'all',
		"SELECT FROM topcache.evict_all('t') \\gset\n"
		  . "SELECT topcache.is_resident('t', 'KEY')"),
	't',
	'nor with all others');
is( look_until_unflushed(
		'read',
		"\\c\nSELECT topcache.get('t', 'KEY') = '\"KEY\"', "
		  . "dirty FROM topcache.entries('t') WHERE key = 'KEY'"),
	't|t',
	'every session reads it, and it stays dirty');
is( look_until_unflushed(
		'repeated',
		"SELECT topcache.put('t', 'KEY', '2') \\gset\n"
		  . "SELECT topcache.put('t', 'KEY', '3') \\gset\n"
		  . "SELECT topcache.get('t', 'KEY'), dirty "
		  . "FROM topcache.entries('t') WHERE key = 'KEY'"),
	'3|t',
	'written again and again it is dirty and right');

# Flushed, it becomes clean without anybody touching it.
$node->safe_psql('postgres', 'CHECKPOINT');
wait_clean($node, 't');
pass('flushed by a checkpoint, every record becomes clean');
is(problems($node, 't'), '', 'nothing wrong with any record');

look_until_unflushed('later', 'SELECT 1');
wait_clean($node, 't');
pass('flushed by the WAL writer, every record becomes clean');

# A synchronous commit is clean at once, and flushes those before it.
$node->safe_psql('postgres', "SELECT topcache.put('t', 'sync', '1')");
wait_clean($node, 't');

# A crash before the flush: what is lost is lost in both.
my $lost;
do
{
	$node->safe_psql('postgres', 'CHECKPOINT');
	look_until_unflushed('crash', 'SELECT 1');
	$lost = $node->safe_psql('postgres',
		"SELECT count(*) FROM topcache.entries('t') WHERE dirty");
} until ($lost > 0);
$node->stop('immediate');
$node->start;
foreach my $source ('table', 'memory')
{
	is( $node->safe_psql(
			'postgres',
			"SELECT count(*) FROM unnest(ARRAY['crash1', 'crash2', 'sync', "
			  . "'later1', 'dirty1']) k "
			  . "WHERE topcache.get('t', k) IS DISTINCT FROM "
			  . "(SELECT value FROM t WHERE key = k)"),
		'0',
		"after the crash no key differs, from $source");
}
is( $node->safe_psql(
		'postgres', "SELECT topcache.get('t', 'sync'), "
		  . "topcache.get('t', 'dirty1')"),
	'1|"dirty1"',
	'what was flushed is there');
is(problems($node, 't'), '', 'nothing wrong with any record');

$node->stop;
done_testing();
