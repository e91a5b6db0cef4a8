#!/usr/bin/perl
#
# One phase of the stress test, on the cluster that the environment names.
#
#     stress.pl --phase N --seed N --seconds N --keys N --length N
#         --writers N --checkers N --floor PERCENT
#
# Makes a database, lets clients loose on it, one process each, and says what
# became of it.  The exit status is 0 when nothing differed, nothing was
# raised that should not be, and enough came from the cache.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use Getopt::Long;
use IO::Select;
use POSIX ();
use Time::HiRes 'time';

use Changing;
use Checking;
use Client;
use Layouts;
use Writing;

my %opt = (
	phase => 1, seed => 1, seconds => 10, keys => 500, length => 200,
	writers => 4, checkers => 4, floor => 40);
GetOptions(\%opt, map { "$_=i" } keys %opt) or die "bad arguments\n";

my $database = "stress_$opt{phase}";
# so long after its end a client must have noticed
my $patience = 90;
# differences that are shown; then the rest is only counted
my $shown = 5;

$Layouts::text_length = $opt{length};
if ($ENV{STRESS_MAPS})
{
	my %wanted = map { $_ => 1 } split(/,/, $ENV{STRESS_MAPS});

	@Layouts::layouts = grep { $wanted{ $_->{name} } } @Layouts::layouts;
}

# ---------------------------------------------------------------------------
# The field
# ---------------------------------------------------------------------------

sub connect_to
{
	my ($name) = @_;

	my $dbh =
	  DBI->connect("dbi:Pg:dbname=$name;application_name=stress-parent",
		$ENV{PGUSER}, '',
		{ RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1 });

	$dbh->do('SET client_min_messages = error');
	return $dbh;
}

sub make_database
{
	my $dbh = connect_to($ENV{PGDATABASE});

	$dbh->do("CREATE DATABASE $database");
	$dbh->do('CREATE ROLE stress_reader')
	  if !$dbh->selectrow_array(
		"SELECT 1 FROM pg_roles WHERE rolname = 'stress_reader'");
	$dbh->disconnect;
	$ENV{PGDATABASE} = $database;
	return;
}

# The functions that read key by key, for one map.
sub functions
{
	my ($layout) = @_;
	my @key = Layouts::key_parts($layout, 'this');
	my $cached = "topcache.get('$layout->{name}', "
	  . Layouts::key_argument(@key) . ')::text';
	my $truth = '(SELECT ' . Layouts::jsonb_of_row($layout) . '::text '
	  . Layouts::from_where($layout, @key) . ')';
	my %answers = (
		stable => "cached := $cached; truth := $truth;",
		volatile => "SELECT $cached, $truth INTO cached, truth;");

	# reads beside evictions: fills all the time, and hits of what they stored
	$answers{storm} = 'FOR j IN 1 .. 20 LOOP IF j % 4 = 1 THEN '
	  . "PERFORM topcache.evict('$layout->{name}', "
	  . Layouts::key_argument(@key)
	  . "); END IF; $answers{volatile} "
	  . 'EXIT WHEN cached IS DISTINCT FROM truth; END LOOP;';

	return map
	{
		my $volatility = $_ eq 'stable' ? 'STABLE' : 'VOLATILE';

		"CREATE FUNCTION check_$layout->{name}_$_(keys $layout->{type}\[]) "
		  . 'RETURNS TABLE (n int, cached text, truth text) '
		  . "LANGUAGE plpgsql $volatility AS \$\$ DECLARE this $layout->{type}; BEGIN "
		  . "FOR i IN 1 .. cardinality(keys) LOOP this := keys[i]; $answers{$_} "
		  . 'IF cached IS DISTINCT FROM truth THEN n := i; RETURN NEXT; '
		  . 'END IF; END LOOP; END $$'
	} sort keys %answers;
}

sub prepare_field
{
	my ($dbh) = @_;

	system('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null',
		'-f', "$FindBin::RealBin/setup.sql") == 0
	  or die "could not prepare the tables\n";
	foreach my $layout (@Layouts::layouts)
	{
		$dbh->do($layout->{attach}) if $layout->{attach};
		$dbh->do(Changing::policy($layout));
		$dbh->do(Writing::refill({}, $layout, 0, $opt{keys}))
		  if !$layout->{parent};
		$dbh->do($_) foreach functions($layout);
	}
	$dbh->do("INSERT INTO rows (id) SELECT generate_series(0, $opt{keys}) "
		  . 'ON CONFLICT DO NOTHING');
	$dbh->do("INSERT INTO children (id, parent, n, value) "
		  . "SELECT i, i % $opt{keys}, i, stress_text(i, $opt{length}) "
		  . "FROM generate_series(0, $opt{keys} - 1) i");
	$dbh->do("SELECT topcache.hydrate('$_->{name}')") foreach @Layouts::layouts;
	look_at_plan($dbh, $_) foreach @Layouts::layouts;
	return;
}

# A check says nothing unless what it takes for the truth is the table's.
sub look_at_plan
{
	my ($dbh, $layout) = @_;
	my $plan = join "\n", @{
		$dbh->selectcol_arrayref('EXPLAIN SELECT '
			  . Layouts::text_of_row($layout) . ' '
			  . Layouts::from_where($layout, Layouts::key_literals($layout, 1)))
	};

	die "the truth about $layout->{name} is read from the cache:\n$plan\n"
	  if $plan =~ /TopCache/;
	return;
}

# ---------------------------------------------------------------------------
# Clients
# ---------------------------------------------------------------------------

# Who does what: one client changes tables, the others write or check.
sub roles
{
	return (
		\&Changing::transaction,
		(\&Writing::transaction) x $opt{writers},
		(\&Checking::transaction) x $opt{checkers});
}

sub live
{
	my ($number, $transaction, $end, %more) = @_;
	my $stop = 0;
	local $SIG{TERM} = sub { $stop = 1 };
	local $SIG{INT} = 'IGNORE';
	my $client = Client->new(
		number => $number,
		seed => $opt{seed},
		phase => $opt{phase},
		keys => $opt{keys},
		layouts => \@Layouts::layouts,
		%more);

	for (my $n = 1; !$stop && time < $end; $n++)
	{
		$client->transaction($n, sub { $transaction->($client) });
	}
	$client->tell('tally', map { "$_=$client->{tally}{$_}" }
		  sort keys %{ $client->{tally} });
	return;
}

# A client in a process of its own, and where it talks.
sub start_client
{
	my (@arguments) = @_;
	my $pid = open(my $talk, '-|') // die "could not fork: $!\n";

	if ($pid == 0)
	{
		my $fine = eval { live(@arguments); 1 };

		syswrite(STDOUT, "error\tclient\t" . $@ =~ s/\s+/ /gr . "\n") if !$fine;
		POSIX::_exit($fine ? 0 : 1);
	}
	return { number => $arguments[0], pid => $pid, talk => $talk, rest => '' };
}

# ---------------------------------------------------------------------------
# What they say
# ---------------------------------------------------------------------------

my %tally = (checked => 0, differences => 0);
my $failures = 0;
my %unexpected;

sub fail
{
	$failures++;
	print "FAILED: ", @_, "\n";
	return;
}

sub hear
{
	my ($client, $line) = @_;
	my ($what, @fields) = split(/\t/, $line, -1);

	if ($what eq 'tally')
	{
		foreach (@fields)
		{
			my ($name, $n) = /^(.*)=(.*)$/;
			$tally{$name} = ($tally{$name} // 0) + $n;
		}
	}
	elsif ($what eq 'difference')
	{
		my ($map, $how, $key, $cached, $truth, $sql) =
		  map { length > 600 ? substr($_, 0, 600) . ' ...' : $_ } @fields;

		fail("map $map, $key, client $client->{number}: $how\n",
			"  topcache: $cached\n  table:    $truth\n  statement: $sql")
		  if $failures < $shown;
	}
	else
	{
		my ($state, $message, $sql) = @fields;

		fail("client $client->{number}: $state: $message\n",
			"  statement: ", substr($sql // '', 0, 600))
		  if !$unexpected{ $state . ($message // '') }++;
	}
	return;
}

# What a map has counted is lost when it is changed: add up what is new.
my %counted;
my %stats = map { $_ => 0 } qw(hits misses bypasses fills fills_lost evictions);

sub look_at_counters
{
	my ($dbh) = @_;
	my $now;

	# whoever looks at all maps may get in the way of changes
	eval {
		$now = $dbh->selectall_hashref(
			'SELECT relation::oid AS map, '
			  . join(', ', keys %stats) . ' FROM topcache.stats', 'map');
		1;
	} or $DBI::state =~ /^(40P01|55P03)$/ or die $@;
	foreach my $map (keys %$now)
	{
		foreach my $name (keys %stats)
		{
			my $n = $now->{$map}{$name};
			my $before = $counted{$map}{$name} // 0;

			$stats{$name} += $n >= $before ? $n - $before : $n;
			$counted{$map}{$name} = $n;
		}
	}
	return;
}

# Hear all clients to their end.  After a failure the others need not go on;
# one that does not come to its end is a failure itself.
sub hear_all
{
	my ($dbh, $end, @clients) = @_;
	my %by_talk = map { $_->{talk} => $_ } @clients;
	my $open = IO::Select->new(map { $_->{talk} } @clients);
	my $told = 0;

	while ($open->count)
	{
		foreach my $talk ($open->can_read(0.2))
		{
			my $client = $by_talk{$talk};

			if (!sysread($talk, $client->{rest}, 65536,
					length $client->{rest}))
			{
				$open->remove($talk);
				next;
			}
			hear($client, $1) while $client->{rest} =~ s/^(.*)\n//;
		}
		look_at_counters($dbh);
		if ($failures && !$told++)
		{
			kill 'TERM', map { $_->{pid} } @clients;
			$end = time;
		}
		if (time > $end + $patience)
		{
			fail('these clients do not come to their end: ',
				join(', ', map { $by_talk{$_}{number} } $open->handles));
			show_activity();
			kill 'KILL', map { $_->{pid} } @clients;
			last;
		}
	}
	foreach my $client (@clients)
	{
		waitpid($client->{pid}, 0);
		fail("client $client->{number} ended with status $?") if $?;
	}
	return;
}

sub show_activity
{
	my $dbh = connect_to($database);

	print join("\t", map { $_ // '' } @$_), "\n"
	  foreach @{
		$dbh->selectall_arrayref(
			'SELECT pid, application_name, state, wait_event_type, wait_event, '
			  . "left(query, 200) FROM pg_stat_activity WHERE state <> 'idle'")
	  };
	return;
}

# ---------------------------------------------------------------------------
# The end
# ---------------------------------------------------------------------------

# When nobody is left, everything must be right, without exception.
sub check_end
{
	my ($dbh) = @_;
	my $gids =
	  $dbh->selectcol_arrayref('SELECT gid FROM pg_prepared_xacts '
		  . 'WHERE database = current_database()');

	$dbh->do("ROLLBACK PREPARED '$_'") foreach @$gids;
	foreach my $layout (@Layouts::layouts)
	{
		my $name = $layout->{name};

		# what clients may have left, and what suspends it
		$dbh->do("DROP TABLE IF EXISTS ${name}_heir");
		$dbh->do($_) foreach Changing::triggers_on($name);
		foreach my $round ('as it is', 'from the cache')
		{
			my $wrong = $dbh->selectall_arrayref(
				Checking::differing(Checking::comparison(
						$layout, 'get', 0 .. $opt{keys} + 5)));

			fail("map $name at the end, $round: key number $_->[0]\n",
				'  topcache: ', $_->[1] // 'NULL',
				"\n  table:    ", $_->[2] // 'NULL')
			  foreach @$wrong;
		}
		fail("verify('$name'): ", join(', ', @$_)) foreach @{
			$dbh->selectall_arrayref("SELECT * FROM topcache.verify('$name')")
		};
		fail("map $name is $_->[0]: $_->[1]") foreach @{
			$dbh->selectall_arrayref('SELECT state, reason FROM topcache.maps '
				  . "WHERE relation = '$name'::regclass AND state <> 'active'")
		};
	}
	fail('the parts of the segment do not sum to its size')
	  if !$dbh->selectrow_array('SELECT sum(bytes) = '
		  . "pg_size_bytes(current_setting('topcache.size')) "
		  . 'FROM topcache.memory');
	# tables, TOAST tables and indexes, each against the others
	system('pg_amcheck', '--install-missing', '--heapallindexed', $database) == 0
	  or fail('pg_amcheck has found something wrong, or could not be run');
	return;
}

sub report
{
	my $reads = $stats{hits} + $stats{misses} + $stats{bypasses};
	my $ratio = $reads ? 100 * $stats{hits} / $reads : 0;

	print map { "  $_: $tally{$_}\n" }
	  grep { !/^(checked|differences)$/ } sort keys %tally
	  if $ENV{STRESS_VERBOSE};
	printf "phase %d: %d checked reads; of %d reads through topcache "
	  . "%d hits (%.0f %%), %d misses, %d bypasses; "
	  . "%d fills, %d lost fills, %d evictions, "
	  . "%d transactions, %d sessions lost, %d differences\n",
	  $opt{phase}, $tally{checked}, $reads, $stats{hits}, $ratio,
	  $stats{misses}, $stats{bypasses}, $stats{fills}, $stats{fills_lost},
	  $stats{evictions}, $tally{transactions} // 0,
	  $tally{reconnected} // 0, $tally{differences};
	fail("only $ratio % of the reads through topcache were hits; ",
		"$opt{floor} % is the least that means something")
	  if !$failures && $ratio < $opt{floor};
	return;
}

# What clients must know of the server.
sub look_at_server
{
	my ($dbh) = @_;
	my ($parallel, $dblink);

	# it is called by another name from version 16 on
	($parallel) = $dbh->selectrow_array('SELECT name FROM pg_settings '
		  . "WHERE name IN ('debug_parallel_query', 'force_parallel_mode')");
	($dblink) = $dbh->selectrow_array(
		"SELECT 1 FROM pg_available_extensions WHERE name = 'dblink'");
	$dbh->do('CREATE EXTENSION dblink') if $dblink;
	return (parallel => $parallel, dblink => $dblink);
}

my ($dbh, @roles, @clients, $end, %more);

make_database();
$dbh = connect_to($database);
prepare_field($dbh);
%more = look_at_server($dbh);
$dbh->do('SELECT topcache.reset_stats()');

@roles = roles();
$more{clients} = @roles;
$end = time + $opt{seconds};
@clients =
  map { start_client($_, $roles[ $_ - 1 ], $end, %more) } 1 .. @roles;
hear_all($dbh, $end, @clients);
report();

$dbh = connect_to($database);
check_end($dbh) if !$failures;
exit($failures ? 1 : 0);
