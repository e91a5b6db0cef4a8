--
-- Foreign tables: whose rights count, whose code runs as whom, and what a
-- condition means.  The code here tells as whom it runs.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
CREATE ROLE tc_rights_owner;
CREATE ROLE tc_rights_reader;
CREATE SCHEMA tc_rights AUTHORIZATION tc_rights_owner;
CREATE SCHEMA tc_rights_away AUTHORIZATION tc_rights_reader;
GRANT USAGE ON SCHEMA tc_rights TO tc_rights_reader;
GRANT USAGE ON SCHEMA tc_rights_away TO tc_rights_owner;

-- what nobody but the owner reads, and a part of it that he shows
SET ROLE tc_rights_owner;
SET search_path = tc_rights;
CREATE TABLE secret (word text);
INSERT INTO secret VALUES ('swordfish');
CREATE TYPE mood AS ENUM ('low', 'high', 'higher');
CREATE TABLE item (id int PRIMARY KEY, note text, f float8, d date, a int[],
	m mood, price int);
INSERT INTO item SELECT g, 'note ' || g, g / 10.0, date '2026-01-02' + g,
	ARRAY[g, NULL], 'low', g * 100 FROM generate_series(1, 12) g;
RESET ROLE;
SELECT topcache.attach('item');
SET ROLE tc_rights_owner;
CREATE FOREIGN TABLE hot (id int, note text, f float8, d date, a int[], m mood,
	price int, resident bool OPTIONS (meta 'resident'),
	cost bigint OPTIONS (meta 'cost'), bytes bigint OPTIONS (meta 'bytes'))
	SERVER topcache OPTIONS (relation 'item');
CREATE VIEW shown AS SELECT id, note, f, d, a, m FROM hot;
CREATE VIEW guarded WITH (security_barrier) AS
	SELECT id, note FROM hot WHERE id < 11;
CREATE VIEW open_shown AS SELECT id, note FROM hot;
GRANT SELECT ON shown, guarded TO tc_rights_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON open_shown TO tc_rights_reader;
RESET ROLE;

-- the reader's own code, which looks for what it may see as whom it runs; how
-- often it is called is up to the planner
SET ROLE tc_rights_reader;
SET search_path = tc_rights_away, tc_rights;
CREATE FUNCTION look() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT word FROM tc_rights.secret);
EXCEPTION WHEN insufficient_privilege THEN
	RETURN 'nothing';
END $$;
CREATE SEQUENCE ran;
CREATE FUNCTION tell(who text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nextval('tc_rights_away.ran');
	IF current_user <> 'tc_rights_reader' OR tc_rights_away.look() <> 'nothing' THEN
		RAISE NOTICE '% runs as %, sees %', who, current_user, tc_rights_away.look();
	END IF;
END $$;
CREATE FUNCTION spy(x anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM tc_rights_away.tell('spy');
	RETURN x;
END $$;
CREATE FUNCTION spy_key(x int) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM tc_rights_away.tell('spy');
	RETURN x;
END $$;

--
-- Conditions and keys through a view of somebody else
--
SELECT id FROM shown WHERE spy(note) = 'note 3' AND id < 2;
SELECT id FROM guarded WHERE spy(note) = 'note 3' AND id < 2;
SELECT note FROM shown WHERE id = spy_key(3);
SELECT note FROM guarded WHERE id = spy_key(3);
SELECT note FROM guarded WHERE id = ANY (ARRAY[spy_key(3), 12]);
SELECT g, note FROM generate_series(3, 4) g JOIN guarded ON id = spy_key(g)
 ORDER BY g;
SELECT (SELECT note FROM shown WHERE id = spy_key(g)) FROM generate_series(10, 11) g;
PREPARE keyed(int) AS SELECT note FROM shown WHERE id = spy_key($1);
SET plan_cache_mode = force_generic_plan;
EXECUTE keyed(5);
RESET plan_cache_mode;
SELECT note FROM open_shown WHERE spy(id) = 1 AND id < 2;
SELECT price FROM hot WHERE id = spy_key(1);
SELECT last_value > 8 AS ran FROM ran;

--
-- What a condition means does not depend on settings, nor can it be injected
--
SET plan_cache_mode = force_generic_plan;
PREPARE injected AS SELECT note FROM shown WHERE note =
	'\'')) UNION ALL SELECT word FROM tc_rights.secret -- ';
EXECUTE injected;
SET standard_conforming_strings = off;
SET backslash_quote = on;
EXECUTE injected;
RESET standard_conforming_strings;
RESET backslash_quote;
RESET ROLE;
INSERT INTO item (id, note, f, d, a, m) VALUES
	(13, 'a\b', 0.1::float8 + 0.2::float8, '2026-03-04', '{1,NULL}', 'high'),
	(14, 'a\\b', 0.3, '2026-04-03', '{1,2}', 'higher');
PREPARE shifted AS SELECT id FROM shown WHERE f = 0.1::float8 + 0.2::float8;
PREPARE dated AS SELECT id FROM shown WHERE d = '2026-03-04';
PREPARE arrayed AS SELECT id FROM shown WHERE a = '{1,NULL}';
PREPARE moody AS SELECT id FROM shown WHERE m = 'high' OR m > 'higher';
PREPARE slashed_id AS SELECT id FROM shown WHERE note = E'a\\b';
EXECUTE shifted; EXECUTE dated; EXECUTE arrayed; EXECUTE moody; EXECUTE slashed_id;
SET extra_float_digits = -15;
SET DateStyle = 'SQL, DMY';
EXECUTE shifted; EXECUTE dated;
SET DateStyle = 'SQL, MDY';
SET array_nulls = off;
SET standard_conforming_strings = off;
EXECUTE dated; EXECUTE arrayed; EXECUTE slashed_id;
SELECT id FROM shown WHERE f = 0.1::float8 + 0.2::float8;
DELETE FROM hot WHERE f = 0.1::float8 + 0.2::float8 RETURNING id;
SELECT id FROM item WHERE id > 12;
RESET extra_float_digits;
RESET DateStyle;
RESET array_nulls;
RESET standard_conforming_strings;
ALTER TYPE mood RENAME VALUE 'high' TO 'middle';
ALTER TYPE mood RENAME VALUE 'higher' TO 'high';
UPDATE item SET m = 'middle' WHERE id = 12;
EXECUTE moody;
RESET plan_cache_mode;

--
-- Writes through a view of somebody else: as with a view over the table
--
SET search_path = tc_rights, tc_rights_away;
SET ROLE tc_rights_owner;
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% runs as %', TG_NAME, current_user;
	RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION told_default() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'default runs as %', current_user;
	RETURN 0;
END $$;
CREATE FUNCTION told_check(int) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'check runs as %', current_user;
	RETURN true;
END $$;
CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OR DELETE ON item
	FOR EACH ROW EXECUTE FUNCTION told();
CREATE TRIGGER after_all AFTER INSERT OR UPDATE OR DELETE ON item
	FOR EACH STATEMENT EXECUTE FUNCTION told();
ALTER TABLE item ALTER price SET DEFAULT told_default(), ADD CHECK (told_check(price));
CREATE VIEW plain AS SELECT id, note FROM item;
GRANT SELECT, INSERT, UPDATE, DELETE ON plain TO tc_rights_reader;
RESET ROLE;
SET ROLE tc_rights_reader;
INSERT INTO plain VALUES (20, 'plain');
INSERT INTO open_shown VALUES (21, 'foreign');
UPDATE plain SET note = upper(note) WHERE id = 20;
UPDATE open_shown SET note = upper(note) WHERE id = 21 RETURNING note;
DELETE FROM plain WHERE note = 'PLAIN';
DELETE FROM open_shown WHERE note = 'FOREIGN' RETURNING id;
RESET ROLE;
DROP TRIGGER before_row ON item;
DROP TRIGGER after_all ON item;
ALTER TABLE item DROP CONSTRAINT item_price_check, ALTER price DROP DEFAULT;
DROP VIEW plain;

-- what an UPDATE locks and changes, and how often a condition is looked at
SET ROLE tc_rights_owner;
CREATE SEQUENCE looks;
UPDATE hot SET price = 1 WHERE note = 'note 5' AND nextval('looks') > 0 RETURNING id;
SELECT last_value, (SELECT count(*) FROM item WHERE note = 'note 5') AS rows FROM looks;
SELECT id FROM hot WHERE id > 3 AND note < 'note 6' ORDER BY id FOR NO KEY UPDATE;
RESET ROLE;

--
-- The owner of a view loses a right, and so do those who read through it
--
REVOKE SELECT ON item FROM tc_rights_owner;
SET ROLE tc_rights_reader;
SELECT note FROM shown WHERE id = 1;
SELECT count(*) FROM shown;
EXPLAIN SELECT note FROM shown WHERE id = 1;
RESET ROLE;
GRANT SELECT ON item TO tc_rights_owner;

--
-- Rights are asked on the columns that a query uses
--
SET ROLE tc_rights_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON hot TO tc_rights_reader;
GRANT SELECT (id, note), INSERT (id, note), UPDATE (note), DELETE ON item TO tc_rights_reader;
RESET ROLE;
SELECT topcache.evict_all('item') IS NOT NULL AS evicted;
SELECT topcache.hydrate('item') > 0 AS loaded;
SET ROLE tc_rights_reader;
SELECT note FROM hot WHERE id = 1;
SELECT count(*), max(note) FROM hot WHERE id < 3;
SELECT count(*) FROM hot;
SELECT price FROM hot WHERE id = 1;
SELECT id FROM hot WHERE price = 100;
SELECT hot FROM hot WHERE id = 1;
SELECT * FROM hot WHERE id = 1;
INSERT INTO hot (id, note) VALUES (30, 'thirty') RETURNING id, note;
INSERT INTO hot (id, note) VALUES (31, 'more') RETURNING price;
INSERT INTO hot (id, price) VALUES (31, 5);
UPDATE hot SET note = 'changed' WHERE id = 30 RETURNING note;
UPDATE hot SET note = 'changed again' WHERE note = 'changed';
UPDATE hot SET note = 'none' WHERE price = 3;
UPDATE hot SET price = 3 WHERE id = 30;
SELECT note FROM hot WHERE id = 30 FOR UPDATE;
DELETE FROM hot WHERE id = 30 RETURNING note;
DELETE FROM hot WHERE price = 100;
RESET ROLE;
REVOKE UPDATE (note), DELETE ON item FROM tc_rights_reader;
SET ROLE tc_rights_reader;
SELECT note FROM hot WHERE id = 1 FOR UPDATE;
UPDATE hot SET note = 'changed' WHERE id = 0;
DELETE FROM hot WHERE id = 0;
RESET ROLE;

-- sizes tell of columns that one may not read
SET ROLE tc_rights_reader;
SELECT id, resident, cost, bytes FROM hot WHERE id = 1;
SELECT key, cost, bytes FROM topcache.entries('item') WHERE key = '1';
RESET ROLE;
GRANT SELECT ON item TO tc_rights_reader;
SET ROLE tc_rights_reader;
SELECT id, resident, cost > 0 AS cost, bytes > 0 AS bytes FROM hot WHERE id = 1;
SELECT key, cost > 0 AS cost, bytes > 0 AS bytes FROM topcache.entries('item')
 WHERE key = '1';
RESET ROLE;
REVOKE ALL ON item FROM tc_rights_reader;
REVOKE ALL (id, note) ON item FROM tc_rights_reader;

-- statistics tell of values; those of a foreign table are its owner's to see
SET ROLE tc_rights_reader;
CREATE FOREIGN TABLE tc_rights_away.mine (id int, note text) SERVER topcache
	OPTIONS (relation 'tc_rights.item');
SELECT count(*) FROM tc_rights_away.mine;
RESET ROLE;
SET client_min_messages = error;
ANALYZE tc_rights_away.mine;
RESET client_min_messages;
SELECT count(*) FROM pg_stats WHERE tablename = 'mine';

--
-- Policies: those of the view's owner, whose code is the query's user
--
CREATE FUNCTION told_policy(int) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	PERFORM tc_rights_away.tell('policy');
	RETURN true;
END $$;
CREATE POLICY low ON item TO tc_rights_owner USING (id < 3 AND tc_rights.told_policy(id));
CREATE POLICY high ON item TO tc_rights_reader USING (id = 12);
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
ALTER TABLE item OWNER TO CURRENT_USER;
GRANT SELECT, INSERT, UPDATE, DELETE ON item TO tc_rights_owner;
SET ROLE tc_rights_reader;
SELECT setval('ran', 1);
SELECT id, note FROM shown ORDER BY id;
SELECT note FROM shown WHERE id = 2;
SELECT note FROM shown WHERE id = ANY ('{1,5}');
SELECT note FROM shown WHERE spy(note) IS NOT NULL AND id = 3;
UPDATE open_shown SET note = 'by policy' WHERE note IN ('note 2', 'note 4') RETURNING id;
UPDATE open_shown SET note = 'by policy' WHERE id = 4 RETURNING id;
UPDATE open_shown SET id = 40 WHERE id = 2;
DELETE FROM open_shown WHERE id = 4 RETURNING id;
INSERT INTO open_shown VALUES (41, 'not mine');
SELECT last_value > 5 AS ran FROM ran;
SET row_security = off;
SELECT note FROM shown WHERE id = 2;
SELECT count(*) FROM shown;
RESET row_security;
RESET ROLE;
ALTER TABLE item DISABLE ROW LEVEL SECURITY;
SELECT id, note FROM item WHERE id IN (2, 4, 40, 41) ORDER BY id;

--
-- The option follows its table, wherever names lead
--
SET search_path = '';
SELECT ftoptions FROM pg_catalog.pg_foreign_table
 WHERE ftrelid = 'tc_rights.hot'::pg_catalog.regclass;
PREPARE named AS SELECT note FROM tc_rights.hot WHERE id = 1;
EXECUTE named;
ALTER TABLE tc_rights.item RENAME TO "The Items";
EXECUTE named;
CREATE TABLE tc_rights.item (id int PRIMARY KEY, note text);
ALTER SCHEMA tc_rights RENAME TO tc_rights_2;
SELECT note FROM tc_rights_2.hot WHERE id = 1;
ALTER TABLE tc_rights_2."The Items" SET SCHEMA tc_rights_away;
SELECT note FROM tc_rights_2.hot WHERE id = 1;
SELECT count(*) FROM tc_rights_2.hot;
SELECT ftrelid::pg_catalog.regclass, ftoptions FROM pg_catalog.pg_foreign_table
 WHERE ftrelid IN ('tc_rights_2.hot'::pg_catalog.regclass,
	'tc_rights_away.mine'::pg_catalog.regclass) ORDER BY 1;
BEGIN;
ALTER TABLE tc_rights_away."The Items" RENAME TO item;
SELECT note FROM tc_rights_2.hot WHERE id = 1;
ROLLBACK;
SELECT note FROM tc_rights_2.hot WHERE id = 1;

SET client_min_messages = warning;
DROP SCHEMA tc_rights_2, tc_rights_away CASCADE;
DROP OWNED BY tc_rights_owner, tc_rights_reader;
DROP ROLE tc_rights_owner, tc_rights_reader;
