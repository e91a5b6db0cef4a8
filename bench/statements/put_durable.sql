-- one existing record written through topcache
-- warms: @records records
\set k random(1, :records)
SELECT topcache.put('records', :k, :record);
