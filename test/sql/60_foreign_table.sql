--
-- Foreign tables: maps as tables in plain SQL.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
CREATE SCHEMA tc_foreign;
SET search_path = tc_foreign;

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

CREATE TABLE orders (
	id int PRIMARY KEY,
	customer int,
	note text DEFAULT 'none',
	amount numeric,
	made timestamptz DEFAULT '2026-01-01 00:00+00');
INSERT INTO orders SELECT g, g % 100, 'note ' || g, g * 1.5
  FROM generate_series(1, 1000) g;
ANALYZE orders;
SELECT topcache.attach('orders');
SELECT topcache.create_map('sessions');
SELECT topcache.put('sessions', 'k' || g, to_jsonb(g)) IS NOT NULL AS put
  FROM generate_series(1, 3) g;

--
-- Definitions
--
-- any of the columns, in any order, under other names; and what is known of
-- the record
CREATE FOREIGN TABLE hot (
	note text,
	id int,
	buyer int OPTIONS (column_name 'customer'),
	resident bool OPTIONS (meta 'resident'),
	cost bigint OPTIONS (meta 'cost'),
	hits bigint OPTIONS (meta 'hits'),
	dirty bool OPTIONS (meta 'dirty'))
	SERVER topcache OPTIONS (relation 'tc_foreign.orders');
CREATE FOREIGN TABLE hot_sessions (key text, value jsonb)
	SERVER topcache OPTIONS (relation 'tc_foreign.sessions');

-- what is no option, and what is like it
CREATE FOREIGN TABLE bad (id int) SERVER topcache OPTIONS (relatoin 'orders');
CREATE FOREIGN TABLE bad (id int) SERVER topcache OPTIONS (unlike 'orders');
CREATE FOREIGN TABLE bad (id int) SERVER topcache;
CREATE FOREIGN TABLE bad (id int) SERVER topcache
	OPTIONS (relation 'orders', volatile 'true');
CREATE FOREIGN TABLE bad (id int) SERVER topcache OPTIONS (relation 'a.b.c.');
CREATE FOREIGN TABLE bad (c bigint OPTIONS (meta 'costs')) SERVER topcache
	OPTIONS (relation 'orders');
CREATE FOREIGN TABLE bad (c bigint OPTIONS (column 'cost')) SERVER topcache
	OPTIONS (relation 'orders');
ALTER SERVER topcache OPTIONS (ADD host 'x');

-- what does not fit shows at the first use
CREATE FOREIGN TABLE bad (id text) SERVER topcache
	OPTIONS (relation 'tc_foreign.orders');
SELECT * FROM bad;
ALTER FOREIGN TABLE bad ALTER id TYPE int, ADD nothing int;
SELECT * FROM bad;
ALTER FOREIGN TABLE bad DROP nothing,
	ADD c int OPTIONS (meta 'cost');
SELECT * FROM bad;
ALTER FOREIGN TABLE bad DROP c;
SELECT * FROM bad WHERE id = 1;
ALTER FOREIGN TABLE bad OPTIONS (SET relation 'tc_foreign.no_such');
SELECT * FROM bad;
CREATE TABLE ordinary (id int PRIMARY KEY);
ALTER FOREIGN TABLE bad OPTIONS (SET relation 'tc_foreign.ordinary');
SELECT * FROM bad;
DROP FOREIGN TABLE bad;

--
-- Look-ups
--
EXPLAIN (COSTS OFF, VERBOSE) SELECT id, note FROM hot WHERE id = 5;
SELECT note, id, buyer, resident, cost, hits >= 0 AS hits, dirty FROM hot
 WHERE id = 5;
SELECT topcache.is_resident('orders', 5);
SELECT explained($$SELECT note FROM hot WHERE id = 5$$);
SELECT * FROM hot WHERE id = NULL;
SELECT note FROM hot WHERE id = 5 AND buyer = 6;
SELECT note FROM hot WHERE 5 = id AND note LIKE 'note%';
SELECT note FROM hot WHERE id = 100000;

-- other types of the same family; one with more values is no key
EXPLAIN (COSTS OFF) SELECT note FROM hot WHERE id = 5::smallint;
SELECT note FROM hot WHERE id = 5::smallint;
EXPLAIN (COSTS OFF) SELECT note FROM hot WHERE id = 5::bigint;
SELECT note FROM hot WHERE id = 5000000000;

-- several at once, each once
EXPLAIN (COSTS OFF) SELECT note FROM hot WHERE id = ANY ('{1,2,3}');
SELECT id, note FROM hot WHERE id = ANY ('{3,1,NULL,3,99999,2}') ORDER BY id;
SELECT id, note FROM hot WHERE id IN (7, 7, 8) ORDER BY id;
SELECT count(*) FROM hot WHERE id = ANY (ARRAY(SELECT generate_series(1, 500)));
SELECT count(*) FROM hot WHERE id = ANY ('{}');
SELECT count(*) FROM hot WHERE id = ANY (NULL);

-- parameters
PREPARE one(int) AS SELECT note FROM hot WHERE id = $1;
EXECUTE one(7);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE one(8);
EXECUTE one(8);
EXECUTE one(NULL);
PREPARE several(int[]) AS SELECT count(*) FROM hot WHERE id = ANY ($1);
EXECUTE several('{1,2,3,2000}');
EXECUTE several(NULL);
RESET plan_cache_mode;

-- the inner side of a join, subqueries, LATERAL
EXPLAIN (COSTS OFF) SELECT g, note FROM generate_series(1, 10) g
	JOIN hot ON hot.id = g;
SELECT count(*), sum(length(h.note)) =
		(SELECT sum(length(note)) FROM orders WHERE id <= 10) AS same
  FROM generate_series(1, 10) g JOIN hot h ON h.id = g;
SELECT g, (SELECT note FROM hot WHERE id = g * 2) FROM generate_series(1, 3) g;
SELECT g, l.note FROM generate_series(499, 501) g
	LEFT JOIN LATERAL (SELECT note FROM hot WHERE id = g * 2) l ON true;
SELECT count(*) FROM generate_series(990, 1010) g
 WHERE NOT EXISTS (SELECT FROM hot WHERE hot.id = g);

-- a map of one value; what it keeps is looked up
EXPLAIN (COSTS OFF) SELECT * FROM hot_sessions WHERE key = 'k2';
SELECT * FROM hot_sessions WHERE key = 'k2';
SELECT * FROM hot_sessions WHERE key IN ('k3', 'none', 'k1') ORDER BY key;

--
-- Everything else
--
SELECT count(*), sum(id), sum(length(note)) FROM hot;
EXPLAIN (COSTS OFF, VERBOSE) SELECT note FROM hot WHERE buyer = 5;
EXPLAIN (COSTS OFF, VERBOSE)
	SELECT id FROM hot WHERE buyer = 5 AND random() < 2 AND resident;
EXPLAIN (COSTS OFF, VERBOSE) SELECT id FROM hot ORDER BY id DESC LIMIT 3;
SELECT id FROM hot ORDER BY id DESC LIMIT 3;
SELECT id, buyer FROM hot WHERE buyer = 5 AND note LIKE '%05' ORDER BY id;
PREPARE buyer(int) AS SELECT count(*) FROM hot WHERE buyer = $1;
EXECUTE buyer(5);
SET plan_cache_mode = force_generic_plan;
EXECUTE buyer(5);
RESET plan_cache_mode;
SELECT g, (SELECT count(*) FROM hot WHERE buyer = g) FROM generate_series(98, 101) g;
SELECT regexp_replace(hot::text, '\d+,f\)$', 'hits,f)') AS hot FROM hot WHERE id = 6;
SELECT count(*) FROM hot_sessions;

-- estimates are those of the table
CREATE FUNCTION rows_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT rows_of('SELECT * FROM hot'), rows_of('SELECT * FROM hot WHERE buyer = 5'),
	rows_of('SELECT * FROM hot WHERE id = 5'),
	rows_of('SELECT * FROM hot WHERE id < 100') BETWEEN 90 AND 110 AS about_100;
-- a big join is no loop of look-ups
CREATE TABLE many AS SELECT g AS id FROM generate_series(1, 100000) g;
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many JOIN hot USING (id);
SELECT count(*) FROM many JOIN hot USING (id);
ANALYZE hot;
SELECT attname, n_distinct FROM pg_stats
 WHERE schemaname = 'tc_foreign' AND tablename = 'hot' AND attname IN ('id', 'buyer')
 ORDER BY 1;

-- cursors
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id FROM hot ORDER BY id;
FETCH 2 FROM c;
FETCH PRIOR FROM c;
COMMIT;
FETCH 2 FROM c;
CLOSE c;
BEGIN;
DECLARE c CURSOR FOR SELECT note FROM hot WHERE id IN (1, 2, 3);
SAVEPOINT s;
FETCH 1 FROM c;
UPDATE orders SET note = 'later' WHERE id = 2;
ROLLBACK TO s;
UPDATE orders SET note = 'later' WHERE id = 3;
FETCH ALL FROM c;
-- the transaction's own writes
SELECT note FROM hot WHERE id = 3;
SELECT explained($$SELECT note FROM hot WHERE id = 3$$);
ROLLBACK;

--
-- Writes
--
INSERT INTO hot (id, buyer) VALUES (2001, 1) RETURNING id, note, buyer;
INSERT INTO hot (id, note) SELECT g, 'new ' || g FROM generate_series(2002, 2010) g;
INSERT INTO hot (id) VALUES (2001);
INSERT INTO hot (id) VALUES (2001) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO hot (id, cost) VALUES (2011, 1);
INSERT INTO hot (note) VALUES ('no key');
SELECT id, customer, note, made FROM orders WHERE id IN (2001, 2002) ORDER BY id;
SELECT topcache.is_resident('orders', 2001);
UPDATE hot SET note = upper(note) WHERE id BETWEEN 2001 AND 2003
	RETURNING id, note;
UPDATE hot SET id = id + 100 WHERE id = 2001 RETURNING id, buyer;
UPDATE hot SET id = 2002 WHERE id = 2101;
UPDATE hot SET hits = 1 WHERE id = 5;
UPDATE hot h SET note = g.text FROM (VALUES (2004, 'joined')) g (id, text)
 WHERE h.id = g.id RETURNING h.id, h.note;
SELECT note FROM hot WHERE id = 2004;
-- a row that is met twice is changed once
WITH changed AS (UPDATE hot SET buyer = coalesce(buyer, 0) + 1
	FROM generate_series(1, 3) g WHERE id IN (2002, 2003) RETURNING id, buyer)
	SELECT * FROM changed ORDER BY id;
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE hot SET buyer = buyer + 1 FROM generate_series(1, 3) g WHERE id > 2001 AND id < 2004;
WITH gone AS (DELETE FROM hot USING generate_series(1, 3) g
	WHERE id IN (2002, 2003) RETURNING id) SELECT * FROM gone ORDER BY id;
ROLLBACK;
DELETE FROM hot WHERE id > 2005 RETURNING id;
SELECT id, note FROM orders WHERE id > 2000 ORDER BY id;
COPY hot (id, note) FROM stdin;
3001	copied
3002	\N
\.
COPY (SELECT id, note FROM hot WHERE id > 3000 ORDER BY id) TO stdout;
BEGIN;
UPDATE hot SET note = 'undone' WHERE id = 3001;
SELECT note FROM hot WHERE id = 3001;
ROLLBACK;
SELECT note FROM hot WHERE id = 3001;
SELECT count(*) FROM topcache.verify('orders');
CREATE FOREIGN TABLE keyless (note text) SERVER topcache
	OPTIONS (relation 'tc_foreign.orders');
INSERT INTO keyless VALUES ('no key');
UPDATE keyless SET note = 'no key';
SELECT count(note) FROM keyless WHERE note = 'copied';
-- many rows at a time, with and without a rest; a conflict among them
INSERT INTO hot (id, note) SELECT g, 'b' || g FROM generate_series(4001, 4250) g;
INSERT INTO hot (id, note) SELECT g, 'c' || g FROM generate_series(4240, 4450) g
	ON CONFLICT DO NOTHING;
INSERT INTO hot (id, note) SELECT g, 'd' || g FROM generate_series(4450, 4650) g;
SELECT count(*), min(note), max(note) FROM orders WHERE id > 4000;
SELECT note FROM hot WHERE id IN (4250, 4251) ORDER BY id;
SELECT count(*) FROM topcache.verify('orders');
-- a partition that rows are routed to
CREATE TABLE routed (id int, note text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE routed_hot (id int, note text) SERVER topcache
	OPTIONS (relation 'tc_foreign.orders');
ALTER TABLE routed ATTACH PARTITION routed_hot FOR VALUES FROM (0) TO (100000);
INSERT INTO routed SELECT g, 'routed' FROM generate_series(6001, 6150) g;
COPY routed (id, note) FROM stdin;
6201	copied
\.
SELECT count(*), min(note), max(note) FROM routed WHERE id > 6000;
-- triggers of the foreign table see each row
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN NEW.note := upper(NEW.note); RETURN NEW; END';
CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON hot FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO hot (id, note) VALUES (6301, 'quiet'), (6302, 'calm');
UPDATE hot SET buyer = 9 WHERE id = 6301 RETURNING note;
DROP TRIGGER shout ON hot;
SELECT id, customer, note FROM orders WHERE id > 6300 ORDER BY id;
DELETE FROM orders WHERE id > 4000;

--
-- Privileges: those on the foreign table, and those on the table behind it
--
CREATE ROLE tc_foreign_user;
GRANT USAGE ON SCHEMA tc_foreign TO tc_foreign_user;
GRANT SELECT, UPDATE ON hot TO tc_foreign_user;
CREATE VIEW lent AS SELECT id, note FROM hot;
GRANT SELECT, UPDATE ON lent TO tc_foreign_user;
SET ROLE tc_foreign_user;
SELECT note FROM hot WHERE id = 1;
SELECT count(*) FROM hot;
UPDATE hot SET note = 'mine' WHERE id = 1;
SELECT note FROM lent WHERE id = 1;
SELECT count(*) FROM lent;
UPDATE lent SET note = 'lent' WHERE id = 1 RETURNING note;
RESET ROLE;
GRANT SELECT ON orders TO tc_foreign_user;
SET ROLE tc_foreign_user;
SELECT note FROM hot WHERE id = 1;
UPDATE hot SET note = 'mine' WHERE id = 1;
RESET ROLE;
-- policies of the table
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON orders USING (id % 2 = 1);
SET ROLE tc_foreign_user;
SELECT id, note, resident FROM hot WHERE id IN (1, 2, 3, 5) ORDER BY id;
SELECT count(*) FROM hot;
RESET ROLE;
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;

--
-- Partition by partition: a look-up whose keys come from a partition
--
CREATE TABLE asked (id int, who text) PARTITION BY RANGE (id);
CREATE TABLE asked_1 PARTITION OF asked FOR VALUES FROM (0) TO (500);
CREATE TABLE asked_2 PARTITION OF asked FOR VALUES FROM (500) TO (1000);
INSERT INTO asked VALUES (3, 'a'), (4, 'b'), (503, 'c');
ANALYZE asked;
CREATE TABLE stored_1 (id int PRIMARY KEY, note text);
CREATE TABLE stored_2 (id int PRIMARY KEY, note text);
INSERT INTO stored_1 SELECT g, 'one ' || g FROM generate_series(0, 499) g;
INSERT INTO stored_2 SELECT g, 'two ' || g FROM generate_series(500, 999) g;
ANALYZE stored_1, stored_2;
SELECT topcache.attach('stored_1'), topcache.attach('stored_2');
CREATE TABLE parted (id int, note text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (500)
	SERVER topcache OPTIONS (relation 'stored_1');
CREATE FOREIGN TABLE parted_2 PARTITION OF parted FOR VALUES FROM (500) TO (1000)
	SERVER topcache OPTIONS (relation 'stored_2');
SET enable_partitionwise_join = on;
SELECT count(*) FROM explained('SELECT who, note FROM asked JOIN parted USING (id)') p
 WHERE p LIKE '%Cache Cond%';
SELECT who, note FROM asked JOIN parted USING (id) ORDER BY who;
UPDATE parted p SET note = who FROM asked a WHERE a.id = p.id RETURNING p.id, p.note;
RESET enable_partitionwise_join;
SELECT note FROM parted WHERE id IN (3, 503) ORDER BY id;
DROP TABLE asked, parted, stored_1, stored_2;

--
-- IMPORT FOREIGN SCHEMA
--
CREATE SCHEMA tc_imported;
IMPORT FOREIGN SCHEMA tc_foreign LIMIT TO (orders) FROM SERVER topcache INTO tc_imported;
IMPORT FOREIGN SCHEMA tc_foreign EXCEPT (orders) FROM SERVER topcache INTO tc_imported;
\d tc_imported.*
SELECT note FROM tc_imported.orders WHERE id = 7;
SELECT value FROM tc_imported.sessions WHERE key = 'k1';
IMPORT FOREIGN SCHEMA tc_no_such FROM SERVER topcache INTO tc_imported;
IMPORT FOREIGN SCHEMA tc_foreign FROM SERVER topcache INTO tc_imported OPTIONS (x '1');

-- everything at once, with what hangs on it where that was asked for
CREATE TABLE items (order_id int REFERENCES orders);
INSERT INTO items VALUES (7);
TRUNCATE hot;
TRUNCATE hot RESTART IDENTITY CASCADE;
SELECT count(*) FROM orders;
SELECT count(*) FROM items;
SELECT note FROM hot WHERE id = 7;

-- a table that is no map any more, and a key that is another
SELECT topcache.detach('orders');
SELECT count(*) FROM hot;

SET client_min_messages = warning;
DROP SCHEMA tc_foreign, tc_imported CASCADE;
DROP OWNED BY tc_foreign_user;
DROP ROLE tc_foreign_user;
