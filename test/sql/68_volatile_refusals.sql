--
-- Volatile maps: what has no table behind it is not shown by others, not read
-- in another layout, and not lost by a parent's change.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE ROLE tc_misuse;
CREATE SCHEMA tc_misuse;
GRANT ALL ON SCHEMA tc_misuse TO tc_misuse;
SET search_path = tc_misuse;
CREATE FOREIGN TABLE presence (user_id int, room text)
	SERVER topcache OPTIONS (volatile 'true');
INSERT INTO presence VALUES (7, 'lobby');
SET ROLE tc_misuse;
SELECT * FROM presence;
CREATE FOREIGN TABLE spy (user_id int, room text)
	SERVER topcache OPTIONS (relation 'tc_misuse.presence');
CREATE FOREIGN TABLE turned (room text, user_id int)
	SERVER topcache OPTIONS (relation 'tc_misuse.presence');
SELECT * FROM spy;
UPDATE spy SET room = 'hacked' WHERE user_id = 7;
DELETE FROM spy;
INSERT INTO spy VALUES (9, 'forged');
TRUNCATE spy;
INSERT INTO turned VALUES ('x', 1094795585);
RESET ROLE;
SELECT * FROM turned;
SELECT * FROM presence;

-- values whose layout may change
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN pairs AS pair[];
CREATE FOREIGN TABLE v (k int, c pair) SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE v (k int, c pairs) SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE v (k int, c presence[]) SERVER topcache OPTIONS (volatile 'true');
CREATE TYPE pair_range AS RANGE (subtype = pair);
CREATE FOREIGN TABLE v (k int, c pair_range) SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE v (k int, c pair_multirange) SERVER topcache OPTIONS (volatile 'true');
SELECT topcache.create_map('v', durable => false, value_type => 'pair');
CREATE FOREIGN TABLE v (k int, c int[], r int4range) SERVER topcache OPTIONS (volatile 'true');
ALTER FOREIGN TABLE v ADD d pair;
SELECT topcache.create_map('kept', value_type => 'pair');

-- a change of the parent is one of the map
CREATE TABLE parent (k int, v int);
CREATE FOREIGN TABLE child () INHERITS (parent) SERVER topcache OPTIONS (volatile 'true');
INSERT INTO child VALUES (1, 2);
ALTER TABLE parent ALTER v TYPE text;
ALTER TABLE parent DROP v;
SELECT * FROM parent;
TRUNCATE child;
ALTER TABLE parent ALTER v TYPE text;
INSERT INTO child VALUES (1, 'two');
SELECT * FROM parent;

DROP SCHEMA tc_misuse CASCADE;
DROP ROLE tc_misuse;
