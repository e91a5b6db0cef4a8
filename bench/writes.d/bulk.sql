-- One bulk UPDATE of a fresh contestant :name, committed, timed by psql, and
-- the CPU time that the session's process took for it.
\set QUIET on
CALL make_contestant(:'name', :rows);
SELECT format('VACUUM (FREEZE, ANALYZE) %I', :'name') \gexec
CHECKPOINT;
SELECT resident(:'name') AS resident \gset
SELECT format('UPDATE %I SET abalance = abalance + 1', :'name') AS update \gset
\echo resident :resident
SELECT cpu_ns() AS before \gset
\timing on
:update;
\timing off
SELECT (cpu_ns() - :before) / 1e6 AS cpu_ms \gset
\echo cpu :cpu_ms
