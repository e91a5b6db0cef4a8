-- Memory: every byte of the segment has a name, and the segment never grows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_memory;
SET search_path = tc_memory;

SELECT name FROM topcache.memory ORDER BY name COLLATE "C";
-- The bytes add up, whatever has happened.  (They are not read in one moment;
-- where the background worker is moving some, look again.)
CREATE VIEW once AS
SELECT sum(bytes) = pg_size_bytes(current_setting('topcache.size')) AS is_size,
	min(bytes) >= 0 AS no_debt,
	max(bytes) < pg_size_bytes(current_setting('topcache.size')) AS within
FROM topcache.memory;
CREATE FUNCTION whole() RETURNS SETOF once LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..10000 LOOP
		EXIT WHEN (SELECT is_size FROM once);
	END LOOP;
	RETURN QUERY SELECT * FROM once;
END $$;
-- what records take, without the rounding of the allocator, and with it
CREATE VIEW held AS
SELECT sum(bytes) FILTER (WHERE name IN ('rows and keys', 'record headers')) AS least,
	sum(bytes) FILTER (WHERE name IN ('rows and keys', 'record headers', 'allocator slack')) AS most
FROM topcache.memory;
SELECT * FROM whole();

-- What tests before this one have dropped leaves the segment in the
-- background: wait for it.
DO $$
BEGIN
	PERFORM topcache.evict_all();
	FOR i IN 1..300000 LOOP
		EXIT WHEN (SELECT least FROM held) = 0;
	END LOOP;
END $$;
SELECT least AS others FROM held \gset

-- one record: its key, its row and its header, rounded up to a chunk
SELECT topcache.create_map('m');
SELECT topcache.put('m', '0', to_jsonb(repeat('x', 1000)));
SELECT bytes BETWEEN 1003 AND 1300 AS bytes,
	bytes >= least - :others AND bytes <= most - :others AS in_memory
FROM topcache.entries('m'), held;
SELECT * FROM whole();
SELECT topcache.evict('m', '0');
SELECT least - :others AS left_over FROM held;

-- records of all sizes, from the smallest to those of many pages
INSERT INTO m
SELECT i, to_jsonb(repeat('y', (2 ^ (i % 19))::int)) FROM generate_series(1, 200) i;
SELECT topcache.hydrate('m') > 0;
SELECT count(*) AS entries, sum(e.bytes) = m.bytes AS bytes, sum(e.cost) = m.cost AS cost,
	sum(e.bytes) BETWEEN min(least) - :others AND min(most) - :others AS in_memory,
	min(e.bytes) >= 40 AND bool_and(e.bytes > length(v.value::text) - 2) AS no_less_than_data
FROM topcache.entries('m') e JOIN m v USING (key), held,
	(SELECT bytes, cost FROM topcache.maps WHERE relation = 'm'::regclass) m
GROUP BY m.bytes, m.cost;
SELECT * FROM whole();
-- grown, shrunk, half of it undone
BEGIN;
UPDATE m SET value = to_jsonb(repeat('z', 3000));
SELECT * FROM whole();
SAVEPOINT s;
UPDATE m SET value = to_jsonb(repeat('z', 30));
DELETE FROM m WHERE key::int % 2 = 0;
SELECT * FROM whole();
ROLLBACK TO SAVEPOINT s;
SELECT * FROM whole();
COMMIT;
SELECT sum(e.bytes) = m.bytes AS bytes, sum(e.cost) = m.cost AS cost,
	sum(e.bytes) BETWEEN min(least) - :others AND min(most) - :others AS in_memory
FROM topcache.entries('m') e, held,
	(SELECT bytes, cost FROM topcache.maps WHERE relation = 'm'::regclass) m
GROUP BY m.bytes, m.cost;
SELECT * FROM whole();
SELECT topcache.evict_all('m') > 0;
SELECT least - :others AS left_over FROM held;

--
-- A fifth more than the segment holds: the least recently used make room,
-- every key is answered, and not a byte is lost.  (The table is small, since
-- it keeps the values compressed.)
--
SELECT topcache.create_map('large');
INSERT INTO large
SELECT i, to_jsonb(repeat(chr(ascii('a') + i::int % 26), 100000))
FROM generate_series(1, pg_size_bytes(current_setting('topcache.size')) * 6 / 5 / 100000) i;
SELECT count(*) FILTER (WHERE topcache.get('large', key) IS DISTINCT FROM value) AS wrong FROM large;
SELECT evictions > 0 AS evicted FROM topcache.stats WHERE relation = 'large'::regclass;
CREATE FUNCTION residents() RETURNS TABLE (many boolean, not_all boolean,
	as_maps_says boolean, none_dirty boolean) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..1000 LOOP
		SELECT r.n > 10, r.n < (SELECT count(*) FROM large),
			r.n = m.records AND r.bytes = m.bytes AND r.cost = m.cost, m.dirty_records = 0
		INTO many, not_all, as_maps_says, none_dirty
		FROM (SELECT count(*) AS n, sum(e.bytes) AS bytes, sum(e.cost) AS cost
			  FROM topcache.entries('large') e) r, topcache.maps m
		WHERE m.relation = 'large'::regclass;
		EXIT WHEN as_maps_says;
	END LOOP;
	RETURN NEXT;
END $$;
SELECT * FROM residents();
SELECT * FROM whole();
-- one transaction that writes more than there is room for, so that in the end
-- nothing can be evicted
BEGIN;
SELECT sum(topcache.put('large', key, to_jsonb(repeat('new', 33000)))::int) AS new FROM large;
SELECT dirty_records > 10 AS dirty, dirty_records < (SELECT count(*) FROM large) AS not_all
FROM topcache.maps WHERE relation = 'large'::regclass;
SELECT not_resident > 0 AS not_resident FROM topcache.stats WHERE relation = 'large'::regclass;
SELECT * FROM whole();
ROLLBACK;
SELECT records - dirty_records >= 0 AS settled, dirty_records
FROM topcache.maps WHERE relation = 'large'::regclass;
SELECT * FROM whole();
SELECT count(*) FILTER (WHERE topcache.get('large', key) IS DISTINCT FROM value) AS wrong,
	count(*) FILTER (WHERE value ->> 0 LIKE 'new%') AS new
FROM large;
-- what was full of large records takes small ones, and then again large ones
SELECT topcache.create_map('small');
INSERT INTO small SELECT i, to_jsonb(i) FROM generate_series(1, 20000) i;
SELECT topcache.hydrate('small') > 0;
SELECT * FROM whole();
SELECT count(*) FILTER (WHERE topcache.get('large', key) IS DISTINCT FROM value) AS wrong FROM large;
SELECT * FROM whole();
SELECT count(*) FILTER (WHERE topcache.get('small', key) IS DISTINCT FROM value) AS wrong FROM small;
SELECT * FROM topcache.verify('large');
SELECT * FROM topcache.verify('small');
SELECT topcache.evict_all('large') > 0, topcache.evict_all('small') > 0;
SELECT least - :others AS left_over FROM held;
SELECT * FROM whole();

SET client_min_messages = warning;
DROP SCHEMA tc_memory CASCADE;
