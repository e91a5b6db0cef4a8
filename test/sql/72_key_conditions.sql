--
-- Whatever the conditions on a key are, and in whatever order: plain SQL
-- gives what it gives without topcache.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_match;
SET search_path = tc_match;
SET topcache.transparent_scan = on;
SET max_parallel_workers_per_gather = 0;

CREATE TABLE seats (r text, i int, v text, PRIMARY KEY (r, i));
INSERT INTO seats SELECT chr(96 + g / 10), g % 10, g FROM generate_series(10, 89) g;
CREATE TABLE asked (r text, i int, n int);
INSERT INTO asked VALUES ('a', 5, 1), ('b', 6, 2), ('c', 9, 3), ('z', 5, 4), (NULL, 5, 5);
CREATE TABLE halls (r text, i int, v text, PRIMARY KEY (r, i)) PARTITION BY LIST (r);
CREATE TABLE hall_a PARTITION OF halls FOR VALUES IN ('a', 'b');
CREATE TABLE hall_c PARTITION OF halls FOR VALUES IN ('c', 'd');
CREATE TABLE hall_others PARTITION OF halls DEFAULT;
INSERT INTO halls SELECT * FROM seats;
SELECT topcache.attach('seats'), topcache.attach('hall_a'), topcache.attach('hall_c');
ANALYZE;

-- Every choice of n of the conditions in every order; what is wrong, and whether
-- any was answered from the cache.
CREATE FUNCTION try(select_from text, conditions text[], n int,
	OUT tried int, OUT cached boolean, OUT wrong text[]) LANGUAGE plpgsql AS $$
DECLARE
	digest CONSTANT text := 'SELECT md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM (%s) t';
	query text;
	line text;
	ours text;
	theirs text;
BEGIN
	tried := 0;
	cached := false;
	wrong := '{}';
	FOR query IN
		WITH RECURSIVE choices (numbers, text) AS (
			SELECT '{}'::int[], '' UNION ALL
			SELECT numbers || i, concat_ws(' AND ', nullif(text, ''), conditions[i])
			  FROM choices, generate_subscripts(conditions, 1) i
			 WHERE cardinality(numbers) < n AND i <> ALL (numbers))
		SELECT select_from || ' WHERE ' || text FROM choices WHERE cardinality(numbers) = n
	LOOP
		tried := tried + 1;
		BEGIN
			PERFORM set_config('topcache.transparent_scan', 'off', true);
			EXECUTE format(digest, query) INTO theirs;
			PERFORM set_config('topcache.transparent_scan', 'on', true);
			EXECUTE format(digest, query) INTO ours;
		EXCEPTION WHEN OTHERS THEN
			ours := sqlerrm;
		END;
		IF ours IS DISTINCT FROM theirs AND cardinality(wrong) < 5 THEN
			wrong := wrong || format('%s: %s, not %s', query, ours, theirs);
		END IF;
		IF tried % 50 = 1 THEN
			FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
				cached := cached OR line LIKE '%(TopCache%';
			END LOOP;
		END IF;
	END LOOP;
END $$;

SELECT v FROM seats WHERE r = ANY ('{a,b,c,d}') AND i IN (5, 6) AND i = 5 ORDER BY v;
SELECT * FROM try('SELECT * FROM seats s', ARRAY['r = ''a''', 'r = ANY (''{a,b,c,d}'')',
	'r IN (''a'', ''b'')', 'i = 5', '5 = i', 'i IN (5, 6)', 'i = ANY (''{5}'')', 'i = 6',
	'i > 3', 'r = ANY (ARRAY(SELECT r FROM asked))', 'i = (SELECT min(i) FROM asked)'], 3);
SELECT * FROM try('SELECT * FROM seats s', ARRAY['r = ANY (''{a,b,c,d}'')',
	'r IN (''a'', ''b'')', 'i = 5', 'i IN (5, 6)', 'r >= ''b''', 'r = ''b'''], 4);

-- joins, where the planner makes conditions of its own
CREATE FUNCTION join_conditions() RETURNS text[] IMMUTABLE RETURN
	ARRAY['s.r = a.r', 's.i = a.i', 's.i = 5', 'a.i = 5', 'a.r = ''a''', 's.i IN (5, 6)',
	's.r = ANY (''{a,b,c,d}'')', 'a.i IN (5, 6)', 's.i = a.n + 4'];
SELECT * FROM try('SELECT * FROM asked a JOIN seats s ON true', join_conditions(), 3);
SELECT * FROM try('SELECT * FROM asked a LEFT JOIN seats s ON s.r = a.r', join_conditions(), 3);
SELECT * FROM try('SELECT * FROM asked a LEFT JOIN seats s ON s.r = a.r AND s.i = a.i',
	join_conditions(), 2);
SELECT * FROM try('SELECT * FROM asked a CROSS JOIN LATERAL (SELECT * FROM seats s
	WHERE s.i = a.i OFFSET 0) s', join_conditions(), 2);
SELECT * FROM try('SELECT * FROM asked a JOIN seats t ON t.r = a.r AND t.i = a.i
	JOIN seats s ON s.r = t.r', join_conditions(), 2);
BEGIN;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_material = off;
SELECT * FROM try('SELECT * FROM asked a JOIN seats s ON true', join_conditions(), 3);
SELECT * FROM try('SELECT * FROM asked a JOIN halls s ON true', join_conditions(), 3);
SELECT * FROM try('SELECT * FROM asked a LEFT JOIN halls s ON s.r = a.r', join_conditions(), 2);

-- a path of the whole that becomes one of its partitions
CREATE TABLE visits (r text, i int, n int) PARTITION BY LIST (r);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES IN ('a', 'b');
CREATE TABLE visits_c PARTITION OF visits FOR VALUES IN ('c', 'd');
CREATE TABLE visits_others PARTITION OF visits DEFAULT;
INSERT INTO visits SELECT * FROM asked;
INSERT INTO visits SELECT 'b', g % 10, g FROM generate_series(1, 100) g;
ANALYZE visits;
SET LOCAL enable_partitionwise_join = on;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_memoize = off;
SET LOCAL jit = off;
-- some releases say of what is disabled that it is
DO $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT * FROM visits a JOIN halls s ON s.r = a.r AND s.i = a.i' LOOP
		IF line !~ 'Disabled: true' THEN RAISE NOTICE '%', line; END IF;
	END LOOP;
END $$;
SELECT * FROM try('SELECT * FROM visits a JOIN halls s ON s.r = a.r', join_conditions(), 2);
SELECT * FROM try('SELECT * FROM visits a LEFT JOIN halls s ON s.r = a.r AND s.i = a.i',
	join_conditions(), 2);
SELECT * FROM try('SELECT * FROM visits a JOIN halls s ON s.r = a.r AND s.i = a.i
	LEFT JOIN LATERAL (SELECT s.v AS w FROM seats t WHERE t.r = a.r AND t.i = s.i) t ON true',
	join_conditions(), 2);
COMMIT;

-- parameters, also of plans for any of them
SET plan_cache_mode = force_generic_plan;
PREPARE seat_values(text[], int[], int) AS
	SELECT v FROM seats WHERE r = ANY ($1) AND i = ANY ($2) AND i = $3 ORDER BY v;
EXECUTE seat_values('{a,b,c,d}', '{5,6}', 5);
EXECUTE seat_values('{a,b,c,d}', '{5,6}', 7);
EXPLAIN (COSTS OFF) EXECUTE seat_values('{a,b,c,d}', '{5,6}', 5);
RESET plan_cache_mode;

SET client_min_messages = warning;
DROP SCHEMA tc_match CASCADE;
