-- Writing whole rows: a jsonb object or the text form of a row, through to the
-- table as the caller, with all that the table asks of a row.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP ROLE IF EXISTS regress_topcache_writer;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_topcache_writer;
CREATE SCHEMA tc_rows_write;
GRANT USAGE ON SCHEMA tc_rows_write TO PUBLIC;
SET search_path = tc_rows_write;

CREATE TABLE customers (id int PRIMARY KEY);
INSERT INTO customers VALUES (1), (2);
CREATE SEQUENCE numbers;
CREATE TABLE orders (
	id int PRIMARY KEY,
	customer int REFERENCES customers,
	total numeric(10, 2) DEFAULT 9.99 CHECK (total >= 0),
	status text NOT NULL DEFAULT 'new',
	number bigint DEFAULT nextval('numbers'),
	tags text[] DEFAULT '{}',
	doc jsonb,
	label text GENERATED ALWAYS AS ('order ' || id || ': ' || status) STORED);
SELECT topcache.attach('orders');
-- what the cache says, what the table says
CREATE VIEW look AS
SELECT id, topcache.fetch(NULL::orders, id) AS cache, topcache.fetch(NULL::orders, id) IS DISTINCT FROM o AS wrong, topcache.is_resident('orders', id) AS resident
FROM orders o ORDER BY id;

--
-- put: true when the key is new; what the object does not name gets its default
--
SELECT topcache.put('orders', 1, '{"customer": 1, "total": 12.5, "status": "paid", "tags": ["a", null], "doc": {"x": [1.0]}}');
SELECT topcache.put('orders', 2, '{}');
SELECT * FROM look;
SELECT topcache.put('orders', 1, '{"customer": 2}');
SELECT * FROM look;
-- a null is no default
SELECT topcache.put('orders', 1, '{"total": null, "number": null, "tags": null}');
SELECT * FROM look;
-- the key may be named, too, if it is the key
SELECT topcache.put('orders', 1, '{"id": 1, "status": "named"}'), topcache.put('orders', 3, '{"id": 3}');
SELECT topcache.put('orders', 1, '{"id": 2, "status": "another key"}');
SELECT topcache.put('orders', 1, '{"id": null}');
-- what was read can be put back; a generated column is computed, not written
SELECT topcache.put('orders', 1, topcache.get('orders', 1));
SELECT topcache.put('orders', 4, topcache.get('orders', 1) - 'id');
SELECT topcache.put('orders', 4, '{"label": "not what it will be"}');
SELECT * FROM look;
SELECT topcache.put('orders', 1, NULL);
SELECT topcache.put('orders', NULL, '{}');
-- as text, in the text form of a row
SELECT topcache.put_text('orders', 1, topcache.get_text('orders', 1));
SELECT topcache.put_text('orders', 5, '(5,,3.5,"as text, ""quoted""",55,"{x,y}","{""a"": 1}",)');
SELECT topcache.put_text('orders', 5, '(6,,,x,,,,)');
SELECT topcache.put_text('orders', 5, '(5,1)');
SELECT topcache.put_text('orders', 5, 'no row');
SELECT topcache.put_text('orders', 5, NULL);
SELECT * FROM look;

--
-- What is no row of the table
--
SELECT topcache.put('orders', 1, '{"nonsense": 1}');
SELECT topcache.put('orders', 1, '{"status": "x", "Status": "y"}');
SELECT topcache.put('orders', 1, '[1]');
SELECT topcache.put('orders', 1, '"text"');
SELECT topcache.put('orders', 1, 'null');
SELECT topcache.put('orders', 1, '1');
SELECT topcache.put('orders', 1, '{"total": "much"}');
SELECT topcache.put('orders', 1, '{"total": {"x": 1}}');
SELECT topcache.put('orders', 1, '{"tags": "no array"}');
SELECT topcache.put('orders', 1, '{"ctid": "(0,1)"}');
SELECT topcache.put('orders', 1, '{"xmin": 1}');
-- values that have another form in JSON
SELECT topcache.put('orders', 6, '{"total": "7.25", "number": "8", "status": 5, "doc": "text", "tags": ["1", "two"]}');
SELECT topcache.put('orders', 7, '{"status": true, "doc": null, "tags": []}');
SELECT * FROM look WHERE id IN (6, 7);
-- a document that is null is one, as everywhere where JSON becomes a row
SELECT id, doc IS NULL AS sql_null, (jsonb_populate_record(NULL::orders, '{"doc": null}')).doc IS NULL AS populated FROM orders WHERE id = 7;

--
-- What the table refuses is an ordinary error, and leaves nothing behind.
--
SELECT topcache.put('orders', 1, '{"total": -1}');
SELECT topcache.put('orders', 1, '{"total": 123456789012}');
SELECT topcache.put('orders', 1, '{"customer": 99}');
SELECT topcache.put('orders', 1, '{"status": null}');
SELECT topcache.put_many('orders', ARRAY[8, 1], ARRAY['{}', '{"customer": 99}']::jsonb[]);
BEGIN;
SAVEPOINT s;
SELECT topcache.put('orders', 1, '{"total": -1}');
ROLLBACK TO SAVEPOINT s;
SELECT topcache.put('orders', 8, '{"status": "soon gone"}');
SELECT topcache.fetch(NULL::orders, 8);
ROLLBACK;
SELECT * FROM look;
SELECT * FROM topcache.verify('orders');

--
-- put_many, put_if_absent, replace, remove
--
SELECT topcache.put_many('orders', ARRAY[8, 1, 9], ARRAY['{"status": "eight"}', '{"status": "one"}', '{}']::jsonb[]);
SELECT * FROM look WHERE id IN (1, 8, 9);
SELECT topcache.put_many('orders', ARRAY[10, 10], ARRAY['{"status": "first"}', '{"status": "second"}']::jsonb[]);
SELECT topcache.put_many('orders', ARRAY[10], ARRAY['{"id": 11}']::jsonb[]);
SELECT topcache.put_many('orders', ARRAY[10, 11], ARRAY['{}']::jsonb[]);
SELECT topcache.put_many('orders', ARRAY[10, 11], ARRAY['{}', NULL]::jsonb[]);
SELECT topcache.put_many('orders', '{}'::int[], '{}');
SELECT topcache.put_if_absent('orders', 1, '{"status": "ignored"}'), topcache.put_if_absent('orders', 12, '{"status": "absent"}');
SELECT topcache.put_if_absent('orders', 1, '{"nonsense": 1}');
SELECT * FROM look WHERE id IN (1, 10, 12);
-- replace compares the row as it is read
SELECT topcache.replace('orders', 12, topcache.get('orders', 12), '{"status": "replaced"}');
SELECT topcache.replace('orders', 12, '{"status": "replaced"}', '{"status": "part of it is not enough"}');
SELECT topcache.replace('orders', 12, topcache.get('orders', 12) - 'label', '{"status": "nor all but one"}');
SELECT topcache.replace('orders', 13, '{}', '{"status": "absent"}');
SELECT topcache.replace('orders', 12, topcache.get('orders', 12), '{"id": 13}');
SELECT topcache.replace('orders', 12, NULL, '{}');
SELECT * FROM look WHERE id IN (12, 13);
SELECT topcache.remove('orders', 12), topcache.remove('orders', 12), topcache.remove_many('orders', ARRAY[8, 9, 99]);
SELECT topcache.get('orders', 12), topcache.get('orders', 8);
-- a number to add to is one column
SELECT topcache.incr('orders', 1);
-- there is no column to say how long a row lives
SELECT topcache.put('orders', 1, '{}', ttl => '1 hour');
SELECT topcache.touch('orders', 1, '1 hour');
-- undone with the transaction and with a savepoint
BEGIN;
SELECT topcache.put('orders', 1, '{"status": "first"}');
SAVEPOINT s;
SELECT topcache.put('orders', 1, '{"status": "second"}'), topcache.remove('orders', 2), topcache.put('orders', 20, '{}');
SELECT id, cache, wrong FROM look WHERE id IN (1, 2, 20);
ROLLBACK TO SAVEPOINT s;
SELECT id, cache, wrong FROM look WHERE id IN (1, 2, 20);
COMMIT;
SELECT id, cache, wrong FROM look WHERE id IN (1, 2, 20);
SELECT topcache.clear('orders');
SELECT count(*), count(topcache.get('orders', 1)) FROM orders;
SELECT * FROM topcache.verify('orders');

--
-- Keys of several columns
--
CREATE TABLE stock (amount int DEFAULT 0, place text, item int, "Note" text, PRIMARY KEY (item, place));
SELECT topcache.attach('stock');
SELECT topcache.put('stock', ROW(7, 'eu'), '{"amount": 5}'), topcache.put('stock', '(8,us)', '{"Note": "mixed case"}');
SELECT topcache.put('stock', ROW(7, 'eu'), '{"item": 7, "place": "eu", "amount": 6}');
SELECT topcache.put('stock', ROW(7, 'eu'), '{"item": 7, "place": "us"}');
SELECT topcache.put('stock', ROW(7, NULL), '{}');
SELECT topcache.put('stock', ROW(7), '{}');
SELECT topcache.put('stock', ROW(9, 'eu'), '{"note": "wrong case"}');
SELECT topcache.put_many('stock', ARRAY[ROW(7, 'eu'), ROW(9, 'us')], ARRAY['{"amount": 7}', '{"amount": 9}']::jsonb[]);
SELECT topcache.put_if_absent('stock', ROW(7, 'eu'), '{}'), topcache.put_if_absent('stock', ROW(10, 'eu'), '{}');
SELECT topcache.replace('stock', ROW(7, 'eu'), '{"item": 7, "place": "eu", "Note": null, "amount": 7}', '{"amount": 8}');
SELECT topcache.remove('stock', ROW(8, 'us')), topcache.remove('stock', ROW(8, 'us'));
SELECT s, topcache.fetch(NULL::stock, ROW(item, place)) = s AS same FROM stock s ORDER BY item;
-- keys that are equal and not alike: the row is the one that was put last
CREATE TABLE prices (amount numeric PRIMARY KEY, note text);
SELECT topcache.attach('prices');
SELECT topcache.put('prices', 1.0, '{"note": "first"}'), topcache.put('prices', 1.00, '{"note": "second"}');
SELECT topcache.put('prices', 1, '{"amount": 1.000, "note": "third"}');
SELECT topcache.get_text('prices', 1), p FROM prices p;

--
-- Identity columns, defaults that are functions, only a key
--
CREATE TABLE identities (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, other int GENERATED BY DEFAULT AS IDENTITY, note text);
SELECT topcache.attach('identities');
INSERT INTO identities (note) VALUES ('by PostgreSQL');
SELECT topcache.put('identities', 1, '{"note": "put"}');
SELECT topcache.put('identities', 5, '{"note": "put"}');
SELECT topcache.put('identities', 1, topcache.get('identities', 1) || '{"note": "put back", "other": 77}');
SELECT i, topcache.fetch(NULL::identities, id) IS NOT DISTINCT FROM i AS same FROM identities i ORDER BY id;
CREATE TABLE always (id int PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY, note text);
SELECT topcache.attach('always');
SELECT topcache.put('always', 1, '{"note": "put"}');
SELECT topcache.put('always', 1, '{"number": 5, "note": "put"}');
SELECT topcache.put('always', 1, topcache.get('always', 1));
SELECT a, topcache.fetch(NULL::always, id) IS NOT DISTINCT FROM a AS same FROM always a ORDER BY id;
CREATE TABLE only_keys (a int, b text, PRIMARY KEY (a, b));
SELECT topcache.attach('only_keys');
SELECT topcache.put('only_keys', ROW(1, 'x'), '{}'), topcache.put('only_keys', ROW(1, 'x'), '{}'), topcache.put_text('only_keys', ROW(2, 'y'), '(2,y)');
SELECT topcache.put_many('only_keys', ARRAY[ROW(1, 'x'), ROW(3, 'z')], ARRAY['{}', '{"a": 3}']::jsonb[]), topcache.put_if_absent('only_keys', ROW(1, 'x'), '{}');
SELECT topcache.replace('only_keys', ROW(1, 'x'), '{"a": 1, "b": "x"}', '{}');
SELECT o, topcache.fetch(NULL::only_keys, ROW(a, b)) FROM only_keys o ORDER BY a;

--
-- What triggers make of a row is what is cached; what they drop is not there.
--
CREATE TABLE touched (id int PRIMARY KEY, note text, changes int NOT NULL DEFAULT 0);
SELECT topcache.attach('touched');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.note = 'drop me' THEN
		RETURN NULL;
	END IF;
	IF TG_OP = 'UPDATE' THEN
		NEW.changes := OLD.changes + 1;
	END IF;
	NEW.note := upper(NEW.note);
	RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON touched FOR EACH ROW EXECUTE FUNCTION touch();
SELECT topcache.put('touched', 1, '{"note": "new"}');
SELECT topcache.fetch(NULL::touched, 1);
SELECT topcache.put('touched', 1, '{"note": "changed"}'), topcache.put('touched', 1, '{"note": "again"}');
SELECT topcache.fetch(NULL::touched, 1), t FROM touched t;
SELECT topcache.put('touched', 1, '{"note": "drop me"}');
SELECT topcache.put('touched', 2, '{"note": "drop me"}');
SELECT topcache.fetch(NULL::touched, 1), topcache.fetch(NULL::touched, 2), topcache.is_resident('touched', 1), count(*) FROM touched;

--
-- As the caller: privileges on columns, policies
--
CREATE TABLE shared (id int PRIMARY KEY, owner text DEFAULT CURRENT_USER, note text);
SELECT topcache.attach('shared');
INSERT INTO shared VALUES (1, 'somebody', 'not for everybody');
CREATE POLICY own ON shared USING (owner = CURRENT_USER) WITH CHECK (owner = CURRENT_USER AND note IS DISTINCT FROM 'refused');
ALTER TABLE shared ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON shared TO regress_topcache_writer;
SET ROLE regress_topcache_writer;
SELECT topcache.put('shared', 2, '{"note": "mine"}');
SELECT topcache.put('shared', 2, '{"note": "mine, changed"}');
SELECT topcache.put('shared', 2, '{"note": "refused"}');
SELECT topcache.put('shared', 3, '{"owner": "somebody"}');
SELECT topcache.put('shared', 1, '{"note": "over somebody''s"}');
SELECT topcache.put_if_absent('shared', 1, '{"note": "over somebody''s"}');
SELECT topcache.replace('shared', 1, '{"id": 1, "note": "not for everybody", "owner": "somebody"}', '{}');
SELECT topcache.remove('shared', 1), topcache.remove('shared', 2);
SELECT topcache.put('shared', 4, '{"note": "stays"}'), topcache.put_text('shared', 5, '(5,regress_topcache_writer,text)');
SELECT topcache.put_text('shared', 6, '(6,somebody,text)');
SELECT topcache.get('shared', 1), topcache.get('shared', 4);
RESET ROLE;
SELECT s, topcache.fetch(NULL::shared, id) = s AS same FROM shared s ORDER BY id;
ALTER TABLE shared DISABLE ROW LEVEL SECURITY;
-- some of the columns only
REVOKE ALL ON shared FROM regress_topcache_writer;
GRANT SELECT ON shared TO regress_topcache_writer;
GRANT INSERT (id, note), UPDATE (note) ON shared TO regress_topcache_writer;
SET ROLE regress_topcache_writer;
INSERT INTO shared (id, note) VALUES (7, 'seven');
UPDATE shared SET note = 'seven, changed' WHERE id = 7;
SELECT topcache.put('shared', 8, '{"note": "eight"}');
SELECT topcache.put('shared', 8, '{"owner": "me"}');
SELECT topcache.put('shared', 7, '{"note": "owner would get its default"}');
SELECT topcache.remove('shared', 7);
RESET ROLE;
SELECT s, topcache.fetch(NULL::shared, id) = s AS same FROM shared s WHERE id > 6 ORDER BY id;
SELECT * FROM topcache.verify('shared');

SET client_min_messages = warning;
DROP SCHEMA tc_rows_write CASCADE;
DROP ROLE regress_topcache_writer;
