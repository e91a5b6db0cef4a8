--
-- Volatile maps with columns of the user's own.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
CREATE SCHEMA tc_volatile_columns;
SET search_path = tc_volatile_columns;

-- the first column is the key, unless option key says another
CREATE FOREIGN TABLE v (id bigint, name text NOT NULL, n int DEFAULT 5,
	twice int GENERATED ALWAYS AS (n * 2) STORED, CHECK (n > 0))
	SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE w (x text, a numeric, b text)
	SERVER topcache OPTIONS (volatile 'true', key 'a, b');
CREATE FOREIGN TABLE kv (key uuid, value int)
	SERVER topcache OPTIONS (volatile 'true');
SELECT relation, state, durable, key_columns, value_column
  FROM topcache.maps WHERE relation::text ~ '^(v|w|kv)$' ORDER BY relation::text;

-- what cannot be
CREATE FOREIGN TABLE bad (x json, a int) SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE bad () SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE bad (x int) SERVER topcache
	OPTIONS (volatile 'true', key 'none');
CREATE FOREIGN TABLE bad (x int) SERVER topcache
	OPTIONS (volatile 'true', key 'x,,');
CREATE FOREIGN TABLE bad (x int) SERVER topcache OPTIONS (relation 'v', key 'x');
CREATE FOREIGN TABLE bad (x int) SERVER topcache
	OPTIONS (volatile 'true', keys 'x');

-- rows, with defaults, constraints and computed columns
INSERT INTO v VALUES (1, 'a', 2), (2, 'b', DEFAULT) RETURNING *;
INSERT INTO v VALUES (1, 'a', 2);
INSERT INTO v VALUES (1, 'a', 2) ON CONFLICT DO NOTHING RETURNING *;
INSERT INTO v VALUES (3, NULL, 2);
INSERT INTO v VALUES (3, 'x', -2);
INSERT INTO v VALUES (NULL, 'x', 2);
EXPLAIN (COSTS OFF) SELECT * FROM v WHERE id = 1;
UPDATE v SET n = n + 1, name = name || '!' WHERE id = 1 RETURNING *;
UPDATE v SET n = -1 WHERE id = 1;
UPDATE v SET id = 10 WHERE id = 2 RETURNING *;
BEGIN;
DELETE FROM v WHERE id = 1 RETURNING *;
UPDATE v SET n = 100;
SELECT * FROM v ORDER BY id;
ROLLBACK;
SELECT * FROM v ORDER BY id;
SELECT v.name, w.id FROM v JOIN (VALUES (1), (10), (11)) w (id) USING (id)
 ORDER BY id;

-- by functions
SELECT topcache.get('v', 1), topcache.fetch(NULL::v, 10), topcache.get('v', 11);
SELECT topcache.put('v', 20, '{"name": "put"}'),
	topcache.put('v', 20, '{"name": "again", "n": 7}');
SELECT topcache.put('v', 20, '{"name": null}');
SELECT topcache.put_if_absent('v', 20, '{"name": "absent"}'),
	topcache.put_if_absent('v', 21, '{"name": "absent"}', '1 day');
SELECT topcache.replace('v', 20, '{"n": 5}', '{"name": "wrong"}'),
	topcache.replace('v', 20, topcache.get('v', 20), '{"name": "replaced"}');
SELECT topcache.from_msgpack(topcache.get_msgpack('v', 20));
SELECT topcache.put_msgpack('v', 22, topcache.to_msgpack('{"name": "packed"}')),
	topcache.get('v', 22);
SELECT topcache.touch('v', 21, '1 hour'), topcache.touch('v', 99, '1 hour'),
	topcache.remove('v', 22), topcache.remove('v', 99);
SELECT * FROM topcache.scan('v') ORDER BY key;
SELECT * FROM topcache.fetch_many(NULL::v, ARRAY[21, 99, 1]);
SELECT topcache.put('v', 30, '{"name": "short"}', '1 microsecond');
SELECT topcache.get('v', 30) IS NULL AS expired;
SELECT topcache.put('kv', '00000000-0000-0000-0000-000000000001', '7'),
	topcache.get('kv', '00000000-0000-0000-0000-000000000001');

-- equal keys that are written in different ways are one
INSERT INTO w VALUES ('one', 1.0, 'k'), ('two', 2, 'k');
INSERT INTO w VALUES ('one', 1.00, 'k');
UPDATE w SET a = 1.00, x = 'three' WHERE a = 1 AND b = 'k' RETURNING *;
SELECT topcache.get('w', ROW(1.000, 'k'));
DELETE FROM w WHERE a = 1.0000 AND b = 'k';
SELECT topcache.remove('w', ROW(2.0, 'k')), topcache.remove('w', ROW(2.0, 'k'));
SELECT count(*) FROM w;

-- renamed columns
INSERT INTO w VALUES ('one', 1.0, 'k');
ALTER FOREIGN TABLE w RENAME a TO "The A";
ALTER FOREIGN TABLE w RENAME x TO y;
SELECT * FROM w;
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'w'::regclass;
SELECT key_columns FROM topcache.maps WHERE relation = 'w'::regclass;

-- no change of columns loses records
ALTER FOREIGN TABLE w ADD COLUMN z int DEFAULT 3;
ALTER FOREIGN TABLE w DROP COLUMN y;
ALTER FOREIGN TABLE w ALTER COLUMN y TYPE varchar(7);
ALTER FOREIGN TABLE w OPTIONS (SET key 'b');
ALTER FOREIGN TABLE w OPTIONS (DROP volatile, DROP key, ADD relation 'v');
SELECT * FROM w;
TRUNCATE w;
ALTER FOREIGN TABLE w ADD COLUMN z int DEFAULT 3;
ALTER FOREIGN TABLE w OPTIONS (SET key 'b');
ALTER FOREIGN TABLE w OPTIONS (SET key 'none');
INSERT INTO w VALUES ('two', 2, 'k');
INSERT INTO w VALUES ('three', 3, 'k');
SELECT * FROM w;

-- as a partition
CREATE TABLE parted (id int, x text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE part PARTITION OF parted FOR VALUES IN (1, 2)
	SERVER topcache OPTIONS (volatile 'true');
INSERT INTO parted VALUES (1, 'a'), (2, 'b');
UPDATE parted SET x = 'c' WHERE id = 1;
SELECT tableoid::regclass, * FROM parted ORDER BY id;

-- the end
SELECT topcache.detach('v');
SELECT topcache.drop_map('v');
DROP FOREIGN TABLE w, kv;
SELECT count(*) FROM topcache.map_definition
 WHERE relation::text ~ '^(v|w|kv)$';

SET client_min_messages = warning;
DROP SCHEMA tc_volatile_columns CASCADE;
