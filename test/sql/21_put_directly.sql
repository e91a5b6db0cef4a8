-- A put of a row that is there writes it without a statement, where the
-- statement would do nothing else; everywhere else it is the statement.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP ROLE IF EXISTS regress_topcache_putter;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_direct;
SET search_path = tc_direct;

-- The statement locks the row before it updates it, which leaves a mark in
-- the new one.  What the function puts is rolled back.
CREATE FUNCTION way(relation regclass, new_value jsonb = '"by way"', ttl interval = NULL,
	as_role text = 'none')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	BEGIN
		PERFORM set_config('role', as_role, true);
		PERFORM topcache.put(relation, 'a', new_value, ttl);
		RESET ROLE;
		EXECUTE format('SELECT CASE WHEN xmax = 0 THEN ''directly'' ELSE ''by a statement'' END
			FROM %s WHERE key = ''a''', relation) INTO result;
		RAISE SQLSTATE 'UNDO0';
	EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
		RETURN result;
	WHEN OTHERS THEN
		RETURN SQLSTATE || ': ' || SQLERRM;
	END;
END $$;

-- where cache and table disagree: never anywhere
CREATE FUNCTION differ(relation regclass) RETURNS TABLE (k text, cache jsonb, from_table jsonb)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT t.key::text, topcache.get(%1$L, t.key), to_jsonb(t.value) FROM %1$s t
		 WHERE topcache.get(%1$L, t.key) IS DISTINCT FROM to_jsonb(t.value)', relation);
END $$;

--
-- Values, times of expiry, and what put returns
--
SELECT topcache.create_map('m');
SELECT topcache.put('m', 'a', '1');
SELECT way('m');
SELECT topcache.put('m', 'a', '2'), topcache.put('m', 'a', '3');
SELECT xmax, * FROM m;
SELECT topcache.get('m', 'a'), topcache.is_resident('m', 'a');
-- a record that is not resident is by now
SELECT topcache.evict('m', 'a');
SELECT topcache.put('m', 'a', '4');
SELECT topcache.is_resident('m', 'a'), topcache.get('m', 'a');
SELECT way('m', ttl => '1 hour');
SELECT topcache.put('m', 'a', '5', ttl => '1 hour');
SELECT key, value, expires_at = statement_timestamp() + interval '1 hour' AS in_an_hour FROM m;
SELECT topcache.put('m', 'a', '6');
SELECT key, value, expires_at FROM m;
-- what has expired is not there
UPDATE m SET expires_at = now() - interval '1 hour';
SELECT way('m');
SELECT topcache.put('m', 'a', '7'), topcache.put('m', 'a', '8');
SELECT * FROM m;
-- a value that does not fit into the row, one that is compressed, none
SELECT topcache.put('m', 'a', to_jsonb((SELECT string_agg(md5(i::text), '')
	FROM generate_series(1, 1000) i)));
SELECT topcache.get('m', 'a') = value AS same, length(value::text) FROM m;
SELECT topcache.put('m', 'a', to_jsonb(repeat('x', 5000)));
SELECT topcache.get('m', 'a') = value AS same, length(value::text) FROM m;
SELECT topcache.put('m', 'a', NULL);
SELECT topcache.put('m', 'a', '9');
SELECT * FROM differ('m');

-- many, one key twice
SELECT topcache.put_many('m', ARRAY['a', 'b', 'a', 'b'], ARRAY['1', '2', '3', '4']::jsonb[]);
SELECT key, value, topcache.get('m', key), xmax FROM m ORDER BY key;
SELECT topcache.put_text('m', 'a', '5'),
	topcache.put_msgpack('m', 'b', topcache.to_msgpack('6'));
SELECT key, value, topcache.get('m', key), xmax FROM m ORDER BY key;

--
-- Within transactions, and within other statements
--
BEGIN;
INSERT INTO m VALUES ('new', '1');
SELECT topcache.put('m', 'new', '2');
SAVEPOINT s;
SELECT topcache.put('m', 'new', '3'), topcache.put('m', 'a', '"lost"');
SELECT topcache.get('m', 'new'), topcache.get('m', 'a');
ROLLBACK TO s;
SELECT topcache.get('m', 'new'), topcache.get('m', 'a');
DELETE FROM m WHERE key = 'b';
SELECT topcache.put('m', 'b', '"again"');
SELECT * FROM differ('m');
COMMIT;
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;
BEGIN;
SELECT topcache.put('m', 'a', '"lost"');
ROLLBACK;
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;

-- a statement over the table puts what it has not come to, or has passed
SELECT key, topcache.put('m', key, '"put"') FROM m ORDER BY key;
SELECT * FROM differ('m');
UPDATE m SET value = value || jsonb_build_array(topcache.put('m', key, '"put"'));
WITH changed AS (UPDATE m SET value = '"updated"' RETURNING key)
SELECT key, topcache.put('m', key, '"put"') FROM changed ORDER BY key;
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;
-- a cursor keeps its snapshot
BEGIN;
DECLARE c CURSOR FOR SELECT key, value FROM m ORDER BY key;
SELECT topcache.put('m', 'a', '"after the cursor"');
FETCH 1 FROM c;
COMMIT;
-- a function sees what it has put
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		PERFORM topcache.put('m', 'a', to_jsonb(i));
		ASSERT (SELECT value FROM m WHERE key = 'a') = to_jsonb(i);
		ASSERT topcache.get('m', 'a') = to_jsonb(i);
	END LOOP;
	BEGIN
		PERFORM topcache.put('m', 'a', '"lost"');
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN
		ASSERT topcache.get('m', 'a') = '3';
	END;
END $$;
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;

--
-- Transactions
--
BEGIN READ ONLY;
SELECT topcache.put('m', 'a', '1');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT way('m');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT way('m');
ROLLBACK;

--
-- Tables of which a put must do more
--
CREATE TABLE noted (what text, old jsonb, new jsonb);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO noted VALUES (TG_WHEN || ' ' || TG_OP,
		CASE WHEN TG_OP = 'UPDATE' THEN OLD.value END, NEW.value);
	RETURN NEW;
END $$;
SELECT way('m');
CREATE TRIGGER after_note AFTER UPDATE ON m FOR EACH ROW EXECUTE FUNCTION note();
SELECT way('m');
SELECT topcache.put('m', 'a', '"noted"');
SELECT * FROM noted;
DROP TRIGGER after_note ON m;
SELECT way('m');
CREATE TRIGGER before_note BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION note();
SELECT topcache.put('m', 'a', '"noted before"');
SELECT * FROM noted;
ALTER TABLE m DISABLE TRIGGER before_note;
SELECT way('m');
DROP TRIGGER before_note ON m;
SELECT way('m');
ALTER TABLE m ADD CONSTRAINT small CHECK (length(value::text) < 20);
SELECT way('m'), way('m', to_jsonb(repeat('x', 20)));
ALTER TABLE m DROP CONSTRAINT small;
SELECT way('m');
CREATE RULE nothing AS ON INSERT TO m DO ALSO INSERT INTO noted VALUES ('rule', NULL, NEW.value);
SELECT way('m');
DROP RULE nothing ON m;
SELECT way('m');
ALTER TABLE m ENABLE ROW LEVEL SECURITY;
SELECT way('m');
ALTER TABLE m DISABLE ROW LEVEL SECURITY;
SELECT way('m');
-- the statement would fail for the column that it does not give
ALTER TABLE m ADD COLUMN more int;
SELECT way('m');
UPDATE m SET more = 1;
ALTER TABLE m ALTER COLUMN more SET NOT NULL;
SELECT way('m');
ALTER TABLE m DROP COLUMN more;
SELECT way('m');
SELECT topcache.put('m', 'a', '"with a dropped column"');
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;
UPDATE m SET expires_at = 'infinity';
ALTER TABLE m ALTER COLUMN expires_at SET NOT NULL;
SELECT way('m'), way('m', ttl => '1 hour');
ALTER TABLE m ALTER COLUMN expires_at DROP NOT NULL;
-- a time of expiry is rounded where its column is
ALTER TABLE m ALTER COLUMN expires_at TYPE timestamptz(0);
SELECT way('m');
SELECT topcache.put('m', 'a', '1', ttl => '1.234 seconds'::interval + '1 hour');
SELECT expires_at = date_trunc('second', expires_at) AS rounded FROM m WHERE key = 'a';
ALTER TABLE m ALTER COLUMN expires_at TYPE timestamptz;
UPDATE m SET expires_at = NULL;
SELECT way('m');
-- a table that logical decoding reads takes no upserts
ALTER TABLE m SET (user_catalog_table = true);
SELECT way('m');
ALTER TABLE m RESET (user_catalog_table);
SELECT way('m');
-- other tables refer to this one
CREATE TABLE referring (key text REFERENCES m);
SELECT way('m');
DROP TABLE referring;
SELECT way('m');

-- a change of the table in the same transaction is known at once
UPDATE m SET value = '1';
BEGIN;
SELECT way('m');
ALTER TABLE m ADD CONSTRAINT small CHECK (length(value::text) < 20);
SELECT way('m'), way('m', to_jsonb(repeat('x', 20)));
ROLLBACK;
SELECT way('m', to_jsonb(repeat('x', 20)));

--
-- Attached tables
--
CREATE TABLE t (key text PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('t', value => 'value');
INSERT INTO t VALUES ('a', '1'), ('b', '2');
SELECT way('t'), way('t', NULL);
-- indexes
CREATE INDEX ON t ((value ->> 'x'));
CREATE INDEX ON t USING gin (value);
CREATE UNIQUE INDEX once ON t (value) WHERE jsonb_typeof(value) = 'string';
SELECT way('t');
SELECT topcache.put('t', 'a', '{"x": 1}'), topcache.put('t', 'b', '{"x": 2}');
SET enable_seqscan = off;
SELECT key, value FROM t WHERE value ->> 'x' = '1';
SELECT key, value FROM t WHERE value @> '{"x": 2}';
RESET enable_seqscan;
SELECT topcache.put('t', 'a', '"once"');
SELECT topcache.put('t', 'b', '"once"');
SELECT way('t', '"once"');
SELECT key, value, topcache.get('t', key) FROM t ORDER BY key;
-- a function of an index may not write, but what if it does?
CREATE FUNCTION writes(key text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('tc.write', true) = 'on' THEN
		PERFORM set_config('tc.write', 'off', false);
		PERFORM topcache.put('t', key, '{"by": "the index"}');
	END IF;
	RETURN key;
END $$;
CREATE INDEX written ON t (writes(key));
SET tc.write = on;
SELECT topcache.put('t', 'a', '{"by": "put"}');
RESET tc.write;
SELECT * FROM differ('t');
DROP INDEX written;

-- the value's column wants more than a value of its type
CREATE TABLE short (key text PRIMARY KEY, value varchar(3));
SELECT topcache.attach('short', value => 'value');
INSERT INTO short VALUES ('a', 'abc');
SELECT way('short', '"abc"'), way('short', '"abcd"');
CREATE DOMAIN even AS int CHECK (value % 2 = 0);
CREATE TABLE evens (key text PRIMARY KEY, value even);
SELECT topcache.attach('evens', value => 'value');
INSERT INTO evens VALUES ('a', 2);
SELECT way('evens', '4'), way('evens', '5');
CREATE TABLE computed (key text PRIMARY KEY, plain int, value int GENERATED ALWAYS AS (plain) STORED);
SELECT topcache.attach('computed', value => 'value');
INSERT INTO computed VALUES ('a', 1);
SELECT way('computed', '2');
-- so does the key's
CREATE TABLE numbers (key numeric PRIMARY KEY, value jsonb);
SELECT topcache.attach('numbers', value => 'value');
INSERT INTO numbers VALUES (1.00, '1');
SELECT topcache.put('numbers', '1', '2');
SELECT *, xmax = 0 AS directly, topcache.get('numbers', '1') FROM numbers;
CREATE TABLE identities (key int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value jsonb);
SELECT topcache.attach('identities', value => 'value');
INSERT INTO identities (value) VALUES ('1');
SELECT topcache.put('identities', '1', '2');
-- two columns, in another order than the index's
CREATE TABLE pairs (value int, b int NOT NULL, a varchar(5) NOT NULL, UNIQUE (a, b));
SELECT topcache.attach('pairs', key => '{b,a}', value => 'value');
INSERT INTO pairs VALUES (1, 1, 'a');
SELECT topcache.put('pairs', ROW(1, 'a'), '2');
SELECT *, xmax = 0 AS directly, topcache.get('pairs', ROW(1, 'a')) FROM pairs;

-- partitions
CREATE TABLE whole (key text PRIMARY KEY, value jsonb) PARTITION BY RANGE (key);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM ('a') TO ('n');
SELECT topcache.attach('part', value => 'value');
INSERT INTO whole VALUES ('a', '1');
SELECT way('part');

--
-- Replication: where subscribers can't find the row there is no update
--
CREATE TABLE published (key text NOT NULL UNIQUE, value jsonb);
SELECT topcache.attach('published', key => '{key}', value => 'value');
INSERT INTO published VALUES ('a', '1');
SELECT way('published');
SET client_min_messages = error;
CREATE PUBLICATION regress_topcache_publication FOR TABLE published;
RESET client_min_messages;
SELECT way('published') ~ 'directly' AS directly;
ALTER TABLE published REPLICA IDENTITY USING INDEX published_key_key;
SELECT way('published');
ALTER TABLE published REPLICA IDENTITY FULL;
SELECT way('published');
ALTER PUBLICATION regress_topcache_publication SET TABLE published WHERE (value IS NOT NULL);
ALTER TABLE published REPLICA IDENTITY USING INDEX published_key_key;
SELECT way('published') ~ 'directly' AS directly;
DROP PUBLICATION regress_topcache_publication;
SELECT way('published');

--
-- Privileges: those of the statement
--
CREATE ROLE regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
GRANT USAGE ON SCHEMA tc_direct TO regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
GRANT SELECT, INSERT ON t TO regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
GRANT UPDATE (value) ON t TO regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
GRANT UPDATE ON t TO regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
REVOKE INSERT ON t FROM regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
GRANT INSERT ON t TO regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
REVOKE SELECT ON t FROM regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
GRANT SELECT ON t TO regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter');
REVOKE USAGE ON SCHEMA tc_direct FROM regress_topcache_putter;
SELECT way('t', as_role => 'regress_topcache_putter') ~ 'directly' AS directly;

SELECT * FROM topcache.verify('m');
SELECT * FROM topcache.verify('t');
SET client_min_messages = warning;
DROP SCHEMA tc_direct CASCADE;
DROP ROLE regress_topcache_putter;
