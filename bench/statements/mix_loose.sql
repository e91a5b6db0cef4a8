-- 95 % point SELECTs, 5 % UPDATEs of a table that is no map
-- warms: loose
-- settings: synchronous_commit=off
\set k random(1, :records)
\set n random(1, 20)
\if :n = 1
UPDATE loose SET value = :record WHERE key = :k;
\else
SELECT value FROM loose WHERE key = :k;
\endif
