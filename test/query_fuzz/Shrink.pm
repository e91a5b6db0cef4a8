# Makes a failing case smaller: takes parts of its tree away, or puts a part in
# the place of the whole, for as long as it fails in the same way.

package Shrink;

use strict;
use warnings FATAL => 'all';

use Storable 'dclone';

use Trial;

# Lists of which any element may go; of the second ones one has to stay.
my %list = map { $_ => 0 }
  qw(with where on group having set_none returning steps whens cond partition
  order set);
my %full_list = map { $_ => 1 } qw(items list rows runs legs columns_none);
# What may be missing altogether
my @optional = qw(distinct limit offset sets directions filter lock conflict
  lateral runs hold nothing);

# In the same way: for errors the same SQLSTATE.
sub kind_of
{
	my ($failure) = @_;

	return $failure->{what} =~ /^(error \w+|the server crashed|answer)/ ? $1 : '';
}

# ---------------------------------------------------------------------------
# Changes
# ---------------------------------------------------------------------------

# Every change of a tree, as [path, what to do there]; large ones first.
sub changes
{
	my ($case) = @_;
	my (@changes, @todo);

	@todo = ([ $case, [] ]);
	while (my $next = shift @todo)
	{
		my ($node, $path) = @$next;

		if (ref $node eq 'ARRAY')
		{
			push @todo, map { [ $node->[$_], [ @$path, $_ ] ] }
			  grep { ref $node->[$_] } 0 .. $#$node;
			next;
		}
		push @changes, changes_here($node, $path);
		push @todo, map { [ $node->{$_}, [ @$path, $_ ] ] }
		  grep { ref $node->{$_} } sort keys %$node;
	}
	return @changes;
}

sub changes_here
{
	my ($node, $path) = @_;
	my @changes;
	my $t = $node->{t} // '';

	foreach my $name (sort keys %$node)
	{
		my $value = $node->{$name};
		my $least = $list{$name} // $full_list{$name} // next;

		next if ref $value ne 'ARRAY' || @$value <= $least;
		$least = 1 if $name eq 'set' && $t eq 'update';
		push @changes, map { [ [ @$path, $name ], 'remove', $_ ] }
		  grep { !ref $value->[$_] || ref $value->[$_] eq 'ARRAY'
			  || !$value->[$_]{keep} } 0 .. $#$value
		  if @$value > $least;
	}
	push @changes, [ [ @$path, 'from' ], 'empty' ]
	  if $t eq 'select' && @{ $node->{from} };
	push @changes, map { [ $path, 'without', $_ ] }
	  grep { $node->{$_} } @optional;
	# a part in the place of the whole
	push @changes, [ $path, 'become', 'left' ], [ $path, 'become', 'right' ]
	  if $t =~ /^(join|setop)$/;
	push @changes, [ $path, 'set', 'type', 'INNER' ]
	  if $t eq 'join' && $node->{type} ne 'INNER';
	push @changes, map { [ $path, 'become', 'args', $_ ] }
	  0 .. $#{ $node->{args} } if $t eq 'junction';
	push @changes, [ $path, 'become', 'arg' ] if $t eq 'not';
	push @changes, map { [ $path, 'become', $_ ] } 'then', 'else'
	  if $t eq 'case';
	push @changes, map { [ $path, 'become', 'args', $_ ] }
	  grep { ($node->{args}[$_]{type} // '') eq $node->{type} }
	  0 .. $#{ $node->{args} } if $t =~ /^(call|infix)$/;
	push @changes, [ $path, 'null' ]
	  if $t =~ /^(case|call|infix|condition|scalar|read|window|agg|row|normal)$/
	  && !$node->{keep};
	push @changes, [ $path, 'set', 'kind', 'query' ]
	  if ($node->{kind} // '') =~ /^(prepared|cursor)$/;
	return @changes;
}

# A copy with one change; undef when it does not fit.
sub changed
{
	my ($case, $change) = @_;
	my ($path, $what, @more) = @$change;
	my $copy = { root => dclone($case) };
	my ($parent, $key) = ($copy, 'root');
	my $node;

	foreach my $step (@$path)
	{
		$parent = ref $parent eq 'ARRAY' ? $parent->[$key] : $parent->{$key};
		$key = $step;
	}
	$node = ref $parent eq 'ARRAY' ? \$parent->[$key] : \$parent->{$key};
	if ($what eq 'remove') { splice(@$$node, $more[0], 1) }
	elsif ($what eq 'empty') { $$node = [] }
	elsif ($what eq 'without') { delete $$node->{ $more[0] } }
	elsif ($what eq 'set')
	{
		$$node->{ $more[0] } = $more[1];
		delete @$$node{qw(runs steps)} if $more[0] eq 'kind';
	}
	elsif ($what eq 'null')
	{
		$$node = { t => 'lit', type => $$node->{type},
			texts => [ ('NULL::' . Field::sql_type($$node->{type})) x 5 ] };
	}
	elsif ($what eq 'become')
	{
		my $part = $$node->{ $more[0] };
		my $with = $$node->{with};

		$part = $part->[ $more[1] ] if @more > 1;
		return if !$part;
		$$node = $part;
		$$node->{with} //= $with if $with;
	}
	return $copy->{root};
}

# ---------------------------------------------------------------------------
# The search
# ---------------------------------------------------------------------------

# Does it fail in the same way, in one of some attempts?
sub fails
{
	my ($client, $case, $kind, $attempts) = @_;

	foreach (1 .. $attempts)
	{
		my $result = eval { Trial::fresh($client, $case) };

		# a change may have made it senseless
		if (!defined $result)
		{
			die $@ if $@ =~ /come back/;
			return;
		}
		return $result if ref $result && kind_of($result) eq $kind;
	}
	return;
}

# The smaller case and its failure, and how often it fails.
sub shrink
{
	my ($client, $case, $failure, $seconds) = @_;
	my $end = time + $seconds;
	my $kind = kind_of($failure);
	my $again = grep { fails($client, $case, $kind, 1) } 1 .. 5;
	my $attempts = $again >= 4 ? 1 : $again ? 5 : 0;
	my $progress = 1;
	my $tries = 0;

	while ($attempts && $progress && time < $end)
	{
		my $at = 0;

		$progress = 0;
		for (;;)
		{
			my @changes = changes($case);

			last if $at >= @changes || time >= $end;
			my $smaller = changed($case, $changes[$at]);
			my $now;

			$tries++;
			$now = fails($client, $smaller, $kind, $attempts) if $smaller;
			if ($now)
			{
				($case, $failure, $progress) = ($smaller, $now, 1);
			}
			else { $at++ }
		}
	}
	return ($case, $failure, $again, $tries);
}

# ---------------------------------------------------------------------------
# Telling
# ---------------------------------------------------------------------------

sub tables_in
{
	my ($node, $found) = @_;

	if (ref $node eq 'HASH')
	{
		foreach my $name (qw(table target))
		{
			$found->{ $node->{$name} } = 1
			  if defined $node->{$name} && !ref $node->{$name};
		}
		tables_in($_, $found) foreach values %$node;
	}
	elsif (ref $node eq 'ARRAY') { tables_in($_, $found) foreach @$node }
	return;
}

sub shown
{
	my ($title, $answer, $other) = @_;
	my @lines = ($title);
	my %there;

	push @lines, "  error $answer->{state}: $answer->{error}",
	  "  at: $answer->{at}" if $answer->{state} || $answer->{lost};
	foreach my $i (0 .. $#{ $answer->{answers} })
	{
		my $mine = $answer->{answers}[$i] // next;
		my $theirs = $other->{answers}[$i] // [];

		next if "@$mine" eq "@$theirs";
		%there = ();
		$there{$_}++ foreach @$theirs;
		my @only = grep { --($there{$_} //= 0) < 0 } @$mine;

		push @lines, '  answer ' . $i . ': ' . @$mine . ' rows; not in the other: '
		  . @only, map { "    $_" } splice(@only, 0, 8);
	}
	return @lines;
}

sub told
{
	my ($case, $failure) = @_;
	my %tables;
	my @lines;

	tables_in($case, \%tables);
	push @lines, '-- tables', map { "$_;" }
	  map { Field::definitions($Field::table{$_}) }
	  sort grep { $Field::table{$_} } keys %tables;
	push @lines, '-- settings', map { "SET $_->[0] = '$_->[1]';" }
	  @{ $failure->{leg}{set} };
	foreach my $cached (1, 0)
	{
		push @lines, $cached ? '-- with the cache' : '-- without',
		  map { ("$_->{sql};", $_->{loop} ? "$_->{loop};   -- for each row" : ()) }
		  Render::steps($case, $cached);
	}
	push @lines, shown('-- the answer with the cache', @$failure{qw(cached truth)}),
	  shown('-- the answer without', @$failure{qw(truth cached)});
	return join("\n", @lines) . "\n";
}

1;
