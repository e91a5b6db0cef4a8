-- one row of an attached table by plain SQL, from the cache
-- warms: @numbers
\set k random(1, :records)
SELECT value FROM numbers WHERE key = :k;
