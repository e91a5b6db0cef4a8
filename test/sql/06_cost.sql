-- Cost: the length as MessagePack plus the length of the key, wherever a
-- record enters, and nowhere but in the segment.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_cost;
SET search_path = tc_cost;

-- lengths known from the format itself
SELECT value, expected, topcache.cost(value, '') AS cost,
	topcache.cost(value, '') = expected AS right,
	length(topcache.to_msgpack(value)) AS encoded
FROM (VALUES
	('null'::jsonb, 1), ('true', 1), ('false', 1),
	('0', 1), ('127', 1), ('128', 2), ('255', 2), ('256', 3), ('65535', 3),
	('65536', 5), ('4294967295', 5), ('4294967296', 9),
	('9223372036854775807', 9), ('-1', 1), ('-32', 1), ('-33', 2),
	('-128', 2), ('-129', 3), ('-32768', 3), ('-32769', 5),
	('-2147483648', 5), ('-2147483649', 9), ('-9223372036854775808', 9),
	('""', 1), ('"a"', 2), ('"ä"', 3),
	('[]', 1), ('[1, 2, 3]', 4), ('{}', 1), ('{"a": 1}', 4),
	('{"a": {"b": [true, null]}}', 9)) v(value, expected);
SELECT n, topcache.cost(to_jsonb(repeat('x', n)), '') - n AS string_header
FROM unnest(ARRAY[31, 32, 255, 256, 65535, 65536]) n;
SELECT n, topcache.cost((SELECT coalesce(jsonb_agg(1), '[]') FROM generate_series(1, n)), '') - n
	AS array_header
FROM unnest(ARRAY[0, 15, 16, 65535, 65536]) n;

-- the key counts in bytes
SELECT topcache.cost('1', ''), topcache.cost('1', 'key'), topcache.cost('1', 'ключ'),
	topcache.cost(NULL, 'key'), topcache.cost('1', NULL);

--
-- The same cost from put, from a fill, and from hydrate.
--
CREATE TABLE samples (key text PRIMARY KEY, value jsonb NOT NULL);
INSERT INTO samples VALUES
	('object', '{"name": "n", "list": [1, 2.5, "three", null, true], "deep": {"er": {}}}'),
	('number', '3.14159'), ('large number', '123456789012345678901234567890'),
	('string', to_jsonb(repeat('string ', 1000))), ('null', 'null'), ('', '[]'),
	('ключ', '"значение"'),
	('array', (SELECT jsonb_agg(i) FROM generate_series(1, 1000) i));
SELECT topcache.create_map('m');
CREATE TABLE measured (entry text, key text, cost bigint);
SELECT count(topcache.put('m', key, value)) FROM samples;
INSERT INTO measured SELECT 'put', e.key, e.cost FROM topcache.entries('m') e;
SELECT topcache.evict_all('m');
SELECT count(topcache.get('m', key)) FROM samples;
INSERT INTO measured SELECT 'fill', e.key, e.cost FROM topcache.entries('m') e;
SELECT topcache.evict_all('m');
SELECT count(*) FROM topcache.get_many('m', (SELECT array_agg(key) FROM samples));
INSERT INTO measured SELECT 'fill of many', e.key, e.cost FROM topcache.entries('m') e;
SELECT topcache.evict_all('m');
SELECT topcache.hydrate('m');
INSERT INTO measured SELECT 'hydrate', e.key, e.cost FROM topcache.entries('m') e;
UPDATE m SET value = value;
INSERT INTO measured SELECT 'update', e.key, e.cost FROM topcache.entries('m') e;
SELECT s.key, topcache.cost(s.value, s.key) AS cost,
	length(topcache.get_msgpack('m', s.key)) + octet_length(s.key) = topcache.cost(s.value, s.key) AS as_encoded,
	string_agg(x.entry || CASE WHEN x.cost = topcache.cost(s.value, s.key) THEN '' ELSE ': ' || x.cost END,
		', ' ORDER BY x.entry) AS measured
FROM samples s JOIN measured x USING (key)
GROUP BY s.key, s.value ORDER BY s.key COLLATE "C";
SELECT entry, count(*) FROM measured GROUP BY entry ORDER BY entry;
-- a map's cost is that of its records
SELECT m.records, m.cost = (SELECT sum(cost) FROM topcache.entries('m')) AS cost,
	m.bytes = (SELECT sum(bytes) FROM topcache.entries('m')) AS bytes
FROM topcache.maps m WHERE relation = 'm'::regclass;

-- keys and values of other types
SELECT topcache.create_map('texts', value_type => 'text');
SELECT topcache.put_text('texts', 'k', 'four');
SELECT key, cost FROM topcache.entries('texts');
SELECT topcache.evict('texts', 'k'), topcache.get_text('texts', 'k');
SELECT key, cost FROM topcache.entries('texts');
SELECT topcache.create_map('ints', value_type => 'int');
SELECT topcache.put('ints', 'k', '1000');
SELECT key, cost FROM topcache.entries('ints');
CREATE TABLE by_int (key int PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('by_int', value => 'value');
SELECT topcache.put('by_int', 1, '"v"'), topcache.put('by_int', 1000000, '"v"');
SELECT key, cost FROM topcache.entries('by_int') ORDER BY key;
SELECT topcache.evict_all('by_int'), topcache.hydrate('by_int');
SELECT key, cost FROM topcache.entries('by_int') ORDER BY key;

--
-- What cannot be encoded is stored all the same, costs 4096, and says so once
-- in a session.
--
CREATE FUNCTION nested(depth int) RETURNS jsonb LANGUAGE sql AS
	$$SELECT (repeat('[', depth) || repeat(']', depth))::jsonb$$;
SELECT topcache.put('m', 'allowed', nested(current_setting('topcache.max_msgpack_depth')::int));
SELECT topcache.put('m', 'deep', nested(current_setting('topcache.max_msgpack_depth')::int + 1));
SELECT topcache.put('m', 'deeper', nested(1000));
SELECT key, cost FROM topcache.entries('m') WHERE key IN ('allowed', 'deep', 'deeper') ORDER BY key;
SELECT cost_defaulted FROM topcache.stats WHERE relation = 'm'::regclass;
SELECT topcache.get('m', 'deeper') = nested(1000) AS stored,
	topcache.is_resident('m', 'deeper') AS resident;
SELECT value = nested(1000) AS in_the_table FROM m WHERE key = 'deeper';
SELECT topcache.cost(nested(1000), 'deeper');
SELECT topcache.to_msgpack(nested(1000));
SELECT topcache.get_msgpack('m', 'deeper');
-- a new session is told once again, here on a fill
\c -
\set SHOW_CONTEXT never
SET search_path = tc_cost;
SELECT topcache.get('m', 'deeper') = nested(1000) AS hit;
SELECT topcache.evict('m', 'deeper'), topcache.evict('m', 'deep');
SELECT topcache.get('m', 'deeper') = nested(1000) AS filled;
SELECT topcache.get('m', 'deep') IS NOT NULL AS filled;
SELECT key, cost FROM topcache.entries('m') WHERE key IN ('deep', 'deeper') ORDER BY key;
SELECT cost_defaulted FROM topcache.stats WHERE relation = 'm'::regclass;
-- and on hydrate
\c -
\set SHOW_CONTEXT never
SET search_path = tc_cost;
SELECT topcache.evict('m', 'deeper'), topcache.evict('m', 'deep');
SELECT topcache.hydrate('m') > 0 AS hydrated;
SELECT key, cost FROM topcache.entries('m') WHERE key IN ('deep', 'deeper') ORDER BY key;

--
-- Cost, recency and the rest are in the segment alone.
--
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'm'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT key, to_jsonb(m) FROM m WHERE key IN ('', 'null', 'number') ORDER BY key;
SELECT count(*) FILTER (WHERE m.value <> s.value) AS changed, count(*)
FROM m JOIN samples s USING (key);
SELECT count(*) AS expiring FROM m WHERE expires_at IS NOT NULL;
-- the encoding of a record is the encoding of its value, to the byte
SELECT s.key, topcache.get_msgpack('m', s.key) = topcache.to_msgpack(s.value) AS same
FROM samples s ORDER BY s.key COLLATE "C";
SELECT topcache.get_msgpack('m', 'null'), topcache.get_msgpack('m', '');
-- nor does use change it
SELECT topcache.get_msgpack('m', 'object') AS before \gset
SELECT count(topcache.get('m', 'object')) FROM generate_series(1, 1000);
SELECT topcache.evict('m', 'object');
SELECT topcache.get_msgpack('m', 'object') = :'before' AS same;
-- a definition has the limits that were asked for, and nothing measured
SELECT attname FROM pg_attribute
WHERE attrelid = 'topcache.map_definition'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;

SET client_min_messages = warning;
DROP SCHEMA tc_cost CASCADE;
