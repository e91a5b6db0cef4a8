-- The field of the benchmark of writes: tables of :rows rows with the columns
-- of pgbench's accounts, one for each contestant.

SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;

-- Makes a table anew, with a primary key and full pages, as a load leaves it.
CREATE PROCEDURE make_table(name text, row_count int) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I (aid int NOT NULL, bid int,
		abalance int, filler char(84))', name);
	EXECUTE format('INSERT INTO %I
		SELECT aid, 1 + aid / 100000, hashint4(aid) %% 1000000, ''''
		  FROM generate_series(1, $1) aid', name) USING row_count;
	EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (aid)', name);
END $$;

-- Whole rows where topcache caches them, or else the column that changes.
CREATE FUNCTION attach_rows(name regclass) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM topcache.attach(name);
	RETURN 'whole rows';
EXCEPTION WHEN invalid_parameter_value OR feature_not_supported
		OR object_not_in_prerequisite_state OR undefined_column
		OR wrong_object_type THEN
	PERFORM topcache.attach(name, value => 'abalance');
	RETURN 'the column that changes';
END $$;

-- What makes a table a contestant, by its name's first word.
CREATE PROCEDURE make_contestant(name text, row_count int)
	LANGUAGE plpgsql AS $$
BEGIN
	CALL make_table(name, row_count);
	CASE split_part(name, '_', 1)
		WHEN 'plain', 'control' THEN NULL;
		WHEN 'indexed' THEN
			EXECUTE format('CREATE INDEX ON %I (abalance)', name);
		WHEN 'ordered' THEN
			EXECUTE format('CREATE INDEX ON %I (aid, bid)', name);
		WHEN 'cold', 'warm' THEN
			PERFORM attach_rows(name::regclass);
	END CASE;
	COMMIT;

	-- what is attached serves once that is committed
	IF name ~ '^warm' THEN
		PERFORM topcache.hydrate(name::regclass);
	END IF;
END $$;

-- How many records of a contestant are resident.
CREATE FUNCTION resident(name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(sum(records)::bigint, 0) FROM topcache.maps
	 WHERE relation = to_regclass(name)
$$;

-- CPU time that this session's process has taken.
CREATE FUNCTION cpu_ns() RETURNS bigint LANGUAGE sql AS $$
	SELECT split_part(pg_read_file('/proc/self/schedstat', 0, 100), ' ', 1)
		::bigint
$$;
