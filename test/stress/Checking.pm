# Reads through topcache, each held against the table in one statement.

package Checking;

use strict;
use warnings FATAL => 'all';

use Chance;
use Shapes;

# A key number: half of the time one of the hot ones.
sub key_number
{
	my ($client) = @_;
	my $keys = $client->{keys};

	return below(chance(50) ? $keys / 20 : $keys);
}

sub key_numbers
{
	my ($client, $n) = @_;

	return map { key_number($client) } 1 .. $n;
}

# ---------------------------------------------------------------------------
# What is read, and what it must be
# ---------------------------------------------------------------------------

# The ways to read one key: what it is through topcache, and what from the
# table, given the parts of the key.
my %forms = (
	get => sub {
		my ($shape, @key) = @_;
		my $row = Shapes::jsonb_of_row($shape);

		return (
			"topcache.get('$shape->{name}', "
			  . Shapes::key_argument(@key) . ')',
			"(SELECT $row " . Shapes::from_where($shape, @key) . ')');
	},
	get_text => sub {
		my ($shape, @key) = @_;
		my $row = Shapes::text_of_row($shape);

		return (
			"topcache.get_text('$shape->{name}', "
			  . Shapes::key_argument(@key) . ')',
			"(SELECT $row " . Shapes::from_where($shape, @key) . ')');
	},
	select => sub {
		my ($shape, @key) = @_;
		my $row = Shapes::text_of_row($shape);

		return (
			"(SELECT $row " . Shapes::plain_from_where($shape, @key) . ')',
			"(SELECT $row " . Shapes::from_where($shape, @key) . ')');
	},
	contains => sub {
		my ($shape, @key) = @_;

		return (
			"topcache.contains('$shape->{name}', "
			  . Shapes::key_argument(@key) . ')',
			'EXISTS (SELECT ' . Shapes::from_where($shape, @key) . ')');
	},
	fetch => sub {
		my ($shape, @key) = @_;

		return (
			"topcache.fetch(NULL::$shape->{name}, "
			  . Shapes::key_argument(@key) . ')',
			'(SELECT t ' . Shapes::from_where($shape, @key) . ')');
	});

sub random_form
{
	my ($shape) = @_;

	return weighted(
		[ 40, 'get' ],
		[ 20, 'get_text' ],
		[ 40, 'select' ],
		[ 10, 'contains' ],
		[ $shape->{value} ? 0 : 40, 'fetch' ]);
}

# A table expression of keys, alias k: columns n, k1, k2 ...
sub table_of_keys
{
	my ($shape, @numbers) = @_;
	my $n = 0;
	my @rows = map
	{
		'(' . join(', ', ++$n, Shapes::key_literals($shape, $_)) . ')'
	} @numbers;

	return '(VALUES ' . join(', ', @rows) . ') k (n, '
	  . join(', ', parts($shape)) . ')';
}

# How the columns of a key are called there.
sub parts { return map { "k$_" } 1 .. @{ $_[0]{key} } }

# Every key with both answers, each asked for once.
sub comparison
{
	my ($shape, $form, @numbers) = @_;
	my ($cached, $true) = $forms{$form}->($shape, map { "k.$_" } parts($shape));

	return "SELECT n, $cached AS cached, $true AS truth FROM "
	  . table_of_keys($shape, @numbers)
	  . ' OFFSET 0';
}

# Of such a table, what differs.  Equal jsonb may look different, and equal
# text may be another value.
sub differing
{
	my ($comparison) = @_;

	return "SELECT n, cached::text, truth::text FROM ($comparison) c "
	  . 'WHERE cached IS DISTINCT FROM truth '
	  . 'OR cached::text IS DISTINCT FROM truth::text';
}

# Every key joined with its row, which a join may look up in the cache.
sub comparison_join
{
	my ($shape, @numbers) = @_;
	my ($column) = Shapes::key_columns($shape);
	my $columns = join ', ', map { "t.$_" } $shape->{value}
	  ? (Shapes::key_columns($shape), $shape->{value})
	  : Shapes::all_columns($shape);
	my @key = map { "k.$_" } parts($shape);
	my $visible = $shape->{visible} ? " AND $shape->{visible}" : '';

	return "SELECT k.n, CASE WHEN t.$column IS NOT NULL THEN "
	  . "ROW($columns)::text END AS cached, (SELECT ROW($columns)::text "
	  . Shapes::from_where($shape, @key)
	  . ') AS truth FROM '
	  . table_of_keys($shape, @numbers)
	  . " LEFT JOIN $shape->{name} t ON "
	  . Shapes::key_is($shape, @key)
	  . "$visible OFFSET 0";
}

# get_many and its like: one row per key, in order.
sub comparison_many
{
	my ($shape, $form, @numbers) = @_;
	my $keys = Shapes::key_array($shape, @numbers);
	my $of_row = $form eq 'get_many'
	  ? Shapes::jsonb_of_row($shape)
	  : Shapes::text_of_row($shape);
	my $true = "(SELECT $of_row "
	  . Shapes::from_where($shape, map { "k.$_" } parts($shape)) . ')';

	return 'SELECT coalesce(k.n, m.n) AS n, '
	  . "CASE WHEN m.n IS NULL THEN 'no row' ELSE m.value::text END AS cached, "
	  . "CASE WHEN k.n IS NULL THEN 'no key' ELSE $true\::text END AS truth FROM "
	  . table_of_keys($shape, @numbers)
	  . ' FULL JOIN (SELECT row_number() OVER () AS n, m.* '
	  . "FROM topcache.$form('$shape->{name}', $keys) m) m ON m.n = k.n OFFSET 0";
}

# The same without the join: a key is known by its text.
sub comparison_by_text
{
	my ($shape, $form, @numbers) = @_;
	my $of_row = $form eq 'get_many'
	  ? Shapes::jsonb_of_row($shape)
	  : Shapes::text_of_row($shape);
	my @key = Shapes::key_parts($shape, "m.key::$shape->{type}");

	return 'SELECT m.key AS n, m.value AS cached, '
	  . "(SELECT $of_row "
	  . Shapes::from_where($shape, @key)
	  . ") AS truth FROM topcache.$form('$shape->{name}', "
	  . Shapes::key_array($shape, @numbers)
	  . ') m OFFSET 0';
}

sub comparison_fetch_many
{
	my ($shape, @numbers) = @_;
	my $true =
	  '(SELECT t '
	  . Shapes::from_where($shape, map { "k.$_" } parts($shape)) . ')';

	return 'SELECT coalesce(k.n, m.n) AS n, '
	  . "CASE WHEN m.n IS NULL THEN 'no row' ELSE m.answer::text END AS cached, "
	  . "CASE WHEN k.n IS NULL THEN 'no key' ELSE $true\::text END AS truth FROM "
	  . table_of_keys($shape, @numbers)
	  . ' FULL JOIN (SELECT row_number() OVER () AS n, f.answer FROM '
	  . "(SELECT topcache.fetch_many(NULL::$shape->{name}, "
	  . Shapes::key_array($shape, @numbers)
	  . ') AS answer) f) m ON m.n = k.n OFFSET 0';
}

# All records of the map against all rows of the table.
sub comparison_scan
{
	my ($shape) = @_;
	my $row = Shapes::jsonb_of_row($shape);
	my $key = @{ $shape->{key} } == 1
	  ? "t.$shape->{key}[0][0]::text"
	  : 'ROW(' . join(', ', map { "t.$_" } Shapes::key_columns($shape)) . ')::text';

	return "SELECT coalesce(s.key, t.key) AS n, s.value AS cached, "
	  . "t.value AS truth FROM topcache.scan('$shape->{name}') s FULL JOIN "
	  . "(SELECT $key AS key, $row AS value FROM $shape->{name} t"
	  . ($shape->{visible} ? " WHERE $shape->{visible}" : '')
	  . ') t ON s.key = t.key OFFSET 0';
}

# ---------------------------------------------------------------------------
# Asking
# ---------------------------------------------------------------------------

# Tell what differs, if anything does.
sub judge
{
	my ($client, $shape, $what, $n, $differences, @numbers) = @_;

	$client->count('checked', $n);
	$client->count("checked by $what", $n);
	foreach my $row (@$differences)
	{
		my $at = $row->[0] // '';
		my $key = @numbers && $at =~ /^\d+$/ && $at >= 1 && $at <= @numbers
		  ? "key " . join(', ', Shapes::key_literals($shape, $numbers[ $at - 1 ]))
		  : "key $at";

		$client->count('differences');
		$client->tell('difference', $shape->{name}, "$what, "
			  . ($client->{level} // 'no transaction')
			  . ', ' . ($client->{doing} // 'checking'),
			$key, $row->[1] // 'NULL', $row->[2] // 'NULL', $client->{last});
	}
	return;
}

sub check_keys
{
	my ($client, $shape, @numbers) = @_;
	my $form = random_form($shape);

	judge($client, $shape, $form, scalar @numbers,
		$client->rows(differing(comparison($shape, $form, @numbers))),
		@numbers);
	return;
}

sub check_join
{
	my ($client, $shape, @numbers) = @_;

	judge($client, $shape, 'join', scalar @numbers,
		$client->rows(differing(comparison_join($shape, @numbers))), @numbers);
	return;
}

sub check_many
{
	my ($client, $shape, @numbers) = @_;
	my $form = pick('get_many', 'get_many_text',
		$shape->{value} ? () : 'fetch_many');
	my $comparison =
	    $form eq 'fetch_many' ? comparison_fetch_many($shape, @numbers)
	  : chance(50) ? comparison_many($shape, $form, @numbers)
	  : comparison_by_text($shape, $form, @numbers);

	judge($client, $shape, $form, scalar @numbers,
		$client->rows(differing($comparison)), @numbers);
	return;
}

# A function that reads key by key: a stable one has one snapshot for all of
# its statements, a volatile one a new one for each.
sub check_function
{
	my ($client, $shape, @numbers) = @_;
	my $function = pick('stable', 'volatile');
	my $differences = $client->rows("SELECT * FROM "
		  . "check_$shape->{name}_$function("
		  . 'ARRAY[' . join(', ', map {
			  Shapes::key_number_argument($shape, $_)
				. "::$shape->{type}" } @numbers)
		  . ']) AS c (n, cached, truth)');

	judge($client, $shape, "$function function", scalar @numbers, $differences,
		@numbers);
	return;
}

# Reads of the few keys that writers storm at, with evictions in between.
sub check_storm
{
	my ($client) = @_;
	my $shape = storm_shape($client);
	my @numbers = map { below(4) } 1 .. 20;

	judge($client, $shape, 'storm', 20 * @numbers,
		$client->rows("SELECT * FROM check_$shape->{name}_storm(ARRAY["
			  . join(', ', map {
				  Shapes::key_number_argument($shape, $_)
					. "::$shape->{type}" } @numbers)
			  . ']) AS c (n, cached, truth)'),
		@numbers);
	return;
}

# The maps that are stormed at: few, so that clients meet.
sub storm_shape
{
	my ($client) = @_;
	my $shapes = $client->{shapes};

	return $shapes->[ ($client->{seed} + $client->{phase} + below(2)) % @$shapes ];
}

# A cursor keeps its snapshot while the transaction goes on; what happens in
# between must not show.
sub check_cursor
{
	my ($client, $shape, $between, @numbers) = @_;
	my $form = random_form($shape);
	my $query = 'SELECT n, cached::text, truth::text, '
	  . 'cached IS DISTINCT FROM truth OR '
	  . 'cached::text IS DISTINCT FROM truth::text '
	  . 'FROM (' . comparison($shape, $form, @numbers) . ') c';
	my $fetched;

	$client->run("DECLARE c CURSOR FOR $query");
	do
	{
		# what it is of, for whoever looks at the statement that failed
		$fetched =
		  $client->rows('FETCH ' . between(1, 15) . " FROM c -- $query");
		judge($client, $shape, "$form in a cursor", scalar @$fetched,
			[ grep { $_->[3] } @$fetched ], @numbers);
		$between->() if chance(30);
	} while (@$fetched);
	$client->run('CLOSE c');
	return;
}

sub check_scan
{
	my ($client, $shape) = @_;

	judge($client, $shape, 'scan', 1,
		$client->rows(differing(comparison_scan($shape))));
	return;
}

sub check_verify
{
	my ($client, $shape) = @_;

	judge($client, $shape, 'verify', 1, $client->rows(
			"SELECT key, problem, '' FROM topcache.verify('$shape->{name}')"));
	return;
}

# One check of any kind on any map.
sub check
{
	my ($client, $between) = @_;
	my $shape = pick(@{ $client->{shapes} });
	my $in_transaction = defined $between;

	$between //= sub { };
	weighted(
		[ 40, sub { check_keys($client, $shape, key_numbers($client, between(1, 60))) } ],
		[ 15, sub { check_join($client, $shape, key_numbers($client, between(1, 90))) } ],
		[ 30, sub { check_many($client, $shape, key_numbers($client, between(1, 90))) } ],
		[ 20, sub { check_function($client, $shape, key_numbers($client, between(1, 40))) } ],
		[ $in_transaction ? 8 : 0, sub {
			check_cursor($client, $shape, $between,
				key_numbers($client, between(1, 60))) } ],
		[ 1, sub { check_scan($client, $shape) } ],
		[ 1, sub { check_verify($client, $shape) } ])->();
	return;
}

# ---------------------------------------------------------------------------
# Transactions that check
# ---------------------------------------------------------------------------

# What makes records come and go.
sub move_records
{
	my ($client) = @_;
	my $shape = pick(@{ $client->{shapes} });
	my $name = $shape->{name};

	$client->run(weighted(
			[ 70, "SELECT topcache.evict('$name', "
				. Shapes::key_number_argument($shape, key_number($client)) . ')' ],
			[ 10, "SELECT topcache.evict_lru('$name', " . below(50) . ')' ],
			[ 3, "SELECT topcache.evict_all('$name')" ],
			[ 1, 'SELECT topcache.evict_all()' ],
			[ 8, "SELECT topcache.hydrate('$name')" ],
			[ 8, "SELECT topcache.hydrate('$name', " . below(200) . ')' ]));
	$client->count('evictions and hydrations');
	return;
}

sub begin
{
	my ($client, $level) = @_;

	$client->{level} = $level;
	$client->run("BEGIN ISOLATION LEVEL $level");
	return;
}

# As whom, and how, a transaction reads.
sub random_settings
{
	my ($client) = @_;

	$client->run('SET LOCAL ROLE stress_reader') if chance(15);
	$client->run("SET LOCAL $client->{parallel} = on") if chance(10);
	$client->run('SET LOCAL plan_cache_mode = '
		  . pick('force_generic_plan', 'force_custom_plan'))
	  if chance(20);
	$client->run('SET LOCAL enable_indexscan = off') if chance(5);
	return;
}

sub checks_at
{
	my ($client, $level) = @_;

	begin($client, $level);
	random_settings($client);
	check($client, sub { check($client) }) foreach 1 .. between(1, 8);
	$client->run('COMMIT');
	delete $client->{level};
	return;
}

# Read under the snapshot of another session, which may meanwhile end.
sub checks_imported
{
	my ($client) = @_;
	my $level = pick('REPEATABLE READ', 'REPEATABLE READ', 'SERIALIZABLE');
	my $snapshot;

	$client->run_aux("BEGIN ISOLATION LEVEL $level");
	($snapshot) =
	  $client->{aux}->selectrow_array('SELECT pg_export_snapshot()');
	check($client) foreach 1 .. between(0, 2);
	begin($client, $level);
	$client->{level} .= ', imported snapshot';
	$client->run("SET TRANSACTION SNAPSHOT '$snapshot'");
	$client->run_aux('COMMIT');
	check($client, sub { check($client) }) foreach 1 .. between(1, 6);
	$client->run('COMMIT');
	delete $client->{level};
	return;
}

sub transaction
{
	my ($client) = @_;

	weighted(
		[ 35, sub { check($client) } ],
		[ 10, sub { check_storm($client) } ],
		[ 15, sub { checks_at($client, 'READ COMMITTED') } ],
		[ 25, sub { checks_at($client, 'REPEATABLE READ') } ],
		[ 4, sub { checks_at($client, 'SERIALIZABLE') } ],
		[ 10, sub { checks_imported($client) } ],
		[ 6, sub { move_records($client) } ])->();
	return;
}

1;
