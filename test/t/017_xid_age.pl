# Old transaction ids: the counter is driven over both of its turning points,
# 2^31 and 2^32, on this throwaway cluster, with readers and writers at work
# and VACUUM FREEZE cutting the commit log behind them.  Multixacts likewise.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $keys = 100;

# Entries of one file of the commit log, and of multixact offsets.
my $xids_per_file   = 32 * 8192 * 4;
my $multis_per_file = 32 * 8192 / 4;

my $node = new_server('xid_age', "topcache.tick = '10ms'");
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', qq{
	SELECT topcache.create_map('t');
	INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;

	-- uses up transaction ids
	CREATE PROCEDURE burn(n int) LANGUAGE plpgsql AS \$\$
	BEGIN
		FOR i IN 1 .. n LOOP
			PERFORM pg_current_xact_id();
			COMMIT;
		END LOOP;
	END \$\$;
});

my $check = differences_sql('t', $keys + 10);

# The file of a log that holds an entry, made if it is not there.
sub make_log_file
{
	my ($log, $entry, $per_file) = @_;
	my $path = sprintf '%s/%s/%04X', $node->data_dir, $log, $entry / $per_file;

	return if -e $path;
	open my $file, '>', $path or die "could not make $path: $!";
	binmode $file;
	print $file "\0" x (32 * 8192);
	close $file or die "could not write $path: $!";
	return;
}

# Freezes every database, so that the counter may go on.
sub freeze_all
{
	$node->safe_psql('postgres',
		'ALTER DATABASE template0 ALLOW_CONNECTIONS true');
	$node->command_ok([ 'vacuumdb', '--all', '--freeze', '--quiet' ],
		'every database is frozen');
	$node->safe_psql('postgres',
		'ALTER DATABASE template0 ALLOW_CONNECTIONS false');
	return;
}

# Sets the counters while the server is down.
sub set_counters
{
	my ($epoch, $xid, $multi) = @_;
	my @command =
	  ('pg_resetwal', '-D', $node->data_dir, '-e', $epoch, '-x', $xid);

	freeze_all();
	$node->stop;
	if ($multi)
	{
		my ($control) = run_command([ 'pg_controldata', $node->data_dir ]);
		my ($oldest) = $control =~ /oldestMultiXid: +(\d+)/;

		push @command, '-m', "$multi,$oldest";
		make_log_file('pg_multixact/offsets', $multi, $multis_per_file);
	}
	make_log_file('pg_xact', $xid, $xids_per_file);
	$node->command_ok(\@command, "the counter is set to $xid, epoch $epoch");
	$node->start;
	return;
}

# The next transaction id, epoch and all.
sub next_xid
{
	return $node->safe_psql('postgres',
		'SELECT pg_snapshot_xmax(pg_current_snapshot())');
}

sub is_right
{
	my ($when) = @_;

	foreach my $source ('table', 'memory')
	{
		is($node->safe_psql('postgres', $check),
			'0', "$when: no key differs, from $source");
	}
	is(problems($node, 't'), '', "$when: nothing wrong with any record");
	return;
}

# Several hold a row's lock together while it is loaded, and one of them may
# change it.
sub check_multixacts
{
	my ($when) = @_;
	my @holder = map { open_session($node) } 1 .. 3;
	my $value  = $node->safe_psql('postgres',
		"SELECT topcache.put('t', '1', '1'); SELECT topcache.get('t', '1')");

	wait_clean($node, 't');
	foreach my $holder (@holder)
	{
		$holder->query_safe("BEGIN; SELECT 1 FROM t WHERE key = '1' FOR SHARE");
	}
	$node->safe_psql('postgres', "SELECT topcache.evict('t', '1')");
	wait_until($node, "SELECT topcache.get('t', '1') = '1' AND "
		  . "topcache.is_resident('t', '1')");
	pass("$when: a row that is only locked is loaded");
	$_->query_safe('COMMIT') foreach @holder;

	foreach my $decision ('ROLLBACK', 'COMMIT')
	{
		my $expected = $decision eq 'COMMIT' ? '2' : '1';

		foreach my $holder (@holder[ 0, 1 ])
		{
			$holder->query_safe(
				"BEGIN; SELECT 1 FROM t WHERE key = '1' FOR KEY SHARE");
		}
		$holder[2]->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
		$holder[0]->query_safe("UPDATE t SET value = '2' WHERE key = '1'");
		foreach my $round (1 .. 2)
		{
			is($node->safe_psql('postgres', "SELECT topcache.get('t', '1')"),
				'1', "$when: locked by two, changed by one, round $round");
			$node->safe_psql('postgres', "SELECT topcache.evict_all('t')");
		}
		$holder[0]->query_safe($decision);
		foreach my $round (1 .. 2)
		{
			is($node->safe_psql('postgres', "SELECT topcache.get('t', '1')"),
				$expected, "$when: $decision, round $round");
			is($holder[2]->query_safe("SELECT topcache.get('t', '1')"),
				'1', "$when: $decision, for an older snapshot, round $round");
		}
		$holder[1]->query_safe('COMMIT');
		$holder[2]->query_safe('COMMIT');
		is($node->safe_psql('postgres', "SELECT topcache.get('t', '1')"),
			$expected, "$when: $decision, when nobody holds the row");
	}
	close_session($_) foreach @holder;
	return;
}

my $pick    = "\\set k random(1, $keys)\n\\set n random(1, 1000000)\n";
my %scripts = (
	'5@update' =>
	  "UPDATE t SET value = to_jsonb(:n::int) WHERE key = :k::int::text;\n",
	'2@put' => "SELECT topcache.put('t', :k::int::text, to_jsonb(:n::int));\n",
	'1@delete' => "DELETE FROM t WHERE key = :k::int::text;\n",
	'1@insert' => "INSERT INTO t VALUES (:k::int::text, to_jsonb(:n::int)) "
	  . "ON CONFLICT DO NOTHING;\n",
	'1@undo' => qq{
BEGIN;
UPDATE t SET value = '"undone"' WHERE key = :k::int::text;
SAVEPOINT s;
SELECT topcache.put('t', :k::int::text, '"undone twice"');
ROLLBACK;
},
	'1@share' => "BEGIN;\nSELECT 1 FROM t WHERE key = :k::int::text "
	  . "FOR KEY SHARE;\nUPDATE t SET value = to_jsonb(:n::int) "
	  . "WHERE key = :k::int::text;\nCOMMIT;\n",
	'1@evict' => "SELECT topcache.evict('t', :k::int::text);\n");
$scripts{$_} = $pick . $scripts{$_} foreach keys %scripts;
my $loads = 0;

# Readers and writers at work until the counter has passed a point, with the
# commit log cut behind them.
sub load_past
{
	my ($point, $when) = @_;
	my %session = map { $_ => open_session($node) }
	  ('READ COMMITTED', 'REPEATABLE READ');
	my ($checks, $differ, $freezes) = (0, 0, 0);

	$node->safe_psql('postgres', "SELECT topcache.reset_stats('t')");
	do
	{
		$loads++;
		my $load = start_load($node, 2, 500,
			map { ("${_}_$loads" => $scripts{$_}) } keys %scripts);

		while (load_is_running($load))
		{
			foreach my $level (sort keys %session)
			{
				$session{$level}->query_safe("BEGIN ISOLATION LEVEL $level");
				foreach my $round (1 .. 3)
				{
					$checks++;
					$differ += $session{$level}->query_safe($check);
				}
				$session{$level}->query_safe('COMMIT');
			}
			$node->safe_psql('postgres', 'VACUUM (FREEZE) t');
			$node->safe_psql('postgres', 'VACUUM (FREEZE)')
			  if $freezes++ % 4 == 0;
		}
		ok(finish_load($load), "$when: all writers succeed");
	} while (next_xid() <= $point);

	cmp_ok($checks, '>', 10, "$when: checked under load");
	is($differ, 0, "$when: no key differed under load");
	cmp_ok($freezes, '>', 1, "$when: frozen under load");
	tell_counts(values %session);
	cmp_ok(
		$node->safe_psql('postgres',
			"SELECT hits FROM topcache.stats WHERE relation = 't'::regclass"),
		'>', 100, "$when: answers came from memory");
	close_session($_) foreach values %session;
	return;
}

# Records that were filled on one side of a turning point are read on the
# other, after the commit log that could judge them has been cut off.
sub cross
{
	my ($point, $when) = @_;
	my $prepared = "BEGIN; UPDATE t SET value = '\"prepared\"' WHERE key = '3'; "
	  . "INSERT INTO t VALUES ('later', '1'); PREPARE TRANSACTION 'p'";
	my $old = open_session($node);

	cmp_ok(next_xid(), '<', $point, "$when: before it");
	check_multixacts("$when, before");

	# what is resident: rows of just now, absent keys, changes undone
	$node->safe_psql(
		'postgres', qq{
		DELETE FROM t;
		INSERT INTO t SELECT g::text, to_jsonb(g) FROM generate_series(1, $keys) g;
		DELETE FROM t WHERE key = '2';
		BEGIN;
		UPDATE t SET value = '"undone"' WHERE key = '4';
		ROLLBACK;
	});
	wait_until($node,
		"SELECT count(topcache.get('t', key)) >= 0 AND "
		  . "bool_and(topcache.is_resident('t', key)) FROM t");
	is_right("$when, before");
	$node->safe_psql('postgres', $prepared);
	is($node->safe_psql('postgres', "SELECT topcache.get('t', '3')"),
		'3', "$when: a transaction is prepared before it");
	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	is($old->query_safe($check), '0', "$when: a snapshot before it");

	# over it
	my $left = $point - next_xid() + 10;
	$node->safe_psql('postgres', "CALL burn($left)");
	cmp_ok(next_xid(), '>', $point, "$when: after it");
	is_right("$when, after");
	is($old->query_safe($check), '0', "$when: a snapshot from before it");
	$node->safe_psql('postgres',
		"UPDATE t SET value = '\"after\"' WHERE key = '5'; "
		  . "DELETE FROM t WHERE key = '6'");
	is($old->query_safe($check), '0', "$when: past writes after it");
	is($old->query_safe("SELECT topcache.get('t', '5'), topcache.get('t', '6')"),
		'5|6', "$when: sees what it saw");
	$old->query_safe('COMMIT');
	close_session($old);
	is($node->safe_psql('postgres', "SELECT topcache.get('t', '3'), "
			  . "topcache.get('t', 'later') IS NULL"),
		'3|t', "$when: what is prepared is not seen after it");
	$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
	is($node->safe_psql('postgres',
			"SELECT topcache.get('t', '3'), topcache.get('t', 'later')"),
		'"prepared"|1',
		"$when: and seen when it is committed");
	is_right("$when, all committed");

	# the log of what was before is gone; the records are not
	my $hits = $node->safe_psql('postgres',
		"SELECT hits FROM topcache.stats WHERE relation = 't'::regclass");
	freeze_all();
	is_right("$when, frozen");
	is( $node->safe_psql(
			'postgres', "SELECT count(topcache.get('t', key)) FROM t"),
		$node->safe_psql('postgres', 'SELECT count(*) FROM t'),
		"$when: every record is read");
	wait_until($node,
		"SELECT hits > $hits FROM topcache.stats WHERE relation = 't'::regclass"
	);
	check_multixacts("$when, after");
	load_past($point + 2000, $when);
	wait_clean($node, 't');
	is_right("$when, after the load");
	return;
}

# In steps, for ids further apart than half of all are in each other's future.
set_counters(0, 1_100_000_000, 1_100_000_000);
is_right('far ahead');
set_counters(0, 2**31 - 3000, 2**31 - 40);
cross(2**31, 'half of all');
set_counters(0, 3_200_000_000, 3_200_000_000);
is_right('beyond half');
set_counters(0, 2**32 - 3000, 2**32 - 40);
cross(2**32, 'wraparound');
set_counters(1, 1_100_000_000, 0);
is_right('far ahead once more');
set_counters(1, 2**31 - 3000, 0);
cross(2**32 + 2**31, 'half of all once more');

is(memory_sum($node), 't', 'the parts of the segment sum to its size');
$node->stop;
done_testing();
