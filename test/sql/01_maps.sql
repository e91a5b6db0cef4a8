-- Maps: made, attached, altered, detached, dropped, and what is refused.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_maps;
CREATE SCHEMA tc_elsewhere;
SET search_path = tc_maps;

--
-- A map is an ordinary table plus a cache.
--
SELECT topcache.create_map('sessions', ttl => '30 min', max_idle => '10 min',
	max_cost => 1000000);
\d sessions
SELECT topcache.put('sessions', 'abc', '{"user": 7}');
SELECT topcache.get('sessions', 'abc');
SELECT key, value, expires_at IS NOT NULL AS expires FROM sessions;

SELECT relation, state, reason, durable, key_columns, value_column,
	ttl, max_idle, max_cost, records, dirty_records,
	cost = topcache.cost('{"user": 7}', 'abc') AS cost, bytes > 0 AS bytes
FROM topcache.maps WHERE relation = 'sessions'::regclass;
SELECT relation, puts, removes, evictions, not_resident, cost_defaulted
FROM topcache.stats WHERE relation = 'sessions'::regclass;
SELECT relation, key_columns, value_column, ttl, max_idle, max_cost, created,
	durable
FROM topcache.map_definition WHERE relation = 'sessions'::regclass;

-- the defaults: no limits, jsonb, durable
SELECT topcache.create_map('plain');
SELECT relation, state, reason, durable, ttl, max_idle, max_cost, records,
	dirty_records, cost, bytes
FROM topcache.maps WHERE relation = 'plain'::regclass;

-- values of other types
SELECT topcache.create_map('texts', value_type => 'text');
SELECT topcache.create_map('numbers', value_type => 'bigint');
SELECT topcache.create_map('documents', value_type => 'json');
SELECT attrelid::regclass, attname, atttypid::regtype, attnotnull
FROM pg_attribute
WHERE attrelid IN ('texts'::regclass, 'numbers'::regclass,
	'documents'::regclass) AND attnum > 0
ORDER BY attrelid::regclass::text, attnum;

-- the table is made where the search_path makes tables
SET search_path = tc_elsewhere, tc_maps;
SELECT topcache.create_map('here');
SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'here'::regclass;
SELECT topcache.create_map('tc_maps.there');
SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'there'::regclass;
-- two maps of one name in two schemas are two maps
SELECT topcache.create_map('plain');
SELECT topcache.put('tc_elsewhere.plain', 'k', '"elsewhere"');
SELECT topcache.put('tc_maps.plain', 'k', '"maps"');
SELECT topcache.get('plain', 'k');
SET search_path = tc_maps, tc_elsewhere;
SELECT topcache.get('plain', 'k');
SELECT topcache.get('tc_elsewhere.plain', 'k');
SET search_path = tc_maps;
SELECT topcache.get('here', 'k');

-- a name means the same to create_map and to everything else
SELECT n AS name, topcache.create_map(n) AS made
FROM unnest(ARRAY['MixedCase', '"MixedCase"', '"with space"',
	'"with ""quotes"" and ''apostrophes''"', '"dotted.name"',
	'tc_maps."select"', '"%s%I"', 'größe']) n;
SELECT n AS name, topcache.put(n::regclass, 'k', to_jsonb(n)),
	topcache.get(n::regclass, 'k')
FROM unnest(ARRAY['MixedCase', '"MixedCase"', '"with space"',
	'"with ""quotes"" and ''apostrophes''"', '"dotted.name"',
	'tc_maps."select"', '"%s%I"', 'größe']) n;
SELECT n AS name, topcache.get(n::regclass, 'k') = to_jsonb(n) AS same
FROM unnest(ARRAY['MixedCase', '"MixedCase"', '"with space"',
	'"with ""quotes"" and ''apostrophes''"', '"dotted.name"',
	'tc_maps."select"', '"%s%I"', 'größe']) n;
SELECT count(topcache.drop_map(n::regclass)::text)
FROM unnest(ARRAY['MixedCase', '"MixedCase"', '"with space"',
	'"with ""quotes"" and ''apostrophes''"', '"dotted.name"',
	'tc_maps."select"', '"%s%I"', 'größe']) n;

-- what create_map refuses
SELECT topcache.create_map('sessions');
SELECT topcache.create_map(NULL);
SELECT topcache.create_map('');
SELECT topcache.create_map('nowhere.sessions');
SELECT topcache.create_map('a.b.c.d');
SELECT topcache.create_map('"unterminated');
SELECT topcache.create_map('bad', ttl => '0');
SELECT topcache.create_map('bad', ttl => '-1 s');
SELECT topcache.create_map('bad', max_idle => '0');
SELECT topcache.create_map('bad', max_idle => '-1 s');
SELECT topcache.create_map('bad', max_cost => 0);
SELECT topcache.create_map('bad', max_cost => -1);
SELECT topcache.create_map('bad', durable => NULL);
SELECT topcache.create_map('bad', value_type => NULL);
SELECT topcache.create_map('bad', value_type => 'record');
SELECT topcache.create_map('bad', value_type => 'no_such_type');
SELECT to_regclass('bad') IS NULL AS nothing_made;
SET search_path = '';
SELECT topcache.create_map('bad');
SET search_path = tc_maps;

--
-- Definitions survive the session, renames and moves.
--
\c -
\set SHOW_CONTEXT never
SET search_path = tc_maps;
SELECT relation, state, durable, ttl, max_idle, max_cost
FROM topcache.maps WHERE relation = 'sessions'::regclass;
SELECT topcache.get('sessions', 'abc');
ALTER TABLE sessions RENAME TO visits;
SELECT topcache.get('visits', 'abc');
SELECT relation, state, reason FROM topcache.maps
WHERE relation = 'visits'::regclass;
ALTER TABLE visits SET SCHEMA tc_elsewhere;
SELECT topcache.get('tc_elsewhere.visits', 'abc');
SELECT topcache.put('tc_elsewhere.visits', 'abc', '8');
SELECT topcache.get('tc_elsewhere.visits', 'abc'), value
FROM tc_elsewhere.visits;
SELECT topcache.get('sessions', 'abc');
ALTER SCHEMA tc_elsewhere RENAME TO tc_renamed;
SELECT topcache.get('tc_renamed.visits', 'abc');
ALTER SCHEMA tc_renamed RENAME TO tc_elsewhere;
ALTER TABLE tc_elsewhere.visits SET SCHEMA tc_maps;
ALTER TABLE visits RENAME TO sessions;

--
-- alter_map changes what it is given and keeps the rest.
--
SELECT topcache.alter_map('sessions', ttl => '1 hour');
SELECT ttl, max_idle, max_cost FROM topcache.maps
WHERE relation = 'sessions'::regclass;
SELECT topcache.alter_map('sessions', max_idle => '5 min', max_cost => 77);
SELECT ttl, max_idle, max_cost FROM topcache.maps
WHERE relation = 'sessions'::regclass;
SELECT topcache.alter_map('sessions');
SELECT ttl, max_idle, max_cost FROM topcache.maps
WHERE relation = 'sessions'::regclass;
SELECT topcache.alter_map('sessions', ttl => '-1 s');
SELECT topcache.alter_map('sessions', max_cost => -1);
-- 0 takes a limit away
SELECT topcache.alter_map('sessions', max_idle => '0');
SELECT topcache.alter_map('sessions', max_cost => 0);
SELECT topcache.alter_map('topcache.map_definition', ttl => '1 s');
SELECT topcache.alter_map(NULL, ttl => '1 s');
BEGIN;
SELECT topcache.alter_map('sessions', ttl => '1 day');
ROLLBACK;
SELECT ttl, max_idle, max_cost FROM topcache.maps
WHERE relation = 'sessions'::regclass;
-- a new time to live is for records written from now on
SELECT topcache.put('sessions', 'short', '1');
SELECT topcache.alter_map('sessions', ttl => '1 day');
SELECT topcache.put('sessions', 'long', '1');
SELECT key, expires_at < now() + interval '2 hours' AS within_two_hours
FROM sessions WHERE key IN ('short', 'long') ORDER BY key;

--
-- attach makes a map of a table that exists.
--
CREATE TABLE existing (key text PRIMARY KEY, value jsonb NOT NULL,
	expires_at timestamptz);
INSERT INTO existing VALUES ('a', '1'), ('b', '{"x": [1, 2]}');
SELECT topcache.attach('existing', value => 'value');
SELECT relation, state, reason, durable, key_columns, value_column, ttl,
	max_idle, max_cost, records
FROM topcache.maps WHERE relation = 'existing'::regclass;
SELECT topcache.get('existing', 'a'), topcache.get('existing', 'b');
SELECT topcache.detach('existing');
SELECT topcache.attach('existing', key => '{key}', value => 'value',
	ttl => '1 day', max_idle => '2 days', max_cost => 3);
SELECT relation, state, key_columns, value_column, ttl, max_idle, max_cost
FROM topcache.maps WHERE relation = 'existing'::regclass;

-- what attach refuses
SELECT topcache.attach('existing', value => 'value');
SELECT topcache.attach('no_such_table');
SELECT topcache.attach(NULL);
CREATE TABLE candidate (key text PRIMARY KEY, value jsonb NOT NULL,
	expires_at timestamptz, other text, partly int,
	UNIQUE (other), UNIQUE (partly) DEFERRABLE);
SELECT topcache.attach('candidate', key => '{nokey}', value => 'value');
SELECT topcache.attach('candidate', key => '{}', value => 'value');
SELECT topcache.attach('candidate', key => '{NULL}', value => 'value');
SELECT topcache.attach('candidate', key => '{key,key}', value => 'value');
SELECT topcache.attach('candidate', key => '{value}', value => 'value');
SELECT topcache.attach('candidate', key => '{partly}', value => 'value');
SELECT topcache.attach('candidate', key => '{ctid}', value => 'value');
SELECT topcache.attach('candidate', value => 'novalue');
SELECT topcache.attach('candidate', value => 'ctid');
SELECT topcache.attach('candidate', value => 'value', ttl => '-1 s');
SELECT topcache.attach('candidate', value => 'value', max_idle => '0');
SELECT topcache.attach('candidate', value => 'value', max_cost => 0);
CREATE TABLE keyless (key text, value jsonb);
SELECT topcache.attach('keyless', value => 'value');
SELECT topcache.attach('keyless', key => '{key}', value => 'value');
CREATE TABLE deferred (key text PRIMARY KEY DEFERRABLE, value jsonb);
SELECT topcache.attach('deferred', value => 'value');
CREATE TABLE partial (key text, value jsonb NOT NULL);
CREATE UNIQUE INDEX ON partial (key) WHERE key > 'm';
SELECT topcache.attach('partial', key => '{key}', value => 'value');
CREATE TABLE expressed (key text, value jsonb NOT NULL);
CREATE UNIQUE INDEX ON expressed (lower(key));
SELECT topcache.attach('expressed', key => '{key}', value => 'value');
CREATE TABLE orders (key text PRIMARY KEY, value jsonb) PARTITION BY HASH (key);
SELECT topcache.attach('orders', value => 'value');
CREATE VIEW view AS SELECT * FROM existing;
SELECT topcache.attach('view', key => '{key}', value => 'value');
CREATE MATERIALIZED VIEW matview AS SELECT * FROM existing;
CREATE UNIQUE INDEX ON matview (key);
SELECT topcache.attach('matview', key => '{key}', value => 'value');
CREATE SEQUENCE seq;
SELECT topcache.attach('seq');
SELECT topcache.attach('existing_pkey');
CREATE FOREIGN TABLE remote (key text, value jsonb) SERVER topcache
	OPTIONS (relation 'another');
SELECT topcache.attach('remote', key => '{key}', value => 'value');
SELECT topcache.attach('pg_catalog.pg_class');
SELECT topcache.attach('topcache.map_definition');
CREATE TEMP TABLE temporary (key text PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('temporary', value => 'value');
CREATE TABLE parent (key text PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE child () INHERITS (parent);
SELECT topcache.attach('parent', value => 'value');
CREATE TABLE by_tsvector (key tsvector PRIMARY KEY, value jsonb NOT NULL);
SELECT topcache.attach('by_tsvector', value => 'value');
CREATE TYPE composite AS (key text, value jsonb);
SELECT topcache.attach('composite');
-- nothing of all this has made a map
SELECT relation FROM topcache.map_definition
WHERE relation::text !~ '^(tc_elsewhere\.)?(sessions|plain|texts|numbers|documents|here|there|existing)$'
	AND relation::text !~ '\.'
ORDER BY relation::text;

--
-- detach keeps the table and leaves nothing behind.
--
SELECT topcache.detach('existing');
SELECT * FROM existing ORDER BY key;
\d existing
SELECT topcache.get('existing', 'a');
SELECT count(*) FROM topcache.maps WHERE relation = 'existing'::regclass;
SELECT topcache.detach('existing');
SELECT topcache.detach(NULL);
-- what happens while it is detached is not missed
SELECT topcache.attach('existing', value => 'value');
SELECT topcache.get('existing', 'a'), topcache.is_resident('existing', 'a');
SELECT topcache.is_resident('existing', 'a');
SELECT topcache.detach('existing');
UPDATE existing SET value = '"changed"' WHERE key = 'a';
SELECT topcache.attach('existing', value => 'value');
SELECT topcache.get('existing', 'a');

--
-- drop_map drops what create_map made, and only that.
--
SELECT topcache.drop_map('existing');
SELECT topcache.drop_map('candidate');
SELECT topcache.drop_map(NULL);
CREATE VIEW on_plain AS SELECT * FROM plain;
SELECT topcache.drop_map('plain');
DROP VIEW on_plain;
SELECT topcache.get('plain', 'k');
SELECT topcache.drop_map('plain');
SELECT to_regclass('plain') IS NULL AS gone;
SELECT count(*) FROM topcache.map_definition d
WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation);
SELECT topcache.get('tc_elsewhere.plain', 'k');
-- a map that was detached is a table again, and no longer create_map's
SELECT topcache.detach('numbers');
SELECT topcache.drop_map('numbers');

-- DROP TABLE and DROP SCHEMA do as much
DROP TABLE texts;
DROP TABLE existing CASCADE;
SELECT relation::text FROM topcache.map_definition
WHERE relation::text IN ('texts', 'existing')
	OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation);
SET client_min_messages = warning;
DROP SCHEMA tc_elsewhere CASCADE;
RESET client_min_messages;
SELECT count(*) FROM topcache.map_definition d
WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation);
-- the table that is made is the one that becomes a map, whatever else has the name
SET search_path = tc_maps;
CREATE TEMP TABLE hidden (key text PRIMARY KEY, value jsonb, expires_at timestamptz);
SELECT topcache.create_map('hidden');
SELECT topcache.create_map('pg_class', durable => false);
SELECT relation FROM topcache.map_definition
WHERE relation IN ('pg_temp.hidden'::regclass, 'pg_catalog.pg_class'::regclass);
SELECT topcache.create_map('pg_temp.hidden_2');
DROP TABLE pg_temp.hidden;

-- a new table under an old name starts anew
SELECT topcache.create_map('again');
SELECT topcache.put('again', 'k', '1');
DROP TABLE again;
SELECT topcache.create_map('again');
SELECT topcache.get('again', 'k'), topcache.is_resident('again', 'k');

--
-- All of it is transactional.
--
BEGIN;
SELECT topcache.create_map('fleeting');
SELECT topcache.put('fleeting', 'k', '1');
SELECT topcache.get('fleeting', 'k');
ROLLBACK;
SELECT topcache.get('fleeting', 'k');

SELECT topcache.put('again', 'k', '1');
SELECT topcache.is_resident('again', 'k');
BEGIN;
SELECT topcache.detach('again');
UPDATE again SET value = '2';
SELECT topcache.get('again', 'k');
ROLLBACK;
SELECT topcache.get('again', 'k'), value FROM again;
BEGIN;
SELECT topcache.detach('again');
UPDATE again SET value = '3';
SELECT topcache.attach('again', value => 'value');
SELECT topcache.get('again', 'k'), value FROM again;
COMMIT;
SELECT topcache.get('again', 'k'), value FROM again;

BEGIN;
SAVEPOINT s;
SELECT topcache.detach('again');
UPDATE again SET value = '4';
ROLLBACK TO SAVEPOINT s;
SELECT topcache.get('again', 'k'), value FROM again;
COMMIT;
SELECT topcache.get('again', 'k'), value FROM again;

CREATE TABLE attached_late (key text PRIMARY KEY, value jsonb NOT NULL,
	expires_at timestamptz);
INSERT INTO attached_late VALUES ('k', '1');
BEGIN;
SELECT topcache.attach('attached_late', value => 'value');
SELECT topcache.get('attached_late', 'k');
ROLLBACK;
SELECT topcache.get('attached_late', 'k');
UPDATE attached_late SET value = '2';
SELECT topcache.attach('attached_late', value => 'value');
SELECT topcache.get('attached_late', 'k');

-- a map made by create_map, dropped, and not dropped after all
SELECT topcache.create_map('kept');
SELECT topcache.put('kept', 'k', '1');
BEGIN;
SELECT topcache.drop_map('kept');
SELECT to_regclass('kept') IS NULL AS gone;
ROLLBACK;
SELECT topcache.get('kept', 'k'), value FROM kept;

--
-- Functions that want a map say so.
--
CREATE TABLE ordinary (key text PRIMARY KEY, value jsonb);
SELECT topcache.get('ordinary', 'k');
SELECT topcache.get_text('ordinary', 'k');
SELECT topcache.get_msgpack('ordinary', 'k');
SELECT * FROM topcache.get_many('ordinary', '{k}'::text[]);
SELECT * FROM topcache.get_many_text('ordinary', '{k}'::text[]);
SELECT topcache.contains('ordinary', 'k');
SELECT topcache.is_resident('ordinary', 'k');
SELECT * FROM topcache.scan('ordinary');
SELECT topcache.put('ordinary', 'k', '1');
SELECT topcache.put_text('ordinary', 'k', '1');
SELECT topcache.put_many('ordinary', '{k}'::text[], '{1}');
SELECT topcache.put_if_absent('ordinary', 'k', '1');
SELECT topcache.replace('ordinary', 'k', '1', '2');
SELECT topcache.incr('ordinary', 'k');
SELECT topcache.remove('ordinary', 'k');
SELECT topcache.remove_many('ordinary', '{k}'::text[]);
SELECT topcache.touch('ordinary', 'k', '1 s');
SELECT topcache.clear('ordinary');
SELECT topcache.hydrate('ordinary');
SELECT topcache.evict('ordinary', 'k');
SELECT topcache.evict_lru('ordinary', 1);
SELECT topcache.evict_all('ordinary');
SELECT * FROM topcache.entries('ordinary');
SELECT topcache.reset_stats('ordinary');
SELECT * FROM topcache.verify('ordinary');
-- and so for what is no relation at all
SELECT topcache.get('no_such_table', 'k');
SELECT topcache.get(0::regclass, 'k');
SELECT topcache.get(4294967295::regclass, 'k');

--
-- The foreign data wrapper takes no options that it does not know.
--
CREATE SERVER second FOREIGN DATA WRAPPER topcache;
CREATE FOREIGN TABLE optioned (key text, value jsonb) SERVER topcache
	OPTIONS (no_such_option 'x');
ALTER SERVER topcache OPTIONS (ADD no_such_option 'x');
--
-- Without the extension the table is an ordinary one.
--
SELECT topcache.create_map('left_over');
SELECT topcache.put('left_over', 'k', '1');
SELECT topcache.create_map('gone', durable => false);
SELECT topcache.get('left_over', 'k');
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION topcache CASCADE;
UPDATE left_over SET value = '2';
ROLLBACK;
SELECT topcache.get('left_over', 'k');
SET client_min_messages = warning;
DROP EXTENSION topcache CASCADE;
RESET client_min_messages;
UPDATE left_over SET value = '3';
SELECT * FROM left_over;
SELECT to_regclass('gone') IS NULL AS gone;
CREATE EXTENSION topcache;
SELECT topcache.get('left_over', 'k');
SELECT topcache.attach('left_over', value => 'value');
SELECT topcache.get('left_over', 'k');

SET client_min_messages = warning;
DROP SERVER IF EXISTS second;
DROP SCHEMA tc_maps CASCADE;
RESET client_min_messages;
SELECT count(*) FROM topcache.map_definition d
WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation);
