# The maps of the stress test.  Everything else works on any of them.
#
#   name      of the table and map
#   attach    the statement that makes it a map, where setup.sql has not
#   key       [column, type] ...
#   key_of    the literals of key number n, one for each column of the key
#   type      an SQL type for a whole key
#   value     the cached column; none: whole rows
#   columns   [column, kind] ... that are written beside the key; a kind with
#             "!" is never NULL
#   parent    the table that children name a row of
#   routed    partitions are also written to through this table
#   can       what else may be done to it

package Layouts;

use strict;
use warnings FATAL => 'all';

use Chance;

# How long values are; the tiny segment gets longer ones.
our $text_length = 200;

our @layouts = (
	{
		name => 'kv',
		key => [ [ key => 'text' ] ],
		key_of => sub { "'k$_[0]'" },
		type => 'text',
		value => 'value',
		columns => [ [ value => 'jsonb!' ] ],
		visible =>
		  '(t.expires_at IS NULL OR t.expires_at > statement_timestamp())',
		can => { ttl => 1, incr => 1, rekey => 1, unlog => 1, varkey => 1 },
	},
	{
		name => 'vals',
		attach => "SELECT topcache.attach('vals', value => 'value')",
		key => [ [ id => 'bigint' ] ],
		key_of => sub { $_[0] },
		type => 'bigint',
		value => 'value',
		columns =>
		  [ [ n => 'int' ], [ note => 'short' ], [ value => 'text' ] ],
		can => { rekey => 1, unlog => 1, heirs => 1 },
	},
	{
		name => 'codes',
		attach => "SELECT topcache.attach('codes', key => '{code}', "
		  . "value => 'value')",
		key => [ [ code => 'text' ] ],
		key_of => sub { "'c$_[0]'" },
		type => 'text',
		value => 'value',
		columns => [ [ n => 'int' ], [ value => 'jsonb' ] ],
		can => { heirs => 1 },
	},
	{
		name => 'children',
		attach => "SELECT topcache.attach('children', value => 'value')",
		key => [ [ id => 'bigint' ] ],
		key_of => sub { $_[0] },
		type => 'bigint',
		value => 'value',
		parent => 'rows',
		columns => [ [ n => 'int' ], [ value => 'text' ] ],
		can => { rekey => 1, varvalue => 1 },
	},
	{
		name => 'part_0',
		attach => "SELECT topcache.attach('part_0', value => 'value')",
		key => [ [ id => 'bigint' ] ],
		key_of => sub { $_[0] },
		type => 'bigint',
		value => 'value',
		routed => 'parted',
		columns => [ [ side => 'zero' ], [ n => 'int' ], [ value => 'text' ] ],
		can => {},
	},
	{
		name => 'part_1',
		attach => "SELECT topcache.attach('part_1', value => 'value')",
		key => [ [ id => 'bigint' ] ],
		key_of => sub { $_[0] },
		type => 'bigint',
		value => 'value',
		routed => 'parted',
		columns => [ [ side => 'one' ], [ n => 'int' ], [ value => 'text' ] ],
		can => {},
	},
	{
		name => 'rows',
		attach => "SELECT topcache.attach('rows')",
		key => [ [ id => 'bigint' ] ],
		key_of => sub { $_[0] },
		type => 'bigint',
		columns => [
			[ n => 'int' ], [ note => 'short' ], [ body => 'text' ],
			[ doc => 'jsonb' ], [ tags => 'array' ], [ span => 'range' ]
		],
		can => { retype => 1 },
	},
	{
		name => 'pairs',
		attach => "SELECT topcache.attach('pairs')",
		key => [ [ a => 'int' ], [ b => 'text' ] ],
		key_of => sub { ($_[0] % 50, "'b" . int($_[0] / 50) . "'") },
		type => 'pair_key',
		columns =>
		  [ [ n => 'int' ], [ note => 'short' ], [ body => 'text' ] ],
		can => { rekey => 1, unlog => 1, retype => 1, heirs => 1 },
	},
	{
		name => 'nums',
		attach => "SELECT topcache.attach('nums')",
		key => [ [ k => 'numeric' ] ],
		key_of => sub { $_[0] . ('', '.0', '.000')[ below(3) ] },
		type => 'numeric',
		columns =>
		  [ [ n => 'int' ], [ note => 'short' ], [ body => 'text' ] ],
		can => { rekey => 1, unlog => 1, retype => 1 },
	});

# ---------------------------------------------------------------------------
# Keys
# ---------------------------------------------------------------------------

# The literals of a key, with its types.
sub key_literals
{
	my ($layout, $n) = @_;
	my @literals = $layout->{key_of}->($n);

	return map { "$literals[$_]::$layout->{key}[$_][1]" } 0 .. $#literals;
}

# A key as an argument of topcache's functions.
sub key_argument
{
	return @_ == 1 ? $_[0] : 'ROW(' . join(', ', @_) . ')';
}

sub key_number_argument
{
	return key_argument(key_literals(@_));
}

sub key_columns { return map { $_->[0] } @{ $_[0]{key} } }

# The condition that a row, alias t, has the key with these parts.
sub key_is
{
	my ($layout, @parts) = @_;
	my @columns = key_columns($layout);

	return join(' AND ', map { "t.$columns[$_] = $parts[$_]" } 0 .. $#parts);
}

sub key_number_is
{
	my ($layout, $n) = @_;

	return key_is($layout, key_literals($layout, $n));
}

# The parts of a key that an expression of the layout's key type has.
sub key_parts
{
	my ($layout, $expression) = @_;

	return ($expression) if @{ $layout->{key} } == 1;
	return map { "($expression).$_" } key_columns($layout);
}

# The literals of an array of keys for topcache's functions.
sub key_array
{
	my ($layout, @numbers) = @_;

	return 'ARRAY['
	  . join(', ', map { key_number_argument($layout, $_) } @numbers) . ']';
}

# Key number :n of the layout as SQL, for rows made in bulk.
sub key_of_series
{
	my ($layout) = @_;

	return ('i % 50', "'b' || (i / 50)") if @{ $layout->{key} } == 2;
	return "'k' || i" if $layout->{name} eq 'kv';
	return "'c' || i" if $layout->{name} eq 'codes';
	return 'i';
}

# ---------------------------------------------------------------------------
# Values
# ---------------------------------------------------------------------------

# A random length: mostly short, at times too long for the page.
sub random_length
{
	return weighted(
		[ 70, below($text_length) ],
		[ 27, below($text_length * 6) ],
		[ 3, below(12000) ]);
}

sub random_text
{
	return 'stress_text(' . below(1000000) . ', ' . random_length() . ')';
}

sub random_jsonb
{
	return weighted(
		[ 5, "'null'::jsonb" ],
		[ 5, "'[1, 2.50, \"x\"]'::jsonb" ],
		[ 20, "to_jsonb(" . below(1000000) . ")" ],
		[
			70, "jsonb_build_object('n', "
			  . below(1000000) . ", 't', "
			  . random_text() . ")"
		]);
}

my %literal = (
	int => sub { below(1000) },
	short => sub { "'note " . below(1000) . "'" },
	text => \&random_text,
	jsonb => \&random_jsonb,
	array => sub { "'{a," . below(1000) . ",NULL}'::text[]" },
	range => sub { "'[" . below(100) . ",100)'::int4range" },
	zero => sub { 0 },
	one => sub { 1 });

# The same in the text form of COPY.
my %plain = (
	int => sub { below(1000) },
	short => sub { 'copied ' . below(1000) },
	text => sub { 'copied ' x below(50) },
	jsonb => sub { '{"copied": ' . below(1000) . '}' },
	array => sub { '{copied}' },
	range => sub { 'empty' },
	zero => sub { 0 },
	one => sub { 1 });

my %type = (
	short => 'text', array => 'text[]', range => 'int4range',
	zero => 'int', one => 'int');

sub random_value
{
	my ($kind) = @_;
	my $not_null = $kind =~ s/!$// || $kind =~ /^(zero|one)$/;

	return 'NULL::' . ($type{$kind} // $kind) if !$not_null && chance(4);
	return $literal{$kind}->();
}

sub plain_value
{
	my ($kind) = @_;

	$kind =~ s/!$//;
	return $plain{$kind}->();
}

# All columns of the layout that are written, the key's first.
sub all_columns
{
	my ($layout) = @_;

	return (key_columns($layout), map { $_->[0] } @{ $layout->{columns} });
}

# The literals of a random row with a key.
sub random_row
{
	my ($layout, $n) = @_;

	return (key_literals($layout, $n),
		map { random_value($_->[1]) } @{ $layout->{columns} });
}

# Assignments of random values to some of the columns.
sub random_set
{
	my ($layout) = @_;
	my @columns = @{ $layout->{columns} };

	@columns = pick(@columns) if chance(40);
	return join(', ', map { "$_->[0] = " . random_value($_->[1]) } @columns);
}

# What a SELECT gives of a row, alias t, as jsonb and as text.
sub jsonb_of_row
{
	my ($layout) = @_;

	return $layout->{value} ? "to_jsonb(t.$layout->{value})" : 'to_jsonb(t)';
}

sub text_of_row
{
	my ($layout) = @_;

	return $layout->{value} ? "t.$layout->{value}::text" : 't::text';
}

# The rows that a read through topcache may see: those not expired.
sub from_where
{
	my ($layout, @parts) = @_;

	# who asks for a row's place in the table is never answered by the cache;
	# no row has this one, but the planner does not know
	return plain_from_where($layout, @parts) . " AND t.ctid <> '(0,0)'";
}

# The same, which a scan may answer from the cache.
sub plain_from_where
{
	my ($layout, @parts) = @_;

	return "FROM $layout->{name} t WHERE " . key_is($layout, @parts)
	  . ($layout->{visible} ? " AND $layout->{visible}" : '');
}

1;
