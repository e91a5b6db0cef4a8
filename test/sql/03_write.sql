-- Writing: every way to write a record goes through to the table.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_write;
SET search_path = tc_write;

SELECT topcache.create_map('m');

-- where cache and table disagree: never anywhere
CREATE FUNCTION differ(map regclass = 'm') RETURNS TABLE (k text, cache text,
	from_table text)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT k.key::text, topcache.get_text(%1$L, k.key), t.value::text
		 FROM (SELECT key FROM %1$s UNION SELECT e.key::%2$s
			   FROM topcache.entries(%1$L) e) k
		 LEFT JOIN %1$s t ON t.key::text || '''' = k.key::text
		 WHERE topcache.get_text(%1$L, k.key) IS DISTINCT FROM t.value::text',
		map, (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
			  WHERE attrelid = map AND attname = 'key'));
END $$;

--
-- put: true for a new key
--
SELECT topcache.put('m', 'a', '1');
SELECT topcache.is_resident('m', 'a');
SELECT topcache.put('m', 'a', '2');
SELECT topcache.put('m', 'b', '{"x": 1}'), topcache.put('m', 'b', 'null');
SELECT topcache.get('m', 'a'), topcache.get('m', 'b');
SELECT * FROM m ORDER BY key;
SELECT * FROM differ();
-- written where it was absent, and known to be
SELECT topcache.get('m', 'c');
SELECT topcache.put('m', 'c', '3');
SELECT topcache.get('m', 'c');
SELECT topcache.put('m', NULL, '1');
SELECT topcache.put('m', 'd', NULL);
SELECT topcache.put(NULL, 'd', '1');
SELECT topcache.put('m', '', '"empty key"');
SELECT topcache.get('m', '');
SELECT topcache.put('m', repeat('long', 600), '1');
SELECT topcache.get('m', repeat('long', 600));
SELECT topcache.put('m', (SELECT string_agg(md5(i::text), '')
	FROM generate_series(1, 1000) i), '1');
SELECT key, value FROM m WHERE length(key) < 100 ORDER BY key;
SELECT * FROM differ();

-- put_text: the value's text form, read by its input function
SELECT topcache.put_text('m', 'a', '{"b":  2}');
SELECT topcache.get('m', 'a');
SELECT topcache.put_text('m', 't', '[1]');
SELECT topcache.get('m', 't');
SELECT topcache.put_text('m', 'a', 'no json');
SELECT topcache.put_text('m', 'a', NULL);
SELECT topcache.put_text('m', NULL, '1');
SELECT topcache.get('m', 'a'), value FROM m WHERE key = 'a';
SELECT topcache.create_map('texts', value_type => 'text');
SELECT topcache.put_text('texts', 'a', ' as "it" is ');
SELECT topcache.get_text('texts', 'a');
SELECT topcache.put('texts', 'b', '"a string"'), topcache.put('texts', 'c', '{"a": 1}'),
	topcache.put('texts', 'd', '12.50'), topcache.put('texts', 'e', 'null');
SELECT key, value, topcache.get_text('texts', key), topcache.get('texts', key)
FROM texts ORDER BY key;
SELECT topcache.create_map('jsons', value_type => 'json');
SELECT topcache.put_text('jsons', 'a', '{"b":  1,"a":2}'),
	topcache.put('jsons', 'b', '{"b":  1,"a":2}');
SELECT key, value, topcache.get_text('jsons', key) FROM jsons ORDER BY key;
SELECT topcache.create_map('ints', value_type => 'int');
SELECT topcache.put_text('ints', 'a', '42'), topcache.put('ints', 'b', '43');
SELECT topcache.put_text('ints', 'c', 'many');
SELECT topcache.put('ints', 'c', '"many"');
SELECT topcache.put('ints', 'c', '1.5');
SELECT topcache.put('ints', 'c', '3000000000');
SELECT key, value, topcache.get('ints', key) FROM ints ORDER BY key;

-- keys of other types
CREATE TABLE by_int4 (key int4 PRIMARY KEY, value jsonb NOT NULL,
	expires_at timestamptz);
CREATE TABLE by_uuid (key uuid PRIMARY KEY, value jsonb NOT NULL,
	expires_at timestamptz);
SELECT topcache.attach('by_int4', value => 'value'),
	topcache.attach('by_uuid', value => 'value');
SELECT topcache.put('by_int4', 1, '"a"'), topcache.put('by_int4', '1', '"b"'),
	topcache.put('by_int4', 1::int8, '"c"'), topcache.put('by_int4', 2, '"d"');
SELECT topcache.put('by_int4', 3000000000, '1');
SELECT topcache.put('by_int4', 'x', '1');
SELECT topcache.put('by_int4', 1.5, '1');
SELECT key, value, topcache.get('by_int4', key) FROM by_int4 ORDER BY key;
SELECT topcache.put('by_uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '1');
SELECT topcache.get('by_uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
	topcache.is_resident('by_uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT topcache.put_many('by_int4', ARRAY[2, 3, 4], ARRAY['2', '3', '4']::jsonb[]);
SELECT topcache.incr('by_int4', 4, 10), topcache.remove('by_int4', 3),
	topcache.remove_many('by_int4', ARRAY['2', '3']);
SELECT * FROM differ('by_int4');

--
-- put_many
--
SELECT topcache.put_many('m', ARRAY['a', 'n1', 'n2'], ARRAY['10', '11', '12']::jsonb[]);
SELECT key, value, topcache.get('m', key) FROM m
WHERE key IN ('a', 'n1', 'n2') ORDER BY key;
-- of equal keys the last one counts, as if put one after the other
SELECT topcache.put_many('m', ARRAY['d1', 'a', 'd1', 'a', 'd1'],
	ARRAY['1', '2', '3', '4', '5']::jsonb[]);
SELECT key, value, topcache.get('m', key) FROM m
WHERE key IN ('a', 'd1') ORDER BY key;
SELECT topcache.put_many('m', '{}'::text[], '{}');
SELECT topcache.put_many('m', ARRAY['x', 'y'], ARRAY['1']::jsonb[]);
SELECT topcache.put_many('m', ARRAY['x'], ARRAY['1', '2']::jsonb[]);
SELECT topcache.put_many('m', ARRAY['x', NULL], ARRAY['1', '2']::jsonb[]);
SELECT topcache.put_many('m', ARRAY['x', 'y'], ARRAY['1', NULL]::jsonb[]);
SELECT topcache.put_many('m', NULL::text[], ARRAY['1']::jsonb[]);
SELECT topcache.put_many('m', ARRAY['x'], NULL);
-- what failed has written nothing
SELECT topcache.contains('m', 'x'), topcache.contains('m', 'y');
SELECT topcache.put_many('m', (SELECT array_agg('many' || i) FROM generate_series(1, 2000) i),
	(SELECT array_agg(to_jsonb(i)) FROM generate_series(1, 2000) i), ttl => '1 day');
SELECT count(*), count(expires_at) FROM m WHERE key LIKE 'many%';
SELECT count(*) FROM m WHERE key LIKE 'many%' AND topcache.is_resident('m', key);
SELECT * FROM differ();

--
-- put_if_absent and replace
--
SELECT topcache.put_if_absent('m', 'pa', '1'), topcache.put_if_absent('m', 'pa', '2');
SELECT topcache.get('m', 'pa'), value FROM m WHERE key = 'pa';
SELECT topcache.put_if_absent('m', 'pt', '1', ttl => '1 hour');
SELECT expires_at BETWEEN now() + interval '50 min' AND now() + interval '70 min'
FROM m WHERE key = 'pt';
SELECT topcache.put_if_absent('m', NULL, '1');
SELECT topcache.put_if_absent('m', 'pn', NULL);
SELECT topcache.put_if_absent(NULL, 'pn', '1');

SELECT topcache.replace('m', 'pa', '9', '10');
SELECT topcache.get('m', 'pa');
SELECT topcache.replace('m', 'pa', '1.00', '{"v": [1.0]}');
SELECT topcache.get('m', 'pa');
SELECT topcache.replace('m', 'pa', '{"v": [1]}', '3');
SELECT topcache.get('m', 'pa');
SELECT topcache.replace('m', 'no such key', '1', '2');
SELECT topcache.contains('m', 'no such key');
SELECT topcache.replace('m', 'pa', NULL, '4');
SELECT topcache.replace('m', 'pa', '3', NULL);
SELECT topcache.replace('m', NULL, '1', '2');
SELECT topcache.get('m', 'pa'), value FROM m WHERE key = 'pa';
-- replace keeps the time that the record has to live
SELECT topcache.replace('m', 'pt', '1', '2');
SELECT value, expires_at IS NOT NULL AS expires FROM m WHERE key = 'pt';

--
-- incr
--
SELECT topcache.incr('m', 'i'), topcache.incr('m', 'i'), topcache.incr('m', 'i', 40),
	topcache.incr('m', 'i', -2), topcache.incr('m', 'i', 0);
SELECT topcache.get('m', 'i'), value FROM m WHERE key = 'i';
SELECT topcache.put('m', 'big', '9223372036854775806'), topcache.incr('m', 'big');
SELECT topcache.incr('m', 'big');
SELECT topcache.incr('m', 'small', -9223372036854775808);
SELECT topcache.incr('m', 'small', -1);
SELECT topcache.get('m', 'big'), topcache.get('m', 'small');
SELECT topcache.put('m', 'bigger', '9223372036854775808'), topcache.put('m', 'fraction', '1.5'),
	topcache.put('m', 'whole', '7.0'), topcache.put('m', 'object', '{}'),
	topcache.put('m', 'digits', '"5"'), topcache.put('m', 'nothing', 'null');

SELECT topcache.incr('m', 'bigger');
SELECT topcache.incr('m', 'fraction');
SELECT topcache.incr('m', 'whole');
SELECT topcache.incr('m', 'object');
SELECT topcache.incr('m', 'digits');
SELECT topcache.incr('m', 'nothing');
SELECT topcache.incr('m', NULL);
SELECT topcache.incr('m', 'i', NULL);
SELECT topcache.incr(NULL, 'i');
SELECT topcache.get('m', 'i'), topcache.get('m', 'object');
SELECT topcache.create_map('counters', value_type => 'bigint');
SELECT topcache.incr('counters', 'i'), topcache.incr('counters', 'i', 9);
SELECT value, topcache.get('counters', 'i') FROM counters;
SELECT topcache.incr('ints', 'a');
SELECT topcache.get('ints', 'a');
SELECT topcache.incr('ints', 'a', 3000000000);
SELECT topcache.incr('texts', 'd');
SELECT topcache.incr('texts', 'fresh'), topcache.incr('texts', 'fresh');
SELECT * FROM differ();

--
-- remove, remove_many, clear
--
SELECT topcache.remove('m', 'i'), topcache.remove('m', 'i');
SELECT topcache.get('m', 'i'), topcache.contains('m', 'i');
SELECT count(*) FROM m WHERE key = 'i';
SELECT topcache.remove('m', NULL);
-- one that is not resident
SELECT topcache.evict('m', 'n1');
SELECT topcache.remove('m', 'n1');
SELECT topcache.get('m', 'n1');
SELECT topcache.remove_many('m', ARRAY['n2', 'absent', 'd1', NULL, 'n2']);
SELECT topcache.get('m', 'n2'), topcache.get('m', 'd1');
SELECT topcache.remove_many('m', '{}'::text[]), topcache.remove_many('m', NULL::text[]);
-- removed and written again
SELECT topcache.put('m', 'i', '"again"');
SELECT topcache.get('m', 'i');
SELECT topcache.clear('counters'), topcache.clear('counters');
SELECT count(*) FROM counters;
SELECT count(*) AS n FROM m \gset
SELECT topcache.clear('m') = :n AS cleared_all;
SELECT topcache.get('m', 'i'), topcache.get('m', 'a'), topcache.contains('m', 'pa');
SELECT count(*) FROM topcache.scan('m');
SELECT topcache.clear(NULL);
SELECT * FROM differ();

--
-- Time to live, as the table shows it
--
SELECT topcache.create_map('ttl', ttl => '1 hour');
CREATE VIEW lifetimes AS
SELECT key, value, CASE WHEN expires_at IS NULL THEN 'for ever'
	ELSE (round(extract(epoch FROM expires_at - clock_timestamp()) / 60))::text || ' min' END AS lives
FROM ttl;
SELECT topcache.put('ttl', 'default', '1'), topcache.put('ttl', 'own', '1', '2 hours'),
	topcache.put('ttl', 'named', '1', ttl => '3 hours'),
	topcache.put_text('ttl', 'text', '1', ttl => '4 hours'),
	topcache.put_many('ttl', ARRAY['many'], ARRAY['1']::jsonb[], ttl => '5 hours'),
	topcache.put_if_absent('ttl', 'absent', '1'), topcache.incr('ttl', 'counter');
SELECT * FROM lifetimes ORDER BY key;
-- a new put is a new life, with the map's time if it names none
SELECT topcache.put('ttl', 'own', '2'), topcache.put('ttl', 'default', '2', '10 hours');
SELECT * FROM lifetimes WHERE key IN ('own', 'default') ORDER BY key;
-- incr and replace keep what the record has
SELECT topcache.touch('ttl', 'counter', '7 hours'), topcache.incr('ttl', 'counter');
SELECT topcache.replace('ttl', 'named', '1', '2');
SELECT * FROM lifetimes WHERE key IN ('counter', 'named') ORDER BY key;
SELECT topcache.touch('ttl', 'own', '9 hours'), topcache.touch('ttl', 'no such key', '1 hour'),
	topcache.touch('ttl', 'named', NULL);
SELECT topcache.touch('ttl', NULL, '1 hour');
SELECT * FROM lifetimes ORDER BY key;
SELECT topcache.get('ttl', 'own'), topcache.get('ttl', 'named');
SELECT topcache.put('ttl', 'bad', '1', '0');
SELECT topcache.put('ttl', 'bad', '1', '-1 s');
SELECT topcache.touch('ttl', 'own', '-1 s');
SELECT topcache.put_many('ttl', ARRAY['bad'], ARRAY['1']::jsonb[], '-1 s');
SELECT topcache.put_if_absent('ttl', 'bad', '1', '-1 s');
SELECT topcache.put_text('ttl', 'bad', '1', '-1 s');
SELECT topcache.contains('ttl', 'bad');
-- once it has passed, the record is absent to every function, in the table or
-- not, and a put is a new one
UPDATE ttl SET expires_at = now() - interval '1 minute'
WHERE key IN ('own', 'many', 'text', 'counter', 'default', 'absent');
SELECT k, topcache.get('ttl', k), topcache.get_text('ttl', k), topcache.contains('ttl', k)
FROM unnest(ARRAY['own', 'many', 'named']) k;
SELECT * FROM topcache.get_many('ttl', ARRAY['own', 'many', 'named']);
SELECT key, value FROM topcache.scan('ttl') ORDER BY key;
SELECT topcache.touch('ttl', 'many', '1 hour'), topcache.replace('ttl', 'many', '1', '2'),
	topcache.remove('ttl', 'many');
SELECT topcache.put('ttl', 'own', '"new"'), topcache.put_if_absent('ttl', 'text', '"new"'),
	topcache.incr('ttl', 'counter'),
	topcache.put_many('ttl', ARRAY['absent', 'named'], ARRAY['"new"', '"old"']::jsonb[]);
SELECT k, topcache.get('ttl', k)
FROM unnest(ARRAY['absent', 'counter', 'default', 'many', 'named', 'own', 'text']) k;
SELECT * FROM lifetimes WHERE key IN ('own', 'text', 'counter', 'absent', 'named') ORDER BY key;
SET topcache.enabled = off;
SELECT topcache.get('ttl', 'default'), topcache.get('ttl', 'own');
RESET topcache.enabled;
-- a table without a place for it
CREATE TABLE ageless (key text PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('ageless', value => 'value');
SELECT topcache.put('ageless', 'a', '1');
SELECT topcache.put('ageless', 'b', '1', '1 hour');
SELECT topcache.touch('ageless', 'a', '1 hour');
SELECT * FROM ageless ORDER BY key;
DROP VIEW lifetimes;

--
-- What the table refuses, put refuses, and the cache stays as it was.
--
SELECT topcache.create_map('strict');
ALTER TABLE strict ADD CHECK (jsonb_typeof(value) = 'object'),
	ADD CHECK (key <> 'forbidden');
SELECT topcache.put('strict', 'a', '{"v": 1}');
SELECT topcache.put('strict', 'a', '2');
SELECT topcache.put('strict', 'forbidden', '{}');
SELECT topcache.put_text('strict', 'a', '2');
SELECT topcache.put_many('strict', ARRAY['b', 'a'], ARRAY['{}', '2']::jsonb[]);
SELECT topcache.put_if_absent('strict', 'b', '2');
SELECT topcache.replace('strict', 'a', '{"v": 1}', '2');
SELECT topcache.incr('strict', 'b');
SELECT topcache.get('strict', 'a'), topcache.is_resident('strict', 'a'), topcache.get('strict', 'b');
CREATE TABLE child (key text REFERENCES strict);
INSERT INTO child VALUES ('a');
SELECT topcache.remove('strict', 'a');
SELECT topcache.remove_many('strict', ARRAY['a']);
SELECT topcache.clear('strict');
SELECT topcache.get('strict', 'a'), topcache.is_resident('strict', 'a');
ALTER TABLE strict ADD COLUMN needed int NOT NULL DEFAULT 1;
SELECT topcache.put('strict', 'c', '{}');
SELECT topcache.get('strict', 'c');
ALTER TABLE strict ALTER COLUMN needed DROP DEFAULT;
SELECT topcache.put('strict', 'd', '{}');
SELECT topcache.get('strict', 'd');
SELECT * FROM differ('strict');
-- a read-only transaction
BEGIN READ ONLY;
SELECT topcache.get('m', 'a');
SAVEPOINT s;
SELECT topcache.put('m', 'a', '1');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.remove('m', 'a');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.clear('m');
ROLLBACK;

--
-- The user's own triggers see the writes, and change them.
--
SELECT topcache.create_map('watched');
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, op text, old jsonb, new jsonb);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log (op, old, new) VALUES (TG_OP,
		CASE WHEN TG_OP <> 'INSERT' THEN OLD.value END,
		CASE WHEN TG_OP <> 'DELETE' THEN NEW.value END);
	RETURN NULL;
END $$;
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON watched
	FOR EACH ROW EXECUTE FUNCTION log();
SELECT topcache.put('watched', 'a', '1'), topcache.put('watched', 'a', '2');
SELECT topcache.put_if_absent('watched', 'a', '3'), topcache.replace('watched', 'a', '2', '4'),
	topcache.incr('watched', 'a'), topcache.touch('watched', 'a', '1 hour');
SELECT topcache.put_many('watched', ARRAY['a', 'b'], ARRAY['6', '7']::jsonb[]);
SELECT topcache.remove('watched', 'a'), topcache.clear('watched');
SELECT op, old, new FROM log ORDER BY n;
DROP TRIGGER log ON watched;

-- one that changes the value on its way in
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.value := jsonb_build_object('op', TG_OP, 'value', NEW.value);
	RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON watched
	FOR EACH ROW EXECUTE FUNCTION stamp();
SELECT topcache.put('watched', 'a', '1');
SELECT topcache.get('watched', 'a');
SELECT topcache.put('watched', 'a', '2');
SELECT topcache.get('watched', 'a'), topcache.is_resident('watched', 'a'), value FROM watched;
SELECT topcache.put_many('watched', ARRAY['a', 'b'], ARRAY['3', '4']::jsonb[]);
SELECT key, topcache.get('watched', key), value FROM watched ORDER BY key;
DROP TRIGGER stamp ON watched;
-- one that changes the key
CREATE FUNCTION rekey() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.key := upper(NEW.key);
	RETURN NEW;
END $$;
CREATE TRIGGER rekey BEFORE INSERT OR UPDATE ON watched
	FOR EACH ROW EXECUTE FUNCTION rekey();
SELECT topcache.put('watched', 'c', '1');
SELECT topcache.put('watched', 'a', '1');
SELECT key, topcache.get('watched', key), topcache.get('watched', lower(key)) AS lower_case
FROM watched ORDER BY key COLLATE "C";
SELECT * FROM differ('watched');
DROP TRIGGER rekey ON watched;
-- one that suppresses the write
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER suppress BEFORE INSERT OR UPDATE OR DELETE ON watched
	FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT topcache.get('watched', 'b');
SELECT topcache.put('watched', 'b', '"lost"');
SELECT topcache.put('watched', 'new', '"lost"');
SELECT topcache.put_many('watched', ARRAY['b', 'new2'], ARRAY['1', '1']::jsonb[]);
SELECT topcache.put_if_absent('watched', 'new3', '1');
SELECT topcache.incr('watched', 'new4');
SELECT topcache.remove('watched', 'b');
SELECT topcache.clear('watched');
SELECT topcache.get('watched', 'b'), topcache.get('watched', 'new'), topcache.get('watched', 'new2'),
	topcache.get('watched', 'new3'), topcache.get('watched', 'new4');
SELECT * FROM differ('watched');
DROP TRIGGER suppress ON watched;
-- one that reads and writes the map while it is being written
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		PERFORM topcache.put('watched', NEW.key || '-copy', topcache.get('watched', NEW.key));
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER follow AFTER INSERT OR UPDATE ON watched
	FOR EACH ROW EXECUTE FUNCTION follow();
SELECT topcache.put('watched', 'f', '"followed"');
SELECT topcache.get('watched', 'f'), topcache.get('watched', 'f-copy');
SELECT * FROM differ('watched');
-- one that fails
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no % here', NEW.value; END $$;
CREATE TRIGGER zfail AFTER INSERT OR UPDATE ON watched
	FOR EACH ROW EXECUTE FUNCTION fail();
SELECT topcache.put('watched', 'f', '"failed"');
SELECT topcache.put('watched', 'g', '"failed"');
SELECT topcache.get('watched', 'f'), topcache.get('watched', 'g');
SELECT * FROM differ('watched');

-- counters count
SELECT topcache.create_map('counted');
SELECT topcache.put('counted', 'a', '1'), topcache.put('counted', 'b', '1'),
	topcache.remove('counted', 'a');
SELECT puts, removes, not_resident FROM topcache.stats WHERE relation = 'counted'::regclass;
SELECT topcache.reset_stats('counted');
SELECT puts, removes, hits, misses, stats_reset <= now() + interval '1 minute' AS reset
FROM topcache.stats WHERE relation = 'counted'::regclass;

SET client_min_messages = warning;
DROP SCHEMA tc_write CASCADE;
