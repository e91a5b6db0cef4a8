-- one row of an attached table by plain SQL, from the cache
-- touches: @documents
\set k random(1, :records)
SELECT value FROM documents WHERE key = :k;
