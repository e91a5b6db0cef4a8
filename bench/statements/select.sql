-- one record from the table
-- warms: records
-- settings: topcache.transparent_scan=off
\set k random(1, :records)
SELECT value FROM records WHERE key = :k;
