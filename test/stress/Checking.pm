# Reads through topcache, each held against the table in one statement.

package Checking;

use strict;
use warnings FATAL => 'all';

use Chance;
use Layouts;

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
		my ($layout, @key) = @_;
		my $row = Layouts::jsonb_of_row($layout);

		return (
			"topcache.get('$layout->{name}', "
			  . Layouts::key_argument(@key) . ')',
			"(SELECT $row " . Layouts::from_where($layout, @key) . ')');
	},
	get_text => sub {
		my ($layout, @key) = @_;
		my $row = Layouts::text_of_row($layout);

		return (
			"topcache.get_text('$layout->{name}', "
			  . Layouts::key_argument(@key) . ')',
			"(SELECT $row " . Layouts::from_where($layout, @key) . ')');
	},
	select => sub {
		my ($layout, @key) = @_;
		my $row = Layouts::text_of_row($layout);

		return (
			"(SELECT $row " . Layouts::plain_from_where($layout, @key) . ')',
			"(SELECT $row " . Layouts::from_where($layout, @key) . ')');
	},
	contains => sub {
		my ($layout, @key) = @_;

		return (
			"topcache.contains('$layout->{name}', "
			  . Layouts::key_argument(@key) . ')',
			'EXISTS (SELECT ' . Layouts::from_where($layout, @key) . ')');
	},
	fetch => sub {
		my ($layout, @key) = @_;

		return (
			"topcache.fetch(NULL::$layout->{name}, "
			  . Layouts::key_argument(@key) . ')',
			'(SELECT t ' . Layouts::from_where($layout, @key) . ')');
	});

sub random_form
{
	my ($layout) = @_;

	return weighted(
		[ 40, 'get' ],
		[ 20, 'get_text' ],
		[ 40, 'select' ],
		[ 10, 'contains' ],
		[ $layout->{value} ? 0 : 40, 'fetch' ]);
}

# A table expression of keys, alias k: columns n, k1, k2 ...
sub table_of_keys
{
	my ($layout, @numbers) = @_;
	my $n = 0;
	my @rows = map
	{
		'(' . join(', ', ++$n, Layouts::key_literals($layout, $_)) . ')'
	} @numbers;

	return '(VALUES ' . join(', ', @rows) . ') k (n, '
	  . join(', ', parts($layout)) . ')';
}

# How the columns of a key are called there.
sub parts { return map { "k$_" } 1 .. @{ $_[0]{key} } }

# Every key with both answers, each asked for once.
sub comparison
{
	my ($layout, $form, @numbers) = @_;
	my ($cached, $true) = $forms{$form}->($layout, map { "k.$_" } parts($layout));

	return "SELECT n, $cached AS cached, $true AS truth FROM "
	  . table_of_keys($layout, @numbers)
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
	my ($layout, @numbers) = @_;
	my ($column) = Layouts::key_columns($layout);
	my $columns = join ', ', map { "t.$_" } $layout->{value}
	  ? (Layouts::key_columns($layout), $layout->{value})
	  : Layouts::all_columns($layout);
	my @key = map { "k.$_" } parts($layout);
	my $visible = $layout->{visible} ? " AND $layout->{visible}" : '';

	return "SELECT k.n, CASE WHEN t.$column IS NOT NULL THEN "
	  . "ROW($columns)::text END AS cached, (SELECT ROW($columns)::text "
	  . Layouts::from_where($layout, @key)
	  . ') AS truth FROM '
	  . table_of_keys($layout, @numbers)
	  . " LEFT JOIN $layout->{name} t ON "
	  . Layouts::key_is($layout, @key)
	  . "$visible OFFSET 0";
}

# get_many and its like: one row per key, in order.
sub comparison_many
{
	my ($layout, $form, @numbers) = @_;
	my $keys = Layouts::key_array($layout, @numbers);
	my $of_row = $form eq 'get_many'
	  ? Layouts::jsonb_of_row($layout)
	  : Layouts::text_of_row($layout);
	my $true = "(SELECT $of_row "
	  . Layouts::from_where($layout, map { "k.$_" } parts($layout)) . ')';

	return 'SELECT coalesce(k.n, m.n) AS n, '
	  . "CASE WHEN m.n IS NULL THEN 'no row' ELSE m.value::text END AS cached, "
	  . "CASE WHEN k.n IS NULL THEN 'no key' ELSE $true\::text END AS truth FROM "
	  . table_of_keys($layout, @numbers)
	  . ' FULL JOIN (SELECT row_number() OVER () AS n, m.* '
	  . "FROM topcache.$form('$layout->{name}', $keys) m) m ON m.n = k.n OFFSET 0";
}

# The same without the join: a key is known by its text.
sub comparison_by_text
{
	my ($layout, $form, @numbers) = @_;
	my $of_row = $form eq 'get_many'
	  ? Layouts::jsonb_of_row($layout)
	  : Layouts::text_of_row($layout);
	my @key = Layouts::key_parts($layout, "m.key::$layout->{type}");

	return 'SELECT m.key AS n, m.value AS cached, '
	  . "(SELECT $of_row "
	  . Layouts::from_where($layout, @key)
	  . ") AS truth FROM topcache.$form('$layout->{name}', "
	  . Layouts::key_array($layout, @numbers)
	  . ') m OFFSET 0';
}

sub comparison_fetch_many
{
	my ($layout, @numbers) = @_;
	my $true =
	  '(SELECT t '
	  . Layouts::from_where($layout, map { "k.$_" } parts($layout)) . ')';

	return 'SELECT coalesce(k.n, m.n) AS n, '
	  . "CASE WHEN m.n IS NULL THEN 'no row' ELSE m.answer::text END AS cached, "
	  . "CASE WHEN k.n IS NULL THEN 'no key' ELSE $true\::text END AS truth FROM "
	  . table_of_keys($layout, @numbers)
	  . ' FULL JOIN (SELECT row_number() OVER () AS n, f.answer FROM '
	  . "(SELECT topcache.fetch_many(NULL::$layout->{name}, "
	  . Layouts::key_array($layout, @numbers)
	  . ') AS answer) f) m ON m.n = k.n OFFSET 0';
}

# All records of the map against all rows of the table.
sub comparison_scan
{
	my ($layout) = @_;
	my $row = Layouts::jsonb_of_row($layout);
	my $key = @{ $layout->{key} } == 1
	  ? "t.$layout->{key}[0][0]::text"
	  : 'ROW(' . join(', ', map { "t.$_" } Layouts::key_columns($layout)) . ')::text';

	return "SELECT coalesce(s.key, t.key) AS n, s.value AS cached, "
	  . "t.value AS truth FROM topcache.scan('$layout->{name}') s FULL JOIN "
	  . "(SELECT $key AS key, $row AS value FROM $layout->{name} t"
	  . ($layout->{visible} ? " WHERE $layout->{visible}" : '')
	  . ') t ON s.key = t.key OFFSET 0';
}

# ---------------------------------------------------------------------------
# Asking
# ---------------------------------------------------------------------------

# Tell what differs, if anything does.
sub judge
{
	my ($client, $layout, $what, $n, $differences, @numbers) = @_;

	$client->count('checked', $n);
	$client->count("checked by $what", $n);
	foreach my $row (@$differences)
	{
		my $at = $row->[0] // '';
		my $key = @numbers && $at =~ /^\d+$/ && $at >= 1 && $at <= @numbers
		  ? "key " . join(', ', Layouts::key_literals($layout, $numbers[ $at - 1 ]))
		  : "key $at";

		$client->count('differences');
		$client->tell('difference', $layout->{name}, "$what, "
			  . ($client->{level} // 'no transaction')
			  . ', ' . ($client->{doing} // 'checking'),
			$key, $row->[1] // 'NULL', $row->[2] // 'NULL', $client->{last});
	}
	return;
}

sub check_keys
{
	my ($client, $layout, @numbers) = @_;
	my $form = random_form($layout);

	judge($client, $layout, $form, scalar @numbers,
		$client->rows(differing(comparison($layout, $form, @numbers))),
		@numbers);
	return;
}

sub check_join
{
	my ($client, $layout, @numbers) = @_;

	judge($client, $layout, 'join', scalar @numbers,
		$client->rows(differing(comparison_join($layout, @numbers))), @numbers);
	return;
}

sub check_many
{
	my ($client, $layout, @numbers) = @_;
	my $form = pick('get_many', 'get_many_text',
		$layout->{value} ? () : 'fetch_many');
	my $comparison =
	    $form eq 'fetch_many' ? comparison_fetch_many($layout, @numbers)
	  : chance(50) ? comparison_many($layout, $form, @numbers)
	  : comparison_by_text($layout, $form, @numbers);

	judge($client, $layout, $form, scalar @numbers,
		$client->rows(differing($comparison)), @numbers);
	return;
}

# A function that reads key by key: a stable one has one snapshot for all of
# its statements, a volatile one a new one for each.
sub check_function
{
	my ($client, $layout, @numbers) = @_;
	my $function = pick('stable', 'volatile');
	my $differences = $client->rows("SELECT * FROM "
		  . "check_$layout->{name}_$function("
		  . 'ARRAY[' . join(', ', map {
			  Layouts::key_number_argument($layout, $_)
				. "::$layout->{type}" } @numbers)
		  . ']) AS c (n, cached, truth)');

	judge($client, $layout, "$function function", scalar @numbers, $differences,
		@numbers);
	return;
}

# Reads of the few keys that writers storm at, with evictions in between.
sub check_storm
{
	my ($client) = @_;
	my $layout = storm_layout($client);
	my @numbers = map { below(4) } 1 .. 20;

	judge($client, $layout, 'storm', 20 * @numbers,
		$client->rows("SELECT * FROM check_$layout->{name}_storm(ARRAY["
			  . join(', ', map {
				  Layouts::key_number_argument($layout, $_)
					. "::$layout->{type}" } @numbers)
			  . ']) AS c (n, cached, truth)'),
		@numbers);
	return;
}

# The maps that are stormed at: few, so that clients meet.
sub storm_layout
{
	my ($client) = @_;
	my $layouts = $client->{layouts};

	return $layouts->[ ($client->{seed} + $client->{phase} + below(2)) % @$layouts ];
}

# A cursor keeps its snapshot while the transaction goes on; what happens in
# between must not show.
sub check_cursor
{
	my ($client, $layout, $between, @numbers) = @_;
	my $form = random_form($layout);
	my $query = 'SELECT n, cached::text, truth::text, '
	  . 'cached IS DISTINCT FROM truth OR '
	  . 'cached::text IS DISTINCT FROM truth::text '
	  . 'FROM (' . comparison($layout, $form, @numbers) . ') c';
	my $fetched;

	$client->run("DECLARE c CURSOR FOR $query");
	do
	{
		# what it is of, for whoever looks at the statement that failed
		$fetched =
		  $client->rows('FETCH ' . between(1, 15) . " FROM c -- $query");
		judge($client, $layout, "$form in a cursor", scalar @$fetched,
			[ grep { $_->[3] } @$fetched ], @numbers);
		$between->() if chance(30);
	} while (@$fetched);
	$client->run('CLOSE c');
	return;
}

sub check_scan
{
	my ($client, $layout) = @_;

	judge($client, $layout, 'scan', 1,
		$client->rows(differing(comparison_scan($layout))));
	return;
}

sub check_verify
{
	my ($client, $layout) = @_;

	judge($client, $layout, 'verify', 1, $client->rows(
			"SELECT key, problem, '' FROM topcache.verify('$layout->{name}')"));
	return;
}

# One check of any kind on any map.
sub check
{
	my ($client, $between) = @_;
	my $layout = pick(@{ $client->{layouts} });
	my $in_transaction = defined $between;

	$between //= sub { };
	weighted(
		[ 40, sub { check_keys($client, $layout, key_numbers($client, between(1, 60))) } ],
		[ 15, sub { check_join($client, $layout, key_numbers($client, between(1, 90))) } ],
		[ 30, sub { check_many($client, $layout, key_numbers($client, between(1, 90))) } ],
		[ 20, sub { check_function($client, $layout, key_numbers($client, between(1, 40))) } ],
		[ $in_transaction ? 8 : 0, sub {
			check_cursor($client, $layout, $between,
				key_numbers($client, between(1, 60))) } ],
		[ 1, sub { check_scan($client, $layout) } ],
		[ 1, sub { check_verify($client, $layout) } ])->();
	return;
}

# ---------------------------------------------------------------------------
# Transactions that check
# ---------------------------------------------------------------------------

# What makes records come and go.
sub move_records
{
	my ($client) = @_;
	my $layout = pick(@{ $client->{layouts} });
	my $name = $layout->{name};

	$client->run(weighted(
			[ 70, "SELECT topcache.evict('$name', "
				. Layouts::key_number_argument($layout, key_number($client)) . ')' ],
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
