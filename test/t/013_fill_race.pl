# Loading a record while somebody writes it: what a reader has found in the
# table may be old by the time it is stored, and must not be stored then.
# Few keys, which are dropped from the segment and read again all the time,
# while plain statements, which do not install records, change their rows.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 4;

my $node = new_server('race');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('t');
	INSERT INTO t SELECT g::text, '0' FROM generate_series(1, $keys) g;

	-- Reads after eviction, twice each: the second read finds what the first
	-- one has stored.  Returns how often the answer was not the table's.
	CREATE FUNCTION read_often(rounds int) RETURNS int LANGUAGE plpgsql AS \$\$
	DECLARE
		k text;
		wrong bool;
		differences int := 0;
	BEGIN
		FOR i IN 1 .. rounds LOOP
			k := 1 + i % $keys;
			PERFORM topcache.evict('t', k);
			FOR j IN 1 .. 2 LOOP
				SELECT topcache.get('t', k) IS DISTINCT FROM
					   (SELECT value FROM t WHERE key = k) INTO wrong;
				differences := differences + wrong::int;
			END LOOP;
		END LOOP;
		RETURN differences;
	END \$\$;
});

# A reader fails with a division by zero when it has read what is not in the
# table.
my $key     = "\\set k random(1, $keys)\n";
my %readers = (
	'1@read_one' => "SELECT 1 / (read_often(200) = 0)::int;\n",
	'1@read_many' => qq{
SELECT topcache.evict_all('t');
SELECT 1 / (count(*) = 0)::int FROM topcache.get_many('t',
	ARRAY(SELECT g::text FROM generate_series(1, $keys) g)) m
 WHERE m.value IS DISTINCT FROM (SELECT value FROM t WHERE t.key = m.key);
});
my %writers = (
	'6@write_update' =>
	  "${key}UPDATE t SET value = to_jsonb((value #>> '{}')::int + 1) "
	  . "WHERE key = :k::int::text;\n",
	'1@write_delete' => "${key}DELETE FROM t WHERE key = :k::int::text;\n",
	'2@write_insert' =>
	  "${key}INSERT INTO t VALUES (:k::int::text, '0') ON CONFLICT DO NOTHING;\n",
	'1@write_undo' =>
	  "${key}BEGIN;\nUPDATE t SET value = '-1' WHERE key = :k::int::text;\n"
	  . "ROLLBACK;\n",);

my $writing = start_load($node, 2, 10000, %writers);
my $reading = start_load($node, 2, 1000, %readers);
ok(finish_load($reading), 'no reader reads what is not in the table');
ok(finish_load($writing), 'all writers succeed');

cmp_ok(
	$node->safe_psql('postgres',
		"SELECT fills FROM topcache.stats WHERE relation = 't'::regclass"),
	'>', 1000, 'records have been loaded');
is(differences($node, 't', $keys), '0', 'no key differs in the end');
is(problems($node, 't'), '', 'nothing wrong with any record');

$node->stop;
done_testing();
