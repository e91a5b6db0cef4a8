-- Reading: every way to read a record, by keys of many types.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_read;
SET search_path = tc_read;

SELECT topcache.create_map('docs');
INSERT INTO docs VALUES
	('object', '{"a": 1, "b": {"c": [true, null]}}'),
	('array', '[1, 2.50, "three"]'),
	('string', '"quoted \"text\""'),
	('number', '12345678901234567890.123'),
	('true', 'true'),
	('null', 'null'),
	('empty', '{}'),
	('', '"the empty key"'),
	('ключ', '"юникод"');

--
-- A miss reads the table and fills; the next read is a hit.
--
SELECT topcache.is_resident('docs', 'object');
SELECT topcache.get('docs', 'object');
SELECT topcache.is_resident('docs', 'object');
SELECT hits, misses, fills FROM topcache.stats WHERE relation = 'docs'::regclass;
SELECT topcache.get('docs', 'object');
SELECT hits, misses, fills FROM topcache.stats WHERE relation = 'docs'::regclass;

-- every record, from the table and then from the cache
SELECT key, topcache.get('docs', key) = value AS get,
	topcache.get_text('docs', key) = value::text AS get_text,
	topcache.contains('docs', key)
FROM docs ORDER BY key COLLATE "C";
SELECT count(*) = sum(topcache.is_resident('docs', key)::int) AS all_resident
FROM docs;
SELECT key, topcache.get('docs', key) = value AS get,
	topcache.get_text('docs', key) = value::text AS get_text,
	topcache.contains('docs', key)
FROM docs ORDER BY key COLLATE "C";
SELECT topcache.get('docs', 'array'), topcache.get_text('docs', 'string'),
	topcache.get('docs', ''), topcache.get('docs', 'ключ');

-- a record that is null is not an absent record
SELECT topcache.get('docs', 'null') IS NULL AS null_is_null,
	topcache.get('docs', 'absent') IS NULL AS absent_is_null,
	topcache.contains('docs', 'null') AS has_null,
	topcache.contains('docs', 'absent') AS has_absent;
-- absent twice: the second answer may come from memory
SELECT topcache.get('docs', 'absent'), topcache.get_text('docs', 'absent'),
	topcache.get_msgpack('docs', 'absent'), topcache.contains('docs', 'absent');

-- NULL in, NULL out
SELECT topcache.get('docs', NULL), topcache.get_text('docs', NULL),
	topcache.contains('docs', NULL), topcache.is_resident('docs', NULL),
	topcache.get(NULL, 'object');
SELECT * FROM topcache.scan(NULL);

--
-- Many keys: one row per key, in order, whatever is among them.
--
SELECT topcache.evict('docs', 'number');
SELECT n, key, value FROM topcache.get_many('docs',
	ARRAY['true', 'absent', 'number', NULL, 'true', '', 'number', 'null'])
	WITH ORDINALITY AS t(key, value, n) ORDER BY n;
SELECT topcache.is_resident('docs', 'number');
SELECT n, key, value FROM topcache.get_many_text('docs',
	ARRAY['true', 'absent', 'string', NULL, 'true', ''])
	WITH ORDINALITY AS t(key, value, n) ORDER BY n;
SELECT * FROM topcache.get_many('docs', '{}'::text[]);
SELECT * FROM topcache.get_many('docs', NULL::text[]);
SELECT * FROM topcache.get_many('docs', ARRAY[NULL]::text[]);
SELECT * FROM topcache.get_many('docs', ARRAY[['true', 'null'], ['', 'x']]);
SELECT * FROM topcache.get_many('docs', '[5:6]={true,null}'::text[]);
-- as a set in the select list, and cut short
SELECT topcache.get_many('docs', ARRAY['true', 'null', 'empty']) LIMIT 2;
SELECT * FROM topcache.get_many('docs', ARRAY['true', 'null', 'empty']) LIMIT 1;

-- thousands of keys of which every third is there and half of those resident
SELECT topcache.create_map('thousands');
INSERT INTO thousands
SELECT 'k' || i, jsonb_build_object('i', i) FROM generate_series(1, 9999, 3) i;
SELECT count(topcache.get('thousands', 'k' || i))
FROM generate_series(1, 9999, 6) i;
SELECT count(*), count(value),
	count(*) FILTER (WHERE value IS DISTINCT FROM
		(SELECT t.value FROM thousands t WHERE t.key || '' = g.key)) AS wrong
FROM (SELECT * FROM topcache.get_many('thousands',
		(SELECT array_agg('k' || i ORDER BY i DESC)
		 FROM generate_series(1, 300) i))) g;
SELECT count(*), count(value), bool_and(key = 'k' || n) AS in_order,
	bool_and(n % 3 <> 1 OR value = jsonb_build_object('i', n)) AS right,
	bool_and(n % 3 = 1 OR value IS NULL) AS absent
FROM topcache.get_many('thousands',
	(SELECT array_agg('k' || i ORDER BY i) FROM generate_series(1, 9999) i))
	WITH ORDINALITY AS t(key, value, n);
SELECT count(*) FROM thousands WHERE NOT topcache.is_resident('thousands', key);

-- everything, resident or not
SELECT count(*), count(DISTINCT key), sum((value ->> 'i')::int)
FROM topcache.scan('thousands');
SELECT topcache.evict_all('thousands') > 0;
SELECT count(*) FROM topcache.scan('thousands');
SELECT * FROM topcache.scan('docs') ORDER BY key COLLATE "C";
SELECT key FROM topcache.scan('docs') EXCEPT SELECT key FROM docs;
SELECT topcache.create_map('nothing');
SELECT * FROM topcache.scan('nothing');

--
-- Keys are of the table's type; text is read by its input function.
--
CREATE TABLE by_int4 (key int4 PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_int8 (key int8 PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_int2 (key int2 PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_uuid (key uuid PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_varchar (key varchar(10) PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_date (key date PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_bytea (key bytea PRIMARY KEY, value jsonb NOT NULL);
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE by_enum (key colour PRIMARY KEY, value jsonb NOT NULL);
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]+$');
CREATE TABLE by_domain (key code PRIMARY KEY, value jsonb NOT NULL);
SELECT t, topcache.attach(t::regclass, value => 'value')
FROM unnest(ARRAY['by_int4', 'by_int8', 'by_int2', 'by_uuid',
	'by_varchar', 'by_date', 'by_bytea', 'by_enum', 'by_domain']) t;
-- also where equal keys may look different
CREATE TABLE by_numeric (key numeric PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_char (key char(5) PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_float8 (key float8 PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE by_interval (key interval PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('by_numeric', value => 'value');
SELECT topcache.attach('by_char', value => 'value');
SELECT topcache.attach('by_float8', value => 'value');
SELECT topcache.attach('by_interval', value => 'value');

INSERT INTO by_int4 VALUES (1, '"one"'), (-2147483648, '"least"');
SELECT topcache.get('by_int4', 1), topcache.get('by_int4', -2147483648);
SELECT topcache.get('by_int4', 1::int8), topcache.get('by_int4', 1::int2),
	topcache.get('by_int4', '1'), topcache.get('by_int4', ' 1 '::text),
	topcache.is_resident('by_int4', '1'), topcache.contains('by_int4', 1::int8);
-- a number no key can be
SELECT topcache.get('by_int4', 3000000000);
SELECT topcache.get('by_int4', '3000000000');
SELECT topcache.get('by_int4', 'one');
SELECT topcache.get('by_int4', '');
-- nor does a number become another one to be a key
INSERT INTO by_int4 VALUES (2, '"two"');
SELECT topcache.get('by_int4', 1.5);
SELECT topcache.get('by_int4', 2.0);
SELECT * FROM topcache.get_many('by_int4', ARRAY[1, 1.5]);
DELETE FROM by_int4 WHERE key = 2;
SELECT topcache.get('by_int4', true);
SELECT topcache.get('by_int4', '2020-01-01'::date);
SELECT * FROM topcache.get_many('by_int4', ARRAY[2, 1, -2147483648]);
SELECT * FROM topcache.get_many('by_int4', ARRAY['2', '1']);
SELECT * FROM topcache.get_many('by_int4', ARRAY[2, 1]::int8[]);
SELECT * FROM topcache.scan('by_int4') ORDER BY key;

INSERT INTO by_int8 VALUES (1, '"one"'), (9223372036854775807, '"greatest"');
SELECT topcache.get('by_int8', 1), topcache.get('by_int8', 1::int8),
	topcache.get('by_int8', '1'), topcache.get('by_int8', 9223372036854775807);
SELECT * FROM topcache.get_many('by_int8', ARRAY[1, 2]);

INSERT INTO by_int2 VALUES (1, '"one"');
SELECT topcache.get('by_int2', 1), topcache.get('by_int2', 1::int8),
	topcache.get('by_int2', '1');
SELECT topcache.get('by_int2', 100000);

INSERT INTO by_uuid VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '"u"');
SELECT topcache.get('by_uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
	topcache.get('by_uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid),
	topcache.get('by_uuid', '{a0eebc999c0b4ef8bb6d6bb9bd380a11}');
SELECT topcache.get('by_uuid', 'no uuid');
SELECT * FROM topcache.get_many('by_uuid',
	ARRAY['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11']);

INSERT INTO by_varchar VALUES ('v', '1');
SELECT topcache.get('by_varchar', 'v'), topcache.get('by_varchar', 'v'::varchar),
	topcache.get('by_varchar', 'v'::text), topcache.get('by_varchar', 'v '),
	topcache.get('by_varchar', 'v'::name);
SELECT topcache.get('by_varchar', 'longer than ten');
INSERT INTO by_date VALUES ('2024-02-29', '1');
SELECT topcache.get('by_date', '2024-02-29'),
	topcache.get('by_date', '2024-02-29'::date);
SELECT topcache.get('by_date', '2024-02-29 12:00'::timestamp);
SELECT topcache.get('by_date', '2023-02-29');
INSERT INTO by_bytea VALUES ('\x00ff', '1'), ('\x', '2');
SELECT topcache.get('by_bytea', '\x00ff'),
	topcache.get('by_bytea', '\x00ff'::bytea), topcache.get('by_bytea', '\x');
INSERT INTO by_enum VALUES ('red', '1');
SELECT topcache.get('by_enum', 'red'), topcache.get('by_enum', 'green'::colour);
SELECT topcache.get('by_enum', 'blue');
INSERT INTO by_domain VALUES ('ABC', '1');
SELECT topcache.get('by_domain', 'ABC'), topcache.get('by_domain', 'ABC'::code),
	topcache.get('by_domain', 'DEF');
-- again, all from the cache
SELECT topcache.get('by_varchar', 'v'), topcache.get('by_date', '20240229'),
	topcache.get('by_bytea', '\x00FF'), topcache.get('by_enum', 'red'::colour),
	topcache.get('by_domain', 'ABC'), topcache.get('by_uuid', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11'),
	topcache.get('by_int8', 1), topcache.get('by_int2', '1');

-- text keys and numbers
SELECT topcache.put('docs', '42', '"a text that is a number"');
SELECT topcache.get('docs', 42);
SELECT topcache.get('docs', '42'), topcache.get('docs', '042'),
	topcache.get('docs', '42'::varchar), topcache.get('docs', '42'::name),
	topcache.get('docs', '42'::char(4));

-- the variants of a statement that drivers send
PREPARE untyped AS SELECT topcache.get('docs', $1);
PREPARE typed(text) AS SELECT topcache.get('docs', $1);
PREPARE number(int) AS SELECT topcache.get('by_int4', $1);
PREPARE untyped_number AS SELECT topcache.get('by_int4', $1);
PREPARE pair(regclass, text) AS SELECT topcache.get($1, $2);
PREPARE many(int[]) AS SELECT * FROM topcache.get_many('by_int4', $1);
EXECUTE untyped('true');
EXECUTE typed('true');
EXECUTE number(1);
EXECUTE untyped_number('1');
EXECUTE pair('docs', 'true');
EXECUTE pair('by_int4', '1');
EXECUTE pair('by_uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
EXECUTE pair('docs', 'null');
EXECUTE many('{1,2}');
-- the same as generic plans
SET plan_cache_mode = force_generic_plan;
EXECUTE untyped('true');
EXECUTE number(1);
EXECUTE pair('by_int4', '1');
EXECUTE pair('docs', 'true');
EXECUTE many('{1,2}');
RESET plan_cache_mode;
DEALLOCATE ALL;

-- a plan outlives a new table under the old name
SELECT topcache.create_map('reborn');
SELECT topcache.put('reborn', 'k', '"first"');
PREPARE p(text) AS SELECT topcache.get('reborn', $1);
EXECUTE p('k');
ALTER TABLE reborn ALTER COLUMN value TYPE text USING value ->> 0;
EXECUTE p('k');
DEALLOCATE p;

-- join, filter, subquery, expression
SELECT i, topcache.get('by_int4', i) AS value FROM generate_series(0, 2) i
ORDER BY i;
SELECT key FROM docs WHERE topcache.get('docs', key) = 'true';
SELECT topcache.get('docs', (SELECT key FROM docs WHERE value = 'true'));
SELECT g.value FROM by_int4 b, topcache.get_many('docs', ARRAY['true', 'null']) g
WHERE b.key = 1 ORDER BY g.key;

--
-- Values of other types than jsonb.
--
SELECT topcache.create_map('texts', value_type => 'text');
INSERT INTO texts VALUES ('a', 'some "text"'), ('b', ''), ('c', '{"no": "json"');
SELECT key, topcache.get('texts', key), topcache.get_text('texts', key)
FROM texts ORDER BY key;
SELECT * FROM topcache.get_many('texts', ARRAY['a', 'b', 'c', 'd']);
SELECT * FROM topcache.get_many_text('texts', ARRAY['a', 'b', 'c', 'd']);
SELECT * FROM topcache.scan('texts') ORDER BY key;
SELECT topcache.create_map('jsons', value_type => 'json');
INSERT INTO jsons VALUES ('a', '{"b":  1,   "a": 2, "b": 3}');
SELECT topcache.get('jsons', 'a'), topcache.get_text('jsons', 'a');
SELECT topcache.get('jsons', 'a'), topcache.get_text('jsons', 'a');
SELECT topcache.create_map('ints', value_type => 'int');
INSERT INTO ints VALUES ('a', 42);
SELECT topcache.get('ints', 'a'), topcache.get_text('ints', 'a');
SELECT topcache.create_map('bytes', value_type => 'bytea');
INSERT INTO bytes VALUES ('a', '\x00ff');
SELECT topcache.get('bytes', 'a'), topcache.get_text('bytes', 'a');
SELECT topcache.create_map('times', value_type => 'timestamptz');
INSERT INTO times VALUES ('a', '2024-02-29 12:00+00'), ('b', 'infinity');
-- text forms follow the session, from the cache as from the table
SET datestyle = 'ISO'; SET timezone = 'UTC';
SELECT key, value, topcache.get_text('times', key), topcache.get('times', key)
FROM times ORDER BY key;
SET datestyle = 'German'; SET timezone = 'Asia/Tokyo';
SELECT key, value, topcache.get_text('times', key), topcache.get('times', key)
FROM times ORDER BY key;
RESET datestyle; RESET timezone;
SELECT topcache.create_map('arrays', value_type => 'int[]');
INSERT INTO arrays VALUES ('a', '{1,NULL,3}');
SELECT topcache.get('arrays', 'a'), topcache.get_text('arrays', 'a');
CREATE TYPE point3 AS (x int, y text);
SELECT topcache.create_map('composites', value_type => 'tc_read.point3');
INSERT INTO composites VALUES ('a', '(1,"b c")');
SELECT topcache.get('composites', 'a'), topcache.get_text('composites', 'a');

-- a value that is NULL, in a table that allows it
CREATE TABLE nullable (key text PRIMARY KEY, value jsonb);
INSERT INTO nullable VALUES ('null', NULL), ('set', '1');
SELECT topcache.attach('nullable', value => 'value');
SELECT topcache.get('nullable', 'null'), topcache.contains('nullable', 'null'),
	topcache.get('nullable', 'set');
SELECT topcache.get('nullable', 'null'), topcache.contains('nullable', 'null'),
	topcache.get_text('nullable', 'null');
SELECT * FROM topcache.get_many('nullable', ARRAY['null', 'set', 'absent']);

--
-- Long records: compressed, out of line, and too long to be kept.
--
INSERT INTO docs VALUES
	('10 kB', to_jsonb(repeat('x', 10000))),
	('300 kB', to_jsonb((SELECT string_agg(md5(i::text), '')
		FROM generate_series(1, 9600) i))),
	('3 MB', to_jsonb((SELECT string_agg(md5(i::text), '')
		FROM generate_series(1, 96000) i)));
SELECT key, topcache.get('docs', key) = value AS right,
	length(topcache.get_text('docs', key))
FROM docs WHERE key LIKE '% _B' ORDER BY key COLLATE "C";
SELECT key, topcache.is_resident('docs', key) FROM docs
WHERE key LIKE '% _B' ORDER BY key COLLATE "C";
SELECT key, topcache.get('docs', key) = value AS right,
	length(topcache.get_text('docs', key))
FROM docs WHERE key LIKE '% _B' ORDER BY key COLLATE "C";

--
-- With the cache switched off, the same answers come from the table.
--
SELECT topcache.is_resident('docs', 'true');
SET topcache.enabled = off;
SELECT topcache.get('docs', 'true'), topcache.get('docs', 'absent'),
	topcache.contains('docs', 'true');
SELECT hits AS hits_before FROM topcache.stats
WHERE relation = 'docs'::regclass \gset
SELECT topcache.get('docs', 'true');
SELECT hits - :hits_before AS hits FROM topcache.stats
WHERE relation = 'docs'::regclass;
SELECT topcache.evict('docs', 'false'), topcache.evict('docs', 'object');
SELECT topcache.get('docs', 'object');
SELECT topcache.is_resident('docs', 'object');
UPDATE docs SET value = 'false' WHERE key = 'true';
RESET topcache.enabled;
SELECT topcache.get('docs', 'true');
SELECT topcache.get('docs', 'object');

-- a SERIALIZABLE transaction reads the table
SELECT bypasses AS bypasses_before FROM topcache.stats
WHERE relation = 'docs'::regclass \gset
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT topcache.get('docs', 'object');
COMMIT;
SELECT bypasses > :bypasses_before AS bypassed FROM topcache.stats
WHERE relation = 'docs'::regclass;

SET client_min_messages = warning;
DROP SCHEMA tc_read CASCADE;
