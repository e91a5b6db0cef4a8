-- one row of a table that is no map, by its key, committed
-- warms: loose
\set k random(1, :records)
UPDATE loose SET value = :record WHERE key = :k;
