# The tables that queries are made over, and what their columns hold.
#
# Everything is made from small numbers: a column of any type holds what its
# type makes of a number below its span, so that keys of one table are found
# in others.
#
#   name      what the query names
#   truth     the table that has to give the same without any cache: itself,
#             the table behind a foreign table, or the twin that is written
#             together with a volatile map
#   columns   [name, type] ..., the key's first
#   key       names of the key's columns
#   unique    no two rows have one key; an inheritance parent's may
#   map       get() and its like know it
#   value     the column that the map keeps; none: whole rows
#   row       it is an ordinary table, with tableoid
#   target    what may be done to it: dml, conflict, merge, current

package Field;

use strict;
use warnings FATAL => 'all';

use Chance;

# How many numbers the keys are made from.
our $span = 100;

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# group: types that are compared with each other; make: the literal's text for
# a number; norm: one form for values that are equal and look different.
our %types = (
	int2 => { group => 'number', make => sub { $_[0] } },
	int4 => { group => 'number', make => sub { $_[0] } },
	int8 => { group => 'number', make => sub { $_[0] } },
	numeric => {
		group => 'number',
		make => sub { $_[0] . ('', '', '.0', '.00')[ below(4) ] },
		norm => 'trim_scale(%s)'
	},
	float8 => {
		group => 'number',
		make => sub { $_[0] == 0 && chance(50) ? '-0' : $_[0] },
		norm => '(%s + 0.0::float8)'
	},
	text => { group => 'string', make => sub { "k$_[0]" } },
	varchar =>
	  { sql => 'varchar(20)', group => 'string', make => sub { "k$_[0]" } },
	char => { sql => 'char(6)', group => 'string', make => sub { "k$_[0]" } },
	domain =>
	  { sql => 'key_domain', group => 'string', make => sub { "k$_[0]" } },
	date => { group => 'time', make => \&a_day },
	timestamp => { group => 'time', make => \&a_day },
	timestamptz => { group => 'time', make => \&a_day },
	uuid => {
		make => sub { sprintf('%08x-0000-4000-8000-%012x', $_[0], $_[0]) }
	},
	bytea => { make => sub { sprintf('\x%02x00%02x', $_[0], $_[0]) } },
	bool => { span => 2, make => sub { $_[0] % 2 ? 'true' : 'false' } },
	enum => {
		sql => 'key_enum',
		span => 8,
		make => sub { 'e' . $_[0] % 8 }
	},
	inet => { make => sub { "10.0.0.$_[0]" . ('', '/32')[ below(2) ] } },
	interval => {
		make => sub { chance(50) ? "$_[0] hours" : $_[0] * 60 . ' minutes' },
		norm => 'justify_interval(%s)'
	},
	range =>
	  { sql => 'int4range', make => sub { "[$_[0]," . ($_[0] + 3) . ')' } },
	ints => { sql => 'int4[]', make => sub { "{$_[0],NULL}" } },
	jsonb => { make => sub { "{\"n\": $_[0]}" } });

$types{$_}{sql} //= $_ foreach keys %types;
$types{$_}{group} //= $_ foreach keys %types;

sub a_day { return '2026-0' . (1 + int($_[0] / 28)) . '-' . (1 + $_[0] % 28) }

# The name of a type in SQL; "[]" makes an array of it.
sub sql_type
{
	my ($type) = @_;

	return $type =~ /^(.*)\[\]$/ ? "$types{$1}{sql}\[]" : $types{$type}{sql};
}

sub literal
{
	my ($type, $n) = @_;

	return quoted($types{$type}{make}->($n)) . '::' . sql_type($type);
}

# One form for what is equal.
sub normal
{
	my ($type, $sql) = @_;

	return $types{$type}{norm} ? sprintf($types{$type}{norm}, $sql) : $sql;
}

sub comparable { return $types{ $_[0] }{group} eq $types{ $_[1] }{group} }

# The numbers that a column of a table is made from.
sub span
{
	my ($table, $type) = @_;

	return $types{$type}{span} // (@{ $table->{key} } > 1 ? 10 : $span);
}

# ---------------------------------------------------------------------------
# The tables
# ---------------------------------------------------------------------------

our @tables;
our %table;
# the advisory lock of who writes to volatile maps; shared, of who compares
our $volatile_lock = 1;
# statements that make them, by table
my @ddl;

sub columns_of
{
	my (@key) = @_;

	return (
		@key,
		[ a => 'int4' ], [ b => 'text' ], [ m => 'numeric' ],
		[ x => $key[0][1] ], [ f => 'bool' ]);
}

sub declared
{
	my (@columns) = @_;

	return join(', ', map { "$_->[0] " . sql_type($_->[1]) } @columns);
}

sub key_list { return join(', ', @{ $_[0]{key} }) }

sub add
{
	my ($name, $key, %more) = @_;
	my $table = {
		name => $name,
		truth => $name,
		columns => [ columns_of(@$key) ],
		key => [ map { $_->[0] } @$key ],
		unique => 1,
		row => 1,
		ddl => [],
		target => { dml => 1, conflict => 1, merge => 1, current => 1 },
		%more
	};

	push @tables, $table;
	$table{$name} = $table;
	return $table;
}

sub attached
{
	my ($name, $key, $attach, %more) = @_;
	my $table = add($name, $key, map => $name, %more);

	$table->{ddl} = [
		"CREATE TABLE $name ("
		  . declared(@{ $table->{columns} })
		  . ', PRIMARY KEY ('
		  . key_list($table) . '))',
		"SELECT topcache.attach('$name'$attach)"
	];
	return $table;
}

# One table for each type that a key can have.
attached("t_$_", [ [ k => $_ ] ], '')
  foreach grep { $_ ne 'jsonb' } sort keys %types;
attached('c_text_int', [ [ r => 'text' ], [ i => 'int4' ] ], '');
attached('c_num_date', [ [ r => 'numeric' ], [ i => 'date' ] ], '');
attached('c_three', [ [ r => 'int2' ], [ i => 'enum' ], [ j => 'char' ] ], '');
# one column of several; a key that is not the primary one
attached('one_value', [ [ k => 'int8' ] ], ", value => 'b'", value => 'b');
add(
	'code',
	[ [ code => 'text' ] ],
	map => 'code',
	ddl => [
		'CREATE TABLE code ('
		  . declared(columns_of([ code => 'text' ]))
		  . ', UNIQUE (code))',
		'ALTER TABLE code ALTER code SET NOT NULL',
		"SELECT topcache.attach('code', key => '{code}')"
	]);

# made by create_map
sub made
{
	my ($name, $type) = @_;

	return add(
		$name,
		[ [ key => 'text' ] ],
		map => $name,
		value => 'value',
		columns => [
			[ key => 'text' ], [ value => $type ], [ expires_at => 'timestamptz' ]
		],
		required => { value => 1 },
		never => { expires_at => 1 },
		ddl => ["SELECT topcache.create_map('$name', value_type => '$type')"]);
}
made('kv', 'jsonb');
made('kv_text', 'text');

# Partitions, all attached but one; a key that the parent has, too, and one
# that only each partition has.
sub partitioned
{
	my ($name, $by, $primary, @bounds) = @_;
	my $table = add($name, [ [ k => 'int8' ] ], unique => $primary);
	my $n = 0;

	$table->{ddl} = [
		"CREATE TABLE $name ("
		  . declared(@{ $table->{columns} })
		  . ($primary ? ', PRIMARY KEY (k)' : '')
		  . ") PARTITION BY $by",
		map {
			my $leaf = "${name}_" . $n++;

			(
				"CREATE TABLE $leaf PARTITION OF $name $_",
				$primary ? () : "ALTER TABLE $leaf ADD PRIMARY KEY (k)",
				$n == 3 ? () : "SELECT topcache.attach('$leaf')")
		} @bounds
	];
	$table->{target}{conflict} = $primary;
	return;
}
partitioned('parted', 'HASH (k)', 1,
	map { "FOR VALUES WITH (MODULUS 3, REMAINDER $_)" } 0 .. 2);
partitioned('listed', 'LIST (f)', 0,
	'FOR VALUES IN (true)', 'FOR VALUES IN (false)', 'DEFAULT');
$table{listed}{never} = { f => 1 };
add(
	'parted_0',
	[ [ k => 'int8' ] ],
	map => 'parted_0',
	filled => 1,
	target => { current => 1 });
add('listed_1', [ [ k => 'int8' ] ],
	map => 'listed_1', filled => 1, target => { current => 1 });

# A parent is not attached, its heirs are.
add(
	'parent',
	[ [ k => 'int4' ] ],
	unique => 0,
	ddl => [
		'CREATE TABLE parent (' . declared(columns_of([ k => 'int4' ])) . ')',
		map {
			(
				"CREATE TABLE heir_$_ (PRIMARY KEY (k)) INHERITS (parent)",
				"SELECT topcache.attach('heir_$_')")
		} 1, 2
	],
	target => { dml => 1, current => 1 });
add('heir_1', [ [ k => 'int4' ] ], map => 'heir_1');

# Foreign tables over maps of tables, and over nothing
sub foreign
{
	my ($behind) = @_;
	my $table = $table{$behind};

	add(
		"f_$behind",
		[],
		%$table{qw(columns key value required never)},
		truth => $behind,
		row => 0,
		map => undef,
		filled => 1,
		ddl => [
			"CREATE FOREIGN TABLE f_$behind ("
			  . declared(@{ $table->{columns} })
			  . ") SERVER topcache OPTIONS (relation 'public.$behind')"
		],
		target => { dml => 1 });
	return;
}
foreign($_)
  foreach qw(t_int4 t_text t_numeric t_char c_text_int one_value kv);

sub volatile
{
	my ($name, @key) = @_;
	my $table = add($name, \@key, truth => "${name}_twin", row => 0,
		target => { dml => 1 }, map => $name);
	my $columns = declared(@{ $table->{columns} });

	$table->{ddl} = [
		"CREATE TABLE ${name}_twin ($columns, PRIMARY KEY ("
		  . key_list($table) . '))',
		"CREATE FOREIGN TABLE $name ($columns) SERVER topcache "
		  . "OPTIONS (volatile 'true', key '"
		  . key_list($table) . "')"
	];
	return;
}
volatile('v_int8', [ k => 'int8' ]);
volatile('v_text', [ k => 'text' ]);
volatile('v_pair', [ r => 'text' ], [ i => 'int4' ]);

# Not attached, with and without an index
add(
	'plain',
	[ [ k => 'int4' ] ],
	ddl => [
		'CREATE TABLE plain ('
		  . declared(columns_of([ k => 'int4' ]))
		  . ', PRIMARY KEY (k))'
	]);
add(
	'bare',
	[ [ k => 'text' ] ],
	unique => 0,
	ddl => [ 'CREATE TABLE bare (' . declared(columns_of([ k => 'text' ])) . ')' ],
	target => { dml => 1, current => 1 });

sub type_of
{
	my ($table, $column) = @_;

	foreach (@{ $table->{columns} }) { return $_->[1] if $_->[0] eq $column }
	die "no column $column";
}

sub is_key
{
	my ($table, $column) = @_;

	return grep { $_ eq $column } @{ $table->{key} };
}

# Columns that statements set: not the key's, and not what moves a row
# between partitions.
sub settable
{
	my ($table) = @_;

	return grep { !is_key($table, $_->[0]) && !$table->{never}{ $_->[0] } }
	  @{ $table->{columns} };
}

# ---------------------------------------------------------------------------
# Rows
# ---------------------------------------------------------------------------

sub key_literals
{
	my ($table) = @_;

	return map { my $type = type_of($table, $_);
		literal($type, below(span($table, $type))) } @{ $table->{key} };
}

sub random_value
{
	my ($table, $column) = @_;
	my ($name, $type) = @$column;

	return "NULL::$types{$type}{sql}"
	  if $name eq 'expires_at' || !$table->{required}{$name} && chance(8);
	return literal($type, below($types{$type}{span} // $span));
}

sub random_row
{
	my ($table) = @_;
	my @rest = @{ $table->{columns} };

	splice(@rest, 0, scalar @{ $table->{key} });
	return (key_literals($table), map { random_value($table, $_) } @rest);
}

# Every statement that makes a table, and what it hangs on.
sub definitions
{
	my ($table) = @_;
	my @made = ($table->{ddl});

	push @made, $table{ $table->{truth} }{ddl}
	  if $table->{truth} ne $table->{name} && $table{ $table->{truth} };
	push @made, $table{ $table->{name} =~ /^parted/ ? 'parted'
		: $table->{name} =~ /^listed/ ? 'listed' : 'parent' }{ddl}
	  if !@{ $table->{ddl} };
	return map { @$_ } reverse @made;
}

our @prelude = (
	'CREATE EXTENSION IF NOT EXISTS topcache',
	'CREATE DOMAIN key_domain AS text',
	"CREATE TYPE key_enum AS ENUM ("
	  . join(', ', map { "'e$_'" } 0 .. 7) . ')',
	# an error for some rows
	'CREATE FUNCTION fail_some(n int4) RETURNS int4 LANGUAGE plpgsql STABLE AS '
	  . "\$\$ BEGIN IF n % 19 = 7 THEN RAISE EXCEPTION 'some fail'; END IF; "
	  . 'RETURN n; END $$');

# Make and fill everything.
sub prepare
{
	my ($dbh) = @_;

	$dbh->do($_) foreach @prelude, map { @{ $_->{ddl} } } @tables;
	foreach my $table (grep { !$_->{filled} } @tables)
	{
		my $rows = join(', ', map { '(' . join(', ', random_row($table)) . ')' }
			  1 .. 90);
		my $conflict = $table->{unique} && $table->{name} !~ /^listed/
		  ? ' ON CONFLICT DO NOTHING' : '';

		if ($table->{name} =~ /^v_/)
		{
			$dbh->do("INSERT INTO $table->{truth} VALUES $rows$conflict");
			refill($dbh, $table);
			next;
		}
		if ($table->{name} =~ /^(listed|parent)$/)
		{
			# one by one: partitions have the keys, or heirs the rows
			foreach (1 .. 90)
			{
				my $into = $1 eq 'listed' ? 'listed' : pick('heir_1', 'heir_2');

				$dbh->do("INSERT INTO $into VALUES ("
					  . join(', ', random_row($table))
					  . ') ON CONFLICT DO NOTHING');
			}
			next;
		}
		$dbh->do("INSERT INTO $table->{name} VALUES $rows$conflict");
	}
	$dbh->do('ANALYZE');
	$dbh->do("SELECT topcache.hydrate('$_->{map}')")
	  foreach grep { $_->{map} && $_->{row} } @tables;
	return;
}

# A volatile map as its twin is: at the start, and after a crash.
sub refill
{
	my ($dbh, $table) = @_;

	$dbh->do("DELETE FROM $table->{name}");
	$dbh->do("INSERT INTO $table->{name} SELECT * FROM $table->{truth}");
	return;
}

sub refill_all
{
	my ($dbh) = @_;

	refill($dbh, $_) foreach grep { $_->{name} =~ /^v_/ } @tables;
	return;
}

1;
