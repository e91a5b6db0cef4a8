-- 95 % point SELECTs, 5 % UPDATEs of an attached table, by plain SQL
-- warms: @documents documents
-- settings: synchronous_commit=off
\set k random(1, :records)
\set n random(1, 20)
\if :n = 1
UPDATE documents SET value = :record WHERE key = :k;
\else
SELECT value FROM documents WHERE key = :k;
\endif
