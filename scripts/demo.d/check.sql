-- One statement has one snapshot, so this must find no difference: not in a
-- key of the input, nor in a key of the table, nor in one that neither has.

WITH keys AS (
    SELECT key FROM document
    UNION SELECT key FROM documents
    UNION SELECT 'no such key ' || i FROM generate_series(1, 100) AS i
)
SELECT count(*) AS checked,
       count(*) FILTER (WHERE topcache.get('documents', k.key) IS DISTINCT FROM
                              (SELECT d.value FROM documents d
                                WHERE d.key = k.key)) AS differences
  FROM keys k \gset
SELECT count(*) AS problems FROM topcache.verify('documents') \gset
SELECT count(*) = (SELECT count(*) FROM document) AS complete
  FROM documents \gset

SELECT line('keys read both ways', :checked),
       line('differences', :differences),
       line('resident records that verify() objects to', :problems)
       \g (recordsep='' fieldsep='\n')

SELECT :differences > 0 OR :problems > 0 OR NOT :'complete' AS wrong \gset
\if :wrong
    DO $$ BEGIN RAISE EXCEPTION 'the cache and the table differ'; END $$;
\endif
