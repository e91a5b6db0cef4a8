# Processes of ours run nobody's code as somebody else: hostile code, in every
# place that PostgreSQL lets a user put code, in tables that are loaded after a
# restart, that rows are deleted from, whose writes the worker settles, and
# that are dumped and restored.  What is tried with what is in test/README.md.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('attackers',
	    "topcache.size = 8MB\ntopcache.autowarm = on\n"
	  . "autovacuum = off\ntc_attack.record = on\n");
$node->start;
create_extension($node);

# Whoever owns a database may give it settings, also a path on which names
# lead to code of his: that is for others than this test.
$ENV{PGOPTIONS} = '-c search_path=pg_catalog';

sub ask
{
	my ($statement, $database) = @_;

	return $node->safe_psql($database || 'postgres', $statement);
}

# A statement of the attacker's; it may run code of his own.
sub ask_attacker
{
	my ($statement) = @_;

	return ask("SET ROLE regress_topcache_attacker; $statement");
}

# What ran, as whom, other than the attacker: he owns all, and may.
sub ran_as_others
{
	my ($database) = @_;

	return ask(
		"SELECT string_agg(place || ' as ' || role, ', ' ORDER BY 1) "
		  . "FROM tc_attack.log WHERE role <> 'regress_topcache_attacker'",
		$database);
}

# What ran as the attacker.
sub ran_as_attacker
{
	return ask("SELECT string_agg(place, ' ' ORDER BY place) "
		  . "FROM tc_attack.log WHERE role = 'regress_topcache_attacker'");
}

sub forget { ask('SELECT tc_attack.forget()'); return }

ask(slurp_file("$FindBin::RealBin/../attackers/hostile.sql"));

# Every table has a row.  What a policy, a rule, and code that tries to become
# somebody or to leave something behind do to rows that are deleted, is seen
# with tables of their own.
ask_attacker(q{
	SELECT topcache.create_map('tc_attack.' || name)
	  FROM unnest(ARRAY['secured', 'rules', 'climber']) name;
	CREATE POLICY rows ON tc_attack.secured USING (tc_attack.ran('policy'));
	ALTER TABLE tc_attack.secured ENABLE ROW LEVEL SECURITY,
		FORCE ROW LEVEL SECURITY;
	CREATE RULE r AS ON DELETE TO tc_attack.rules
		DO ALSO SELECT tc_attack.ran('rule');
	CREATE FUNCTION tc_attack.climb() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE
		step text;
	BEGIN
		FOREACH step IN ARRAY ARRAY['RESET ROLE', 'SET ROLE NONE',
			format('SET ROLE %I', session_user),
			format('SET LOCAL ROLE %I', session_user),
			'SELECT set_config(''role'', ''none'', false)',
			'RESET SESSION AUTHORIZATION',
			'SET SESSION AUTHORIZATION DEFAULT',
			format('SET SESSION AUTHORIZATION %I', session_user),
			'SELECT set_config(''session_authorization'', session_user, false)',
			'DISCARD ALL',
			format('CREATE FUNCTION tc_attack.up() RETURNS int LANGUAGE sql'
				' SET role = %L AS ''SELECT 1''', session_user),
			'ALTER ROLE regress_topcache_attacker SUPERUSER',
			'CREATE TEMP TABLE left_behind (x int)',
			'DECLARE c CURSOR WITH HOLD FOR SELECT tc_attack.ran(''view'')',
			'LISTEN x', 'SET session_replication_role = replica']
		LOOP
			BEGIN
				EXECUTE step;
				RAISE LOG 'achieved: %', step;
			EXCEPTION WHEN OTHERS THEN
				RAISE LOG 'prevented: %', step;
			END;
			PERFORM tc_attack.ran('trigger');
		END LOOP;
		RETURN OLD;
	END $$;
	CREATE TRIGGER climb BEFORE DELETE ON tc_attack.climber
		FOR EACH ROW EXECUTE FUNCTION tc_attack.climb();

	-- how many rows have expired, asked of the attacker's own right
	CREATE FUNCTION tc_attack.expired() RETURNS bigint LANGUAGE sql
		SECURITY DEFINER SET search_path = pg_catalog AS $$
		SELECT count(*) FROM (SELECT expires_at FROM tc_attack.made
			UNION ALL SELECT expires_at FROM tc_attack.plain
			UNION ALL SELECT expires_at FROM tc_attack.secured
			UNION ALL SELECT expires_at FROM tc_attack.rules
			UNION ALL SELECT expires_at FROM tc_attack.climber) r
		 WHERE expires_at < now() $$;

	INSERT INTO tc_attack.ruled VALUES (1, '1');
	INSERT INTO tc_attack.keyed VALUES (ROW(1, 1), '1');
	SELECT topcache.put(name, 1, row) FROM tc_attack.tables
	 WHERE name::text NOT IN ('tc_attack.ruled', 'tc_attack.keyed',
		'tc_attack.made', 'tc_attack.plain');
	SELECT topcache.put(name, '1', row) FROM tc_attack.tables
	 WHERE name::text IN ('tc_attack.made', 'tc_attack.plain');
});
ask(q{
	ALTER DATABASE postgres SET search_path = tc_path, pg_catalog;
	ALTER DATABASE postgres OWNER TO regress_topcache_attacker;
});

# ---------------------------------------------------------------------------
# The warm-up
# ---------------------------------------------------------------------------

ask_attacker(q{
	SELECT topcache.get(name, 1) FROM tc_attack.tables
	 WHERE name::text NOT IN ('tc_attack.made', 'tc_attack.plain');
	SELECT topcache.get(name, '1') FROM tc_attack.tables
	 WHERE name::text IN ('tc_attack.made', 'tc_attack.plain');
});
my $resident = ask('SELECT sum(records) FROM topcache.maps WHERE durable');
cmp_ok($resident, '>=', 8, 'there are records to be loaded');
forget();
my $offset = -s $node->logfile;
$node->restart;
$node->wait_for_log(qr/loaded \d+ records that were resident before/, $offset);
is(ran_as_others(), '', 'the warm-up runs nobody\'s code as somebody else');
is(ask('SELECT sum(records) FROM topcache.maps WHERE durable'),
	$resident, 'and has loaded all');
is(ran_as_others(), '', 'nor does a superuser who looks at maps');

# ---------------------------------------------------------------------------
# Rows that have expired
# ---------------------------------------------------------------------------

forget();
$offset = -s $node->logfile;
ask_attacker(join ';', map {
		"INSERT INTO tc_attack.$_ VALUES ('k', '1', now() - interval '1 s')"
} qw(made plain secured rules climber));
wait_until($node, 'SELECT tc_attack.expired() = 0');
is(ran_as_others(), '', 'rows are deleted as their owner');
is(ran_as_attacker(),
	'check deferred expression policy predicate rule trigger when',
	'whose code does run');
my $log = slurp_file($node->logfile, $offset);
is(scalar(() = $log =~ /LOG:  prevented: /g),
	16, 'who tries to become somebody else fails');
unlike($log, qr/achieved: /, 'each time');
is(ask('SELECT count(*) FROM pg_roles WHERE rolsuper'),
	'1', 'nobody has become a superuser');

# ---------------------------------------------------------------------------
# The worker settles what a prepared transaction has written
# ---------------------------------------------------------------------------

ask(q{
	BEGIN;
	SET LOCAL ROLE regress_topcache_victim;
	SELECT topcache.put('tc_attack.' || name, 1, '2')
	  FROM unnest(ARRAY['indexed', 'limited', 'part']) name;
	SET CONSTRAINTS ALL IMMEDIATE;
	PREPARE TRANSACTION 'p';
});
forget();
ask(q{COMMIT PREPARED 'p'});
wait_until($node, 'SELECT sum(dirty_records) = 0 FROM topcache.maps');
is(ran_as_others(), '', 'settling runs nobody\'s code');

# ---------------------------------------------------------------------------
# Dump and restore: what runs is what runs where no table is a map
# ---------------------------------------------------------------------------

my $dump = $node->basedir . '/dump.sql';

sub restore
{
	my ($database) = @_;

	ask('SELECT tc_attack.forget()');
	# the sequences are the log, and are not to be restored
	$node->command_ok(
		[
			'pg_dump', '-h', $node->host, '-p', $node->port,
			'--exclude-table-data', 'tc_attack.* as *',
			'-f', $dump, 'postgres'
		],
		"a dump for $database");
	ask("CREATE DATABASE $database");
	$node->command_ok(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $node->host,
			'-p', $node->port, '-f', $dump, $database
		],
		"and its restore");
	return ask(
		"SELECT string_agg(place || ' as ' || role, ', ' ORDER BY 1) "
		  . "FROM tc_attack.log", $database);
}

my $ran = restore('restored');
is(ask("SELECT string_agg(relation::text, ' ' ORDER BY 1) FROM topcache.maps "
		  . "WHERE state = 'suspended'", 'restored'),
	'', 'all maps are restored');
unlike($ran, qr/victim/, 'without the victim');
ask('DROP FOREIGN TABLE tc_attack.loose;'
	  . 'SELECT topcache.detach(relation) FROM topcache.map_definition;');
is($ran, restore('twin'), 'a restore of maps runs what one of tables does');
note("what ran: $ran");

# ---------------------------------------------------------------------------
# A schema that has our name, where the extension is not installed
# ---------------------------------------------------------------------------

ask('CREATE DATABASE bare');
ask(q{
	CREATE TABLE public.t (id int PRIMARY KEY, v text);
	INSERT INTO public.t VALUES (1, 'a');
	GRANT CREATE ON DATABASE bare TO regress_topcache_attacker;
	SET ROLE regress_topcache_attacker;
	CREATE SCHEMA topcache;
	CREATE TABLE topcache.map_definition (relation oid PRIMARY KEY,
		key_columns bigint, value_column bigint, ttl bigint, max_idle bigint,
		max_cost text, created boolean, durable boolean, key_numbers bigint,
		value_number int2);
	INSERT INTO topcache.map_definition VALUES
		('public.t'::regclass, 1, 1, 1, 1, '', true, true, 1, 1);
}, 'bare');
is( ask(
		'SET topcache.transparent_scan = on; '
		  . 'SELECT v FROM public.t WHERE id = 1; '
		  . 'ALTER TABLE public.t RENAME v TO w',
		'bare'),
	'a',
	'definitions that somebody has made up are not believed');
is(count_in_log($node, 'terminated by signal'), 0, 'nothing has crashed');

$node->stop;
done_testing();
