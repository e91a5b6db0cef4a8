-- one row of an attached table by plain SQL, from the cache
-- warms: @documents
\set k random(1, :records)
SELECT value FROM documents WHERE key = :k;
