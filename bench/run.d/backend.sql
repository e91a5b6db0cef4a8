-- How much private memory a backend has more after it has used the cache in
-- every way, than after the like from the tables.

SET search_path = million;

CREATE FUNCTION pg_temp.private_kilobytes() RETURNS int LANGUAGE sql AS $$
	SELECT (regexp_match(pg_read_file('/proc/self/smaps_rollup', 0, 4000),
						 'Anonymous: +(\d+)'))[1]::int
$$;

\o /dev/null
SELECT pg_temp.private_kilobytes();
SET topcache.transparent_scan = off;
SELECT count(value) FROM records
 WHERE key = ANY ((SELECT keys FROM batches WHERE id = 1)::text[]);
SELECT value FROM records WHERE key = '7';
SELECT value FROM numbers WHERE key = 7;
SELECT count(d.value) FROM outers o JOIN numbers d USING (key) WHERE o.id <= 1000;
INSERT INTO plain SELECT * FROM records WHERE key = '7'
	ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
UPDATE loose SET value = value WHERE key = '7';
\o
SELECT pg_temp.private_kilobytes() AS before \gset

\o /dev/null
RESET topcache.transparent_scan;
SELECT count(value) FROM batches,
	   LATERAL topcache.get_many('records', keys) WHERE id <= 100;
SELECT count(topcache.get('records', key::text)) FROM generate_series(1, 10000) key;
SELECT value FROM numbers WHERE key = 7;
SELECT count(d.value) FROM outers o JOIN numbers d USING (key) WHERE o.id <= 1000;
SELECT topcache.put('records', '7', topcache.get('records', '7'));
SELECT topcache.get_text('texts', '7'), topcache.get_msgpack('records', '7');
SELECT (topcache.fetch(NULL::documents, '7')).*;
UPDATE documents SET value = value WHERE key = '7';
\o
SELECT format('%s kB before, %s kB more after it has used the cache '
			  '(asked for: under 1,024 kB)', :before,
			  pg_temp.private_kilobytes() - :before);
