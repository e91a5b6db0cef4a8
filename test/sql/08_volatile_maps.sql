-- Volatile maps: no table behind them, but transactions all the same.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_volatile;
SET search_path = tc_volatile;

-- Waits until every version that is no record's current one has been settled
-- away; says what is left.
CREATE FUNCTION settled(map regclass) RETURNS TABLE (records bigint,
	dirty_records bigint, no_bytes boolean) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..20000 LOOP
		EXIT WHEN (SELECT m.records = m.dirty_records FROM topcache.maps m
				   WHERE relation = map);
	END LOOP;
	RETURN QUERY SELECT m.records, m.dirty_records, m.bytes = 0
	FROM topcache.maps m WHERE relation = map;
END $$;

SELECT topcache.create_map('v', durable => false);
SELECT relkind, relname FROM pg_class WHERE oid = 'v'::regclass;
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
WHERE attrelid = 'v'::regclass AND attnum > 0 ORDER BY attnum;
SELECT relation, state, reason, durable, key_columns, value_column, ttl, records
FROM topcache.maps WHERE relation = 'v'::regclass;

-- read and write
SELECT topcache.get('v', 'a'), topcache.contains('v', 'a');
SELECT topcache.put('v', 'a', '1');
SELECT topcache.put('v', 'a', '2');
SELECT topcache.get('v', 'a'), topcache.contains('v', 'a'), topcache.is_resident('v', 'a');
SELECT topcache.get_text('v', 'a'), topcache.get_msgpack('v', 'a');
SELECT topcache.put_text('v', 't', '{"b":  1}'), topcache.get('v', 't');
SELECT topcache.put_text('v', 't', 'no json');
SELECT topcache.put_many('v', ARRAY['m1', 'm2', 'm1', 'a'], ARRAY['1', '2', '3', '4']::jsonb[]);
SELECT * FROM topcache.get_many('v', ARRAY['m2', 'absent', 'm1', NULL, 'a', 'm2']);
SELECT * FROM topcache.get_many_text('v', ARRAY['m2', 'absent', 't']);
SELECT topcache.put_if_absent('v', 'p', '1'), topcache.put_if_absent('v', 'p', '2'), topcache.get('v', 'p');
SELECT topcache.replace('v', 'p', '9', '10'), topcache.replace('v', 'p', '1', '11'),
	topcache.replace('v', 'absent', '1', '2'), topcache.get('v', 'p');
SELECT topcache.incr('v', 'i'), topcache.incr('v', 'i', 41), topcache.get('v', 'i');
SELECT topcache.incr('v', 'i', 9223372036854775807);
SELECT topcache.incr('v', 't');
SELECT topcache.put('v', 'digits', '"5"'), topcache.put('v', 'nothing', 'null'), topcache.put('v', 'whole', '7.0');
SELECT topcache.incr('v', 'digits');
SELECT topcache.incr('v', 'nothing');
SELECT topcache.incr('v', 'whole');
SELECT topcache.remove_many('v', ARRAY['digits', 'nothing', 'whole']);
SELECT topcache.get('v', 'i');
SELECT topcache.remove('v', 'i'), topcache.remove('v', 'i'), topcache.get('v', 'i');
SELECT topcache.remove_many('v', ARRAY['m1', 'm1', 'absent', NULL]);
SELECT topcache.touch('v', 'a', '1 hour'), topcache.touch('v', 'absent', '1 hour');
SELECT topcache.put('v', 'n', 'null'), topcache.get('v', 'n'), topcache.contains('v', 'n');
SELECT topcache.put('v', NULL, '1');
SELECT topcache.put('v', 'x', NULL);
SELECT * FROM topcache.scan('v') ORDER BY key;
SELECT topcache.put('v', 'long', to_jsonb(repeat('x', 100000))), length(topcache.get_text('v', 'long'));
SELECT topcache.remove('v', 'long');

-- another session sees what was committed
\c -
\set SHOW_CONTEXT never
SET search_path = tc_volatile;
SELECT * FROM topcache.scan('v') ORDER BY key;
SELECT topcache.get('v', 'a');

-- always dirty, never evicted
SELECT key, dirty, cost = topcache.cost(topcache.get('v', key), key) AS cost, bytes > 0 AS bytes
FROM topcache.entries('v') ORDER BY key;
SELECT * FROM settled('v');
SELECT topcache.evict('v', 'a'), topcache.evict_lru('v', 10), topcache.evict_all('v');
SELECT topcache.evict_all() >= 0;
SELECT topcache.get('v', 'a');
SELECT topcache.hydrate('v');

--
-- Transactions
--
BEGIN;
SELECT topcache.put('v', 'a', '"mine"');
SELECT topcache.put('v', 'new', '"mine"');
SELECT topcache.remove('v', 'm2');
SELECT topcache.get('v', 'a'), topcache.get('v', 'new'), topcache.get('v', 'm2');
SELECT key, value FROM topcache.scan('v') ORDER BY key;
ROLLBACK;
SELECT topcache.get('v', 'a'), topcache.get('v', 'new'), topcache.get('v', 'm2');
SELECT * FROM settled('v');
BEGIN;
SELECT topcache.put('v', 'a', '"first"');
SAVEPOINT s;
SELECT topcache.put('v', 'a', '"second"');
SELECT topcache.remove('v', 'm2');
SELECT topcache.put('v', 'new', '"second"');
SELECT topcache.get('v', 'a'), topcache.get('v', 'm2'), topcache.get('v', 'new');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.get('v', 'a'), topcache.get('v', 'm2'), topcache.get('v', 'new');
SAVEPOINT s2;
SELECT topcache.incr('v', 'm2');
RELEASE SAVEPOINT s2;
SELECT topcache.incr('v', 'm2');
COMMIT;
SELECT topcache.get('v', 'a'), topcache.get('v', 'm2'), topcache.get('v', 'new');
BEGIN;
SELECT topcache.remove('v', 'a');
SAVEPOINT s;
SELECT topcache.put('v', 'a', '"back"');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.get('v', 'a');
SELECT topcache.put_if_absent('v', 'a', '"anew"'), topcache.get('v', 'a');
COMMIT;
SELECT topcache.get('v', 'a');
BEGIN;
SELECT topcache.put('v', 'a', '"lost"');
SELECT 1 / 0;
COMMIT;
SELECT topcache.get('v', 'a');
DO $$
BEGIN
	FOR i IN 1..100 LOOP
		BEGIN
			PERFORM topcache.incr('v', 'loop');
			IF i % 2 = 0 THEN
				RAISE EXCEPTION 'undo';
			END IF;
		EXCEPTION WHEN raise_exception THEN NULL;
		END;
	END LOOP;
END $$;
SELECT topcache.get('v', 'loop');
-- a write in a read-only transaction
BEGIN READ ONLY;
SELECT topcache.get('v', 'a');
SELECT topcache.put('v', 'a', '"read only"');
ROLLBACK;
SELECT topcache.get('v', 'a');
-- cleared, and not
BEGIN;
SELECT topcache.put('v', 'a', '"prepared"');
SELECT topcache.clear('v') > 0;
SELECT topcache.get('v', 'a');
SELECT * FROM topcache.scan('v');
ROLLBACK;
SELECT topcache.get('v', 'a');
SELECT topcache.clear('v') > 0;
SELECT topcache.get('v', 'a');
SELECT * FROM topcache.scan('v');
SELECT * FROM settled('v');
SELECT topcache.put('v', 'a', '"after clear"'), topcache.get('v', 'a');

-- values of another type
SELECT topcache.create_map('texts', durable => false, value_type => 'text');
SELECT topcache.put_text('texts', 'a', 'as it is'), topcache.get_text('texts', 'a'), topcache.get('texts', 'a');

-- limits
SELECT topcache.create_map('limited', ttl => '1 hour', durable => false);
SELECT topcache.put('limited', 'a', '1'), topcache.put('limited', 'b', '1', ttl => '2 hours');
SELECT topcache.get('limited', 'a'), topcache.get('limited', 'b');
SELECT topcache.incr('limited', 'counter'), topcache.touch('limited', 'b', NULL);
SELECT ttl FROM topcache.maps WHERE relation = 'limited'::regclass;
SELECT topcache.alter_map('limited', ttl => '2 hours');
SELECT topcache.get('limited', 'a');

--
-- As a table.
--
SELECT * FROM v;
SELECT value FROM v WHERE key = 'a';
INSERT INTO v VALUES ('b', '1');
UPDATE v SET value = '2';
DELETE FROM v;
TRUNCATE v;
COPY v FROM stdin;
b	1
\.
COPY (SELECT * FROM v) TO stdout;
EXPLAIN (COSTS OFF) SELECT * FROM v;
ANALYZE v;
SELECT topcache.put('v', 'a', '"after clear"');
SELECT topcache.get('v', 'a');
SELECT * FROM topcache.verify('v');

--
-- Renamed, dropped, created again
--
ALTER FOREIGN TABLE v RENAME TO w;
SELECT topcache.get('w', 'a');
ALTER FOREIGN TABLE w RENAME TO v;
BEGIN;
SELECT topcache.drop_map('v');
SELECT to_regclass('v') IS NULL AS gone;
ROLLBACK;
SELECT topcache.get('v', 'a');
SELECT topcache.detach('v');
SELECT topcache.drop_map('v');
SELECT to_regclass('v') IS NULL AS gone;
SELECT topcache.create_map('v', durable => false);
SELECT topcache.get('v', 'a');
BEGIN;
SELECT topcache.create_map('fleeting', durable => false);
SELECT topcache.put('fleeting', 'a', '1');
COMMIT;
SELECT topcache.get('fleeting', 'a');
SELECT topcache.drop_map('fleeting');
BEGIN;
SELECT topcache.create_map('fleeting', durable => false);
SELECT topcache.put('fleeting', 'a', '1');
ROLLBACK;
SELECT topcache.create_map('fleeting', durable => false);
SELECT topcache.get('fleeting', 'a');
SELECT topcache.put('fleeting', 'a', '1');
DROP FOREIGN TABLE fleeting;
SELECT count(*) FROM topcache.map_definition d
WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation);
SELECT topcache.drop_map('v');

SET client_min_messages = warning;
DROP SCHEMA tc_volatile CASCADE;
