-- one existing record written through topcache
\set k random(1, :records)
SELECT topcache.put('records', :k, :record);
