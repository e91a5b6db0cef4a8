-- Write every document into a new map, a thousand to a transaction.

SELECT topcache.create_map('documents') \g /dev/null

SELECT clock_timestamp() AS started \gset
DO $$
DECLARE
    batch record;
BEGIN
    FOR batch IN SELECT array_agg(key) AS keys, array_agg(value) AS vals
                   FROM document GROUP BY (rank - 1) / 1000
    LOOP
        PERFORM topcache.put_many('documents', batch.keys, batch.vals);
        COMMIT;
    END LOOP;
END
$$;
SELECT extract(epoch FROM clock_timestamp() - :'started'::timestamptz) AS seconds
\gset
VACUUM ANALYZE documents;

SELECT line('records written', count(*)),
       line('their bytes as MessagePack, keys included',
            sum(topcache.cost(value, key))),
       line('records a second', count(*) / :seconds)
  FROM documents \g (recordsep='' fieldsep='\n')
SELECT line('resident records', m.records),
       line('resident records, % of all',
            to_char(100.0 * m.records / (SELECT count(*) FROM documents), '990.0')),
       line('bytes they take in the segment', m.bytes),
       line('evictions', s.evictions)
  FROM topcache.maps m JOIN topcache.stats s USING (relation)
 WHERE m.relation = 'documents'::regclass \g (recordsep='' fieldsep='\n')
