/* sql/topcache--1.0.sql: every object of the extension, floor by floor */

-- complain if the script is sourced in psql rather than by CREATE EXTENSION
\echo Use "CREATE EXTENSION topcache" to load this file. \quit

CREATE SCHEMA topcache;
COMMENT ON SCHEMA topcache IS 'everything of the record cache topcache';
GRANT USAGE ON SCHEMA topcache TO PUBLIC;

----------------------------------------------------------------------
-- Definitions: which relations are maps.  Dumped and restored with the
-- database, so maps survive pg_dump; everything else lives in memory.  Those
-- of volatile maps are made anew from the options of their foreign tables.
----------------------------------------------------------------------

CREATE TABLE topcache.map_definition (
    relation     regclass PRIMARY KEY,
    key_columns  name[]   NOT NULL,
    value_column name,
    ttl          interval,
    max_idle     interval,
    max_cost     bigint,
    created      boolean  NOT NULL DEFAULT false,
    durable      boolean  NOT NULL DEFAULT true,
    key_numbers  int2[],
    value_number int2
);
COMMENT ON TABLE topcache.map_definition IS
    'one row per map; written by attach, alter_map and detach';
GRANT SELECT ON topcache.map_definition TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('topcache.map_definition', 'WHERE durable');

-- every backend that knows the relation must look again
CREATE FUNCTION topcache.definition_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'topcache_definition_changed' LANGUAGE C;
COMMENT ON FUNCTION topcache.definition_changed() IS
    'tells all sessions that the definition of a map has changed';
CREATE TRIGGER definition_changed
    AFTER INSERT OR UPDATE OR DELETE ON topcache.map_definition
    FOR EACH ROW EXECUTE FUNCTION topcache.definition_changed();
ALTER TABLE topcache.map_definition ENABLE ALWAYS TRIGGER definition_changed;

-- names make a definition fit for a dump, numbers survive renaming
CREATE FUNCTION topcache.number_columns() RETURNS trigger
    AS 'MODULE_PATHNAME', 'topcache_number_columns' LANGUAGE C;
COMMENT ON FUNCTION topcache.number_columns() IS
    'sets the numbers of the columns that the definition of a map names';
CREATE TRIGGER number_columns
    BEFORE INSERT OR UPDATE ON topcache.map_definition
    FOR EACH ROW EXECUTE FUNCTION topcache.number_columns();
ALTER TABLE topcache.map_definition ENABLE ALWAYS TRIGGER number_columns;
CREATE FUNCTION topcache.follow_renames() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'topcache_follow_renames' LANGUAGE C;
COMMENT ON FUNCTION topcache.follow_renames() IS
    'lets the definitions of maps follow when their columns are renamed';
CREATE EVENT TRIGGER topcache_follow_renames ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER TYPE')
    EXECUTE FUNCTION topcache.follow_renames();

CREATE FUNCTION topcache.define_volatile() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'topcache_define_volatile' LANGUAGE C;
COMMENT ON FUNCTION topcache.define_volatile() IS
    'makes a map of a foreign table that is created with option volatile';
CREATE EVENT TRIGGER topcache_define_volatile ON ddl_command_end
    WHEN TAG IN ('CREATE FOREIGN TABLE')
    EXECUTE FUNCTION topcache.define_volatile();

CREATE FUNCTION topcache.keep_triggers() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'topcache_keep_triggers' LANGUAGE C;
COMMENT ON FUNCTION topcache.keep_triggers() IS
    'enables the triggers of maps always when they are enabled';
CREATE EVENT TRIGGER topcache_keep_triggers ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION topcache.keep_triggers();

-- everything is found by the name of the schema, whoever renames it
CREATE FUNCTION topcache.keep_schema() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'topcache_keep_schema' LANGUAGE C;
COMMENT ON FUNCTION topcache.keep_schema() IS
    'refuses another name for the schema of topcache';
CREATE EVENT TRIGGER topcache_keep_schema ON ddl_command_end
    WHEN TAG IN ('ALTER SCHEMA')
    EXECUTE FUNCTION topcache.keep_schema();
ALTER EVENT TRIGGER topcache_keep_schema ENABLE ALWAYS;

-- a dropped relation takes its definition with it
CREATE FUNCTION topcache.forget_dropped() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'topcache_forget_dropped' LANGUAGE C;
COMMENT ON FUNCTION topcache.forget_dropped() IS
    'removes the definitions of relations that have been dropped';
CREATE EVENT TRIGGER topcache_forget_dropped ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP FOREIGN TABLE', 'DROP SCHEMA',
                 'DROP OWNED', 'DROP EXTENSION', 'DROP SERVER', 'DROP TYPE',
                 'DROP DOMAIN')
    EXECUTE FUNCTION topcache.forget_dropped();

----------------------------------------------------------------------
-- The guard: what keeps a map's records in step with its backing table.
----------------------------------------------------------------------

CREATE FUNCTION topcache.row_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'topcache_row_changed' LANGUAGE C;
COMMENT ON FUNCTION topcache.row_changed() IS
    'row trigger of a backing table: brings the changed record up to date';

CREATE FUNCTION topcache.table_truncated() RETURNS trigger
    AS 'MODULE_PATHNAME', 'topcache_table_truncated' LANGUAGE C;
COMMENT ON FUNCTION topcache.table_truncated() IS
    'statement trigger of a backing table: empties the map on TRUNCATE';

----------------------------------------------------------------------
-- Volatile maps are named by a foreign table on this server.
----------------------------------------------------------------------

CREATE FUNCTION topcache.fdw_handler() RETURNS fdw_handler
    AS 'MODULE_PATHNAME', 'topcache_fdw_handler' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.fdw_handler() IS
    'handler of the foreign data wrapper topcache';
CREATE FUNCTION topcache.fdw_validator(options text[], catalog oid)
    RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_fdw_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.fdw_validator(text[], oid) IS
    'checks the options of foreign tables on server topcache';
CREATE FOREIGN DATA WRAPPER topcache
    HANDLER topcache.fdw_handler VALIDATOR topcache.fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER topcache IS 'maps of topcache as tables';
CREATE SERVER topcache FOREIGN DATA WRAPPER topcache;
COMMENT ON SERVER topcache IS 'the record cache of this server';
GRANT USAGE ON FOREIGN SERVER topcache TO PUBLIC;

----------------------------------------------------------------------
-- Maps
----------------------------------------------------------------------

CREATE FUNCTION topcache.create_map(name text,
    ttl interval DEFAULT NULL, max_idle interval DEFAULT NULL,
    max_cost bigint DEFAULT NULL, durable boolean DEFAULT true,
    value_type regtype DEFAULT 'jsonb') RETURNS regclass
    AS 'MODULE_PATHNAME', 'topcache_create_map' LANGUAGE C;
COMMENT ON FUNCTION topcache.create_map(text, interval, interval, bigint,
    boolean, regtype) IS
    'makes a key-value table and attaches it; with durable => false, a map without a table';

CREATE FUNCTION topcache.attach(relation regclass,
    key name[] DEFAULT NULL, value name DEFAULT NULL,
    ttl interval DEFAULT NULL, max_idle interval DEFAULT NULL,
    max_cost bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_attach' LANGUAGE C;
COMMENT ON FUNCTION topcache.attach(regclass, name[], name, interval,
    interval, bigint) IS
    'makes a map of an existing table; for the owner of the table';

CREATE FUNCTION topcache.alter_map(relation regclass,
    ttl interval DEFAULT NULL, max_idle interval DEFAULT NULL,
    max_cost bigint DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_alter_map' LANGUAGE C;
COMMENT ON FUNCTION topcache.alter_map(regclass, interval, interval, bigint) IS
    'changes the limits of a map; an argument left out keeps what it was, 0 takes a limit away';

CREATE FUNCTION topcache.detach(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_detach' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.detach(regclass) IS
    'ends a map and keeps its table';

CREATE FUNCTION topcache.drop_map(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_drop_map' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.drop_map(regclass) IS
    'drops a map that create_map made, and its table';

----------------------------------------------------------------------
-- Reading
----------------------------------------------------------------------

CREATE FUNCTION topcache.get(relation regclass, key anycompatible)
    RETURNS jsonb
    AS 'MODULE_PATHNAME', 'topcache_get'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.get(regclass, anycompatible) IS
    'the record under a key; NULL when there is none';

CREATE FUNCTION topcache.get_text(relation regclass, key anycompatible)
    RETURNS text
    AS 'MODULE_PATHNAME', 'topcache_get_text'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.get_text(regclass, anycompatible) IS
    'the record under a key in its text form; NULL when there is none';

CREATE FUNCTION topcache.get_msgpack(relation regclass, key anycompatible)
    RETURNS bytea
    AS 'MODULE_PATHNAME', 'topcache_get_msgpack'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.get_msgpack(regclass, anycompatible) IS
    'the record under a key as MessagePack; NULL when there is none';

CREATE FUNCTION topcache.get_many(relation regclass, keys anycompatiblearray,
    OUT key text, OUT value jsonb) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_get_many'
    LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION topcache.get_many(regclass, anycompatiblearray) IS
    'one row per key in the order of the keys; the value is NULL when there is no record';

CREATE FUNCTION topcache.get_many_text(relation regclass,
    keys anycompatiblearray, OUT key text, OUT value text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_get_many_text'
    LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION topcache.get_many_text(regclass, anycompatiblearray) IS
    'like get_many, with values in their text form';

CREATE FUNCTION topcache.get_many_msgpack(relation regclass,
    keys anycompatiblearray, OUT key text, OUT value bytea)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_get_many_msgpack'
    LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION topcache.get_many_msgpack(regclass, anycompatiblearray) IS
    'like get_many, with values as MessagePack';

CREATE FUNCTION topcache.fetch("row" anyelement, key anycompatible)
    RETURNS anyelement
    AS 'MODULE_PATHNAME', 'topcache_fetch'
    LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION topcache.fetch(anyelement, anycompatible) IS
    'the row of a table under a key, the table named by its row type: fetch(NULL::orders, 42); NULL when there is none';

CREATE FUNCTION topcache.fetch_many("row" anyelement, keys anycompatiblearray)
    RETURNS SETOF anyelement
    AS 'MODULE_PATHNAME', 'topcache_fetch_many'
    LANGUAGE C STABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION topcache.fetch_many(anyelement, anycompatiblearray) IS
    'one row of a table per key in the order of the keys, NULL where there is none';

CREATE FUNCTION topcache.contains(relation regclass, key anycompatible)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_contains'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.contains(regclass, anycompatible) IS
    'is there a record under this key?';

CREATE FUNCTION topcache.is_resident(relation regclass, key anycompatible)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_is_resident'
    LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.is_resident(regclass, anycompatible) IS
    'is the record in the segment now?';

CREATE FUNCTION topcache.scan(relation regclass,
    OUT key text, OUT value jsonb) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_scan'
    LANGUAGE C STABLE STRICT ROWS 10000;
COMMENT ON FUNCTION topcache.scan(regclass) IS
    'every record of a map, resident or not';

----------------------------------------------------------------------
-- Writing
----------------------------------------------------------------------

CREATE FUNCTION topcache.put(relation regclass, key anycompatible,
    value jsonb, ttl interval DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_put' LANGUAGE C;
COMMENT ON FUNCTION topcache.put(regclass, anycompatible, jsonb, interval) IS
    'writes a record, through to the table; true when the key is new';

CREATE FUNCTION topcache.put_text(relation regclass, key anycompatible,
    value text, ttl interval DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_put_text' LANGUAGE C;
COMMENT ON FUNCTION topcache.put_text(regclass, anycompatible, text,
    interval) IS
    'writes a record given in its text form; true when the key is new';

CREATE FUNCTION topcache.put_msgpack(relation regclass, key anycompatible,
    data bytea, ttl interval DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_put_msgpack' LANGUAGE C;
COMMENT ON FUNCTION topcache.put_msgpack(regclass, anycompatible, bytea,
    interval) IS
    'writes a record given as MessagePack, a row as a map of its columns; true when the key is new';

CREATE FUNCTION topcache.put_many(relation regclass, keys anycompatiblearray,
    "values" jsonb[], ttl interval DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_put_many' LANGUAGE C;
COMMENT ON FUNCTION topcache.put_many(regclass, anycompatiblearray, jsonb[],
    interval) IS
    'writes many records; the number of keys that are new';

CREATE FUNCTION topcache.put_if_absent(relation regclass, key anycompatible,
    value jsonb, ttl interval DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_put_if_absent' LANGUAGE C;
COMMENT ON FUNCTION topcache.put_if_absent(regclass, anycompatible, jsonb,
    interval) IS
    'writes a record unless the key has one; true when it was written';

CREATE FUNCTION topcache.replace(relation regclass, key anycompatible,
    expected jsonb, value jsonb) RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_replace' LANGUAGE C;
COMMENT ON FUNCTION topcache.replace(regclass, anycompatible, jsonb, jsonb) IS
    'writes a record if it still has the expected value; true when it was written';

CREATE FUNCTION topcache.incr(relation regclass, key anycompatible,
    by bigint DEFAULT 1) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_incr' LANGUAGE C;
COMMENT ON FUNCTION topcache.incr(regclass, anycompatible, bigint) IS
    'adds to a number and returns the sum; a missing record counts as 0';

CREATE FUNCTION topcache.remove(relation regclass, key anycompatible)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_remove' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.remove(regclass, anycompatible) IS
    'deletes a record; true when there was one';

CREATE FUNCTION topcache.remove_many(relation regclass,
    keys anycompatiblearray) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_remove_many' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.remove_many(regclass, anycompatiblearray) IS
    'deletes many records; the number that there were';

CREATE FUNCTION topcache.touch(relation regclass, key anycompatible,
    ttl interval) RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_touch' LANGUAGE C;
COMMENT ON FUNCTION topcache.touch(regclass, anycompatible, interval) IS
    'gives a record a new time to live, NULL for ever; true when there is one';

CREATE FUNCTION topcache.clear(relation regclass) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_clear' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.clear(regclass) IS
    'deletes every record of a map; the number that there were';

----------------------------------------------------------------------
-- Residency
----------------------------------------------------------------------

CREATE FUNCTION topcache.hydrate(relation regclass,
    max_records bigint DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_hydrate' LANGUAGE C;
COMMENT ON FUNCTION topcache.hydrate(regclass, bigint) IS
    'loads records ahead of use; the number loaded';

CREATE FUNCTION topcache.evict(relation regclass, key anycompatible)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'topcache_evict' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.evict(regclass, anycompatible) IS
    'drops a clean record from the segment; true when it was dropped';

CREATE FUNCTION topcache.evict_lru(relation regclass, n bigint)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_evict_lru' LANGUAGE C STRICT;
COMMENT ON FUNCTION topcache.evict_lru(regclass, bigint) IS
    'drops the n least recently used clean records of a map; the number dropped';

CREATE FUNCTION topcache.evict_all(relation regclass) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_evict_all' LANGUAGE C;
COMMENT ON FUNCTION topcache.evict_all(regclass) IS
    'drops all clean records of a map; the number dropped';
CREATE FUNCTION topcache.evict_all() RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_evict_everything' LANGUAGE C;
COMMENT ON FUNCTION topcache.evict_all() IS
    'drops all clean records of all maps of all databases; the number dropped';

----------------------------------------------------------------------
-- Looking
----------------------------------------------------------------------

CREATE FUNCTION topcache.entries(INOUT relation regclass DEFAULT NULL,
    OUT key text, OUT cost bigint, OUT bytes bigint,
    OUT dirty boolean, OUT hits bigint, OUT last_access timestamptz,
    OUT age interval) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_entries' LANGUAGE C ROWS 10000;
COMMENT ON FUNCTION topcache.entries(regclass) IS
    'the resident records of a map, or of all maps of this database that the caller may read';

CREATE FUNCTION topcache.advise(relation regclass DEFAULT NULL,
    OUT size bigint, OUT hit_ratio double precision, OUT reads bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_advise' LANGUAGE C ROWS 17;
COMMENT ON FUNCTION topcache.advise(regclass) IS
    'which part of the recent reads of a map, or of all maps, a segment of some size would have answered';

CREATE FUNCTION topcache.map_state(OUT relation regclass, OUT state text,
    OUT reason text, OUT durable boolean, OUT records bigint,
    OUT dirty_records bigint, OUT cost bigint, OUT bytes bigint,
    OUT hits bigint, OUT misses_cold bigint, OUT misses_evicted bigint,
    OUT misses_expired bigint, OUT misses_invalidated bigint,
    OUT misses_snapshot bigint, OUT misses_oversize bigint, OUT miss_ns bigint,
    OUT bypasses_own_writes bigint, OUT bypasses_serializable bigint,
    OUT bypasses_row_security bigint, OUT bypasses_suspended bigint,
    OUT bypasses_disabled bigint, OUT bypasses_recovery bigint,
    OUT bypasses_snapshot bigint,
    OUT fills bigint, OUT fills_lost bigint, OUT puts bigint,
    OUT removes bigint, OUT evictions_backend bigint,
    OUT evictions_worker bigint, OUT evictions_budget bigint,
    OUT evictions_idle bigint, OUT evictions_command bigint,
    OUT expirations bigint, OUT invalidations bigint,
    OUT not_resident bigint, OUT cost_defaulted bigint,
    OUT stats_reset timestamptz)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_map_state' LANGUAGE C ROWS 10;
COMMENT ON FUNCTION topcache.map_state() IS
    'state and counters of every map of this database';

CREATE VIEW topcache.maps AS
    SELECT s.relation, s.state, s.reason, s.durable,
           d.key_columns, d.value_column, d.ttl, d.max_idle, d.max_cost,
           s.records, s.dirty_records, s.cost, s.bytes
      FROM topcache.map_state() s
      JOIN topcache.map_definition d USING (relation);
COMMENT ON VIEW topcache.maps IS 'every map of this database, and what it holds';

CREATE VIEW topcache.stats AS
    SELECT s.relation, s.hits, t.misses, t.bypasses,
           s.misses_cold, s.misses_evicted, s.misses_expired,
           s.misses_invalidated, s.misses_snapshot, s.misses_oversize,
           s.bypasses_own_writes, s.bypasses_serializable,
           s.bypasses_row_security, s.bypasses_suspended,
           s.bypasses_disabled, s.bypasses_recovery, s.bypasses_snapshot,
           s.fills, s.fills_lost, s.miss_ns / 1e6 AS fill_time,
           s.hits * (s.miss_ns / 1e6) / nullif(t.misses, 0) AS time_saved,
           s.puts, s.removes, t.evictions,
           s.evictions_backend, s.evictions_worker, s.evictions_budget,
           s.evictions_idle, s.evictions_command,
           s.expirations, s.invalidations, s.not_resident, s.cost_defaulted,
           s.records, s.dirty_records, s.cost, s.bytes, s.stats_reset
      FROM topcache.map_state() s
     CROSS JOIN LATERAL (SELECT
           s.misses_cold + s.misses_evicted + s.misses_expired
           + s.misses_invalidated + s.misses_snapshot
           + s.misses_oversize AS misses,
           s.bypasses_own_writes + s.bypasses_serializable
           + s.bypasses_row_security + s.bypasses_suspended
           + s.bypasses_disabled + s.bypasses_recovery
           + s.bypasses_snapshot AS bypasses,
           s.evictions_backend + s.evictions_worker + s.evictions_budget
           + s.evictions_idle + s.evictions_command AS evictions) t;
COMMENT ON VIEW topcache.stats IS
    'what happened to every map since stats_reset, and what it holds; times in milliseconds';
COMMENT ON COLUMN topcache.stats.fill_time IS
    'milliseconds that misses took: reading the table, and keeping what was read';
COMMENT ON COLUMN topcache.stats.time_saved IS
    'milliseconds that hits would have taken as misses: an estimate';

CREATE VIEW topcache.top AS
    SELECT s.relation AS map, m.state,
           round(100 * r.hit_ratio, 1) AS "hit %",
           rpad(repeat('#', round(20 * coalesce(r.hit_ratio, 0))::int), 20, '.')
               AS hits,
           pg_catalog.pg_size_pretty(s.bytes) AS memory,
           rpad(repeat('#', round(20.0 * s.bytes / r.size)::int), 20, '.')
               AS "of the segment",
           s.records, s.dirty_records AS dirty, s.misses, s.bypasses,
           s.evictions, round((s.time_saved / 1000)::numeric, 1) AS "saved s"
      FROM topcache.stats s
      JOIN topcache.maps m USING (relation)
     CROSS JOIN LATERAL (SELECT
           s.hits::numeric / nullif(s.hits + s.misses + s.bypasses, 0)
               AS hit_ratio,
           pg_catalog.pg_size_bytes(
               pg_catalog.current_setting('topcache.size')) AS size) r
     ORDER BY s.bytes DESC, s.relation::text;
COMMENT ON VIEW topcache.top IS
    'a line per map, with bars, for \watch';

CREATE FUNCTION topcache.load_progress(OUT pid int, OUT operation text,
    OUT database oid, OUT relation regclass, OUT done bigint,
    OUT loaded bigint, OUT total bigint, OUT started timestamptz)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_load_progress' LANGUAGE C ROWS 10;
COMMENT ON FUNCTION topcache.load_progress() IS
    'loads that are under way, of all databases';
CREATE VIEW topcache.progress AS
    SELECT p.pid, p.operation, d.datname AS database, p.relation, p.done,
           p.loaded, p.total, p.started
      FROM topcache.load_progress() p
      LEFT JOIN pg_catalog.pg_database d ON d.oid = p.database;
COMMENT ON VIEW topcache.progress IS
    'how far hydrate() and the warm-up after a start have come';

CREATE FUNCTION topcache.memory_use(OUT name text, OUT bytes bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_memory_use' LANGUAGE C ROWS 10;
COMMENT ON FUNCTION topcache.memory_use() IS
    'where the bytes of the segment are; they sum to topcache.size';
CREATE VIEW topcache.memory AS SELECT name, bytes FROM topcache.memory_use();
COMMENT ON VIEW topcache.memory IS
    'where the bytes of the segment are; they sum to topcache.size';

CREATE FUNCTION topcache.huge_pages(OUT moved bigint, OUT pending bigint)
    AS 'MODULE_PATHNAME', 'topcache_huge_pages' LANGUAGE C;
COMMENT ON FUNCTION topcache.huge_pages() IS
    'bytes of the segment that have been moved to huge pages, and that are yet to be';

CREATE FUNCTION topcache.reset_stats(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_reset_stats' LANGUAGE C;
COMMENT ON FUNCTION topcache.reset_stats(regclass) IS
    'sets the counters of a map back to zero';
CREATE FUNCTION topcache.reset_stats() RETURNS void
    AS 'MODULE_PATHNAME', 'topcache_reset_all_stats' LANGUAGE C;
COMMENT ON FUNCTION topcache.reset_stats() IS
    'sets the counters of all maps of this database back to zero';

CREATE FUNCTION topcache.verify(relation regclass,
    OUT key text, OUT problem text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'topcache_verify' LANGUAGE C STRICT ROWS 10;
COMMENT ON FUNCTION topcache.verify(regclass) IS
    'holds every resident record against the table under one snapshot; returns what differs';

----------------------------------------------------------------------
-- MessagePack and cost
----------------------------------------------------------------------

CREATE FUNCTION topcache.to_msgpack(value jsonb) RETURNS bytea
    AS 'MODULE_PATHNAME', 'topcache_to_msgpack'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.to_msgpack(jsonb) IS
    'a document as MessagePack';
CREATE FUNCTION topcache.from_msgpack(data bytea) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'topcache_from_msgpack'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.from_msgpack(bytea) IS
    'a document from MessagePack';
CREATE FUNCTION topcache.cost(value jsonb, key text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'topcache_cost'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION topcache.cost(jsonb, text) IS
    'the cost of a record: length as MessagePack, at least 1, plus length of the key';

-- what concerns the whole cache, not one map, is not for everybody
REVOKE ALL ON FUNCTION topcache.evict_all() FROM PUBLIC;
REVOKE ALL ON FUNCTION topcache.reset_stats() FROM PUBLIC;
REVOKE ALL ON FUNCTION topcache.definition_changed() FROM PUBLIC;
REVOKE ALL ON FUNCTION topcache.forget_dropped() FROM PUBLIC;
REVOKE ALL ON FUNCTION topcache.number_columns() FROM PUBLIC;
REVOKE ALL ON FUNCTION topcache.follow_renames() FROM PUBLIC;
GRANT SELECT ON topcache.maps, topcache.stats, topcache.memory, topcache.top,
    topcache.progress TO PUBLIC;
