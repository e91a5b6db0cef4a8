-- Privileges on rows and columns of attached tables, at every statement;
-- triggers that cannot be misused; the extension dropped and created again.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP ROLE IF EXISTS regress_topcache_owner, regress_topcache_reader;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_topcache_owner;
CREATE ROLE regress_topcache_reader;
CREATE SCHEMA tc_people AUTHORIZATION regress_topcache_owner;
GRANT USAGE ON SCHEMA tc_people TO PUBLIC;
SET search_path = tc_people;

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
SET ROLE regress_topcache_owner;
CREATE TABLE people (id int PRIMARY KEY, name text, salary numeric);
CREATE TABLE codes (region text, id int, value text, secret text, PRIMARY KEY (region, id));
SELECT topcache.attach('people'), topcache.attach('codes', value => 'value');
INSERT INTO people VALUES (1, 'Ann', 100), (2, 'Bob', 200);
INSERT INTO codes VALUES ('eu', 1, 'one', 'hidden'), ('us', 2, 'two', 'hidden');
SELECT count(topcache.get('people', i)), count(topcache.get('codes', ROW('eu', i))) FROM generate_series(1, 3) i;
RESET ROLE;
CREATE TEMP VIEW reads AS SELECT * FROM (VALUES
	(1, 'SELECT people FROM people WHERE id = 1'),
	(2, 'SELECT topcache.get(''people'', 1)'),
	(3, 'SELECT topcache.get_text(''people'', 1)'),
	(4, 'SELECT topcache.fetch(NULL::people, 1)'),
	(5, 'SELECT f FROM topcache.fetch_many(NULL::people, ARRAY[1]) f'),
	(6, 'SELECT value FROM topcache.get_many(''people'', ARRAY[1])'),
	(7, 'SELECT value FROM topcache.get_many_text(''people'', ARRAY[1])'),
	(8, 'SELECT topcache.contains(''people'', 1)'),
	(9, 'SELECT count(*) FROM topcache.scan(''people'')'),
	(10, 'SELECT topcache.is_resident(''people'', 1)'),
	(11, 'SELECT count(*) FROM topcache.entries(''people'')'),
	(12, 'SELECT count(*) FROM topcache.entries() WHERE relation = ''people''::regclass'),
	(13, 'SELECT count(*) FROM topcache.verify(''people'')'),
	(14, 'SELECT topcache.hydrate(''people'') >= 0'),
	(15, 'SELECT topcache.fetch(NULL::people, 9)'),
	(16, 'SELECT topcache.get(''codes'', ROW(''eu'', 1))'),
	(17, 'SELECT value FROM topcache.get_many(''codes'', ARRAY[ROW(''eu'', 1)])'),
	(18, 'SELECT count(*) FROM topcache.entries(''codes'')')) r(n, statement);
GRANT SELECT ON reads TO PUBLIC;

--
-- SELECT on the table, on all of its columns, on some
--
SET ROLE regress_topcache_reader;
SELECT n, attempt(statement) FROM reads ORDER BY n;
RESET ROLE;
GRANT SELECT ON people, codes TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT n, attempt(statement) FROM reads ORDER BY n;
RESET ROLE;
REVOKE SELECT ON people, codes FROM regress_topcache_reader;
GRANT SELECT (id, name) ON people TO regress_topcache_reader;
GRANT SELECT (region, id) ON codes TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT n, attempt(statement) FROM reads ORDER BY n;
RESET ROLE;
GRANT SELECT (salary) ON people TO regress_topcache_reader;
GRANT SELECT (value) ON codes TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT n, attempt(statement) FROM reads ORDER BY n;
RESET ROLE;
-- half of a key is not the key
REVOKE SELECT (region) ON codes FROM regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT n, attempt(statement) FROM reads WHERE n > 15 ORDER BY n;
RESET ROLE;
GRANT SELECT (region) ON codes TO regress_topcache_reader;
-- a new column is one more that may not be read
ALTER TABLE people ADD COLUMN phone text DEFAULT 'none';
SET ROLE regress_topcache_reader;
SELECT attempt('SELECT people FROM people WHERE id = 1'), attempt('SELECT topcache.fetch(NULL::people, 1)');
SELECT attempt('SELECT topcache.get(''people'', 1)');
RESET ROLE;
ALTER TABLE people DROP COLUMN phone;
SET ROLE regress_topcache_reader;
SELECT attempt('SELECT topcache.fetch(NULL::people, 1)');
RESET ROLE;
-- the type of a row may be anybody's; the table's rows may not
REVOKE SELECT (id, name, salary) ON people FROM regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT (topcache.fetch(NULL::people, 1)).name;
SELECT name FROM topcache.fetch_many(NULL::people, ARRAY[1, 2]);
RESET ROLE;

--
-- Given and taken away: at the next statement, also of a prepared one
--
GRANT SELECT ON people TO regress_topcache_reader;
PREPARE one AS SELECT topcache.get('people', 1) ->> 'name' AS name;
PREPARE typed(int) AS SELECT (topcache.fetch(NULL::people, $1)).name;
PREPARE many AS SELECT name FROM topcache.fetch_many(NULL::people, ARRAY[1, 2]);
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_topcache_reader;
EXECUTE one;
EXECUTE typed(1);
EXECUTE many;
RESET ROLE;
REVOKE SELECT ON people FROM regress_topcache_reader;
EXECUTE one;
SET ROLE regress_topcache_reader;
EXECUTE one;
EXECUTE typed(1);
EXECUTE many;
RESET ROLE;
BEGIN;
GRANT SELECT (id, name, salary) ON people TO regress_topcache_reader;
SET LOCAL ROLE regress_topcache_reader;
EXECUTE typed(2);
ROLLBACK;
SET ROLE regress_topcache_reader;
EXECUTE typed(2);
RESET ROLE;
-- SET ROLE within a transaction, in a function, by SET SESSION AUTHORIZATION
BEGIN;
EXECUTE one;
SET LOCAL ROLE regress_topcache_reader;
SAVEPOINT s;
EXECUTE one;
ROLLBACK TO SAVEPOINT s;
SET LOCAL ROLE regress_topcache_owner;
EXECUTE one;
COMMIT;
SET SESSION AUTHORIZATION regress_topcache_reader;
SELECT topcache.get('people', 1);
RESET SESSION AUTHORIZATION;
SET ROLE regress_topcache_owner;
CREATE FUNCTION name_of(int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = tc_people
	AS 'SELECT (topcache.fetch(NULL::people, $1)).name';
CREATE FUNCTION name_of_invoker(int) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (topcache.fetch(NULL::tc_people.people, $1)).name;
END $$;
CREATE VIEW names AS SELECT id, topcache.get('people', id) ->> 'name' AS name FROM generate_series(1, 2) id;
GRANT SELECT ON names TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT name_of(1);
SELECT name_of_invoker(1);
SELECT name_of(2);
-- functions in a view run as who reads it
SELECT * FROM names;
RESET ROLE;
SELECT name_of_invoker(1);
RESET plan_cache_mode;
DEALLOCATE ALL;

--
-- Row-level security
--
SET ROLE regress_topcache_owner;
GRANT SELECT ON people, codes TO regress_topcache_reader;
CREATE POLICY below ON people FOR SELECT USING (salary < 150);
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
PREPARE p(int) AS SELECT (topcache.fetch(NULL::people, $1)).name;
EXECUTE p(2);
SET ROLE regress_topcache_reader;
EXECUTE p(1);
EXECUTE p(2);
SELECT topcache.get('people', 1), topcache.get('people', 2), topcache.contains('people', 2);
SELECT * FROM topcache.fetch_many(NULL::people, ARRAY[1, 2]);
SELECT * FROM topcache.get_many('people', ARRAY[1, 2]);
SELECT * FROM topcache.scan('people');
-- nothing is said of what cannot be seen
SELECT attempt('SELECT topcache.is_resident(''people'', 2)') <> 'allowed: true' AS hidden;
SELECT count(*) FILTER (WHERE key = '2') FROM topcache.entries() WHERE relation = 'people'::regclass;
SELECT count(*) FROM topcache.verify('people') WHERE key = '2';
SELECT topcache.hydrate('people');
SET row_security = off;
SELECT topcache.fetch(NULL::people, 1);
RESET row_security;
-- a policy that changes, and one that looks at the session
RESET ROLE;
ALTER POLICY below ON people USING (name = current_setting('tc_people.name', true));
SET ROLE regress_topcache_reader;
EXECUTE p(1);
SET tc_people.name = 'Bob';
EXECUTE p(1);
EXECUTE p(2);
RESET tc_people.name;
RESET ROLE;
-- the owner is exempt, until he is not
ALTER TABLE people FORCE ROW LEVEL SECURITY;
SET ROLE regress_topcache_owner;
EXECUTE p(2);
RESET ROLE;
EXECUTE p(2);
ALTER TABLE people NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
SET ROLE regress_topcache_reader;
EXECUTE p(2);
-- a function that runs as the owner sees what the owner sees
RESET ROLE;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
SET ROLE regress_topcache_reader;
SELECT name_of(2), attempt('SELECT topcache.get(''people'', 2)');
RESET ROLE;
ALTER TABLE people DISABLE ROW LEVEL SECURITY;
DEALLOCATE ALL;

--
-- Whose maps they are
--
SET ROLE regress_topcache_reader;
SELECT attempt('SELECT topcache.detach(''people'')'), attempt('SELECT topcache.attach(''people'')');
SELECT attempt('SELECT topcache.evict(''people'', 1)'), attempt('SELECT topcache.evict_all(''people'')');
SELECT attempt('SELECT topcache.alter_map(''people'', max_cost => 5)'), attempt('SELECT topcache.reset_stats(''people'')');
SELECT attempt('SELECT topcache.evict_all()'), attempt('SELECT topcache.reset_stats()');
RESET ROLE;
-- whom a superuser lets, may
GRANT EXECUTE ON FUNCTION topcache.evict_all(), topcache.reset_stats() TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
SELECT attempt('SELECT topcache.evict_all() > 0'), attempt('SELECT topcache.reset_stats()');
SELECT attempt('SELECT topcache.evict_all(''people'')');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION topcache.evict_all(), topcache.reset_stats() FROM regress_topcache_reader;
-- no function runs as somebody else than its caller
SELECT proname FROM pg_proc WHERE pronamespace = 'topcache'::regnamespace AND prosecdef;

--
-- Trigger functions: called directly, hung on other tables, at other times
--
CREATE FUNCTION poisoned() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(topcache.get_text('people', i), ' ') || ' ' || (SELECT count(*) FROM topcache.verify('people')) FROM generate_series(1, 3) i
$$;
SELECT poisoned();
SET ROLE regress_topcache_owner;
SELECT topcache.row_changed();
SELECT topcache.table_truncated();
RESET ROLE;
SELECT topcache.definition_changed();
SELECT topcache.forget_dropped();
GRANT CREATE ON SCHEMA tc_people TO regress_topcache_reader;
SET ROLE regress_topcache_reader;
-- on a table of its own that looks like the map's
CREATE TABLE mine (LIKE people INCLUDING ALL);
CREATE TRIGGER topcache_row_changed AFTER INSERT OR UPDATE OR DELETE ON mine FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
CREATE TRIGGER topcache_table_truncated AFTER TRUNCATE ON mine EXECUTE FUNCTION topcache.table_truncated();
INSERT INTO mine VALUES (1, 'poison', 0), (3, 'poison', 0);
UPDATE mine SET salary = 1;
DELETE FROM mine;
TRUNCATE mine;
-- on a view, a foreign table
CREATE VIEW mine_too AS SELECT * FROM mine;
CREATE TRIGGER topcache_row_changed INSTEAD OF INSERT ON mine_too FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
INSERT INTO mine_too VALUES (1, 'poison', 0);
RESET ROLE;
CREATE FOREIGN TABLE remote (id int, name text, salary numeric) SERVER topcache OPTIONS (relation 'people');
CREATE TRIGGER topcache_row_changed AFTER INSERT OR UPDATE OR DELETE ON remote FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
BEGIN;
INSERT INTO remote VALUES (77, 'poison', 0);
ROLLBACK;
DROP FOREIGN TABLE remote;
-- on the map itself, once more, and at times when the row is not there yet
CREATE TRIGGER another AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
UPDATE people SET salary = salary + 1;
SELECT poisoned();
DROP TRIGGER another ON people;
CREATE TRIGGER another BEFORE INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
UPDATE people SET salary = salary + 1;
DROP TRIGGER another ON people;
CREATE TRIGGER another AFTER UPDATE ON people EXECUTE FUNCTION topcache.row_changed();
UPDATE people SET salary = salary + 1;
DROP TRIGGER another ON people;
CREATE TRIGGER another AFTER UPDATE ON people EXECUTE FUNCTION topcache.table_truncated();
UPDATE people SET salary = salary + 1;
DROP TRIGGER another ON people;
CREATE TRIGGER another AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION topcache.table_truncated();
UPDATE people SET salary = salary + 1;
DROP TRIGGER another ON people;
SELECT poisoned();
-- an event trigger's function as a trigger, and the other way round
CREATE TRIGGER wrong AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION topcache.forget_dropped();
CREATE EVENT TRIGGER wrong ON sql_drop EXECUTE FUNCTION topcache.row_changed();
-- after all of this the map is as the table is
SELECT name, salary, topcache.fetch(NULL::people, id) = p AS same FROM people p ORDER BY id;
SELECT relation, state, reason FROM topcache.maps WHERE relation IN ('people'::regclass, 'codes'::regclass) ORDER BY relation::text;
SELECT * FROM topcache.verify('people');

--
-- A search_path with other things of the same names
--
CREATE SCHEMA tc_people_trap;
CREATE FUNCTION tc_people_trap.int4eq(int, int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE OPERATOR tc_people_trap.= (LEFTARG = int, RIGHTARG = int, FUNCTION = tc_people_trap.int4eq);
CREATE FUNCTION tc_people_trap.to_jsonb(anyelement) RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE FUNCTION tc_people_trap.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE TABLE tc_people_trap.people (id int PRIMARY KEY, name text, salary numeric);
INSERT INTO tc_people_trap.people VALUES (1, 'trap', 0);
CREATE TABLE tc_people_trap.map_definition (relation regclass);
SET search_path = tc_people_trap, pg_catalog, tc_people, topcache;
SELECT topcache.get('tc_people.people', 1) ->> 'name', topcache.put('tc_people.people', 4, '{"name": "Dan"}'), topcache.replace('tc_people.people', 4, '{"id": 4, "name": "Dan", "salary": null}', '{"name": "Dan", "salary": 4}');
SELECT topcache.put_many('tc_people.people', ARRAY[4], ARRAY['{"name": "Dan"}']::jsonb[]), topcache.remove('tc_people.people', 4);
SELECT (topcache.fetch(NULL::tc_people.people, 2)).name;
SELECT topcache.get('people', 1);
SET search_path = tc_people;
SET client_min_messages = warning;
DROP SCHEMA tc_people_trap CASCADE;
RESET client_min_messages;

--
-- The extension goes, with everything that hangs on it, and comes again.
--
SELECT topcache.get('people', 1) ->> 'name' AS name;
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION topcache CASCADE;
UPDATE people SET name = 'without the extension' WHERE id = 1;
ROLLBACK;
SELECT topcache.get('people', 1) ->> 'name' AS name, name FROM people WHERE id = 1;
SELECT relation, state FROM topcache.maps WHERE relation = 'people'::regclass;
SELECT * FROM topcache.verify('people');
\set VERBOSITY terse
DROP EXTENSION topcache;
\set VERBOSITY default
SET client_min_messages = warning;
DROP EXTENSION topcache CASCADE;
RESET client_min_messages;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'people'::regclass;
UPDATE people SET name = 'in between' WHERE id = 1;
CREATE EXTENSION topcache;
SELECT count(*) FROM topcache.maps;
SELECT topcache.get('people', 1);
SELECT topcache.attach('people');
SELECT topcache.get('people', 1) ->> 'name' AS name, topcache.get('people', 2) ->> 'name' AS other;
SELECT * FROM topcache.verify('people');
-- within one transaction
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION topcache CASCADE;
UPDATE people SET name = 'once more' WHERE id = 1;
CREATE EXTENSION topcache;
SELECT topcache.attach('people');
SELECT topcache.get('people', 1) ->> 'name' AS name;
COMMIT;
SELECT topcache.get('people', 1) ->> 'name' AS name, topcache.get('people', 1) ->> 'name' AS again;
SELECT * FROM topcache.verify('people');

SET client_min_messages = warning;
DROP SCHEMA tc_people CASCADE;
DROP OWNED BY regress_topcache_owner, regress_topcache_reader;
DROP ROLE regress_topcache_owner, regress_topcache_reader;
