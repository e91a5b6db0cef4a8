-- 32 rows of an attached table by plain SQL, from the cache
-- warms: @numbers
-- records: 32
-- keys: 32
SELECT value FROM numbers WHERE key IN (:keys);
