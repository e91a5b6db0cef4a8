# Transactions that change the tables in every way there is.

package Writing;

use strict;
use warnings FATAL => 'all';

use Chance;
use Checking;
use Layouts;

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
	my ($layout) = @_;

	return $layout->{routed} && chance(50) ? $layout->{routed} : $layout->{name};
}

sub columns { return list(Layouts::all_columns($_[0])) }

# The part of a child's row that names its parent: one that is there.
sub insert_select
{
	my ($client, $layout, $n) = @_;
	my $columns = columns($layout);
	my $values = list(Layouts::random_row($layout, $n));

	return "($columns) VALUES ($values)" if !$layout->{parent};
	return "($columns, parent) SELECT $values, p.id FROM "
	  . "(SELECT id FROM $layout->{parent} WHERE id >= "
	  . key_number($client)
	  . ' ORDER BY id LIMIT 1) p';
}

# Rows of a range of keys, made in bulk.  A range by the order of numbers.
sub refill
{
	my ($client, $layout, $from, $to) = @_;
	my @kinds = map { $_->[1] } @{ $layout->{columns} };
	my %made = (
		int => 'i % 1000', short => "'note ' || i",
		text => "stress_text(i, $Layouts::text_length + i % 50)",
		jsonb => "jsonb_build_object('i', i, 't', "
		  . "stress_text(i, $Layouts::text_length))",
		array => "ARRAY['r', i::text]", range => 'int4range(0, 1 + i)',
		zero => '0', one => '1');

	return "INSERT INTO $layout->{name} (" . columns($layout) . ') SELECT '
	  . list(Layouts::key_of_series($layout), map { $made{ s/!//r } } @kinds)
	  . " FROM generate_series($from, $to) i ON CONFLICT DO NOTHING";
}

# The rows whose key numbers are in a short range, wherever they are.
sub is_near
{
	my ($client, $layout, $alias) = @_;
	my $column = "$alias." . (Layouts::key_columns($layout))[0];
	my $keys = $client->{keys};
	my $from = below($keys);
	my $to = $from + below($keys / 20);

	return "$column = " . below(50) if $layout->{type} eq 'pair_key';
	return "$column BETWEEN $from AND $to" if $layout->{type} ne 'text';
	return "$column IN (" . list(map { $layout->{key_of}->($_) } $from .. $to)
	  . ')';
}

# ---------------------------------------------------------------------------
# Plain SQL
# ---------------------------------------------------------------------------

sub insert_or
{
	my ($what) = @_;

	return sub {
		my ($client, $layout) = @_;

		$client->run("INSERT INTO $layout->{name} AS t "
			  . insert_select($client, $layout, key_number($client))
			  . $what->($layout));
	};
}

sub update_one
{
	my ($client, $layout) = @_;

	$client->run('UPDATE ' . target($layout) . ' t SET '
		  . Layouts::random_set($layout) . ' WHERE '
		  . Layouts::key_number_is($layout, key_number($client)));
	return;
}

sub update_near
{
	my ($client, $layout) = @_;

	$client->run("UPDATE $layout->{name} t SET " . Layouts::random_set($layout)
		  . ' WHERE ' . is_near($client, $layout, 't'));
	return;
}

sub update_all
{
	my ($client, $layout) = @_;

	$client->run("UPDATE $layout->{name} SET n = " . below(1000))
	  if $layout->{name} ne 'kv';
	$client->run("UPDATE kv SET value = to_jsonb(" . below(1000) . ')')
	  if $layout->{name} eq 'kv';
	return;
}

sub delete_one
{
	my ($client, $layout) = @_;

	$client->run('DELETE FROM ' . target($layout) . ' t WHERE '
		  . Layouts::key_number_is($layout, key_number($client)));
	return;
}

sub delete_near
{
	my ($client, $layout) = @_;

	$client->run("DELETE FROM $layout->{name} t WHERE "
		  . is_near($client, $layout, 't'));
	return;
}

# Rows that are locked get an xmax which ends nothing.
sub lock_near
{
	my ($client, $layout) = @_;

	$client->run("SELECT count(*) FROM (SELECT FROM $layout->{name} t WHERE "
		  . is_near($client, $layout, 't') . ' FOR '
		  . pick('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE')
		  . (chance(50) ? ' SKIP LOCKED' : '')
		  . ') l');
	return;
}

sub set_key
{
	my ($layout, $from, $to) = @_;
	my @columns = Layouts::key_columns($layout);
	my @to = Layouts::key_literals($layout, $to);

	return "UPDATE $layout->{name} t SET "
	  . list(map { "$columns[$_] = $to[$_]" } 0 .. $#columns)
	  . ' WHERE ' . Layouts::key_number_is($layout, $from);
}

sub change_key
{
	my ($client, $layout) = @_;

	$client->run(set_key($layout, key_number($client), key_number($client)));
	return;
}

# Two rows change places by way of a key that nobody has.
sub swap_keys
{
	my ($client, $layout) = @_;
	my ($one, $other) = (key_number($client), key_number($client));
	my $nowhere = 1000000 + $client->{number};

	return if $one == $other;
	$client->run(
		set_key($layout, $one, $nowhere),
		set_key($layout, $other, $one),
		set_key($layout, $nowhere, $other));
	return;
}

sub merge
{
	my ($client, $layout) = @_;
	my @columns = Layouts::all_columns($layout);
	my @keys = Layouts::key_columns($layout);
	my %numbers = map { key_number($client) => 1 } 1 .. between(1, 5);
	my @rows = map { '(' . list(Layouts::random_row($layout, $_)) . ')' }
	  sort keys %numbers;
	my @others = map { $_->[0] } @{ $layout->{columns} };

	$client->run("MERGE INTO $layout->{name} t USING (VALUES "
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
	my ($client, $layout) = @_;
	my $dbh = $client->{main};
	my %numbers = map { key_number($client) => 1 } 1 .. between(1, 20);
	my @numbers = sort keys %numbers;

	$client->run("DELETE FROM $layout->{name} t WHERE "
		  . join(' OR ',
			map { '(' . Layouts::key_number_is($layout, $_) . ')' } @numbers))
	  if chance(90);
	$client->run("COPY $layout->{name} (" . columns($layout) . ') FROM STDIN');
	foreach my $n (@numbers)
	{
		my @key = map { s/^'|'$//gr } $layout->{key_of}->($n);

		$dbh->pg_putcopydata(join("\t", @key,
				map { Layouts::plain_value($_->[1]) } @{ $layout->{columns} })
			  . "\n");
	}
	$dbh->pg_putcopyend;
	return;
}

# Several changes in one statement: its parts share a snapshot, and the
# order in which they are made is open.
sub writable_cte
{
	my ($client, $layout) = @_;
	my ($one, $other) = (key_number($client), key_number($client));
	my $read = Layouts::key_number_argument($layout, $other);

	return if $one == $other;
	$client->run("WITH gone AS (DELETE FROM $layout->{name} t WHERE "
		  . Layouts::key_number_is($layout, $one)
		  . " RETURNING *), changed AS (UPDATE $layout->{name} t SET "
		  . Layouts::random_set($layout) . ' WHERE '
		  . Layouts::key_number_is($layout, $other)
		  . " RETURNING *), put AS (INSERT INTO $layout->{name} AS t "
		  . insert_select($client, $layout, key_number($client))
		  . ' ON CONFLICT DO NOTHING RETURNING *) SELECT count(*), '
		  . "max(topcache.get('$layout->{name}', $read)::text) "
		  . 'FROM gone, changed, put');
	return;
}

sub truncate_refill
{
	my ($client, $layout) = @_;
	my $keys = $client->{keys};

	$client->run("TRUNCATE $layout->{name} CASCADE");
	Checking::check_keys($client, $layout,
		Checking::key_numbers($client, 10));
	$client->run(refill($client, $layout, 0, $keys)) if chance(80);
	return;
}

# A change that commits while this transaction goes on, by a session of its
# own.  Where this one stands in its way, nobody but the lock's timeout sees
# that they wait for each other.
sub other_session
{
	my ($client, $layout) = @_;

	return if !$client->{dblink};
	$client->run("SELECT dblink_exec(format('dbname=%L host=%L', "
		  . "current_database(), current_setting('unix_socket_directories')), "
		  . "\$\$SET lock_timeout = '100ms'; UPDATE $layout->{name} t SET "
		  . Layouts::random_set($layout) . ' WHERE '
		  . Layouts::key_number_is($layout, key_number($client)) . '$$)');
	return;
}

# So that deletions do not empty the tables.
sub refill_near
{
	my ($client, $layout) = @_;
	my $from = below($client->{keys});

	$client->run(refill($client, $layout, $from, $from + $client->{keys} / 10));
	return;
}

# ---------------------------------------------------------------------------
# Through topcache
# ---------------------------------------------------------------------------

sub jsonb_for
{
	my ($layout) = @_;
	my @columns = @{ $layout->{columns} };

	return Layouts::random_jsonb() if $layout->{value};
	@columns = pick(@columns) if chance(20);
	return 'jsonb_build_object('
	  . list(map { "'$_->[0]', " . Layouts::random_value($_->[1]) } @columns) . ')';
}

sub call
{
	my ($client, $layout, $function, @arguments) = @_;

	$client->run("SELECT topcache.$function("
		  . list("'$layout->{name}'", @arguments) . ')');
	return;
}

my @calls = (
	[ 40, sub {
		my ($client, $layout, $key) = @_;
		call($client, $layout, 'put', $key, jsonb_for($layout),
			$layout->{can}{ttl} && chance(10) ? "'1 hour'" : ());
	} ],
	[ 10, sub {
		my ($client, $layout, $key) = @_;
		call($client, $layout, 'put_if_absent', $key, jsonb_for($layout));
	} ],
	[ 10, sub {
		my ($client, $layout, $key) = @_;
		call($client, $layout, 'replace', $key,
			chance(50)
			? jsonb_for($layout)
			: "coalesce(topcache.get('$layout->{name}', $key), 'null')",
			jsonb_for($layout));
	} ],
	[ 10, sub {
		my ($client, $layout, $key) = @_;
		my %numbers = map { key_number($client) => 1 } 1 .. between(1, 12);
		call($client, $layout, 'put_many',
			Layouts::key_array($layout, sort keys %numbers),
			'ARRAY[' . list(map { jsonb_for($layout) } keys %numbers) . ']');
	} ],
	[ 20, sub {
		my ($client, $layout, $key) = @_;
		call($client, $layout, 'remove', $key);
	} ],
	[ 5, sub {
		my ($client, $layout) = @_;
		call($client, $layout, 'remove_many', Layouts::key_array($layout,
				map { key_number($client) } 1 .. between(1, 12)));
	} ],
	[ 10, sub {
		my ($client, $layout) = @_;
		return if !$layout->{can}{incr};
		call($client, $layout, 'incr', "'number " . below(5) . "'",
			between(-5, 5));
	} ],
	[ 10, sub {
		my ($client, $layout, $key) = @_;
		return if !$layout->{can}{ttl};
		call($client, $layout, 'touch', $key, pick('NULL', "'1 hour'"));
	} ],
	# a record that expires while it is being read
	[ 5, sub {
		my ($client, $layout, $key) = @_;
		return if !$layout->{can}{ttl};
		call($client, $layout, 'put', $key, jsonb_for($layout), "'20 ms'");
	} ],
	# what is read goes back in
	[ 5, sub {
		my ($client, $layout, $key) = @_;
		$client->run("SELECT topcache.put('$layout->{name}', $key, v) FROM "
			  . "topcache.get('$layout->{name}', $key) v WHERE v IS NOT NULL");
	} ],
	[ 5, sub {
		my ($client, $layout, $key) = @_;
		$client->run("SELECT topcache.put_text('$layout->{name}', $key, v) FROM "
			  . "topcache.get_text('$layout->{name}', $key) v "
			  . 'WHERE v IS NOT NULL');
	} ],
	[ 0.3, sub {
		my ($client, $layout) = @_;
		call($client, $layout, 'clear');
	} ]);

# A put cannot know a row's parent; what it can leave out it does.
sub through_topcache
{
	my ($client, $layout) = @_;

	weighted(@calls)->($client, $layout,
		Layouts::key_number_argument($layout, key_number($client)));
	return;
}

# ---------------------------------------------------------------------------
# Savepoints
# ---------------------------------------------------------------------------

# One key written at many depths, some of which are undone.
sub deep_savepoints
{
	my ($client, $layout) = @_;
	my $depth = weighted([ 80, between(2, 8) ], [ 20, 100 ]);
	my $n = key_number($client);
	my @open;

	foreach my $level (1 .. $depth)
	{
		$client->run("SAVEPOINT d$level");
		push @open, $level;
		$client->run("UPDATE $layout->{name} t SET "
			  . Layouts::random_set($layout) . ' WHERE '
			  . Layouts::key_number_is($layout, chance(70) ? $n : $n + 1))
		  if $depth < 20 || chance(30);
		next if !chance(30);
		my $to = $open[ below(scalar @open) ];
		$client->run(chance(50) ? "ROLLBACK TO d$to" : "RELEASE d$to");
		my $rolled_back = $client->{last} =~ /^ROLLBACK/;
		@open = grep { $rolled_back ? $_ <= $to : $_ < $to } @open;
		Checking::check_keys($client, $layout, $n, $n + 1) if chance(20);
	}
	return;
}

# ---------------------------------------------------------------------------
# Transactions
# ---------------------------------------------------------------------------

my $do_nothing = sub { ' ON CONFLICT DO NOTHING' };
my $do_update = sub {
	my ($layout) = @_;

	return ' ON CONFLICT (' . list(Layouts::key_columns($layout)) . ') DO UPDATE '
	  . 'SET ' . Layouts::random_set($layout)
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
	my ($client, $layout) = @_;
	my $action = weighted(map { [ $_->[0], $_ ] } @actions);

	$layout //= pick(@{ $client->{layouts} });
	$client->{doing} = "after $action->[1]";
	$client->count($action->[1]);
	$action->[2]->($client, $layout);
	return;
}

# Some changes, in savepoints or not, with checks of what they have done.
sub act_often
{
	my ($client, $layout, $n) = @_;

	foreach my $i (1 .. $n)
	{
		if (chance(35))
		{
			$client->within_savepoint("s$i", chance(60), sub {
				act($client, $layout);
				act_often($client, $layout, between(1, 2)) if chance(25);
			});
		}
		else { act($client, $layout) }
		Checking::check($client, chance(20) ? sub { act($client, $layout) } : undef)
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
	my $layout = Checking::storm_layout($client);

	foreach (1 .. 40)
	{
		my $is = Layouts::key_number_is($layout, below(4));

		my @statements = weighted(
			[ 8, "UPDATE $layout->{name} t SET "
				. Layouts::random_set($layout) . " WHERE $is" ],
			[ 1, "DELETE FROM $layout->{name} t WHERE $is" ],
			[ 1, refill($client, $layout, 0, 4) ]);

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
	act_often($client, chance(30) ? pick(@{ $client->{layouts} }) : undef,
		between(1, 5));
	$client->finish(sub { Checking::check($client) });
	delete @$client{qw(level doing)};
	return;
}

1;
