# A writer of the soak test: one session that changes its own keys, in every
# way there is, until the server goes away, and keeps a journal.
#
# The journal is what is known outside the database.  A line is with the
# operating system before the next step is taken:
#
#     I TXN GID               what follows is about to be committed, or, when
#                             GID is there, prepared under that name
#     W MAP LABEL [VALUE]     a value, or no row
#     S LABEL BY              what is added to a counter of all writers
#     P TXN                   PREPARE TRANSACTION was acknowledged
#     Q TXN VERB              the prepared one is about to be committed or
#                             rolled back
#     A TXN                   the commit was acknowledged
#     X TXN                   rolled back, surely
#     R TXN WRITES            rolled back on purpose, before any commit
#     D WHAT                  a difference: an answer that cannot be
#     E WHAT                  an error that should not have been
#
# A transaction that has an I and neither A nor X is in doubt.  Its keys tell:
# the values of a transaction are in no other one.

package SoakWriter;

use strict;
use warnings FATAL => 'all';

use DBI;
use List::Util qw(shuffle sum);
use SoakMaps;

# Errors that are no fault: serialization, deadlock, cancelled, going down.
my $harmless = qr/^(40001|40P01|57014|57P0[1-5]|08...)$/;

# What an autocommitted statement or a step of a transaction may be, and how
# often.  Each returns a step: its SQL, whether it is a query, what it has to
# answer or how many rows it has to touch, and what it changes.
my %steps = (
	put           => 12,
	put_if_absent => 3,
	replace       => 4,
	incr          => 4,
	remove        => 3,
	upsert        => 4,
	update        => 6,
	delete        => 3,
	move          => 3,
	read          => 8,
	put_many      => 1,
	remove_many   => 1,
	update_many   => 1,
	delete_many   => 1);

my %kinds = (
	single     => 45,
	whole      => 25,
	undone     => 8,
	savepoints => 10,
	prepared   => 7,
	reading    => 5);

# Picks a name by weight.
sub pick
{
	my (%weights) = @_;
	my $at = rand(sum(values %weights));

	foreach my $name (sort keys %weights)
	{
		return $name if ($at -= $weights{$name}) < 0;
	}
	die 'nothing to pick';
}

# Takes id, seed, txn (the last number used), state (what is in its keys, by
# map and label), journal (a path), async.
sub new
{
	my ($class, %self) = @_;
	my $self = bless { layers => [], %self }, $class;

	srand($self->{seed});
	open $self->{file}, '>>', $self->{journal}
	  or die "$self->{journal}: $!\n";
	return $self;
}

# A session, or undef while the server takes none.
sub open_session
{
	my $dbh = DBI->connect('dbi:Pg:', undef, undef,
		{ RaiseError => 0, PrintError => 0, PrintWarn => 0 })
	  or return undef;

	$dbh->{RaiseError}          = 1;
	$dbh->{AutoInactiveDestroy} = 1;
	$dbh->{pg_bool_tf}          = 1;
	return $dbh;
}

# Works until the server goes away.
sub work
{
	my ($self) = @_;

	$self->{dbh} = open_session() or return;
	$self->{dbh}->do('SET synchronous_commit = off') if $self->{async};
	my %choice = %kinds;

	# a prepared transaction is on disk, whatever the setting
	delete $choice{prepared} if $self->{async};
	while (1)
	{
		my $kind = pick(%choice);

		$kind = 'whole' if $self->{async} && $kind eq 'single';
		$self->{txn}++;
		$self->{sequence} = 0;
		$self->{layers} = [ { shared => [] } ];
		$self->$kind() or return;
	}
}

sub note
{
	my ($self, @lines) = @_;
	my $text = join '', map { "$_\n" } @lines;

	(syswrite($self->{file}, $text) // -1) == length $text
	  or die "$self->{journal}: $!\n";
	return;
}

#----------------------------------------------------------------------
# What the writer knows
#----------------------------------------------------------------------

sub current
{
	my ($self, $map, $label) = @_;

	foreach my $layer (reverse @{ $self->{layers} })
	{
		return $layer->{"$map\t$label"} if exists $layer->{"$map\t$label"};
	}
	return $self->{state}{$map}{$label};
}

sub change
{
	my ($self, $step) = @_;
	my $layer = $self->{layers}[-1];

	foreach my $change (@{ $step->{changes} // [] })
	{
		$layer->{"$change->[0]\t$change->[1]"} = $change->[2];
	}
	push @{ $layer->{shared} }, $step->{shared} if $step->{shared};
	return;
}

# Puts the uppermost layer into the one below.
sub merge
{
	my ($self) = @_;
	my $top = pop @{ $self->{layers} };
	my $shared = delete $top->{shared};
	my $below = $self->{layers}[-1];

	push @{ $below->{shared} }, @$shared;
	$below->{$_} = $top->{$_} foreach keys %$top;
	return;
}

# The journal's lines for what is to be committed.
sub intention
{
	my ($self, $gid) = @_;
	my $layer = $self->{layers}[0];

	return "I\t$self->{txn}\t" . ($gid // ''),
	  (map { "W\t$_" . (defined $layer->{$_} ? "\t$layer->{$_}" : '') }
		  sort grep { $_ ne 'shared' } keys %$layer),
	  map { "S\t$_->[0]\t$_->[1]" } @{ $layer->{shared} };
}

sub committed
{
	my ($self) = @_;
	my $layer = $self->{layers}[0];

	$self->note("A\t$self->{txn}");
	foreach my $name (grep { $_ ne 'shared' } keys %$layer)
	{
		my ($map, $label) = split /\t/, $name;

		$self->{state}{$map}{$label} = $layer->{$name};
	}
	return 1;
}

#----------------------------------------------------------------------
# Talking to the server
#----------------------------------------------------------------------

# Runs something that talks to the server.  True when it went well; otherwise
# false, and $self->{lost} says whether the connection is gone.
sub attempt
{
	my ($self, $what) = @_;
	my $state;

	return 1 if eval { $what->(); 1 };
	die $@ unless $self->{dbh}->err;
	$state = $self->{dbh}->state;
	$self->note("E\t$state " . ($self->{dbh}->errstr =~ s/\s+/ /gr))
	  unless $state =~ $harmless || $self->{dbh}->ping <= 0;
	$self->{state_of_error} = $state;
	$self->{lost} = $self->{dbh}->ping <= 0;
	return 0;
}

# Runs a step, and holds what it answers against what it has to.
sub run_step
{
	my ($self, $step) = @_;
	my $answer;

	$answer = $step->{query}
	  ? ($self->{dbh}->selectrow_array($step->{sql}))[0]
	  : $self->{dbh}->do($step->{sql});
	$answer += 0 unless $step->{query};
	$self->note("D\t$step->{sql}: "
		  . ($answer // 'nothing')
		  . ' instead of '
		  . ($step->{answer} // 'nothing'))
	  if ($answer // '') ne ($step->{answer} // '');
	return;
}

# Rolls back, and whether the writer can go on.
sub roll_back
{
	my ($self) = @_;

	return 0 if $self->{lost};
	return 0 unless $self->attempt(sub { $self->{dbh}->do('ROLLBACK') });
	$self->note("X\t$self->{txn}");
	return 1;
}

sub begin
{
	my ($self) = @_;
	my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

	$self->{dbh}->do("BEGIN ISOLATION LEVEL $levels[int(rand(@levels))]");
	return;
}

# Some steps in a transaction.
sub steps
{
	my ($self, $many) = @_;

	foreach (1 .. 1 + int(rand($many)))
	{
		my $name = "step_" . pick(%steps);
		my $step = $self->$name();

		$self->run_step($step);
		$self->change($step);
	}
	return;
}

# The last steps before a commit: counters of all writers, in one order so
# that most do not deadlock, and something that tells whether it happened.
sub last_steps
{
	my ($self, $prepared) = @_;

	if (!$prepared && rand() < 0.3 && $self->{state}{kv})
	{
		foreach my $number (sort map { 1 + int(rand($counters)) } 1 .. 2)
		{
			my $by = 1 + int(rand(9));

			$self->{dbh}
			  ->selectrow_array("SELECT topcache.incr('kv', 's.c$number', $by)");
			$self->change({ shared => [ "s.c$number", $by ] });
		}
	}
	my $step = $self->step_put;

	$self->run_step($step);
	$self->change($step);
	$self->{dbh}->do("UPDATE soak.progress SET txn = $self->{txn} "
		  . "WHERE writer = $self->{id}")
	  if $self->{async};
	return;
}

#----------------------------------------------------------------------
# Kinds of transactions; each returns whether the writer can go on
#----------------------------------------------------------------------

# One statement that commits by itself.
sub single
{
	my ($self) = @_;
	my $name = "step_" . pick(%steps);
	my $step = $self->$name();

	$self->change($step);
	$self->note($self->intention);
	return $self->committed
	  if $self->attempt(sub { $self->run_step($step) });
	return 0 if $self->{lost};
	$self->note("X\t$self->{txn}");
	return 1;
}

sub finish
{
	my ($self) = @_;

	$self->note($self->intention);
	return $self->committed
	  if $self->attempt(sub { $self->{dbh}->do('COMMIT') });
	return $self->roll_back;
}

sub whole
{
	my ($self) = @_;
	my $ok = $self->attempt(
		sub {
			$self->begin;
			$self->steps(5);
			$self->last_steps;
		});

	return $ok ? $self->finish : $self->roll_back;
}

sub undone
{
	my ($self) = @_;
	my $ok = $self->attempt(
		sub {
			$self->begin;
			$self->steps(6);
			$self->note("R\t$self->{txn}\t"
				  . (keys(%{ $self->{layers}[0] }) - 1));
			$self->{dbh}->do('ROLLBACK');
		});

	return $ok || $self->roll_back;
}

# Nested savepoints, released or rolled back to.
sub savepoints
{
	my ($self) = @_;
	my $ok = $self->attempt(
		sub {
			$self->begin;
			foreach my $round (1 .. 2 + int(rand(4)))
			{
				my $depth = @{ $self->{layers} };

				$self->steps(2);
				if ($depth == 1 || rand() < 0.5)
				{
					$self->{dbh}->do("SAVEPOINT s$depth");
					push @{ $self->{layers} }, { shared => [] };
				}
				elsif (rand() < 0.5)
				{
					$self->{dbh}->do('RELEASE s' . ($depth - 1));
					$self->merge;
				}
				else
				{
					$self->{dbh}->do('ROLLBACK TO s' . ($depth - 1));
					$self->{layers}[-1] = { shared => [] };
				}
			}
			$self->last_steps;
		});

	return $self->roll_back unless $ok;
	$self->merge while @{ $self->{layers} } > 1;
	return $self->finish;
}

# Now and then one is left for somebody else to end.
sub prepared
{
	my ($self) = @_;
	my $gid  = "soak$self->{id}.$self->{txn}";
	my $verb = rand() < 0.6 ? 'COMMIT' : 'ROLLBACK';
	my $ok   = $self->attempt(
		sub {
			$self->begin;
			$self->steps(4);
			$self->last_steps('prepared');
		});

	return $self->roll_back unless $ok;
	$self->note($self->intention($gid));
	$self->attempt(sub { $self->{dbh}->do("PREPARE TRANSACTION '$gid'") })
	  or return $self->roll_back;
	$self->note("P\t$self->{txn}");

	# what it wrote is not to be seen
	my $layer = pop @{ $self->{layers} };
	$self->attempt(sub { $self->run_step($self->step_read) foreach 1 .. 3 })
	  || !$self->{lost} or return 0;
	push @{ $self->{layers} }, $layer;
	return 0 if rand() < 0.05;

	$self->note("Q\t$self->{txn}\t$verb");
	while (!$self->attempt(sub { $self->{dbh}->do("$verb PREPARED '$gid'") }))
	{
		# cancelled before it began, or something is wrong
		return 0 if $self->{lost} || $self->{state_of_error} ne '57014';
	}
	return $self->committed if $verb eq 'COMMIT';
	$self->note("X\t$self->{txn}");
	return 1;
}

sub reading
{
	my ($self) = @_;

	$self->attempt(
		sub {
			$self->begin;
			$self->run_step($self->step_read) foreach 1 .. 5;
			$self->{dbh}->do('COMMIT');
		}) and return 1;
	return $self->roll_back;
}

#----------------------------------------------------------------------
# Steps
#----------------------------------------------------------------------

sub any_map
{
	my @names = map_names();

	return $names[ int(rand(@names)) ];
}

# Half of the time one of the keys that are written most.
sub any_label
{
	my ($self) = @_;

	return "$self->{id}."
	  . (1 + int(rand(rand() < 0.5 ? $keys / 10 : $keys)));
}

# A map and a key of it with a row, as far as one is found; otherwise without.
sub any_row
{
	my ($self, $map) = @_;
	my $label;

	foreach (1 .. 5)
	{
		$label = $self->any_label;
		last if defined $self->current($map, $label);
	}
	return $label;
}

sub new_value
{
	my ($self, $label) = @_;
	my $size = 1 + int(rand(150));

	$size = 3000 if rand() < 0.002;
	$size = 9000 if rand() < 0.001;
	return join '|', $label,
	  "$self->{id}.$self->{txn}." . ++$self->{sequence}, $size;
}

sub put_sql
{
	my ($self, $map, $label, $value) = @_;
	my $function = $map eq 'lines' ? 'put_text' : 'put';

	return "SELECT topcache.$function('$map', "
	  . key_sql($map, $label) . ', '
	  . value_sql($map, $value) . ')';
}

sub step_put
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_label;
	my $value = $self->new_value($label);

	return {
		sql     => $self->put_sql($map, $label, $value),
		query   => 1,
		answer  => defined $self->current($map, $label) ? 'f' : 't',
		changes => [ [ $map, $label, $value ] ]
	};
}

sub step_put_if_absent
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_label;
	my $value = $self->new_value($label);
	my $there = defined $self->current($map, $label);

	return $self->step_put if $map eq 'lines';
	return {
		sql => "SELECT topcache.put_if_absent('$map', "
		  . key_sql($map, $label) . ', '
		  . value_sql($map, $value) . ')',
		query   => 1,
		answer  => $there ? 'f' : 't',
		changes => $there ? [] : [ [ $map, $label, $value ] ]
	};
}

# Sometimes with an expectation that does not hold.
sub step_replace
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_row($map);
	my $value = $self->new_value($label);
	my $old   = $self->current($map, $label);
	my $wrong = rand() < 0.2;

	return $self->step_put if $map eq 'lines' || !defined $old;
	return {
		sql => "SELECT topcache.replace('$map', "
		  . key_sql($map, $label) . ', '
		  . whole_sql($map, $label, $wrong ? $value : $old) . ', '
		  . value_sql($map, $value) . ')',
		query   => 1,
		answer  => $wrong ? 'f' : 't',
		changes => $wrong ? [] : [ [ $map, $label, $value ] ]
	};
}

sub step_incr
{
	my ($self) = @_;

	return $self->step_put unless $self->{state}{kv};
	my $label = "$self->{id}.c" . (1 + int(rand($counters)));
	my $by    = int(rand(100)) - 30;
	my $sum   = substr($self->current('kv', $label) // '#0', 1) + $by;

	return {
		sql     => "SELECT topcache.incr('kv', '$label', $by)",
		query   => 1,
		answer  => $sum,
		changes => [ [ 'kv', $label, "#$sum" ] ]
	};
}

sub step_remove
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_row($map);

	return {
		sql => "SELECT topcache.remove('$map', "
		  . key_sql($map, $label) . ')',
		query   => 1,
		answer  => defined $self->current($map, $label) ? 't' : 'f',
		changes => [ [ $map, $label, undef ] ]
	};
}

sub step_upsert
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_label;
	my $value = $self->new_value($label);
	my ($key, $columns) = columns_of($map, $label, $value);

	return {
		sql => "INSERT INTO $map ("
		  . join(', ', map { $_->[0] } @$key, @$columns)
		  . ') VALUES ('
		  . join(', ', map { $_->[1] } @$key, @$columns)
		  . ') ON CONFLICT ('
		  . join(', ', map { $_->[0] } @$key)
		  . ') DO UPDATE SET '
		  . join(', ', map { "$_->[0] = EXCLUDED.$_->[0]" } @$columns),
		answer  => 1,
		changes => [ [ $map, $label, $value ] ]
	};
}

sub step_update
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_row($map);
	my $value = $self->new_value($label);
	my $there = defined $self->current($map, $label);
	my (undef, $columns) = columns_of($map, $label, $value);

	return {
		sql => "UPDATE $map SET "
		  . join(', ', map { "$_->[0] = $_->[1]" } @$columns)
		  . ' WHERE '
		  . where_sql($map, $label),
		answer  => $there ? 1 : 0,
		changes => $there ? [ [ $map, $label, $value ] ] : []
	};
}

sub step_delete
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_row($map);

	return {
		sql     => "DELETE FROM $map WHERE " . where_sql($map, $label),
		answer  => defined $self->current($map, $label) ? 1 : 0,
		changes => [ [ $map, $label, undef ] ]
	};
}

# A row gets another key.
sub step_move
{
	my ($self) = @_;
	my $map  = any_map();
	my $from = $self->any_row($map);
	my $to   = $self->any_label;
	my ($key) = columns_of($map, $to);
	my $value = $self->current($map, $from);

	return $self->step_upsert
	  if !defined $value || defined $self->current($map, $to);
	return {
		sql => "UPDATE $map SET "
		  . join(', ', map { "$_->[0] = $_->[1]" } @$key)
		  . ' WHERE '
		  . where_sql($map, $from),
		answer  => 1,
		changes => [ [ $map, $from, undef ], [ $map, $to, $value ] ]
	};
}

# What the writer reads of its own keys, it knows.
sub step_read
{
	my ($self) = @_;
	my $map   = any_map();
	my $label = $self->any_label;
	my $key   = key_sql($map, $label);
	my $get =
	  $map eq 'lines'
	  ? "topcache.get_text('$map', $key)::jsonb"
	  : "topcache.get('$map', $key)";

	return {
		sql    => "SELECT soak.show($get)",
		query  => 1,
		answer => $self->current($map, $label)
	};
}

# Some of the writer's keys of a map.
sub many_labels
{
	my ($self) = @_;
	my $many = 2 + int(rand($keys / 5));

	return map { "$self->{id}.$_" } (shuffle(1 .. $keys))[ 0 .. $many ];
}

sub step_put_many
{
	my ($self) = @_;
	my $map     = any_map();
	my @labels  = $self->many_labels;
	my @changes = map { [ $map, $_, $self->new_value($_) ] } @labels;

	return $self->step_put if $map eq 'lines';
	return {
		sql => "SELECT topcache.put_many('$map', ARRAY["
		  . join(', ', map { key_sql($map, $_) } @labels)
		  . '], ARRAY['
		  . join(', ', map { value_sql($map, $_->[2]) } @changes) . '])',
		query   => 1,
		answer  => scalar(grep { !defined $self->current($map, $_) } @labels),
		changes => \@changes
	};
}

sub step_remove_many
{
	my ($self) = @_;
	my $map    = any_map();
	my @labels = $self->many_labels;

	return {
		sql => "SELECT topcache.remove_many('$map', ARRAY["
		  . join(', ', map { key_sql($map, $_) } @labels) . '])',
		query   => 1,
		answer  => scalar(grep { defined $self->current($map, $_) } @labels),
		changes => [ map { [ $map, $_, undef ] } @labels ]
	};
}

# One UPDATE of many rows, each to a value of its own.
sub step_update_many
{
	my ($self) = @_;
	my $map = any_map();
	my @labels =
	  grep { defined $self->current($map, $_) } $self->many_labels;

	return $self->step_update unless @labels;
	my (@changes, @rows, @names, @keys);
	foreach my $label (@labels)
	{
		my $value = $self->new_value($label);
		my ($key, $columns) = columns_of($map, $label, $value);

		push @changes, [ $map, $label, $value ];
		push @rows, '(' . join(', ', map { $_->[1] } @$key, @$columns) . ')';
		@keys  = map { $_->[0] } @$key;
		@names = map { $_->[0] } @$columns;
	}
	return {
		sql => "UPDATE $map SET "
		  . join(', ', map { "$_ = new.$_" } @names)
		  . ' FROM (VALUES '
		  . join(', ', @rows)
		  . ') AS new('
		  . join(', ', @keys, @names)
		  . ') WHERE '
		  . join(' AND ', map { "$map.$_ = new.$_" } @keys),
		answer  => scalar @labels,
		changes => \@changes
	};
}

sub step_delete_many
{
	my ($self) = @_;
	my $map    = any_map();
	my @labels = $self->many_labels;

	return {
		sql => "DELETE FROM $map WHERE "
		  . join(' OR ', map { '(' . where_sql($map, $_) . ')' } @labels),
		answer  => scalar(grep { defined $self->current($map, $_) } @labels),
		changes => [ map { [ $map, $_, undef ] } @labels ]
	};
}

1;
