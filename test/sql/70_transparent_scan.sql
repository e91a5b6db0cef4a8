--
-- Unchanged SQL, served from the cache.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_scan;
SET search_path = tc_scan;

-- what EXPLAIN tells, as all releases do
CREATE FUNCTION explained(query text, buffers text DEFAULT 'OFF')
	RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (ANALYZE, BUFFERS %s, COSTS OFF, '
		'TIMING OFF, SUMMARY OFF) %s', buffers, query)
	LOOP
		RETURN NEXT regexp_replace(line, 'rows=(\d+)\.00', 'rows=\1');
	END LOOP;
END $$;
SET topcache.transparent_scan = on;

CREATE TABLE users (id int PRIMARY KEY, name text, region text, n numeric, gone int);
ALTER TABLE users DROP gone;
INSERT INTO users SELECT g, 'name' || g, 'r' || g % 10, g
  FROM generate_series(1, 10000) g;
CREATE TABLE pairs (a bigint, b text, v text, PRIMARY KEY (a, b));
INSERT INTO pairs SELECT g, 'b' || g, 'v' || g FROM generate_series(1, 1000) g;
CREATE TABLE kv (k text PRIMARY KEY, v jsonb, other int);
INSERT INTO kv SELECT 'k' || g, to_jsonb(g), g FROM generate_series(1, 1000) g;
ANALYZE;
SELECT topcache.attach('users'), topcache.attach('pairs'),
	topcache.attach('kv', value => 'v');

-- the first read fills, the second finds
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 42;
SELECT * FROM users WHERE id = 42;
SELECT topcache.is_resident('users', 42);
SELECT explained($$SELECT name FROM users WHERE id = 42$$, 'ON');
SELECT * FROM users WHERE id = 42;
SELECT users, tableoid::regclass, name || region FROM users WHERE id = 42;

-- several keys, each once; other conditions are filters
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id IN (1, 2, 3) AND name LIKE '%2';
SELECT * FROM users WHERE id IN (3, 2, 2, 1, NULL) AND name LIKE '%2';
SELECT count(*) FROM users WHERE id = ANY (ARRAY(SELECT generate_series(-5, 500)));
SELECT count(*) FROM users WHERE id = ANY (ARRAY[]::int[]);
SELECT count(*) FROM users WHERE id = ANY (NULL::int[]);
SELECT * FROM users WHERE id = NULL;
SELECT * FROM users WHERE id = 42 AND id = 43;

-- keys of several columns, and a map that keeps one column
EXPLAIN (COSTS OFF) SELECT * FROM pairs WHERE a = 5 AND b = 'b5';
SELECT * FROM pairs WHERE a = 5 AND b = 'b5';
SELECT * FROM pairs WHERE a IN (1, 2, 3) AND b = 'b2';
EXPLAIN (COSTS OFF) SELECT * FROM pairs WHERE a = 5;
EXPLAIN (COSTS OFF) SELECT v FROM kv WHERE k = 'k7';
SELECT k, v FROM kv WHERE k IN ('k7', 'k8') ORDER BY k;
EXPLAIN (COSTS OFF) SELECT other FROM kv WHERE k = 'k7';

-- operators of the key's family; what could lose something is left alone
EXPLAIN (COSTS OFF) SELECT v FROM pairs WHERE a = 5::int AND b = 'b5'::varchar;
SELECT v FROM pairs WHERE a = 5::smallint AND b = 'b5'::varchar;
EXPLAIN (COSTS OFF) SELECT name FROM users WHERE id = 5::bigint;
SELECT name FROM users WHERE id = 5000000000;
CREATE TABLE named (k name PRIMARY KEY, v int);
INSERT INTO named VALUES (repeat('x', 63), 1);
SELECT topcache.attach('named');
SELECT v FROM named WHERE k = repeat('x', 63)::name;
SELECT v FROM named WHERE k = repeat('x', 64);
CREATE TABLE days (d timestamp PRIMARY KEY, v int);
SELECT topcache.attach('days');
SELECT v FROM days WHERE d = '5874897-12-31'::date;
CREATE TABLE amounts (k numeric PRIMARY KEY, v int);
INSERT INTO amounts VALUES (1.0, 1), (2, 2);
SELECT topcache.attach('amounts');
SELECT * FROM amounts WHERE k = 1.00;
SELECT * FROM amounts WHERE k = 1.00;
SELECT * FROM amounts WHERE k IN (1, 1.0, 2.000) ORDER BY k;

-- joins, LATERAL, subqueries
EXPLAIN (COSTS OFF) SELECT * FROM generate_series(1, 10) g JOIN users u ON u.id = g;
SELECT count(*), sum(n) FROM generate_series(1, 10) g JOIN users u ON u.id = g;
EXPLAIN (COSTS OFF) SELECT g, (SELECT name FROM users WHERE id = g),
	EXISTS (SELECT FROM users WHERE id = g + 1) FROM generate_series(1, 3) g;
SELECT g, (SELECT name FROM users WHERE id = g * 4000),
	EXISTS (SELECT FROM users WHERE id = g * 4000) FROM generate_series(1, 3) g;
SELECT g, x.* FROM generate_series(9999, 10001) g
	LEFT JOIN LATERAL (SELECT name FROM users u WHERE u.id = g) x ON true;
EXPLAIN (COSTS OFF) SELECT * FROM users u JOIN pairs p ON p.a = u.id AND p.b = 'b' || u.id
 WHERE u.id = 3;
SELECT * FROM users u JOIN pairs p ON p.a = u.id AND p.b = 'b' || u.id
 WHERE u.id = 3;
CREATE TABLE big AS SELECT g % 10000 + 1 AS id FROM generate_series(1, 100000) g;
ANALYZE big;
EXPLAIN (COSTS OFF) SELECT count(*) FROM big JOIN users USING (id);
BEGIN;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*), sum(n) FROM big JOIN users USING (id);
SELECT count(*), sum(n) FROM big JOIN users USING (id);
COMMIT;
SELECT count(*), sum(n) FROM big JOIN users USING (id);

-- left to PostgreSQL's own plans
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 42 FOR UPDATE;
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 42 FOR KEY SHARE;
EXPLAIN (COSTS OFF) UPDATE users SET n = 0 WHERE id = 42;
EXPLAIN (COSTS OFF) DELETE FROM pairs USING users WHERE users.id = 42 AND a = 1 AND b = 'b';
EXPLAIN (COSTS OFF) MERGE INTO users u USING (VALUES (1)) v (id) ON u.id = v.id AND u.id = 1
	WHEN MATCHED THEN UPDATE SET n = 0;
EXPLAIN (COSTS OFF) SELECT ctid, xmin FROM users WHERE id = 42;
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 42 AND cmin = '0';
EXPLAIN (COSTS OFF) SELECT * FROM users TABLESAMPLE SYSTEM (100) WHERE id = 42;
BEGIN ISOLATION LEVEL SERIALIZABLE;
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 42;
COMMIT;

-- prepared statements, and what makes them anew
PREPARE one(int) AS SELECT name FROM users WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE one(1);
EXPLAIN (COSTS OFF) EXECUTE one(1);
SET topcache.transparent_scan = off;
EXPLAIN (COSTS OFF) EXECUTE one(1);
SET topcache.transparent_scan = on;
SET topcache.enabled = off;
EXPLAIN (COSTS OFF) EXECUTE one(1);
SET topcache.enabled = on;
EXPLAIN (COSTS OFF) EXECUTE one(1);
SELECT topcache.detach('users');
EXECUTE one(2);
EXPLAIN (COSTS OFF) EXECUTE one(2);
SELECT topcache.attach('users');
EXPLAIN (COSTS OFF) EXECUTE one(2);
ALTER TABLE users DISABLE TRIGGER ALL;
EXPLAIN (COSTS OFF) EXECUTE one(2);
UPDATE users SET name = 'unseen' WHERE id = 2;
EXECUTE one(2);
ALTER TABLE users ENABLE ALWAYS TRIGGER topcache_row_changed;
ALTER TABLE users ENABLE ALWAYS TRIGGER topcache_table_truncated;
EXECUTE one(2);
ALTER TABLE users ADD extra text DEFAULT 'more';
SELECT * FROM users WHERE id = 2;
SELECT * FROM users WHERE id = 2;
-- in a transaction that writes
BEGIN;
EXECUTE one(7);
UPDATE users SET name = 'mine' WHERE id = 7;
EXECUTE one(7);
SELECT explained($$EXECUTE one(7)$$);
SAVEPOINT s;
DELETE FROM users WHERE id = 7;
EXECUTE one(7);
ROLLBACK TO s;
EXECUTE one(7);
WITH changed AS (UPDATE users SET name = 'again' WHERE id = 7 RETURNING name)
	SELECT u.name, c.name FROM users u, changed c WHERE u.id = 7;
ROLLBACK;
EXECUTE one(7);
RESET plan_cache_mode;

-- cursors
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id, name FROM users WHERE id IN (1, 3, 5);
FETCH 2 FROM c;
FETCH PRIOR FROM c;
UPDATE users SET name = 'later' WHERE id = 5;
FETCH ABSOLUTE 3 FROM c;
COMMIT;
FETCH FIRST FROM c;
CLOSE c;
SELECT name FROM users WHERE id = 5;

-- views, privileges by column, policies
CREATE ROLE tc_scan_user;
GRANT USAGE ON SCHEMA tc_scan TO tc_scan_user;
GRANT SELECT (id, name) ON users TO tc_scan_user;
CREATE VIEW all_users AS SELECT * FROM users;
CREATE VIEW some_users WITH (security_barrier) AS SELECT * FROM users WHERE region = 'r2';
GRANT SELECT ON all_users, some_users TO tc_scan_user;
CREATE FUNCTION tells(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
	$$BEGIN RAISE NOTICE 'told %', $1; RETURN true; END$$;
SET ROLE tc_scan_user;
EXPLAIN (COSTS OFF) SELECT name FROM users WHERE id = 42;
SELECT name FROM users WHERE id = 42;
SELECT region FROM users WHERE id = 42;
SELECT * FROM all_users WHERE id = 42;
SELECT name FROM some_users WHERE id IN (42, 43) AND tells(name);
RESET ROLE;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON users USING (id % 2 = 1);
EXPLAIN (COSTS OFF) SELECT name FROM users WHERE id = 42;
SET ROLE tc_scan_user;
EXPLAIN (COSTS OFF) SELECT name FROM users WHERE id = 42;
SELECT name FROM users WHERE id IN (42, 43);
RESET ROLE;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;

-- a partition that is attached, in its parent
CREATE TABLE whole (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (100);
CREATE TABLE high PARTITION OF whole FOR VALUES FROM (100) TO (200);
ALTER TABLE low ADD PRIMARY KEY (id);
INSERT INTO whole SELECT g, g FROM generate_series(1, 199) g;
SELECT topcache.attach('low');
ANALYZE whole;
EXPLAIN (COSTS OFF) SELECT * FROM whole WHERE id = 5;
SELECT * FROM whole WHERE id = 5;
SELECT * FROM generate_series(99, 101) g JOIN whole ON whole.id = g;
SELECT tableoid::regclass, v FROM whole WHERE id IN (7, 107) ORDER BY id;

SELECT count(*) FROM topcache.verify('users');
SET client_min_messages = warning;
DROP SCHEMA tc_scan CASCADE;
DROP OWNED BY tc_scan_user;
DROP ROLE tc_scan_user;
