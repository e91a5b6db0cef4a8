-- Privileges: the cache gives nobody what the table does not give.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP ROLE IF EXISTS regress_topcache_owner, regress_topcache_reader,
	regress_topcache_nobody, regress_topcache_member;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_topcache_owner;
CREATE ROLE regress_topcache_reader;
CREATE ROLE regress_topcache_nobody;
CREATE ROLE regress_topcache_member;
CREATE SCHEMA tc_privileges AUTHORIZATION regress_topcache_owner;
GRANT USAGE ON SCHEMA tc_privileges TO PUBLIC;
SET search_path = tc_privileges;

-- what a statement does for the current role: its error, or its result
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE statement INTO result;
	RETURN 'allowed: ' || coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

-- anybody may make maps where he may make tables
SET ROLE regress_topcache_owner;
SELECT topcache.create_map('m');
SELECT topcache.put_many('m', ARRAY['a', 'b', 'c'], ARRAY['1', '2', '3']::jsonb[]);
SELECT topcache.get('m', 'a'), topcache.is_resident('m', 'a');
SELECT relation, records FROM topcache.maps WHERE relation = 'm'::regclass;
CREATE TABLE plain (key text PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('plain', value => 'value');
SELECT topcache.alter_map('plain', ttl => '1 hour');
SELECT topcache.detach('plain');
SET ROLE regress_topcache_nobody;
SELECT topcache.create_map('mine');
SELECT attempt('CREATE TABLE mine ()');

--
-- Reading without SELECT: the error of the table, also where the record is
-- resident.
--
CREATE TEMP VIEW reads AS SELECT * FROM (VALUES
	(1, 'SELECT value FROM m WHERE key = ''a'''),
	(2, 'SELECT topcache.get(''m'', ''a'')'),
	(3, 'SELECT topcache.get_text(''m'', ''a'')'),
	(4, 'SELECT topcache.get_msgpack(''m'', ''a'')'),
	(5, 'SELECT topcache.contains(''m'', ''a'')'),
	(6, 'SELECT topcache.get(''m'', ''no such key'')'),
	(7, 'SELECT value FROM topcache.get_many(''m'', ARRAY[''a''])'),
	(8, 'SELECT value FROM topcache.get_many_text(''m'', ARRAY[''a''])'),
	(9, 'SELECT count(*) FROM topcache.scan(''m'')'),
	(10, 'SELECT topcache.is_resident(''m'', ''a'')'),
	(11, 'SELECT count(*) FROM topcache.verify(''m'')'),
	(12, 'SELECT count(*) FROM topcache.entries(''m'')'),
	(13, 'SELECT count(*) FROM topcache.entries() WHERE relation = ''m''::regclass'),
	(14, 'SELECT topcache.hydrate(''m'')'),
	(15, 'SELECT count(*) FROM topcache.get_many(''m'', ''{}''::text[])')) r(n, statement);
CREATE TEMP VIEW writes AS SELECT * FROM (VALUES
	(1, 'INSERT INTO m VALUES (''w'', ''1'') RETURNING true'),
	(2, 'INSERT INTO m VALUES (''a'', ''1'') ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value RETURNING true'),
	(3, 'UPDATE m SET value = ''1'' WHERE key = ''a'' RETURNING true'),
	(4, 'DELETE FROM m WHERE key = ''w'' RETURNING true'),
	(5, 'SELECT topcache.put(''m'', ''a'', ''1'')'),
	(6, 'SELECT topcache.put(''m'', ''w'', ''1'')'),
	(7, 'SELECT topcache.put_text(''m'', ''a'', ''1'')'),
	(8, 'SELECT topcache.put_many(''m'', ARRAY[''a''], ARRAY[''1'']::jsonb[])'),
	(9, 'SELECT topcache.put_if_absent(''m'', ''a'', ''1'')'),
	(10, 'SELECT topcache.replace(''m'', ''a'', ''1'', ''1'')'),
	(11, 'SELECT topcache.incr(''m'', ''a'', 0)'),
	(12, 'SELECT topcache.touch(''m'', ''a'', ''1 hour'')'),
	(13, 'SELECT topcache.remove(''m'', ''w'')'),
	(14, 'SELECT topcache.remove_many(''m'', ARRAY[''w''])'),
	(15, 'SELECT topcache.clear(''m'')')) w(n, statement);
GRANT SELECT ON reads, writes TO PUBLIC;
RESET ROLE;

SET ROLE regress_topcache_nobody;
SELECT n, attempt(statement) FROM reads ORDER BY n;
SELECT n, attempt(statement) FROM writes ORDER BY n;
RESET ROLE;
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;

-- with SELECT alone: all of the reads, none of the writes
GRANT SELECT ON m TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT n, attempt(statement) FROM reads ORDER BY n;
SELECT n, attempt(statement) FROM writes ORDER BY n;
RESET ROLE;
-- taken away in mid-session, given again, through membership and PUBLIC
REVOKE SELECT ON m FROM regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT topcache.get('m', 'a');
RESET ROLE;
SELECT topcache.get('m', 'a');
SET ROLE regress_topcache_reader;
SELECT topcache.get('m', 'a');
RESET ROLE;
GRANT SELECT ON m TO regress_topcache_reader;
GRANT regress_topcache_reader TO regress_topcache_member;
SET ROLE regress_topcache_member;
SELECT topcache.get('m', 'a');
RESET ROLE;
REVOKE regress_topcache_reader FROM regress_topcache_member;
SET ROLE regress_topcache_member;
SELECT topcache.get('m', 'a');
RESET ROLE;
GRANT SELECT ON m TO PUBLIC;
SET ROLE regress_topcache_member;
SELECT topcache.get('m', 'a');
RESET ROLE;
REVOKE SELECT ON m FROM PUBLIC;
-- rolled back
BEGIN;
GRANT SELECT ON m TO regress_topcache_nobody;
SET LOCAL ROLE regress_topcache_nobody;
SELECT topcache.get('m', 'a');
ROLLBACK;
SET ROLE regress_topcache_nobody;
SELECT topcache.get('m', 'a');
RESET ROLE;

-- the owner without privileges of his own
REVOKE ALL ON m FROM regress_topcache_owner;
SET ROLE regress_topcache_owner;
SELECT attempt('SELECT value FROM m'), attempt('SELECT topcache.get(''m'', ''a'')'),
	attempt('SELECT topcache.put(''m'', ''a'', ''1'')');
RESET ROLE;
GRANT ALL ON m TO regress_topcache_owner;

-- one writing privilege at a time; every write that is allowed is undone
CREATE FUNCTION allowed(granted text) RETURNS TABLE (n int, outcome text) LANGUAGE plpgsql AS $$
DECLARE
	w record;
BEGIN
	EXECUTE format('GRANT %s ON m TO regress_topcache_nobody', granted);
	FOR w IN SELECT * FROM pg_temp.writes ORDER BY writes.n LOOP
		n := w.n;
		BEGIN
			SET LOCAL ROLE regress_topcache_nobody;
			outcome := attempt(w.statement);
			RAISE EXCEPTION 'undo' USING ERRCODE = 'TC000';
		EXCEPTION WHEN SQLSTATE 'TC000' THEN NULL;
		END;
		RETURN NEXT;
	END LOOP;
	EXECUTE format('REVOKE %s ON m FROM regress_topcache_nobody', granted);
END $$;
SELECT * FROM allowed('INSERT');
SELECT * FROM allowed('UPDATE');
SELECT * FROM allowed('DELETE');
SELECT * FROM allowed('SELECT, INSERT');
SELECT * FROM allowed('SELECT, UPDATE');
SELECT * FROM allowed('SELECT, DELETE');
SELECT * FROM allowed('SELECT, INSERT, UPDATE');
SELECT * FROM allowed('SELECT, INSERT, UPDATE, DELETE');
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;

-- privileges on columns
GRANT SELECT (key) ON m TO regress_topcache_nobody;
SET ROLE regress_topcache_nobody;
SELECT attempt('SELECT value FROM m WHERE key = ''a'''), attempt('SELECT topcache.get(''m'', ''a'')'),
	attempt('SELECT count(*) FROM topcache.get_many(''m'', ARRAY[''a''])');
SELECT attempt('SELECT count(*) FROM topcache.scan(''m'')');
SELECT attempt('SELECT topcache.is_resident(''m'', ''a'')');
RESET ROLE;
REVOKE SELECT (key) ON m FROM regress_topcache_nobody;
GRANT SELECT (value) ON m TO regress_topcache_nobody;
SET ROLE regress_topcache_nobody;
SELECT attempt('SELECT value FROM m WHERE key = ''a'''), attempt('SELECT topcache.get(''m'', ''a'')');
SELECT attempt('SELECT count(*) FROM topcache.entries(''m'')');
SELECT count(*) FROM topcache.entries() WHERE relation = 'm'::regclass;
RESET ROLE;
GRANT SELECT (key) ON m TO regress_topcache_nobody;
SET ROLE regress_topcache_nobody;
SELECT attempt('SELECT value FROM m WHERE key = ''a'''), attempt('SELECT topcache.get(''m'', ''a'')');
SELECT attempt('SELECT count(*) FROM topcache.get_many(''m'', ARRAY[''a''])');
RESET ROLE;
REVOKE SELECT (key, value) ON m FROM regress_topcache_nobody;

-- in a function that runs as its owner, and in a view
CREATE FUNCTION as_owner(text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER
	AS $$SELECT topcache.get('tc_privileges.m', $1)$$;
ALTER FUNCTION as_owner(text) OWNER TO regress_topcache_owner;
SET ROLE regress_topcache_nobody;
SELECT as_owner('a');
SELECT topcache.get('m', 'a');
RESET ROLE;

-- a schema that may not be looked into
CREATE SCHEMA tc_closed AUTHORIZATION regress_topcache_owner;
SET ROLE regress_topcache_owner;
SELECT topcache.create_map('tc_closed.m');
SELECT topcache.put('tc_closed.m', 'a', '"closed"');
GRANT ALL ON tc_closed.m TO regress_topcache_nobody;
RESET ROLE;
SELECT 'tc_closed.m'::regclass::oid AS closed \gset
SET ROLE regress_topcache_nobody;
SELECT topcache.get('tc_closed.m', 'a');
-- whoever knows its number gets as far as with the name
SELECT attempt('SELECT topcache.get(' || :closed || '::regclass, ''a'')') AS by_number;
SELECT attempt('SELECT topcache.put(' || :closed || '::regclass, ''a'', ''"by number"'')') AS by_number;
RESET ROLE;

--
-- Row-level security
--
SET ROLE regress_topcache_owner;
CREATE POLICY visible ON m FOR SELECT TO regress_topcache_reader USING (key <> 'b');
ALTER TABLE m ENABLE ROW LEVEL SECURITY;
SELECT topcache.get('m', 'a'), topcache.get('m', 'b');
SET ROLE regress_topcache_reader;
SELECT key, value FROM m ORDER BY key;
SELECT topcache.get('m', 'a'), topcache.get('m', 'b'), topcache.get_text('m', 'b'),
	topcache.contains('m', 'b'), topcache.get_msgpack('m', 'b');
SELECT * FROM topcache.get_many('m', ARRAY['a', 'b', 'c']);
SELECT * FROM topcache.scan('m') ORDER BY key;
-- what it may not see, it may not infer
SELECT attempt('SELECT topcache.is_resident(''m'', ''b'')') <> 'allowed: true' AS hidden,
	attempt('SELECT string_agg(key, '' '') FROM topcache.entries(''m'')') !~ '^allowed:.*b' AS hidden,
	attempt('SELECT string_agg(key, '' '') FROM topcache.verify(''m'')') !~ '^allowed:.*b' AS hidden;
SELECT count(*) FROM topcache.entries() WHERE relation = 'm'::regclass AND key = 'b';
SET row_security = off;
SELECT attempt('SELECT value FROM m WHERE key = ''a'''), attempt('SELECT topcache.get(''m'', ''a'')');
RESET row_security;
-- the owner is exempt, until he is not
SET ROLE regress_topcache_owner;
SELECT topcache.get('m', 'b');
ALTER TABLE m FORCE ROW LEVEL SECURITY;
SELECT attempt('SELECT value FROM m WHERE key = ''b'''), attempt('SELECT topcache.get(''m'', ''b'')');
ALTER TABLE m NO FORCE ROW LEVEL SECURITY;
SELECT topcache.get('m', 'b');
-- writing against a policy
CREATE POLICY write ON m FOR ALL TO regress_topcache_reader
	USING (key <> 'b') WITH CHECK (value <> '"refused"');
GRANT INSERT, UPDATE, DELETE ON m TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT attempt('SELECT topcache.put(''m'', ''a'', ''"refused"'')');
SELECT attempt('SELECT topcache.put(''m'', ''b'', ''"accepted"'')');
SELECT attempt('SELECT topcache.put(''m'', ''a'', ''"accepted"'')');
SELECT attempt('SELECT topcache.remove(''m'', ''b'')');
SELECT attempt('SELECT topcache.clear(''m'')');
SELECT topcache.get('m', 'a'), topcache.get('m', 'b');
RESET ROLE;
SELECT key, value, topcache.get('m', key) FROM m ORDER BY key;
ALTER TABLE m DISABLE ROW LEVEL SECURITY;
SET ROLE regress_topcache_reader;
SELECT topcache.get('m', 'b');
RESET ROLE;

--
-- Maps belong to the owners of their tables.
--
SET ROLE regress_topcache_reader;
SELECT topcache.attach('plain', value => 'value');
SELECT topcache.alter_map('m', ttl => '1 s');
SELECT topcache.detach('m');
SELECT topcache.drop_map('m');
SELECT attempt('SELECT topcache.evict(''m'', ''b'')'), attempt('SELECT topcache.evict_lru(''m'', 1)'),
	attempt('SELECT topcache.evict_all(''m'')');
SELECT attempt('SELECT topcache.evict_all()');
SELECT attempt('SELECT topcache.reset_stats(''m'')');
SELECT attempt('SELECT topcache.reset_stats()');
INSERT INTO topcache.map_definition (relation, key_columns) VALUES ('plain', '{key}');
UPDATE topcache.map_definition SET ttl = '1 s';
DELETE FROM topcache.map_definition;
ALTER TABLE m DISABLE TRIGGER ALL;
-- maps and memory may be looked at
SELECT relation, state FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT relation FROM topcache.stats WHERE relation = 'm'::regclass;
SELECT count(*) > 0 AS memory FROM topcache.memory;
RESET ROLE;
SELECT relation, state, ttl FROM topcache.maps WHERE relation = 'm'::regclass;
SET ROLE regress_topcache_owner;
SELECT topcache.hydrate('m') >= 0, topcache.evict('m', 'b');
SELECT topcache.alter_map('m', ttl => '1 hour');
SELECT topcache.detach('m');
SELECT topcache.attach('m', value => 'value');
RESET ROLE;
-- the guard's functions do nothing on another table, or outside of a trigger
SET ROLE regress_topcache_owner;
CREATE TABLE unguarded (key text PRIMARY KEY, value jsonb);
CREATE TRIGGER guard AFTER INSERT ON unguarded FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
INSERT INTO unguarded VALUES ('a', '1');
CREATE TRIGGER guard AFTER INSERT ON unguarded FOR EACH ROW EXECUTE FUNCTION topcache.definition_changed();
SELECT topcache.row_changed();
RESET ROLE;
-- a table under another owner
ALTER TABLE m OWNER TO regress_topcache_member;
SET ROLE regress_topcache_owner;
SELECT topcache.detach('m');
RESET ROLE;
GRANT CREATE ON SCHEMA tc_privileges TO regress_topcache_member;
SET ROLE regress_topcache_member;
SELECT topcache.put('m', 'a', '"new owner"'), topcache.get('m', 'a');
SELECT topcache.detach('m');
RESET ROLE;

--
-- A writer who may do nothing but write the table: the guard works for him.
--
CREATE TABLE open (key text PRIMARY KEY, value jsonb NOT NULL, expires_at timestamptz);
ALTER TABLE open OWNER TO regress_topcache_owner;
SET ROLE regress_topcache_owner;
SELECT topcache.attach('open', value => 'value');
SELECT topcache.put('open', 'a', '1');
GRANT INSERT, UPDATE (value), SELECT (key), DELETE ON open TO regress_topcache_nobody;
RESET ROLE;
REVOKE USAGE ON SCHEMA topcache FROM PUBLIC;
SET ROLE regress_topcache_nobody;
UPDATE open SET value = '"by nobody"' WHERE key = 'a';
INSERT INTO open (key, value) VALUES ('b', '"by nobody"');
RESET ROLE;
GRANT USAGE ON SCHEMA topcache TO PUBLIC;
SET ROLE regress_topcache_owner;
SELECT key, value, topcache.get('open', key) FROM open ORDER BY key;
RESET ROLE;

-- a function that makes a key of another type is called by who may call it
SET ROLE regress_topcache_owner;
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_of(i int) RETURNS pair LANGUAGE sql SECURITY DEFINER AS 'SELECT ROW(i, i)::pair';
CREATE CAST (int AS pair) WITH FUNCTION pair_of AS IMPLICIT;
REVOKE EXECUTE ON FUNCTION pair_of FROM PUBLIC;
CREATE TABLE pairs (key pair PRIMARY KEY, value jsonb);
SELECT topcache.attach('pairs', value => 'value');
SELECT topcache.put('pairs', 7, '1'), topcache.get('pairs', 7);
GRANT ALL ON pairs TO regress_topcache_nobody;
SET ROLE regress_topcache_nobody;
SELECT value FROM pairs WHERE key = 7::pair;
SELECT topcache.get('pairs', 7);
SELECT topcache.put('pairs', 7, '2');
SELECT * FROM topcache.get_many('pairs', ARRAY[7]);
SELECT topcache.get('pairs', ROW(7, 7)::pair);
RESET ROLE;

-- a volatile map has privileges, too
SET ROLE regress_topcache_owner;
SELECT topcache.create_map('v', durable => false);
SELECT topcache.put('v', 'a', '1');
RESET ROLE;
SET ROLE regress_topcache_nobody;
SELECT attempt('SELECT topcache.get(''v'', ''a'')'), attempt('SELECT topcache.put(''v'', ''a'', ''2'')'),
	attempt('SELECT topcache.remove(''v'', ''a'')'), attempt('SELECT topcache.clear(''v'')'),
	attempt('SELECT count(*) FROM topcache.scan(''v'')'), attempt('SELECT count(*) FROM topcache.entries(''v'')');
RESET ROLE;
GRANT SELECT ON v TO regress_topcache_nobody;
SET ROLE regress_topcache_nobody;
SELECT attempt('SELECT topcache.get(''v'', ''a'')'), attempt('SELECT topcache.put(''v'', ''a'', ''2'')'),
	attempt('SELECT topcache.incr(''v'', ''a'')'), attempt('SELECT topcache.remove(''v'', ''a'')');
RESET ROLE;
GRANT INSERT, UPDATE ON v TO regress_topcache_nobody;
SET ROLE regress_topcache_nobody;
SELECT attempt('SELECT topcache.put(''v'', ''a'', ''2'')'), attempt('SELECT topcache.remove(''v'', ''a'')');
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA tc_privileges CASCADE;
DROP SCHEMA tc_closed CASCADE;
DROP OWNED BY regress_topcache_owner, regress_topcache_reader, regress_topcache_nobody, regress_topcache_member;
DROP ROLE regress_topcache_owner, regress_topcache_reader, regress_topcache_nobody, regress_topcache_member;
