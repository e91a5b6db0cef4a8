-- Any DDL: committed, rolled back and undone to a savepoint; while it is there
-- and after it, the cache answers as the table does.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP ROLE IF EXISTS regress_topcache_ddl;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_topcache_ddl;
CREATE SCHEMA tc_ddl;
CREATE SCHEMA tc_ddl_other;
SET search_path = tc_ddl;

-- one table in every layout of a map
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE DOMAIN code AS text;
CREATE TABLE by_value (id int NOT NULL, region code NOT NULL DEFAULT 'eu',
	value jsonb DEFAULT '"default"', note text DEFAULT 'default', shade colour DEFAULT 'red',
	PRIMARY KEY (id));
CREATE TABLE by_row (LIKE by_value INCLUDING ALL);
CREATE TABLE by_pair (LIKE by_value INCLUDING ALL EXCLUDING INDEXES,
	PRIMARY KEY (region, id));
SELECT topcache.attach('by_value', value => 'value');
SELECT topcache.attach('by_row');
SELECT topcache.attach('by_pair');
CREATE TABLE maps (name text PRIMARY KEY, oid oid);
INSERT INTO maps SELECT n, n::regclass FROM unnest(ARRAY['by_value', 'by_row', 'by_pair']) n;
-- every key that is ever used
CREATE TABLE keys AS
SELECT i AS id, CASE WHEN i % 3 = 0 THEN 'us' ELSE 'eu' END AS region FROM generate_series(1, 30) i;
CREATE FUNCTION column_name(relation oid, number int) RETURNS name LANGUAGE sql AS
	$$SELECT attname FROM pg_attribute WHERE attrelid = relation AND attnum = number$$;

-- The check, under whatever names the table and its columns have now.
CREATE FUNCTION differ(map text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	relation oid := (SELECT oid FROM tc_ddl.maps WHERE name = map);
	id text := quote_ident(tc_ddl.column_name(relation, 1));
	region text := quote_ident(tc_ddl.column_name(relation, 2));
	value text := quote_ident(tc_ddl.column_name(relation, 3));
	query text := 'SELECT format(''%s: %s | %s | %s'', k.id, topcache.get($t, $k), m.value, (SELECT $v FROM $t t WHERE $w))
		FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM tc_ddl.keys) k
		JOIN topcache.get_many($t, (SELECT array_agg($k ORDER BY id) FROM tc_ddl.keys k)) WITH ORDINALITY m(key, value, n) USING (n)
		WHERE topcache.get($t, $k) IS DISTINCT FROM (SELECT $v FROM $t t WHERE $w)
			OR topcache.get_text($t, $k) IS DISTINCT FROM (SELECT $x FROM $t t WHERE $w)
			OR m.value IS DISTINCT FROM (SELECT $v FROM $t t WHERE $w)';
BEGIN
	query := replace(query, '$v', CASE map WHEN 'by_value' THEN 'to_jsonb(t.' || value || ')' ELSE 'to_jsonb(t)' END);
	query := replace(query, '$x', CASE map WHEN 'by_value' THEN 't.' || value || '::text' ELSE 't::text' END);
	query := replace(query, '$k', CASE map WHEN 'by_pair' THEN 'ROW(k.region, k.id)' ELSE 'k.id' END);
	query := replace(query, '$w', CASE map WHEN 'by_pair' THEN format('t.%s + 0 = k.id AND t.%s || '''' = k.region', id, region)
		ELSE format('t.%s + 0 = k.id', id) END);
	query := replace(query, 'topcache.get($t', format('topcache.get(%s::regclass', relation));
	query := replace(query, 'topcache.get_text($t', format('topcache.get_text(%s::regclass', relation));
	query := replace(query, 'topcache.get_many($t', format('topcache.get_many(%s::regclass', relation));
	RETURN QUERY EXECUTE replace(query, '$t', relation::regclass::text);
END $$;
CREATE FUNCTION wrong(what text, map text, "when" text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	line text;
	n int := 0;
BEGIN
	FOR line IN SELECT * FROM tc_ddl.differ(map) ORDER BY 1 LOOP
		RAISE WARNING '% of % is wrong %: %', what, map, "when", line;
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;
CREATE FUNCTION state(map text) RETURNS text LANGUAGE sql AS $$
	SELECT s.state || coalesce(', ' || s.reason, '')
	FROM topcache.maps s JOIN tc_ddl.maps m ON s.relation = m.oid WHERE m.name = map
$$;
-- is anything left of what was resident?
CREATE FUNCTION warmth(map text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN s.records > 0 THEN 'warm' ELSE 'cold' END
	FROM topcache.maps s JOIN tc_ddl.maps m ON s.relation = m.oid WHERE m.name = map
$$;
CREATE PROCEDURE start(map text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('DELETE FROM %I', map);
	EXECUTE format($i$INSERT INTO %I SELECT id, region, to_jsonb(id), 'note ' || id FROM keys WHERE id <= 20$i$, map);
	COMMIT;
	PERFORM differ(map);
	COMMIT;
END $$;
-- some of every kind of write, by numbers of columns
CREATE FUNCTION write_some(map text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	relation regclass := (SELECT oid FROM tc_ddl.maps WHERE name = map);
	id name := tc_ddl.column_name(relation, 1);
	note name := tc_ddl.column_name(relation, 4);
BEGIN
	EXECUTE format('UPDATE %s SET %I = %I || '' more'' WHERE %I IN (1, 2, 3)', relation, note, note, id);
	EXECUTE format('DELETE FROM %s WHERE %I = 4', relation, id);
	EXECUTE format('UPDATE %s SET %I = 21 WHERE %I = 5', relation, id, id);
	EXECUTE format('INSERT INTO %s (%I) VALUES (22)', relation, id);
END $$;

-- Tries one change on every map.  In the statements, $t is the table and $key
-- its key.  The notice says how the map is when the change is there for good.
-- What must leave the cache warm says so.
CREATE PROCEDURE try(what text, ddl text, back text DEFAULT NULL, warm boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
	map text;
	statement text;
	states text[] := '{}';
	bad int := 0;
BEGIN
	FOREACH map IN ARRAY ARRAY['by_value', 'by_row', 'by_pair'] LOOP
		CALL start(map);
		statement := replace(replace(ddl, '$t', map),
			'$key', CASE map WHEN 'by_pair' THEN 'region, id' ELSE 'id' END);
		-- rolled back, with writes on both sides of it
		PERFORM write_some(map);
		EXECUTE statement;
		bad := bad + wrong(what, map, 'before it is rolled back');
		ROLLBACK;
		bad := bad + wrong(what, map, 'rolled back');
		COMMIT;
		EXECUTE statement;
		PERFORM write_some(map);
		bad := bad + wrong(what, map, 'before it is rolled back with writes');
		ROLLBACK;
		bad := bad + wrong(what, map, 'rolled back with writes');
		COMMIT;
		-- undone to a savepoint
		BEGIN
			EXECUTE statement;
			PERFORM write_some(map);
			bad := bad + wrong(what, map, 'in the savepoint');
			RAISE EXCEPTION 'undo' USING ERRCODE = 'TC000';
		EXCEPTION WHEN SQLSTATE 'TC000' THEN
			bad := bad + wrong(what, map, 'after the savepoint');
		END;
		PERFORM write_some(map);
		bad := bad + wrong(what, map, 'written after the savepoint');
		COMMIT;
		bad := bad + wrong(what, map, 'committed without the savepoint');
		COMMIT;
		IF state(map) <> 'active' THEN
			RAISE WARNING '% of %: undone, and still %', what, map, state(map);
		END IF;
		-- committed
		CALL start(map);
		EXECUTE statement;
		bad := bad + wrong(what, map, 'before it is committed');
		COMMIT;
		IF warm AND warmth(map) <> 'warm' THEN
			RAISE WARNING '% of % has emptied the cache', what, map;
		END IF;
		bad := bad + wrong(what, map, 'committed');
		COMMIT;
		PERFORM write_some(map);
		bad := bad + wrong(what, map, 'written');
		COMMIT;
		bad := bad + wrong(what, map, 'written and committed');
		COMMIT;
		states := states || state(map);
		-- taken back
		IF back IS NOT NULL THEN
			EXECUTE replace(replace(back, '$t', map), '$key', CASE map WHEN 'by_pair' THEN 'region, id' ELSE 'id' END);
			bad := bad + wrong(what, map, 'before the way back is committed');
			COMMIT;
			bad := bad + wrong(what, map, 'back again');
			COMMIT;
		END IF;
		IF state(map) <> 'active' THEN
			RAISE WARNING '% of %: back again, and still %', what, map, state(map);
		END IF;
	END LOOP;
	RAISE NOTICE '%: wrong %, then %', what, bad,
		(SELECT string_agg(DISTINCT state, '; ') FROM unnest(states) state);
END $$;

--
-- Columns
--
CALL try('ADD COLUMN', 'ALTER TABLE $t ADD COLUMN extra int', 'ALTER TABLE $t DROP COLUMN extra');
CALL try('ADD COLUMN with a default', $$ALTER TABLE $t ADD COLUMN extra text DEFAULT 'missing'$$, 'ALTER TABLE $t DROP COLUMN extra');
CALL try('ADD COLUMN with a volatile default', 'ALTER TABLE $t ADD COLUMN extra float8 DEFAULT random()', 'ALTER TABLE $t DROP COLUMN extra');
CALL try('ADD COLUMN, generated', 'ALTER TABLE $t ADD COLUMN extra text GENERATED ALWAYS AS (upper(note)) STORED', 'ALTER TABLE $t DROP COLUMN extra');
CALL try('ADD COLUMN, identity', 'ALTER TABLE $t ADD COLUMN extra int GENERATED ALWAYS AS IDENTITY', 'ALTER TABLE $t DROP COLUMN extra');
CALL try('ADD and DROP COLUMN', 'ALTER TABLE $t ADD COLUMN extra text DEFAULT 1; ALTER TABLE $t DROP COLUMN extra');
CALL try('DROP COLUMN', 'ALTER TABLE $t DROP COLUMN shade', $$ALTER TABLE $t ADD COLUMN shade colour DEFAULT 'red'$$);
CALL try('RENAME COLUMN', 'ALTER TABLE $t RENAME COLUMN note TO remark', 'ALTER TABLE $t RENAME COLUMN remark TO note');
CALL try('RENAME COLUMN of the value', 'ALTER TABLE $t RENAME COLUMN value TO content', 'ALTER TABLE $t RENAME COLUMN content TO value');
CALL try('RENAME COLUMN of the key', 'ALTER TABLE $t RENAME COLUMN id TO number; ALTER TABLE $t RENAME COLUMN region TO area',
	'ALTER TABLE $t RENAME COLUMN number TO id; ALTER TABLE $t RENAME COLUMN area TO region');
CALL try('columns of the definition that change their names',
	'ALTER TABLE $t RENAME COLUMN value TO third; ALTER TABLE $t RENAME COLUMN note TO value; ALTER TABLE $t RENAME COLUMN third TO note',
	'ALTER TABLE $t RENAME COLUMN value TO third; ALTER TABLE $t RENAME COLUMN note TO value; ALTER TABLE $t RENAME COLUMN third TO note');
CALL try('columns that change their names',
	'ALTER TABLE $t RENAME COLUMN note TO third; ALTER TABLE $t RENAME COLUMN shade TO note; ALTER TABLE $t RENAME COLUMN third TO shade',
	'ALTER TABLE $t RENAME COLUMN note TO third; ALTER TABLE $t RENAME COLUMN shade TO note; ALTER TABLE $t RENAME COLUMN third TO shade');
CALL try('TYPE without a rewrite', 'ALTER TABLE $t ALTER COLUMN note TYPE varchar', 'ALTER TABLE $t ALTER COLUMN note TYPE text');
CALL try('TYPE with a rewrite', $$ALTER TABLE $t ALTER COLUMN shade TYPE text USING shade || '?'$$,
	$$ALTER TABLE $t ALTER COLUMN shade TYPE colour USING 'green', ALTER COLUMN shade SET DEFAULT 'red'$$);
CALL try('TYPE to the same', 'ALTER TABLE $t ALTER COLUMN value TYPE jsonb', NULL);
CALL try('TYPE of the value', $$ALTER TABLE $t ALTER COLUMN value DROP DEFAULT, ALTER COLUMN value TYPE text USING value::text || '!'$$,
	$$ALTER TABLE $t ALTER COLUMN value TYPE jsonb USING to_jsonb(value)$$);
CALL try('TYPE of the key', 'ALTER TABLE $t ALTER COLUMN id TYPE bigint', 'ALTER TABLE $t ALTER COLUMN id TYPE int');
CALL try('TYPE of a column of the key, without a rewrite', 'ALTER TABLE $t ALTER COLUMN region TYPE varchar', 'ALTER TABLE $t ALTER COLUMN region TYPE code');
CALL try('COLLATE', 'ALTER TABLE $t ALTER COLUMN region TYPE text COLLATE "C", ALTER COLUMN note TYPE text COLLATE "POSIX"',
	'ALTER TABLE $t ALTER COLUMN region TYPE code COLLATE "default", ALTER COLUMN note TYPE text COLLATE "default"');
CALL try('SET DEFAULT', $$ALTER TABLE $t ALTER COLUMN note SET DEFAULT 'another'$$, $$ALTER TABLE $t ALTER COLUMN note SET DEFAULT 'default'$$);
CALL try('DROP DEFAULT', 'ALTER TABLE $t ALTER COLUMN note DROP DEFAULT', $$ALTER TABLE $t ALTER COLUMN note SET DEFAULT 'default'$$);
CALL try('SET NOT NULL', 'ALTER TABLE $t ALTER COLUMN note SET NOT NULL', 'ALTER TABLE $t ALTER COLUMN note DROP NOT NULL');
CALL try('SET STORAGE, COMPRESSION, STATISTICS', 'ALTER TABLE $t ALTER COLUMN note SET STORAGE external, ALTER COLUMN value SET COMPRESSION pglz, ALTER COLUMN note SET STATISTICS 7',
	'ALTER TABLE $t ALTER COLUMN note SET STORAGE extended, ALTER COLUMN value SET COMPRESSION default, ALTER COLUMN note SET STATISTICS -1');
CALL try('a new label, a label under a new name', $$ALTER TYPE colour RENAME VALUE 'red' TO 'crimson'$$, $$ALTER TYPE colour RENAME VALUE 'crimson' TO 'red'$$);
CALL try('a domain with a check', $$ALTER DOMAIN code ADD CONSTRAINT c CHECK (VALUE <> '')$$, 'ALTER DOMAIN code DROP CONSTRAINT c');
CALL try('COMMENT', $$COMMENT ON TABLE $t IS 'a comment'; COMMENT ON COLUMN $t.note IS 'a comment'$$);
CALL try('ALTER COLUMN of catalogs only', 'ALTER TABLE $t ALTER COLUMN note SET (n_distinct = 5)', 'ALTER TABLE $t ALTER COLUMN note RESET (n_distinct)');

--
-- The file
--
CALL try('CLUSTER', 'CLUSTER $t USING $t_pkey', 'ALTER TABLE $t SET WITHOUT CLUSTER');
CALL try('SET UNLOGGED', 'ALTER TABLE $t SET UNLOGGED', 'ALTER TABLE $t SET LOGGED');
CALL try('TRUNCATE and as before', $$CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM $t; TRUNCATE $t; INSERT INTO $t SELECT * FROM kept$$);
CALL try('REINDEX', 'REINDEX TABLE $t');
CALL try('REINDEX INDEX', 'REINDEX INDEX $t_pkey');
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE regress_topcache_ddl LOCATION '';
-- with no writes in a transaction that is undone: PostgreSQL would leave their
-- entries in the index, for rows that are gone with the file
CALL start('by_row');
BEGIN;
ALTER TABLE by_row SET TABLESPACE regress_topcache_ddl;
SELECT wrong('SET TABLESPACE', 'by_row', 'before it is rolled back');
ROLLBACK;
SELECT wrong('SET TABLESPACE', 'by_row', 'rolled back');
ALTER TABLE by_row SET TABLESPACE regress_topcache_ddl;
SELECT wrong('SET TABLESPACE', 'by_row', 'committed');
SELECT write_some('by_row');
SELECT wrong('SET TABLESPACE', 'by_row', 'written'), state('by_row');
ALTER TABLE by_row SET TABLESPACE pg_default;
SELECT wrong('SET TABLESPACE', 'by_row', 'back again'), state('by_row');
CALL try('SET TABLESPACE of the index', 'ALTER INDEX $t_pkey SET TABLESPACE regress_topcache_ddl', 'ALTER INDEX $t_pkey SET TABLESPACE pg_default');
DROP TABLESPACE regress_topcache_ddl;
CALL try('SET (fillfactor)', 'ALTER TABLE $t SET (fillfactor = 50)', 'ALTER TABLE $t RESET (fillfactor)');

--
-- Indexes and the key
--
CALL try('CREATE INDEX', 'CREATE INDEX i ON $t (note)', 'DROP INDEX i', warm => true);
CALL try('a second unique index', 'CREATE UNIQUE INDEX i ON $t (id) INCLUDE (note)', 'DROP INDEX i', warm => true);
CALL try('CREATE STATISTICS', 'CREATE STATISTICS s ON note, region FROM $t', 'DROP STATISTICS s', warm => true);
CALL try('the key dropped', 'ALTER TABLE $t DROP CONSTRAINT $t_pkey', 'ALTER TABLE $t ADD PRIMARY KEY ($key)');
CALL try('the key dropped and made again', 'ALTER TABLE $t DROP CONSTRAINT $t_pkey; ALTER TABLE $t ADD PRIMARY KEY ($key)');
CALL try('the key dropped and made again at once', 'ALTER TABLE $t DROP CONSTRAINT $t_pkey, ADD PRIMARY KEY ($key)');
CALL try('another index for the key', 'SET LOCAL client_min_messages = warning; CREATE UNIQUE INDEX i ON $t ($key); ALTER TABLE $t DROP CONSTRAINT $t_pkey, ADD CONSTRAINT $t_pkey PRIMARY KEY USING INDEX i; RESET client_min_messages');
CALL try('a deferrable key', 'ALTER TABLE $t DROP CONSTRAINT $t_pkey, ADD PRIMARY KEY ($key) DEFERRABLE',
	'ALTER TABLE $t DROP CONSTRAINT $t_pkey, ADD PRIMARY KEY ($key)');
CALL try('a key of other columns', 'ALTER TABLE $t DROP CONSTRAINT $t_pkey, ADD PRIMARY KEY (note, id)',
	'ALTER TABLE $t DROP CONSTRAINT $t_pkey, ADD PRIMARY KEY ($key), ALTER COLUMN note DROP NOT NULL');
CALL try('RENAME of the index', 'ALTER INDEX $t_pkey RENAME TO other', 'ALTER INDEX other RENAME TO $t_pkey');
CALL try('ADD CONSTRAINT', $$ALTER TABLE $t ADD CONSTRAINT c CHECK (id > 0), ADD CONSTRAINT u UNIQUE (id, note)$$, 'ALTER TABLE $t DROP CONSTRAINT c, DROP CONSTRAINT u');
CALL try('REPLICA IDENTITY', 'ALTER TABLE $t REPLICA IDENTITY FULL', 'ALTER TABLE $t REPLICA IDENTITY DEFAULT');

--
-- Names and owners
--
CALL try('RENAME TO', 'ALTER TABLE $t RENAME TO "Other Name"', 'ALTER TABLE "Other Name" RENAME TO $t');
CALL try('SET SCHEMA', 'ALTER TABLE $t SET SCHEMA tc_ddl_other', 'ALTER TABLE tc_ddl_other.$t SET SCHEMA tc_ddl');
CALL try('RENAME of the schema', 'ALTER SCHEMA tc_ddl_other RENAME TO tc_ddl_third', 'ALTER SCHEMA tc_ddl_third RENAME TO tc_ddl_other');
CALL try('OWNER TO', 'ALTER TABLE $t OWNER TO regress_topcache_ddl', 'ALTER TABLE $t OWNER TO CURRENT_USER');
CALL try('GRANT', 'GRANT ALL ON $t TO regress_topcache_ddl', 'REVOKE ALL ON $t FROM regress_topcache_ddl');
CALL try('two tables that change their names', 'CREATE TABLE stranger (LIKE $t INCLUDING ALL); ALTER TABLE $t RENAME TO away; ALTER TABLE stranger RENAME TO $t',
	'DROP TABLE $t; ALTER TABLE away RENAME TO $t');

--
-- Triggers
--
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CALL try('CREATE TRIGGER', 'CREATE TRIGGER u AFTER INSERT OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION nothing()', 'DROP TRIGGER u ON $t');
CALL try('DISABLE TRIGGER USER', 'ALTER TABLE $t DISABLE TRIGGER USER',
	'ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed, ENABLE ALWAYS TRIGGER topcache_table_truncated');
CALL try('DISABLE TRIGGER ALL', 'ALTER TABLE $t DISABLE TRIGGER ALL',
	'ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed, ENABLE ALWAYS TRIGGER topcache_table_truncated');
CALL try('DISABLE TRIGGER, one', 'ALTER TABLE $t DISABLE TRIGGER topcache_row_changed', 'ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');
CALL try('DISABLE TRIGGER, the other', 'ALTER TABLE $t DISABLE TRIGGER topcache_table_truncated', 'ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_table_truncated');
CALL try('ENABLE TRIGGER, not always', 'ALTER TABLE $t ENABLE TRIGGER topcache_row_changed', 'ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');
CALL try('ENABLE REPLICA TRIGGER', 'ALTER TABLE $t ENABLE REPLICA TRIGGER topcache_row_changed', 'ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');
CALL try('off, rows changed, and on again', $$ALTER TABLE $t DISABLE TRIGGER ALL;
	UPDATE $t SET value = '"slipped past"', note = 'slipped past' WHERE id < 9; DELETE FROM $t WHERE id = 10; INSERT INTO $t VALUES (23);
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed, ENABLE ALWAYS TRIGGER topcache_table_truncated;
	UPDATE $t SET value = '"guarded"', note = 'guarded' WHERE id = 1; DELETE FROM $t WHERE id = 23$$);
CALL try('off, emptied, and on again', $$ALTER TABLE $t DISABLE TRIGGER topcache_table_truncated;
	TRUNCATE $t; INSERT INTO $t VALUES (1);
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_table_truncated$$);
CALL try('RENAME of a trigger', 'ALTER TRIGGER topcache_row_changed ON $t RENAME TO other', 'ALTER TRIGGER other ON $t RENAME TO topcache_row_changed');
CALL try('DROP TRIGGER', 'DROP TRIGGER topcache_row_changed ON $t',
	'CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');
CALL try('DROP TRIGGER and the same again', 'DROP TRIGGER topcache_row_changed ON $t; UPDATE $t SET note = ''slipped past'', value = ''0'';
	CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');
CALL try('CREATE RULE', 'CREATE RULE r AS ON DELETE TO $t WHERE OLD.id = 4 DO INSTEAD NOTHING', 'DROP RULE r ON $t');
CALL try('an unguarded trigger of the same name', 'DROP TRIGGER topcache_row_changed ON $t;
	CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION nothing();
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed',
	'DROP TRIGGER topcache_row_changed ON $t;
	CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');
CALL try('a trigger for some columns only', 'DROP TRIGGER topcache_row_changed ON $t;
	CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE OF value ON $t FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed',
	'DROP TRIGGER topcache_row_changed ON $t;
	CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
	ALTER TABLE $t ENABLE ALWAYS TRIGGER topcache_row_changed');

--
-- Row security
--
CALL try('ENABLE ROW LEVEL SECURITY', 'ALTER TABLE $t ENABLE ROW LEVEL SECURITY', 'ALTER TABLE $t DISABLE ROW LEVEL SECURITY');
CALL try('FORCE ROW LEVEL SECURITY', 'ALTER TABLE $t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', 'ALTER TABLE $t DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY');
CALL try('CREATE POLICY', 'CREATE POLICY p ON $t USING (id < 5); ALTER TABLE $t ENABLE ROW LEVEL SECURITY',
	'ALTER TABLE $t DISABLE ROW LEVEL SECURITY; DROP POLICY p ON $t');

--
-- Inheritance and partitions
--
CREATE TABLE above (note text, shade colour);
CALL try('INHERIT', 'ALTER TABLE $t INHERIT above', 'ALTER TABLE $t NO INHERIT above');
CALL try('a child', 'CREATE TABLE child () INHERITS ($t); INSERT INTO child VALUES (25, ''eu'', ''"of the child"'')', 'DROP TABLE child');
CALL try('a child that comes and goes', 'CREATE TABLE child () INHERITS ($t); INSERT INTO child VALUES (25); DROP TABLE child');
CREATE TABLE whole (id int NOT NULL, region code NOT NULL DEFAULT 'eu', value jsonb, note text, shade colour) PARTITION BY RANGE (id);
CALL try('ATTACH PARTITION', 'ALTER TABLE whole ATTACH PARTITION $t FOR VALUES FROM (0) TO (99); UPDATE whole SET note = ''through the parent'' WHERE id = 1',
	'ALTER TABLE whole DETACH PARTITION $t');
DROP TABLE above, whole;
CALL try('OF a type', 'CREATE TYPE row_type AS (id int, region code, value jsonb, note text, shade colour); ALTER TABLE $t OF row_type',
	'ALTER TABLE $t NOT OF; DROP TYPE row_type');

--
-- The map itself
--
CALL try('detach and attach', 'SELECT topcache.detach(''$t''); UPDATE $t SET note = ''detached'', value = ''0''; SELECT CASE ''$t'' WHEN ''by_value'' THEN topcache.attach(''$t'', value => ''value'') ELSE topcache.attach(''$t'') END');
CALL try('alter_map', 'SELECT topcache.alter_map(''$t'', max_idle => ''1 day'')');

--
-- What does not run in a transaction block
--
CREATE FUNCTION resident(map text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	EXECUTE format('SELECT count(*) FILTER (WHERE topcache.is_resident(%L, %s)) FROM %I',
		map, CASE map WHEN 'by_pair' THEN 'ROW(region, id)' ELSE 'id' END, map) INTO n;
	RETURN n || ' of 20';
END $$;
CREATE VIEW overview AS
SELECT name, state(name), resident(name), (SELECT count(*) FROM differ(name)) AS wrong FROM maps ORDER BY name;
CALL start('by_value');
CALL start('by_row');
CALL start('by_pair');
SELECT * FROM overview;
-- what leaves the cache warm
VACUUM by_value, by_row, by_pair;
SELECT * FROM overview;
VACUUM (FREEZE, ANALYZE) by_value, by_row, by_pair;
SELECT * FROM overview;
ANALYZE by_value, by_row, by_pair;
SELECT * FROM overview;
CREATE INDEX by_value_note ON by_value (note);
CREATE INDEX by_row_note ON by_row (note);
CREATE INDEX by_pair_note ON by_pair (note);
SELECT * FROM overview;
CREATE INDEX CONCURRENTLY by_value_note2 ON by_value (note);
CREATE INDEX CONCURRENTLY by_row_note2 ON by_row (note);
CREATE INDEX CONCURRENTLY by_pair_note2 ON by_pair (note);
SELECT * FROM overview;
DROP INDEX by_value_note, by_row_note, by_pair_note;
DROP INDEX CONCURRENTLY by_value_note2;
DROP INDEX CONCURRENTLY by_row_note2;
DROP INDEX CONCURRENTLY by_pair_note2;
SELECT * FROM overview;
CREATE STATISTICS statistics ON region, note FROM by_row;
GRANT SELECT ON by_row TO regress_topcache_ddl;
SELECT * FROM overview;
-- dead rows that VACUUM takes away under records that are resident
UPDATE by_value SET note = 'updated', value = '0';
UPDATE by_row SET note = 'updated', value = '0';
UPDATE by_pair SET note = 'updated', value = '0';
DELETE FROM by_row WHERE id IN (1, 2);
SELECT * FROM overview;
VACUUM by_value, by_row, by_pair;
SELECT * FROM overview;
-- what need not
VACUUM FULL by_value, by_row, by_pair;
SELECT name, state, wrong FROM overview;
SELECT * FROM overview;
REINDEX TABLE CONCURRENTLY by_value;
REINDEX TABLE CONCURRENTLY by_row;
REINDEX INDEX CONCURRENTLY by_pair_pkey;
SELECT name, state, wrong FROM overview;
SELECT * FROM overview;
CLUSTER by_row USING by_row_pkey;
CLUSTER by_row;
SELECT name, state, wrong FROM overview;
ALTER TABLE by_row SET WITHOUT CLUSTER;
SELECT * FROM overview;

--
-- Columns of the definition: under another name, dropped
--
CALL start('by_value');
CALL start('by_row');
BEGIN;
ALTER TABLE by_value DROP COLUMN value;
SELECT state('by_value');
SAVEPOINT s;
SELECT topcache.get('by_value', 1);
ROLLBACK TO SAVEPOINT s;
UPDATE by_value SET note = 'without a value';
DELETE FROM by_value WHERE id = 1;
ROLLBACK;
SELECT state('by_value'), count(*) FROM differ('by_value');
ALTER TABLE by_value RENAME COLUMN value TO content;
SELECT state('by_value');
SELECT topcache.get('by_value', 1);
UPDATE by_value SET content = '"written under another name"' WHERE id = 1;
ALTER TABLE by_value RENAME COLUMN content TO value;
SELECT state('by_value'), topcache.get('by_value', 1), count(*) FROM differ('by_value');
ALTER TABLE by_row RENAME COLUMN id TO number;
SELECT state('by_row');
SELECT topcache.get('by_row', 1);
UPDATE by_row SET note = 'written under another name' WHERE number = 1;
ALTER TABLE by_row RENAME COLUMN number TO id;
SELECT state('by_row'), topcache.get('by_row', 1), count(*) FROM differ('by_row');
-- the key dropped for good: a new column of its name is not the key until the
-- table is attached anew
BEGIN;
ALTER TABLE by_row DROP COLUMN id;
SELECT state('by_row');
UPDATE by_row SET note = 'without a key' WHERE region = 'us';
COMMIT;
SELECT topcache.get('by_row', 1);
ALTER TABLE by_row ADD COLUMN id serial PRIMARY KEY;
SELECT state('by_row');
SELECT topcache.get('by_row', 1);
UPDATE by_row SET note = 'with another key' WHERE id = 1;
SELECT topcache.detach('by_row');
SELECT topcache.attach('by_row');
SELECT state('by_row'), topcache.get('by_row', 1), topcache.get('by_row', 1) IS NOT DISTINCT FROM to_jsonb(t) AS same FROM by_row t WHERE id = 1;
SELECT * FROM topcache.verify('by_row');

--
-- A table dropped, and a new one of its name
--
CALL start('by_value');
BEGIN;
DROP TABLE by_value;
SELECT relation::oid = m.oid FROM topcache.maps, maps m WHERE relation = m.oid AND name = 'by_value';
ROLLBACK;
SELECT state('by_value'), count(*) FROM differ('by_value');
BEGIN;
DROP TABLE by_value;
CREATE TABLE by_value (id int PRIMARY KEY, value jsonb);
INSERT INTO by_value VALUES (1, '"new table"');
SELECT topcache.attach('by_value', value => 'value');
SELECT topcache.get('by_value', 1), topcache.get('by_value', 2);
ROLLBACK;
SELECT state('by_value'), topcache.get('by_value', 1), count(*) FROM differ('by_value');
DROP TABLE by_value;
SELECT count(*) FROM topcache.map_definition d WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation);
CREATE TABLE by_value (id int PRIMARY KEY, value jsonb);
INSERT INTO by_value VALUES (1, '"new table"');
SELECT topcache.get('by_value', 1);
SELECT topcache.attach('by_value', value => 'value');
SELECT topcache.get('by_value', 1), topcache.get('by_value', 2);
SELECT topcache.get('by_value', 1), topcache.get('by_value', 2);
-- with its schema
DROP SCHEMA tc_ddl_other CASCADE;
CREATE SCHEMA tc_ddl_other;
ALTER TABLE by_value SET SCHEMA tc_ddl_other;
SELECT topcache.get('tc_ddl_other.by_value', 1);
SET client_min_messages = warning;
DROP SCHEMA tc_ddl_other CASCADE;
RESET client_min_messages;
SELECT count(*) FROM topcache.map_definition d WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = d.relation);

SET client_min_messages = warning;
DROP SCHEMA tc_ddl CASCADE;
DROP ROLE regress_topcache_ddl;
