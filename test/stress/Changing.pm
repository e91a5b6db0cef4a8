# Transactions that change what the tables are, and end other sessions.

package Changing;

use strict;
use warnings FATAL => 'all';

use Chance;
use Checking;
use Client;
use Shapes;
use Writing;

# ---------------------------------------------------------------------------
# Changes of a table within a transaction
# ---------------------------------------------------------------------------

sub guards_on
{
	my ($name) = @_;

	return map { "ALTER TABLE $name ENABLE ALWAYS TRIGGER $_" }
	  qw(topcache_row_changed topcache_table_truncated);
}

# Make the triggers what they were, whatever they are.
sub triggers_on
{
	my ($name) = @_;

	return ("ALTER TABLE $name ENABLE TRIGGER ALL", guards_on($name));
}

# Each takes the client and the shape, and may write in between.
my @changes = (
	[ 10, 'add column', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{routed} // $shape->{name};
		$client->run("ALTER TABLE $name ADD COLUMN IF NOT EXISTS extra_"
			  . pick('a', 'b', 'c') . pick(' int', ' text', ' int DEFAULT 7',
				" text DEFAULT 'seven'", ' int NOT NULL DEFAULT 8',
				' timestamptz DEFAULT clock_timestamp()'));
	} ],
	[ 6, 'drop column', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{routed} // $shape->{name};
		$client->run("ALTER TABLE $name DROP COLUMN IF EXISTS extra_"
			  . pick('a', 'b', 'c'));
	} ],
	[ 4, 'rename column', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{routed} // $shape->{name};
		my ($from, $to) = @{ pick([ 'a', 'b' ], [ 'b', 'c' ], [ 'c', 'a' ]) };
		$client->run(
			"ALTER TABLE $name DROP COLUMN IF EXISTS extra_$to",
			"ALTER TABLE $name ADD COLUMN IF NOT EXISTS extra_$from int",
			"ALTER TABLE $name RENAME extra_$from TO extra_$to");
	} ],
	[ 3, 'set default', sub {
		my ($client, $shape) = @_;
		my $column = $shape->{columns}[-1][0];
		$client->run("ALTER TABLE $shape->{name} ALTER $column "
			  . (chance(50) ? 'SET DEFAULT NULL' : 'DROP DEFAULT'));
	} ],
	[ 8, 'retype', sub {
		my ($client, $shape) = @_;
		my @ways = (
			$shape->{can}{retype} ? (
				'n TYPE bigint USING n::bigint', 'n TYPE int USING n::int',
				'n TYPE numeric USING n::numeric', 'n TYPE text USING n::text',
				'note TYPE varchar(200)', 'note TYPE text',
				'note TYPE varchar(100)', 'body TYPE varchar', 'body TYPE text'
			) : (),
			$shape->{can}{varvalue}
			? ('value TYPE varchar', 'value TYPE text') : (),
			$shape->{can}{varkey} ? ('key TYPE varchar', 'key TYPE text') : ());
		$client->run("ALTER TABLE $shape->{name} ALTER COLUMN " . pick(@ways))
		  if @ways;
	} ],
	[ 5, 'triggers off and on', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		$client->run("ALTER TABLE $name DISABLE TRIGGER "
			  . pick('ALL', 'USER', 'topcache_row_changed'));
		Writing::act($client, $shape) foreach 1 .. between(1, 3);
		Checking::check_keys($client, $shape,
			Checking::key_numbers($client, 10));
		$client->run(triggers_on($name));
	} ],
	[ 2, 'guard not always', sub {
		my ($client, $shape) = @_;
		$client->run("ALTER TABLE $shape->{name} ENABLE "
			  . pick('', 'REPLICA ') . 'TRIGGER topcache_row_changed');
		Writing::act($client, $shape) if chance(50);
		$client->run(guards_on($shape->{name}));
	} ],
	[ 5, 'detach and attach', sub {
		my ($client, $shape) = @_;

		# a table that was attached gives its records no time to live
		return if $shape->{can}{ttl};
		$client->run("DROP TABLE IF EXISTS $shape->{name}_heir",
			"SELECT topcache.detach('$shape->{name}')");
		Writing::update_one($client, $shape);
		$client->run(attach($shape));
	} ],
	[ 3, 'new primary key', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		return if !$shape->{can}{rekey};
		$client->run("ALTER TABLE $name DROP CONSTRAINT ${name}_pkey");
		Writing::update_one($client, $shape);
		$client->run("ALTER TABLE $name ADD PRIMARY KEY ("
			  . join(', ', Shapes::key_columns($shape)) . ')');
	} ],
	[ 3, 'rename', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		$client->run("ALTER TABLE $name RENAME TO stress_renamed");
		$client->run("DELETE FROM stress_renamed t WHERE "
			  . Shapes::key_number_is($shape, Writing::key_number($client)));
		$client->run("ALTER TABLE stress_renamed RENAME TO $name");
	} ],
	[ 3, 'set schema', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		$client->run("ALTER TABLE $name SET SCHEMA elsewhere",
			"DELETE FROM elsewhere.$name t WHERE "
			  . Shapes::key_number_is($shape, Writing::key_number($client)),
			"ALTER TABLE elsewhere.$name SET SCHEMA public");
	} ],
	[ 2, 'owner', sub {
		my ($client, $shape) = @_;
		$client->run("ALTER TABLE $shape->{name} OWNER TO stress_reader");
		Writing::act($client, $shape);
		$client->run("ALTER TABLE $shape->{name} OWNER TO CURRENT_USER",
			"GRANT ALL ON $shape->{name} TO stress_reader");
	} ],
	[ 2, 'logged and unlogged', sub {
		my ($client, $shape) = @_;
		return if !$shape->{can}{unlog};
		$client->run("ALTER TABLE $shape->{name} SET "
			  . pick('LOGGED', 'UNLOGGED'));
	} ],
	[ 4, 'row security', sub {
		my ($client, $shape) = @_;
		$client->run("ALTER TABLE $shape->{name} "
			  . pick('ENABLE', 'DISABLE', 'DISABLE') . ' ROW LEVEL SECURITY');
	} ],
	[ 3, 'partition out and in', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		my $side = $name eq 'part_0' ? 0 : 1;
		return if !$shape->{routed};
		$client->run("ALTER TABLE $shape->{routed} DETACH PARTITION $name");
		Writing::update_one($client, { %$shape, routed => undef });
		$client->run("ALTER TABLE $shape->{routed} ATTACH PARTITION $name "
			  . "FOR VALUES IN ($side)");
	} ],
	[ 3, 'heirs', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		return if !$shape->{can}{heirs};
		$client->run("DROP TABLE IF EXISTS ${name}_heir");
		return if chance(50);
		$client->run("CREATE TABLE ${name}_heir () INHERITS ($name)",
			"INSERT INTO ${name}_heir (" . Writing::columns($shape) . ') VALUES ('
			  . join(', ', Shapes::random_row($shape, 2000000))
			  . ')');
	} ],
	[ 4, 'create and drop index', sub {
		my ($client, $shape) = @_;
		$client->run("CREATE INDEX IF NOT EXISTS $shape->{name}_extra ON "
			  . "$shape->{name} (" . (Shapes::key_columns($shape))[0] . ')');
		$client->run("DROP INDEX $shape->{name}_extra") if chance(50);
	} ],
	[ 3, 'truncate', \&Writing::truncate_refill ],
	[ 2, 'drop and create anew', sub {
		my ($client, $shape) = @_;
		my $name = $shape->{name};
		return if $name ne 'nums';
		$client->run("CREATE TABLE anew (LIKE $name INCLUDING DEFAULTS)",
			"INSERT INTO anew SELECT * FROM $name",
			"DROP TABLE $name", "ALTER TABLE anew RENAME TO $name",
			"ALTER TABLE $name ADD PRIMARY KEY ("
			  . join(', ', Shapes::key_columns($shape)) . ')',
			policy($shape), "GRANT ALL ON $name TO stress_reader",
			attach($shape));
	} ]);

sub attach
{
	my ($shape) = @_;

	return $shape->{attach}
	  // "SELECT topcache.attach('$shape->{name}', value => '$shape->{value}')";
}

# What the other role may see while row security is on.
sub policy
{
	my ($shape) = @_;

	# the type of a column that a policy names cannot be changed
	my $column = $shape->{can}{varkey}
	  ? $shape->{value}
	  : (Shapes::key_columns($shape))[0];

	return "CREATE POLICY most ON $shape->{name} "
	  . "USING (length($column\::text) % 2 = 0)";
}

# ---------------------------------------------------------------------------
# Commands that are transactions of their own
# ---------------------------------------------------------------------------

sub command
{
	my ($shape) = @_;
	my $name = $shape->{name};

	return weighted(
		[ 3, "VACUUM FULL $name" ],
		[ 3, "CLUSTER $name USING "
			. ($name eq 'codes' ? 'codes_code_key' : "${name}_pkey") ],
		[ 6, "VACUUM $name" ],
		[ 3, "VACUUM (FREEZE, INDEX_CLEANUP on) $name" ],
		[ 3, "ANALYZE $name" ],
		[ 3, "REINDEX TABLE $name" ],
		[ 3, "REINDEX TABLE CONCURRENTLY $name" ],
		[ 1, "CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name}_other ON $name ("
			. (Shapes::key_columns($shape))[0] . ')' ],
		[ 1, "DROP INDEX CONCURRENTLY IF EXISTS ${name}_other" ],
		[ 1, 'CHECKPOINT' ]);
}

sub run_command
{
	my ($client) = @_;
	my $shape = pick(@{ $client->{shapes} });
	my $command = command($shape);

	$client->count('commands') if $client->try(sub { $client->run($command) });
	die "lost\n" if $client->{lost};
	# whatever came of it, every row that is there is whole
	$client->run("SELECT sum(length(t::text)) FROM $shape->{name} t")
	  if $command =~ /^(CLUSTER|VACUUM FULL)/;
	return;
}

# The triggers are off for a while, and on again, each committed: what is
# written in between the cache does not see.
sub triggers_off_for_a_while
{
	my ($client) = @_;
	my $shape = pick(@{ $client->{shapes} });

	$client->run("ALTER TABLE $shape->{name} DISABLE TRIGGER ALL");
	foreach (1 .. between(1, 3))
	{
		$client->within_transaction(
			sub { Writing::act($client, $shape) });
		Checking::check_keys($client, $shape,
			Checking::key_numbers($client, 20));
	}
	foreach (1 .. 10)
	{
		last
		  if $client->within_transaction(
			  sub { $client->run(triggers_on($shape->{name})) });
	}
	$client->count('triggers off for a while');
	return;
}

# End another client's session, or one of this one's.
sub terminate
{
	my ($client) = @_;
	my $victim = Client::name_of(between(1, $client->{clients}))
	  . (chance(30) ? '-aux' : '');

	$client->run('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
		  . "WHERE application_name = '$victim'");
	$client->count('terminations');
	return;
}

# ---------------------------------------------------------------------------
# Transactions
# ---------------------------------------------------------------------------

sub change_table
{
	my ($client) = @_;
	my $shape = pick(@{ $client->{shapes} });
	my $change = weighted(map { [ $_->[0], $_ ] } @changes);

	Checking::begin($client, chance(80) ? 'READ COMMITTED' : 'REPEATABLE READ');
	Writing::act($client, $shape) if chance(30);
	$client->{doing} = "after $change->[1]";
	if (chance(20))
	{
		$client->within_savepoint('ddl', chance(50),
			sub { $change->[2]->($client, $shape) });
	}
	else { $change->[2]->($client, $shape) }
	$client->count($change->[1]);
	Writing::act($client, $shape) if chance(30);
	Checking::check_keys($client, $shape, Checking::key_numbers($client, 20))
	  if chance(50);
	$client->finish(sub { Checking::check($client) });
	delete @$client{qw(level doing)};
	return;
}

# Most of the time this client writes as the others do, so that the cache
# has time to fill.
sub transaction
{
	my ($client) = @_;

	weighted(
		[ 60, sub { Writing::transaction($client) } ],
		[ 20, sub { change_table($client) } ],
		[ 10, sub { run_command($client) } ],
		[ 3, sub { triggers_off_for_a_while($client) } ],
		[ 1.5, sub { terminate($client) } ])->();
	return;
}

1;
