-- The extension as a whole: its schema keeps its name, and what goes and what
-- stays when it is dropped.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE SCHEMA tc_extension;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET search_path = tc_extension;

--
-- Its schema
--
SELECT topcache.create_map('made', ttl => '1 hour');
SELECT topcache.put('made', 'a', '1');
ALTER SCHEMA topcache RENAME TO elsewhere;
SET session_replication_role = replica;
ALTER SCHEMA topcache RENAME TO elsewhere;
RESET session_replication_role;
DO $$ BEGIN EXECUTE 'ALTER SCHEMA topcache RENAME TO elsewhere'; END $$;
ALTER EXTENSION topcache SET SCHEMA public;
SELECT topcache.get('made', 'a');
-- what else is done to schemas is done
BEGIN;
ALTER SCHEMA topcache OWNER TO CURRENT_USER;
CREATE SCHEMA tc_one;
ALTER SCHEMA tc_one RENAME TO tc_two;
DROP SCHEMA tc_two;
COMMIT;
SELECT topcache.get('made', 'a');

--
-- Dropping it
--
CREATE TABLE attached (id int PRIMARY KEY, note text);
INSERT INTO attached VALUES (1, 'one');
-- one attached table is enough
SELECT topcache.drop_map('made');
SELECT topcache.attach('attached');
\set VERBOSITY terse
DROP EXTENSION topcache;
\set VERBOSITY default
SELECT topcache.detach('attached');
BEGIN;
DROP EXTENSION topcache;
ROLLBACK;
SELECT topcache.attach('attached');

-- everything that can be made of it
SELECT topcache.create_map('made', ttl => '1 hour');
SELECT topcache.create_map('passing', durable => false);
SELECT topcache.put('made', 'a', '1'), topcache.put('passing', 'a', '1');
CREATE FOREIGN TABLE shown (id int, note text)
	SERVER topcache OPTIONS (relation 'tc_extension.attached');
CREATE FOREIGN TABLE presence (id int, room text)
	SERVER topcache OPTIONS (volatile 'true');
CREATE VIEW of_functions AS SELECT topcache.get('tc_extension.made', 'a') AS a;
CREATE VIEW of_views AS SELECT relation FROM topcache.maps;
CREATE FUNCTION of_sql() RETURNS jsonb
	BEGIN ATOMIC SELECT topcache.get('tc_extension.made'::regclass, 'a'); END;
CREATE FUNCTION of_text() RETURNS jsonb LANGUAGE sql AS
	$$ SELECT topcache.get('tc_extension.made', 'a') $$;
CREATE TABLE defaults (id int, packed bytea DEFAULT topcache.to_msgpack('1'),
	data bytea CHECK (data IS NULL OR topcache.from_msgpack(data) IS NOT NULL));
INSERT INTO defaults VALUES (1);

CREATE VIEW public.tc_extension_is AS
SELECT what, name FROM (
	SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'f' THEN 'foreign table'
		WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' END AS what, relname AS name
	FROM pg_class WHERE relnamespace = 'tc_extension'::regnamespace
	UNION ALL SELECT 'function', proname FROM pg_proc
	WHERE pronamespace = 'tc_extension'::regnamespace
	UNION ALL SELECT 'trigger', tgname || ' on ' || relname
	FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
	WHERE relnamespace = 'tc_extension'::regnamespace
	UNION ALL SELECT 'default', attname
	FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
	WHERE adrelid = 'tc_extension.defaults'::regclass
	UNION ALL SELECT 'constraint', conname
	FROM pg_constraint WHERE contype = 'c' AND connamespace = 'tc_extension'::regnamespace
	UNION ALL SELECT 'event trigger', evtname FROM pg_event_trigger WHERE evtname ~ 'topcache'
	UNION ALL SELECT 'server', srvname FROM pg_foreign_server WHERE srvname = 'topcache'
	UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname = 'topcache') t;
CREATE TABLE before AS SELECT * FROM public.tc_extension_is;
SET client_min_messages = warning;
DROP EXTENSION topcache CASCADE;
RESET client_min_messages;
-- what is gone
SELECT * FROM before EXCEPT SELECT * FROM public.tc_extension_is ORDER BY 1, 2;
-- and what is not
SELECT * FROM before INTERSECT SELECT * FROM public.tc_extension_is ORDER BY 1, 2;
SELECT key, value, expires_at > now() AS expires FROM made;
SELECT * FROM attached;
SELECT * FROM defaults;
UPDATE attached SET note = 'without topcache';
SELECT of_text();

-- and back again
CREATE EXTENSION topcache;
SELECT topcache.attach('attached'), topcache.attach('made', value => 'value');
SELECT topcache.get('attached', 1), topcache.get('made', 'a'), of_text();
SELECT topcache.detach('attached'), topcache.detach('made');
DROP EXTENSION topcache;

SET client_min_messages = warning;
DROP VIEW public.tc_extension_is;
DROP SCHEMA tc_extension CASCADE;
