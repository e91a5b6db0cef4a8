# Sessions that a session opens itself, through dblink and postgres_fdw:
# their commits happen in the middle of a transaction that reads, or of one
# statement.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 20;

my $node = new_server('autonomous');
$node->start;
plan skip_all => 'dblink and postgres_fdw are not installed'
  if $node->safe_psql('postgres',
	"SELECT count(*) FROM pg_available_extensions "
	  . "WHERE name IN ('dblink', 'postgres_fdw')") ne '2';
create_extension($node);

my $host = $node->host;
my $port = $node->port;
$node->safe_psql(
	'postgres', qq{
	CREATE EXTENSION dblink;
	CREATE EXTENSION postgres_fdw;
	SELECT topcache.create_map('t');
	INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;
	CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'postgres');
	CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
	CREATE FOREIGN TABLE far (key text, value jsonb,
		expires_at timestamptz) SERVER loop OPTIONS (table_name 't');

	CREATE FUNCTION elsewhere(sql text) RETURNS text LANGUAGE sql VOLATILE AS
		\$\$ SELECT dblink_exec('host=$host port=$port dbname=postgres', sql) \$\$;

	-- what the cache and the table say under one snapshot
	CREATE FUNCTION as_read(k text) RETURNS text LANGUAGE sql STABLE AS \$\$
		SELECT coalesce(topcache.get('t', k)::text, 'none') || ' '
			|| coalesce((SELECT value::text FROM t WHERE key = k), 'none') \$\$;

	-- reads, lets somebody write, reads: each statement has a snapshot of
	-- its own in a volatile function, and that of the caller in a stable one
	CREATE FUNCTION around_volatile(k text, sql text) RETURNS text
	LANGUAGE plpgsql VOLATILE AS \$\$
	DECLARE
		before text := as_read(k);
	BEGIN
		PERFORM elsewhere(sql);
		RETURN before || ', ' || as_read(k);
	END \$\$;
	CREATE FUNCTION around_stable(k text, sql text) RETURNS text
	LANGUAGE plpgsql STABLE AS \$\$
	DECLARE
		before text := as_read(k);
	BEGIN
		PERFORM elsewhere(sql);
		RETURN before || ', ' || as_read(k);
	END \$\$;
});

my $session = open_session($node);

sub as_read
{
	my ($key) = @_;

	return $session->query_safe("SELECT as_read('$key')");
}

# Every key as it was, nothing in doubt.
sub reset_rows
{
	$node->safe_psql(
		'postgres', qq{
		DELETE FROM t;
		INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;
	});
	wait_until($node,
		"SELECT count(topcache.get('t', key)) = $keys AND "
		  . "bool_and(topcache.is_resident('t', key)) FROM t");
	$node->safe_psql('postgres',
		"SELECT topcache.get('t', 'absent'), topcache.get('t', 'other')");
	return;
}

sub elsewhere
{
	my ($sql) = @_;

	$sql =~ s/'/''/g;
	$session->query_safe("SELECT elsewhere('$sql')");
	return;
}

# Writes by the other session: what they are, which key they concern, what
# is read before and after.
my @writes = (
	[ "SELECT 1 FROM topcache.put('t', '1', '\"put\"')", '1', '1 1', '"put" "put"' ],
	[
		"UPDATE t SET value = '\"updated\"' WHERE key = '2'",
		'2', '2 2', '"updated" "updated"'
	],
	[ "DELETE FROM t WHERE key = '3'", '3', '3 3', 'none none' ],
	[
		"INSERT INTO t VALUES ('absent', '\"new\"')",
		'absent', 'none none', '"new" "new"'
	],
	[ "UPDATE t SET key = 'other' WHERE key = '5'", '5',     '5 5', 'none none' ],
	[ "UPDATE t SET key = 'x' || key WHERE key = '6'", 'x6', 'none none', '6 6' ],
	[
		"DO \$d\$ BEGIN PERFORM topcache.put('t', '7', '-7'); "
		  . "PERFORM topcache.evict_all('t'); UPDATE t SET value = '77' "
		  . "WHERE key = '7'; END \$d\$",
		'7', '7 7', '77 77'
	],);

foreach my $write (@writes)
{
	my ($sql, $key, $before, $after) = @$write;
	my $quoted = $sql =~ s/'/''/gr;

	$sql =~ s/^SELECT 1 FROM (.*)$/DO \$d\$ BEGIN PERFORM $1; END \$d\$/;
	$quoted = $sql =~ s/'/''/gr;
	foreach my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
	{
		my $then = $level eq 'READ COMMITTED' ? $after : $before;

		# between two statements of a transaction
		reset_rows();
		$session->query_safe("BEGIN ISOLATION LEVEL $level");
		is(as_read($key), $before, "$level, before: $sql");
		elsewhere($sql);
		is(as_read($key), $then, 'after the other has committed');
		$session->query_safe('COMMIT');
		is(as_read($key), $after, 'in the next transaction');

		# within one statement
		reset_rows();
		$session->query_safe("BEGIN ISOLATION LEVEL $level");
		is( $session->query_safe("SELECT around_volatile('$key', '$quoted')"),
			"$before, $then", "$level, a volatile function");
		$session->query_safe('COMMIT');
		is(as_read($key), $after, 'after it');

		reset_rows();
		$session->query_safe("BEGIN ISOLATION LEVEL $level");
		is( $session->query_safe("SELECT around_stable('$key', '$quoted')"),
			"$before, $before", "$level, a stable function");
		$session->query_safe('COMMIT');
		is(as_read($key), $after, 'after it');
	}

	# while this transaction has written to the table itself
	reset_rows();
	$session->query_safe(
		"BEGIN; UPDATE t SET value = '\"mine\"' WHERE key = '$keys'");
	is(as_read($key), $before, "a transaction that has written: $sql");
	elsewhere($sql);
	is(as_read($key), $after, 'after the other has committed');
	is(as_read($keys), '"mine" "mine"', 'sees its own write');
	$session->query_safe('ROLLBACK');
	is(as_read($key), $after, 'after its end');
	is(as_read($keys), "$keys $keys", 'without its own write');
}

# Through postgres_fdw the other session commits when this one does.
foreach my $decision ('COMMIT', 'ROLLBACK')
{
	my @expected =
	  $decision eq 'COMMIT'
	  ? ('"far" "far"', 'none none', '"far" "far"')
	  : ('1 1', '2 2', 'none none');

	reset_rows();
	$session->query_safe(
		q{BEGIN;
		UPDATE far SET value = '"far"' WHERE key = '1';
		DELETE FROM far WHERE key = '2';
		INSERT INTO far VALUES ('absent', '"far"')});
	is( $session->query_safe("SELECT value FROM far WHERE key = '1'"),
		'"far"', 'the other session sees what it wrote');
	is(as_read('1'), '1 1', 'this one does not yet');
	is(as_read('2'), '2 2', 'nor that it deleted');
	is(as_read('absent'), 'none none', 'nor that it inserted');
	$session->query_safe($decision);
	is(as_read('1'), $expected[0], "$decision: a changed row");
	is(as_read('2'), $expected[1], "$decision: a deleted row");
	is(as_read('absent'), $expected[2], "$decision: a new row");
}

# A savepoint here is one there.
reset_rows();
$session->query_safe(
	q{BEGIN;
	UPDATE far SET value = '"kept"' WHERE key = '1';
	SAVEPOINT a;
	UPDATE far SET value = '"undone"' WHERE key IN ('1', '2');
	ROLLBACK TO a});
is(as_read('1'), '1 1', 'nothing is seen before the end');
$session->query_safe('COMMIT');
is(as_read('1'), '"kept" "kept"', 'what is kept is seen');
is(as_read('2'), '2 2', 'what was undone is not');

# A trigger of the user's that writes from another session.
reset_rows();
$session->query_safe(
	q{
	CREATE TABLE log (n int);
	CREATE FUNCTION log_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM elsewhere(format('UPDATE t SET value = %L WHERE key = ''10''',
								 to_jsonb(NEW.n)));
		RETURN NEW;
	END $$;
	CREATE TRIGGER log_elsewhere AFTER INSERT ON log
		FOR EACH ROW EXECUTE FUNCTION log_elsewhere()});
is(as_read('10'), '10 10', 'before the trigger');
$session->query_safe('BEGIN; INSERT INTO log VALUES (1000)');
is(as_read('10'), '1000 1000', 'its write is committed');
$session->query_safe('ROLLBACK');
is(as_read('10'), '1000 1000', 'and stays so when we roll back');

# Many times over, with fills in between.
is( $session->query_safe(
		q{
		CREATE FUNCTION many(rounds int) RETURNS int LANGUAGE plpgsql AS $$
		DECLARE
			wrong int := 0;
		BEGIN
			FOR i IN 1 .. rounds LOOP
				PERFORM elsewhere(format(
					'UPDATE t SET value = %L WHERE key = ''10''', to_jsonb(i)));
				wrong := wrong + (topcache.get('t', '10')
					IS DISTINCT FROM to_jsonb(i))::int;
				PERFORM elsewhere(
					'DO $d$ BEGIN PERFORM topcache.evict(''t'', ''10''); END $d$');
				wrong := wrong + (topcache.get('t', '10')
					IS DISTINCT FROM to_jsonb(i))::int;
			END LOOP;
			RETURN wrong;
		END $$;
		SELECT many(100)}),
	'0',
	'each write is read after its commit');

is(differences($node, 't', $keys), '0', 'no key differs in the end');
is(problems($node, 't'), '', 'nothing wrong with any record');
cmp_ok(
	$node->safe_psql('postgres',
		"SELECT hits FROM topcache.stats WHERE relation = 't'::regclass"),
	'>', 100, 'answers came from memory');

close_session($session);
$node->stop;
done_testing();
