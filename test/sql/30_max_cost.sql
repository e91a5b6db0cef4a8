-- Budgets: a map whose records cost more than max_cost loses its least
-- recently used ones, whatever room there is, and no other map does.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_budget;
SET search_path = tc_budget;

CREATE FUNCTION resident(regclass) RETURNS text LANGUAGE sql AS
	$$SELECT string_agg(key, ' ' ORDER BY length(key), key) FROM topcache.entries($1)$$;
-- a change of limits comes into force with the worker's next round
CREATE PROCEDURE wait_until(condition text) LANGUAGE plpgsql AS $$
DECLARE
	come boolean;
BEGIN
	FOR i IN 1..6000 LOOP
		EXECUTE 'SELECT ' || condition INTO come;
		IF come THEN
			RETURN;
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RAISE 'condition has not come true: %', condition;
END $$;

-- each record costs ten: seven for its value, two or one for its key
SELECT topcache.cost('"123456"', 'k10'), topcache.cost('"1234567"', 'k1');
SELECT topcache.create_map('m', max_cost => 50);
SELECT topcache.create_map('other');
INSERT INTO m SELECT 'k' || i, to_jsonb(lpad('', 8 - length(i::text), '1')) FROM generate_series(1, 20) i;
INSERT INTO other SELECT * FROM m;
SELECT count(topcache.get('other', key)) FROM other;

--
-- Reading: the last ones stay
--
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(1, 5) i;
SELECT resident('m');
SELECT records, cost, max_cost FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(6, 8) i;
SELECT resident('m');
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(1, 20) i;
SELECT resident('m');
SELECT cost, (SELECT evictions FROM topcache.stats s WHERE s.relation = m.relation) AS evictions
FROM topcache.maps m WHERE relation = 'm'::regclass;
SELECT records FROM topcache.maps WHERE relation = 'other'::regclass;

--
-- Writing
--
SELECT topcache.put('m', 'k1', '"1234567"'), topcache.put('m', 'k2', '"1234567"');
SELECT resident('m');
-- a larger record takes the place of more than one
SELECT topcache.put('m', 'k3', to_jsonb(lpad('', 27, '1')));
SELECT resident('m'), cost FROM topcache.maps WHERE relation = 'm'::regclass;
-- one that costs more than all may is written, read, and not kept
SELECT topcache.put('m', 'k4', to_jsonb(lpad('', 100, '1')));
SELECT topcache.is_resident('m', 'k4'), length(topcache.get_text('m', 'k4'));
SELECT topcache.is_resident('m', 'k4'), resident('m'), cost <= 50 AS within
FROM topcache.maps WHERE relation = 'm'::regclass;
-- what is dirty stays until it is clean
BEGIN;
SELECT count(topcache.put('m', 'k' || i, to_jsonb(lpad('', 8 - length(i::text), '2')))) FROM generate_series(5, 16) i;
SELECT records, dirty_records, cost FROM topcache.maps WHERE relation = 'm'::regclass;
COMMIT;
SELECT records, dirty_records, cost FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT * FROM topcache.verify('m');

--
-- Loading ahead stops where reading would push out what was loaded
--
SELECT topcache.evict_all('m') > 0;
UPDATE m SET value = to_jsonb(lpad('', 8 - length(substr(key, 2)), '3'));
SELECT topcache.hydrate('m');
SELECT records, cost FROM topcache.maps WHERE relation = 'm'::regclass;

--
-- alter_map: more, less, none; what is cached stays
--
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(1, 20) i;
SELECT topcache.alter_map('m', max_cost => 100);
SELECT resident('m');
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(1, 20) i;
SELECT resident('m');
SELECT topcache.alter_map('m', max_cost => 30);
CALL wait_until($$cost <= 30 FROM topcache.maps WHERE relation = 'm'::regclass$$);
SELECT resident('m');
SELECT topcache.alter_map('m', max_cost => 0);
SELECT max_cost FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(1, 20) i;
SELECT records, cost FROM topcache.maps WHERE relation = 'm'::regclass;
-- a change that is undone has never been one
BEGIN;
SELECT topcache.alter_map('m', max_cost => 10);
SELECT count(topcache.get('m', 'k' || i)) FROM generate_series(1, 20) i;
ROLLBACK;
SELECT records, cost FROM topcache.maps WHERE relation = 'm'::regclass;
BEGIN;
SELECT topcache.alter_map('m', max_cost => 150);
SAVEPOINT s;
SELECT topcache.alter_map('m', max_cost => 10);
ROLLBACK TO SAVEPOINT s;
COMMIT;
CALL wait_until($$cost <= 150 FROM topcache.maps WHERE relation = 'm'::regclass$$);
SELECT records, cost, max_cost FROM topcache.maps WHERE relation = 'm'::regclass;
-- made, altered and used in one transaction
BEGIN;
SELECT topcache.create_map('young', max_cost => 1000);
INSERT INTO young SELECT * FROM other;
SELECT topcache.alter_map('young', max_cost => 50);
COMMIT;
SELECT count(topcache.get('young', key)) FROM young;
SELECT records, cost FROM topcache.maps WHERE relation = 'young'::regclass;

--
-- Any table; and a map whose records live nowhere else
--
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT i, lpad('', 50, 'x') FROM generate_series(1, 50) i;
SELECT topcache.attach('t', max_cost => 700);
SELECT count(topcache.get('t', id)) FROM t;
SELECT cost <= 700 AS within, cost > 500 AS used, records < 50 AS fewer FROM topcache.maps WHERE relation = 't'::regclass;
SELECT topcache.create_map('v', max_cost => 50, durable => false);
SELECT count(topcache.put('v', 'k' || i, '"1234567"')) FROM generate_series(1, 20) i;
SELECT count(topcache.get('v', 'k' || i)) FROM generate_series(1, 20) i;

-- nobody else has lost anything, and nothing is wrong
SELECT records FROM topcache.maps WHERE relation = 'other'::regclass;
SELECT count(*) FILTER (WHERE topcache.get('m', key) IS DISTINCT FROM value) AS wrong FROM m;
SELECT * FROM topcache.verify('m') UNION ALL SELECT * FROM topcache.verify('t') UNION ALL SELECT * FROM topcache.verify('young');

SELECT topcache.create_map('none', max_cost => 0);
SELECT topcache.attach('m', max_cost => -1);

SET client_min_messages = warning;
DROP SCHEMA tc_budget CASCADE;
