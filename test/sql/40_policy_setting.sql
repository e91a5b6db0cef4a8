-- The policy of eviction is chosen when the server starts.
\set SHOW_CONTEXT never

SHOW topcache.policy;
SELECT enumvals, context FROM pg_settings WHERE name = 'topcache.policy';
SET topcache.policy = 's3fifo';
ALTER SYSTEM SET topcache.policy = 'mru';
ALTER SYSTEM SET topcache.policy = '';
SELECT count(*) AS written FROM pg_file_settings
WHERE name = 'topcache.policy' AND sourcefile LIKE '%postgresql.auto.conf';
