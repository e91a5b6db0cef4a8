--
-- Joins that look records up for many outer rows at a time.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_join;
SET search_path = tc_join;

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
SET max_parallel_workers_per_gather = 0;

CREATE TABLE users (id int PRIMARY KEY, gone int, name text, region text, n numeric);
ALTER TABLE users DROP gone;
INSERT INTO users SELECT g, 'name' || g, 'r' || g % 10, nullif(g % 7, 0)
  FROM generate_series(1, 5000) g;
CREATE TABLE pairs (a bigint, b text, v text, PRIMARY KEY (a, b));
INSERT INTO pairs SELECT g, 'b' || g % 3, 'v' || g FROM generate_series(1, 2000) g;
CREATE TABLE kv (k text PRIMARY KEY, v jsonb, other int);
INSERT INTO kv SELECT 'k' || g, CASE WHEN g % 5 > 0 THEN to_jsonb(g) END, g
  FROM generate_series(1, 2000) g;
CREATE TABLE orders (id int PRIMARY KEY, uid int, small smallint, k text, note text);
INSERT INTO orders SELECT g, nullif(g * 37 % 600, 7), g % 50, 'k' || g * 11 % 250, 'n' || g
  FROM generate_series(1, 500) g;
ANALYZE;
SELECT topcache.attach('users'), topcache.attach('pairs'), topcache.attach('kv', value => 'v');

-- Is a join planned, and does it give what PostgreSQL's own joins give?
CREATE FUNCTION same(query text, OUT joins int, OUT n bigint, OUT same boolean)
LANGUAGE plpgsql AS $$
DECLARE
	all_rows CONSTANT text := 'SELECT count(*), md5(string_agg(t::text, E''\n'' '
		|| 'ORDER BY t::text)) FROM (%s) t';
	line text;
	theirs text;
	ours text;
BEGIN
	joins := 0;
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line LIKE '%(TopCache Join)%' THEN joins := joins + 1; END IF;
	END LOOP;
	EXECUTE format(all_rows, query) INTO n, ours;
	EXECUTE format(all_rows, query) INTO n, ours;
	PERFORM set_config('topcache.transparent_scan', 'off', true);
	EXECUTE format(all_rows, query) INTO n, theirs;
	PERFORM set_config('topcache.transparent_scan', 'on', true);
	same := ours IS NOT DISTINCT FROM theirs;
END $$;

EXPLAIN (COSTS OFF) SELECT o.note, u.name FROM orders o JOIN users u ON u.id = o.uid;
EXPLAIN (VERBOSE, COSTS OFF) SELECT o.note, u.name FROM orders o
	LEFT JOIN users u ON u.id = o.uid AND u.region <> 'r3' WHERE u.n IS NULL;
SELECT count(u.name) FROM orders o JOIN users u ON u.id = o.uid;
SELECT explained($$SELECT u.name FROM generate_series(1, 100) g JOIN users u ON u.id = g$$, 'ON');
SELECT explained($$SELECT u.name FROM generate_series(1, 100) g JOIN users u ON u.id = g$$, 'ON');

-- every kind of join; keys that are NULL, that come twice, that have no row
SELECT * FROM same('SELECT o.*, u.* FROM orders o JOIN users u ON u.id = o.uid');
SELECT * FROM same('SELECT o.*, u.* FROM orders o LEFT JOIN users u ON u.id = o.uid');
SELECT * FROM same('SELECT o.*, u.name FROM orders o
	LEFT JOIN users u ON u.id = o.uid AND u.n > 3 AND o.small < 25');
SELECT * FROM same('SELECT o.*, u.name FROM orders o
	LEFT JOIN users u ON u.id = o.uid AND u.n > 3 WHERE u.name IS NULL OR u.region > ''r5''');
SELECT * FROM same('SELECT * FROM orders o
	WHERE EXISTS (SELECT FROM users u WHERE u.id = o.uid AND u.n < o.small)');
SELECT * FROM same('SELECT * FROM orders o
	WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = o.uid)');
SELECT * FROM same('SELECT * FROM orders o
	WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = o.uid AND u.n < o.small)');
SELECT * FROM same('SELECT * FROM orders o LEFT JOIN users u ON u.id = o.uid WHERE u.id IS NULL');
SELECT * FROM same('SELECT * FROM orders WHERE uid IN (SELECT id FROM users WHERE n = 2)');
SELECT * FROM same('SELECT o.id, u.name FROM users u RIGHT JOIN orders o ON u.id = o.uid');
SELECT * FROM same('SELECT o.id, u.name FROM users u FULL JOIN orders o ON u.id = o.uid');

-- keys of several columns, constants among them; one value column; casts
SELECT * FROM same('SELECT o.*, p.v FROM orders o JOIN pairs p ON p.a = o.id AND p.b = ''b1''');
SELECT * FROM same('SELECT o.*, p.* FROM orders o LEFT JOIN pairs p
	ON p.a = o.small AND p.b = ''b'' || o.id % 3');
SELECT * FROM same('SELECT o.id, kv.k, kv.v FROM orders o JOIN kv ON kv.k = o.k');
SELECT * FROM same('SELECT o.id, kv.v FROM orders o LEFT JOIN kv ON kv.k = o.k AND kv.v IS NOT NULL');
SELECT * FROM same('SELECT o.id, kv.other FROM orders o JOIN kv ON kv.k = o.k');
SELECT * FROM same('SELECT u.name FROM orders o JOIN users u ON u.id = o.small');
SELECT * FROM same('SELECT u.name FROM orders o JOIN users u ON u.id = o.id::bigint');
SELECT * FROM same('SELECT u.name FROM orders o JOIN users u ON u.id = o.uid + o.small');

-- chains, subqueries, expressions over the nullable side, order, rescans
SELECT * FROM same('SELECT o.id, u.name, w.name FROM orders o
	JOIN users u ON u.id = o.uid LEFT JOIN users w ON w.id = u.n');
SELECT * FROM same('SELECT o.id, s.x, s.y FROM orders o
	LEFT JOIN (SELECT id, coalesce(n, 5) AS x, 1 AS y FROM users) s ON s.id = o.uid');
SELECT * FROM same('SELECT o.id, s.x FROM orders o LEFT JOIN
	(SELECT u.id, k.v AS x FROM users u JOIN kv k ON k.k = ''k'' || u.id) s ON s.id = o.uid');
SELECT * FROM same('SELECT g, (SELECT sum(u.n) FROM orders o JOIN users u ON u.id = o.uid
	WHERE o.small = g) FROM generate_series(0, 60, 3) g');
SELECT * FROM same('SELECT g, l.* FROM generate_series(0, 60, 3) g LEFT JOIN LATERAL
	(SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.uid + g
	 WHERE o.small = g ORDER BY o.id LIMIT 3) l ON true');
SELECT * FROM same('WITH o AS MATERIALIZED (SELECT * FROM orders)
	SELECT region, count(*), sum(n) FROM o JOIN users u ON u.id = o.uid GROUP BY region');
SET enable_hashjoin = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.uid
	ORDER BY o.id LIMIT 5;
SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.uid ORDER BY o.id LIMIT 5;
RESET enable_hashjoin;
RESET enable_sort;

-- a query that wants few rows does not read many
SELECT explained($$SELECT u.name FROM orders o JOIN users u ON u.id = o.id LIMIT 4$$);

-- what is left to PostgreSQL
SELECT * FROM same('SELECT u FROM orders o JOIN users u ON u.id = o.uid');
SELECT * FROM same('SELECT u.tableoid, o.id FROM orders o JOIN users u ON u.id = o.uid');
EXPLAIN (COSTS OFF) SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.uid FOR UPDATE OF o;
EXPLAIN (COSTS OFF) UPDATE orders SET note = u.name FROM users u WHERE u.id = orders.uid;
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM users WHERE n > 3;
SELECT joins, same FROM same('SELECT o.id, g.name FROM orders o JOIN guarded g ON g.id = o.uid');
CREATE VIEW plain AS SELECT * FROM users WHERE n > 3;
SELECT joins, same FROM same('SELECT o.id, p.name FROM orders o JOIN plain p ON p.id = o.uid');
SELECT joins, same FROM same('SELECT count(*) FROM users a JOIN users b ON b.id = a.n * 1000 - a.id');
-- sides without any column
SELECT * FROM same('SELECT a.x, b.y FROM (SELECT 1 AS x) a LEFT JOIN (SELECT 2 AS y) b ON a.x = 1
	LEFT JOIN users u ON u.id = b.y');
SET topcache.enabled = off;
EXPLAIN (COSTS OFF) SELECT u.name FROM generate_series(1, 100) g JOIN users u ON u.id = g;
RESET topcache.enabled;

-- a plan that is kept: through own writes, isolation levels, rights, detach
SET plan_cache_mode = force_generic_plan;
PREPARE q(int) AS SELECT count(*), sum(u.n), min(u.name)
	FROM generate_series(1, $1) g JOIN users u ON u.id = g;
EXPLAIN (COSTS OFF) EXECUTE q(50);
EXECUTE q(50);
BEGIN;
UPDATE users SET n = 1000, name = 'a' WHERE id = 7;
DELETE FROM users WHERE id = 8;
EXECUTE q(50);
SELECT explained($$EXECUTE q(50)$$);
ROLLBACK;
EXECUTE q(50);
BEGIN ISOLATION LEVEL SERIALIZABLE;
EXECUTE q(50);
SELECT count(*) > 0 AS locks FROM pg_locks WHERE mode = 'SIReadLock'
	AND relation IN ('users'::regclass, 'users_pkey'::regclass);
COMMIT;
CREATE ROLE tc_join_user;
GRANT USAGE ON SCHEMA tc_join TO tc_join_user;
SET ROLE tc_join_user;
EXECUTE q(50);
RESET ROLE;
GRANT SELECT (id, n, name) ON users TO tc_join_user;
SET ROLE tc_join_user;
EXECUTE q(50);
SELECT u.region FROM generate_series(1, 3) g JOIN users u ON u.id = g;
RESET ROLE;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON users TO tc_join_user USING (id < 10);
SET ROLE tc_join_user;
EXECUTE q(50);
RESET ROLE;
EXECUTE q(50);
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
ALTER TABLE users DISABLE TRIGGER ALL;
EXECUTE q(50);
SELECT topcache.detach('users');
EXECUTE q(50);
EXPLAIN (COSTS OFF) EXECUTE q(50);
SELECT topcache.attach('users');
EXPLAIN (COSTS OFF) EXECUTE q(50);
DROP VIEW guarded, plain;
ALTER TABLE users ADD extra text DEFAULT 'x', ALTER n TYPE bigint;
EXECUTE q(50);
RESET plan_cache_mode;

-- cursors, backwards too, beside writes of their own transaction
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT g, u.n FROM generate_series(1, 200) g
	JOIN users u ON u.id = g;
FETCH 3 FROM c;
UPDATE users SET n = -1 WHERE id < 300;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
COMMIT;
FETCH ABSOLUTE 150 FROM c;
CLOSE c;
SELECT sum(u.n) FROM generate_series(1, 200) g JOIN users u ON u.id = g;

-- parallel workers
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*), sum(u.n) FROM orders o JOIN users u ON u.id = o.uid;
SELECT * FROM same('SELECT count(*), sum(u.n) FROM orders o JOIN users u ON u.id = o.uid');
SET max_parallel_workers_per_gather = 0;

-- a condition on the row as a whole, or on what is no column of it
SELECT * FROM same('SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.uid
	WHERE o.id < 50 AND u IS NOT NULL');
SELECT * FROM same('SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.uid
	WHERE o.id < 50 AND u.tableoid = ''users''::regclass');

-- honest costs: where most of the table is wanted, it is read
CREATE TABLE wide (id int PRIMARY KEY, v int);
INSERT INTO wide SELECT g, g FROM generate_series(1, 20000) g;
ANALYZE wide;
SELECT topcache.attach('wide');
EXPLAIN (COSTS OFF) SELECT count(*) FROM wide a JOIN wide b ON b.id = a.v;

SET client_min_messages = warning;
DROP SCHEMA tc_join CASCADE;
DROP ROLE tc_join_user;
