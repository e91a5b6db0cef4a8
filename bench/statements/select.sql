-- one record from the table
-- touches: records
-- settings: topcache.transparent_scan=off
\set k random(1, :records)
SELECT value FROM records WHERE key = :k;
