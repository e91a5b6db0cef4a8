-- Tries interfaces on the hostile tables, each as callers who are not the
-- tables' owner, and says whose code ran as somebody that it must not.  For
-- the suites "hostile_code", after hostile.sql.

-- kind 'caller': code may run, as the caller; 'owner': as the table's owner;
-- 'either': as one of them; 'nobody': none may.  In a statement %1$s is the
-- table, %2$s a key, %3$L a row, %4$s the key column, %5$L the value column,
-- if that is the record.  Where it has no %1$s it is tried once.
CREATE TABLE tc_attack.interfaces (n serial, kind text, callers text[],
	statement text);
CREATE TABLE tc_attack.tried (n int, name regclass, caller text, error text);
CREATE TABLE tc_attack.ran_at_all (place text, role text,
	PRIMARY KEY (place, role));
CREATE TABLE tc_attack.violations (n int, name regclass, caller text,
	place text, role text);

-- Runs a statement twice, so that what the first has put into the cache is
-- there for the second, as somebody with a hostile search_path; undoes it, and
-- returns its error.  Functions are named in full for the path's sake.
CREATE FUNCTION tc_attack.attempt(statement text, role text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_catalog.set_config('role', role, true);
	PERFORM pg_catalog.set_config('tc_attack.record', 'on', true);
	PERFORM pg_catalog.set_config('search_path', 'tc_path, pg_catalog', true);
	EXECUTE statement;
	EXECUTE statement;
	SET CONSTRAINTS ALL IMMEDIATE;
	RAISE EXCEPTION USING ERRCODE = 'TC000';
EXCEPTION
	WHEN SQLSTATE 'TC000' THEN RETURN NULL;
	WHEN OTHERS THEN RETURN SQLSTATE;
END $$;

-- What is known of a table and its indexes is known no more.
CREATE FUNCTION tc_attack.make_unknown(relation regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT indexrelid::regclass FROM pg_index
		WHERE indrelid = relation
	LOOP
		EXECUTE format('ALTER INDEX %s SET (fillfactor = 90)', name);
	END LOOP;
	IF name IS NOT NULL THEN
		EXECUTE format('ALTER TABLE %s SET (fillfactor = 90)', relation);
	END IF;
END $$;

CREATE PROCEDURE tc_attack.try(n int, kind text, name regclass,
	behind regclass, caller text, statement text)
LANGUAGE plpgsql AS $$
DECLARE
	error text;
BEGIN
	PERFORM tc_attack.make_unknown(coalesce(behind, 'tc_secret.rows'));
	PERFORM tc_attack.forget();
	COMMIT;
	error := tc_attack.attempt(statement, caller);
	INSERT INTO tc_attack.tried VALUES (n, name, caller, error);
	INSERT INTO tc_attack.ran_at_all SELECT * FROM tc_attack.log
		ON CONFLICT DO NOTHING;
	-- event triggers are PostgreSQL's to run, and so is all that is in the
	-- caller's statement
	INSERT INTO tc_attack.violations
	SELECT n, name, caller, place, role FROM tc_attack.log
	 WHERE NOT (role = caller
				AND (kind <> 'owner' OR place = 'event trigger')
			OR role = 'regress_topcache_attacker'
				AND kind IN ('owner', 'either'))
		OR place IN ('path', 'leak')
		OR (kind = 'nobody' AND place <> 'event trigger');
	COMMIT;
END $$;

CREATE PROCEDURE tc_attack.try_all()
LANGUAGE plpgsql AS $$
DECLARE
	i record;
	t record;
	caller text;
BEGIN
	FOR i IN SELECT * FROM tc_attack.interfaces ORDER BY n LOOP
		FOREACH caller IN ARRAY i.callers LOOP
			IF i.statement !~ '%1' THEN
				CALL tc_attack.try(i.n, i.kind, NULL, NULL, caller,
					i.statement);
				CONTINUE;
			END IF;
			FOR t IN SELECT * FROM tc_attack.tables ORDER BY name::text LOOP
				CALL tc_attack.try(i.n, i.kind, t.name,
					coalesce(t.behind, t.name), caller,
					format(i.statement, t.name, t.key, t.row, t.column_name,
						t.attach));
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

-- What ran as somebody that it must not run as, or ran at all
CREATE VIEW tc_attack.report_violations AS
SELECT left(regexp_replace(i.statement, '\s+', ' ', 'g'), 60) AS statement,
	v.caller = session_user AS superuser, v.place,
	v.role = session_user AS as_superuser,
	string_agg(DISTINCT split_part(v.name::text, '.', 2), ' ') AS tables
  FROM tc_attack.violations v JOIN tc_attack.interfaces i USING (n)
 GROUP BY v.n, 1, 2, 3, 4 ORDER BY v.n, 2, 3, 4;

-- Which places ran at all
CREATE VIEW tc_attack.report_places AS
SELECT p.place,
	coalesce(bool_or(r.role IN ('regress_topcache_victim',
		'regress_topcache_attacker')), false) AS ran
  FROM tc_attack.places p LEFT JOIN tc_attack.ran_at_all r USING (place)
 GROUP BY place ORDER BY place;

-- What could not be tried
CREATE VIEW tc_attack.report_refused AS
SELECT n, i.kind, t.error, count(*),
	string_agg(DISTINCT split_part(t.name::text, '.', 2), ' ') AS tables,
	left(regexp_replace(i.statement, '\s+', ' ', 'g'), 60) AS statement
  FROM tc_attack.tried t JOIN tc_attack.interfaces i USING (n)
 WHERE t.error IS NOT NULL
 GROUP BY 1, 2, 3, 6 ORDER BY 1, 2, 3, 6;
