# Transactions that change the tables in every way there is.

package Writing;

use strict;
use warnings FATAL => 'all';

use Chance;
use Checking;
use Shapes;

# Keys that writers meet at: the readers' hot ones, or any.
sub key_number
{
	my ($client) = @_;
	my $keys = $client->{keys};

	return below(chance(30) ? $keys / 20 : $keys);
}

sub list { return join(', ', @_) }

# The table to write to: at times the partitioned one.
sub target
{
	my ($shape) = @_;

	return $shape->{routed} && chance(50) ? $shape->{routed} : $shape->{name};
}

sub columns { return list(Shapes::all_columns($_[0])) }

# The part of a child's row that names its parent: one that is there.
sub insert_select
{
	my ($client, $shape, $n) = @_;
	my $columns = columns($shape);
	my $values = list(Shapes::random_row($shape, $n));

	return "($columns) VALUES ($values)" if !$shape->{parent};
	return "($columns, parent) SELECT $values, p.id FROM "
	  . "(SELECT id FROM $shape->{parent} WHERE id >= "
	  . key_number($client)
	  . ' ORDER BY id LIMIT 1) p';
}

# Rows of a range of keys, made in bulk.  A range by the order of numbers.
sub refill
{
	my ($client, $shape, $from, $to) = @_;
	my @kinds = map { $_->[1] } @{ $shape->{columns} };
	my %made = (
		int => 'i % 1000', short => "'note ' || i",
		text => "stress_text(i, $Shapes::text_length + i % 50)",
		jsonb => "jsonb_build_object('i', i, 't', "
		  . "stress_text(i, $Shapes::text_length))",
		array => "ARRAY['r', i::text]", range => 'int4range(0, 1 + i)',
		zero => '0', one => '1');

	return "INSERT INTO $shape->{name} (" . columns($shape) . ') SELECT '
	  . list(Shapes::key_of_series($shape), map { $made{ s/!//r } } @kinds)
	  . " FROM generate_series($from, $to) i ON CONFLICT DO NOTHING";
}

# The rows whose key numbers are in a short range, wherever they are.
sub is_near
{
	my ($client, $shape, $alias) = @_;
	my $column = "$alias." . (Shapes::key_columns($shape))[0];
	my $keys = $client->{keys};
	my $from = below($keys);
	my $to = $from + below($keys / 20);

	return "$column = " . below(50) if $shape->{type} eq 'pair_key';
	return "$column BETWEEN $from AND $to" if $shape->{type} ne 'text';
	return "$column IN (" . list(map { $shape->{key_of}->($_) } $from .. $to)
	  . ')';
}

# ---------------------------------------------------------------------------
# Plain SQL
# ---------------------------------------------------------------------------

sub insert_or
{
	my ($what) = @_;

	return sub {
		my ($client, $shape) = @_;

		$client->run("INSERT INTO $shape->{name} AS t "
			  . insert_select($client, $shape, key_number($client))
			  . $what->($shape));
	};
}

sub update_one
{
	my ($client, $shape) = @_;

	$client->run('UPDATE ' . target($shape) . ' t SET '
		  . Shapes::random_set($shape) . ' WHERE '
		  . Shapes::key_number_is($shape, key_number($client)));
	return;
}

sub update_near
{
	my ($client, $shape) = @_;

	$client->run("UPDATE $shape->{name} t SET " . Shapes::random_set($shape)
		  . ' WHERE ' . is_near($client, $shape, 't'));
	return;
}

sub update_all
{
	my ($client, $shape) = @_;

	$client->run("UPDATE $shape->{name} SET n = " . below(1000))
	  if $shape->{name} ne 'kv';
	$client->run("UPDATE kv SET value = to_jsonb(" . below(1000) . ')')
	  if $shape->{name} eq 'kv';
	return;
}

sub delete_one
{
	my ($client, $shape) = @_;

	$client->run('DELETE FROM ' . target($shape) . ' t WHERE '
		  . Shapes::key_number_is($shape, key_number($client)));
	return;
}

sub delete_near
{
	my ($client, $shape) = @_;

	$client->run("DELETE FROM $shape->{name} t WHERE "
		  . is_near($client, $shape, 't'));
	return;
}

# Rows that are locked get an xmax which ends nothing.
sub lock_near
{
	my ($client, $shape) = @_;

	$client->run("SELECT count(*) FROM (SELECT FROM $shape->{name} t WHERE "
		  . is_near($client, $shape, 't') . ' FOR '
		  . pick('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE')
		  . (chance(50) ? ' SKIP LOCKED' : '')
		  . ') l');
	return;
}

sub set_key
{
	my ($shape, $from, $to) = @_;
	my @columns = Shapes::key_columns($shape);
	my @to = Shapes::key_literals($shape, $to);

	return "UPDATE $shape->{name} t SET "
	  . list(map { "$columns[$_] = $to[$_]" } 0 .. $#columns)
	  . ' WHERE ' . Shapes::key_number_is($shape, $from);
}

sub change_key
{
	my ($client, $shape) = @_;

	$client->run(set_key($shape, key_number($client), key_number($client)));
	return;
}

# Two rows change places by way of a key that nobody has.
sub swap_keys
{
	my ($client, $shape) = @_;
	my ($one, $other) = (key_number($client), key_number($client));
	my $nowhere = 1000000 + $client->{number};

	return if $one == $other;
	$client->run(
		set_key($shape, $one, $nowhere),
		set_key($shape, $other, $one),
		set_key($shape, $nowhere, $other));
	return;
}

sub merge
{
	my ($client, $shape) = @_;
	my @columns = Shapes::all_columns($shape);
	my @keys = Shapes::key_columns($shape);
	my %numbers = map { key_number($client) => 1 } 1 .. between(1, 5);
	my @rows = map { '(' . list(Shapes::random_row($shape, $_)) . ')' }
	  sort keys %numbers;
	my @others = map { $_->[0] } @{ $shape->{columns} };

	$client->run("MERGE INTO $shape->{name} t USING (VALUES "
		  . list(@rows) . ') s (' . list(@columns) . ') ON '
		  . join(' AND ', map { "t.$_ = s.$_" } @keys)
		  . (chance(30) ? ' WHEN MATCHED AND random() < 0.3 THEN DELETE' : '')
		  . ' WHEN MATCHED THEN UPDATE SET '
		  . list(map { "$_ = s.$_" } @others)
		  . ' WHEN NOT MATCHED THEN INSERT (' . list(@columns) . ') VALUES ('
		  . list(map { "s.$_" } @columns) . ')');
	return;
}

sub copy
{
	my ($client, $shape) = @_;
	my $dbh = $client->{main};
	my %numbers = map { key_number($client) => 1 } 1 .. between(1, 20);
	my @numbers = sort keys %numbers;

	$client->run("DELETE FROM $shape->{name} t WHERE "
		  . join(' OR ',
			map { '(' . Shapes::key_number_is($shape, $_) . ')' } @numbers))
	  if chance(90);
	$client->run("COPY $shape->{name} (" . columns($shape) . ') FROM STDIN');
	foreach my $n (@numbers)
	{
		my @key = map { s/^'|'$//gr } $shape->{key_of}->($n);

		$dbh->pg_putcopydata(join("\t", @key,
				map { Shapes::plain_value($_->[1]) } @{ $shape->{columns} })
			  . "\n");
	}
	$dbh->pg_putcopyend;
	return;
}

# Several changes in one statement: its parts share a snapshot, and the
# order in which they are made is open.
sub writable_cte
{
	my ($client, $shape) = @_;
	my ($one, $other) = (key_number($client), key_number($client));
	my $read = Shapes::key_number_argument($shape, $other);

	return if $one == $other;
	$client->run("WITH gone AS (DELETE FROM $shape->{name} t WHERE "
		  . Shapes::key_number_is($shape, $one)
		  . " RETURNING *), changed AS (UPDATE $shape->{name} t SET "
		  . Shapes::random_set($shape) . ' WHERE '
		  . Shapes::key_number_is($shape, $other)
		  . " RETURNING *), put AS (INSERT INTO $shape->{name} AS t "
		  . insert_select($client, $shape, key_number($client))
		  . ' ON CONFLICT DO NOTHING RETURNING *) SELECT count(*), '
		  . "max(topcache.get('$shape->{name}', $read)::text) "
		  . 'FROM gone, changed, put');
	return;
}

sub truncate_refill
{
	my ($client, $shape) = @_;
	my $keys = $client->{keys};

	$client->run("TRUNCATE $shape->{name} CASCADE");
	Checking::check_keys($client, $shape,
		Checking::key_numbers($client, 10));
	$client->run(refill($client, $shape, 0, $keys)) if chance(80);
	return;
}

# A change that commits while this transaction goes on, by a session of its
# own.  Where this one stands in its way, nobody but the lock's timeout sees
# that they wait for each other.
sub other_session
{
	my ($client, $shape) = @_;

	return if !$client->{dblink};
	$client->run("SELECT dblink_exec(format('dbname=%L host=%L', "
		  . "current_database(), current_setting('unix_socket_directories')), "
		  . "\$\$SET lock_timeout = '100ms'; UPDATE $shape->{name} t SET "
		  . Shapes::random_set($shape) . ' WHERE '
		  . Shapes::key_number_is($shape, key_number($client)) . '$$)');
	return;
}

# So that deletions do not empty the tables.
sub refill_near
{
	my ($client, $shape) = @_;
	my $from = below($client->{keys});

	$client->run(refill($client, $shape, $from, $from + $client->{keys} / 10));
	return;
}

# ---------------------------------------------------------------------------
# Through topcache
# ---------------------------------------------------------------------------

sub jsonb_for
{
	my ($shape) = @_;
	my @columns = @{ $shape->{columns} };

	return Shapes::random_jsonb() if $shape->{value};
	@columns = pick(@columns) if chance(20);
	return 'jsonb_build_object('
	  . list(map { "'$_->[0]', " . Shapes::random_value($_->[1]) } @columns) . ')';
}

sub call
{
	my ($client, $shape, $function, @arguments) = @_;

	$client->run("SELECT topcache.$function("
		  . list("'$shape->{name}'", @arguments) . ')');
	return;
}

my @calls = (
	[ 40, sub {
		my ($client, $shape, $key) = @_;
		call($client, $shape, 'put', $key, jsonb_for($shape),
			$shape->{can}{ttl} && chance(10) ? "'1 hour'" : ());
	} ],
	[ 10, sub {
		my ($client, $shape, $key) = @_;
		call($client, $shape, 'put_if_absent', $key, jsonb_for($shape));
	} ],
	[ 10, sub {
		my ($client, $shape, $key) = @_;
		call($client, $shape, 'replace', $key,
			chance(50)
			? jsonb_for($shape)
			: "coalesce(topcache.get('$shape->{name}', $key), 'null')",
			jsonb_for($shape));
	} ],
	[ 10, sub {
		my ($client, $shape, $key) = @_;
		my %numbers = map { key_number($client) => 1 } 1 .. between(1, 12);
		call($client, $shape, 'put_many',
			Shapes::key_array($shape, sort keys %numbers),
			'ARRAY[' . list(map { jsonb_for($shape) } keys %numbers) . ']');
	} ],
	[ 20, sub {
		my ($client, $shape, $key) = @_;
		call($client, $shape, 'remove', $key);
	} ],
	[ 5, sub {
		my ($client, $shape) = @_;
		call($client, $shape, 'remove_many', Shapes::key_array($shape,
				map { key_number($client) } 1 .. between(1, 12)));
	} ],
	[ 10, sub {
		my ($client, $shape) = @_;
		return if !$shape->{can}{incr};
		call($client, $shape, 'incr', "'number " . below(5) . "'",
			between(-5, 5));
	} ],
	[ 10, sub {
		my ($client, $shape, $key) = @_;
		return if !$shape->{can}{ttl};
		call($client, $shape, 'touch', $key, pick('NULL', "'1 hour'"));
	} ],
	# a record that expires while it is being read
	[ 5, sub {
		my ($client, $shape, $key) = @_;
		return if !$shape->{can}{ttl};
		call($client, $shape, 'put', $key, jsonb_for($shape), "'20 ms'");
	} ],
	# what is read goes back in
	[ 5, sub {
		my ($client, $shape, $key) = @_;
		$client->run("SELECT topcache.put('$shape->{name}', $key, v) FROM "
			  . "topcache.get('$shape->{name}', $key) v WHERE v IS NOT NULL");
	} ],
	[ 5, sub {
		my ($client, $shape, $key) = @_;
		$client->run("SELECT topcache.put_text('$shape->{name}', $key, v) FROM "
			  . "topcache.get_text('$shape->{name}', $key) v "
			  . 'WHERE v IS NOT NULL');
	} ],
	[ 0.3, sub {
		my ($client, $shape) = @_;
		call($client, $shape, 'clear');
	} ]);

# A put cannot know a row's parent; what it can leave out it does.
sub through_topcache
{
	my ($client, $shape) = @_;

	weighted(@calls)->($client, $shape,
		Shapes::key_number_argument($shape, key_number($client)));
	return;
}

# ---------------------------------------------------------------------------
# Savepoints
# ---------------------------------------------------------------------------

# One key written at many depths, some of which are undone.
sub deep_savepoints
{
	my ($client, $shape) = @_;
	my $depth = weighted([ 80, between(2, 8) ], [ 20, 100 ]);
	my $n = key_number($client);
	my @open;

	foreach my $level (1 .. $depth)
	{
		$client->run("SAVEPOINT d$level");
		push @open, $level;
		$client->run("UPDATE $shape->{name} t SET "
			  . Shapes::random_set($shape) . ' WHERE '
			  . Shapes::key_number_is($shape, chance(70) ? $n : $n + 1))
		  if $depth < 20 || chance(30);
		next if !chance(30);
		my $to = $open[ below(scalar @open) ];
		$client->run(chance(50) ? "ROLLBACK TO d$to" : "RELEASE d$to");
		my $rolled_back = $client->{last} =~ /^ROLLBACK/;
		@open = grep { $rolled_back ? $_ <= $to : $_ < $to } @open;
		Checking::check_keys($client, $shape, $n, $n + 1) if chance(20);
	}
	return;
}

# ---------------------------------------------------------------------------
# Transactions
# ---------------------------------------------------------------------------

my $do_nothing = sub { ' ON CONFLICT DO NOTHING' };
my $do_update = sub {
	my ($shape) = @_;

	return ' ON CONFLICT (' . list(Shapes::key_columns($shape)) . ') DO UPDATE '
	  . 'SET ' . Shapes::random_set($shape)
	  . (chance(30) ? ' WHERE random() < 0.5' : '');
};

my @actions = (
	[ 6, 'insert', insert_or(sub { '' }) ],
	[ 6, 'insert or nothing', insert_or($do_nothing) ],
	[ 10, 'upsert', insert_or($do_update) ],
	[ 20, 'update', \&update_one ],
	[ 4, 'bulk update', \&update_near ],
	[ 0.3, 'update of all rows', \&update_all ],
	[ 10, 'delete', \&delete_one ],
	[ 1.5, 'bulk delete', \&delete_near ],
	[ 5, 'row locks', \&lock_near ],
	[ 6, 'change of key', \&change_key ],
	[ 5, 'swap of keys', \&swap_keys ],
	[ 5, 'merge', \&merge ],
	[ 4, 'copy', \&copy ],
	[ 5, 'writable cte', \&writable_cte ],
	[ 20, 'through topcache', \&through_topcache ],
	[ 4, 'deep savepoints', \&deep_savepoints ],
	[ 1.5, 'other session', \&other_session ],
	[ 6, 'refill', \&refill_near ],
	[ 0.15, 'truncate', \&truncate_refill ]);

# One change of any kind.
sub act
{
	my ($client, $shape) = @_;
	my $action = weighted(map { [ $_->[0], $_ ] } @actions);

	$shape //= pick(@{ $client->{shapes} });
	$client->{doing} = "after $action->[1]";
	$client->count($action->[1]);
	$action->[2]->($client, $shape);
	return;
}

# Some changes, in savepoints or not, with checks of what they have done.
sub act_often
{
	my ($client, $shape, $n) = @_;

	foreach my $i (1 .. $n)
	{
		if (chance(35))
		{
			$client->within_savepoint("s$i", chance(60), sub {
				act($client, $shape);
				act_often($client, $shape, between(1, 2)) if chance(25);
			});
		}
		else { act($client, $shape) }
		Checking::check($client, chance(20) ? sub { act($client, $shape) } : undef)
		  if chance(8);
	}
	return;
}

sub random_settings
{
	my ($client) = @_;

	$client->run('SET LOCAL synchronous_commit = off') if chance(25);
	$client->run('SET LOCAL session_replication_role = replica') if chance(4);
	return;
}

# Many short transactions on the few keys that readers storm at.
sub storm
{
	my ($client) = @_;
	my $shape = Checking::storm_shape($client);

	foreach (1 .. 40)
	{
		my $is = Shapes::key_number_is($shape, below(4));

		my @statements = weighted(
			[ 8, "UPDATE $shape->{name} t SET "
				. Shapes::random_set($shape) . " WHERE $is" ],
			[ 1, "DELETE FROM $shape->{name} t WHERE $is" ],
			[ 1, refill($client, $shape, 0, 4) ]);

		@statements = ('BEGIN', @statements, 'ROLLBACK') if chance(20);
		$client->run(@statements);
	}
	return;
}

sub transaction
{
	my ($client) = @_;

	return chance(15) ? storm($client) : long_transaction($client);
}

sub long_transaction
{
	my ($client) = @_;
	my $level = weighted(
		[ 60, 'READ COMMITTED' ],
		[ 25, 'REPEATABLE READ' ],
		[ 15, 'SERIALIZABLE' ]);

	Checking::begin($client, $level);
	random_settings($client);
	act_often($client, chance(30) ? pick(@{ $client->{shapes} }) : undef,
		between(1, 5));
	$client->finish(sub { Checking::check($client) });
	delete @$client{qw(level doing)};
	return;
}

1;
