-- one record from the table
\set k random(1, :records)
SELECT value FROM records WHERE key = :k;
