--
-- Statistics that explain a miss.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_stats;
SET search_path = tc_stats;
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g;
SELECT topcache.attach('t');

-- What was counted since the last time, without what is zero.
CREATE TABLE before (counts jsonb);
INSERT INTO before VALUES ('{}');
CREATE FUNCTION counted(map regclass DEFAULT 't') RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	now_counts jsonb := (SELECT to_jsonb(s) - '{relation,fill_time,time_saved,stats_reset}'::text[]
		FROM topcache.stats s WHERE relation = map);
	old_counts jsonb := (SELECT counts FROM before);
BEGIN
	UPDATE before SET counts = now_counts;
	RETURN (SELECT jsonb_object_agg(key, value::bigint - coalesce((old_counts ->> key)::bigint, 0))
		FROM jsonb_each_text(now_counts)
		WHERE value::bigint <> coalesce((old_counts ->> key)::bigint, 0));
END $$;
SELECT counted();

-- hits, and misses of what has never been there; a few of these may be taken for
-- others, whose marks other maps have left
SELECT count(topcache.get('t', g)) FROM generate_series(1, 10) g;
SELECT c - '{misses_cold,misses_evicted,misses_expired,misses_invalidated}'::text[] AS counted,
	(c ->> 'misses_cold')::int > 5 AS cold FROM counted() c;
SELECT count(topcache.get('t', g)) FROM generate_series(1, 12) g;
SELECT c - '{misses_cold,misses_evicted,misses_expired,misses_invalidated}'::text[] AS counted FROM counted() c;

-- of what was evicted, by command here
SELECT topcache.evict_lru('t', 4), topcache.evict('t', 10);
SELECT counted();
SELECT count(topcache.get('t', g)) FROM generate_series(1, 12) g;
SELECT counted();

-- of what is too large
INSERT INTO t VALUES (200, (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 40000) g));
SELECT counted() ? 'never';
SELECT length(topcache.get_text('t', 200)) > 1000000, length(topcache.get_text('t', 200)) > 1000000;
SELECT counted();

-- of what had its time
SELECT topcache.alter_map('t', ttl => '1 microsecond');
SELECT counted() ? 'never';
SELECT topcache.get('t', 20);
SELECT topcache.get('t', 20);
SELECT counted() ->> 'misses_expired';
SELECT topcache.alter_map('t', ttl => '0');

-- reads past the cache, by why
SELECT counted() ? 'never';
BEGIN;
UPDATE t SET v = 'mine' WHERE id = 7;
SELECT topcache.get('t', 7);
COMMIT;
SELECT counted() -> 'bypasses_own_writes';
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT topcache.get('t', 7), topcache.get('t', 8);
COMMIT;
SELECT counted() -> 'bypasses_serializable';
SET topcache.enabled = off;
SELECT topcache.get('t', 7);
RESET topcache.enabled;
SELECT counted() -> 'bypasses_disabled';
CREATE ROLE tc_stats_reader;
GRANT USAGE ON SCHEMA tc_stats TO tc_stats_reader;
GRANT SELECT ON t TO tc_stats_reader;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON t USING (true);
SET ROLE tc_stats_reader;
SELECT topcache.get('t', 7);
RESET ROLE;
SELECT counted() -> 'bypasses_row_security';
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
ALTER TABLE t DISABLE TRIGGER ALL;
SELECT topcache.get('t', 7), topcache.get('t', 8);
SELECT state FROM topcache.maps WHERE relation = 't'::regclass;
-- these show when the map has a place again
SELECT counted() -> 'bypasses_suspended';
ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed;
ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_table_truncated;
SELECT topcache.get('t', 7);
SELECT counted() -> 'bypasses_suspended';

-- what was counted outlives changes of the table
SELECT hits > 10 AS hits, misses_cold > 10 AS misses FROM topcache.stats WHERE relation = 't'::regclass;
ALTER TABLE t ADD more int DEFAULT 1;
VACUUM FULL t;
SELECT topcache.get('t', 7);
SELECT hits > 10 AS hits, misses_cold > 10 AS misses FROM topcache.stats WHERE relation = 't'::regclass;

-- the sums are the sums of their parts; time goes by
SELECT misses = misses_cold + misses_evicted + misses_expired + misses_invalidated
		+ misses_snapshot + misses_oversize AS misses,
	bypasses = bypasses_own_writes + bypasses_serializable + bypasses_row_security
		+ bypasses_suspended + bypasses_disabled + bypasses_recovery + bypasses_snapshot AS bypasses,
	evictions = evictions_backend + evictions_worker + evictions_budget + evictions_idle
		+ evictions_command AS evictions,
	fill_time > 0 AS fill_time,
	abs(time_saved - hits * fill_time / misses) < 0.001 AS time_saved
FROM topcache.stats WHERE relation = 't'::regclass;

-- a line per map
SELECT map, state, length(hits) AS hits, length("of the segment") AS memory, records > 0 AS records
FROM topcache.top WHERE map = 't'::regclass;

-- a budget
SELECT topcache.alter_map('t', max_cost => 100);
SELECT count(topcache.get('t', g)) FROM generate_series(1, 100) g;
SELECT (counted() ->> 'evictions_budget')::int > 50 AS by_budget;

-- anybody may look, whoever may read the tables
SET ROLE tc_stats_reader;
SELECT count(*) > 0 AS looked FROM topcache.stats WHERE hits + misses > 0;
SELECT count(*) > 0 AS looked FROM topcache.top;
SELECT count(*) > 0 AS looked FROM topcache.memory;
RESET ROLE;
SELECT topcache.reset_stats('t');
SELECT hits, misses, bypasses, evictions, expirations, fills, fill_time, time_saved,
	stats_reset > now() - interval '1 minute' AS reset
FROM topcache.stats WHERE relation = 't'::regclass;

SET client_min_messages = warning;
DROP SCHEMA tc_stats CASCADE;
DROP OWNED BY tc_stats_reader;
DROP ROLE tc_stats_reader;
