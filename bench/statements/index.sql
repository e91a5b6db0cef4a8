-- one row of an attached table by plain SQL, from the table
-- warms: documents
-- settings: topcache.transparent_scan=off
\set k random(1, :records)
SELECT value FROM documents WHERE key = :k;
