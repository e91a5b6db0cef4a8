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
});
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

my $session = open_session($standby);

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
	my $next = $round + 1;
	$primary->safe_psql(
		'postgres', qq{
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

# What the standby cannot do.
my ($status, $out, $err) =
  $standby->psql('postgres', "SELECT topcache.put('t', '1', '0')");
isnt($status, 0, 'put fails on a standby');
like($err, qr/read-only transaction/, 'with the error of a plain INSERT');
is($standby->safe_psql('postgres', "SELECT count(*) FROM topcache.verify('t')"),
	'0', 'nothing wrong with any record');

# Promoted, it caches; sessions that were there before go on.
$standby->promote;
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
close_session($session);

$standby->stop;
$primary->stop;
done_testing();
