-- Attach what there is, and every table that is made or gets a key from now
-- on; what cannot be attached is left.
SET client_min_messages = error;
CREATE EXTENSION topcache;
CREATE SCHEMA tc_regress;

CREATE FUNCTION tc_regress.attach(relation regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM topcache.map_definition d
				   WHERE d.relation = $1) THEN
		PERFORM topcache.attach(relation);
	END IF;
EXCEPTION WHEN OTHERS THEN
	NULL;
END $$;

-- as the one who made the table, whatever settings the test is trying
CREATE FUNCTION tc_regress.attach_made() RETURNS event_trigger
LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
	made record;
BEGIN
	FOR made IN SELECT DISTINCT classid, objid
		FROM pg_event_trigger_ddl_commands()
		WHERE object_type = 'table' AND NOT in_extension LOOP
		PERFORM tc_regress.attach(made.objid::regclass);
	END LOOP;
END $$;
GRANT USAGE ON SCHEMA tc_regress, topcache TO PUBLIC;

SELECT tc_regress.attach(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace;
CREATE EVENT TRIGGER tc_regress_attach ON ddl_command_end
	WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE TABLE AS',
		'SELECT INTO')
	EXECUTE FUNCTION tc_regress.attach_made();
