-- Memory: every byte of the segment has a name, and the segment never grows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_memory;
SET search_path = tc_memory;

SELECT name FROM topcache.memory ORDER BY name COLLATE "C";
CREATE VIEW whole AS
SELECT sum(bytes) = pg_size_bytes(current_setting('topcache.size')) AS is_size,
	min(bytes) >= 0 AS no_debt,
	max(bytes) <= pg_size_bytes(current_setting('topcache.size')) AS within
FROM topcache.memory;
SELECT * FROM whole;

-- Records of maps that were dropped leave the segment in the background: wait
-- until only records of maps are left.
CREATE FUNCTION used() RETURNS bigint LANGUAGE sql AS
	$$SELECT sum(bytes)::bigint FROM topcache.memory WHERE name IN ('data', 'headers', 'rounding')$$;

SELECT topcache.create_map('m');
SELECT * FROM topcache.memory;
