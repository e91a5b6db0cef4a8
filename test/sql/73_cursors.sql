--
-- Cursors over attached tables are what they are without topcache.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_cursor;
SET search_path = tc_cursor;
SET topcache.transparent_scan = on;

CREATE TABLE users (id int PRIMARY KEY, name text, n int);
INSERT INTO users SELECT g, 'name' || g, g % 7 FROM generate_series(1, 300) g;
CREATE INDEX ON users (n, id);
CREATE TABLE kv (r text, i int, v text, other int, PRIMARY KEY (r, i));
INSERT INTO kv SELECT chr(97 + g % 5), g, g, g FROM generate_series(1, 300) g;
CREATE TABLE whole (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (100);
CREATE TABLE high PARTITION OF whole FOR VALUES FROM (100) TO (200);
INSERT INTO whole SELECT g, g FROM generate_series(1, 199) g;
SELECT topcache.attach('users'), topcache.attach('kv', value => 'v'),
	topcache.attach('low'), topcache.attach('high');
ANALYZE;
SELECT topcache.hydrate('users'), topcache.hydrate('kv'), topcache.hydrate('low');

-- the current row, of cursors that lock nothing
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM users WHERE id = 42;
FETCH c;
UPDATE users SET name = 'current' WHERE CURRENT OF c RETURNING *;
UPDATE users SET name = name || '!' WHERE CURRENT OF c RETURNING *;
DECLARE d CURSOR FOR SELECT name FROM users WHERE id IN (1, 2, 3);
UPDATE users SET n = 0 WHERE CURRENT OF d;
ROLLBACK;
UPDATE users SET n = 0 WHERE CURRENT OF nobody;
BEGIN;
DECLARE d CURSOR FOR SELECT name FROM users WHERE id IN (1, 2, 3);
FETCH 2 FROM d;
DELETE FROM users WHERE CURRENT OF d RETURNING *;
FETCH BACKWARD 2 FROM d;
MOVE LAST FROM d;
FETCH RELATIVE 0 FROM d;
UPDATE users SET n = -1 WHERE CURRENT OF d RETURNING *;
DECLARE e CURSOR FOR SELECT v FROM whole WHERE id IN (50, 150);
FETCH e;
UPDATE whole SET v = 'first' WHERE CURRENT OF e RETURNING tableoid::regclass, *;
FETCH e;
UPDATE whole SET v = 'second' WHERE CURRENT OF e RETURNING tableoid::regclass, *;
UPDATE low SET v = 'none' WHERE CURRENT OF e RETURNING *;
FETCH e;
UPDATE whole SET v = 'none' WHERE CURRENT OF e;
ROLLBACK;

-- in PL/pgSQL
CREATE FUNCTION shout(ids int[]) RETURNS SETOF users LANGUAGE plpgsql AS $$
DECLARE
	c CURSOR FOR SELECT * FROM users WHERE id = ANY (ids);
	o refcursor;
	r record;
BEGIN
	FOR r IN c LOOP
		UPDATE users SET name = upper(name) WHERE CURRENT OF c;
	END LOOP;
	OPEN o FOR SELECT id FROM users WHERE id = ids[1];
	FETCH o INTO r;
	UPDATE users SET n = 100 WHERE CURRENT OF o;
	CLOSE o;
	OPEN o FOR EXECUTE 'SELECT v FROM whole WHERE id IN ($1, 150)' USING ids[1];
	FETCH o INTO r;
	DELETE FROM whole WHERE CURRENT OF o;
	RETURN QUERY SELECT * FROM users WHERE id = ANY (ids);
END $$;
SELECT * FROM shout('{7,9,11}');
SELECT * FROM shout('{8,10}');
SELECT id FROM whole WHERE id IN (6, 7, 8, 9);

-- What cursors of any kind say to any commands, with the cache and without:
-- the first ways in which that differs.
CREATE FUNCTION perform_all(portal text, commands text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	command text;
	log text := '';
	shown text;
BEGIN
	FOREACH command IN ARRAY commands LOOP
		BEGIN
			shown := NULL;
			IF command LIKE 'MOVE%' THEN
				EXECUTE replace(command, '@', quote_ident(portal));
				GET DIAGNOSTICS shown = ROW_COUNT;
			ELSE
				EXECUTE replace(command, '@', quote_ident(portal)) INTO shown;
			END IF;
			log := log || format(E'%s: %s\n', command, shown);
		EXCEPTION WHEN OTHERS THEN
			log := log || format(E'%s: error %s %s\n', command, sqlstate,
				replace(sqlerrm, portal, '@'));
		END;
	END LOOP;
	RETURN log || (SELECT md5(string_agg(u::text, ',' ORDER BY u)) FROM users u)
		|| (SELECT md5(string_agg(w::text, ',' ORDER BY w)) FROM whole w)
		|| (SELECT md5(string_agg(k::text, ',' ORDER BY k)) FROM kv k);
END $$;
CREATE FUNCTION random_commands(n int, target text, way text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(format(commands[1 + floor(random() * CASE way WHEN 'declare_for' THEN 14 ELSE 6 END)],
		target, CASE target WHEN 'kv' THEN 'i' ELSE 'id' END))
	  FROM (VALUES (ARRAY['FETCH NEXT FROM @', 'FETCH 2 FROM @', 'MOVE 5 FROM @',
		'UPDATE %1$s SET %2$s = %2$s WHERE CURRENT OF @ RETURNING *',
		'DELETE FROM %1$s WHERE CURRENT OF @ RETURNING *',
		'WITH x AS (UPDATE %1$s SET %2$s = %2$s WHERE CURRENT OF @ RETURNING %1$s.%2$s) SELECT * FROM x',
		'FETCH PRIOR FROM @', 'FETCH BACKWARD 3 FROM @', 'MOVE LAST FROM @', 'MOVE FIRST FROM @',
		'FETCH ABSOLUTE 3 FROM @', 'FETCH RELATIVE -2 FROM @', 'MOVE ALL FROM @',
		'MOVE BACKWARD ALL FROM @'])) v (commands), generate_series(1, n) $$;
-- portals that do not look like cursors when they are planned; the first ten rows are fetched
CREATE FUNCTION loop_over(query text, commands text[]) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE log text;
BEGIN
	EXECUTE format($d$CREATE OR REPLACE FUNCTION loop_body(commands text[]) RETURNS text
		LANGUAGE plpgsql AS $$
		DECLARE r record;
		BEGIN
			FOR r IN %s LOOP
				RETURN perform_all((SELECT name FROM pg_cursors WHERE name LIKE '<unnamed%%'), commands);
			END LOOP;
			RETURN 'no rows';
		END $$ $d$, query);
	BEGIN
		log := loop_body(commands);
		RAISE EXCEPTION 'roll back';
	EXCEPTION WHEN raise_exception THEN
		RETURN log;
	END;
END $f$;
CREATE FUNCTION declare_for(query text, commands text[]) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE log text;
BEGIN
	EXECUTE 'DECLARE way_through CURSOR FOR ' || query;
	log := perform_all('way_through', commands);
	RAISE EXCEPTION 'roll back';
EXCEPTION WHEN raise_exception THEN
	RETURN log;
END $f$;
CREATE FUNCTION compare(way text, query text, target text DEFAULT 'users', tries int DEFAULT 10,
	OUT cached boolean, OUT updated boolean, OUT wrong text[]) LANGUAGE plpgsql AS $$
DECLARE
	commands text[];
	line text;
	ours text;
	theirs text;
BEGIN
	wrong := '{}';
	cached := false;
	updated := false;
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		cached := cached OR line LIKE '%(TopCache%';
	END LOOP;
	FOR i IN 1 .. tries LOOP
		commands := random_commands(12, target, way);
		PERFORM set_config('topcache.transparent_scan', 'off', true);
		EXECUTE format('SELECT %I($1, $2)', way) INTO theirs USING query, commands;
		PERFORM set_config('topcache.transparent_scan', 'on', true);
		EXECUTE format('SELECT %I($1, $2)', way) INTO ours USING query, commands;
		updated := updated OR theirs ~ 'UPDATE[^:]*: \d';
		IF ours IS DISTINCT FROM theirs AND cardinality(wrong) < 2 THEN
			wrong := wrong || format(E'%s\nnot %s', ours, theirs);
		END IF;
	END LOOP;
END $$;
-- rows come in the order of the index either way
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET jit = off;
SELECT setseed(0.5);
SELECT * FROM compare('declare_for', 'SELECT * FROM users WHERE id = 5');
SELECT * FROM compare('declare_for', 'SELECT name FROM users WHERE id IN (3, 1, 2, 5)');
SELECT * FROM compare('declare_for', 'SELECT * FROM users WHERE id IN (1, 2, 3) ORDER BY name');
SELECT * FROM compare('declare_for', 'SELECT * FROM users WHERE id IN (1, 2, 3, 4, 5) ORDER BY n LIMIT 3');
SELECT * FROM compare('declare_for', 'SELECT v FROM whole WHERE id IN (1, 50, 150)', 'whole');
SELECT * FROM compare('declare_for', 'SELECT u.* FROM kv JOIN users u ON u.id = kv.i WHERE kv.i < 20 AND kv.r = ''a''');
SELECT * FROM compare('loop_over', 'SELECT * FROM users WHERE id = 5');
SELECT * FROM compare('loop_over', 'SELECT * FROM users WHERE id = ANY (ARRAY(SELECT generate_series(1, 14)))');
SELECT * FROM compare('loop_over', 'SELECT name FROM users WHERE id = ANY (ARRAY(SELECT generate_series(-20, 40, 3))) AND n <> 2');
SELECT * FROM compare('loop_over', 'SELECT * FROM (SELECT name FROM users WHERE id = ANY (ARRAY(SELECT generate_series(1, 40))) OFFSET 2) s');
SELECT * FROM compare('loop_over', 'SELECT * FROM whole WHERE id = ANY (ARRAY(SELECT generate_series(80, 130, 3)))', 'whole');
SELECT * FROM compare('loop_over', 'SELECT v FROM whole WHERE id = ANY (ARRAY(SELECT generate_series(80, 130, 3)))', 'low');
SELECT * FROM compare('loop_over', 'SELECT v FROM low WHERE id = ANY (ARRAY(SELECT generate_series(80, 130, 3)))', 'whole');
SELECT * FROM compare('loop_over', 'SELECT v FROM kv WHERE kv.r = ''b'' AND i = ANY (ARRAY(SELECT generate_series(1, 120, 5)))', 'kv');
SELECT * FROM compare('loop_over', 'SELECT u.* FROM users v LEFT JOIN users u ON u.id = v.id + 1 WHERE v.id < 25 ORDER BY v.id');

RESET enable_seqscan;
RESET enable_bitmapscan;

-- and those that are cursors are planned without it
EXPLAIN (COSTS OFF) DECLARE c CURSOR FOR SELECT * FROM users WHERE id = 42;
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 42;
EXPLAIN (COSTS OFF) UPDATE users SET n = 0 WHERE CURRENT OF c;

SET client_min_messages = warning;
DROP SCHEMA tc_cursor CASCADE;
