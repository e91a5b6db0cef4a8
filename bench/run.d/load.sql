-- A field of the benchmark, in a schema of its own: :records documents of some
-- 250 bytes in maps and tables of every kind that the contestants need, and
-- random keys to ask for.  Names the schema :field.

\set key_count 1000
SELECT :records / :key_count AS batches \gset
SET client_min_messages = warning;

CREATE EXTENSION IF NOT EXISTS topcache;
CREATE SCHEMA :field;
SET search_path = :field;

-- the map as its user makes it
SELECT topcache.create_map('records');
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

-- the same, of text
SELECT topcache.create_map('texts', value_type => 'text');
INSERT INTO texts (key, value) SELECT key, value::text FROM records;

-- tables that plain SQL reads, by keys of both kinds
CREATE TABLE documents AS SELECT key, value FROM records;
ALTER TABLE documents ADD PRIMARY KEY (key), ALTER value SET NOT NULL;
SELECT topcache.attach('documents');

CREATE TABLE numbers AS SELECT key::bigint AS key, value FROM records;
ALTER TABLE numbers ADD PRIMARY KEY (key), ALTER value SET NOT NULL;
SELECT topcache.attach('numbers');

-- and one of which only the documents are cached
CREATE TABLE pairs AS SELECT * FROM numbers;
ALTER TABLE pairs ADD PRIMARY KEY (key), ALTER value SET NOT NULL;
SELECT topcache.attach('pairs', value => 'value');

-- no maps: like the map's table, and like the attached one
CREATE TABLE plain (LIKE records INCLUDING ALL);
INSERT INTO plain SELECT * FROM records;
CREATE UNLOGGED TABLE unlogged (LIKE records INCLUDING ALL);
INSERT INTO unlogged SELECT * FROM records;
CREATE TABLE loose (LIKE documents INCLUDING ALL);
INSERT INTO loose SELECT * FROM documents;

-- Random keys, stored so that taking them out is one fetch of plain bytes.
CREATE TABLE batches
	(id int PRIMARY KEY, keys text[] NOT NULL, numbers bigint[] NOT NULL);
ALTER TABLE batches ALTER keys SET STORAGE EXTERNAL,
	ALTER numbers SET STORAGE EXTERNAL;
INSERT INTO batches
	SELECT b, array_agg(key::text), array_agg(key)
	  FROM (SELECT b, (1 + floor(random() * :records))::bigint AS key
			  FROM generate_series(1, :batches) b,
				   generate_series(1, :key_count)) AS drawn
	 GROUP BY b;

-- The outer side of joins.
CREATE TABLE outers (id int PRIMARY KEY, key bigint NOT NULL);
INSERT INTO outers SELECT g, 1 + floor(random() * :records)
  FROM generate_series(1, 100000) g;

-- A record as a constant: the planner puts the value in the place of the call.
SELECT format('CREATE FUNCTION constant_record() RETURNS jsonb IMMUTABLE '
			  'LANGUAGE sql AS %L', format('SELECT %L::jsonb', value))
  FROM records WHERE key = '1' \gexec

-- Reads the memory that a contestant is going to use, so that it is mapped:
-- a table and its key's index, or as "@NAME" the records of a map.
CREATE FUNCTION warm_up(names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY names LOOP
		IF name ~ '^@' THEN
			name := substr(name, 2);
			EXECUTE format('SELECT count(topcache.get(%L, key)) FROM %I',
				name, name);
		ELSE
			EXECUTE format('SELECT count(value) FROM %I', name);
			SET LOCAL enable_seqscan = off;
			SET LOCAL enable_bitmapscan = off;
			EXECUTE format('SELECT count(*) FROM %I WHERE key IS NOT NULL',
				name);
			SET LOCAL enable_seqscan = on;
			SET LOCAL enable_bitmapscan = on;
		END IF;
	END LOOP;
END $$;

VACUUM (FREEZE, ANALYZE) records, texts, documents, numbers, pairs, plain,
	unlogged, loose, batches, outers;
CHECKPOINT;
SELECT topcache.hydrate(name::regclass)
  FROM unnest(ARRAY['records', 'texts', 'documents', 'numbers',
		'pairs']) AS name;
