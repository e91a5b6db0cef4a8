# Two-phase commit past readers with older snapshots: at both isolation
# levels, with records dropped and loaded in between, and with the server
# restarted in between.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('prepared');
$node->start;
create_extension($node);

# One session prepares, another one decides; both are as old as the server.
my ($first_session, $second_session);

sub open_both
{
	($first_session, $second_session) =
	  (open_session($node), open_session($node));
	return;
}

sub close_both
{
	close_session($_) foreach $first_session, $second_session;
	return;
}

sub run_sql
{
	my ($sql) = @_;

	return $second_session->query_safe($sql);
}

open_both();

# What is cached of each row, and how that is asked for and written.
my %layouts = (
	value => {
		attach => q{SELECT topcache.attach('t', value => 'value')},
		get    => q{topcache.get('t', k)},
		put    => q{SELECT topcache.put('t', 'f', '60')}
	},
	row => {
		attach => q{SELECT topcache.attach('t')},
		get    => q{topcache.get('t', k) -> 'value'},
		put    => q{SELECT topcache.put('t', 'f', '{"value": 60}')}
	});

# Makes the table, and a function that says what the cache says of each key,
# and whether the table says otherwise.
sub make_table
{
	my ($layout) = @_;

	run_sql(
		qq{
		SET client_min_messages = warning;
		DROP TABLE IF EXISTS t;
		CREATE TABLE t (key text PRIMARY KEY, value jsonb NOT NULL);
		$layout->{attach};
		CREATE OR REPLACE FUNCTION answers() RETURNS text
		LANGUAGE sql STABLE AS \$\$
			SELECT string_agg(coalesce(($layout->{get})::text, '-')
					|| CASE WHEN ($layout->{get}) IS DISTINCT FROM
								 (SELECT value FROM t WHERE key = k)
					   THEN ' is wrong' ELSE '' END, ' ' ORDER BY k)
			  FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'f']) k \$\$;
	});
	return;
}

# Keys a to e have rows, f has none; each write has its own effect on them.
my $before = '1 2 3 4 5 -';
sub writes
{
	my ($layout) = @_;

	return (
	[ 'UPDATE', q{UPDATE t SET value = '10' WHERE key = 'a'}, '10 2 3 4 5 -' ],
	[ 'put', $layout->{put}, '1 2 3 4 5 60' ],
	[ 'INSERT', q{INSERT INTO t VALUES ('f', '6')}, '1 2 3 4 5 6' ],
	[ 'DELETE', q{DELETE FROM t WHERE key = 'b'}, '1 - 3 4 5 -' ],
	[
		'DELETE and INSERT',
		q{DELETE FROM t WHERE key = 'c'; INSERT INTO t VALUES ('c', '30')},
		'1 2 30 4 5 -'
	],
	[
		'keys swapped',
		q{UPDATE t SET key = 'x' WHERE key = 'd';
		  UPDATE t SET key = 'd' WHERE key = 'e';
		  UPDATE t SET key = 'e' WHERE key = 'x'},
		'1 2 3 5 4 -'
	],
	[
		'savepoints',
		q{SAVEPOINT s; UPDATE t SET value = '-1' WHERE key = 'a';
		  INSERT INTO t VALUES ('f', '-6'); ROLLBACK TO s;
		  SAVEPOINT u; UPDATE t SET value = '20' WHERE key = 'b'; RELEASE u},
		'1 20 3 4 5 -'
	],
	[ 'all rows', q{UPDATE t SET value = '0'}, '0 0 0 0 0 -' ],
	[
		'the guard off and on',
		q{ALTER TABLE t DISABLE TRIGGER ALL;
		  UPDATE t SET value = '10' WHERE key = 'a';
		  DELETE FROM t WHERE key = 'b';
		  INSERT INTO t VALUES ('f', '60');
		  ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed;
		  ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_table_truncated},
		'10 - 3 4 5 60', 'locks the table'
	]);
}

# Waits until every row is in memory, which is mostly at once.
sub wait_resident
{
	my $sql =
		"SELECT count(topcache.get('t', key)) >= 0 AND "
	  . "bool_and(topcache.is_resident('t', key)) FROM t";

	wait_until($node, $sql) unless run_sql($sql) eq 't';
	return;
}

sub reset_rows
{
	run_sql(
		q{
		DELETE FROM t;
		INSERT INTO t SELECT chr(96 + g), to_jsonb(g) FROM generate_series(1, 5) g;
	});
	wait_resident();
	run_sql('SELECT answers()');
	return;
}

sub prepare
{
	my ($sql) = @_;

	$first_session->query_safe("BEGIN; $sql; PREPARE TRANSACTION 'p'");
	return;
}

# Sessions for snapshots, open as long as the server runs.
my %pool;

# Takes snapshots of now: by the isolation level, and by a cursor that is not
# read before later.
sub open_snapshots
{
	my ($name) = @_;

	$pool{$name} ||= { level => open_session($node), cursor => open_session($node) };
	$pool{$name}{level}->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$pool{$name}{level}->query_safe('SELECT 1');
	$pool{$name}{cursor}->query_safe(
		'BEGIN; DECLARE c CURSOR FOR SELECT answers() FROM generate_series(1, 9)');
	return $pool{$name};
}

sub are_snapshots
{
	my ($snapshots, $expected, $when) = @_;

	is($snapshots->{level}->query_safe('SELECT answers()'),
		$expected, "$when: REPEATABLE READ");
	is($snapshots->{cursor}->query_safe('FETCH c'), $expected, "$when: a cursor");
	return;
}

sub close_snapshots
{
	my ($snapshots) = @_;

	$_->query_safe('COMMIT') foreach values %$snapshots;
	return;
}

sub close_pool
{
	close_session($_) foreach map { values %$_ } values %pool;
	%pool = ();
	return;
}

sub is_now
{
	my ($expected, $when) = @_;

	# from the table, then from memory
	is(run_sql('SELECT answers()'), $expected, $when);
	is(run_sql('SELECT answers()'),
		$expected, "$when, again");
	return;
}

sub restart_server
{
	my ($mode) = @_;

	$node->stop($mode);
	close_both();
	close_pool();
	$node->start;
	open_both();
	return;
}

# What goes on between the two phases.
my %between = (
	nothing => sub { },
	'records dropped' => sub {
		run_sql(
			"SELECT topcache.evict_all('t'); SELECT answers()");
	},
	'other writes' => sub {
		# of keys that no transaction here has locked
		run_sql(
			"INSERT INTO t VALUES ('other', '1'); "
			  . "SELECT topcache.evict_all('t'); SELECT answers()");
	},
	restart => sub { restart_server('fast') },
	crash   => sub { restart_server('immediate') },);

# A restart takes its time, so not all is tried twice.
my %decisions = (restart => ['COMMIT'], crash => ['ROLLBACK']);

# Each write past each that may come between its two phases.
sub check_writes
{
	my ($layout) = @_;

	foreach my $write (writes($layout))
	{
		my ($name, $sql, $after, $locks) = @$write;

		foreach my $between (sort keys %between)
		{
			next if $locks && $between eq 'other writes';
			foreach my $decision (@{ $decisions{$between} || [ 'COMMIT', 'ROLLBACK' ] })
			{
				my $what     = "$name, $between, $decision PREPARED";
				my $expected = $decision eq 'COMMIT' ? $after : $before;
				my $restarts = $between =~ /^(?:restart|crash)$/;
				my ($first, $second);

				reset_rows();
				$first = open_snapshots('first') unless $restarts;
				prepare($sql);
				$between{$between}->();
				$second = open_snapshots('second');
				is_now($before, "$what: nobody sees it before");
				are_snapshots($second, $before, "$what: before it");

				# by another session than the one that prepared
				run_sql("$decision PREPARED 'p'");
				is_now($expected, "$what: after it");
				are_snapshots($first, $before, "$what: oldest snapshot")
				  unless $restarts;
				are_snapshots($second, $before, "$what: older snapshot");
				run_sql(
					"SELECT topcache.evict_all('t'); SELECT answers()");
				are_snapshots($second, $before, "$what: with records dropped");
				is_now($expected, "$what: with records dropped");
				close_snapshots($first) unless $restarts;
				close_snapshots($second);
				is(problems($node, 't'), '', "$what: nothing wrong");
			}
		}
	}
	return;
}

# Two at once, decided in the other order.
sub check_two_at_once
{
	reset_rows();
	prepare(q{UPDATE t SET value = '10' WHERE key = 'a'});
	run_sql(
		"BEGIN; DELETE FROM t WHERE key = 'b'; INSERT INTO t VALUES ('f', '60'); "
		  . "PREPARE TRANSACTION 'q'");
	my $both = open_snapshots('first');
	run_sql("COMMIT PREPARED 'q'");
	is_now('1 - 3 4 5 60', 'the second of two is decided');
	my $one = open_snapshots('second');
	run_sql("COMMIT PREPARED 'p'");
	is_now('10 - 3 4 5 60', 'both are');
	are_snapshots($both, $before, 'from before both');
	are_snapshots($one, '1 - 3 4 5 60', 'from between them');
	close_snapshots($_) foreach $both, $one;

	# Records come from memory again after all that.
	wait_resident();
	my $hits = run_sql(
		"SELECT hits FROM topcache.stats WHERE relation = 't'::regclass");
	is_now('10 - 3 4 5 60', 'in the end');
	cmp_ok(
		run_sql("SELECT hits FROM topcache.stats WHERE relation = 't'::regclass"),
		'>', $hits, 'answers come from memory');
	return;
}

foreach my $layout ('value', 'row')
{
	note "maps that cache a $layout";
	make_table($layouts{$layout});
	check_writes($layouts{$layout});
	check_two_at_once();
}

close_both();
close_pool();
$node->stop;
done_testing();
