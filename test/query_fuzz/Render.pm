# Trees of Grammar.pm as SQL.
#
# A tree has two forms.  With the cache it names what is cached and calls the
# functions of topcache.  The other one says the same by PostgreSQL's own means
# about the tables that hold the truth.

package Render;

use strict;
use warnings FATAL => 'all';

use Field;

# cached: which of the two; params: literals become parameters, which are
# collected there; ctes: names that are in sight
sub new
{
	my ($class, %self) = @_;

	return bless { ctes => {}, groups => [], %self }, $class;
}

sub null { return 'NULL::' . Field::sql_type($_[0]) }

sub relation
{
	my ($self, $name) = @_;

	return $self->{cached} ? $name : $Field::table{$name}{truth};
}

# ---------------------------------------------------------------------------
# Expressions
# ---------------------------------------------------------------------------

# Is a column of that alias in sight?
sub sees
{
	my ($scopes, $alias, $column) = @_;

	foreach my $scope (@$scopes)
	{
		my $columns = $scope->{$alias} // next;

		return !defined $column || exists $columns->{$column};
	}
	return 0;
}

my %expression = (
	lit => \&literal,
	col => sub {
		my ($self, $e, $scopes) = @_;

		return sees($scopes, $e->{alias}, $e->{col})
		  ? "$e->{alias}.$e->{col}" : null($e->{type});
	},
	row => sub {
		my ($self, $e, $scopes) = @_;

		return sees($scopes, $e->{alias}) ? "$e->{alias}\::text" : 'NULL::text';
	},
	tableoid => sub {
		my ($self, $e, $scopes) = @_;

		return sees($scopes, $e->{alias})
		  ? "$e->{alias}.tableoid::regclass::text" : 'NULL::text';
	},
	normal => sub {
		my ($self, $e, $scopes) = @_;

		return Field::normal($e->{type}, $self->expression($e->{of}, $scopes));
	},
	case => sub {
		my ($self, $e, $scopes) = @_;

		return 'CASE WHEN ' . $self->condition($e->{cond}, $scopes) . ' THEN '
		  . $self->expression($e->{then}, $scopes) . ' ELSE '
		  . $self->expression($e->{else}, $scopes) . ' END';
	},
	call => sub {
		my ($self, $e, $scopes) = @_;

		return "$e->{fn}(" . $self->list($e->{args}, $scopes) . ')::'
		  . Field::sql_type($e->{type});
	},
	infix => sub {
		my ($self, $e, $scopes) = @_;

		return '(' . join(" $e->{op} ",
			map { $self->expression($_, $scopes) } @{ $e->{args} }) . ')::'
		  . Field::sql_type($e->{type});
	},
	condition => sub {
		my ($self, $e, $scopes) = @_;

		return '(' . $self->condition($e->{cond}, $scopes) . ')';
	},
	scalar => sub {
		my ($self, $e, $scopes) = @_;

		return '(' . $self->query($e->{query}, $scopes) . ')';
	},
	read => \&read_one,
	window => sub {
		my ($self, $e, $scopes) = @_;
		my $partition = $self->list($e->{partition}, $scopes);
		my $order = $self->list($e->{order}, $scopes);

		return "$e->{fn} OVER ("
		  . (length $partition ? "PARTITION BY $partition " : '')
		  . (length $order ? "ORDER BY $order" : '') . ')';
	},
	agg => sub {
		my ($self, $e, $scopes) = @_;
		my $args = $self->list($e->{args}, $scopes);
		my $filter = $e->{filter}
		  ? ' FILTER (WHERE ' . $self->condition($e->{filter}, $scopes) . ')'
		  : '';

		return "count(*)$filter" if !length $args || $e->{fn} eq 'count(*)';
		return "(array_agg(DISTINCT $args ORDER BY $args)$filter)[1]"
		  if $e->{fn} eq 'first';
		return "$e->{fn}(" . ($e->{distinct} ? 'DISTINCT ' : '')
		  . "$args)$filter";
	},
	# what is grouped by, in the list of results
	groupref => sub {
		my ($self, $e, $scopes) = @_;
		my ($group) = grep { $_->{id} eq $e->{id} } @{ $self->{groups}[-1] };

		return $group ? $self->expression($group->{of}, $scopes)
		  : null($e->{type});
	});

sub expression
{
	my ($self, $e, $scopes) = @_;

	return $expression{ $e->{t} }->($self, $e, $scopes);
}

sub list
{
	my ($self, $list, $scopes) = @_;

	return join(', ', map { $self->expression($_, $scopes) } @$list);
}

sub literal
{
	my ($self, $e) = @_;
	my $params = $self->{params};

	return $e->{texts}[0] if !$params;
	push @$params, $e if !defined $self->{param_of}{$e};
	$self->{param_of}{$e} //= @$params;
	return '$' . $self->{param_of}{$e};
}

# The value of a map's row, alias z, as get() and get_text() give it.
sub value_of
{
	my ($table, $form) = @_;

	return $form =~ /text/
	  ? ($table->{value} ? "z.$table->{value}::text" : 'z::text')
	  : $table->{value} ? "to_jsonb(z.$table->{value})" : 'to_jsonb(z)';
}

# A function of topcache that reads one record.
sub read_one
{
	my ($self, $e, $scopes) = @_;
	my $table = $Field::table{ $e->{table} };
	my @keys = map { $self->expression($_, $scopes) } @{ $e->{args} };
	my $key = @keys == 1 ? $keys[0] : 'ROW(' . join(', ', @keys) . ')';

	if ($self->{cached})
	{
		return $e->{form} eq 'fetch'
		  ? "(topcache.fetch(NULL::$e->{table}, $key)).$e->{column}"
		  : "topcache.$e->{form}('$e->{table}', $key)";
	}
	return '(SELECT '
	  . ($e->{form} eq 'fetch' ? "z.$e->{column}" : value_of($table, $e->{form}))
	  . " FROM $table->{truth} z WHERE "
	  . join(' AND ', map { "z.$table->{key}[$_] = $keys[$_]" } 0 .. $#keys)
	  . ')';
}

# ---------------------------------------------------------------------------
# Conditions
# ---------------------------------------------------------------------------

my %condition = (
	compare => sub {
		my ($self, $c, $scopes) = @_;

		return join(" $c->{op} ",
			map { $self->expression($_, $scopes) } @{ $c->{args} });
	},
	any => sub {
		my ($self, $c, $scopes) = @_;

		return $self->expression($c->{arg}, $scopes) . " $c->{op} $c->{how} ("
		  . $self->expression($c->{array}, $scopes) . ')';
	},
	in => sub {
		my ($self, $c, $scopes) = @_;

		return $self->expression($c->{arg}, $scopes)
		  . ($c->{not} ? ' NOT' : '') . ' IN ('
		  . $self->list($c->{list}, $scopes) . ')';
	},
	test => sub {
		my ($self, $c, $scopes) = @_;

		return $self->expression($c->{arg}, $scopes) . " $c->{test}";
	},
	between => sub {
		my ($self, $c, $scopes) = @_;

		return join(' ', $self->expression($c->{arg}, $scopes), 'BETWEEN',
			$self->expression($c->{low}, $scopes), 'AND',
			$self->expression($c->{high}, $scopes));
	},
	junction => sub {
		my ($self, $c, $scopes) = @_;

		return '(' . join(" $c->{op} ",
			map { $self->condition($_, $scopes) } @{ $c->{args} }) . ')';
	},
	not => sub {
		my ($self, $c, $scopes) = @_;

		return 'NOT (' . $self->condition($c->{arg}, $scopes) . ')';
	},
	exists => sub {
		my ($self, $c, $scopes) = @_;

		return ($c->{not} ? 'NOT ' : '') . 'EXISTS ('
		  . $self->query($c->{query}, $scopes) . ')';
	},
	insub => sub {
		my ($self, $c, $scopes) = @_;
		my $args = $self->list($c->{args}, $scopes);

		return ($c->{query}{items} && @{ $c->{query}{items} } > 1
			? "($args)" : $args)
		  . ($c->{not} ? ' NOT' : '') . ' IN ('
		  . $self->query($c->{query}, $scopes) . ')';
	},
	quantified => sub {
		my ($self, $c, $scopes) = @_;

		return $self->expression($c->{arg}, $scopes) . " $c->{op} $c->{how} ("
		  . $self->query($c->{query}, $scopes) . ')';
	},
	rows => sub {
		my ($self, $c, $scopes) = @_;

		return '(' . $self->list($c->{left}, $scopes) . ") $c->{op} ("
		  . $self->list($c->{right}, $scopes) . ')';
	});

sub condition
{
	my ($self, $c, $scopes) = @_;

	return $condition{ $c->{t} }->($self, $c, $scopes);
}

sub conjunction
{
	my ($self, $word, $list, $scopes) = @_;

	return '' if !$list || !@$list;
	return " $word " . join(' AND ',
		map { $self->condition($_, $scopes) } @$list);
}

# ---------------------------------------------------------------------------
# FROM
# ---------------------------------------------------------------------------

# Returns the SQL, and what its aliases give.
sub from
{
	my ($self, $f, $outer, $lateral) = @_;
	my $t = $f->{t};

	if ($t eq 'join')
	{
		my ($left, $l) = $self->from($f->{left}, $outer, $lateral);
		my ($right, $r) = $self->from($f->{right}, $outer,
			$f->{type} =~ /RIGHT|FULL/ ? $lateral : { %$lateral, %$l });
		my $both = { %$l, %$r };
		my $on = $self->conjunction('ON', $f->{on}, [ $both, @$outer ]);
		my $type = $f->{type};

		# a join without conditions
		$type = 'CROSS', $on = '' if $type eq 'INNER' && !length $on;
		$on = ' ON true' if !length $on && $type ne 'CROSS';
		return ("($left $type JOIN $right" . ($type eq 'CROSS' ? '' : $on) . ')',
			$both);
	}
	if ($t eq 'table')
	{
		my %columns = map { @$_ } @{ $Field::table{ $f->{table} }{columns} };

		return ($self->relation($f->{table}) . " $f->{alias}",
			{ $f->{alias} => \%columns });
	}
	if ($t eq 'sub')
	{
		my $scopes = $f->{lateral} ? [ $lateral, @$outer ] : $outer;

		return (($f->{lateral} ? 'LATERAL ' : '') . '('
			  . $self->query($f->{query}, $scopes) . ") $f->{alias}",
			{ $f->{alias} => Grammar::columns_of_query($f->{query}) });
	}
	if ($t eq 'cteref')
	{
		my $there = $self->{ctes}{ $f->{name} };
		my $columns = $there // $f->{columns};

		return (($there ? $f->{name} : '(SELECT ' . join(', ',
			map { null($f->{columns}{$_}) . " AS $_" } sort keys %$columns) . ')')
			. " $f->{alias}", { $f->{alias} => $columns });
	}
	return $self->rows_from($f, $outer);
}

# VALUES, and functions
sub rows_from
{
	my ($self, $f, $outer) = @_;

	if ($f->{t} eq 'values')
	{
		my %columns;

		@columns{ @{ $f->{names} } } = @{ $f->{types} };
		return ('(VALUES ' . join(', ',
			map { '(' . $self->list($_, $outer) . ')' } @{ $f->{rows} })
			. ") $f->{alias} (" . join(', ', @{ $f->{names} }) . ')',
			{ $f->{alias} => \%columns });
	}
	if ($f->{t} eq 'unnest')
	{
		return ('unnest(' . $self->expression($f->{array}, $outer)
			  . ") $f->{alias} (v)", { $f->{alias} => { v => $f->{type} } });
	}
	return $self->many($f, $outer);
}

# A function of topcache that reads many records; keys are told in the form that
# their type prints.
sub many
{
	my ($self, $f, $outer) = @_;
	my $table = $Field::table{ $f->{table} };
	my $keys = $self->expression($f->{array}, $outer);
	my $fetch = $f->{form} eq 'fetch_many';
	my $columns = $fetch
	  ? { map { @$_ } @{ $table->{columns} } }
	  : { key => 'text', value => $f->{form} eq 'get_many' ? 'jsonb' : 'text' };
	my $sql;

	if ($self->{cached})
	{
		$sql = $fetch ? "topcache.fetch_many(NULL::$f->{table}, $keys)"
		  : "topcache.$f->{form}('$f->{table}', $keys)";
	}
	else
	{
		$sql = '(SELECT ' . ($fetch
			? join(', ', map { "z.$_->[0]" } @{ $table->{columns} })
			: "nullif(concat(u.k), '') AS key, " . value_of($table, $f->{form}) . ' AS value')
		  . " FROM unnest($keys) u (k) LEFT JOIN $table->{truth} z "
		  . "ON z.$table->{key}[0] = u.k)";
	}
	return ("$sql $f->{alias}", { $f->{alias} => $columns });
}

# ---------------------------------------------------------------------------
# Queries
# ---------------------------------------------------------------------------

sub query
{
	my ($self, $query, $scopes) = @_;
	my %ctes = %{ $self->{ctes} };
	my $with = $self->with($query->{with});
	my $t = $query->{t};
	my $sql = $with . ($t eq 'select' ? $self->select($query, $scopes)
		: $t eq 'setop' ? $self->set_operation($query, $scopes)
		: $t eq 'update' ? $self->update($query)
		: $t eq 'delete' ? $self->delete_from($query)
		: $t eq 'insert' ? $self->insert($query) : $self->merge($query));

	$self->{ctes} = \%ctes;
	return $sql;
}

sub with
{
	my ($self, $with) = @_;
	my @texts;
	my $recursive = '';

	foreach my $cte (@{ $with // [] })
	{
		my $name = $cte->{name};

		if ($cte->{recursive})
		{
			$recursive = 'RECURSIVE ';
			$self->{ctes}{$name} = $cte->{columns};
			push @texts, "$name (" . join(', ', @{ $cte->{names} }) . ') AS ('
			  . $self->query($cte->{query}, []) . ')';
			next;
		}
		push @texts, "$name AS $cte->{how}("
		  . $self->query($cte->{query}, []) . ')';
		$self->{ctes}{$name} = $cte->{query}{returning}
		  ? { map { $_->{name} => $_->{e}{type} } @{ $cte->{query}{returning} } }
		  : Grammar::columns_of_query($cte->{query});
	}
	return @texts ? "WITH $recursive" . join(', ', @texts) . ' ' : '';
}

sub items
{
	my ($self, $items, $scopes, $cast, $normal) = @_;

	return join(', ', map {
		my $sql = $self->expression($_->{e}, $scopes);

		$sql = Field::normal($_->{e}{type}, $sql) if $normal;
		$sql = "$sql\::" . Field::sql_type($_->{e}{type}) if $cast;
		"$sql AS $_->{name}" } @$items);
}

sub select
{
	my ($self, $query, $outer) = @_;
	my ($from, $own) = ('', {});
	my ($scopes, $sql, $one_form);

	if (@{ $query->{from} })
	{
		($from, $own) = $self->from($query->{from}[0], $outer, {});
		$from = " FROM $from";
	}
	$scopes = [ $own, @$outer ];
	push @{ $self->{groups} }, $query->{group} // [];
	$one_form = $query->{distinct} || $query->{directions} || $query->{set};
	$sql = 'SELECT ' . ($query->{distinct} ? 'DISTINCT ' : '')
	  . $self->items($query->{items}, $scopes, $query->{set}, $one_form)
	  . $from . $self->conjunction('WHERE', $query->{where}, $scopes)
	  . $self->grouping($query, $scopes)
	  . $self->conjunction('HAVING', $query->{having}, $scopes)
	  . order($query, scalar @{ $query->{items} });
	pop @{ $self->{groups} };
	return $sql . ($query->{lock} ? " $query->{lock}" : '');
}

sub grouping
{
	my ($self, $query, $scopes) = @_;
	my $group = $query->{group};

	return '' if !$group || !@$group;
	return ' GROUP BY ' . ($query->{sets} ? "$query->{sets} (" : '')
	  . $self->list([ map { $_->{of} } @$group ], $scopes)
	  . ($query->{sets} ? ')' : '');
}

sub order
{
	my ($query, $n) = @_;
	my $directions = $query->{directions} // return '';

	return ' ORDER BY ' . join(', ',
		map { $_ . ($directions->[ $_ - 1 ] // '') } 1 .. $n)
	  . (defined $query->{limit} ? " LIMIT $query->{limit}" : '')
	  . ($query->{offset} ? " OFFSET $query->{offset}" : '');
}

sub set_operation
{
	my ($self, $query, $scopes) = @_;
	my $n = keys %{ Grammar::columns_of_query($query) };

	# types are the same and values have one form
	return join(" $query->{op} ", map { '('
		. $self->query({ %{ $query->{$_} },
			$query->{$_}{t} eq 'select' ? (set => 1) : () }, $scopes) . ')' }
		  'left', 'right')
	  . order($query, $n);
}

# ---------------------------------------------------------------------------
# Statements that write
# ---------------------------------------------------------------------------

sub scope_of_table
{
	my ($f) = @_;

	return ($f->{alias} =>
		{ map { @$_ } @{ $Field::table{ $f->{table} }{columns} } });
}

sub assignments
{
	my ($self, $set, $scopes) = @_;

	return join(', ', map { "$_->{column} = "
		. $self->expression($_->{e}, $scopes) } @$set);
}

sub returning
{
	my ($self, $query, $scopes) = @_;

	return '' if !@{ $query->{returning} };
	return ' RETURNING ' . $self->items($query->{returning}, $scopes);
}

# The target, what else there is to look at, and both.
sub sources
{
	my ($self, $query) = @_;
	my %own = scope_of_table($query->{target});
	my ($from, $others) = ('', {});

	($from, $others) = $self->from($query->{from}[0], [], {})
	  if @{ $query->{from} };
	return ($self->relation($query->{target}{table})
		. " $query->{target}{alias}", $from, [ { %own, %$others } ]);
}

sub update
{
	my ($self, $query) = @_;
	my ($target, $from, $scopes) = $self->sources($query);

	return "UPDATE $target SET " . $self->assignments($query->{set}, $scopes)
	  . (length $from ? " FROM $from" : '')
	  . $self->conjunction('WHERE', $query->{where}, $scopes)
	  . $self->returning($query, $scopes);
}

sub delete_from
{
	my ($self, $query) = @_;
	my ($target, $from, $scopes) = $self->sources($query);

	return "DELETE FROM $target" . (length $from ? " USING $from" : '')
	  . $self->conjunction('WHERE', $query->{where}, $scopes)
	  . $self->returning($query, $scopes);
}

sub insert
{
	my ($self, $query) = @_;
	my $target = $query->{target};
	my $scopes = [ { scope_of_table($target) } ];
	my $sql = 'INSERT INTO ' . $self->relation($target->{table})
	  . " AS $target->{alias} (" . join(', ', @{ $query->{columns} }) . ') ';
	my $conflict = $query->{conflict};

	$sql .= $query->{query} ? $self->query($query->{query}, [])
	  : 'VALUES ' . join(', ', map { '(' . $self->list($_->{row}, []) . ')' }
		  @{ $query->{rows} });
	if ($conflict && ($conflict->{nothing} || !@{ $conflict->{set} }))
	{
		$sql .= ' ON CONFLICT DO NOTHING';
	}
	elsif ($conflict)
	{
		my (undef, $columns) = scope_of_table($target);

		$sql .= ' ON CONFLICT (' . join(', ', @{ $conflict->{key} })
		  . ') DO UPDATE SET '
		  . $self->assignments($conflict->{set},
			[ { %{ $scopes->[0] }, excluded => $columns } ])
		  . $self->conjunction('WHERE', $conflict->{where}, $scopes);
	}
	return $sql . $self->returning($query, $scopes);
}

sub merge
{
	my ($self, $query) = @_;
	my %source = scope_of_table($query->{source});
	my $scopes = [ { scope_of_table($query->{target}), %source } ];
	my $sql = 'MERGE INTO ' . $self->relation($query->{target}{table})
	  . " $query->{target}{alias} USING "
	  . $self->relation($query->{source}{table}) . " $query->{source}{alias}"
	  . $self->conjunction('ON', $query->{on}, $scopes);

	foreach my $when (@{ $query->{whens} })
	{
		my $sees = $when->{matched} ? $scopes : [ \%source ];

		$sql .= ' WHEN ' . ($when->{matched} ? '' : 'NOT ') . 'MATCHED'
		  . $self->conjunction('AND', $when->{cond}, $sees) . ' THEN '
		  . ($when->{act} eq 'update'
			? 'UPDATE SET ' . $self->assignments($when->{set}, $sees)
			: $when->{act} eq 'delete' ? 'DELETE'
			: $when->{act} eq 'nothing' ? 'DO NOTHING'
			: 'INSERT (' . join(', ', @{ $when->{columns} }) . ') VALUES ('
			  . $self->list($when->{values}, $sees) . ')');
	}
	return $sql;
}

# ---------------------------------------------------------------------------
# Cases
# ---------------------------------------------------------------------------

# The statements of a case: sql, and how its answer is to be looked at
#
#   rows     it has rows; in which order is open
#   ordered  it has rows, in an order
#   loop     this one and "then" in turns, for as long as there are rows
#   explain  the statement whose plan is to be looked at
#   cache    done only with the cache
#   done     how to end what it has begun
#   twice    keys that two rows have
sub steps
{
	my ($case, $cached) = @_;
	my $self = Render->new(cached => $cached);
	my $kind = $case->{kind};
	my $query = $case->{query};

	return prepared_steps($case, $cached)
	  if $case->{runs} && @{ $case->{runs} };
	return cursor_steps($case, $self) if $kind eq 'cursor';
	return current_steps($case, $self) if $kind eq 'current';

	my $sql = $self->query($query, []);

	return ({ sql => $sql, explain => $sql,
		($query->{directions} ? 'ordered' : 'rows') => 1 },
		looks($case, $cached));
}

# The table after it was written to: as it is, and by its keys.  Where somebody
# else has deleted a row that the snapshot still sees, a new one of the same key
# is its twin, of which PostgreSQL's own plans give one or both.
sub looks
{
	my ($case, $cached) = @_;
	my $name = $case->{target} // return;
	my $table = $Field::table{$name};
	my $relation = $cached ? $name : $table->{truth};

	my $all = $name =~ /^v_/ ? $relation : $table->{truth};
	my $key = Field::key_list($table);

	return ({ sql => "SELECT $key FROM $all GROUP BY $key HAVING count(*) > 1",
			twice => $table->{unique} },
		{ sql => "SELECT t::text FROM $all t", rows => 1 },
		{ sql => "SELECT t::text FROM $relation t JOIN (SELECT DISTINCT "
			. "$key FROM $all) k ON "
			. join(' AND ', map { "t.$_ = k.$_" } @{ $table->{key} }),
			rows => 1 });
}

sub prepared_steps
{
	my ($case, $cached) = @_;
	my @params;
	my $self = Render->new(cached => $cached, params => \@params);
	my $sql = $self->query($case->{query}, []);
	my @steps;

	push @steps, { sql => 'PREPARE p'
		. (@params ? ' (' . join(', ',
			map { Field::sql_type($_->{type}) } @params) . ')' : '')
		. " AS $sql", done => 'DEALLOCATE p' };
	foreach my $run (@{ $case->{runs} })
	{
		my $execute = 'EXECUTE p' . (@params ? ' (' . join(', ',
			map { $_->{texts}[ $run->{n} ] // $_->{texts}[0] } @params) . ')' : '');

		push @steps,
		  { sql => "SET LOCAL plan_cache_mode = $run->{plan}" },
		  { sql => 'SET LOCAL topcache.transparent_scan = '
			  . ($run->{scan} ? 'on' : 'off'), cache => 1 },
		  { sql => $execute, explain => $execute,
			($case->{query}{directions} ? 'ordered' : 'rows') => 1 };
	}
	return (@steps, looks($case, $cached));
}

sub cursor_steps
{
	my ($case, $self) = @_;
	my $sql = $self->query($case->{query}, []);

	return ({ sql => 'DECLARE c ' . ($case->{scroll} ? '' : 'NO ')
			. "SCROLL CURSOR FOR $sql", explain => $sql },
		map { $_->{move}
			? { sql => "$_->{move} FROM c" =~ s/^(FETCH|MOVE) (\d+|ALL) FROM/$1 $2 FROM/r,
				$_->{move} =~ /^MOVE/ ? () : (ordered => 1) }
			: { sql => "SET LOCAL $_->{set}[0] = $_->{set}[1]", cache => 1 } }
		  @{ $case->{steps} });
}

sub current_steps
{
	my ($case, $self) = @_;
	my $sql = $self->query($case->{query}, []);
	my $relation = $self->relation($case->{target});
	my $key = join(', ', map { "$_" } @{ $Field::table{ $case->{target} }{key} });

	return ({ sql => "DECLARE c CURSOR FOR $sql", explain => $sql },
		{ sql => 'FETCH 1 FROM c', loop => ($case->{delete}
			? "DELETE FROM $relation"
			: "UPDATE $relation SET " . $self->assignments([ $case->{set} ], []))
			. " WHERE CURRENT OF c RETURNING $key, a", rows => 1 },
		looks($case, $self->{cached}));
}

1;
