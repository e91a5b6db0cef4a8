-- The codec beside jsonb's own text form, one document at a time.
-- Takes the number of rounds as :rounds.  Prints a table in Markdown.
--
-- Each contestant is a function of a column, run over a table small enough for
-- the processor's cache: it is the codec that is measured, not memory.  What the scan and the call of a function cost is measured
-- with one that only asks for the column's length, and taken off.  All run in
-- every round; a time is the least of the rounds, for whatever else the
-- machine does can only add to it.

CREATE EXTENSION IF NOT EXISTS topcache;

-- the records of the benchmark of reads and writes, about 250 bytes each
CREATE TABLE documents AS
SELECT value, value::text AS as_text, topcache.to_msgpack(value) AS packed
FROM (SELECT jsonb_build_object(
		'id', g,
		'name', 'customer ' || g,
		'email', md5(g::text) || '@example.com',
		'city', 'city ' || g % 5000,
		'active', g % 3 = 0,
		'score', g % 1000,
		'tags', jsonb_build_array('alpha', 'beta', 'gamma'),
		'token', md5((- g)::text)) AS value
	FROM generate_series(1, 2000) g) generated;
VACUUM (FREEZE, ANALYZE) documents;

-- what is compared with what; wanted is the ratio to reach
CREATE TABLE contestants (name text PRIMARY KEY, title text, expression text,
	floor text, rival text, wanted numeric);
INSERT INTO contestants VALUES
	('to_text', '`jsonb::text`', 'value::text', 'pg_column_size(value)',
		NULL, NULL),
	('to_jsonb', '`text::jsonb`', 'as_text::jsonb', 'octet_length(as_text)',
		NULL, NULL),
	('cost', 'measuring: `cost`', 'topcache.cost(value, '''')',
		'pg_column_size(value)', 'to_text', 10),
	('encode', 'encoding: `to_msgpack`', 'topcache.to_msgpack(value)',
		'pg_column_size(value)', 'to_text', 4),
	('decode', 'decoding: `from_msgpack`', 'topcache.from_msgpack(packed)',
		'octet_length(packed)', 'to_jsonb', 1);
CREATE TABLE times (name text, round int, ns numeric, floor_ns numeric);

-- Nanoseconds per row of counting an expression.
CREATE FUNCTION time_of(expression text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT count(%s) FROM documents', expression);
	started timestamptz := clock_timestamp();
	n bigint;
BEGIN
	FOR i IN 1 .. 5 LOOP
		EXECUTE query INTO n;
	END LOOP;
	RETURN extract(epoch FROM clock_timestamp() - started) * 1e9 / (5 * n);
END $$;

SET jit = off;
SET max_parallel_workers_per_gather = 0;
SELECT set_config('bench.rounds', :'rounds', false) \g /dev/null

DO $$
BEGIN
	FOR round IN 0 .. current_setting('bench.rounds')::int LOOP
		INSERT INTO times
			SELECT name, round, time_of(expression), time_of(floor)
			FROM contestants ORDER BY random();
	END LOOP;
	-- the first one is to get warm
	DELETE FROM times t WHERE t.round = 0;
END $$;

\pset format unaligned
\pset tuples_only on
SELECT format(E'%s documents of %s bytes of jsonb, %s as text, '
	'%s as MessagePack\n', count(*), round(avg(pg_column_size(value))),
	round(avg(octet_length(as_text))), round(avg(octet_length(packed))))
FROM documents;
SELECT E'| | ns per document | faster than | times | wanted |\n'
	'| --- | ---: | --- | ---: | ---: |';
WITH least AS (
	SELECT c.*, (SELECT min(ns) - min(floor_ns) FROM times t
		WHERE t.name = c.name) AS ns
	FROM contestants c)
SELECT format('| %s | %s | %s | %s | %s |', l.title, round(l.ns), r.title,
	round(r.ns / l.ns, 1), l.wanted)
FROM least l LEFT JOIN least r ON r.name = l.rival
ORDER BY l.wanted NULLS FIRST, l.name DESC;
