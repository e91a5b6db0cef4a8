-- Values of any type: what the functions give, they take, and a foreign table
-- shows the same; on a map with a table, cached and not, and on one without.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE SCHEMA tc_types;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET search_path = tc_types;
SET timezone = 'UTC';
SET datestyle = ISO;

CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN small AS int CHECK (VALUE < 100);
CREATE DOMAIN document AS jsonb;
-- a value as text, and as jsonb that put takes
CREATE TABLE types (type text PRIMARY KEY, as_text text, as_jsonb jsonb);
INSERT INTO types VALUES
	('jsonb', '{"a": [1, null]}', '{"a": [1, null]}'),
	('text', 'x ''" y', '"x ''\" y"'),
	('bytea', '\xff0041', '"\\xff0041"'),
	('integer', '7', '7'),
	('bigint', '9007199254740993', '9007199254740993'),
	('numeric', '1.50', '1.50'),
	('double precision', '0.25', '0.25'),
	('boolean', 'true', 'true'),
	('json', '{"a": 2, "b": 1}', '{"b":  1, "a": 2}'),
	('character varying', 'x', '"x"'),
	('timestamp with time zone', '2020-01-02 03:04:05+00', '"2020-01-02T03:04:05+00:00"'),
	('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'),
	('mood', 'ok', '"ok"'),
	('small', '7', '7'),
	('document', '[1]', '[1]'),
	('point', '(1,2)', '"(1,2)"'),
	('inet', '10.0.0.1/8', '"10.0.0.1/8"'),
	('text[]', '{a,"b c"}', '"{a,\"b c\"}"');

-- A statement's result, or its error.
CREATE FUNCTION run(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE statement INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN 'ERROR: ' || sqlerrm;
END $$;

-- What is wrong with values of a type, in maps of which the table that holds
-- the truth is given.
CREATE FUNCTION wrong(map text, type text, text_form text, jsonb_form jsonb)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	expected jsonb;
	key text;
BEGIN
	EXECUTE format('SELECT to_jsonb(CAST(%L AS %s))', text_form, type) INTO expected;
	PERFORM topcache.put(map, 'jsonb', jsonb_form);
	PERFORM topcache.put_text(map, 'text', text_form);
	PERFORM topcache.put_msgpack(map, 'msgpack', topcache.get_msgpack(map, 'text'));
	PERFORM topcache.put_text(map, 'text again', topcache.get_text(map, 'jsonb'));
	PERFORM topcache.put_if_absent(map, 'absent', jsonb_form);
	PERFORM topcache.put_many(map, ARRAY['many'], ARRAY[jsonb_form]);
	FOREACH key IN ARRAY ARRAY['jsonb', 'text', 'msgpack', 'text again', 'absent', 'many'] LOOP
		IF topcache.get(map, key) IS DISTINCT FROM expected THEN
			RETURN NEXT format('%s: get %s gives %s', map, key, topcache.get(map, key));
		END IF;
	END LOOP;
	IF (SELECT count(*) FROM topcache.get_many(map, ARRAY['text', 'many']) WHERE value = expected) <> 2
		OR (SELECT count(*) FROM topcache.get_many_msgpack(map, ARRAY['text', 'many']) m
			WHERE m.value = topcache.get_msgpack(map, 'jsonb')) <> 2
		OR (SELECT count(*) FROM topcache.scan(map) WHERE value = expected) <> 6 THEN
		RETURN NEXT map || ': many or scan';
	END IF;
	FOR key IN SELECT v.key FROM topcache.verify(map) v LOOP
		RETURN NEXT format('%s: verify %s', map, key);
	END LOOP;
	EXECUTE format('SELECT string_agg(key, '', '') FROM shown_%s WHERE key IN (''text'', ''jsonb'')
		AND to_jsonb(value) IS DISTINCT FROM $1', map) USING expected INTO key;
	IF key IS NOT NULL THEN
		RETURN NEXT format('%s: foreign table %s', map, key);
	END IF;
END $$;

SELECT count(topcache.create_map('durable_' || row_number, value_type => type::regtype)),
	count(topcache.create_map('volatile_' || row_number, value_type => type::regtype, durable => false))
FROM (SELECT row_number() OVER (ORDER BY type COLLATE "C"), type FROM types) t;
DO $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT row_number() OVER (ORDER BY type COLLATE "C") AS n, type FROM types LOOP
		EXECUTE format('CREATE FOREIGN TABLE shown_durable_%s (key text, value %s)
			SERVER topcache OPTIONS (relation ''tc_types.durable_%1$s'')', t.n, t.type);
		EXECUTE format('CREATE VIEW shown_volatile_%s AS SELECT * FROM volatile_%1$s', t.n);
	END LOOP;
END $$;
CREATE VIEW numbered AS
SELECT row_number() OVER (ORDER BY type COLLATE "C") AS n, * FROM types;
-- written and read in one transaction, and again from the cache
SELECT type, wrong FROM numbered, unnest(ARRAY['durable_', 'volatile_']) kind,
	wrong(kind || n, type, as_text, as_jsonb) ORDER BY 1, 2;
SELECT type, count(*) FROM numbered, unnest(ARRAY['durable_', 'volatile_']) kind,
	LATERAL (SELECT key FROM topcache.get_many((kind || n)::regclass, ARRAY['jsonb', 'text', 'msgpack', 'many'])
		WHERE value IS DISTINCT FROM topcache.get((kind || n)::regclass, 'absent')) w GROUP BY 1;
SELECT kind, sum(hits) > 50 AS hits FROM numbered, unnest(ARRAY['durable_', 'volatile_']) kind,
	topcache.stats WHERE relation = (kind || n)::regclass GROUP BY 1 ORDER BY 1;

-- what needs something of the type
SELECT type,
	run(format('SELECT topcache.replace(%L, ''text'', %L, %L)', 'durable_' || n, as_jsonb, as_jsonb)) AS replace,
	run(format('SELECT topcache.replace(%L, ''text'', %L, %L)', 'volatile_' || n, as_jsonb, as_jsonb)) AS volatile
FROM numbered ORDER BY type COLLATE "C";
SELECT type,
	run(format('SELECT topcache.incr(%L, ''text'')', 'durable_' || n)) AS incr,
	run(format('SELECT topcache.incr(%L, ''new'')', 'durable_' || n)) AS incr_new
FROM numbered ORDER BY type COLLATE "C";
SELECT type,
	run(format('SELECT topcache.incr(%L, ''text'')', 'volatile_' || n)) AS incr,
	run(format('SELECT topcache.incr(%L, ''new'')', 'volatile_' || n)) AS incr_new
FROM numbered ORDER BY type COLLATE "C";

-- incr names map and key, whatever is wrong; other errors are left alone
SELECT topcache.create_map('counters', value_type => 'text');
SELECT topcache.put_text('counters', 'the "key"', 'no number');
SELECT topcache.incr('counters', 'the "key"');
SELECT topcache.put_text('counters', 'large', '9223372036854775807');
SELECT topcache.incr('counters', 'large');
CREATE TABLE by_pair (a int, b text, n int CHECK (n < 3), PRIMARY KEY (a, b));
SELECT topcache.attach('by_pair', value => 'n');
SELECT topcache.incr('by_pair', ROW(1, 'x'), 2);
SELECT topcache.incr('by_pair', ROW(1, 'x'), 3000000000);
SELECT topcache.incr('by_pair', ROW(1, 'x'), 2);
SELECT topcache.incr('by_pair', ROW(1, 'x'), -1);

SET client_min_messages = warning;
DROP SCHEMA tc_types CASCADE;
