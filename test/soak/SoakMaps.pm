# The maps of the soak test: how each is made, how a key and a value are said
# in SQL, and what is compared with what.
#
# A key is known outside the database by its label, "WRITER.NUMBER": a writer
# alone writes its keys, so that what has to be in them is known.  "s.NUMBER"
# are counters that all writers add to.
#
# A value is known outside by what soak.show() makes of it: its label, token
# and size, "3.17|3.2045.1|60", or "#12" for a number.  The token is of one
# write only, so that no value is ever written twice; the padding, which makes
# it long, follows from token and size, and is checked by soak.show().

package SoakMaps;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';

our @EXPORT = qw(
  $keys $counters setup_sql first_values map_names
  key_sql where_sql label_sql
  columns_of value_sql whole_sql show_cached_sql show_stored_sql check_sqls
);

# Keys of a writer in each map, and counters of its own in the first.
our $keys     = 250;
our $counters = 6;

# The keys of a bucket are read together.
my $buckets = 40;

# For each map: the statements that make it, its kind of key, and the column
# that it caches; none where it caches rows.
my %maps = (
	kv => {
		key    => 'text',
		column => 'value',
		sql    => "SELECT topcache.create_map('kv')"
	},
	lines => {
		key    => 'text',
		column => 'value',
		text   => 1,
		sql    => "SELECT topcache.create_map('lines', value_type => 'text')"
	},
	documents => {
		key    => 'number',
		column => 'body',
		sql    => "CREATE TABLE documents(id bigint PRIMARY KEY, "
		  . "note text DEFAULT 'none', body jsonb); "
		  . "SELECT topcache.attach('documents', value => 'body')"
	},
	orders => {
		key => 'number',
		sql => "CREATE TABLE orders(id bigint PRIMARY KEY, k text, v text, "
		  . "gone int, n int, state text DEFAULT 'new', pad text, "
		  . "double int GENERATED ALWAYS AS (n * 2) STORED); "
		  . "ALTER TABLE orders DROP COLUMN gone; "
		  . "SELECT topcache.attach('orders')"
	},
	stock => {
		key => 'pair',
		sql => "CREATE TABLE stock(pad text, code text, n int, shop int, "
		  . "v text, k text, PRIMARY KEY (shop, code)); "
		  . "SELECT topcache.attach('stock')"
	});

sub map_names
{
	my @names = split /,/, $ENV{SOAK_MAPS} // join ',', sort keys %maps;

	foreach my $name (@names)
	{
		die "no such map: $name\n" unless $maps{$name};
	}
	return @names;
}

# What the database needs: the maps, the functions, and for every map a table
# of all keys that there may be.
sub setup_sql
{
	my (@writers) = @_;
	my @sql = (
		'CREATE EXTENSION topcache',
		'CREATE SCHEMA soak',
		q{CREATE FUNCTION soak.doc(k text, v text, n int) RETURNS jsonb
		  LANGUAGE sql IMMUTABLE AS $$
			SELECT jsonb_build_object('k', k, 'v', v, 'n', n,
				'pad', repeat(md5(v), n)) $$},
		q{CREATE FUNCTION soak.show(d jsonb) RETURNS text
		  LANGUAGE sql IMMUTABLE AS $$
			SELECT CASE WHEN jsonb_typeof(d) = 'number' THEN '#' || d::text
				WHEN d->>'pad' = repeat(md5(d->>'v'), (d->>'n')::int)
				THEN concat_ws('|', d->>'k', d->>'v', d->>'n')
				ELSE 'torn: ' || left(d::text, 200) END
			WHERE d IS NOT NULL $$},
		# how far the writer has come whose commits are asynchronous
		'CREATE TABLE soak.progress(writer int PRIMARY KEY, txn bigint)');

	foreach my $name (map_names())
	{
		my $type = {
			text   => 'key text',
			number => 'id bigint',
			pair   => 'shop int, code text'
		}->{ $maps{$name}{key} };

		push @sql, $maps{$name}{sql},
		  "CREATE TABLE soak.${name}_keys(label text PRIMARY KEY, "
		  . "bucket int, $type)";
		foreach my $label (map { labels($name, $_) } @writers, 's')
		{
			my $bucket = int(rand($buckets));

			push @sql,
			  "INSERT INTO soak.${name}_keys VALUES ('$label', $bucket, "
			  . join(', ', key_values($name, $label)) . ')';
		}
		push @sql, first_sql($name), "ANALYZE soak.${name}_keys";
	}
	return @sql;
}

# There is a row for every key at first, but for the counters.
sub first_sql
{
	my ($map)   = @_;
	my $column  = $maps{$map}{column};
	my $columns = $column // 'k, v, n, pad';
	my $values  = $column ? "soak.doc(label, 'first', 75)" :
	  "label, 'first', 75, repeat(md5('first'), 75)";

	return "INSERT INTO $map (" . join(', ', key_columns($map)) .
	  ", $columns) SELECT " . join(', ', key_columns($map)) .
	  ", $values FROM soak.${map}_keys WHERE label !~ 'c'";
}

# What that leaves: labels and values.
sub first_values
{
	my ($map, @writers) = @_;

	return map { $_ => "$_|first|75" } grep { !/c/ }
	  map { labels($map, $_) } @writers;
}

# The labels of a writer's keys in a map.
sub labels
{
	my ($map, $writer) = @_;
	my @labels;

	@labels = map { "$writer.$_" } 1 .. $keys if $writer ne 's';
	push @labels, map { "$writer.c$_" } 1 .. $counters if $map eq 'kv';
	return @labels;
}

sub key_columns
{
	my ($map) = @_;

	return @{ {
			text   => ['key'],
			number => ['id'],
			pair   => [ 'shop', 'code' ]
		}->{ $maps{$map}{key} } };
}

# The literals of a key's columns.
sub key_values
{
	my ($map, $label) = @_;
	my ($writer, $number) = split /\./, $label;

	return ("'$label'") if $maps{$map}{key} eq 'text';
	return ($writer * 1_000_000 + $number) if $maps{$map}{key} eq 'number';
	return ($writer, "'c$number'");
}

# A key as the functions of topcache take it.
sub key_sql
{
	my ($map, $label) = @_;
	my @values = key_values($map, $label);

	return @values > 1 ? 'ROW(' . join(', ', @values) . ')' : $values[0];
}

# The row of a key in its table.
sub where_sql
{
	my ($map, $label) = @_;
	my @values = key_values($map, $label);

	return join ' AND ', map { "$_ = " . shift @values } key_columns($map);
}

# The label of the row t of a table.
sub label_sql
{
	my ($map) = @_;

	return {
		text   => 't.key',
		number => "(t.id / 1000000) || '.' || t.id % 1000000",
		pair   => "t.shop || '.' || substr(t.code, 2)"
	}->{ $maps{$map}{key} };
}

# The three parts of a value as SQL.
sub parts
{
	my ($value) = @_;
	my ($k, $v, $n) = split /\|/, $value;

	return ("'$k'", "'$v'", $n);
}

# What a put takes: the value as jsonb, or as text where the map has text.
sub value_sql
{
	my ($map, $value) = @_;

	return "'" . substr($value, 1) . "'::jsonb" if $value =~ /^#/;
	return
		'soak.doc('
	  . join(', ', parts($value)) . ')'
	  . ($maps{$map}{text} ? '::text' : '');
}

# What get() answers for the value of a key: a row has its key too.
sub whole_sql
{
	my ($map, $label, $value) = @_;
	my @columns = key_columns($map);
	my @values = key_values($map, $label);
	my @more;

	return value_sql($map, $value) if $maps{$map}{column};
	push @more, "'$_', " . shift @values foreach @columns;
	push @more, "'state', 'new'", "'double', " . 2 * (parts($value))[2]
	  if $map eq 'orders';
	return
		value_sql($map, $value)
	  . ' || jsonb_build_object('
	  . join(', ', @more) . ')';
}

# Columns and their values for a plain INSERT or UPDATE: those of the key, and
# those of the value.
sub columns_of
{
	my ($map, $label, $value) = @_;
	my (@key, @value);
	my @literals = key_values($map, $label);

	@key = map { [ $_, shift @literals ] } key_columns($map);
	if (defined $value && $maps{$map}{column})
	{
		@value = ([ $maps{$map}{column}, value_sql($map, $value) ]);
	}
	elsif (defined $value)
	{
		my ($k, $v, $n) = parts($value);

		@value = (
			[ 'k', $k ],
			[ 'v', $v ],
			[ 'n', $n ],
			[ 'pad', "repeat(md5($v), $n)" ]);
	}
	return (\@key, \@value);
}

# The key of the row k of the table of keys.
sub key_of_row
{
	my ($map) = @_;
	my @columns = map { "k.$_" } key_columns($map);

	return @columns > 1 ? 'ROW(' . join(', ', @columns) . ')' : $columns[0];
}

# The value of a key, from the cache and from the table, as soak.show() has it.
sub show_cached_sql
{
	my ($map) = @_;
	my $key = key_of_row($map);

	return "soak.show(topcache.get_text('$map', $key)::jsonb)"
	  if $maps{$map}{text};
	return "soak.show(topcache.get('$map', $key))";
}

sub show_stored_sql
{
	my ($map) = @_;
	my $column = $maps{$map}{column};

	return defined $column
	  ? "soak.show(t.${column}::jsonb)"
	  : 'soak.show(to_jsonb(t))';
}

# The check in its different forms, for the keys that $where picks: how many
# keys were read, and the labels of those for which the cache answers something
# else than the table.  One statement has one snapshot, so there may be none.
sub check_sqls
{
	my ($map, $where) = @_;
	my $m      = $maps{$map};
	my $column = $m->{column};
	my $key    = key_of_row($map);
	my $on     = join ' AND ', map { "t.$_ = k.$_" } key_columns($map);
	my $text   = label_text_sql($map);
	my (@pairs, @sqls);

	$where //= 'bucket = ' . int(rand($buckets));
	if ($column)
	{
		push @pairs, [ "topcache.get('$map', $key)", "t.$column" ]
		  unless $m->{text};
		push @pairs, [ "topcache.get_text('$map', $key)", "t.${column}::text" ];
	}
	else
	{
		push @pairs, [ "topcache.get('$map', $key)", 'to_jsonb(t)' ],
		  [ "topcache.get_text('$map', $key)",          't::text' ],
		  [ "topcache.fetch(NULL::$map, $key)::text", 't::text' ];
	}
	push @pairs, [ "nullif(topcache.contains('$map', $key), false)", 'true' ];
	foreach my $pair (@pairs)
	{
		push @sqls,
			"SELECT count(*), string_agg(label, ' ') "
		  . "FILTER (WHERE $pair->[0] IS DISTINCT FROM "
		  . "(SELECT $pair->[1] FROM $map t WHERE $on)) "
		  . "FROM soak.${map}_keys k WHERE $where";
	}

	my $many = $column ? "t.${column}::text" : 't::text';
	push @sqls,
		"SELECT count(*), string_agg(g.key, ' ') "
	  . "FILTER (WHERE g.value IS DISTINCT FROM "
	  . "(SELECT $many FROM $map t WHERE $text = g.key)) "
	  . "FROM topcache.get_many_text('$map', ARRAY(SELECT $key "
	  . "FROM soak.${map}_keys k WHERE $where)) g";
	return @sqls;
}

# The key of the row t in its text form.
sub label_text_sql
{
	my ($map) = @_;

	return {
		text   => 't.key',
		number => 't.id::text',
		pair   => "'(' || t.shop || ',' || t.code || ')'"
	}->{ $maps{$map}{key} };
}

1;
