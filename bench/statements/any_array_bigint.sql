-- 1,000 records from the table, consumed in the server
-- warms: pairs
-- settings: topcache.transparent_scan=off
-- records: 1000
\set b random(1, :batches)
SELECT count(value) FROM pairs
 WHERE key = ANY ((SELECT numbers FROM batches WHERE id = :b)::bigint[]);
