# What was resident is loaded again after a start, and nothing else goes wrong.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('warm', "topcache.size = 8MB\ntopcache.autowarm = on");
$node->start;
my $file = $node->data_dir . '/topcache.warm';

sub ask { return $node->safe_psql('postgres', $_[0]) }

# The file is written after the first interval, or at the end.
sub restart
{
	my ($how) = @_;

	$node->stop($how // 'fast');
	$node->start;
	return;
}

sub wait_for_warm
{
	ok($node->poll_query_until('postgres', $_[0]), $_[1]);
	return;
}

ask(q{
	CREATE EXTENSION topcache;
	CREATE TABLE docs (id int PRIMARY KEY, body text);
	INSERT INTO docs SELECT g, 'body ' || g FROM generate_series(1, 5000) g;
	SELECT topcache.attach('docs');
	CREATE TABLE pairs (a numeric, b text, v int, PRIMARY KEY (a, b));
	INSERT INTO pairs SELECT g / 2.0, 'b' || g, g FROM generate_series(1, 500) g;
	SELECT topcache.attach('pairs');
	SELECT topcache.create_map('kv');
	SELECT topcache.put('kv', 'k' || g, to_jsonb(g)) FROM generate_series(1, 100) g;
	SELECT topcache.create_map('loose', durable => false);
	SELECT topcache.put('loose', 'k', '1');
});
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', q{
	CREATE EXTENSION topcache;
	CREATE TABLE docs (id int PRIMARY KEY, body text);
	INSERT INTO docs SELECT g, 'other ' || g FROM generate_series(1, 100) g;
	SELECT topcache.attach('docs');
	SELECT count(topcache.get('docs', g)) FROM generate_series(1, 30) g;
});
ask(q{SELECT count(topcache.get('docs', g)) FROM generate_series(1000, 1999) g});
ask(q{SELECT count(topcache.get('pairs', ROW(g / 2.0, 'b' || g))) FROM generate_series(1, 50) g});
ask(q{SELECT topcache.get('docs', 3)});

# ---------------------------------------------------------------------------
# After a start
# ---------------------------------------------------------------------------

restart();
wait_for_warm(
	"SELECT sum(records) = 1001 + 50 + 100 FROM topcache.maps WHERE durable",
	'what was resident is resident');
is(ask("SELECT records FROM topcache.maps WHERE relation = 'docs'::regclass"),
	'1001', 'of one table');
is(ask(
		"SELECT count(*) FROM generate_series(1000, 1999) g "
		  . "WHERE topcache.is_resident('docs', g)"),
	'1000', 'the same records');
is(ask("SELECT count(*) FROM topcache.verify('docs')"), '0', 'and right ones');
is(ask("SELECT count(*) FROM topcache.verify('pairs')"),
	'0', 'also of a key of several columns');
ok($node->poll_query_until('other',
		"SELECT records = 30 FROM topcache.maps"),
	'another database is loaded too');
is(ask("SELECT misses FROM topcache.stats WHERE relation = 'docs'::regclass"),
	'0', 'nobody has missed anything for it');
is(ask('SELECT count(*) FROM topcache.progress'), '0', 'all is done');

# the order of use has come back: what was used last goes last
is(ask("SELECT topcache.evict_lru('docs', 400)"), '400', 'some are evicted');
is(ask("SELECT topcache.is_resident('docs', 3)"),
	't', 'the one that was used last is still there');
is(ask(
		"SELECT min(key::int) > 1300 AND count(*) = 600 "
		  . "FROM topcache.entries('docs') WHERE key <> '3'"),
	't', 'those that were used first are gone');

# ---------------------------------------------------------------------------
# What has changed meanwhile
# ---------------------------------------------------------------------------

ask('ALTER SYSTEM SET topcache.autowarm = off');
restart();
ask("SELECT topcache.get('docs', 7)");
ask('ALTER SYSTEM RESET topcache.autowarm');
ask("UPDATE docs SET body = 'new' WHERE id = 1500");
ask('DELETE FROM docs WHERE id = 1501');
ask('ALTER TABLE pairs ADD w int DEFAULT 1');
ask('DROP TABLE kv');
restart();
wait_for_warm("SELECT records >= 599 FROM topcache.maps "
	  . "WHERE relation = 'docs'::regclass", 'the rest is loaded');
is(ask("SELECT topcache.get('docs', 1500) ->> 'body'"), 'new', 'as it is now');
is(ask("SELECT topcache.get('docs', 1501) IS NULL"), 't', 'or is not');
is(ask("SELECT records FROM topcache.maps WHERE relation = 'pairs'::regclass"),
	'0', 'a table with other columns begins cold');
is(ask("SELECT count(*) FROM topcache.verify('docs')"), '0', 'nothing wrong');

# ---------------------------------------------------------------------------
# After a crash there is the file of the last interval
# ---------------------------------------------------------------------------

ask('ALTER SYSTEM SET topcache.autowarm_interval = 1');
ask('SELECT pg_reload_conf()');
my $before = (stat $file)[9];
ask("SELECT count(topcache.get('docs', g)) FROM generate_series(1, 100) g");
ok($node->poll_query_until('postgres',
		"SELECT (pg_stat_file('topcache.warm')).modification > "
		  . "to_timestamp($before)"),
	'the file is written every interval');
ask('ALTER SYSTEM RESET topcache.autowarm_interval');
restart('immediate');
wait_for_warm("SELECT records >= 599 FROM topcache.maps "
	  . "WHERE relation = 'docs'::regclass", 'it is loaded after a crash');

# ---------------------------------------------------------------------------
# Files that are none
# ---------------------------------------------------------------------------

sub with_file
{
	my ($change, $what) = @_;
	my $start;

	$node->stop;
	$change->();
	$start = -s $node->logfile;
	$node->start;
	ask("SELECT topcache.get('docs', 1)");
	my $log = $node->logfile;

	# a pattern that does not match itself, since statements are logged
	ok( $node->poll_query_until('postgres',
			"SELECT pg_read_file('$log', $start, 10000000) ~ '[i]gnoring file'"),
		"$what is noticed");
	is(count_in_log($node, qr/LOG:  topcache: ignoring file/, $start),
		1, 'and ignored with one line');
	is(ask("SELECT topcache.get('docs', 1500) ->> 'body'"),
		'new', 'and all else works');
	return;
}

sub overwrite
{
	my ($at, $bytes) = @_;

	open(my $handle, '+<', $file) or die "$file: $!";
	seek($handle, $at, 0);
	print $handle $bytes;
	close $handle;
	return;
}

with_file(sub { overwrite((-s $file) - 20, 'x' x 8) }, 'a damaged file');
with_file(sub { overwrite(16, "\1\2\3\4") }, "another server's file");
with_file(sub { truncate $file, 60 }, 'half a file');
with_file(sub { overwrite(0, 'something else') }, 'some other file');
$node->stop;
unlink $file;
$node->start;
is(ask("SELECT topcache.get('docs', 1500) ->> 'body'"),
	'new', 'no file is no matter');
$node->stop;

done_testing();
