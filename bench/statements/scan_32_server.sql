-- 32 rows of an attached table by plain SQL, from the cache, consumed in the server
-- warms: @documents
-- records: 32
-- keys: 32
SELECT count(value) FROM documents WHERE key IN (:keys);
