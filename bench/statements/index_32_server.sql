-- 32 rows of an attached table by plain SQL, from the table, consumed in the server
-- warms: documents
-- settings: topcache.transparent_scan=off
-- records: 32
-- keys: 32
SELECT count(value) FROM documents WHERE key IN (:keys);
