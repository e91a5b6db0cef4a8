-- one record through topcache
-- touches: @records
\set k random(1, :records)
SELECT topcache.get('records', :k);
