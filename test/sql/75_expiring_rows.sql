--
-- Plain SQL of tables that create_map made: rows with the time at which they
-- expire, as the table has them.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_expiring;
SET search_path = tc_expiring;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET topcache.transparent_scan = on;
SET max_parallel_workers_per_gather = 0;

SELECT topcache.create_map('brief');
CREATE TABLE asked AS SELECT k, n FROM unnest('{a,b,c,d,e,f,g,none}'::text[]) WITH ORDINALITY u (k, n);
INSERT INTO brief VALUES
	('a', '1', NULL), ('b', '2', 'infinity'), ('c', '3', '2500-01-01 00:00:00.123456+00'),
	('d', '4', '294276-12-31 23:59:59.999999+00'), ('e', '{"x": [1]}', '2100-02-03 04:05:06.000001+02'),
	('f', 'null', '2100-01-01');
ANALYZE;

-- what the table has, what a miss gives, and what is found then
CREATE FUNCTION same(query text, OUT nodes int, OUT n bigint, OUT hit boolean, OUT same boolean)
LANGUAGE plpgsql AS $$
DECLARE
	all_rows CONSTANT text := 'SELECT count(*), string_agg(t::text, E''\n'' ORDER BY t::text) FROM (%s) t';
	line text;
	theirs text;
	filled text;
	ours text;
BEGIN
	nodes := 0;
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		nodes := nodes + (line LIKE '%(TopCache%')::int;
	END LOOP;
	PERFORM topcache.evict_all('brief');
	PERFORM set_config('topcache.transparent_scan', 'off', true);
	EXECUTE format(all_rows, query) INTO n, theirs;
	PERFORM set_config('topcache.transparent_scan', 'on', true);
	EXECUTE format(all_rows, query) INTO n, filled;
	hit := true;
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query LOOP
		hit := hit AND line !~ 'Cache (Misses|Bypasses): [^0]';
	END LOOP;
	EXECUTE format(all_rows, query) INTO n, ours;
	same := filled IS NOT DISTINCT FROM theirs AND ours IS NOT DISTINCT FROM theirs;
END $$;

EXPLAIN (COSTS OFF) SELECT * FROM brief WHERE key = 'c';
SELECT * FROM brief WHERE key = 'c';
SELECT * FROM brief WHERE key = 'c';
SELECT * FROM same('SELECT * FROM brief WHERE key = ANY (ARRAY(SELECT k FROM asked WHERE k < ''g''))');
SELECT * FROM same('SELECT expires_at FROM brief WHERE key = ''b''');
SELECT * FROM same('SELECT key, extract(epoch FROM expires_at), isfinite(expires_at) FROM brief
	WHERE key IN (''a'', ''b'', ''c'', ''d'', ''e'') AND expires_at > ''2200-01-01''');
SELECT * FROM same('SELECT value FROM brief WHERE key = ''a'' AND expires_at IS NULL');
SELECT * FROM same('SELECT value FROM brief WHERE key = ''b'' AND expires_at IS NULL');
SELECT * FROM same('SELECT b, to_jsonb(b) FROM brief b WHERE key IN (''a'', ''b'', ''c'')');
SELECT * FROM same('SELECT k, n, b.* FROM asked JOIN brief b ON b.key = k AND k < ''g''');
SELECT * FROM same('SELECT k, n, b.* FROM asked LEFT JOIN brief b ON b.key = k AND b.expires_at > now()');
SELECT * FROM same('SELECT k, b.expires_at FROM asked LEFT JOIN brief b ON b.key = k');
SELECT * FROM topcache.verify('brief');

-- written in every way
SELECT topcache.put('brief', 'g', '7', ttl => '1 day'), topcache.put('brief', 'a', '10', ttl => '12345.678901 s'),
	topcache.put('brief', 'b', '20'), topcache.touch('brief', 'c', '2 hours');
UPDATE brief SET expires_at = 'infinity' WHERE key = 'd';
BEGIN;
UPDATE brief SET expires_at = '2222-02-22' WHERE key = 'e';
SAVEPOINT s;
SELECT topcache.put('brief', 'f', '6');
ROLLBACK TO s;
SELECT * FROM brief WHERE key IN ('e', 'f') ORDER BY key;
COMMIT;
CREATE FUNCTION kept_as_written() RETURNS TABLE (k text, resident boolean, same boolean)
LANGUAGE plpgsql AS $$
DECLARE
	ours text;
	theirs text;
BEGIN
	FOR k IN SELECT asked.k FROM asked ORDER BY asked.k LOOP
		PERFORM set_config('topcache.transparent_scan', 'on', true);
		resident := topcache.is_resident('brief', k);
		SELECT b::text INTO ours FROM brief b WHERE b.key = k;
		PERFORM set_config('topcache.transparent_scan', 'off', true);
		SELECT b::text INTO theirs FROM brief b WHERE b.key = k;
		same := ours IS NOT DISTINCT FROM theirs;
		RETURN NEXT;
	END LOOP;
	PERFORM set_config('topcache.transparent_scan', 'on', true);
END $$;
SELECT * FROM kept_as_written();
SELECT key, expires_at FROM brief WHERE key IN ('b', 'd', 'e', 'f') ORDER BY key;
SELECT * FROM topcache.verify('brief');
SELECT key, cost = topcache.cost((SELECT value FROM brief b WHERE b.key = e.key), key) AS portable
  FROM topcache.entries('brief') e ORDER BY key;

-- a foreign table tells the time as well
CREATE FOREIGN TABLE brief_records (key text, expires_at timestamptz OPTIONS (meta 'expires_at'))
	SERVER topcache OPTIONS (relation 'tc_expiring.brief');
SELECT * FROM brief_records WHERE key IN ('b', 'd', 'e') ORDER BY key;

-- get() hides expired rows.  They are there until they are deleted, which does
-- not happen in a large table without the index.
SELECT topcache.create_map('past');
INSERT INTO past SELECT 'filler' || g, to_jsonb(repeat('x', 1850)) FROM generate_series(1, 5000) g;
DO $$
BEGIN
	EXECUTE (SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index
		WHERE indrelid = 'past'::regclass AND NOT indisprimary);
END $$;
INSERT INTO past VALUES ('k', '1', 'yesterday'), ('l', '2', '-infinity'), ('m', '3', NULL);
ANALYZE past;
EXPLAIN (COSTS OFF) SELECT value FROM past WHERE key = 'l';
SELECT key, topcache.get('past', key), value, expires_at < now() AS over, isfinite(expires_at)
  FROM past WHERE key IN ('k', 'l', 'm') ORDER BY key;
SELECT key, topcache.get('past', key), value, expires_at < now() AS over, isfinite(expires_at)
  FROM past WHERE key IN ('k', 'l', 'm') ORDER BY key;
SELECT k, p.value FROM unnest('{k,l,m,n}'::text[]) k LEFT JOIN past p ON p.key = k;
SELECT k, p.value FROM unnest('{k,l,m,n}'::text[]) k LEFT JOIN past p ON p.key = k;
SELECT topcache.is_resident('past', 'm');

-- a column that is not kept
ALTER TABLE brief ADD more int DEFAULT 5;
EXPLAIN (COSTS OFF) SELECT expires_at FROM brief WHERE key = 'a';
EXPLAIN (COSTS OFF) SELECT * FROM brief WHERE key = 'a';
EXPLAIN (COSTS OFF) SELECT b FROM brief b WHERE key = 'a';

SET client_min_messages = warning;
DROP SCHEMA tc_expiring CASCADE;
