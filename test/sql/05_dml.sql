-- Changes made behind the map's back: whoever changes the table, and however,
-- the cache answers as the table does.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_dml;
SET search_path = tc_dml;

-- every key that is ever used
CREATE TABLE keys (key text PRIMARY KEY);
INSERT INTO keys SELECT 'k' || i FROM generate_series(1, 20) i;
INSERT INTO keys SELECT 'n' || i FROM generate_series(1, 5) i;
SELECT topcache.create_map('t');

-- The check: one statement, one snapshot.  The key is an expression so that
-- the table is read without its index.
CREATE FUNCTION differ() RETURNS TABLE (key text, cache jsonb, from_table jsonb)
LANGUAGE sql AS $$
	SELECT * FROM (
		SELECT k.key, topcache.get('t', k.key) AS cache,
			(SELECT value FROM t WHERE t.key || '' = k.key) AS from_table
		FROM keys k) c
	WHERE cache IS DISTINCT FROM from_table
	ORDER BY key
$$;
-- how many keys of the table are resident, of how many
CREATE FUNCTION resident() RETURNS text LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE topcache.is_resident('t', t.key))
		|| ' of ' || count(*) FROM t
$$;
-- back to twenty records, all of them resident, five keys known to be absent
CREATE PROCEDURE start() LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM t;
	INSERT INTO t SELECT 'k' || i, to_jsonb(i) FROM generate_series(1, 20) i;
	COMMIT;
	PERFORM topcache.get('t', k.key) FROM keys k;
	COMMIT;
	RAISE NOTICE 'resident: %', resident();
END $$;

-- UPDATE, of one row, of all, of none
CALL start();
UPDATE t SET value = '"one"' WHERE key = 'k7';
SELECT resident(), topcache.get('t', 'k7');
SELECT * FROM differ();
UPDATE t SET value = to_jsonb('all ' || key);
SELECT resident(), topcache.get('t', 'k7');
SELECT * FROM differ();
UPDATE t SET value = '0' WHERE key = 'no such key';
UPDATE t SET value = value;
SELECT * FROM differ();

-- inside the transaction, after it, and where it is rolled back
CALL start();
BEGIN;
UPDATE t SET value = '"mine"' WHERE key <= 'k14';
SELECT * FROM differ();
DELETE FROM t WHERE key = 'k15';
INSERT INTO t VALUES ('n1', '1');
SELECT * FROM differ();
ROLLBACK;
SELECT resident();
SELECT * FROM differ();
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k15'), topcache.get('t', 'n1');
BEGIN;
UPDATE t SET value = '"mine"' WHERE key <= 'k14';
SAVEPOINT s;
UPDATE t SET value = '"undone"';
DELETE FROM t WHERE key > 'k3';
SELECT * FROM differ();
ROLLBACK TO SAVEPOINT s;
SELECT * FROM differ();
UPDATE t SET value = '"twice"' WHERE key = 'k2';
UPDATE t SET value = '"three times"' WHERE key = 'k2';
SELECT * FROM differ();
COMMIT;
SELECT resident(), topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'k3');
SELECT * FROM differ();

-- DELETE and INSERT
CALL start();
DELETE FROM t WHERE key IN ('k1', 'k2');
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
INSERT INTO t VALUES ('k1', '"again"'), ('n1', '"new"');
SELECT topcache.get('t', 'k1'), topcache.get('t', 'n1');
SELECT * FROM differ();
DELETE FROM t USING keys WHERE t.key = keys.key AND keys.key LIKE 'k1%';
SELECT * FROM differ();
INSERT INTO t SELECT 'n' || i, '5' FROM generate_series(2, 5) i RETURNING key, topcache.get('t', key);
SELECT * FROM differ();
BEGIN;
DELETE FROM t;
INSERT INTO t SELECT key, '"reborn"' FROM keys;
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();

-- ON CONFLICT
CALL start();
INSERT INTO t VALUES ('k1', '"conflict"'), ('n1', '"no conflict"')
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
INSERT INTO t VALUES ('k2', '"ignored"'), ('n2', '"inserted"') ON CONFLICT DO NOTHING;
INSERT INTO t VALUES ('k3', '"filtered"')
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value WHERE t.value = '0';
SELECT key, topcache.get('t', key) FROM keys WHERE key IN ('k1', 'k2', 'k3', 'n1', 'n2') ORDER BY key;
SELECT * FROM differ();
-- a duplicate that fails
INSERT INTO t VALUES ('n3', '1'), ('k1', '2');
SELECT * FROM differ();

-- MERGE
MERGE INTO t USING (VALUES ('k4', 'update'), ('k5', 'delete'), ('n4', 'insert')) s(key, action)
ON t.key = s.key
WHEN MATCHED AND s.action = 'delete' THEN DELETE
WHEN MATCHED THEN UPDATE SET value = '"merged"'
WHEN NOT MATCHED THEN INSERT VALUES (s.key, '"merged"');
SELECT key, topcache.get('t', key) FROM keys WHERE key IN ('k4', 'k5', 'n4') ORDER BY key;
SELECT * FROM differ();

-- COPY
CALL start();
COPY t FROM stdin;
n1	"copied"	\N
n2	{"copied": true}	\N
\.
SELECT topcache.get('t', 'n1'), topcache.get('t', 'n2');
SELECT * FROM differ();
BEGIN;
TRUNCATE t;
COPY t FROM stdin WITH (FREEZE);
k1	"frozen"	\N
n3	"frozen"	\N
\.
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'n3');
SELECT * FROM differ();

-- a common table expression that writes, a view, a function, a rule
CALL start();
WITH moved AS (DELETE FROM t WHERE key = 'k1' RETURNING value)
INSERT INTO t SELECT 'n1', value FROM moved;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'n1');
CREATE VIEW v AS SELECT key, value FROM t WHERE key LIKE 'k%' OR key LIKE 'n%';
UPDATE v SET value = '"through a view"' WHERE key = 'k2';
INSERT INTO v VALUES ('n2', '"through a view"');
DELETE FROM v WHERE key = 'k3';
CREATE RULE r AS ON UPDATE TO keys DO ALSO
	UPDATE t SET value = '"by a rule"' WHERE key = OLD.key;
UPDATE keys SET key = key WHERE key = 'k4';
DROP RULE r ON keys;
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS
	$$UPDATE tc_dml.t SET value = '"by a function"' WHERE key = 'k5'$$;
SELECT f();
SELECT key, topcache.get('t', key) FROM keys
WHERE key IN ('k1', 'k2', 'k3', 'k4', 'k5', 'n1', 'n2') ORDER BY key;
SELECT * FROM differ();
DROP VIEW v;

-- TRUNCATE: committed, rolled back, to a savepoint, with rows written after
CALL start();
BEGIN;
TRUNCATE t;
SELECT * FROM differ();
SELECT topcache.get('t', 'k1');
ROLLBACK;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
BEGIN;
UPDATE t SET value = '"before"' WHERE key = 'k1';
SAVEPOINT s;
TRUNCATE t;
INSERT INTO t VALUES ('k1', '"in between"');
SELECT * FROM differ();
ROLLBACK TO SAVEPOINT s;
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
CALL start();
BEGIN;
TRUNCATE t;
INSERT INTO t VALUES ('k2', '"after"');
SELECT topcache.put('t', 'k3', '"after"');
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'k3');
SELECT * FROM differ();
CALL start();
TRUNCATE t;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();

-- changes of the key
CALL start();
UPDATE t SET key = 'n1' WHERE key = 'k1';
SELECT topcache.get('t', 'k1'), topcache.get('t', 'n1');
SELECT * FROM differ();
BEGIN;
UPDATE t SET key = 'n2' WHERE key = 'k2';
UPDATE t SET key = 'k2' WHERE key = 'k3';
UPDATE t SET key = 'k3' WHERE key = 'n2';
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k2'), topcache.get('t', 'k3'), topcache.get('t', 'n2');
SELECT * FROM differ();
BEGIN;
UPDATE t SET key = 'n2' WHERE key = 'k4';
SAVEPOINT s;
UPDATE t SET key = 'n3' WHERE key = 'n2';
ROLLBACK TO SAVEPOINT s;
SELECT * FROM differ();
ROLLBACK;
SELECT topcache.get('t', 'k4'), topcache.get('t', 'n2');
SELECT * FROM differ();

--
-- Triggers of the user's that write again, before the guard's and after it.
--
CREATE FUNCTION same_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		UPDATE t SET value = jsonb_build_object('again', value) WHERE key = NEW.key;
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION other_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		UPDATE t SET value = jsonb_build_object('other', NEW.key) WHERE key = 'k20';
		INSERT INTO t VALUES ('n5', to_jsonb(NEW.key))
		ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION delete_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM t WHERE key = NEW.key;
	RETURN NULL;
END $$;
CREATE FUNCTION rekey_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		UPDATE t SET key = 'n4' WHERE key = NEW.key;
	END IF;
	RETURN NULL;
END $$;

CALL start();
CREATE TRIGGER "AAA first" AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION same_row();
UPDATE t SET value = '"update"' WHERE key = 'k1';
INSERT INTO t VALUES ('n1', '"insert"');
SELECT topcache.put('t', 'k2', '"put"'), topcache.put('t', 'n2', '"put"');
SELECT key, topcache.get('t', key), value FROM t WHERE key IN ('k1', 'k2', 'n1', 'n2') ORDER BY key;
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
CALL start();
CREATE TRIGGER "~~~ last" AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION same_row();
UPDATE t SET value = '"update"' WHERE key = 'k1';
INSERT INTO t VALUES ('n1', '"insert"');
SELECT topcache.put('t', 'k2', '"put"'), topcache.put('t', 'n2', '"put"');
SELECT key, topcache.get('t', key), value FROM t WHERE key IN ('k1', 'k2', 'n1', 'n2') ORDER BY key;
SELECT * FROM differ();
-- all of it within a savepoint that is undone
BEGIN;
UPDATE t SET value = '"outer"' WHERE key = 'k3';
SAVEPOINT s;
UPDATE t SET value = '"inner"' WHERE key = 'k3';
ROLLBACK TO SAVEPOINT s;
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k3');
SELECT * FROM differ();
DROP TRIGGER "~~~ last" ON t;

CALL start();
CREATE TRIGGER "AAA first" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION other_row();
UPDATE t SET value = '"update"' WHERE key IN ('k1', 'k2');
SELECT key, topcache.get('t', key), value FROM t WHERE key IN ('k1', 'k2', 'k20', 'n5') ORDER BY key;
SELECT * FROM differ();
SELECT topcache.put('t', 'k20', '"itself"');
SELECT * FROM differ();
UPDATE t SET value = '"all"';
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
CALL start();
CREATE TRIGGER "~~~ last" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION other_row();
UPDATE t SET value = '"all"';
SELECT * FROM differ();
DROP TRIGGER "~~~ last" ON t;
CALL start();
CREATE TRIGGER "AAA first" AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION delete_row();
UPDATE t SET value = '"deleted"' WHERE key = 'k1';
SELECT topcache.put('t', 'k2', '"deleted"'), topcache.put('t', 'n1', '"deleted"');
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'n1');
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
CALL start();
CREATE TRIGGER "AAA first" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION rekey_row();
UPDATE t SET value = '"moved"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1'), topcache.get('t', 'n4');
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
CALL start();
CREATE TRIGGER "~~~ last" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION rekey_row();
SELECT topcache.put('t', 'k1', '"moved"');
SELECT topcache.get('t', 'k1'), topcache.get('t', 'n4');
SELECT * FROM differ();
DROP TRIGGER "~~~ last" ON t;
-- deleted, and put back by a trigger before the guard hears of the deletion
CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO t VALUES (OLD.key, '"put back"');
	RETURN NULL;
END $$;
CALL start();
CREATE TRIGGER "AAA first" AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION put_back();
DELETE FROM t WHERE key = 'k1';
SELECT topcache.remove('t', 'k2');
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
BEGIN;
SAVEPOINT s;
DELETE FROM t WHERE key = 'k3';
RELEASE SAVEPOINT s;
SAVEPOINT s;
DELETE FROM t WHERE key = 'k3';
ROLLBACK TO SAVEPOINT s;
COMMIT;
SELECT topcache.get('t', 'k3');
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
CALL start();
CREATE TRIGGER "AAA first" AFTER UPDATE ON t FOR EACH ROW
	WHEN (OLD.key <> NEW.key) EXECUTE FUNCTION put_back();
UPDATE t SET key = 'n1' WHERE key = 'k1';
SELECT topcache.get('t', 'k1'), topcache.get('t', 'n1');
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
CALL start();
CREATE TRIGGER "~~~ last" AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION put_back();
DELETE FROM t WHERE key IN ('k1', 'k2');
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
DROP TRIGGER "~~~ last" ON t;
-- many rows in one statement, of which some change each other
CREATE FUNCTION next_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() < 3 THEN
		UPDATE t SET value = jsonb_build_object('after', NEW.key)
		WHERE key = 'k' || substr(NEW.key, 2)::int % 20 + 1;
	END IF;
	RETURN NULL;
END $$;
CALL start();
CREATE TRIGGER "AAA first" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION next_row();
CREATE TRIGGER "~~~ last" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION next_row();
UPDATE t SET value = '"all"';
SELECT count(DISTINCT topcache.get('t', key)) > 1 AS mixed FROM t;
SELECT * FROM differ();
UPDATE t SET key = CASE key WHEN 'k1' THEN 'n1' ELSE key END, value = '"moved"';
SELECT * FROM differ();
DROP TRIGGER "AAA first" ON t;
DROP TRIGGER "~~~ last" ON t;
-- deferred to the end of the transaction
CALL start();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (jsonb_typeof(NEW.value) <> 'object') EXECUTE FUNCTION same_row();
BEGIN;
UPDATE t SET value = '"early"' WHERE key = 'k1';
SELECT topcache.put('t', 'k2', '"early"');
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
DROP TRIGGER late ON t;
-- session_replication_role turns the user's triggers off, not the guard
CALL start();
SET session_replication_role = replica;
UPDATE t SET value = '"as a replica"' WHERE key = 'k1';
DELETE FROM t WHERE key = 'k2';
RESET session_replication_role;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
-- nor does a session that reads without the cache write past it
SET topcache.enabled = off;
UPDATE t SET value = '"without the cache"' WHERE key = 'k3';
SELECT topcache.put('t', 'k4', '"without the cache"');
RESET topcache.enabled;
SELECT topcache.get('t', 'k3'), topcache.get('t', 'k4');
SELECT * FROM differ();

--
-- Foreign keys that cascade
--
CREATE TABLE parent (id text PRIMARY KEY, doc jsonb UNIQUE);
INSERT INTO parent SELECT key, to_jsonb(key) FROM keys;
CALL start();
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (key) REFERENCES parent
	ON DELETE CASCADE ON UPDATE CASCADE;
CALL start();
DELETE FROM parent WHERE id IN ('k1', 'k2');
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'k3');
SELECT * FROM differ();
DELETE FROM parent WHERE id = 'n1';
UPDATE parent SET id = 'n1' WHERE id = 'k3';
SELECT topcache.get('t', 'k3'), topcache.get('t', 'n1');
SELECT * FROM differ();
BEGIN;
DELETE FROM parent WHERE id LIKE 'k%';
SELECT * FROM differ();
SELECT topcache.get('t', 'k4');
ROLLBACK;
SELECT topcache.get('t', 'k4');
SELECT * FROM differ();
TRUNCATE parent CASCADE;
SELECT topcache.get('t', 'k4');
SELECT * FROM differ();
ALTER TABLE t DROP CONSTRAINT fk;
INSERT INTO parent SELECT key, to_jsonb(key) FROM keys;
DELETE FROM t;
INSERT INTO t SELECT id, doc FROM parent WHERE id LIKE 'k%';
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (value) REFERENCES parent (doc)
	ON DELETE SET DEFAULT ON UPDATE CASCADE;
ALTER TABLE t ALTER COLUMN value SET DEFAULT '"n5"';
SELECT count(topcache.get('t', key)) FROM keys;
SELECT resident();
UPDATE parent SET doc = '"cascaded"' WHERE id = 'k1';
DELETE FROM parent WHERE id = 'k2';
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
ALTER TABLE t DROP CONSTRAINT fk;
DROP TABLE parent;

--
-- Row locks are no changes.
--
CALL start();
BEGIN;
SELECT key FROM t WHERE key = 'k1' FOR UPDATE;
SELECT * FROM differ();
ROLLBACK;
SELECT topcache.evict('t', 'k1');
BEGIN;
SELECT key FROM t WHERE key = 'k1' FOR KEY SHARE;
SAVEPOINT s;
SELECT key FROM t WHERE key = 'k1' FOR NO KEY UPDATE;
ROLLBACK TO SAVEPOINT s;
COMMIT;
SELECT topcache.get('t', 'k1');
SELECT topcache.is_resident('t', 'k1');
BEGIN;
SELECT key FROM t WHERE key = 'k1' FOR KEY SHARE;
UPDATE t SET value = '"locked first"' WHERE key = 'k1';
COMMIT;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();

--
-- Changes of the table itself
--
CREATE FUNCTION state() RETURNS TABLE (state text, reason text) LANGUAGE sql AS
	$$SELECT m.state, m.reason FROM topcache.maps m WHERE relation = 'tc_dml.t'::regclass$$;
CALL start();
VACUUM FULL t;
SELECT * FROM differ();
SELECT resident();
CALL start();
CLUSTER t USING t_pkey;
SELECT * FROM differ();
CALL start();
REINDEX TABLE t;
SELECT * FROM differ();
VACUUM (FREEZE, ANALYZE) t;
SELECT * FROM differ();
UPDATE t SET value = '"after the rewrites"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
SELECT * FROM state();

CALL start();
ALTER TABLE t ADD COLUMN extra int DEFAULT 5, ADD COLUMN wide text DEFAULT clock_timestamp()::text;
SELECT * FROM differ();
UPDATE t SET extra = 6 WHERE key = 'k1';
SELECT * FROM differ();
SELECT topcache.put('t', 'k2', '"with an extra column"');
SELECT * FROM differ();
ALTER TABLE t DROP COLUMN extra, DROP COLUMN wide;
SELECT * FROM differ();
UPDATE t SET value = '"after the drop"' WHERE key = 'k3';
SELECT topcache.get('t', 'k3'), topcache.get('t', 'k2');
SELECT * FROM differ();

-- the value's type there and back, committed and not
CALL start();
BEGIN;
ALTER TABLE t ALTER COLUMN value DROP DEFAULT, ALTER COLUMN value TYPE text USING value::text || ' as text';
SELECT topcache.get('t', 'k1'), topcache.get_text('t', 'k1'), value FROM t WHERE key = 'k1';
ROLLBACK;
SELECT topcache.get('t', 'k1'), topcache.get_text('t', 'k1'), value FROM t WHERE key = 'k1';
SELECT * FROM differ();
ALTER TABLE t ALTER COLUMN value DROP DEFAULT, ALTER COLUMN value TYPE text USING value::text || ' as text';
SELECT topcache.get('t', 'k1'), topcache.get_text('t', 'k1'), value FROM t WHERE key = 'k1';
SELECT topcache.get('t', 'k1'), topcache.get_text('t', 'k1'), value FROM t WHERE key = 'k1';
ALTER TABLE t ALTER COLUMN value TYPE jsonb USING to_jsonb(value);
SELECT * FROM differ();
-- the key's type: to one that is stored alike, and to one that is not
ALTER TABLE t ALTER COLUMN key TYPE varchar(40);
SELECT * FROM differ();
UPDATE t SET value = '"varchar"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
ALTER TABLE t ALTER COLUMN key TYPE text;
SELECT * FROM differ();

-- a key or value column under a new name
CALL start();
ALTER TABLE t RENAME COLUMN value TO content;
SELECT topcache.get('t', 'k1');
UPDATE t SET content = '"renamed"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
SELECT * FROM state();
ALTER TABLE t RENAME COLUMN content TO value;
SELECT * FROM differ();
ALTER TABLE t RENAME COLUMN key TO id;
SELECT topcache.get('t', 'k1');
UPDATE t SET value = '"renamed, too"' WHERE id = 'k1';
SELECT topcache.get('t', 'k1');
SELECT * FROM state();
ALTER TABLE t RENAME COLUMN id TO key;
SELECT * FROM differ();
SELECT * FROM state();
-- every function that cannot do without the column says so
CREATE FUNCTION refusals() RETURNS TABLE (statement text, error text) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH statement IN ARRAY ARRAY['get(''t'', ''k1'')', 'get_text(''t'', ''k1'')',
		'get_many(''t'', ARRAY[''k1''])', 'contains(''t'', ''k1'')', 'scan(''t'')',
		'put(''t'', ''k1'', ''1'')', 'put_many(''t'', ARRAY[''k1''], ARRAY[''1'']::jsonb[])',
		'put_if_absent(''t'', ''k1'', ''1'')', 'replace(''t'', ''k1'', ''1'', ''2'')',
		'incr(''t'', ''k1'')', 'remove(''t'', ''k1'')', 'remove_many(''t'', ARRAY[''k1''])',
		'touch(''t'', ''k1'', ''1 hour'')', 'is_resident(''t'', ''k1'')', 'evict(''t'', ''k1'')',
		'evict_all(''t'')', 'hydrate(''t'')', 'verify(''t'')'] LOOP
		BEGIN
			error := 'none';
			EXECUTE 'SELECT topcache.' || statement;
			RAISE EXCEPTION USING ERRCODE = 'TC000';
		EXCEPTION
			WHEN SQLSTATE 'TC000' THEN NULL;
			WHEN OTHERS THEN
				error := SQLSTATE;
		END;
		-- an error of its own, or none; but not one from inside
		IF error NOT IN ('none', '55000') THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;
CALL start();
BEGIN;
ALTER TABLE t DROP COLUMN value;
SELECT * FROM state();
SELECT topcache.get('t', 'k1');
ROLLBACK;
BEGIN;
ALTER TABLE t DROP COLUMN value;
SELECT * FROM refusals();
ROLLBACK;
BEGIN;
ALTER TABLE t DROP COLUMN key;
SELECT * FROM refusals();
ROLLBACK;
SELECT * FROM state();
SELECT * FROM differ();
-- two columns that change names: the map stays on its column, as a view does
ALTER TABLE t ADD COLUMN second jsonb DEFAULT '"second"';
CALL start();
BEGIN;
ALTER TABLE t RENAME COLUMN value TO third;
ALTER TABLE t RENAME COLUMN second TO value;
COMMIT;
SELECT value_column FROM topcache.maps WHERE relation = 't'::regclass;
SELECT key FROM t WHERE topcache.get('t', key) IS DISTINCT FROM third;
BEGIN;
ALTER TABLE t RENAME COLUMN value TO second;
ALTER TABLE t RENAME COLUMN third TO value;
COMMIT;
SELECT * FROM differ();
ALTER TABLE t DROP COLUMN second;

-- the guard switched off: the map is suspended, and reads are right
CALL start();
ALTER TABLE t DISABLE TRIGGER ALL;
SELECT * FROM state();
SELECT * FROM differ();
UPDATE t SET value = '"unguarded"' WHERE key = 'k1';
DELETE FROM t WHERE key = 'k2';
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
SELECT topcache.put('t', 'k3', '"put all the same"');
SELECT * FROM differ();
SELECT topcache.is_resident('t', 'k3');
ALTER TABLE t ENABLE TRIGGER ALL;
SELECT * FROM state();
SELECT * FROM differ();
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'k3');
-- and is on always, not just on the origin
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal ORDER BY tgname;
SET session_replication_role = replica;
UPDATE t SET value = '"not seen by an origin trigger"' WHERE key = 'k4';
RESET session_replication_role;
SELECT topcache.get('t', 'k4');
SELECT * FROM differ();
SELECT topcache.detach('t'), topcache.attach('t', value => 'value');
SELECT * FROM state();

-- off, and on again before anybody has looked
CALL start();
ALTER TABLE t DISABLE TRIGGER ALL;
UPDATE t SET value = '"slipped past"' WHERE key IN ('k1', 'k2');
ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed, ENABLE ALWAYS TRIGGER topcache_table_truncated;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
SELECT * FROM state();
-- off and on again within one transaction
CALL start();
BEGIN;
ALTER TABLE t DISABLE TRIGGER ALL;
UPDATE t SET value = '"slipped past"' WHERE key IN ('k1', 'k2');
ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed, ENABLE ALWAYS TRIGGER topcache_table_truncated;
SELECT * FROM differ();
UPDATE t SET value = '"guarded"' WHERE key = 'k3';
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k3');
SELECT * FROM differ();
SELECT * FROM state();
CALL start();
BEGIN;
ALTER TABLE t DISABLE TRIGGER topcache_row_changed;
DELETE FROM t WHERE key = 'k1';
ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed;
COMMIT;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
-- ... and attached anew in it
CALL start();
BEGIN;
ALTER TABLE t DISABLE TRIGGER ALL;
UPDATE t SET value = '"slipped past"' WHERE key IN ('k1', 'k2');
SELECT * FROM differ();
DELETE FROM t WHERE key = 'k3';
SELECT topcache.detach('t');
SELECT topcache.attach('t', value => 'value');
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k3');
SELECT * FROM differ();
-- rolled back
CALL start();
BEGIN;
SAVEPOINT s;
ALTER TABLE t DISABLE TRIGGER ALL;
UPDATE t SET value = '"slipped past"' WHERE key IN ('k1', 'k2');
ROLLBACK TO SAVEPOINT s;
SELECT * FROM differ();
UPDATE t SET value = '"guarded again"' WHERE key = 'k1';
SELECT * FROM differ();
COMMIT;
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2');
SELECT * FROM differ();
-- again and again; in the end the cache is in use again
DO $$
BEGIN
	FOR i IN 1..20 LOOP
		ALTER TABLE t DISABLE TRIGGER ALL;
		COMMIT;
		UPDATE t SET value = to_jsonb(i) WHERE key = 'k1';
		ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed,
			ENABLE ALWAYS TRIGGER topcache_table_truncated;
		COMMIT;
		IF i % 5 = 0 AND topcache.get('t', 'k1') <> to_jsonb(i) THEN
			RAISE 'k1 should be %, is %', i, topcache.get('t', 'k1');
		END IF;
	END LOOP;
	FOR i IN 1..300000 LOOP
		PERFORM topcache.get('t', 'k1');
		COMMIT;
		EXIT WHEN topcache.is_resident('t', 'k1');
	END LOOP;
END $$;
SELECT * FROM state();
SELECT topcache.get('t', 'k1'), topcache.is_resident('t', 'k1');
SELECT * FROM differ();
-- dropped, with and without a word to the cache
CALL start();
SELECT format('DROP TRIGGER %I ON t', tgname) FROM pg_trigger
WHERE tgrelid = 't'::regclass AND NOT tgisinternal ORDER BY tgname \gexec
SELECT * FROM state();
UPDATE t SET value = '"unguarded"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
SELECT topcache.detach('t');
SELECT topcache.attach('t', value => 'value');
SELECT * FROM state();

-- the key's constraint dropped: a key may be there twice now
CALL start();
ALTER TABLE t DROP CONSTRAINT t_pkey;
SELECT * FROM state();
SELECT topcache.get('t', 'k1');
UPDATE t SET value = '"without a key"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
ALTER TABLE t ADD PRIMARY KEY (key);
SELECT * FROM state();
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();

-- unlogged and logged again
CALL start();
ALTER TABLE t SET UNLOGGED;
SELECT * FROM differ();
ALTER TABLE t SET LOGGED;
SELECT * FROM differ();
UPDATE t SET value = '"logged"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();

--
-- A table that is more than itself: children and partitions.
--
CALL start();
CREATE TABLE heir () INHERITS (t);
INSERT INTO heir VALUES ('n1', '"inherited"');
SELECT topcache.get('t', 'n1');
SELECT * FROM differ();
UPDATE heir SET value = '"inherited and changed"';
SELECT topcache.get('t', 'n1'), topcache.get('t', 'k1');
SELECT * FROM differ();
DROP TABLE heir;
SELECT topcache.get('t', 'n1');
SELECT * FROM differ();

CREATE TABLE whole (key text, value jsonb NOT NULL, expires_at timestamptz) PARTITION BY LIST (left(key, 1));
CREATE TABLE rest PARTITION OF whole DEFAULT;
CALL start();
ALTER TABLE whole ATTACH PARTITION t FOR VALUES IN ('k');
SELECT * FROM differ();
UPDATE whole SET value = '"through the parent"' WHERE key = 'k1';
DELETE FROM whole WHERE key = 'k2';
INSERT INTO whole VALUES ('k2', '"routed"');
UPDATE whole SET key = 'x3' WHERE key = 'k3';
INSERT INTO whole VALUES ('y4', '"elsewhere"');
DELETE FROM whole WHERE key = 'k4';
UPDATE whole SET key = 'k4' WHERE key = 'y4';
SELECT topcache.get('t', 'k1'), topcache.get('t', 'k2'), topcache.get('t', 'k3'), topcache.get('t', 'k4');
SELECT * FROM differ();
TRUNCATE whole;
SELECT topcache.get('t', 'k1');
SELECT * FROM differ();
ALTER TABLE whole DETACH PARTITION t;
DROP TABLE whole;
CALL start();
SELECT * FROM differ();

-- a trigger like the guard's, but for some of the rows only, is no guard
DROP TRIGGER topcache_row_changed ON t;
CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE OR UPDATE ON t
	FOR EACH ROW WHEN (pg_trigger_depth() = 1) EXECUTE FUNCTION topcache.row_changed();
ALTER TABLE t ENABLE ALWAYS TRIGGER topcache_row_changed;
SELECT * FROM state();
UPDATE t SET value = '"half guarded"' WHERE key = 'k1';
SELECT topcache.get('t', 'k1');
SELECT topcache.detach('t'), topcache.attach('t', value => 'value');
SELECT * FROM state();
CALL start();

-- values stored out of line
UPDATE t SET value = to_jsonb((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 2000) i))
WHERE key IN ('k1', 'k2');
SELECT * FROM differ();
SELECT resident(), length(topcache.get_text('t', 'k1'));
ALTER TABLE t ADD COLUMN other int;
UPDATE t SET other = 1 WHERE key = 'k1';
SELECT * FROM differ();
BEGIN;
UPDATE t SET value = '"short"' WHERE key = 'k1';
ROLLBACK;
SELECT * FROM differ();
SELECT topcache.evict_all('t') > 0;
VACUUM FULL t;
SELECT * FROM differ();

-- after all of this nothing resident differs from the table
SELECT * FROM topcache.verify('t');

SET client_min_messages = warning;
DROP SCHEMA tc_dml CASCADE;
