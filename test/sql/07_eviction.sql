-- Residency: what comes into the segment, what leaves it, and in which order.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_eviction;
SET search_path = tc_eviction;

SELECT topcache.create_map('m');
SELECT topcache.create_map('other');
INSERT INTO m SELECT 'k' || i, to_jsonb(i) FROM generate_series(1, 9) i;
INSERT INTO other SELECT 'o' || i, to_jsonb(i) FROM generate_series(1, 9) i;

-- which records of the map are resident
CREATE FUNCTION resident(regclass = 'm') RETURNS text LANGUAGE sql AS
	$$SELECT string_agg(key, ' ' ORDER BY key) FROM topcache.entries($1)$$;

--
-- evict: one clean record
--
SELECT topcache.evict('m', 'k1');
SELECT topcache.get('m', 'k1');
SELECT topcache.evict('m', 'k1');
SELECT topcache.evict('m', 'k1'), topcache.evict('m', 'no such key'),
	topcache.evict('m', NULL), topcache.evict(NULL, 'k1');
SELECT topcache.is_resident('m', 'k1');
SELECT topcache.get('m', 'k1');

-- a dirty one stays, whatever is asked
BEGIN;
SELECT topcache.put('m', 'k1', '"dirty"');
SELECT topcache.put('m', 'new', '"dirty"');
SELECT key, dirty FROM topcache.entries('m') ORDER BY key;
SELECT records, dirty_records FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT topcache.evict('m', 'k1'), topcache.evict('m', 'new');
SELECT topcache.evict_lru('m', 100), topcache.evict_all('m');
SELECT topcache.evict_all() >= 0;
SELECT key, dirty FROM topcache.entries('m') ORDER BY key;
COMMIT;
SELECT key, dirty FROM topcache.entries('m') ORDER BY key;
SELECT records, dirty_records FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT topcache.get('m', 'k1'), topcache.get('m', 'new');
SELECT topcache.evict('m', 'k1'), topcache.evict('m', 'new');
SELECT resident();
BEGIN;
SELECT topcache.put('m', 'new', '"dirty again"');
SELECT topcache.remove('m', 'k1');
SELECT records, dirty_records FROM topcache.maps WHERE relation = 'm'::regclass;
ROLLBACK;
SELECT records, dirty_records FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT topcache.get('m', 'k1'), topcache.get('m', 'new');
DELETE FROM m WHERE key = 'new';
SELECT topcache.evict_all('m') > 0;

--
-- hydrate
--
SELECT topcache.hydrate('m');
SELECT resident();
SELECT topcache.hydrate('m');
SELECT topcache.evict('m', 'k3'), topcache.evict('m', 'k4');
SELECT topcache.hydrate('m');
SELECT count(*) FILTER (WHERE topcache.get('m', key) <> value) AS wrong, count(*) FROM m;
SELECT topcache.evict_all('m');
SELECT topcache.hydrate('m', 4);
SELECT count(*) FROM topcache.entries('m');
SELECT topcache.hydrate('m', max_records => 0);
SELECT topcache.hydrate('m', -1);
SELECT topcache.hydrate('m', 1000000);
SELECT topcache.hydrate(NULL);
SELECT resident();
SELECT topcache.create_map('nothing');
SELECT topcache.hydrate('nothing');
-- hydrated records are as if read: clean, and with their first access noted
SELECT key, dirty, last_access IS NOT NULL AS accessed FROM topcache.entries('m') ORDER BY key;
-- a transaction that has written does not hydrate what it alone sees
BEGIN;
SELECT topcache.evict_all('m');
UPDATE m SET value = '"uncommitted"' WHERE key = 'k1';
SELECT topcache.hydrate('m') >= 0;
ROLLBACK;
SELECT topcache.get('m', 'k1');
SELECT topcache.hydrate('m') >= 0;
SELECT topcache.get('m', 'k1');

--
-- evict_lru: those that have not been used for longest
--
SELECT topcache.evict_all('m');
SELECT topcache.get('m', 'k' || i) FROM unnest(ARRAY[5, 3, 8, 1, 9]) i;
SELECT key FROM topcache.entries('m') ORDER BY last_access;
SELECT topcache.evict_lru('m', 1);
SELECT resident();
SELECT topcache.evict_lru('m', 2);
SELECT resident();
-- reading makes it recent again, once the resolution of recency has passed
DO $$
BEGIN
	FOR i IN 1..1000000 LOOP
		PERFORM topcache.get('m', 'k1');
		EXIT WHEN (SELECT max(last_access) FILTER (WHERE key = 'k1') >
					   max(last_access) FILTER (WHERE key = 'k9')
				   FROM topcache.entries('m'));
	END LOOP;
END $$;
SELECT key FROM topcache.entries('m') ORDER BY last_access;
SELECT topcache.evict_lru('m', 1);
SELECT resident();
-- looking on is no use: neither entries nor is_resident nor verify counts
SELECT hits, last_access FROM topcache.entries('m') WHERE key = 'k1' \gset
SELECT topcache.is_resident('m', 'k1'), count(*) FROM topcache.entries('m');
SELECT * FROM topcache.verify('m');
SELECT hits = :hits AS same_hits, last_access = :'last_access' AS same_access
FROM topcache.entries('m') WHERE key = 'k1';
-- so is writing
SELECT topcache.get('m', 'k2');
SELECT topcache.put('m', 'k1', '1');
SELECT topcache.evict_lru('m', 1);
SELECT resident();
SELECT topcache.evict_lru('m', 0), topcache.evict_lru('m', 100), topcache.evict_lru('m', 100);
SELECT topcache.evict_lru('m', -1);
SELECT topcache.evict_lru('m', NULL), topcache.evict_lru(NULL, 1);
-- what was dropped is read again
SELECT count(*) FILTER (WHERE topcache.get('m', key) IS DISTINCT FROM value) AS wrong FROM m;

--
-- evict_all: of one map, of every map
--
SELECT topcache.hydrate('m') >= 0, topcache.hydrate('other');
SELECT topcache.evict_all('m');
SELECT resident('m'), resident('other');
SELECT topcache.hydrate('m');
SELECT topcache.evict_all() >= 18 AS both_maps;
SELECT resident('m'), resident('other');
SELECT topcache.evict_all(), topcache.evict_all('other');
SELECT evictions > 0 AS counted FROM topcache.stats WHERE relation = 'other'::regclass;

--
-- entries
--
SELECT topcache.put('m', 'shown', '{"a": "value"}');
SELECT count(topcache.get('m', 'shown')) FROM generate_series(1, 3);
SELECT relation, key, cost = topcache.cost('{"a": "value"}', 'shown') AS cost,
	bytes BETWEEN cost AND cost + 200 AS bytes, dirty, hits,
	last_access <= clock_timestamp() AND last_access > clock_timestamp() - interval '1 hour' AS last_access,
	age >= '0' AND age < interval '1 hour' AS age
FROM topcache.entries('m');
SELECT relation, key FROM topcache.entries()
WHERE relation IN ('m'::regclass, 'other'::regclass) ORDER BY 1, 2;
-- a record's hits begin again with the record
SELECT topcache.evict('m', 'shown'), topcache.get('m', 'shown');
SELECT key, hits FROM topcache.entries('m');
-- a key that is known to be absent is no record of the map's
SELECT topcache.get('m', 'absent') IS NULL, topcache.get('m', 'absent') IS NULL;
SELECT key FROM topcache.entries('m') ORDER BY key;
SELECT records FROM topcache.maps WHERE relation = 'm'::regclass;
SELECT topcache.is_resident('m', 'absent');

-- larger than a record may be: written, read, never resident
SELECT topcache.put('m', 'large', to_jsonb(repeat('x', 9000000)));
SELECT topcache.is_resident('m', 'large'), length(topcache.get_text('m', 'large')) AS length;
SELECT topcache.is_resident('m', 'large'), not_resident > 0 AS counted FROM topcache.stats WHERE relation = 'm'::regclass;
SELECT topcache.hydrate('m') >= 0, topcache.is_resident('m', 'large');
-- grown too large, and small again
SELECT topcache.put('m', 'shown', to_jsonb(repeat('x', 9000000)));
SELECT topcache.is_resident('m', 'shown'), length(topcache.get_text('m', 'shown')) AS length;
BEGIN;
UPDATE m SET value = '"small"' WHERE key = 'large';
SELECT topcache.put('m', 'shown', '"small"');
SELECT topcache.get('m', 'shown'), topcache.get('m', 'large');
SAVEPOINT s;
SELECT topcache.put('m', 'shown', to_jsonb(repeat('x', 9000000)));
SELECT length(topcache.get_text('m', 'shown')) AS length;
ROLLBACK TO SAVEPOINT s;
SELECT topcache.get('m', 'shown');
COMMIT;
SELECT topcache.get('m', 'shown'), topcache.get('m', 'large');

SET client_min_messages = warning;
DROP SCHEMA tc_eviction CASCADE;
