-- one record of text from the table
-- warms: texts
-- settings: topcache.transparent_scan=off
\set k random(1, :records)
SELECT value FROM texts WHERE key = :k;
