# Runs a case under one snapshot: once by PostgreSQL's own means, in a session
# that has the cache off, and some times with the cache; and compares.

package Trial;

use strict;
use warnings FATAL => 'all';

use Time::HiRes ();

use Field;
use Render;

# What the time decides and not the plan: other sessions' writes and locks.
# 23505: somebody else may just have inserted the key, which no snapshot tells.
my $by_chance = qr/^(40001|40P01|55P03|57014|55006|23505)$/;
# Errors of rows; with two of them in a statement, either may come first.
my $of_data = qr/^(21000|22|23|P0001)/;
# So much would take too long.
my $most_rows = 30000;
my $highest_cost = 60000;

# ---------------------------------------------------------------------------
# Sessions
# ---------------------------------------------------------------------------

sub uses_volatile
{
	my ($node) = @_;
	my @below;

	return $node =~ /^v_/ if !ref $node;
	@below = ref $node eq 'HASH' ? values %$node : @$node;
	return scalar grep { defined && uses_volatile($_) } @below;
}

# Both sessions begin with one snapshot for some cases.
sub begin
{
	my ($client, @cases) = @_;
	my ($main, $aux) = @$client{qw(main aux)};
	my ($snapshot, @begin);

	# to be had before the snapshot is, however long others write
	if (uses_volatile(\@cases))
	{
		$main->do($_)
		  foreach 'SET lock_timeout = 0',
		  "SELECT pg_advisory_lock_shared($Field::volatile_lock)",
		  'RESET lock_timeout';
	}
	@begin = ('BEGIN ISOLATION LEVEL REPEATABLE READ',
		"SET LOCAL statement_timeout = '5s'");
	$main->do($_) foreach @begin;
	($snapshot) = $main->selectrow_array('SELECT pg_export_snapshot()');
	$aux->do($begin[0]);
	$aux->do("SET TRANSACTION SNAPSHOT '$snapshot'");
	$aux->do($begin[1]);
	return;
}

sub rollback
{
	my ($client) = @_;

	$_->do('ROLLBACK') foreach @$client{qw(main aux)};
	$client->{main}->do('SELECT pg_advisory_unlock_all()');
	return;
}

sub prepare_sessions
{
	my ($client) = @_;

	foreach my $dbh (@$client{qw(main aux)})
	{
		$dbh->{pg_expand_array} = 0;
		$dbh->{pg_placeholder_dollaronly} = 1;
	}
	$client->{aux}->do(
		'SET topcache.enabled = off; SET topcache.transparent_scan = off');
	return;
}

sub lost { return grep { !$_[0]{$_}->ping } qw(main aux) }

# ---------------------------------------------------------------------------
# One run
# ---------------------------------------------------------------------------

sub rows_of
{
	my ($dbh, $sql) = @_;
	my $statement = $dbh->prepare($sql, { pg_direct => 1 });

	$statement->execute;
	return [] if !$statement->{NUM_OF_FIELDS};
	return [ map { join(' | ', map { $_ // '\N' } @$_) }
		  @{ $statement->fetchall_arrayref } ];
}

# A step's rows, or undef.
sub run_step
{
	my ($dbh, $step) = @_;
	my $rows;

	if ($step->{loop})
	{
		my @both;

		while (@both < 400)
		{
			my $fetched = rows_of($dbh, $step->{sql});

			last if !@$fetched;
			push @both, join(' -> ', @$fetched,
				@{ rows_of($dbh, $step->{loop}) });
		}
		$rows = \@both;
	}
	elsif ($step->{rows} || $step->{ordered})
	{
		$rows = rows_of($dbh, $step->{sql});
	}
	else { $dbh->do($step->{sql}, { pg_direct => 1 }); return }
	return $step->{ordered} ? $rows : [ sort @$rows ];
}

# Nodes of topcache in a plan, and whether it is worth while.
sub look_at_plan
{
	my ($dbh, $step, $answer) = @_;
	my @lines = @{ rows_of($dbh, "EXPLAIN $step->{explain}") };

	foreach (@lines)
	{
		$answer->{nodes}{$1}++ if /Custom Scan \((TopCache[^)]*)\)/;
		$answer->{nodes}{'Foreign Scan'}++ if /Foreign Scan/;
	}
	# a node that is disabled costs as much as nothing else does
	if ($lines[0] =~ /cost=\S+?\.\.(\d+)\S* rows=(\d+)/)
	{
		$answer->{large} = 1
		  if $2 > $most_rows || ($1 > $highest_cost && $1 < 1e9);
	}
	return;
}

# All steps of a case in one session; what they leave behind is undone.
sub run
{
	my ($dbh, $steps, $settings, $cached) = @_;
	my %answer = (answers => [], nodes => {});
	my ($step, $done);

	$dbh->do(join('; ', 'SAVEPOINT fuzz',
		map { "SET LOCAL $_->[0] = '$_->[1]'" } @$settings));
	if (!eval {
		foreach (@$steps)
		{
			$step = $_;
			next if $step->{cache} && !$cached;
			look_at_plan($dbh, $step, \%answer) if $step->{explain};
			last if $answer{large};
			next if defined $step->{twice} && !$step->{twice};
			$answer{twins} = 1, last
			  if $step->{twice} && @{ rows_of($dbh, $step->{sql}) };
			next if $step->{twice};
			push @{ $answer{answers} }, run_step($dbh, $step);
			$done //= $step->{done};
		}
		1; })
	{
		@answer{qw(state error)} = ($DBI::state, $@ =~ s/ at \S+ line.*//sr);
		die $@ if $@ !~ m{^DB[DI]::};
		$answer{at} = $step->{sql};
		if (!$dbh->ping)
		{
			$answer{lost} = 1;
			return \%answer;
		}
	}
	$dbh->do('ROLLBACK TO fuzz; RELEASE fuzz');
	$dbh->do($done) if $done;
	return \%answer;
}

# ---------------------------------------------------------------------------
# Comparison
# ---------------------------------------------------------------------------

sub by_chance
{
	return $_[0]{twins} || ($_[0]{state} // '') =~ $by_chance;
}

# undef when two answers agree, and else in what they differ
sub difference
{
	my ($truth, $cached) = @_;
	my @both = ($truth, $cached);
	my ($a, $b) = map { $_->{state} // '' } @both;

	return 'the server crashed' if $cached->{lost};
	return if grep { by_chance($_) || $_->{large} } @both;
	if (length $a || length $b)
	{
		return if $a eq $b || $a =~ $of_data && $b =~ $of_data;
		return 'error ' . (length $b ? "$b: $cached->{error}" : 'missing');
	}
	foreach my $i (0 .. $#{ $truth->{answers} })
	{
		my ($x, $y) = map { $_->{answers}[$i] } @both;

		next if !$x && !$y;
		return "answer number $i"
		  if join("\n", @{ $x // [] }) ne join("\n", @{ $y // [] });
	}
	return;
}

# A case under the snapshot of the transaction that is open.  Returns what
# became of it: "" for the same, "skipped", "error" for the same error, or a
# hash of the failure.
sub try
{
	my ($client, $case) = @_;
	my ($truth, $cached, $what);
	my %nodes;

	$truth = run($client->{aux}, [ Render::steps($case, 0) ], [], 0);
	if ($truth->{lost}) { die "lost\n" }
	return ('skipped', {}) if by_chance($truth) || $truth->{large};
	foreach my $leg (@{ $case->{legs} })
	{
		$cached = run($client->{main}, [ Render::steps($case, 1) ],
			$leg->{set}, 1);
		$nodes{$_} += $cached->{nodes}{$_} foreach keys %{ $cached->{nodes} };
		if ($cached->{lost} && !was_ours($client)) { die "lost\n" }
		$what = difference($truth, $cached);
		return ({ what => $what, truth => $truth, cached => $cached,
			leg => $leg }, \%nodes) if $what;
		return ('skipped', \%nodes) if by_chance($cached);
	}
	return ($truth->{state} ? "error $truth->{state}" : '', \%nodes);
}

# ---------------------------------------------------------------------------
# Crashes
# ---------------------------------------------------------------------------

# Was it this client's process of the server that died?  Others only lost
# their connections.  The log says it before the server begins anew.
sub was_ours
{
	my ($client) = @_;
	my $end = time + 30;

	while (time < $end)
	{
		my $said;

		open(my $log, '<', $ENV{QUERY_FUZZ_LOG}) or die "no log: $!\n";
		seek($log, $client->{log_from}, 0);
		{ local $/ = undef; $said = <$log> // ''; }
		close $log;
		return 1 if $said =~ /server process \(PID $client->{pid}\) was/;
		return 0 if $said =~ /reinitializing/;
		Time::HiRes::sleep(0.1);
	}
	return 0;
}

sub restarted
{
	return eval {
		DBI->connect('dbi:Pg:', $ENV{PGUSER}, '',
			{ RaiseError => 1, PrintError => 0 })->disconnect;
		1;
	};
}

# Have sessions again, as soon as the server has.
sub reconnect
{
	my ($client) = @_;

	wait_for_server();
	open_sessions($client);
	return;
}

sub wait_for_server
{
	my $end = time + 60;

	until (restarted())
	{
		die "the server does not come back\n" if time > $end;
		Time::HiRes::sleep(0.1);
	}
	return;
}

sub open_sessions
{
	my ($client) = @_;

	$client->{log_from} = -s $ENV{QUERY_FUZZ_LOG};
	$client->open_sessions;
	prepare_sessions($client);
	# a lost session does not tell it
	$client->{pid} = $client->{main}{pg_pid};
	return;
}

# A case under a snapshot of its own, whatever was before.
sub fresh
{
	my ($client, $case) = @_;
	my ($result, $nodes, $fine);

	$fine = eval {
		begin($client, $case);
		($result, $nodes) = try($client, $case);
		rollback($client) if !ref $result || !$result->{cached}{lost};
		1;
	};
	return $result if $fine && (!ref $result || !$result->{cached}{lost});
	die $@ if !$fine && $@ !~ /^(lost$|DB[DI]::)/;
	reconnect($client);
	Field::refill_all($client->{main}) if ref $result || lost($client);
	return $result // 'skipped';
}

1;
