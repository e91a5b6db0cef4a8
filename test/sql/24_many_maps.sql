-- Many maps: what attaching one more reads does not depend on how many there
-- are.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE SCHEMA tc_many;
RESET client_min_messages;
SET search_path = tc_many;

-- tuples that this transaction has read so far, where there are more of them
-- with every map
CREATE FUNCTION tuples_read() RETURNS bigint LANGUAGE sql AS $$
	SELECT sum(pg_stat_get_xact_tuples_returned(relation)
		+ pg_stat_get_xact_tuples_fetched(relation))::bigint
	FROM unnest(ARRAY['topcache.map_definition', 'topcache.map_definition_pkey',
		'pg_class', 'pg_class_oid_index', 'pg_trigger',
		'pg_trigger_tgrelid_tgname_index', 'pg_attribute',
		'pg_attribute_relid_attnum_index']::regclass[]) relation $$;
CREATE FUNCTION attach_one(number int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint;
BEGIN
	EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, note text)', number);
	before := tuples_read();
	PERFORM topcache.attach(format('t%s', number)::regclass);
	RETURN tuples_read() - before;
END $$;
CREATE FUNCTION rename_one() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint := tuples_read();
BEGIN
	ALTER TABLE t1 RENAME TO t1_renamed;
	ALTER TABLE t1_renamed ADD COLUMN more int;
	ALTER TABLE t1_renamed DROP COLUMN more;
	ALTER TABLE t1_renamed RENAME TO t1;
	RETURN tuples_read() - before;
END $$;

-- each time in a session that has just done the same
SELECT count(attach_one(i)) FROM generate_series(1, 10) i;
ANALYZE topcache.map_definition, pg_class, pg_trigger;
SELECT count(attach_one(11)), count(rename_one());
SELECT attach_one(12) AS attach_few, rename_one() AS rename_few \gset
SELECT count(attach_one(i)) FROM generate_series(13, 300) i;
ANALYZE topcache.map_definition, pg_class, pg_trigger;
SELECT count(attach_one(301)), count(rename_one());
SELECT attach_one(302) AS attach_many, rename_one() AS rename_many \gset
SELECT :attach_few > 0 AND :rename_few > 0 AS something,
	:attach_many < :attach_few + 100 AS attach_is_flat,
	:rename_many < :rename_few + 100 AS other_ddl_is_flat;

-- a column that is renamed is followed still, where it is inherited too
CREATE TABLE above (id int NOT NULL, note text);
CREATE TABLE below (PRIMARY KEY (id)) INHERITS (above);
CREATE TYPE kind AS (id int, note text);
CREATE TABLE of_kind OF kind (PRIMARY KEY (id));
SELECT topcache.attach('below'), topcache.attach('of_kind', value => 'note');
ALTER TABLE above RENAME COLUMN id TO number;
ALTER TYPE kind RENAME ATTRIBUTE note TO remark CASCADE;
SELECT relation, key_columns, value_column FROM topcache.map_definition
WHERE relation IN ('below'::regclass, 'of_kind'::regclass) ORDER BY relation::text;

SET client_min_messages = warning;
DROP SCHEMA tc_many CASCADE;
