# The check under load: whatever several writers do to the same few keys, one
# statement never reads from the cache what it would not have read from the
# table, at either isolation level.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys    = 200;
my $clients = 4;
my $rounds  = 5000;

my $node = new_server('stress', "topcache.tick = '10ms'");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('t');
	INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;
	SELECT topcache.hydrate('t');

	-- gives a row another key, unless that one is taken
	CREATE FUNCTION move(k int, other int) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
		UPDATE t SET key = other WHERE key = k::text;
	EXCEPTION WHEN unique_violation THEN
		NULL;
	END \$\$;
});

# Every script takes one key, or that and the next, so that writers do not
# deadlock.
my $pick = "\\set k random(1, $keys)\n\\set n random(1, 1000000)\n";
my %scripts = (
	'6@put' => "SELECT topcache.put('t', :k::int::text, to_jsonb(:n::int));\n",
	'3@remove' => "SELECT topcache.remove('t', :k::int::text);\n",
	'4@update' =>
	  "UPDATE t SET value = to_jsonb(:n::int) WHERE key = :k::int::text;\n",
	'2@delete' => "DELETE FROM t WHERE key = :k::int::text;\n",
	'2@move' => "SELECT move(:k::int, :k::int % $keys + 1);\n",
	'2@incr' => "SELECT topcache.incr('t', 'n' || (:k::int % 5));\n",
	'2@if_absent' =>
	  "SELECT topcache.put_if_absent('t', :k::int::text, to_jsonb(:n::int));\n",
	'2@rollback' => qq{
BEGIN;
SELECT topcache.put('t', :k::int::text, '"undone"');
UPDATE t SET value = '"undone twice"' WHERE key = :k::int::text;
ROLLBACK;
},
	'2@savepoint' => qq{
BEGIN;
SELECT topcache.put('t', :k::int::text, to_jsonb(:n::int));
SAVEPOINT a;
SELECT topcache.remove('t', :k::int::text);
ROLLBACK TO a;
SAVEPOINT b;
SELECT topcache.put('t', :k::int::text, to_jsonb(- :n::int));
RELEASE b;
COMMIT;
},
	'1@handler' => qq{
DO \$\$
BEGIN
	PERFORM topcache.put('t', '7', '"kept"');
	BEGIN
		PERFORM topcache.put('t', '7', '"undone"');
		PERFORM 1 / 0;
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
END
\$\$;
},
	'1@async' => qq{
BEGIN;
SET LOCAL synchronous_commit = off;
SELECT topcache.put('t', :k::int::text, to_jsonb(:n::int));
COMMIT;
},
	'4@get' => "SELECT topcache.get('t', :k::int::text);\n",
	'1@evict' => "SELECT topcache.evict('t', :k::int::text);\n",
	'2@load' => qq{
SELECT topcache.evict_all('t');
SELECT count(value) FROM topcache.get_many('t',
	ARRAY(SELECT g::text FROM generate_series(1, $keys) g));
},);
$scripts{$_} = $pick . $scripts{$_} foreach keys %scripts;

my $check = differences_sql('t', $keys);
# The same of many keys at once.
my $check_many =
	"SELECT count(*) FROM topcache.get_many('t', "
  . "ARRAY(SELECT g::text FROM generate_series(1, $keys) g)) m "
  . "WHERE value IS DISTINCT FROM "
  . "(SELECT t.value FROM t WHERE t.key = m.key)";

my %checks = ('READ COMMITTED' => 0, 'REPEATABLE READ' => 0);
my %differ = ('READ COMMITTED' => 0, 'REPEATABLE READ' => 0);
my %session = map { $_ => open_session($node) } keys %checks;

my $load = start_load($node, $clients, $rounds, %scripts);
while (load_is_running($load))
{
	foreach my $level (sort keys %checks)
	{
		my $session = $session{$level};
		my $first;

		$session->query_safe("BEGIN ISOLATION LEVEL $level");
		foreach my $sql ($check, $check_many, $check)
		{
			$checks{$level}++;
			$differ{$level} += $session->query_safe($sql);
		}
		$session->query_safe('COMMIT');
	}
}
ok(finish_load($load), 'all writers succeed');

foreach my $level (sort keys %checks)
{
	note "$checks{$level} checks under $level";
	cmp_ok($checks{$level}, '>', 3, "checked under $level");
	is($differ{$level}, 0, "no key differed under $level");
	close_session($session{$level});
}

# Most of the answers have to come from memory for this to say anything.
my ($hits, $bypasses) = split /\|/,
  $node->safe_psql('postgres',
	"SELECT hits, bypasses FROM topcache.stats WHERE relation = 't'::regclass"
  );
cmp_ok($hits, '>', 1000, 'answers came from memory');
cmp_ok($hits, '>', $bypasses, 'more of them than from the table');

wait_clean($node, 't');
pass('every record becomes clean');
is(differences($node, 't', $keys), '0', 'no key differs in the end');
is(problems($node, 't'), '', 'nothing wrong with any record');
is(memory_sum($node), 't', 'the parts of the segment sum to its size');
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM t WHERE value::text ~ 'undone'"),
	'0',
	'nothing that was rolled back is in the table');
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM topcache.scan('t') WHERE value::text ~ 'undone'"),
	'0',
	'nor in the map');

$node->stop;
done_testing();
