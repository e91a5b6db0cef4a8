--
-- fetch_many() keeps the table from being changed by its own session, as a
-- query of the table does.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
CREATE SCHEMA tc_fetch_ddl;
SET search_path = tc_fetch_ddl;
CREATE TABLE t (k int PRIMARY KEY, v text, n int);
INSERT INTO t SELECT g, repeat('v' || g, 10), g FROM generate_series(1, 200) g;
SELECT topcache.attach('t');
BEGIN;
DECLARE c CURSOR FOR SELECT topcache.fetch_many(NULL::t, ARRAY(SELECT generate_series(1, 100)));
FETCH 1 FROM c;
SAVEPOINT s;
ALTER TABLE t ALTER v TYPE int USING 1;
ROLLBACK TO s;
FETCH 1 FROM c;
MOVE ALL FROM c;
-- it is over
ALTER TABLE t ADD w int;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT topcache.fetch_many(NULL::t, ARRAY[1, 2]);
FETCH 1 FROM c;
CLOSE c;
ALTER TABLE t ADD w int;
ROLLBACK;
SELECT (topcache.fetch_many(NULL::t, ARRAY[1, 2, 300])).n LIMIT 1;
SELECT count(*) FROM generate_series(1, 3) g, LATERAL (SELECT topcache.fetch_many(NULL::t, ARRAY[g, 2]) LIMIT 1) f;
SELECT count(*) FROM topcache.fetch_many(NULL::t, ARRAY[1, 2]);
SELECT (topcache.fetch_many(NULL::t, NULL::int[])).n;
ALTER TABLE t ADD w int;
DROP SCHEMA tc_fetch_ddl CASCADE;
