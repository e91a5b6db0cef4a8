-- Any writer: whatever changes the table, and however, the cache answers as
-- the table does: before the commit, after it, and where it is undone.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_writers;
SET search_path = tc_writers;

-- One table in every layout of a map: one column of it, whole rows, and whole
-- rows under a key of two columns.
CREATE TABLE by_value (id int PRIMARY KEY, region text NOT NULL DEFAULT 'eu',
	value jsonb DEFAULT '"default"', note text DEFAULT 'default',
	doubled text GENERATED ALWAYS AS (note || note) STORED);
CREATE TABLE by_row (LIKE by_value INCLUDING ALL);
CREATE TABLE by_pair (LIKE by_value INCLUDING ALL EXCLUDING INDEXES,
	PRIMARY KEY (region, id));
SELECT topcache.attach('by_value', value => 'value');
SELECT topcache.attach('by_row');
SELECT topcache.attach('by_pair');

-- every key that is ever used
CREATE TABLE keys (id int, region text);
INSERT INTO keys SELECT i, r
FROM generate_series(1, 30) i, unnest(ARRAY['eu', 'us', 'xx']) r;

-- The check: one statement, one snapshot.  Every way to read a record is held
-- against the table; the key is an expression so that the table is read
-- without its index.
CREATE FUNCTION differ_by_value() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s: %s | %s | %s | %s', k.id, topcache.get('by_value', k.id),
		topcache.get_text('by_value', k.id), m.value,
		(SELECT value FROM by_value t WHERE t.id + 0 = k.id))
	FROM (SELECT DISTINCT id FROM keys) k
	JOIN topcache.get_many('by_value',
		(SELECT array_agg(DISTINCT id) FROM keys)) m ON m.key = k.id::text
	WHERE topcache.get('by_value', k.id) IS DISTINCT FROM
			(SELECT value FROM by_value t WHERE t.id + 0 = k.id)
		OR topcache.get_text('by_value', k.id) IS DISTINCT FROM
			(SELECT value::text FROM by_value t WHERE t.id + 0 = k.id)
		OR m.value IS DISTINCT FROM
			(SELECT value FROM by_value t WHERE t.id + 0 = k.id)
		OR topcache.contains('by_value', k.id) IS DISTINCT FROM
			EXISTS (SELECT FROM by_value t WHERE t.id + 0 = k.id)
$$;
CREATE FUNCTION differ_by_row() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s: %s | %s | %s | %s | %s', k.id, topcache.get('by_row', k.id),
		topcache.get_text('by_row', k.id), topcache.fetch(NULL::by_row, k.id), m.value,
		(SELECT t FROM by_row t WHERE t.id + 0 = k.id))
	FROM (SELECT DISTINCT id FROM keys) k
	JOIN topcache.get_many('by_row',
		(SELECT array_agg(DISTINCT id) FROM keys)) m ON m.key = k.id::text
	WHERE topcache.get('by_row', k.id) IS DISTINCT FROM
			(SELECT to_jsonb(t) FROM by_row t WHERE t.id + 0 = k.id)
		OR topcache.get_text('by_row', k.id) IS DISTINCT FROM
			(SELECT t::text FROM by_row t WHERE t.id + 0 = k.id)
		OR topcache.fetch(NULL::by_row, k.id) IS DISTINCT FROM
			(SELECT t FROM by_row t WHERE t.id + 0 = k.id)
		OR m.value IS DISTINCT FROM
			(SELECT to_jsonb(t) FROM by_row t WHERE t.id + 0 = k.id)
$$;
CREATE FUNCTION differ_by_pair() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s: %s | %s | %s', k, topcache.get('by_pair', ROW(k.region, k.id)),
		m, (SELECT t FROM by_pair t WHERE t.id + 0 = k.id AND t.region || '' = k.region))
	FROM (SELECT *, row_number() OVER (ORDER BY region, id) AS n FROM keys) k
	JOIN topcache.fetch_many(NULL::by_pair,
		(SELECT array_agg(ROW(region, id) ORDER BY region, id) FROM keys))
		WITH ORDINALITY m ON m.ordinality = k.n
	WHERE topcache.get('by_pair', ROW(k.region, k.id)) IS DISTINCT FROM
			(SELECT to_jsonb(t) FROM by_pair t WHERE t.id + 0 = k.id AND t.region || '' = k.region)
		OR CASE WHEN m.id IS NOT NULL THEN to_jsonb(m) - 'ordinality' END IS DISTINCT FROM
			(SELECT to_jsonb(t) FROM by_pair t WHERE t.id + 0 = k.id AND t.region || '' = k.region)
$$;
CREATE FUNCTION differ(map text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT differ_%s()', map);
END $$;
-- what is wrong, said aloud, and how much of it
CREATE FUNCTION wrong(what text, map text, "when" text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	line text;
	n int := 0;
BEGIN
	FOR line IN SELECT * FROM differ(map) ORDER BY 1 LOOP
		RAISE WARNING '% of % is wrong %: %', what, map, "when", line;
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;
CREATE FUNCTION contents(map text) RETURNS TABLE (id int, "row" text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT t.id, t::text FROM %I t', map);
END $$;
-- how often the table had to be read
CREATE FUNCTION from_table(map text) RETURNS bigint LANGUAGE sql AS
	$$SELECT misses + bypasses FROM topcache.stats WHERE relation = map::regclass$$;

-- Twenty records, all of them resident; the other keys are known to be absent.
CREATE PROCEDURE start(map text) LANGUAGE plpgsql AS $$
BEGIN
	-- without triggers of the user's
	SET LOCAL session_replication_role = replica;
	EXECUTE format('DELETE FROM %I', map);
	EXECUTE format($i$INSERT INTO %I SELECT i, CASE WHEN i %% 3 = 0 THEN 'us' ELSE 'eu' END,
		to_jsonb(i), 'note ' || i FROM generate_series(1, 20) i$i$, map);
	COMMIT;
	PERFORM differ(map);
	COMMIT;
END $$;

-- Runs a writer on every map: undone, undone to a savepoint, and committed.
-- Each time, the check is made before the end and after it, and the last one
-- again, when all of it should come from the cache.  In the statements, $t is
-- the table and $key its key.
CREATE PROCEDURE try(what text, writer text, setup text DEFAULT NULL, teardown text DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
	map text;
	statement text;
	before text[];
	changed text := '';
	bad int := 0;
	n bigint;
	served text := '';
BEGIN
	FOREACH map IN ARRAY ARRAY['by_value', 'by_row', 'by_pair'] LOOP
		CALL start(map);
		IF setup IS NOT NULL THEN
			EXECUTE replace(setup, '$t', map);
			COMMIT;
			PERFORM differ(map);
			COMMIT;
		END IF;
		statement := replace(replace(writer, '$t', map),
			'$key', CASE map WHEN 'by_pair' THEN 'region, id' ELSE 'id' END);
		SELECT array_agg(c."row") INTO before FROM contents(map) c;
		-- undone
		EXECUTE statement;
		bad := bad + wrong(what, map, 'before it is rolled back');
		ROLLBACK;
		bad := bad + wrong(what, map, 'rolled back');
		COMMIT;
		-- undone to a savepoint
		BEGIN
			EXECUTE statement;
			bad := bad + wrong(what, map, 'in the savepoint');
			RAISE EXCEPTION 'undo' USING ERRCODE = 'TC000';
		EXCEPTION WHEN SQLSTATE 'TC000' THEN
			bad := bad + wrong(what, map, 'after the savepoint');
		END;
		COMMIT;
		bad := bad + wrong(what, map, 'committed without the savepoint');
		COMMIT;
		-- committed
		EXECUTE statement;
		bad := bad + wrong(what, map, 'before it is committed');
		COMMIT;
		bad := bad + wrong(what, map, 'committed');
		COMMIT;
		n := from_table(map);
		bad := bad + wrong(what, map, 'committed, read again');
		served := served || CASE WHEN from_table(map) = n THEN '' ELSE map || ' ' END;
		SELECT count(*) INTO n FROM
			((SELECT unnest(before) EXCEPT SELECT c."row" FROM contents(map) c)
			 UNION (SELECT c."row" FROM contents(map) c EXCEPT SELECT unnest(before))) d;
		changed := changed || n || ' ';
		IF teardown IS NOT NULL THEN
			EXECUTE replace(teardown, '$t', map);
			COMMIT;
		END IF;
	END LOOP;
	RAISE NOTICE '%: changed %- wrong %', what, changed, bad;
	IF served <> '' THEN
		RAISE WARNING 'not from the cache: %', served;
	END IF;
END $$;

--
-- INSERT, UPDATE, DELETE
--
CALL try('INSERT', $$INSERT INTO $t VALUES (21, 'eu', '"new"', DEFAULT), (22, 'us', NULL, NULL)$$);
CALL try('INSERT of defaults', $$INSERT INTO $t (id) VALUES (21), (22)$$);
CALL try('INSERT SELECT', $$INSERT INTO $t SELECT id + 20, region, value, 'copied' FROM $t WHERE id <= 10$$);
CALL try('UPDATE of one', $$UPDATE $t SET value = '"one"', note = 'one' WHERE id = 7$$);
CALL try('UPDATE of all', $$UPDATE $t SET value = to_jsonb('all ' || id), note = NULL$$);
CALL try('UPDATE of nothing', $$UPDATE $t SET value = '0' WHERE id = 99$$);
CALL try('UPDATE to the same', $$UPDATE $t SET value = value, note = note$$);
CALL try('UPDATE to NULL', $$UPDATE $t SET value = NULL WHERE id < 5$$);
CALL try('UPDATE to DEFAULT', $$UPDATE $t SET value = DEFAULT, note = DEFAULT WHERE id < 5$$);
CALL try('UPDATE FROM', $$UPDATE $t t SET note = k.region FROM keys k WHERE k.id = t.id AND k.region = 'xx'$$);
CALL try('UPDATE twice', $$UPDATE $t SET value = '"first"'; UPDATE $t SET value = '"second"', note = 'second' WHERE id < 9$$);
CALL try('DELETE', $$DELETE FROM $t WHERE id IN (1, 2)$$);
CALL try('DELETE USING', $$DELETE FROM $t t USING keys k WHERE k.id = t.id AND k.region = t.region AND k.id > 15$$);
CALL try('DELETE of all', $$DELETE FROM $t$$);
CALL try('DELETE and INSERT', $$DELETE FROM $t; INSERT INTO $t SELECT id, region, '"reborn"' FROM keys WHERE region = 'eu'$$);
CALL try('INSERT and DELETE', $$INSERT INTO $t VALUES (21), (22); DELETE FROM $t WHERE id > 19$$);
CALL try('INSERT and UPDATE', $$INSERT INTO $t VALUES (21); UPDATE $t SET note = 'updated' WHERE id > 19$$);

--
-- The key
--
CALL try('UPDATE of a key', $$UPDATE $t SET id = 21 WHERE id = 1$$);
CALL try('UPDATE of a key there and back', $$UPDATE $t SET id = 21 WHERE id = 1; UPDATE $t SET id = 1 WHERE id = 21$$);
CALL try('UPDATE of all keys', $$UPDATE $t SET id = id - 100; UPDATE $t SET id = id + 110$$);
CALL try('swap of two keys', $$UPDATE $t SET id = 0 WHERE id = 1;
	UPDATE $t SET id = 1 WHERE id = 2; UPDATE $t SET id = 2 WHERE id = 0$$);
CALL try('rotation of keys', $$UPDATE $t SET id = id - 100; UPDATE $t SET id = (id + 100) % 20 + 1$$);
CALL try('a key taken over', $$DELETE FROM $t WHERE id = 1; UPDATE $t SET id = 1, region = 'eu' WHERE id = 2;
	INSERT INTO $t VALUES (2)$$);
CALL try('UPDATE of half a key', $$UPDATE $t SET region = 'xx' WHERE id < 6$$);

--
-- ON CONFLICT, MERGE
--
CALL try('ON CONFLICT DO UPDATE', $$INSERT INTO $t VALUES (1, 'eu', '"conflict"'), (21, 'eu', '"none"')
	ON CONFLICT ($key) DO UPDATE SET value = EXCLUDED.value$$);
CALL try('ON CONFLICT DO UPDATE WHERE', $$INSERT INTO $t AS t VALUES (1, 'eu', '"conflict"'), (21, 'eu', '"none"')
	ON CONFLICT ($key) DO UPDATE SET value = EXCLUDED.value WHERE t.note = 'no such note'$$);
CALL try('ON CONFLICT DO UPDATE of the key', $$INSERT INTO $t AS t VALUES (1, 'eu')
	ON CONFLICT ($key) DO UPDATE SET id = t.id + 20$$);
CALL try('ON CONFLICT DO NOTHING', $$INSERT INTO $t VALUES (1, 'eu', '"ignored"'), (21, 'eu', '2') ON CONFLICT DO NOTHING$$);
CALL try('MERGE', $$MERGE INTO $t t USING keys k ON t.id = k.id AND t.region = k.region
	WHEN MATCHED AND k.id % 3 = 0 THEN DELETE
	WHEN MATCHED AND k.id % 3 = 1 THEN UPDATE SET value = '"merged"', note = t.note || ' merged'
	WHEN NOT MATCHED AND k.region = 'xx' AND k.id > 20 THEN INSERT (id, region) VALUES (k.id, k.region)
	WHEN NOT MATCHED THEN DO NOTHING$$);

--
-- COPY
--
CALL try('COPY', $$COPY $t (id, region, value, note) FROM PROGRAM 'printf "21,eu,1,\n22,us,,x\n"' (FORMAT csv)$$);
CALL try('COPY into an emptied table', $$TRUNCATE $t;
	COPY $t (id, region) FROM PROGRAM 'printf "1,eu\n21,us\n"' (FORMAT csv, FREEZE)$$);
CALL start('by_row');
COPY by_row (id, region, value, note) FROM stdin;
21	eu	{"copied": true}	\N
22	us	\N	copied
\.
SELECT topcache.get('by_row', 21), topcache.get_text('by_row', 22);
SELECT * FROM differ('by_row');

--
-- Several writers in one statement
--
CALL try('a writable CTE', $$WITH gone AS (DELETE FROM $t WHERE id = 1 RETURNING *)
	INSERT INTO $t SELECT id + 20, region, value, note FROM gone$$);
CALL try('three writable CTEs', $$WITH a AS (UPDATE $t SET note = 'a' WHERE id < 5 RETURNING id),
		b AS (DELETE FROM $t WHERE id > 15 RETURNING id),
		c AS (INSERT INTO $t (id) SELECT id + 20 FROM a RETURNING id)
	SELECT count(*) FROM a, b, c$$);
CALL try('a CTE that updates what it reads through the cache',
	$$WITH r AS (SELECT id, topcache.contains('by_value', id) AS found FROM $t)
	UPDATE $t t SET note = 'found ' || r.found FROM r WHERE r.id = t.id AND t.id < 4$$);
CALL try('a prepared statement, again and again', $$PREPARE p(int) AS UPDATE $t SET note = note || $1 WHERE id = $1;
	EXECUTE p(1); EXECUTE p(2); EXECUTE p(3); EXECUTE p(1); EXECUTE p(1); EXECUTE p(1); EXECUTE p(1);
	DEALLOCATE p$$);

--
-- Views and rules
--
CALL try('an updatable view', $$UPDATE v SET note = 'through a view' WHERE id = 2;
	INSERT INTO v VALUES (21); DELETE FROM v WHERE id = 3$$,
	'CREATE VIEW v AS SELECT id, note FROM $t WHERE id > 0', 'DROP VIEW v');
CALL try('INSTEAD OF triggers', $$UPDATE v SET note = 'instead' WHERE id = 2; DELETE FROM v WHERE id = 3$$,
	'CREATE VIEW v AS SELECT DISTINCT id, note FROM $t;
	CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $f$
	BEGIN
		IF TG_OP = ''DELETE'' THEN
			DELETE FROM $t WHERE id = OLD.id;
			RETURN OLD;
		END IF;
		UPDATE $t SET note = NEW.note WHERE id = NEW.id;
		RETURN NEW;
	END $f$;
	CREATE TRIGGER i INSTEAD OF UPDATE OR DELETE ON v FOR EACH ROW EXECUTE FUNCTION instead()',
	'DROP VIEW v; DROP FUNCTION instead()');
CALL try('a rule of another table', $$UPDATE other SET id = id WHERE id = 4$$,
	'CREATE TABLE other AS SELECT 4 AS id;
	CREATE RULE r AS ON UPDATE TO other DO ALSO UPDATE $t SET note = ''by a rule'' WHERE id = OLD.id',
	'DROP TABLE other');
CALL try('a rule of its own', $$INSERT INTO $t VALUES (1, 'eu', '"instead"')$$,
	'CREATE RULE r AS ON INSERT TO $t WHERE NEW.id = 1 DO INSTEAD
		UPDATE $t SET value = NEW.value WHERE id = NEW.id',
	'DROP RULE r ON $t');

--
-- Triggers of the user's that change the row, drop the change, write again
--
CREATE FUNCTION change_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.value := to_jsonb(TG_OP);
	NEW.note := coalesce(NEW.note, '') || ' changed';
	RETURN NEW;
END $$;
CREATE FUNCTION change_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.id := NEW.id % 5 + 21;
	RETURN NEW;
END $$;
CREATE FUNCTION skip_odd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF coalesce(NEW.id, OLD.id) % 2 = 1 THEN
		RETURN NULL;
	END IF;
	RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION write_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() < 3 THEN
		EXECUTE format('UPDATE %s SET note = $1 WHERE id = $2', TG_RELID::regclass)
			USING TG_WHEN || ' ' || coalesce(NEW.id, OLD.id), coalesce(NEW.id, OLD.id) + 1;
	END IF;
	IF TG_WHEN = 'AFTER' THEN
		RETURN NULL;
	END IF;
	RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION write_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		EXECUTE format('UPDATE %s SET note = $1 WHERE id = $2', TG_RELID::regclass)
			USING 'again', NEW.id;
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION write_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		EXECUTE format('UPDATE %s SET value = to_jsonb(id)', TG_RELID::regclass);
	END IF;
	RETURN NULL;
END $$;
CALL try('BEFORE, the row changed', $$UPDATE $t SET value = '1' WHERE id < 4; INSERT INTO $t VALUES (21)$$,
	'CREATE TRIGGER u BEFORE INSERT OR UPDATE ON $t FOR EACH ROW WHEN (NEW.id IN (1, 2, 3, 21)) EXECUTE FUNCTION change_row()',
	'DROP TRIGGER u ON $t');
CALL try('BEFORE, the key changed', $$UPDATE $t SET value = '1' WHERE id < 4$$,
	'CREATE TRIGGER u BEFORE UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION change_key()',
	'DROP TRIGGER u ON $t');
CALL try('BEFORE, no change', $$UPDATE $t SET value = '1'; DELETE FROM $t WHERE id > 10$$,
	'CREATE TRIGGER u BEFORE UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION skip_odd();
	CREATE TRIGGER d BEFORE DELETE ON $t FOR EACH ROW WHEN (OLD.id % 4 = 3) EXECUTE FUNCTION skip_odd()',
	'DROP TRIGGER u ON $t; DROP TRIGGER d ON $t');
CALL try('BEFORE, another row written', $$UPDATE $t SET value = '1' WHERE id = 4; DELETE FROM $t WHERE id = 10$$,
	'CREATE TRIGGER u BEFORE UPDATE OR DELETE ON $t FOR EACH ROW WHEN (OLD.id IN (4, 10)) EXECUTE FUNCTION write_next()',
	'DROP TRIGGER u ON $t');
CALL try('AFTER, another row written', $$UPDATE $t SET value = '1'$$,
	'CREATE TRIGGER "AAA first" AFTER UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION write_next();
	CREATE TRIGGER "~~~ last" AFTER UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION write_next()',
	'DROP TRIGGER "AAA first" ON $t; DROP TRIGGER "~~~ last" ON $t');
CALL try('AFTER, the row written again', $$UPDATE $t SET value = '1' WHERE id < 9; INSERT INTO $t VALUES (21)$$,
	'CREATE TRIGGER "AAA first" AFTER INSERT OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION write_same()',
	'DROP TRIGGER "AAA first" ON $t');
CALL try('AFTER, the row written again, later', $$UPDATE $t SET value = '1' WHERE id < 9; INSERT INTO $t VALUES (21)$$,
	'CREATE TRIGGER "~~~ last" AFTER INSERT OR UPDATE ON $t FOR EACH ROW EXECUTE FUNCTION write_same()',
	'DROP TRIGGER "~~~ last" ON $t');
CALL try('AFTER each statement', $$UPDATE $t SET note = 'x' WHERE id < 3; DELETE FROM $t WHERE id = 20$$,
	'CREATE TRIGGER u AFTER UPDATE OR DELETE ON $t EXECUTE FUNCTION write_all()',
	'DROP TRIGGER u ON $t');
CALL try('deferred to the commit', $$UPDATE $t SET value = '1' WHERE id < 9$$,
	'CREATE CONSTRAINT TRIGGER u AFTER UPDATE ON $t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN (NEW.note IS DISTINCT FROM ''again'') EXECUTE FUNCTION write_same()',
	'DROP TRIGGER u ON $t');
CALL try('deferred', $$UPDATE $t SET value = '1' WHERE id < 9; SET CONSTRAINTS ALL IMMEDIATE$$,
	'CREATE CONSTRAINT TRIGGER u AFTER UPDATE ON $t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN (NEW.note IS DISTINCT FROM ''again'') EXECUTE FUNCTION write_same()',
	'DROP TRIGGER u ON $t');

--
-- Foreign keys
--
CREATE TABLE regions (region text PRIMARY KEY);
CREATE TABLE notes (note text PRIMARY KEY);
CREATE TABLE ids (id int PRIMARY KEY);
CREATE PROCEDURE refill() LANGUAGE sql AS $$
	DELETE FROM notes WHERE note LIKE 'other %';
	INSERT INTO regions VALUES ('eu'), ('us'), ('xx') ON CONFLICT DO NOTHING;
	INSERT INTO notes SELECT 'note ' || i FROM generate_series(1, 20) i
	UNION ALL VALUES ('default') ON CONFLICT DO NOTHING;
	INSERT INTO ids SELECT DISTINCT id FROM keys WHERE id <= 20 ON CONFLICT DO NOTHING;
$$;
CALL refill();
CALL try('ON UPDATE CASCADE of the key', $$UPDATE ids SET id = id + 20 WHERE id < 6$$,
	'CALL refill(); DELETE FROM ids WHERE id > 20; ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES ids ON UPDATE CASCADE',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('ON DELETE CASCADE', $$DELETE FROM ids WHERE id < 6$$,
	'CALL refill(); ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES ids ON DELETE CASCADE',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('ON UPDATE CASCADE', $$DELETE FROM regions WHERE region = 'xx'; UPDATE regions SET region = 'xx' WHERE region = 'us'$$,
	'CALL refill(); ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (region) REFERENCES regions ON UPDATE CASCADE',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('ON DELETE SET NULL', $$DELETE FROM notes WHERE note < 'note 2'$$,
	'CALL refill(); ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (note) REFERENCES notes ON DELETE SET NULL',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('ON UPDATE SET NULL', $$UPDATE notes SET note = 'other ' || note WHERE note < 'note 2'$$,
	'CALL refill(); ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (note) REFERENCES notes ON UPDATE SET NULL',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('ON DELETE SET DEFAULT', $$DELETE FROM notes WHERE note LIKE 'note 1%'$$,
	'CALL refill(); ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (note) REFERENCES notes ON DELETE SET DEFAULT',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('a cascade over two tables', $$DELETE FROM regions WHERE region = 'us'$$,
	'CALL refill(); CREATE TABLE between_two (region text PRIMARY KEY REFERENCES regions ON DELETE CASCADE);
	INSERT INTO between_two SELECT region FROM regions;
	ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (region) REFERENCES between_two ON DELETE CASCADE',
	'ALTER TABLE $t DROP CONSTRAINT fk; DROP TABLE between_two');
CALL try('a cascade within the table', $$DELETE FROM $t WHERE id = 1$$,
	'ALTER TABLE $t ADD COLUMN above int, ADD UNIQUE (id), ADD CONSTRAINT fk FOREIGN KEY (above) REFERENCES $t (id) ON DELETE CASCADE;
	UPDATE $t SET above = nullif(id / 2, 0)',
	'ALTER TABLE $t DROP COLUMN above CASCADE, DROP CONSTRAINT $t_id_key');

--
-- TRUNCATE
--
CALL try('TRUNCATE', 'TRUNCATE $t');
CALL try('TRUNCATE, and rows after it', $$TRUNCATE $t; INSERT INTO $t VALUES (2), (21)$$);
CALL try('TRUNCATE twice', $$TRUNCATE $t; INSERT INTO $t VALUES (2), (21); TRUNCATE $t; INSERT INTO $t VALUES (3)$$);
CALL try('rows written, TRUNCATE', $$UPDATE $t SET note = 'soon gone'; INSERT INTO $t VALUES (21); TRUNCATE $t$$);
CALL try('TRUNCATE CASCADE', 'SET LOCAL client_min_messages = warning; TRUNCATE ids CASCADE; RESET client_min_messages',
	'CALL refill(); ALTER TABLE $t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES ids',
	'ALTER TABLE $t DROP CONSTRAINT fk');
CALL try('TRUNCATE of several tables', 'TRUNCATE notes, $t, regions');

--
-- As a replica; without the cache; in functions
--
CALL try('session_replication_role = replica', $$SET LOCAL session_replication_role = replica;
	UPDATE $t SET note = 'as a replica' WHERE id < 4; DELETE FROM $t WHERE id = 4; INSERT INTO $t VALUES (21)$$);
CALL try('TRUNCATE as a replica', $$SET LOCAL session_replication_role = replica; TRUNCATE $t; INSERT INTO $t VALUES (21)$$);
CALL try('session_replication_role = local', $$SET LOCAL session_replication_role = local; UPDATE $t SET note = 'local'$$);
CALL try('topcache.enabled = off', $$SET LOCAL topcache.enabled = off;
	UPDATE $t SET note = 'without the cache', value = '0' WHERE id < 4; INSERT INTO $t VALUES (21);
	SET LOCAL topcache.enabled = on$$);
CALL try('an SQL function', 'SELECT w()',
	'CREATE FUNCTION w() RETURNS void LANGUAGE sql AS $f$
		UPDATE tc_writers.$t SET note = ''function'' WHERE id < 3; DELETE FROM tc_writers.$t WHERE id = 9 $f$',
	'DROP FUNCTION w()');
CALL try('functions within a statement', 'UPDATE $t SET note = w(id) WHERE id > 15',
	'CREATE FUNCTION w(int) RETURNS text LANGUAGE plpgsql AS $f$
	BEGIN
		UPDATE $t SET value = to_jsonb($1) WHERE id = $1 - 10;
		RETURN ''w '' || $1;
	END $f$',
	'DROP FUNCTION w(int)');
CALL try('a loop over a cursor', $$DO $f$
	DECLARE
		c CURSOR FOR SELECT * FROM $t ORDER BY id FOR UPDATE;
	BEGIN
		FOR r IN c LOOP
			IF r.id % 3 = 0 THEN
				DELETE FROM $t WHERE CURRENT OF c;
			ELSIF r.id % 3 = 1 THEN
				UPDATE $t SET note = 'current' WHERE CURRENT OF c;
			END IF;
		END LOOP;
	END $f$ $$);
CALL try('exception blocks', $$DO $f$
	BEGIN
		FOR i IN 1..20 LOOP
			UPDATE $t SET note = note || ' outer' WHERE id = i;
			BEGIN
				UPDATE $t SET note = note || ' inner', value = '0' WHERE id = i;
				DELETE FROM $t WHERE id = i AND i % 4 = 0;
				IF i % 2 = 0 THEN
					RAISE EXCEPTION 'undo';
				END IF;
			EXCEPTION WHEN raise_exception THEN
				INSERT INTO $t VALUES (i + 10) ON CONFLICT DO NOTHING;
			END;
		END LOOP;
	END $f$ $$);
CALL try('row locks and a write', $$LOCK TABLE $t IN ROW SHARE MODE;
	DO $f$ BEGIN PERFORM id FROM $t WHERE id < 9 FOR UPDATE; END $f$;
	UPDATE $t SET note = 'locked first' WHERE id = 1$$);
CALL try('row locks alone', $$DO $f$ BEGIN PERFORM id FROM $t FOR UPDATE; PERFORM id FROM $t FOR KEY SHARE; END $f$ $$);

--
-- Writers that fail leave nothing behind.
--
CREATE FUNCTION fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END $$;
ALTER TABLE by_row ADD CONSTRAINT positive CHECK (id > 0);
CALL start('by_row');
BEGIN;
SELECT fails($$INSERT INTO by_row VALUES (21), (22), (1)$$);
SELECT * FROM differ('by_row');
SELECT fails($$UPDATE by_row SET id = 2 WHERE id = 1$$);
SELECT fails($$UPDATE by_row SET id = 1 WHERE id = 6$$);
SELECT fails($$UPDATE by_row SET id = -id, note = 'x'$$);
SELECT fails($$WITH w AS (UPDATE by_row SET note = 'x' WHERE id = 1 RETURNING id) SELECT 1 / (id - 1) FROM w$$);
SELECT fails($$INSERT INTO by_row VALUES (1), (1) ON CONFLICT (id) DO UPDATE SET note = 'twice'$$);
SELECT fails($$COPY by_row (id) FROM PROGRAM 'printf "21\n22\nnonsense\n"'$$);
SELECT * FROM differ('by_row');
COMMIT;
SELECT * FROM differ('by_row');
SELECT count(*) FILTER (WHERE id > 20) AS new, count(*) FILTER (WHERE note LIKE 'note %') AS old FROM by_row;
-- the statement that fails ends its transaction
BEGIN;
UPDATE by_row SET note = 'gone in a moment';
INSERT INTO by_row VALUES (21), (1);
SELECT topcache.get('by_row', 1);
ROLLBACK;
SELECT * FROM differ('by_row');
-- a deferred constraint fails at the end
ALTER TABLE by_row ADD CONSTRAINT late FOREIGN KEY (id) REFERENCES ids DEFERRABLE INITIALLY DEFERRED NOT VALID;
BEGIN;
UPDATE by_row SET note = 'gone in a moment';
INSERT INTO by_row VALUES (99);
SELECT * FROM differ('by_row');
COMMIT;
SELECT * FROM differ('by_row');
SELECT count(*) FROM by_row WHERE note = 'gone in a moment';
ALTER TABLE by_row DROP CONSTRAINT late, DROP CONSTRAINT positive;

--
-- Cursors see what they saw when they were opened, also after the commit.
--
CALL start('by_row');
BEGIN;
DECLARE c CURSOR FOR
	SELECT k.id, topcache.fetch(NULL::by_row, k.id)::text IS NOT DISTINCT FROM t::text AS same, t.note
	FROM generate_series(1, 4) k(id) LEFT JOIN by_row t ON t.id + 0 = k.id ORDER BY k.id;
DECLARE held CURSOR WITH HOLD FOR
	SELECT k.id, topcache.get('by_row', k.id) ->> 'note' AS note FROM generate_series(1, 4) k(id) ORDER BY k.id;
FETCH 1 FROM c;
UPDATE by_row SET note = 'later' WHERE id <= 2;
DELETE FROM by_row WHERE id = 3;
FETCH ALL FROM c;
FETCH 1 FROM held;
SELECT k.id, topcache.get('by_row', k.id) ->> 'note' AS note FROM generate_series(1, 4) k(id) ORDER BY k.id;
COMMIT;
FETCH ALL FROM held;
CLOSE held;
SELECT * FROM differ('by_row');

--
-- Functions: a volatile one sees what its statement has written, a stable one
-- sees what the statement saw.
--
CREATE FUNCTION see_volatile(i int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN (topcache.get('by_row', i) ->> 'note') || ' = ' || (SELECT note FROM by_row WHERE id + 0 = i);
END $$;
CREATE FUNCTION see_stable(i int) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (topcache.get('by_row', i) ->> 'note') || ' = ' || (SELECT note FROM by_row WHERE id + 0 = i);
END $$;
CREATE FUNCTION write_note(i int) RETURNS text LANGUAGE sql VOLATILE AS
	$$UPDATE by_row SET note = 'written' WHERE id = i RETURNING note$$;
CALL start('by_row');
SELECT see_volatile(1), see_stable(1), write_note(1), see_volatile(1), see_stable(1);
SELECT see_volatile(1), see_stable(1);
UPDATE by_row SET note = see_volatile(id) || ' ' || see_stable(id) WHERE id IN (2, 3)
RETURNING note, see_volatile(id), see_stable(id);
SELECT * FROM differ('by_row');

--
-- Savepoints nested a hundred deep.  Beside every third one there is another,
-- which is undone; and what is deeper than the fiftieth is undone as a whole.
--
CREATE FUNCTION deep(map text, level int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	bad int := 0;
	write_ text := format('UPDATE %I SET note = $1, value = to_jsonb($2) WHERE id IN (1, $2 %% 20 + 1)', map);
	delete_ text := format('DELETE FROM %I WHERE id = $1', map);
	insert_ text := format('INSERT INTO %I (id, region, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', map);
BEGIN
	EXECUTE write_ USING 'level ' || level, level;
	EXECUTE delete_ USING level % 10 + 11;
	EXECUTE insert_ USING level % 10 + 21, (ARRAY['eu', 'us', 'xx'])[level % 3 + 1], 'level ' || level;
	IF level % 3 = 0 THEN
		BEGIN
			EXECUTE write_ USING 'beside ' || level, level + 1;
			EXECUTE delete_ USING level % 10 + 1;
			EXECUTE insert_ USING (level + 1) % 10 + 21, 'eu', 'beside ' || level;
			bad := bad + (SELECT count(*) FROM differ(map));
			RAISE EXCEPTION 'undo' USING ERRCODE = 'TC000', DETAIL = bad;
		EXCEPTION WHEN SQLSTATE 'TC000' THEN
			GET STACKED DIAGNOSTICS bad = PG_EXCEPTION_DETAIL;
		END;
	END IF;
	IF level < 100 THEN
		BEGIN
			bad := bad + deep(map, level + 1);
			IF level = 50 THEN
				RAISE EXCEPTION 'undo' USING ERRCODE = 'TC000', DETAIL = bad;
			END IF;
		EXCEPTION WHEN SQLSTATE 'TC000' THEN
			GET STACKED DIAGNOSTICS bad = PG_EXCEPTION_DETAIL;
		END;
	END IF;
	IF level % 10 = 0 THEN
		bad := bad + (SELECT count(*) FROM differ(map));
	END IF;
	RETURN bad;
END $$;
CALL start('by_value');
CALL start('by_row');
CALL start('by_pair');
BEGIN;
SELECT deep('by_value', 1), deep('by_row', 1), deep('by_pair', 1);
SELECT differ('by_value') UNION ALL SELECT differ('by_row') UNION ALL SELECT differ('by_pair');
COMMIT;
SELECT differ('by_value') UNION ALL SELECT differ('by_row') UNION ALL SELECT differ('by_pair');
SELECT id, note, topcache.get('by_row', id) ->> 'note' AS cache FROM by_row WHERE id IN (1, 12, 22) ORDER BY id;

-- two writes of one key, the second rolled back to a savepoint; by each writer
CALL start('by_row');
BEGIN;
UPDATE by_row SET note = 'first' WHERE id < 5;
INSERT INTO by_row (id, note) VALUES (21, 'first'), (22, 'first');
DELETE FROM by_row WHERE id IN (10, 11);
SAVEPOINT s;
UPDATE by_row SET note = 'second' WHERE id IN (1, 2, 21);
DELETE FROM by_row WHERE id IN (3, 22);
INSERT INTO by_row (id, note) VALUES (10, 'second');
UPDATE by_row SET id = 11 WHERE id = 4;
SELECT * FROM differ('by_row');
ROLLBACK TO SAVEPOINT s;
SELECT * FROM differ('by_row');
COMMIT;
SELECT k AS id, topcache.fetch(NULL::by_row, k) FROM unnest(ARRAY[1, 2, 3, 4, 10, 11, 21, 22]) k ORDER BY k;
SELECT * FROM differ('by_row');

--
-- A hundred thousand records in one transaction
--
CREATE TABLE large (id int PRIMARY KEY, n int, note text);
INSERT INTO large SELECT i, 0, 'note ' || i FROM generate_series(1, 100000) i;
SELECT topcache.attach('large');
SELECT topcache.hydrate('large');
CREATE FUNCTION differ_large() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*)
	FROM topcache.fetch_many(NULL::large, ARRAY(SELECT generate_series(1, 110000)))
		WITH ORDINALITY c(id, n, note, key)
	LEFT JOIN large t ON t.id = c.key
	WHERE (c.id, c.n, c.note) IS DISTINCT FROM (t.id, t.n, t.note)
$$;
SELECT differ_large();
BEGIN;
UPDATE large SET n = 1;
SELECT differ_large();
ROLLBACK;
SELECT differ_large();
BEGIN;
UPDATE large SET n = 2;
SAVEPOINT s;
UPDATE large SET n = 3 WHERE id % 2 = 0;
DELETE FROM large WHERE id % 5 = 0;
SELECT differ_large();
ROLLBACK TO SAVEPOINT s;
DELETE FROM large WHERE id > 90000;
INSERT INTO large SELECT i, 4, 'new' FROM generate_series(95001, 105000) i;
SELECT differ_large();
COMMIT;
SELECT differ_large();
SELECT n, count(*), sum((topcache.get('large', id) ->> 'n')::int) FROM large GROUP BY n ORDER BY n;
SELECT * FROM topcache.verify('large');

-- after all of this nothing resident differs from the tables
SELECT map, v.* FROM unnest(ARRAY['by_value', 'by_row', 'by_pair']) map, topcache.verify(map::regclass) v;

SET client_min_messages = warning;
DROP SCHEMA tc_writers CASCADE;
