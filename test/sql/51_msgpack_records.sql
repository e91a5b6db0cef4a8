-- Records as MessagePack, into maps and out of them: values and whole rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_travel;
SET search_path = tc_travel;
SET timezone = 'UTC';

-- a statement's value, or its error with the detail
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	detail text;
BEGIN
	EXECUTE statement INTO result;
	RETURN result;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || coalesce(': ' || nullif(detail, ''), '');
END $$;

--
-- Key-value maps of each type of value.
--
SELECT topcache.create_map('docs'), topcache.create_map('texts', value_type => 'text'),
	topcache.create_map('bytes', value_type => 'bytea');
SELECT topcache.put_msgpack('docs', 'k', '\x81a161930102cb3ff8000000000000') AS new,
	topcache.put_msgpack('docs', 'k', '\x81a161930102cb3ff8000000000000') AS again,
	topcache.is_resident('docs', 'k');
SELECT value, topcache.get('docs', key), topcache.get_msgpack('docs', key) FROM docs;
-- nil is JSON's null there, and a string a string
SELECT topcache.put_msgpack('docs', 'nil', '\xc0'), topcache.put_msgpack('docs', 'str', '\xa161'),
	topcache.put_msgpack('docs', 'int', '\x05'), topcache.put_msgpack('docs', 'json null', '\xd66a6e756c6c');
SELECT key, value, topcache.get_msgpack('docs', key) FROM docs ORDER BY key COLLATE "C";
SELECT topcache.put_msgpack('docs', 'k', NULL);
-- time to live
SELECT topcache.put_msgpack('docs', 'brief', '\x01', '1 hour');
SELECT value, expires_at BETWEEN now() + '59 min' AND now() + '61 min' AS expires
FROM docs WHERE key = 'brief';
-- text takes strings, and the text of numbers and booleans
SELECT count(*) FILTER (WHERE topcache.put_msgpack('texts', key, data)) AS new
FROM (VALUES ('1', '\xa3616263'::bytea), ('2', '\xa0'), ('3', '\xd903c3a921'), ('4', '\x2a'), ('5', '\xd080'),
	('6', '\xc3'), ('7', '\xcb3ff8000000000000'), ('8', '\xca7fc00000'), ('9', '\xc7036e312e30'),
	('10', '\xd6ff5967ba00'), ('11', '\xcfffffffffffffffff'), ('12', '\xd38000000000000000')) v(key, data);
SELECT key, value, topcache.get_text('texts', key), topcache.get_msgpack('texts', key) FROM texts ORDER BY key::int;
-- bytea takes bytes, and text that stands for bytes
SELECT count(*) FILTER (WHERE topcache.put_msgpack('bytes', key, data)) AS new
FROM (VALUES ('1', '\xc40300ff80'::bytea), ('2', '\xc400'), ('3', '\xa65c7865616261'), ('4', '\xa3616263')) v(key, data);
SELECT key, value, topcache.get_msgpack('bytes', key) FROM bytes ORDER BY key;
-- what does not fit
SELECT map, data, outcome(format('SELECT topcache.put_msgpack(%L, ''k'', %L)', map, data))
FROM (VALUES ('texts', '\x90'::bytea), ('texts', '\x80'), ('texts', '\xc40161'), ('texts', '\xd40500'),
	('texts', '\xc0'), ('texts', '\x0101'), ('texts', '\xa5616263'), ('texts', '\xa3610062'), ('texts', '\xa1ff'),
	('texts', '\x'), ('texts', '\xc1'), ('texts', '\xdbffffffff61'), ('texts', '\xddffffffff'), ('texts', '\x9f9f9f9f00'),
	('bytes', '\x05'), ('bytes', '\xc3'), ('bytes', '\xa25c78'), ('bytes', '\xa35c7867'), ('bytes', '\xc6ffffffff00'),
	('docs', '\x8101c0'), ('docs', '\xcb7ff8000000000000'), ('docs', '\xd66a6e756c6d')) v(map, data);
-- volatile maps
SELECT topcache.create_map('passing', durable => false), topcache.create_map('passing_texts', durable => false, value_type => 'text');
SELECT topcache.put_msgpack('passing', 'k', '\x9101'), topcache.put_msgpack('passing', 'k', '\x9102'),
	topcache.get('passing', 'k'), topcache.get_msgpack('passing', 'k');
SELECT topcache.put_msgpack('passing_texts', 'k', '\xc0');
SELECT topcache.put_msgpack('passing', 'k', NULL);

-- one table per type, with values that are not easy
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'glad');
CREATE TYPE pair AS (number float8, "the text" text, inner_bytes bytea);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN ratio AS float8 NOT NULL CHECK (VALUE BETWEEN 0 AND 1);
CREATE DOMAIN document AS jsonb CHECK (jsonb_typeof(VALUE) <> 'number');
CREATE TABLE type_samples (id int GENERATED ALWAYS AS IDENTITY, type text, samples text[]);
INSERT INTO type_samples (type, samples) VALUES
	('smallint', '{0,1,-1,127,128,-32,-33,32767,-32768}'),
	('int', '{0,65535,65536,2147483647,-2147483648}'),
	('bigint', '{0,4294967296,9223372036854775807,-9223372036854775808}'),
	('real', '{0,-0,1.5,0.1,3.4028235e38,1e-45,NaN,Infinity,-Infinity,16777217}'),
	('double precision', '{0,-0,1.5,0.1,1.7976931348623157e308,5e-324,NaN,Infinity,-Infinity,0.30000000000000004}'),
	('numeric', '{0,0.00,-1.50,123456789012345678901234567890.123456789,NaN,Infinity,-Infinity,1e-30}'),
	('numeric(10,2)', '{0,1.25,-99999999.99}'),
	('boolean', '{t,f}'),
	('text', ARRAY['', 'plain', E'tab\tline\nquote"back\\slash', 'aé漢🍺', repeat('long ', 3000)]),
	('varchar(5)', '{"",abcde,"  x  "}'), ('char(5)', '{"",a,abcde}'), ('name', '{"",pg_class}'), ('"char"', '{"",a}'),
	('bytea', ARRAY['', '\x00', '\x00ff80', '\x' || repeat('00ff', 5000)]),
	('json', ARRAY['null', '{"a" : 1,  "a": 2}', '[1, {"b": null}]', '"str"', '1.50', ' true ']),
	('jsonb', ARRAY['null', '{"a": {"b": [null, 1.0, "x", {}]}}', '[]', '"str"', '1.50', 'true', '-0', '18446744073709551616',
		(SELECT jsonb_object_agg('key ' || i, repeat('v', i))::text FROM generate_series(1, 200) i)]),
	('document', '{null,"{\"a\": null}"}'),
	('date', '{2026-02-28,infinity,-infinity,0044-03-15 BC}'), ('time', '{00:00:00,23:59:59.999999,24:00:00}'),
	('timetz', '{12:34:56.7+05:30,00:00:00-15:59}'),
	('timestamp', '{2026-02-28 12:34:56.789,infinity,-infinity,0044-03-15 12:00:00 BC}'),
	('timestamptz', '{2026-02-28 12:34:56.789+02,infinity,-infinity,0044-03-15 12:00:00+00 BC,294276-12-31 23:59:59.999999+00}'),
	('interval', '{1 day,-1 year -2 mons +3 days -04:05:06.7,"-1 days +02:03:04",00:00:00,178000000 years}'),
	('uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'), ('inet', '{10.0.0.1,::1/64}'), ('cidr', '{10.0.0.0/8}'),
	('macaddr', '{08:00:2b:01:02:03}'), ('bit(5)', '{10110}'), ('bit varying', '{"",101}'), ('money', '{12.34,-12.34}'),
	('point', '{"(0.1,-0)","(1e300,NaN)"}'), ('box', '{"(2,2),(0.1,0.3)"}'), ('tsvector', '{"''fat'':2 ''rat'':3A",""}'),
	('tsquery', '{"''fat'' & ''rat''"}'), ('oid', '{0,4294967295}'), ('xid', '{7}'), ('tid', '{"(1,2)"}'),
	('pg_lsn', '{16/B374D848}'), ('int4range', '{empty,"[1,5)","(,7)"}'), ('tstzrange', '{"[2026-01-01 00:00:00+00,infinity)"}'),
	('int4multirange', '{"{[1,3),[5,7)}"}'), ('int[]', '{"{}","{1,NULL,3}","[0:1]={7,8}","{{1,2},{3,4}}"}'),
	('text[]', ARRAY['{}', '{"",NULL,"NULL","a,b","q\"\\"}']), ('float8[]', '{"{0.1,NaN,-0,1e300,0.30000000000000004}"}'),
	('bytea[]', ARRAY['{"\\x00ff",NULL}']), ('jsonb[]', ARRAY['{"{\"a\": null}",null}']), ('timestamptz[]', '{"{2026-02-28 12:00:00+00}"}'),
	('mood', ARRAY['sad', 'it''s "ok"']), ('mood[]', ARRAY['{glad,"it''s \"ok\""}']),
	('pair', ARRAY['(0.1,"a ""b"", c","\\x00ff")', '(,,)', '(NaN,"",)']), ('pair[]', ARRAY['{"(1,\"x y\",)",NULL}']),
	('positive', '{1,2147483647}'), ('ratio', '{0,1,0.1}'), ('regclass', '{pg_catalog.pg_class}');

-- a table of rows with a column of the type, another for NULL, and a map of its values
DO $$
DECLARE s record;
BEGIN
	FOR s IN SELECT * FROM type_samples LOOP
		EXECUTE format('CREATE TABLE rows_%s (n int PRIMARY KEY, v %s, w %2$s, x text DEFAULT ''x'')', s.id, s.type);
		EXECUTE format('INSERT INTO rows_%s SELECT n, sample::%2$s, CASE WHEN %3$L THEN sample::%2$s END FROM unnest($1) WITH ORDINALITY s(sample, n)',
			s.id, s.type, s.type = 'ratio') USING s.samples;
		IF s.type <> 'ratio' THEN
			EXECUTE format('INSERT INTO rows_%s VALUES (0, NULL, NULL, NULL)', s.id);
		END IF;
		EXECUTE format('CREATE TABLE values_%s AS SELECT n::text AS key, v FROM rows_%1$s', s.id);
		EXECUTE format('ALTER TABLE values_%s ADD PRIMARY KEY (key)', s.id);
		EXECUTE format('SELECT topcache.attach(''rows_%s''), topcache.attach(''values_%1$s'', value => ''v'')', s.id);
		EXECUTE format('CREATE TABLE kept_rows_%s AS SELECT * FROM rows_%1$s', s.id);
		EXECUTE format('CREATE TABLE kept_values_%s AS SELECT * FROM values_%1$s', s.id);
	END LOOP;
END $$;

-- Put back what was got, onto the row itself and onto one that was emptied
-- before; rows must be as they were, by value, by text and by what is sent.
CREATE TABLE bytes_got (key text, data bytea);
CREATE FUNCTION travel(prefix text, key text) RETURNS TABLE (type text, problem text)
LANGUAGE plpgsql AS $$
DECLARE
	s record;
	n bigint;
BEGIN
	FOR s IN SELECT * FROM type_samples ORDER BY id LOOP
		type := s.type;
		DELETE FROM bytes_got;
		EXECUTE format('INSERT INTO bytes_got SELECT %s::text, topcache.get_msgpack(%L, %1$s) FROM %2$I', key, prefix || s.id);
		EXECUTE format('SELECT count(*) FROM %I t, bytes_got g WHERE g.key = t.%s::text AND topcache.put_msgpack(%1$L, t.%2$s, g.data)',
			prefix || s.id, key) INTO n;
		IF n > 0 THEN problem := n || ' rows were new'; RETURN NEXT; END IF;
		FOR round IN 1 .. 2 LOOP
			EXECUTE format('SELECT count(*) FROM %I t FULL JOIN %I k USING (%s)
				WHERE t.ctid IS NULL OR k.ctid IS NULL OR NOT t *= k OR t::text <> k::text OR record_send(t) <> record_send(k)',
				prefix || s.id, 'kept_' || prefix || s.id, key) INTO n;
			IF n > 0 THEN problem := n || ' rows differ in round ' || round; RETURN NEXT; END IF;
			EXECUTE format('DELETE FROM %I', prefix || s.id);
			EXECUTE format('SELECT count(*) FROM bytes_got g WHERE topcache.put_msgpack(%L, g.key::%s, g.data) IS NOT TRUE',
				prefix || s.id, CASE key WHEN 'n' THEN 'int' ELSE 'text' END) INTO n;
			IF n > 0 THEN problem := n || ' rows were not new'; RETURN NEXT; END IF;
		END LOOP;
	END LOOP;
END $$;
SELECT count(*) AS types, sum(cardinality(samples)) AS samples FROM type_samples;
SELECT * FROM travel('rows_', 'n');
SELECT * FROM travel('values_', 'key');
-- how a session likes its text makes no difference
CREATE TABLE usual AS SELECT s.id, r.key, topcache.get_msgpack(('values_' || s.id)::regclass, r.key) AS data
FROM type_samples s, LATERAL (SELECT n::text AS key FROM generate_series(1, cardinality(samples)) n) r;
SET datestyle = 'SQL, DMY';
SET intervalstyle = sql_standard;
SET extra_float_digits = -10;
SET bytea_output = escape;
SET timezone = 'Asia/Kolkata';
SELECT s.type, u.key, u.data, topcache.get_msgpack(('values_' || s.id)::regclass, u.key) AS data_now
FROM type_samples s JOIN usual u USING (id)
WHERE u.data IS DISTINCT FROM topcache.get_msgpack(('values_' || s.id)::regclass, u.key);
SELECT '2026-02-28 12:00:00+00'::timestamptz AS still_the_session_s_own, '\x41ff'::bytea, 0.1::float8, '1 day -1 hour'::interval;
SELECT * FROM travel('rows_', 'n');
SET timezone = 'UTC';
RESET datestyle; RESET intervalstyle; RESET extra_float_digits; RESET bytea_output;

-- what is resident costs as much as is sent
SELECT count(topcache.hydrate(('rows_' || id)::regclass)), count(topcache.hydrate(('values_' || id)::regclass)) FROM type_samples;
CREATE FUNCTION measured(relation regclass) RETURNS TABLE (records bigint, wrong bigint) LANGUAGE sql AS $$
	SELECT count(*), count(*) FILTER (WHERE e.cost IS DISTINCT FROM
		greatest(coalesce(length(topcache.get_msgpack(relation, e.key)), 1), 1) + octet_length(e.key))
	FROM topcache.entries(relation) e
$$;
SELECT sum((m).records) AS records, sum((m).wrong) AS wrong FROM type_samples, LATERAL measured(('rows_' || id)::regclass) m;
SELECT sum((m).records) AS records, sum((m).wrong) AS wrong FROM type_samples, LATERAL measured(('values_' || id)::regclass) m;

-- all types in one row, in both directions and many at a time
DO $$
DECLARE columns text;
BEGIN
	SELECT string_agg(format('c%s %s', id, type), ', ' ORDER BY id) INTO columns FROM type_samples;
	EXECUTE format('CREATE TABLE wide (id uuid PRIMARY KEY, %s)', columns);
	SELECT string_agg(format('(SELECT samples[(i - 1) %% cardinality(samples) + 1]::%s FROM type_samples WHERE id = %s)', type, id), ', ' ORDER BY id)
		INTO columns FROM type_samples;
	EXECUTE format('INSERT INTO wide SELECT md5(i::text)::uuid, %s FROM generate_series(1, 10) i', columns);
	PERFORM topcache.attach('wide');
END $$;
CREATE TABLE kept_wide AS SELECT * FROM wide;
CREATE TABLE wide_got AS SELECT id, topcache.get_msgpack('wide', id) AS data FROM wide;
SELECT count(*) AS rows, count(*) FILTER (WHERE m.value = g.data) AS same
FROM topcache.get_many_msgpack('wide', ARRAY(SELECT id FROM wide_got)) m JOIN wide_got g ON g.id = m.key::uuid;
SELECT * FROM measured('wide');
TRUNCATE wide;
SELECT count(*) FILTER (WHERE topcache.put_msgpack('wide', id, data)) AS new FROM wide_got;
SELECT count(*) AS rows, count(*) FILTER (WHERE t *= k AND t::text = k::text) AS same FROM wide t JOIN kept_wide k USING (id);
SELECT * FROM measured('wide');

-- the scan node
EXPLAIN (COSTS OFF) SELECT * FROM topcache.get_many_msgpack('docs', ARRAY['k', 'int']);
SELECT * FROM topcache.get_many_msgpack('docs', ARRAY['k', 'absent', NULL, 'int', 'k']);
SELECT topcache.get_many_msgpack('docs', ARRAY['k', 'absent']);
SELECT value FROM topcache.get_many_msgpack('texts', ARRAY['1', '3', '12']) WHERE length(value) > 4;

--
-- Rows: which columns there are.
--
CREATE TABLE items (
	region text, id int, dropped int,
	name varchar(8) NOT NULL DEFAULT 'unnamed',
	price numeric(8, 2) DEFAULT 9.99,
	doc jsonb, note json,
	twice int GENERATED ALWAYS AS (id * 2) STORED,
	number int GENERATED ALWAYS AS IDENTITY,
	amount positive, "naïve ""name""" text,
	PRIMARY KEY (id, region));
ALTER TABLE items DROP dropped;
SELECT topcache.attach('items');
CREATE FUNCTION row_of(VARIADIC parts bytea[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS
	$$SELECT substr(int4send(128 + cardinality(parts) / 2), 4) || string_agg(part, '' ORDER BY n) FROM unnest(parts) WITH ORDINALITY p(part, n)$$;
CREATE FUNCTION str(t text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
	$$SELECT '\xd9' || substr(int4send(octet_length(t)), 4) || convert_to(t, 'UTF8')$$;
-- columns left out are their defaults, on a new row and on one that is there
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), '\x80') AS new;
SELECT * FROM items;
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), row_of(str('name'), str('pen'), str('price'), '\xcb3ff8000000000000',
	str('doc'), '\x92c0c0', str('note'), '\x81a161c0', str('amount'), '\x05', str('naïve "name"'), str('é'))) AS new;
SELECT * FROM items;
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), row_of(str('price'), '\xc0', str('doc'), '\xd66a6e756c6c', str('note'), str(' null'))) AS new;
SELECT *, doc IS NULL AS doc_is_null, note IS NULL AS note_is_null FROM items;
-- the key, if it is there, is the key; what the table computes is not looked at
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), row_of(str('id'), '\x01', str('region'), str('eu'), str('twice'), str('garbage'))) AS new;
-- of equal names, the last one counts
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), row_of(str('name'), str('first'), str('price'), '\x01', str('name'), str('last'))) AS new;
SELECT name, price, number > 0 AS numbered FROM items;
SELECT topcache.put_msgpack('items', ROW(2, 'eu'), topcache.get_msgpack('items', ROW(1, 'eu')) ) AS differs;
SELECT what, outcome(format('SELECT topcache.put_msgpack(''items'', ROW(1, ''eu''), %L)', data))
FROM (VALUES
	('another key', row_of(str('id'), '\x02')), ('a key of NULL', row_of(str('region'), '\xc0')),
	('unknown name', row_of(str('naem'), str('x'))), ('dropped column', row_of(str('dropped'), '\x01')),
	('system column', row_of(str('ctid'), '\x01')), ('prefix of a name', row_of(str('nam'), '\x01')), ('no name', row_of(str(''), '\x01')),
	('a long name', row_of(str(repeat('é', 100)), '\x01')),
	('not null', row_of(str('name'), '\xc0')), ('too long', row_of(str('name'), str('123456789'))),
	('too large', row_of(str('price'), str('1234567.00'))), ('no number', row_of(str('price'), str('x'))),
	('domain', row_of(str('amount'), '\xff')), ('an array', row_of(str('price'), '\x9101')), ('bytes', row_of(str('name'), '\xc40161')),
	('no json', row_of(str('note'), str('{'))), ('no jsonb', row_of(str('price'), '\x01', str('doc'), '\x81a16181a162cb7ff0000000000000')),
	('no key of a map', row_of(str('doc'), '\x91810101')), ('decimal', row_of(str('doc'), '\xd46e78')),
	('not a map', '\x93010203'), ('nil', '\xc0'), ('text', str('(1,eu)')), ('nothing', '\x'), ('reserved', '\xc1'),
	('name is a number', '\x810102'), ('name is no text', '\x81a2c328c0'), ('name has NUL', '\x81a26100c0'),
	('value missing', '\x81a46e616d65'), ('value cut', '\x81a46e616d65a3'), ('more behind', '\x80c0'),
	('pairs missing', '\xdfffffffff'), ('more pairs', '\x8fa46e616d65a161'), ('length', '\x81a46e616d65dbffffffff'),
	('items missing', '\x81a3646f63dc00030102'), ('reserved within', '\x81a3646f639301c102'),
	('text within', '\x81a3646f6391a1ff'), ('key within', '\x81a3646f6382a161c0c0c0')) v(what, data);
SELECT count(*) AS rows FROM items;
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), NULL);
-- nesting: the row counts as one level
SELECT octet_length(outcome(format('SELECT topcache.put_msgpack(''items'', ROW(1, ''eu''), %L)', row_of(str('doc'), decode(repeat('91', 255) || 'c0', 'hex'))))) AS deepest,
	outcome(format('SELECT topcache.put_msgpack(''items'', ROW(1, ''eu''), %L)', row_of(str('doc'), decode(repeat('91', 256) || 'c0', 'hex')))) AS deeper;
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), topcache.get_msgpack('items', ROW(1, 'eu'))) AS new;
SELECT column_name, outcome(format('SELECT topcache.put_msgpack(''items'', ROW(1, ''eu''), %L)', row_of(str(column_name), decode(repeat(bomb, 1000000) || 'c0', 'hex')))) AS bomb
FROM unnest(ARRAY['doc', 'note', 'name', 'twice']) column_name, unnest(ARRAY['91', '81a0']) bomb;
-- a name again and again
SELECT outcome(format('SELECT topcache.put_msgpack(''items'', ROW(1, ''eu''), %L)',
	'\xdf' || int4send(100000) || string_agg(str('name') || str('x' || i % 1000), ''))) AS again_and_again
FROM generate_series(1, 100000) i;
SELECT name FROM items;

-- every lead byte as a value of every kind of column, with little behind it
CREATE TABLE kinds (id int PRIMARY KEY, i int, f float4, b boolean, t text, n numeric, y bytea, d jsonb, j json, a int[]);
SELECT topcache.attach('kinds');
SELECT column_name, count(*) FILTER (WHERE answer IN ('true', 'false')) AS taken, count(*) FILTER (WHERE answer LIKE '22P03 invalid MessagePack data: At byte %, expected % but found %.') AS refused,
	count(*) FILTER (WHERE answer !~ '^(true|false|22P03 .*)$') AS not_of_the_type
FROM (SELECT column_name, outcome(format('SELECT topcache.put_msgpack(''kinds'', 1, %L)', '\x81a1' || column_name::bytea || substr(int4send(lead), 4) || behind)) AS answer
	FROM unnest(ARRAY['i', 'f', 'b', 't', 'n', 'y', 'd', 'j', 'a']) column_name, generate_series(0, 255) lead, unnest(ARRAY['', '\x00000000', '\x31313131ffffffff']::bytea[]) behind) tried
GROUP BY column_name ORDER BY column_name;

-- random changes of what is valid: it is taken or refused, and never anything else
SELECT setseed(0.25);
CREATE TABLE mutated AS
SELECT n, (SELECT data FROM wide_got ORDER BY id LIMIT 1 OFFSET n % 10) AS data FROM generate_series(1, 300) n;
UPDATE mutated SET data = substr(data, 1, 600) WHERE length(data) > 3000 AND n % 3 = 0;
UPDATE mutated SET data = set_byte(data, least((random() ^ 3 * length(data))::int, length(data) - 1), (random() * 255)::int);
UPDATE mutated SET data = set_byte(data, least((random() * length(data))::int, length(data) - 1), (random() * 255)::int) WHERE n % 2 = 0;
UPDATE mutated SET data = substr(data, 1, (random() * length(data))::int) WHERE n % 7 = 0;
SELECT count(*) AS tried, count(*) FILTER (WHERE answer IN ('true', 'false')) > 0 AS some_taken, count(*) FILTER (WHERE answer LIKE '22P03 invalid MessagePack data: At byte %') > 0 AS some_refused,
	count(*) FILTER (WHERE answer !~ '^(true$|false$|22... |23... |42... )') AS unexpected
FROM (SELECT outcome(format('SELECT topcache.put_msgpack(''wide'', (SELECT id FROM wide_got ORDER BY id LIMIT 1 OFFSET %s), %L)', n % 10, data)) AS answer FROM mutated) t;
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), row_of(str('name'), str('pen'), str('doc'), topcache.to_msgpack('{"a": [1, {"b": "text"}, 2.5]}'), str('amount'), '\x05'));
CREATE TABLE small AS SELECT n, topcache.get_msgpack('items', ROW(1, 'eu')) AS data FROM generate_series(1, 3000) n;
UPDATE small SET data = set_byte(data, least((random() * length(data))::int, length(data) - 1), (random() * 255)::int);
UPDATE small SET data = set_byte(data, least((random() * length(data))::int, length(data) - 1), (random() * 255)::int) WHERE n % 2 = 0;
SELECT count(*) AS tried, count(*) FILTER (WHERE answer IN ('true', 'false')) > 0 AS some_taken, count(*) FILTER (WHERE answer LIKE '22P03 invalid MessagePack data: At byte %') > 0 AS some_refused,
	count(*) FILTER (WHERE answer !~ '^(true$|false$|22... |23... |42... )') AS unexpected
FROM (SELECT outcome(format('SELECT topcache.put_msgpack(''items'', ROW(1, ''eu''), %L)', data)) AS answer FROM small) t;
SELECT * FROM topcache.verify('wide') UNION ALL SELECT * FROM topcache.verify('items');

-- privileges: a put needs what an upsert needs
CREATE ROLE tc_travel_reader;
GRANT USAGE ON SCHEMA tc_travel TO tc_travel_reader;
GRANT SELECT ON docs, items TO tc_travel_reader;
SET ROLE tc_travel_reader;
SELECT topcache.get_msgpack('docs', 'k'), (SELECT count(*) FROM topcache.get_many_msgpack('docs', ARRAY['k'])) AS many;
SELECT topcache.put_msgpack('docs', 'k', '\x01');
SELECT topcache.put_msgpack('items', ROW(1, 'eu'), '\x80');
SELECT topcache.get_msgpack('texts', '1');
SELECT * FROM topcache.get_many_msgpack('texts', ARRAY['1']);
RESET ROLE;

SET client_min_messages = warning;
DROP OWNED BY tc_travel_reader;
DROP ROLE tc_travel_reader;
DROP SCHEMA tc_travel CASCADE;
