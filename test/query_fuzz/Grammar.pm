# Random statements, as trees.
#
# A node is a hash whose "t" says what it is; Render.pm turns it into SQL.  A
# column is referred to by the alias of what it comes from, and aliases are
# never used twice in a case.  What refers to something that is not there any
# more is rendered as a NULL of its type, so that Shrink.pm may take any part
# away.
#
# Everything is made so that PostgreSQL leaves no choice of the result: LIMIT
# has an order of all columns, what is grouped and sorted has one form for
# equal values, nothing fails depending on the order of conditions.
#
# A scope is a list of hashes, the innermost first: alias => what it gives.

package Grammar;

use strict;
use warnings FATAL => 'all';

use Chance;
use Field;

# Of the case that is being made.
my ($counter, $features, %ctes);

our $version = 150000;

sub feature { $features->{ $_[0] } = 1; return }

sub fresh { return $_[0] . ++$counter }

my @all_types = sort keys %Field::types;

# ---------------------------------------------------------------------------
# Expressions
# ---------------------------------------------------------------------------

sub lit
{
	my ($type, @texts) = @_;

	return { t => 'lit', type => $type, texts => \@texts };
}

# A literal, and what it is in further executions of a prepared statement.
sub random_literal
{
	my ($type, $span) = @_;

	$span //= $Field::types{$type}{span} // $Field::span;
	return lit($type, map { chance($_ ? 15 : 3)
		? 'NULL::' . Field::sql_type($type)
		: Field::literal($type, below($span)) } 0 .. 4);
}

sub random_array
{
	my ($type, $span) = @_;

	return lit("$type\[]", map {
		my $n = between(0, 6);

		"ARRAY[" . join(', ', map { chance(6) ? 'NULL'
			: Field::literal($type, below($span)) } 1 .. $n)
		  . ']::' . Field::sql_type($type) . '[]' } 0 .. 4);
}

# All columns that are in sight and fit.
sub columns_in
{
	my ($scopes, $fits) = @_;
	my @found;

	foreach my $scope (@$scopes)
	{
		foreach my $alias (sort keys %$scope)
		{
			my $columns = $scope->{$alias}{columns};

			push @found, map {
				{ t => 'col', alias => $alias, col => $_, type => $columns->{$_} }
			} grep { $fits->($columns->{$_}) } sort keys %$columns;
		}
		# mostly of the query itself
		last if @found && chance(75);
	}
	return @found;
}

# A column of the type, or a literal.
sub operand
{
	my ($type, $scopes, $span) = @_;
	my @columns = columns_in($scopes, sub { $_[0] eq $type });

	return pick(@columns) if @columns && chance(70);
	return random_literal($type, $span);
}

# Something that may be compared with the type.
sub comparand
{
	my ($type, $scopes, $span) = @_;
	my @columns =
	  columns_in($scopes, sub { Field::comparable($_[0], $type) });

	return pick(@columns) if @columns && chance(65);
	my @types = grep { Field::comparable($_, $type) } @all_types;
	return random_literal(chance(70) ? $type : pick(@types), $span);
}

sub expression
{
	my ($type, $scopes, $depth) = @_;

	return operand($type, $scopes) if $depth <= 0;
	return weighted(
		[ 70, sub { operand($type, $scopes) } ],
		[ 4, sub {
			feature('CASE');
			{ t => 'case', type => $type,
				cond => condition($scopes, $depth - 1),
				then => expression($type, $scopes, $depth - 1),
				else => expression($type, $scopes, $depth - 1) } } ],
		[ 5, sub {
			{ t => 'call', fn => 'coalesce', type => $type,
				args => [ map { expression($type, $scopes, $depth - 1) } 1, 2 ] } } ],
		[ 3, sub {
			{ t => 'call', fn => 'nullif', type => $type,
				args => [ map { operand($type, $scopes) } 1, 2 ] } } ],
		[ 8, sub { scalar_subquery($type, $scopes, $depth - 1) } ],
		[ 5, sub { operation($type, $scopes, $depth - 1) } ],
		[ $type =~ /^(jsonb|text)$/ ? 20 : 0, sub { cache_read($type, $scopes) } ],
		[ 4, sub { fetched($type, $scopes) } ])->();
}

sub operation
{
	my ($type, $scopes, $depth) = @_;
	my $arg = expression($type, $scopes, $depth);

	return { t => 'condition', type => 'bool',
		cond => condition($scopes, $depth) } if $type eq 'bool';
	return { t => 'infix', type => $type, op => '+',
		args => [ $arg, lit($type, "'1'::" . Field::sql_type($type)) ] }
	  if $type =~ /^(int|numeric|float8|interval)/;
	return { t => 'infix', type => $type, op => '||',
		args => [ $arg, operand($type, $scopes) ] }
	  if $type =~ /^(text|bytea)$/;
	return $arg;
}

# One row at the most, whatever is taken away from it.
sub scalar_subquery
{
	my ($type, $scopes, $depth) = @_;

	feature('scalar subquery');
	return { t => 'scalar', type => $type,
		query => select_of($scopes, $depth, types => [$type], one => 1) };
}

# get() and get_text() as expressions
sub cache_read
{
	my ($type, $scopes) = @_;
	my $table = pick(grep { $_->{map} && ($type eq 'jsonb' || $_->{value}
			|| $_->{name} !~ /^v_/) } @Field::tables);
	my $form = $type eq 'jsonb' ? 'get' : 'get_text';

	feature($form);
	return { t => 'read', form => $form, type => $type, table => $table->{name},
		args => [ whole_key($table, $scopes) ] };
}

# The functions refuse keys of which a part is NULL, but not a NULL for a key.
sub whole_key
{
	my ($table, $scopes) = @_;
	my @types = map { Field::type_of($table, $_) } @{ $table->{key} };
	my @args = map { operand($_, $scopes, Field::span($table, $_)) } @types;

	return @args if @args == 1;
	return map { my $type = $_->{type};
		{ t => 'call', fn => 'coalesce', type => $type, args => [ $_,
			lit($type, map { Field::literal($type, below(5)) } 0 .. 4) ] } }
	  @args;
}

# (fetch()).column
sub fetched
{
	my ($type, $scopes) = @_;
	my @fit = map { my $table = $_; map { [ $table, $_->[0] ] }
		grep { $_->[1] eq $type } @{ $table->{columns} } }
	  grep { $_->{map} && $_->{row} && !$_->{value} } @Field::tables;
	my ($table, $column);

	return operand($type, $scopes) if !@fit;
	($table, $column) = @{ pick(@fit) };
	feature('fetch');
	return { t => 'read', form => 'fetch', type => $type,
		table => $table->{name}, column => $column,
		args => [ whole_key($table, $scopes) ] };
}

sub normal { return { t => 'normal', type => $_[0]{type}, of => $_[0] } }

# ---------------------------------------------------------------------------
# Conditions
# ---------------------------------------------------------------------------

sub compare
{
	my ($op, $left, $right) = @_;

	return { t => 'compare', op => $op, args => [ $left, $right ] };
}

# The key of what an alias names, pinned by other columns or by literals.
sub key_conditions
{
	my ($alias, $table, $scopes, %opt) = @_;
	my @conditions;

	foreach my $name (@{ $table->{key} })
	{
		my $type = Field::type_of($table, $name);
		my $span = Field::span($table, $type);
		my $key = { t => 'col', alias => $alias, col => $name, type => $type };
		my $pinned = weighted(
			[ 60, sub { my $other = comparand($type, $scopes, $span);
				chance(25) ? compare('=', $other, $key)
				: compare('=', $key, $other) } ],
			[ $opt{one} ? 0 : 14, sub {
				feature('= ANY');
				{ t => 'any', op => '=', how => 'ANY', arg => $key,
					array => random_array($type, $span) } } ],
			[ $opt{one} ? 0 : 16, sub {
				feature('IN list');
				{ t => 'in', arg => $key, list =>
					[ map { chance(80) ? random_literal($type, $span)
						: comparand($type, $scopes, $span) }
						  1 .. between(1, 5) ] } } ],
			[ 8, sub { compare('=', $key,
				expression($type, $scopes, 1)) } ],
			[ $opt{one} ? 0 : 3, sub { compare('IS NOT DISTINCT FROM', $key,
				comparand($type, $scopes, $span)) } ])->();

		$pinned->{keep} = 1 if $opt{keep};
		push @conditions, $pinned;
		# the same once more
		if (!$opt{one} && chance(20))
		{
			feature('key pinned twice');
			push @conditions, pick(
				compare('=', $key, random_literal($type, $span)),
				{ t => 'any', op => '=', how => 'ANY', arg => $key,
					array => random_array($type, $span) },
				{ t => 'in', arg => $key, list =>
					[ map { random_literal($type, $span) } 1 .. 3 ] });
		}
	}
	if (chance(15)) { @conditions = reverse @conditions }
	return @conditions;
}

sub condition
{
	my ($scopes, $depth) = @_;
	my @columns = columns_in($scopes, sub { 1 });
	my $column = @columns ? pick(@columns) : random_literal('int4');
	my $deep = $depth > 0;

	return weighted(
		[ 30, sub { compare(pick('=', '<', '<=', '>', '>=', '<>'), $column,
			comparand($column->{type}, $scopes)) } ],
		[ 8, sub { compare(pick('IS DISTINCT FROM', 'IS NOT DISTINCT FROM'),
			$column, comparand($column->{type}, $scopes)) } ],
		[ 10, sub { { t => 'test', test => pick('IS NULL', 'IS NOT NULL'),
			arg => $column } } ],
		[ 6, sub { { t => 'between', arg => $column,
			low => comparand($column->{type}, $scopes),
			high => comparand($column->{type}, $scopes) } } ],
		[ 5, sub { { t => 'in', not => chance(30), arg => $column, list =>
			[ map { random_literal($column->{type}) } 1 .. between(1, 4) ] } } ],
		[ 6, sub { { t => 'junction', op => pick('AND', 'OR', 'OR'),
			args => [ map { condition($scopes, $depth - 1) } 1, 2 ] } } ],
		[ 4, sub { { t => 'not', arg => condition($scopes, $depth - 1) } } ],
		[ $deep ? 16 : 0, sub { exists_subquery($scopes, $depth - 1) } ],
		[ $deep ? 14 : 0, sub { in_subquery($scopes, $depth - 1) } ],
		[ $deep ? 4 : 0, sub { feature('ALL or ANY of a subquery');
			{ t => 'quantified', op => pick('=', '<', '<>', '>='),
				how => pick('ANY', 'ALL'), arg => $column,
				query => select_of($scopes, $depth - 1,
					types => [ $column->{type} ]) } } ],
		[ 3, sub { row_comparison($scopes) } ])->();
}

# Mostly correlated by the whole key, which is a semi-join or an anti-join.
sub exists_subquery
{
	my ($scopes, $depth) = @_;
	my $not = chance(45);

	feature($not ? 'NOT EXISTS' : 'EXISTS');
	return { t => 'exists', not => $not,
		query => select_of($scopes, $depth, types => ['int4'], plain => 1,
			correlated => 1) };
}

sub in_subquery
{
	my ($scopes, $depth) = @_;
	my $not = chance(35);
	my ($item, $info) = table_item();
	my $table = $Field::table{ $item->{table} };
	my @args = map { comparand(Field::type_of($table, $_), $scopes) }
	  @{ $table->{key} };

	feature($not ? 'NOT IN' : 'IN subquery');
	# the key itself is what the subquery gives, or any column
	if (chance(70))
	{
		my @where = chance(50)
		  ? condition([ { $item->{alias} => $info }, @$scopes ], $depth) : ();

		return { t => 'insub', not => $not, args => \@args,
			query => { t => 'select', from => [$item], where => \@where,
				items => [ map { { t => 'item', name => fresh('c'),
					e => { t => 'col', alias => $item->{alias}, col => $_,
						type => Field::type_of($table, $_) } } }
					  @{ $table->{key} } ] } };
	}
	return { t => 'insub', not => $not, args => [ $args[0] ],
		query => select_of($scopes, $depth, types => [ $args[0]{type} ]) };
}

sub row_comparison
{
	my ($scopes) = @_;
	my @left = map { my @columns = columns_in($scopes, sub { 1 });
		@columns ? pick(@columns) : random_literal('int4') } 1, 2;

	feature('row comparison');
	return { t => 'rows', op => pick('=', '=', '<', '>=', '<>'),
		left => \@left,
		right => [ map { comparand($_->{type}, $scopes) } @left ] };
}

# ---------------------------------------------------------------------------
# FROM
# ---------------------------------------------------------------------------

sub info_of_table
{
	my ($table) = @_;

	return { table => $table,
		columns => { map { @$_ } @{ $table->{columns} } } };
}

sub table_item
{
	my ($wanted) = @_;
	my @tables = $wanted ? grep { $wanted->($_) } @Field::tables : @Field::tables;
	my @several = grep { @{ $_->{key} } > 1 } @tables;
	# keys of several columns are few, and more can be done to them
	my $table = pick(@several && chance(15) ? @several : @tables);

	feature('foreign table, durable') if $table->{name} =~ /^f_/;
	feature('foreign table, volatile') if $table->{name} =~ /^v_/;
	feature('partitions') if $table->{name} =~ /^(parted|listed)$/;
	feature('inheritance') if $table->{name} eq 'parent';
	return ({ t => 'table', table => $table->{name}, alias => fresh('a') },
		info_of_table($table));
}

sub columns_of_query
{
	my ($query) = @_;
	my $first = $query;

	$first = $first->{left} while $first->{t} eq 'setop';
	return { map { $_->{name} => $_->{e}{type} } @{ $first->{items} } };
}

# A FROM item, and what its alias gives; $lateral is what it may look at.
sub from_item
{
	my ($outer, $lateral, $depth) = @_;
	my $deep = $depth > 0;
	my @ctes = sort keys %ctes;

	return weighted(
		[ 70, sub { table_item() } ],
		[ $deep ? 14 : 0, sub {
			my $is_lateral = $lateral && chance(60);
			my $query = query_of($is_lateral ? [ $lateral, @$outer ] : $outer,
				$depth - 1);

			feature($is_lateral ? 'LATERAL' : 'subquery in FROM');
			({ t => 'sub', lateral => $is_lateral, query => $query,
				alias => fresh('q'), columns => columns_of_query($query) },
			 { columns => columns_of_query($query) }) } ],
		[ 4, sub { values_item($outer) } ],
		[ 4, sub { unnest_item() } ],
		[ 6, sub { many_item() } ],
		[ @ctes ? 25 : 0, sub {
			my $name = pick(@ctes);

			({ t => 'cteref', name => $name, alias => fresh('w'),
				columns => $ctes{$name} }, { columns => $ctes{$name} }) } ])->();
}

sub values_item
{
	my ($outer) = @_;
	my @types = map { pick(@all_types) } 1 .. between(1, 3);
	my @names = map { fresh('c') } @types;
	my %columns;

	feature('VALUES');
	@columns{@names} = @types;
	return ({ t => 'values', alias => fresh('q'), names => \@names,
		types => \@types,
		rows => [ map { [ map { operand($_, $outer) } @types ] }
			  1 .. between(1, 6) ] },
		{ columns => \%columns });
}

sub unnest_item
{
	my $type = pick(grep { $_ ne 'ints' } @all_types);

	feature('unnest');
	return ({ t => 'unnest', alias => fresh('u'), type => $type,
		array => random_array($type, $Field::types{$type}{span} // 20) },
		{ columns => { v => $type } });
}

# get_many(), get_many_text() and fetch_many() in FROM; keys of one column
sub many_item
{
	my $table = pick(grep { $_->{map} && @{ $_->{key} } == 1
		  && $_->{key}[0] ne 'ints' && $_->{name} ne 't_ints' } @Field::tables);
	my $type = Field::type_of($table, $table->{key}[0]);
	my $form = !$table->{row} ? 'get_many' : pick('get_many', 'get_many_text',
		$table->{value} ? () : 'fetch_many');
	my $info = $form eq 'fetch_many' ? info_of_table($table)
	  : { columns => { key => 'text',
		value => $form eq 'get_many' ? 'jsonb' : 'text' } };

	feature($form);
	return ({ t => 'many', form => $form, table => $table->{name},
		alias => fresh('g'),
		array => random_array($type, Field::span($table, $type)) },
		{ columns => $info->{columns} });
}

# Items joined by one kind of join each.
sub joined
{
	my ($outer, $depth, $n, $first) = @_;
	my ($tree, $info) = $first ? @$first : from_item($outer, undef, $depth);
	my $scope = { $tree->{alias} => $info };

	foreach (2 .. $n)
	{
		my $type = weighted(
			[ 50, 'INNER' ], [ 25, 'LEFT' ], [ 8, 'RIGHT' ], [ 7, 'FULL' ],
			[ 4, 'CROSS' ]);
		my $may_look = $type =~ /INNER|LEFT|CROSS/;
		my ($right, $right_info) =
		  from_item($outer, $may_look ? $scope : undef, $depth);
		my %both = (%$scope, $right->{alias} => $right_info);
		my @on;

		if ($type eq 'FULL')
		{
			@on = full_conditions($scope, $right->{alias}, $right_info, $outer);
			$type = 'INNER' if !@on;
		}
		if ($type !~ /FULL|CROSS/)
		{
			@on = join_conditions($scope, $right->{alias}, $right_info, $outer);
			push @on, condition([ \%both, @$outer ], $depth - 1) if chance(20);
		}
		feature("$type JOIN");
		# sometimes the other way round, so that trees are bushy
		($tree, $right) = ($right, $tree)
		  if $type =~ /INNER|FULL/ && !$right->{lateral} && $tree->{t} ne 'join'
		  && !$tree->{lateral} && chance(30);
		$tree = { t => 'join', type => $type, left => $tree, right => $right,
			on => \@on };
		$scope = \%both;
	}
	return ($tree, $scope);
}

# Mostly the whole key of one side, pinned by the other.
sub join_conditions
{
	my ($left, $alias, $info, $outer) = @_;
	my @tables = grep { $left->{$_}{table} } sort keys %$left;

	return key_conditions($alias, $info->{table}, [$left])
	  if $info->{table} && chance(70);
	if (@tables && chance(75))
	{
		my $other = pick(@tables);

		return key_conditions($other, $left->{$other}{table},
			[ { $alias => $info } ]);
	}
	return full_conditions($left, $alias, $info, $outer)
	  || condition([ { %$left, $alias => $info }, @$outer ], 0);
}

# Columns that equal each other, which is all that a full join takes.
sub full_conditions
{
	my ($left, $alias, $info, $outer) = @_;
	my @columns = sort keys %{ $info->{columns} };
	my $name = pick(@columns);
	my $type = $info->{columns}{$name};
	my @others = columns_in([$left], sub { $_[0] eq $type });

	return if !@others || $type eq 'ints';
	return compare('=', pick(@others),
		{ t => 'col', alias => $alias, col => $name, type => $type });
}

# ---------------------------------------------------------------------------
# Queries
# ---------------------------------------------------------------------------

sub item
{
	my ($e) = @_;

	return { t => 'item', name => fresh('c'), e => $e };
}

sub random_item
{
	my ($scopes, $own, $depth, $opt) = @_;
	my @columns = columns_in([$own], sub { 1 });
	my @rows = grep { $own->{$_}{table} } sort keys %$own;
	my @ordinary = grep { $own->{$_}{table}{row} } @rows;

	return item(weighted(
		[ @columns ? 75 : 0, sub { pick(@columns) } ],
		[ 20, sub { expression(pick(@all_types), $scopes, $depth) } ],
		[ @rows ? 5 : 0, sub { feature('whole row');
			{ t => 'row', type => 'text', alias => pick(@rows) } } ],
		[ @ordinary ? 4 : 0, sub { feature('tableoid');
			{ t => 'tableoid', type => 'text', alias => pick(@ordinary) } } ],
		[ @columns && !$opt->{plain} ? 6 : 0, sub { window(@columns) } ],
		[ 4, sub { { t => 'condition', type => 'bool',
			cond => condition($scopes, $depth) } } ])->());
}

# What is the same for all peers
sub window
{
	my (@columns) = @_;

	feature('window');
	return { t => 'window', type => 'int8',
		fn => pick('rank()', 'dense_rank()', 'count(*)', 'sum(1)'),
		partition => [ map { normal(pick(@columns)) } 1 .. below(3) ],
		order => [ map { normal(pick(@columns)) } 1 .. below(3) ] };
}

# An aggregate of the type
sub aggregate
{
	my ($type, $scopes, $own, $depth) = @_;
	my @columns = columns_in([$own], sub { 1 });

	if ($type eq 'int8' && chance(60))
	{
		return { t => 'agg', type => 'int8',
			fn => @columns ? 'count' : 'count(*)', distinct => chance(30),
			args => @columns ? [ normal(pick(@columns)) ] : [] };
	}
	@columns = grep { $_->{type} eq $type } @columns;
	return { t => 'agg', type => $type,
		fn => $type =~ /^(int|numeric|float8|text|date|time|inet|enum)/
		  ? pick('min', 'max') : 'first',
		filter => chance(15) ? condition([$own], 0) : undef,
		args => [ normal(@columns ? pick(@columns) : random_literal($type)) ] };
}

sub grouped
{
	my ($query, $types, $scopes, $own, $depth) = @_;
	my @columns = columns_in([$own], sub { 1 });
	my @group = map { { t => 'group', type => $_->{type}, id => fresh('i'),
		of => $_ } } map { normal(pick(@columns)) } 1 .. (@columns ? below(3) : 0);
	my @kinds = $types ? @$types : ();

	feature('GROUP BY');
	if (!$types)
	{
		push @{ $query->{items} }, map { item({ t => 'groupref',
			type => $_->{type}, id => $_->{id} }) } @group;
		@kinds = map { pick('int8', @all_types) } 1 .. between(1, 2);
	}
	push @{ $query->{items} }, item(aggregate($_, $scopes, $own, $depth))
	  foreach @kinds;
	if (@group > 1 && chance(40))
	{
		feature('GROUPING SETS');
		$query->{sets} = pick('ROLLUP', 'CUBE');
	}
	$query->{group} = \@group;
	$query->{having} = [ compare(pick('>', '<>', '<='),
		{ t => 'agg', type => 'int8', fn => 'count(*)', args => [] },
		lit('int8', map { below(4) . '::int8' } 0 .. 4)) ]
	  if chance(25);
	return;
}

# types: of the columns that are wanted; one: no more than one row; plain:
# neither grouped nor distinct nor limited; correlated: by a key
sub select_of
{
	my ($outer, $depth, %opt) = @_;
	my $n = $depth > 1 ? weighted([ 3, 0 ], [ 40, 1 ], [ 35, 2 ], [ 17, 3 ],
		[ 5, 4 ]) : $depth > 0 ? weighted([ 2, 0 ], [ 60, 1 ], [ 38, 2 ]) : 1;
	my $query = { t => 'select', from => [], where => [], items => [] };
	my ($own, $scopes) = ({});
	my $mode = $opt{one} || $opt{plain} ? 0 : below(100);

	if ($n)
	{
		my $tree;

		($tree, $own) = joined($outer, $depth, $n,
			$opt{correlated} ? [ table_item() ] : undef);
		$query->{from} = [$tree];
	}
	$scopes = [ $own, @$outer ];
	foreach my $alias (sort keys %$own)
	{
		my $table = $own->{$alias}{table};

		push @{ $query->{where} }, key_conditions($alias, $table,
			@$outer && chance(80) ? $outer : chance(70) ? [] : $scopes)
		  if $table && chance($opt{correlated} ? 85 : $n > 1 ? 30 : 60);
	}
	push @{ $query->{where} }, condition($scopes, $depth) if chance(40);
	push @{ $query->{where} }, condition($scopes, $depth) if chance(15);

	if ($opt{one} && %$own)
	{
		push @{ $query->{items} },
		  map { item(aggregate($_, $scopes, $own, $depth)) } @{ $opt{types} };
		$_->{keep} = 1 foreach @{ $query->{items} };
		$query->{aggregated} = 1;
		return $query;
	}
	if ($mode < 14 && %$own)
	{
		grouped($query, $opt{types}, $scopes, $own, $depth);
	}
	elsif ($opt{types})
	{
		push @{ $query->{items} }, item(expression($_, $scopes, $depth))
		  foreach @{ $opt{types} };
	}
	else
	{
		push @{ $query->{items} }, random_item($scopes, $own, $depth, \%opt)
		  foreach 1 .. between(1, 5);
	}
	if ($mode >= 14 && $mode < 24)
	{
		feature('DISTINCT');
		$query->{distinct} = 1;
	}
	limited($query) if $mode >= 10 && $mode < 34;
	return $query;
}

sub limited
{
	my ($query) = @_;

	feature('LIMIT');
	$query->{limit} = between(0, 12);
	$query->{offset} = between(1, 5) if chance(30);
	directions($query);
	return;
}

# How each column is sorted; all of them are.  PostgreSQL before 18 takes one
# that a condition makes constant for sorted, although grouping sets make it
# NULL in some rows.
sub directions
{
	my ($query) = @_;

	delete $query->{sets};
	$query->{directions} =
	  [ map { pick('', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST') }
		  1 .. 12 ];
	return;
}

sub set_operation
{
	my ($outer, $depth, $types) = @_;
	my $op = pick('UNION', 'UNION ALL', 'UNION ALL', 'INTERSECT', 'EXCEPT',
		'INTERSECT ALL', 'EXCEPT ALL');
	my $query = { t => 'setop', op => $op };

	$types //= [ map { pick(@all_types) } 1 .. between(1, 3) ];
	feature($op);
	$query->{$_} = $depth > 1 && chance(15)
	  ? set_operation($outer, $depth - 1, $types)
	  : select_of($outer, $depth - 1, types => $types)
	  foreach 'left', 'right';
	limited($query) if chance(20);
	return $query;
}

sub query_of
{
	my ($outer, $depth) = @_;

	return $depth > 0 && chance(12) ? set_operation($outer, $depth)
	  : select_of($outer, $depth);
}

# ---------------------------------------------------------------------------
# WITH
# ---------------------------------------------------------------------------

# Walk along a reference for some steps.
sub recursive
{
	my ($name) = @_;
	my ($item, $info) = table_item(sub { $_[0]{unique} && @{ $_[0]{key} } == 1
		&& $_[0]{key}[0] ne 'key' });
	my $table = $info->{table};
	my $type = Field::type_of($table, $table->{key}[0]);
	my $self = { t => 'cteref', name => $name, alias => fresh('w'),
		columns => { n => 'int4', k => $type } };
	my $column = sub { { t => 'col', alias => $_[0], col => $_[1],
		type => $_[2] } };
	my ($base, $base_info) = table_item(sub { $_[0] == $table });
	my @where = condition([ { $base->{alias} => $base_info } ], 0);
	my $key = compare('=', $column->($item->{alias}, $table->{key}[0], $type),
		$column->($self->{alias}, 'k', $type));
	my $bound = compare('<', $column->($self->{alias}, 'n', 'int4'),
		lit('int4', ('4') x 5));

	$bound->{keep} = 1;
	feature('WITH RECURSIVE');
	return { t => 'cte', name => $name, recursive => 1,
		columns => { n => 'int4', k => $type }, names => [ 'n', 'k' ],
		query => { t => 'setop', op => pick('UNION', 'UNION ALL'), cast => 1,
			left => { t => 'select', from => [$base], where => \@where,
				items => [ item(lit('int4', ('1') x 5)),
					item(normal($column->($base->{alias}, 'x', $type))) ] },
			right => { t => 'select', where => [$bound], items =>
				[ item({ t => 'infix', op => '+', type => 'int4', args =>
					[ $column->($self->{alias}, 'n', 'int4'),
						lit('int4', ('1') x 5) ] }),
					item(normal($column->($item->{alias}, 'x', $type))) ],
				from => [ { t => 'join', type => 'INNER', left => $self,
					right => $item, on => [$key] } ] } } };
}

sub with
{
	my ($depth) = @_;
	my $name = fresh('with');
	my $cte;

	if (chance(30)) { $cte = recursive($name) }
	else
	{
		my $query = query_of([], $depth);

		$cte = { t => 'cte', name => $name, query => $query,
			how => pick('', 'MATERIALIZED ', 'NOT MATERIALIZED '),
			columns => columns_of_query($query) };
		feature("WITH $cte->{how}");
	}
	$ctes{$name} = $cte->{columns};
	return $cte;
}

sub statement
{
	my ($depth) = @_;
	my @with = chance(16) ? map { with($depth - 1) } 1 .. between(1, 2) : ();
	my $query = query_of([], $depth);

	$query->{with} = \@with;
	return $query;
}

# ---------------------------------------------------------------------------
# Statements that write
# ---------------------------------------------------------------------------

sub target
{
	my ($what) = @_;

	return table_item(sub { $_[0]{target}{$what} });
}

sub returning
{
	my ($scopes) = @_;

	return [] if chance(25);
	return [ map { my @columns = columns_in($scopes, sub { 1 });
		item(chance(80) ? pick(@columns)
			: expression(pick(@all_types), $scopes, 1)) } 1 .. between(1, 4) ];
}

# Another table of which no more than one row matches the target's.
sub source
{
	my ($alias, $info) = @_;
	my ($item, $other) = table_item(sub { $_[0]{unique} });

	return ($item, $other, key_conditions($item->{alias}, $other->{table},
		[ { $alias => $info } ], one => 1, keep => 1));
}

sub restriction
{
	my ($item, $info, $scopes) = @_;
	my @where;

	push @where, key_conditions($item->{alias}, $info->{table},
		chance(60) ? [] : [ { %{ $scopes->[0] } } ])
	  if chance(75);
	push @where, condition($scopes, 2) if !@where || chance(40);
	return @where;
}

sub update
{
	my ($item, $info) = target('dml');
	my @columns = Field::settable($info->{table});
	my $query = { t => 'update', target => $item, from => [] };
	my $own = { $item->{alias} => $info };
	my ($scope, $sees) = ($own, $own);
	my @source;

	feature('UPDATE');
	if (chance(50))
	{
		# a foreign table changes and returns a row with each of its matches
		my $one = !$info->{table}{row} || chance(70);
		my ($from, $other, @on) = $one ? source($item->{alias}, $info)
		  : from_item([], undef, 1);

		feature($one ? 'UPDATE FROM' : 'UPDATE FROM, many matches');
		@on = join_conditions($own, $from->{alias}, $other, []) if !$one;
		$from->{keep} = 1;
		$query->{from} = [$from];
		$scope = { %$own, $from->{alias} => $other };
		# which of many matches counts is open
		$sees = $scope if $one;
		@source = @on;
	}
	$query->{where} = [ @source, restriction($item, $info, [$scope]) ];
	$query->{set} = [ map { set_column($info->{table}, $_, [$sees]) }
		  some_of(2, @columns) ];
	$query->{returning} = returning([$sees]);
	return $query;
}

sub set_column
{
	my ($table, $column, $scopes) = @_;
	my ($name, $type) = @$column;

	return { t => 'set', column => $name, e => $table->{required}{$name}
		? lit($type, map { Field::literal($type, below(50)) } 0 .. 4)
		: expression($type, $scopes, 2) };
}

# So many of a list at the most, none twice.
sub some_of
{
	my ($most, @all) = @_;
	my @some;

	push @some, splice(@all, below(scalar @all), 1)
	  foreach 1 .. between(1, $most > @all ? scalar @all : $most);
	return @some;
}

sub delete_from
{
	my ($item, $info) = target('dml');
	my $query = { t => 'delete', target => $item, from => [] };
	my $scope = { $item->{alias} => $info };
	my $own = $scope;
	my @source;

	feature('DELETE');
	if (chance(40))
	{
		feature('DELETE USING');
		my ($from, $other) = from_item([], undef, 1);

		$query->{from} = [$from];
		$scope = { %$scope, $from->{alias} => $other };
		@source = join_conditions({ $item->{alias} => $info }, $from->{alias},
			$other, []);
	}
	$query->{where} = [ @source, restriction($item, $info, [$scope]) ];
	# which of the matches a row was deleted with is open
	$query->{returning} = returning([$own]);
	return $query;
}

# A row of literals, or the rows of another table of the same key.
sub insert
{
	my ($item, $info) = target('dml');
	my $table = $info->{table};
	my @columns = grep { !$table->{never}{ $_->[0] } || $table->{name} =~ /listed/ }
	  @{ $table->{columns} };
	my $scope = { $item->{alias} => $info };
	my $query = { t => 'insert', target => $item,
		columns => [ map { $_->[0] } @columns ] };

	feature('INSERT');
	if (chance(35))
	{
		my ($from, $other) = like_target($table);

		feature('INSERT SELECT');
		$query->{query} = { t => 'select', from => [$from],
			where => [ restriction($from, $other,
				[ { $from->{alias} => $other } ]) ],
			items => [ map { source_item($table, $_, $from, $other) } @columns ] };
		$_->{keep} = 1 foreach @{ $query->{query}{items} };
	}
	else
	{
		$query->{rows} = [ map { { row => [ map {
			my ($name, $type) = @$_;
			my $key = Field::is_key($table, $name);

			lit($type, map { $key
				? Field::literal($type, below(Field::span($table, $type)))
				: Field::random_value($table, [ $name, $type ]) } 0 .. 4) }
			  @columns ] } } 1 .. between(1, 3) ];
	}
	if ($table->{target}{conflict} && chance(65))
	{
		my $excluded = { excluded => $info };

		feature('ON CONFLICT');
		$query->{conflict} = { nothing => chance(30),
			key => $table->{key},
			set => [ map { set_column($table, $_, [ { %$scope, %$excluded } ]) }
				  some_of(2, Field::settable($table)) ],
			where => chance(25) ? [ condition([$scope], 0) ] : [] };
	}
	$query->{returning} = returning([$scope]);
	return $query;
}

sub like_target
{
	my ($table) = @_;
	my $types = join(',', map { Field::type_of($table, $_) } @{ $table->{key} });

	return table_item(sub { $_[0]{unique} && $types eq join(',',
		map { Field::type_of($_[0], $_) } @{ $_[0]{key} }) });
}

# What a column of the target gets from a source that has the same key.
sub source_item
{
	my ($table, $column, $from, $info) = @_;
	my ($name, $type) = @$column;
	my ($at) = grep { $table->{key}[$_] eq $name } 0 .. $#{ $table->{key} };
	my $source = $info->{table};

	return item({ t => 'col', alias => $from->{alias}, type => $type,
		col => $source->{key}[$at] }) if defined $at;
	return item({ t => 'col', alias => $from->{alias}, type => $type,
		col => $name })
	  if ($info->{columns}{$name} // '') eq $type && chance(80);
	return item(lit($type, map { Field::random_value($table, $column) } 0 .. 4));
}

sub merge
{
	my ($item, $info) = target('merge');
	my $table = $info->{table};
	my ($from, $other) = like_target($table);
	my $source = $other->{table};
	my @columns = Field::settable($table);
	my $both = { $item->{alias} => $info, $from->{alias} => $other };
	my @on = map { { %{ compare('=',
		{ t => 'col', alias => $item->{alias}, col => $table->{key}[$_],
			type => Field::type_of($table, $table->{key}[$_]) },
		{ t => 'col', alias => $from->{alias}, col => $source->{key}[$_],
			type => Field::type_of($source, $source->{key}[$_]) }) }, keep => 1 } }
	  0 .. $#{ $table->{key} };

	feature('MERGE');
	# without restriction every row of the source counts
	push @on, key_conditions($from->{alias}, $source, []) if chance(60);
	return { t => 'merge', target => $item, source => $from, on => \@on,
		whens => [
			map { weighted(
				[ 45, { matched => 1, act => 'update', set => [ map {
					set_column($table, $_, [$both]) } some_of(2, @columns) ] } ],
				[ 15, { matched => 1, act => 'delete' } ],
				[ 10, { matched => 1, act => 'nothing' } ],
				[ 30, { act => 'insert', columns =>
					[ map { $_->[0] } @{ $table->{columns} } ],
					values => [ map { $_->{e} } map {
						source_item($table, $_, $from, $other) }
						  @{ $table->{columns} } ],
					cond => [ condition([ { $from->{alias} => $other } ], 1) ] } ],
				[ 5, { act => 'nothing' } ]) } 1 .. between(1, 3) ] };
}

sub writing
{
	for (;;)
	{
		my $query = weighted([ 35, \&update ], [ 20, \&delete_from ],
			[ 25, \&insert ], [ 15, \&merge ], [ 12, \&writing_with ])->();
		my $table = written_table($query);

		# who reads a volatile map sees what the statement has written so far
		return $query if $table !~ /^v_/ || mentions($query, $table) == 1;
	}
}

sub mentions
{
	my ($node, $table) = @_;
	my $n = 0;

	return 0 if !ref $node;
	$n = 1 if ref $node eq 'HASH' && ($node->{table} // '') eq $table;
	$n += mentions($_, $table)
	  foreach grep { defined } ref $node eq 'HASH' ? values %$node : @$node;
	return $n;
}

# A query over what a statement of its own writes
sub writing_with
{
	my $write = pick(\&update, \&delete_from, \&insert)->();
	my $name = fresh('with');
	my $cte = { t => 'cte', name => $name, query => $write, how => '' };
	my $query;

	feature('WITH that writes');
	$write->{returning} = returning([ { $write->{target}{alias} =>
		info_of_table($Field::table{ $write->{target}{table} }) } ])
	  while !@{ $write->{returning} };
	$cte->{columns} = { map { $_->{name} => $_->{e}{type} }
		  @{ $write->{returning} } };
	$ctes{$name} = $cte->{columns};
	$query = select_of([], 2);
	$query->{with} = [$cte];
	return $query;
}

# ---------------------------------------------------------------------------
# Cases
# ---------------------------------------------------------------------------

my @toggles = map { "enable_$_" } qw(hashjoin mergejoin nestloop seqscan
  indexscan bitmapscan indexonlyscan material memoize sort hashagg
  incremental_sort);

# Settings for one run with the cache: mostly such that its nodes are taken.
sub settings
{
	my ($parallel) = @_;
	my @set;

	if (chance(75))
	{
		push @set, map { [ "enable_$_", 'off' ] }
		  qw(seqscan indexscan bitmapscan indexonlyscan);
		push @set, map { [ "enable_$_", 'off' ] }
		  weighted([ 20, [] ], [ 35, [qw(hashjoin mergejoin)] ],
			[ 25, [qw(hashjoin mergejoin nestloop)] ],
			[ 10, [qw(nestloop hashjoin)] ], [ 10, [qw(nestloop mergejoin)] ])
		  ->@*;
	}
	push @set, map { [ pick(@toggles), 'off' ] } 1 .. below(4);
	push @set, [ pick('join_collapse_limit', 'from_collapse_limit'), 1 ]
	  if chance(15);
	push @set, [ geqo_threshold => 2 ] if chance(5);
	push @set, [ work_mem => '64kB' ] if chance(10);
	push @set, [ enable_partitionwise_join => 'on' ],
	  [ enable_partitionwise_aggregate => 'on' ] if chance(20);
	push @set, [ 'topcache.enabled' => 'off' ] if chance(3);
	push @set, [ 'topcache.transparent_scan' => 'off' ] if chance(3);
	push @set, [ parallel_setup_cost => 0 ], [ parallel_tuple_cost => 0 ],
	  [ min_parallel_table_scan_size => 0 ],
	  [ min_parallel_index_scan_size => 0 ], [ $parallel => 'on' ]
	  if chance(7);
	return { set => \@set };
}

sub one_case
{
	my ($parallel) = @_;
	my $case;
	my $seen = {};

	($counter, $features) = (0, $seen);
	%ctes = ();
	$case = weighted(
		[ 52, sub { { kind => 'query', query => statement(2) } } ],
		[ 16, sub { feature('prepared');
			{ kind => 'prepared', query => statement(2),
				runs => [ map { { n => below(5),
					plan => pick('force_generic_plan', 'force_generic_plan',
						'force_custom_plan', 'auto'),
					scan => chance(90) } } 1 .. between(2, 5) ] } } ],
		[ 8, \&cursor ],
		[ 4, \&current_of ],
		[ 20, sub { { kind => 'write', query => writing() } } ])->();
	if ($case->{kind} eq 'query')
	{
		if (chance(8)) { with_failures($case->{query}) }
		elsif (chance(8)) { locking($case->{query}) }
	}
	elsif ($case->{kind} eq 'write')
	{
		$case->{target} = written_table($case->{query});
		if (chance(20))
		{
			feature('prepared write');
			$case->{runs} = [ map { { n => below(5), scan => 1,
				plan => pick('force_generic_plan', 'force_custom_plan') } }
				  1 .. between(1, 2) ];
		}
	}
	$case->{legs} = [ map { settings($parallel) } 1 .. between(1, 3) ];
	$case->{features} = [ sort keys %$seen ];
	return $case;
}

sub written_table
{
	my ($query) = @_;

	return $query->{target}{table} if $query->{target};
	return $query->{with}[0]{query}{target}{table};
}

# An error for some of the rows: all of them are wanted, so it must come.
sub with_failures
{
	my ($query) = @_;

	return if $query->{t} ne 'select' || $query->{limit} || $query->{distinct}
	  || $query->{group};
	feature('errors of rows');
	push @{ $query->{items} }, item({ t => 'call', fn => 'fail_some',
		type => 'int4', args => [ random_column($query, 'int4') ] });
	return;
}

sub random_column
{
	my ($query, $type) = @_;
	my @items = grep { $_->{e}{type} eq $type && $_->{e}{t} eq 'col' }
	  @{ $query->{items} };

	return @items ? $items[0]{e} : random_literal($type);
}

sub locking
{
	my ($query) = @_;

	return if $query->{t} ne 'select' || $query->{limit} || $query->{distinct}
	  || $query->{group} || !@{ $query->{from} }
	  || $query->{from}[0]{t} eq 'join' || $query->{from}[0]{t} ne 'table'
	  || grep { $_->{e}{t} eq 'window' } @{ $query->{items} };
	feature('FOR UPDATE');
	$query->{lock} = pick('FOR UPDATE', 'FOR SHARE', 'FOR KEY SHARE');
	return;
}

sub cursor
{
	my $query = statement(2);
	my $scroll = chance(65);
	my @moves = $scroll
	  ? ('FETCH 3', 'FETCH BACKWARD 2', 'FETCH PRIOR', 'FETCH FIRST',
		'FETCH LAST', 'FETCH ABSOLUTE 2', 'FETCH RELATIVE -1',
		'FETCH BACKWARD ALL', 'MOVE 2', 'FETCH 0', 'FETCH ALL', 'FETCH NEXT')
	  : ('FETCH 1', 'FETCH 2', 'FETCH 7', 'MOVE 1', 'FETCH ALL');

	feature($scroll ? 'SCROLL cursor' : 'cursor');
	directions($query);
	return { kind => 'cursor', scroll => $scroll, query => $query,
		hold => chance(5),
		steps => [ map { chance(8)
			? { set => [ pick('topcache.enabled', 'topcache.transparent_scan'),
				pick('on', 'off') ] }
			: { move => pick(@moves) } } 1 .. between(2, 8) ] };
}

# The rows of a cursor over one table, changed where it stands.
sub current_of
{
	my ($item, $info) = target('current');
	my $table = $info->{table};
	my $scope = { $item->{alias} => $info };
	my @where = restriction($item, $info, [$scope]);

	feature('CURRENT OF');
	return { kind => 'current', target => $table->{name},
		query => { t => 'select', from => [$item], where => \@where,
			lock => chance(30) ? 'FOR UPDATE' : undef,
			items => [ map { item({ t => 'col', alias => $item->{alias},
				col => $_->[0], type => $_->[1] }) } @{ $table->{columns} } ] },
		delete => chance(30),
		set => { column => 'a', e => random_literal('int4') } };
}

1;
