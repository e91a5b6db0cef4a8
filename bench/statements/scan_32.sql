-- 32 rows of an attached table by plain SQL, from the cache
-- warms: @documents
-- records: 32
-- keys: 32
SELECT value FROM documents WHERE key IN (:keys);
