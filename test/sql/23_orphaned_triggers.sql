-- Triggers of topcache on a table that is no map, and definitions without
-- triggers, as a restore of a part of a database leaves them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE ROLE regress_topcache_leftovers;
CREATE SCHEMA tc_leftovers;
GRANT USAGE ON SCHEMA tc_leftovers TO regress_topcache_leftovers;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET search_path = tc_leftovers;

CREATE TABLE t (id int PRIMARY KEY, note text);
INSERT INTO t VALUES (1, 'one');

-- What of topcache is on a table, and how it does.
CREATE VIEW remains AS
SELECT tgname, tgenabled, tgfoid::regproc, tgnargs
FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal
ORDER BY tgname;
CREATE FUNCTION works(OUT state text, OUT before text, OUT after text)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT m.state INTO state FROM topcache.maps m WHERE relation = 't'::regclass;
	before := topcache.get('t', 1) ->> 'note';
	UPDATE t SET note = note || '+' WHERE id = 1;
	after := topcache.get('t', 1) ->> 'note';
END $$;

-- as a dump of the schema or of the table alone leaves it
SELECT topcache.attach('t');
DELETE FROM topcache.map_definition WHERE relation = 't'::regclass;
SELECT * FROM remains;
SELECT topcache.get('t', 1);
UPDATE t SET note = 'two' WHERE id = 1;
SELECT topcache.attach('t');
SELECT * FROM remains;
SELECT * FROM works();

-- detach takes them away
DELETE FROM topcache.map_definition WHERE relation = 't'::regclass;
SELECT topcache.detach('t');
SELECT * FROM remains;
-- and there is nothing to be detached any more
SELECT topcache.detach('t');

-- whatever they are called, and whatever became of them
CREATE TRIGGER "100 %s %n "" '" AFTER INSERT OR DELETE OR UPDATE ON t
	FOR EACH ROW EXECUTE FUNCTION topcache.row_changed('an', 'argument');
CREATE TRIGGER topcache_row_changed AFTER UPDATE OF note ON t
	FOR EACH ROW WHEN (NEW.id > 5) EXECUTE FUNCTION topcache.row_changed();
CREATE TRIGGER topcache_table_truncated AFTER TRUNCATE ON t
	FOR EACH STATEMENT EXECUTE FUNCTION topcache.table_truncated();
CREATE CONSTRAINT TRIGGER later AFTER DELETE ON t DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
ALTER TABLE t DISABLE TRIGGER topcache_table_truncated;
ALTER TABLE t ENABLE REPLICA TRIGGER topcache_row_changed;
SELECT tgname, tgenabled, tgnargs FROM remains;
SELECT topcache.attach('t');
SELECT * FROM remains;
SELECT * FROM works();
SELECT topcache.detach('t');
CREATE TRIGGER "100 %s %n "" '" AFTER INSERT OR DELETE OR UPDATE ON t
	FOR EACH ROW EXECUTE FUNCTION topcache.row_changed('an', 'argument');
SELECT topcache.detach('t');
SELECT * FROM remains;

-- what is the user's own stays
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN RETURN NULL; END';
CREATE TRIGGER mine AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT topcache.attach('t');
SELECT topcache.detach('t');
SELECT * FROM remains;
DROP TRIGGER mine ON t;

-- a definition without triggers
SELECT topcache.attach('t');
DROP TRIGGER topcache_row_changed ON t;
DROP TRIGGER topcache_table_truncated ON t;
SELECT state, reason FROM topcache.maps WHERE relation = 't'::regclass;
SELECT topcache.attach('t');
SELECT topcache.detach('t');
SELECT count(*) FROM topcache.map_definition WHERE relation = 't'::regclass;
SELECT topcache.attach('t');
SELECT * FROM works();
SELECT topcache.detach('t');

-- not in the way of an attach that fails, and undone with its transaction
CREATE TRIGGER left_over AFTER INSERT OR DELETE OR UPDATE ON t
	FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
SELECT topcache.attach('t', '{note}');
BEGIN;
SELECT topcache.attach('t');
ROLLBACK;
SELECT tgname FROM remains;
-- for the owner alone
SET ROLE regress_topcache_leftovers;
SELECT topcache.attach('t');
SELECT topcache.detach('t');
RESET ROLE;
SELECT tgname FROM remains;
SELECT topcache.detach('t');

-- those that a partition has from its parent are the parent's
CREATE TABLE whole (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (9);
INSERT INTO whole VALUES (1, 'one');
CREATE TRIGGER inherited AFTER INSERT OR DELETE OR UPDATE ON whole
	FOR EACH ROW EXECUTE FUNCTION topcache.row_changed();
SELECT topcache.attach('part');
SELECT topcache.get('part', 1);
UPDATE whole SET note = 'two';
SELECT topcache.get('part', 1);
SELECT topcache.detach('part');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'part'::regclass ORDER BY tgname;
SELECT topcache.detach('whole');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'part'::regclass;

SET client_min_messages = warning;
DROP SCHEMA tc_leftovers CASCADE;
DROP ROLE regress_topcache_leftovers;
