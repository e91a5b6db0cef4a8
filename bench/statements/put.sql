-- one existing record written through topcache
-- warms: @records records
-- settings: synchronous_commit=off
\set k random(1, :records)
SELECT topcache.put('records', :k, :record);
