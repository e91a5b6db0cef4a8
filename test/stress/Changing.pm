# Transactions that change what the tables are, and end other sessions.

package Changing;

use strict;
use warnings FATAL => 'all';

use Chance;
use Checking;
use Client;
use Layouts;
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

# Each takes the client and the layout, and may write in between.
my @changes = (
	[ 10, 'add column', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{routed} // $layout->{name};
		$client->run("ALTER TABLE $name ADD COLUMN IF NOT EXISTS extra_"
			  . pick('a', 'b', 'c') . pick(' int', ' text', ' int DEFAULT 7',
				" text DEFAULT 'seven'", ' int NOT NULL DEFAULT 8',
				' timestamptz DEFAULT clock_timestamp()'));
	} ],
	[ 6, 'drop column', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{routed} // $layout->{name};
		$client->run("ALTER TABLE $name DROP COLUMN IF EXISTS extra_"
			  . pick('a', 'b', 'c'));
	} ],
	[ 4, 'rename column', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{routed} // $layout->{name};
		my ($from, $to) = @{ pick([ 'a', 'b' ], [ 'b', 'c' ], [ 'c', 'a' ]) };
		$client->run(
			"ALTER TABLE $name DROP COLUMN IF EXISTS extra_$to",
			"ALTER TABLE $name ADD COLUMN IF NOT EXISTS extra_$from int",
			"ALTER TABLE $name RENAME extra_$from TO extra_$to");
	} ],
	[ 3, 'set default', sub {
		my ($client, $layout) = @_;
		my $column = $layout->{columns}[-1][0];
		$client->run("ALTER TABLE $layout->{name} ALTER $column "
			  . (chance(50) ? 'SET DEFAULT NULL' : 'DROP DEFAULT'));
	} ],
	[ 8, 'retype', sub {
		my ($client, $layout) = @_;
		my @ways = (
			$layout->{can}{retype} ? (
				'n TYPE bigint USING n::bigint', 'n TYPE int USING n::int',
				'n TYPE numeric USING n::numeric', 'n TYPE text USING n::text',
				'note TYPE varchar(200)', 'note TYPE text',
				'note TYPE varchar(100)', 'body TYPE varchar', 'body TYPE text'
			) : (),
			$layout->{can}{varvalue}
			? ('value TYPE varchar', 'value TYPE text') : (),
			$layout->{can}{varkey} ? ('key TYPE varchar', 'key TYPE text') : ());
		$client->run("ALTER TABLE $layout->{name} ALTER COLUMN " . pick(@ways))
		  if @ways;
	} ],
	[ 5, 'triggers off and on', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		$client->run("ALTER TABLE $name DISABLE TRIGGER "
			  . pick('ALL', 'USER', 'topcache_row_changed'));
		Writing::act($client, $layout) foreach 1 .. between(1, 3);
		Checking::check_keys($client, $layout,
			Checking::key_numbers($client, 10));
		$client->run(triggers_on($name));
	} ],
	[ 2, 'guard not always', sub {
		my ($client, $layout) = @_;
		$client->run("ALTER TABLE $layout->{name} ENABLE "
			  . pick('', 'REPLICA ') . 'TRIGGER topcache_row_changed');
		Writing::act($client, $layout) if chance(50);
		$client->run(guards_on($layout->{name}));
	} ],
	[ 5, 'detach and attach', sub {
		my ($client, $layout) = @_;

		# a table that was attached gives its records no time to live
		return if $layout->{can}{ttl};
		$client->run("DROP TABLE IF EXISTS $layout->{name}_heir",
			"SELECT topcache.detach('$layout->{name}')");
		Writing::update_one($client, $layout);
		$client->run(attach($layout));
	} ],
	[ 3, 'new primary key', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		return if !$layout->{can}{rekey};
		$client->run("ALTER TABLE $name DROP CONSTRAINT ${name}_pkey");
		Writing::update_one($client, $layout);
		$client->run("ALTER TABLE $name ADD PRIMARY KEY ("
			  . join(', ', Layouts::key_columns($layout)) . ')');
	} ],
	[ 3, 'rename', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		$client->run("ALTER TABLE $name RENAME TO stress_renamed");
		$client->run("DELETE FROM stress_renamed t WHERE "
			  . Layouts::key_number_is($layout, Writing::key_number($client)));
		$client->run("ALTER TABLE stress_renamed RENAME TO $name");
	} ],
	[ 3, 'set schema', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		$client->run("ALTER TABLE $name SET SCHEMA elsewhere",
			"DELETE FROM elsewhere.$name t WHERE "
			  . Layouts::key_number_is($layout, Writing::key_number($client)),
			"ALTER TABLE elsewhere.$name SET SCHEMA public");
	} ],
	[ 2, 'owner', sub {
		my ($client, $layout) = @_;
		$client->run("ALTER TABLE $layout->{name} OWNER TO stress_reader");
		Writing::act($client, $layout);
		$client->run("ALTER TABLE $layout->{name} OWNER TO CURRENT_USER",
			"GRANT ALL ON $layout->{name} TO stress_reader");
	} ],
	[ 2, 'logged and unlogged', sub {
		my ($client, $layout) = @_;
		return if !$layout->{can}{unlog};
		$client->run("ALTER TABLE $layout->{name} SET "
			  . pick('LOGGED', 'UNLOGGED'));
	} ],
	[ 4, 'row security', sub {
		my ($client, $layout) = @_;
		$client->run("ALTER TABLE $layout->{name} "
			  . pick('ENABLE', 'DISABLE', 'DISABLE') . ' ROW LEVEL SECURITY');
	} ],
	[ 3, 'partition out and in', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		my $side = $name eq 'part_0' ? 0 : 1;
		return if !$layout->{routed};
		$client->run("ALTER TABLE $layout->{routed} DETACH PARTITION $name");
		Writing::update_one($client, { %$layout, routed => undef });
		$client->run("ALTER TABLE $layout->{routed} ATTACH PARTITION $name "
			  . "FOR VALUES IN ($side)");
	} ],
	[ 3, 'heirs', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		return if !$layout->{can}{heirs};
		$client->run("DROP TABLE IF EXISTS ${name}_heir");
		return if chance(50);
		$client->run("CREATE TABLE ${name}_heir () INHERITS ($name)",
			"INSERT INTO ${name}_heir (" . Writing::columns($layout) . ') VALUES ('
			  . join(', ', Layouts::random_row($layout, 2000000))
			  . ')');
	} ],
	[ 4, 'create and drop index', sub {
		my ($client, $layout) = @_;
		$client->run("CREATE INDEX IF NOT EXISTS $layout->{name}_extra ON "
			  . "$layout->{name} (" . (Layouts::key_columns($layout))[0] . ')');
		$client->run("DROP INDEX $layout->{name}_extra") if chance(50);
	} ],
	[ 3, 'truncate', \&Writing::truncate_refill ],
	[ 2, 'drop and create anew', sub {
		my ($client, $layout) = @_;
		my $name = $layout->{name};
		return if $name ne 'nums';
		$client->run("CREATE TABLE anew (LIKE $name INCLUDING DEFAULTS)",
			"INSERT INTO anew SELECT * FROM $name",
			"DROP TABLE $name", "ALTER TABLE anew RENAME TO $name",
			"ALTER TABLE $name ADD PRIMARY KEY ("
			  . join(', ', Layouts::key_columns($layout)) . ')',
			policy($layout), "GRANT ALL ON $name TO stress_reader",
			attach($layout));
	} ]);

sub attach
{
	my ($layout) = @_;

	return $layout->{attach}
	  // "SELECT topcache.attach('$layout->{name}', value => '$layout->{value}')";
}

# What the other role may see while row security is on.
sub policy
{
	my ($layout) = @_;

	# the type of a column that a policy names cannot be changed
	my $column = $layout->{can}{varkey}
	  ? $layout->{value}
	  : (Layouts::key_columns($layout))[0];

	return "CREATE POLICY most ON $layout->{name} "
	  . "USING (length($column\::text) % 2 = 0)";
}

# ---------------------------------------------------------------------------
# Commands that are transactions of their own
# ---------------------------------------------------------------------------

sub command
{
	my ($layout) = @_;
	my $name = $layout->{name};

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
			. (Layouts::key_columns($layout))[0] . ')' ],
		[ 1, "DROP INDEX CONCURRENTLY IF EXISTS ${name}_other" ],
		[ 1, 'CHECKPOINT' ]);
}

sub run_command
{
	my ($client) = @_;
	my $layout = pick(@{ $client->{layouts} });
	my $command = command($layout);

	$client->count('commands') if $client->try(sub { $client->run($command) });
	die "lost\n" if $client->{lost};
	# whatever came of it, every row that is there is whole
	$client->run("SELECT sum(length(t::text)) FROM $layout->{name} t")
	  if $command =~ /^(CLUSTER|VACUUM FULL)/;
	return;
}

# The triggers are off for a while, and on again, each committed: what is
# written in between the cache does not see.
sub triggers_off_for_a_while
{
	my ($client) = @_;
	my $layout = pick(@{ $client->{layouts} });

	$client->run("ALTER TABLE $layout->{name} DISABLE TRIGGER ALL");
	foreach (1 .. between(1, 3))
	{
		$client->within_transaction(
			sub { Writing::act($client, $layout) });
		Checking::check_keys($client, $layout,
			Checking::key_numbers($client, 20));
	}
	foreach (1 .. 10)
	{
		last
		  if $client->within_transaction(
			  sub { $client->run(triggers_on($layout->{name})) });
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
	my $layout = pick(@{ $client->{layouts} });
	my $change = weighted(map { [ $_->[0], $_ ] } @changes);

	Checking::begin($client, chance(80) ? 'READ COMMITTED' : 'REPEATABLE READ');
	Writing::act($client, $layout) if chance(30);
	$client->{doing} = "after $change->[1]";
	if (chance(20))
	{
		$client->within_savepoint('ddl', chance(50),
			sub { $change->[2]->($client, $layout) });
	}
	else { $change->[2]->($client, $layout) }
	$client->count($change->[1]);
	Writing::act($client, $layout) if chance(30);
	Checking::check_keys($client, $layout, Checking::key_numbers($client, 20))
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
