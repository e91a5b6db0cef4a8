-- 32 rows of an attached table by plain SQL, from the table
-- warms: numbers
-- settings: topcache.transparent_scan=off
-- records: 32
-- keys: 32
SELECT value FROM numbers WHERE key IN (:keys);
