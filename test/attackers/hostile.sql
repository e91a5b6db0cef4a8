-- Hostile code, in every place that PostgreSQL lets a user put code who is no
-- superuser, and tables of maps that have it.  For the suites "hostile_code".
--
-- Whatever of it runs counts a sequence up, which no rollback undoes: one for
-- each place and each role, named "<place> as <role>".  It does so where
-- tc_attack.record is on, so that other processes do not speak for a test.
--
-- The attacker owns the tables, the victim may read and write them.

CREATE ROLE regress_topcache_attacker;
CREATE ROLE regress_topcache_victim;
CREATE SCHEMA tc_attack AUTHORIZATION regress_topcache_attacker;
GRANT USAGE ON SCHEMA tc_attack TO PUBLIC;
GRANT USAGE ON FOREIGN SERVER topcache TO regress_topcache_attacker;

-- ---------------------------------------------------------------------
-- What is counted
-- ---------------------------------------------------------------------

CREATE TABLE tc_attack.places (place text PRIMARY KEY);
INSERT INTO tc_attack.places VALUES ('predicate'), ('expression'),
	('statistics'), ('check'), ('default'), ('generated'), ('domain'),
	('cast'), ('range'), ('trigger'), ('when'), ('deferred'), ('rule'),
	('policy'), ('partition'), ('view'), ('condition'), ('path'),
	('event trigger'), ('leak');
GRANT SELECT ON tc_attack.places TO PUBLIC;

DO $$
DECLARE
	name text;
BEGIN
	FOR name IN
		SELECT format('%s as %s', place, role) FROM tc_attack.places,
			unnest(ARRAY[session_user, 'regress_topcache_attacker',
				'regress_topcache_victim']::text[]) role
	LOOP
		EXECUTE format('CREATE SEQUENCE tc_attack.%I', name);
		EXECUTE format('ALTER SEQUENCE tc_attack.%I'
			' OWNER TO regress_topcache_attacker', name);
	END LOOP;
END $$;
GRANT ALL ON ALL SEQUENCES IN SCHEMA tc_attack TO PUBLIC;

-- What has run, as whom.
CREATE VIEW tc_attack.log AS
	SELECT split_part(sequencename, ' as ', 1) AS place,
		split_part(sequencename, ' as ', 2) AS role
	  FROM pg_sequences
	 WHERE schemaname = 'tc_attack' AND last_value IS NOT NULL
		AND sequencename LIKE '% as %';

CREATE FUNCTION tc_attack.forget() RETURNS void LANGUAGE sql AS $$
	SELECT setval(format('tc_attack.%I', format('%s as %s', place, role)), 1,
		false) FROM tc_attack.log
$$;

-- Names are written out, so that these are not found by the search_path that
-- they run under.  That it is not volatile lets it run wherever constants are
-- folded.
CREATE FUNCTION tc_attack.ran(place text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$
BEGIN
	IF pg_catalog.current_setting('tc_attack.record', true)
		OPERATOR(pg_catalog.=) 'on'
	THEN
		PERFORM pg_catalog.nextval(CAST(pg_catalog.format('tc_attack.%I',
			pg_catalog.format('%s as %s', place, current_user))
			AS pg_catalog.regclass));
	END IF;
	RETURN true;
END $$;
CREATE FUNCTION tc_attack.ran(place text, value anyelement) RETURNS anyelement
LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$
BEGIN
	PERFORM tc_attack.ran(place);
	RETURN value;
END $$;
CREATE FUNCTION tc_attack.ran_for_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM tc_attack.ran(tg_argv[0]);
	IF tg_op OPERATOR(pg_catalog.=) 'DELETE' THEN
		RETURN OLD;
	END IF;
	RETURN NEW;
END $$;
CREATE FUNCTION tc_attack.ran_for_command() RETURNS event_trigger
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM tc_attack.ran('event trigger');
END $$;
-- Only a superuser makes event triggers, but the function is the attacker's.
CREATE EVENT TRIGGER tc_attack_end ON ddl_command_end
	EXECUTE FUNCTION tc_attack.ran_for_command();
CREATE EVENT TRIGGER tc_attack_drop ON sql_drop
	EXECUTE FUNCTION tc_attack.ran_for_command();
ALTER FUNCTION tc_attack.ran(text) OWNER TO regress_topcache_attacker;
ALTER FUNCTION tc_attack.ran(text, anyelement)
	OWNER TO regress_topcache_attacker;
ALTER FUNCTION tc_attack.ran_for_row() OWNER TO regress_topcache_attacker;
ALTER FUNCTION tc_attack.ran_for_command() OWNER TO regress_topcache_attacker;

-- ---------------------------------------------------------------------
-- Types
-- ---------------------------------------------------------------------

SET ROLE regress_topcache_attacker;
CREATE DOMAIN tc_attack.checked AS int CHECK (tc_attack.ran('domain'));
CREATE TYPE tc_attack.pair AS (a int, b tc_attack.checked);
CREATE FUNCTION tc_attack.as_json(p tc_attack.pair) RETURNS json
	LANGUAGE sql AS $$ SELECT '1'::json WHERE tc_attack.ran('cast') $$;
CREATE FUNCTION tc_attack.as_text(p tc_attack.pair) RETURNS text
	LANGUAGE sql AS $$ SELECT '1'::text WHERE tc_attack.ran('cast') $$;
CREATE FUNCTION tc_attack.of_int(i int) RETURNS tc_attack.pair
	LANGUAGE sql AS $$ SELECT ROW(i, i)::tc_attack.pair
		WHERE tc_attack.ran('cast') $$;
CREATE CAST (tc_attack.pair AS json) WITH FUNCTION tc_attack.as_json;
CREATE CAST (tc_attack.pair AS text) WITH FUNCTION tc_attack.as_text
	AS ASSIGNMENT;
CREATE CAST (int AS tc_attack.pair) WITH FUNCTION tc_attack.of_int
	AS IMPLICIT;
CREATE FUNCTION tc_attack.distance(a int, b int) RETURNS float8
	LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN PERFORM tc_attack.ran('range'); RETURN a - b; END $$;
CREATE TYPE tc_attack.span AS RANGE
	(SUBTYPE = int, SUBTYPE_DIFF = tc_attack.distance);

-- ---------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------

-- Who looks for the index of the key meets the others first.  Autovacuum, which
-- does all as the owner, would have its part in the log.
CREATE PROCEDURE tc_attack.add_indexes(relation text, key text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', relation, (SELECT conname
		FROM pg_constraint WHERE conrelid = relation::regclass
			AND contype = 'p'));
	EXECUTE format('CREATE UNIQUE INDEX ON %s (%s)'
		' WHERE tc_attack.ran(''predicate'')', relation, key);
	EXECUTE format('CREATE INDEX ON %s ((tc_attack.ran(''expression'')))',
		relation);
	EXECUTE format('CREATE STATISTICS %1$s_expression ON'
		' (tc_attack.ran(''statistics'', %2$s)), %2$s FROM %1$s',
		relation, key);
	EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%s)', relation, key);
	EXECUTE format('GRANT ALL ON %s TO PUBLIC', relation);
	EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', relation);
END $$;

CREATE PROCEDURE tc_attack.add_triggers(relation text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER before BEFORE INSERT OR UPDATE OR DELETE'
		' ON %s FOR EACH ROW'
		' EXECUTE FUNCTION tc_attack.ran_for_row(''trigger'')', relation);
	EXECUTE format('CREATE TRIGGER statement AFTER INSERT OR UPDATE OR DELETE'
		' ON %s FOR EACH STATEMENT'
		' EXECUTE FUNCTION tc_attack.ran_for_row(''trigger'')', relation);
	EXECUTE format('CREATE TRIGGER whenever AFTER INSERT OR UPDATE OR DELETE'
		' ON %s FOR EACH ROW WHEN (tc_attack.ran(''when''))'
		' EXECUTE FUNCTION tc_attack.ran_for_row(''trigger'')', relation);
	IF EXISTS (SELECT FROM pg_class
			WHERE oid = relation::regclass AND relkind = 'r')
	THEN
		EXECUTE format('CREATE CONSTRAINT TRIGGER later'
			' AFTER INSERT OR UPDATE OR DELETE ON %s'
			' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
			' EXECUTE FUNCTION tc_attack.ran_for_row(''deferred'')', relation);
	END IF;
END $$;

-- nothing but indexes and statistics: puts need no statement
CREATE TABLE tc_attack.indexed (id int PRIMARY KEY, value jsonb);
CALL tc_attack.add_indexes('tc_attack.indexed', 'id');

-- all that goes together and lets the cache answer
CREATE TABLE tc_attack.filled (
	id int PRIMARY KEY,
	name text DEFAULT tc_attack.ran('default', 'n'::text),
	domain tc_attack.checked,
	pair tc_attack.pair,
	span tc_attack.span,
	made int GENERATED ALWAYS AS (tc_attack.ran('generated', id)) STORED,
	CHECK (tc_attack.ran('check')));
CALL tc_attack.add_indexes('tc_attack.filled', 'id');
CREATE INDEX ON tc_attack.filled USING gist (span);
CALL tc_attack.add_triggers('tc_attack.filled');

CREATE TABLE tc_attack.guarded (id int PRIMARY KEY, value jsonb);
CALL tc_attack.add_indexes('tc_attack.guarded', 'id');
CREATE POLICY rows ON tc_attack.guarded USING (tc_attack.ran('policy'));
ALTER TABLE tc_attack.guarded ENABLE ROW LEVEL SECURITY,
	FORCE ROW LEVEL SECURITY;

CREATE TABLE tc_attack.ruled (id int PRIMARY KEY, value jsonb);
CALL tc_attack.add_indexes('tc_attack.ruled', 'id');
CREATE RULE i AS ON INSERT TO tc_attack.ruled
	DO ALSO SELECT tc_attack.ran('rule');
CREATE RULE u AS ON UPDATE TO tc_attack.ruled
	DO ALSO SELECT tc_attack.ran('rule');
CREATE RULE d AS ON DELETE TO tc_attack.ruled
	DO ALSO SELECT tc_attack.ran('rule');

CREATE TABLE tc_attack.whole (id int, value jsonb)
	PARTITION BY LIST ((tc_attack.ran('partition', id % 1)));
CREATE TABLE tc_attack.part PARTITION OF tc_attack.whole FOR VALUES IN (0);
ALTER TABLE tc_attack.part ADD PRIMARY KEY (id);
CALL tc_attack.add_indexes('tc_attack.part', 'id');

-- keys of types of the attacker's own
CREATE TABLE tc_attack.keyed (id tc_attack.pair PRIMARY KEY, value jsonb);
CALL tc_attack.add_indexes('tc_attack.keyed', 'id');
CREATE TABLE tc_attack.limited (id tc_attack.checked PRIMARY KEY, value jsonb);
CALL tc_attack.add_indexes('tc_attack.limited', 'id');

-- a table of create_map, whose rows expire
SELECT topcache.create_map('tc_attack.made');
CALL tc_attack.add_indexes('tc_attack.made', 'key');
ALTER TABLE tc_attack.made ADD CHECK (tc_attack.ran('check'));
CALL tc_attack.add_triggers('tc_attack.made');

-- one that has no other code than in indexes
SELECT topcache.create_map('tc_attack.plain');
CALL tc_attack.add_indexes('tc_attack.plain', 'key');

-- records in memory alone
CREATE FOREIGN TABLE tc_attack.loose (
	id int NOT NULL,
	name text DEFAULT tc_attack.ran('default', 'n'::text),
	domain tc_attack.checked,
	CHECK (tc_attack.ran('check')))
	SERVER topcache OPTIONS (volatile 'true');
GRANT ALL ON tc_attack.loose TO PUBLIC;
CALL tc_attack.add_triggers('tc_attack.loose');

-- The tables, a key and a row of each, the columns of key and value, none where
-- the map is of whole rows, and the table behind, if it is a foreign one's.
CREATE TABLE tc_attack.tables (name regclass, key text, row jsonb,
	column_name name, attach text, behind regclass);
INSERT INTO tc_attack.tables VALUES
	('tc_attack.indexed', '1', '1', 'id', 'value'),
	('tc_attack.filled', '1', '{"domain": 1, "pair": {"a": 1, "b": 1}, "span": "[1,2)"}', 'id', NULL),
	('tc_attack.guarded', '1', '1', 'id', 'value'),
	('tc_attack.ruled', '1', '1', 'id', 'value'),
	('tc_attack.part', '1', '1', 'id', 'value'),
	('tc_attack.keyed', 'ROW(1, 1)::tc_attack.pair', '1', 'id', 'value'),
	('tc_attack.limited', '1', '1', 'id', 'value'),
	('tc_attack.made', '''1''::pg_catalog.text', '1', 'key', 'value'),
	('tc_attack.plain', '''1''::pg_catalog.text', '1', 'key', 'value'),
	('tc_attack.loose', '1', '{"domain": 1}', 'id', NULL);
GRANT SELECT ON tc_attack.tables TO PUBLIC;
SELECT topcache.attach(name, value => attach) FROM tc_attack.tables
	WHERE name NOT IN (SELECT relation FROM topcache.map_definition);

-- ---------------------------------------------------------------------
-- What a search_path finds in place of PostgreSQL's own
-- ---------------------------------------------------------------------

RESET ROLE;
CREATE SCHEMA tc_path AUTHORIZATION regress_topcache_attacker;
SET ROLE regress_topcache_attacker;
GRANT USAGE ON SCHEMA tc_path TO PUBLIC;
DO $$
DECLARE
	type text;
	operator text;
BEGIN
	FOREACH type IN ARRAY ARRAY['text', 'int4', 'int8', 'jsonb', 'oid', 'name',
		'timestamptz', 'interval', 'xid', 'regclass', 'bool', 'numeric']
	LOOP
		EXECUTE format('CREATE FUNCTION tc_path.op(pg_catalog.%1$I,'
			' pg_catalog.%1$I) RETURNS pg_catalog.bool LANGUAGE plpgsql AS'
			' ''BEGIN RETURN tc_attack.ran(''''path''''); END''', type);
		FOREACH operator IN ARRAY ARRAY['=', '<>', '<', '<=', '>', '>=', '+',
			'||', '-', '*', '/']
		LOOP
			EXECUTE format('CREATE OPERATOR tc_path.%s (FUNCTION = tc_path.op,'
				' LEFTARG = pg_catalog.%I, RIGHTARG = pg_catalog.%2$I)',
				operator, type);
		END LOOP;
		EXECUTE format('CREATE DOMAIN tc_path.%1$I AS pg_catalog.%1$I'
			' CHECK (tc_attack.ran(''path''))', type);
	END LOOP;
END $$;
CREATE FUNCTION tc_path.statement_timestamp() RETURNS pg_catalog.timestamptz
	LANGUAGE plpgsql AS $$
	BEGIN PERFORM tc_attack.ran('path'); RETURN pg_catalog.now(); END $$;
CREATE FUNCTION tc_path.now() RETURNS pg_catalog.timestamptz
	LANGUAGE plpgsql AS $$
	BEGIN PERFORM tc_attack.ran('path'); RETURN pg_catalog.now(); END $$;
CREATE FUNCTION tc_path.to_jsonb(anyelement) RETURNS pg_catalog.jsonb
	LANGUAGE plpgsql AS $$
	BEGIN PERFORM tc_attack.ran('path'); RETURN '1'; END $$;
CREATE FUNCTION tc_path.earlier(pg_catalog.timestamptz, pg_catalog.timestamptz)
	RETURNS pg_catalog.timestamptz LANGUAGE plpgsql AS $$
	BEGIN PERFORM tc_attack.ran('path'); RETURN $2; END $$;
CREATE AGGREGATE tc_path.min (pg_catalog.timestamptz)
	(SFUNC = tc_path.earlier, STYPE = pg_catalog.timestamptz);

-- ---------------------------------------------------------------------
-- Views of the victim's, for the attacker to read
-- ---------------------------------------------------------------------

RESET ROLE;
CREATE SCHEMA tc_secret AUTHORIZATION regress_topcache_victim;
GRANT USAGE ON SCHEMA tc_secret TO PUBLIC;
SET ROLE regress_topcache_victim;
CREATE TABLE tc_secret.rows (id int PRIMARY KEY, body text, open boolean);
INSERT INTO tc_secret.rows
	SELECT g, CASE WHEN g % 2 = 0 THEN 'open' ELSE 'secret' END, g % 2 = 0
	  FROM generate_series(1, 20) g;
SELECT topcache.attach('tc_secret.rows');
CREATE VIEW tc_secret.view AS SELECT * FROM tc_secret.rows;
CREATE VIEW tc_secret.barrier WITH (security_barrier) AS
	SELECT * FROM tc_secret.rows WHERE open;
GRANT ALL ON tc_secret.view, tc_secret.barrier TO regress_topcache_attacker;
RESET ROLE;
SET ROLE regress_topcache_attacker;
CREATE FUNCTION tc_attack.leak(body text) RETURNS boolean
LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
	PERFORM tc_attack.ran('condition');
	IF body OPERATOR(pg_catalog.=) 'secret' THEN
		PERFORM tc_attack.ran('leak');
	END IF;
	RETURN true;
END $$;
-- and one of the attacker's, for the victim
CREATE VIEW tc_attack.view AS
	SELECT *, tc_attack.ran('view') FROM tc_attack.indexed
	 WHERE tc_attack.ran('view');
GRANT SELECT ON tc_attack.view TO PUBLIC;
RESET ROLE;
