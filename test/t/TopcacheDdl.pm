# What the tests of DDL share: a table that is attached in one of several
# layouts, the check of it, readers that go on while a case runs, and the
# engine that takes a case through its steps.
#
# The check asks the table, the cache and the table again under one snapshot.
# What the cache says has to be what one of the two said, and an error is an
# answer like any other: so a column that is gone or a privilege that was
# revoked counts as wrong only where the table has answered.
#
# A case is a hash:
#	name		what it is called
#	setup		statements that come before anybody reads
#	ddl			what is done to the table
#	undo		what makes the table a map like before again
#	alone		the statements cannot be in a transaction
#	may_fail	SQLSTATEs that the cache may give and the table does not
#	suspended	a pattern of topcache.maps.reason after the DDL
#	gone		after the DDL there is no map of that name
#	no_lock		what is done is not held off by a reader's lock: who asks the cache
#				first may ask the table after it
#	steps_only	not under load: the table may then have keys twice
#	warm		nothing is dropped from memory

package TopcacheDdl;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

our @EXPORT = qw(
  ddl_server ddl_readers ddl_step ddl_start_load ddl_under_load
  ddl_finish_load send_query has_settled take_output
);

# Keys 1 to this one have rows; the check asks for some more.
my $rows      = 5;
my @more_keys = (9, 10);

# Table and cache side of each question, by layout of the map.
my %probes = (
	value => {
		get => [
			'SELECT to_jsonb(value)::text FROM s.t WHERE key = %L',
			q{SELECT topcache.get('s.t', %L)::text}
		],
		get_text => [
			'SELECT value::text FROM s.t WHERE key = %L',
			q{SELECT topcache.get_text('s.t', %L)}
		],
		get_many => [
			'SELECT to_jsonb(value)::text FROM s.t WHERE key = %L',
			q{SELECT value::text FROM topcache.get_many('s.t', ARRAY[%L])}
		],
	},
	row => {
		get => [
			'SELECT to_jsonb(x)::text FROM s.t x WHERE key = %L',
			q{SELECT topcache.get('s.t', %L)::text}
		],
		get_text => [
			'SELECT x::text FROM s.t x WHERE key = %L',
			q{SELECT topcache.get_text('s.t', %L)}
		],
		fetch => [
			'SELECT x::text FROM s.t x WHERE key = %L',
			q{SELECT topcache.fetch(NULL::s.t, %L)::text}
		],
	});

my %attach = (
	value => q{SELECT topcache.attach('s.t', value => 'value')},
	row   => q{SELECT topcache.attach('s.t')});

# What the servers of these tests have: schema "checks" with the check, the
# loops of the load, and what they found.
my $checks = q{
CREATE ROLE reader;
CREATE ROLE readers;
GRANT readers TO reader;
CREATE SCHEMA checks;
CREATE TABLE checks.control (case_name text, stopped bool);
CREATE TABLE checks.failure (case_name text, reader text, what text);
CREATE TABLE checks.probe (name text, from_table text, cache text);
INSERT INTO checks.control VALUES ('', false);

CREATE FUNCTION checks.outcome(query text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE query INTO answer;
	RETURN coalesce('is ' || answer, 'nothing');
EXCEPTION
	-- who asks by regclass is told of a schema that is not there, who asks by
	-- row type of a type
	WHEN invalid_schema_name OR undefined_object THEN
		RETURN 'error 42P01';
	WHEN OTHERS THEN
		RETURN 'error ' || SQLSTATE;
END $$;

-- a column that was renamed is the same column
CREATE FUNCTION checks.from_table(query text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	answer text := checks.outcome(query);
BEGIN
	IF answer = 'error 42703' THEN
		answer := checks.outcome(replace(query, 'value', 'content'));
	END IF;
	IF answer = 'error 42703' THEN
		answer := checks.outcome(replace(query, 'WHERE key', 'WHERE name'));
	END IF;
	RETURN answer;
END $$;

-- the same by statements that keep their plans
CREATE FUNCTION checks.planned_table(k text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	answer text;
BEGIN
	SELECT planned_query_table INTO answer;
	RETURN coalesce('is ' || answer, 'nothing');
EXCEPTION
	WHEN undefined_column THEN
		RETURN checks.from_table(format($q$query_table$q$, k));
	-- who asks by regclass is told of a schema that is not there, who asks by
	-- row type of a type
	WHEN invalid_schema_name OR undefined_object THEN
		RETURN 'error 42P01';
	WHEN OTHERS THEN
		RETURN 'error ' || SQLSTATE;
END $$;
CREATE FUNCTION checks.planned_cache(k text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	answer text;
BEGIN
	SELECT topcache.get('s.t', k) INTO answer;
	RETURN coalesce('is ' || answer, 'nothing');
EXCEPTION
	-- who asks by regclass is told of a schema that is not there, who asks by
	-- row type of a type
	WHEN invalid_schema_name OR undefined_object THEN
		RETURN 'error 42P01';
	WHEN OTHERS THEN
		RETURN 'error ' || SQLSTATE;
END $$;

CREATE FUNCTION checks.message(name text, k int, from_table text, cache text,
	again text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('%s of %s %s, in the table %s, then %s',
				  name, k, cache, from_table, again)
$$;

-- table first, so that the table is locked when the cache is asked
CREATE FUNCTION checks.differences() RETURNS SETOF text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	p checks.probe;
	k int;
	from_table text;
	cache text;
	again text;
BEGIN
	FOREACH k IN ARRAY ARRAY[all_keys] LOOP
		FOR p IN SELECT * FROM checks.probe LOOP
			from_table := checks.from_table(format(p.from_table, k));
			cache := checks.outcome(format(p.cache, k));
			CONTINUE WHEN cache = from_table;
			again := checks.from_table(format(p.from_table, k));
			CONTINUE WHEN cache = again;
			RETURN NEXT checks.message(p.name, k, from_table, cache, again);
		END LOOP;
	END LOOP;
END $$;

-- cache first: by itself it has to cope with what is going on, and the table
-- is asked under the lock that it took.  Who names a table by its name finds
-- a new one of that name at the second try.
CREATE FUNCTION checks.differences_cache_first() RETURNS SETOF text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	p checks.probe;
	k int;
	from_table text;
	cache text;
	again text;
BEGIN
	FOREACH k IN ARRAY ARRAY[all_keys] LOOP
		FOR p IN SELECT * FROM checks.probe LOOP
			cache := checks.outcome(format(p.cache, k));
			from_table := checks.from_table(format(p.from_table, k));
			CONTINUE WHEN cache = from_table;
			again := checks.outcome(format(p.cache, k));
			CONTINUE WHEN cache ~ 'error (42P01|42501)' AND again = from_table;
			RETURN NEXT checks.message(p.name, k, from_table, cache, again);
		END LOOP;
	END LOOP;
END $$;

CREATE FUNCTION checks.differences_planned() RETURNS SETOF text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	k int;
	from_table text;
	cache text;
	again text;
BEGIN
	FOREACH k IN ARRAY ARRAY[all_keys] LOOP
		from_table := checks.planned_table(k::text);
		cache := checks.planned_cache(k::text);
		CONTINUE WHEN cache = from_table;
		again := checks.planned_table(k::text);
		CONTINUE WHEN cache = again;
		RETURN NEXT checks.message('planned get', k, from_table, cache, again);
	END LOOP;
END $$;

-- Checks until it is told to stop, three times in each transaction.  The
-- locks of each time are released after it, so that DDL comes in between;
-- the snapshot is kept if that is the isolation level.
CREATE PROCEDURE checks.read_on(reader text, how text)
LANGUAGE plpgsql AS $$
DECLARE
	found text[];
	stop bool := false;
BEGIN
	WHILE NOT stop LOOP
		COMMIT;
		SELECT stopped INTO stop FROM checks.control;
		found := '{}';
		FOR i IN 1 .. 3 LOOP
			BEGIN
				EXECUTE format('SELECT $1 || array(SELECT checks.%I())', how)
					INTO found USING found;
				RAISE EXCEPTION 'release the locks';
			EXCEPTION WHEN raise_exception THEN
				NULL;
			END;
		END LOOP;
		COMMIT;
		INSERT INTO checks.failure
			SELECT case_name, reader, f FROM unnest(found) f, checks.control;
		COMMIT;
		PERFORM nextval('checks.' || reader);
	END LOOP;
END $$;

-- Writes and drops records until it is told to stop.
CREATE PROCEDURE checks.write_on(writer text) LANGUAGE plpgsql AS $$
DECLARE
	stop bool := false;
	key_list int[] := ARRAY[all_keys];
	k text;
	n text;
	statements text[] := ARRAY[
		'UPDATE s.t SET value = %2$L WHERE key = %1$L',
		'UPDATE s.t SET value = %2$L, n = n + 1 WHERE key = %1$L',
		'DELETE FROM s.t WHERE key = %1$L',
		'INSERT INTO s.t (key, value) VALUES (%1$L, %2$L) ON CONFLICT DO NOTHING',
		'INSERT INTO s.t (key, value) VALUES (%1$L, %2$L) ON CONFLICT DO NOTHING',
		$s$SELECT topcache.remove('s.t', %1$L)$s$,
		$s$SELECT topcache.evict('s.t', %1$L)$s$,
		$s$SELECT topcache.evict_all('s.t')$s$];
BEGIN
	WHILE NOT stop LOOP
		SELECT stopped INTO stop FROM checks.control;
		k := key_list[1 + floor(random() * cardinality(key_list))];
		n := floor(random() * 1000000);
		BEGIN
			EXECUTE format(statements[1 + floor(random() * 8)], k, n);
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
		COMMIT;
		PERFORM nextval('checks.' || writer);
		COMMIT;
	END LOOP;
END $$;

CREATE SEQUENCE checks.plain;
CREATE SEQUENCE checks.first;
CREATE SEQUENCE checks.planned;
CREATE SEQUENCE checks.writer;
GRANT USAGE ON SCHEMA checks TO PUBLIC;
GRANT SELECT ON checks.control, checks.probe TO PUBLIC;
GRANT INSERT ON checks.failure TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA checks TO PUBLIC;
};

# A server for a layout of map.
sub ddl_server
{
	my ($name, $layout) = @_;
	my $node  = new_server($name);
	my $keys  = join ', ', 1 .. $rows, @more_keys;
	my $setup = $checks;
	my $from_table  = $probes{$layout}{get}[0];

	$from_table  =~ s/^SELECT //;
	$from_table  =~ s/key = %L/key::text = k/;
	$setup =~ s/planned_query_table/$from_table/;
	$setup =~ s/query_table/$probes{$layout}{get}[0]/;
	$setup =~ s/all_keys/$keys/g;

	# what has to be seen is planned as if the table were large
	$node->append_conf('postgresql.conf', 'enable_seqscan = off');
	$node->append_conf('postgresql.conf', 'jit = off');
	$node->append_conf('postgresql.conf', 'allow_in_place_tablespaces = on');
	$node->append_conf('postgresql.conf', 'client_min_messages = warning');
	$node->append_conf('postgresql.conf', 'autovacuum_naptime = 1s');
	$node->start;
	create_extension($node);
	$node->safe_psql('postgres', $setup);
	foreach my $probe (sort keys %{ $probes{$layout} })
	{
		my ($table_side, $cache_side) = @{ $probes{$layout}{$probe} };

		$node->safe_psql('postgres',
			"INSERT INTO checks.probe VALUES ('$probe', "
			  . "\$\$$table_side\$\$, \$\$$cache_side\$\$)");
	}
	$node->{layout} = $layout;
	$node->{admin} = open_session($node);
	return $node;
}

# Asks in a session that stays open; what it returns has come in time.
sub admin
{
	my ($node, $sql) = @_;

	return $node->{admin}->query_safe($sql);
}

# Waits for a condition that is mostly true at once.
sub wait_for
{
	my ($node, $sql) = @_;

	wait_until($node, $sql) unless admin($node, $sql) eq 't';
	return;
}

# Makes the table anew, and fills the cache, before a case begins.
sub fresh_table
{
	my ($node, $case) = @_;
	my $setup = join ";\n", @{ $case->{setup} || [] }, '';

	admin(
$node, qq{
		BEGIN;
		UPDATE checks.control SET case_name = '$case->{name}';
		DROP SCHEMA IF EXISTS s, other CASCADE;
		CREATE SCHEMA s;
		GRANT USAGE ON SCHEMA s TO readers;
		CREATE TABLE s.t (key text CONSTRAINT t_pkey PRIMARY KEY,
			value jsonb NOT NULL DEFAULT '"default"',
			n int NOT NULL DEFAULT 0, note text);
		GRANT SELECT ON s.t TO readers;
		INSERT INTO s.t SELECT g::text, to_jsonb(g), g, 'note ' || g
		  FROM generate_series(1, $rows) g;
		$attach{$node->{layout}};
		$setup
		COMMIT;
	});
	return;
}

# ----- sessions that do not wait -----

my $sent = 0;

# Sends a query without waiting for its end.
sub send_query
{
	my ($session, $sql) = @_;

	$sent++;
	$session->{marker} = "sent $sent";
	$session->{stdin} .= "$sql;\n\\echo '$session->{marker}'\n";
	$session->{run}->pump_nb;
	return;
}

# Waits until a query that was sent is over, or waits for a lock; true when
# it is over.
sub has_settled
{
	my ($node, $session) = @_;

	while (1)
	{
		$session->{run}->pump_nb;
		return 1 if $session->{stdout} =~ /^\Q$session->{marker}\E$/m;
		return 0
		  if admin($node,
			"SELECT cardinality(pg_blocking_pids($session->{pid})) > 0") eq
		  't';
	}
}

# Waits for the end of a query that was sent; its output, errors included.
sub take_output
{
	my ($session) = @_;
	my ($output) = $session->query('');
	my $errors = $session->{stderr};

	$session->{stderr} = '';
	$output =~ s/^sent \d+\n?//mg;
	chomp $output;
	return $errors ? "$output$errors" : $output;
}

sub ask
{
	my ($session, $sql) = @_;

	send_query($session, $sql);
	return take_output($session);
}

sub open_named
{
	my ($node) = @_;
	my $session = open_session($node);

	$session->{pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

# The sessions that take part in the steps of every case.
sub ddl_readers
{
	my ($node) = @_;
	my %session =
	  map { $_ => open_named($node) } qw(ddl plain first planned role old held);

	$session{plain}{check}   = 'SELECT checks.differences()';
	$session{first}{check}   = 'SELECT checks.differences_cache_first()';
	$session{planned}{check} = 'SELECT checks.differences_planned()';
	$session{$_}{check} = $session{plain}{check} foreach qw(ddl role old held);
	$session{role}->query_safe('SET ROLE reader');
	return \%session;
}

# ----- the steps of a case -----

# Leaves out what a case may say.
sub unexpected
{
	my ($case, $found) = @_;
	my @found = split /\n/, $found;

	@found = grep { !/ error (?:$case->{may_fail}), in/ } @found
	  if $case->{may_fail};
	@found = grep { !/, in the table (.*), then \1$/ } @found
	  if $case->{no_lock};
	return join "\n", @found;
}

sub check
{
	my ($case, $session, $what) = @_;

	is(unexpected($case, ask($session, $session->{check})), '', $what);
	return;
}

sub check_all
{
	my ($case, $sessions, $when) = @_;

	check($case, $sessions->{$_}, "$case->{name}: $_ reader $when")
	  foreach qw(plain first planned role);
	return;
}

my $hits_sql =
  "SELECT hits FROM topcache.stats WHERE relation = 's.t'::regclass";

# The readers of the load find records in memory.
sub hits_rise
{
	my ($node, $case) = @_;
	my $hits = admin($node, $hits_sql);

	wait_for($node, "SELECT ($hits_sql) > $hits");
	pass("$case->{name}: in use under load");
	return;
}

# The map is in use: its records come from memory.
sub is_in_use
{
	my ($node, $case, $when) = @_;
	my $hits;

	# what a fill may not store yet, because of a snapshot say, it may later
	wait_for($node,
			"SELECT count(topcache.get('s.t', key)) >= 0 AND "
		  . "coalesce(bool_and(topcache.is_resident('s.t', key)), true) "
		  . "FROM s.t");
	$hits = admin($node, $hits_sql);
	admin($node,
		"SELECT count(topcache.get('s.t', g::text)) "
		  . "FROM generate_series(1, $rows) g");
	wait_for($node, "SELECT ($hits_sql) > $hits");
	is( admin(
$node, "SELECT state, reason FROM topcache.maps "
			  . "WHERE relation = 's.t'::regclass"),
		'active|',
		"$case->{name}: in use $when");
	return;
}

# Runs a case's DDL up to the end of its transaction, past the readers that
# it may have to wait for.
sub run_ddl
{
	my ($node, $case, $sessions) = @_;
	my $ddl        = $sessions->{ddl};
	my @statements = @{ $case->{ddl} };
	my $output;

	$ddl->query_safe('BEGIN') unless $case->{alone};
	send_query($ddl, join ";\n", @statements);
	has_settled($node, $ddl);
	check($case, $sessions->{held},
		"$case->{name}: reader in the middle of its transaction");
	$sessions->{held}->query_safe('COMMIT');
	if (!has_settled($node, $ddl))
	{
		check($case, $sessions->{old}, "$case->{name}: old snapshot");
		$sessions->{old}->query_safe('COMMIT');
	}
	is(join("\n", grep { /ERROR|FATAL|PANIC/ } split /\n/, take_output($ddl)),
		'', "$case->{name}: DDL succeeds");
	return;
}

# Readers come while the DDL's transaction is open, and may have to wait.
sub check_open_ddl
{
	my ($node, $case, $sessions, $decision) = @_;
	my @readers = qw(plain first planned role old);

	foreach my $reader (@readers)
	{
		send_query($sessions->{$reader}, $sessions->{$reader}{check});
		has_settled($node, $sessions->{$reader});
	}
	check($case, $sessions->{ddl},
		"$case->{name}: the DDL's own transaction, before $decision");
	$sessions->{ddl}->query_safe($decision);
	foreach my $reader (@readers)
	{
		is(unexpected($case, take_output($sessions->{$reader})),
			'', "$case->{name}: $reader reader during it, then $decision");
	}
	return;
}

# Rows change after the DDL; a table that is not there need not.
sub write_something
{
	my ($sessions, $value) = @_;

	foreach my $sql (
		"UPDATE s.t SET value = '$value' WHERE key = '1'",
		"DELETE FROM s.t WHERE key = '2'",
		"INSERT INTO s.t (key, value) VALUES ('9', '$value')")
	{
		$sessions->{ddl}->query($sql);
		$sessions->{ddl}{stderr} = '';
	}
	return;
}

sub check_state
{
	my ($node, $case) = @_;

	return if $case->{gone};
	if ($case->{suspended})
	{
		like(
			admin(
$node, "SELECT state, reason FROM topcache.maps "
				  . "WHERE relation = 's.t'::regclass"),
			qr/^suspended\|.*$case->{suspended}/,
			"$case->{name}: suspended, and says why");
		return;
	}
	is_in_use($node, $case, 'after it');
	return;
}

sub is_warm
{
	my ($node, $case) = @_;

	is( admin(
$node, "SELECT bool_and(topcache.is_resident('s.t', key)) FROM s.t"),
		't',
		"$case->{name}: leaves the cache warm");
	return;
}

# Takes a case through its steps.  Decision is COMMIT or ROLLBACK; what has
# no transaction knows only the first.
sub ddl_step
{
	my ($node, $sessions, $case, $decision) = @_;

	note "$case->{name}, $decision";
	fresh_table($node, $case);
	check_all($case, $sessions, 'before it');
	is_in_use($node, $case, 'before it');

	# one that holds a snapshot but no lock, one that holds both
	$sessions->{$_}->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ')
	  foreach qw(old held);
	$sessions->{old}->query_safe('SAVEPOINT a');
	check($case, $sessions->{old}, "$case->{name}: snapshot before it");
	$sessions->{old}->query_safe('ROLLBACK TO a');
	check($case, $sessions->{held}, "$case->{name}: transaction before it");

	run_ddl($node, $case, $sessions);
	check_open_ddl($node, $case, $sessions, $decision) unless $case->{alone};
	check($case, $sessions->{old}, "$case->{name}: old snapshot after it");
	is_warm($node, $case) if $case->{warm};
	check_all($case, $sessions, 'after it');
	check($case, $sessions->{old}, "$case->{name}: old snapshot again");
	write_something($sessions, 111);
	check_all($case, $sessions, 'after writes');
	check($case, $sessions->{old}, "$case->{name}: old snapshot after writes");
	$sessions->{old}->query('COMMIT');
	$sessions->{old}{stderr} = '';

	if ($decision eq 'COMMIT')
	{
		check_state($node, $case);
		admin($node, join ";\n", @{ $case->{undo} || [] });
		check_all($case, $sessions, 'after undoing it');
	}
	is_in_use($node, $case, 'in the end');
	write_something($sessions, 222);
	check_all($case, $sessions, 'after later writes');
	is(problems($node, 's.t'), '', "$case->{name}: nothing wrong with any record");
	return;
}

# ----- under load -----

# Starts the readers and the writer that go on until ddl_finish_load.
sub ddl_start_load
{
	my ($node) = @_;
	my %load = map { $_ => open_session($node) } qw(plain first planned writer);

	fresh_table($node, { name => 'start' });
	$load{first}->query_safe('SET ROLE reader');
	$load{plain}
	  ->query_safe("SET default_transaction_isolation = 'repeatable read'");
	send_query($load{plain}, "CALL checks.read_on('plain', 'differences')");
	send_query($load{first},
		"CALL checks.read_on('first', 'differences_cache_first')");
	send_query($load{planned},
		"CALL checks.read_on('planned', 'differences_planned')");
	send_query($load{writer}, "CALL checks.write_on('writer')");
	return \%load;
}

# How often everybody has gone round.
sub rounds
{
	my ($node) = @_;

	return split /\|/,
	  admin($node,
			"SELECT (SELECT last_value FROM checks.plain), "
		  . "(SELECT last_value FROM checks.first), "
		  . "(SELECT last_value FROM checks.planned), "
		  . "(SELECT last_value FROM checks.writer)");
}

# Waits until everybody has gone round twice, which nobody does who failed.
sub wait_progress
{
	my ($node, $load) = @_;
	my @before = rounds($node);
	my @after;

	do
	{
		foreach my $name (sort keys %$load)
		{
			my $session = $load->{$name};

			# what may take its time is one round, not all of them
			$session->{timeout}->start;
			$session->{run}->pump_nb;
			die "$name has stopped: $session->{stderr}"
			  if $session->{stdout} =~ /^\Q$session->{marker}\E$/m;
		}
		@after = rounds($node);
	} while (grep { $after[$_] < $before[$_] + 2 } 0 .. $#before);
	return;
}

# Runs statements, again when they were the victim of a deadlock.
sub run_statements
{
	my ($node, $end, @statements) = @_;
	my $script = join ";\n", @statements;
	my ($status, $errors);

	$script = "BEGIN;\n$script;\n$end" if $end;
	do
	{
		$status =
		  $node->psql('postgres', $script, stderr => \$errors,
			on_error_stop => 1);
	} while ($status != 0 && $errors =~ /deadlock detected/);
	die "DDL failed: $errors" if $status != 0;
	return;
}

# Takes a case through commit, undo and rollback under the load.
sub ddl_under_load
{
	my ($node, $load, $case) = @_;
	my $name = $case->{name};

	return if $case->{steps_only};
	note "$name, under load";
	fresh_table($node, $case);
	wait_progress($node, $load);
	foreach my $end ($case->{alone} ? ('') : ('ROLLBACK', 'COMMIT'))
	{
		run_statements($node, $end, @{ $case->{ddl} });
		wait_progress($node, $load);
		next if $end eq 'ROLLBACK' || !$case->{undo};
		run_statements($node, $case->{alone} ? '' : 'COMMIT',
			@{ $case->{undo} });
		wait_progress($node, $load);
	}
	is( unexpected(
			$case,
			admin(
$node, "SELECT reader || ': ' || what FROM checks.failure "
				  . "WHERE case_name = '$name' LIMIT 20")),
		'',
		"$name: no difference under load");
	hits_rise($node, $case);
	is(problems($node, 's.t'), '', "$name: nothing wrong with any record");
	return;
}

sub ddl_finish_load
{
	my ($node, $load) = @_;

	admin($node, 'UPDATE checks.control SET stopped = true');
	foreach my $name (sort keys %$load)
	{
		is(take_output($load->{$name}), '', "$name did not fail");
		close_session($load->{$name});
	}
	note 'rounds: ', join ' ', rounds($node);
	return;
}

1;
