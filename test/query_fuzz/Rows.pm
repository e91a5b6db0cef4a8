# Clients that write while others ask: rows of all tables, in savepoints, rolled
# back, prepared; and what is resident comes and goes.

package Rows;

use strict;
use warnings FATAL => 'all';

use Chance;
use Field;

# The tables that are written directly, and the twins of volatile maps.
my @written = grep { !$_->{filled} && $_->{name} !~ /^(parent)$/ } @Field::tables;

sub key_is
{
	my ($table) = @_;
	my @literals = Field::key_literals($table);

	return join(' AND ', map { "$table->{key}[$_] = $literals[$_]" }
		  0 .. $#literals);
}

sub assignments
{
	my ($table) = @_;

	return join(', ', map { "$_->[0] = " . Field::random_value($table, $_) }
		  grep { chance(50) || $_->[0] =~ /^(a|value)$/ }
		  Field::settable($table));
}

sub insert
{
	my ($table) = @_;
	my $conflict = $table->{target}{conflict} || $table->{name} =~ /^heir/;

	return "INSERT INTO $table->{name} ("
	  . join(', ', map { $_->[0] } @{ $table->{columns} }) . ') VALUES ('
	  . join(', ', Field::random_row($table)) . ')'
	  . ($conflict ? ' ON CONFLICT (' . Field::key_list($table)
		. ') DO UPDATE SET ' . assignments($table) : '');
}

sub statement
{
	my ($table) = @_;
	my $where = key_is($table);

	return weighted(
		[ 45, sub { "UPDATE $table->{name} SET " . assignments($table)
			. " WHERE $where" } ],
		[ 25, sub { insert($table) } ],
		[ 20, sub { "DELETE FROM $table->{name} WHERE $where" } ],
		[ 8, sub { my $key = pick(@{ $table->{key} });
			my $type = Field::type_of($table, $key);

			"UPDATE $table->{name} SET $key = "
			  . Field::literal($type, below(Field::span($table, $type)))
			  . " WHERE $where" } ],
		# all rows; of a volatile map, this is for those who ask
		[ $table->{name} =~ /^v_/ ? 0 : 2, sub {
			my $name = (Field::settable($table))[0][0];

			"UPDATE $table->{name} SET $name = "
			  . ($name eq 'a' ? '(a + 1) % 100' : $name) } ])->();
}

# On a volatile map, the same on its twin.
sub write_some
{
	my ($client, $table) = @_;
	my $sql = statement($table);

	$client->run($sql, $table->{name} =~ /^v_/
		? $sql =~ s/\b$table->{name}\b/$table->{truth}/r : ());
	return;
}

sub residency
{
	my ($client) = @_;
	my $name = pick(grep { $_->{map} && $_->{row} } @Field::tables)->{name};

	$client->run(weighted(
		[ 5, "SELECT topcache.evict_lru('$name', 20)" ],
		[ 1, "SELECT topcache.evict_all('$name')" ],
		[ 6, "SELECT topcache.hydrate('$name')" ]));
	return;
}

sub transaction
{
	my ($client) = @_;
	my (@tables, $volatile);

	return residency($client) if chance(10);
	@tables = map { pick(@written) } 1 .. between(1, 4);
	$volatile = grep { $_->{name} =~ /^v_/ } @tables;
	$client->run('BEGIN');
	# Nobody else writes to a volatile map or its twin meanwhile, and nobody
	# compares them: the map gives what was committed last, whatever the
	# snapshot.  Taken first, since who waits for it may hold up no row.
	$client->run("SELECT pg_advisory_xact_lock($Field::volatile_lock)")
	  if $volatile;
	foreach my $table (@tables)
	{
		if (chance(30))
		{
			$client->within_savepoint('s', chance(60),
				sub { write_some($client, $table) });
		}
		else { write_some($client, $table) }
	}
	# what lives in memory alone cannot be prepared
	if ($volatile) { $client->run(chance(80) ? 'COMMIT' : 'ROLLBACK') }
	else { $client->finish(sub { }) }
	return;
}

1;
