# A client: two sessions, errors that are to be expected, and the frame of a
# transaction.

package Client;

use strict;
use warnings FATAL => 'all';

use DBI;
use DBD::Pg;

use Chance;

# What PostgreSQL says to clients that get in each other's way, without any
# cache.  Whatever else is raised is a failure.
# Two rows of a key (21000) are one that somebody has deleted since a snapshot
# was taken, and one that its own transaction has put in its place.
my %expected = (
	'21000' => 'two rows of a key',
	'23503' => 'foreign key',
	'23505' => 'unique',
	'40001' => 'serialization',
	'40P01' => 'deadlock',
	'55006' => 'pending trigger events',
	'55P03' => 'lock timeout',
	'57P01' => 'terminated');

# The argument that names a map is looked up before the map is locked, so it
# can name a table that has since been dropped, whose place another one has.
my $dropped_meanwhile =
  qr/(relation with OID \d+ does not exist|cache lookup failed for type)/;

# CLUSTER and VACUUM FULL also copy rows that are dead for all but a snapshot,
# and may find that chunks of such a row have gone already.  Servers without
# topcache do so too, as the script dead-toast shows; rows that are alive are
# looked at by whoever runs the commands.
my $dead_toast =
  qr/(missing chunk number \d+|unexpected chunk number \d+ \(expected \d+\)) for toast value/;

# A client tells the parent by lines on stdout; tabs part fields.
sub new
{
	my ($class, %self) = @_;
	my $self = bless {%self}, $class;

	$self->{tally} = {};
	$self->{gid} = 0;
	$self->open_sessions;
	return $self;
}

sub tell
{
	my ($self, @fields) = @_;

	s/[\t\n]+/ /g foreach @fields;
	syswrite(STDOUT, join("\t", @fields) . "\n");
	return;
}

sub count
{
	my ($self, $what, $n) = @_;

	$self->{tally}{$what} += $n // 1;
	return;
}

# ---------------------------------------------------------------------------
# Sessions
# ---------------------------------------------------------------------------

# The name that others terminate this client by.
sub name_of { return "stress-$_[0]" }

sub open_session
{
	my ($self, $name) = @_;
	my $dbh = DBI->connect(
		"dbi:Pg:application_name=$name",
		$ENV{PGUSER}, '',
		{
			RaiseError => 1,
			PrintError => 0,
			PrintWarn => 0,
			AutoCommit => 1,
			AutoInactiveDestroy => 1,
			pg_server_prepare => 0
		});

	$dbh->do('SET client_min_messages = error');
	return $dbh;
}

# Open both sessions; one that just opened may be terminated as well.  What
# this client has prepared and not ended stands in its own way.
sub open_sessions
{
	my ($self) = @_;
	my $tries = 0;

	delete @$self{qw(main aux)};
	until (
		eval {
			$self->{main} = $self->open_session(name_of($self->{number}));
			$self->{aux} = $self->open_session(name_of("$self->{number}-aux"));
			$self->end_prepared;
			1;
		})
	{
		die $@ if ++$tries > 5;
	}
	return;
}

sub end_prepared
{
	my ($self) = @_;
	my $gids = $self->{aux}->selectcol_arrayref(
		'SELECT gid FROM pg_prepared_xacts WHERE database = '
		  . "current_database() AND gid LIKE 'stress $self->{number} %'");

	$self->{aux}->do("ROLLBACK PREPARED '$_'") foreach @$gids;
	return;
}

sub run
{
	my ($self, @statements) = @_;

	$self->{main}->do($self->{last} = $_) foreach @statements;
	return;
}

sub run_aux
{
	my ($self, @statements) = @_;

	$self->{aux}->do($self->{last} = $_) foreach @statements;
	return;
}

sub rows
{
	my ($self, $sql) = @_;

	return $self->{main}->selectall_arrayref($self->{last} = $sql);
}

# ---------------------------------------------------------------------------
# Errors
# ---------------------------------------------------------------------------

sub is_open { return $_[0] && $_[0]->ping }

# Do something; false when an error that is to be expected has ended it.
# Whatever else went wrong is told.
sub try
{
	my ($self, $what) = @_;
	my ($error, $state, $lost);

	return 1 if eval { $what->(); 1 };
	$error = $@;
	return 0 if $error eq "lost\n";
	die $error if $error !~ m{^DB[DI]::};
	$state = $DBI::state;
	$lost = !is_open($self->{main}) || !is_open($self->{aux});
	if ($lost && ($state =~ /^(08|57P01)/ || $error =~ /server closed|no conn/))
	{
		$state = '57P01';
	}
	# a session that was terminated has taken its snapshot along
	$state = '57P01' if $lost && $error =~ /invalid snapshot identifier|snapshot ".*" does not exist/;
	if ($error =~ $dropped_meanwhile && $self->{last} =~ /\b(nums|check_nums_\w+)\b/)
	{
		$self->count('dropped meanwhile');
		return 0;
	}
	if ($state eq 'XX001' && $error =~ $dead_toast && $self->{last} =~ /^(CLUSTER|VACUUM FULL) /)
	{
		$self->count('chunks of a dead row');
		return 0;
	}
	$self->count($expected{$state} // 'error');
	$self->tell('error', $state, $error =~ s/ at \S+ line.*//sr, $self->{last})
	  if !$expected{$state};
	$self->{lost} = 1 if $lost;
	return 0;
}

# ---------------------------------------------------------------------------
# Transactions
# ---------------------------------------------------------------------------

# Begin the transaction number n: from here on, its random numbers.
sub seed_transaction
{
	my ($self, $n) = @_;

	$self->{transaction} = $n;
	chance_seed($self->{seed}, $self->{phase}, $self->{number}, $n);
	return;
}

# Leave a transaction, whatever its state, and have sessions again.
sub leave
{
	my ($self) = @_;

	if (!$self->{lost})
	{
		eval { $_->do('ROLLBACK') foreach @$self{qw(main aux)}; 1 }
		  or $self->{lost} = 1;
	}
	if ($self->{lost})
	{
		$self->open_sessions;
		$self->count('reconnected');
	}
	else
	{
		eval { $self->end_prepared; 1 } or $self->open_sessions;
	}
	delete @$self{qw(lost doing level)};
	return;
}

# Run what makes a transaction; a failed one is left.
sub transaction
{
	my ($self, $n, $what) = @_;

	$self->seed_transaction($n);
	if ($self->try($what)) { $self->count('transactions') }
	else { $self->leave }
	return;
}

# Something that a savepoint saves the transaction from.  Errors that end it
# all go on.
sub within_savepoint
{
	my ($self, $name, $keep, $what) = @_;

	$self->run("SAVEPOINT $name");
	if (!$self->try($what))
	{
		die "lost\n" if $self->{lost};
		$self->run("ROLLBACK TO $name", "RELEASE $name");
		return;
	}
	$self->run($keep ? "RELEASE $name" : "ROLLBACK TO $name");
	return;
}

# A whole transaction; false when it was rolled back after an error that is
# to be expected.
sub within_transaction
{
	my ($self, $what) = @_;

	$self->run('BEGIN');
	if ($self->try($what))
	{
		$self->run('COMMIT');
		return 1;
	}
	die "lost\n" if $self->{lost};
	$self->run('ROLLBACK');
	return 0;
}

# End the transaction: mostly commit; a prepared one is ended by the other
# session, and in between this one goes on.
sub finish
{
	my ($self, $meanwhile) = @_;
	my $how = weighted([ 72, 'COMMIT' ], [ 16, 'ROLLBACK' ], [ 12, 'PREPARE' ]);
	my $gid;

	if ($how ne 'PREPARE')
	{
		$self->run($how);
		$self->count(lc $how);
		return;
	}
	$gid = "stress $self->{number} " . ++$self->{gid};
	$self->run("PREPARE TRANSACTION '$gid'");
	$meanwhile->() if chance(50);
	$how = chance(70) ? 'COMMIT' : 'ROLLBACK';
	$self->run_aux("$how PREPARED '$gid'");
	$self->count(lc "$how prepared");
	return;
}

1;
