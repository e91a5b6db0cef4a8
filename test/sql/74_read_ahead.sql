--
-- A join that looks many records up at a time asks for no outer row that
-- nobody wants.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_ahead;
SET search_path = tc_ahead;
SET topcache.transparent_scan = on;
SET max_parallel_workers_per_gather = 0;
SET enable_hashjoin = off;
SET enable_mergejoin = off;

CREATE TABLE users (id int PRIMARY KEY, name text, n int);
INSERT INTO users SELECT g, 'name' || g, g % 3 FROM generate_series(1, 500) g;
CREATE TABLE orders (id int PRIMARY KEY, uid int, bad int);
INSERT INTO orders SELECT g, g, 1 FROM generate_series(1, 500) g;
ANALYZE;
SELECT topcache.attach('users');
SELECT topcache.hydrate('users');

-- Outer rows from the given one on raise an error.  So many rows are there
-- that a query wants before the first: does it give them?
CREATE FUNCTION outer_row(n int, last int) RETURNS int LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$
BEGIN
	IF n > last THEN RAISE EXCEPTION 'row % is not wanted', n; END IF;
	RETURN n;
END $$;
CREATE FUNCTION fails(query text, OUT joins int, OUT failed text[]) LANGUAGE plpgsql AS $$
DECLARE
	line text;
	rows int;
BEGIN
	failed := '{}';
	FOR rows IN 1 .. 100 LOOP
		IF rows % 33 = 1 THEN
			joins := 0;
			FOR line IN EXECUTE 'EXPLAIN ' || replace(query, '@', rows::text) LOOP
				joins := joins + (line LIKE '%(TopCache Join)%')::int;
			END LOOP;
		END IF;
		BEGIN
			EXECUTE replace(query, '@', rows::text);
		EXCEPTION WHEN raise_exception THEN
			IF cardinality(failed) < 3 THEN failed := failed || format('%s: %s', rows, sqlerrm); END IF;
		END;
	END LOOP;
END $$;
SELECT * FROM fails('SELECT count(*) FROM (SELECT u.name FROM
	(SELECT outer_row(id, @) AS k FROM orders ORDER BY id OFFSET 0) o JOIN users u ON u.id = o.k LIMIT @) s');
SELECT * FROM fails('SELECT u.name FROM
	(SELECT outer_row(id, @) AS k FROM orders ORDER BY id OFFSET 0) o JOIN users u ON u.id = o.k LIMIT @');
SELECT * FROM fails('SELECT u.name FROM
	(SELECT outer_row(id, @ + 7) AS k FROM orders ORDER BY id OFFSET 0) o
	LEFT JOIN users u ON u.id = o.k OFFSET 7 LIMIT @');
-- in the key itself
SELECT * FROM fails('SELECT u.name FROM (SELECT id FROM orders ORDER BY id OFFSET 0) o
	JOIN users u ON u.id = outer_row(o.id, @) LIMIT @');
-- where not every outer row has a match
SELECT * FROM fails('SELECT u.name FROM
	(SELECT outer_row(id, @ * 3) AS k FROM orders ORDER BY id OFFSET 0) o
	JOIN users u ON u.id = o.k AND u.n = 0 LIMIT @');
-- a join over a join, and one in a subquery
SELECT * FROM fails('SELECT u.name FROM
	(SELECT outer_row(id, @ * 3) AS k FROM orders ORDER BY id OFFSET 0) o
	JOIN users v ON v.id = o.k JOIN users u ON u.id = v.id + 0 AND u.n = 0 LIMIT @');
SELECT * FROM fails('SELECT * FROM (SELECT u.name FROM
	(SELECT outer_row(id, @) AS k FROM orders ORDER BY id OFFSET 0) o JOIN users u ON u.id = o.k OFFSET 0) s
	LIMIT @');
SELECT * FROM fails('SELECT s.* FROM generate_series(1, 3) g CROSS JOIN LATERAL (SELECT u.name FROM
	(SELECT outer_row(id, @) AS k FROM orders ORDER BY id OFFSET 0) o JOIN users u ON u.id = o.k
	LIMIT @ + 0 * g) s');
SELECT * FROM fails('SELECT 1 WHERE EXISTS (SELECT FROM
	(SELECT outer_row(id, 3) AS k FROM orders ORDER BY id OFFSET 0) o
	JOIN users u ON u.id = o.k AND u.n = 0 OFFSET 0)');

-- limits that are parameters
SET plan_cache_mode = force_generic_plan;
PREPARE ask(int, int) AS SELECT u.name FROM
	(SELECT outer_row(id, $1 + $2) AS k FROM orders ORDER BY id OFFSET 0) o JOIN users u ON u.id = o.k
	LIMIT $1 OFFSET $2;
EXECUTE ask(2, 3);
EXECUTE ask(3, 100);
EXPLAIN (COSTS OFF) EXECUTE ask(3, 100);
RESET plan_cache_mode;

-- whoever runs the executor for some rows
CREATE FUNCTION first_rows(last int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	s text := '';
BEGIN
	FOR r IN SELECT u.name FROM (SELECT outer_row(id, last) AS k FROM orders ORDER BY id OFFSET 0) o
		JOIN users u ON u.id = o.k
	LOOP
		s := s || r.name || ' ';
		EXIT WHEN r.name = 'name4';
	END LOOP;
	SELECT u.name INTO r FROM (SELECT outer_row(id, 3) AS k FROM orders ORDER BY id OFFSET 0) o
		JOIN users u ON u.id = o.k AND u.n = 0;
	RETURN s || r.name;
END $$;
SELECT first_rows(10);
CREATE FUNCTION row_by_row(last int) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT u.name FROM (SELECT outer_row(id, last) AS k FROM orders ORDER BY id OFFSET 0) o
		JOIN users u ON u.id = o.k $$;
SELECT row_by_row(4) LIMIT 4;

-- a loop fetches ten rows at first, also where a query within fails
CREATE FUNCTION quiet(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 / (SELECT count(*)::int FROM pg_class WHERE false);
	RETURN name;
EXCEPTION WHEN division_by_zero THEN
	RETURN name;
END $$;
CREATE FUNCTION first_ten() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	n int := 0;
BEGIN
	FOR r IN SELECT o.k, quiet(u.name) AS name FROM
		(SELECT outer_row(id, 11) AS k FROM orders ORDER BY id OFFSET 0) o
		JOIN users u ON u.id = o.k
	LOOP
		n := n + 1;
		IF n = 10 THEN RETURN r.name; END IF;
	END LOOP;
END $$;
SELECT first_ten();

-- rows that are counted
CREATE SEQUENCE taken;
SELECT u.name FROM (SELECT nextval('taken')::int AS k FROM orders ORDER BY id OFFSET 0) o
	JOIN users u ON u.id = o.k WHERE u.n = 0 LIMIT 2;
SELECT last_value FROM taken;
SELECT setval('taken', 1, false);
WITH o AS MATERIALIZED (SELECT nextval('taken')::int AS k FROM orders)
	SELECT u.name FROM o JOIN users u ON u.id = o.k WHERE u.n = 0 LIMIT 2;
SELECT last_value FROM taken;
SELECT setval('taken', 1, false);
SELECT EXISTS (SELECT FROM (VALUES (nextval('taken')), (nextval('taken')), (nextval('taken')),
	(nextval('taken')), (nextval('taken')), (nextval('taken'))) o (k)
	JOIN users u ON u.id = o.k::int WHERE u.n = 2 OFFSET 0);
SELECT last_value FROM taken;

SET client_min_messages = warning;
DROP SCHEMA tc_ahead CASCADE;
