-- one row of an attached table by plain SQL, from the table
-- warms: numbers
-- settings: topcache.transparent_scan=off
\set k random(1, :records)
SELECT value FROM numbers WHERE key = :k;
