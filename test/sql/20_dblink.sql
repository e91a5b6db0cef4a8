-- Sessions of their own: what a transaction hands to dblink or postgres_fdw is
-- committed, or not, without it; and a snapshot that is handed on.  Where the
-- server has not got these modules, the other expected output says so.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_sessions;
SET search_path = tc_sessions;
SELECT count(*) = 2 AS modules FROM pg_available_extensions WHERE name IN ('dblink', 'postgres_fdw') \gset
\if :modules
\else
\echo dblink and postgres_fdw are not there
DROP SCHEMA tc_sessions;
\quit
\endif
CREATE EXTENSION dblink SCHEMA tc_sessions;
CREATE EXTENSION postgres_fdw SCHEMA tc_sessions;

CREATE TABLE v (id int PRIMARY KEY, value jsonb);
CREATE TABLE r (id int PRIMARY KEY, note text);
SELECT topcache.attach('v', value => 'value'), topcache.attach('r');
INSERT INTO v SELECT i, to_jsonb(i) FROM generate_series(1, 3) i;
INSERT INTO r SELECT i, 'note ' || i FROM generate_series(1, 3) i;
CREATE VIEW look AS
SELECT k.id, topcache.get('v', k.id) AS v, (SELECT value FROM v WHERE v.id + 0 = k.id) AS v_table,
	topcache.fetch(NULL::r, k.id) AS r, (SELECT r FROM r WHERE r.id + 0 = k.id) AS r_table
FROM generate_series(1, 4) k(id) ORDER BY k.id;
SELECT * FROM look;

-- this server, as the same user, through its socket
SELECT format('host=%s port=%s dbname=%s user=%s options=-csearch_path=tc_sessions',
	split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user) AS connection \gset
SELECT dblink_connect('other', :'connection');

--
-- An autonomous session commits what its caller takes back.
--
BEGIN;
SELECT v, r FROM look WHERE id = 1;
SELECT dblink_exec('other', $$UPDATE v SET value = '"of the other"' WHERE id = 1$$), dblink_exec('other', $$UPDATE r SET note = 'of the other' WHERE id = 1$$);
SELECT v, r FROM look WHERE id = 1;
ROLLBACK;
SELECT * FROM look WHERE id = 1;
-- ... and does not commit what its caller does
BEGIN;
SELECT dblink_exec('other', 'BEGIN'), dblink_exec('other', 'DELETE FROM v WHERE id = 2'), dblink_exec('other', 'DELETE FROM r WHERE id = 2');
UPDATE r SET note = 'of its own' WHERE id = 3;
SELECT v, r FROM look WHERE id IN (2, 3);
COMMIT;
SELECT * FROM look WHERE id IN (2, 3);
SELECT dblink_exec('other', 'ROLLBACK');
SELECT * FROM look WHERE id IN (2, 3);
-- a snapshot from before it
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT v, r FROM look WHERE id IN (1, 4);
SELECT dblink_exec('other', $$INSERT INTO v VALUES (4, '4')$$), dblink_exec('other', $$INSERT INTO r VALUES (4, 'four')$$), dblink_exec('other', 'DELETE FROM r WHERE id = 1');
SELECT * FROM look WHERE id IN (1, 4);
SELECT * FROM dblink('other', 'SELECT topcache.get(''v'', 4), topcache.get(''r'', 4), topcache.get(''r'', 1)') AS o(v jsonb, r jsonb, gone jsonb);
SELECT * FROM look WHERE id IN (1, 4);
COMMIT;
SELECT * FROM look WHERE id IN (1, 4);
-- a trigger of the table's that writes in a session of its own
CREATE TABLE journal (id serial PRIMARY KEY, note text);
SELECT topcache.attach('journal');
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dblink_exec('other', format('INSERT INTO journal (note) VALUES (%L)', NEW.note));
	RETURN NEW;
END $$;
CREATE TRIGGER log AFTER UPDATE ON r FOR EACH ROW EXECUTE FUNCTION log();
BEGIN;
SELECT topcache.get('journal', 1);
UPDATE r SET note = 'written down' WHERE id = 2;
SELECT topcache.get('journal', 1);
ROLLBACK;
SELECT topcache.get('journal', 1), topcache.get('r', 2);
DROP TRIGGER log ON r;

--
-- The same tables as foreign ones
--
SELECT split_part(current_setting('unix_socket_directories'), ',', 1) AS host, current_setting('port') AS port, current_database() AS dbname \gset
CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname :'dbname');
CREATE USER MAPPING FOR CURRENT_USER SERVER loopback;
CREATE FOREIGN TABLE remote_v (id int, value jsonb) SERVER loopback OPTIONS (schema_name 'tc_sessions', table_name 'v');
CREATE FOREIGN TABLE remote_r (id int, note text) SERVER loopback OPTIONS (schema_name 'tc_sessions', table_name 'r');
SELECT * FROM look;
UPDATE remote_v SET value = '"from far away"' WHERE id < 3;
UPDATE remote_r SET note = 'from far away' WHERE id < 3;
INSERT INTO remote_r VALUES (1, 'back again');
DELETE FROM remote_v WHERE id = 4;
SELECT * FROM look;
BEGIN;
UPDATE remote_r SET note = 'taken back';
DELETE FROM remote_v;
SELECT * FROM look;
ROLLBACK;
SELECT * FROM look;
TRUNCATE remote_r;
SELECT * FROM look;
SELECT topcache.attach('remote_r', key => '{id}');

--
-- A snapshot that is handed on by SET TRANSACTION SNAPSHOT
--
INSERT INTO r SELECT i, 'note ' || i FROM generate_series(1, 3) i;
SELECT count(*) FROM look;
SELECT dblink_exec('other', 'BEGIN ISOLATION LEVEL REPEATABLE READ');
SELECT snapshot FROM dblink('other', 'SELECT pg_export_snapshot()') AS s(snapshot text) \gset
UPDATE r SET note = 'after the snapshot' WHERE id = 1;
UPDATE v SET value = '"after the snapshot"' WHERE id = 1;
DELETE FROM r WHERE id = 2;
INSERT INTO r VALUES (4, 'after the snapshot');
SELECT * FROM look;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SET TRANSACTION SNAPSHOT :'snapshot';
SELECT * FROM look;
SELECT dblink_exec('other', 'COMMIT');
SELECT * FROM look;
SELECT count(*) FILTER (WHERE f IS DISTINCT FROM r) AS wrong FROM topcache.fetch_many(NULL::r, ARRAY[1, 2, 3, 4]) f FULL JOIN r USING (id) WHERE id IS NOT NULL;
COMMIT;
SELECT * FROM look;

SELECT dblink_disconnect('other');
SELECT * FROM topcache.verify('v') UNION ALL SELECT * FROM topcache.verify('r') UNION ALL SELECT * FROM topcache.verify('journal');
SET client_min_messages = warning;
DROP SCHEMA tc_sessions CASCADE;
