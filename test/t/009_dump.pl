# Dump and restore: maps are maps again, and the dump holds nothing that the
# cache knows beyond the user's data.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('dump');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	CREATE SCHEMA "Other One";
	SELECT topcache.create_map('made', ttl => '1 day', max_cost => 12345678);
	SELECT topcache.create_map('passing', durable => false);
	CREATE TABLE "Other One"."Given" (key text PRIMARY KEY,
		value jsonb NOT NULL, expires_at timestamptz);
	SELECT topcache.attach('"Other One"."Given"', value => 'value', max_idle => '1 hour');
	INSERT INTO made SELECT g::text, jsonb_build_object('n', g, 's', md5(g::text))
	  FROM generate_series(1, 100) g;
	INSERT INTO "Other One"."Given" SELECT g::text, to_jsonb(g)
	  FROM generate_series(1, 100) g;
	CREATE TABLE detached (key text PRIMARY KEY, value jsonb NOT NULL,
		expires_at timestamptz);
	SELECT topcache.attach('detached');
	SELECT topcache.detach('detached');
	CREATE TABLE orders (region text, id bigint, total numeric,
		note text, PRIMARY KEY (region, id));
	SELECT topcache.attach('orders');
	INSERT INTO orders SELECT 'eu', g, g * 1.50, repeat('n', g)
	  FROM generate_series(1, 100) g;
	CREATE FOREIGN TABLE hot_orders (region text, id bigint, total numeric)
		SERVER topcache OPTIONS (relation 'public.orders');
	CREATE FOREIGN TABLE presence (id int, room text)
		SERVER topcache OPTIONS (volatile 'true', key 'id');
	SELECT topcache.alter_map('presence', ttl => '1 hour');
});

# The text of a dump, without the tokens that are new each time.
sub dump_text
{
	my ($name) = @_;
	my $file = $node->basedir . "/$name.sql";

	$node->command_ok([ 'pg_dump', '-f', $file, 'postgres' ], "$name dump");
	my $text = slurp_file($file);
	$text =~ s/^\\(un)?restrict .*$//mg;
	return $text;
}

# Nothing of what the cache knows is in the dump: it does not matter whether
# it knows anything.
$node->restart;
my $cold = dump_text('cold');
$node->safe_psql(
	'postgres', q{
	SELECT topcache.hydrate('made');
	SELECT count(topcache.get('made', g::text)), count(topcache.get('made', 'x'))
	  FROM generate_series(1, 100) g, generate_series(1, 20);
	SELECT count(topcache.get('"Other One"."Given"', g::text))
	  FROM generate_series(1, 100) g;
	SELECT topcache.put('passing', 'a', '"volatile"');
});
my $open = open_session($node);
$open->query_safe(
	"BEGIN; SELECT count(topcache.put('made', g::text, '0')) "
	  . "FROM generate_series(1, 50) g");
cmp_ok(
	$node->safe_psql(
		'postgres',
		'SELECT least(sum(hits), sum(records), sum(dirty_records), sum(cost))'
		  . ' FROM topcache.map_state()'),
	'>', 0, 'the cache is in use');
my $warm = dump_text('warm');
$open->query_safe('ROLLBACK');
close_session($open);
ok($cold eq $warm, 'a dump with a full cache is the dump with an empty one');
ok($warm !~ /volatile"/, 'records of a volatile map are not in it');

# The table holds key, value and expiry, a record's bytes its value alone.
is( $node->safe_psql(
		'postgres', q{
	SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', '
					  ORDER BY attnum)
	  FROM pg_attribute WHERE attrelid = 'made'::regclass AND attnum > 0
}),
	'key text, value jsonb, expires_at timestamp with time zone',
	'the table has no column for what the cache knows');
is( $node->safe_psql(
		'postgres', q{
	SELECT count(*), bool_and(
			topcache.get_msgpack('made', key) = topcache.to_msgpack(value)
			AND topcache.from_msgpack(topcache.get_msgpack('made', key)) = value
			AND topcache.cost(value, key) = length(key) +
				octet_length(topcache.get_msgpack('made', key)))
	  FROM made
}),
	'100|t',
	'MessagePack holds the value and nothing else');

# Restored: as text, and from the archive format.
my $definitions_sql =
	'SELECT relation, key_columns, value_column, ttl, max_idle, max_cost, '
  . 'created, durable FROM topcache.map_definition ORDER BY relation::text';
my $triggers_sql =
	'SELECT tgrelid::regclass, tgname, tgenabled, tgtype, tgfoid::regproc '
  . "FROM pg_trigger WHERE tgfoid::regproc::text ~ '^topcache' "
  . "AND NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname";
my $definitions = $node->safe_psql('postgres', $definitions_sql);
my $triggers    = $node->safe_psql('postgres', $triggers_sql);
like($definitions, qr/^made\|.*1 day/m, 'definitions are there');
like($triggers, qr/^made\|.*row_changed/m, 'triggers are there');
unlike($triggers, qr/^detached/m, 'a detached table has none');

my $archive = $node->basedir . '/archive';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $archive, 'postgres' ],
	'archive dump');
$node->safe_psql('postgres',
	"CREATE DATABASE from_text TEMPLATE template0;\n"
	  . "CREATE DATABASE from_archive TEMPLATE template0");
$node->command_ok(
	[
		'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'from_text', '-f',
		$node->basedir . '/warm.sql'
	],
	'restore from text');
$node->command_ok(
	[ 'pg_restore', '--exit-on-error', '-d', 'from_archive', $archive ],
	'restore from archive');

foreach my $database ('from_text', 'from_archive')
{
	is($node->safe_psql($database, $definitions_sql),
		$definitions, "$database: definitions are the same");
	is($node->safe_psql($database, $triggers_sql),
		$triggers, "$database: triggers are the same");

	foreach my $map ('made', '"Other One"."Given"')
	{
		foreach my $source ('table', 'memory')
		{
			is( $node->safe_psql($database, differences_sql($map, 110)),
				'0', "$database: $map is right, from $source");
		}
		$node->safe_psql(
			$database, qq{
			SELECT topcache.put('$map', '1', '"put"');
			UPDATE $map SET value = '"updated"' WHERE key = '2';
			DELETE FROM $map WHERE key = '3';
		});
		is( $node->safe_psql(
				$database,
				"SELECT topcache.get('$map', '1'), topcache.get('$map', '2'), "
				  . "topcache.get('$map', '3') IS NULL"),
			'"put"|"updated"|t',
			"$database: writes to $map are seen");
		is( $node->safe_psql($database,
				"SELECT count(*) FROM topcache.verify('$map')"),
			'0',
			"$database: nothing wrong with $map");
		is( $node->safe_psql(
				$database,
				"SELECT hits > 90 FROM topcache.stats "
				  . "WHERE relation = '$map'::regclass"),
			't',
			"$database: $map is answered from memory");
	}
	is( $node->safe_psql(
			$database,
			"SELECT topcache.get('passing', 'a') IS NULL, "
			  . "topcache.put('passing', 'a', '1')"),
		't|t',
		"$database: the volatile map is there and empty");
}

# Rows, foreign tables and volatile maps with columns of their own.
sub check_rows
{
	my ($database) = @_;

	is( $node->safe_psql(
			$database, q{
			SELECT count(*), count(*) FILTER (WHERE o IS DISTINCT FROM
				topcache.fetch(NULL::orders, ROW(region, id)))
			  FROM orders o}),
		'100|0',
		"$database: rows are right");
	$node->safe_psql(
		$database, q{
		UPDATE orders SET total = 0 WHERE id = 1;
		UPDATE hot_orders SET total = -1 WHERE region = 'eu' AND id = 2;
		INSERT INTO presence VALUES (7, 'lobby')});
	is( $node->safe_psql(
			$database, q{
			SELECT (topcache.fetch(NULL::orders, ROW('eu', 1))).total,
				(SELECT total FROM hot_orders WHERE region = 'eu' AND id = 2),
				topcache.get('presence', 7)}),
		'0|-1|{"id": 7, "room": "lobby"}',
		"$database: foreign tables and volatile maps work");
	is($node->safe_psql($database, "SELECT count(*) FROM topcache.verify('orders')"),
		'0', "$database: nothing wrong with rows");
	return;
}
check_rows($_) foreach 'from_text', 'from_archive';

# Restored in parts: the schema, then the data, with and without the user's
# triggers; and by several at once.
my $folder = $node->basedir . '/folder';
$node->command_ok([ 'pg_dump', '-Fd', '-j', '2', '-f', $folder, 'postgres' ],
	'dump into a folder');
$node->safe_psql('postgres',
	"CREATE DATABASE by_jobs TEMPLATE template0;\n"
	  . "CREATE DATABASE in_parts TEMPLATE template0;\n"
	  . "CREATE DATABASE no_triggers TEMPLATE template0");
$node->command_ok(
	[ 'pg_restore', '--exit-on-error', '-j', '2', '-d', 'by_jobs', $folder ],
	'restore by two jobs');
foreach my $database ('in_parts', 'no_triggers')
{
	my @triggers = $database eq 'no_triggers' ? ('--disable-triggers') : ();

	$node->command_ok(
		[
			'pg_restore', '--exit-on-error', '--schema-only', '-d',
			$database, $folder
		],
		"$database: restore the schema");
	is( $node->safe_psql(
			$database,
			"SELECT count(*) FROM orders; INSERT INTO orders VALUES ('us', 1); "
			  . 'DELETE FROM orders'),
		'0',
		"$database: tables work before there is data");
	$node->command_ok(
		[
			'pg_restore', '--exit-on-error', '--data-only', @triggers, '-d',
			$database, $folder
		],
		"$database: restore the data");
}
foreach my $database ('by_jobs', 'in_parts', 'no_triggers')
{
	is($node->safe_psql($database, $definitions_sql),
		$definitions, "$database: definitions are the same");
	is($node->safe_psql($database, $triggers_sql),
		$triggers, "$database: triggers are the same");
	is($node->safe_psql($database, differences_sql('made', 110)),
		'0', "$database: values are right");
	check_rows($database);
}

# Parts of a database leave tables with triggers that are no maps: attach takes
# the triggers over, detach removes them.
my $schema_file = $node->basedir . '/schema.sql';
my $table_file = $node->basedir . '/tables.sql';
my $definition_file = $node->basedir . '/definitions.sql';
$node->command_ok(
	[ 'pg_dump', '--schema-only', '-f', $schema_file, 'postgres' ],
	'dump the schema');
$node->command_ok(
	[ 'pg_dump', '-t', 'orders', '-t', 'made', '-f', $table_file, 'postgres' ],
	'dump two tables');
$node->command_ok(
	[
		'pg_dump', '--data-only', '-t', 'topcache.map_definition', '-f',
		$definition_file, 'postgres'
	],
	'dump the definitions');
$node->safe_psql('postgres',
	"CREATE DATABASE the_schema TEMPLATE template0;\n"
	  . 'CREATE DATABASE two_tables TEMPLATE template0');
$node->safe_psql('two_tables', 'CREATE EXTENSION topcache');
$node->command_ok(
	[ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $schema_file, 'the_schema' ],
	'restore the schema');
$node->command_ok(
	[ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $table_file, 'two_tables' ],
	'restore two tables');

# Tables that have triggers and no definition.
my $left_over_sql = q{
	SELECT string_agg(name, ', ' ORDER BY name COLLATE "C") FROM
	  (SELECT tgrelid::regclass::text AS name FROM pg_trigger
		WHERE tgfoid = 'topcache.row_changed'::regproc
	   EXCEPT SELECT relation::text FROM topcache.map_definition) t};
is($node->safe_psql('the_schema', $left_over_sql),
	'"Other One"."Given", made, orders', 'the schema: no table is a map');
is($node->safe_psql('two_tables', $left_over_sql),
	'made, orders', 'two tables: none is a map');
foreach my $database ('the_schema', 'two_tables')
{
	$node->safe_psql(
		$database, q{
		SELECT topcache.attach('orders');
		SELECT topcache.detach('made');
		TRUNCATE orders;
		INSERT INTO orders SELECT 'eu', g FROM generate_series(1, 10) g});
	is( $node->safe_psql(
			$database, q{
			SELECT count(topcache.get('orders', ROW('eu', id))) FROM orders;
			UPDATE orders SET total = id;
			SELECT sum((topcache.get('orders', ROW('eu', id)) ->> 'total')::int)
			  FROM orders;
			SELECT state, records FROM topcache.maps
			 WHERE relation = 'orders'::regclass}),
		"10\n55\nactive|10",
		"$database: what is attached is a map");
	is( $node->safe_psql(
			$database,
			"SELECT count(*) FROM pg_trigger WHERE tgrelid = 'made'::regclass"),
		'0',
		"$database: what is detached has no triggers");
}
is($node->safe_psql('the_schema', $left_over_sql),
	'"Other One"."Given"', 'the others are as they were');

# With the definitions, everything is as it was made.
$node->safe_psql('postgres', 'CREATE DATABASE with_definitions TEMPLATE template0');
foreach my $file ($schema_file, $definition_file)
{
	$node->command_ok(
		[
			'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $file,
			'with_definitions'
		],
		'restore schema and definitions');
}
is($node->safe_psql('with_definitions', $definitions_sql),
	$definitions, 'definitions are the same');
is($node->safe_psql('with_definitions', $left_over_sql),
	'', 'and none is missing');

# The database that was dumped is another one: nothing of it has changed.
is($node->safe_psql('postgres', "SELECT topcache.get('made', '3') ->> 'n'"),
	'3', 'the maps of the two databases are two');

# The way back: an extension that is dropped leaves tables without triggers.
$node->safe_psql('from_text', 'DROP EXTENSION topcache CASCADE');
is( $node->safe_psql(
		'from_text',
		"SELECT count(*) FROM pg_trigger WHERE tgrelid = 'made'::regclass"),
	'0',
	'dropping the extension takes the triggers');
$node->safe_psql('from_text', "UPDATE made SET value = '0' WHERE key = '5'");
is($node->safe_psql('from_text', 'SELECT count(*) FROM made'),
	'99', 'and leaves the table');
is( $node->safe_psql(
		'from_text', q{
		SELECT string_agg(relname || ' ' || relkind::text, ', ' ORDER BY relname)
		  FROM pg_class WHERE relnamespace = 'public'::regnamespace
		   AND relkind IN ('r', 'f');
		SELECT count(*) FROM pg_event_trigger WHERE evtname ~ 'topcache'}),
	"detached r, made r, orders r\n0",
	'of foreign tables and event triggers nothing');

$node->stop;
done_testing();
