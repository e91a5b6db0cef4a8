-- Fills the cache with :objects objects of a :kind in a map of values of a
-- :type, each read once, and prints what it holds: the means of what was seen
-- while the second half came in, when all memory was in use.

SET client_min_messages = warning;
SET synchronous_commit = off;
DROP EXTENSION IF EXISTS topcache CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE EXTENSION topcache;
\ir ../memory.d/objects.sql

SELECT topcache.create_map('objects', value_type => :'type') \g /dev/null
ALTER TABLE objects ALTER value SET STORAGE EXTERNAL;
SELECT format('INSERT INTO objects (key, value)
				SELECT key, %s(object_value(key, object_size(%L, i)))
				  FROM generate_series(1, %s) i, CAST(i AS text) AS key',
			  CASE :'type' WHEN 'jsonb' THEN 'to_jsonb' END, :'kind', :objects)
\gexec
VACUUM (FREEZE, ANALYZE) objects;

CREATE TABLE samples (records bigint, payload bigint, name text, bytes bigint);
CREATE PROCEDURE fill(objects bigint, slices int) LANGUAGE plpgsql AS $$
BEGIN
	FOR s IN 0 .. slices - 1 LOOP
		PERFORM topcache.get_text('objects', i::text)
		   FROM generate_series(1 + s * objects / slices,
								(s + 1) * objects / slices) i;
		IF s >= slices / 2 THEN
			INSERT INTO samples
				SELECT h.records, h.payload, m.name, m.bytes
				  FROM payload_held('objects') h, topcache.memory m;
		END IF;
		COMMIT;
	END LOOP;
END $$;
CALL fill(:objects, 100);

SELECT avg(records)::bigint, avg(payload)::bigint,
	   avg(bytes) FILTER (WHERE name = 'rows and keys')::bigint,
	   avg(bytes) FILTER (WHERE name = 'record headers')::bigint,
	   avg(bytes) FILTER (WHERE name = 'index')::bigint,
	   avg(bytes) FILTER (WHERE name = 'allocator slack')::bigint,
	   avg(bytes) FILTER (WHERE name = 'free')::bigint,
	   (SELECT sum(evictions) FROM topcache.stats)
  FROM samples;
