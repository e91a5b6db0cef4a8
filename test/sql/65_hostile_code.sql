--
-- Nobody's code runs as somebody else: hostile code in every place that
-- PostgreSQL lets a user put code, tried through every interface.  What is
-- tried with what is in test/README.md.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
\getenv folder PG_ABS_SRCDIR
\set setup :folder '/attackers/setup.psql'
\i :setup
SET topcache.transparent_scan = on;
SELECT ARRAY[session_user::text, 'regress_topcache_victim'] AS both \gset

-- what may run the caller's share of code
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', '{regress_topcache_victim}', unnest(ARRAY[
	'SELECT topcache.put(%1$L, %2$s, %3$L)',
	'SELECT topcache.put(%1$L, %2$s, %3$L, ''1 hour'')',
	'SELECT topcache.put_text(%1$L, %2$s, topcache.get_text(%1$L, %2$s))',
	'SELECT topcache.put_msgpack(%1$L, %2$s, topcache.to_msgpack(%3$L))',
	'SELECT topcache.put_many(%1$L, ARRAY[%2$s], ARRAY[%3$L]::pg_catalog.jsonb[])',
	'SELECT topcache.put_if_absent(%1$L, %2$s, %3$L)',
	'SELECT topcache.replace(%1$L, %2$s, topcache.get(%1$L, %2$s), %3$L)',
	'SELECT topcache.incr(%1$L, %2$s)',
	'SELECT topcache.touch(%1$L, %2$s, ''1 hour'')',
	'SELECT topcache.remove(%1$L, %2$s)',
	'SELECT topcache.remove_many(%1$L, ARRAY[%2$s])',
	'SELECT topcache.clear(%1$L)',
	'SELECT topcache.get(%1$L, %2$s)',
	'SELECT topcache.get(%1$L, 7)',
	'SELECT topcache.get(%1$L, ''(1,1)'')',
	'SELECT topcache.get_text(%1$L, %2$s)',
	'SELECT topcache.get_msgpack(%1$L, %2$s)',
	'SELECT * FROM topcache.get_many(%1$L, ARRAY[%2$s])',
	'SELECT * FROM topcache.get_many_text(%1$L, ARRAY[%2$s])',
	'SELECT * FROM topcache.get_many_msgpack(%1$L, ARRAY[%2$s])',
	'SELECT topcache.get_many(%1$L, ARRAY[%2$s])',
	'SELECT topcache.contains(%1$L, %2$s)',
	'SELECT topcache.fetch(NULL::%1$s, %2$s)',
	'SELECT topcache.fetch_many(NULL::%1$s, ARRAY[%2$s])',
	'SELECT * FROM topcache.scan(%1$L)',
	'SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s',
	'EXPLAIN SELECT * FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s',
	'UPDATE %1$s SET %4$s = %2$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s',
	'DELETE FROM %1$s WHERE %4$s OPERATOR(pg_catalog.=) %2$s',
	'INSERT INTO %1$s SELECT t.* FROM %1$s t WHERE tc_attack.ran(''condition'') AND false',
	'SELECT t.* FROM (VALUES (%2$s), (%2$s)) v (k) JOIN %1$s t ON t.%4$s OPERATOR(pg_catalog.=) v.k',
	'EXPLAIN SELECT t.* FROM (VALUES (%2$s), (%2$s)) v (k) JOIN %1$s t ON t.%4$s OPERATOR(pg_catalog.=) v.k',
	'SELECT * FROM tc_attack.view WHERE id OPERATOR(pg_catalog.=) 1']);

-- a map that is made where names lead elsewhere
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', ARRAY[session_user], $$
	SELECT topcache.create_map('tc_attack.new', value_type => 'tc_attack.pair');
	SELECT topcache.put_text('tc_attack.new', 'k', '(1,1)', '1 hour');
	SELECT topcache.get('tc_attack.new', 'k');
	SELECT topcache.drop_map('tc_attack.new')$$;

-- readers of views bring code of their own
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', '{regress_topcache_attacker}', unnest(ARRAY[
	'SELECT * FROM tc_secret.view WHERE id OPERATOR(pg_catalog.=) 3 AND tc_attack.ran(''condition'', id) OPERATOR(pg_catalog.=) 3',
	'SELECT * FROM tc_secret.view WHERE id OPERATOR(pg_catalog.=) tc_attack.ran(''condition'', 3)',
	'SELECT * FROM tc_secret.barrier WHERE tc_attack.leak(body) AND id OPERATOR(pg_catalog.=) 3',
	'SELECT * FROM tc_secret.barrier WHERE tc_attack.leak(body) AND id OPERATOR(pg_catalog.=) ANY (ARRAY[1, 2, 3])',
	'SELECT * FROM tc_secret.barrier WHERE id OPERATOR(pg_catalog.=) tc_attack.ran(''condition'', 3)',
	'SELECT v.* FROM pg_catalog.generate_series(1, 20) g JOIN tc_secret.view v ON v.id OPERATOR(pg_catalog.=) g WHERE tc_attack.ran(''condition'', v.id) OPERATOR(pg_catalog.>) 0',
	'SELECT v.* FROM pg_catalog.generate_series(1, 20) g JOIN tc_secret.barrier v ON v.id OPERATOR(pg_catalog.=) g WHERE tc_attack.leak(v.body)',
	'SELECT v.* FROM pg_catalog.generate_series(1, 20) g JOIN tc_secret.barrier v ON v.id OPERATOR(pg_catalog.=) g AND tc_attack.leak(v.body) AND tc_attack.ran(''condition'')',
	'UPDATE tc_secret.barrier SET body = body WHERE id OPERATOR(pg_catalog.=) 3 AND tc_attack.leak(body)',
	'DELETE FROM tc_secret.barrier WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[1, 3]) AND tc_attack.leak(body)']);

-- what runs nobody's code: to look, to load and to evict, for superusers too
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'nobody', :'both', unnest(ARRAY[
	'SELECT * FROM topcache.maps WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.stats WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.top WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.progress WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.memory WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.huge_pages() WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.map_state() WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.advise(%1$L)',
	'SELECT * FROM topcache.entries(%1$L)',
	'SELECT * FROM topcache.entries() WHERE %1$L IS NOT NULL',
	'SELECT * FROM topcache.verify(%1$L)',
	'SELECT topcache.hydrate(%1$L)',
	'SELECT topcache.cost(%3$L, %1$L)',
	'SELECT topcache.from_msgpack(topcache.to_msgpack(%3$L)) WHERE %1$L IS NOT NULL']);

-- and to define, which is the owner's and superusers', in event triggers too
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'nobody', ARRAY[session_user::text, 'regress_topcache_attacker'],
	unnest(ARRAY[
	'SELECT topcache.alter_map(%1$L, ttl => ''1 hour'', max_idle => ''1 hour'', max_cost => 100000)',
	'SELECT topcache.detach(%1$L); SELECT topcache.attach(%1$L, ''{%4$s}'', %5$L, ''1 hour'')',
	'SELECT topcache.drop_map(%1$L)',
	'SELECT topcache.reset_stats(%1$L)',
	'SELECT topcache.evict_lru(%1$L, 1)',
	'SELECT topcache.evict_all(%1$L)',
	'ALTER TABLE %1$s RENAME %4$s TO other; ALTER TABLE %1$s RENAME other TO %4$s',
	'ALTER TABLE %1$s DISABLE TRIGGER USER; ALTER TABLE %1$s ENABLE TRIGGER USER',
	'ALTER TABLE %1$s RENAME TO other; ALTER TABLE tc_attack.other RENAME TO again; DO $_$ BEGIN EXECUTE pg_catalog.format(''ALTER TABLE tc_attack.again RENAME TO %%I'', pg_catalog.split_part(%1$L, ''.'', 2)); END $_$',
	'DO $_$ BEGIN DROP TABLE %1$s CASCADE; EXCEPTION WHEN wrong_object_type THEN DROP FOREIGN TABLE %1$s; END $_$']);
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'nobody', ARRAY[session_user], unnest(ARRAY[
	'SELECT topcache.reset_stats() WHERE %1$L IS NOT NULL',
	'SELECT topcache.evict_all() WHERE %1$L IS NOT NULL']);
-- these make a key of what they are given, which is the caller's
INSERT INTO tc_attack.interfaces (kind, callers, statement)
SELECT 'caller', '{regress_topcache_attacker}', unnest(ARRAY[
	'SELECT topcache.is_resident(%1$L, %2$s)',
	'SELECT topcache.evict(%1$L, %2$s)']);

-- every table has a row
SET search_path = tc_attack;
SELECT name, topcache.put(name, 1, row) FROM tables
 WHERE name NOT IN ('made'::regclass, 'plain'::regclass, 'keyed'::regclass,
	'ruled'::regclass) ORDER BY name::text;
INSERT INTO ruled VALUES (1, '1');
SELECT topcache.put('keyed', ROW(1, 1)::pair, '1');
SELECT name, topcache.put(name, '1', row) FROM tables
 WHERE name IN ('made'::regclass, 'plain'::regclass) ORDER BY name::text;
SELECT relation, state, reason FROM topcache.maps
 WHERE relation IN (SELECT name FROM tables) ORDER BY relation::text;
RESET search_path;

CALL tc_attack.try_all();

-- what ran as somebody that it must not run as, or ran at all
SELECT * FROM tc_attack.report_violations;

-- it did run, as those who called it; but what the path leads to never did
SELECT * FROM tc_attack.report_places;

-- what could not be tried: what a map does not offer
SELECT * FROM tc_attack.report_refused;
SELECT count(*) FROM tc_attack.tried;

-- the nodes of plain SQL are among what was tried
SET ROLE regress_topcache_attacker;
EXPLAIN (COSTS OFF) SELECT * FROM tc_secret.barrier
 WHERE tc_attack.leak(body) AND id = 3;
EXPLAIN (COSTS OFF) SELECT v.* FROM generate_series(1, 20) g
  JOIN tc_secret.view v ON v.id = g WHERE tc_attack.leak(v.body);
RESET ROLE;

DROP EVENT TRIGGER tc_attack_end;
DROP EVENT TRIGGER tc_attack_drop;
DROP SCHEMA tc_attack, tc_path, tc_secret CASCADE;
DROP OWNED BY regress_topcache_attacker, regress_topcache_victim;
DROP ROLE regress_topcache_attacker, regress_topcache_victim;
