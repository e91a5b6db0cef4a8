-- What the churn is made of: puts of new keys, so that each asks the allocator
-- for memory and pushes older records out.

SET client_min_messages = warning;
CREATE EXTENSION topcache;
\ir ../memory.d/objects.sql

SELECT topcache.create_map('objects', value_type => 'text');
ALTER TABLE objects ALTER value SET STORAGE EXTERNAL;

CREATE SEQUENCE next_object;
CREATE TABLE samples (id int GENERATED ALWAYS AS IDENTITY, phase text,
	kind text, put_bytes bigint, records bigint, payload bigint,
	free bigint, slack bigint, puts int, put_us float8, worst_us float8,
	not_resident bigint);

-- One transaction of puts, until they are so many bytes; how many, how long
-- one took, and the longest.
CREATE FUNCTION put_some(kind text, wanted bigint, OUT bytes bigint,
	OUT puts int, OUT put_us float8, OUT worst_us float8)
	LANGUAGE plpgsql AS $$
DECLARE
	key text;
	value text;
	total_us float8 := 0;
	us float8;
	started timestamptz;
BEGIN
	bytes := 0;
	puts := 0;
	worst_us := 0;
	WHILE bytes < wanted LOOP
		key := nextval('next_object');
		value := object_value(key, object_size(kind, key::bigint));
		started := clock_timestamp();
		PERFORM topcache.put_text('objects', key, value);
		us := extract(epoch FROM clock_timestamp() - started) * 1e6;
		total_us := total_us + us;
		worst_us := greatest(worst_us, us);
		bytes := bytes + length(key) + length(value);
		puts := puts + 1;
	END LOOP;
	put_us := total_us / puts;
END $$;

-- A phase: objects of one kind, for so many turns of the segment's size.
CREATE PROCEDURE churn(phase text, kind text, turns float8, slices int)
	LANGUAGE plpgsql AS $$
DECLARE
	size CONSTANT bigint := (SELECT sum(bytes) FROM topcache.memory);
	wanted CONSTANT bigint := size * turns / slices;
	-- a transaction's records stay until it ends
	batch CONSTANT bigint := least(wanted, size / 50);
	total samples%ROWTYPE;
	done record;
BEGIN
	FOR s IN 1 .. slices LOOP
		total.put_bytes := 0;
		total.puts := 0;
		total.put_us := 0;
		total.worst_us := 0;
		WHILE total.put_bytes < wanted LOOP
			done := put_some(kind, batch);
			COMMIT;
			total.put_bytes := total.put_bytes + done.bytes;
			total.puts := total.puts + done.puts;
			total.put_us := total.put_us + done.put_us * done.puts;
			total.worst_us := greatest(total.worst_us, done.worst_us);
		END LOOP;
		INSERT INTO samples (phase, kind, put_bytes, records, payload, free,
							 slack, puts, put_us, worst_us, not_resident)
			SELECT churn.phase, churn.kind, total.put_bytes, h.records,
				   h.payload,
				   (SELECT bytes FROM topcache.memory WHERE name = 'free'),
				   (SELECT bytes FROM topcache.memory
					 WHERE name = 'allocator slack'),
				   total.puts, total.put_us / total.puts, total.worst_us,
				   (SELECT sum(m.not_resident) FROM topcache.stats m)
			  FROM payload_held('objects') h;
		COMMIT;
	END LOOP;
END $$;
