-- one record of text from memcached, asked by the server
\set k random(1, :records)
SELECT public.memcache_get(:k);
