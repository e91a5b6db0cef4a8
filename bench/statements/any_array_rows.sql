-- 1,000 records from the table, sent to the client
-- warms: records
-- settings: topcache.transparent_scan=off
-- records: 1000
\set b random(1, :batches)
SELECT value FROM records
 WHERE key = ANY ((SELECT keys FROM batches WHERE id = :b)::text[]);
