-- Time: what has expired, or has not been used for too long, leaves the
-- segment without being read; what has not stays.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_time;
SET search_path = tc_time;

CREATE FUNCTION resident(regclass) RETURNS text LANGUAGE sql AS
	$$SELECT string_agg(key, ' ' ORDER BY length(key), key) FROM topcache.entries($1)$$;
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

--
-- Maps of create_map: a time to live of the map and of the record
--
SELECT topcache.create_map('m', ttl => '1 hour');
SELECT topcache.create_map('plain');
SELECT topcache.put('m', 'hour', '1'), topcache.put('m', 'short', '1', ttl => '10 ms'),
	topcache.put('plain', 'ever', '1'), topcache.put('plain', 'short', '1', ttl => '10 ms'),
	topcache.put('plain', 'touched', '1', ttl => '10 ms');
SELECT topcache.touch('plain', 'touched', '1 day') IS NOT NULL;
SELECT topcache.put('plain', 'again', '1', ttl => '10 ms');
SELECT topcache.put('plain', 'again', '2', ttl => '1 day') IS NOT NULL;
CALL wait_until($$NOT topcache.is_resident('m', 'short') AND NOT topcache.is_resident('plain', 'short')$$);
SELECT resident('m');
SELECT key FROM topcache.entries('plain') WHERE key <> 'touched' ORDER BY key;
SELECT topcache.get('m', 'short'), topcache.get('plain', 'again');
SELECT topcache.contains('m', 'short'), topcache.contains('m', 'hour');
-- rolled back, it is what it was
BEGIN;
SELECT topcache.put('m', 'hour', '2', ttl => '1 ms');
ROLLBACK;
SELECT topcache.get('m', 'hour');
-- many, with all kinds of times
SELECT count(topcache.put('m', 'n' || i, to_jsonb(i),
	ttl => CASE WHEN i % 5 = 0 THEN '1 year' ELSE make_interval(secs => 0.0003 * i) END))
FROM generate_series(1, 3000) i;
CALL wait_until($$records = 601 FROM topcache.maps WHERE relation = 'm'::regclass$$);
SELECT * FROM topcache.verify('m');
-- beyond all ends
SELECT topcache.put('m', 'far', '1', ttl => '10000 years');
SELECT topcache.get('m', 'far');
UPDATE m SET expires_at = '-infinity' WHERE key = 'far';
SELECT topcache.get('m', 'far');
CALL wait_until($$NOT topcache.is_resident('m', 'far')$$);
SELECT records FROM topcache.maps WHERE relation = 'm'::regclass;

--
-- Volatile maps: the memory comes back
--
SELECT topcache.create_map('v', durable => false);
SELECT count(topcache.put('v', 'n' || i, to_jsonb(i), ttl => '10 ms')) FROM generate_series(1, 500) i;
SELECT topcache.put('v', 'ever', '1'), topcache.put('v', 'long', '1', ttl => '1 day');
CALL wait_until($$records = 2 FROM topcache.maps WHERE relation = 'v'::regclass$$);
SELECT resident('v'), cost, dirty_records FROM topcache.maps WHERE relation = 'v'::regclass;
SELECT topcache.put('v', 'n1', '1', ttl => '10 ms');
BEGIN;
SELECT topcache.put('v', 'n1', '2', ttl => '1 day') IS NOT NULL;
SELECT topcache.get('v', 'n1');
COMMIT;
SELECT topcache.get('v', 'n1');

--
-- Attached tables: the time is the record's, not the row's
--
CREATE TABLE t (id int PRIMARY KEY, v text, expires_at timestamptz);
INSERT INTO t SELECT i, 'row ' || i, '-infinity' FROM generate_series(1, 5) i;
SELECT topcache.attach('t', value => 'v', ttl => '10 ms');
SELECT topcache.get('t', 1), topcache.get('t', 2), topcache.get('t', 99);
CALL wait_until($$records = 0 FROM topcache.maps WHERE relation = 't'::regclass$$);
SELECT topcache.get('t', 1), topcache.get('t', 2), topcache.get('t', 99);
SELECT topcache.put('t', 3, '"written"');
UPDATE t SET v = 'updated' WHERE id = 1;
SELECT count(*) FROM t;
SELECT topcache.get('t', 1), topcache.get('t', 3);
CALL wait_until($$records = 0 FROM topcache.maps WHERE relation = 't'::regclass$$);
SELECT topcache.get('t', 1), topcache.get('t', 3);
SELECT topcache.put('t', 3, '"x"', ttl => '1 s');
SELECT topcache.touch('t', 3, '1 s');
-- a longer one is for those that come
SELECT topcache.alter_map('t', ttl => '1 day');
SELECT topcache.evict_all('t') >= 0;
SELECT count(topcache.get('t', id)) FROM t;
SELECT resident('t');
SELECT * FROM topcache.verify('t');
-- a shorter one is for those that are there
SELECT topcache.alter_map('t', ttl => '1 hour');
SELECT resident('t');
SELECT count(topcache.get('t', id)) FROM t;
SELECT topcache.alter_map('t', ttl => '0');
SELECT ttl, resident('t') FROM topcache.maps WHERE relation = 't'::regclass;

--
-- max_idle
--
SELECT topcache.create_map('idle', max_idle => '1 day');
INSERT INTO idle SELECT 'k' || i, to_jsonb(i) FROM generate_series(1, 300) i;
SELECT count(topcache.get('idle', key)) FROM idle;
SELECT topcache.get('idle', 'no such key');
SELECT records FROM topcache.maps WHERE relation = 'idle'::regclass;
SELECT topcache.alter_map('idle', max_idle => '10 ms');
CALL wait_until($$records = 0 AND bytes = 0 FROM topcache.maps WHERE relation = 'idle'::regclass$$);
SELECT cost, bytes FROM topcache.maps WHERE relation = 'idle'::regclass;
SELECT count(*) FROM idle;
SELECT count(topcache.get('idle', key)) FROM idle;
SELECT topcache.alter_map('idle', max_idle => '0');
SELECT topcache.evict_all('idle') >= 0;
SELECT count(topcache.get('idle', key)) FROM idle;
SELECT records, max_idle FROM topcache.maps WHERE relation = 'idle'::regclass;

-- nothing else has left, and all is accounted for
SELECT records FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT sum(bytes) = pg_size_bytes(current_setting('topcache.size')) AS exact FROM topcache.memory;

SET client_min_messages = warning;
DROP SCHEMA tc_time CASCADE;
