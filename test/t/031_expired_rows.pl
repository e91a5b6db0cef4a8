# Rows that have expired are deleted from the tables of create_map: in every
# database, whether the map is in use or not, past rows that are locked, with
# the rights of the owner, and without keeping anybody from anything.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('expired_rows',
	"max_worker_processes = 4\ndefault_transaction_read_only = off\n");
$node->start;
create_extension($node);

sub sql
{
	my ($statement, $database) = @_;

	return $node->safe_psql($database || 'postgres', $statement);
}

sub wait_rows
{
	my ($table, $count, $database) = @_;

	$node->poll_query_until($database || 'postgres',
		"SELECT count(*) = $count FROM $table")
	  or die "$table has not come to $count rows";
	return;
}

# Waits for a message in the log.  The statement is in there too, and must not
# match itself.
sub wait_log
{
	my ($pattern) = @_;

	wait_until($node,
		"SELECT pg_read_file('" . $node->logfile . "') ~ '$pattern'");
	return;
}

# More than a batch; what has not expired stays.
sql(q{
	SELECT topcache.create_map('m');
	SELECT count(topcache.put('m', g::text, '1', ttl => '1 ms'))
	  FROM generate_series(1, 3500) g;
	SELECT topcache.put('m', 'ever', '1');
	SELECT topcache.put('m', 'long', '1', ttl => '1 hour');
	INSERT INTO m SELECT 'i' || g, '1', now() - '1 day'::interval
	  FROM generate_series(1, 100) g;
});
wait_rows('m', 2);
is(sql("SELECT string_agg(key, ' ' ORDER BY key) FROM m"),
	'ever long', 'expired rows are deleted, others are not');
is(problems($node, 'm'), '', 'nothing wrong with any record');

# A row that is locked is left, and waits for nobody; one that gets a new time
# while it is locked stays.
sql("INSERT INTO m SELECT k, '1', now() + '1 s' "
	  . "FROM unnest(ARRAY['locked', 'renewed']) k");
my $session = open_session($node);
$session->query_safe("BEGIN");
$session->query_safe(
	"SELECT key FROM m WHERE key IN ('locked', 'renewed') FOR UPDATE");
wait_until($node,
	"SELECT clock_timestamp() > max(expires_at) FROM m "
	  . "WHERE key IN ('locked', 'renewed')");
is(sql("SELECT count(*) FROM m"), '4', 'both are there');
sql("INSERT INTO m SELECT 'j' || g, '1', now() FROM generate_series(1, 100) g");
wait_until($node, "SELECT count(*) = 0 FROM m WHERE key LIKE 'j%'");
is(sql("SELECT count(*) FROM m"), '4',
	'what is locked is left, the rest is not');
$session->query_safe(
	"UPDATE m SET expires_at = now() + '1 hour' WHERE key = 'renewed'");
$session->query_safe("COMMIT");
sql("INSERT INTO m VALUES ('later', '1', now())");
wait_until($node,
	"SELECT count(*) = 0 FROM m WHERE key IN ('locked', 'later')");
is(sql("SELECT count(*) FROM m WHERE key = 'renewed'"),
	'1', 'a row that was given a new time stays');

# A table that is locked holds up no other, and its turn comes again.
sql("SELECT topcache.create_map('n'); "
	  . "INSERT INTO m VALUES ('behind', '1', now() + '500 ms')");
$session->query_safe("BEGIN");
$session->query_safe("LOCK TABLE m IN SHARE MODE");
wait_until($node,
	"SELECT clock_timestamp() > expires_at FROM m WHERE key = 'behind'");
sql("INSERT INTO n VALUES ('k', '1', now())");
wait_rows('n', 0);
is(sql("SELECT count(*) FROM m WHERE key = 'behind'"),
	'1', 'a table that is locked is left alone');
$session->query_safe("COMMIT");
wait_until($node, "SELECT count(*) = 0 FROM m WHERE key = 'behind'");
pass('and looked at again');
close_session($session);

# The owner's triggers run as the owner, with a safe search path; deferred
# ones too.
sql(q{
	CREATE ROLE owner;
	GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	SELECT topcache.create_map('owned');
	CREATE TABLE log (who name, path text);
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO public.log
				VALUES (current_user, current_setting('search_path'));
			RETURN NULL;
		END $$;
	CREATE TRIGGER now AFTER DELETE ON owned
		FOR EACH ROW EXECUTE FUNCTION note();
	CREATE CONSTRAINT TRIGGER later AFTER DELETE ON owned
		DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION note();
	SELECT topcache.put('owned', 'k', '1', ttl => '1 ms');
});
wait_rows('owned', 0);
is(sql("SELECT who, path, count(*) FROM log GROUP BY 1, 2"),
	'owner|pg_catalog, pg_temp|2', 'triggers run as the owner of the table');

# One that puts off what it does to where it would do it as a superuser does
# not get that far; other tables are not held up by the error.
sql(q{
	SET ROLE owner;
	CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			SET CONSTRAINTS ALL DEFERRED;
			RETURN NULL;
		END $$;
	TRUNCATE log;
	CREATE TRIGGER before BEFORE DELETE ON owned
		FOR EACH STATEMENT EXECUTE FUNCTION put_off();
	SELECT topcache.put('owned', 'k', '1', ttl => '1 ms');
});
wait_log('cannot fire [d]eferred trigger');
pass('nothing is left to be done at commit');
is(sql("SELECT count(*) FROM log WHERE who <> 'owner'"),
	'0', 'and nothing was');
sql("SELECT topcache.put('m', 'short', '1', ttl => '1 ms')");
wait_until($node, "SELECT count(*) = 0 FROM m WHERE key = 'short'");
pass('other tables are not held up');
sql("DROP TRIGGER before ON owned");

# Databases: without the extension, read-only by default, one that is not
# used, and one that is dropped.
sql("CREATE DATABASE plain");
sql("CREATE DATABASE second");
sql("CREATE EXTENSION topcache", 'second');
sql("ALTER DATABASE second SET default_transaction_read_only = on");
sql( "SET default_transaction_read_only = off; "
	  . "SELECT topcache.create_map('s'); "
	  . "SELECT topcache.put('s', 'k', '1', ttl => '1 ms')",
	'second');
wait_rows('s', 0, 'second');
pass('rows of another database are deleted');
sql( "SET default_transaction_read_only = off; "
	  . "ALTER TABLE s DISABLE TRIGGER topcache_row_changed; "
	  . "INSERT INTO s SELECT g, '1', now() FROM generate_series(1, 10) g; "
	  . "ALTER TABLE s ENABLE ALWAYS TRIGGER topcache_row_changed",
	'second');
$node->restart;
wait_rows('s', 0, 'second');
pass('rows of a map that nobody uses are deleted after a restart');
sql( "SET default_transaction_read_only = off; "
	  . "SELECT count(topcache.put('s', g::text, '1', ttl => '1 ms')) "
	  . "FROM generate_series(1, 20000) g",
	'second');
sql("DROP DATABASE second");
sql("DROP DATABASE plain");
pass('databases can be dropped');

# No process to be had: said once, and done when there is one.
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->append_conf('postgresql.conf', 'max_logical_replication_workers = 0');
$node->append_conf('postgresql.conf', 'max_parallel_workers = 0');
$node->restart;
sql("SELECT topcache.put('m', 'waits', '1', ttl => '1 ms')");
wait_log('could not start a [p]rocess');
worker_rounds($node) foreach 1 .. 20;
is(count_in_log($node, 'could not start a process', 0),
	'1', 'that no process can be started is said once');
is(sql("SELECT topcache.get('m', 'waits') IS NULL, count(*) FROM m "
		  . "WHERE key = 'waits'"),
	't|1', 'the record is absent, its row is still there');
$node->append_conf('postgresql.conf', 'max_worker_processes = 4');
$node->restart;
wait_until($node, "SELECT count(*) = 0 FROM m WHERE key = 'waits'");
pass('it is deleted when there is a process');

$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|TRAP/, 'nothing has crashed');
done_testing();
