# A standby: its tables change without any trigger, so the cache may not
# remember anything there; answers are those of the table.  After promotion
# it is a cache like any other.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $primary = new_server('primary', undef, allows_streaming => 1);
$primary->start;
create_extension($primary);
$primary->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('t');
	SELECT count(topcache.put('t', g::text, to_jsonb(g)))
	  FROM generate_series(1, 100) g;
	CREATE TABLE users (id int PRIMARY KEY, name text, n int);
	INSERT INTO users SELECT g, 'user ' || g, 0 FROM generate_series(1, 1000) g;
	ANALYZE users;
	SELECT topcache.attach('users');
	CREATE FOREIGN TABLE hot_users (id int, name text, n int,
		resident boolean OPTIONS (meta 'resident'))
		SERVER topcache OPTIONS (relation 'public.users');
	CREATE FOREIGN TABLE passing (id int, n int)
		SERVER topcache OPTIONS (volatile 'true');
	INSERT INTO passing VALUES (1, 1);
});
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

my $session = open_session($standby);

# Every interface to the rows of users, which all have n.
sub check_doors
{
	my ($node, $n, $name) = @_;

	is( $node->safe_psql(
			'postgres', q{
			SET topcache.transparent_scan = on;
			SELECT (topcache.fetch(NULL::users, 7)).n, topcache.get('users', 7) ->> 'n',
				(SELECT n FROM users WHERE id = 7),
				(SELECT n FROM hot_users WHERE id = 7),
				(SELECT sum(n) FROM users WHERE id IN (1, 2, 3)),
				(SELECT sum(u.n) FROM generate_series(1, 5) g JOIN users u ON u.id = g),
				(SELECT sum(n) FROM hot_users WHERE id = ANY ('{1,2,3,4}')),
				(SELECT count(*) FROM hot_users WHERE n <> } . $n . ')'),
		join('|', ($n) x 4, 3 * $n, 5 * $n, 4 * $n, 0),
		"$name: all interfaces to the rows");
	return;
}

sub plan_of_select
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		'SET topcache.transparent_scan = on;'
		  . 'EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 7');
}

# Twice each: a record that was remembered by the first look would be wrong
# in the next round.
foreach my $round (1 .. 5)
{
	foreach my $look ('first', 'second')
	{
		is(differences($standby, 't', 210),
			'0', "round $round, $look look: no key differs");
		is($session->query_safe("SELECT topcache.get('t', '1')"),
			$round, "round $round, $look look: an old session is right");
	}
	is( $standby->safe_psql(
			'postgres',
			"SELECT string_agg(coalesce(value::text, 'none'), ',') "
			  . "FROM topcache.get_many('t', ARRAY['1', '7', 'x$round'])"),
		"$round,7,none",
		"round $round: get_many is right");
	check_doors($standby, $round - 1, "round $round") foreach 1, 2;
	my $next = $round + 1;
	$primary->safe_psql(
		'postgres', qq{
		UPDATE users SET n = $round;
		SELECT topcache.put('t', '1', '$next');
		SELECT topcache.put('t', (100 + $round)::text, '$round');
		UPDATE t SET value = '"round $round"' WHERE key::int % 10 = $round;
		SELECT topcache.remove('t', (90 + $round)::text);
	});
	$primary->safe_psql('postgres', "UPDATE t SET value = '$next' WHERE key = '1'");
	$primary->wait_for_catchup($standby);
}

# A transaction that goes on while the primary writes.
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $sum_sql =
  "SELECT md5(string_agg(topcache.get('t', g::text)::text, ',')) "
  . "FROM generate_series(1, 210) g";
my $before = $session->query_safe($sum_sql);
$primary->safe_psql('postgres',
	"INSERT INTO t SELECT 'more' || g, '1' FROM generate_series(1, 100) g");
$primary->safe_psql('postgres', "UPDATE t SET value = '0' WHERE key = '50'");
$primary->wait_for_catchup($standby);
is($session->query_safe($sum_sql),
	$before, 'a snapshot on the standby reads what it read');
$session->query_safe('COMMIT');
is($session->query_safe("SELECT topcache.get('t', '50')"),
	'0', 'the next one reads what is new');

like(plan_of_select($standby), qr/Index Scan/, 'plain SQL has the plans of the table');
is( $standby->safe_psql(
		'postgres', q{
		SELECT bool_and(hits = 0 AND misses = 0), bool_and(bypasses_recovery > 0)
		  FROM topcache.stats WHERE relation IN ('t'::regclass, 'users'::regclass)}),
	't|t',
	'every read has gone to the table');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM passing'),
	'0', 'a volatile map is empty there');

is( $standby->safe_psql(
		'postgres', q{
		SELECT relation, state, reason, records FROM topcache.maps
		 ORDER BY relation::text}),
	join("\n",
		map { "$_|suspended|the server is a standby|0" }
		  ('passing', 't', 'users')),
	'topcache.maps says so');
my ($loaded, $notice) = ('', '');
$standby->psql('postgres', "SELECT topcache.hydrate('users')",
	stdout => \$loaded, stderr => \$notice);
is($loaded, '0', 'nothing is loaded');
like($notice,
	qr/NOTICE:  no records of map "users" can be loaded now\nDETAIL:  Reads of it go to the table: recovery\./,
	'and hydrate says why');

# What the standby cannot do.
my ($status, $out, $err) =
  $standby->psql('postgres', "SELECT topcache.put('t', '1', '0')");
isnt($status, 0, 'put fails on a standby');
like($err, qr/read-only transaction/, 'with the error of a plain INSERT');
is($standby->safe_psql('postgres', "SELECT count(*) FROM topcache.verify('t')"),
	'0', 'nothing wrong with any record');

# Promoted, it caches; sessions that were there before go on.
$standby->promote;
is( $standby->safe_psql(
		'postgres',
		"SELECT count(*) FILTER (WHERE state = 'active' AND reason IS NULL) "
		  . 'FROM topcache.maps'),
	'3',
	'topcache.maps says so');
is(differences($standby, 't', 210), '0', 'promoted: no key differs');
$session->query_safe("SELECT topcache.put('t', '1', '\"promoted\"')");
$session->query_safe("UPDATE t SET value = '\"too\"' WHERE key = '2'");
is( $standby->safe_psql(
		'postgres',
		"SELECT topcache.get('t', '1'), topcache.get('t', '2')"),
	'"promoted"|"too"',
	'writes of an old session are seen');
is(differences($standby, 't', 210), '0', 'no key differs');
is(differences($standby, 't', 210), '0', 'nor from memory');
is( $standby->safe_psql(
		'postgres',
		"SELECT hits > 100 FROM topcache.stats WHERE relation = 't'::regclass"),
	't',
	'answers come from memory');
is(problems($standby, 't'), '', 'nothing wrong with any record');
check_doors($standby, 5, 'promoted') foreach 1, 2;
$standby->safe_psql('postgres', 'UPDATE users SET n = 6');
check_doors($standby, 6, 'promoted and written to') foreach 1, 2;
like(plan_of_select($standby), qr/Custom Scan \(TopCache\)/,
	'plain SQL is served from memory');
is( $standby->safe_psql(
		'postgres', q{
		SELECT hits > 10 FROM topcache.stats WHERE relation = 'users'::regclass;
		INSERT INTO passing VALUES (1, 2);
		SELECT n FROM passing}),
	"t\n2",
	'rows come from memory, and volatile maps work');
is(problems($standby, 'users'), '', 'nothing wrong with any row');
close_session($session);

$standby->stop;
$primary->stop;
done_testing();
