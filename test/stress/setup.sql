-- The tables of the stress test and what hangs on them.  :keys rows each.
CREATE EXTENSION topcache;
CREATE SCHEMA elsewhere;
CREATE TYPE pair_key AS (a int, b text);
GRANT USAGE, CREATE ON SCHEMA public, elsewhere TO stress_reader;

-- text of a length, which does not compress when it is to be long
CREATE FUNCTION stress_text(n int, length int) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT left(string_agg(md5((n + i)::text), ''), length)
	FROM generate_series(0, length / 32) i $$;

-- key-value, as create_map makes it
SELECT topcache.create_map('kv', ttl => NULL);

-- one column of several; triggers of the user's own make rows of rows
CREATE TABLE vals (id bigint PRIMARY KEY, n int, note varchar(100), value text);
CREATE FUNCTION vals_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.value := upper(NEW.value);
	RETURN NEW;
END $$;
CREATE FUNCTION vals_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE vals SET value = 'again ' || NEW.n, n = NEW.n + 1
		WHERE id = NEW.id;
	RETURN NULL;
END $$;
CREATE FUNCTION vals_deferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE vals SET value = 'deferred ' || NEW.n
		WHERE id = (NEW.id * 7) % 100;
	RETURN NULL;
END $$;
CREATE TRIGGER a_before BEFORE INSERT OR UPDATE ON vals FOR EACH ROW
	WHEN (NEW.n % 7 = 0) EXECUTE FUNCTION vals_before();
CREATE TRIGGER a_after AFTER INSERT OR UPDATE ON vals FOR EACH ROW
	WHEN (NEW.n % 11 = 0) EXECUTE FUNCTION vals_after();
CREATE TRIGGER zz_after AFTER UPDATE ON vals FOR EACH ROW
	WHEN (NEW.n % 17 = 0) EXECUTE FUNCTION vals_after();
CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE ON vals
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN (NEW.n % 29 = 0 AND NEW.id % 100 <> NEW.id)
	EXECUTE FUNCTION vals_deferred();

-- a key beside the primary one, and an unlogged table
CREATE UNLOGGED TABLE codes (id bigserial PRIMARY KEY, code text UNIQUE NOT NULL,
	n int, value jsonb);

-- equal keys that look different
CREATE TABLE nums (k numeric PRIMARY KEY, n int, note varchar(100), body text);

-- whole rows, with what a row can have; the parent of a foreign key
CREATE TABLE rows (id bigint PRIMARY KEY, n int,
	twice int GENERATED ALWAYS AS (id % 1000 * 2) STORED,
	note varchar(100), body text, doc jsonb, tags text[] DEFAULT '{none}',
	at timestamptz DEFAULT '2026-01-01', span int4range);
CREATE TABLE children (id bigint PRIMARY KEY,
	parent bigint REFERENCES rows (id) ON UPDATE CASCADE ON DELETE CASCADE,
	n int, value text);
CREATE INDEX ON children (parent);

-- two key columns
CREATE TABLE pairs (a int, b text, n int, note varchar(100), body text,
	PRIMARY KEY (a, b));

-- partitions that rows move between
CREATE TABLE parted (side int, id bigint, n int, value text)
	PARTITION BY LIST (side);
CREATE TABLE part_0 PARTITION OF parted FOR VALUES IN (0);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES IN (1);
-- what a put leaves out
ALTER TABLE part_0 ALTER side SET DEFAULT 0, ADD PRIMARY KEY (id);
ALTER TABLE part_1 ALTER side SET DEFAULT 1, ADD PRIMARY KEY (id);

GRANT ALL ON ALL TABLES IN SCHEMA public TO stress_reader;
