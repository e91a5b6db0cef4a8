-- The field of the benchmark: a map with all its records resident, a table of
-- the same shape that is no map, arrays of random keys, and a constant.
-- Takes the number of records as :records.

\set key_count 1000

CREATE EXTENSION topcache;
SELECT topcache.create_map('records');

-- about 250 bytes each
INSERT INTO records (key, value)
	SELECT g::text, jsonb_build_object(
		'id', g,
		'name', 'customer ' || g,
		'email', md5(g::text) || '@example.com',
		'city', 'city ' || g % 5000,
		'active', g % 3 = 0,
		'score', g % 1000,
		'tags', jsonb_build_array('alpha', 'beta', 'gamma'),
		'token', md5((- g)::text))
	  FROM generate_series(1, :records) g;

-- no map, but otherwise the same
CREATE TABLE plain (LIKE records INCLUDING ALL);
INSERT INTO plain SELECT * FROM records;

-- Random keys, stored so that taking them out is one fetch of plain bytes.
CREATE TABLE batches (id int PRIMARY KEY, keys text[] NOT NULL);
ALTER TABLE batches ALTER keys SET STORAGE EXTERNAL;
INSERT INTO batches
	SELECT b, array_agg((1 + floor(random() * :records))::int::text)
	  FROM generate_series(1, 1000) b, generate_series(1, :key_count)
	 GROUP BY b;

-- A record as a constant: the planner puts the value in the place of the call.
SELECT format('CREATE FUNCTION constant_record() RETURNS jsonb IMMUTABLE '
			  'LANGUAGE sql AS %L', format('SELECT %L::jsonb', value))
  FROM records WHERE key = '1' \gexec

-- Touches all memory that a contestant may read: every record of the map, both
-- tables, and their indexes.
CREATE FUNCTION warm_up() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(topcache.get('records', key)) FROM records;
	SELECT count(value) FROM plain;
	SELECT sum(pages) FROM (
		SELECT count(*) FROM records WHERE key > ''
		UNION ALL
		SELECT count(*) FROM plain WHERE key > '') AS leaf (pages)
$$ SET enable_seqscan = off;

VACUUM (FREEZE, ANALYZE) records, plain, batches;
CHECKPOINT;
SELECT topcache.hydrate('records');
