--
-- A volatile map as a table: transactional, in shared memory alone.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
CREATE SCHEMA tc_volatile_table;
SET search_path = tc_volatile_table;
SELECT topcache.create_map('v', durable => false);

INSERT INTO v VALUES ('a', '1'), ('b', '2') RETURNING *;
INSERT INTO v VALUES ('a', '3');
INSERT INTO v VALUES ('a', '3') ON CONFLICT DO NOTHING RETURNING *;
INSERT INTO v VALUES (NULL, '1');
UPDATE v SET value = '10' WHERE key = 'a' RETURNING *;
UPDATE v SET key = 'c' WHERE key = 'b' RETURNING *;
UPDATE v SET key = 'c' WHERE key = 'a';
SELECT * FROM v ORDER BY key;
SELECT * FROM v WHERE key = ANY ('{c,a,none}') ORDER BY key;
SELECT topcache.get('v', 'a'), topcache.get('v', 'b'), topcache.get('v', 'c');

-- rollback, of all or of a part
BEGIN;
DELETE FROM v WHERE key = 'c' RETURNING *;
INSERT INTO v VALUES ('d', '4');
SAVEPOINT s;
UPDATE v SET value = '40';
SELECT * FROM v ORDER BY key;
ROLLBACK TO s;
SELECT * FROM v ORDER BY key;
ROLLBACK;
SELECT * FROM v ORDER BY key;

-- a statement does not meet the rows that it makes
INSERT INTO v SELECT key || '+', value FROM v;
UPDATE v SET key = key || '!', value = to_jsonb(value::int + 1);
SELECT * FROM v ORDER BY key;
WITH gone AS (DELETE FROM v WHERE value = '11' RETURNING key)
	SELECT key FROM gone ORDER BY key;
SELECT * FROM v ORDER BY key;

-- joins, and writes from them
WITH changed AS (UPDATE v SET value = to_jsonb(value::int + 1)
	FROM generate_series(1, 3) g RETURNING key, value)
	SELECT * FROM changed ORDER BY key;
CREATE TABLE names (key text, name text);
INSERT INTO names VALUES ('c!', 'first'), ('c+!', 'second'), ('none', 'third');
EXPLAIN (COSTS OFF) SELECT name, value FROM names JOIN v USING (key);
SELECT name, value FROM names JOIN v USING (key) ORDER BY name;
UPDATE v SET value = to_jsonb(name) FROM names n WHERE n.key = v.key
	RETURNING v.key, v.value;
SELECT count(*) FROM names n WHERE NOT EXISTS (SELECT FROM v WHERE v.key = n.key);

COPY v FROM stdin;
x	{"a": 1}
y	null
\.
COPY (SELECT * FROM v ORDER BY key) TO stdout;
SELECT key FROM v WHERE key >= 'x' ORDER BY key FOR UPDATE;
SELECT * FROM topcache.verify('v');
TRUNCATE v;
SELECT count(*) FROM v;

-- privileges are those on the table
CREATE ROLE tc_volatile_user;
GRANT USAGE ON SCHEMA tc_volatile_table TO tc_volatile_user;
SET ROLE tc_volatile_user;
SELECT * FROM v;
INSERT INTO v VALUES ('a', '1');
RESET ROLE;
GRANT INSERT, SELECT ON v TO tc_volatile_user;
SET ROLE tc_volatile_user;
INSERT INTO v VALUES ('a', '1');
DELETE FROM v;
SELECT * FROM v;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA tc_volatile_table CASCADE;
DROP OWNED BY tc_volatile_user;
DROP ROLE tc_volatile_user;
