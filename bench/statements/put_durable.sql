-- one existing record written through topcache
-- touches: @records records
\set k random(1, :records)
SELECT topcache.put('records', :k, :record);
