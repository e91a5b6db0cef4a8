--
-- Foreign tables: the queries behind them, beside what users do meanwhile.
-- What the table itself does stands next to it.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE ROLE tc_query_boss;
CREATE ROLE tc_query_alice;
CREATE SCHEMA tc_query AUTHORIZATION tc_query_boss;
GRANT USAGE ON SCHEMA tc_query TO tc_query_alice;
SET search_path = tc_query;
SET ROLE tc_query_boss;
CREATE TABLE item (id int PRIMARY KEY, v text);
INSERT INTO item SELECT g, 'row ' || g FROM generate_series(1, 6) g;
CREATE FOREIGN TABLE hot (id int, v text)
	SERVER topcache OPTIONS (relation 'tc_query.item');
SELECT topcache.attach('item');

--
-- A rule's statement has the values of the row, also where it is returned
--
CREATE TABLE log (id int, v text);
CREATE RULE note AS ON INSERT TO item DO ALSO INSERT INTO log VALUES (NEW.id, NEW.v);
INSERT INTO hot VALUES (7, repeat('b', 50)) RETURNING *;
INSERT INTO hot VALUES (8, repeat('c', 50)), (9, repeat('d', 50)) RETURNING id;
INSERT INTO hot VALUES (10, repeat('e', 50));
SELECT * FROM log ORDER BY id;
DROP RULE note ON item;

-- however many rows it makes of those that are inserted together
CREATE RULE many AS ON INSERT TO item DO INSTEAD
	INSERT INTO log SELECT NEW.id, g::text FROM generate_series(1, 10) g;
INSERT INTO hot SELECT g, 'many' FROM generate_series(1001, 1300) g;
SELECT count(*) FROM log WHERE id > 1000;
SELECT count(*) FROM item WHERE id > 1000;
DROP RULE many ON item;
-- and however few
INSERT INTO hot VALUES (1, 'there'), (11, 'new'), (12, 'new') ON CONFLICT DO NOTHING;
INSERT INTO hot SELECT g, 'new' FROM generate_series(1, 102) g ON CONFLICT DO NOTHING;
SELECT count(*) FROM item;
DELETE FROM item WHERE id > 6;
DELETE FROM item WHERE id > 6;

--
-- A query is that of whoever opened it, whoever fetches from it
--
CREATE POLICY alice ON item TO tc_query_alice USING (id < 4);
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON item, hot TO tc_query_alice;
CREATE FUNCTION rows_of(c refcursor) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	r record;
	n int := 0;
BEGIN
	LOOP
		FETCH c INTO r;
		EXIT WHEN NOT FOUND;
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;
SET ROLE tc_query_alice;
BEGIN;
DECLARE plain CURSOR FOR SELECT * FROM item;
DECLARE whole CURSOR FOR SELECT * FROM hot;
DECLARE keys CURSOR FOR SELECT * FROM hot WHERE id = ANY ('{1,2,3,4,5,6}');
SELECT rows_of('plain') AS plain, rows_of('whole') AS whole, rows_of('keys') AS keys;
COMMIT;
SET ROLE tc_query_boss;
ALTER TABLE item DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON item FROM tc_query_alice;
CREATE FUNCTION opened(c refcursor, whole bool) RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	IF whole THEN OPEN c FOR SELECT * FROM tc_query.hot;
	ELSE OPEN c FOR SELECT * FROM tc_query.hot WHERE id = ANY ('{1,2}'); END IF;
	RETURN c;
END $$;
SET ROLE tc_query_alice;
BEGIN;
SELECT opened('whole', true), opened('keys', false);
FETCH 2 FROM whole;
FETCH 2 FROM keys;
SELECT count(*) FROM hot;
ROLLBACK;
SET ROLE tc_query_boss;

--
-- No parallel worker reads a table whose policies it may not evaluate
--
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
-- debug_parallel_query from 16 on
SELECT set_config(name, 'on', false) FROM pg_settings
 WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
EXPLAIN (COSTS OFF) SELECT count(*) FROM hot;
ALTER TABLE item DISABLE ROW LEVEL SECURITY;
EXPLAIN (COSTS OFF) SELECT count(*) FROM hot;
SELECT set_config(name, 'off', false) FROM pg_settings
 WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

--
-- Nobody changes a table that a query of the session is reading
--
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN object_in_use THEN
	RETURN 'in use';
END $$;
SELECT id, CASE WHEN id = 2 THEN try(c) END FROM item,
	(VALUES ('TRUNCATE item')) q(c) WHERE id = ANY ('{1,2,3}') ORDER BY id;
SELECT id, CASE WHEN id = 2 THEN try('TRUNCATE tc_query.item') END FROM hot
 WHERE id = ANY ('{1,2,3}');
SELECT id, CASE WHEN id = 2 THEN try('ALTER TABLE tc_query.item DROP CONSTRAINT item_pkey') END FROM hot
 WHERE id = ANY ('{1,2,3}');
SELECT id, CASE WHEN id = 2 THEN try('ALTER TABLE tc_query.item ALTER v TYPE varchar') END FROM hot
 WHERE id < 4 ORDER BY id;
SELECT count(*) FROM hot;

--
-- What a column has is not told to who may not read it, be it by estimates of
-- a scan that is left out
--
CREATE TABLE secret (id int PRIMARY KEY, amount int);
INSERT INTO secret SELECT g, CASE WHEN g % 2 = 0 THEN 777 ELSE g END
	FROM generate_series(1, 1000) g;
ANALYZE secret;
SELECT topcache.attach('secret');
RESET ROLE;
GRANT CREATE ON SCHEMA tc_query TO tc_query_alice;
CREATE FUNCTION estimates() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN EXECUTE guess(-5)' LOOP
		IF line ~ 'rows' THEN RETURN NEXT substring(line FROM 'rows=(\d+)'); END IF;
	END LOOP;
END $$;
SET ROLE tc_query_alice;
CREATE TABLE parted (id int, amount int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (minvalue) TO (0);
CREATE FOREIGN TABLE parted_2 PARTITION OF parted FOR VALUES FROM (0) TO (maxvalue)
	SERVER topcache OPTIONS (relation 'tc_query.secret');
SET plan_cache_mode = force_generic_plan;
PREPARE guess(int) AS SELECT * FROM parted WHERE id < $1 AND amount = 777;
CREATE TEMP TABLE a AS SELECT estimates() AS rows;
DEALLOCATE guess;
PREPARE guess(int) AS SELECT * FROM parted WHERE id < $1 AND amount = 5;
CREATE TEMP TABLE b AS SELECT estimates() AS rows;
DEALLOCATE guess;
SELECT (SELECT array_agg(rows) FROM a) = (SELECT array_agg(rows) FROM b) AS alike,
	(SELECT count(*) FROM a) > 0 AS shown;
SELECT * FROM parted_2;
RESET plan_cache_mode;

--
-- Who owns a foreign table gains nothing by the rights of who uses it
--
SET ROLE tc_query_alice;
CREATE TABLE news (id int PRIMARY KEY, amount int);
INSERT INTO news VALUES (1, 1);
SELECT topcache.attach('news');
CREATE FOREIGN TABLE board (id int, amount int)
	SERVER topcache OPTIONS (relation 'tc_query.news');
GRANT ALL ON news, board TO tc_query_boss;
SET ROLE tc_query_boss;
CREATE VIEW all_news AS SELECT * FROM board;
GRANT SELECT ON all_news TO tc_query_alice;
SELECT * FROM all_news;
SET ROLE tc_query_alice;
ALTER FOREIGN TABLE board OPTIONS (SET relation 'tc_query.secret');
SELECT * FROM all_news WHERE id = 2;
SELECT count(*) FROM all_news;
SET ROLE tc_query_boss;
SELECT * FROM board WHERE id = 2;
INSERT INTO board VALUES (2000, 1);
UPDATE board SET amount = 0 WHERE id = 2;
DELETE FROM board WHERE id = 2;
TRUNCATE board;
-- nor by policies that do not hold for others
GRANT SELECT ON secret TO tc_query_alice;
CREATE POLICY few ON secret TO tc_query_alice USING (id < 3);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
SET ROLE tc_query_alice;
SELECT * FROM board ORDER BY id;
SELECT count(*) FROM all_news;
SET ROLE tc_query_boss;
SELECT count(*) FROM secret;

--
-- Rows are written as the query made them
--
SET ROLE tc_query_boss;
CREATE TABLE db (k int PRIMARY KEY DEFAULT 7, v int DEFAULT 8, w text DEFAULT 'own');
SELECT topcache.attach('db');
CREATE FOREIGN TABLE df (k int, v int, w text)
	SERVER topcache OPTIONS (relation 'tc_query.db');
CREATE TABLE dp (k int, v int DEFAULT 42, w text) PARTITION BY RANGE (k);
CREATE TABLE dp1 PARTITION OF dp FOR VALUES FROM (0) TO (1000);
ALTER TABLE dp ATTACH PARTITION df FOR VALUES FROM (1000) TO (2000);
INSERT INTO dp VALUES (1, 1, 'mine');
UPDATE dp SET k = 1500 WHERE k = 1 RETURNING *;
INSERT INTO dp (k) VALUES (2), (1600) RETURNING *;
COPY dp (k, w) FROM STDIN;
1601	copied
\.
CREATE VIEW dv AS SELECT * FROM df;
ALTER VIEW dv ALTER v SET DEFAULT 33;
INSERT INTO dv (k) VALUES (1700) RETURNING *;
INSERT INTO dv (k) VALUES (1701), (1702);
INSERT INTO df (k) VALUES (1800) RETURNING *;
INSERT INTO df (k, w) VALUES (1801, NULL), (1802, 'x') RETURNING *;
COPY df (k) FROM STDIN;
1803
\.
ALTER FOREIGN TABLE df ALTER v SET DEFAULT 44;
INSERT INTO df (k) VALUES (1900) RETURNING *;
COPY df (k) FROM STDIN;
1901
\.
SELECT * FROM db ORDER BY k;

-- identity columns are those of the table
CREATE TABLE ib (k int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
SELECT topcache.attach('ib');
CREATE FOREIGN TABLE i (k int, v text)
	SERVER topcache OPTIONS (relation 'tc_query.ib');
INSERT INTO i (v) VALUES ('one') RETURNING *;
INSERT INTO i VALUES (70, 'refused');
INSERT INTO i OVERRIDING SYSTEM VALUE VALUES (71, 'mine') RETURNING *;
INSERT INTO i OVERRIDING SYSTEM VALUE VALUES (72, 'mine'), (73, 'mine');
INSERT INTO i OVERRIDING USER VALUE VALUES (74, 'two') RETURNING *;
INSERT INTO i OVERRIDING USER VALUE SELECT n, 'many' FROM generate_series(80, 82) n;
COPY i FROM STDIN;
75	copied
\.
SELECT * FROM ib ORDER BY k;

-- a table is truncated together with what shows it
TRUNCATE i, ib RESTART IDENTITY;
INSERT INTO i (v) VALUES ('first') RETURNING *;
BEGIN;
TRUNCATE ib, i;
INSERT INTO ib (v) VALUES ('second');
TRUNCATE i, ib;
SAVEPOINT s;
TRUNCATE ib;
TRUNCATE ib, i;
SELECT * FROM i;
ROLLBACK;
SELECT * FROM i WHERE k = 1;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM ib;
FETCH c;
TRUNCATE i;
ROLLBACK;
CREATE TABLE ib_child () INHERITS (ib);
INSERT INTO ib_child OVERRIDING SYSTEM VALUE VALUES (9, 'child');
TRUNCATE ONLY ib, i;
TRUNCATE i;
SELECT * FROM ib;

-- heirs of one table whose keys are different columns of it
CREATE TABLE by_number (k int PRIMARY KEY, v text);
CREATE TABLE by_name (k bigint, v text PRIMARY KEY);
CREATE TABLE by_both (k int, v text, PRIMARY KEY (v, k));
SELECT topcache.attach('by_number'), topcache.attach('by_name'),
	topcache.attach('by_both');
CREATE TABLE parent (v text);
CREATE FOREIGN TABLE f_number (k int, v text)
	SERVER topcache OPTIONS (relation 'tc_query.by_number');
CREATE FOREIGN TABLE f_name (k bigint, v text)
	SERVER topcache OPTIONS (relation 'tc_query.by_name');
CREATE FOREIGN TABLE f_both (k int, v text)
	SERVER topcache OPTIONS (relation 'tc_query.by_both');
ALTER FOREIGN TABLE f_number INHERIT parent;
ALTER FOREIGN TABLE f_name INHERIT parent;
ALTER FOREIGN TABLE f_both INHERIT parent;
INSERT INTO f_number VALUES (1, 'a'), (2, 'b');
INSERT INTO f_name VALUES (3, 'a'), (4, 'b');
INSERT INTO f_both VALUES (5, 'a'), (5, 'b');
INSERT INTO parent VALUES ('a'), ('b');
UPDATE parent SET v = v || '!' WHERE v = 'a';
DELETE FROM parent USING (VALUES ('b')) x (v) WHERE parent.v = x.v;
SELECT tableoid::regclass, v FROM parent ORDER BY 1, 2;
SELECT * FROM by_number, by_name, by_both;

RESET ROLE;
DROP SCHEMA tc_query CASCADE;
DROP OWNED BY tc_query_boss, tc_query_alice;
DROP ROLE tc_query_boss, tc_query_alice;
