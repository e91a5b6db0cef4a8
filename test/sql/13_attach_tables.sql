-- Any ordinary table can be a map: by keys of any type that can be hashed, of
-- one column or several, whole rows or one column of them.  What cannot is
-- refused with the reason.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP ROLE IF EXISTS regress_topcache_stranger;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_tables;
SET search_path = tc_tables;
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET timezone = 'UTC';
SET extra_float_digits = 1;

CREATE FUNCTION from_table(map regclass) RETURNS bigint LANGUAGE sql AS
	$$SELECT misses + bypasses FROM topcache.stats WHERE relation = map$$;

--
-- Whole rows
--
CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, total numeric(10, 2), placed date, "with space" text);
SELECT topcache.attach('orders');
SELECT relation, state, reason, durable, key_columns, value_column, records FROM topcache.maps WHERE relation = 'orders'::regclass;
INSERT INTO orders VALUES (1, 'Ann', 12.5, '2024-02-29', 'x'), (2, 'Bob', NULL, NULL, ''), (3, 'says "hi", twice', 0, 'infinity', NULL);
SELECT topcache.get('orders', 1);
SELECT topcache.get('orders', 1), topcache.is_resident('orders', 1);
SELECT topcache.get_text('orders', 2);
SELECT topcache.get_text('orders', 3);
SELECT topcache.get_text('orders', 3) = o::text AS same, topcache.get_text('orders', 3)::orders = o AS read_back FROM orders o WHERE id = 3;
SELECT topcache.fetch(NULL::orders, 1);
SELECT (topcache.fetch(NULL::orders, 1)).*;
SELECT * FROM topcache.fetch(NULL::orders, 2);
SELECT (topcache.fetch(NULL::orders, 3)).customer, pg_typeof(topcache.fetch(NULL::orders, 3));
SELECT topcache.fetch(NULL::orders, 9) IS NULL AS absent, (topcache.fetch(NULL::orders, 9)).id;
SELECT topcache.fetch(NULL::orders, '2');
SELECT topcache.fetch(NULL::orders, NULL);
SELECT * FROM topcache.fetch_many(NULL::orders, ARRAY[3, 9, 1, NULL, 3]);
SELECT (topcache.fetch_many(NULL::orders, ARRAY[2, 9])).customer;
SELECT * FROM topcache.fetch_many(NULL::orders, '{}'::int[]);
SELECT o.id, f.customer FROM orders o, topcache.fetch_many(NULL::orders, ARRAY[o.id, o.id + 1]) f ORDER BY 1, 2;
SELECT * FROM topcache.get_many('orders', ARRAY[2, 9]);
SELECT * FROM topcache.get_many_text('orders', ARRAY[2, 9]);
SELECT * FROM topcache.scan('orders') ORDER BY key;
SELECT topcache.contains('orders', 1), topcache.contains('orders', 9);
SELECT topcache.evict_all('orders'), topcache.hydrate('orders');
SELECT key, dirty FROM topcache.entries('orders') ORDER BY key;
SELECT * FROM topcache.verify('orders');
-- an argument that is a row tells only its type
SELECT topcache.fetch(o, 2) FROM orders o WHERE id = 1;
SELECT topcache.fetch(ROW(5, 'no such row', NULL, NULL, NULL)::orders, 2);
-- in a prepared statement, before and after the table gets another column
PREPARE p(int) AS SELECT topcache.fetch(NULL::orders, $1);
EXECUTE p(1);
EXECUTE p(9);
ALTER TABLE orders ADD COLUMN extra int DEFAULT 7;
EXECUTE p(1);
SELECT (topcache.fetch(NULL::orders, 1)).extra;
ALTER TABLE orders DROP COLUMN "with space";
EXECUTE p(1);
DEALLOCATE p;
-- what is not a row of a map
SELECT topcache.fetch(NULL::int, 1);
SELECT topcache.fetch(NULL, 1);
SELECT topcache.fetch(ROW(1, 2), 1);
SELECT topcache.fetch(NULL::pg_class, 1);
CREATE TYPE not_a_table AS (id int);
SELECT topcache.fetch(NULL::not_a_table, 1);
CREATE TABLE no_map (id int PRIMARY KEY, note text);
SELECT topcache.fetch(NULL::no_map, 1);
SELECT * FROM topcache.fetch_many(NULL::no_map, ARRAY[1]);
CREATE TABLE one_column (id int PRIMARY KEY, note text, more text);
SELECT topcache.attach('one_column', value => 'note');
SELECT topcache.fetch(NULL::one_column, 1);
SELECT * FROM topcache.fetch_many(NULL::one_column, ARRAY[1]);
-- a key that cannot be read as one
SELECT topcache.get('orders', 'one');
SELECT topcache.get('orders', ROW(1, 2));
SELECT topcache.fetch(NULL::orders, 1.5);

--
-- Keys of several columns, in the order of the key
--
CREATE TABLE pairs (note text, region text, id int, PRIMARY KEY (id, region));
SELECT topcache.attach('pairs');
SELECT key_columns, value_column FROM topcache.maps WHERE relation = 'pairs'::regclass;
INSERT INTO pairs VALUES ('seven in the EU', 'eu', 7), ('eight in the US', 'us', 8), ('odd', 'a,"b" (c)\d', 9), ('empty', '', 10);
SELECT topcache.get('pairs', ROW(7, 'eu'));
SELECT topcache.get('pairs', ROW(7, 'eu')), topcache.is_resident('pairs', ROW(7, 'eu'));
SELECT topcache.get('pairs', ROW(7, 'us')), topcache.get('pairs', ROW(8, 'eu'));
SELECT topcache.fetch(NULL::pairs, ROW(8, 'us'));
-- as text, the key is a row; so is every key that is returned
SELECT topcache.get('pairs', '(7,eu)'), topcache.get_text('pairs', '(8,us)'::text);
SELECT topcache.fetch(NULL::pairs, '(10,"")');
SELECT topcache.fetch(NULL::pairs, ROW(9, 'a,"b" (c)\d'));
SELECT * FROM topcache.get_many('pairs', ARRAY[ROW(7, 'eu'), ROW(8, 'us'), ROW(7, 'us')]);
SELECT * FROM topcache.get_many('pairs', ARRAY['(7,eu)', '(8,us)', NULL, '(9,"a,""b"" (c)\\d")']);
SELECT * FROM topcache.fetch_many(NULL::pairs, ARRAY[ROW(8, 'us'), ROW(7, 'us'), ROW(7, 'eu')]);
SELECT * FROM topcache.scan('pairs') ORDER BY key;
SELECT key, topcache.get('pairs', key) = value AS read_back FROM topcache.scan('pairs') ORDER BY key;
SELECT key FROM topcache.entries('pairs') ORDER BY key;
-- of the wrong length, of other types, NULL
SELECT topcache.get('pairs', ROW(7));
SELECT topcache.get('pairs', ROW(7, 'eu', 1));
SELECT topcache.get('pairs', 7);
SELECT topcache.get('pairs', '7');
SELECT topcache.get('pairs', '(7,eu');
SELECT topcache.get('pairs', '(seven,eu)');
SELECT topcache.get('pairs', ROW(7::bigint, 'eu'::varchar)), topcache.get('pairs', ROW('7', 'eu'::name));
SELECT topcache.get('pairs', ROW('eu', 7));
SELECT topcache.get('pairs', ROW(7, NULL));
SELECT topcache.get('pairs', NULL);
SELECT * FROM topcache.get_many('pairs', ARRAY[ROW(7, 'eu'), ROW(7, NULL)]);
-- written by whatever means
UPDATE pairs SET note = 'updated' WHERE id = 7;
SELECT topcache.get('pairs', ROW(7, 'eu'));
UPDATE pairs SET region = 'xx' WHERE id = 8;
SELECT topcache.get('pairs', ROW(8, 'us')), topcache.get('pairs', ROW(8, 'xx'));
DELETE FROM pairs WHERE id = 10;
SELECT topcache.get('pairs', ROW(10, ''));
SELECT topcache.evict('pairs', ROW(7, 'eu')), topcache.is_resident('pairs', ROW(7, 'eu'));
SELECT * FROM topcache.verify('pairs');

-- named in another order than the index has them, over three columns
CREATE TABLE triples (a int NOT NULL, b text NOT NULL, c date NOT NULL, note text, PRIMARY KEY (c, a, b));
CREATE UNIQUE INDEX triples_other ON triples (b, c, a) INCLUDE (note);
SELECT topcache.attach('triples', key => '{a,b,c}');
SELECT key_columns FROM topcache.maps WHERE relation = 'triples'::regclass;
INSERT INTO triples VALUES (1, 'x', '2024-01-01', 'first'), (1, 'y', '2024-01-01', 'second'), (2, 'x', '2024-01-01', 'third');
SELECT topcache.fetch(NULL::triples, ROW(1, 'y', '2024-01-01'::date)), topcache.fetch(NULL::triples, ROW(1, 'y', '2024-01-02'::date));
SELECT topcache.fetch(NULL::triples, ROW(1, 'y', '2024-01-01'::date)), topcache.get_text('triples', '(2,x,2024-01-01)');
SELECT key, value FROM topcache.get_many_text('triples', ARRAY[ROW(2, 'x', '2024-01-01'::date), ROW(1, 'x', '2024-01-01'::date)]);
-- the primary key's own order is the default
SELECT topcache.detach('triples');
SELECT topcache.attach('triples');
SELECT key_columns FROM topcache.maps WHERE relation = 'triples'::regclass;
SELECT topcache.get_text('triples', ROW('2024-01-01'::date, 1, 'x'));
-- an index with more columns, or fewer, is not the key's
SELECT topcache.detach('triples');
SELECT topcache.attach('triples', key => '{a,b}');
SELECT topcache.attach('triples', key => '{a,b,c,note}');
-- one column of a table with a key of several
CREATE TABLE settings (owner int, name text, value text, changed timestamptz DEFAULT now(), PRIMARY KEY (owner, name));
SELECT topcache.attach('settings', value => 'value');
INSERT INTO settings VALUES (1, 'colour', 'red'), (1, 'size', NULL);
SELECT topcache.get('settings', ROW(1, 'colour')), topcache.get('settings', ROW(1, 'size')), topcache.contains('settings', ROW(1, 'size'));
SELECT topcache.put('settings', ROW(2, 'colour'), '"blue"'), topcache.put('settings', ROW(1, 'colour'), '"green"');
SELECT owner, name, value, topcache.get('settings', ROW(owner, name)) FROM settings ORDER BY owner, name;
SELECT * FROM topcache.get_many('settings', ARRAY[ROW(2, 'colour'), ROW(2, 'size')]);
SELECT topcache.remove('settings', ROW(2, 'colour')), topcache.remove_many('settings', ARRAY[ROW(1, 'size'), ROW(9, 'size')]);
SELECT topcache.incr('settings', ROW(3, 'count'), 5);

-- a unique index that is not the primary key
CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL, email text NOT NULL, note text);
CREATE UNIQUE INDEX ON by_index (code) INCLUDE (note);
ALTER TABLE by_index ADD UNIQUE (email);
INSERT INTO by_index VALUES (1, 'A', 'a@example.org', 'one'), (2, 'B', 'b@example.org', 'two');
SELECT topcache.attach('by_index', key => '{code}');
SELECT topcache.get('by_index', 'A'), topcache.fetch(NULL::by_index, 'B');
UPDATE by_index SET code = CASE code WHEN 'A' THEN 'C' ELSE code END, id = id + 10;
SELECT topcache.get('by_index', 'A'), topcache.get('by_index', 'C'), topcache.get('by_index', 'B') -> 'id' AS id;
SELECT topcache.detach('by_index'), topcache.attach('by_index', key => '{email}', value => 'note');
SELECT topcache.get('by_index', 'b@example.org'), topcache.get('by_index', 'c@example.org');

--
-- Keys of every type: stored one way, looked up another.  Every line says
-- which key was asked for and which row came, as it was stored.
--
CREATE FUNCTION answer(how text, keytype text, probe text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format(how, probe, keytype) INTO result;
	RETURN result;
END $$;
CREATE PROCEDURE try(keytype text, stored text[], probes text[], cached boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
	p text;
	n bigint;
	found text;
	wanted text;
	how text;
	bad int := 0;
	hows text[] := ARRAY['SELECT topcache.get_text(''t'', %L::%s)', 'SELECT topcache.get_text(''t'', %L)',
		'SELECT topcache.fetch(NULL::t, %L::%s)', 'SELECT topcache.fetch_many(NULL::t, ARRAY[%L::%s])',
		'SELECT value FROM topcache.get_many_text(''t'', ARRAY[%L::%s])', 'SELECT topcache.fetch(NULL::t, %L::text)'];
	from_table text := 'SELECT t FROM t WHERE key = %L::%s';
BEGIN
	EXECUTE format('CREATE TABLE t (key %s PRIMARY KEY, note text)', keytype);
	PERFORM topcache.attach('t');
	FOREACH p IN ARRAY stored LOOP
		EXECUTE format('INSERT INTO t VALUES (%L, %L)', p, 'stored as ' || p);
	END LOOP;
	COMMIT;
	-- read, and read again
	FOR pass IN 1..2 LOOP
		n := from_table('t');
		FOREACH p IN ARRAY probes LOOP
			wanted := answer(from_table, keytype, p);
			FOREACH how IN ARRAY hows LOOP
				-- an array of arrays has no elements that are arrays
				CONTINUE WHEN keytype LIKE '%[]' AND how LIKE '%ARRAY%';
				found := answer(how, keytype, p);
				IF found IS DISTINCT FROM wanted THEN
					RAISE WARNING '% %: %, not % by %', keytype, p, found, wanted, how;
				END IF;
			END LOOP;
			IF pass = 1 THEN
				RAISE NOTICE '% %: %', keytype, quote_literal(p), coalesce(wanted, 'none');
			END IF;
		END LOOP;
		COMMIT;
	END LOOP;
	IF cached AND from_table('t') > n THEN
		RAISE WARNING '%: not from the cache', keytype;
	END IF;
	-- written under each of the forms, and read under all of them
	FOREACH p IN ARRAY probes LOOP
		FOREACH how IN ARRAY ARRAY['UPDATE t SET note = note || ''!'' WHERE key = %L::%s', 'UPDATE t SET key = %1$L WHERE key = %1$L::%2$s',
				'DELETE FROM t WHERE key = %L::%s', 'INSERT INTO t VALUES (%L, ''inserted'') ON CONFLICT DO NOTHING'] LOOP
			EXECUTE format(how, p, keytype);
			COMMIT;
			bad := bad + (SELECT count(*) FROM unnest(probes) q
				WHERE answer(hows[1], keytype, q) IS DISTINCT FROM answer(from_table, keytype, q)
					OR answer(hows[3], keytype, q) IS DISTINCT FROM answer(from_table, keytype, q));
			COMMIT;
		END LOOP;
	END LOOP;
	bad := bad + (SELECT count(*) FROM topcache.verify('t'));
	IF bad > 0 THEN
		RAISE WARNING '%: % wrong after writes', keytype, bad;
	END IF;
	DROP TABLE t;
	COMMIT;
END $$;
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]+$');
CREATE DOMAIN money_value AS numeric(10, 2);
CREATE DOMAIN code_of_codes AS code;
CREATE TYPE pair AS (a int, b numeric);

-- numbers
CALL try('smallint', '{1,-32768}', '{1,-32768,2}');
CALL try('int', '{1,-2147483648}', '{1,-2147483648,2}');
CALL try('bigint', '{1,9223372036854775807}', '{1,9223372036854775807,2}');
CALL try('oid', '{1,4294967295}', '{1,4294967295,2}');
CALL try('numeric', '{1.00,2,0.000,1e-10,123456789012345678901234567890.10}',
	'{1,1.0,1.0000,2.0,0,-0.0,0.0000000001,123456789012345678901234567890.1,3}');
-- PostgreSQL gives these one hash: only one of them can be in the cache
CALL try('numeric', '{NaN,Infinity,1}', '{NaN,Infinity,-Infinity,1}', cached => false);
CALL try('numeric(10,2)', '{1,2.5}', '{1.00,2.50,2.51}');
CALL try('float4', '{0,1.1,NaN}', '{-0,0.0,1.1,NaN,2}');
CALL try('float8', '{-0,1.1,NaN,Infinity}', '{0,-0,1.1,1.10,NaN,Infinity,-Infinity}');
CALL try('boolean', '{t}', '{true,yes,1,false}');
-- text
CALL try('text', '{a,"",A,"a "}', '{a,"",A,"a ",b}');
CALL try('text COLLATE "C"', '{a}', '{a,A}');
CALL try('varchar(5)', '{a,"ab "}', '{a,"ab ",ab}');
CALL try('character(5)', '{ab,""}', '{ab,"ab ","ab   ","","     ",abc}');
CALL try('bpchar', '{"ab ",c}', '{ab,"ab   ",c,"c ",d}');
CALL try('name', '{a}', '{a,b}');
CALL try('"char"', '{a}', '{a,b}');
CALL try('bytea', '{"\\x00ff","\\x"}', '{"\\x00FF","\\x","\\x00"}');
CALL try('uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11,a0eebc999c0b4ef8bb6d6bb9bd380a11,00000000-0000-0000-0000-000000000000}');
-- times
CALL try('date', '{2024-02-29,infinity}', '{20240229,2024-02-29,infinity,-infinity}');
CALL try('time', '{12:00}', '{12:00:00,12:00:00.000,13:00}');
CALL try('timetz', '{12:00+00}', '{12:00+00,13:00+01}');
CALL try('timestamp', '{2024-02-29 12:00}', '{2024-02-29T12:00:00.000,2024-02-29}');
CALL try('timestamptz', '{2024-02-29 12:00+00}', '{2024-02-29 13:00+01,2024-02-29 12:00+00,2024-02-29 12:00+01}');
CALL try('interval', '{1 day,1 mon}', '{24:00:00,1 day,1440 min,30 days,1 mon,25:00:00}');
-- types of the user's
CALL try('colour', '{red,blue}', '{red,blue,green}');
CALL try('positive', '{1,2}', '{1,2,3}');
CALL try('code', '{ABC}', '{ABC,DEF}');
CALL try('code_of_codes', '{ABC}', '{ABC,DEF}');
CALL try('money_value', '{1.5,2}', '{1.50,2.00,3}');
CALL try('pair', '{"(1,1.00)"}', '{"(1,1.00)","(1,1)","(1,2)"}');
-- networks, arrays, ranges, documents
CALL try('inet', '{10.0.0.1,10.0.0.0/8}', '{10.0.0.1/32,10.0.0.1,10.0.0.0/8,10.0.0.0}');
CALL try('cidr', '{10.0.0.0/8}', '{10/8,10.0.0.0/8,10.0.0.0/16}');
CALL try('macaddr', '{08:00:2b:01:02:03}', '{08-00-2b-01-02-03,0800.2b01.0203,08:00:2b:01:02:04}');
CALL try('int[]', '{"{1,2}","{}"}', '{"{1,2}","{ 1, 2 }","{}","{2,1}"}');
CALL try('numeric[]', '{"{1.0,NULL}"}', '{"{1.00,NULL}","{1}"}');
CALL try('text[]', '{"{a,NULL}"}', '{"{a,NULL}","{a,\"NULL\"}"}');
CALL try('int4range', '{"[1,3)"}', '{"[1,2]","[1,3)","[1,3]",empty}');
CALL try('numrange', '{"[1.0,2.0]"}', '{"[1,2]","[1.00,2.000]","[1,2)"}');
CALL try('int4multirange', '{"{[1,3),[5,6)}"}', '{"{[5,5],[1,2]}","{[1,3)}"}');
CALL try('jsonb', '{"{\"a\": 1.0, \"b\": [null]}"}', '{"{\"b\":[null],\"a\":1.00}","{\"a\":1}"}');
CALL try('pg_lsn', '{0/16B3748}', '{0/16b3748,0/0}');

-- a key of several columns of such types
CREATE TABLE mixed (n numeric, c character(4), i interval, e colour, note text, PRIMARY KEY (e, i, c, n));
SELECT topcache.attach('mixed', key => '{n,c,i,e}');
INSERT INTO mixed VALUES (1.00, 'ab', '1 day', 'green', 'stored');
SELECT topcache.get_text('mixed', ROW(1, 'ab', '24 hours'::interval, 'green'::colour));
SELECT topcache.get_text('mixed', ROW(1.000, 'ab  '::char(4), '1 day'::interval, 'green'::colour)),
	topcache.get_text('mixed', '(1,ab,1440 min,green)'), topcache.get_text('mixed', '(1,ab,1 day,red)');
SELECT key FROM topcache.entries('mixed');
UPDATE mixed SET n = 1, c = 'ab', note = 'changed' WHERE n = 1.0;
SELECT topcache.get_text('mixed', ROW(1.0, 'ab', '1 day'::interval, 'green'::colour)), m FROM mixed m;
-- one value column under a key that is equal in other forms
CREATE TABLE prices (amount numeric PRIMARY KEY, value jsonb);
SELECT topcache.attach('prices', value => 'value');
SELECT topcache.put('prices', 1.50, '"first"'), topcache.put('prices', 1.5, '"second"');
SELECT topcache.get('prices', 1.500), amount, value FROM prices;
SELECT key FROM topcache.scan('prices');
SELECT topcache.remove('prices', '1.50000');
SELECT topcache.get('prices', 1.5);

--
-- Unlogged tables
--
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, note text);
SELECT topcache.attach('unlogged');
INSERT INTO unlogged VALUES (1, 'one');
SELECT topcache.get('unlogged', 1), topcache.get('unlogged', 1), topcache.is_resident('unlogged', 1);
UPDATE unlogged SET note = 'changed';
SELECT topcache.get('unlogged', 1);

--
-- A table that inherits, and a partition: right also when written through
-- the parent.
--
CREATE TABLE parent (id int, note text);
CREATE TABLE child (more text, PRIMARY KEY (id)) INHERITS (parent);
SELECT topcache.attach('child');
INSERT INTO child VALUES (1, 'one', 'more'), (2, 'two', 'more'), (3, 'three', 'more');
SELECT topcache.fetch(NULL::child, 1), topcache.get('child', 2);
UPDATE parent SET note = 'through the parent' WHERE id = 1;
DELETE FROM parent WHERE id = 2;
SELECT topcache.fetch(NULL::child, 1), topcache.get('child', 2), topcache.is_resident('child', 1);
BEGIN;
UPDATE parent SET id = id + 10;
SELECT topcache.get('child', 1), topcache.get('child', 11) -> 'note' AS note;
ROLLBACK;
SELECT topcache.get('child', 1) -> 'note' AS note, topcache.get('child', 11);
ALTER TABLE parent ADD COLUMN late int DEFAULT 5;
SELECT topcache.fetch(NULL::child, 1);
ALTER TABLE parent DROP COLUMN note;
SELECT topcache.fetch(NULL::child, 1), c FROM child c WHERE id = 1;
TRUNCATE parent;
SELECT topcache.fetch(NULL::child, 1);
SELECT topcache.fetch(NULL::parent, 1);
SELECT * FROM topcache.verify('child');

CREATE TABLE measures (id int NOT NULL, region text NOT NULL, n numeric, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
-- the columns of this partition are in another order
CREATE TABLE measures_eu (n numeric, gone int, region text NOT NULL, id int NOT NULL);
ALTER TABLE measures_eu DROP COLUMN gone;
ALTER TABLE measures ATTACH PARTITION measures_eu FOR VALUES IN ('eu');
CREATE TABLE measures_us PARTITION OF measures FOR VALUES IN ('us');
CREATE TABLE measures_rest PARTITION OF measures DEFAULT;
SELECT topcache.attach('measures');
SELECT topcache.attach('measures_eu'), topcache.attach('measures_us');
CREATE FUNCTION regions(i int) RETURNS TABLE (eu text, us text, wrong boolean) LANGUAGE sql AS $$
	SELECT topcache.get_text('measures_eu', ROW('eu', i)), topcache.get_text('measures_us', ROW('us', i)),
		topcache.fetch(NULL::measures_eu, ROW('eu', i)) IS DISTINCT FROM (SELECT m FROM measures_eu m WHERE id + 0 = i)
		OR topcache.fetch(NULL::measures_us, ROW('us', i)) IS DISTINCT FROM (SELECT m FROM measures_us m WHERE id + 0 = i)
$$;
INSERT INTO measures VALUES (1, 'eu', 1.5), (2, 'us', 2.50), (3, 'xx', 3);
SELECT * FROM regions(1) UNION ALL SELECT * FROM regions(2) UNION ALL SELECT * FROM regions(3);
UPDATE measures SET n = n + 1;
SELECT * FROM regions(1) UNION ALL SELECT * FROM regions(2);
-- rows that move from one partition to another, and back
UPDATE measures SET region = 'us' WHERE id = 1;
SELECT * FROM regions(1);
BEGIN;
UPDATE measures SET region = 'eu' WHERE id IN (1, 2);
SELECT * FROM regions(1) UNION ALL SELECT * FROM regions(2);
ROLLBACK;
SELECT * FROM regions(1) UNION ALL SELECT * FROM regions(2);
UPDATE measures SET region = CASE region WHEN 'us' THEN 'xx' ELSE 'us' END;
SELECT * FROM regions(1) UNION ALL SELECT * FROM regions(2) UNION ALL SELECT * FROM regions(3);
INSERT INTO measures VALUES (3, 'us', 33) ON CONFLICT (region, id) DO UPDATE SET n = EXCLUDED.n;
COPY measures FROM stdin;
4	eu	4.00
\.
DELETE FROM measures WHERE id = 2;
MERGE INTO measures m USING (VALUES (4, 'eu')) s(id, region) ON m.id = s.id AND m.region = s.region WHEN MATCHED THEN UPDATE SET n = 44;
SELECT * FROM regions(3) UNION ALL SELECT * FROM regions(4);
BEGIN;
TRUNCATE measures;
SELECT * FROM regions(3);
ROLLBACK;
SELECT * FROM regions(3);
TRUNCATE measures;
SELECT * FROM regions(3) UNION ALL SELECT * FROM regions(4);
ALTER TABLE measures DETACH PARTITION measures_eu;
INSERT INTO measures_eu (id, region, n) VALUES (1, 'eu', 1);
SELECT * FROM regions(1);
SELECT * FROM topcache.verify('measures_eu') UNION ALL SELECT * FROM topcache.verify('measures_us');
SELECT relation, state, reason FROM topcache.maps WHERE relation IN ('child'::regclass, 'measures_eu'::regclass, 'measures_us'::regclass) ORDER BY relation::text;

--
-- What cannot be attached
--
CREATE TEMP TABLE temporary (id int PRIMARY KEY);
SELECT topcache.attach('temporary');
CREATE FOREIGN TABLE remote (id int, note text) SERVER topcache
	OPTIONS (relation 'another');
SELECT topcache.attach('remote', key => '{id}');
CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY HASH (id);
SELECT topcache.attach('whole');
CREATE VIEW view AS SELECT 1 AS id;
SELECT topcache.attach('view', key => '{id}');
CREATE MATERIALIZED VIEW matview AS SELECT 1 AS id;
CREATE UNIQUE INDEX ON matview (id);
SELECT topcache.attach('matview', key => '{id}');
SELECT topcache.attach('pg_catalog.pg_class', key => '{oid}');
SELECT topcache.attach('information_schema.sql_features', key => '{feature_id}');
SELECT topcache.attach('topcache.map_definition');
CREATE SEQUENCE sequence;
SELECT topcache.attach('sequence');
SELECT topcache.attach('orders_pkey');
SELECT topcache.attach('not_a_table');
-- an access method that is the heap under another name is the heap
CREATE ACCESS METHOD regress_topcache_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE strange (id int PRIMARY KEY) USING regress_topcache_heap;
SELECT topcache.attach('strange');
DROP TABLE strange;
DROP ACCESS METHOD regress_topcache_heap;
-- keys
CREATE TABLE keyless (id int, note text);
SELECT topcache.attach('keyless');
SELECT topcache.attach('keyless', key => '{id}');
CREATE UNIQUE INDEX ON keyless (id);
SELECT topcache.attach('keyless', key => '{id}');
CREATE TABLE late (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text NOT NULL UNIQUE DEFERRABLE);
SELECT topcache.attach('late');
SELECT topcache.attach('late', key => '{code}');
CREATE TABLE sparse (id int NOT NULL, code text NOT NULL);
CREATE UNIQUE INDEX ON sparse (id) WHERE code <> '';
SELECT topcache.attach('sparse', key => '{id}');
CREATE UNIQUE INDEX ON sparse (lower(code));
SELECT topcache.attach('sparse', key => '{code}');
CREATE INDEX ON sparse (code);
SELECT topcache.attach('sparse', key => '{code}');
SELECT topcache.attach('sparse', key => '{id,code}');
CREATE TABLE not_hashed (id bit(8) PRIMARY KEY, words tsvector NOT NULL UNIQUE);
SELECT topcache.attach('not_hashed');
SELECT topcache.attach('not_hashed', key => '{words}');
CREATE TYPE bits AS (id int, flags bit(8));
CREATE TABLE partly_hashed (id bits PRIMARY KEY);
SELECT topcache.attach('partly_hashed');
CREATE TABLE partly_hashed_array (id bit(8)[] PRIMARY KEY);
SELECT topcache.attach('partly_hashed_array');
CREATE TABLE heir_parent (id int PRIMARY KEY);
CREATE TABLE heir () INHERITS (heir_parent);
SELECT topcache.attach('heir_parent');
-- not the owner
CREATE ROLE regress_topcache_stranger;
GRANT USAGE ON SCHEMA tc_tables TO regress_topcache_stranger;
GRANT ALL ON no_map TO regress_topcache_stranger;
SET ROLE regress_topcache_stranger;
SELECT topcache.attach('no_map');
RESET ROLE;
-- nothing of all this has made a map, or left a trigger behind
SELECT count(*) FROM topcache.map_definition WHERE relation::text IN ('temporary', 'remote', 'whole', 'view', 'matview', 'keyless', 'late',
	'sparse', 'not_hashed', 'partly_hashed', 'partly_hashed_array', 'heir_parent', 'no_map', 'measures');
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname LIKE 'topcache%' AND tgrelid NOT IN (SELECT relation FROM topcache.map_definition);
-- a collation under which unlike texts are equal, where the server has any
DO $$
BEGIN
	EXECUTE 'CREATE COLLATION no_case (provider = icu, locale = ''und-u-ks-level2'', deterministic = false)';
	CREATE TABLE folded (id text COLLATE no_case PRIMARY KEY, code text NOT NULL UNIQUE, ids text[] COLLATE no_case NOT NULL UNIQUE);
	BEGIN
		PERFORM topcache.attach('folded');
		RAISE WARNING 'attached';
	EXCEPTION WHEN OTHERS THEN
		IF SQLERRM <> 'relation "folded" cannot be attached to topcache' THEN
			RAISE;
		END IF;
	END;
	BEGIN
		PERFORM topcache.attach('folded', key => '{ids}');
		RAISE WARNING 'attached';
	EXCEPTION WHEN OTHERS THEN
		IF SQLERRM <> 'relation "folded" cannot be attached to topcache' THEN
			RAISE;
		END IF;
	END;
	PERFORM topcache.attach('folded', key => '{code}');
	INSERT INTO folded VALUES ('a', 'x', '{}');
	IF topcache.get('folded', 'x') IS NULL OR topcache.get('folded', 'X') IS NOT NULL THEN
		RAISE WARNING 'wrong';
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'TC000';
EXCEPTION
	WHEN feature_not_supported OR invalid_parameter_value OR undefined_object THEN NULL;
	WHEN SQLSTATE 'TC000' THEN NULL;
END $$;

SET client_min_messages = warning;
DROP SCHEMA tc_tables CASCADE;
DROP ROLE regress_topcache_stranger;
