-- Negative records: that a key has no row is remembered, for the snapshots for
-- which it is so.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_negative;
SET search_path = tc_negative;

CREATE TABLE by_value (id int PRIMARY KEY, value jsonb, note text);
CREATE TABLE by_row (LIKE by_value INCLUDING ALL);
CREATE TABLE by_pair (id int, value jsonb, note text, region text DEFAULT 'eu', PRIMARY KEY (region, id));
INSERT INTO by_value SELECT i, to_jsonb(i), 'note ' || i FROM generate_series(1, 3) i;
INSERT INTO by_row TABLE by_value;
INSERT INTO by_pair TABLE by_value;
SELECT topcache.attach('by_value', value => 'value');
SELECT topcache.attach('by_row');
SELECT topcache.attach('by_pair');

-- how often the table was read, and how often it was not, since the last look
CREATE FUNCTION looked() RETURNS TABLE (map regclass, hits bigint, misses bigint, bypasses bigint)
LANGUAGE sql AS $$
	SELECT relation, s.hits, s.misses, s.bypasses FROM topcache.stats s
	WHERE relation IN ('by_value'::regclass, 'by_row'::regclass, 'by_pair'::regclass)
	ORDER BY relation::text
$$;
CREATE FUNCTION look_again() RETURNS void LANGUAGE sql AS
	$$SELECT topcache.reset_stats('by_value'), topcache.reset_stats('by_row'), topcache.reset_stats('by_pair');
	SELECT NULL::void$$;

--
-- An absent key that is read twice is looked up once.
--
SELECT topcache.get('by_value', 9), topcache.get('by_row', 9), topcache.get('by_pair', ROW('eu', 9));
SELECT * FROM looked();
SELECT look_again();
SELECT topcache.get('by_value', 9), topcache.get('by_row', 9), topcache.get('by_pair', ROW('eu', 9));
SELECT topcache.get_text('by_value', 9), topcache.get_text('by_row', 9), topcache.get_text('by_pair', '(eu,9)');
SELECT topcache.contains('by_value', 9), topcache.contains('by_row', 9), topcache.contains('by_pair', ROW('eu', 9));
SELECT topcache.fetch(NULL::by_row, 9) IS NULL AS by_row, topcache.fetch(NULL::by_pair, ROW('eu', 9)) IS NULL AS by_pair;
SELECT * FROM looked();
SELECT look_again();
-- many at once, some known, some not, one of them twice
SELECT * FROM topcache.get_many('by_value', ARRAY[9, 10, 1, 10]);
SELECT * FROM topcache.fetch_many(NULL::by_row, ARRAY[9, 10, 1, 10]);
SELECT * FROM topcache.get_many('by_pair', ARRAY[ROW('eu', 9), ROW('us', 1), ROW('eu', 1), ROW('us', 1)]);
SELECT look_again();
SELECT count(*), count(value) FROM topcache.get_many('by_value', ARRAY[9, 10, 1, 10]);
SELECT count(*), count(id) FROM topcache.fetch_many(NULL::by_row, ARRAY[9, 10, 1, 10]);
SELECT count(*), count(value) FROM topcache.get_many('by_pair', ARRAY[ROW('eu', 9), ROW('us', 1), ROW('eu', 1), ROW('us', 1)]);
SELECT * FROM looked();
-- they are no records to look at, but take room like any other
SELECT topcache.is_resident('by_row', 9), topcache.is_resident('by_row', 1);
SELECT key FROM topcache.entries('by_row');
SELECT * FROM topcache.scan('by_value') WHERE key NOT IN ('1', '2', '3');
SELECT count(*) FROM topcache.scan('by_row');
SELECT * FROM topcache.verify('by_value') UNION ALL SELECT * FROM topcache.verify('by_row') UNION ALL SELECT * FROM topcache.verify('by_pair');
-- evicted, it is looked up again
SELECT topcache.evict('by_row', 9);
SELECT look_again();
SELECT topcache.get('by_row', 9);
SELECT topcache.get('by_row', 9);
SELECT * FROM looked() WHERE map = 'by_row'::regclass;

--
-- Deleted, a record is known to be absent: no look at the table is needed.
--
SELECT topcache.get('by_value', 1), topcache.get('by_row', 1) ->> 'note', topcache.get('by_pair', ROW('eu', 1)) ->> 'note';
DELETE FROM by_value WHERE id = 1;
DELETE FROM by_row WHERE id = 1;
SELECT topcache.remove('by_pair', ROW('eu', 1));
SELECT look_again();
SELECT topcache.get('by_value', 1), topcache.get('by_row', 1), topcache.get('by_pair', ROW('eu', 1));
SELECT topcache.get('by_value', 1), topcache.get('by_row', 1), topcache.get('by_pair', ROW('eu', 1));
-- (once at most, should the deletion have left no record of it)
SELECT map, misses + bypasses <= 1 AS seldom FROM looked();
-- as is the old key of a row that got a new one
UPDATE by_row SET id = 12 WHERE id = 2;
SELECT topcache.get('by_row', 2), topcache.get('by_row', 12) ->> 'note';
SELECT topcache.get('by_row', 2), topcache.get('by_row', 12) ->> 'note';

--
-- An INSERT ends it, at its commit.
--
CREATE FUNCTION answers(id int) RETURNS TABLE (map text, cache text, "table" text) LANGUAGE sql AS $$
	SELECT 'by_value', topcache.get_text('by_value', $1), (SELECT t.value::text FROM by_value t WHERE t.id + 0 = $1)
	UNION ALL
	SELECT 'by_row', topcache.get_text('by_row', $1), (SELECT t::text FROM by_row t WHERE t.id + 0 = $1)
	UNION ALL
	SELECT 'by_pair', topcache.get_text('by_pair', ROW('eu', $1)), (SELECT t::text FROM by_pair t WHERE t.id + 0 = $1 AND region = 'eu')
	ORDER BY 1
$$;
SELECT * FROM answers(9);
BEGIN;
INSERT INTO by_value VALUES (9, '"new"', 'new');
INSERT INTO by_row VALUES (9, '"new"', 'new');
SELECT topcache.put('by_pair', ROW('eu', 9), '{"note": "new", "value": 5}');
SELECT * FROM answers(9);
ROLLBACK;
SELECT * FROM answers(9);
BEGIN;
SAVEPOINT s;
INSERT INTO by_value VALUES (9, '"new"', 'new');
INSERT INTO by_row VALUES (9, '"new"', 'new');
INSERT INTO by_pair VALUES (9, '"new"', 'new');
SELECT * FROM answers(9);
ROLLBACK TO SAVEPOINT s;
SELECT * FROM answers(9);
COMMIT;
SELECT * FROM answers(9);
INSERT INTO by_value VALUES (9, '"new"', 'new');
INSERT INTO by_row VALUES (9, '"new"', 'new');
INSERT INTO by_pair VALUES (9, '"new"', 'new');
SELECT * FROM answers(9);
SELECT * FROM answers(9);
-- a row that got the key, COPY, and ON CONFLICT
SELECT topcache.get('by_row', 13), topcache.get('by_row', 14), topcache.get('by_row', 15);
UPDATE by_row SET id = 13 WHERE id = 12;
COPY by_row FROM stdin;
14	14	copied
\.
INSERT INTO by_row VALUES (15, '15', 'upserted') ON CONFLICT (id) DO UPDATE SET note = 'not reached';
SELECT topcache.get('by_row', 13), topcache.get('by_row', 14), topcache.get('by_row', 15);
-- in a transaction with an old snapshot it is absent all along, for the
-- others it is not; see the isolation specs.  In one session:
SELECT topcache.get('by_row', 20);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT topcache.get('by_row', 20);
INSERT INTO by_row VALUES (20, '20', 'own');
SELECT topcache.get('by_row', 20);
DELETE FROM by_row WHERE id = 20;
SELECT topcache.get('by_row', 20);
COMMIT;
SELECT topcache.get('by_row', 20);
-- a cursor that was opened before
SELECT * FROM answers(21);
BEGIN;
DECLARE c CURSOR FOR SELECT topcache.get('by_row', 21), (SELECT note FROM by_row WHERE id + 0 = 21) FROM generate_series(1, 2);
FETCH c;
INSERT INTO by_row VALUES (21, '21', 'after the cursor');
FETCH c;
SELECT topcache.get('by_row', 21) ->> 'note';
COMMIT;

--
-- A thousand keys that are not there
--
SELECT count(value) FROM topcache.get_many('by_row', ARRAY(SELECT generate_series(1001, 2000)));
SELECT look_again();
SELECT count(value) FROM topcache.get_many('by_row', ARRAY(SELECT generate_series(1001, 2000)));
SELECT count(topcache.get('by_row', i)) FROM generate_series(1001, 2000) i;
SELECT * FROM looked() WHERE map = 'by_row'::regclass;
INSERT INTO by_row SELECT i, to_jsonb(i), 'note' FROM generate_series(1001, 2000, 2) i;
SELECT count(value), count(*) FILTER (WHERE (value ->> 'id')::int <> key::int) AS wrong
FROM topcache.get_many('by_row', ARRAY(SELECT generate_series(1001, 2000)));
SELECT count(topcache.get('by_row', i)) FROM generate_series(1001, 2000) i;
TRUNCATE by_row;
SELECT count(topcache.get('by_row', i)) FROM generate_series(1001, 2000) i;
SELECT * FROM topcache.verify('by_row');

SET client_min_messages = warning;
DROP SCHEMA tc_negative CASCADE;
