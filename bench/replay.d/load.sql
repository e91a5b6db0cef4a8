-- The field of a replay, made from table "raw" (n, id, size): as many maps as
-- :maps says, filled with every object of the trace and nothing resident, and
-- the requests in their order.  :keys is how an id becomes a key.

SET client_min_messages = warning;
SET synchronous_commit = off;

CREATE FUNCTION object_key(id int) RETURNS text IMMUTABLE LANGUAGE sql
RETURN CASE :'keys' WHEN 'md5' THEN md5(id::text) ELSE id::text END;

SELECT topcache.create_map('objects_' || m, value_type => 'text')
  FROM generate_series(0, :maps - 1) m;
SELECT format('ALTER TABLE %I ALTER value SET STORAGE EXTERNAL',
			  'objects_' || m)
  FROM generate_series(0, :maps - 1) m \gexec

CREATE TABLE sizes AS
	SELECT id, max(size) AS size FROM raw GROUP BY id ORDER BY id;
SELECT format('INSERT INTO %I (key, value)
				SELECT key, object_value(key, size)
				  FROM sizes, object_key(id) AS key WHERE id %% %s = %s',
			  'objects_' || m, :maps, m)
  FROM generate_series(0, :maps - 1) m \gexec

CREATE TABLE requests AS
	SELECT n, ('objects_' || id % :maps)::regclass AS map,
		   object_key(id) AS key
	  FROM raw ORDER BY n;
CREATE UNIQUE INDEX ON requests (n);

-- What was resident, from time to time.
CREATE TABLE samples (n int, misses bigint, evictions bigint, records bigint,
					  payload bigint);

CREATE PROCEDURE take_sample(n int) LANGUAGE sql AS $$
	INSERT INTO samples
		SELECT n, sum(s.misses), sum(s.evictions), sum(h.records), sum(h.payload)
		  FROM topcache.stats s, payload_held(s.relation) h
		 WHERE s.relation::text LIKE 'objects%'
$$;

-- Replays in slices, a transaction each, with so many samples on the way.  A
-- read that misses loads the record: nothing else is to be done about it.
-- With a rate, in requests per second, a slice waits until it is due.
CREATE PROCEDURE replay(slice int, wanted_samples int, rate float8)
	LANGUAGE plpgsql AS $$
DECLARE
	last CONSTANT int := (SELECT max(requests.n) FROM requests);
	every CONSTANT int := greatest(1, last / slice / wanted_samples);
	started CONSTANT timestamptz := clock_timestamp();
	n int := 0;
	slices int := 0;
	map text := 'map';
BEGIN
	IF to_regclass('objects_1') IS NULL THEN
		map := '''objects_0''';
	END IF;
	WHILE n < last LOOP
		IF rate > 0 THEN
			PERFORM pg_sleep(extract(epoch FROM started - clock_timestamp()) +
							 n / rate);
		END IF;
		EXECUTE format('SELECT count(topcache.get_text(%s, key)) FROM (
				SELECT map, key FROM requests WHERE n > $1 AND n <= $2
				 ORDER BY n OFFSET 0) r', map)
			USING n, n + slice;
		n := n + slice;
		slices := slices + 1;
		IF slices % every = 0 OR n >= last THEN
			CALL take_sample(least(n, last));
		END IF;
		COMMIT;
	END LOOP;
END $$;

-- Takes memory away, by records that are never evicted, until so much is free.
CREATE PROCEDURE leave_room(room bigint) LANGUAGE plpgsql AS $$
DECLARE
	n int := 0;
BEGIN
	PERFORM topcache.create_map('ballast', durable => false,
								value_type => 'text');
	COMMIT;
	WHILE (SELECT bytes FROM topcache.memory WHERE name = 'free') > room + 4096
	LOOP
		PERFORM topcache.put_text('ballast', n::text, repeat('x', 4000));
		n := n + 1;
		COMMIT;
	END LOOP;
END $$;

-- The part of the last so many requests that missed.
CREATE FUNCTION missed_of_last(requests bigint) RETURNS float8 LANGUAGE sql
RETURN (SELECT (max(misses) - min(misses))::float8 / nullif(max(n) - min(n), 0)
		  FROM samples
		 WHERE n >= (SELECT max(n) FROM samples) - requests);

-- Requests, misses, and the payload once the cache was full.
CREATE VIEW outcome AS
	SELECT sum(hits + misses + bypasses) AS requests,
		   sum(misses) AS misses, sum(bypasses) AS bypasses,
		   sum(not_resident) AS not_resident,
		   (SELECT round(coalesce(avg(payload) FILTER (WHERE evictions > 0),
								  max(payload))) FROM samples) AS payload
	  FROM topcache.stats WHERE relation::text LIKE 'objects%';

VACUUM (FREEZE, ANALYZE);
