-- verify: holds every resident record against the table.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_verify;
SET search_path = tc_verify;

SELECT topcache.create_map('m');
INSERT INTO m SELECT 'k' || i, to_jsonb(i) FROM generate_series(1, 1000) i;
SELECT * FROM topcache.verify('m');
SELECT topcache.hydrate('m');
SELECT * FROM topcache.verify('m');
-- with every kind of record: clean, dirty, removed, known to be absent
BEGIN;
SELECT topcache.put('m', 'k1', '"dirty"'), topcache.remove('m', 'k2'), topcache.put('m', 'new', '1');
SELECT topcache.get('m', 'absent');
SELECT * FROM topcache.verify('m');
SAVEPOINT s;
UPDATE m SET value = '"all"';
SELECT * FROM topcache.verify('m');
ROLLBACK TO SAVEPOINT s;
SELECT * FROM topcache.verify('m');
COMMIT;
SELECT * FROM topcache.verify('m');
SELECT topcache.get('m', 'absent'), topcache.get('m', 'k2');
SELECT * FROM topcache.verify('m');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM topcache.verify('m');
COMMIT;
SELECT topcache.create_map('texts', value_type => 'text');
SELECT topcache.put_text('texts', 'a', 'text'), topcache.put_text('texts', 'long', repeat('text', 50000));
SELECT * FROM topcache.verify('texts');
CREATE TABLE by_int (key int PRIMARY KEY, value jsonb);
INSERT INTO by_int VALUES (1, '1'), (2, NULL);
SELECT topcache.attach('by_int', value => 'value');
SELECT topcache.hydrate('by_int');
SELECT * FROM topcache.verify('by_int');
SELECT * FROM topcache.verify(NULL);

--
-- What got behind the cache is found.  No ordinary means will do it: here the
-- catalog is told, for a moment, that the table has no triggers.
--
BEGIN;
SET LOCAL allow_system_table_mods = on;
UPDATE pg_class SET relhastriggers = false WHERE oid = 'm'::regclass;
UPDATE m SET value = '"behind"' WHERE key = 'k10';
DELETE FROM m WHERE key = 'k11';
INSERT INTO m VALUES ('absent', '"behind"');
UPDATE pg_class SET relhastriggers = true WHERE oid = 'm'::regclass;
COMMIT;
SELECT * FROM topcache.verify('m') ORDER BY key;
SELECT topcache.evict_all('m') > 0;
SELECT * FROM topcache.verify('m') ORDER BY key;
SELECT topcache.get('m', 'k10'), topcache.get('m', 'k11'), topcache.get('m', 'absent');

SET client_min_messages = warning;
DROP SCHEMA tc_verify CASCADE;
