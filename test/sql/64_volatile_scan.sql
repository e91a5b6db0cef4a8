--
-- Whole scans of volatile maps that are larger than any buffer at hand.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
CREATE SCHEMA tc_volatile_scan;
SET search_path = tc_volatile_scan;
CREATE FOREIGN TABLE numbers (n int, word text NOT NULL)
	SERVER topcache OPTIONS (volatile 'true');
CREATE FOREIGN TABLE words (word text, long text, n numeric)
	SERVER topcache OPTIONS (volatile 'true', key 'word, n');
INSERT INTO numbers SELECT g, 'word ' || g FROM generate_series(1, 5000) g;
INSERT INTO words SELECT repeat('w', g % 200) || g, repeat(md5(g::text), g % 90),
	g / 7.0 FROM generate_series(1, 3000) g;

-- each row once, with what it is
SELECT count(*), count(DISTINCT n), sum(n), sum(length(word)) FROM numbers;
SELECT count(*) FROM numbers WHERE word IS DISTINCT FROM 'word ' || n;
SELECT count(*), count(DISTINCT word), sum(length(long)) FROM words;
SELECT count(*) FROM generate_series(1, 3000) g
	JOIN words w ON w.word = repeat('w', g % 200) || g
 WHERE w.long = repeat(md5(g::text), g % 90) AND w.n = g / 7.0;
SELECT count(*), count(DISTINCT key) FROM topcache.scan('numbers');
SELECT count(*), sum(length(value ->> 'long')) FROM topcache.scan('words');
SELECT count(*), count(DISTINCT key) FROM topcache.entries('words');

-- again and again in one statement, and through a cursor
SELECT g, (SELECT count(*) FROM numbers WHERE n % 5 = g) FROM generate_series(0, 5) g;
SELECT count(*) FROM numbers a JOIN numbers b ON a.word = b.word;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT n FROM numbers ORDER BY word DESC;
MOVE 4998 IN c;
FETCH 3 FROM c;
FETCH FIRST FROM c;
COMMIT;

-- rows that a statement writes and locks as it goes
UPDATE numbers SET word = upper(word);
SELECT count(*) FROM numbers WHERE word = 'WORD ' || n;
UPDATE numbers SET n = n + 10000 WHERE n % 2 = 0;
SELECT count(*), min(n), max(n), sum(n) FROM numbers;
UPDATE words SET long = long || '!';
SELECT count(*), sum(length(long)) FROM words WHERE long LIKE '%!';
SELECT count(*) FROM (SELECT FROM words FOR UPDATE) w;
INSERT INTO numbers SELECT n + 100000, word FROM numbers;
SELECT count(*), count(DISTINCT n) FROM numbers;
WITH gone AS (DELETE FROM numbers WHERE n > 100000 RETURNING n)
	SELECT count(*), count(DISTINCT n) FROM gone;
DELETE FROM numbers WHERE word LIKE '%7%';
SELECT count(*) FROM numbers;
DELETE FROM numbers;
SELECT count(*) FROM numbers;
SELECT topcache.clear('words');
SELECT count(*) FROM words;

SET client_min_messages = warning;
DROP SCHEMA tc_volatile_scan CASCADE;
