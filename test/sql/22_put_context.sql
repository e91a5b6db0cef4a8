-- What a put is told of the rows that its statement writes, and nobody else.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
CREATE SCHEMA tc_context;
SET search_path = tc_context;

-- a put of a foreign table that fails is over: rows that others write in the
-- session are not installed
CREATE TABLE orders (id int PRIMARY KEY, note text CHECK (note <> 'bad'));
SELECT topcache.attach('orders', value => 'note');
CREATE FOREIGN TABLE hot (id int NOT NULL, note text) SERVER topcache OPTIONS (relation 'orders');
INSERT INTO hot VALUES (1, 'put');
INSERT INTO orders VALUES (2, 'not put');
SELECT id, topcache.is_resident('orders', id) FROM orders ORDER BY id;
INSERT INTO hot VALUES (3, 'bad');
INSERT INTO orders VALUES (4, 'not put');
DO $$
BEGIN
	INSERT INTO hot VALUES (5, 'bad');
EXCEPTION WHEN check_violation THEN
	INSERT INTO orders VALUES (6, 'not put');
END $$;
SELECT id, topcache.is_resident('orders', id) FROM orders ORDER BY id;

-- a put within a put leaves to the outer one what it has met
SELECT topcache.create_map('outer_map', ttl => '1 day');
SELECT topcache.create_map('inner_map', ttl => '1 day');
CREATE FUNCTION put_inside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM topcache.put('inner_map', new.value::text, new.value);
	RETURN NULL;
END $$;
CREATE TRIGGER zz_after_ours AFTER INSERT OR UPDATE ON outer_map
	FOR EACH ROW EXECUTE FUNCTION put_inside();
SELECT topcache.put('outer_map', 'k', '1') AS is_new;
UPDATE outer_map SET expires_at = '-infinity' WHERE key = 'k';
SELECT topcache.put('outer_map', 'k', '2') AS is_new;
SELECT topcache.put('outer_map', 'k', '3') AS is_new;
SELECT key, value FROM inner_map ORDER BY key;
SELECT topcache.is_resident('outer_map', 'k'), topcache.is_resident('inner_map', '3');

SET client_min_messages = warning;
DROP SCHEMA tc_context CASCADE;
