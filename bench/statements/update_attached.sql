-- one row of an attached table, by its key, committed
-- warms: @documents documents
-- settings: synchronous_commit=off
\set k random(1, :records)
UPDATE documents SET value = :record WHERE key = :k;
