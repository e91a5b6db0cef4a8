-- Transactions: what is rolled back has never been, however it was written.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_transactions;
SET search_path = tc_transactions;

SELECT topcache.create_map('m');
SELECT topcache.create_map('keys');
INSERT INTO keys SELECT k, '1' FROM unnest(ARRAY['a', 'b', 'c', 'd', 'new']) k;

-- what cache and table say of every key, in one statement
CREATE FUNCTION look() RETURNS TABLE (key text, cache jsonb, from_table jsonb,
	resident boolean, dirty boolean)
LANGUAGE sql AS $$
	SELECT k.key, topcache.get('m', k.key),
		(SELECT value FROM m WHERE m.key || '' = k.key),
		topcache.is_resident('m', k.key),
		(SELECT e.dirty FROM topcache.entries('m') e WHERE e.key = k.key)
	FROM keys k ORDER BY k.key
$$;

-- puts the map back to a known state, all of it resident and clean
CREATE PROCEDURE start() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM topcache.clear('m');
	INSERT INTO m VALUES ('a', '1'), ('b', '2'), ('c', '3');
	COMMIT;
	PERFORM topcache.get('m', k.key) FROM keys k;
END $$;

CALL start();
SELECT * FROM look();

-- own writes are seen before they are committed, and dirty until then
BEGIN;
SELECT topcache.put('m', 'a', '10');
SELECT topcache.put('m', 'new', '11');
SELECT topcache.remove('m', 'b');
UPDATE m SET value = '12' WHERE key = 'c';
SELECT * FROM look();
COMMIT;
SELECT * FROM look();

-- ROLLBACK
CALL start();
BEGIN;
SELECT topcache.put('m', 'a', '10');
SELECT topcache.put('m', 'new', '11');
SELECT topcache.remove('m', 'b');
UPDATE m SET value = '12' WHERE key = 'c';
ROLLBACK;
SELECT * FROM look();

-- rolled back by an error
CALL start();
BEGIN;
SELECT topcache.put('m', 'a', '10');
SELECT topcache.put('m', 'new', '11');
SELECT topcache.incr('m', 'b', 5);
SELECT 1 / 0;
SELECT topcache.get('m', 'a');
COMMIT;
SELECT * FROM look();
-- or in the statement that wrote
SELECT topcache.put('m', 'a', '10'), 1 / (SELECT 0);
SELECT * FROM look();

-- ROLLBACK TO SAVEPOINT, and on
CALL start();
BEGIN;
SELECT topcache.put('m', 'a', '10');
SAVEPOINT s;
SELECT topcache.put('m', 'a', '20');
SELECT topcache.put('m', 'b', '21');
SELECT topcache.remove('m', 'c');
SELECT topcache.put('m', 'new', '22');
SELECT * FROM look();
ROLLBACK TO SAVEPOINT s;
SELECT * FROM look();
SELECT topcache.put('m', 'b', '30');
SELECT * FROM look();
COMMIT;
SELECT * FROM look();

-- two writes of one key, the second rolled back: the first stays
CALL start();
BEGIN;
SELECT topcache.put('m', 'a', '"first"');
SAVEPOINT s;
SELECT topcache.put('m', 'a', '"second"');
ROLLBACK TO SAVEPOINT s;
COMMIT;
SELECT * FROM look();
-- the first rolled back, the second stays
CALL start();
BEGIN;
SAVEPOINT s;
SELECT topcache.put('m', 'a', '"first"');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.put('m', 'a', '"second"');
COMMIT;
SELECT * FROM look();
-- both in savepoints that are released
CALL start();
BEGIN;
SAVEPOINT s1;
SELECT topcache.put('m', 'a', '"first"');
SAVEPOINT s2;
SELECT topcache.put('m', 'a', '"second"');
RELEASE SAVEPOINT s2;
RELEASE SAVEPOINT s1;
SELECT * FROM look();
COMMIT;
SELECT * FROM look();
-- released, then rolled back with what it was released into
CALL start();
BEGIN;
SELECT topcache.put('m', 'a', '"kept"');
SAVEPOINT s1;
SAVEPOINT s2;
SELECT topcache.put('m', 'a', '"released"');
SELECT topcache.put('m', 'b', '"released"');
RELEASE SAVEPOINT s2;
SELECT * FROM look();
ROLLBACK TO SAVEPOINT s1;
SELECT * FROM look();
COMMIT;
SELECT * FROM look();

-- savepoints nested deep, each undone in turn
CALL start();
BEGIN;
SELECT topcache.put('m', 'a', '"0"');
SAVEPOINT s1;
SELECT topcache.put('m', 'a', '"1"');
SAVEPOINT s2;
SELECT topcache.remove('m', 'a');
SAVEPOINT s3;
SELECT topcache.put('m', 'a', '"3"');
SAVEPOINT s4;
UPDATE m SET value = '"4"' WHERE key = 'a';
SELECT key, cache, from_table FROM look() WHERE key = 'a';
ROLLBACK TO SAVEPOINT s4;
SELECT key, cache, from_table FROM look() WHERE key = 'a';
ROLLBACK TO SAVEPOINT s3;
SELECT key, cache, from_table FROM look() WHERE key = 'a';
ROLLBACK TO SAVEPOINT s2;
SELECT key, cache, from_table FROM look() WHERE key = 'a';
ROLLBACK TO SAVEPOINT s1;
SELECT key, cache, from_table FROM look() WHERE key = 'a';
SELECT topcache.put('m', 'a', '"5"');
COMMIT;
SELECT * FROM look();

-- the same savepoint again and again
CALL start();
BEGIN;
SAVEPOINT s;
SELECT topcache.incr('m', 'a');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.incr('m', 'a');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.incr('m', 'a');
COMMIT;
SELECT * FROM look();

-- removed and put again, in one transaction and with half of it undone
CALL start();
BEGIN;
SELECT topcache.remove('m', 'a');
SAVEPOINT s;
SELECT topcache.put('m', 'a', '"back"');
SELECT key, cache, from_table FROM look() WHERE key = 'a';
ROLLBACK TO SAVEPOINT s;
SELECT key, cache, from_table FROM look() WHERE key = 'a';
COMMIT;
SELECT * FROM look();
CALL start();
BEGIN;
SELECT topcache.remove('m', 'a');
SELECT topcache.put('m', 'a', '"back"');
SELECT topcache.clear('m');
SELECT topcache.put('m', 'b', '"only"');
COMMIT;
SELECT * FROM look();

-- clear and put_many undone
CALL start();
BEGIN;
SELECT topcache.clear('m');
SELECT * FROM look();
SELECT topcache.put_many('m', ARRAY['a', 'd', 'new'], ARRAY['7', '8', '9']::jsonb[]);
SELECT * FROM look();
ROLLBACK;
SELECT * FROM look();

-- exception blocks are subtransactions
CALL start();
DO $$
BEGIN
	PERFORM topcache.put('m', 'a', '"outer"');
	BEGIN
		PERFORM topcache.put('m', 'a', '"inner"');
		PERFORM topcache.put('m', 'b', '"inner"');
		PERFORM topcache.put('m', 'new', '"inner"');
		RAISE EXCEPTION 'undo';
	EXCEPTION WHEN raise_exception THEN
		RAISE NOTICE 'a is %, b is %, new is %', topcache.get('m', 'a'),
			topcache.get('m', 'b'), topcache.get('m', 'new');
	END;
	BEGIN
		PERFORM topcache.put('m', 'c', '"kept"');
	EXCEPTION WHEN OTHERS THEN
		RAISE NOTICE 'not reached';
	END;
	BEGIN
		PERFORM topcache.incr('m', 'b', 9223372036854775807);
	EXCEPTION WHEN numeric_value_out_of_range THEN
		RAISE NOTICE 'b is %', topcache.get('m', 'b');
	END;
END $$;
SELECT * FROM look();
-- in a loop, with every other one undone
CALL start();
DO $$
BEGIN
	FOR i IN 1..100 LOOP
		BEGIN
			PERFORM topcache.incr('m', 'a');
			UPDATE m SET value = to_jsonb(i) WHERE key = 'b';
			IF i % 2 = 0 THEN
				RAISE EXCEPTION 'undo';
			END IF;
		EXCEPTION WHEN raise_exception THEN
			IF topcache.get('m', 'b') <> to_jsonb(i - 1) THEN
				RAISE 'b should be %, is %', i - 1, topcache.get('m', 'b');
			END IF;
		END;
	END LOOP;
END $$;
SELECT key, cache, from_table FROM look();

-- COMMIT and ROLLBACK within a procedure
CALL start();
DO $$
BEGIN
	PERFORM topcache.put('m', 'a', '"committed"');
	COMMIT;
	PERFORM topcache.put('m', 'a', '"rolled back"');
	PERFORM topcache.put('m', 'b', '"rolled back"');
	ROLLBACK;
	RAISE NOTICE 'a is %, b is %', topcache.get('m', 'a'), topcache.get('m', 'b');
	PERFORM topcache.put('m', 'b', '"committed, too"');
	COMMIT AND CHAIN;
	PERFORM topcache.remove('m', 'c');
	ROLLBACK AND CHAIN;
	RAISE NOTICE 'c is %', topcache.get('m', 'c');
END $$;
SELECT * FROM look();

-- the snapshot of the statement decides, not the moment
CALL start();
BEGIN;
DECLARE c CURSOR FOR
	SELECT k.key, topcache.get('m', k.key) AS cache,
		(SELECT value FROM m WHERE m.key || '' = k.key) AS from_table
	FROM (VALUES ('a'), ('b'), ('new')) k(key);
FETCH 1 FROM c;
SELECT topcache.put('m', 'b', '"after the cursor"');
UPDATE m SET value = '"after the cursor"' WHERE key = 'a';
SELECT topcache.put('m', 'new', '"after the cursor"');
FETCH ALL FROM c;
SELECT * FROM look();
COMMIT;
CALL start();
WITH u AS (UPDATE m SET value = '"updated"' WHERE key = 'a' RETURNING key)
SELECT u.key, topcache.get('m', 'a') AS cache,
	(SELECT value FROM m WHERE m.key || '' = 'a') AS from_table
FROM u;
SELECT * FROM look();
-- a function that is volatile sees what its statement has written, a stable
-- one does not
CREATE FUNCTION get_volatile(text) RETURNS TABLE (cache jsonb, from_table jsonb)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN QUERY SELECT topcache.get('m', $1),
		(SELECT value FROM m WHERE m.key || '' = $1);
END $$;
CREATE FUNCTION get_stable(text) RETURNS TABLE (cache jsonb, from_table jsonb)
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY SELECT topcache.get('m', $1),
		(SELECT value FROM m WHERE m.key || '' = $1);
END $$;
CALL start();
SELECT topcache.put('m', 'a', '"put"'), get_volatile('a'), get_stable('a');
SELECT * FROM look();
-- a transaction's first statement and its later ones, REPEATABLE READ
CALL start();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM look();
SELECT topcache.put('m', 'a', '"mine"');
SELECT * FROM look();
ROLLBACK;
SELECT * FROM look();
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT topcache.put('m', 'a', '"mine"');
SELECT * FROM look();
COMMIT;
SELECT * FROM look();

-- many keys in one transaction
SELECT topcache.create_map('many');
INSERT INTO many SELECT i::text, '0' FROM generate_series(1, 3000) i;
SELECT topcache.hydrate('many');
BEGIN;
SELECT sum(topcache.incr('many', i::text)) FROM generate_series(1, 3000) i;
SAVEPOINT s;
SELECT sum(topcache.incr('many', i::text)) FROM generate_series(2, 3000, 2) i;
SELECT records, dirty_records FROM topcache.maps WHERE relation = 'many'::regclass;
ROLLBACK TO SAVEPOINT s;
SELECT sum(topcache.incr('many', i::text)) FROM generate_series(3, 3000, 3) i;
COMMIT;
SELECT count(*) FILTER (WHERE topcache.get('many', key) IS DISTINCT FROM value) AS wrong,
	sum(value::int), count(*) FILTER (WHERE topcache.is_resident('many', key)) AS resident
FROM many;
SELECT records, dirty_records FROM topcache.maps WHERE relation = 'many'::regclass;
BEGIN;
SELECT topcache.clear('many');
ROLLBACK;
SELECT count(*) FILTER (WHERE topcache.get('many', key) IS DISTINCT FROM value) AS wrong,
	sum(value::int) FROM many;

-- with synchronous_commit off a record is dirty until the log is flushed,
-- and reads are right all the same
CALL start();
SET synchronous_commit = off;
SELECT topcache.put('m', 'a', '"asynchronous"');
SELECT key, cache, from_table FROM look() WHERE key = 'a';
RESET synchronous_commit;
SELECT topcache.put('m', 'b', '"flushes the log"');
DO $$
BEGIN
	FOR i IN 1..1000000 LOOP
		EXIT WHEN NOT (SELECT bool_or(dirty) FROM topcache.entries('m'));
	END LOOP;
END $$;
SELECT * FROM look();

SET client_min_messages = warning;
DROP SCHEMA tc_transactions CASCADE;
