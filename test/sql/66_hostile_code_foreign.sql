--
-- Nobody's code runs as somebody else: the part of it that goes through
-- foreign tables; see 65_hostile_code.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
\getenv folder PG_ABS_SRCDIR
\set setup :folder '/attackers/setup.psql'
\i :setup

-- the attacker's foreign tables over his tables, each with a row
SET ROLE regress_topcache_attacker;
SET search_path = tc_attack;
INSERT INTO indexed VALUES (1, '1');
INSERT INTO filled (id, domain, pair) VALUES (1, 1, ROW(1, 1));
INSERT INTO guarded VALUES (1, '1');
INSERT INTO ruled VALUES (1, '1');
INSERT INTO part VALUES (1, '1');
INSERT INTO keyed VALUES (ROW(1, 1), '1');
INSERT INTO limited VALUES (1, '1');
INSERT INTO made VALUES ('1', '1');
INSERT INTO plain VALUES ('1', '1');
INSERT INTO loose VALUES (1);
RESET search_path;
RESET ROLE;
CREATE SCHEMA tc_attack_foreign AUTHORIZATION regress_topcache_attacker;
GRANT USAGE ON SCHEMA tc_attack_foreign TO PUBLIC;
SET ROLE regress_topcache_attacker;
IMPORT FOREIGN SCHEMA tc_attack FROM SERVER topcache INTO tc_attack_foreign;
GRANT ALL ON ALL TABLES IN SCHEMA tc_attack_foreign TO PUBLIC;
RESET ROLE;
UPDATE tc_attack.tables t SET name = f.oid, behind = t.name
  FROM pg_class b, pg_class f
 WHERE b.oid = t.name AND f.relname = b.relname
   AND f.relnamespace = 'tc_attack_foreign'::regnamespace;
SELECT name, behind FROM tc_attack.tables ORDER BY name::text;

-- the victim's, and views of it
SET ROLE regress_topcache_victim;
CREATE FOREIGN TABLE tc_secret.foreign_rows (id int, body text, open boolean)
	SERVER topcache OPTIONS (relation 'tc_secret.rows');
CREATE VIEW tc_secret.foreign_view AS SELECT * FROM tc_secret.foreign_rows;
CREATE VIEW tc_secret.foreign_barrier WITH (security_barrier) AS
	SELECT * FROM tc_secret.foreign_rows WHERE open;
GRANT ALL ON tc_secret.foreign_view, tc_secret.foreign_barrier
	TO regress_topcache_attacker;
CREATE VIEW tc_secret.trap AS SELECT * FROM tc_attack_foreign.filled;
GRANT ALL ON tc_secret.trap TO regress_topcache_attacker;
RESET ROLE;

INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', '{regress_topcache_victim}', unnest(ARRAY[
	'SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s',
	'SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) ANY (ARRAY[%2$s])',
	'SELECT * FROM %1$s',
	'SELECT * FROM %1$s ORDER BY 1 LIMIT 1',
	'SELECT * FROM %1$s WHERE tc_attack.ran(''condition'')',
	'SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) tc_attack.ran(''condition'', %2$s)',
	'SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s FOR UPDATE',
	'EXPLAIN VERBOSE SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s',
	'EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM %1$s',
	'SELECT t.* FROM (VALUES (%2$s), (%2$s)) v (k) JOIN %1$s t ON t.%4$s OPERATOR(pg_catalog.=) v.k',
	'INSERT INTO %1$s (%4$s) VALUES (%2$s) ON CONFLICT DO NOTHING',
	'DELETE FROM %1$s; INSERT INTO %1$s (%4$s) VALUES (%2$s)',
	'UPDATE %1$s SET %4$s = %2$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s RETURNING *',
	'UPDATE %1$s SET %4$s = %4$s WHERE tc_attack.ran(''condition'')',
	'DELETE FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s RETURNING *',
	'DELETE FROM %1$s WHERE tc_attack.ran(''condition'')']);
-- the indexes that TRUNCATE makes anew are the owner's
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'either', '{regress_topcache_victim}', 'TRUNCATE %1$s';

-- a superuser takes samples, and makes foreign tables
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'owner', ARRAY[session_user], 'ANALYZE %1$s';
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'nobody', ARRAY[session_user],
	'CREATE SCHEMA tc_import; IMPORT FOREIGN SCHEMA tc_attack FROM SERVER topcache INTO tc_import; DROP SCHEMA tc_import CASCADE';

-- readers of views bring code of their own
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', '{regress_topcache_attacker}', unnest(ARRAY[
	'SELECT * FROM tc_secret.foreign_view WHERE id OPERATOR(pg_catalog.=) 3 AND tc_attack.ran(''condition'', id) OPERATOR(pg_catalog.=) 3',
	'SELECT * FROM tc_secret.foreign_view WHERE tc_attack.ran(''condition'', id) OPERATOR(pg_catalog.=) 3',
	'SELECT * FROM tc_secret.foreign_view WHERE id OPERATOR(pg_catalog.=) tc_attack.ran(''condition'', 3)',
	'SELECT * FROM tc_secret.foreign_view WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[tc_attack.ran(''condition'', 3)])',
	'SELECT * FROM tc_secret.foreign_view ORDER BY tc_attack.ran(''condition'', id)',
	'SELECT * FROM tc_secret.foreign_view WHERE tc_attack.ran(''condition'', id) OPERATOR(pg_catalog.=) 3 FOR UPDATE',
	'SELECT * FROM tc_secret.foreign_barrier WHERE tc_attack.leak(body)',
	'SELECT * FROM tc_secret.foreign_barrier WHERE tc_attack.leak(body) AND id OPERATOR(pg_catalog.=) 3',
	'SELECT * FROM tc_secret.foreign_barrier WHERE tc_attack.leak(body) AND id OPERATOR(pg_catalog.=) ANY (ARRAY[1, 2, 3])',
	'SELECT * FROM tc_secret.foreign_barrier WHERE id OPERATOR(pg_catalog.=) tc_attack.ran(''condition'', 3)',
	'SELECT v.* FROM pg_catalog.generate_series(1, 20) g JOIN tc_secret.foreign_view v ON v.id OPERATOR(pg_catalog.=) g WHERE tc_attack.ran(''condition'', v.id) OPERATOR(pg_catalog.>) 0',
	'SELECT v.* FROM pg_catalog.generate_series(1, 20) g JOIN tc_secret.foreign_barrier v ON v.id OPERATOR(pg_catalog.=) g AND tc_attack.leak(v.body)',
	'UPDATE tc_secret.foreign_view SET body = tc_attack.ran(''condition'', body) WHERE id OPERATOR(pg_catalog.=) 3',
	'UPDATE tc_secret.foreign_barrier SET body = body WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[1, 2, 3]) AND tc_attack.leak(body)',
	'DELETE FROM tc_secret.foreign_barrier WHERE tc_attack.leak(body)',
	'INSERT INTO tc_secret.foreign_view VALUES (tc_attack.ran(''condition'', 100)) ON CONFLICT DO NOTHING',
	'EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM tc_secret.foreign_barrier WHERE tc_attack.leak(body)']);

-- one's view of another's table runs that one's code as neither
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', ARRAY[session_user::text, 'regress_topcache_attacker'],
	unnest(ARRAY[
	'SELECT * FROM tc_secret.trap',
	'SELECT * FROM tc_secret.trap WHERE id OPERATOR(pg_catalog.=) 1',
	'SELECT * FROM tc_secret.trap WHERE id OPERATOR(pg_catalog.=) 1 FOR UPDATE',
	'INSERT INTO tc_secret.trap (id) VALUES (2) ON CONFLICT DO NOTHING',
	'UPDATE tc_secret.trap SET name = name WHERE id OPERATOR(pg_catalog.=) 1',
	'DELETE FROM tc_secret.trap WHERE id OPERATOR(pg_catalog.=) 1']);

CALL tc_attack.try_all();

-- what ran as somebody that it must not run as, or ran at all
SELECT * FROM tc_attack.report_violations;

-- it did run, as those who called it; but what the path leads to never did
SELECT * FROM tc_attack.report_places
 WHERE place <> 'domain';		-- runs in some releases only

-- what could not be tried
SELECT * FROM tc_attack.report_refused;
SELECT count(*) FROM tc_attack.tried;

DROP EVENT TRIGGER tc_attack_end;
DROP EVENT TRIGGER tc_attack_drop;
DROP SCHEMA tc_attack_foreign, tc_attack, tc_path, tc_secret CASCADE;
DROP OWNED BY regress_topcache_attacker, regress_topcache_victim;
DROP ROLE regress_topcache_attacker, regress_topcache_victim;
