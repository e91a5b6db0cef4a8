-- Growth of the index: puts of ever more records, and look-ups on the way.

SET client_min_messages = warning;
CREATE EXTENSION topcache;

SELECT topcache.create_map('objects', value_type => 'text');

CREATE TABLE steps (id int GENERATED ALWAYS AS IDENTITY, records bigint,
	put_us float8, worst_us float8, plain_us float8, plain_worst_us float8,
	index_bytes bigint, header_bytes bigint);
CREATE TABLE lookups (records bigint, round int, get_ns float8,
	none_ns float8);

-- What a put is without a cache: the same statement on the same kind of table.
CREATE TABLE plain (LIKE objects INCLUDING ALL);
CREATE FUNCTION put_plain(key text, value text) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO plain (key, value) VALUES (put_plain.key, put_plain.value)
		ON CONFLICT ON CONSTRAINT plain_pkey
		DO UPDATE SET value = EXCLUDED.value;
END $$;

-- Puts records from..upto, a transaction of a thousand at a time, through
-- topcache or past it, and tells the mean and the longest time of one.
CREATE PROCEDURE put_range(first bigint, upto bigint, through boolean,
	INOUT put_us float8, INOUT worst_us float8) LANGUAGE plpgsql AS $$
DECLARE
	us float8;
	total_us float8 := 0;
	started timestamptz;
	key text;
	value text;
BEGIN
	worst_us := 0;
	FOR i IN first .. upto LOOP
		key := i::text;
		value := 'value ' || key;
		started := clock_timestamp();
		IF through THEN
			PERFORM topcache.put_text('objects', key, value);
		ELSE
			PERFORM put_plain(key, value);
		END IF;
		us := extract(epoch FROM clock_timestamp() - started) * 1e6;
		total_us := total_us + us;
		worst_us := greatest(worst_us, us);
		IF i % 1000 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
	put_us := total_us / (upto - first + 1);
END $$;

-- One step: up to so many records.
CREATE PROCEDURE grow(upto bigint) LANGUAGE plpgsql AS $$
DECLARE
	reached CONSTANT bigint := coalesce((SELECT max(records) FROM steps), 0);
	put_us float8;
	worst_us float8;
	plain_us float8;
	plain_worst_us float8;
BEGIN
	CALL put_range(reached + 1, upto, true, put_us, worst_us);
	CALL put_range(reached + 1, upto, false, plain_us, plain_worst_us);
	INSERT INTO steps (records, put_us, worst_us, plain_us, plain_worst_us,
					   index_bytes, header_bytes)
		SELECT upto, put_us, worst_us, plain_us, plain_worst_us,
			   (SELECT bytes FROM topcache.memory WHERE name = 'index'),
			   (SELECT bytes FROM topcache.memory
				 WHERE name = 'record headers');
END $$;

-- Looks up random records among those that there are, without touching the
-- same ones twice in a row, and does the same without looking anything up.
CREATE PROCEDURE look_up(round int, wanted int) LANGUAGE plpgsql AS $$
DECLARE
	resident CONSTANT bigint := (SELECT records FROM topcache.maps);
	found bigint;
	started timestamptz;
	get_us float8;
	none_us float8;
BEGIN
	CREATE TEMP TABLE keys ON COMMIT DROP AS
		SELECT (1 + floor(random() * resident))::bigint::text AS key
		  FROM generate_series(1, wanted);
	SELECT count(topcache.get_text('objects', key)) INTO found FROM keys;
	IF found <> wanted THEN
		RAISE EXCEPTION '% of % keys were found', found, wanted;
	END IF;
	started := clock_timestamp();
	SELECT count(topcache.get_text('objects', key)) INTO found FROM keys;
	get_us := extract(epoch FROM clock_timestamp() - started) * 1e6;
	started := clock_timestamp();
	SELECT count(textcat(key, 'x')) INTO found FROM keys;
	none_us := extract(epoch FROM clock_timestamp() - started) * 1e6;
	INSERT INTO lookups VALUES (resident, round, 1000 * get_us / wanted,
								1000 * none_us / wanted);
	COMMIT;
END $$;
