-- one row of an attached table by plain SQL, from the cache
-- touches: @numbers
\set k random(1, :records)
SELECT value FROM numbers WHERE key = :k;
