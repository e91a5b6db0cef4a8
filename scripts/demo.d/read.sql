-- Read with topcache.get: how often a key is read goes down with its rank as
-- 1/rank, so that one key in a hundred gets more than half of the reads.

SELECT topcache.reset_stats('documents') \g /dev/null
SELECT line('resident records before', records)
  FROM topcache.maps WHERE relation = 'documents'::regclass;

SELECT setseed(0.5) \g /dev/null
SELECT clock_timestamp() AS started \gset
SELECT count(topcache.get('documents',
                          (SELECT key FROM document d WHERE d.rank = pick.rank)))
           AS found
  FROM (SELECT floor(exp(random() * ln(n)))::integer AS rank
          FROM (SELECT count(*) AS n FROM document) AS all_of_them,
               generate_series(1, :reads)) AS pick \gset
SELECT extract(epoch FROM clock_timestamp() - :'started'::timestamptz) AS seconds
\gset

SELECT line('reads', :reads),
       line('hits', s.hits),
       line('misses, read from the table', s.misses),
       line('hit ratio, %', to_char(100.0 * s.hits / :reads, '990.0')),
       line('evictions', s.evictions),
       line('reads a second', :reads / :seconds),
       line('resident records after', m.records)
  FROM topcache.stats s JOIN topcache.maps m USING (relation)
 WHERE relation = 'documents'::regclass \g (recordsep='' fieldsep='\n')

-- every key that was asked for has a row
SELECT :found <> :reads AS wrong \gset
\if :wrong
    DO $$ BEGIN RAISE EXCEPTION 'reads came back empty'; END $$;
\endif
