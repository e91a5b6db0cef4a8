# A segment that is far too small for the table, kept full by writers and
# readers: every key stays readable and right, dirty records stay, and the
# segment never holds more than it has.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

# Some 30 MB of records in 8 MB.
my $keys = 30_000;
# Records of a transaction that stays open; no load touches their keys.
my $kept = 300;

my $node = new_server('full', "topcache.size = '8MB'");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('t');
	INSERT INTO t SELECT g::text, jsonb_build_object('n', g, 'fill',
				  repeat(md5(g::text), 5 + g % 40))
	  FROM generate_series(1, $keys) g;
	CREATE VIEW t_stats AS
		SELECT * FROM topcache.stats WHERE relation = 't'::regclass;
});

sub stat_of
{
	my ($column) = @_;

	return $node->safe_psql('postgres', "SELECT $column FROM t_stats");
}

my $size = $node->safe_psql('postgres',
	"SELECT pg_size_bytes(current_setting('topcache.size'))");

# What has to hold at any moment; returns what does not.
my @watched = ();

sub watch
{
	my $kept_dirty = $node->safe_psql('postgres',
		"SELECT count(*) FROM topcache.entries('t') "
		  . "WHERE dirty AND key ~ '^kept'");
	my $used = used_bytes($node);

	push @watched, "$kept_dirty dirty records" if $kept_dirty != $kept;
	push @watched, "$used bytes used" if $used > $size;
	return;
}

# Reading alone keeps it full.
is(differences($node, 't', $keys), '0', 'no key differs while it fills');
cmp_ok(stat_of('evictions'), '>', 0, 'records have been evicted');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

# Writers and readers, and a transaction that stays open meanwhile.
my $open = open_session($node);
$open->query_safe(
		"BEGIN; SELECT count(topcache.put('t', 'kept' || g, to_jsonb(g))) "
	  . "FROM generate_series(1, $kept) g");
my $evictions = stat_of('evictions');
my $load      = start_load(
	$node, 4, 2000,
	'3@full_put' => qq{
\\set k random(1, $keys)
\\set n random(1, 40)
SELECT topcache.put('t', :k::bigint::text,
	jsonb_build_object('n', :n::int, 'fill', repeat('x', 40 * :n::int)));
},
	'1@full_undo' => qq{
\\set k random(1, $keys)
BEGIN;
SELECT topcache.put('t', :k::bigint::text, '"undone"');
SELECT topcache.remove('t', (:k::bigint % $keys + 1)::text);
ROLLBACK;
},
	'1@full_update' => qq{
\\set k random(1, $keys)
UPDATE t SET value = value || '{"updated": true}' WHERE key = :k::bigint::text;
},
	'4@full_get' => qq{
\\set k random(1, $keys)
SELECT count(value) FROM topcache.get_many('t',
	ARRAY(SELECT ((:k::bigint + g * 97) % $keys)::text
			FROM generate_series(1, 50) g));
});

my $looks = 0;
my $wrong = 0;
while (load_is_running($load))
{
	$looks++;
	watch();
	$wrong += $node->safe_psql('postgres',
		"SELECT count(*) FROM generate_series($looks, $keys, 101) g "
		  . "WHERE topcache.get('t', g::text) IS DISTINCT FROM "
		  . "(SELECT value FROM t WHERE key = g::text)");
}
ok(finish_load($load), 'all writers and readers succeed');
watch();

cmp_ok($looks, '>', 1, 'looked while they were at work');
is($wrong, 0, 'no key differed meanwhile');
is_deeply(\@watched, [],
	'dirty records stayed, used bytes were never above the segment');
cmp_ok(stat_of('evictions'), '>', $evictions + 1000, 'it was full');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

is(differences($node, 't', $keys), '0', 'no key differs after it');
is(problems($node, 't'), '', 'nothing wrong with any record');
is( $open->query_safe(
		"SELECT count(topcache.get('t', 'kept' || g)) "
		  . "FROM generate_series(1, $kept) g"),
	$kept,
	'the open transaction reads its own records');
$open->query_safe('COMMIT');
wait_clean($node, 't');
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM generate_series(1, $kept) g "
		  . "WHERE topcache.get('t', 'kept' || g) = to_jsonb(g)"),
	$kept,
	'and so does everybody once it is committed');

my $blocked    = qr/topcache: dirty records keep eviction from/;
my $log_offset = -s $node->logfile;

# Waits until the log says so many times that eviction is blocked.
sub wait_for_blocked
{
	my ($times) = @_;

	$node->wait_for_log(qr/(?:$blocked.*){$times}/s, $log_offset);
	return;
}

# Transactions that write more than the segment holds.
my $episode = 0;
foreach my $end ('COMMIT', 'ROLLBACK')
{
	my $before       = $node->safe_psql('postgres',
		"SELECT md5(string_agg(key || value, ',' ORDER BY key)) FROM t");
	my $not_resident = stat_of('not_resident');

	$episode++;
	$open->query_safe(
			"BEGIN; SELECT count(topcache.put('t', g::text, jsonb_build_object("
		  . "'episode', $episode, 'fill', repeat('y', 800)))) "
		  . "FROM generate_series(1, $keys) g");
	cmp_ok($open->query_safe('SELECT not_resident FROM t_stats'),
		'>', $not_resident,
		'records that found no room are counted');
	wait_for_blocked($episode);
	is( $open->query_safe(
			"SELECT count(*) FROM generate_series(1, $keys) g "
			  . "WHERE (topcache.get('t', g::text) ->> 'episode')::int = $episode"
		),
		$keys,
		'the transaction reads what it has written');

	# Others read what was before, while there is no room to keep it.
	is( $node->safe_psql(
			'postgres',
			"SELECT md5(string_agg(key || topcache.get('t', key), ',' "
			  . "ORDER BY key)) FROM t"),
		$before,
		'others read what was there before');
	cmp_ok(used_bytes($node), '<=', $size, 'used bytes are bounded');
	is(count_in_log($node, $blocked, $log_offset),
		$episode, 'blocked eviction is logged');

	$open->query_safe($end);
	is(differences($node, 't', $keys), '0', "no key differs after $end");
	wait_clean($node, 't');
	my $after = $node->safe_psql('postgres',
		"SELECT md5(string_agg(key || value, ',' ORDER BY key)) FROM t");
	if ($end eq 'COMMIT')
	{
		isnt($after, $before, 'committed');
	}
	else
	{
		is($after, $before, 'rolled back');
	}
	is(problems($node, 't'), '', 'nothing wrong with any record');

	# The episode is over when there is room again.
	$node->safe_psql('postgres', 'SELECT topcache.evict_all()');
	worker_rounds($node);
}
is(count_in_log($node, $blocked, $log_offset),
	$episode, 'each episode was logged once');
close_session($open);
is(memory_sum($node), 't', 'the parts of the segment sum to its size');

$node->stop;
done_testing();
